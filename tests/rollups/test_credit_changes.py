"""Credit is added to the sums of a day as it changes, and the sums equal a computation from all facts."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from uuid import UUID

import pytest

from skeldir.attribution import credit_dirty_orders, define_models
from skeldir.db.pool import Database, open_database
from skeldir.rollups import mark_days, roll_up_dirty_days, summing
from tests.conftest import Clone
from tests.rollups.test_rollups import is_waiting, spend_money
from tests.support.make import (
    DAY_0,
    at,
    make_conversion,
    make_touch,
    send_conversions,
    send_touches,
)
from tests.support.refreshing import superuser_of, until
from tests.support.rolled_up import Superuser, assert_rolled_up, read_rollups


@pytest.fixture
async def superuser(clone: Clone) -> AsyncIterator[Superuser]:
    async with superuser_of(clone) as connection:
        yield connection


async def credited_channels(superuser: Superuser, tenant: UUID) -> set[object]:
    return {row[1] for row in (await read_rollups(superuser, tenant))["channel"]}


async def test_a_channel_that_lost_all_its_credit_of_a_day_has_no_sum_on_that_day(
    db: Database, superuser: Superuser, tenant: UUID
) -> None:
    captures = (make_conversion(order_id=f"{n}", occurred_at=at(2)) for n in range(3))
    await send_conversions(db, tenant, *captures)
    await credit_dirty_orders(db)
    await roll_up_dirty_days(db)
    before = await credited_channels(superuser, tenant)
    await send_touches(db, tenant, make_touch(channel="email", occurred_at=at(1)))
    await credit_dirty_orders(db)
    await roll_up_dirty_days(db)
    assert before == {"unattributed"}
    assert await credited_channels(superuser, tenant) == {"email"}
    await assert_rolled_up(superuser, tenant)


async def test_credit_that_commits_during_a_roll_up_is_compared_again_by_the_next_one(
    db: Database, clone: Clone, superuser: Superuser, tenant: UUID
) -> None:
    """The roll-up has summed the revenue of both and has its last table left; then the second is credited."""
    await send_conversions(db, tenant, make_conversion(amount_cents=100))
    await credit_dirty_orders(db)
    async with db.tenant(tenant) as connection:
        await mark_days(connection, tenant, [DAY_0.date()])
    await send_conversions(db, tenant, make_conversion(amount_cents=11))
    async with (
        open_database(clone.app_url, pool_size=1, statement_timeout_ms=30_000) as elsewhere,
        superuser_of(clone) as blocker,
    ):
        async with blocker.transaction():
            await blocker.execute("LOCK TABLE rollup_allocation_day IN ACCESS EXCLUSIVE MODE")
            rolling = asyncio.create_task(roll_up_dirty_days(elsewhere, tenant_id=tenant))
            await until(lambda: is_waiting(superuser))
            await credit_dirty_orders(db)
        await rolling
    balance = "SELECT bool_and(ledger_cents = allocated_cents) FROM rollup_allocation_day"
    assert await superuser.fetchval("SELECT count(*) FROM dirty_days") > 0
    await roll_up_dirty_days(db)
    assert await superuser.fetchval(balance)
    await assert_rolled_up(superuser, tenant)


async def test_a_channel_that_lost_its_credit_keeps_its_spend(
    db: Database, superuser: Superuser, tenant: UUID
) -> None:
    """An earlier capture moves the order's journey to a time before the touch."""
    await send_touches(db, tenant, make_touch(channel="email", occurred_at=at(1)))
    await send_conversions(db, tenant, make_conversion(order_id="1", occurred_at=at(2)))
    await spend_money(db, tenant, (DAY_0 + timedelta(days=2)).date(), 500)
    await credit_dirty_orders(db)
    await roll_up_dirty_days(db)
    assert await credited_channels(superuser, tenant) == {"email"}
    await send_conversions(db, tenant, make_conversion(order_id="1", occurred_at=at(0)))
    await credit_dirty_orders(db)
    await roll_up_dirty_days(db)
    assert await credited_channels(superuser, tenant) == {"email", "unattributed"}
    await assert_rolled_up(superuser, tenant)


async def test_changes_of_a_model_that_is_no_longer_active_are_in_no_sum(
    db: Database, superuser: Superuser, tenant: UUID
) -> None:
    await send_conversions(db, tenant, make_conversion())
    await credit_dirty_orders(db)
    async with db.tenant(tenant) as connection:
        await define_models(connection, tenant, lookback_days=7)
    await credit_dirty_orders(db)
    await roll_up_dirty_days(db)
    await assert_rolled_up(superuser, tenant)
    async with db.tenant(tenant) as connection:
        await define_models(connection, tenant)
    await credit_dirty_orders(db)
    await roll_up_dirty_days(db)
    await assert_rolled_up(superuser, tenant)


@pytest.mark.parametrize("is_credited_between", [True, False])
async def test_models_that_are_active_again_have_their_previous_sums(
    db: Database, superuser: Superuser, tenant: UUID, is_credited_between: bool
) -> None:
    """Their sums were removed, and are computed again from the stored journeys."""
    await send_touches(db, tenant, make_touch(channel="email", occurred_at=at(0)))
    days = [at(day + 0.5) for day in range(3)]
    await send_conversions(db, tenant, *(make_conversion(occurred_at=day) for day in days))
    await credit_dirty_orders(db)
    await roll_up_dirty_days(db)
    for lookback in (7, 30):
        async with db.tenant(tenant) as connection:
            await define_models(connection, tenant, lookback_days=lookback)
        if lookback == 30 or is_credited_between:
            await credit_dirty_orders(db)
        await roll_up_dirty_days(db)
    await assert_rolled_up(superuser, tenant)


async def test_a_day_that_waits_to_be_rolled_up_gets_no_partial_comparison(
    db: Database, superuser: Superuser, tenant: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first transaction sums one of two days; the other must not be compared before its revenue is summed."""
    days = [at(0), at(1)]
    await send_conversions(db, tenant, *(make_conversion(occurred_at=day) for day in days))
    await credit_dirty_orders(db)
    await roll_up_dirty_days(db)
    for lookback in (7, 30):
        async with db.tenant(tenant) as connection:
            await define_models(connection, tenant, lookback_days=lookback)
    await send_touches(db, tenant, make_touch(channel="email", occurred_at=at(-1)))
    await credit_dirty_orders(db)
    monkeypatch.setattr(summing, "DAYS_PER_TRANSACTION", 1)
    seen: list[int] = []
    await roll_up_dirty_days(db, progress=seen.append)
    assert sum(seen) == 2
    await assert_rolled_up(superuser, tenant)
