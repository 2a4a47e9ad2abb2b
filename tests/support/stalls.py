"""Measuring on a test's own loop for how long the program keeps it; what a busy machine takes does not count."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from time import monotonic, process_time

from tests.support.garbage import without_garbage_of_others

_BEAT_S = 0.005


@dataclass
class LongestStall:
    """The longest time, in seconds, that the process itself blocked the loop."""

    seconds: float = 0.0


@asynccontextmanager
async def longest_stall() -> AsyncIterator[LongestStall]:
    """Measure during the block; a stall counts only up to the processor time that the process used."""
    longest = LongestStall()

    async def beat() -> None:
        while True:
            began, used = monotonic(), process_time()
            await asyncio.sleep(_BEAT_S)
            late = min(monotonic() - began, process_time() - used) - _BEAT_S
            longest.seconds = max(longest.seconds, late)

    with without_garbage_of_others():
        beating = asyncio.create_task(beat())
        try:
            yield longest
        finally:
            beating.cancel()
