"""The event loop of a worker or beat, in a thread of its own, so that leases are kept while the main thread waits."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from concurrent.futures import Future
from contextlib import AbstractAsyncContextManager, AsyncExitStack, suppress
from math import inf
from multiprocessing.sharedctypes import RawValue
from time import monotonic
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar
from uuid import UUID, uuid4

from skeldir.errors import SkeldirError
from skeldir.jobs import AWAY
from skeldir.wakeups.store import queries

if TYPE_CHECKING:
    from skeldir.db import Database
    from skeldir.processes import Liveness

T = TypeVar("T")
Chore: TypeAlias = "Callable[[Callable[[], Awaitable[Database]]], Coroutine[Any, Any, None]]"
"""Its argument opens the pool, or returns the one that is open."""

logger = logging.getLogger(__name__)

_SIGN_S = 1.0
_HEARTBEAT_S = 3.0
_ANSWER_S = 1.0
_STOP_S = 5.0


class Deadline:
    """The moment by which running work must end, of time.monotonic(); children forked later share it."""

    def __init__(self) -> None:
        self._moment = RawValue("d", inf)

    def set_in(self, seconds: float) -> None:
        """Let it pass `seconds` from now."""
        self._moment.value = monotonic() + seconds

    def has_passed(self) -> bool:
        """Return whether running work must end now."""
        return monotonic() > float(self._moment.value)


class WorkLoop:
    """A loop in a thread, the pool that it opens when it is first needed, the process's heartbeat, and its chores.

    A chore runs beside everything else until the loop stops. It must not end by itself, or fail: the loop would end
    with it, and the supervisor, which gets no more signs of life, would start the process again.
    """

    def __init__(
        self,
        open_pool: Callable[[], AbstractAsyncContextManager[Database]],
        *,
        role: str,
        liveness: Liveness,
        chores: Sequence[Chore] = (),
        deadline: Deadline,
    ) -> None:
        self._open_pool = open_pool
        self._role = role
        self._liveness = liveness
        self._chores = chores
        self._deadline = deadline
        self._task: asyncio.Task[Any] | None = None
        self._process_id: UUID = uuid4()
        self._opened: AsyncExitStack = AsyncExitStack()
        self._database: Database | None = None
        self._opening: asyncio.Lock | None = None
        self._stopped: asyncio.Event | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._is_ready = threading.Event()
        self._thread = threading.Thread(target=self._run_thread, name="loop", daemon=True)

    def start(self) -> None:
        """Start the thread; the database may be away."""
        self._thread.start()
        self._is_ready.wait()

    def run(self, work: Callable[[Database], Coroutine[Any, Any, T]]) -> T:
        """Do `work` on the loop while the calling thread waits, and notes that it is alive.

        Raises:
            DatabaseUnreachable: there is no pool yet, and none can be opened; and whatever `work` raises.
            CancelledError: the work had not ended when the deadline had passed.
        """
        assert self._loop is not None  # noqa: S101 - start() was called
        done: Future[T] = asyncio.run_coroutine_threadsafe(self._do(work), self._loop)
        while True:
            self._liveness.note()
            with suppress(TimeoutError):
                return done.result(timeout=_ANSWER_S)
            if done.done():
                return done.result()
            if self._deadline.has_passed() and self._task is not None:
                # Once: what the task does then, such as releasing its job, must not be cancelled as well.
                task, self._task = self._task, None
                self._loop.call_soon_threadsafe(task.cancel)

    def stop(self) -> None:
        """Delete the heartbeat, close the pool and end the thread, within seconds."""
        if self._loop is not None and self._stopped is not None and self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._stopped.set)
            self._thread.join(_STOP_S)

    async def _do(self, work: Callable[[Database], Coroutine[Any, Any, T]]) -> T:
        self._task = asyncio.current_task()
        return await work(await self._open_database_once())

    async def _open_database_once(self) -> Database:
        assert self._opening is not None  # noqa: S101 - made with the loop
        async with self._opening:
            if self._database is None:
                self._database = await self._opened.enter_async_context(self._open_pool())
            return self._database

    def _run_thread(self) -> None:
        asyncio.run(self._run_until_stopped())

    async def _run_until_stopped(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._opening = asyncio.Lock()
        self._stopped = asyncio.Event()
        tasks = [asyncio.create_task(self._keep_heartbeat())]
        tasks += [asyncio.create_task(chore(self._open_database_once)) for chore in self._chores]
        self._is_ready.set()
        while not self._stopped.is_set():
            self._liveness.show()
            for task in tasks:
                if task.done():
                    task.result()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stopped.wait(), _SIGN_S)
        for task in tasks:
            task.cancel()
        with suppress(asyncio.CancelledError, TimeoutError, *AWAY):
            async with asyncio.timeout(_STOP_S / 2):
                await asyncio.wait(tasks)
                await self._delete_heartbeat()
                await self._opened.aclose()

    async def _keep_heartbeat(self) -> None:
        """Write every few seconds that this process is alive; while the database is away, try again."""
        while True:
            if not self._liveness.is_silent():
                try:
                    async with asyncio.timeout(_HEARTBEAT_S):
                        database = await self._open_database_once()
                        async with database.unbound() as connection:
                            await queries.insert_heartbeat(
                                connection, process_id=self._process_id, role=self._role
                            )
                except (TimeoutError, *AWAY) as fault:
                    logger.debug("jobs.heartbeat_missed %s", type(fault).__name__)
                except SkeldirError as fault:
                    logger.error("jobs.heartbeat_refused %s", fault)  # noqa: TRY400 - the error says it all
            await asyncio.sleep(_HEARTBEAT_S)

    async def _delete_heartbeat(self) -> None:
        if self._database is not None:
            async with self._database.unbound() as connection:
                await queries.delete_heartbeat(connection, process_id=self._process_id)
