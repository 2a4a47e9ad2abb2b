"""How tools ask: by requests to the read API, within the process, with the caller's key.

So access, limits, row-level security and the choice of the server that is read are those of the API, whatever a tool
does.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final, TypeAlias, TypeVar
from urllib.parse import urlencode

import httpx2
from pydantic import TypeAdapter

from skeldir.clock import utc_now
from skeldir.mcp.refusals import Refusal, ReportRefused
from skeldir.observability import current_correlation_id

if TYPE_CHECKING:
    from fastapi import Request

    from skeldir.web import Site

ShapeT = TypeVar("ShapeT")
Parameter: TypeAlias = str | int | Sequence[str] | None
_BASE: Final = "http://skeldir"


@dataclass
class Ask:
    """The questions of one call. `origin` is where browsers reach the pages; None if that is not stated."""

    client: httpx2.AsyncClient
    origin: str | None
    moments: list[datetime] = field(default_factory=list)

    async def read(self, path: str, shape: TypeAdapter[ShapeT], **parameters: Parameter) -> ShapeT:
        """Return what the API answers at `path`; a parameter that is None is not sent, and `from_` stands for `from`.

        Raises:
            ReportRefused: it answered with a problem.
        """
        asked_at = utc_now()
        sent = {name.rstrip("_"): each for name, each in parameters.items() if each is not None}
        response = await self.client.get(path, params=sent)
        if response.status_code != httpx2.codes.OK:
            raise ReportRefused(Refusal.model_validate_json(response.content))
        lag = timedelta(milliseconds=int(response.headers.get("x-read-lag-ms", "0")))
        self.moments.append(asked_at - lag)
        return shape.validate_json(response.content)

    @property
    def as_of(self) -> datetime:
        """The moment up to which everything that was committed is in the answer."""
        return min(self.moments)

    def page(self, path: str, **parameters: str | None) -> str:
        """Return the address of a page; without a stated origin, as a path on the service."""
        given = [(name.rstrip("_"), each) for name, each in parameters.items() if each is not None]
        return f"{self.origin or ''}{path}{f'?{urlencode(given)}' if given else ''}"


@asynccontextmanager
async def asking(request: Request) -> AsyncIterator[Ask]:
    """Ask the application that serves `request`, with its key and from its address."""
    site: Site = request.app.state.site
    host, port = request.client or ("", 0)
    headers = {"Authorization": request.headers["authorization"]}
    if (correlation_id := current_correlation_id()) is not None:
        headers["X-Correlation-ID"] = str(correlation_id)
    transport = httpx2.ASGITransport(
        app=request.app, raise_app_exceptions=False, client=(host, port)
    )
    async with httpx2.AsyncClient(
        transport=transport, base_url=_BASE, headers=headers, trust_env=False
    ) as client:
        yield Ask(client, site.origin)
