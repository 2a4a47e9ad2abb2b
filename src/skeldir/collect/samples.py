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
# Named unlike the orders of GA4, which it would otherwise redefine for the same key.
_ORDER_EVENT: Final = "order_paid=completed:order_id=order,total=amount,currency=currency"


@dataclass(frozen=True, slots=True)
class Sample:
    """A request: its path with the query, and its body.

    `order_event` is what must be stated for a key, so that the sample's order is one; None where the protocol says it.
    """

    path: str
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)
    order_event: str | None = None


def make_sample(protocol: Protocol, key: str, now: datetime) -> Sample:
    """Return what a library of a protocol sends with a write key: a visit and, if the protocol has them, an order."""
    return _MAKERS[protocol](key, now - timedelta(minutes=2))


def read_protocol(text: str) -> Protocol:
    """Return a protocol by its name. Raises InputInvalid for another word."""
    for protocol in PROTOCOLS:
        if protocol == text:
            return protocol
    raise InputInvalid(f"{text[:40]!r} is no protocol.", cure=f"Use one of {', '.join(PROTOCOLS)}.")


def _json(path: str, body: object, order_event: str | None = None) -> Sample:
    return Sample(path, orjson.dumps(body), {"content-type": "application/json"}, order_event)


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
    visitor = {"distinct_id": _JOURNEY}
    visit = {
        "event": "$pageview",
        "uuid": "018f0000-0000-7000-8000-000000000001",
        "timestamp": at.isoformat(),
        "properties": visitor | {"$current_url": _PAGE},
    }
    order = {
        "event": "order_paid",
        "uuid": "018f0000-0000-7000-8000-000000000004",
        "timestamp": at.isoformat(),
        "properties": visitor | {"order": _ORDER, "amount": 59.9, "currency": "EUR"},
    }
    return _json("/batch/", {"api_key": key, "batch": [visit, order]}, _ORDER_EVENT)


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
    common = {"idsite": "1", "rec": "1", "_id": "0123456789abcdef"}
    visit = common | {"url": _PAGE}
    order = common | {"url": "https://shop.example/thanks", "idgoal": "0", "ec_id": _ORDER}
    money = {"revenue": "59.90", "ec_tx": "9.90", "skeldir_currency": "EUR"}
    requests = [f"?{urlencode(one)}" for one in (visit, order | money)]
    return _json(f"/k/{key}/matomo.php", {"requests": requests})


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
