"""At most one refresh of a view runs at a time, and its lock never outlives it."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from skeldir.clock import utc_now
from skeldir.db.lock_keys import lock_key
from skeldir.db.pool import Database, open_database
from skeldir.matviews import CANONICAL_VIEWS
from tests.conftest import Clone
from tests.support.refreshing import (
    VIEW,
    count_holders,
    held_up,
    read_log,
    refresh,
    superuser_of,
    until,
)

VECTOR = 7920967774874353777
SOURCES = Path(__file__).resolve().parents[2] / "src"
OTHERS = [view.name for view in CANONICAL_VIEWS if view.name != VIEW]

REFRESHES = """
import asyncio, sys
from skeldir.clock import utc_now
from skeldir.db.pool import open_database
from skeldir.matviews import refresh_view

async def main():
    async with open_database(sys.argv[1], pool_size=1, statement_timeout_ms=600_000) as database:
        await refresh_view(database, sys.argv[2], requested_at=utc_now())

asyncio.run(main())
"""


def test_the_key_of_a_lock_never_changes() -> None:
    """Two versions of the program that derive the key differently would not exclude each other."""
    assert lock_key("matview_refresh:mv_realtime_revenue:GLOBAL") == VECTOR
    keys = {lock_key(f"matview_refresh:{view.name}:GLOBAL") for view in CANONICAL_VIEWS}
    assert len(keys) == len(CANONICAL_VIEWS)
    assert all(-(2**63) <= key < 2**63 for key in keys)


async def is_held(clone: Clone) -> bool:
    return await count_holders(clone, VIEW) == 1


async def test_of_ten_concurrent_refreshes_exactly_one_succeeds(clone: Clone) -> None:
    async with open_database(clone.app_url, pool_size=10, statement_timeout_ms=30_000) as database:
        asked_at = utc_now()
        results = await asyncio.gather(
            *(refresh(database, VIEW, requested_at=asked_at) for _ in range(10))
        )
    assert Counter(result.outcome for result in results) == {
        "success": 1,
        "skipped_already_running": 9,
    }
    assert Counter(outcome for outcome, _ in await read_log(clone, VIEW)) == {
        "success": 1,
        "skipped_already_running": 9,
    }


async def test_while_one_refresh_runs_all_others_of_the_view_are_skipped_at_once(
    db: Database, clone: Clone
) -> None:
    async with open_database(clone.app_url, pool_size=5, statement_timeout_ms=30_000) as elsewhere:
        async with held_up(clone, VIEW):
            first = asyncio.create_task(refresh(db, VIEW))
            await until(lambda: is_held(clone))
            async with asyncio.timeout(5):
                others = await asyncio.gather(*(refresh(elsewhere, VIEW) for _ in range(9)))
            assert not first.done()
            assert await count_holders(clone, VIEW) == 1
        assert (await first).outcome == "success"
    assert {result.outcome for result in others} == {"skipped_already_running"}
    assert await count_holders(clone, VIEW) == 0


async def test_different_views_do_not_block_one_another(db: Database, clone: Clone) -> None:
    async with held_up(clone, VIEW):
        first = asyncio.create_task(refresh(db, VIEW))
        await until(lambda: is_held(clone))
        async with asyncio.timeout(10):
            others = await asyncio.gather(*(refresh(db, name) for name in OTHERS))
        assert [result.outcome for result in others] == ["success"] * len(OTHERS)
        assert not first.done()
    assert (await first).outcome == "success"


async def test_the_lock_is_released_after_an_error(db: Database, clone: Clone) -> None:
    async with held_up(clone, VIEW):
        assert (await refresh(db, VIEW, timeout_ms=50)).outcome == "failed"
        assert await count_holders(clone, VIEW) == 0
    assert (await refresh(db, VIEW)).outcome == "success"


async def test_the_lock_is_released_when_the_task_is_cancelled(db: Database, clone: Clone) -> None:
    async with held_up(clone, VIEW):
        task = asyncio.create_task(refresh(db, VIEW))
        await until(lambda: is_held(clone))
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await until(lambda: is_free(clone))
    assert (await refresh(db, VIEW)).outcome == "success"


async def is_free(clone: Clone) -> bool:
    return await count_holders(clone, VIEW) == 0


async def test_the_lock_is_released_when_the_server_ends_the_session(
    db: Database, clone: Clone
) -> None:
    async with held_up(clone, VIEW):
        task = asyncio.create_task(refresh(db, VIEW))
        await until(lambda: is_held(clone))
        async with superuser_of(clone) as superuser:
            await superuser.execute(
                """SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory'
                   AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"""
            )
        result = await task
        assert result.outcome == "failed"
        assert "was lost" in str(result.error)
        # The server notifies the client first, and releases the lock a moment later.
        await until(lambda: is_free(clone))
    assert [outcome for outcome, _ in await read_log(clone, VIEW)] == ["failed"]


async def test_kill_9_of_the_process_that_refreshes_releases_the_lock(
    db: Database, clone: Clone
) -> None:
    async with held_up(clone, VIEW):
        process = subprocess.Popen(  # noqa: ASYNC220 - fixed arguments; it is started, not waited for
            [sys.executable, "-c", REFRESHES, clone.app_url, VIEW],
            env={"PATH": os.defpath, "PYTHONPATH": str(SOURCES)},
        )
        try:
            await until(lambda: is_held(clone))
            assert (await refresh(db, VIEW)).outcome == "skipped_already_running"
        finally:
            process.send_signal(signal.SIGKILL)
            process.wait()
        # The table is still locked: the client's death ends the statement, which could not finish by itself.
        await until(lambda: is_free(clone), seconds=5)
    assert (await refresh(db, VIEW)).outcome == "success"
