"""Dirty orders become allocations, on a real database, with real commits."""

from __future__ import annotations

from collections import Counter
from uuid import UUID

from skeldir.attribution import credit_dirty_orders
from skeldir.db.pool import Database
from tests.support.make import at, make_conversion, make_touch, send_conversions, send_touches


async def credits_by_channel(db: Database, tenant: UUID, model: str = "linear@1") -> dict[str, int]:
    async with db.tenant(tenant) as connection:
        rows = await connection.fetch(
            "SELECT channel_code, allocated_cents FROM attribution_allocations WHERE model_version = $1", model
        )
    totals: Counter[str] = Counter()
    for row in rows:
        totals[row["channel_code"]] += row["allocated_cents"]
    return dict(totals)


async def test_an_order_is_credited_to_the_touches_of_its_journey(db: Database, tenant: UUID) -> None:
    await send_touches(
        db, tenant, make_touch(channel="email"), make_touch(channel="paid_search", occurred_at=at(0.5))
    )
    await send_conversions(db, tenant, make_conversion(amount_cents=101))
    report = await credit_dirty_orders(db)
    assert report.orders == 1
    assert await credits_by_channel(db, tenant) == {"email": 51, "paid_search": 50}


async def test_a_late_touch_credits_again_only_the_orders_it_can_reach(db: Database, tenant: UUID) -> None:
    near = make_conversion(occurred_at=at(10))
    far = make_conversion(occurred_at=at(41))
    stranger = make_conversion(occurred_at=at(10), journey_key="visitor-2")
    await send_conversions(db, tenant, near, far, stranger)
    await credit_dirty_orders(db)
    await send_touches(db, tenant, make_touch(occurred_at=at(5)))
    async with db.tenant(tenant) as connection:
        marked = await connection.fetch("SELECT order_id FROM dirty_orders")
    assert [row["order_id"] for row in marked] == [near["order_id"]]
    await credit_dirty_orders(db)
    assert await credits_by_channel(db, tenant) == {"email": 10_000, "unattributed": 20_000}
