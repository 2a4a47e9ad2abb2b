"""Credit as a job: asked for by the facts, done by a worker, and nothing stranded whatever interleaves."""

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


async def test_an_order_asks_for_its_credit_and_a_worker_gives_it(
    db: Database, tenant: UUID
) -> None:
    await send_touches(db, tenant, make_touch())
    assert await job_states(db, tenant) == []
    await send_conversions(db, tenant, make_conversion())
    assert await job_states(db, tenant) == ["ready"]
    await do_jobs(db, KINDS)
    assert (await credited(db, tenant), await marks(db, tenant)) == (1, 0)
    assert await job_states(db, tenant) == ["done"]


async def test_a_touch_that_reaches_an_order_asks_and_one_that_does_not_does_not(
    db: Database, tenant: UUID
) -> None:
    await send_conversions(db, tenant, make_conversion())
    await do_jobs(db, KINDS)
    await send_touches(db, tenant, make_touch(journey_key="somebody else"))
    assert await job_states(db, tenant) == ["done"]
    await send_touches(db, tenant, make_touch())
    assert await job_states(db, tenant) == ["done", "ready"]


async def test_other_models_ask_for_the_credit_of_all_orders(db: Database, tenant: UUID) -> None:
    await send_conversions(db, tenant, make_conversion())
    await do_jobs(db, KINDS)
    async with db.tenant(tenant) as connection:
        await define_models(connection, tenant, lookback_days=7)
    assert await job_states(db, tenant) == ["done", "ready"]


async def test_a_writer_that_relied_on_the_waiting_job_is_waited_for(
    db: Database, tenant: UUID
) -> None:
    """It saw the job waiting and asked for none; the job is claimed before the writer commits."""
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
    await asyncio.sleep(0.2)
    assert not working.done()
    may_commit.set()
    await asyncio.gather(writing, working)
    assert await job_states(db, tenant) == ["done"]
    assert (await credited(db, tenant), await marks(db, tenant)) == (2, 0)


async def test_when_somebody_else_credits_the_tenant_the_job_comes_again(
    db: Database, tenant: UUID
) -> None:
    await send_conversions(db, tenant, make_conversion())
    async with db.tenant(tenant) as connection:
        await wait_for_lock(connection, f"credit:{tenant}")
        await do_jobs(db, KINDS)
        assert await job_states(db, tenant) == ["done", "ready"]
    assert await marks(db, tenant) == 1
    await asyncio.sleep(0.6)
    await do_jobs(db, KINDS)
    assert (await credited(db, tenant), await marks(db, tenant)) == (1, 0)


async def test_a_tenant_whose_turn_is_over_comes_again(
    db: Database, tenant: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tasks, "_LONGEST_TURN_S", -1.0)
    await send_conversions(db, tenant, make_conversion())
    await do_jobs(db, KINDS, budget_s=0.0)
    await do_jobs(db, KINDS, budget_s=0.05)
    assert (await job_states(db, tenant))[-1] == "ready"
    assert await marks(db, tenant) == 1
    monkeypatch.undo()
    await do_jobs(db, KINDS)
    assert (await credited(db, tenant), await marks(db, tenant)) == (1, 0)


async def test_the_sweep_asks_for_marks_without_a_job_and_only_once(
    db: Database, tenant: UUID, other_tenant: UUID
) -> None:
    await send_conversions(db, tenant, make_conversion())
    async with db.tenant(tenant) as connection:
        await connection.execute("DELETE FROM jobs")
    await enqueue_stranded_credit(db)
    await enqueue_stranded_credit(db)
    assert await job_states(db, tenant) == ["ready"]
    assert await job_states(db, other_tenant) == []


async def test_the_sweep_leaves_a_tenant_alone_whose_job_has_just_died(
    db: Database, tenant: UUID, other_tenant: UUID
) -> None:
    for somebody in (tenant, other_tenant):
        await send_conversions(db, somebody, make_conversion())
        async with db.tenant(somebody) as connection:
            await connection.execute("UPDATE jobs SET state = 'dead', finished_at = now()")
    async with db.tenant(other_tenant) as connection:
        await connection.execute("UPDATE jobs SET finished_at = now() - interval '11 minutes'")
    await enqueue_stranded_credit(db)
    assert await job_states(db, tenant) == ["dead"]
    assert await job_states(db, other_tenant) == ["dead", "ready"]
