"""What holds for several protocols: nothing a sender writes raises an error, takes long, or leaves a person's data."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from time import perf_counter
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skeldir.collect import ga4, matomo, plausible, snowplow, umami
from skeldir.collect.mapped import Asked, Wire
from tests.support.hostile import json_values
from tests.support.mapping import (
    KEY,
    LANDING,
    NOW,
    PERSONAL,
    PERSONAL_PAGE,
    SEARCH,
    answer_of,
    map_body,
    shown,
    touches_of,
)

WIRES = [module.WIRE for module in (ga4, plausible, snowplow, matomo, umami)]
WITH_ORDERS = ("ga4", "snowplow", "matomo")
SAMPLES = sorted(
    path
    for wire in WIRES
    for path in (Path(__file__).parent / "samples" / wire.name).glob("*.json")
)
VERBS = st.sampled_from(["", "debug", "batch", "pixel"])
FIELDS = [
    "events", "name", "params", "client_id", "timestamp_micros", "consent", "n", "u", "d", "r", "p",
    "url", "referrer", "props", "journey", "data", "e", "eid", "duid", "dtm", "stm", "ttm", "ue_px",
    "ue_pr", "cx", "co", "requests", "_id", "cdt", "cdo", "idgoal", "ec_id", "urlref", "type",
    "payload", "hostname", "id", "vid", "timestamp", "session_id",
]  # fmt: skip
bodies = st.recursive(
    json_values(),
    lambda inner: (
        st.dictionaries(st.sampled_from(FIELDS), inner, max_size=5) | st.lists(inner, max_size=3)
    ),
    max_leaves=12,
)


@pytest.mark.parametrize("wire", WIRES, ids=lambda wire: wire.name)
@given(value=bodies, verb=VERBS)
@settings(max_examples=150)
def test_no_value_raises_an_error(wire: Wire, value: object, verb: str) -> None:
    asked = Asked(NOW, verb, {"send_image": "0"})
    wire.key_of(value, {})
    wire.read(value, asked)
    wire.answer(asked)


@pytest.mark.parametrize("wire", WIRES, ids=lambda wire: wire.name)
@given(
    body=st.binary(max_size=200),
    query=st.dictionaries(st.text(max_size=8), st.text(max_size=20), max_size=4),
)
@settings(max_examples=60)
def test_no_bytes_raise_an_error(wire: Wire, body: bytes, query: dict[str, str]) -> None:
    value = wire.parse(body, query, "text/plain")
    wire.key_of(value, query)
    wire.read(value, Asked(NOW, "", query))


@pytest.mark.parametrize("depth", [100, 300, 1000, 100_000])
@pytest.mark.parametrize("wire", WIRES, ids=lambda wire: wire.name)
def test_deep_nesting_raises_no_error(wire: Wire, depth: int) -> None:
    deep = b"[" * depth + b"]" * depth
    for body in (
        deep,
        b'{"client_id":"c","events":[{"name":"purchase","params":'
        + deep
        + b',"x":'
        + deep
        + b"}]}",
        b'{"type":"event","payload":{"id":"c","data":' + deep + b"}}",
        b'{"requests":[{"idgoal":"0","ec_id":"1","x":' + deep + b"}]}",
        b'{"data":[{"e":"tr","x":' + deep + b"}]}",
    ):
        value = wire.parse(body, {}, "")
        wire.key_of(value, {})
        wire.read(value, Asked(NOW))


BIG: dict[str, Callable[[int], tuple[Wire, bytes, str]]] = {
    "ga4": lambda count: (
        ga4.WIRE,
        orjson.dumps(
            {
                "client_id": "1.2",
                "events": [
                    {
                        "name": "page_view",
                        "params": {"page_location": LANDING, "page_referrer": SEARCH, "session_id": n},
                    }
                    for n in range(count)
                ],
            }
        ),
        "",
    ),
    "snowplow": lambda count: (
        snowplow.WIRE,
        orjson.dumps(
            {
                "data": [
                    {"e": "pv", "url": LANDING, "refr": SEARCH, "duid": "d", "eid": str(n), "dtm": "1756729800000"}
                    for n in range(count)
                ]
            }
        ),
        "",
    ),
    "matomo": lambda count: (
        matomo.WIRE,
        orjson.dumps(
            {
                "requests": [
                    "?" + urlencode({"url": LANDING, "urlref": SEARCH, "_id": f"{n:016x}", "rec": "1"})
                    for n in range(count)
                ]
            }
        ),
        "",
    ),
    "umami": lambda count: (
        umami.WIRE,
        orjson.dumps(
            [
                {"type": "event", "payload": {"url": LANDING, "referrer": SEARCH, "id": n, "data": {"a": 1}}}
                for n in range(count)
            ]
        ),
        "batch",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", BIG)
def test_thousands_of_messages_are_mapped_in_time_in_proportion(name: str) -> None:
    wire, body, verb = BIG[name](2_000)
    started = perf_counter()
    mapped = map_body(wire, body, verb=verb)
    taken_s = perf_counter() - started
    assert len(touches_of(mapped)) == 2_000
    assert taken_s < 1  # 60 µs each take 0.12 s


@pytest.mark.parametrize("wire", WIRES, ids=lambda wire: wire.name)
def test_long_texts_take_no_time(wire: Wire) -> None:
    long = "https://" + "%3a%2f%2f@?&=" * 100_000
    body = {
        "client_id": "c", "events": [{"name": "page_view", "params": {"page_location": long, "page_referrer": long}}],
        "n": "pageview", "u": long, "r": long, "p": {"journey": "j"},
        "data": [{"e": "pv", "url": long, "refr": long, "duid": "d", "cx": long}],
        "requests": ["?_id=1&url=" + long, "?" + "&" * 1_000_000],
        "type": "event", "payload": {"id": "i", "url": long, "referrer": long},
    }  # fmt: skip
    started = perf_counter()
    map_body(wire, body)
    assert perf_counter() - started < 1


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_what_a_library_sent_is_a_visit_and_perhaps_an_order(path: Path) -> None:
    wire = {wire.name: wire for wire in WIRES}[path.parent.name]  # type: ignore[index]  # the folders are protocols
    sent = orjson.loads(path.read_bytes().replace(b"KEY", KEY.encode()))
    url = urlsplit(sent["path"])
    query = dict(parse_qsl(url.query)) | ({"key": KEY} if url.path.startswith("/k/") else {})
    body = orjson.dumps(sent["body"])
    assert wire.key_of(wire.parse(body, query, ""), query) == KEY
    mapped = map_body(wire, body, query=query)
    is_page = not path.stem.endswith("event")
    assert len(touches_of(mapped)) == is_page
    assert {touch["journey_key"] for touch in touches_of(mapped)} <= {
        "visitor-1",
        "1234567890.1795999719",
    }
    orders = [(order.order_id, order.currency) for _, order in mapped.orders]
    assert orders == ([("T-1", "EUR")] if path.parent.name in WITH_ORDERS else [])


def personal_bodies(text: str) -> dict[str, tuple[Wire, object]]:
    """A body of each protocol with a text in every field that a sender may fill, and a page that is full of it."""
    everything = dict.fromkeys(
        ("title", "email", "name", "ip", "utm_content", "content", "term"), text
    )
    page = PERSONAL_PAGE
    return {
        "ga4": (ga4.WIRE, {
            "client_id": "c", "user_id": text, "user_properties": {text: {"value": text}}, "ip_override": text,
            "user_data": {"sha256_email_address": text}, "device": everything, "user_location": everything,
            "events": [
                {"name": name, "params": everything | {
                    "page_location": page, "page_referrer": f"https://{text}/{text}", "source": text, "medium": text,
                    "campaign": text, "campaign_id": text, "session_id": text, "transaction_id": text, "gclid": text,
                }}
                for name in ("page_view", "campaign_details", "purchase", text)
            ] + [text],
        }),
        "plausible": (plausible.WIRE, everything | {
            "n": "pageview", "u": page, "d": text, "r": f"https://{text}/{text}",
            "p": everything | {"journey": "j", text: text},
        }),
        "snowplow": (snowplow.WIRE, {"data": [text, *(
            everything | {
                "e": kind, "eid": text, "url": page, "refr": f"https://{text}/{text}", "duid": "d", "sid": text,
                "uid": text, "page": text, "ua": text, "tr_id": text, "se_la": text, "aid": text, "tnuid": text,
            }
            for kind in ("pv", "tr", "se", text)
        )]}),
        "matomo": (matomo.WIRE, {"token_auth": text, "requests": [text, 5, *(
            everything | {
                "url": page, "urlref": f"https://{text}/{text}", "_id": "1", "uid": text, "action_name": text,
                "cip": text, "ua": text, "search": text, "_rcn": text, "dimension1": text, "e_c": text,
            } | more
            for more in ({}, {"idgoal": "0", "ec_id": text})
        ), {"url": page + f"&mtm_campaign={quote(text)}&pk_source={quote(text)}", "_id": "1"}]}),
        "umami": (umami.WIRE, {"type": "event", "payload": everything | {
            "hostname": "shop.example", "url": page, "referrer": f"https://{text}/{text}", "id": "i", "tag": text,
            "data": everything | {text: text}, "name": "", "language": text, "screen": text,
        }}),
    }  # fmt: skip


@pytest.mark.parametrize("name", [wire.name for wire in WIRES])
def test_nothing_personal_is_left(name: str) -> None:
    for text in PERSONAL:
        wire, body = personal_bodies(text)[name]
        mapped = map_body(wire, body)
        assert touches_of(mapped)
        kept = shown(mapped)
        for planted in (*PERSONAL, "jane", "203.0.113", "4111", "1234567"):
            assert planted not in kept
        answer = answer_of(wire, mapped)
        assert text.encode() not in answer.body


@pytest.mark.parametrize("name", [wire.name for wire in WIRES])
def test_a_key_is_found_where_the_library_has_a_place_for_it(name: str) -> None:
    places: dict[str, tuple[Wire, bytes, dict[str, str]]] = {
        "ga4": (ga4.WIRE, b"{}", {"api_secret": KEY}),
        "plausible": (plausible.WIRE, orjson.dumps({"d": KEY}), {}),
        "snowplow": (snowplow.WIRE, orjson.dumps({"data": [{"aid": KEY}]}), {}),
        "matomo": (matomo.WIRE, f"idsite={KEY}&url=x".encode(), {}),
        "umami": (umami.WIRE, orjson.dumps({"payload": {"website": KEY}}), {}),
    }
    wire, body, query = places[name]
    assert wire.key_of(wire.parse(body, query, ""), query) == KEY
    assert wire.key_of(wire.parse(b"{}", {}, ""), {}) is None
    if name != "ga4":
        in_path = {"key": KEY}
        assert wire.key_of(wire.parse(b"{}", in_path, ""), in_path) == KEY
