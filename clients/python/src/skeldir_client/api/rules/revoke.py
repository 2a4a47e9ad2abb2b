from http import HTTPStatus
from typing import Any
from urllib.parse import quote
from uuid import UUID

import httpx

from ... import errors
from ...client import AuthenticatedClient
from ...models.correction_answer import CorrectionAnswer
from ...models.revocation_sent import RevocationSent
from ...types import Response


def _get_kwargs(
    correction_id: UUID,
    *,
    body: RevocationSent,
) -> dict[str, Any]:
    headers: dict[str, Any] = {}

    _kwargs: dict[str, Any] = {
        "method": "post",
        "url": "/v1/corrections/{correction_id}/revoke".format(
            correction_id=quote(str(correction_id), safe=""),
        ),
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
    correction_id: UUID,
    *,
    client: AuthenticatedClient,
    body: RevocationSent,
) -> CorrectionAnswer:
    """Revoke a correction

     End a correction: the touch gets the channel that was sent with it, or that rules give it now.

    With `dry_run` nothing is recorded: the answer shows what would move.

    Args:
        correction_id (UUID): the id of the correction
        body (RevocationSent): What `POST /v1/corrections/{correction_id}/revoke` takes.

    Raises:
        errors.Refused: the service refused it; see its code.
        httpx.TransportError: no answer came."""
    return _parse_response(
        client.get_httpx_client().request(
            **_get_kwargs(
                correction_id=correction_id,
                body=body,
            )
        )
    )


def sync_detailed(
    correction_id: UUID,
    *,
    client: AuthenticatedClient,
    body: RevocationSent,
) -> Response[CorrectionAnswer]:
    """Do what `sync` does, and return the response's status and headers too."""
    return _build_response(
        client.get_httpx_client().request(
            **_get_kwargs(
                correction_id=correction_id,
                body=body,
            )
        )
    )


async def asyncio(
    correction_id: UUID,
    *,
    client: AuthenticatedClient,
    body: RevocationSent,
) -> CorrectionAnswer:
    """Do what `sync` does, in a coroutine."""
    return _parse_response(
        await client.get_async_httpx_client().request(
            **_get_kwargs(
                correction_id=correction_id,
                body=body,
            )
        )
    )


async def asyncio_detailed(
    correction_id: UUID,
    *,
    client: AuthenticatedClient,
    body: RevocationSent,
) -> Response[CorrectionAnswer]:
    """Do what `sync_detailed` does, in a coroutine."""
    return _build_response(
        await client.get_async_httpx_client().request(
            **_get_kwargs(
                correction_id=correction_id,
                body=body,
            )
        )
    )
