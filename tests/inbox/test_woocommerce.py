"""WooCommerce: an order as it was when the delivery was built, read into what was paid and refunded."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skeldir.inbox.fields import Json
from skeldir.inbox.saying import (
    Fact,
    Listed,
    Movement,
    Notice,
    Said,
)
from skeldir.inbox.woocommerce import MOST_REFUNDS, translate
from tests.support.hostile import json_values
from tests.support.woocommerce import (
    ABSENT,
    CHANGED_AT,
    CONTEXT,
    PAID_AT,
    SAMPLES,
    captures,
    make_meta,
    make_order,
    read_sample,
)

BOOKED_BY_OTHERS = {
    "order 723 paid": {("capture", "723")},
    "refund 724 booked": {("capture", "723"), ("refund", "724")},
    "refunds 724, 726 booked": {("capture", "723"), ("refund", "724"), ("refund", "726")},
}


def lists(said: Said) -> list[Listed]:
    return [fact for fact in said.facts if isinstance(fact, Listed)]


def notices(said: Said) -> list[str]:
    return [fact.kind for fact in said.facts if isinstance(fact, Notice)]


def entries(facts: tuple[Fact, ...]) -> dict[tuple[str, str], tuple[int, str]]:
    """Return minor units and currency by kind and id of all money that the facts are about."""
    money: dict[tuple[str, str], tuple[int, str]] = {}
    for fact in facts:
        if isinstance(fact, Movement):
            money[fact.kind, fact.id] = fact.minor, fact.currency
        elif isinstance(fact, Listed):
            money |= {("refund", one): (minor, fact.currency) for one, minor in fact.refunds}
    return money


def trouble_of(body: Json) -> str | None:
    said = translate(body, CONTEXT)
    assert said.trouble is None or not said.facts
    return said.trouble.code if said.trouble else None


# What is booked


def test_a_paid_order_is_a_capture_of_its_total_at_the_moment_of_payment() -> None:
    said = translate(make_order(), CONTEXT)
    assert said.type == "order"
    assert said.reported_at == CHANGED_AT
    assert captures(said) == [Movement("capture", "order", "723", 3900, "USD", PAID_AT, "stripe")]
    assert said.trouble is None
    assert not said.is_ignored


@pytest.mark.parametrize(
    ("currency", "total", "minor"),
    [("JPY", "3900", 3900), ("KWD", "39.125", 39125), ("ISK", "500.00", 500), ("USD", "39", 3900)],
)
def test_a_total_has_the_decimals_of_the_shop_and_is_read_in_those_of_the_currency(
    currency: str, total: str, minor: int
) -> None:
    said = translate(make_order(currency=currency, total=total), CONTEXT)
    assert [one.minor for one in captures(said)] == [minor]


@pytest.mark.parametrize("status", ["cancelled", "refunded", "trash", "shipped-by-owl"])
def test_a_payment_stays_whatever_the_status_becomes(status: str) -> None:
    assert captures(translate(make_order(status=status), CONTEXT))


def test_cash_on_delivery_is_paid_only_when_the_order_is_completed() -> None:
    before = make_order(payment_method="cod", date_paid_gmt=None, transaction_id="")
    after = before | {"status": "completed", "date_paid_gmt": "2026-11-07T10:00:00"}
    assert captures(translate(before, CONTEXT)) == []
    (capture,) = captures(translate(after, CONTEXT))
    assert (capture.via, capture.moved_at) == ("woocommerce", datetime(2026, 11, 7, 10, tzinfo=UTC))


def test_an_order_of_nothing_moves_nothing() -> None:
    said = translate(make_order(total="0.00"), CONTEXT)
    assert captures(said) == []
    assert said.trouble is None


def test_a_draft_of_the_checkout_is_ignored() -> None:
    said = translate(make_order(status="checkout-draft", total="nonsense"), CONTEXT)
    assert said.is_ignored
    assert (said.facts, said.trouble) == ((), None)


def test_a_subscription_is_not_taken_for_an_order() -> None:
    said = translate(make_order(billing_period="month", billing_interval="1"), CONTEXT)
    assert said.is_ignored
    assert said.facts == ()


def test_all_refunds_are_listed_by_id_and_without_their_sign() -> None:
    refunds = [{"id": 726, "reason": "", "total": "-10.00"}, {"id": 724, "total": "-9.00"}]
    (listed,) = lists(translate(make_order(refunds=refunds), CONTEXT))
    assert listed == Listed(
        "refund", (("726", 1000), ("724", 900)), "USD", CHANGED_AT, via="stripe"
    )


def test_an_empty_list_says_that_there_are_no_refunds_now() -> None:
    (listed,) = lists(translate(make_order(), CONTEXT))
    assert listed.refunds == ()


def test_without_a_list_nothing_is_said_about_refunds() -> None:
    for refunds in (ABSENT, None, "none"):
        assert lists(translate(make_order(refunds=refunds), CONTEXT)) == []


def test_a_refund_of_nothing_is_not_listed() -> None:
    refunds = [{"id": 724, "total": "-0.00"}]
    (listed,) = lists(translate(make_order(refunds=refunds), CONTEXT))
    assert listed.refunds == ()


@pytest.mark.parametrize(
    ("refunds", "code"),
    [
        ([{"total": "-9.00"}], "id_missing"),
        (["724"], "id_missing"),
        ([{"id": 724}], "amount_missing"),
        ([{"id": 724, "total": "nine"}], "amount_invalid"),
        ([{"id": 724, "total": "-9.00"}, {"id": 724, "total": "-8.00"}], "amount_invalid"),
    ],
)
def test_an_unreadable_refund_is_never_skipped_as_if_it_had_been_taken_back(
    refunds: object, code: str
) -> None:
    assert trouble_of(make_order(refunds=refunds)) == code


def test_an_order_with_more_refunds_than_can_be_added_up_is_a_trouble() -> None:
    refunds = [{"id": number, "total": "-0.01"} for number in range(1, MOST_REFUNDS + 2)]
    (listed,) = lists(translate(make_order(refunds=refunds[1:]), CONTEXT))
    assert len(listed.refunds) == MOST_REFUNDS
    assert trouble_of(make_order(refunds=refunds)) == "amount_invalid"


@pytest.mark.parametrize(
    ("fields", "kinds"),
    [
        ({"status": "cancelled"}, ["cancelled"]),
        ({"status": "cancelled", "date_paid_gmt": None}, ["cancelled"]),
        ({"status": "failed", "date_paid_gmt": None}, ["capture_failed"]),
        ({"status": "pending", "date_paid_gmt": None}, ["capture_pending"]),
        ({"status": "on-hold", "date_paid_gmt": None}, ["capture_pending"]),
        ({"status": "on-hold"}, []),
        ({"status": "processing"}, []),
        ({"status": ["cancelled"]}, []),
    ],
)
def test_a_status_is_noticed_where_it_changes_the_state(
    fields: dict[str, object], kinds: list[str]
) -> None:
    said = translate(make_order(**fields), CONTEXT)
    assert notices(said) == kinds
    assert all(fact.noticed_at == CHANGED_AT for fact in said.facts if isinstance(fact, Notice))


# What is not understood


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"id": ABSENT}, "id_missing"),
        ({"id": "Ada"}, "id_missing"),
        ({"id": 0}, "id_missing"),
        ({"total": ABSENT}, "amount_missing"),
        ({"total": "39,00"}, "amount_invalid"),
        ({"total": "39.005"}, "amount_invalid"),
        ({"total": "-39.00"}, "amount_invalid"),
        ({"total": True}, "amount_invalid"),
        ({"currency": ABSENT}, "currency_missing"),
        ({"currency": "POINTS"}, "currency_unknown"),
        ({"date_paid_gmt": "yesterday"}, "time_missing"),
        ({"date_paid_gmt": ABSENT}, "time_missing"),
        ({"date_paid_gmt": ABSENT, "date_paid": "2026-11-02T07:00:00"}, "time_missing"),
        ({"date_modified_gmt": ABSENT, "refunds": [{"id": 1, "total": "-1"}]}, "time_missing"),
    ],
)
def test_a_paid_order_that_says_too_little_is_a_trouble_and_books_nothing(
    fields: dict[str, object], code: str
) -> None:
    assert trouble_of(make_order(**fields)) == code


def test_a_payment_is_booked_though_the_moment_of_the_last_change_is_missing() -> None:
    said = translate(make_order(date_modified_gmt=ABSENT), CONTEXT)
    assert captures(said)
    assert lists(said) == []
    assert said.reported_at is None


def test_lost_rights_are_told_from_other_errors() -> None:
    lost = {"code": "woocommerce_rest_cannot_view", "message": "Sorry.", "data": {"status": 401}}
    other = {"code": "woocommerce_rest_shop_order_invalid_id", "message": "Invalid ID."}
    assert translate(lost, CONTEXT).type == "error"
    assert trouble_of(lost) == "rights_lost"
    assert trouble_of({"code": "woocommerce_rest_cannot_view"}) == "rights_lost"
    assert trouble_of(other) == "error_body"
    assert trouble_of({"code": 5}) == "error_body"


def test_a_deleted_order_only_links() -> None:
    said = translate({"id": 723}, CONTEXT)
    assert said.type == "order_deleted"
    assert said.refs == ("woocommerce:order:723", "order:723")
    assert (said.facts, said.trouble, said.is_ignored) == ((), None, False)


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ({"action": "woocommerce_payment_complete", "arg": 723}, "action"),
        ({"id": 726, "amount": "10.00", "refunded_payment": True, "line_items": []}, "refund"),
        ({"id": 9, "code": "spring", "amount": "10.00", "status": "publish"}, "unknown"),
        ({"id": 9, "name": "Album", "status": "publish", "price": "9.00"}, "unknown"),
        ({"id": "Ada Example"}, "unknown"),
        ({}, "unknown"),
    ],
)
def test_what_is_no_order_is_ignored(body: dict[str, object], kind: str) -> None:
    said = translate(body, CONTEXT)
    assert (said.type, said.is_ignored) == (kind, True)
    assert (said.facts, said.trouble, said.refs) == ((), None, ())


# Personal data and hostile bodies


def test_no_personal_text_gets_into_what_is_kept() -> None:
    names = ["email", "first_name", "customer_note", "order_key", "billing", "reason", "number"]
    planted = [f"Ada Example {at}" for at in range(100)] + [
        f"ada{at}@x.example" for at in range(100)
    ]
    odd = {f"{names[at % len(names)]}_{at}": text for at, text in enumerate(planted)}
    order = make_order(
        **odd,
        billing={"email": planted[150]},
        customer_note=planted[1],
        payment_method_title=planted[2],
        created_via=planted[3],
        refunds=[{"id": 724, "total": "-9.00", "reason": planted[4], planted[5]: planted[6]}],
        meta_data=make_meta(**odd, _wc_order_attribution_utm_campaign=planted[7]),
    )
    for name in (*order, "date_completed_gmt", "total_tax", "number"):
        if name == "meta_data":
            continue
        for text in (planted[0], planted[199]):
            assert_nothing_of(planted, translate({**order, name: text}, CONTEXT))
    assert translate(order, CONTEXT).facts
    assert_nothing_of(planted, translate(order, CONTEXT))
    for body in ({"code": planted[0], "message": planted[1]}, {"action": planted[0]}, odd):
        assert_nothing_of(planted, translate(body, CONTEXT))


def assert_nothing_of(planted: list[str], said: Said) -> None:
    shown = json.dumps([said.type, said.kept, said.refs, said.order_ref, said.own_ref])
    shown += f"{said.agreement} {said.facts} {said.parts} {said.trouble}"
    assert [text for text in planted if text in shown] == []


WHOLE_ORDER = make_order(
    created_via="checkout",
    total_tax="0.00",
    shipping_total="10.00",
    discount_total="0.00",
    date_paid="2026-11-02T07:00:00",
    refunds=[{"id": 724, "total": "-9.00"}],
    meta_data=make_meta(_wc_order_attribution_source_type="utm", journey_key="j"),
)


@given(
    replaced=st.dictionaries(st.sampled_from(sorted(WHOLE_ORDER)), json_values(), max_size=4),
    element=st.dictionaries(st.sampled_from(["id", "total", "key", "value"]), json_values()),
    absent=st.sets(st.sampled_from(sorted(WHOLE_ORDER)), max_size=3),
)
def test_any_value_in_any_field_is_translated(
    replaced: dict[str, object], element: dict[str, object], absent: set[str]
) -> None:
    lists_of_one = {"refunds": [element], "meta_data": [element]}
    for body in (WHOLE_ORDER | replaced, WHOLE_ORDER | lists_of_one | replaced, replaced, element):
        said = translate({key: body[key] for key in body if key not in absent}, CONTEXT)
        assert not (said.trouble and said.facts)
        for fact in said.facts:
            assert not isinstance(fact, Movement) or fact.minor > 0
            assert not isinstance(fact, Listed) or all(minor > 0 for _, minor in fact.refunds)


# The samples


def expectations() -> list[Mapping[str, Any]]:
    if not SAMPLES:
        return []
    found = json.loads((SAMPLES[0] / "expected.json").read_text())
    return [
        one
        for one in found
        if one["file"].startswith("woocommerce/") and one["file"].endswith(".json")
    ]


@pytest.mark.skipif(not SAMPLES, reason="the sample deliveries are not here")
@pytest.mark.parametrize("expected", expectations(), ids=lambda one: str(one["file"]))
def test_each_sample_books_what_is_expected_of_it(expected: Mapping[str, Any]) -> None:
    said = translate(read_sample(expected["file"].removeprefix("woocommerce/")), CONTEXT)
    known = BOOKED_BY_OTHERS.get(expected.get("given", ""), set())
    new = {key: money for key, money in entries(said.facts).items() if key not in known}
    assert new == {
        (one["kind"], one["source_id"]): (one["minor"], one["currency"])
        for one in expected["books"]
    }
    assert said.trouble is None
