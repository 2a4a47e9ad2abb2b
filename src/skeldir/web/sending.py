"""Pages on their way to browsers: rendered and compressed beside the event loop, which serves other requests then.

Rendering a page with large tables takes as long as recording some hundred events.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import TYPE_CHECKING, Final

from fastapi.responses import HTMLResponse

from skeldir.web.compression import compress, may_compress
from skeldir.web.frames import PAGE_HEADERS, Frame
from skeldir.web.rendering import render

if TYPE_CHECKING:
    from fastapi import Request, Response

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
        is_compressed = may_compress(request)
        await asyncio.get_running_loop().run_in_executor(
            _aside(), lambda: response.write(is_compressed=is_compressed)
        )
    return response


@cache
def _aside() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(_THREADS, "pages")
