"""Sums by another basis can exist beside those by the day of the entry; only the latter are shown and maintained."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import date, timedelta
from uuid import UUID

import asyncpg
import httpx2
import pytest

from skeldir.attribution import channel_totals, credit_dirty_orders, define_models
from skeldir.db.pool import Database
from skeldir.matviews import CANONICAL_VIEWS
from skeldir.rollups import mark_days, roll_up_dirty_days
from tests.conftest import Clone
from tests.rollups.test_rollups import spend_money
from tests.support.credit import assert_sums_are_of_credits
from tests.support.make import (
    DAY_0,
    at,
    make_conversion,
    make_touch,
    send_conversions,
    send_touches,
)
from tests.support.reading import get, key_of, open_client
from tests.support.refreshing import superuser_of
from tests.support.rolled_up import Superuser, assert_rolled_up
from tests.support.two_tenants import refresh_all

_BY_TOUCH = "SELECT * FROM rollup_channel_day WHERE basis = 'touch' ORDER BY 2, 3, 4, 5"
_JOURNAL_BY_TOUCH = """
    SELECT revenue_date, model_version, channel_code, currency, sum(conversion_ppt), sum(credited_cents),
           sum(allocations)
    FROM credit_journal WHERE basis = 'touch' GROUP BY 1, 2, 3, 4
    HAVING (sum(conversion_ppt), sum(credited_cents), sum(allocations)) <> (0, 0, 0)"""
# Other money on the same days, some of it on a later day than any entry, and sums without allocations.
_ADD_BY_TOUCH = """
    INSERT INTO rollup_channel_day (tenant_id, basis, revenue_date, model_version, channel_code, currency,
                                    conversion_ppt, credited_cents, spend_cents, allocations)
    SELECT tenant_id, 'touch', revenue_date + later, model_version, channel_code, other, conversion_ppt + 1,
           credited_cents + 1000, spend_cents, times * allocations
    FROM rollup_channel_day, (VALUES (0, 'USD', 1), (0, 'CHF', 0), (200, 'USD', 0)) AS o (later, other, times)
    WHERE basis = 'entry' AND allocations <> 0"""
_NOTE_BY_TOUCH = """
    INSERT INTO credit_journal (tenant_id, turn, changed_at, basis, revenue_date, model_version, channel_code, currency,
                                conversion_ppt, credited_cents, allocations)
    SELECT tenant_id, 0, now(), basis, revenue_date, model_version, channel_code, currency, conversion_ppt,
           credited_cents, allocations
    FROM rollup_channel_day WHERE basis = 'touch' AND allocations <> 0"""


@pytest.fixture
async def superuser(clone: Clone) -> AsyncIterator[Superuser]:
    async with superuser_of(clone) as connection:
        yield connection


def day(number: int) -> date:
    return (DAY_0 + timedelta(days=number)).date()


async def sell(db: Database, tenant: UUID) -> None:
    """Credit of two channels, and spend, on days that the views hold and on an earlier day."""
    await send_touches(db, tenant, make_touch(), make_touch(channel="sms", occurred_at=at(50)))
    await send_conversions(
        db,
        tenant,
        make_conversion(order_id="old", occurred_at=at(1)),
        make_conversion(order_id="new", occurred_at=at(60)),
        make_conversion(order_id="new", kind="refund", amount_cents=300, occurred_at=at(61)),
    )
    await spend_money(db, tenant, day(60), 70)
    await work(db)


async def work(db: Database) -> None:
    await credit_dirty_orders(db)
    await roll_up_dirty_days(db)
    assert set(await refresh_all(db)) == {"success"}


async def add_another_basis(superuser: Superuser) -> None:
    for table in ("rollup_channel_day", "credit_journal"):
        await superuser.execute(
            f"""ALTER TABLE {table} DROP CONSTRAINT {table}_basis_check;
                ALTER TABLE {table} ADD CHECK (basis IN ('entry', 'touch'))"""
        )
    await superuser.execute(_ADD_BY_TOUCH)
    await superuser.execute(_NOTE_BY_TOUCH)


async def read_what_is_shown(db: Database, clone: Clone, tenant: UUID) -> dict[str, object]:
    """Return reports, totals, the first day that the views hold, and what every reader shows."""
    key = await key_of(db, tenant)
    async with open_client(clone) as client:
        shown: dict[str, object] = {
            granularity: await _report(client, key, granularity)
            for granularity in ("day", "month", "total")
        }
    async with superuser_of(clone) as superuser:
        shown["open periods"] = await superuser.fetch("SELECT * FROM open_periods")
    async with db.tenant(tenant) as connection:
        shown["totals"] = await channel_totals(connection, tenant)
        for view in CANONICAL_VIEWS:
            rows = await connection.fetch(f"SELECT r::text FROM {view.reader} r ORDER BY 1")
            shown[view.reader] = [row[0] for row in rows]
    return shown


async def _report(client: httpx2.AsyncClient, key: dict[str, str], granularity: str) -> object:
    return await get(client, "/v1/attribution/channels", key, granularity=granularity)


async def read_by_touch(superuser: Superuser) -> list[asyncpg.Record]:
    rows: list[asyncpg.Record] = await superuser.fetch(_BY_TOUCH)
    return rows


async def test_reports_and_views_use_the_day_of_the_entry(
    db: Database, clone: Clone, superuser: Superuser, tenant: UUID
) -> None:
    await sell(db, tenant)
    before = await read_what_is_shown(db, clone, tenant)
    await add_another_basis(superuser)
    async with db.tenant(tenant) as connection:
        await mark_days(connection, tenant, [day(1), day(60), day(61)])
    await work(db)
    after = await read_what_is_shown(db, clone, tenant)
    for name in before:
        assert after[name] == before[name], name
    await assert_rolled_up(superuser, tenant)


async def test_new_facts_change_the_sums_of_their_basis_only(
    db: Database, superuser: Superuser, tenant: UUID
) -> None:
    await sell(db, tenant)
    await add_another_basis(superuser)
    before = await read_by_touch(superuser)
    await send_touches(db, tenant, make_touch(channel="display", occurred_at=at(59)))
    await send_conversions(db, tenant, make_conversion(order_id="third", occurred_at=at(61)))
    await spend_money(db, tenant, day(1), 5)
    await work(db)
    await assert_rolled_up(superuser, tenant)
    await assert_sums_are_of_credits(db, tenant)
    assert len(before) > 12
    assert await read_by_touch(superuser) == before


async def test_retiring_a_model_deletes_its_sums_of_every_basis(
    db: Database, superuser: Superuser, tenant: UUID
) -> None:
    await sell(db, tenant)
    await add_another_basis(superuser)
    assert await superuser.fetch(_JOURNAL_BY_TOUCH)
    async with db.tenant(tenant) as connection:
        await define_models(connection, tenant, lookback_days=7)
    assert await read_by_touch(superuser) == []
    assert await superuser.fetch(_JOURNAL_BY_TOUCH) == []
    await work(db)
    await assert_rolled_up(superuser, tenant)
    await assert_sums_are_of_credits(db, tenant)
