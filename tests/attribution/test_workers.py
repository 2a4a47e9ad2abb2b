"""More than one worker, and workers that die: every order is credited, and none twice."""

from __future__ import annotations

import asyncio
import sys
from uuid import UUID

import psycopg

from skeldir.attribution import (
    credit_dirty_orders,
)
from skeldir.attribution.bounds import Bounds
from skeldir.db.locks import try_lock
from skeldir.db.pool import Database, open_database
from tests.conftest import Clone
from tests.support.credit import (
    assert_ledger_is_credited,
    count_dirty,
    read_credits,
    rebuild_credits,
)
from tests.support.make import (
    make_conversion,
    make_touch,
    send_conversions,
    send_touches,
)
from tests.support.waiting import until_waiting_for_table

TOGETHER = 300
SOME_TOGETHER = Bounds(orders_at_once=TOGETHER)
ORDERS = TOGETHER + 200
"""So many that a run needs two transactions."""


async def make_work(db: Database, tenant: UUID) -> None:
    """Send ORDERS orders of different journeys, each with a touch of email."""
    journeys = [f"visitor-{number}" for number in range(ORDERS)]
    await send_touches(db, tenant, *(make_touch(journey_key=key) for key in journeys))
    await send_conversions(db, tenant, *(make_conversion(journey_key=key) for key in journeys))


async def test_two_runs_at_once_credit_no_order_twice(
    clone: Clone, db: Database, tenant: UUID
) -> None:
    await make_work(db, tenant)
    async with open_database(clone.app_url, pool_size=2, statement_timeout_ms=30_000) as other:
        reports = await asyncio.gather(
            credit_dirty_orders(db, bounds=SOME_TOGETHER),
            credit_dirty_orders(other, bounds=SOME_TOGETHER),
        )
    assert sum(report.orders for report in reports) == ORDERS
    assert any(report.is_complete for report in reports)
    incremental = await read_credits(db, tenant)
    await assert_ledger_is_credited(db, tenant)
    assert incremental == await rebuild_credits(db, tenant)


async def test_a_run_that_finds_another_running_reports_it_and_changes_nothing(
    db: Database, tenant: UUID, other_tenant: UUID
) -> None:
    for owner in (tenant, other_tenant):
        await send_conversions(db, owner, make_conversion())
    async with db.tenant(tenant) as busy:
        assert await try_lock(busy, f"credit:{tenant}")
        report = await credit_dirty_orders(db)
        assert (report.orders, report.is_complete) == (1, False)
        assert await count_dirty(db, tenant) == 1
    assert (await credit_dirty_orders(db)).is_complete
    await assert_ledger_is_credited(db, tenant)
    await assert_ledger_is_credited(db, other_tenant)


_RUN_IN_ANOTHER_PROCESS = """
import asyncio, sys
from skeldir.attribution import credit_dirty_orders
from skeldir.attribution.bounds import Bounds
from skeldir.db.pool import open_database

def stop_after_a_transaction(orders):
    sys.stdout.write(f"{orders}\\n")
    sys.stdout.flush()
    sys.stdin.readline()

async def run():
    async with open_database(sys.argv[1], pool_size=2, statement_timeout_ms=30_000) as database:
        await credit_dirty_orders(
            database, progress=stop_after_a_transaction, bounds=Bounds(orders_at_once=int(sys.argv[2]))
        )

asyncio.run(run())
"""


async def test_a_run_killed_in_the_middle_loses_nothing_and_repeats_nothing(
    clone: Clone, db: Database, tenant: UUID
) -> None:
    await make_work(db, tenant)
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        _RUN_IN_ANOTHER_PROCESS,
        clone.app_url,
        str(TOGETHER),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        first = int(await process.stdout.readline())
        # The second transaction deletes its marks and then stops, because it cannot write here.
        with psycopg.connect(clone.superuser_url) as admin:
            admin.execute("LOCK TABLE order_journeys IN SHARE MODE")
            process.stdin.write(b"\n")
            await until_waiting_for_table(admin, "order_journeys")
            process.kill()
            await process.wait()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert first == TOGETHER
    # The server takes a moment to notice that its client is gone, and then releases the run's lock.
    for _ in range(500):
        report = await credit_dirty_orders(db)
        if report.is_complete:
            break
        await asyncio.sleep(0.01)
    assert report.orders == ORDERS - TOGETHER
    incremental = await read_credits(db, tenant)
    await assert_ledger_is_credited(db, tenant)
    assert incremental == await rebuild_credits(db, tenant)
