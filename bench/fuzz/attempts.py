"""One attempt: the bytes to send, whose key they contain, and which answers must arrive."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

ANYBODY = frozenset({"alpha", "bravo"})
NOBODY: frozenset[str] = frozenset()

Ending = Literal["complete", "odd", "cut"]
"""`complete` must be answered within the limit; `odd` must be answered or closed; the client ends `cut`."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """What is sent over one connection.

    `pieces` are sent `pause_s` apart. `tenants` are those whose rows an answer may show. `answers` is how many answers
    to wait for, to requests with the first lines `first_lines`; if that is empty, the first line of the bytes counts.
    No answer may contain any of `private`.
    """

    family: str
    pieces: tuple[bytes, ...]
    tenants: frozenset[str] = NOBODY
    ending: Ending = "complete"
    pause_s: float = 0.0
    answers: int = 1
    first_lines: tuple[bytes, ...] = ()
    private: tuple[bytes, ...] = ()

    @property
    def lines(self) -> tuple[bytes, ...]:
        """Return the request lines that get answers."""
        return self.first_lines or (
            b"".join(self.pieces)[:70_000].lstrip(b"\r\n").split(b"\r\n", 1)[0],
        )

    @property
    def size(self) -> int:
        """Return the number of bytes that are sent."""
        return sum(map(len, self.pieces))

    def shown(self, most: int = 400) -> str:
        """Return the beginning and the end of the sent bytes, readable in one line."""
        sent = b"".join(self.pieces)
        if len(sent) <= most:
            return repr(sent)[2:-1]
        return f"{repr(sent[: most - 60])[2:-1]} … {repr(sent[-60:])[2:-1]} ({len(sent):,} bytes)"


@dataclass(frozen=True, slots=True)
class Holder:
    """A key and the tenants whose rows it may see: none if it is not valid."""

    name: str
    secret: str
    tenants: frozenset[str]


@dataclass(frozen=True, slots=True)
class Stage:
    """The parts of requests: keys by name, existing cursors and orders, and data that must not be shown.

    `cursors` are by path, `order_ids` are of both tenants, `marks` are by tenant: texts that only its rows contain.
    """

    holders: dict[str, Holder]
    cursors: dict[str, list[str]]
    order_ids: tuple[str, ...]
    marks: dict[str, tuple[bytes, ...]]
    receive_timeout_s: float

    @property
    def secrets(self) -> tuple[bytes, ...]:
        """Return the secrets, which no answer may contain."""
        return tuple(holder.secret.encode() for holder in self.holders.values())


def random_for(seed: int, index: int) -> random.Random:
    """Return the random source of one attempt: the same for the same seed and index, whatever happened before."""
    return random.Random(f"{seed}/{index}")  # noqa: S311 - repeatable, nothing secret


def write_request(
    method: str | bytes,
    target: str | bytes,
    headers: Sequence[tuple[str | bytes, str | bytes]],
    body: bytes | None = None,
    *,
    version: bytes = b"HTTP/1.1",
) -> bytes:
    """Return a request in bytes; `Content-Length` is added for a body unless a header sets it."""
    named = [(_plain(name), _plain(value)) for name, value in headers]
    names = {name.lower() for name, _ in named}
    if b"host" not in names:
        named.insert(0, (b"Host", b"fuzz"))
    if body is not None and not names & {b"content-length", b"transfer-encoding"}:
        named.append((b"Content-Length", str(len(body)).encode()))
    head = b" ".join([_plain(method), _plain(target), version])
    return b"\r\n".join([head, *(b": ".join(pair) for pair in named), b"", body or b""])


def _plain(text: str | bytes) -> bytes:
    return text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass")


def bearer_of(holder: Holder | None) -> list[tuple[str | bytes, str | bytes]]:
    """Return the header with a key."""
    return [] if holder is None else [("Authorization", f"Bearer {holder.secret}")]
