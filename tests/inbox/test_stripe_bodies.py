"""Stripe's sample events, events with personal data under any name, and events of any JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skeldir.inbox.fields import Json
from skeldir.inbox.saying import Fact, Movement, Said, Total
from skeldir.inbox.stripe import translate
from tests.support.hostile import json_values
from tests.support.stripe import (
    CONTEXT,
    SAMPLES,
    make_charge,
    make_dispute,
    make_event,
    make_invoice,
    make_refund,
    make_session,
    read_sample,
)

CLICK_CONTEXT = replace(CONTEXT, journey_name="click_id")
EVENTS: dict[str, dict[str, object]] = {
    "charge.succeeded": make_charge(),
    "charge.captured": make_charge(),
    "charge.refunded": make_charge(amount_refunded=1000, refunds={"data": [{"id": "re_1"}]}),
    "charge.failed": make_charge(),
    "refund.created": make_refund(),
    "refund.failed": make_refund(status="failed"),
    "charge.dispute.created": make_dispute(),
    "charge.dispute.funds_withdrawn": make_dispute(),
    "charge.dispute.funds_reinstated": make_dispute(),
    "charge.dispute.closed": make_dispute(status="lost"),
    "payment_intent.succeeded": {"id": "pi_1", "latest_charge": "ch_1", "charges": {"data": []}},
    "payment_intent.canceled": {"id": "pi_1"},
    "checkout.session.completed": make_session(),
    "invoice.paid": make_invoice(),
    "invoice_payment.paid": {"id": "inpay_1", "invoice": "in_1", "payment": {"charge": "ch_1"}},
}


# The samples


def expectations() -> list[Mapping[str, Any]]:
    if not SAMPLES:
        return []
    found = json.loads((SAMPLES[0] / "expected.json").read_text())
    return [one for one in found if one["file"].startswith("stripe/")]


def fold(facts: tuple[Fact, ...], booked: dict[tuple[str, str], tuple[int, str]]) -> None:
    """Add what the facts book to what is booked, by kind and id: totals as their increases."""
    for fact in facts:
        if isinstance(fact, Total) and fact.is_booked:
            booked[fact.kind, fact.id] = fact.minor, fact.currency
        elif isinstance(fact, Movement):
            reversed_ = fact.kind.removesuffix("_reversal")
            if fact.kind == reversed_ or (reversed_, fact.id) in booked:
                booked[fact.kind, fact.id] = fact.minor, fact.currency


def has_parent(said: Said) -> bool:
    return any(ref.startswith(("stripe:charge:", "stripe:payment_intent:")) for ref in said.refs)


@pytest.mark.skipif(not SAMPLES, reason="the sample deliveries are not here")
@pytest.mark.parametrize("expected", expectations(), ids=lambda one: str(one["file"]))
def test_each_sample_books_what_is_expected_of_it(expected: Mapping[str, Any]) -> None:
    booked: dict[tuple[str, str], tuple[int, str]] = {}
    if before := expected.get("given"):
        fold(translate(read_sample(f"stripe/{before}.json"), CLICK_CONTEXT).facts, booked)
    known = dict(booked)
    said = translate(read_sample(expected["file"]), CLICK_CONTEXT)
    if has_parent(said):
        fold(said.facts, booked)
    assert {key: money for key, money in booked.items() if known.get(key) != money} == {
        (one["kind"], one["source_id"]): (one["minor"], one["currency"])
        for one in expected["books"]
    }
    is_thin = "thin" in expected["file"]
    assert (said.trouble.code if said.trouble else None) == ("thin_event" if is_thin else None)
    assert not said.is_ignored


@pytest.mark.skipif(not SAMPLES, reason="the sample deliveries are not here")
def test_the_samples_of_one_payment_are_linked_to_each_other() -> None:
    charge, refund, dispute, intent, session = (
        translate(read_sample(f"stripe/{name}.json"), CLICK_CONTEXT)
        for name in (
            "charge.succeeded",
            "refund.created",
            "charge.dispute.funds_withdrawn",
            "payment_intent.succeeded",
            "checkout.session.completed",
        )
    )
    intents = [set(one.refs) for one in (charge, refund, dispute, intent, session)]
    assert "stripe:payment_intent:pi_3SampleIntent00000000001" in set.intersection(*intents)
    assert [one.journey for one in (charge, session)] == ["clk_01SAMPLE"] * 2
    assert (charge.order_ref, charge.is_live) == ("A-1001", False)


@pytest.mark.skipif(not SAMPLES, reason="the sample deliveries are not here")
@pytest.mark.parametrize("expected", expectations(), ids=lambda one: str(one["file"]))
def test_no_sample_leaves_its_buyer_in_what_is_kept(expected: Mapping[str, Any]) -> None:
    text = repr(translate(read_sample(expected["file"]), CLICK_CONTEXT))
    kept = json.dumps(translate(read_sample(expected["file"]), CLICK_CONTEXT).kept)
    for personal in ("Ada", "@example", "203.0.113", "Beispielweg", "4242", "cus_Sample"):
        assert personal not in text
    assert "_secret_" not in text
    assert "clk_01SAMPLE" not in kept


# Personal data

PERSONS = [f"Ada Example {number} <ada{number}@example.com>" for number in range(200)]
ODD_NAMES = ("email", "name", "note", "client_secret", "customer", "billing_details", "receipt_url")


def plant(value: object, persons: Iterator[str]) -> object:
    """Return JSON with persons under odd names of each object, and nested under others."""
    if isinstance(value, Mapping):
        planted = {name: plant(one, persons) for name, one in value.items()}
        return planted | {name: next(persons) for name in ODD_NAMES} | {next(persons): {"a": 1}}
    if isinstance(value, list):
        return [*(plant(one, persons) for one in value), next(persons)]
    return value


def endless_persons() -> Iterator[str]:
    while True:
        yield from PERSONS


@pytest.mark.parametrize("kind", EVENTS)
def test_persons_under_odd_names_are_not_kept_and_cost_no_money(kind: str) -> None:
    body = make_event(kind, EVENTS[kind])
    persons = endless_persons()
    planted = plant(plant(plant(body, persons), persons), persons)
    assert isinstance(planted, dict)
    said = translate(planted, CONTEXT)
    assert "example.com" not in repr(said)
    assert said == translate(body, CONTEXT)


@pytest.mark.parametrize("kind", EVENTS)
def test_persons_as_values_of_any_field_are_not_kept(kind: str) -> None:
    person = PERSONS[0]
    for name in ("id", "type", "api_version", "account", "created", "livemode", "object"):
        said = translate(make_event(kind, EVENTS[kind]) | {name: person}, CONTEXT)
        assert "example.com" not in repr(said)
    for name, value in EVENTS[kind].items():
        inner = dict.fromkeys(value, person) if isinstance(value, Mapping) else {"id": person}
        for hidden in (person, [person], inner, [inner]):
            about = EVENTS[kind] | {name: hidden}
            said = translate(make_event(kind, about), CONTEXT)
            # The journey's token is any text: it is hashed, never stored.
            assert "example.com" not in repr(replace(said, journey=None))


def test_the_token_of_the_journey_is_not_kept_under_any_name() -> None:
    for context in (CONTEXT, replace(CONTEXT, order_name="skeldir_journey")):
        for kind, about in EVENTS.items():
            assert "journey_1" not in repr(translate(make_event(kind, about), context).kept)


def test_what_is_kept_of_a_charge_is_enough_to_read_it_again() -> None:
    said = translate(make_event("charge.succeeded", make_charge()), CONTEXT)
    assert said.kept == {
        "type": "charge.succeeded",
        "id": "evt_1",
        "created": "2026-11-02T10:00:02+00:00",
        "livemode": False,
        "api_version": "2026-10-28.endive",
        "data": {
            "object": {
                "id": "ch_1",
                "object": "charge",
                "currency": "eur",
                "status": "succeeded",
                "amount": "4999",
                "amount_captured": "4999",
                "amount_refunded": "0",
                "captured": True,
                "paid": True,
                "payment_intent": "pi_1",
                "metadata": {"order_id": "A-1"},
            }
        },
    }


# Any JSON


def check(body: Json) -> None:
    for context in (CONTEXT, replace(CONTEXT, books_totals=True, order_name="skeldir_journey")):
        said = translate(body, context)
        assert not (said.trouble and said.facts)
        assert len(said.type) <= 80
        for fact in said.facts:
            assert not isinstance(fact, Movement) or fact.minor > 0
            assert not isinstance(fact, Total) or fact.minor >= 0
        json.dumps(said.kept, allow_nan=False).encode()


FIELDS = sorted({name for about in EVENTS.values() for name in about})
ENVELOPE = ["id", "object", "type", "created", "livemode", "api_version", "account", "data"]


@given(
    kind=st.sampled_from(sorted(EVENTS)),
    replaced=st.dictionaries(st.sampled_from(FIELDS), json_values(), max_size=3),
    envelope=st.dictionaries(st.sampled_from([*ENVELOPE, "detail"]), json_values(), max_size=1),
    absent=st.sets(st.sampled_from(FIELDS), max_size=2),
)
def test_any_value_in_any_field_is_translated(
    kind: str, replaced: dict[str, object], envelope: dict[str, object], absent: set[str]
) -> None:
    about = {name: one for name, one in (EVENTS[kind] | replaced).items() if name not in absent}
    check(make_event(kind, about))
    check(make_event(kind, about) | envelope)
    check(envelope)


@given(
    kind=st.sampled_from(sorted(EVENTS)),
    name=st.sampled_from(FIELDS),
    inner=st.dictionaries(
        st.sampled_from(["id", "amount", "currency", "data", "payment", "fee", "order_id"]),
        json_values() | st.integers(-9999, 9999) | st.just("eur"),
    ),
)
def test_any_object_or_list_under_any_field_is_translated(
    kind: str, name: str, inner: dict[str, object]
) -> None:
    for value in (inner, [inner], {"data": [inner]}, {"subscription_details": inner}):
        check(make_event(kind, EVENTS[kind] | {name: value}))
