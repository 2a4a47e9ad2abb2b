import datetime
from http import HTTPStatus
from typing import Any

import httpx

from ... import errors
from ...client import AuthenticatedClient
from ...models.collect_coverage_report import CollectCoverageReport
from ...types import UNSET, Response, Unset


def _get_kwargs(
    *,
    from_: datetime.date | Unset = UNSET,
    to: datetime.date | Unset = UNSET,
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

    params = {k: v for k, v in params.items() if v is not UNSET and v is not None}

    _kwargs: dict[str, Any] = {
        "method": "get",
        "url": "/v1/collect/coverage",
        "params": params,
    }

    return _kwargs


def _parse_response(response: httpx.Response) -> CollectCoverageReport:
    if response.status_code == 200:
        response_200 = CollectCoverageReport.from_dict(response.json())

        return response_200

    raise errors.refusal_of(response)


def _build_response(response: httpx.Response) -> Response[CollectCoverageReport]:
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
) -> CollectCoverageReport:
    """Landings of the collector by what browsers keep of their keys

     Report, per local day, the landings of each consent and each kind of browser, and the orders that
    they led to.

    Without `from`, the 31 days up to `to`, or up to today; a report covers at most 92 days.

    Args:
        from_ (datetime.date | Unset): first day, in the tenant's time zone
        to (datetime.date | Unset): the day after the last one; later than `from`

    Raises:
        errors.Refused: the service refused it; see its code.
        httpx.TransportError: no answer came."""
    return _parse_response(
        client.get_httpx_client().request(
            **_get_kwargs(
                from_=from_,
                to=to,
            )
        )
    )


def sync_detailed(
    *,
    client: AuthenticatedClient,
    from_: datetime.date | Unset = UNSET,
    to: datetime.date | Unset = UNSET,
) -> Response[CollectCoverageReport]:
    """Do what `sync` does, and return the response's status and headers too."""
    return _build_response(
        client.get_httpx_client().request(
            **_get_kwargs(
                from_=from_,
                to=to,
            )
        )
    )


async def asyncio(
    *,
    client: AuthenticatedClient,
    from_: datetime.date | Unset = UNSET,
    to: datetime.date | Unset = UNSET,
) -> CollectCoverageReport:
    """Do what `sync` does, in a coroutine."""
    return _parse_response(
        await client.get_async_httpx_client().request(
            **_get_kwargs(
                from_=from_,
                to=to,
            )
        )
    )


async def asyncio_detailed(
    *,
    client: AuthenticatedClient,
    from_: datetime.date | Unset = UNSET,
    to: datetime.date | Unset = UNSET,
) -> Response[CollectCoverageReport]:
    """Do what `sync_detailed` does, in a coroutine."""
    return _build_response(
        await client.get_async_httpx_client().request(
            **_get_kwargs(
                from_=from_,
                to=to,
            )
        )
    )
