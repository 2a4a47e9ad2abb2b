from http import HTTPStatus
from typing import Any

import httpx

from ... import errors
from ...client import AuthenticatedClient
from ...models.claimed_orders import ClaimedOrders
from ...types import Response


def _get_kwargs() -> dict[str, Any]:

    _kwargs: dict[str, Any] = {
        "method": "get",
        "url": "/v1/collect/claimed-orders",
    }

    return _kwargs


def _parse_response(response: httpx.Response) -> ClaimedOrders:
    if response.status_code == 200:
        response_200 = ClaimedOrders.from_dict(response.json())

        return response_200

    raise errors.refusal_of(response)


def _build_response(response: httpx.Response) -> Response[ClaimedOrders]:
    return Response(
        status_code=HTTPStatus(response.status_code),
        content=response.content,
        headers=response.headers,
        parsed=_parse_response(response),
    )


def sync(
    *,
    client: AuthenticatedClient,
) -> ClaimedOrders:
    """Orders that pages claim

     List what came of orders with write keys, the newest first, each with what the ledger has of the
    order.

    At most 100. Anybody can send with a write key, so such an order is no money until a webhook, a
    server or a file
    says the same.

    Raises:
        errors.Refused: the service refused it; see its code.
        httpx.TransportError: no answer came."""
    return _parse_response(client.get_httpx_client().request(**_get_kwargs()))


def sync_detailed(
    *,
    client: AuthenticatedClient,
) -> Response[ClaimedOrders]:
    """Do what `sync` does, and return the response's status and headers too."""
    return _build_response(client.get_httpx_client().request(**_get_kwargs()))


async def asyncio(
    *,
    client: AuthenticatedClient,
) -> ClaimedOrders:
    """Do what `sync` does, in a coroutine."""
    return _parse_response(await client.get_async_httpx_client().request(**_get_kwargs()))


async def asyncio_detailed(
    *,
    client: AuthenticatedClient,
) -> Response[ClaimedOrders]:
    """Do what `sync_detailed` does, in a coroutine."""
    return _build_response(await client.get_async_httpx_client().request(**_get_kwargs()))
