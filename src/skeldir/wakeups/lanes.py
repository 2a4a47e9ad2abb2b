"""Jobs with capacity of their own: a process does them beside everything else, so no backlog delays them."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from math import inf
from typing import TYPE_CHECKING

from skeldir.jobs import AWAY, do_jobs

if TYPE_CHECKING:
    from skeldir.db import Database
    from skeldir.jobs import JobKind

logger = logging.getLogger(__name__)

_WIDTH = 2
_LOOK_AGAIN_S = 1.0


class JobLane:
    """Does the jobs of a few kinds, two at a time, as soon as this process enqueues one, and looks once a second."""

    def __init__(self, kinds: Sequence[JobKind]) -> None:
        self._kinds = {kind.name: kind for kind in kinds}
        self._woken = asyncio.Event()

    def wake(self, kinds: frozenset[str]) -> frozenset[str]:
        """Have the lane look for jobs, if one of `kinds` is its own; return the others. For the loop's own thread."""
        if kinds & self._kinds.keys():
            self._woken.set()
        return kinds - self._kinds.keys()

    async def run(self, open_pool: Callable[[], Awaitable[Database]]) -> None:
        """Do jobs until cancelled. A database that is away is waited for."""
        await asyncio.gather(*(self._keep_doing(open_pool) for _ in range(_WIDTH)))

    async def _keep_doing(self, open_pool: Callable[[], Awaitable[Database]]) -> None:
        while True:
            self._woken.clear()
            try:
                await do_jobs(await open_pool(), self._kinds, budget_s=inf)
            except AWAY as fault:
                logger.debug("jobs.lane_waits %s", type(fault).__name__)
            with suppress(TimeoutError):
                await asyncio.wait_for(self._woken.wait(), _LOOK_AGAIN_S)
