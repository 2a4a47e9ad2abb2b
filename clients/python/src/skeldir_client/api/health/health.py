from http import HTTPStatus
from typing import Any

import httpx

from ... import errors
from ...client import AuthenticatedClient, Client
from ...models.health import Health
from ...types import Response


def _get_kwargs() -> dict[str, Any]:

    _kwargs: dict[str, Any] = {
        "method": "get",
        "url": "/health",
    }

    return _kwargs


def _parse_response(response: httpx.Response) -> Health:
    if response.status_code == 200:
        response_200 = Health.from_dict(response.json())

        return response_200

    raise errors.refusal_of(response)


def _build_response(response: httpx.Response) -> Response[Health]:
    return Response(
        status_code=HTTPStatus(response.status_code),
        content=response.content,
        headers=response.headers,
        parsed=_parse_response(response),
    )


def sync(
    *,
    client: AuthenticatedClient | Client,
) -> Health:
    """The process answers

     Report that the process answers; the database is not queried.

    Raises:
        errors.Refused: the service refused it; see its code.
        httpx.TransportError: no answer came."""
    return _parse_response(client.get_httpx_client().request(**_get_kwargs()))


def sync_detailed(
    *,
    client: AuthenticatedClient | Client,
) -> Response[Health]:
    """Do what `sync` does, and return the response's status and headers too."""
    return _build_response(client.get_httpx_client().request(**_get_kwargs()))


async def asyncio(
    *,
    client: AuthenticatedClient | Client,
) -> Health:
    """Do what `sync` does, in a coroutine."""
    return _parse_response(await client.get_async_httpx_client().request(**_get_kwargs()))


async def asyncio_detailed(
    *,
    client: AuthenticatedClient | Client,
) -> Response[Health]:
    """Do what `sync_detailed` does, in a coroutine."""
    return _build_response(await client.get_async_httpx_client().request(**_get_kwargs()))
