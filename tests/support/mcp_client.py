"""The protocol library's own client, on the application without a network or on a service."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

import httpx2
from fastapi import FastAPI
from mcp import Client
from mcp.client.streamable_http import streamable_http_client
from mcp_types import CallToolResult, TextContent

DAYS: Final = {"from": "2026-03-01", "to": "2026-04-01"}
# Arguments with which each tool has an answer; `changes_since` needs a moment after the tenant was made.
CALLS: Final[dict[str, dict[str, object]]] = {
    "channels": {**DAYS, "model": "linear"},
    "compare": DAYS,
    "campaigns": {**DAYS, "model": "linear"},
    "explain_order": {"order_id": "o-1"},
    "coverage": DAYS,
    "data_health": {},
    "changes_since": DAYS,
}
FRAME: Final = {
    "as_of",
    "time_zone",
    "model_versions",
    "currencies",
    "page",
    "left_off",
    "left_off_is_at_least",
    "data",
    "money",
    "note",
}


@asynccontextmanager
async def client_of(
    app: FastAPI, key: dict[str, str], *, mode: str = "auto"
) -> AsyncIterator[Client]:
    """Connect to the application; `legacy` is the handshake of earlier revisions of the protocol."""
    transport = httpx2.ASGITransport(app=app, raise_app_exceptions=False)
    async with (
        httpx2.AsyncClient(transport=transport, headers=key) as http,
        Client(streamable_http_client("http://test/mcp", http_client=http), mode=mode) as client,
    ):
        yield client


async def answer_of(client: Client, tool: str, **changes: object) -> dict[str, Any]:
    """Return what a tool answers; `changes` replace or add arguments, and `from_` stands for `from`."""
    given = CALLS[tool] | {name.rstrip("_"): each for name, each in changes.items()}
    result = await client.call_tool(tool, given)
    assert not result.is_error, result.content
    answer: dict[str, Any] = result.structured_content
    return answer


async def error_of(client: Client, tool: str, **given: object) -> dict[str, Any]:
    """Return the error of a tool with exactly these arguments; `from_` stands for `from`."""
    result = await client.call_tool(tool, {name.rstrip("_"): each for name, each in given.items()})
    return read_error(result)


def read_error(result: CallToolResult) -> dict[str, Any]:
    """Return the error in a result. It is text: clients compare structured content with the shape of answers."""
    assert result.is_error, result.structured_content
    assert result.structured_content is None
    (content,) = result.content
    assert isinstance(content, TextContent)
    error: dict[str, Any] = json.loads(content.text)["error"]
    return error
