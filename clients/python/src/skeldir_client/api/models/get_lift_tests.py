from http import HTTPStatus
from typing import Any

import httpx

from ... import errors
from ...client import AuthenticatedClient
from ...models.lift_tests_report import LiftTestsReport
from ...types import Response


def _get_kwargs() -> dict[str, Any]:

    _kwargs: dict[str, Any] = {
        "method": "get",
        "url": "/v1/lift-tests",
    }

    return _kwargs


def _parse_response(response: httpx.Response) -> LiftTestsReport:
    if response.status_code == 200:
        response_200 = LiftTestsReport.from_dict(response.json())

        return response_200

    raise errors.refusal_of(response)


def _build_response(response: httpx.Response) -> Response[LiftTestsReport]:
    return Response(
        status_code=HTTPStatus(response.status_code),
        content=response.content,
        headers=response.headers,
        parsed=_parse_response(response),
    )


def sync(
    *,
    client: AuthenticatedClient,
) -> LiftTestsReport:
    """Lift tests beside models

     List what experiments measured of channels, and whether each model's credit is inside the measured
    interval.

    At most 200 tests, those of the latest days first. `skeldir lift import` records them.

    Raises:
        errors.Refused: the service refused it; see its code.
        httpx.TransportError: no answer came."""
    return _parse_response(client.get_httpx_client().request(**_get_kwargs()))


def sync_detailed(
    *,
    client: AuthenticatedClient,
) -> Response[LiftTestsReport]:
    """Do what `sync` does, and return the response's status and headers too."""
    return _build_response(client.get_httpx_client().request(**_get_kwargs()))


async def asyncio(
    *,
    client: AuthenticatedClient,
) -> LiftTestsReport:
    """Do what `sync` does, in a coroutine."""
    return _parse_response(await client.get_async_httpx_client().request(**_get_kwargs()))


async def asyncio_detailed(
    *,
    client: AuthenticatedClient,
) -> Response[LiftTestsReport]:
    """Do what `sync_detailed` does, in a coroutine."""
    return _build_response(await client.get_async_httpx_client().request(**_get_kwargs()))
