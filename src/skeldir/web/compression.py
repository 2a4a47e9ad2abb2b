"""Pages are sent compressed to whoever opened them himself, and as they are to whoever was led to them from elsewhere.

The length of a compressed answer shows what of it repeats. Another site could let a browser open a page here again and
again, each time with another guess in the address, and whoever listens on the way could learn from the lengths what
else the page says (BREACH). Browsers say by `Sec-Fetch-Site` that another site led there, and no site can change that.
Answers to forms, which may show a secret once, are never compressed.
"""

from __future__ import annotations

import asyncio
import gzip
from typing import TYPE_CHECKING, Final

from fastapi.responses import HTMLResponse

if TYPE_CHECKING:
    from fastapi import Request, Response

_OWN: Final = frozenset({"same-origin", "none"})
_SMALLEST: Final = 1_024  # bytes; less fits one packet anyway
_LEVEL: Final = 4  # a third of the time of level 6, and a page gets a twentieth longer
_MOST_ON_LOOP: Final = 128 * 1_024  # bytes, for which this takes about a millisecond


async def compress_page(request: Request, response: Response) -> Response:
    """Return the response, compressed if it is a page that the browser's user opened, and the browser takes gzip."""
    if not _may_compress(request, response):
        return response
    content = bytes(response.body)
    if len(content) > _MOST_ON_LOOP:
        response.body = await asyncio.to_thread(_compress, content)
    else:
        response.body = _compress(content)
    response.headers["Content-Encoding"] = "gzip"
    response.headers["Content-Length"] = str(len(response.body))
    return response


def takes_gzip(accepted: str) -> bool:
    """Return whether `Accept-Encoding` names gzip and does not refuse it by `q=0`."""
    for part in accepted.lower().split(","):
        coding, _, parameters = part.partition(";")
        if coding.strip() == "gzip":
            weight = parameters.replace(" ", "").removeprefix("q=")
            return not weight or weight.strip("0.") != ""
    return False


def _may_compress(request: Request, response: Response) -> bool:
    return (
        request.method == "GET"
        and isinstance(response, HTMLResponse)
        and len(response.body) >= _SMALLEST
        and request.headers.get("sec-fetch-site") in _OWN
        and takes_gzip(request.headers.get("accept-encoding", ""))
    )


def _compress(content: bytes) -> bytes:
    return gzip.compress(content, _LEVEL, mtime=0)
