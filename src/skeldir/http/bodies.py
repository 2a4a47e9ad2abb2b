"""Request bodies, limited while they arrive: a body is never held whole before it is known to be small enough."""

from __future__ import annotations

import zlib

from fastapi import Request
from starlette.requests import ClientDisconnect

from skeldir.errors import SkeldirError

MAX_BODY_BYTES = 5 * 1024 * 1024


class BodyTooLarge(SkeldirError):
    """More bytes, or more items, than one request may carry."""

    code = "body_too_large"
    status = 413
    title = "The body is too large"


class EncodingUnsupported(SkeldirError):
    """A Content-Encoding that is not read here."""

    code = "content_encoding_unsupported"
    status = 415
    title = "The content encoding is not supported"


class BodyUnreadable(SkeldirError):
    """The body is not what its headers say."""

    code = "body_unreadable"
    status = 400
    title = "The body cannot be read"


async def read_body(request: Request) -> bytes:
    """Return the request's body, unpacked when it is gzip'd; at most MAX_BODY_BYTES of either.

    Raises:
        BodyTooLarge, BodyTooSlow, EncodingUnsupported, BodyUnreadable: before anything was written.
    """
    encoding = request.headers.get("content-encoding", "identity").strip().lower()
    if encoding not in ("identity", "gzip"):
        raise EncodingUnsupported(
            f"Content-Encoding {encoding[:40]} is not read here.",
            cure="Send the body as it is, or gzip'd.",
        )
    unpack = zlib.decompressobj(wbits=31) if encoding == "gzip" else None
    try:
        body = await _read_limited(request, unpack)
    except ClientDisconnect as error:
        raise BodyUnreadable(
            "The connection ended before the body did.", cure="Send the whole body."
        ) from error
    if unpack is not None and (not unpack.eof or unpack.unused_data):
        raise BodyUnreadable(
            "The gzip stream ends too early, or something follows it.",
            cure="Send one whole gzip stream and nothing else.",
        )
    return bytes(body)


async def _read_limited(request: Request, unpack: zlib._Decompress | None) -> bytearray:
    body = bytearray()
    received = 0
    async for chunk in request.stream():
        received += len(chunk)
        body += chunk if unpack is None else _unpack(unpack, chunk, MAX_BODY_BYTES + 1 - len(body))
        if received > MAX_BODY_BYTES or len(body) > MAX_BODY_BYTES:
            raise BodyTooLarge(
                f"The body has more than {MAX_BODY_BYTES} bytes.",
                cure="Split it into several requests.",
            )
    return body


def _unpack(unpack: zlib._Decompress, chunk: bytes, most: int) -> bytes:
    """Unpack at most `most` bytes: a small body may hide a very large one."""
    try:
        return unpack.decompress(chunk, most)
    except zlib.error as error:
        raise BodyUnreadable(
            f"The body is not gzip: {error}.", cure="Compress it again, or send it as it is."
        ) from error
