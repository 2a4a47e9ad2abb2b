"""PostHog: how its libraries write bodies, where keys are in them, and that no input raises or takes long."""

from __future__ import annotations

import base64
import gzip
import time
from dataclasses import replace
from datetime import UTC, datetime
from itertools import product
from urllib.parse import quote_plus

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skeldir.collect.mapped import Asked, Mapped
from skeldir.collect.order_maps import read_order_maps
from skeldir.collect.posthog import WIRE
from skeldir.collect.posthog_bodies import MOST_BYTES
from skeldir.http.bodies import MAX_BODY_BYTES
from skeldir.ingest import CURES, UnreadableItem
from tests.support.hostile import json_values

KEY = "skd_" + "w" * 43
ASKED = Asked(
    datetime(2026, 11, 30, 0, 40, tzinfo=UTC),
    "event",
    order_events=read_order_maps(["purchase=cancelled:order_id=order"]),
)
PERSON = "jane.doe@mail.example"


def event(properties: object, **fields: object) -> dict[str, object]:
    return {
        "event": "$pageview",
        "distinct_id": "v1",
        "uuid": "01a229d5-da34-7438-83f1-9a332e8a8ab5",
        "timestamp": "2026-11-30T00:39:00Z",
        "properties": properties,
        **fields,
    }


def trouble_of(mapped: Mapped) -> str:
    ((_, item),) = mapped.touches
    assert isinstance(item, UnreadableItem)
    assert item.code in CURES
    return item.code


def test_keys_are_found_wherever_a_library_puts_them() -> None:
    plain = event({})
    for value in (
        {"api_key": KEY, "batch": [plain]},
        {"token": KEY, "batch": [plain]},
        {**plain, "api_key": KEY},
        [event({"token": KEY})],
        [plain, {**plain, "token": KEY}],
        {"batch": [event({"token": KEY})]},
    ):
        assert WIRE.key_of(value, {"token": "other"}) == KEY
    assert WIRE.key_of([plain], {"api_key": KEY}) == KEY
    assert WIRE.key_of([plain], {}) is None
    assert WIRE.key_of(UnreadableItem("json_invalid", "", {}), {"token": KEY}) == KEY


def test_events_of_two_keys_in_one_list_are_not_mixed() -> None:
    tagged = {"utm_source": "n"}
    mine, plain = event({**tagged, "token": KEY}), event(tagged)
    foreign = event({**tagged, "token": "skd_other"})
    mapped = WIRE.read([mine, foreign, plain], ASKED)
    assert [isinstance(one, UnreadableItem) for _, one in mapped.touches] == [False, True, False]
    assert trouble_of(replace(mapped, touches=mapped.touches[1:2])) == "key_differs"
    # Beside a key for all of them, `token` is a property like any other.
    assert not isinstance(
        WIRE.read({"api_key": KEY, "batch": [foreign]}, ASKED).touches[0][1], UnreadableItem
    )


BODY = orjson.dumps([event({"token": KEY, "text": "ä+/ü~~~"})])
CODED = base64.b64encode(BODY)
FORM = "application/x-www-form-urlencoded"


@pytest.mark.parametrize(
    ("body", "query", "content_type"),
    [
        (BODY, {}, "application/json"),
        (BODY, {}, "text/plain"),
        (gzip.compress(BODY), {}, "text/plain"),
        (gzip.compress(BODY), {"compression": "gzip-js"}, "text/plain"),
        (BODY, {"compression": "gzip-js"}, "text/plain"),
        (CODED, {"compression": "base64"}, "text/plain"),
        (b"data=" + quote_plus(CODED).encode() + b"&ver=1", {"compression": "base64"}, FORM),
        (b"ver=1&data=" + CODED, {}, FORM),
        (b"data=" + quote_plus(BODY).encode(), {}, ""),
        (b"data=" + quote_plus(base64.b64encode(gzip.compress(BODY))).encode(), {}, FORM),
        (b"", {"data": CODED.decode().replace("+", " ")}, ""),
        (b"", {"data": CODED.decode().rstrip("=")}, ""),
    ],
    ids=range(12),
)
def test_a_body_is_read_however_it_is_packed(
    body: bytes, query: dict[str, str], content_type: str
) -> None:
    assert WIRE.parse(body, query, content_type) == orjson.loads(BODY)


