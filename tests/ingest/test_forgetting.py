"""Forgetting: a job deletes touches older than the tenant's retention, after the credit that needs them is written."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from uuid import UUID

import asyncpg
import pytest

from skeldir.attribution import retain_touches
from skeldir.clock import utc_now
from skeldir.db.locks import wait_for_lock
from skeldir.db.pool import Database
from skeldir.ingest import Forgotten, forget_now
from skeldir.ingest.forgetting import forget_old_touches
from skeldir.ingest.kinds import FORGET_TOUCHES
from skeldir.ingest.tasks import FORGET, SCAN, plan_daily
from skeldir.jobs import Job, LeaseLost, do_jobs, enqueue, enqueue_daily
from skeldir.jobs.claiming import claim_next_job
from skeldir.rollups import credit_lock
from skeldir.tenants import load_retention
from tests.support.credit import assert_ledger_is_credited, count_dirty, sum_by_channel
from tests.support.make import make_conversion, make_touch, send_conversions, send_touches
from tests.support.waiting import until_waiting_for_a_lock

KEPT_DAYS = 40
JOB_OF_YESTERDAY = """
    INSERT INTO jobs (tenant_id, id, kind, state, correlation_id, created_at, finished_at)
    VALUES ($1, gen_random_uuid(), $2, 'done', gen_random_uuid(), now() - interval '25 hours', now())"""


def ago(days: float) -> str:
    return (utc_now() - timedelta(days=days)).isoformat()


async def keep_touches(db: Database, tenant: UUID, days: int | None = KEPT_DAYS) -> None:
    async with db.tenant(tenant) as connection:
        await retain_touches(connection, tenant, days)


async def enqueue_forgetting(db: Database, tenant: UUID) -> None:
    async with db.tenant(tenant) as connection:
        assert await enqueue(connection, tenant, FORGET_TOUCHES)


async def claim_job(db: Database, tenant: UUID) -> Job:
    await enqueue_forgetting(db, tenant)
    job = await claim_next_job(db, {FORGET.name: FORGET})
    assert job is not None
    return job


async def fetch(db: Database, tenant: UUID, statement: str) -> list[object]:
    async with db.tenant(tenant) as connection:
        return [row[0] for row in await connection.fetch(statement)]


async def channels_left(db: Database, tenant: UUID) -> list[object]:
    return await fetch(
        db, tenant, "SELECT channel_code FROM attribution_events ORDER BY occurred_at"
    )


async def send_old_touches(db: Database, tenant: UUID) -> None:
    """Four touches: of 70, 60, 50 and 30 days ago."""
    await send_touches(
        db,
        tenant,
        make_touch(channel="display", occurred_at=ago(70)),
        make_touch(channel="email", occurred_at=ago(60)),
        make_touch(channel="sms", occurred_at=ago(50)),
        make_touch(channel="paid_search", occurred_at=ago(30)),
    )


async def test_a_job_deletes_only_the_old_touches_of_its_tenant(
    db: Database, tenant: UUID, other_tenant: UUID
) -> None:
    for one in (tenant, other_tenant):
        await send_old_touches(db, one)
    await keep_touches(db, tenant)
    await enqueue_forgetting(db, tenant)
    assert not await do_jobs(db, {FORGET_TOUCHES: FORGET})
    assert await channels_left(db, tenant) == ["paid_search"]
    assert len(await channels_left(db, other_tenant)) == 4
    assert await fetch(
        db, tenant, "SELECT state FROM jobs WHERE kind = 'ingest.forget_touches'"
    ) == ["done"]
    async with db.tenant(tenant) as connection:
        forgotten_before = (await load_retention(connection, tenant)).touches_forgotten_before
    assert forgotten_before is not None
    midnight = utc_now().replace(hour=0, minute=0, second=0, microsecond=0)
    assert abs(midnight - timedelta(days=KEPT_DAYS) - forgotten_before) <= timedelta(days=1)


@pytest.mark.parametrize("has_rule", [True, False])
async def test_touches_that_are_kept_for_ever_stay(
    db: Database, tenant: UUID, has_rule: bool
) -> None:
    await send_old_touches(db, tenant)
    if has_rule:
        await keep_touches(db, tenant, None)
    job = await claim_job(db, tenant)
    assert await forget_old_touches(db, tenant, job=job) == 0
    assert job.is_finished
    assert len(await channels_left(db, tenant)) == 4


async def test_orders_that_wait_are_credited_from_all_touches_first(
    db: Database, tenant: UUID
) -> None:
    await send_old_touches(db, tenant)
    await send_conversions(db, tenant, make_conversion(amount_cents=900, occurred_at=ago(45)))
    await keep_touches(db, tenant)
    assert await count_dirty(db, tenant) == 1
    assert await forget_old_touches(db, tenant, job=await claim_job(db, tenant)) == 3
    assert await sum_by_channel(db, tenant) == {"display": 300, "email": 300, "sms": 300}
    await assert_ledger_is_credited(db, tenant)


async def test_very_many_touches_are_deleted_in_steps_that_each_hold_the_job(
    db: Database, tenant: UUID
) -> None:
    await send_old_touches(db, tenant)
    await keep_touches(db, tenant)
    job = await claim_job(db, tenant)
    assert await forget_old_touches(db, tenant, job=job, most=2) == 3
    assert job.is_finished


async def test_a_worker_that_lost_the_job_deletes_nothing_and_the_next_one_continues(
    db: Database, tenant: UUID
) -> None:
    await send_old_touches(db, tenant)
    await keep_touches(db, tenant)
    lost = await claim_job(db, tenant)
    async with db.tenant(tenant) as connection:
        await connection.execute("UPDATE jobs SET lease_until = now() - interval '1 second'")
    job = await claim_next_job(db, {FORGET.name: FORGET})
    assert job is not None
    with pytest.raises(LeaseLost):
        await forget_old_touches(db, tenant, job=lost, most=2)
    assert len(await channels_left(db, tenant)) == 4
    assert await forget_old_touches(db, tenant, job=job, most=2) == 3


async def test_forgetting_waits_for_the_credit_that_is_being_written(
    db: Database, tenant: UUID
) -> None:
    await send_old_touches(db, tenant)
    await send_conversions(db, tenant, make_conversion(amount_cents=900, occurred_at=ago(45)))
    await keep_touches(db, tenant)
    job = await claim_job(db, tenant)
    async with db.tenant(tenant) as connection:
        await wait_for_lock(connection, credit_lock(tenant))
        forgetting = asyncio.create_task(forget_old_touches(db, tenant, job=job))
        await asyncio.sleep(0.2)  # time in which it must not continue
        assert len(await channels_left(db, tenant)) == 4
    assert await forgetting == 3
    assert await sum_by_channel(db, tenant) == {"display": 300, "email": 300, "sms": 300}


async def test_no_touch_is_deleted_while_a_credit_run_may_be_reading_it(
    db: Database, tenant: UUID
) -> None:
    await send_old_touches(db, tenant)
    await keep_touches(db, tenant)
    job = await claim_job(db, tenant)
    async with db.tenant(tenant) as connection:
        await wait_for_lock(connection, credit_lock(tenant))
        forgetting = asyncio.create_task(forget_old_touches(db, tenant, job=job))
        await until_waiting_for_a_lock(db)
        assert len(await channels_left(db, tenant)) == 4
    assert await forgetting == 3


async def test_touches_cannot_be_deleted_in_any_other_way(db: Database, tenant: UUID) -> None:
    await send_old_touches(db, tenant)
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await fetch(db, tenant, "DELETE FROM attribution_events RETURNING id")


async def daily_jobs(db: Database, tenant: UUID) -> list[object]:
    return await fetch(db, tenant, "SELECT kind FROM jobs ORDER BY kind")


async def test_every_tenant_gets_both_jobs_once_a_day(
    db: Database, tenant: UUID, other_tenant: UUID
) -> None:
    await plan_daily(db)
    await plan_daily(db)
    for one in (tenant, other_tenant):
        assert await daily_jobs(db, one) == [FORGET.name, SCAN.name]
    await do_jobs(db, {kind.name: kind for kind in (FORGET, SCAN)})
    assert set(await fetch(db, tenant, "SELECT state FROM jobs")) == {"done"}
    await plan_daily(db)
    assert len(await daily_jobs(db, tenant)) == 2


async def test_a_job_of_yesterday_is_enqueued_again(db: Database, tenant: UUID) -> None:
    async with db.tenant(tenant) as connection:
        await connection.execute(JOB_OF_YESTERDAY, tenant, FORGET.name)
    assert await enqueue_daily(db, FORGET.name, most=10) == 1
    assert await enqueue_daily(db, FORGET.name, most=10) == 0
    assert FORGET.keep_done_s > 24 * 3600 < SCAN.keep_done_s


async def test_the_number_of_tenants_planned_for_at_once_is_limited(
    db: Database, tenant: UUID, other_tenant: UUID
) -> None:
    assert await enqueue_daily(db, FORGET.name, most=1) == 1
    assert await enqueue_daily(db, FORGET.name, most=5) == 1
    assert len(await daily_jobs(db, tenant)) == len(await daily_jobs(db, other_tenant)) == 1


async def test_forgetting_that_would_wait_long_yields_to_others_and_is_enqueued_again(
    db: Database, tenant: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("skeldir.ingest.forgetting.LONGEST_TURN_S", 0.0)
    await send_old_touches(db, tenant)
    await send_conversions(db, tenant, make_conversion(amount_cents=900, occurred_at=ago(45)))
    await keep_touches(db, tenant)
    job = await claim_job(db, tenant)
    async with db.tenant(tenant) as connection:
        await wait_for_lock(connection, credit_lock(tenant))
        assert await forget_old_touches(db, tenant, job=job) == 0
    assert await fetch(
        db, tenant, "SELECT state FROM jobs WHERE kind = 'ingest.forget_touches' ORDER BY id"
    ) == ["done", "ready"]
    assert len(await channels_left(db, tenant)) == 4


@pytest.mark.parametrize("has_rule", [True, False])
async def test_forgetting_now_applies_the_rule_and_credits_first(
    db: Database, tenant: UUID, other_tenant: UUID, has_rule: bool
) -> None:
    for one in (tenant, other_tenant):
        await send_old_touches(db, one)
        await send_conversions(db, one, make_conversion(amount_cents=900, occurred_at=ago(45)))
    await keep_touches(db, tenant, KEPT_DAYS if has_rule else None)
    await keep_touches(db, other_tenant)
    gone = await forget_now(db, tenant)
    assert gone == (Forgotten(3, 0, 0, KEPT_DAYS) if has_rule else Forgotten(0, 0, 0, None))
    assert len(await channels_left(db, tenant)) == (1 if has_rule else 4)
    assert len(await channels_left(db, other_tenant)) == 4
    if has_rule:
        assert await sum_by_channel(db, tenant) == {"display": 300, "email": 300, "sms": 300}
        assert await forget_now(db, tenant) == Forgotten(0, 0, 0, KEPT_DAYS)
