from http import HTTPStatus
from typing import Any

import httpx

from ... import errors
from ...client import AuthenticatedClient
from ...models.troubles_report import TroublesReport
from ...types import UNSET, Response, Unset


def _get_kwargs(
    *,
    days: int | Unset = 7,
) -> dict[str, Any]:

    params: dict[str, Any] = {}

    params["days"] = days

    params = {k: v for k, v in params.items() if v is not UNSET and v is not None}

    _kwargs: dict[str, Any] = {
        "method": "get",
        "url": "/v1/payments/troubles",
        "params": params,
    }

    return _kwargs


def _parse_response(response: httpx.Response) -> TroublesReport:
    if response.status_code == 200:
        response_200 = TroublesReport.from_dict(response.json())

        return response_200

    raise errors.refusal_of(response)


def _build_response(response: httpx.Response) -> Response[TroublesReport]:
    return Response(
        status_code=HTTPStatus(response.status_code),
        content=response.content,
        headers=response.headers,
        parsed=_parse_response(response),
    )


def sync(
    *,
    client: AuthenticatedClient,
    days: int | Unset = 7,
) -> TroublesReport:
    """Dead deliveries and flagged payments, counted

     Count the deliveries that were not understood, and the payments of which something does not fit or
    waits.

    Args:
        days (int | Unset): how many days back dead deliveries are counted Default: 7.

    Raises:
        errors.Refused: the service refused it; see its code.
        httpx.TransportError: no answer came."""
    return _parse_response(
        client.get_httpx_client().request(
            **_get_kwargs(
                days=days,
            )
        )
    )


def sync_detailed(
    *,
    client: AuthenticatedClient,
    days: int | Unset = 7,
) -> Response[TroublesReport]:
    """Do what `sync` does, and return the response's status and headers too."""
    return _build_response(
        client.get_httpx_client().request(
            **_get_kwargs(
                days=days,
            )
        )
    )


async def asyncio(
    *,
    client: AuthenticatedClient,
    days: int | Unset = 7,
) -> TroublesReport:
    """Do what `sync` does, in a coroutine."""
    return _parse_response(
        await client.get_async_httpx_client().request(
            **_get_kwargs(
                days=days,
            )
        )
    )


async def asyncio_detailed(
    *,
    client: AuthenticatedClient,
    days: int | Unset = 7,
) -> Response[TroublesReport]:
    """Do what `sync_detailed` does, in a coroutine."""
    return _build_response(
        await client.get_async_httpx_client().request(
            **_get_kwargs(
                days=days,
            )
        )
    )
