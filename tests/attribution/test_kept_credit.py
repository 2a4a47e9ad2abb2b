"""Orders from before journeys were packed: packed when they are credited, or continued from their kept credit."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from skeldir.attribution import define_models, mark_all_orders
from skeldir.clock import utc_now
from skeldir.db.pool import Database
from skeldir.ingest import preview_undo, target_of_order, target_of_origin
from tests.conftest import Clone
from tests.support.credit import (
    assert_ledger_is_credited,
    assert_sums_are_of_credits,
    credit_until_complete,
    keep_as_before_packing,
    read_credits,
    sum_by_channel,
)
from tests.support.make import make_conversion, make_touch, send_conversions, send_touches


def ago(days: float) -> str:
    return (utc_now() - timedelta(days=days)).isoformat()


async def make_orders(db: Database, tenant: UUID) -> None:
    """One order of 50 days ago and one of two, each with two touches."""
    for key, days in (("old", 50), ("new", 2)):
        for number, channel in enumerate(["email", "sms"]):
            await send_touches(
                db,
                tenant,
                make_touch(channel=channel, journey_key=key, occurred_at=ago(days + 5 - number)),
            )
        await send_conversions(
            db,
            tenant,
            make_conversion(order_id=key, journey_key=key, amount_cents=999, occurred_at=ago(days)),
        )
    await credit_until_complete(db, tenant)


async def count(db: Database, tenant: UUID, table: str) -> int:
    async with db.tenant(tenant) as connection:
        found: int = await connection.fetchval(f"SELECT count(DISTINCT order_id) FROM {table}")
    return found


async def credit_again(db: Database, tenant: UUID) -> None:
    async with db.tenant(tenant) as connection:
        await mark_all_orders(connection, tenant)
    await credit_until_complete(db, tenant)


async def test_an_order_from_before_the_upgrade_is_packed_and_its_sums_stay(
    clone: Clone, db: Database, tenant: UUID
) -> None:
    await make_orders(db, tenant)
    before = await read_credits(db, tenant)
    await keep_as_before_packing(clone, db, tenant)
    await assert_sums_are_of_credits(db, tenant)
    await credit_again(db, tenant)
    assert await read_credits(db, tenant) == before
    await assert_ledger_is_credited(db, tenant)
    assert await count(db, tenant, "kept_allocations") == 0
    assert await count(db, tenant, "order_journeys") == 2


async def forget(db: Database, tenant: UUID) -> None:
    async with db.tenant(tenant) as connection:
        await connection.execute(
            "INSERT INTO retention (tenant_id, touch_days) VALUES ($1, 40)", tenant
        )
    # Deleting is the owner's: Citus admits one role that writes at a node in a transaction.
    async with db.tenant(tenant) as connection:
        assert await connection.fetchval("SELECT public.forget_touches(10000)") == 2


async def test_an_order_whose_touches_were_forgotten_earlier_continues_from_its_kept_credit(
    clone: Clone, db: Database, tenant: UUID
) -> None:
    await make_orders(db, tenant)
    await keep_as_before_packing(clone, db, tenant)
    await forget(db, tenant)
    await credit_again(db, tenant)
    assert (
        await count(db, tenant, "kept_allocations"),
        await count(db, tenant, "order_journeys"),
    ) == (1, 1)
    await send_conversions(
        db,
        tenant,
        make_conversion(order_id="old", kind="refund", amount_cents=500, occurred_at=ago(1)),
    )
    await credit_until_complete(db, tenant)
    assert await sum_by_channel(db, tenant) == {"email": 250 + 500, "sms": 249 + 499}
    await assert_ledger_is_credited(db, tenant)
    await send_conversions(
        db,
        tenant,
        make_conversion(order_id="old", kind="refund", amount_cents=499, occurred_at=ago(1)),
    )
    await credit_until_complete(db, tenant)
    assert await sum_by_channel(db, tenant) == {"email": 500, "sms": 499}
    await assert_ledger_is_credited(db, tenant)


async def test_models_that_change_and_change_back_find_their_kept_credit(
    clone: Clone, db: Database, tenant: UUID
) -> None:
    await make_orders(db, tenant)
    before = await read_credits(db, tenant)
    await keep_as_before_packing(clone, db, tenant)
    await forget(db, tenant)
    for days in (10, 30):
        async with db.tenant(tenant) as connection:
            await define_models(connection, tenant, lookback_days=days)
        await credit_until_complete(db, tenant)
        await assert_ledger_is_credited(db, tenant)
    assert await read_credits(db, tenant) == before


async def test_an_undoing_counts_the_entries_that_it_must_leave_before_it_begins(
    clone: Clone, db: Database, tenant: UUID
) -> None:
    await make_orders(db, tenant)
    await keep_as_before_packing(clone, db, tenant)
    new = make_conversion(order_id="newer", idempotency_key="n1")
    await send_conversions(db, tenant, new, origin="api:newer")
    async with db.tenant(tenant, is_read_only=True) as connection:
        preview = await preview_undo(connection, tenant, target_of_order("old"))
        of_newer = await preview_undo(connection, tenant, target_of_origin("api:newer"))
    assert (preview.entries, preview.kept) == (0, 1)
    assert (of_newer.entries, of_newer.kept) == (1, 0)
