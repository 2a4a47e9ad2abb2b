"""Snowplow's tracker protocol: page views, transactions of both kinds, clocks, and visitors who are not to be known."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import orjson
import pytest

from skeldir.collect.mapped import Mapped
from skeldir.collect.snowplow import WIRE
from tests.support.mapping import (
    INSIDE,
    LANDING,
    NOW,
    SEARCH,
    answer_of,
    map_body,
    the_order,
    the_touch,
    touches_of,
)

VIEW = {
    "e": "pv", "eid": "5a1f7ce0-0001-4000-8000-000000000001", "url": LANDING, "refr": SEARCH, "duid": "d-1",
    "sid": "s-1", "p": "web", "tv": "py-1.1.0",
}  # fmt: skip
ECOMMERCE = "iglu:com.snowplowanalytics.snowplow.ecommerce/"


def sent(*events: object, headers: Mapping[str, str] = {}, now: datetime = NOW) -> Mapped:
    schema = "iglu:com.snowplowanalytics.snowplow/payload_data/jsonschema/1-0-4"
    return map_body(WIRE, {"schema": schema, "data": list(events)}, headers=headers, now=now)


def ecommerce(
    act: str, entity: str, fields: dict[str, object], *, in_base64: bool
) -> dict[str, object]:
    event: dict[str, object] = {
        "schema": "iglu:com.snowplowanalytics.snowplow/unstruct_event/jsonschema/1-0-0",
        "data": {
            "schema": ECOMMERCE + "snowplow_ecommerce_action/jsonschema/1-0-2",
            "data": {"type": act},
        },
    }
    entities = {
        "schema": "iglu:com.snowplowanalytics.snowplow/contexts/jsonschema/1-0-0",
        "data": [
            {"schema": "iglu:org.example/other/jsonschema/1-0-0", "data": {}},
            {"schema": ECOMMERCE + entity + "/jsonschema/1-0-0", "data": fields},
        ],
    }
    if not in_base64:
        return VIEW | {
            "e": "ue",
            "ue_pr": orjson.dumps(event).decode(),
            "co": orjson.dumps(entities).decode(),
        }
    encoded = [
        base64.urlsafe_b64encode(orjson.dumps(one)).decode().rstrip("=")
        for one in (event, entities)
    ]
    return VIEW | {"e": "ue", "ue_px": encoded[0], "cx": encoded[1]}


def millis(moment: datetime) -> str:
    return str(int(moment.timestamp() * 1_000))


def test_a_page_view_is_a_touch_with_the_key_of_its_event() -> None:
    touch = the_touch(sent(VIEW))
    assert (touch["journey_key"], touch["source"], touch["referrer_host"]) == (
        "d-1",
        "Google",
        "www.google.com",
    )
    later = sent(VIEW | {"stm": millis(NOW)}, now=NOW + timedelta(hours=1))
    assert the_touch(later)["idempotency_key"] == touch["idempotency_key"]


def test_a_pixel_says_the_same_in_its_query() -> None:
    mapped = map_body(WIRE, b"", verb="pixel", query=VIEW)
    assert the_touch(mapped)["idempotency_key"] == the_touch(sent(VIEW))["idempotency_key"]
    answer = answer_of(WIRE, mapped, "pixel")
    assert (answer.status, answer.media_type, answer.body[:6]) == (200, "image/gif", b"GIF89a")


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"e": "pp"}, "not_a_visit"),
        ({"e": "ti", "ti_id": "T-1"}, "not_a_visit"),
        ({"e": "se", "url": INSIDE}, "not_a_visit"),
        ({"refr": INSIDE}, "is_internal"),
        ({"duid": None, "uid": "jane"}, "no_journey"),
    ],
)
def test_what_shows_no_visit_is_dropped(changed: dict[str, object], reason: str) -> None:
    mapped = sent(VIEW | changed)
    assert (mapped.touches, mapped.dropped) == ((), {reason: 1})


def test_a_visitor_who_is_not_to_be_known_has_no_journey() -> None:
    order = VIEW | {"e": "tr", "tr_id": "T-1", "tr_tt": "9.99"}
    mapped = sent(VIEW, order, headers={"sp-anonymous": "*"})
    assert (mapped.touches, mapped.dropped) == ((), {"no_journey": 1})
    assert the_order(mapped).journey is None


def test_a_transaction_is_an_order_with_sums_as_sent() -> None:
    event = {
        "e": "tr", "eid": "e-2", "duid": "d-1", "tr_id": "T-1", "tr_tt": "9.99", "tr_tx": "1.98", "tr_sh": "3.00",
        "tr_cu": "GBP", "tr_ci": "London",
    }  # fmt: skip
    order = the_order(sent(event))
    assert (order.kind, order.order_id, order.currency) == ("completed", "T-1", "GBP")
    assert (order.total, order.revenue, order.tax, order.shipping) == ("9.99", None, "1.98", "3.00")
    assert the_order(sent(event | {"stm": "5"})).message_id == order.message_id
    no_id = {name: value for name, value in event.items() if name != "eid"}
    assert the_order(sent(no_id | {"stm": "5"})).message_id == the_order(sent(no_id)).message_id


@pytest.mark.parametrize("in_base64", [True, False])
def test_transactions_and_refunds_of_the_ecommerce_schemas_are_orders(in_base64: bool) -> None:
    paid = {"transaction_id": "T-1", "revenue": 240.5, "currency": "USD", "tax": 40, "shipping": 5}
    order = the_order(sent(ecommerce("transaction", "transaction", paid, in_base64=in_base64)))
    assert (order.kind, order.order_id, order.total, order.tax, order.currency) == (
        "completed", "T-1", 240.5, 40, "USD"
    )  # fmt: skip
    back = {
        "transaction_id": "T-1",
        "refund_amount": 20,
        "currency": "USD",
        "refund_reason": "size",
    }
    refund = the_order(sent(ecommerce("refund", "refund", back, in_base64=in_base64)))
    assert (refund.kind, refund.order_id, refund.total) == ("refunded", "T-1", 20)
    assert not sent(ecommerce("add_to_cart", "cart", {}, in_base64=in_base64)).orders


def test_a_wrong_clock_is_corrected_by_what_it_showed_when_the_event_was_sent() -> None:
    slow = NOW - timedelta(hours=5)
    event = VIEW | {"dtm": millis(slow - timedelta(minutes=2)), "stm": millis(slow)}
    assert the_touch(sent(event))["occurred_at"] == NOW - timedelta(minutes=2)
    true = datetime(2026, 8, 1, tzinfo=UTC)
    assert the_touch(sent(event | {"ttm": millis(true)}))["occurred_at"] == true


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"data": 5}', b'{"data": ["x"]}'])
def test_what_cannot_be_read_is_a_dead_event(body: bytes) -> None:
    mapped = map_body(WIRE, body or b"null")
    assert len(mapped.touches) == 1
    assert not touches_of(mapped)
    assert answer_of(WIRE, mapped).body == b"ok"
