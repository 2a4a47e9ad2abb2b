"""Pulses: due by a table, taken by one process, as old as their last success."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from uuid import UUID

import asyncpg
from prometheus_client import REGISTRY

from skeldir.attribution.kinds import CREDIT
from skeldir.db.pool import Database, open_database
from skeldir.jobs import Pulse, enqueue
from skeldir.observability.metrics import PULSES
from skeldir.wakeups.gauges import sample_processes
from skeldir.wakeups.pulses import PulseRunner, claim_due_pulses, register_pulses
from skeldir.worker import SCHEDULE
from tests.conftest import Clone


async def do_nothing(_: Database) -> None:
    pass


def pulse(
    name: str = "test.pulse",
    every_s: float = 10,
    run: Callable[[Database], Awaitable[None]] = do_nothing,
) -> Pulse:
    return Pulse(name, every_s, run)


async def row(db: Database, name: str = "test.pulse") -> asyncpg.Record:
    async with db.statement() as connection:
        found = await connection.fetchrow(
            "SELECT *, extract(epoch FROM due_at - now()) AS due_s FROM pulses WHERE name = $1",
            name,
        )
    assert found is not None
    return found


async def let_pass(db: Database, seconds: float) -> None:
    """Let it be `seconds` later for all pulses."""
    async with db.statement() as connection:
        await connection.execute(
            "UPDATE pulses SET due_at = due_at - make_interval(secs => $1),"
            " ended_at = ended_at - make_interval(secs => $1)",
            seconds,
        )


@asynccontextmanager
async def running(db: Database, *pulses: Pulse, patience: float = 0) -> AsyncIterator[None]:
    async def give() -> Database:
        return db

    await register_pulses(db, pulses)
    runner = asyncio.create_task(PulseRunner(give, pulses, patience=patience).run())
    try:
        yield
    finally:
        runner.cancel()
        with suppress(asyncio.CancelledError):
            await runner


async def until(holds: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(10):
        while not await holds():  # noqa: ASYNC110 - it is the database that changes
            await asyncio.sleep(0.01)


async def test_a_pulse_is_due_at_once_when_it_is_new_and_then_once_a_period(db: Database) -> None:
    await register_pulses(db, [pulse()])
    assert (await claim_due_pulses(db, [pulse()], patience=0))[0] == ["test.pulse"]
    assert (await claim_due_pulses(db, [pulse()], patience=0))[0] == []
    await let_pass(db, 9.9)
    assert (await claim_due_pulses(db, [pulse()], patience=0))[0] == []
    await let_pass(db, 0.2)
    assert (await claim_due_pulses(db, [pulse()], patience=0))[0] == ["test.pulse"]
    assert 9 < (await row(db))["due_s"] < 10, "its next time follows the last one, not this moment"


async def test_a_pulse_that_many_find_due_is_taken_by_one(clone: Clone) -> None:
    async with open_database(clone.app_url, pool_size=10, statement_timeout_ms=5_000) as database:
        await register_pulses(database, [pulse()])
        for _ in range(5):
            taken = await asyncio.gather(
                *(claim_due_pulses(database, [pulse()], patience=0) for _ in range(10))
            )
            assert sum(names == ["test.pulse"] for names, _ in taken) == 1
            await let_pass(database, 10)


async def test_one_who_is_patient_takes_only_what_nobody_took_for_half_a_period(
    db: Database,
) -> None:
    await register_pulses(db, [pulse()])
    await let_pass(db, 4.5)
    names, next_s = await claim_due_pulses(db, [pulse()], patience=0.5)
    assert (names, 0.2 < next_s <= 0.5) == ([], True)
    await let_pass(db, 0.6)
    assert (await claim_due_pulses(db, [pulse()], patience=0.5))[0] == ["test.pulse"]


async def test_after_a_long_standstill_a_pulse_runs_once_and_not_for_every_period_missed(
    db: Database,
) -> None:
    await register_pulses(db, [pulse()])
    await let_pass(db, 3_600)
    assert (await claim_due_pulses(db, [pulse()], patience=0))[0] == ["test.pulse"]
    assert 4 < (await row(db))["due_s"] <= 5


async def test_one_that_fails_or_hangs_keeps_its_age_and_does_not_hold_up_the_others(
    db: Database,
) -> None:
    ran = 0

    async def fail(_: Database) -> None:
        raise ValueError("with a value of somebody")

    async def hang(_: Database) -> None:
        nonlocal ran
        ran += 1
        await asyncio.Event().wait()

    async def has_run_again() -> bool:
        return bool((await row(db, "test.good"))["ended_at"] > first)

    async with running(
        db,
        pulse("test.bad", 0.1, fail),
        pulse("test.hung", 0.1, hang),
        pulse("test.good", 0.1),
    ):
        await until(lambda: has_begun(db, "test.good"))
        first = (await row(db, "test.good"))["ended_at"]
        await until(has_run_again)
        await until(lambda: has_begun(db, "test.bad"))
    bad, hung, good = [await row(db, name) for name in ("test.bad", "test.hung", "test.good")]
    assert (bad["error"], hung["error"], good["error"]) == ("ValueError", None, None)
    assert bad["ended_at"] < bad["began_at"]
    assert ran == 1, "what runs already is not started beside itself"


async def has_begun(db: Database, name: str) -> bool:
    return (await row(db, name))["began_at"] is not None


async def test_a_pulse_that_succeeds_again_forgets_its_error(db: Database) -> None:
    faults = iter([True, False])

    async def fail_once(_: Database) -> None:
        if next(faults, False):
            raise ValueError

    async def is_well() -> bool:
        found = await row(db)
        return found["began_at"] is not None and found["ended_at"] > found["began_at"]

    async with running(db, pulse(every_s=0.1, run=fail_once)):
        await until(is_well)
    assert (await row(db))["error"] is None


async def test_a_runner_outlives_a_database_that_is_away(db: Database) -> None:
    async def fail_to_open() -> Database:
        raise OSError

    runner = asyncio.create_task(PulseRunner(fail_to_open, [pulse()], patience=0).run())
    await asyncio.sleep(0)
    assert not runner.done()
    runner.cancel()


async def test_the_age_of_a_pulse_is_given_in_its_own_periods(db: Database) -> None:
    assert sorted(PULSES) == sorted(one.name for one in SCHEDULE)

    def age(name: str) -> float:
        value = REGISTRY.get_sample_value("skeldir_jobs_pulse_age_periods", {"pulse": name})
        assert value is not None
        return value

    await sample_processes(db)
    assert {age(name) for name in PULSES} == {float("inf")}
    await register_pulses(db, SCHEDULE)
    await let_pass(db, 30)
    await sample_processes(db)
    assert 30 <= age("jobs.sweep") < 40
    assert 2 <= age("matviews.ask_for_slow") < 3
    assert age("matviews.clean") < 0.1


async def test_jobs_that_one_pulse_asks_for_share_nothing_that_tells_one_tenant_of_another(
    db: Database, tenant: UUID, other_tenant: UUID
) -> None:
    async def ask_for_both(database: Database) -> None:
        for somebody in (tenant, other_tenant):
            async with database.tenant(somebody) as connection:
                await enqueue(connection, somebody, CREDIT)

    async def is_over() -> bool:
        found = await row(db)
        return found["began_at"] is not None and found["ended_at"] > found["began_at"]

    async with running(db, pulse(run=ask_for_both)):
        await until(is_over)
    ids = set()
    for somebody in (tenant, other_tenant):
        async with db.tenant(somebody) as connection:
            ids.add(await connection.fetchval("SELECT correlation_id FROM jobs"))
    assert len(ids) == 2
