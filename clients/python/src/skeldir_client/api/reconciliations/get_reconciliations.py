from http import HTTPStatus
from typing import Any

import httpx

from ... import errors
from ...client import AuthenticatedClient
from ...models.reconciliations_page import ReconciliationsPage
from ...types import UNSET, Response, Unset


def _get_kwargs(
    *,
    limit: int | Unset = 100,
    cursor: str | Unset = UNSET,
) -> dict[str, Any]:

    params: dict[str, Any] = {}

    params["limit"] = limit

    params["cursor"] = cursor

    params = {k: v for k, v in params.items() if v is not UNSET and v is not None}

    _kwargs: dict[str, Any] = {
        "method": "get",
        "url": "/v1/reconciliations",
        "params": params,
    }

    return _kwargs


def _parse_response(response: httpx.Response) -> ReconciliationsPage:
    if response.status_code == 200:
        response_200 = ReconciliationsPage.from_dict(response.json())

        return response_200

    raise errors.refusal_of(response)


def _build_response(response: httpx.Response) -> Response[ReconciliationsPage]:
    return Response(
        status_code=HTTPStatus(response.status_code),
        content=response.content,
        headers=response.headers,
        parsed=_parse_response(response),
    )


def sync(
    *,
    client: AuthenticatedClient,
    limit: int | Unset = 100,
    cursor: str | Unset = UNSET,
) -> ReconciliationsPage:
    """Comparisons of claims with the ledger

     List the comparisons, the newest first.

    Args:
        limit (int | Unset): maximum number of rows Default: 100.
        cursor (str | Unset): `next_cursor` of the page before, with the same filters; the limit
            may change

    Raises:
        errors.Refused: the service refused it; see its code.
        httpx.TransportError: no answer came."""
    return _parse_response(
        client.get_httpx_client().request(
            **_get_kwargs(
                limit=limit,
                cursor=cursor,
            )
        )
    )


def sync_detailed(
    *,
    client: AuthenticatedClient,
    limit: int | Unset = 100,
    cursor: str | Unset = UNSET,
) -> Response[ReconciliationsPage]:
    """Do what `sync` does, and return the response's status and headers too."""
    return _build_response(
        client.get_httpx_client().request(
            **_get_kwargs(
                limit=limit,
                cursor=cursor,
            )
        )
    )


async def asyncio(
    *,
    client: AuthenticatedClient,
    limit: int | Unset = 100,
    cursor: str | Unset = UNSET,
) -> ReconciliationsPage:
    """Do what `sync` does, in a coroutine."""
    return _parse_response(
        await client.get_async_httpx_client().request(
            **_get_kwargs(
                limit=limit,
                cursor=cursor,
            )
        )
    )


async def asyncio_detailed(
    *,
    client: AuthenticatedClient,
    limit: int | Unset = 100,
    cursor: str | Unset = UNSET,
) -> Response[ReconciliationsPage]:
    """Do what `sync_detailed` does, in a coroutine."""
    return _build_response(
        await client.get_async_httpx_client().request(
            **_get_kwargs(
                limit=limit,
                cursor=cursor,
            )
        )
    )
