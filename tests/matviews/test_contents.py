"""After a refresh by `app_user` the five views match the facts, tenant by tenant and row by row."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import asyncpg
import pytest

from skeldir.attribution import credit_dirty_orders, define_models
from skeldir.db.pool import Database, open_database
from skeldir.rollups import mark_days, roll_up_dirty_days
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
from tests.support.recompute import READERS, first_open_day, read_facts, rows_by_day
from tests.support.two_tenants import refresh_all

ALL_SUCCEED = ["success"] * 5


@pytest.fixture
async def superuser(clone: Clone) -> AsyncIterator[asyncpg.Connection[asyncpg.Record]]:
    connection = await asyncpg.connect(clone.superuser_url)
    yield connection
    await connection.close()


async def show_all(db: Database) -> None:
    """Credit, roll up and refresh everything that waits."""
    await credit_dirty_orders(db)
    await roll_up_dirty_days(db)
    assert await refresh_all(db) == ALL_SUCCEED


async def read_reader(db: Database, tenant: UUID, reader: str) -> list[tuple[object, ...]]:
    """Return what `app_user` reads for one tenant: a list, so that a duplicate row shows."""
    columns = READERS[reader][0]
    async with db.tenant(tenant) as connection:
        return [tuple(row) for row in await connection.fetch(f"SELECT {columns} FROM {reader}")]


async def assert_shown(
    db: Database, superuser: asyncpg.Connection[asyncpg.Record], *tenants: UUID
) -> None:
    """Compare readers and views with the sums of each tenant's facts."""
    for tenant in tenants:
        facts = await read_facts(superuser, tenant)
        for reader, (columns, day_column, recompute) in READERS.items():
            expected = recompute(facts)
            shown = await read_reader(db, tenant, reader)
            assert len(shown) == len(set(shown)), reader
            assert set(shown) == expected, reader
            held = await superuser.fetch(
                f"SELECT {columns} FROM mv_{reader} WHERE tenant_id = $1", tenant
            )
            if day_column is not None:
                first = first_open_day(facts)
                days = rows_by_day(expected, columns, day_column)
                expected = {row for day, rows in days.items() if day >= first for row in rows}
            assert {tuple(row) for row in held} == expected, f"mv_{reader}"
            assert len(held) == len(expected), f"mv_{reader}"


async def spend_money(
    db: Database, tenant: UUID, day: date, cents: int, channel: str = "email"
) -> None:
    async with db.tenant(tenant) as connection:
        await connection.execute(
            """INSERT INTO spend (tenant_id, id, business_key, spend_date, channel_code, currency, amount_cents)
               VALUES ($1, gen_random_uuid(), gen_random_uuid()::text, $2, $3, 'USD', $4)""",
            tenant,
            day,
            channel,
            cents,
        )
        await mark_days(connection, tenant, [day])


async def record_runs(db: Database, tenant: UUID, chance: random.Random) -> None:
    """Record runs of two platforms: many at one moment, in random order of ids, and a later id an hour earlier."""
    moment = datetime(2026, 4, 1, 12, tzinfo=UTC)
    for platform, start in (("meta", 0x10), ("google", 0x20)):
        ends = chance.sample(range(16), 16)
        runs = [(start + end, moment) for end in ends] + [
            (start + 0xF0, moment - timedelta(hours=1))
        ]
        async with db.tenant(tenant) as connection:
            for number, ran_at in runs:
                await connection.execute(
                    """INSERT INTO reconciliation_runs (tenant_id, id, platform, currency, state, claimed_cents,
                                                        verified_cents, ghost_cents, ran_at)
                       VALUES ($1, $2, $3, 'USD', 'over_claimed', $4, $5, 0, $6)""",
                    tenant,
                    UUID(int=number),
                    platform,
                    chance.randrange(2_000),
                    chance.choice([0, 7, 999]),
                    ran_at,
                )


