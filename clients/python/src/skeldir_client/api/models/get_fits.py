from http import HTTPStatus
from typing import Any

import httpx

from ... import errors
from ...client import AuthenticatedClient
from ...models.fits_report import FitsReport
from ...types import Response


def _get_kwargs() -> dict[str, Any]:

    _kwargs: dict[str, Any] = {
        "method": "get",
        "url": "/v1/fits",
    }

    return _kwargs


def _parse_response(response: httpx.Response) -> FitsReport:
    if response.status_code == 200:
        response_200 = FitsReport.from_dict(response.json())

        return response_200

    raise errors.refusal_of(response)


def _build_response(response: httpx.Response) -> Response[FitsReport]:
    return Response(
        status_code=HTTPStatus(response.status_code),
        content=response.content,
        headers=response.headers,
        parsed=_parse_response(response),
    )


def sync(
    *,
    client: AuthenticatedClient,
) -> FitsReport:
    """Fits of models to journeys

     List the fits with their parameters, the newest first, 200 at most. POST asks for another one.

    Raises:
        errors.Refused: the service refused it; see its code.
        httpx.TransportError: no answer came."""
    return _parse_response(client.get_httpx_client().request(**_get_kwargs()))


def sync_detailed(
    *,
    client: AuthenticatedClient,
) -> Response[FitsReport]:
    """Do what `sync` does, and return the response's status and headers too."""
    return _build_response(client.get_httpx_client().request(**_get_kwargs()))


async def asyncio(
    *,
    client: AuthenticatedClient,
) -> FitsReport:
    """Do what `sync` does, in a coroutine."""
    return _parse_response(await client.get_async_httpx_client().request(**_get_kwargs()))


async def asyncio_detailed(
    *,
    client: AuthenticatedClient,
) -> Response[FitsReport]:
    """Do what `sync_detailed` does, in a coroutine."""
    return _build_response(await client.get_async_httpx_client().request(**_get_kwargs()))
