"""A balance report against a real ledger: by the names that webhooks booked, or by the orders of imports."""

from __future__ import annotations

import json
from datetime import date, datetime
from itertools import count
from typing import Any
from uuid import UUID

import pytest

from skeldir.db.pool import Database
from skeldir.errors import SkeldirError
from skeldir.inbox import EndpointOptions
from skeldir.reconcile import Movement, PayoutComparison, PayoutsAsked, compare_payouts
from tests.conftest import Clone
from tests.support import stripe
from tests.support.inbox import Post, inbox_of, make_endpoint, make_post
from tests.support.make import at, make_conversion, send_conversions
from tests.support.webhooks import SECRETS

Row = tuple[datetime, Movement]
_ROWS = count(1)
SENT = datetime.fromtimestamp(stripe.CREATED).astimezone()


def moved(id_: str, gross: int, order: str = "", **fields: Any) -> Row:
    when = fields.get("moment") or datetime.fromisoformat(at(1))
    kind = fields.get("kind", "refund" if gross < 0 else "capture")
    names = frozenset({id_, *fields.get("names", ())})
    orders = names | frozenset({order, *fields.get("orders", ())} - {""})
    currency = fields.get("currency", "USD")
    number = next(_ROWS)
    return when, Movement(
        number, id_, kind, kind, names, orders, gross, 30, gross - 30, currency, when.date()
    )


async def compared(
    db: Database, tenant: UUID, *rows: Row, provider: str = "other", **asked: Any
) -> PayoutComparison:
    async with db.tenant(tenant, is_read_only=True) as connection:
        return await compare_payouts(connection, tenant, PayoutsAsked(provider, **asked), rows)


def reasons(found: PayoutComparison) -> list[tuple[str, str]]:
    """Return the reasons that are not none, with the movement or else the order."""
    return sorted(
        (
            line.movement.id if line.movement else line.entry.order_id if line.entry else "",
            line.reason,
        )
        for line in found.lines
        if line.reason != "none"
    )


PLANTED = (
    moved("1", 10_000, "same"),
    moved("2", 700, "ghost"),
    moved("3", 10_000, "twice"),
    moved("3", 10_000, "twice"),
    moved("4", 10_000, "euros", currency="EUR"),
    moved("5", 10_001, "more"),
    moved("6", 10_000, "late", moment=datetime.fromisoformat(at(2))),
    moved("txn-key", 10_000),
    moved("7", 10_000, "back"),
    moved("8", -400, "back", moment=datetime.fromisoformat(at(2))),
    moved("9", -25, kind="fee"),
    moved("10", -9_000, kind="payout"),
    moved("11", 5, kind="other"),
)


async def test_each_planted_difference_is_found_and_none_else(
    db: Database, tenant: UUID, other_tenant: UUID
) -> None:
    orders = ("same", "silent", "twice", "euros", "more", "late", "key", "free", "back")
    for whose in (tenant, other_tenant):
        await send_conversions(
            db,
            whose,
            *(
                make_conversion(
                    order_id=order,
                    idempotency_key=f"txn-{order}",
                    amount_cents=0 if order == "free" else 10_000,
                )
                for order in orders
            ),
            make_conversion(order_id="back", kind="refund", amount_cents=400, occurred_at=at(2)),
            make_conversion(order_id="before", occurred_at=at(-9)),
        )
    await send_conversions(db, other_tenant, make_conversion(order_id="ghost"))
    found = await compared(db, tenant, *PLANTED, expects="all")
    assert reasons(found) == [
        ("2", "missing_in_ledger"),
        ("3", "duplicate"),
        ("4", "currency"),
        ("5", "amount"),
        ("6", "timing"),
        ("silent", "missing_at_provider"),
    ]
    differences = {(one.currency, one.reason): one.difference_cents for one in found.sums}
    assert differences == {
        ("EUR", "currency"): 10_000,
        ("USD", "missing_in_ledger"): 700,
        ("USD", "missing_at_provider"): -10_000,
        ("USD", "duplicate"): 10_000,
        ("USD", "currency"): -10_000,
        ("USD", "amount"): 1,
        ("USD", "timing"): 0,
        ("USD", "none"): 0,
    }
    in_dollars = {one.kind: one for one in found.categories if one.currency == "USD"}
    page = {kind: (one.gross_cents, one.booked_cents) for kind, one in in_dollars.items()}
    assert page == {
        "capture": (70_701, 80_000),
        "refund": (-400, -400),
        "fee": (-25, None),
        "payout": (-9_000, None),
        "other": (5, None),
    }
    assert (found.first, found.last) == (date(2026, 3, 2), date(2026, 3, 3))


