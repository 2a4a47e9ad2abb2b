"""The rollups follow the facts and the credit, and equal a computation from all facts."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import date, timedelta
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from skeldir.attribution import credit_dirty_orders, define_models
from skeldir.db import share_lock
from skeldir.db.pool import Database, open_database
from skeldir.rollups import ingest_lock, mark_days, roll_up_dirty_days
from skeldir.rollups.summing import DAYS_PER_TRANSACTION
from tests.conftest import Clone
from tests.support.make import (
    DAY_0,
    at,
    make_conversion,
    make_tenant,
    make_touch,
    send_conversions,
    send_touches,
)
from tests.support.refreshing import superuser_of, until
from tests.support.rolled_up import Superuser, assert_rolled_up

ROLLUPS = ("rollup_revenue_day", "rollup_channel_day", "rollup_allocation_day")


@pytest.fixture
async def superuser(clone: Clone) -> AsyncIterator[Superuser]:
    async with superuser_of(clone) as connection:
        yield connection


orders = st.sampled_from(["order-1", "order-2", "order-3"])
# Few days, and half of the times at the edge of a day, so that entries coincide.
moments = st.integers(0, 12).map(lambda halves: at(halves / 2))
kinds = st.sampled_from(
    ["capture", "capture", "refund", "refund_reversal", "dispute", "dispute_reversal"]
)
steps = st.one_of(
    st.tuples(st.just("post"), orders, kinds, st.integers(1, 300), moments),
    st.tuples(st.just("touch"), st.sampled_from(["email", "direct"]), moments),
    st.tuples(st.just("spend"), st.integers(0, 6), st.integers(1, 50)),
    st.just(("credit",)),
    st.just(("roll up",)),
    st.tuples(st.just("models"), st.integers(1, 3)),
)


async def take_step(db: Database, tenant: UUID, step: Sequence[object]) -> None:
    match step:
        case ("post", order_id, kind, cents, moment):
            item = make_conversion(
                order_id=order_id, kind=kind, amount_cents=cents, occurred_at=moment
            )
            await send_conversions(db, tenant, item)
        case ("touch", channel, moment):
            await send_touches(db, tenant, make_touch(channel=channel, occurred_at=moment))
        case ("spend", int(day), int(cents)):
            await spend_money(db, tenant, (DAY_0 + timedelta(days=day)).date(), cents)
        case ("credit",):
            await credit_dirty_orders(db, tenant_id=tenant)
        case ("roll up",):
            await roll_up_dirty_days(db, tenant_id=tenant)
        case ("models", int(lookback)):
            async with db.tenant(tenant) as connection:
                await define_models(connection, tenant, lookback_days=lookback)


async def spend_money(db: Database, tenant: UUID, day: date, cents: int) -> None:
    async with db.tenant(tenant) as connection:
        await connection.execute(
            """INSERT INTO spend (tenant_id, id, business_key, spend_date, channel_code, currency, amount_cents)
               VALUES ($1, gen_random_uuid(), gen_random_uuid()::text, $2, 'email', 'USD', $3)""",
            tenant,
            day,
            cents,
        )
        await mark_days(connection, tenant, [day])


@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(story=st.lists(steps, max_size=14))
async def test_after_any_sequence_of_facts_and_runs_the_rollups_equal_a_full_recomputation(
    db: Database, superuser: Superuser, story: list[tuple[object, ...]]
) -> None:
    tenant = await make_tenant(db, "any")
    for step in [*story, ("credit",), ("roll up",)]:
        await take_step(db, tenant, step)
    await assert_rolled_up(superuser, tenant)
    async with db.tenant(tenant) as connection:
        assert await connection.fetchval("SELECT count(*) FROM dirty_days") == 0


async def test_changed_models_show_the_spend_of_days_without_an_order(
    db: Database, superuser: Superuser, tenant: UUID
) -> None:
    await spend_money(db, tenant, DAY_0.date(), 500)
    await roll_up_dirty_days(db)
    async with db.tenant(tenant) as connection:
        await define_models(connection, tenant, lookback_days=7)
    await credit_dirty_orders(db)
    await roll_up_dirty_days(db)
    await assert_rolled_up(superuser, tenant)


async def test_only_changed_rows_are_written_again(
    db: Database, superuser: Superuser, tenant: UUID, other_tenant: UUID
) -> None:
    for owner in (tenant, other_tenant):
        await send_conversions(
            db,
            owner,
            *(make_conversion(order_id=f"{day}", occurred_at=at(day)) for day in range(5)),
        )
    await credit_dirty_orders(db)
    await roll_up_dirty_days(db)
    before = await row_versions(superuser)
    refund = make_conversion(order_id="2", kind="refund", amount_cents=1, occurred_at=at(3))
    await send_conversions(db, tenant, refund)
    await credit_dirty_orders(db)
    assert await roll_up_dirty_days(db) == 2
    after = await row_versions(superuser)
    touched = {place[:3] for place in before if before[place] != after.get(place)}
    captured, refunded = ((DAY_0 + timedelta(days=day)).date() for day in (2, 3))
    assert touched == {
        ("rollup_revenue_day", tenant, captured),
        ("rollup_allocation_day", tenant, captured),
        *((table, tenant, refunded) for table in ROLLUPS),
    }
    await assert_rolled_up(superuser, tenant)


async def row_versions(superuser: Superuser) -> dict[tuple[object, ...], int]:
    """Return which transaction wrote each row of the rollups, by table, tenant, day and the row's content."""
    versions: dict[tuple[object, ...], int] = {}
    for table in ROLLUPS:
        rows = await superuser.fetch(
            f"SELECT tenant_id, revenue_date, t::text AS content, xmin::text AS version FROM {table} t"
        )
        for row in rows:
            versions[table, row["tenant_id"], row["revenue_date"], row["content"]] = int(
                row["version"]
            )
    return versions


