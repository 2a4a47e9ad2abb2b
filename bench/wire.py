"""A minimal HTTP/1.1 client: bytes out, bytes in, over persistent connections."""

from __future__ import annotations

import asyncio
import re
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TypeAlias

_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_RETRY_AFTER = re.compile(rb"\r\nretry-after: *(\d+)", re.IGNORECASE)
_TAG = re.compile(rb"\r\netag: *(\S+)", re.IGNORECASE)
_CODE = re.compile(rb'"code": ?"([a-z0-9_]{1,60})"')
_CLOSE = re.compile(rb"\r\nconnection: *close", re.IGNORECASE)

_Connection: TypeAlias = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Unanswered(Exception):
    """No complete answer arrived."""


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to a request."""

    status: int
    head: bytes
    body: bytes

    @property
    def code(self) -> str:
        """The code of a problem."""
        found = _CODE.search(self.body)
        return found[1].decode() if found else ""

    @property
    def retry_after_s(self) -> int:
        """The `Retry-After` of the answer in seconds, or 0 without one."""
        found = _RETRY_AFTER.search(self.head)
        return int(found[1]) if found else 0

    @property
    def tag(self) -> bytes:
        """Its ETag."""
        found = _TAG.search(self.head)
        return found[1] if found else b""


@dataclass(slots=True)
class Wire:
    """Connections to one server, as many as are needed at a time."""

    port: int
    timeout_s: float = 60.0
    _idle: list[_Connection] = field(default_factory=list)

    async def ask(self, request: bytes) -> Answer:
        """Send a request and return the answer.

        Raises:
            Unanswered: the connection was refused or lost, or nothing arrived within `timeout_s`.
        """
        try:
            async with asyncio.timeout(self.timeout_s):
                return await self._ask(request)
        except (OSError, TimeoutError, asyncio.IncompleteReadError) as fault:
            raise Unanswered(type(fault).__name__) from fault

    async def _ask(self, request: bytes) -> Answer:
        while self._idle:
            connection = self._idle.pop()
            if connection[0].at_eof() or connection[1].is_closing():
                connection[1].close()
                continue
            with suppress(ConnectionError, asyncio.IncompleteReadError):
                return await self._exchange(connection, request, is_used=True)
            # A server may close an idle connection at any moment: then send the request again on a new one.
        return await self._exchange(
            await asyncio.open_connection("127.0.0.1", self.port), request, is_used=False
        )

    async def _exchange(self, connection: _Connection, request: bytes, *, is_used: bool) -> Answer:
        reader, writer = connection
        head = b""
        try:
            writer.write(request)
            head = await reader.readuntil(b"\r\n\r\n")
            length = _LENGTH.search(head)
            body = await reader.readexactly(int(length[1])) if length else b""
        except BaseException as fault:
            writer.close()
            if (
                head
                and is_used
                and isinstance(fault, (ConnectionError, asyncio.IncompleteReadError))
            ):
                raise OSError("lost in the middle of an answer") from fault
            raise
        if _CLOSE.search(head):
            writer.close()
        else:
            self._idle.append(connection)
        return Answer(int(head[9:12]), head, body)

    def close(self) -> None:
        """Close all connections."""
        for _, writer in self._idle:
            writer.close()
        self._idle.clear()


def make_request(
    method: str,
    path: str,
    key: str,
    body: bytes = b"",
    headers: tuple[str, ...] = (),
    *,
    host: str = "bench",
) -> bytes:
    """Return a request as it goes over the wire."""
    lines = [f"{method} {path} HTTP/1.1", f"Host: {host}", *headers]
    if key:
        lines.append(f"Authorization: Bearer {key}")
    if method == "POST":
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*lines, "", ""]).encode() + body
