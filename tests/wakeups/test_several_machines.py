"""Workers and beats of several machines share the work of one database, and outlive each other."""

from __future__ import annotations

from contextlib import ExitStack, closing

import psutil
import pytest

from skeldir.attribution.kinds import CREDIT
from skeldir.db.pool import Database
from skeldir.jobs import enqueue
from skeldir.settings import Settings
from skeldir.wakeups.waker import Waker
from tests.conftest import Clone
from tests.support.make import make_tenant
from tests.support.supervised import Supervised, supervising
from tests.wakeups.test_celery import (
    QUIET,
    TOY,
    ask,
    count_jobs,
    count_ticks,
    enqueue_toy,
    is_ready,
    until,
)

pytestmark = [pytest.mark.slow, pytest.mark.worker]


def machine(stack: ExitStack, clone: Clone, *, workers: int, beats: int = 0) -> Supervised:
    """Start what a machine runs: a supervisor of workers and beats, which knows of no other."""
    children = [
        (f"worker-{index}", [*TOY, "worker", "--index", str(index)], True, 0)
        for index in range(workers)
    ] + [("beat", [*TOY, "beat"], True, 0)] * beats
    return stack.enter_context(
        supervising(children, environment=QUIET | {"DATABASE_URL": clone.app_url})
    )


def vanish(one: Supervised) -> None:
    """Kill the supervisor, and so all of the machine's processes, without a chance to give anything up."""
    children = one.children()
    one.process.kill()
    one.process.wait()
    _, alive = psutil.wait_procs(children, timeout=10)
    assert not alive


async def test_the_workers_of_two_machines_do_jobs_of_different_tenants_beside_each_other(
    clone: Clone, db: Database
) -> None:
    tenants = [await make_tenant(db, f"T{number}") for number in range(4)]
    with ExitStack() as stack:
        both = [machine(stack, clone, workers=2) for _ in range(2)]
        until(lambda: is_ready(clone, many=4))
        for tenant_id in tenants:
            async with db.tenant(tenant_id) as connection:
                await enqueue(connection, tenant_id, CREDIT, {"sleep_s": 600})
        # One more than there are workers.
        await enqueue_toy(clone, sleep_s=600)
        waker = stack.enter_context(closing(Waker(Settings(), clone.app_url)))

        def are_at_work() -> bool:
            waker.wake(frozenset({CREDIT}))
            return count_jobs(clone, "running") == 4

        until(are_at_work)
        assert count_jobs(clone, "ready") == 1
        for one in both:
            assert not [line for line in one.lines if "ended" in line]


async def test_the_job_of_a_machine_that_vanished_is_taken_over_by_another(clone: Clone) -> None:
    with ExitStack() as stack:
        first = machine(stack, clone, workers=1)
        until(lambda: is_ready(clone))
        await enqueue_toy(clone, sleep_s=600)
        until(lambda: count_jobs(clone, "running") == 1)
        claim = "SELECT token::text || attempts FROM public.jobs WHERE state = 'running'"
        before = ask(clone, claim)
        machine(stack, clone, workers=1)
        until(lambda: is_ready(clone, many=2))
        assert ask(clone, claim) == before
        vanish(first)
        waker = stack.enter_context(closing(Waker(Settings(), clone.app_url)))

        def is_taken_over() -> bool:
            waker.wake(frozenset({CREDIT}))
            return ask(clone, claim) not in {None, before}

        until(is_taken_over)
        assert ask(clone, claim).endswith("2"), "its second attempt"


def test_a_beat_on_each_of_two_machines_keeps_the_pace_of_one_also_when_one_vanishes(
    clone: Clone,
) -> None:
    with ExitStack() as stack:
        first = machine(stack, clone, workers=0, beats=1)
        machine(stack, clone, workers=0, beats=1)
        until(lambda: is_ready(clone, "beat", 2))
        paced = "SELECT extract(epoch FROM max(created_at) - min(created_at)) / (count(*) - 1) FROM public.jobs"
        before = count_ticks(clone)
        until(lambda: count_ticks(clone) >= before + 6)
        assert ask(clone, paced) > 0.4, "a tick each half second, not two"
        vanish(first)
        before = count_ticks(clone)
        until(lambda: count_ticks(clone) >= before + 6, 10)
        assert ask(clone, paced) > 0.4
