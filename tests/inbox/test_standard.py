"""Standard Webhooks: the documented body, read into movements and notices."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skeldir.inbox.booking import Rules, book
from skeldir.inbox.fields import read_json
from skeldir.inbox.reporting import report_of
from skeldir.inbox.saying import Context, Movement, Notice, Part, Said
from skeldir.inbox.standard import translate
from tests.support.hostile import json_values

SAMPLES = [
    folder
    for above in Path(__file__).parents
    if (folder := above / "shared" / "data" / "webhooks").is_dir()
]
NOW = datetime(2026, 11, 20, tzinfo=UTC)
HAPPENED_AT = datetime(2026, 11, 2, 10, tzinfo=UTC)
CONTEXT = Context(is_live=True, now=NOW, journey_name="journey_key")
ABSENT: Any = object()
MONEY_TYPES = [
    "payment.captured",
    "payment.refunded",
    "payment.refund_failed",
    "payment.disputed",
    "payment.dispute_won",
]
NOTICE_TYPES = ["payment.authorized", "payment.voided", "payment.dispute_lost"]


def make_body(
    kind: object = "payment.captured",
    timestamp: object = "2026-11-02T10:00:00.000000Z",
    **data: object,
) -> dict[str, object]:
    """Return a body with the ids of a payment, a refund and a dispute; what is ABSENT is left out."""
    fields: dict[str, object] = {
        "payment_id": "pay_1",
        "refund_id": "ref_1",
        "dispute_id": "dis_1",
        "amount": "49.99",
        "currency": "USD",
    }
    fields.update(data)
    body = {
        "type": kind,
        "timestamp": timestamp,
        "data": {name: value for name, value in fields.items() if value is not ABSENT},
    }
    return {name: value for name, value in body.items() if value is not ABSENT}


def movements(said: Said) -> list[Movement]:
    return [fact for fact in said.facts if isinstance(fact, Movement)]


def trouble_of(body: dict[str, object]) -> str | None:
    said = translate(body, CONTEXT)
    assert said.trouble is None or not said.facts
    return said.trouble.code if said.trouble else None


@pytest.mark.parametrize(
    ("kind", "movement", "noun", "about"),
    [
        ("payment.captured", "capture", "payment", "pay_1"),
        ("payment.refunded", "refund", "refund", "ref_1"),
        ("payment.refund_failed", "refund_reversal", "refund", "ref_1"),
        ("payment.disputed", "dispute", "dispute", "dis_1"),
        ("payment.dispute_won", "dispute_reversal", "dispute", "dis_1"),
    ],
)
def test_each_type_that_moves_money_is_one_movement(
    kind: str, movement: Any, noun: str, about: str
) -> None:
    said = translate(make_body(kind), CONTEXT)
    assert movements(said) == [Movement(movement, noun, about, 4999, "USD", HAPPENED_AT)]
    assert (said.type, said.reported_at, said.trouble) == (kind, HAPPENED_AT, None)


@pytest.mark.parametrize(
    ("kind", "notice", "about"),
    [
        ("payment.authorized", "authorized", "pay_1"),
        ("payment.voided", "voided", "pay_1"),
        ("payment.refund_failed", "refund_failed", "ref_1"),
        ("payment.disputed", "dispute_opened", "dis_1"),
        ("payment.dispute_won", "dispute_won", "dis_1"),
        ("payment.dispute_lost", "dispute_lost", "dis_1"),
    ],
)
def test_a_change_of_state_is_noticed(kind: str, notice: Any, about: str) -> None:
    said = translate(make_body(kind), CONTEXT)
    assert Notice(notice, about, HAPPENED_AT) in said.facts


@pytest.mark.parametrize("kind", NOTICE_TYPES)
def test_a_change_of_state_needs_no_amount(kind: str) -> None:
    said = translate(make_body(kind, amount=ABSENT, currency=ABSENT), CONTEXT)
    assert [type(fact) for fact in said.facts] == [Notice]


@pytest.mark.parametrize(
    ("amount", "currency", "minor"),
    [("500", "JPY", 500), ("1.234", "KWD", 1234), ("5.00", "mga", 500), ("500", "ISK", 500)],
)
def test_an_amount_is_in_units_of_its_currency(amount: str, currency: str, minor: int) -> None:
    said = translate(make_body(amount=amount, currency=currency), CONTEXT)
    assert [(one.minor, one.currency) for one in movements(said)] == [(minor, currency.upper())]


@pytest.mark.parametrize("kind", MONEY_TYPES)
@pytest.mark.parametrize(
    ("data", "code"),
    [
        ({"amount": ABSENT}, "amount_missing"),
        ({"amount": ABSENT, "currency": ABSENT, "payment_id": ABSENT}, "amount_missing"),
        ({"amount": 4999}, "amount_invalid"),
        ({"amount": "-49.99"}, "amount_invalid"),
        ({"amount": "49.999"}, "amount_invalid"),
        ({"amount": "1e3"}, "amount_invalid"),
        ({"currency": ABSENT}, "currency_missing"),
        ({"currency": "DOLLARS"}, "currency_unknown"),
        ({"payment_id": ABSENT, "refund_id": ABSENT, "dispute_id": ABSENT}, "id_missing"),
        ({"payment_id": "a b", "refund_id": "a@b.c", "dispute_id": []}, "id_missing"),
        ({"timestamp": ABSENT}, "time_missing"),
        ({"timestamp": "2026-11-02T10:00:00"}, "time_missing"),
        ({"timestamp": 1_793_613_600}, "time_missing"),
    ],
)
def test_a_movement_that_says_too_little_is_a_trouble(
    kind: str, data: dict[str, Any], code: str
) -> None:
    assert trouble_of(make_body(kind, **data)) == code


def test_a_fractional_number_is_refused_as_an_amount_too() -> None:
    text = json.dumps(make_body()).replace('"49.99"', "49.99")
    assert trouble_of(dict(read_json(text.encode()))) == "amount_invalid"


def test_an_amount_of_zero_moves_nothing() -> None:
    said = translate(make_body(amount="0.00"), CONTEXT)
    assert (said.facts, said.trouble) == ((), None)


@pytest.mark.parametrize("kind", [ABSENT, None, 5, ["payment.captured"]])
def test_a_body_without_a_type_is_a_trouble(kind: object) -> None:
    assert trouble_of(make_body(kind)) == "kind_missing"


@pytest.mark.parametrize(
    ("kind", "shown"),
    [("user.created", "user.created"), ("ada@example.com", "unknown"), ("", "unknown")],
)
def test_an_unknown_type_is_ignored(kind: str, shown: str) -> None:
    said = translate(make_body(kind), CONTEXT)
    assert (said.type, said.is_ignored) == (shown, True)
    assert (said.facts, said.trouble, dict(said.kept)) == ((), None, {})


def test_a_refund_meets_its_payment_by_either_name() -> None:
    capture = translate(make_body(refund_id=ABSENT, dispute_id=ABSENT, order_id="#1001"), CONTEXT)
    refund = translate(make_body("payment.refunded", dispute_id=ABSENT), CONTEXT)
    by_order = make_body("payment.refunded", payment_id=ABSENT, dispute_id=ABSENT, order_id=1001)
    assert capture.refs == ("standard:payment:pay_1", "order:1001")
    assert capture.own_ref == "standard:payment:pay_1"
    assert capture.order_ref == "1001"
    assert refund.refs == ("standard:payment:pay_1", "standard:refund:ref_1")
    assert refund.own_ref == "standard:payment:pay_1"
    assert translate(by_order, CONTEXT).refs == ("standard:refund:ref_1", "order:1001")


def test_the_reference_has_the_prefix_and_the_name_of_the_endpoint() -> None:
    context = Context(is_live=True, now=NOW, order_prefix="eu-", order_name="basket")
    said = translate(make_body(basket="B-7", order_id="other"), context)
    assert said.order_ref == "eu-B-7"
    assert said.refs[-1] == "order:eu-B-7"


def test_two_senders_that_number_their_payments_alike_stay_apart_by_their_prefixes() -> None:
    said = [
        translate(make_body(order_id="7"), replace(CONTEXT, order_prefix=prefix))
        for prefix in ("a-", "b-")
    ]
    assert set(said[0].refs).isdisjoint(said[1].refs)
    assert {one.own_ref for one in said} == {"standard:payment:a-pay_1", "standard:payment:b-pay_1"}
    reports = [report_of("standard", bytes([number]), one, None) for number, one in enumerate(said)]
    keys = {entry.business_key for entry in book(reports, Rules()).entries}
    assert keys == {f"standard:{prefix}:payment:pay_1:capture" for prefix in ("a-", "b-")}


def test_the_journey_is_given_and_not_kept() -> None:
    said = translate(make_body(journey_key="journey_1"), CONTEXT)
    assert said.journey == "journey_1"
    assert "journey_1" not in json.dumps(said.kept)
    clash = Context(is_live=True, now=NOW, journey_name="order_id", order_name="basket")
    assert "token_1" not in json.dumps(translate(make_body(order_id="token_1"), clash).kept)


@pytest.mark.parametrize(("flag", "is_live"), [(True, True), (False, False), ("no", None)])
def test_the_mode_is_what_the_body_says(flag: object, is_live: bool | None) -> None:
    assert translate(make_body(livemode=flag), CONTEXT).is_live is is_live
    assert translate(make_body(), CONTEXT).is_live is None


def test_a_subscription_and_its_renewal_are_taken_over() -> None:
    said = translate(make_body(agreement="sub_1", is_renewal=False), CONTEXT)
    assert (said.agreement, said.is_renewal) == ("sub_1", False)
    assert translate(make_body(), CONTEXT).is_renewal is None


def test_the_parts_of_a_capture_are_given_as_text_only() -> None:
    said = translate(make_body(fee="1.50", tax=8, shipping="5.00", discount="much"), CONTEXT)
    assert said.parts == (
        Part("gross", 4999, "USD"),
        Part("fee", 150, "USD"),
        Part("shipping", 500, "USD"),
    )
    assert translate(make_body("payment.refunded", fee="1.50"), CONTEXT).parts == ()


def test_no_personal_text_gets_into_what_is_kept() -> None:
    planted = [f"Ada Example {at}" for at in range(100)] + [
        f"ada{at}@x.example" for at in range(100)
    ]
    odd = {f"note_{at}": text for at, text in enumerate(planted)}
    fields = [
        "payment_id",
        "refund_id",
        "dispute_id",
        "order_id",
        "amount",
        "currency",
        "fee",
        "agreement",
        "livemode",
    ]
    for kind in MONEY_TYPES + NOTICE_TYPES + [planted[0]]:
        body = {**make_body(kind, **odd, customer={"email": planted[150]}), **odd}
        assert_nothing_of(planted, translate(body, CONTEXT))
        assert kind == planted[0] or translate(body, CONTEXT).facts
        for field in fields:
            for text in (planted[0], planted[199]):
                changed = make_body(kind, **{field: text})
                assert_nothing_of(planted, translate(changed, CONTEXT))


def assert_nothing_of(planted: list[str], said: Said) -> None:
    shown = json.dumps([said.type, said.kept, said.refs, said.order_ref, said.own_ref])
    shown += f"{said.agreement} {said.facts} {said.parts} {said.trouble}"
    assert [text for text in planted if text in shown] == []


DATA_FIELDS = [
    "payment_id",
    "refund_id",
    "dispute_id",
    "order_id",
    "amount",
    "currency",
    "fee",
    "livemode",
    "journey_key",
]


@given(
    kind=st.sampled_from(MONEY_TYPES + NOTICE_TYPES) | json_values(),
    timestamp=st.just("2026-11-02T10:00:00Z") | json_values(),
    replaced=st.dictionaries(st.sampled_from(DATA_FIELDS), json_values(), max_size=4),
    instead=json_values(),
)
def test_any_value_in_any_field_is_translated(
    kind: object, timestamp: object, replaced: dict[str, Any], instead: object
) -> None:
    body = make_body(kind, timestamp, **replaced)
    for one in (body, body | {"data": instead}):
        said = translate(one, CONTEXT)
        assert not (said.trouble and said.facts)
        assert all(fact.minor > 0 for fact in movements(said))


def expectations() -> list[Mapping[str, Any]]:
    if not SAMPLES:
        return []
    found = json.loads((SAMPLES[0] / "expected.json").read_text())
    return [one for one in found if one["file"].startswith("standard/")]


@pytest.mark.skipif(not SAMPLES, reason="the sample deliveries are not here")
@pytest.mark.parametrize("expected", expectations(), ids=lambda one: str(one["file"]))
def test_each_sample_books_what_is_expected_of_it(expected: Mapping[str, Any]) -> None:
    said = translate(read_json((SAMPLES[0] / expected["file"]).read_bytes()), CONTEXT)
    assert [
        {"kind": one.kind, "minor": one.minor, "currency": one.currency, "source_id": one.id}
        for one in movements(said)
    ] == expected["books"]
    is_thin = expected["file"] == "standard/thin.payment.captured.json"
    assert (said.trouble is not None) == is_thin
    assert not is_thin or (said.trouble and said.trouble.code == "amount_missing")
    if expected["books"]:
        assert {"standard:payment:pay_01SAMPLE", "order:ORDER-1001"} <= set(said.refs)
        assert said.is_live is False
    if said.type == "payment.captured" and not is_thin:
        assert said.journey == "journey_01SAMPLE"
