from http import HTTPStatus
from typing import Any

import httpx

from ... import errors
from ...client import AuthenticatedClient
from ...models.reconciliation_asked import ReconciliationAsked
from ...models.reconciliation_report import ReconciliationReport
from ...types import Response


def _get_kwargs(
    *,
    body: ReconciliationAsked,
) -> dict[str, Any]:
    headers: dict[str, Any] = {}

    _kwargs: dict[str, Any] = {
        "method": "post",
        "url": "/v1/reconciliations",
    }

    _kwargs["json"] = body.to_dict()

    headers["Content-Type"] = "application/json"

    _kwargs["headers"] = headers
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
    *,
    client: AuthenticatedClient,
    body: ReconciliationAsked,
) -> ReconciliationReport:
    """Compare claims with the ledger

     Ask for a comparison of what platforms claim with the money that the ledger confirms, at most 400
    days.

    A worker makes it; ask for it by its id until its state is not `waiting` any more. A tenant has one
    at a time.

    Args:
        body (ReconciliationAsked): What to compare: days from `first_day` to `last_day`, both
            included, of one platform or all, by a model.

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
    body: ReconciliationAsked,
) -> Response[ReconciliationReport]:
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
    body: ReconciliationAsked,
) -> ReconciliationReport:
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
    body: ReconciliationAsked,
) -> Response[ReconciliationReport]:
    """Do what `sync_detailed` does, in a coroutine."""
    return _build_response(
        await client.get_async_httpx_client().request(
            **_get_kwargs(
                body=body,
            )
        )
    )
