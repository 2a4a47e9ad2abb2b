import datetime
from http import HTTPStatus
from typing import Any

import httpx

from ... import errors
from ...client import AuthenticatedClient
from ...models.get_rates_revisions import GetRatesRevisions
from ...models.rates_page import RatesPage
from ...types import UNSET, Response, Unset


def _get_kwargs(
    *,
    from_: datetime.date | Unset = UNSET,
    to: datetime.date | Unset = UNSET,
    limit: int | Unset = 100,
    cursor: str | Unset = UNSET,
    source: str | Unset = UNSET,
    quote: str | Unset = UNSET,
    revisions: GetRatesRevisions | Unset = "latest",
) -> dict[str, Any]:

    params: dict[str, Any] = {}

    json_from_: str | Unset = UNSET
    if not isinstance(from_, Unset):
        json_from_ = from_.isoformat()
    params["from"] = json_from_

    json_to: str | Unset = UNSET
    if not isinstance(to, Unset):
        json_to = to.isoformat()
    params["to"] = json_to

    params["limit"] = limit

    params["cursor"] = cursor

    params["source"] = source

    params["quote"] = quote

    json_revisions: str | Unset = UNSET
    if not isinstance(revisions, Unset):
        json_revisions = revisions

    params["revisions"] = json_revisions

    params = {k: v for k, v in params.items() if v is not UNSET and v is not None}

    _kwargs: dict[str, Any] = {
        "method": "get",
        "url": "/v1/rates",
        "params": params,
    }

    return _kwargs


def _parse_response(response: httpx.Response) -> RatesPage:
    if response.status_code == 200:
        response_200 = RatesPage.from_dict(response.json())

        return response_200

    raise errors.refusal_of(response)


def _build_response(response: httpx.Response) -> Response[RatesPage]:
    return Response(
        status_code=HTTPStatus(response.status_code),
        content=response.content,
        headers=response.headers,
        parsed=_parse_response(response),
    )


def sync(
    *,
    client: AuthenticatedClient,
    from_: datetime.date | Unset = UNSET,
    to: datetime.date | Unset = UNSET,
    limit: int | Unset = 100,
    cursor: str | Unset = UNSET,
    source: str | Unset = UNSET,
    quote: str | Unset = UNSET,
    revisions: GetRatesRevisions | Unset = "latest",
) -> RatesPage:
    """Exchange rates with their revisions

     List the recorded rates by source, quote and day: the latest of each day, or every revision.

    Args:
        from_ (datetime.date | Unset): first day, in the tenant's time zone
        to (datetime.date | Unset): the day after the last one; later than `from`
        limit (int | Unset): maximum number of rows Default: 100.
        cursor (str | Unset): `next_cursor` of the page before, with the same filters; the limit
            may change
        source (str | Unset): this source only
        quote (str | Unset): rates of this currency only
        revisions (GetRatesRevisions | Unset): the latest rate of each day, or every one that was
            ever recorded Default: 'latest'.

    Raises:
        errors.Refused: the service refused it; see its code.
        httpx.TransportError: no answer came."""
    return _parse_response(
        client.get_httpx_client().request(
            **_get_kwargs(
                from_=from_,
                to=to,
                limit=limit,
                cursor=cursor,
                source=source,
                quote=quote,
                revisions=revisions,
            )
        )
    )


def sync_detailed(
    *,
    client: AuthenticatedClient,
    from_: datetime.date | Unset = UNSET,
    to: datetime.date | Unset = UNSET,
    limit: int | Unset = 100,
    cursor: str | Unset = UNSET,
    source: str | Unset = UNSET,
    quote: str | Unset = UNSET,
    revisions: GetRatesRevisions | Unset = "latest",
) -> Response[RatesPage]:
    """Do what `sync` does, and return the response's status and headers too."""
    return _build_response(
        client.get_httpx_client().request(
            **_get_kwargs(
                from_=from_,
                to=to,
                limit=limit,
                cursor=cursor,
                source=source,
                quote=quote,
                revisions=revisions,
            )
        )
    )


async def asyncio(
    *,
    client: AuthenticatedClient,
    from_: datetime.date | Unset = UNSET,
    to: datetime.date | Unset = UNSET,
    limit: int | Unset = 100,
    cursor: str | Unset = UNSET,
    source: str | Unset = UNSET,
    quote: str | Unset = UNSET,
    revisions: GetRatesRevisions | Unset = "latest",
) -> RatesPage:
    """Do what `sync` does, in a coroutine."""
    return _parse_response(
        await client.get_async_httpx_client().request(
            **_get_kwargs(
                from_=from_,
                to=to,
                limit=limit,
                cursor=cursor,
                source=source,
                quote=quote,
                revisions=revisions,
            )
        )
    )


async def asyncio_detailed(
    *,
    client: AuthenticatedClient,
    from_: datetime.date | Unset = UNSET,
    to: datetime.date | Unset = UNSET,
    limit: int | Unset = 100,
    cursor: str | Unset = UNSET,
    source: str | Unset = UNSET,
    quote: str | Unset = UNSET,
    revisions: GetRatesRevisions | Unset = "latest",
) -> Response[RatesPage]:
    """Do what `sync_detailed` does, in a coroutine."""
    return _build_response(
        await client.get_async_httpx_client().request(
            **_get_kwargs(
                from_=from_,
                to=to,
                limit=limit,
                cursor=cursor,
                source=source,
                quote=quote,
                revisions=revisions,
            )
        )
    )
