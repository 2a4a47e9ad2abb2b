"""Security headers of every response: no type sniffing, no scripts, no frames, no referrer."""

from __future__ import annotations

from collections.abc import Iterable

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
