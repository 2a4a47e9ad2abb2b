"""Processor-heavy work that would block the event loop, done in other processes, each owner in turn."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sys
from collections.abc import Callable, Sequence
from functools import partial
from importlib import import_module
from typing import TypeVar
from uuid import UUID
from weakref import WeakValueDictionary

from anyio import BrokenWorkerProcess, CapacityLimiter, to_process

from skeldir.errors import SkeldirError

T = TypeVar("T")

logger = logging.getLogger(__name__)

_SWITCH_S = 0.0001
_NICENESS = 5
_PROCESSES = 2


class OffloadLost(SkeldirError):
    """The process that does heavy work ended before the work was done, for example because memory ran out."""

    code = "offload_lost"
    status = 503
    title = "The request's heavy work was not done"


class Offload:
    """Runs functions in two other processes; each owner (tenant) has one piece of work there at a time.

    In a thread they would share the interpreter with the loop, which would have to wait for it each time. With only one
    process, a tenant's work would wait until another's was done: a second or more on a busy machine. More than two
    would take the processors from the database, and need more memory for half-done work. An owner with much work has
    one piece in the line at a time.

    A process is started when it is first needed, or by `warm_up`, and ends with this one, however this one ends.
    """

    def __init__(self) -> None:
        # The longest that the loop waits for the interpreter while a thread runs, such as the one that renders metrics.
        sys.setswitchinterval(_SWITCH_S)
        self._all = CapacityLimiter(_PROCESSES)
        self._owners: WeakValueDictionary[UUID, asyncio.Lock] = WeakValueDictionary()

    async def warm_up(self, modules: Sequence[str]) -> None:
        """Start the processes and import the modules of their work, so that no request waits for it."""
        work = partial(_work_aside, partial(_import, modules))

        async def start_one() -> None:
            try:
                await to_process.run_sync(work, limiter=self._all)
            except BrokenWorkerProcess:
                # A heavy request starts another one, and reports an error if that ends too.
                logger.warning("http.process_aside_ended")

        async with asyncio.TaskGroup() as starting:
            for _ in range(_PROCESSES):
                starting.create_task(start_one())

    async def run(self, owner: UUID, work: Callable[[], T]) -> T:
        """Return what `work` returns, or raise what it raises; everything must be picklable.

        The result is unpickled on the loop: a few long texts are cheap, many small objects are not.

        Raises:
            OffloadLost: the process ended before the work was done. The next call starts a new process.
        """
        own = self._owners.get(owner)
        if own is None:
            own = self._owners[owner] = asyncio.Lock()
        async with own:
            try:
                return await to_process.run_sync(partial(_work_aside, work), limiter=self._all)
            except BrokenWorkerProcess as error:
                raise OffloadLost(
                    "The process that does heavy work ended before it was done.",
                    cure="Try again a little later; if it persists, send fewer items in a request.",
                ) from error


def _import(modules: Sequence[str]) -> None:
    for module in modules:
        import_module(module)


def _work_aside(work: Callable[[], T]) -> T:
    """Do the work at a lower priority, and ignore the signals that end the API.

    These are often sent to the process group. The API then finishes what it has accepted, and needs this process for
    that; this process ends when the API does.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    os.setpriority(os.PRIO_PROCESS, 0, _NICENESS)
    return work()
