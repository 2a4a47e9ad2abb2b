from http import HTTPStatus
from typing import Any
from urllib.parse import quote

import httpx

from ... import errors
from ...client import AuthenticatedClient
from ...models.fit_comparison import FitComparison
from ...types import Response


def _get_kwargs(
    version: str,
    other: str,
) -> dict[str, Any]:

    _kwargs: dict[str, Any] = {
        "method": "get",
        "url": "/v1/fits/{version}/compared-with/{other}".format(
            version=quote(str(version), safe=""),
            other=quote(str(other), safe=""),
        ),
    }

    return _kwargs


def _parse_response(response: httpx.Response) -> FitComparison:
    if response.status_code == 200:
        response_200 = FitComparison.from_dict(response.json())

        return response_200

    raise errors.refusal_of(response)


def _build_response(response: httpx.Response) -> Response[FitComparison]:
    return Response(
        status_code=HTTPStatus(response.status_code),
        content=response.content,
        headers=response.headers,
        parsed=_parse_response(response),
    )


def sync(
    version: str,
    other: str,
    *,
    client: AuthenticatedClient,
) -> FitComparison:
    """Two fits side by side

     Show the shares of the conversions by two fits, the largest difference first, and the orders that
    move most.

    Args:
        version (str): the version of a fit, such as markov@1
        other (str): the version of a fit, such as markov@1

    Raises:
        errors.Refused: the service refused it; see its code.
        httpx.TransportError: no answer came."""
    return _parse_response(
        client.get_httpx_client().request(
            **_get_kwargs(
                version=version,
                other=other,
            )
        )
    )


def sync_detailed(
    version: str,
    other: str,
    *,
    client: AuthenticatedClient,
) -> Response[FitComparison]:
    """Do what `sync` does, and return the response's status and headers too."""
    return _build_response(
        client.get_httpx_client().request(
            **_get_kwargs(
                version=version,
                other=other,
            )
        )
    )


async def asyncio(
    version: str,
    other: str,
    *,
    client: AuthenticatedClient,
) -> FitComparison:
    """Do what `sync` does, in a coroutine."""
    return _parse_response(
        await client.get_async_httpx_client().request(
            **_get_kwargs(
                version=version,
                other=other,
            )
        )
    )


async def asyncio_detailed(
    version: str,
    other: str,
    *,
    client: AuthenticatedClient,
) -> Response[FitComparison]:
    """Do what `sync_detailed` does, in a coroutine."""
    return _build_response(
        await client.get_async_httpx_client().request(
            **_get_kwargs(
                version=version,
                other=other,
            )
        )
    )