async def test_entries_of_no_known_provider_are_asked_about(db: Database, tenant: UUID) -> None:
    await send_conversions(db, tenant, make_conversion(order_id="a"), make_conversion(order_id="b"))
    with pytest.raises(SkeldirError) as refused:
        await compared(db, tenant, moved("1", 10_000, "a"))
    assert refused.value.code == "expectation_open"
    named = await compared(db, tenant, moved("1", 10_000, "a"), expects="named")
    assert reasons(named) == []
    some = await compared(db, tenant, moved("1", 1, "a"), expects="none")
    assert reasons(some) == [("1", "amount")]
    both = (moved("1", 10_000, "a"), moved("2", 10_000, "b"))
    assert reasons(await compared(db, tenant, *both)) == []


async def test_what_webhooks_booked_is_found_by_its_own_names(
    clone: Clone, db: Database, tenant: UUID, other_tenant: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    charge, refund = stripe.make_charge(), stripe.make_refund()
    second = stripe.make_charge(id="ch_2", payment_intent="pi_2")
    events = [
        ("charge.succeeded", charge),
        ("refund.created", refund),
        ("charge.succeeded", second),
    ]
    async with inbox_of(clone, monkeypatch) as (_app, client):
        for whose in (tenant, other_tenant):
            post = await make_post(client, clone, db, whose, "stripe", is_live=False)
            for number, (kind, about) in enumerate(events):
                event = stripe.make_event(kind, about) | {"id": f"evt_{whose.hex}{number}"}
                answer = await post.send(json.dumps(event).encode())
                assert answer.status_code == 200, answer.text
    of_euros = {"currency": "EUR", "moment": SENT}
    rows = (
        moved("txn_1", 4_999, names={"ch_1"}, **of_euros),
        moved("txn_2", -1_000, names={"re_1"}, orders={"ch_1"}, **of_euros),
    )
    found = await compared(db, tenant, *rows, provider="stripe")
    # Both charges are of one order, and each is known by its own name.
    assert reasons(found) == [("A-1", "missing_at_provider")]
    (missing,) = [line.entry for line in found.lines if line.movement is None]
    assert missing is not None
    assert "ch_2" in missing.names
    unknown = moved("txn_3", 4_999, names={"ch_3"}, orders={"A-1"}, **of_euros)
    found = await compared(db, tenant, *rows, unknown, provider="stripe")
    assert reasons(found) == [("A-1", "missing_at_provider"), ("txn_3", "missing_in_ledger")]
    # By the charge, the names of webhooks lead to the order of a movement that has no other name in the ledger.
    by_payment = moved("txn_4", 4_999, orders={"ch_2"}, **of_euros)
    assert reasons(await compared(db, tenant, *rows, by_payment, provider="stripe")) == []
    # Another provider's report need not have them.
    await send_conversions(
        db, tenant, make_conversion(order_id="mine", occurred_at=SENT.isoformat())
    )
    mine = moved("1", 10_000, "mine", moment=SENT)
    assert reasons(await compared(db, tenant, mine, provider="paypal", expects="all")) == []


async def test_a_refund_that_is_booked_as_the_total_of_its_charge_is_found_by_the_order(
    clone: Clone, db: Database, tenant: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    options = EndpointOptions("stripe", is_live=False, books_totals=True)
    secret = SECRETS["stripe"][0]
    async with inbox_of(clone, monkeypatch) as (_app, client):
        endpoint = await make_endpoint(db, tenant, options, secret)
        post = Post(client, clone, tenant, "stripe", endpoint, secret)
        for kind, refunded in (("charge.succeeded", 0), ("charge.refunded", 1_000)):
            event = stripe.make_event(kind, stripe.make_charge(amount_refunded=refunded))
            await post.send(event | {"id": f"evt_{refunded}"})
    of_euros = {"currency": "EUR", "moment": SENT}
    charge = moved("txn_1", 4_999, names={"ch_1"}, **of_euros)
    refund = moved("txn_2", -1_000, names={"re_1"}, orders={"ch_1"}, **of_euros)
    found = await compared(db, tenant, charge, refund, provider="stripe")
    assert [line.reason for line in found.lines] == ["none", "none"]


@pytest.mark.parametrize(
    ("rows", "asked", "code"),
    [
        ((), {}, "input_invalid"),
        ((moved("1", 1),), {"days": (date(2026, 3, 3), None)}, "input_invalid"),
        ((moved("1", 1),), {"days": (date(2024, 3, 3), None)}, "input_invalid"),
        ((moved("1", 1),), {"time_zone": "Mars/Base"}, "time_zone_unknown"),
    ],
)
async def test_what_cannot_be_compared_is_refused(
    db: Database, tenant: UUID, rows: tuple[Row, ...], asked: dict[str, Any], code: str
) -> None:
    with pytest.raises(SkeldirError) as refused:
        await compared(db, tenant, *rows, **asked)
    assert refused.value.code == code
