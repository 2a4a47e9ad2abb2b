from http import HTTPStatus
from typing import Any
from urllib.parse import quote

import httpx

from ... import errors
from ...client import AuthenticatedClient
from ...models.delete_model_model import DeleteModelModel
from ...models.models_report import ModelsReport
from ...types import Response


def _get_kwargs(
    model: DeleteModelModel,
) -> dict[str, Any]:

    _kwargs: dict[str, Any] = {
        "method": "delete",
        "url": "/v1/models/{model}".format(
            model=quote(str(model), safe=""),
        ),
    }

    return _kwargs


def _parse_response(response: httpx.Response) -> ModelsReport:
    if response.status_code == 200:
        response_200 = ModelsReport.from_dict(response.json())

        return response_200

    raise errors.refusal_of(response)


def _build_response(response: httpx.Response) -> Response[ModelsReport]:
    return Response(
        status_code=HTTPStatus(response.status_code),
        content=response.content,
        headers=response.headers,
        parsed=_parse_response(response),
    )


def sync(
    model: DeleteModelModel,
    *,
    client: AuthenticatedClient,
) -> ModelsReport:
    """Retire a model

     Take a model out of force, and its sums out of the reports. Returns the models that remain in force.

    Args:
        model (DeleteModelModel): the name of a model

    Raises:
        errors.Refused: the service refused it; see its code.
        httpx.TransportError: no answer came."""
    return _parse_response(
        client.get_httpx_client().request(
            **_get_kwargs(
                model=model,
            )
        )
    )


def sync_detailed(
    model: DeleteModelModel,
    *,
    client: AuthenticatedClient,
) -> Response[ModelsReport]:
    """Do what `sync` does, and return the response's status and headers too."""
    return _build_response(
        client.get_httpx_client().request(
            **_get_kwargs(
                model=model,
            )
        )
    )


async def asyncio(
    model: DeleteModelModel,
    *,
    client: AuthenticatedClient,
) -> ModelsReport:
    """Do what `sync` does, in a coroutine."""
    return _parse_response(
        await client.get_async_httpx_client().request(
            **_get_kwargs(
                model=model,
            )
        )
    )


async def asyncio_detailed(
    model: DeleteModelModel,
    *,
    client: AuthenticatedClient,
) -> Response[ModelsReport]:
    """Do what `sync_detailed` does, in a coroutine."""
    return _build_response(
        await client.get_async_httpx_client().request(
            **_get_kwargs(
                model=model,
            )
        )
    )