async def test_without_marks_nothing_is_done(
    db: Database, superuser: Superuser, tenant: UUID
) -> None:
    await send_conversions(db, tenant, make_conversion())
    await credit_dirty_orders(db)
    assert await roll_up_dirty_days(db) == 1
    before = await row_versions(superuser)
    changes = await superuser.fetchval("SELECT count(*) FROM rollup_changes")
    assert await roll_up_dirty_days(db) == 0
    assert await row_versions(superuser) == before
    assert await superuser.fetchval("SELECT count(*) FROM rollup_changes") == changes


async def test_the_days_of_one_tenant_can_be_rolled_up_without_anothers(
    db: Database, superuser: Superuser, tenant: UUID, other_tenant: UUID
) -> None:
    for owner in (tenant, other_tenant):
        await send_conversions(db, owner, make_conversion())
    assert await roll_up_dirty_days(db, tenant_id=tenant) == 1
    waiting = await superuser.fetch("SELECT DISTINCT tenant_id FROM dirty_days")
    assert [row["tenant_id"] for row in waiting] == [other_tenant]


async def test_more_days_than_one_transaction_takes_are_all_done(
    db: Database, superuser: Superuser, tenant: UUID
) -> None:
    days = DAYS_PER_TRANSACTION + 20
    await send_conversions(
        db, tenant, *(make_conversion(occurred_at=at(day)) for day in range(days))
    )
    await credit_dirty_orders(db)
    reported: list[int] = []
    assert await roll_up_dirty_days(db, progress=reported.append) == days
    assert reported == [DAYS_PER_TRANSACTION, 20]
    await assert_rolled_up(superuser, tenant)


async def test_a_fact_that_is_rolled_back_leaves_no_mark(
    db: Database, superuser: Superuser, tenant: UUID
) -> None:
    with pytest.raises(ZeroDivisionError):
        await mark_and_fail(db, tenant)
    assert await superuser.fetchval("SELECT count(*) FROM dirty_days") == 0


async def mark_and_fail(db: Database, tenant: UUID) -> None:
    async with db.tenant(tenant) as connection:
        await mark_days(connection, tenant, [DAY_0.date()])
        _ = 1 / 0


async def is_waiting(superuser: Superuser, sessions: int = 1) -> bool:
    """Return whether this many sessions wait for a lock in this database."""
    count: int = await superuser.fetchval(
        """SELECT count(*) FROM pg_stat_activity
           WHERE datname = current_database() AND wait_event_type = 'Lock'"""
    )
    return count >= sessions


async def read_totals(superuser: Superuser) -> list[tuple[object, ...]]:
    rows = await superuser.fetch(
        "SELECT amount_cents, entries FROM rollup_revenue_day ORDER BY revenue_date"
    )
    return [tuple(row) for row in rows]


