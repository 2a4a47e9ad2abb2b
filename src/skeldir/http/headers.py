"""Headers of responses: the security of every one, and where a report was read.

No type sniffing, no scripts, no frames, no referrer.
"""

from __future__ import annotations

from collections.abc import Iterable
from math import ceil
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from starlette.types import Scope

READ_FROM = "X-Read-From"
READ_LAG_MS = "X-Read-Lag-Ms"
_READ = "skeldir.read"

API_POLICY = "default-src 'none'; frame-ancestors 'none'"
SECURITY_HEADERS = {
    "x-content-type-options": "nosniff",
    "content-security-policy": API_POLICY,
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
}
_ENCODED = [(name.encode(), value.encode()) for name, value in SECURITY_HEADERS.items()]


def with_security_headers(
    headers: Iterable[tuple[bytes, bytes]],
) -> list[tuple[bytes, bytes]]:
    """Return `headers`, as ASGI writes them, and those of SECURITY_HEADERS that they do not set themselves."""
    given = list(headers)
    names = {name.lower() for name, _ in given}
    return [*given, *(header for header in _ENCODED if header[0] not in names)]


def note_read(scope: Scope, source: str, lag_s: float) -> None:
    """Have the response state from which server a report was read, and how old its data were at most."""
    scope[_READ] = [
        (READ_FROM.lower().encode(), source.encode()),
        (READ_LAG_MS.lower().encode(), str(ceil(lag_s * 1_000)).encode()),
    ]


def read_headers(scope: Scope) -> list[tuple[bytes, bytes]]:
    """Return what `note_read` noted of a request, as ASGI writes headers; nothing for other requests."""
    noted: list[tuple[bytes, bytes]] = scope.get(_READ, [])
    return noted
