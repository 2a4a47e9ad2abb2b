"""Asking the database for those who watch: never twice at once, and never longer than they wait."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

import asyncpg

from skeldir.db import DatabaseBusy, DatabaseUnreachable, QueryTooSlow

T = TypeVar("T")
logger = logging.getLogger(__name__)

LIMIT_S = 2.0


@dataclass(slots=True)
class Probe(Generic[T]):
    """One question to the database, and its answer, shared by all who ask while it is under way.

    An answer counts for `keep_s` seconds. A question that is not answered goes on alone, and whoever asks
    later joins it: watchers must not fill the pool that they watch.
    """

    ask: Callable[[], Awaitable[T]]
    keep_s: float = 0.0
    _asking: asyncio.Task[T | None] | None = field(default=None, init=False)
    _asked_at: float = field(default=0.0, init=False)
    _is_closed: bool = field(default=False, init=False)

    async def answer(self) -> T | None:
        """Return the answer; None when there was none within LIMIT_S seconds, the question failed, or all is over."""
        if self._is_closed:
            return None
        # While this caller waits, another one may put the next question: what is awaited here is this one.
        asking = self._current_question()
        done, _ = await asyncio.wait({asking}, timeout=LIMIT_S)
        return asking.result() if done and not asking.cancelled() else None

    async def close(self) -> None:
        """Stop asking; whoever waits gets None."""
        self._is_closed = True
        if self._asking is not None:
            self._asking.cancel()
            await asyncio.wait({self._asking}, timeout=LIMIT_S)

    def _current_question(self) -> asyncio.Task[T | None]:
        now = asyncio.get_running_loop().time()
        if self._asking is None or (self._asking.done() and now - self._asked_at >= self.keep_s):
            self._asking = asyncio.create_task(self._ask())
            self._asked_at = now
        return self._asking

    async def _ask(self) -> T | None:
        try:
            return await self.ask()
        except (DatabaseUnreachable, DatabaseBusy, QueryTooSlow, asyncpg.PostgresError) as fault:
            logger.warning("http.probe_failed %s", type(fault).__name__)
            return None
