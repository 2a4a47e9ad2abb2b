import datetime
from http import HTTPStatus
from typing import Any

import httpx

from ... import errors
from ...client import AuthenticatedClient
from ...models.converted_daily_page import ConvertedDailyPage
from ...models.daily_page import DailyPage
from ...models.get_daily_renewals import GetDailyRenewals
from ...models.get_daily_state import GetDailyState
from ...types import UNSET, Response, Unset


def _get_kwargs(
    *,
    from_: datetime.date | Unset = UNSET,
    to: datetime.date | Unset = UNSET,
    limit: int | Unset = 100,
    cursor: str | Unset = UNSET,
    currency: str | Unset = UNSET,
    state: GetDailyState | Unset = UNSET,
    renewals: GetDailyRenewals | Unset = "include",
    convert: bool | Unset = False,
    rate_source: str | Unset = UNSET,
    known_at: datetime.datetime | Unset = UNSET,
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

    params["currency"] = currency

    json_state: str | Unset = UNSET
    if not isinstance(state, Unset):
        json_state = state

    params["state"] = json_state

    json_renewals: str | Unset = UNSET
    if not isinstance(renewals, Unset):
        json_renewals = renewals

    params["renewals"] = json_renewals

    params["convert"] = convert

    params["rate_source"] = rate_source

    json_known_at: str | Unset = UNSET
    if not isinstance(known_at, Unset):
        json_known_at = known_at.isoformat()
    params["known_at"] = json_known_at

    params = {k: v for k, v in params.items() if v is not UNSET and v is not None}

    _kwargs: dict[str, Any] = {
        "method": "get",
        "url": "/v1/revenue/daily",
        "params": params,
    }

    return _kwargs


def _parse_response(response: httpx.Response) -> ConvertedDailyPage | DailyPage:
    if response.status_code == 200:

        def _parse_response_200(data: object) -> ConvertedDailyPage | DailyPage:
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                response_200_type_0 = ConvertedDailyPage.from_dict(data)

                return response_200_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            if not isinstance(data, dict):
                raise TypeError()
            response_200_type_1 = DailyPage.from_dict(data)

            return response_200_type_1

        response_200 = _parse_response_200(response.json())

        return response_200

    raise errors.refusal_of(response)


def _build_response(response: httpx.Response) -> Response[ConvertedDailyPage | DailyPage]:
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
    currency: str | Unset = UNSET,
    state: GetDailyState | Unset = UNSET,
    renewals: GetDailyRenewals | Unset = "include",
    convert: bool | Unset = False,
    rate_source: str | Unset = UNSET,
    known_at: datetime.datetime | Unset = UNSET,
) -> ConvertedDailyPage | DailyPage:
    """Money by day and state

     List the amount and number of ledger entries per local day, currency and state, the earliest day
    first.

    With `convert=true` all money is in the `currency` asked for, by each day's stored exchange rate.

    Args:
        from_ (datetime.date | Unset): first day, in the tenant's time zone
        to (datetime.date | Unset): the day after the last one; later than `from`
        limit (int | Unset): maximum number of rows Default: 100.
        cursor (str | Unset): `next_cursor` of the page before, with the same filters; the limit
            may change
        currency (str | Unset): this currency only, ISO 4217
        state (GetDailyState | Unset): entries of this state only
        renewals (GetDailyRenewals | Unset): `exclude` leaves out orders that are later payments
            of a subscription, as webhooks report them, with their refunds and disputes Default:
            'include'.
        convert (bool | Unset): convert money of every other currency to `currency`, by each day's
            rate; without it, `currency` leaves out the others Default: False.
        rate_source (str | Unset): with `convert`: whose rates; needed if there are several
            sources
        known_at (datetime.datetime | Unset): report what was known at this moment, ISO 8601 with
            an offset (a + written as %2B), instead of now

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
                currency=currency,
                state=state,
                renewals=renewals,
                convert=convert,
                rate_source=rate_source,
                known_at=known_at,
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
    currency: str | Unset = UNSET,
    state: GetDailyState | Unset = UNSET,
    renewals: GetDailyRenewals | Unset = "include",
    convert: bool | Unset = False,
    rate_source: str | Unset = UNSET,
    known_at: datetime.datetime | Unset = UNSET,
) -> Response[ConvertedDailyPage | DailyPage]:
    """Do what `sync` does, and return the response's status and headers too."""
    return _build_response(
        client.get_httpx_client().request(
            **_get_kwargs(
                from_=from_,
                to=to,
                limit=limit,
                cursor=cursor,
                currency=currency,
                state=state,
                renewals=renewals,
                convert=convert,
                rate_source=rate_source,
                known_at=known_at,
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
    currency: str | Unset = UNSET,
    state: GetDailyState | Unset = UNSET,
    renewals: GetDailyRenewals | Unset = "include",
    convert: bool | Unset = False,
    rate_source: str | Unset = UNSET,
    known_at: datetime.datetime | Unset = UNSET,
) -> ConvertedDailyPage | DailyPage:
    """Do what `sync` does, in a coroutine."""
    return _parse_response(
        await client.get_async_httpx_client().request(
            **_get_kwargs(
                from_=from_,
                to=to,
                limit=limit,
                cursor=cursor,
                currency=currency,
                state=state,
                renewals=renewals,
                convert=convert,
                rate_source=rate_source,
                known_at=known_at,
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
    currency: str | Unset = UNSET,
    state: GetDailyState | Unset = UNSET,
    renewals: GetDailyRenewals | Unset = "include",
    convert: bool | Unset = False,
    rate_source: str | Unset = UNSET,
    known_at: datetime.datetime | Unset = UNSET,
) -> Response[ConvertedDailyPage | DailyPage]:
    """Do what `sync_detailed` does, in a coroutine."""
    return _build_response(
        await client.get_async_httpx_client().request(
            **_get_kwargs(
                from_=from_,
                to=to,
                limit=limit,
                cursor=cursor,
                currency=currency,
                state=state,
                renewals=renewals,
                convert=convert,
                rate_source=rate_source,
                known_at=known_at,
            )
        )
    )
