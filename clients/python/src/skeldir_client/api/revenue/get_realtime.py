import datetime
from http import HTTPStatus
from typing import Any, cast

import httpx

from ... import errors
from ...client import AuthenticatedClient
from ...models.converted_realtime import ConvertedRealtime
from ...models.get_realtime_renewals import GetRealtimeRenewals
from ...models.realtime_totals import RealtimeTotals
from ...types import UNSET, Response, Unset


def _get_kwargs(
    *,
    currency: str | Unset = UNSET,
    renewals: GetRealtimeRenewals | Unset = "include",
    convert: bool | Unset = False,
    rate_source: str | Unset = UNSET,
    known_at: datetime.datetime | Unset = UNSET,
) -> dict[str, Any]:

    params: dict[str, Any] = {}

    params["currency"] = currency

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
        "url": "/v1/revenue/realtime",
        "params": params,
    }

    return _kwargs


def _parse_response(response: httpx.Response) -> Any | ConvertedRealtime | RealtimeTotals:
    if response.status_code == 200:

        def _parse_response_200(data: object) -> ConvertedRealtime | RealtimeTotals:
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                response_200_type_0 = ConvertedRealtime.from_dict(data)

                return response_200_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            if not isinstance(data, dict):
                raise TypeError()
            response_200_type_1 = RealtimeTotals.from_dict(data)

            return response_200_type_1

        response_200 = _parse_response_200(response.json())

        return response_200

    if response.status_code == 304:
        response_304 = cast(Any, None)
        return response_304

    raise errors.refusal_of(response)


def _build_response(response: httpx.Response) -> Response[Any | ConvertedRealtime | RealtimeTotals]:
    return Response(
        status_code=HTTPStatus(response.status_code),
        content=response.content,
        headers=response.headers,
        parsed=_parse_response(response),
    )


def sync(
    *,
    client: AuthenticatedClient,
    currency: str | Unset = UNSET,
    renewals: GetRealtimeRenewals | Unset = "include",
    convert: bool | Unset = False,
    rate_source: str | Unset = UNSET,
    known_at: datetime.datetime | Unset = UNSET,
) -> Any | ConvertedRealtime | RealtimeTotals:
    """Money so far

     Report captured, refunded, disputed and net money of each currency over all days; a few seconds old
    at most.

    With `convert=true` all money is in the `currency` asked for, by each day's stored exchange rate.
    This reads the
    sums of all days.

    Args:
        currency (str | Unset): this currency only, ISO 4217
        renewals (GetRealtimeRenewals | Unset): `exclude` leaves out orders that are later
            payments of a subscription, as webhooks report them, with their refunds and disputes
            Default: 'include'.
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
                currency=currency,
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
    currency: str | Unset = UNSET,
    renewals: GetRealtimeRenewals | Unset = "include",
    convert: bool | Unset = False,
    rate_source: str | Unset = UNSET,
    known_at: datetime.datetime | Unset = UNSET,
) -> Response[Any | ConvertedRealtime | RealtimeTotals]:
    """Do what `sync` does, and return the response's status and headers too."""
    return _build_response(
        client.get_httpx_client().request(
            **_get_kwargs(
                currency=currency,
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
    currency: str | Unset = UNSET,
    renewals: GetRealtimeRenewals | Unset = "include",
    convert: bool | Unset = False,
    rate_source: str | Unset = UNSET,
    known_at: datetime.datetime | Unset = UNSET,
) -> Any | ConvertedRealtime | RealtimeTotals:
    """Do what `sync` does, in a coroutine."""
    return _parse_response(
        await client.get_async_httpx_client().request(
            **_get_kwargs(
                currency=currency,
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
    currency: str | Unset = UNSET,
    renewals: GetRealtimeRenewals | Unset = "include",
    convert: bool | Unset = False,
    rate_source: str | Unset = UNSET,
    known_at: datetime.datetime | Unset = UNSET,
) -> Response[Any | ConvertedRealtime | RealtimeTotals]:
    """Do what `sync_detailed` does, in a coroutine."""
    return _build_response(
        await client.get_async_httpx_client().request(
            **_get_kwargs(
                currency=currency,
                renewals=renewals,
                convert=convert,
                rate_source=rate_source,
                known_at=known_at,
            )
        )
    )
