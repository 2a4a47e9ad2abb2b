"""The server of the protocol for one request: it lists the tools and calls them, and logs and counts each call."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from http import HTTPStatus
from time import perf_counter
from typing import TYPE_CHECKING, Final

from mcp.server import Server
from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from mcp_types import CallToolRequestParams, CallToolResult, ListToolsResult, PaginatedRequestParams

from skeldir import __version__
from skeldir.errors import SkeldirError
from skeldir.mcp import refusals
from skeldir.mcp.answers import NOTE, as_result
from skeldir.mcp.asking import Ask, asking
from skeldir.mcp.refusals import Refusal, ReportRefused, ToolUnknown, refusal_of
from skeldir.mcp.tools import TOOLS
from skeldir.observability import MCP_SECONDS

if TYPE_CHECKING:
    from fastapi import Request
    from mcp.server import ServerRequestContext
    from starlette.types import Receive, Scope, Send

logger = logging.getLogger(__name__)

INSTRUCTIONS: Final = (
    "Revenue attribution of one tenant: which marketing channels earned the money of its ledger. All tools only read. "
    "Amounts are whole minor units of their currency, and are never summed across currencies. Days are those of the "
    f"tenant's time zone, and a range does not include its end. {NOTE}"
)
_UNKNOWN: Final = "unknown"


async def answer_by_protocol(request: Request, scope: Scope, receive: Receive, send: Send) -> None:
    """Answer the message that `receive` gives; tools ask with the key and from the address of `request`."""
    async with asking(request) as ask:
        manager = StreamableHTTPSessionManager(make_server(ask), json_response=True, stateless=True)
        async with manager.run():
            await manager.handle_request(scope, receive, send)


def make_server(ask: Ask) -> Server:
    """Return a server whose tools ask by `ask`."""

    async def list_tools(
        _context: ServerRequestContext, _params: PaginatedRequestParams | None
    ) -> ListToolsResult:
        return ListToolsResult(tools=[tool.listed for tool in TOOLS.values()])

    async def call_tool(
        _context: ServerRequestContext, params: CallToolRequestParams
    ) -> CallToolResult:
        return await _call(ask, params.name, params.arguments or {})

    server = Server(
        "skeldir",
        version=__version__,
        title="skeldir",
        instructions=INSTRUCTIONS,
        on_list_tools=list_tools,
        on_call_tool=call_tool,
    )
    # Its spans would have the names that clients send; requests have spans of their own.
    server.middleware.clear()
    return server


async def _call(ask: Ask, name: str, given: Mapping[str, object]) -> CallToolResult:
    """Call a tool. What it was asked is in no log: it may name an order."""
    known = name if name in TOOLS else _UNKNOWN
    outcome, code = "failed", None
    began = perf_counter()
    try:
        result, refusal = await _answer(ask, name, given)
        if refusal is None:
            outcome = "answered"
        else:
            outcome, code = "failed" if refusal.is_failure else "refused", refusal.code
        return result
    finally:
        seconds = perf_counter() - began
        MCP_SECONDS.labels(known, outcome).observe(seconds)
        logger.info(
            "mcp.called",
            extra={"tool": known, "outcome": outcome, "code": code, "seconds": round(seconds, 6)},
        )


async def _answer(
    ask: Ask, name: str, given: Mapping[str, object]
) -> tuple[CallToolResult, Refusal | None]:
    try:
        tool = TOOLS.get(name)
        if tool is None:
            raise ToolUnknown(
                "There is no tool with this name.", cure=f"Call one of {', '.join(TOOLS)}."
            )
        return as_result(await tool.run(ask, given)), None
    except ReportRefused as error:
        refusal = error.refusal
    except SkeldirError as error:
        refusal = refusal_of(error)
    if refusal.status == HTTPStatus.TOO_MANY_REQUESTS:
        refusal = refusal.model_copy(update={"cure": "Wait a few seconds, then call it again."})
    return refusals.as_result(refusal), refusal
