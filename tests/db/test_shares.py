"""The share of a tenant: half of the connections when alone, less beside others, and one if it holds none."""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import Awaitable, Generator
from contextlib import suppress
from time import monotonic
from types import coroutine
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skeldir.db.pool import Database, DatabaseBusy, TenantLocked, open_database
from skeldir.db.shares import Shares, TenantBusy, reserved_of
from tests.conftest import Clone

A, B, C, D = (UUID(int=number) for number in range(1, 5))
CONNECTIONS = 8
LONG_S = 60.0


async def take_all(shares: Shares, tenant: UUID) -> int:
    """Let a tenant take all that it may have now; return how many."""
    for taken in range(1_000):
        try:
            await shares.take(tenant, 0)
        except (TenantBusy, TimeoutError):
            return taken
    raise AssertionError("a tenant may have everything")


async def wait_in_line(shares: Shares, *tenants: UUID) -> list[asyncio.Task[None]]:
    """Start requests of `tenants` one after another; return them."""
    asking = []
    for tenant in tenants:
        asking.append(asyncio.create_task(shares.take(tenant, LONG_S)))
        await asyncio.sleep(0)
    return asking


async def served(asking: list[asyncio.Task[None]]) -> list[int]:
    """Return the places of those that have had their turn."""
    for _ in range(5):
        await asyncio.sleep(0)
    return [place for place, task in enumerate(asking) if task.done() and not task.cancelled()]


async def end(asking: list[asyncio.Task[None]]) -> None:
    for task in asking:
        task.cancel()
    await asyncio.gather(*asking, return_exceptions=True)


async def test_a_lone_tenant_has_half_and_each_newcomer_finds_one() -> None:
    shares = Shares(CONNECTIONS)
    assert [await take_all(shares, tenant) for tenant in (A, B, C, D)] == [4, 2, 1, 1]


async def test_two_busy_tenants_reach_equal_shares_and_leave_some_free() -> None:
    shares = Shares(CONNECTIONS)
    assert (await take_all(shares, A), await take_all(shares, B)) == (4, 2)
    asking = await wait_in_line(shares, *[A, B] * 20)
    for _ in range(10):
        shares.give_back(A)
        await asyncio.sleep(0)
    got = Counter("AB"[place % 2] for place in await served(asking))
    assert got == {"A": 9, "B": 1}
    assert await take_all(shares, C) == 1
    await end(asking)


async def test_a_tenant_above_its_share_waits_in_its_own_line_and_others_overtake_it() -> None:
    shares = Shares(CONNECTIONS)
    held = await take_all(shares, A)
    asking = await wait_in_line(shares, A, A, A)
    assert await served(asking) == []
    await shares.take(B, 0)
    for turn in range(3):
        shares.give_back(B) if turn == 0 else shares.give_back(A)
        # First come, first served; that B returns a connection changes nothing for A, which holds half.
        assert await served(asking) == list(range(turn))
    assert held == 4
    await end(asking)


async def test_a_tenant_that_holds_none_is_next_however_many_of_another_wait() -> None:
    shares = Shares(2)
    await shares.take(A, 0)
    await shares.take(B, 0)
    asking = await wait_in_line(shares, *[A] * 50, C, D, C)
    shares.give_back(B)
    assert await served(asking) == [50]
    shares.give_back(C)
    assert await served(asking) == [50, 51]
    shares.give_back(D)
    assert await served(asking) == [50, 51, 52]
    await end(asking)


async def test_tenants_that_hold_the_same_take_turns() -> None:
    shares = Shares(1)
    await shares.take(D, 0)
    asking = await wait_in_line(shares, A, A, A, B, B, B)
    order: list[int] = []
    shares.give_back(D)
    for tenant in (A, B, A, B, A, B):
        new = sorted(set(await served(asking)) - set(order))
        order += new
        shares.give_back(tenant)
    assert order == [0, 3, 1, 4, 2, 5]


async def test_a_full_line_is_refused_at_once_and_a_stuck_line_in_time() -> None:
    shares = Shares(CONNECTIONS, most_waiting=3)
    await take_all(shares, A)
    asking = await wait_in_line(shares, A, A, A)
    began = monotonic()
    with pytest.raises(TenantBusy, match="3 requests of the tenant wait") as caught:
        await shares.take(A, LONG_S)
    assert monotonic() - began < 1
    assert (caught.value.status, caught.value.retry_after_s in (1, 2, 3)) == (429, True)
    await end(asking)
    with pytest.raises(TenantBusy, match=r"for 0\.01 s"):
        await shares.take(A, 0.01)
    assert await take_all(shares, B) == 2


async def test_a_tenant_that_holds_none_is_not_blamed_when_others_hold_everything() -> None:
    shares = Shares(2)
    await take_all(shares, A)
    await take_all(shares, B)
    with pytest.raises(TimeoutError):
        await shares.take(C, 0.01)


def test_those_who_are_refused_together_do_not_all_return_together() -> None:
    waits = {TenantBusy("", cure="").retry_after_s for _ in range(100)}
    assert waits == {1, 2, 3}


def test_a_pool_reserves_some_connections_for_work_without_a_tenant() -> None:
    assert [reserved_of(size) for size in (1, 2, 3, 8, 10, 50)] == [0, 0, 1, 1, 2, 10]


# What may happen: a tenant asks, a holder returns one, a request is cancelled, or time passes.
STEPS = st.lists(
    st.tuples(st.sampled_from("aagct"), st.integers(0, 2), st.integers(0, 7)),
    min_size=30,
    max_size=60,
)
FEW = 4


@settings(derandomize=True, max_examples=200)
@given(STEPS)
def test_whatever_is_cancelled_or_given_back_when_nothing_is_lost_and_nobody_overtakes(
    steps: list[tuple[str, int, int]],
) -> None:
    asyncio.run(play(steps))


