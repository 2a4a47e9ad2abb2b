from http import HTTPStatus
from typing import Any

import httpx

from ... import errors
from ...client import AuthenticatedClient
from ...models.fit_request import FitRequest
from ...models.post_fit_fit_asked import PostFitFitAsked
from ...types import Response


def _get_kwargs(
    *,
    body: PostFitFitAsked,
) -> dict[str, Any]:
    headers: dict[str, Any] = {}

    _kwargs: dict[str, Any] = {
        "method": "post",
        "url": "/v1/fits",
    }

    _kwargs["json"] = body.to_dict()

    headers["Content-Type"] = "application/json"

    _kwargs["headers"] = headers
    return _kwargs


def _parse_response(response: httpx.Response) -> FitRequest:
    if response.status_code == 202:
        response_202 = FitRequest.from_dict(response.json())

        return response_202

    raise errors.refusal_of(response)


def _build_response(response: httpx.Response) -> Response[FitRequest]:
    return Response(
        status_code=HTTPStatus(response.status_code),
        content=response.content,
        headers=response.headers,
        parsed=_parse_response(response),
    )


def sync(
    *,
    client: AuthenticatedClient,
    body: PostFitFitAsked,
) -> FitRequest:
    """Ask for a fit

     Ask for a fit of a model to the journeys that ended on some days.

    A worker makes it. `Location` names the request; read it until its state is `done` or `refused`. A
    tenant has one at
    a time; the same fit, asked for again while it is not made yet, is the same request.

    Args:
        body (PostFitFitAsked): The parameters of a fit; days are the tenant's, both included.

            Shapley values have no order, and do not say whether repeats count: `chain_order` and
            `collapse_repeats` are null.

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
    body: PostFitFitAsked,
) -> Response[FitRequest]:
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
    body: PostFitFitAsked,
) -> FitRequest:
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
    body: PostFitFitAsked,
) -> Response[FitRequest]:
    """Do what `sync_detailed` does, in a coroutine."""
    return _build_response(
        await client.get_async_httpx_client().request(
            **_get_kwargs(
                body=body,
            )
        )
    )
