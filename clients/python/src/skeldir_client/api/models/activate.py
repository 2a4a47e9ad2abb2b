from http import HTTPStatus
from typing import Any
from urllib.parse import quote

import httpx

from ... import errors
from ...client import AuthenticatedClient
from ...models.model_in_force import ModelInForce
from ...types import Response


def _get_kwargs(
    version: str,
) -> dict[str, Any]:

    _kwargs: dict[str, Any] = {
        "method": "post",
        "url": "/v1/fits/{version}/activate".format(
            version=quote(str(version), safe=""),
        ),
    }

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
    version: str,
    *,
    client: AuthenticatedClient,
) -> ModelInForce:
    """Put a fit in force

     Have each order credited by the fit, beside the other models; another fit of the same model goes out
    of force.

    Credit follows while the stored orders are restated, as after a change of a model. Nothing changes
    if the fit is in
    force already. DELETE /v1/models/{model} retires it.

    Args:
        version (str): the version of a fit, such as markov@1

    Raises:
        errors.Refused: the service refused it; see its code.
        httpx.TransportError: no answer came."""
    return _parse_response(
        client.get_httpx_client().request(
            **_get_kwargs(
                version=version,
            )
        )
    )


def sync_detailed(
    version: str,
    *,
    client: AuthenticatedClient,
) -> Response[ModelInForce]:
    """Do what `sync` does, and return the response's status and headers too."""
    return _build_response(
        client.get_httpx_client().request(
            **_get_kwargs(
                version=version,
            )
        )
    )


async def asyncio(
    version: str,
    *,
    client: AuthenticatedClient,
) -> ModelInForce:
    """Do what `sync` does, in a coroutine."""
    return _parse_response(
        await client.get_async_httpx_client().request(
            **_get_kwargs(
                version=version,
            )
        )
    )


async def asyncio_detailed(
    version: str,
    *,
    client: AuthenticatedClient,
) -> Response[ModelInForce]:
    """Do what `sync_detailed` does, in a coroutine."""
    return _build_response(
        await client.get_async_httpx_client().request(
            **_get_kwargs(
                version=version,
            )
        )
    )
