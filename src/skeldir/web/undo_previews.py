"""Previews of taking imports back, which for a large import take longer than anybody looks at an empty window.

A preview goes on while its page says how far it is. What it found is shown once, since it holds for that moment only.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from time import monotonic
from typing import TYPE_CHECKING, Final
from uuid import UUID

from skeldir.errors import SkeldirError
from skeldir.ingest import UndoPreview, preview_undo, target_of_import

if TYPE_CHECKING:
    from skeldir.db import Database
    from skeldir.ingest import KnownImport

_AT_ONCE: Final = 2
_KEPT_S: Final = 60.0


@dataclass(slots=True)
class Previewing:
    """A preview in progress: what it has found of `whole`, the rows that the import recorded; and when it ended."""

    whole: int
    found: UndoPreview = field(default_factory=UndoPreview)
    ended_at: float | None = None
    task: asyncio.Task[UndoPreview | SkeldirError] | None = None

    @property
    def share(self) -> float:
        """The part of the import that is looked through, as far as its rows still stand."""
        seen = self.found.entries + self.found.kept + self.found.touches
        return min(1.0, seen / self.whole) if self.whole else 0.0

    async def wait(self, timeout_s: float | None) -> UndoPreview | None:
        """Return the preview, or None if it takes longer. Raises what it ended with."""
        assert self.task is not None  # noqa: S101 - `UndoPreviews` starts it
        await asyncio.wait([self.task], timeout=timeout_s)
        if not self.task.done():
            return None
        found = self.task.result()
        if isinstance(found, SkeldirError):
            raise found
        return found


@dataclass(slots=True)
class UndoPreviews:
    """The previews of this process. `opening` opens connections for one of them."""

    opening: Callable[[], AbstractAsyncContextManager[Database]]
    _turns: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(_AT_ONCE))
    _running: Mapping[tuple[UUID, str], Previewing] = field(default_factory=dict)

    def start(self, tenant_id: UUID, known: KnownImport) -> Previewing:
        """Return the preview of taking an import back, begun unless it is under way or has not been shown yet."""
        key = (tenant_id, known.fingerprint)
        late = monotonic() - _KEPT_S
        kept = {
            one: each
            for one, each in self._running.items()
            if each.ended_at is None or each.ended_at > late
        }
        if key not in kept:
            begun = kept[key] = Previewing(known.touches_accepted + known.conversions_accepted)
            begun.task = asyncio.create_task(self._preview(tenant_id, known.fingerprint, begun))
        self._running = kept
        return kept[key]

    def forget(self, tenant_id: UUID, fingerprint: str) -> None:
        """Forget a preview that is shown now, or no longer true."""
        gone = (tenant_id, fingerprint)
        self._running = {key: each for key, each in self._running.items() if key != gone}

    async def close(self) -> None:
        """Give up what runs."""
        tasks = [each.task for each in self._running.values() if each.task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _preview(
        self, tenant_id: UUID, fingerprint: str, begun: Previewing
    ) -> UndoPreview | SkeldirError:
        def show(found: UndoPreview) -> None:
            begun.found = found

        try:
            async with (
                self._turns,
                self.opening() as database,
                database.tenant(tenant_id, is_read_only=True) as connection,
            ):
                target = await target_of_import(connection, tenant_id, fingerprint)
                return await preview_undo(connection, tenant_id, target, progress=show)
        except SkeldirError as error:
            return error
        finally:
            begun.ended_at = monotonic()
