"""How long the event loop was blocked."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from time import thread_time

from tests.support.garbage import without_garbage_of_others

_PERIOD_S = 0.001


@asynccontextmanager
async def longest_stretch() -> AsyncIterator[Callable[[], float]]:
    """Watch the running loop; the returned function gives the longest time, in seconds, that it was blocked.

    Counted is the processor time of the loop's thread, so that a busy machine does not count; nor does what the tests
    before have left to the garbage collector.
    """
    longest = 0.0

    async def watch() -> None:
        nonlocal longest
        while True:
            began = thread_time()
            await asyncio.sleep(_PERIOD_S)
            longest = max(longest, thread_time() - began)

    with without_garbage_of_others():
        watching = asyncio.create_task(watch())
        await asyncio.sleep(0)
        try:
            yield lambda: longest
        finally:
            watching.cancel()
