from http import HTTPStatus
from typing import Any

import httpx

from ... import errors
from ...client import AuthenticatedClient
from ...models.correction_answer import CorrectionAnswer
from ...models.correction_sent import CorrectionSent
from ...types import Response


def _get_kwargs(
    *,
    body: CorrectionSent,
) -> dict[str, Any]:
    headers: dict[str, Any] = {}

    _kwargs: dict[str, Any] = {
        "method": "post",
        "url": "/v1/corrections",
    }

    _kwargs["json"] = body.to_dict()

    headers["Content-Type"] = "application/json"

    _kwargs["headers"] = headers
    return _kwargs


def _parse_response(response: httpx.Response) -> CorrectionAnswer:
    if response.status_code == 200:
        response_200 = CorrectionAnswer.from_dict(response.json())

        return response_200

    raise errors.refusal_of(response)


def _build_response(response: httpx.Response) -> Response[CorrectionAnswer]:
    return Response(
        status_code=HTTPStatus(response.status_code),
        content=response.content,
        headers=response.headers,
        parsed=_parse_response(response),
    )


def sync(
    *,
    client: AuthenticatedClient,
    body: CorrectionSent,
) -> CorrectionAnswer:
    """Correct a touch

     Give one touch a channel, which outranks all rules until it is revoked. Credit follows, as for new
    touches.

    With `dry_run` nothing is recorded: the answer shows what would move.

    Args:
        body (CorrectionSent): What `POST /v1/corrections` takes.

    Raises:
        errors.Refused: the service refused it; see its code.
        httpx.TransportError: no answer came."""
    return _parse_response(
        client.get_httpx_client().request(
            **_get_kwargs(
                body=body,
            )
        )
    )


def sync_detailed(
    *,
    client: AuthenticatedClient,
    body: CorrectionSent,
) -> Response[CorrectionAnswer]:
    """Do what `sync` does, and return the response's status and headers too."""
    return _build_response(
        client.get_httpx_client().request(
            **_get_kwargs(
                body=body,
            )
        )
    )


async def asyncio(
    *,
    client: AuthenticatedClient,
    body: CorrectionSent,
) -> CorrectionAnswer:
    """Do what `sync` does, in a coroutine."""
    return _parse_response(
        await client.get_async_httpx_client().request(
            **_get_kwargs(
                body=body,
            )
        )
    )


async def asyncio_detailed(
    *,
    client: AuthenticatedClient,
    body: CorrectionSent,
) -> Response[CorrectionAnswer]:
    """Do what `sync_detailed` does, in a coroutine."""
    return _build_response(
        await client.get_async_httpx_client().request(
            **_get_kwargs(
                body=body,
            )
        )
    )
