"""A worker is killed while it deletes a tenant: another one continues where it stopped."""

from __future__ import annotations

import asyncio
import sys

import psycopg
import pytest

from skeldir.db.pool import Database
from tests.conftest import Clone
from tests.support.deleting import (
    JOB_AND_RECEIPT,
    ask_for_deletion,
    do_deletions,
    make_all_due,
    read_deletions,
    read_everything,
    relations_with,
    rows_of_others,
)
from tests.support.two_tenants import fill_two_tenants
from tests.support.waiting import until_waiting_for_table

_WORKER = """
import asyncio, sys
from skeldir.db.pool import open_database
from skeldir.ingest.tasks import DELETE
from skeldir.jobs import do_jobs

async def run():
    async with open_database(sys.argv[1], pool_size=3, statement_timeout_ms=30_000) as database:
        await do_jobs(database, {DELETE.name: DELETE})

asyncio.run(run())
"""


@pytest.mark.parametrize("table", ["attribution_events", "matview_refreshes", "tenants"])
async def test_a_deletion_killed_anywhere_is_continued(
    db: Database, clone: Clone, table: str
) -> None:
    """Killed while it deletes rows, refreshes a view, or ends: each case waits in the middle for a locked table."""
    mine, _ = await fill_two_tenants(db)
    before = read_everything(clone)
    await ask_for_deletion(clone, mine)
    with psycopg.connect(clone.superuser_url) as admin:
        admin.execute(f"LOCK TABLE {table} IN SHARE MODE".encode())
        process = await asyncio.create_subprocess_exec(sys.executable, "-c", _WORKER, clone.app_url)
        try:
            await until_waiting_for_table(admin, table)
        finally:
            process.kill()
            await process.wait()
    underway = (await read_deletions(clone, mine))[0]
    assert underway.ended_at is None
    for _ in range(500):
        make_all_due(clone)
        deletion = await do_deletions(db, clone, mine)
        if deletion.ended_at is not None:
            break
        await asyncio.sleep(0.01)
    after = read_everything(clone)
    assert relations_with(after, str(mine)) <= JOB_AND_RECEIPT
    assert rows_of_others(after, mine) == rows_of_others(before, mine)
    assert deletion.row_counts["attribution_events"] == 2
    assert deletion.is_intact
