import datetime
from http import HTTPStatus
from typing import Any

import httpx

from ... import errors
from ...client import AuthenticatedClient
from ...models.get_kinds_basis import GetKindsBasis
from ...models.get_kinds_model_item import GetKindsModelItem
from ...models.get_kinds_renewals import GetKindsRenewals
from ...models.kinds_report import KindsReport
from ...types import UNSET, Response, Unset


def _get_kwargs(
    *,
    from_: datetime.date | Unset = UNSET,
    to: datetime.date | Unset = UNSET,
    model: list[GetKindsModelItem] | Unset = UNSET,
    currency: str | Unset = UNSET,
    renewals: GetKindsRenewals | Unset = "include",
    channel: str | Unset = UNSET,
    basis: GetKindsBasis | Unset = "entry_day",
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

    json_basis: str | Unset = UNSET
    if not isinstance(basis, Unset):
        json_basis = basis

    params["basis"] = json_basis

    params = {k: v for k, v in params.items() if v is not UNSET and v is not None}

    _kwargs: dict[str, Any] = {
        "method": "get",
        "url": "/v1/attribution/kinds",
        "params": params,
    }

    return _kwargs


def _parse_response(response: httpx.Response) -> KindsReport:
    if response.status_code == 200:
        response_200 = KindsReport.from_dict(response.json())

        return response_200

    raise errors.refusal_of(response)


def _build_response(response: httpx.Response) -> Response[KindsReport]:
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
    model: list[GetKindsModelItem] | Unset = UNSET,
    currency: str | Unset = UNSET,
    renewals: GetKindsRenewals | Unset = "include",
    channel: str | Unset = UNSET,
    basis: GetKindsBasis | Unset = "entry_day",
) -> KindsReport:
    """Credited gross, refunded, disputed and net money of each channel

     Divide the credit of each channel by the kinds of the credited entries, over all days asked for.

    By the day of the entries they add up to the channel's credit, to the unit. By that of the orders,
    refunds and
    disputes are beside the captures that they take back; by that of the touches, money is where it was
    earned. Over all
    days the sums are equal, but an entry is then divided among channels and days at once, so that those
    of one channel
    may differ by rounding. The report is computed from the facts of the days, as that of
    origins is; more than 10,000 orders are refused with `report_too_large`.

    Args:
        from_ (datetime.date | Unset): first day, in the tenant's time zone
        to (datetime.date | Unset): the day after the last one; later than `from`
        model (list[GetKindsModelItem] | Unset): models to show, repeated or separated by commas;
            all when left out
        currency (str | Unset): this currency only, ISO 4217
        renewals (GetKindsRenewals | Unset): `exclude` leaves out orders that are later payments
            of a subscription, as webhooks report them, with their refunds and disputes Default:
            'include'.
        channel (str | Unset): this channel only
        basis (GetKindsBasis | Unset): whose day counts: the entry's; the order's, which is that
            of its first capture; or that of the touch that earned the credit, and the order's where
            none did Default: 'entry_day'.

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
                basis=basis,
            )
        )
    )


def sync_detailed(
    *,
    client: AuthenticatedClient,
    from_: datetime.date | Unset = UNSET,
    to: datetime.date | Unset = UNSET,
    model: list[GetKindsModelItem] | Unset = UNSET,
    currency: str | Unset = UNSET,
    renewals: GetKindsRenewals | Unset = "include",
    channel: str | Unset = UNSET,
    basis: GetKindsBasis | Unset = "entry_day",
) -> Response[KindsReport]:
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
                basis=basis,
            )
        )
    )


async def asyncio(
    *,
    client: AuthenticatedClient,
    from_: datetime.date | Unset = UNSET,
    to: datetime.date | Unset = UNSET,
    model: list[GetKindsModelItem] | Unset = UNSET,
    currency: str | Unset = UNSET,
    renewals: GetKindsRenewals | Unset = "include",
    channel: str | Unset = UNSET,
    basis: GetKindsBasis | Unset = "entry_day",
) -> KindsReport:
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
                basis=basis,
            )
        )
    )


async def asyncio_detailed(
    *,
    client: AuthenticatedClient,
    from_: datetime.date | Unset = UNSET,
    to: datetime.date | Unset = UNSET,
    model: list[GetKindsModelItem] | Unset = UNSET,
    currency: str | Unset = UNSET,
    renewals: GetKindsRenewals | Unset = "include",
    channel: str | Unset = UNSET,
    basis: GetKindsBasis | Unset = "entry_day",
) -> Response[KindsReport]:
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
                basis=basis,
            )
        )
    )
