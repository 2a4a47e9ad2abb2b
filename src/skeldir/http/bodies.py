"""Request bodies, limited while they arrive: no body is held completely before it is known to be small enough."""

from __future__ import annotations

import asyncio
import zlib
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from typing import Final
from uuid import UUID

from fastapi import Request
from starlette.requests import ClientDisconnect

from skeldir.errors import SkeldirError

MAX_BODY_BYTES = 5 * 1024 * 1024
MAX_HELD_BYTES = 128 * 1024 * 1024
"""The most bytes that the bodies of all current requests may have, per process."""
MAX_HELD_BYTES_OF_TENANT = MAX_HELD_BYTES // 4
BODY_MAY_LAST_S: Final = "skeldir.body_may_last_s"
"""Names in a request's scope how many seconds its body may take to arrive, if that is not the usual time."""
# Decompressing this much takes 0.1 ms. Another request awaits a dozen times, and may wait for one piece each time.
_UNPACKED_AT_ONCE = 64 * 1024


class BodyTooLarge(SkeldirError):
    """The request has more bytes, items or values than one request may have."""

    code = "body_too_large"
    status = 413
    title = "The body is too large"


class EncodingUnsupported(SkeldirError):
    """The Content-Encoding is not supported."""

    code = "content_encoding_unsupported"
    status = 415
    title = "The content encoding is not supported"


class BodyUnreadable(SkeldirError):
    """The body does not match its headers."""

    code = "body_unreadable"
    status = 400
    title = "The body cannot be read"


class TooMuchAtOnce(SkeldirError):
    """The bodies of one tenant's current requests exceed its share."""

    code = "too_much_at_once"
    status = 429
    title = "Too much is sent at once"


class BodiesBusy(SkeldirError):
    """The bodies of all current requests exceed what the process may hold."""

    code = "bodies_busy"
    status = 503
    title = "Too much is being received"


class HeldBytes:
    """Counts the bytes of the bodies that this process holds, per tenant and in total."""

    def __init__(self) -> None:
        self._of_tenant: Counter[UUID] = Counter()
        self._of_all = 0

    @contextmanager
    def of(self, tenant_id: UUID) -> Iterator[Holding]:
        """Hold a body of a tenant's during the block."""
        holding = Holding(self, tenant_id)
        try:
            yield holding
        finally:
            self._of_all -= holding.size
            self._of_tenant[tenant_id] -= holding.size
            if not self._of_tenant[tenant_id]:
                del self._of_tenant[tenant_id]

    def take(self, tenant_id: UUID, size: int) -> None:
        """Hold `size` bytes more.

        Raises:
            TooMuchAtOnce, BodiesBusy: nothing was taken.
        """
        if self._of_tenant[tenant_id] + size > MAX_HELD_BYTES_OF_TENANT:
            raise TooMuchAtOnce(
                f"The requests of this tenant that are in progress have more than {MAX_HELD_BYTES_OF_TENANT} bytes.",
                cure="Send fewer large requests at once, and try again a little later.",
            )
        if self._of_all + size > MAX_HELD_BYTES:
            raise BodiesBusy(
                "The requests in progress have more bytes than this process may hold.",
                cure="Try again a little later.",
            )
        self._of_tenant[tenant_id] += size
        self._of_all += size


class Holding:
    """A body that is held while it grows."""

    def __init__(self, held: HeldBytes, tenant_id: UUID) -> None:
        self._held = held
        self._tenant_id = tenant_id
        self.size = 0

    def grow(self, size: int) -> None:
        """Hold `size` bytes more; raises as `HeldBytes.take` does."""
        self._held.take(self._tenant_id, size)
        self.size += size


def let_body_last(request: Request, seconds: float) -> None:
    """Let the body of a request arrive for so long; pauses are limited as ever. Call it before the body is read."""
    request.scope[BODY_MAY_LAST_S] = seconds


async def read_body(
    request: Request,
    holding: Holding,
    inspect: Callable[[bytes], None] | None = None,
    *,
    most: int = MAX_BODY_BYTES,
) -> bytes:
    """Return the request's body, decompressed if it is gzip; at most `most` bytes before and after.

    `inspect` is called with each decompressed piece as it arrives, and stops the reading by raising.

    Raises:
        BodyTooLarge, BodyTooSlow, EncodingUnsupported, BodyUnreadable, TooMuchAtOnce, BodiesBusy: before anything
            was written.
    """
    encoding = request.headers.get("content-encoding", "identity").strip().lower()
    if encoding not in ("identity", "gzip"):
        raise EncodingUnsupported(
            f"Content-Encoding {encoding[:40]} is not supported.",
            cure="Send the body uncompressed, or with gzip.",
        )
    unpack = zlib.decompressobj(wbits=31) if encoding == "gzip" else None
    pieces: list[bytes] = []
    try:
        async for piece in _pieces_of(request, unpack, most):
            if holding.size + len(piece) > most:
                raise _too_large(most)
            holding.grow(len(piece))
            if inspect is not None:
                inspect(piece)
            pieces.append(piece)
    except ClientDisconnect as error:
        raise BodyUnreadable(
            "The connection ended before the body did.", cure="Send the complete body."
        ) from error
    if unpack is not None and (not unpack.eof or unpack.unused_data):
        raise BodyUnreadable(
            "The gzip stream ends too early, or something follows it.",
            cure="Send one complete gzip stream and nothing else.",
        )
    return b"".join(pieces)


async def _pieces_of(
    request: Request, unpack: zlib._Decompress | None, most: int
) -> AsyncIterator[bytes]:
    """Yield the body as it arrives, decompressed in pieces, since a small body may expand to a very large one.

    Other requests run between two pieces.
    """
    received = 0
    async for chunk in request.stream():
        received += len(chunk)
        if received > most:
            raise _too_large(most)
        if unpack is None:
            yield chunk
            continue
        yield _unpack(unpack, chunk)
        while unpack.unconsumed_tail:
            await asyncio.sleep(0)
            yield _unpack(unpack, unpack.unconsumed_tail)


def _unpack(unpack: zlib._Decompress, chunk: bytes) -> bytes:
    try:
        return unpack.decompress(chunk, _UNPACKED_AT_ONCE)
    except zlib.error as error:
        raise BodyUnreadable(
            f"The body is not gzip: {error}.", cure="Compress it again, or send it uncompressed."
        ) from error


def _too_large(most: int) -> BodyTooLarge:
    return BodyTooLarge(
        f"The body has more than {most} bytes.",
        cure="Split it into several requests.",
    )
