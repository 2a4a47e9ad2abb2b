"""Jobs as rows: enqueued with what needs them, claimed by one, ended with their effect, repaired after any end."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

import asyncpg
import pytest

from skeldir.attribution.kinds import CREDIT
from skeldir.db.pool import Database, open_database
from skeldir.errors import InputInvalid
from skeldir.jobs import NO_TENANT, Job, JobKind, LeaseLost, do_jobs, enqueue
from skeldir.jobs.claiming import claim_next_job, list_claimable_kinds
from skeldir.jobs.work import describe_fault, run_job
from skeldir.matviews.kinds import REFRESH
from skeldir.observability.context import current_correlation_id, work_context
from skeldir.wakeups.sweep import wake_for_waiting_jobs
from tests.conftest import Clone
from tests.support.make import make_tenant

if TYPE_CHECKING:
    from skeldir.db.pool import Connection


async def enqueue_job(
    database: Database, tenant: UUID, kind: str = CREDIT, **options: object
) -> UUID | None:
    async with database.tenant(tenant) as connection:
        return await enqueue(connection, tenant, kind, **options)  # type: ignore[arg-type]


async def enqueue_and_fail(database: Database, tenant: UUID) -> None:
    async with database.tenant(tenant) as connection:
        await enqueue(connection, tenant, CREDIT)
        _ = 1 / 0


async def write_an_effect_and(
    database: Database, tenant: UUID, act: Callable[[Connection], Awaitable[None]]
) -> None:
    async with database.tenant(tenant) as connection:
        await connection.execute(
            "INSERT INTO dirty_orders (tenant_id, order_id) VALUES ($1, 'late')", tenant
        )
        await act(connection)


async def rows(database: Database, tenant: UUID) -> list[asyncpg.Record]:
    async with database.tenant(tenant) as connection:
        return await connection.fetch("SELECT * FROM jobs ORDER BY created_at, id")


async def let_lease_run_out(database: Database, tenant: UUID) -> None:
    async with database.tenant(tenant) as connection:
        await connection.execute(
            "UPDATE jobs SET lease_until = now() - interval '1 second' WHERE state = 'running'"
        )


async def claim(database: Database, kind: JobKind) -> Job:
    """Claim a job of which there must be one."""
    job = await claim_next_job(database, {kind.name: kind})
    assert job is not None
    return job


async def is_any_claimable(database: Database) -> bool:
    return await list_claimable_kinds(database, [CREDIT, REFRESH]) != frozenset()


async def do_nothing(_: Database, __: Job) -> None:
    return None


def kind_of(
    run: Callable[[Database, Job], Awaitable[None]] = do_nothing, **options: object
) -> JobKind:
    return JobKind(CREDIT, run, **options)  # type: ignore[arg-type]


async def test_a_job_is_there_only_if_its_transaction_was_committed(
    db: Database, tenant: UUID
) -> None:
    with pytest.raises(ZeroDivisionError):
        await enqueue_and_fail(db, tenant)
    assert not await is_any_claimable(db)
    job_id = await enqueue_job(db, tenant)
    job = await claim(db, kind_of())
    assert (job.tenant_id, job.job_id, job.kind) == (tenant, job_id, CREDIT)


async def test_workers_are_woken_after_the_commit_and_not_after_a_rollback(
    clone: Clone,
) -> None:
    woken: list[frozenset[str]] = []
    async with open_database(
        clone.app_url, pool_size=1, statement_timeout_ms=5_000, wake=woken.append
    ) as database:
        tenant = await make_tenant(database, "A")
        woken.clear()
        with pytest.raises(ZeroDivisionError):
            await enqueue_and_fail(database, tenant)
        async with database.tenant(tenant) as connection:
            await connection.execute("SELECT 1")
        assert woken == []
        async with database.tenant(tenant) as connection:
            await enqueue(connection, tenant, CREDIT)
            assert woken == []
        assert woken == [frozenset({CREDIT})]


async def test_an_equal_job_that_waits_serves_for_both_and_a_running_one_does_not(
    db: Database, tenant: UUID
) -> None:
    assert await enqueue_job(db, tenant) is not None
    assert await enqueue_job(db, tenant) is None
    await claim(db, kind_of())
    assert await enqueue_job(db, tenant) is not None


async def test_other_arguments_other_kinds_and_other_tenants_are_other_jobs(
    db: Database, tenant: UUID, other_tenant: UUID
) -> None:
    enqueued = [
        await enqueue_job(db, tenant),
        await enqueue_job(db, tenant, arguments={"a": 1}),
        await enqueue_job(db, tenant, arguments={"a": 2}),
        await enqueue_job(db, tenant, REFRESH),
        await enqueue_job(db, other_tenant),
        await enqueue_job(db, NO_TENANT),
    ]
    assert None not in enqueued
    assert [len(await rows(db, whose)) for whose in (tenant, other_tenant, NO_TENANT)] == [4, 1, 1]


async def test_a_later_job_does_not_stand_in_for_one_that_is_wanted_now(
    db: Database, tenant: UUID
) -> None:
    assert await enqueue_job(db, tenant, delay_s=60.0) is not None
    assert await enqueue_job(db, tenant) is not None
    assert await enqueue_job(db, tenant, delay_s=90.0) is None


async def test_arguments_with_personal_keys_are_refused_by_the_database(
    db: Database, tenant: UUID
) -> None:
    with pytest.raises(asyncpg.CheckViolationError, match="personal_keys"):
        await enqueue_job(db, tenant, arguments={"deep": [{"e-mail": "x"}]})


async def test_a_job_is_done_once_however_many_workers_look(db: Database, tenant: UUID) -> None:
    done: list[UUID] = []

    async def note(_: Database, job: Job) -> None:
        done.append(job.job_id)
        await asyncio.sleep(0.01)  # a job that takes its time

    wanted = [await enqueue_job(db, tenant, arguments={"n": n}) for n in range(20)]
    await asyncio.gather(*(do_jobs(db, {CREDIT: kind_of(note)}) for _ in range(3)))
    assert sorted(map(str, done)) == sorted(map(str, wanted))
    assert {row["state"] for row in await rows(db, tenant)} == {"done"}


async def test_the_effect_and_the_end_of_a_job_are_one_transaction(
    db: Database, tenant: UUID
) -> None:
    runs = 0

    async def fail_after_finishing(database: Database, job: Job) -> None:
        nonlocal runs
        runs += 1
        async with database.tenant(tenant) as connection:
            await connection.execute(
                "INSERT INTO dirty_orders (tenant_id, order_id) VALUES ($1, 'effect')", tenant
            )
            await job.finish(connection)
            if runs == 1:
                raise InputInvalid("No.", cure="None.")

    await enqueue_job(db, tenant)
    kind = kind_of(fail_after_finishing)
    await run_job(db, kind, await claim(db, kind))
    (row,) = await rows(db, tenant)
    assert (row["state"], row["error"]) == ("ready", "input_invalid: No.")
    async with db.tenant(tenant) as connection:
        assert await connection.fetchval("SELECT count(*) FROM dirty_orders") == 0
        await connection.execute("UPDATE jobs SET run_at = now()")
    await run_job(db, kind, await claim(db, kind))
    async with db.tenant(tenant) as connection:
        assert await connection.fetchval("SELECT count(*) FROM dirty_orders") == 1
    (row,) = await rows(db, tenant)
    assert (row["state"], row["attempts"], row["error"]) == ("done", 2, None)


async def test_who_lost_the_lease_can_neither_end_the_job_nor_commit_its_effect(
    db: Database, tenant: UUID
) -> None:
    await enqueue_job(db, tenant)
    kind = kind_of()
    first = await claim(db, kind)
    await let_lease_run_out(db, tenant)
    second = await claim(db, kind)
    assert (first.job_id, second.attempts) == (second.job_id, 2)
    for act in (first.hold, first.finish):
        with pytest.raises(LeaseLost):
            await write_an_effect_and(db, tenant, act)
    async with db.tenant(tenant) as connection:
        assert await connection.fetchval("SELECT count(*) FROM dirty_orders") == 0
        await second.finish(connection)
    assert [row["state"] for row in await rows(db, tenant)] == ["done"]


async def test_a_job_is_stopped_when_its_lease_is_lost_while_it_runs(
    db: Database, tenant: UUID
) -> None:
    was_stopped = False

    async def run_long(database: Database, job: Job) -> None:
        nonlocal was_stopped
        async with database.tenant(tenant) as connection:
            await connection.execute("UPDATE jobs SET token = gen_random_uuid()")
        try:
            await asyncio.sleep(5)  # a job that takes longer than its lease
        except asyncio.CancelledError:
            was_stopped = True
            raise

    await enqueue_job(db, tenant)
    kind = kind_of(run_long, lease_s=0.3)
    await run_job(db, kind, await claim(db, kind))
    assert was_stopped
    assert [row["state"] for row in await rows(db, tenant)] == ["running"]


async def test_the_lease_is_kept_while_a_job_runs_longer_than_it(
    db: Database, tenant: UUID
) -> None:
    async def run_long(_: Database, __: Job) -> None:
        await asyncio.sleep(0.9)  # likewise

    await enqueue_job(db, tenant)
    kind = kind_of(run_long, lease_s=0.3)
    running = asyncio.create_task(do_jobs(db, {CREDIT: kind}))
    for _ in range(8):
        await asyncio.sleep(0.1)
        assert not await is_any_claimable(db)
    await running
    assert [(row["state"], row["attempts"]) for row in await rows(db, tenant)] == [("done", 1)]


async def test_a_failed_job_waits_longer_each_time_and_dies_at_the_last(
    db: Database, tenant: UUID
) -> None:
    async def fail(_: Database, __: Job) -> None:
        raise InputInvalid("No.", cure="None.")

    await enqueue_job(db, tenant)
    kind = kind_of(fail, attempts=3)
    waits = []
    for _ in range(3):
        await run_job(db, kind, await claim(db, kind))
        async with db.tenant(tenant) as connection:
            waits.append(
                await connection.fetchval(
                    "SELECT extract(epoch FROM run_at - now())::float8 FROM jobs"
                )
            )
            await connection.execute("UPDATE jobs SET run_at = now() WHERE state = 'ready'")
    (row,) = await rows(db, tenant)
    assert (row["state"], row["attempts"], row["error"]) == ("dead", 3, "input_invalid: No.")
    assert 0.9 < waits[0] < 3.1
    assert 1.9 < waits[1] < 6.1
    assert not await is_any_claimable(db)


async def test_a_job_that_kills_its_worker_every_time_dies_too(db: Database, tenant: UUID) -> None:
    await enqueue_job(db, tenant)
    kind = kind_of(attempts=2)
    for _ in range(2):
        await claim(db, kind)
        await let_lease_run_out(db, tenant)
    assert await claim_next_job(db, {CREDIT: kind}) is None
    (row,) = await rows(db, tenant)
    assert (row["state"], row["attempts"]) == ("dead", 2)
    assert row["error"].startswith("lease_expired")


async def test_a_job_that_was_lost_keeps_its_place_before_later_ones(
    db: Database, tenant: UUID
) -> None:
    first = await enqueue_job(db, tenant, arguments={"n": 1})
    kind = kind_of()
    await claim(db, kind)
    await enqueue_job(db, tenant, arguments={"n": 2})
    await let_lease_run_out(db, tenant)
    assert (await claim(db, kind)).job_id == first


async def test_the_sweep_wakes_for_what_is_due_and_for_nothing_else(
    clone: Clone,
) -> None:
    woken: list[frozenset[str]] = []
    async with open_database(
        clone.app_url, pool_size=1, statement_timeout_ms=5_000, wake=woken.append
    ) as database:
        tenant = await make_tenant(database, "A")
        await do_jobs(database, {CREDIT: kind_of()})
        woken.clear()
        await enqueue_job(database, tenant, REFRESH, delay_s=60.0)
        await wake_for_waiting_jobs(database)
        assert woken == []
        await enqueue_job(database, tenant)
        woken.clear()
        await wake_for_waiting_jobs(database)
        assert woken == [frozenset({CREDIT})]


async def test_done_jobs_go_after_a_while_and_dead_ones_stay(db: Database, tenant: UUID) -> None:
    kind = kind_of()
    for n in range(2):
        await enqueue_job(db, tenant, arguments={"n": n})
    await do_jobs(db, {CREDIT: kind})
    async with db.tenant(tenant) as connection:
        await connection.execute("UPDATE jobs SET finished_at = now() - interval '2 hours'")
        await connection.execute("UPDATE jobs SET state = 'dead' WHERE arguments = '{\"n\": 0}'")
    await enqueue_job(db, tenant, arguments={"n": 2})
    await do_jobs(db, {CREDIT: kind})
    assert sorted((r["state"], r["arguments"]) for r in await rows(db, tenant)) == [
        ("dead", '{"n": 0}'),
        ("done", '{"n": 2}'),
    ]


async def test_a_job_carries_the_correlation_id_of_the_request_that_enqueued_it(
    db: Database, tenant: UUID
) -> None:
    seen: list[UUID | None] = []

    async def look(_: Database, __: Job) -> None:
        seen.append(current_correlation_id())

    correlation_id = uuid4()
    with work_context(correlation_id):
        await enqueue_job(db, tenant)
    await do_jobs(db, {CREDIT: kind_of(look)})
    assert seen == [correlation_id]
    assert current_correlation_id() is None


async def test_what_is_kept_of_a_fault_quotes_no_value(db: Database, tenant: UUID) -> None:
    with pytest.raises(asyncpg.PostgresError) as fault:
        async with db.tenant(tenant) as connection:
            await connection.execute("SELECT 'bob@example.com'::uuid")
    assert describe_fault(fault.value) == "InvalidTextRepresentationError (SQLSTATE 22P02)"
    assert describe_fault(ValueError("bob@example.com")) == "ValueError"


async def test_time_that_is_up_says_that_more_may_be_left(db: Database, tenant: UUID) -> None:
    async def run_for_a_while(_: Database, __: Job) -> None:
        await asyncio.sleep(0.05)  # a job that takes most of the time there is

    for n in range(4):
        await enqueue_job(db, tenant, arguments={"n": n})
    assert await do_jobs(db, {CREDIT: kind_of(run_for_a_while)}, budget_s=0.08) is True
    assert await do_jobs(db, {CREDIT: kind_of(run_for_a_while)}) is False


async def test_a_lease_that_could_not_be_extended_in_time_does_not_end_the_job(
    clone: Clone,
) -> None:
    """The row is held by somebody else for longer than a statement may take."""
    async with open_database(clone.app_url, pool_size=4, statement_timeout_ms=200) as database:
        tenant = await make_tenant(database, "A")

        async def hold_the_row(_: Database, job: Job) -> None:
            async with database.tenant(tenant) as connection:
                await job.hold(connection)
                await asyncio.sleep(0.8)  # longer than the lease

        await enqueue_job(database, tenant)
        kind = kind_of(hold_the_row, lease_s=0.6)
        await run_job(database, kind, await claim(database, kind))
        assert [row["state"] for row in await rows(database, tenant)] == ["done"]
