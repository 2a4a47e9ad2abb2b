"""Money beyond a bigint stops the sums of its own tenant, and of no other."""

from __future__ import annotations

import logging
from datetime import date
from uuid import UUID

import pytest

from skeldir.db.pool import Database
from skeldir.observability.context import current_tenant_id
from skeldir.rollups import mark_days, roll_up_dirty_days
from tests.conftest import Clone
from tests.support.make import DAY_0, make_conversion, make_tenant, send_conversions
from tests.support.refreshing import superuser_of


async def post_huge(db: Database, tenant: UUID, *days: date) -> None:
    """Add captures to the ledger, one for each of `days`; two on the same day exceed the sum of a day."""
    async with db.tenant(tenant) as connection:
        await connection.executemany(
            """INSERT INTO revenue_ledger (tenant_id, id, business_key, order_id, kind, amount_cents, currency,
                                           occurred_at, source)
               VALUES ($1, gen_random_uuid(), gen_random_uuid()::text, gen_random_uuid()::text, 'capture',
                       6 * 10::bigint ^ 18, 'USD', $2::date::timestamp AT TIME ZONE 'UTC', 'test')""",
            [(tenant, day) for day in days],
        )
        await mark_days(connection, tenant, days)


async def test_a_tenant_whose_sums_overflow_is_logged_and_does_not_delay_the_others(
    db: Database, clone: Clone, caplog: pytest.LogCaptureFixture
) -> None:
    tenants = [await make_tenant(db, name) for name in "ABC"]
    # Tenants are rolled up in the order of their ids: there are others before and after it.
    before, huge, after = sorted(tenants)
    for owner in (before, after):
        await send_conversions(db, owner, make_conversion())
    await post_huge(db, huge, DAY_0.date(), DAY_0.date())
    tenants_told: list[UUID | None] = []

    def note(record: logging.LogRecord) -> bool:
        if record.getMessage().startswith("rollups.overflowed"):
            tenants_told.append(current_tenant_id())
            assert record.levelno == logging.ERROR
        return True

    caplog.handler.addFilter(note)
    assert await roll_up_dirty_days(db) == 2
    assert tenants_told == [huge]
    assert current_tenant_id() is None
    async with superuser_of(clone) as superuser:
        summed = await superuser.fetch(
            "SELECT tenant_id, amount_cents FROM rollup_revenue_day ORDER BY 1"
        )
        waiting = await superuser.fetch("SELECT DISTINCT tenant_id FROM dirty_days")
    assert [tuple(row) for row in summed] == [(before, 10_000), (after, 10_000)]
    assert [tuple(row) for row in waiting] == [(huge,)]
    assert await roll_up_dirty_days(db, tenant_id=huge) == 0
    assert tenants_told == [huge, huge]
