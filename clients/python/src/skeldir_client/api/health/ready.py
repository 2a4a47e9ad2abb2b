from http import HTTPStatus
from typing import Any

import httpx

from ... import errors
from ...client import AuthenticatedClient, Client
from ...models.readiness import Readiness
from ...types import Response


def _get_kwargs() -> dict[str, Any]:

    _kwargs: dict[str, Any] = {
        "method": "get",
        "url": "/health/ready",
    }

    return _kwargs


def _parse_response(response: httpx.Response) -> Readiness:
    if response.status_code == 200:
        response_200 = Readiness.from_dict(response.json())

        return response_200

    raise errors.refusal_of(response)


def _build_response(response: httpx.Response) -> Response[Readiness]:
    return Response(
        status_code=HTTPStatus(response.status_code),
        content=response.content,
        headers=response.headers,
        parsed=_parse_response(response),
    )


def sync(
    *,
    client: AuthenticatedClient | Client,
) -> Readiness:
    """The process can do its work

     Check the database, its revision, its views and the program's role; 503 names the failed checks.

    A read replica is not needed: without it, reports are read from the primary. A node of a Citus
    database that does
    not answer is named, and is no failed check: other tenants are served.

    Raises:
        errors.Refused: the service refused it; see its code.
        httpx.TransportError: no answer came."""
    return _parse_response(client.get_httpx_client().request(**_get_kwargs()))


def sync_detailed(
    *,
    client: AuthenticatedClient | Client,
) -> Response[Readiness]:
    """Do what `sync` does, and return the response's status and headers too."""
    return _build_response(client.get_httpx_client().request(**_get_kwargs()))


async def asyncio(
    *,
    client: AuthenticatedClient | Client,
) -> Readiness:
    """Do what `sync` does, in a coroutine."""
    return _parse_response(await client.get_async_httpx_client().request(**_get_kwargs()))


async def asyncio_detailed(
    *,
    client: AuthenticatedClient | Client,
) -> Response[Readiness]:
    """Do what `sync_detailed` does, in a coroutine."""
    return _build_response(await client.get_async_httpx_client().request(**_get_kwargs()))