@pytest.mark.parametrize(
    ("body", "query", "code"),
    [
        (b"N4IgDg", {"compression": "lz64"}, "compression_invalid"),
        (gzip.compress(BODY)[:-3], {}, "compression_invalid"),
        (gzip.compress(BODY) + b"x", {}, "compression_invalid"),
        (b"\x1f\x8bnonsense", {}, "compression_invalid"),
        (gzip.compress(b" " * (MOST_BYTES + 1)), {}, "compression_invalid"),
        (b"data=%", {}, "json_invalid"),
        (b"ver=1", {}, "json_invalid"),
        (b"{", {}, "json_invalid"),
        (b"", {}, "json_invalid"),
    ],
    ids=range(9),
)
def test_a_body_that_cannot_be_unpacked_is_a_dead_event(
    body: bytes, query: dict[str, str], code: str
) -> None:
    content_type = FORM if body == b"ver=1" else "text/plain"
    value = WIRE.parse(body, query, content_type)
    assert trouble_of(WIRE.read(value, replace(ASKED, query=query))) == code
    assert MOST_BYTES == MAX_BODY_BYTES


FIELDS = (
    "event", "distinct_id", "$distinct_id", "uuid", "timestamp", "offset", "properties", "$set", "api_key", "token",
)  # fmt: skip
PROPERTIES = (
    "$lib", "$current_url", "$referrer", "$session_id", "$session_entry_url", "$session_entry_referrer", "$pageview_id",
    "$device_id", "distinct_id", "skeldir_journey", "utm_source", "utm_medium", "utm_campaign", "gclid", "order",
    "token", "$ignore_sent_at",
)  # fmt: skip


def some_of(names: tuple[str, ...]) -> st.SearchStrategy[dict[str, object]]:
    return st.dictionaries(st.sampled_from(names), json_values(), max_size=5)


NAMES = st.fixed_dictionaries({"event": st.sampled_from(["$pageview", "purchase", "x"])})
EVENTS = st.builds(
    lambda name, fields, properties: {**event(properties), **name, **fields},
    NAMES,
    some_of(FIELDS),
    some_of(PROPERTIES),
)
QUERIES = st.dictionaries(
    st.sampled_from(["compression", "data", "token", "_", "beacon"]),
    st.text(max_size=20) | st.sampled_from(["base64", "lz64", "1", "1795998210613"]),
    max_size=3,
)


@given(
    value=json_values()
    | st.lists(json_values() | EVENTS, max_size=4)
    | st.builds(
        lambda batch, beside: {**beside, "batch": batch}, st.lists(EVENTS), some_of(FIELDS)
    ),
    verb=st.sampled_from(["event", "batch", "engage", "recording", "ai", "each"]),
    query=QUERIES,
)
def test_any_value_is_read_without_an_error(
    value: object, verb: str, query: dict[str, str]
) -> None:
    asked = replace(ASKED, verb=verb, query=query)
    mapped = WIRE.read(value, asked)
    for _, touch in mapped.touches:
        assert not isinstance(touch, UnreadableItem) or touch.code in CURES
    key = WIRE.key_of(value, query)
    assert key is None or len(key) <= 100
    assert WIRE.answer(asked).status in (200, 204)