async def play(steps: list[tuple[str, int, int]]) -> None:
    shares = Shares(FEW)
    tenants = (A, B, C)
    asking: list[tuple[UUID, asyncio.Task[None]]] = []
    for step, which, place in steps:
        match step:
            case "a":
                tenant = tenants[which]
                asking.append((tenant, asyncio.create_task(shares.take(tenant, LONG_S))))
            case "g":
                holders = holding(asking)
                if holders:
                    gone = holders[place % len(holders)]
                    asking.remove(gone)
                    shares.give_back(gone[0])
            case "c" if asking:
                asking[place % len(asking)][1].cancel()
            case _:
                await asyncio.sleep(0)
        assert len(holding(asking)) <= FEW
    for _ in range(5):
        await asyncio.sleep(0)
    assert_first_come_first_served(asking)
    await end([task for _, task in asking if not task.done()])
    for tenant, _ in holding(asking):
        shares.give_back(tenant)
    assert [await take_all(shares, tenant) for tenant in (A, B, C, D)] == [2, 1, 1, 0]


def holding(asking: list[tuple[UUID, asyncio.Task[None]]]) -> list[tuple[UUID, asyncio.Task[None]]]:
    return [(who, task) for who, task in asking if task.done() and not task.cancelled()]


def assert_first_come_first_served(asking: list[tuple[UUID, asyncio.Task[None]]]) -> None:
    for tenant in (A, B, C):
        had = deque(task.done() for who, task in asking if who == tenant and not task.cancelled())
        while had and had[0]:
            had.popleft()
        assert not any(had)
        is_waiting = bool(had)
        held = Counter(who for who, _ in holding(asking))
        free = FEW - held.total()
        assert not is_waiting or held[tenant] >= free, "a request waits for what is free"


@coroutine
def cancelled_at(wait: int, work: Awaitable[None]) -> Generator[Any, Any, bool]:
    """Cancel the task at the `wait`-th place where `work` waits; return whether `work` ended before there was one."""
    steps = work.__await__()
    step = steps.send
    given: Any = None
    waits = 0
    while True:
        try:
            waited_for = step(given)
        except StopIteration:
            return waits < wait
        waits += 1
        if waits == wait:
            task = asyncio.current_task()
            assert task is not None
            task.cancel()
        step, given = steps.send, None
        try:
            given = yield waited_for
        except (Exception, asyncio.CancelledError) as fault:  # noqa: BLE001 - it is passed on into `work`
            step, given = steps.throw, fault


async def use(database: Database, tenant: UUID) -> None:
    async with database.tenant(tenant) as connection:
        await connection.execute("SELECT 1")


async def test_a_request_that_is_cancelled_wherever_it_waits_gives_its_share_back(
    clone: Clone,
) -> None:
    async with open_database(
        clone.app_url, pool_size=10, statement_timeout_ms=5_000, is_shared_out=True
    ) as database:
        assert database.shares is not None
        for wait in range(1, 100):
            await (
                database.pool.expire_connections()
            )  # so that one must be made, which takes a while
            has_ended = False
            with suppress(asyncio.CancelledError):
                has_ended = await asyncio.create_task(run(cancelled_at(wait, use(database, A))))
            assert await take_all(database.shares, A) == 4, f"cancelled at its wait no. {wait}"
            for _ in range(4):
                database.shares.give_back(A)
            if has_ended:
                break
        assert 4 < wait < 100, "there are fewer places to wait than expected"
        await use(database, A)


async def run(work: Awaitable[bool]) -> bool:
    return await work


async def test_a_request_waits_for_its_share_no_longer_than_for_a_connection(clone: Clone) -> None:
    async with open_database(
        clone.app_url,
        pool_size=3,
        statement_timeout_ms=5_000,
        pool_timeout_s=0.2,
        is_shared_out=True,
    ) as database:
        async with database.tenant(A):
            began = monotonic()
            with pytest.raises(TenantBusy, match=r"for 0\.2 s"):
                await use(database, A)
            assert 0.15 < monotonic() - began < 1
            async with database.tenant(B):
                # Of three connections two are for tenants; the one that has none is not the busy one.
                with pytest.raises(DatabaseBusy):
                    await use(database, C)
                async with database.statement() as connection:
                    assert await connection.fetchval("SELECT 1") == 1
        await use(database, A)


async def test_one_tenant_may_use_all_of_a_pool_without_shares_as_jobs_need_it(
    clone: Clone,
) -> None:
    async with (
        open_database(clone.app_url, pool_size=3, statement_timeout_ms=5_000) as database,
        database.tenant(A) as effect,
        database.tenant(A) as lease,
        database.tenant(A) as beside,
    ):
        for connection in (effect, lease, beside):
            assert await connection.fetchval("SHOW lock_timeout") == "0"


async def test_a_lock_that_stays_taken_is_reported_in_time_and_the_connection_stays_usable(
    clone: Clone,
) -> None:
    lock = "SELECT pg_advisory_xact_lock(1)"
    async with open_database(
        clone.app_url, pool_size=3, statement_timeout_ms=5_000, lock_timeout_ms=100
    ) as database:
        async with database.tenant(A) as holder:
            await holder.execute(lock)
            began = monotonic()
            with pytest.raises(TenantLocked) as caught:
                await execute(database, uuid4(), lock)
            assert 0.05 < monotonic() - began < 1
            assert (caught.value.status, caught.value.retry_after_s in (1, 2, 3)) == (503, True)
        await execute(database, A, lock)


async def execute(database: Database, tenant: UUID, statement: str) -> None:
    async with database.tenant(tenant) as connection:
        await connection.execute(statement)
