"""`POST /mcp`: one message of the protocol and its answer (streamable HTTP, without sessions)."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from fastapi import APIRouter, Depends, Request, Response

from skeldir.collect import OriginRefused
from skeldir.http import ReadKey, held_bytes_of, read_body
from skeldir.web import is_own_origin

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from starlette.types import Message, Receive, Scope, Send

MOST_BYTES: Final = 64 * 1024
"""The most bytes of a message: a question is short."""

# It is no part of the API that /openapi.json describes: clients of the protocol find the tools by the protocol.
router = APIRouter(include_in_schema=False)


async def require_program(request: Request) -> None:
    """Check that no page of another site sends: a name that leads to this machine would let a page read answers.

    Programs outside of browsers name no origin, and browsers name that of the page with every POST.

    Raises:
        OriginRefused: a page has sent it that is not of this service.
    """
    if all(is_own_origin(request, origin) for origin in request.headers.getlist("origin")):
        return
    raise OriginRefused(
        "The message was sent by a page of another site, which may not ask here.",
        cure="Ask with a program that is no page in a browser. For a page of this service, set SKELDIR_PUBLIC_URL to "
        "the address at which it is opened.",
    )


@router.post("/mcp", dependencies=[Depends(require_program)])
async def answer_message(request: Request, caller: ReadKey) -> Response:
    """Answer a message of a client, by the key in its header."""
    with held_bytes_of(request).of(caller.tenant_id) as holding:
        body = await read_body(request, holding, most=MOST_BYTES)
    return _ByProtocol(request, body)


class _ByProtocol(Response):
    """Has the library read the message and answer it; the connection keeps nothing for the next one."""

    def __init__(self, request: Request, body: bytes) -> None:
        super().__init__()
        self._request = request
        self._message = body

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_read = False

        async def receive_again() -> Message:
            nonlocal is_read
            if is_read:
                return await receive()
            is_read = True
            return {"type": "http.request", "body": self._message, "more_body": False}

        answer_by_protocol = await asyncio.to_thread(_import_library)
        await answer_by_protocol(self._request, scope, receive_again, send)


def _import_library() -> Callable[[Request, Scope, Receive, Send], Awaitable[None]]:
    """Import the protocol's library, for the first message.

    It takes half a second and 17 MB, which processes that nobody asks by this protocol need not spend.
    """
    from skeldir.mcp.serving import answer_by_protocol  # noqa: PLC0415 - see above

    return answer_by_protocol
