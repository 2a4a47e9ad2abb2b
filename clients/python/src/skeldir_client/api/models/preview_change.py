from http import HTTPStatus
from typing import Any
from urllib.parse import quote

import httpx

from ... import errors
from ...client import AuthenticatedClient
from ...models.model_parameters import ModelParameters
from ...models.model_preview import ModelPreview
from ...models.preview_change_model import PreviewChangeModel
from ...types import Response


def _get_kwargs(
    model: PreviewChangeModel,
    *,
    body: ModelParameters,
) -> dict[str, Any]:
    headers: dict[str, Any] = {}

    _kwargs: dict[str, Any] = {
        "method": "post",
        "url": "/v1/models/{model}/preview".format(
            model=quote(str(model), safe=""),
        ),
    }

    _kwargs["json"] = body.to_dict()

    headers["Content-Type"] = "application/json"

    _kwargs["headers"] = headers
    return _kwargs


def _parse_response(response: httpx.Response) -> ModelPreview:
    if response.status_code == 200:
        response_200 = ModelPreview.from_dict(response.json())

        return response_200

    raise errors.refusal_of(response)


def _build_response(response: httpx.Response) -> Response[ModelPreview]:
    return Response(
        status_code=HTTPStatus(response.status_code),
        content=response.content,
        headers=response.headers,
        parsed=_parse_response(response),
    )


def sync(
    model: PreviewChangeModel,
    *,
    client: AuthenticatedClient,
    body: ModelParameters,
) -> ModelPreview:
    """Preview a change of a model

     Show what setting the model would change, per currency and channel, over the first stored orders.

    Args:
        model (PreviewChangeModel): the name of a model that is not fitted
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
    model: PreviewChangeModel,
    *,
    client: AuthenticatedClient,
    body: ModelParameters,
) -> Response[ModelPreview]:
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
    model: PreviewChangeModel,
    *,
    client: AuthenticatedClient,
    body: ModelParameters,
) -> ModelPreview:
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
    model: PreviewChangeModel,
    *,
    client: AuthenticatedClient,
    body: ModelParameters,
) -> Response[ModelPreview]:
    """Do what `sync_detailed` does, in a coroutine."""
    return _build_response(
        await client.get_async_httpx_client().request(
            **_get_kwargs(
                model=model,
                body=body,
            )
        )
    )
