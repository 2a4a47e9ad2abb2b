"""How long the event loop was held up."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from time import monotonic

_PERIOD_S = 0.002


@asynccontextmanager
async def longest_stall() -> AsyncIterator[Callable[[], float]]:
    """Watch the running loop; the function says for how many seconds, at most, nothing else could run on it."""
    longest = 0.0

    async def watch() -> None:
        nonlocal longest
        while True:
            began = monotonic()
            await asyncio.sleep(_PERIOD_S)
            longest = max(longest, monotonic() - began - _PERIOD_S)

    watching = asyncio.create_task(watch())
    await asyncio.sleep(0)
    try:
        yield lambda: longest
    finally:
        watching.cancel()
