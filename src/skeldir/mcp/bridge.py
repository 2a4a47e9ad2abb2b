"""The tools by standard input and output: each question goes to a service, with a key, and its answer comes back.

For programs that start their servers themselves. The service answers, so limits, logs and versions are its own, and
this process needs neither its database nor its release.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final, TypeVar

import httpx2
from mcp.server import Server
from mcp.server.stdio import stdio_server
from mcp_types import (
    CallToolRequestParams,
    CallToolResult,
    InitializeResult,
    JSONRPCResponse,
    ListToolsResult,
    PaginatedRequestParams,
)
from pydantic import BaseModel, ValidationError

from skeldir import __version__
from skeldir.errors import SkeldirError
from skeldir.mcp.refusals import Refusal, ReportRefused, as_result, refusal_of

if TYPE_CHECKING:
    from mcp.server import ServerRequestContext

ShapeT = TypeVar("ShapeT", bound=BaseModel)

_PATH: Final = "/mcp"
# A revision that every release of a service answers without a session.
_REVISION: Final = "2025-06-18"
_HEADERS: Final = {
    "Accept": "application/json, text/event-stream",
    "MCP-Protocol-Version": _REVISION,
}
_TIMEOUT_S: Final = httpx2.Timeout(120, connect=5)


class ServiceUnreachable(SkeldirError):
    """The service does not answer, or what answers is none."""

    code = "service_unreachable"
    status = 503
    title = "The service does not answer"


class ServiceRefused(SkeldirError):
    """The service refuses the key."""

    code = "service_refused"
    status = 403
    title = "The service refuses the key"


class Service:
    """A service at `url`, asked with a key; only problems and results of the protocol are taken from it."""

    def __init__(self, client: httpx2.AsyncClient, url: str) -> None:
        self._client = client
        self._url = url

    async def introduce(self) -> InitializeResult:
        """Return what the service says of itself.

        Raises:
            ServiceUnreachable, ServiceRefused: it does not answer, or refuses the key.
        """
        about = {
            "protocolVersion": _REVISION,
            "capabilities": {},
            "clientInfo": {"name": "skeldir mcp", "version": __version__},
        }
        try:
            return InitializeResult.model_validate(await self._ask("initialize", about))
        except ReportRefused as error:
            found = error.refusal
            raise ServiceRefused(f"{found.code}: {found.detail}", cure=found.cure) from None

    async def list_tools(self) -> ListToolsResult:
        """Return the tools of the service."""
        return ListToolsResult.model_validate(await self._ask("tools/list", {}))

    async def call(self, params: CallToolRequestParams) -> CallToolResult:
        """Call a tool of the service; an error is a result with its code and cure."""
        given = {"name": params.name, "arguments": params.arguments or {}}
        try:
            return CallToolResult.model_validate(await self._ask("tools/call", given))
        except ReportRefused as error:
            return as_result(error.refusal)
        except SkeldirError as error:
            return as_result(refusal_of(error))

    async def _ask(self, method: str, params: Mapping[str, object]) -> dict[str, object]:
        message = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
        try:
            response = await self._client.post(self._url + _PATH, json=message, headers=_HEADERS)
        except (httpx2.HTTPError, OSError) as error:
            raise ServiceUnreachable(
                f"Nothing answers at {self._url}.",
                cure="Start the service, or correct SKELDIR_URL.",
            ) from error
        if response.status_code == httpx2.codes.OK:
            return self._read(response, JSONRPCResponse).result
        raise ReportRefused(self._read(response, Refusal))

    def _read(self, response: httpx2.Response, shape: type[ShapeT]) -> ShapeT:
        try:
            return shape.model_validate_json(response.content)
        except ValidationError:
            raise ServiceUnreachable(
                f"What answers at {self._url} is no skeldir, or one without {_PATH}: it answers with status "
                f"{response.status_code}.",
                cure="Correct SKELDIR_URL, or upgrade the service.",
            ) from None


@asynccontextmanager
async def open_service(url: str, key: str) -> AsyncIterator[Service]:
    """Open connections to the service at `url`, an origin such as https://skeldir.example."""
    headers = {"Authorization": f"Bearer {key}", "User-Agent": f"skeldir-mcp/{__version__}"}
    async with httpx2.AsyncClient(
        headers=headers, timeout=_TIMEOUT_S, follow_redirects=False
    ) as client:
        yield Service(client, url)


async def serve_stdio(url: str, key: str) -> None:
    """Serve the tools of a service on standard input and output, until the input ends.

    Raises:
        ServiceUnreachable, ServiceRefused: the service does not answer when this begins, or refuses the key. What
            happens later is an error of the tool that was called.
    """
    async with open_service(url, key) as service:
        about = await service.introduce()
        server = make_bridge(service, about)
        async with stdio_server() as (incoming, outgoing):
            await server.run(incoming, outgoing, server.create_initialization_options())


def make_bridge(service: Service, about: InitializeResult) -> Server:
    """Return a server that introduces itself as the service does, and passes its tools on."""

    async def list_tools(
        _context: ServerRequestContext, _params: PaginatedRequestParams | None
    ) -> ListToolsResult:
        return await service.list_tools()

    async def call_tool(
        _context: ServerRequestContext, params: CallToolRequestParams
    ) -> CallToolResult:
        return await service.call(params)

    return Server(
        about.server_info.name,
        version=about.server_info.version,
        title=about.server_info.title,
        instructions=about.instructions,
        on_list_tools=list_tools,
        on_call_tool=call_tool,
    )
