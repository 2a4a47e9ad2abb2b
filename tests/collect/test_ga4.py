"""GA4's Measurement Protocol: which events are visits and orders, and what the debugging endpoint says of each."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import orjson
import pytest

from skeldir.collect.ga4 import WIRE
from skeldir.collect.mapped import Answer, Mapped, OrderMap
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
    unreadable_of,
)

MOMENT = datetime(2026, 8, 31, 23, 59, 59, 123_456, tzinfo=UTC)
MICROS = int(MOMENT.timestamp()) * 1_000_000 + 123_456
ORDER = {
    "name": "purchase",
    "params": {"transaction_id": "T-1", "value": 30.03, "tax": 5.7, "shipping": 4.9, "currency": "EUR"},
}  # fmt: skip


def page(**params: object) -> dict[str, object]:
    return {"name": "page_view", "params": {"page_location": LANDING, **params}}


def sent(*events: object, **fields: object) -> Mapped:
    return map_body(WIRE, {"client_id": "123.456", "events": list(events), **fields})


def test_a_page_view_is_a_touch_of_the_client() -> None:
    touch = the_touch(sent(page(page_referrer=SEARCH, session_id=1_756_684_799)))
    assert touch["journey_key"] == "123.456"
    assert (touch["source"], touch["medium"], touch["campaign"]) == ("Google", "cpc", "autumn")
    assert (touch["referrer_host"], touch["landing_path"]) == ("www.google.com", "/shoes")
    assert (touch["click_ids"], touch["occurred_at"]) == (["gclid"], NOW)
    assert str(touch["session_id"]).startswith("ga4:")


@pytest.mark.parametrize(
    ("event", "reason"),
    [
        (page(page_referrer=INSIDE), "is_internal"),
        ({"name": "page_view", "params": {}}, "no_evidence"),
        ({"name": "page_view", "params": {"page_location": INSIDE, "page_referrer": "about:blank"}}, "no_evidence"),
        ({"name": "session_start", "params": {"page_location": INSIDE}}, "not_a_visit"),
        ({"name": "sign_up", "params": {"method": "email", "source": "x"}}, "not_a_visit"),
        ({"name": ["page_view"], "params": []}, "not_a_visit"),
    ],
)  # fmt: skip
def test_what_shows_no_visit_is_dropped(event: dict[str, object], reason: str) -> None:
    mapped = sent(event)
    assert (mapped.touches, mapped.dropped) == ((), {reason: 1})


def test_a_page_without_referrer_is_a_direct_landing() -> None:
    touch = the_touch(sent({"name": "page_view", "params": {"page_location": INSIDE}}))
    assert (touch["source"], touch["referrer_host"], touch["landing_path"]) == (None, None, "/")


def test_campaign_details_are_a_touch_of_the_session() -> None:
    details = {
        "campaign": "autumn", "source": "news", "medium": "email", "session_id": "7", "page_referrer": INSIDE,
        "page_location": INSIDE, "gclid": "Cj0K",
    }  # fmt: skip
    touch = the_touch(sent({"name": "campaign_details", "params": details}))
    assert (touch["source"], touch["medium"], touch["campaign"]) == ("news", "email", "autumn")
    assert touch["click_ids"] == ["gclid"]
    assert touch["session_id"] == the_touch(sent(page(session_id="7")))["session_id"]


def test_two_events_that_show_the_same_visit_are_one_touch() -> None:
    start = {"name": "session_start", "params": {"page_location": LANDING}}
    first, second = touches_of(sent(start, page(), timestamp_micros=MICROS))
    assert first["idempotency_key"] == second["idempotency_key"]


def test_messages_of_one_visit_are_one_touch_and_an_order_is_never_another_one() -> None:
    def keys(seconds: int, session: object = None, **fields: object) -> tuple[object, str]:
        body = {"client_id": "1.2", "events": [page(session_id=session), ORDER], **fields}
        mapped = map_body(WIRE, body, now=NOW + timedelta(seconds=seconds))
        return touches_of(mapped)[0]["idempotency_key"], the_order(mapped).message_id

    assert keys(0) == keys(60)
    assert keys(0)[0] != keys(3_600)[0]  # an hour later it is another visit
    assert keys(0, "7")[0] == keys(3_600, "7")[0]
    assert keys(0, "7")[0] not in {keys(0, "8")[0], keys(86_400, "7")[0]}
    assert keys(0)[1] == keys(86_400)[1]  # the order was sent again
    assert keys(0, timestamp_micros=MICROS) == keys(3_600, timestamp_micros=MICROS)
    assert keys(0, timestamp_micros=MICROS)[1] != keys(0, timestamp_micros=MICROS + 1)[1]


@pytest.mark.parametrize("micros", [MICROS, float(MICROS), str(MICROS)])
def test_the_moment_is_that_of_the_event_or_the_request_however_long_ago(micros: object) -> None:
    assert the_touch(sent(page(), timestamp_micros=micros))["occurred_at"] == MOMENT
    assert (
        the_touch(sent(page() | {"timestamp_micros": micros}, timestamp_micros=1))["occurred_at"]
        == MOMENT
    )


def test_the_journey_of_a_checkout_comes_before_the_client() -> None:
    assert the_touch(sent(page(skeldir_journey="j-1")))["journey_key"] == "j-1"
    assert map_body(WIRE, {"events": [page()]}).dropped == {"no_journey": 1}
    app = map_body(WIRE, {"app_instance_id": "a1", "events": [page()]})
    assert the_touch(app)["journey_key"] == "a1"


def test_a_purchase_is_an_order_whose_value_excludes_tax_and_shipping() -> None:
    mapped = sent(ORDER, timestamp_micros=MICROS)
    order = the_order(mapped)
    assert (order.kind, order.order_id, order.at, order.journey) == (
        "completed",
        "T-1",
        MOMENT,
        "123.456",
    )
    assert (order.revenue, order.total, order.tax, order.shipping) == (30.03, None, 5.7, 4.9)
    assert order.currency == "EUR"
    assert (mapped.touches, mapped.dropped) == ((), {})


def test_a_purchase_with_a_campaign_is_also_a_touch() -> None:
    event = {"name": "purchase", "params": {**ORDER["params"], "page_location": LANDING}}  # type: ignore[dict-item]
    mapped = sent(event)
    assert (the_order(mapped).order_id, the_touch(mapped)["source"]) == ("T-1", "Google")


def test_a_refund_without_a_value_is_one_of_all() -> None:
    order = the_order(
        sent({"name": "refund", "params": {"transaction_id": "T-1", "currency": "EUR"}})
    )
    assert (order.kind, order.revenue, order.total) == ("refunded", None, None)


def test_what_the_tenant_says_of_an_event_comes_first() -> None:
    own = {
        "purchase": OrderMap(
            "completed", {"order_id": "transaction_id", "total": "value", "currency": "currency"}
        )
    }
    order = the_order(map_body(WIRE, {"client_id": "c", "events": [ORDER]}, order_events=own))
    assert (order.total, order.revenue, order.tax, order.order_id) == (30.03, None, None, "T-1")


@pytest.mark.parametrize(
    "consent",
    [
        {"ad_user_data": "DENIED"}, {"ad_user_data": "denied"}, {"ad_user_data": None},
        {"analytics_storage": "DENIED"}, "x",
    ],
)  # fmt: skip
def test_without_consent_only_the_money_counts(consent: object) -> None:
    mapped = sent(page(), ORDER, consent=consent)
    assert (mapped.touches, mapped.dropped) == ((), {"no_consent": 1})
    assert the_order(mapped).journey is None


@pytest.mark.parametrize(
    "consent", [{}, {"ad_user_data": "GRANTED", "ad_personalization": "DENIED"}, None]
)
def test_what_is_not_about_measuring_does_not_matter(consent: object) -> None:
    assert touches_of(sent(page(), consent=consent))


def test_a_bad_event_does_not_spoil_the_others() -> None:
    mapped = sent("x", page())
    assert [place for place, _ in mapped.touches] == [0, 1]
    assert unreadable_of(mapped)[0].code == "item_not_an_object"
    assert len(touches_of(mapped)) == 1


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"{}", b'{"events": 5}', b"\xff"])
def test_a_body_that_cannot_be_read_is_one_dead_event(body: bytes) -> None:
    assert len(unreadable_of(map_body(WIRE, body))) == 1


def test_one_event_in_place_of_the_list_is_read() -> None:
    assert touches_of(map_body(WIRE, {"client_id": "c", "events": page()}))


def test_the_answer_is_empty() -> None:
    mapped = sent(page())
    assert answer_of(WIRE, mapped) == Answer(204)


def test_the_debugging_endpoint_says_what_each_event_becomes() -> None:
    no_id = {"name": "purchase", "params": {"page_location": LANDING}}
    no_currency = {"name": "purchase", "params": {"transaction_id": "T-1", "value": 5}}
    all_back = {"name": "refund", "params": {"transaction_id": "T-1"}}
    paid = {"name": "paid", "params": {"nr": "T-1", "{}": "five", "cur": "EUR"}}
    events = [page(), ORDER, {"name": "scroll"}, 5, no_id, no_currency, all_back, paid]
    own = {"paid": OrderMap("completed", {"order_id": "nr", "total": "{}", "currency": "cur"})}
    body = {"client_id": "c", "events": events}
    mapped = map_body(WIRE, body, verb="debug", order_events=own)
    answer = answer_of(WIRE, mapped, "debug")
    said = orjson.loads(answer.body)
    assert [one["becomes"] for one in said["events"]] == [
        ["touch"],
        ["order"],
        [],
        [],
        ["touch", "dead_order"],
        ["dead_order"],
        ["order"],
        ["dead_order"],
    ]
    assert [(one["fieldPath"], one["validationCode"]) for one in said["validationMessages"]] == [
        ("events[2].name", "NAME_INVALID"),
        ("events[3]", "VALUE_INVALID"),
        ("events[4].params.transaction_id", "VALUE_REQUIRED"),
        ("events[5].params.currency", "VALUE_REQUIRED"),
        ("events[7].params.{}", "VALUE_INVALID"),
    ]
    assert answer.status == 200
    assert "debug" in WIRE.dry_verbs
