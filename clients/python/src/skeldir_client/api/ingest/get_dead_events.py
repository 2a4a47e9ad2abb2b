import datetime
from http import HTTPStatus
from typing import Any

import httpx

from ... import errors
from ...client import AuthenticatedClient
from ...models.dead_events_page import DeadEventsPage
from ...models.get_dead_events_item_kind import GetDeadEventsItemKind
from ...types import UNSET, Response, Unset


def _get_kwargs(
    *,
    limit: int | Unset = 100,
    cursor: str | Unset = UNSET,
    from_: datetime.datetime | Unset = UNSET,
    to: datetime.datetime | Unset = UNSET,
    item_kind: GetDeadEventsItemKind | Unset = UNSET,
    code: str | Unset = UNSET,
) -> dict[str, Any]:

    params: dict[str, Any] = {}

    params["limit"] = limit

    params["cursor"] = cursor

    json_from_: str | Unset = UNSET
    if not isinstance(from_, Unset):
        json_from_ = from_.isoformat()
    params["from"] = json_from_

    json_to: str | Unset = UNSET
    if not isinstance(to, Unset):
        json_to = to.isoformat()
    params["to"] = json_to

    json_item_kind: str | Unset = UNSET
    if not isinstance(item_kind, Unset):
        json_item_kind = item_kind

    params["item_kind"] = json_item_kind

    params["code"] = code

    params = {k: v for k, v in params.items() if v is not UNSET and v is not None}

    _kwargs: dict[str, Any] = {
        "method": "get",
        "url": "/v1/dead-events",
        "params": params,
    }

    return _kwargs


def _parse_response(response: httpx.Response) -> DeadEventsPage:
    if response.status_code == 200:
        response_200 = DeadEventsPage.from_dict(response.json())

        return response_200

    raise errors.refusal_of(response)


def _build_response(response: httpx.Response) -> Response[DeadEventsPage]:
    return Response(
        status_code=HTTPStatus(response.status_code),
        content=response.content,
        headers=response.headers,
        parsed=_parse_response(response),
    )


def sync(
    *,
    client: AuthenticatedClient,
    limit: int | Unset = 100,
    cursor: str | Unset = UNSET,
    from_: datetime.datetime | Unset = UNSET,
    to: datetime.datetime | Unset = UNSET,
    item_kind: GetDeadEventsItemKind | Unset = UNSET,
    code: str | Unset = UNSET,
) -> DeadEventsPage:
    """Rejected items

     List the rejected items with their reasons, newest first.

    Args:
        limit (int | Unset): maximum number of rows Default: 100.
        cursor (str | Unset): `next_cursor` of the page before, with the same filters; the limit
            may change
        from_ (datetime.datetime | Unset): ISO 8601 with an offset (a + written as %2B)
        to (datetime.datetime | Unset): the end, not included; later than `from`
        item_kind (GetDeadEventsItemKind | Unset): only rejected items of this kind
        code (str | Unset): only items rejected with this code, such as `currency_unknown`

    Raises:
        errors.Refused: the service refused it; see its code.
        httpx.TransportError: no answer came."""
    return _parse_response(
        client.get_httpx_client().request(
            **_get_kwargs(
                limit=limit,
                cursor=cursor,
                from_=from_,
                to=to,
                item_kind=item_kind,
                code=code,
            )
        )
    )


def sync_detailed(
    *,
    client: AuthenticatedClient,
    limit: int | Unset = 100,
    cursor: str | Unset = UNSET,
    from_: datetime.datetime | Unset = UNSET,
    to: datetime.datetime | Unset = UNSET,
    item_kind: GetDeadEventsItemKind | Unset = UNSET,
    code: str | Unset = UNSET,
) -> Response[DeadEventsPage]:
    """Do what `sync` does, and return the response's status and headers too."""
    return _build_response(
        client.get_httpx_client().request(
            **_get_kwargs(
                limit=limit,
                cursor=cursor,
                from_=from_,
                to=to,
                item_kind=item_kind,
                code=code,
            )
        )
    )


async def asyncio(
    *,
    client: AuthenticatedClient,
    limit: int | Unset = 100,
    cursor: str | Unset = UNSET,
    from_: datetime.datetime | Unset = UNSET,
    to: datetime.datetime | Unset = UNSET,
    item_kind: GetDeadEventsItemKind | Unset = UNSET,
    code: str | Unset = UNSET,
) -> DeadEventsPage:
    """Do what `sync` does, in a coroutine."""
    return _parse_response(
        await client.get_async_httpx_client().request(
            **_get_kwargs(
                limit=limit,
                cursor=cursor,
                from_=from_,
                to=to,
                item_kind=item_kind,
                code=code,
            )
        )
    )


async def asyncio_detailed(
    *,
    client: AuthenticatedClient,
    limit: int | Unset = 100,
    cursor: str | Unset = UNSET,
    from_: datetime.datetime | Unset = UNSET,
    to: datetime.datetime | Unset = UNSET,
    item_kind: GetDeadEventsItemKind | Unset = UNSET,
    code: str | Unset = UNSET,
) -> Response[DeadEventsPage]:
    """Do what `sync_detailed` does, in a coroutine."""
    return _build_response(
        await client.get_async_httpx_client().request(
            **_get_kwargs(
                limit=limit,
                cursor=cursor,
                from_=from_,
                to=to,
                item_kind=item_kind,
                code=code,
            )
        )
    )
