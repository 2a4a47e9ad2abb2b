from http import HTTPStatus
from typing import Any
from urllib.parse import quote

import httpx

from ... import errors
from ...client import AuthenticatedClient
from ...models.model_preview import ModelPreview
from ...types import Response


def _get_kwargs(
    version: str,
) -> dict[str, Any]:

    _kwargs: dict[str, Any] = {
        "method": "post",
        "url": "/v1/fits/{version}/preview".format(
            version=quote(str(version), safe=""),
        ),
    }

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
    version: str,
    *,
    client: AuthenticatedClient,
) -> ModelPreview:
    """Preview putting a fit in force

     Show what putting the fit in force would change, per currency and channel, over the first stored
    orders.

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
) -> Response[ModelPreview]:
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
) -> ModelPreview:
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
) -> Response[ModelPreview]:
    """Do what `sync_detailed` does, in a coroutine."""
    return _build_response(
        await client.get_async_httpx_client().request(
            **_get_kwargs(
                version=version,
            )
        )
    )
