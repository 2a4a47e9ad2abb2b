"""Measuring on a test's own loop for how long the program keeps it; what a busy machine takes does not count."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from time import monotonic, process_time

_BEAT_S = 0.005


@dataclass
class LongestStall:
    """The longest time, in seconds, that the loop was kept by the process itself."""

    seconds: float = 0.0


@asynccontextmanager
async def longest_stall() -> AsyncIterator[LongestStall]:
    """Measure during the block; no more than the processor time that the process used is called a stall."""
    longest = LongestStall()

    async def beat() -> None:
        while True:
            began, used = monotonic(), process_time()
            await asyncio.sleep(_BEAT_S)
            late = min(monotonic() - began, process_time() - used) - _BEAT_S
            longest.seconds = max(longest.seconds, late)

    # The tests' own objects are many, and a collection that visits them all is no fault of the program.
    gc.collect()
    gc.freeze()
    beating = asyncio.create_task(beat())
    try:
        yield longest
    finally:
        beating.cancel()
        gc.unfreeze()
