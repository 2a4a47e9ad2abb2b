from http import HTTPStatus
from typing import Any
from urllib.parse import quote

import httpx

from ... import errors
from ...client import AuthenticatedClient
from ...models.model_in_force import ModelInForce
from ...models.model_parameters import ModelParameters
from ...models.put_model_model import PutModelModel
from ...types import Response


def _get_kwargs(
    model: PutModelModel,
    *,
    body: ModelParameters,
) -> dict[str, Any]:
    headers: dict[str, Any] = {}

    _kwargs: dict[str, Any] = {
        "method": "put",
        "url": "/v1/models/{model}".format(
            model=quote(str(model), safe=""),
        ),
    }

    _kwargs["json"] = body.to_dict()

    headers["Content-Type"] = "application/json"

    _kwargs["headers"] = headers
    return _kwargs


def _parse_response(response: httpx.Response) -> ModelInForce:
    if response.status_code == 200:
        response_200 = ModelInForce.from_dict(response.json())

        return response_200

    raise errors.refusal_of(response)


def _build_response(response: httpx.Response) -> Response[ModelInForce]:
    return Response(
        status_code=HTTPStatus(response.status_code),
        content=response.content,
        headers=response.headers,
        parsed=_parse_response(response),
    )


def sync(
    model: PutModelModel,
    *,
    client: AuthenticatedClient,
    body: ModelParameters,
) -> ModelInForce:
    """Set a model

     Set a model's parameters, and put it in force if it is not. Nothing changes if it has these
    parameters already.

    The sums of the previous version are removed at once. Credit by the new version follows while the
    stored orders are
    restated; `orders_awaiting_credit` in the channel report shows how many are left.

    Args:
        model (PutModelModel): the name of a model that is not fitted
        body (ModelParameters): The parameters to set.

            One that is left out keeps its value; a retired model keeps the values it was retired
            with. The defaults for a model
            that never was in force are 30 days of lookback, `keep`, and 7 days of half-life.

    Raises:
        errors.Refused: the service refused it; see its code.
        httpx.TransportError: no answer came."""
    return _parse_response(
        client.get_httpx_client().request(
            **_get_kwargs(
                model=model,
                body=body,
            )
        )
    )


def sync_detailed(
    model: PutModelModel,
    *,
    client: AuthenticatedClient,
    body: ModelParameters,
) -> Response[ModelInForce]:
    """Do what `sync` does, and return the response's status and headers too."""
    return _build_response(
        client.get_httpx_client().request(
            **_get_kwargs(
                model=model,
                body=body,
            )
        )
    )


async def asyncio(
    model: PutModelModel,
    *,
    client: AuthenticatedClient,
    body: ModelParameters,
) -> ModelInForce:
    """Do what `sync` does, in a coroutine."""
    return _parse_response(
        await client.get_async_httpx_client().request(
            **_get_kwargs(
                model=model,
                body=body,
            )
        )
    )


async def asyncio_detailed(
    model: PutModelModel,
    *,
    client: AuthenticatedClient,
    body: ModelParameters,
) -> Response[ModelInForce]:
    """Do what `sync_detailed` does, in a coroutine."""
    return _build_response(
        await client.get_async_httpx_client().request(
            **_get_kwargs(
                model=model,
                body=body,
            )
        )
    )
