"""The state of an order in the ledger is derived from its entries, whatever arrived, in whatever order."""

from __future__ import annotations

from dataclasses import astuple
from uuid import UUID

from skeldir.db.pool import Database
from skeldir.revenue import list_balances
from tests.support.credit import credit_until_complete, sum_by_channel
from tests.support.make import (
    at,
    make_conversion,
    make_touch,
    send_conversions,
    send_touches,
)


async def order_states(db: Database, tenant: UUID) -> dict[tuple[str, str], tuple[str, int]]:
    async with db.tenant(tenant) as connection:
        balances = await list_balances(connection, tenant)
    return {(b.order_id, b.currency): (b.state, b.balance_cents) for b in balances}


async def test_a_refund_before_its_capture_is_kept_and_flagged_and_credited_when_the_capture_arrives(
    db: Database, tenant: UUID
) -> None:
    refund = make_conversion(order_id="X", kind="refund", amount_cents=2_500, journey_key=None)
    await send_touches(db, tenant, make_touch())
    early = await send_conversions(db, tenant, refund)
    assert [astuple(order) for order in early.flagged] == [("X", "USD", "awaiting_capture")]
    assert await order_states(db, tenant) == {("X", "USD"): ("awaiting_capture", -2_500)}
    await credit_until_complete(db, tenant)
    assert await sum_by_channel(db, tenant) == {}

    late = await send_conversions(db, tenant, make_conversion(order_id="X", occurred_at=at(9)))
    assert (late.accepted, late.flagged) == (1, ())
    assert await order_states(db, tenant) == {("X", "USD"): ("partially_refunded", 7_500)}
    await credit_until_complete(db, tenant)
    assert await sum_by_channel(db, tenant) == {"email": 7_500}


async def test_an_over_refunded_order_is_kept_flagged_and_credited(
    db: Database, tenant: UUID
) -> None:
    await send_touches(db, tenant, make_touch())
    receipt = await send_conversions(
        db,
        tenant,
        make_conversion(order_id="X"),
        make_conversion(order_id="X", kind="refund", amount_cents=10_001),
        make_conversion(order_id="Y"),
    )
    assert receipt.accepted == 3
    assert [astuple(order) for order in receipt.flagged] == [("X", "USD", "over_refunded")]
    await credit_until_complete(db, tenant)
    assert await sum_by_channel(db, tenant) == {"email": 9_999}


MOVES = {
    "paid": [("capture", 100)],
    "paid by nothing": [("capture", 0)],
    "partially_refunded": [("capture", 60), ("capture", 40), ("refund", 99)],
    "refunded": [("capture", 100), ("refund", 30), ("refund", 70)],
    "over_refunded": [("capture", 100), ("refund", 101)],
    "paid again": [("capture", 100), ("refund", 100), ("refund_reversal", 100)],
    "disputed": [("capture", 100), ("dispute", 100)],
    "paid after a dispute": [("capture", 100), ("dispute", 100), ("dispute_reversal", 100)],
    "awaiting_capture": [("dispute", 100)],
    "awaiting_capture still": [("refund", 100), ("refund_reversal", 100)],
}


async def test_state_and_balance_of_an_order_follow_from_its_entries(
    db: Database, tenant: UUID
) -> None:
    for order_id, moves in MOVES.items():
        for kind, cents in moves:
            item = make_conversion(order_id=order_id, kind=kind, amount_cents=cents)
            await send_conversions(db, tenant, item)
    signs = {"capture": 1, "refund": -1, "refund_reversal": 1, "dispute": -1, "dispute_reversal": 1}
    assert await order_states(db, tenant) == {
        (order_id, "USD"): (
            order_id.partition(" ")[0],
            sum(signs[kind] * cents for kind, cents in moves),
        )
        for order_id, moves in MOVES.items()
    }


async def test_an_order_in_two_currencies_has_two_balances(db: Database, tenant: UUID) -> None:
    await send_conversions(
        db,
        tenant,
        make_conversion(order_id="X", amount_cents=100, currency="EUR"),
        make_conversion(order_id="X", amount_cents=7, currency="JPY"),
        make_conversion(order_id="X", amount_cents=7, currency="JPY", kind="refund"),
        make_conversion(order_id="X", amount_cents=1, currency="USD", kind="refund"),
    )
    assert await order_states(db, tenant) == {
        ("X", "EUR"): ("paid", 100),
        ("X", "JPY"): ("refunded", 0),
        ("X", "USD"): ("over_refunded", -1),
    }