def random_conversions(chance: random.Random, orders: int, days: int) -> list[dict[str, object]]:
    """Return captures, refunds, disputes and their reversals; some orders never get their capture."""
    items: list[dict[str, object]] = []
    for number in range(orders):
        moment = chance.uniform(0, days)
        common = {
            "order_id": f"order-{number}",
            "currency": chance.choice(["USD", "USD", "EUR", "JPY"]),
            "journey_key": f"visitor-{chance.randrange(orders // 2)}",
        }
        if chance.random() < 0.9:
            items += [
                make_conversion(
                    **common, amount_cents=chance.randrange(0, 20_000), occurred_at=at(moment)
                )
                for _ in range(chance.choice([1, 1, 2]))
            ]
        for kind in chance.choices(
            ["refund", "refund_reversal", "dispute", "dispute_reversal"], k=chance.randrange(4)
        ):
            later = at(moment + chance.uniform(-1, 20))
            items.append(
                make_conversion(
                    **common, kind=kind, amount_cents=chance.randrange(1, 9_000), occurred_at=later
                )
            )
    chance.shuffle(items)
    return items


def random_touches(chance: random.Random, count: int, days: int) -> list[dict[str, object]]:
    return [
        make_touch(
            journey_key=f"visitor-{chance.randrange(20)}",
            channel=chance.choice(["email", "paid_search", "direct", "organic_search"]),
            occurred_at=at(chance.uniform(-10, days)),
        )
        for _ in range(count)
    ]


async def test_the_views_equal_a_recomputation_from_the_facts_for_each_tenant(
    db: Database, superuser: asyncpg.Connection[asyncpg.Record]
) -> None:
    chance = random.Random(7)
    tenants = [await make_tenant(db, name) for name in "AB"]
    for tenant in tenants:
        items = random_conversions(chance, orders=40, days=30)
        await send_conversions(db, tenant, *items[:60])
        await send_touches(db, tenant, *random_touches(chance, 60, 30))
        await show_all(db)
        # Late facts, changed models, spend, and runs that share a moment change what was shown.
        await send_conversions(db, tenant, *items[60:])
        await send_touches(db, tenant, *random_touches(chance, 60, 30))
        async with db.tenant(tenant) as connection:
            await define_models(
                connection, tenant, lookback_days=chance.choice([3, 7]), after_conversion="reset"
            )
        for day in range(-2, 30, 3):
            await spend_money(
                db, tenant, (DAY_0 + timedelta(days=day)).date(), chance.randrange(1, 5_000)
            )
        await record_runs(db, tenant, chance)
    await show_all(db)
    await assert_shown(db, superuser, *tenants)
    for tenant in tenants:
        status = {row[0]: row for row in await read_reader(db, tenant, "reconciliation_status")}
        assert {platform: str(row[-1])[-1] for platform, row in status.items()} == {
            "google": "f",
            "meta": "f",
        }


async def test_the_latest_run_is_found_by_time_and_id_however_the_table_is_read(
    clone: Clone, superuser: asyncpg.Connection[asyncpg.Record]
) -> None:
    """The index happens to have this order; without it, only the view's own ORDER BY gives it."""
    for way in ("indexscan", "indexonlyscan", "bitmapscan"):
        await superuser.execute(f"ALTER DATABASE {clone.name} SET enable_{way} = off")
    async with open_database(clone.app_url, pool_size=1, statement_timeout_ms=30_000) as db:
        tenant = await make_tenant(db, "A")
        async with db.tenant(tenant) as connection:
            for number in range(1, 6):
                await connection.execute(
                    """INSERT INTO reconciliation_runs (tenant_id, id, platform, currency, state, claimed_cents,
                                                        verified_cents, ghost_cents, ran_at)
                       VALUES ($1, $2, 'meta', 'USD', 'matched', 1, 1, 0, now())""",
                    tenant,
                    UUID(int=number),
                )
        assert await refresh_all(db) == ALL_SUCCEED
        ((*_, run_id),) = await read_reader(db, tenant, "reconciliation_status")
    assert run_id == UUID(int=5)


async def test_an_entry_belongs_to_its_utc_day_whatever_offset_was_sent(
    db: Database, superuser: asyncpg.Connection[asyncpg.Record], tenant: UUID
) -> None:
    await send_conversions(
        db,
        tenant,
        make_conversion(occurred_at="2026-03-01T00:30:00+14:00"),
        make_conversion(occurred_at="2026-03-01T23:30:00-11:00"),
        make_conversion(occurred_at="2026-03-01T00:00:00Z"),
        make_conversion(occurred_at="2026-03-01T23:59:59.999999Z"),
    )
    await show_all(db)
    await assert_shown(db, superuser, tenant)
    days = {row[0]: row[-1] for row in await read_reader(db, tenant, "daily_revenue_summary")}
    assert days == {date(2026, 2, 28): 1, date(2026, 3, 1): 2, date(2026, 3, 2): 1}


