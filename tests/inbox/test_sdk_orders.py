"""What the message of an SDK says of an order: exact to the minor unit, or a trouble."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import cycle
from typing import get_args
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skeldir.inbox.explaining import TROUBLES
from skeldir.inbox.reporting import pack_report, read_report
from skeldir.inbox.saying import OrderRefund, Part, Standing
from skeldir.inbox.sdk_orders import SdkOrder, SdkOrderKind, order_arrival, say_order
from tests.support.persons import PERSONS, persons_in
from tests.support.reports import at
from tests.support.sdk_orders import KEY, NOW, TENANT, make_order, reports_of, say

KINDS: tuple[SdkOrderKind, ...] = get_args(SdkOrderKind)


def total_of(value: object, currency: str = "USD") -> int | None:
    """Return the total that is read of a value; None if it is refused."""
    said = say(make_order("completed", value, currency=currency))
    if said.trouble is not None:
        assert said.trouble.code == "amount_invalid"
        assert said.facts == ()
        return None
    (fact,) = said.facts
    assert isinstance(fact, Standing)
    return fact.total


@pytest.mark.parametrize(
    ("value", "currency", "minor"),
    [
        (27.5, "USD", 2750),
        (0.1, "USD", 10),
        (1.1, "USD", 110),
        (4.35, "usd", 435),
        (1e3, "USD", 100_000),
        (0, "USD", 0),
        (27, "USD", 2700),
        ("27.50", "USD", 2750),
        ("27.5000", "USD", 2750),
        (Decimal("19.99"), "EUR", 1999),
        (1980, "JPY", 1980),
        (1980.0, "JPY", 1980),
        ("12.345", "KWD", 12_345),
        (12.345, "KWD", 12_345),
    ],
)
def test_an_amount_is_exact(value: object, currency: str, minor: int) -> None:
    assert total_of(value, currency) == minor


@pytest.mark.parametrize(
    ("value", "currency"),
    [
        *((one, "USD") for one in (float("nan"), float("inf"), -float("inf"), 1e300, 5e-324)),
        *((one, "USD") for one in (True, False, -1, -0.5, "-1.00", [1], {"a": 1}, b"1")),
        *((one, "USD") for one in ("1,50", "1e3", " 1", "27,500.00", "ten", 0.1 + 0.2, "1.005")),
        (19.8, "JPY"),
        ("12.3456", "KWD"),
    ],
)
def test_an_amount_that_is_not_one_is_refused(value: object, currency: str) -> None:
    assert total_of(value, currency) is None


@given(st.integers(0, 10**12))
def test_every_sum_of_cents_survives_being_a_float(minor: int) -> None:
    assert total_of(minor / 100) == minor


def test_a_completed_order_has_its_names_and_parts() -> None:
    said = say(
        make_order(
            "completed",
            27.5,
            revenue="25.00",
            tax=2,
            shipping="0.50",
            discount="n/a",
            journey="visitor-1",
        )
    )
    assert said.type == "order_completed"
    assert said.facts == (Standing("1001", 2750, 2500, "USD", at(0)),)
    assert said.refs == ("segment:order:1001", "order:1001")
    assert (said.order_ref, said.own_ref) == ("1001", "segment:order:1001")
    assert said.journey == "visitor-1"
    assert said.parts == (
        Part("gross", 2750, "USD"),
        Part("tax", 200, "USD"),
        Part("shipping", 50, "USD"),
    )
    assert "visitor-1" not in str(said.kept)


def test_a_refund_has_the_id_of_its_message_and_a_cancellation_needs_no_currency() -> None:
    refunds = []
    for order in (
        make_order("refunded", 5, minute=1),
        make_order("refunded", minute=2, currency=None),
        make_order("cancelled", 27.5, minute=3, currency="?"),
    ):
        (refund, *_) = say(order).facts
        assert isinstance(refund, OrderRefund)
        refunds.append((refund.noun, refund.total, refund.currency))
        assert (len(refund.id), refund.order) == (32, "1001")
    assert refunds == [
        ("refund", 500, "USD"), ("refund", None, None), ("cancellation", None, None),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"total": None}, "amount_missing"),
        ({"total": ""}, "amount_missing"),
        ({"revenue": "x"}, "amount_invalid"),
        ({"currency": None}, "currency_missing"),
        ({"currency": "XXX"}, "currency_unknown"),
        ({"currency": 7}, "currency_unknown"),
        ({"order_id": None}, "id_missing"),
        ({"order_id": "ada@example.com"}, "id_missing"),
        ({"order_id": {"id": 1}}, "id_missing"),
        ({"order_id": "stripe:charge:ch_1"}, "id_missing"),
        ({"order_id": "segment:order:1001"}, "id_missing"),
        ({"message_id": ""}, "id_missing"),
        ({"at": datetime(2026, 11, 2)}, "time_missing"),  # noqa: DTZ001 - no offset
        ({"at": NOW.replace(year=1999)}, "time_missing"),
        ({"at": NOW.replace(year=9999)}, "time_missing"),
        ({"at": NOW + timedelta(days=1, seconds=1)}, "time_in_the_future"),
    ],
)
def test_what_is_unreadable_is_a_trouble_and_never_an_error(
    change: dict[str, object], code: str
) -> None:
    said = say(replace(make_order("completed", 27.5), **change))  # type: ignore[arg-type]
    assert said.trouble is not None
    assert said.trouble.code == code
    assert code in TROUBLES
    assert (said.facts, said.refs) == ((), ())


def test_a_moment_within_a_day_ahead_is_no_trouble() -> None:
    assert say(replace(make_order("completed", 1), at=NOW + timedelta(days=1))).trouble is None


USUAL = st.sampled_from(("1001", "USD", "5.00", 12, 0.5))
ANYTHING = USUAL | st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.decimals(), st.text(), st.binary(),
    st.lists(st.integers(), max_size=2),
)  # fmt: skip


@given(
    st.sampled_from(KINDS),
    st.text(st.characters(), max_size=200),
    st.datetimes(
        min_value=datetime(1990, 1, 1),  # noqa: DTZ001 - the strategy adds zones
        max_value=datetime(2030, 1, 1),  # noqa: DTZ001 - as above
        timezones=st.none() | st.timezones(),
    ),
    st.lists(ANYTHING, min_size=7, max_size=7),
    st.none() | st.text(),
)
def test_nothing_that_is_sent_raises(
    kind: SdkOrderKind, message_id: str, moment: datetime, values: list[object], journey: str | None
) -> None:
    order = SdkOrder("ga4", kind, message_id, values[0], values[1], moment, *values[2:], journey)  # type: ignore[arg-type]
    said = say_order(order, NOW)
    assert (said.trouble is None) == bool(said.facts)
    if said.trouble is None:
        (report,) = reports_of([order])
        assert read_report(pack_report(report)) == report
    else:
        order_arrival(TENANT, KEY, said, "ga4", message_id)


def test_a_message_is_the_same_whichever_key_brings_it_and_in_no_other_tenant_or_protocol() -> None:
    said = say(make_order("completed", 1))
    other = UUID(int=77)
    first = order_arrival(TENANT, KEY, said, "segment", "m-1")
    assert (first.tenant_id, first.endpoint_id, first.provider) == (TENANT, KEY, "segment")
    assert order_arrival(TENANT, other, said, "segment", "m-1").digest == first.digest
    digests = {
        first.digest,
        order_arrival(other, KEY, said, "segment", "m-1").digest,
        order_arrival(TENANT, KEY, said, "ga4", "m-1").digest,
        order_arrival(TENANT, KEY, said, "segment", "m-2").digest,
        order_arrival(TENANT, KEY, said, "segment", "\ud800").digest,
    }
    assert len(digests) == 5


def test_a_person_in_any_field_is_kept_nowhere() -> None:
    names = [one.name for one in fields(SdkOrder) if one.name not in ("provider", "kind", "at")]
    orders = [
        make_order(kind, 27.5, revenue=25, tax=2, shipping=1, discount=1, journey="visitor-1")
        for kind in KINDS
    ]
    for order, person in zip(cycle(orders), PERSONS, strict=False):
        for name in names:
            said = say(replace(order, **{name: person.text}))  # type: ignore[arg-type]
            # A journey's token is hashed when it is recorded.
            assert persons_in(str(replace(said, journey=None))) == [], name


@pytest.mark.parametrize(
    "text", ["203.0.113.7", "203.0.113.7:8080", "203.0.113.7/24", "2001:db8::7"]
)
def test_an_address_of_a_computer_is_no_id_of_an_order(text: str) -> None:
    said = say(make_order("completed", 20, order_id=text))
    assert said.trouble is not None
    assert said.trouble.code == "id_missing"
    assert text not in str(said)


@pytest.mark.parametrize("text", ["1.2.3:4", "203.0.113.7.1", "2026.11.30-7", "a:b:c"])
def test_an_id_that_only_resembles_one_is_an_id(text: str) -> None:
    assert say(make_order("completed", 20, order_id=text)).order_ref == text