@given(
    body=st.binary(max_size=60)
    | st.binary(max_size=60).map(gzip.compress)
    | st.binary(max_size=60).map(lambda rest: b"data=" + rest)
    | st.binary(max_size=60).map(lambda rest: b"\x1f\x8b\x08" + rest),
    query=QUERIES,
    content_type=st.sampled_from(["", "application/json", FORM]),
)
def test_any_bytes_are_parsed_without_an_error(
    body: bytes, query: dict[str, str], content_type: str
) -> None:
    WIRE.read(WIRE.parse(body, query, content_type), replace(ASKED, query=query))


def test_deep_values_and_long_texts_are_read_without_an_error() -> None:
    deep = orjson.loads("[" * 1_000 + "]" * 1_000)
    assert len(WIRE.read([event({"a": deep, "utm_source": "n"}, uuid=None)], ASKED).touches) == 1
    long = "https://shop.example/?utm_source=" + "a%26=&" * 200_000
    assert WIRE.read([event({"$current_url": long, "utm_source": long})], ASKED).touches == ()


def test_moments_at_the_ends_of_time_are_read_without_an_error() -> None:
    ends = (
        "0001-01-01T00:00:00Z",
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59-14:00",
        "9999-12-31T23:59:59Z",
    )
    for said, sent_at in product(ends, ends):
        tagged = event({"utm_source": "n"}, timestamp=said)
        mapped = WIRE.read({"api_key": KEY, "sent_at": sent_at, "batch": [tagged]}, ASKED)
        assert len(mapped.touches) == 1


def test_nothing_personal_is_left_in_touches_and_dead_events() -> None:
    person = quote_plus(PERSON)
    url = f"https://{PERSON}@shop.example/{PERSON}/{person}?utm_source={person}&utm_campaign=c&q={PERSON}#{PERSON}"
    planted: dict[str, object] = dict.fromkeys(PROPERTIES, PERSON)
    planted |= dict.fromkeys(("utm_content", "utm_term", "title", "$ip", "$raw_user_agent"), PERSON)
    planted |= {"$set": {"email": PERSON}, PERSON: PERSON, "skeldir_journey": "j1"}
    for name in ("$lib", "$session_entry_url", "$pageview_id"):
        del planted[name]
    planted |= {"$current_url": url, "$referrer": f"https://{PERSON}/{PERSON}"}
    browser = {
        **planted,
        "$lib": "web",
        "$session_entry_url": url,
        "$session_entry_referrer": PERSON,
    }
    messages = [
        event(planted, uuid=PERSON),
        event(browser, uuid=PERSON),
        event({**browser, "$session_entry_url": None}, uuid=PERSON),
        event(planted, event="purchase", uuid=PERSON),
        event(planted, timestamp=PERSON),
        event(planted, event=""),
        event(planted, event=PERSON),
        PERSON,
    ]
    mapped = WIRE.read({"api_key": KEY, "batch": messages}, ASKED)
    assert (len(mapped.touches), len(mapped.orders)) == (8, 1)
    assert PERSON not in repr(mapped.touches)
    assert "jane.doe" not in repr(mapped.touches)
    assert PERSON not in mapped.orders[0][1].message_id
    for body in (PERSON.encode(), gzip.compress(PERSON.encode()), f"data={PERSON}".encode()):
        unread = WIRE.read(WIRE.parse(body, {}, ""), ASKED)
        assert PERSON not in repr(unread)


def test_a_body_of_ten_thousand_events_is_read_in_well_under_a_second() -> None:
    url = "https://shop.example/landing?utm_source=news&utm_campaign=c1&gclid=XYZ"
    browser = {
        **{f"p{number}": "value" for number in range(40)},
        "$lib": "web", "$session_id": "s1", "$device_id": "d1", "$current_url": url, "$session_entry_url": url,
        "$session_entry_referrer": "https://blog.example/",
    }  # fmt: skip
    body = {"api_key": KEY, "batch": [event(browser)] * 10_000}
    started = time.process_time()
    assert len(WIRE.read(body, ASKED).touches) == 10_000
    assert time.process_time() - started < 3, (
        "far above what it takes, so that a busy machine passes"
    )