async def test_a_view_shows_nothing_new_until_it_is_refreshed(db: Database, tenant: UUID) -> None:
    await send_conversions(db, tenant, make_conversion(amount_cents=100))
    await show_all(db)
    await send_conversions(db, tenant, make_conversion(amount_cents=11))
    await credit_dirty_orders(db)
    await roll_up_dirty_days(db)
    assert [row[4] for row in await read_reader(db, tenant, "realtime_revenue")] == [100]
    await refresh_all(db)
    assert [row[4] for row in await read_reader(db, tenant, "realtime_revenue")] == [111]


async def test_two_hundred_days_are_complete_in_the_readers_and_the_newest_35_in_the_views(
    db: Database, superuser: asyncpg.Connection[asyncpg.Record], tenant: UUID, other_tenant: UUID
) -> None:
    for owner, days in ((tenant, 200), (other_tenant, 3)):
        await send_conversions(
            db,
            owner,
            *(make_conversion(order_id=f"day-{day}", occurred_at=at(day)) for day in range(days)),
        )
    await spend_money(db, tenant, (DAY_0 + timedelta(days=150)).date(), 777)
    await spend_money(db, tenant, (DAY_0 + timedelta(days=50)).date(), 777)
    await show_all(db)
    await assert_shown(db, superuser, tenant, other_tenant)
    held = await superuser.fetchrow(
        """SELECT min(revenue_date) AS first, max(revenue_date) AS last, count(*) AS days
           FROM mv_daily_revenue_summary WHERE tenant_id = $1""",
        tenant,
    )
    newest = (DAY_0 + timedelta(days=199)).date()
    assert tuple(held or ()) == (newest - timedelta(days=34), newest, 35)
    assert len(await read_reader(db, tenant, "daily_revenue_summary")) == 200


async def test_a_late_refund_of_an_old_day_shows_through_the_readers(
    db: Database, superuser: asyncpg.Connection[asyncpg.Record], tenant: UUID
) -> None:
    await send_conversions(
        db,
        tenant,
        *(make_conversion(order_id=f"day-{day}", occurred_at=at(day)) for day in range(0, 200, 5)),
    )
    await show_all(db)
    await send_conversions(
        db,
        tenant,
        make_conversion(order_id="day-10", kind="refund", amount_cents=10_000, occurred_at=at(11)),
    )
    await credit_dirty_orders(db)
    await roll_up_dirty_days(db)
    # A closed day comes from its rollup, so it shows before any refresh.
    refunds = [
        row
        for row in await read_reader(db, tenant, "daily_revenue_summary")
        if row[2] == "refunded"
    ]
    assert refunds == [((DAY_0 + timedelta(days=11)).date(), "USD", "refunded", -10_000, 1)]
    assert await refresh_all(db) == ALL_SUCCEED
    await assert_shown(db, superuser, tenant)


async def test_days_without_revenue_move_the_window_and_lose_no_money(
    db: Database, superuser: asyncpg.Connection[asyncpg.Record], tenant: UUID
) -> None:
    """Spend continues for months after the last order: no day with revenue is left in the window."""
    await send_conversions(db, tenant, *(make_conversion(occurred_at=at(day)) for day in range(3)))
    await show_all(db)
    await spend_money(db, tenant, (DAY_0 + timedelta(days=150)).date(), 777)
    await show_all(db)
    await assert_shown(db, superuser, tenant)


async def test_a_lone_old_refund_does_not_hide_what_came_before_it(
    db: Database, superuser: asyncpg.Connection[asyncpg.Record], tenant: UUID
) -> None:
    """Money of an order without a capture is not credited, so the newest day has no channel at all."""
    await send_conversions(
        db,
        tenant,
        make_conversion(occurred_at=at(0)),
        make_conversion(kind="refund", amount_cents=5, occurred_at=at(130)),
    )
    await show_all(db)
    await assert_shown(db, superuser, tenant)
