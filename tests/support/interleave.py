"""Transactions driven by hand, step by step, in any order that a test chooses, without sleeps.

A step is under way until it is done or stands waiting for a lock that another transaction holds. Only then does the
next step begin, so an order of steps is one interleaving, the same at every run.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from itertools import permutations
from typing import TYPE_CHECKING
from uuid import UUID

import asyncpg

from skeldir.db.pool import Database, open_database
from tests.support.citus_server import VARIABLE

if TYPE_CHECKING:
    from skeldir.db.pool import Connection

Step = Callable[[], Awaitable[object]]


class Actor:
    """One connection to the server. Its steps run one after another, however long each has to wait."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self._work: asyncio.Task[object] | None = None

    async def begin(self, step: Step) -> None:
        before, self._work = self._work, None

        async def work() -> object:
            if before is not None:
                await before
            return await step()

        self._work = asyncio.create_task(work())

    @property
    def is_busy(self) -> bool:
        return self._work is not None and not self._work.done()

    async def finish(self) -> object:
        """Return the result of the last step, or raise the error of any step."""
        return None if self._work is None else await self._work


async def settle(watcher: asyncpg.Connection[asyncpg.Record], *actors: Actor) -> set[int]:
    """Wait until each actor has done its steps or waits for a lock; return the pids of those that wait."""
    while True:
        busy = {actor.pid for actor in actors if actor.is_busy}
        if not busy or busy == await waiting_for_locks(watcher, busy):
            return busy
        await asyncio.sleep(0.001)


async def waiting_for_locks(
    watcher: asyncpg.Connection[asyncpg.Record], pids: set[int]
) -> set[int]:
    """Return those of the server processes `pids` that wait for a lock of any kind; on Citus, at any of its nodes."""
    rows = await watcher.fetch(
        "SELECT pid FROM pg_locks WHERE NOT granted AND pid = ANY($1)", list(pids)
    )
    waiting = {row["pid"] for row in rows}
    if VARIABLE in os.environ and waiting != pids:
        rows = await watcher.fetch(
            "SELECT citus_pid_for_gpid(global_pid) AS pid FROM citus_locks WHERE NOT granted"
        )
        waiting |= {row["pid"] for row in rows} & pids
    return waiting


class HandDriven(Actor):
    """A transaction of one tenant that is open until the test ends it."""

    def __init__(self, tenant: UUID, connection: Connection, stack: AsyncExitStack) -> None:
        super().__init__(connection.get_server_pid())
        self.tenant = tenant
        self.connection = connection
        self._stack = stack

    async def commit(self) -> None:
        await self._stack.aclose()


@asynccontextmanager
async def by_hand(db: Database, tenant: UUID) -> AsyncIterator[HandDriven]:
    """Begin a transaction bound to `tenant`; nothing is read or written yet. The test ends it."""
    async with AsyncExitStack() as stack:
        yield HandDriven(tenant, await stack.enter_async_context(db.tenant(tenant)), stack)


@dataclass(frozen=True, kw_only=True)
class GatedDatabase(Database):
    """A pool on which no transaction of a tenant begins before `gate` returns."""

    gate: Callable[[], Awaitable[object]]

    @asynccontextmanager
    async def tenant(
        self, tenant_id: UUID, *, is_read_only: bool = False, locked: str | None = None
    ) -> AsyncIterator[Connection]:
        await self.gate()
        async with super().tenant(
            tenant_id, is_read_only=is_read_only, locked=locked
        ) as connection:
            yield connection


class Runner(Actor):
    """A worker on one connection that begins a transaction only when the test allows it."""

    def __init__(self, pid: int, pool: asyncpg.Pool[asyncpg.Record]) -> None:
        super().__init__(pid)
        self.database = GatedDatabase(pool=pool, gate=self._wait_at_the_gate)
        self._tickets = asyncio.Semaphore(0)
        self._is_at_the_gate = False
        self._is_gate_open = False

    @property
    def is_busy(self) -> bool:
        return super().is_busy and not self._is_at_the_gate

    async def _wait_at_the_gate(self) -> None:
        if not self._is_gate_open:
            self._is_at_the_gate = self._tickets.locked()
            await self._tickets.acquire()

    async def let_go_on(self) -> None:
        """Allow one more transaction to begin."""
        self._is_at_the_gate = False
        self._tickets.release()

    async def let_all_go_on(self) -> None:
        """Allow all remaining transactions of the work to begin."""
        self._is_gate_open = True
        await self.let_go_on()

    async def finish(self) -> object:
        await self.let_all_go_on()
        try:
            return await super().finish()
        finally:
            self._is_gate_open = False
            self._tickets = asyncio.Semaphore(0)


@asynccontextmanager
async def open_runner(url: str) -> AsyncIterator[Runner]:
    """Open a pool of a single connection, so that whatever runs on it is one actor."""
    async with open_database(url, pool_size=1, statement_timeout_ms=30_000) as database:
        async with database.unbound() as connection:
            pid = connection.get_server_pid()
        yield Runner(pid, database.pool)


def interleavings(steps: str) -> Iterator[str]:
    """Return every order of the letters, once: "AABB" has six."""
    return iter(sorted({"".join(order) for order in permutations(steps)}))
