"""Hostile bodies: whatever comes is read without an error, and nothing personal is left in what is made of it."""

from __future__ import annotations

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skeldir.collect.segment import WIRE
from tests.collect.test_segment import codes, make_message, order_of, read, touch_of

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=8,
)
NAMES = (
    "messageId",
    "anonymousId",
    "timestamp",
    "originalTimestamp",
    "sentAt",
    "event",
    "properties",
    "context",
)
INNER = (
    "page",
    "campaign",
    "url",
    "referrer",
    "search",
    "source",
    "name",
    "order_id",
    "sessionId",
    "skeldir_journey",
)
LIKELY_INNER = st.dictionaries(
    st.sampled_from(INNER),
    JSON | st.dictionaries(st.sampled_from(INNER), JSON, max_size=4),
    max_size=5,
)
LIKELY = st.fixed_dictionaries(
    {"type": st.sampled_from(["page", "track", "screen", "identify"]) | JSON},
    optional=dict.fromkeys(NAMES, JSON | LIKELY_INNER),
)


PERSONAL = ("zelda.quux@example.com", "203.0.113.77")
NAMED = ("Zelda Quux", "Mozilla/5.0 (Quux)", "+49 30 5550142")


def make_personal(tag: str, text: str) -> dict[str, object]:
    """Return a page that has `tag` where campaigns are named, and `text` in every other field of the protocol."""
    person = {
        "email": text,
        "name": text,
        "phone": text,
        "order_id": text,
        "products": [{"name": text}],
    }
    page = {
        "url": f"https://shop.example/{tag}?utm_source={tag}&utm_campaign={tag}&gclid={text}&q={text}#{text}",
        "referrer": f"https://mail.example/{text}?q={text}",
        "search": f"?utm_medium={tag}&q={text}",
        "path": text,
        "title": text,
    }
    context: dict[str, object] = dict.fromkeys(("ip", "userAgent", "locale", "sessionId"), text)
    campaign = {"source": tag, "medium": tag, "name": tag, "term": text, "content": text}
    context |= {
        "page": page,
        "campaign": campaign,
        "traits": person,
        "referrer": person,
        "device": person,
    }
    names = ("event", "name", "userId", "messageId", "groupId", "previousId", "category", "channel")
    return make_message("page", traits=person, properties=person, integrations=person) | {
        **dict.fromkeys(names, text),
        "context": context,
    }


@pytest.mark.parametrize(
    ("tag", "text"), [*((text, text) for text in PERSONAL), *(("may", text) for text in NAMED)]
)
def test_nothing_personal_is_left_of_a_message(tag: str, text: str) -> None:
    message = make_personal(tag, text)
    touch = touch_of(read(message))
    assert (touch["referrer_host"], touch["click_ids"]) == ("mail.example", ["gclid"])
    bad = [message | {"timestamp": text}, message | {"type": text}, text, {"batch": text}]
    found = [repr(touch), *(repr(read(one).touches) for one in bad)]
    found.append(repr(WIRE.parse(text.encode(), {}, "text/plain")))
    order = order_of(read(message | {"type": "track", "event": "Order Completed"}))
    found.append(order.message_id)
    for part in (text, "Quux", "quux"):
        assert not [one for one in found if part in one]


@settings(deadline=None, max_examples=30)
@given(
    JSON
    | LIKELY
    | st.lists(LIKELY, max_size=3)
    | st.fixed_dictionaries({"batch": JSON | st.lists(LIKELY)})
)
def test_any_value_can_be_read(value: object) -> None:
    for verb in ("batch", "page", "pixel_track"):
        mapped = read(value, verb)
        assert all(place >= 0 for place, _ in mapped.touches)
    WIRE.key_of(value, {})


@settings(deadline=None, max_examples=60)
@given(
    st.binary() | st.text().map(lambda text: text.encode(errors="replace")),
    st.dictionaries(st.text(), st.text()),
)
def test_any_body_and_query_can_be_parsed(body: bytes, query: dict[str, str]) -> None:
    value = WIRE.parse(body, query, "")
    read(value, "pixel_page")
    WIRE.key_of(value, query)


def test_a_message_that_is_nested_deeply_has_a_digest_too() -> None:
    deep = orjson.loads(b"[" * 900 + b"]" * 900)
    message = make_message(messageId=None, properties={"x": deep})
    assert codes(read(message)) == []
    assert codes(read(make_message(properties={"x": deep}))) == []
