"""Pages on their way to browsers: rendered and compressed beside the event loop, which serves other requests then.

Rendering a page with large tables takes as long as recording some hundred events.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import cache, partial
from typing import TYPE_CHECKING, Final, TypeVar

from fastapi.responses import HTMLResponse

from skeldir.web.compression import compress, may_compress
from skeldir.web.frames import PAGE_HEADERS, Frame
from skeldir.web.rendering import render

if TYPE_CHECKING:
    from fastapi import Request, Response

T = TypeVar("T")

# Threads share the interpreter: more of them would finish no sooner, and one would let a long page hold up all others.
_THREADS: Final = 2


class Page(HTMLResponse):
    """A page that is not rendered yet: its template, what it is rendered with, and its headers."""

    def __init__(
        self, template: str, frame: Frame, values: Mapping[str, object], status: int
    ) -> None:
        super().__init__(b"", status, headers=dict(PAGE_HEADERS))
        self._template, self._frame, self._values = template, frame, values

    def write(self, *, is_compressed: bool) -> None:
        """Render the page into its body."""
        content = render(self._template, self._frame, **self._values).encode()
        if is_compressed:
            content = compress(content)
            self.headers["Content-Encoding"] = "gzip"
        self.body = content
        self.headers["Content-Length"] = str(len(content))


async def finish(request: Request, response: Response) -> Response:
    """Return the response; a page is rendered, and compressed where that is safe."""
    if isinstance(response, Page):
        await work_aside(partial(response.write, is_compressed=may_compress(request)))
    return response


async def work_aside(work: Callable[[], T]) -> T:
    """Return what `work` returns, such as large tables or pictures, while the loop serves other requests."""
    return await asyncio.get_running_loop().run_in_executor(_aside(), work)


@cache
def _aside() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(_THREADS, "pages")
