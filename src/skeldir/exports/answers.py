"""Responses that stream an export, or its sums, while their transaction is open."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager, aclosing, asynccontextmanager
from dataclasses import asdict
from functools import partial
from time import monotonic
from typing import TYPE_CHECKING, Final, TypeAlias

from fastapi import Request, Response

from skeldir.db import RetriedLater
from skeldir.errors import SkeldirError
from skeldir.exports.formats import MEDIA_TYPES
from skeldir.exports.schemas import AS_OF_HEADER, SNAPSHOT_HEADER
from skeldir.exports.streaming import LONGEST_STREAM_S, PartStream, file_name_of, open_stream
from skeldir.exports.writing import as_json
from skeldir.http import (
    Caller,
    KeyInvalid,
    database_of,
    reading_transaction,
    require_in_force_now,
)

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

    from skeldir.exports.turns import ExportTurns
    from skeldir.exports.writing import Asked

logger = logging.getLogger(__name__)

OpenStream: TypeAlias = Callable[[], AbstractAsyncContextManager["PartStream"]]
Admit: TypeAlias = Callable[[], Awaitable[None]]

LOOKS_AGAIN_S = 5.0
"""How long, in seconds, a response goes on without a look at whether its reader still may have it."""

_OLD_VERSION: Final = "1.0"
_PIECE: Final = 64 * 1024


class ExportNeedsChunks(SkeldirError):
    """The request came by HTTP 1.0, in which a response that was cut off looks like a complete one."""

    code = "export_needs_http_1_1"
    status = 400
    title = "An export is only sent by HTTP 1.1"


class StreamedAnswer(Response):
    """A response that is sent while its transaction is open; a client that goes away ends both.

    What fails after the first byte leaves the response without an end, which a client sees.
    """

    def __init__(self, produce: Callable[[Send], Awaitable[None]]) -> None:
        self.background = None
        self._produce = produce

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 - the signature of ASGI
        """Send the response, until it is complete, the client is gone, or an hour is over."""
        work = asyncio.ensure_future(self._produce(send))
        gone = asyncio.ensure_future(_wait_until_gone(receive))
        try:
            await asyncio.wait(
                {work, gone}, timeout=LONGEST_STREAM_S, return_when=asyncio.FIRST_COMPLETED
            )
            if work.done():
                work.result()
            else:
                logger.warning("exports.cut_off %s", "gone" if gone.done() else "too_slow")
        finally:
            work.cancel()
            gone.cancel()
            await asyncio.gather(work, gone, return_exceptions=True)


async def _wait_until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def answer_export(
    request: Request,
    caller: Caller,
    asked: Asked,
    snapshot: str | None = None,
    *,
    ended: Callable[[], SkeldirError] | None = None,
) -> StreamedAnswer:
    """Return the response whose body is a part, in constant memory, for the holder of a key.

    `ended` makes the error for a key that has ended since it was admitted.
    """
    return answer_part(
        request,
        asked,
        partial(_open, request, caller, asked, snapshot, ended),
        partial(require_in_force_now, database_of(request), caller),
    )


def answer_part(request: Request, asked: Asked, open_: OpenStream, admit: Admit) -> StreamedAnswer:
    """Return the response whose body is a part, in constant memory; `open_` opens its stream.

    While it is sent, `admit` is asked every few seconds whether whoever reads it still may: the response is cut off
    once that raises an error.

    Raises:
        ExportNeedsChunks: the request came by HTTP 1.0.
    """
    if request.scope["http_version"] == _OLD_VERSION:
        raise ExportNeedsChunks(
            "By HTTP 1.0 nobody could see whether the export is complete.",
            cure="Send the request by HTTP 1.1; in nginx, set `proxy_http_version 1.1`.",
        )

    async def produce(send: Send) -> None:
        async with open_() as stream, aclosing(stream.pieces()) as pieces:
            first = await anext(pieces, b"")
            await send(_start_of({**_headers_of(asked), **_of_snapshot(stream)}))
            if not await _send_pieces(send, _chain(first, pieces), admit):
                logger.warning("exports.cut_off %s", "ended")
                return
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    return StreamedAnswer(produce)


def answer_head(asked: Asked) -> StreamedAnswer:
    """Return the response that says what an export would be sent as; its length is not known."""

    async def produce(send: Send) -> None:
        await send(_start_of(_headers_of(asked)))
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    return StreamedAnswer(produce)


def answer_sums(
    request: Request, caller: Caller, asked: Asked, snapshot: str | None = None
) -> StreamedAnswer:
    """Return the response that says what an export would be: its bytes, rows, sums and SHA-256."""

    async def produce(send: Send) -> None:
        async with _open(request, caller, asked, snapshot) as stream:
            async for _ in stream.pieces():
                pass
        body = as_json(asdict(stream.written()))
        headers = {
            "content-type": "application/json",
            "content-length": str(len(body)),
            "cache-control": "no-store",
            **_of_snapshot(stream),
        }
        await send(_start_of(headers))
        await send({"type": "http.response.body", "body": body, "more_body": False})

    return StreamedAnswer(produce)


@asynccontextmanager
async def _open(
    request: Request,
    caller: Caller,
    asked: Asked,
    snapshot: str | None,
    ended: Callable[[], SkeldirError] | None = None,
) -> AsyncIterator[PartStream]:
    try:
        async with (
            turns_of(request).take(caller.tenant_id),
            reading_transaction(database_of(request), caller) as transaction,
        ):
            yield await open_stream(transaction.connection, asked, snapshot)
    except KeyInvalid as error:
        raise (error if ended is None else ended()) from error


def turns_of(request: Request) -> ExportTurns:
    """Return the turns that exports take in this process."""
    turns: ExportTurns = request.app.state.export_turns
    return turns


def _headers_of(asked: Asked) -> dict[str, str]:
    media_type = MEDIA_TYPES[asked.format]
    return {
        "content-type": f"{media_type}; charset=utf-8" if asked.format == "csv" else media_type,
        "content-disposition": f'attachment; filename="{file_name_of(asked)}"',
        "cache-control": "no-store",
    }


def _of_snapshot(stream: PartStream) -> dict[str, str]:
    """Return the headers that say what was read."""
    name = stream.snapshot.as_name()
    return {
        AS_OF_HEADER.lower(): stream.snapshot.taken_at.isoformat(),
        **({} if name is None else {SNAPSHOT_HEADER.lower(): name}),
    }


def _start_of(headers: Mapping[str, str]) -> dict[str, object]:
    encoded = [(name.encode(), value.encode()) for name, value in headers.items()]
    return {"type": "http.response.start", "status": 200, "headers": encoded}


async def _chain(first: bytes, pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield first
    async for piece in pieces:
        yield piece


async def _send_pieces(send: Send, pieces: AsyncIterator[bytes], admit: Admit) -> bool:
    """Send some bytes, in parts so small that a slow client reads each before it counts as gone.

    Return whether all were sent, to somebody who may read them.
    """
    looked_at = monotonic()
    async for piece in pieces:
        for start in range(0, len(piece), _PIECE):
            if monotonic() - looked_at >= LOOKS_AGAIN_S:
                if not await _is_admitted(admit):
                    return False
                looked_at = monotonic()
            part = piece[start : start + _PIECE]
            await send({"type": "http.response.body", "body": part, "more_body": True})
    return True


async def _is_admitted(admit: Admit) -> bool:
    try:
        await admit()
    except SkeldirError as error:
        # That there is no connection for the question just now is no answer.
        return isinstance(error, RetriedLater)
    return True
