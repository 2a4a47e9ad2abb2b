"""How many exports a process streams at once: each holds a connection and a snapshot for as long as it is read."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID

from skeldir.db import RetriedLater
from skeldir.errors import SkeldirError

_PART_OF_POOL = 4
_PATIENCE_S = 10.0


class ExportsBusy(RetriedLater, SkeldirError):
    """Enough exports are being streamed, and none of them ended in time."""

    code = "exports_busy"
    status = 503
    title = "Other exports are being sent"


class ExportTurns:
    """Lets a quarter of a pool's connections stream exports, of which a tenant has half, and one at least."""

    def __init__(self, pool_size: int, *, patience_s: float = _PATIENCE_S) -> None:
        self._most = max(1, pool_size // _PART_OF_POOL)
        self._most_of_tenant = max(1, self._most // 2)
        self._patience_s = patience_s
        self._running: Counter[UUID] = Counter()
        self._changed = asyncio.Condition()

    @asynccontextmanager
    async def take(self, tenant_id: UUID) -> AsyncIterator[None]:
        """Hold a turn of a tenant during the block.

        Raises:
            ExportsBusy: none became free in time.
        """
        try:
            async with asyncio.timeout(self._patience_s), self._changed:
                await self._changed.wait_for(lambda: self._is_free_for(tenant_id))
                self._running[tenant_id] += 1
        except TimeoutError as error:
            raise ExportsBusy(
                f"{self._running[tenant_id]} exports of the tenant are being sent, {self._running.total()} in all.",
                cure="Wait as long as Retry-After states, then try again; take one part after another.",
            ) from error
        try:
            yield
        finally:
            self._running[tenant_id] -= 1
            self._running += Counter()  # drops those without one
            async with self._changed:
                self._changed.notify_all()

    def _is_free_for(self, tenant_id: UUID) -> bool:
        return (
            self._running.total() < self._most and self._running[tenant_id] < self._most_of_tenant
        )
