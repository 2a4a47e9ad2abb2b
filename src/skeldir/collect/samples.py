"""A request of each protocol as its libraries send it: a visit that a campaign brought, and an order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import urlencode

import orjson

from skeldir.collect.mapped import PROTOCOLS, Protocol
from skeldir.errors import InputInvalid

_PAGE: Final = (
    "https://shop.example/shoes?utm_source=newsletter&utm_medium=email&utm_campaign=spring"
)
_JOURNEY: Final = "0b1c2d3e-0000-4000-8000-000000000001"
_ORDER: Final = "sample-1001"


@dataclass(frozen=True, slots=True)
class Sample:
    """A request: its path with the query, and its body."""

    path: str
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)


def make_sample(protocol: Protocol, key: str, now: datetime) -> Sample:
    """Return what a library of a protocol sends with a write key: a visit and, if the protocol has them, an order."""
    return _MAKERS[protocol](key, now - timedelta(minutes=2))


def read_protocol(text: str) -> Protocol:
    """Return a protocol by its name. Raises InputInvalid for another word."""
    for protocol in PROTOCOLS:
        if protocol == text:
            return protocol
    raise InputInvalid(f"{text[:40]!r} is no protocol.", cure=f"Use one of {', '.join(PROTOCOLS)}.")


def _json(path: str, body: object) -> Sample:
    return Sample(path, orjson.dumps(body), {"content-type": "application/json"})


def _segment(key: str, at: datetime) -> Sample:
    message = {"anonymousId": _JOURNEY, "timestamp": at.isoformat()}
    properties = {"order_id": _ORDER, "total": 59.9, "revenue": 50, "tax": 9.9, "currency": "EUR"}
    order = {"type": "track", "event": "Order Completed", "properties": properties}
    return _json(
        "/v1/batch",
        {
            "writeKey": key,
            "batch": [
                message
                | {"type": "page", "messageId": "sample-1", "context": {"page": {"url": _PAGE}}},
                message | order | {"messageId": "sample-2"},
                message | {"type": "identify", "messageId": "sample-3", "traits": {"plan": "pro"}},
            ],
        },
    )


def _ga4(key: str, at: datetime) -> Sample:
    purchase = {"transaction_id": _ORDER, "value": 50, "tax": 9.9, "currency": "EUR"}
    return _json(
        f"/mp/collect?measurement_id=G-SAMPLE&api_secret={key}",
        {
            "client_id": "1234567890.1234567890",
            "timestamp_micros": int(at.timestamp() * 1_000_000),
            "events": [
                {"name": "page_view", "params": {"page_location": _PAGE, "session_id": "1"}},
                {"name": "purchase", "params": purchase},
            ],
        },
    )


def _plausible(key: str, _at: datetime) -> Sample:
    event = {"name": "pageview", "url": _PAGE, "domain": "shop.example"}
    return _json(f"/k/{key}/api/event", event | {"props": {"journey": _JOURNEY}})


def _posthog(key: str, at: datetime) -> Sample:
    event = {
        "event": "$pageview",
        "uuid": "018f0000-0000-7000-8000-000000000001",
        "timestamp": at.isoformat(),
        "properties": {"distinct_id": _JOURNEY, "$current_url": _PAGE},
    }
    return _json("/batch/", {"api_key": key, "batch": [event]})


def _snowplow(key: str, at: datetime) -> Sample:
    common = {"duid": _JOURNEY, "dtm": str(int(at.timestamp() * 1_000))}
    visit = common | {"url": _PAGE, "e": "pv", "eid": "018f0000-0000-7000-8000-000000000002"}
    order = common | {"e": "tr", "eid": "018f0000-0000-7000-8000-000000000003"}
    money = {"tr_id": _ORDER, "tr_tt": "59.90", "tr_tx": "9.90", "tr_cu": "EUR"}
    return _json(
        f"/k/{key}/com.snowplowanalytics.snowplow/tp2",
        {
            "schema": "iglu:com.snowplowanalytics.snowplow/payload_data/jsonschema/1-0-4",
            "data": [visit, order | money],
        },
    )


def _matomo(key: str, _at: datetime) -> Sample:
    query = {"idsite": "1", "rec": "1", "_id": "0123456789abcdef", "url": _PAGE}
    return Sample(f"/k/{key}/matomo.php?{urlencode(query)}", b"")


def _umami(key: str, _at: datetime) -> Sample:
    payload = {"website": "sample", "hostname": "shop.example", "url": _PAGE, "id": _JOURNEY}
    return _json(f"/k/{key}/api/send", {"type": "event", "payload": payload})


def _collector(key: str, _at: datetime) -> Sample:
    report = {"k": key, "j": "0" * 31 + "1", "i": "0" * 31 + "2", "o": "granted", "w": 0}
    return _json(
        "/c/v1", report | {"p": "https://shop.example/shoes", "s": "newsletter", "m": "email"}
    )


_MAKERS: Final = {
    "collector": _collector,
    "segment": _segment,
    "ga4": _ga4,
    "plausible": _plausible,
    "posthog": _posthog,
    "snowplow": _snowplow,
    "matomo": _matomo,
    "umami": _umami,
}
