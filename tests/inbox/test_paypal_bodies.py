"""PayPal's events as they come: the shared samples, with personal texts planted, and with any value in any field."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skeldir.inbox.fields import read_json
from skeldir.inbox.paypal import translate
from skeldir.inbox.saying import Movement, Said, Total
from tests.support.hostile import json_values
from tests.support.paypal_events import (
    CONTEXT,
    hear,
    make_capture,
    make_dispute,
    make_event,
    make_refund,
    make_sale,
    make_sale_refund,
    money_of,
)

SAMPLES = Path(__file__).resolve().parents[2].parent / "shared" / "data" / "webhooks"
needs_samples = pytest.mark.skipif(
    not (SAMPLES / "expected.json").exists(), reason="the shared samples are not here"
)


def read_sample(name: str) -> Said:
    return translate(read_json((SAMPLES / "paypal" / name).read_bytes()), CONTEXT)


@needs_samples
def test_each_sample_moves_the_money_that_was_expected_by_hand() -> None:
    expected = [
        one
        for one in json.loads((SAMPLES / "expected.json").read_text())
        if one["file"].startswith("paypal/")
    ]
    assert len(expected) >= 28
    for one in expected:
        said = read_sample(one["file"].removeprefix("paypal/"))
        # A reversal is booked only if the refund was: the sample's was pending.
        money = [move for move in money_of(said) if move[0] != "refund_reversal"]
        books = [(b["kind"], b["minor"], b["currency"], b["source_id"]) for b in one["books"]]
        assert money == books, one["file"]
        assert said.trouble is None
        assert not said.is_ignored
        assert said.refs
        assert said.is_live is False
        assert said.journey == "journey_01SAMPLE"
        assert "journey_01SAMPLE" not in repr(said.kept)


@needs_samples
def test_a_sample_shares_a_name_with_the_one_that_was_booked_before() -> None:
    for one in json.loads((SAMPLES / "expected.json").read_text()):
        if one["file"].startswith("paypal/") and "given" in one:
            said = read_sample(one["file"].removeprefix("paypal/"))
            assert set(said.refs) & set(read_sample(f"{one['given']}.json").refs), one["file"]


@needs_samples
def test_no_personal_text_of_the_samples_is_kept() -> None:
    for path in (SAMPLES / "paypal").glob("*.json"):
        shown = repr(read_sample(path.name))
        for personal in ("Ada", "Example", "@", "Street", "Invented", "SAMPLEPAYER", "SAMPLEMERCH"):
            assert personal not in shown, (path.name, personal)


EVENTS = [
    make_event("PAYMENT.CAPTURE.COMPLETED", make_capture()),
    make_event("PAYMENT.CAPTURE.REFUNDED", make_refund()),
    make_event("PAYMENT.CAPTURE.REVERSED", make_refund()),
    make_event("PAYMENT.REFUND.FAILED", make_refund()),
    make_event("PAYMENT.SALE.COMPLETED", make_sale()),
    make_event("PAYMENT.SALE.REFUNDED", make_sale_refund()),
    make_event("PAYMENT.AUTHORIZATION.CREATED", make_capture()),
    make_event("CHECKOUT.ORDER.APPROVED", {"id": "O", "purchase_units": [{"invoice_id": "1"}]}),
    make_event("CUSTOMER.DISPUTE.RESOLVED", make_dispute(dispute_outcome={"outcome_code": "NONE"})),
    make_event("SOMETHING.NEW", make_capture()),
]
NEEDED = {"id", "amount", "event_type", "resource", "create_time", "value", "currency_code"}
NEEDED |= {"total", "currency", "status", "state"}
PEOPLE = [f"Zoe{number} Planted" for number in range(100)]
PEOPLE += [f"zoe{number}.planted@example.com" for number in range(100)]
ODD_KEYS = ("email", "name", "note", "payer", "note_to_payer", "address", "metadata", "Zoe Planted")


def plant(value: object, people: list[str], *, in_fields: bool) -> object:
    """Return a value with a personal text under odd keys of each object, or instead of each text not needed."""
    if isinstance(value, dict):
        planted = {
            key: one
            if key in NEEDED and isinstance(one, str)
            else plant(one, people, in_fields=in_fields)
            for key, one in value.items()
        }
        odd = {} if in_fields else {key: people.pop() for key in ODD_KEYS if people}
        return {**planted, **odd}
    if isinstance(value, list):
        return [plant(one, people, in_fields=in_fields) for one in value]
    return people.pop() if in_fields and isinstance(value, str) and people else value


@pytest.mark.parametrize("in_fields", [False, True])
@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event["event_type"])
def test_planted_personal_texts_are_not_kept_and_lose_no_money(
    event: dict[str, Any], in_fields: bool
) -> None:
    planted = plant(event, list(PEOPLE), in_fields=in_fields)
    assert isinstance(planted, dict)
    people = [person for person in PEOPLE if person not in json.dumps(planted)]
    planted |= {f"field_{number}": person for number, person in enumerate(people)}
    said = translate(planted, CONTEXT)
    # The journey's token may be any text: it is hashed, and never kept.
    shown = repr(replace(said, journey=None))
    assert "lanted" not in shown
    assert "@" not in shown
    assert money_of(said) == money_of(translate(event, CONTEXT))


def test_a_personal_status_is_not_kept_and_loses_no_money() -> None:
    said = hear("PAYMENT.CAPTURE.COMPLETED", make_capture(status="Zoe Planted"))
    assert money_of(said) == [("capture", 4999, "USD", "CAP1")]
    assert "lanted" not in repr(said)


def paths_of(value: object, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    inner: list[tuple[str | int, object]] = []
    if isinstance(value, dict):
        inner = list(value.items())
    elif isinstance(value, list):
        inner = list(enumerate(value))
    return [*([path] if path else []), *(p for k, v in inner for p in paths_of(v, (*path, k)))]


def put(body: Any, path: tuple[str | int, ...], value: object) -> Any:
    copy = json.loads(json.dumps(body))
    place = copy
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    return copy


@st.composite
def spoilt_events(draw: st.DrawFn) -> Any:
    event = draw(st.sampled_from(EVENTS))
    path = draw(st.sampled_from(paths_of(event)))
    return put(event, path, draw(json_values()))


def check(said: Said) -> None:
    for fact in said.facts:
        assert not isinstance(fact, Movement) or fact.minor > 0
        assert not isinstance(fact, Total) or fact.minor >= 0
    assert said.trouble is None or not said.facts
    assert said.own_ref is None or said.own_ref in said.refs
    json.dumps(said.kept)


@given(spoilt_events())
def test_any_value_in_any_field_gives_an_answer(event: Any) -> None:
    check(translate(event, CONTEXT))


@given(st.dictionaries(st.sampled_from([*EVENTS[0], "name", "error"]), json_values()))
def test_any_object_gives_an_answer(body: dict[str, object]) -> None:
    check(translate(body, CONTEXT))
