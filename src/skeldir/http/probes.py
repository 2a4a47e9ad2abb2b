"""Asking the database for those who watch: never twice at once, and never longer than they wait."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

import asyncpg

from skeldir.db.pool import DatabaseBusy, DatabaseUnreachable, QueryTooSlow

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

    async def answer(self) -> T | None:
        """Return the answer; None when there was none within LIMIT_S seconds, or the question failed."""
        now = asyncio.get_running_loop().time()
        if self._asking is None or (self._asking.done() and now - self._asked_at >= self.keep_s):
            self._asking = asyncio.create_task(self._ask())
            self._asked_at = now
        done, _ = await asyncio.wait({self._asking}, timeout=LIMIT_S)
        return self._asking.result() if done else None

    async def close(self) -> None:
        """Stop asking."""
        if self._asking is not None:
            self._asking.cancel()
            await asyncio.wait({self._asking}, timeout=LIMIT_S)

    async def _ask(self) -> T | None:
        try:
            return await self.ask()
        except (DatabaseUnreachable, DatabaseBusy, QueryTooSlow, asyncpg.PostgresError) as fault:
            logger.warning("http.probe_failed %s", type(fault).__name__)
            return None
