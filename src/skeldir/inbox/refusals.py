"""Counts refused deliveries, so that an endpoint's owner sees why nothing comes in; written once a second at most."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from typing import TYPE_CHECKING, Final
from uuid import UUID

from skeldir.errors import SkeldirError
from skeldir.inbox.store import queries

if TYPE_CHECKING:
    from skeldir.db import Database
    from skeldir.inbox.endpoints import Endpoint

logger = logging.getLogger(__name__)

WRITTEN_EVERY_S: Final = 1.0
_MOST_COUNTED: Final = 10_000


class RefusalCounter:
    """Counts refusals of existing endpoints in memory, and adds them to the stored counts a moment later.

    The same work is done for a token without an endpoint: only the counting is left out, after the answer is decided.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._counts: Counter[tuple[UUID, UUID, str]] = Counter()
        self._writing: asyncio.Task[None] | None = None

    def add(self, endpoint: Endpoint, outcome: str) -> None:
        """Count a refusal."""
        key = (endpoint.tenant_id, endpoint.id, outcome)
        if key in self._counts or len(self._counts) < _MOST_COUNTED:
            self._counts[key] += 1
        if self._writing is None:
            self._writing = asyncio.create_task(self._write_later())

    async def close(self) -> None:
        """Write what was counted."""
        if self._writing is not None:
            self._writing.cancel()
            await asyncio.gather(self._writing, return_exceptions=True)
        await self._write()

    async def _write_later(self) -> None:
        await asyncio.sleep(WRITTEN_EVERY_S)
        # From here on, a new refusal starts the next round.
        self._writing = None
        await self._write()

    async def _write(self) -> None:
        counts, self._counts = self._counts, Counter()
        for (tenant_id, endpoint_id, outcome), refusals in sorted(counts.items()):
            try:
                async with self._database.tenant(tenant_id) as connection:
                    await queries.note_refusal(
                        connection,
                        tenant_id=tenant_id,
                        endpoint_id=endpoint_id,
                        outcome=outcome,
                        refusals=refusals,
                    )
            except SkeldirError as error:
                # A count is for people; it is not worth failing or keeping more of.
                logger.warning("inbox.refusals_not_counted %s", error.code)
