"""Pages are sent compressed to whoever opened them himself, and as they are to whoever was led to them from elsewhere.

The length of a compressed answer shows what of it repeats. Another site could let a browser open a page here again and
again, each time with another guess in the address, and whoever listens on the way could learn from the lengths what
else the page says (BREACH). Browsers say by `Sec-Fetch-Site` that another site led there, and no site can change that.
Answers to forms, which may show a secret once, are never compressed.
"""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING, Final

from skeldir.http import takes_gzip

if TYPE_CHECKING:
    from fastapi import Request

_OWN: Final = frozenset({"same-origin", "none"})
_LEVEL: Final = 4  # half the time of level 6, and a page gets a tenth longer


def may_compress(request: Request) -> bool:
    """Return whether a page may be compressed: its browser takes gzip, and says that its user opened it from here."""
    return (
        request.method == "GET"
        and request.headers.get("sec-fetch-site") in _OWN
        and takes_gzip(request.headers.get("accept-encoding", ""))
    )


def compress(content: bytes) -> bytes:
    """Return the content of a page as gzip, the same for the same content."""
    return gzip.compress(content, _LEVEL, mtime=0)
