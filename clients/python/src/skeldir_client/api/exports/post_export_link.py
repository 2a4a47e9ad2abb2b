import datetime
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

import httpx

from ... import errors
from ...client import AuthenticatedClient
from ...models.export_link import ExportLink
from ...models.post_export_link_format import PostExportLinkFormat
from ...models.post_export_link_part import PostExportLinkPart
from ...types import UNSET, Response, Unset


def _get_kwargs(
    part: PostExportLinkPart,
    *,
    from_: datetime.date | Unset = UNSET,
    to: datetime.date | Unset = UNSET,
    format_: PostExportLinkFormat | Unset = "csv",
    model: list[str] | Unset = UNSET,
    excel: bool | Unset = False,
    hours: int,
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

    json_format_: str | Unset = UNSET
    if not isinstance(format_, Unset):
        json_format_ = format_

    params["format"] = json_format_

    json_model: list[str] | Unset = UNSET
    if not isinstance(model, Unset):
        json_model = model

    params["model"] = json_model

    params["excel"] = excel

    params["hours"] = hours

    params = {k: v for k, v in params.items() if v is not UNSET and v is not None}

    _kwargs: dict[str, Any] = {
        "method": "post",
        "url": "/v1/exports/{part}/links".format(
            part=quote(str(part), safe=""),
        ),
        "params": params,
    }

    return _kwargs


def _parse_response(response: httpx.Response) -> ExportLink:
    if response.status_code == 200:
        response_200 = ExportLink.from_dict(response.json())

        return response_200

    raise errors.refusal_of(response)


def _build_response(response: httpx.Response) -> Response[ExportLink]:
    return Response(
        status_code=HTTPStatus(response.status_code),
        content=response.content,
        headers=response.headers,
        parsed=_parse_response(response),
    )


def sync(
    part: PostExportLinkPart,
    *,
    client: AuthenticatedClient,
    from_: datetime.date | Unset = UNSET,
    to: datetime.date | Unset = UNSET,
    format_: PostExportLinkFormat | Unset = "csv",
    model: list[str] | Unset = UNSET,
    excel: bool | Unset = False,
    hours: int,
) -> ExportLink:
    """Make a link to a part

     Make a link by which anybody who has it reads this part for some hours, without a key: for a
    spreadsheet.

    It needs the scopes `manage` and `read`. `path` begins behind the address of the API.

    Args:
        part (PostExportLinkPart): what to export; see docs/exports.md
        from_ (datetime.date | Unset): first day, in the tenant's time zone
        to (datetime.date | Unset): the day after the last one; later than `from`
        format_ (PostExportLinkFormat | Unset): the format of the file Default: 'csv'.
        model (list[str] | Unset): allocations by this model version, such as linear@1, in force
            or not; repeated; by those in force when left out
        excel (bool | Unset): begin CSV with the mark by which Excel knows UTF-8 Default: False.
        hours (int): how long the link can be used, in hours

    Raises:
        errors.Refused: the service refused it; see its code.
        httpx.TransportError: no answer came."""
    return _parse_response(
        client.get_httpx_client().request(
            **_get_kwargs(
                part=part,
                from_=from_,
                to=to,
                format_=format_,
                model=model,
                excel=excel,
                hours=hours,
            )
        )
    )


def sync_detailed(
    part: PostExportLinkPart,
    *,
    client: AuthenticatedClient,
    from_: datetime.date | Unset = UNSET,
    to: datetime.date | Unset = UNSET,
    format_: PostExportLinkFormat | Unset = "csv",
    model: list[str] | Unset = UNSET,
    excel: bool | Unset = False,
    hours: int,
) -> Response[ExportLink]:
    """Do what `sync` does, and return the response's status and headers too."""
    return _build_response(
        client.get_httpx_client().request(
            **_get_kwargs(
                part=part,
                from_=from_,
                to=to,
                format_=format_,
                model=model,
                excel=excel,
                hours=hours,
            )
        )
    )


async def asyncio(
    part: PostExportLinkPart,
    *,
    client: AuthenticatedClient,
    from_: datetime.date | Unset = UNSET,
    to: datetime.date | Unset = UNSET,
    format_: PostExportLinkFormat | Unset = "csv",
    model: list[str] | Unset = UNSET,
    excel: bool | Unset = False,
    hours: int,
) -> ExportLink:
    """Do what `sync` does, in a coroutine."""
    return _parse_response(
        await client.get_async_httpx_client().request(
            **_get_kwargs(
                part=part,
                from_=from_,
                to=to,
                format_=format_,
                model=model,
                excel=excel,
                hours=hours,
            )
        )
    )


async def asyncio_detailed(
    part: PostExportLinkPart,
    *,
    client: AuthenticatedClient,
    from_: datetime.date | Unset = UNSET,
    to: datetime.date | Unset = UNSET,
    format_: PostExportLinkFormat | Unset = "csv",
    model: list[str] | Unset = UNSET,
    excel: bool | Unset = False,
    hours: int,
) -> Response[ExportLink]:
    """Do what `sync_detailed` does, in a coroutine."""
    return _build_response(
        await client.get_async_httpx_client().request(
            **_get_kwargs(
                part=part,
                from_=from_,
                to=to,
                format_=format_,
                model=model,
                excel=excel,
                hours=hours,
            )
        )
    )
