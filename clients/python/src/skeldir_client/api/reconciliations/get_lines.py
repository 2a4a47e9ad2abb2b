from http import HTTPStatus
from typing import Any
from urllib.parse import quote
from uuid import UUID

import httpx

from ... import errors
from ...client import AuthenticatedClient
from ...models.lines_page import LinesPage
from ...types import UNSET, Response, Unset


def _get_kwargs(
    reconciliation_id: UUID,
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
        "url": "/v1/reconciliations/{reconciliation_id}/lines".format(
            reconciliation_id=quote(str(reconciliation_id), safe=""),
        ),
        "params": params,
    }

    return _kwargs


def _parse_response(response: httpx.Response) -> LinesPage:
    if response.status_code == 200:
        response_200 = LinesPage.from_dict(response.json())

        return response_200

    raise errors.refusal_of(response)


def _build_response(response: httpx.Response) -> Response[LinesPage]:
    return Response(
        status_code=HTTPStatus(response.status_code),
        content=response.content,
        headers=response.headers,
        parsed=_parse_response(response),
    )


def sync(
    reconciliation_id: UUID,
    *,
    client: AuthenticatedClient,
    limit: int | Unset = 100,
    cursor: str | Unset = UNSET,
) -> LinesPage:
    """A comparison's lines

     List a comparison's lines: each campaign, day and currency, as they were found.

    Args:
        reconciliation_id (UUID): the id of a comparison
        limit (int | Unset): maximum number of rows Default: 100.
        cursor (str | Unset): `next_cursor` of the page before, with the same filters; the limit
            may change

    Raises:
        errors.Refused: the service refused it; see its code.
        httpx.TransportError: no answer came."""
    return _parse_response(
        client.get_httpx_client().request(
            **_get_kwargs(
                reconciliation_id=reconciliation_id,
                limit=limit,
                cursor=cursor,
            )
        )
    )


def sync_detailed(
    reconciliation_id: UUID,
    *,
    client: AuthenticatedClient,
    limit: int | Unset = 100,
    cursor: str | Unset = UNSET,
) -> Response[LinesPage]:
    """Do what `sync` does, and return the response's status and headers too."""
    return _build_response(
        client.get_httpx_client().request(
            **_get_kwargs(
                reconciliation_id=reconciliation_id,
                limit=limit,
                cursor=cursor,
            )
        )
    )


async def asyncio(
    reconciliation_id: UUID,
    *,
    client: AuthenticatedClient,
    limit: int | Unset = 100,
    cursor: str | Unset = UNSET,
) -> LinesPage:
    """Do what `sync` does, in a coroutine."""
    return _parse_response(
        await client.get_async_httpx_client().request(
            **_get_kwargs(
                reconciliation_id=reconciliation_id,
                limit=limit,
                cursor=cursor,
            )
        )
    )


async def asyncio_detailed(
    reconciliation_id: UUID,
    *,
    client: AuthenticatedClient,
    limit: int | Unset = 100,
    cursor: str | Unset = UNSET,
) -> Response[LinesPage]:
    """Do what `sync_detailed` does, in a coroutine."""
    return _build_response(
        await client.get_async_httpx_client().request(
            **_get_kwargs(
                reconciliation_id=reconciliation_id,
                limit=limit,
                cursor=cursor,
            )
        )
    )
