import datetime
from http import HTTPStatus
from typing import Any

import httpx

from ... import errors
from ...client import AuthenticatedClient
from ...models.channels_page import ChannelsPage
from ...models.converted_channels_page import ConvertedChannelsPage
from ...models.get_channels_compare import GetChannelsCompare
from ...models.get_channels_granularity import GetChannelsGranularity
from ...models.get_channels_match import GetChannelsMatch
from ...models.get_channels_model_item import GetChannelsModelItem
from ...models.get_channels_renewals import GetChannelsRenewals
from ...types import UNSET, Response, Unset


def _get_kwargs(
    *,
    from_: datetime.date | Unset = UNSET,
    to: datetime.date | Unset = UNSET,
    limit: int | Unset = 100,
    cursor: str | Unset = UNSET,
    model: list[GetChannelsModelItem] | Unset = UNSET,
    currency: str | Unset = UNSET,
    renewals: GetChannelsRenewals | Unset = "include",
    granularity: GetChannelsGranularity | Unset = "total",
    convert: bool | Unset = False,
    rate_source: str | Unset = UNSET,
    known_at: datetime.datetime | Unset = UNSET,
    compare: GetChannelsCompare | Unset = UNSET,
    match: GetChannelsMatch | Unset = "date",
    compare_from: datetime.date | Unset = UNSET,
    compare_to: datetime.date | Unset = UNSET,
    compare_known_at: datetime.datetime | Unset = UNSET,
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

    json_model: list[str] | Unset = UNSET
    if not isinstance(model, Unset):
        json_model = []
        for model_item_data in model:
            model_item: str = model_item_data
            json_model.append(model_item)

    params["model"] = json_model

    params["currency"] = currency

    json_renewals: str | Unset = UNSET
    if not isinstance(renewals, Unset):
        json_renewals = renewals

    params["renewals"] = json_renewals

    json_granularity: str | Unset = UNSET
    if not isinstance(granularity, Unset):
        json_granularity = granularity

    params["granularity"] = json_granularity

    params["convert"] = convert

    params["rate_source"] = rate_source

    json_known_at: str | Unset = UNSET
    if not isinstance(known_at, Unset):
        json_known_at = known_at.isoformat()
    params["known_at"] = json_known_at

    json_compare: str | Unset = UNSET
    if not isinstance(compare, Unset):
        json_compare = compare

    params["compare"] = json_compare

    json_match: str | Unset = UNSET
    if not isinstance(match, Unset):
        json_match = match

    params["match"] = json_match

    json_compare_from: str | Unset = UNSET
    if not isinstance(compare_from, Unset):
        json_compare_from = compare_from.isoformat()
    params["compare_from"] = json_compare_from

    json_compare_to: str | Unset = UNSET
    if not isinstance(compare_to, Unset):
        json_compare_to = compare_to.isoformat()
    params["compare_to"] = json_compare_to

    json_compare_known_at: str | Unset = UNSET
    if not isinstance(compare_known_at, Unset):
        json_compare_known_at = compare_known_at.isoformat()
    params["compare_known_at"] = json_compare_known_at

    params = {k: v for k, v in params.items() if v is not UNSET and v is not None}

    _kwargs: dict[str, Any] = {
        "method": "get",
        "url": "/v1/attribution/channels",
        "params": params,
    }

    return _kwargs


def _parse_response(response: httpx.Response) -> ChannelsPage | ConvertedChannelsPage:
    if response.status_code == 200:

        def _parse_response_200(data: object) -> ChannelsPage | ConvertedChannelsPage:
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                response_200_type_0 = ConvertedChannelsPage.from_dict(data)

                return response_200_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            if not isinstance(data, dict):
                raise TypeError()
            response_200_type_1 = ChannelsPage.from_dict(data)

            return response_200_type_1

        response_200 = _parse_response_200(response.json())

        return response_200

    raise errors.refusal_of(response)


def _build_response(response: httpx.Response) -> Response[ChannelsPage | ConvertedChannelsPage]:
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
    model: list[GetChannelsModelItem] | Unset = UNSET,
    currency: str | Unset = UNSET,
    renewals: GetChannelsRenewals | Unset = "include",
    granularity: GetChannelsGranularity | Unset = "total",
    convert: bool | Unset = False,
    rate_source: str | Unset = UNSET,
    known_at: datetime.datetime | Unset = UNSET,
    compare: GetChannelsCompare | Unset = UNSET,
    match: GetChannelsMatch | Unset = "date",
    compare_from: datetime.date | Unset = UNSET,
    compare_to: datetime.date | Unset = UNSET,
    compare_known_at: datetime.datetime | Unset = UNSET,
) -> ChannelsPage | ConvertedChannelsPage:
    """Credited revenue, conversions, spend and ROAS by channel

     Report the credit of each channel, models side by side, by the day of the credited ledger entry.

    A request for a model that is not in force is refused with `model_not_in_force`. With `convert=true`
    all money is
    in the `currency` asked for, by each day's stored exchange rate. With `known_at` the report is what
    it
    was at that moment, and with `compare` other figures stand beside each row.

    Args:
        from_ (datetime.date | Unset): first day, in the tenant's time zone
        to (datetime.date | Unset): the day after the last one; later than `from`
        limit (int | Unset): maximum number of rows Default: 100.
        cursor (str | Unset): `next_cursor` of the page before, with the same filters; the limit
            may change
        model (list[GetChannelsModelItem] | Unset): models to show, repeated or separated by
            commas; all when left out
        currency (str | Unset): this currency only, ISO 4217
        renewals (GetChannelsRenewals | Unset): `exclude` leaves out orders that are later
            payments of a subscription, as webhooks report them, with their refunds and disputes
            Default: 'include'.
        granularity (GetChannelsGranularity | Unset): one row per channel for the full range, or
            per local day, week or month Default: 'total'.
        convert (bool | Unset): convert money of every other currency to `currency`, by each day's
            rate; without it, `currency` leaves out the others Default: False.
        rate_source (str | Unset): with `convert`: whose rates; needed if there are several
            sources
        known_at (datetime.datetime | Unset): report what was known at this moment, ISO 8601 with
            an offset (a + written as %2B), instead of now
        compare (GetChannelsCompare | Unset): show other figures beside: of as many days before,
            of the days a year before, of the days from `compare_from`, or of the same days as known
            at `compare_known_at`
        match (GetChannelsMatch | Unset): `weekday` compares with days that are full weeks away
            Default: 'date'.
        compare_from (datetime.date | Unset): first day to compare with, for `compare=custom`
        compare_to (datetime.date | Unset): the day after the last of these
        compare_known_at (datetime.datetime | Unset): the moment to compare with, for
            `compare=known_at`

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
                model=model,
                currency=currency,
                renewals=renewals,
                granularity=granularity,
                convert=convert,
                rate_source=rate_source,
                known_at=known_at,
                compare=compare,
                match=match,
                compare_from=compare_from,
                compare_to=compare_to,
                compare_known_at=compare_known_at,
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
    model: list[GetChannelsModelItem] | Unset = UNSET,
    currency: str | Unset = UNSET,
    renewals: GetChannelsRenewals | Unset = "include",
    granularity: GetChannelsGranularity | Unset = "total",
    convert: bool | Unset = False,
    rate_source: str | Unset = UNSET,
    known_at: datetime.datetime | Unset = UNSET,
    compare: GetChannelsCompare | Unset = UNSET,
    match: GetChannelsMatch | Unset = "date",
    compare_from: datetime.date | Unset = UNSET,
    compare_to: datetime.date | Unset = UNSET,
    compare_known_at: datetime.datetime | Unset = UNSET,
) -> Response[ChannelsPage | ConvertedChannelsPage]:
    """Do what `sync` does, and return the response's status and headers too."""
    return _build_response(
        client.get_httpx_client().request(
            **_get_kwargs(
                from_=from_,
                to=to,
                limit=limit,
                cursor=cursor,
                model=model,
                currency=currency,
                renewals=renewals,
                granularity=granularity,
                convert=convert,
                rate_source=rate_source,
                known_at=known_at,
                compare=compare,
                match=match,
                compare_from=compare_from,
                compare_to=compare_to,
                compare_known_at=compare_known_at,
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
    model: list[GetChannelsModelItem] | Unset = UNSET,
    currency: str | Unset = UNSET,
    renewals: GetChannelsRenewals | Unset = "include",
    granularity: GetChannelsGranularity | Unset = "total",
    convert: bool | Unset = False,
    rate_source: str | Unset = UNSET,
    known_at: datetime.datetime | Unset = UNSET,
    compare: GetChannelsCompare | Unset = UNSET,
    match: GetChannelsMatch | Unset = "date",
    compare_from: datetime.date | Unset = UNSET,
    compare_to: datetime.date | Unset = UNSET,
    compare_known_at: datetime.datetime | Unset = UNSET,
) -> ChannelsPage | ConvertedChannelsPage:
    """Do what `sync` does, in a coroutine."""
    return _parse_response(
        await client.get_async_httpx_client().request(
            **_get_kwargs(
                from_=from_,
                to=to,
                limit=limit,
                cursor=cursor,
                model=model,
                currency=currency,
                renewals=renewals,
                granularity=granularity,
                convert=convert,
                rate_source=rate_source,
                known_at=known_at,
                compare=compare,
                match=match,
                compare_from=compare_from,
                compare_to=compare_to,
                compare_known_at=compare_known_at,
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
    model: list[GetChannelsModelItem] | Unset = UNSET,
    currency: str | Unset = UNSET,
    renewals: GetChannelsRenewals | Unset = "include",
    granularity: GetChannelsGranularity | Unset = "total",
    convert: bool | Unset = False,
    rate_source: str | Unset = UNSET,
    known_at: datetime.datetime | Unset = UNSET,
    compare: GetChannelsCompare | Unset = UNSET,
    match: GetChannelsMatch | Unset = "date",
    compare_from: datetime.date | Unset = UNSET,
    compare_to: datetime.date | Unset = UNSET,
    compare_known_at: datetime.datetime | Unset = UNSET,
) -> Response[ChannelsPage | ConvertedChannelsPage]:
    """Do what `sync_detailed` does, in a coroutine."""
    return _build_response(
        await client.get_async_httpx_client().request(
            **_get_kwargs(
                from_=from_,
                to=to,
                limit=limit,
                cursor=cursor,
                model=model,
                currency=currency,
                renewals=renewals,
                granularity=granularity,
                convert=convert,
                rate_source=rate_source,
                known_at=known_at,
                compare=compare,
                match=match,
                compare_from=compare_from,
                compare_to=compare_to,
                compare_known_at=compare_known_at,
            )
        )
    )
