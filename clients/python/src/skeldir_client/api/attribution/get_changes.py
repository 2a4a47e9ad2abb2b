import datetime
from http import HTTPStatus
from typing import Any

import httpx

from ... import errors
from ...client import AuthenticatedClient
from ...models.changes_report import ChangesReport
from ...models.get_changes_model_item import GetChangesModelItem
from ...types import UNSET, Response, Unset


def _get_kwargs(
    *,
    from_: datetime.date | Unset = UNSET,
    to: datetime.date | Unset = UNSET,
    since: datetime.datetime,
    until: datetime.datetime | Unset = UNSET,
    model: list[GetChangesModelItem] | Unset = UNSET,
    currency: str | Unset = UNSET,
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

    json_since = since.isoformat()
    params["since"] = json_since

    json_until: str | Unset = UNSET
    if not isinstance(until, Unset):
        json_until = until.isoformat()
    params["until"] = json_until

    json_model: list[str] | Unset = UNSET
    if not isinstance(model, Unset):
        json_model = []
        for model_item_data in model:
            model_item: str = model_item_data
            json_model.append(model_item)

    params["model"] = json_model

    params["currency"] = currency

    params = {k: v for k, v in params.items() if v is not UNSET and v is not None}

    _kwargs: dict[str, Any] = {
        "method": "get",
        "url": "/v1/attribution/changes",
        "params": params,
    }

    return _kwargs


def _parse_response(response: httpx.Response) -> ChangesReport:
    if response.status_code == 200:
        response_200 = ChangesReport.from_dict(response.json())

        return response_200

    raise errors.refusal_of(response)


def _build_response(response: httpx.Response) -> Response[ChangesReport]:
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
    since: datetime.datetime,
    until: datetime.datetime | Unset = UNSET,
    model: list[GetChangesModelItem] | Unset = UNSET,
    currency: str | Unset = UNSET,
) -> ChangesReport:
    """What changed in the channel report between two moments, and why

     List the channels whose credit or spend is another one than at an earlier moment, with the causes.

    For each model the causes and `rest_cents` add up to the difference, to the unit. The orders with
    facts that were
    recorded or taken back in between are credited several times; more than 10,000 orders are refused
    with
    `report_too_large`, and after a change of models or of the time zone these are all orders.

    Args:
        from_ (datetime.date | Unset): first day, in the tenant's time zone
        to (datetime.date | Unset): the day after the last one; later than `from`
        since (datetime.datetime): the earlier moment, ISO 8601 with an offset
        until (datetime.datetime | Unset): the later moment; now when left out
        model (list[GetChangesModelItem] | Unset): models to show, repeated; all when left out
        currency (str | Unset): this currency only, ISO 4217

    Raises:
        errors.Refused: the service refused it; see its code.
        httpx.TransportError: no answer came."""
    return _parse_response(
        client.get_httpx_client().request(
            **_get_kwargs(
                from_=from_,
                to=to,
                since=since,
                until=until,
                model=model,
                currency=currency,
            )
        )
    )


def sync_detailed(
    *,
    client: AuthenticatedClient,
    from_: datetime.date | Unset = UNSET,
    to: datetime.date | Unset = UNSET,
    since: datetime.datetime,
    until: datetime.datetime | Unset = UNSET,
    model: list[GetChangesModelItem] | Unset = UNSET,
    currency: str | Unset = UNSET,
) -> Response[ChangesReport]:
    """Do what `sync` does, and return the response's status and headers too."""
    return _build_response(
        client.get_httpx_client().request(
            **_get_kwargs(
                from_=from_,
                to=to,
                since=since,
                until=until,
                model=model,
                currency=currency,
            )
        )
    )


async def asyncio(
    *,
    client: AuthenticatedClient,
    from_: datetime.date | Unset = UNSET,
    to: datetime.date | Unset = UNSET,
    since: datetime.datetime,
    until: datetime.datetime | Unset = UNSET,
    model: list[GetChangesModelItem] | Unset = UNSET,
    currency: str | Unset = UNSET,
) -> ChangesReport:
    """Do what `sync` does, in a coroutine."""
    return _parse_response(
        await client.get_async_httpx_client().request(
            **_get_kwargs(
                from_=from_,
                to=to,
                since=since,
                until=until,
                model=model,
                currency=currency,
            )
        )
    )


async def asyncio_detailed(
    *,
    client: AuthenticatedClient,
    from_: datetime.date | Unset = UNSET,
    to: datetime.date | Unset = UNSET,
    since: datetime.datetime,
    until: datetime.datetime | Unset = UNSET,
    model: list[GetChangesModelItem] | Unset = UNSET,
    currency: str | Unset = UNSET,
) -> Response[ChangesReport]:
    """Do what `sync_detailed` does, in a coroutine."""
    return _build_response(
        await client.get_async_httpx_client().request(
            **_get_kwargs(
                from_=from_,
                to=to,
                since=since,
                until=until,
                model=model,
                currency=currency,
            )
        )
    )
