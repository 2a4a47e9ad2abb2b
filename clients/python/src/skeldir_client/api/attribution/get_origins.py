import datetime
from http import HTTPStatus
from typing import Any

import httpx

from ... import errors
from ...client import AuthenticatedClient
from ...models.get_origins_by import GetOriginsBy
from ...models.get_origins_model_item import GetOriginsModelItem
from ...models.get_origins_renewals import GetOriginsRenewals
from ...models.origins_report import OriginsReport
from ...types import UNSET, Response, Unset


def _get_kwargs(
    *,
    from_: datetime.date | Unset = UNSET,
    to: datetime.date | Unset = UNSET,
    model: list[GetOriginsModelItem] | Unset = UNSET,
    currency: str | Unset = UNSET,
    renewals: GetOriginsRenewals | Unset = "include",
    channel: str | Unset = UNSET,
    by: GetOriginsBy | Unset = "source",
    top: int | Unset = 10,
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

    params["channel"] = channel

    json_by: str | Unset = UNSET
    if not isinstance(by, Unset):
        json_by = by

    params["by"] = json_by

    params["top"] = top

    params = {k: v for k, v in params.items() if v is not UNSET and v is not None}

    _kwargs: dict[str, Any] = {
        "method": "get",
        "url": "/v1/attribution/origins",
        "params": params,
    }

    return _kwargs


def _parse_response(response: httpx.Response) -> OriginsReport:
    if response.status_code == 200:
        response_200 = OriginsReport.from_dict(response.json())

        return response_200

    raise errors.refusal_of(response)


def _build_response(response: httpx.Response) -> Response[OriginsReport]:
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
    model: list[GetOriginsModelItem] | Unset = UNSET,
    currency: str | Unset = UNSET,
    renewals: GetOriginsRenewals | Unset = "include",
    channel: str | Unset = UNSET,
    by: GetOriginsBy | Unset = "source",
    top: int | Unset = 10,
) -> OriginsReport:
    """Credited revenue, conversions and spend of each channel by source or campaign

     Divide the credit of each channel by the source or campaign of its touches, over all days asked for.

    `parts`, `others` and `not_known` add up to the channel's credit, to the unit, and their spend and
    `unmatched_spend_cents` to its spend. The report is computed from the facts
    of the days, so it takes about as long as crediting their orders; more than 10,000 orders are
    refused with
    `report_too_large`.

    Args:
        from_ (datetime.date | Unset): first day, in the tenant's time zone
        to (datetime.date | Unset): the day after the last one; later than `from`
        model (list[GetOriginsModelItem] | Unset): models to show, repeated or separated by
            commas; all when left out
        currency (str | Unset): this currency only, ISO 4217
        renewals (GetOriginsRenewals | Unset): `exclude` leaves out orders that are later payments
            of a subscription, as webhooks report them, with their refunds and disputes Default:
            'include'.
        channel (str | Unset): this channel only
        by (GetOriginsBy | Unset): what each channel is divided by Default: 'source'.
        top (int | Unset): how many values of each channel are shown singly Default: 10.

    Raises:
        errors.Refused: the service refused it; see its code.
        httpx.TransportError: no answer came."""
    return _parse_response(
        client.get_httpx_client().request(
            **_get_kwargs(
                from_=from_,
                to=to,
                model=model,
                currency=currency,
                renewals=renewals,
                channel=channel,
                by=by,
                top=top,
            )
        )
    )


def sync_detailed(
    *,
    client: AuthenticatedClient,
    from_: datetime.date | Unset = UNSET,
    to: datetime.date | Unset = UNSET,
    model: list[GetOriginsModelItem] | Unset = UNSET,
    currency: str | Unset = UNSET,
    renewals: GetOriginsRenewals | Unset = "include",
    channel: str | Unset = UNSET,
    by: GetOriginsBy | Unset = "source",
    top: int | Unset = 10,
) -> Response[OriginsReport]:
    """Do what `sync` does, and return the response's status and headers too."""
    return _build_response(
        client.get_httpx_client().request(
            **_get_kwargs(
                from_=from_,
                to=to,
                model=model,
                currency=currency,
                renewals=renewals,
                channel=channel,
                by=by,
                top=top,
            )
        )
    )


async def asyncio(
    *,
    client: AuthenticatedClient,
    from_: datetime.date | Unset = UNSET,
    to: datetime.date | Unset = UNSET,
    model: list[GetOriginsModelItem] | Unset = UNSET,
    currency: str | Unset = UNSET,
    renewals: GetOriginsRenewals | Unset = "include",
    channel: str | Unset = UNSET,
    by: GetOriginsBy | Unset = "source",
    top: int | Unset = 10,
) -> OriginsReport:
    """Do what `sync` does, in a coroutine."""
    return _parse_response(
        await client.get_async_httpx_client().request(
            **_get_kwargs(
                from_=from_,
                to=to,
                model=model,
                currency=currency,
                renewals=renewals,
                channel=channel,
                by=by,
                top=top,
            )
        )
    )


async def asyncio_detailed(
    *,
    client: AuthenticatedClient,
    from_: datetime.date | Unset = UNSET,
    to: datetime.date | Unset = UNSET,
    model: list[GetOriginsModelItem] | Unset = UNSET,
    currency: str | Unset = UNSET,
    renewals: GetOriginsRenewals | Unset = "include",
    channel: str | Unset = UNSET,
    by: GetOriginsBy | Unset = "source",
    top: int | Unset = 10,
) -> Response[OriginsReport]:
    """Do what `sync_detailed` does, in a coroutine."""
    return _build_response(
        await client.get_async_httpx_client().request(
            **_get_kwargs(
                from_=from_,
                to=to,
                model=model,
                currency=currency,
                renewals=renewals,
                channel=channel,
                by=by,
                top=top,
            )
        )
    )
