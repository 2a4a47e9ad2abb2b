"""Work for the processor that would keep the event loop: done in a thread, one piece at a time, each owner in turn."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from typing import Annotated, TypeVar
from uuid import UUID
from weakref import WeakValueDictionary

from fastapi import Depends, Request

T = TypeVar("T")

_SWITCH_S = 0.001


class Offload:
    """Runs functions in a thread; of an owner (a tenant) one at a time, and of all together one at a time.

    The interpreter runs one thread at once anyway: more of them would make nothing faster, the loop wait longer for
    its turn, and the memory that half-done work takes larger. Whoever has much to do stands in line with one piece.
    """

    def __init__(self) -> None:
        # So long the loop waits for the interpreter each time it has something to do while the thread works. With
        # Python's own 5 ms, a quiet tenant's slowest requests took three times as long beside another's large batches.
        sys.setswitchinterval(_SWITCH_S)
        self._all = asyncio.Lock()
        self._owners: WeakValueDictionary[UUID, asyncio.Lock] = WeakValueDictionary()

    async def run(self, owner: UUID, work: Callable[[], T]) -> T:
        """Return what `work` returns, or raise what it raises."""
        own = self._owners.get(owner)
        if own is None:
            own = self._owners[owner] = asyncio.Lock()
        async with own, self._all:
            return await asyncio.to_thread(work)


async def _offload_of(request: Request) -> Offload:
    offload: Offload = request.app.state.offload
    return offload


AppOffload = Annotated[Offload, Depends(_offload_of)]
