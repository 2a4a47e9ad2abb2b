"""Querying the database for monitoring: never twice at once, and never for longer than a caller waits."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

import asyncpg

from skeldir.db import DatabaseBusy, DatabaseUnreachable, NodeUnreachable, QueryTooSlow

T = TypeVar("T")
logger = logging.getLogger(__name__)

LIMIT_S = 2.0


@dataclass(slots=True)
class Probe(Generic[T]):
    """One query to the database, and its result, shared by all that ask while it runs.

    A result is used for `keep_s` seconds. A query without a result keeps running, and later callers join it:
    monitoring must not fill the pool that it monitors.
    """

    ask: Callable[[], Awaitable[T]]
    keep_s: float = 0.0
    _asking: asyncio.Task[T | None] | None = field(default=None, init=False)
    _asked_at: float = field(default=0.0, init=False)
    _is_closed: bool = field(default=False, init=False)

    async def answer(self) -> T | None:
        """Return the result, or None: no result within LIMIT_S seconds, a failed query, or a closed probe."""
        if self._is_closed:
            return None
        # While this caller waits, another one may start the next query: this one is awaited here.
        asking = self._current_question()
        done, _ = await asyncio.wait({asking}, timeout=LIMIT_S)
        return asking.result() if done and not asking.cancelled() else None

    async def close(self) -> None:
        """Stop querying; waiting callers get None."""
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
        except (
            DatabaseUnreachable,
            DatabaseBusy,
            NodeUnreachable,
            QueryTooSlow,
            asyncpg.PostgresError,
        ) as error:
            logger.warning("http.probe_failed %s", type(error).__name__)
            return None