async def test_a_mark_written_during_a_roll_up_survives_it(
    db: Database, clone: Clone, superuser: Superuser, tenant: UUID
) -> None:
    """The roll-up has summed the day and has its last table left; then the day gets another entry."""
    await send_conversions(db, tenant, make_conversion(amount_cents=100))
    async with (
        open_database(clone.app_url, pool_size=1, statement_timeout_ms=30_000) as elsewhere,
        superuser_of(clone) as blocker,
    ):
        async with blocker.transaction():
            await blocker.execute("LOCK TABLE rollup_allocation_day IN ACCESS EXCLUSIVE MODE")
            rolling = asyncio.create_task(roll_up_dirty_days(elsewhere, tenant_id=tenant))
            await until(lambda: is_waiting(superuser))
            await send_conversions(db, tenant, make_conversion(amount_cents=11))
        await rolling
    await roll_up_dirty_days(db)
    assert await read_totals(superuser) == [(111, 2)]


async def test_two_roll_ups_of_one_day_run_one_after_the_other(
    db: Database, clone: Clone, superuser: Superuser, tenant: UUID
) -> None:
    """The first has written the day but not committed when the second finds a newer mark of it."""
    await send_conversions(db, tenant, make_conversion(amount_cents=100))
    await roll_up_dirty_days(db)
    await send_conversions(db, tenant, make_conversion(amount_cents=10))
    async with superuser_of(clone) as blocker:
        async with blocker.transaction():
            await blocker.execute("LOCK TABLE rollup_allocation_day IN ACCESS EXCLUSIVE MODE")
            first = asyncio.create_task(roll_up_dirty_days(db))
            await until(lambda: is_waiting(superuser))
            await send_conversions(db, tenant, make_conversion(amount_cents=1))
            second = asyncio.create_task(roll_up_dirty_days(db))
            await until(lambda: is_waiting(superuser, 2))
        assert await first + await second == 2
    assert await read_totals(superuser) == [(111, 3)]


async def test_an_entry_whose_transaction_was_open_during_a_roll_up_is_rolled_up_after_it(
    db: Database, superuser: Superuser, tenant: UUID
) -> None:
    await send_conversions(db, tenant, make_conversion(amount_cents=100))
    async with db.tenant(tenant) as writer:
        await share_lock(writer, ingest_lock(tenant))
        await writer.execute(
            """INSERT INTO revenue_ledger (tenant_id, id, business_key, order_id, kind, amount_cents, currency,
                                           occurred_at, source)
               VALUES ($1, gen_random_uuid(), 'late', 'late', 'capture', 11, 'USD', $2, 'test')""",
            tenant,
            DAY_0 + timedelta(days=1),
        )
        await mark_days(writer, tenant, [(DAY_0 + timedelta(days=1)).date()])
        assert await roll_up_dirty_days(db) == 1
    assert await roll_up_dirty_days(db) == 1
    assert await read_totals(superuser) == [(111, 2)]


async def test_two_concurrent_roll_ups_do_each_day_once(
    db: Database, clone: Clone, superuser: Superuser, tenant: UUID
) -> None:
    await send_conversions(db, tenant, *(make_conversion(occurred_at=at(day)) for day in range(30)))
    await credit_dirty_orders(db)
    async with open_database(clone.app_url, pool_size=4, statement_timeout_ms=30_000) as elsewhere:
        done = await asyncio.gather(
            *(roll_up_dirty_days(pool) for pool in (db, elsewhere, db, elsewhere))
        )
    assert sum(done) == 30
    await assert_rolled_up(superuser, tenant)


async def test_a_refund_changes_state_on_its_own_day_when_the_capture_arrives(
    db: Database, superuser: Superuser, tenant: UUID
) -> None:
    refund = make_conversion(order_id="late", kind="refund", amount_cents=40, occurred_at=at(1))
    await send_conversions(db, tenant, refund)
    await roll_up_dirty_days(db)
    assert await states_by_day(superuser) == {(2, "awaiting_capture")}
    await send_conversions(db, tenant, make_conversion(order_id="late", occurred_at=at(4)))
    await roll_up_dirty_days(db)
    assert await states_by_day(superuser) == {(2, "refunded"), (5, "captured")}


async def states_by_day(superuser: Superuser) -> set[tuple[int, str]]:
    rows = await superuser.fetch("SELECT revenue_date, state FROM rollup_revenue_day")
    return {(row["revenue_date"].day, row["state"]) for row in rows}
