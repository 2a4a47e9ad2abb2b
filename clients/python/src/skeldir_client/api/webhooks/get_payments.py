from http import HTTPStatus
from typing import Any

import httpx

from ... import errors
from ...client import AuthenticatedClient
from ...models.get_payments_state import GetPaymentsState
from ...models.payments_page import PaymentsPage
from ...types import UNSET, Response, Unset


def _get_kwargs(
    *,
    limit: int | Unset = 100,
    cursor: str | Unset = UNSET,
    state: GetPaymentsState | Unset = UNSET,
    flag: str | Unset = UNSET,
    order_id: str | Unset = UNSET,
) -> dict[str, Any]:

    params: dict[str, Any] = {}

    params["limit"] = limit

    params["cursor"] = cursor

    json_state: str | Unset = UNSET
    if not isinstance(state, Unset):
        json_state = state

    params["state"] = json_state

    params["flag"] = flag

    params["order_id"] = order_id

    params = {k: v for k, v in params.items() if v is not UNSET and v is not None}

    _kwargs: dict[str, Any] = {
        "method": "get",
        "url": "/v1/payments",
        "params": params,
    }

    return _kwargs


def _parse_response(response: httpx.Response) -> PaymentsPage:
    if response.status_code == 200:
        response_200 = PaymentsPage.from_dict(response.json())

        return response_200

    raise errors.refusal_of(response)


def _build_response(response: httpx.Response) -> Response[PaymentsPage]:
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
    state: GetPaymentsState | Unset = UNSET,
    flag: str | Unset = UNSET,
    order_id: str | Unset = UNSET,
) -> PaymentsPage:
    """Payments with their states, and what is booked of them and what is not

     List the payments that webhooks reported, newest first.

    Args:
        limit (int | Unset): maximum number of rows Default: 100.
        cursor (str | Unset): `next_cursor` of the page before, with the same filters; the limit
            may change
        state (GetPaymentsState | Unset): payments in this state only
        flag (str | Unset): payments with this flag only, such as `over_refunded`
        order_id (str | Unset): payments of this order only

    Raises:
        errors.Refused: the service refused it; see its code.
        httpx.TransportError: no answer came."""
    return _parse_response(
        client.get_httpx_client().request(
            **_get_kwargs(
                limit=limit,
                cursor=cursor,
                state=state,
                flag=flag,
                order_id=order_id,
            )
        )
    )


def sync_detailed(
    *,
    client: AuthenticatedClient,
    limit: int | Unset = 100,
    cursor: str | Unset = UNSET,
    state: GetPaymentsState | Unset = UNSET,
    flag: str | Unset = UNSET,
    order_id: str | Unset = UNSET,
) -> Response[PaymentsPage]:
    """Do what `sync` does, and return the response's status and headers too."""
    return _build_response(
        client.get_httpx_client().request(
            **_get_kwargs(
                limit=limit,
                cursor=cursor,
                state=state,
                flag=flag,
                order_id=order_id,
            )
        )
    )


async def asyncio(
    *,
    client: AuthenticatedClient,
    limit: int | Unset = 100,
    cursor: str | Unset = UNSET,
    state: GetPaymentsState | Unset = UNSET,
    flag: str | Unset = UNSET,
    order_id: str | Unset = UNSET,
) -> PaymentsPage:
    """Do what `sync` does, in a coroutine."""
    return _parse_response(
        await client.get_async_httpx_client().request(
            **_get_kwargs(
                limit=limit,
                cursor=cursor,
                state=state,
                flag=flag,
                order_id=order_id,
            )
        )
    )


async def asyncio_detailed(
    *,
    client: AuthenticatedClient,
    limit: int | Unset = 100,
    cursor: str | Unset = UNSET,
    state: GetPaymentsState | Unset = UNSET,
    flag: str | Unset = UNSET,
    order_id: str | Unset = UNSET,
) -> Response[PaymentsPage]:
    """Do what `sync_detailed` does, in a coroutine."""
    return _build_response(
        await client.get_async_httpx_client().request(
            **_get_kwargs(
                limit=limit,
                cursor=cursor,
                state=state,
                flag=flag,
                order_id=order_id,
            )
        )
    )
