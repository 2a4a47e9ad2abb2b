from http import HTTPStatus
from typing import Any
from urllib.parse import quote

import httpx

from ... import errors
from ...client import AuthenticatedClient
from ...models.order_explanation import OrderExplanation
from ...types import Response


def _get_kwargs(
    order_id: str,
) -> dict[str, Any]:

    _kwargs: dict[str, Any] = {
        "method": "get",
        "url": "/v1/attribution/orders/{order_id}".format(
            order_id=quote(str(order_id), safe=""),
        ),
    }

    return _kwargs


def _parse_response(response: httpx.Response) -> OrderExplanation:
    if response.status_code == 200:
        response_200 = OrderExplanation.from_dict(response.json())

        return response_200

    raise errors.refusal_of(response)


def _build_response(response: httpx.Response) -> Response[OrderExplanation]:
    return Response(
        status_code=HTTPStatus(response.status_code),
        content=response.content,
        headers=response.headers,
        parsed=_parse_response(response),
    )


def sync(
    order_id: str,
    *,
    client: AuthenticatedClient,
) -> OrderExplanation:
    """Explain an order's credit

     Show everything that an order's credit is computed from.

    For a long order only the newest touches and the first entries are shown, although all count;
    `left_out` counts the
    rest. If all its counts are 0, the answer is enough to recompute the credit by hand, unless touches
    were forgotten
    before journeys were stored. A forgotten touch is shown by channel and age only.

    Args:
        order_id (str): as it was sent

    Raises:
        errors.Refused: the service refused it; see its code.
        httpx.TransportError: no answer came."""
    return _parse_response(
        client.get_httpx_client().request(
            **_get_kwargs(
                order_id=order_id,
            )
        )
    )


def sync_detailed(
    order_id: str,
    *,
    client: AuthenticatedClient,
) -> Response[OrderExplanation]:
    """Do what `sync` does, and return the response's status and headers too."""
    return _build_response(
        client.get_httpx_client().request(
            **_get_kwargs(
                order_id=order_id,
            )
        )
    )


async def asyncio(
    order_id: str,
    *,
    client: AuthenticatedClient,
) -> OrderExplanation:
    """Do what `sync` does, in a coroutine."""
    return _parse_response(
        await client.get_async_httpx_client().request(
            **_get_kwargs(
                order_id=order_id,
            )
        )
    )


async def asyncio_detailed(
    order_id: str,
    *,
    client: AuthenticatedClient,
) -> Response[OrderExplanation]:
    """Do what `sync_detailed` does, in a coroutine."""
    return _build_response(
        await client.get_async_httpx_client().request(
            **_get_kwargs(
                order_id=order_id,
            )
        )
    )
