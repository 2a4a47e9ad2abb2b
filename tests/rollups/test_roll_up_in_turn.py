"""A tenant that waits, fails or has a lot to do delays no other tenant's rollups."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from math import inf
from typing import TypeAlias

import asyncpg
import pytest

from skeldir.db.locks import wait_for_lock
from skeldir.db.pool import Database
from skeldir.rollups import mark_days, roll_up_in_turn
from skeldir.rollups.summing import DAYS_PER_TURN
from tests.conftest import Clone
from tests.support.make import DAY_0, make_conversion, make_tenant, send_conversions
from tests.support.refreshing import superuser_of

Superuser: TypeAlias = "asyncpg.Connection[asyncpg.Record]"


@pytest.fixture
async def superuser(clone: Clone) -> AsyncIterator[Superuser]:
    async with superuser_of(clone) as connection:
        yield connection


async def test_a_tenant_whose_roll_up_waits_or_fails_does_not_delay_the_others(
    db: Database, superuser: Superuser, caplog: pytest.LogCaptureFixture
) -> None:
    held, broken, well = [await make_tenant(db, name) for name in "ABC"]
    for owner in (held, broken, well):
        await send_conversions(db, owner, make_conversion())
    # A distributed table has no triggers, but it has checks.
    await superuser.execute(
        f"ALTER TABLE rollup_revenue_day ADD CONSTRAINT no_room CHECK (tenant_id <> '{broken}')"
    )
    async with db.tenant(held) as connection:
        await wait_for_lock(connection, f"rollup:{held}")
        assert not await roll_up_in_turn(db, deadline=inf)
    assert await superuser.fetchval("SELECT array_agg(tenant_id) FROM rollup_revenue_day") == [well]
    (failure,) = [
        r.getMessage() for r in caplog.records if r.getMessage().startswith("rollups.failed ")
    ]
    assert 'violates check constraint "no_room' in failure
    await superuser.execute("ALTER TABLE rollup_revenue_day DROP CONSTRAINT no_room")
    assert await roll_up_in_turn(db, deadline=inf)
    assert await superuser.fetchval("SELECT count(*) FROM dirty_days") == 0


async def test_a_tenant_with_many_days_gets_one_turn_when_time_is_up(
    db: Database, superuser: Superuser
) -> None:
    # The tenant with many days is first.
    many, few = sorted([await make_tenant(db, name) for name in "AB"])
    days = [DAY_0.date() + timedelta(days=number) for number in range(DAYS_PER_TURN + 1)]
    async with db.tenant(many) as connection:
        await mark_days(connection, many, days)
    await send_conversions(db, few, make_conversion())
    assert not await roll_up_in_turn(db, deadline=-inf)
    left = await superuser.fetch("SELECT tenant_id, count(*) FROM dirty_days GROUP BY 1")
    assert [tuple(row) for row in left] == [(many, 1)]
    assert await roll_up_in_turn(db, deadline=-inf)
