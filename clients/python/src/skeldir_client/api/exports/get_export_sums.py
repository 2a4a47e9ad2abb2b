import datetime
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

import httpx

from ... import errors
from ...client import AuthenticatedClient
from ...models.get_export_sums_format import GetExportSumsFormat
from ...models.get_export_sums_part import GetExportSumsPart
from ...models.written_file import WrittenFile
from ...types import UNSET, Response, Unset


def _get_kwargs(
    part: GetExportSumsPart,
    *,
    from_: datetime.date | Unset = UNSET,
    to: datetime.date | Unset = UNSET,
    format_: GetExportSumsFormat | Unset = "csv",
    model: list[str] | Unset = UNSET,
    excel: bool | Unset = False,
    snapshot: str | Unset = UNSET,
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

    params["snapshot"] = snapshot

    params = {k: v for k, v in params.items() if v is not UNSET and v is not None}

    _kwargs: dict[str, Any] = {
        "method": "get",
        "url": "/v1/exports/{part}/sums".format(
            part=quote(str(part), safe=""),
        ),
        "params": params,
    }

    return _kwargs


def _parse_response(response: httpx.Response) -> WrittenFile:
    if response.status_code == 200:
        response_200 = WrittenFile.from_dict(response.json())

        return response_200

    raise errors.refusal_of(response)


def _build_response(response: httpx.Response) -> Response[WrittenFile]:
    return Response(
        status_code=HTTPStatus(response.status_code),
        content=response.content,
        headers=response.headers,
        parsed=_parse_response(response),
    )


def sync(
    part: GetExportSumsPart,
    *,
    client: AuthenticatedClient,
    from_: datetime.date | Unset = UNSET,
    to: datetime.date | Unset = UNSET,
    format_: GetExportSumsFormat | Unset = "csv",
    model: list[str] | Unset = UNSET,
    excel: bool | Unset = False,
    snapshot: str | Unset = UNSET,
) -> WrittenFile:
    """What describes a file

     Count the rows, sums, bytes and SHA-256 that an export with the same options has, as in
    `FILE.sums.json`.

    With the export's `snapshot` they are those of that export. It takes as long as the export.

    Args:
        part (GetExportSumsPart): what to export; see docs/exports.md
        from_ (datetime.date | Unset): first day, in the tenant's time zone
        to (datetime.date | Unset): the day after the last one; later than `from`
        format_ (GetExportSumsFormat | Unset): the format of the file Default: 'csv'.
        model (list[str] | Unset): allocations by this model version, such as linear@1, in force
            or not; repeated; by those in force when left out
        excel (bool | Unset): begin CSV with the mark by which Excel knows UTF-8 Default: False.
        snapshot (str | Unset): entries, spend, claims, dead events or touches as an earlier
            export had them, by its X-Export-Snapshot; for a day

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
                snapshot=snapshot,
            )
        )
    )


def sync_detailed(
    part: GetExportSumsPart,
    *,
    client: AuthenticatedClient,
    from_: datetime.date | Unset = UNSET,
    to: datetime.date | Unset = UNSET,
    format_: GetExportSumsFormat | Unset = "csv",
    model: list[str] | Unset = UNSET,
    excel: bool | Unset = False,
    snapshot: str | Unset = UNSET,
) -> Response[WrittenFile]:
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
                snapshot=snapshot,
            )
        )
    )


async def asyncio(
    part: GetExportSumsPart,
    *,
    client: AuthenticatedClient,
    from_: datetime.date | Unset = UNSET,
    to: datetime.date | Unset = UNSET,
    format_: GetExportSumsFormat | Unset = "csv",
    model: list[str] | Unset = UNSET,
    excel: bool | Unset = False,
    snapshot: str | Unset = UNSET,
) -> WrittenFile:
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
                snapshot=snapshot,
            )
        )
    )


async def asyncio_detailed(
    part: GetExportSumsPart,
    *,
    client: AuthenticatedClient,
    from_: datetime.date | Unset = UNSET,
    to: datetime.date | Unset = UNSET,
    format_: GetExportSumsFormat | Unset = "csv",
    model: list[str] | Unset = UNSET,
    excel: bool | Unset = False,
    snapshot: str | Unset = UNSET,
) -> Response[WrittenFile]:
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
                snapshot=snapshot,
            )
        )
    )
