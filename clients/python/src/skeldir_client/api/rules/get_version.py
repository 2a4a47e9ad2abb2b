from http import HTTPStatus
from typing import Any
from urllib.parse import quote

import httpx

from ... import errors
from ...client import AuthenticatedClient
from ...models.rules_text import RulesText
from ...types import Response


def _get_kwargs(
    version: int,
) -> dict[str, Any]:

    _kwargs: dict[str, Any] = {
        "method": "get",
        "url": "/v1/rules/versions/{version}".format(
            version=quote(str(version), safe=""),
        ),
    }

    return _kwargs


def _parse_response(response: httpx.Response) -> RulesText:
    if response.status_code == 200:
        response_200 = RulesText.from_dict(response.json())

        return response_200

    raise errors.refusal_of(response)


def _build_response(response: httpx.Response) -> Response[RulesText]:
    return Response(
        status_code=HTTPStatus(response.status_code),
        content=response.content,
        headers=response.headers,
        parsed=_parse_response(response),
    )


def sync(
    version: int,
    *,
    client: AuthenticatedClient,
) -> RulesText:
    """A version of the rules

     Show a stored version: its rules, who wrote them, when and why.

    Args:
        version (int): the number of a version

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
    version: int,
    *,
    client: AuthenticatedClient,
) -> Response[RulesText]:
    """Do what `sync` does, and return the response's status and headers too."""
    return _build_response(
        client.get_httpx_client().request(
            **_get_kwargs(
                version=version,
            )
        )
    )


async def asyncio(
    version: int,
    *,
    client: AuthenticatedClient,
) -> RulesText:
    """Do what `sync` does, in a coroutine."""
    return _parse_response(
        await client.get_async_httpx_client().request(
            **_get_kwargs(
                version=version,
            )
        )
    )


async def asyncio_detailed(
    version: int,
    *,
    client: AuthenticatedClient,
) -> Response[RulesText]:
    """Do what `sync_detailed` does, in a coroutine."""
    return _build_response(
        await client.get_async_httpx_client().request(
            **_get_kwargs(
                version=version,
            )
        )
    )
