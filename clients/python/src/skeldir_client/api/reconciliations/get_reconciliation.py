from http import HTTPStatus
from typing import Any
from urllib.parse import quote
from uuid import UUID

import httpx

from ... import errors
from ...client import AuthenticatedClient
from ...models.reconciliation_report import ReconciliationReport
from ...types import Response


def _get_kwargs(
    reconciliation_id: UUID,
) -> dict[str, Any]:

    _kwargs: dict[str, Any] = {
        "method": "get",
        "url": "/v1/reconciliations/{reconciliation_id}".format(
            reconciliation_id=quote(str(reconciliation_id), safe=""),
        ),
    }

    return _kwargs


def _parse_response(response: httpx.Response) -> ReconciliationReport:
    if response.status_code == 200:
        response_200 = ReconciliationReport.from_dict(response.json())

        return response_200

    raise errors.refusal_of(response)


def _build_response(response: httpx.Response) -> Response[ReconciliationReport]:
    return Response(
        status_code=HTTPStatus(response.status_code),
        content=response.content,
        headers=response.headers,
        parsed=_parse_response(response),
    )


def sync(
    reconciliation_id: UUID,
    *,
    client: AuthenticatedClient,
) -> ReconciliationReport:
    """A comparison

     Show a comparison with its sums by platform and currency, and the orders that several platforms may
    claim.

    Args:
        reconciliation_id (UUID): the id of a comparison

    Raises:
        errors.Refused: the service refused it; see its code.
        httpx.TransportError: no answer came."""
    return _parse_response(
        client.get_httpx_client().request(
            **_get_kwargs(
                reconciliation_id=reconciliation_id,
            )
        )
    )


def sync_detailed(
    reconciliation_id: UUID,
    *,
    client: AuthenticatedClient,
) -> Response[ReconciliationReport]:
    """Do what `sync` does, and return the response's status and headers too."""
    return _build_response(
        client.get_httpx_client().request(
            **_get_kwargs(
                reconciliation_id=reconciliation_id,
            )
        )
    )


async def asyncio(
    reconciliation_id: UUID,
    *,
    client: AuthenticatedClient,
) -> ReconciliationReport:
    """Do what `sync` does, in a coroutine."""
    return _parse_response(
        await client.get_async_httpx_client().request(
            **_get_kwargs(
                reconciliation_id=reconciliation_id,
            )
        )
    )


async def asyncio_detailed(
    reconciliation_id: UUID,
    *,
    client: AuthenticatedClient,
) -> Response[ReconciliationReport]:
    """Do what `sync_detailed` does, in a coroutine."""
    return _build_response(
        await client.get_async_httpx_client().request(
            **_get_kwargs(
                reconciliation_id=reconciliation_id,
            )
        )
    )
