"""Credit as a job: enqueued by the facts, done by a worker, and never stranded, whatever interleaves."""

from __future__ import annotations

import asyncio
from uuid import UUID

import pytest

from skeldir.attribution import define_models, tasks
from skeldir.attribution.kinds import CREDIT
from skeldir.attribution.tasks import CREDIT_KIND, enqueue_stranded_credit
from skeldir.db.locks import wait_for_lock
from skeldir.db.pool import Database
from skeldir.jobs import do_jobs
from tests.support.make import make_conversion, make_touch, send_conversions, send_touches
from tests.support.waiting import until_waiting_for_a_lock

KINDS = {CREDIT: CREDIT_KIND}


async def job_states(database: Database, tenant: UUID) -> list[str]:
    async with database.tenant(tenant) as connection:
        rows = await connection.fetch("SELECT state FROM jobs WHERE kind = $1 ORDER BY id", CREDIT)
    return [row["state"] for row in rows]


async def credited(database: Database, tenant: UUID) -> int:
    async with database.tenant(tenant) as connection:
        count: int = await connection.fetchval("SELECT count(*) FROM order_journeys")
    return count


async def marks(database: Database, tenant: UUID) -> int:
    async with database.tenant(tenant) as connection:
        count: int = await connection.fetchval("SELECT count(*) FROM dirty_orders")
    return count


async def test_an_order_enqueues_its_credit_and_a_worker_does_it(
    db: Database, tenant: UUID
) -> None:
    await send_touches(db, tenant, make_touch())
    assert await job_states(db, tenant) == []
    await send_conversions(db, tenant, make_conversion())
    assert await job_states(db, tenant) == ["ready"]
    await do_jobs(db, KINDS)
    assert (await credited(db, tenant), await marks(db, tenant)) == (1, 0)
    assert await job_states(db, tenant) == ["done"]


async def test_a_touch_enqueues_credit_only_if_it_reaches_an_order(
    db: Database, tenant: UUID
) -> None:
    await send_conversions(db, tenant, make_conversion())
    await do_jobs(db, KINDS)
    await send_touches(db, tenant, make_touch(journey_key="somebody else"))
    assert await job_states(db, tenant) == ["done"]
    await send_touches(db, tenant, make_touch())
    assert await job_states(db, tenant) == ["done", "ready"]


async def test_changed_models_enqueue_the_credit_of_all_orders(db: Database, tenant: UUID) -> None:
    await send_conversions(db, tenant, make_conversion())
    await do_jobs(db, KINDS)
    async with db.tenant(tenant) as connection:
        await define_models(connection, tenant, lookback_days=7)
    assert await job_states(db, tenant) == ["done", "ready"]


async def test_a_writer_that_relied_on_the_waiting_job_is_waited_for(
    db: Database, tenant: UUID
) -> None:
    """It saw the job waiting and enqueued none; the job is claimed before the writer commits."""
    await send_conversions(db, tenant, make_conversion())
    is_written, may_commit = asyncio.Event(), asyncio.Event()

    async def write_slowly() -> None:
        from skeldir.ingest import receive_conversions  # noqa: PLC0415 - only here
        from skeldir.tenants import load_profile  # noqa: PLC0415

        async with db.tenant(tenant) as connection:
            profile = await load_profile(connection, tenant)
            await receive_conversions(connection, profile, [make_conversion()], origin="slow")
            is_written.set()
            await may_commit.wait()

    writing = asyncio.create_task(write_slowly())
    await is_written.wait()
    working = asyncio.create_task(do_jobs(db, KINDS))
    await until_waiting_for_a_lock(db)
    assert not working.done()
    may_commit.set()
    await asyncio.gather(writing, working)
    assert await job_states(db, tenant) == ["done"]
    assert (await credited(db, tenant), await marks(db, tenant)) == (2, 0)


async def test_when_another_worker_credits_the_tenant_the_job_is_enqueued_again(
    db: Database, tenant: UUID
) -> None:
    await send_conversions(db, tenant, make_conversion())
    async with db.tenant(tenant) as connection:
        await wait_for_lock(connection, f"credit:{tenant}")
        await do_jobs(db, KINDS)
        assert await job_states(db, tenant) == ["done", "ready"]
    assert await marks(db, tenant) == 1
    async with asyncio.timeout(10):
        while await marks(db, tenant):
            await asyncio.sleep(0.05)
            await do_jobs(db, KINDS)
    assert (await credited(db, tenant), await marks(db, tenant)) == (1, 0)


async def test_a_tenant_whose_turn_is_over_is_enqueued_again(
    db: Database, tenant: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tasks, "LONGEST_TURN_S", -1.0)
    await send_conversions(db, tenant, make_conversion())
    await do_jobs(db, KINDS, budget_s=0.0)
    await do_jobs(db, KINDS, budget_s=0.05)
    assert (await job_states(db, tenant))[-1] == "ready"
    assert await marks(db, tenant) == 1
    monkeypatch.undo()
    await do_jobs(db, KINDS)
    assert (await credited(db, tenant), await marks(db, tenant)) == (1, 0)


async def test_the_sweep_enqueues_a_job_once_for_marks_without_one(
    db: Database, tenant: UUID, other_tenant: UUID
) -> None:
    await send_conversions(db, tenant, make_conversion())
    async with db.tenant(tenant) as connection:
        await connection.execute("DELETE FROM jobs")
    await enqueue_stranded_credit(db)
    await enqueue_stranded_credit(db)
    assert await job_states(db, tenant) == ["ready"]
    assert await job_states(db, other_tenant) == []


async def test_the_sweep_skips_a_tenant_whose_job_has_just_died(
    db: Database, tenant: UUID, other_tenant: UUID
) -> None:
    for one in (tenant, other_tenant):
        await send_conversions(db, one, make_conversion())
        async with db.tenant(one) as connection:
            await connection.execute("UPDATE jobs SET state = 'dead', finished_at = now()")
    async with db.tenant(other_tenant) as connection:
        await connection.execute("UPDATE jobs SET finished_at = now() - interval '11 minutes'")
    await enqueue_stranded_credit(db)
    assert await job_states(db, tenant) == ["dead"]
    assert await job_states(db, other_tenant) == ["dead", "ready"]
