"""What messages of Segment's and RudderStack's libraries become, and that nothing personal is left in it."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import orjson
import pytest

from skeldir.collect.mapped import Asked, Mapped, OrderEvent, OrderMap, Touch
from skeldir.collect.segment import DOCUMENTS, NO_ADDRESS, PATHS, WIRE
from skeldir.ingest import UnreadableItem

NOW = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)
AN_HOUR_AGO = "2026-06-01T11:00:00.000Z"
SAMPLES = sorted((Path(__file__).parent / "samples" / "segment").glob("*.json"))
VERBS = {path.path: path.verb for path in PATHS}
KEY = "skd_key"
ORDER = {"order_id": "4711", "total": 27.5, "revenue": 20, "currency": "EUR", "tax": "2.5"}


def make_message(kind: str = "page", /, **fields: object) -> dict[str, object]:
    """Return a message of a visitor, an hour ago, on a page that shows nothing unless `page` says what."""
    context = {
        "page": fields.pop("page", {"url": "https://shop.example/shoes"}),
        "campaign": fields.pop("campaign", {}),
    }
    plain = {
        "type": kind,
        "messageId": "message-1",
        "anonymousId": "visitor-1",
        "timestamp": AN_HOUR_AGO,
        "context": context,
    }
    return plain | fields


def read(value: object, verb: str = "batch", order_events: Mapping[str, OrderMap] = {}) -> Mapped:
    return WIRE.read(value, Asked(NOW, verb, order_events=order_events))


def touch_of(mapped: Mapped) -> Touch:
    [(_, touch)] = mapped.touches
    assert not isinstance(touch, UnreadableItem), touch
    return touch


def order_of(mapped: Mapped) -> OrderEvent:
    [(_, order)] = mapped.orders
    return order


def codes(mapped: Mapped) -> list[str]:
    return [item.code for _, item in mapped.touches if isinstance(item, UnreadableItem)]


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda path: path.stem)
def test_what_the_libraries_send_becomes_touches_and_orders(sample: Path) -> None:
    sent = json.loads(sample.read_bytes())
    address = urlsplit(sent["path"])
    query = dict(parse_qsl(address.query))
    body = orjson.dumps(sent["body"])
    value = WIRE.parse(body, query, sent["content_type"])
    if not sample.stem.startswith("rudder") or query:
        assert WIRE.key_of(value, query) == KEY
    mapped = read(value, VERBS[address.path])
    assert not codes(mapped)
    assert all(order.order_id == "1" and order.total == 27.5 for _, order in mapped.orders)
    assert all(order.journey == "visitor-1" for _, order in mapped.orders)
    for _, touch in mapped.touches:
        assert not isinstance(touch, UnreadableItem)
        assert touch["journey_key"] == "visitor-1"
        assert touch["source"] in {"news", "a"} or touch["click_ids"] == ["gclid"]
    messages = sent["body"].get("batch", [sent["body"]])
    kinds = [message["type"] for message in messages]
    assert len(mapped.orders) == kinds.count("track")
    assert len(mapped.touches) >= kinds.count("page")
    assert mapped.dropped.get("of_a_person", 0) == kinds.count("identify")


def test_the_samples_are_of_all_libraries() -> None:
    assert len(SAMPLES) == 9


@pytest.mark.parametrize(
    ("page", "becomes"),
    [
        ({"url": "https://shop.example/"}, "touch"),
        ({"url": "https://shop.example/", "referrer": ""}, "touch"),
        ({"url": "https://shop.example/", "referrer": "$direct"}, "touch"),
        ({"url": "https://shop.example/?utm_source=news"}, "touch"),
        (
            {"url": "https://shop.example/?gclid=x", "referrer": "https://shop.example/"},
            "is_internal",
        ),
        ({"url": "https://shop.example/", "search": "?utm_source=news"}, "touch"),
        ({"url": "https://shop.example/", "referrer": "https://www.google.com/"}, "touch"),
        ({"url": "https://shop.example/", "referrer": "https://www.shop.example/a"}, "is_internal"),
        ({"url": "https://shop.example/", "referrer": "!"}, "no_evidence"),
        ({}, "no_evidence"),
        ({"title": "Shoes"}, "no_evidence"),
    ],
)
def test_a_page_view_is_a_touch_if_it_shows_where_it_came_from(
    page: Mapping[str, str], becomes: str
) -> None:
    mapped = read(make_message(page=page))
    assert (len(mapped.touches), mapped.dropped) == (
        (1, {}) if becomes == "touch" else (0, {becomes: 1})
    )


def test_a_page_may_have_its_address_in_its_properties() -> None:
    properties = {"url": "https://shop.example/hats", "referrer": "https://news.example/"}
    touch = touch_of(read(make_message(page={}, properties=properties)))
    assert (touch["landing_path"], touch["referrer_host"]) == ("/hats", "news.example")


@pytest.mark.parametrize("kind", ["track", "screen"])
def test_another_event_is_a_touch_only_with_a_campaign_or_a_click_id(kind: str) -> None:
    from_a_site = {"url": "https://shop.example/?a=1", "referrer": "https://www.google.com/"}
    assert read(make_message(kind, page=from_a_site)).dropped == {"not_a_visit": 1}
    assert read(make_message(kind)).dropped == {"not_a_visit": 1}
    clicked = make_message(kind, page={"url": "https://shop.example/?gclid=x"})
    assert touch_of(read(clicked))["click_ids"] == ["gclid"]
    tagged = make_message(kind, page={}, campaign={"source": "news", "name": "may"})
    assert touch_of(read(tagged))["campaign"] == "may"


@pytest.mark.parametrize("kind", ["identify", "group", "alias", "merge"])
def test_messages_of_a_person_are_dropped(kind: str) -> None:
    mapped = read(make_message(kind, campaign={"source": "news"}))
    assert (mapped.touches, mapped.dropped) == ((), {"of_a_person": 1})
    assert read(make_message("page"), kind).dropped == (
        {} if kind == "merge" else {"of_a_person": 1}
    )


def test_a_user_id_is_no_journey() -> None:
    known = make_message(anonymousId=None, userId="u-1")
    assert read(known).dropped == {"no_journey": 1}
    order = make_message(
        "track", event="Order Completed", properties=ORDER, anonymousId=None, userId="u-1"
    )
    assert order_of(read(order)).journey is None


def test_a_journey_may_be_named_by_the_token_of_the_collector() -> None:
    named = make_message(properties={"skeldir_journey": "token-1"})
    assert touch_of(read(named))["journey_key"] == "token-1"


@pytest.mark.parametrize(
    ("event", "kind"),
    [
        ("Order Completed", "completed"),
        ("Order Updated", "updated"),
        ("Order Refunded", "refunded"),
        ("Order Cancelled", "cancelled"),
        ("Completed Order", "completed"),
        ("Updated Order", "updated"),
    ],
)
def test_an_order_is_passed_on_as_it_was_sent(event: str, kind: str) -> None:
    mapped = read(make_message("track", event=event, properties=ORDER))
    order = order_of(mapped)
    assert (order.kind, order.order_id, order.journey) == (kind, "4711", "visitor-1")
    assert (order.total, order.revenue, order.tax) == (27.5, 20, "2.5")
    assert (order.shipping, order.discount, order.currency) == (None, None, "EUR")
    assert order.at == NOW - timedelta(hours=1)
    assert (mapped.touches, mapped.dropped) == ((), {})


@pytest.mark.parametrize("event", ["order completed", "Order Canceled", "Product Added", 1, None])
def test_an_event_of_another_name_is_no_order(event: object) -> None:
    mapped = read(make_message("track", event=event, properties=ORDER))
    assert (mapped.orders, mapped.dropped) == ((), {"not_a_visit": 1})


def test_only_a_track_message_is_an_order() -> None:
    assert read(make_message("page", event="Order Completed", properties=ORDER)).orders == ()


def test_an_order_in_the_older_form_has_its_id_as_well() -> None:
    older = make_message("track", event="Order Completed", properties={"orderId": "12"})
    assert order_of(read(older)).order_id == "12"


def test_a_refund_without_a_sum_has_none() -> None:
    refund = make_message("track", event="Order Refunded", properties={"order_id": "4711"})
    assert order_of(read(refund)).total is None


def test_an_order_with_a_click_id_is_also_a_touch() -> None:
    message = make_message(
        "track",
        event="Order Completed",
        properties=ORDER,
        page={"url": "https://shop.example/?gclid=x"},
    )
    mapped = read(message)
    assert touch_of(mapped)["click_ids"] == ["gclid"]
    assert order_of(mapped).order_id == "4711"


def test_a_tenant_may_name_orders_otherwise() -> None:
    bought = {"Bought": OrderMap("completed", {"order_id": "number", "total": "sum"})}
    properties = {"number": 9, "sum": 5, "currency": "EUR", "orderId": "no"}
    message = make_message("track", event="Bought", properties=properties)
    order = order_of(read(message, order_events=bought))
    assert (order.kind, order.order_id, order.total) == ("completed", 9, 5)
    assert order.currency is None


@pytest.mark.parametrize(
    ("fields", "minutes_ago"),
    [
        ({"timestamp": AN_HOUR_AGO}, 60),
        ({"originalTimestamp": AN_HOUR_AGO, "timestamp": None}, 60),
        # The clock of the visitor is an hour behind: it sent a minute after the event.
        ({"timestamp": AN_HOUR_AGO, "sentAt": "2026-06-01T11:01:00Z"}, 1),
        ({"timestamp": AN_HOUR_AGO, "sentAt": "2026-06-01T12:00:01Z"}, 60),
        # Whoever passed the message on has corrected it.
        (
            {
                "timestamp": AN_HOUR_AGO,
                "originalTimestamp": "2026-06-01T08:00:00Z",
                "sentAt": "2026-06-01T08:00:01Z",
            },
            60,
        ),
        ({"timestamp": None}, 0),
        ({"timestamp": None, "sentAt": "nonsense"}, 0),
    ],
)
def test_a_message_happened_by_our_clock(fields: dict[str, object], minutes_ago: int) -> None:
    touch = touch_of(read(make_message(**fields)))
    assert touch["occurred_at"] == NOW - timedelta(minutes=minutes_ago)


def test_the_time_beside_a_batch_corrects_its_messages() -> None:
    batch = {"batch": [make_message()], "sentAt": "2026-06-01T11:01:00Z"}
    assert touch_of(read(batch))["occurred_at"] == NOW - timedelta(minutes=1)


@pytest.mark.parametrize("stamp", ["yesterday", "2026-06-01T11:00:00", 1780311600, ["x"]])
def test_a_time_that_is_none_makes_a_dead_event(stamp: object) -> None:
    assert codes(read(make_message(timestamp=stamp))) == ["occurred_at_invalid"]
    order = make_message("track", event="Order Completed", properties=ORDER, timestamp=stamp)
    assert codes(read(order)) == ["occurred_at_invalid"]


def key(message: Mapping[str, object]) -> object:
    return touch_of(read(message))["idempotency_key"]


def test_a_message_that_is_sent_again_has_the_same_key() -> None:
    first = make_message(sentAt="2026-06-01T11:00:01Z")
    assert key(first) == key(first | {"sentAt": "2026-06-01T11:59:00Z"})
    assert key(first) != key(first | {"messageId": "message-2"})
    without = {name: value for name, value in first.items() if name != "messageId"}
    assert key(without) == key(without | {"sentAt": "2026-06-01T11:59:00Z", "writeKey": KEY})
    assert key(without) != key(without | {"anonymousId": "visitor-2"})


BROWSER = {"library": {"name": "analytics.js", "version": "next-1.84.3"}}


def browse(
    kind: str,
    address: str,
    *,
    referrer: str = "https://www.google.com/",
    at: str = AN_HOUR_AGO,
    **context: object,
) -> object:
    """Return the key of what a browser library says of a page."""
    page = {"url": f"https://shop.example/{address}", "referrer": referrer}
    message_id = f"{kind} {address} {at}"
    return key(
        make_message(
            kind, messageId=message_id, timestamp=at, context={"page": page, **BROWSER, **context}
        )
    )


def test_what_a_browser_library_repeats_of_a_visit_has_one_key() -> None:
    first = browse("page", "?gclid=x")
    assert browse("track", "?gclid=x") == browse("track", "hats?gclid=x") == first
    others = [
        browse("page", "?gclid=y"),
        browse("page", "?gclid=x", at="2026-06-01T10:59:59Z"),
        browse("page", "?gclid=x", sessionId=17),
        browse("page", ""),
        browse("page", "", referrer="https://news.example/"),
        browse("page", "", referrer=""),
    ]
    assert len({first, *others}) == 7
    # A page that changes without being loaded keeps its referrer.
    assert browse("page", "") == browse("page", "hats?page=2")
    assert browse("page", "?gclid=x", sessionId=17, at="2026-06-01T10:59:59Z") == others[2]
    own = {"name": "own"}
    assert browse("page", "?gclid=x", library=own) != browse("track", "?gclid=x", library=own)


def test_words_without_id_and_time_are_another_event_in_another_minute() -> None:
    bare = make_message(messageId=None, timestamp=None)
    moments = [NOW, NOW + timedelta(seconds=59), NOW + timedelta(seconds=60)]
    keys = [touch_of(WIRE.read(bare, Asked(at, "page")))["idempotency_key"] for at in moments]
    assert keys[0] == keys[1] != keys[2]


def test_one_bad_message_leaves_the_others_of_its_batch() -> None:
    batch = {
        "batch": [
            make_message(),
            "nonsense",
            make_message("delete"),
            make_message("page", messageId="message-2"),
        ]
    }
    mapped = read(batch)
    assert [place for place, _ in mapped.touches] == [0, 1, 2, 3]
    assert codes(mapped) == ["item_not_an_object", "message_type_unknown"]


@pytest.mark.parametrize(
    "value", [1, None, "x", [[]], {"batch": 1}, {"batch": "x"}, {"batch": {}}, {}]
)
def test_a_body_without_messages_makes_a_dead_event(value: object) -> None:
    mapped = read(value)
    assert len(codes(mapped)) == 1


def test_the_context_beside_a_batch_is_of_its_messages() -> None:
    batch = {"batch": [make_message(page={})], "context": {"campaign": {"source": "news"}}}
    assert touch_of(read(batch))["source"] == "news"


@pytest.mark.parametrize(
    ("value", "query", "expected"),
    [
        ({"writeKey": KEY}, {}, KEY),
        ({"batch": [], "writeKey": KEY}, {}, KEY),
        ({"batch": [{"writeKey": KEY}]}, {}, KEY),
        ([{"writeKey": KEY}], {}, KEY),
        ({"batch": []}, {"writeKey": KEY}, KEY),
        ({"batch": {}}, {}, None),
        ({"writeKey": 1}, {}, None),
        ({"writeKey": "x" * 101}, {}, None),
        (None, {}, None),
    ],
)
def test_the_write_key_is_in_the_body_or_in_the_query(
    value: object, query: dict[str, str], expected: str | None
) -> None:
    assert WIRE.key_of(value, query) == expected


def test_a_pixel_says_its_message_in_its_query() -> None:
    query = {
        "writeKey": KEY,
        "anonymousId": "visitor-1",
        "messageId": "m",
        "context.page.url": "https://shop.example/?gclid=x",
        "context.page.url.more": "nothing",
    }
    assert touch_of(read(WIRE.parse(b"", query, ""), "pixel_page"))["click_ids"] == ["gclid"]
    data = base64.b64encode(orjson.dumps(make_message(event="Order Completed", properties=ORDER)))
    value = WIRE.parse(b"", {"data": data.decode().rstrip("=")}, "")
    assert order_of(read(value, "pixel_track")).order_id == "4711"
    assert codes(read(WIRE.parse(b"", {"data": "€"}, ""), "pixel_track")) == ["json_invalid"]


def test_the_answers_are_those_that_the_libraries_expect() -> None:
    assert WIRE.answer(Asked(NOW, "track")).body == b'{"success":true}'
    pixel = WIRE.answer(Asked(NOW, "pixel_page"))
    assert (pixel.media_type, pixel.body[:6]) == ("image/gif", b"GIF89a")


def test_the_settings_of_the_browser_library_lead_to_this_service_and_never_to_another() -> None:
    settings = DOCUMENTS[0].make
    known = orjson.loads(settings({"key": KEY, "address": "http://stats.example:8000"}).body)
    destination = known["integrations"]["Segment.io"]
    assert (destination["apiKey"], destination["protocol"]) == (KEY, "http")
    assert destination["apiHost"] == "stats.example:8000/v1"
    unknown = orjson.loads(settings({"key": KEY}).body)
    assert unknown["integrations"]["Segment.io"]["apiHost"] == NO_ADDRESS
    assert list(known["integrations"]) == ["Segment.io"]
    assert known["metrics"] == {"sampleRate": 0}
