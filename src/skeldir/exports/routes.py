"""`/v1/exports`: a part of a tenant's data as a file, what describes it, and links to it."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import Annotated, Any, Final

from fastapi import APIRouter, Path, Query, Request, Response

from skeldir.exports.answers import StreamedAnswer, answer_export, answer_head, answer_sums
from skeldir.exports.links import (
    LINKS_PATH,
    ExportLink,
    find_holder,
    link_invalid,
    make_link,
    read_token,
)
from skeldir.exports.parts import PartName
from skeldir.exports.schemas import OF_SNAPSHOT, ExportQuery, LinkQuery, export_answer
from skeldir.exports.writing import Asked, WrittenFile
from skeldir.http import (
    READ_PROBLEMS,
    Caller,
    ManageKey,
    NoQuery,
    Problem,
    ReadKey,
    ScopeMissing,
    admit_caller,
    database_of,
    tenant_transaction,
)
from skeldir.tenants import describe_key

router = APIRouter(prefix="/v1/exports", tags=["exports"])
links_router = APIRouter(prefix=LINKS_PATH, tags=["exports"])
PartPath = Annotated[PartName, Path(description="what to export; see docs/exports.md")]
TokenPath = Annotated[str, Path(description="the token of a link")]
FilePath = Annotated[str, Path(description="the name of its file")]

_PROBLEMS: Final[dict[int | str, dict[str, Any]]] = READ_PROBLEMS | {404: {"model": Problem}}
_LINK_PROBLEMS: Final[dict[int | str, dict[str, Any]]] = {
    status: {"model": Problem} for status in (403, 404, 422, 429, 503)
}


@router.get(
    "/{part}",
    response_class=Response,
    responses=_PROBLEMS | {200: export_answer()},
    summary="A part of all data as a file",
)
async def get_export(
    part: PartPath, query: Annotated[ExportQuery, Query()], request: Request, caller: ReadKey
) -> StreamedAnswer:
    """Send a part as `skeldir export` writes it, byte by byte, as of one moment, however large it is.

    A response without an end is not complete. `/v1/exports/{part}/sums` has what to compare it with.
    """
    return answer_export(request, caller, query.asked(caller.tenant_id, part), query.snapshot)


@router.get(
    "/{part}/sums",
    response_class=Response,
    responses=_PROBLEMS | {200: {"model": WrittenFile, "headers": OF_SNAPSHOT}},
    summary="What describes a file",
)
async def get_export_sums(
    part: PartPath, query: Annotated[ExportQuery, Query()], request: Request, caller: ReadKey
) -> StreamedAnswer:
    """Count the rows, sums, bytes and SHA-256 that an export with the same options has, as in `FILE.sums.json`.

    With the export's `snapshot` they are those of that export. It takes as long as the export.
    """
    return answer_sums(request, caller, query.asked(caller.tenant_id, part), query.snapshot)


@router.post(
    "/{part}/links",
    responses=READ_PROBLEMS | {409: {"model": Problem}},
    summary="Make a link to a part",
)
async def post_export_link(
    part: PartPath, query: Annotated[LinkQuery, Query()], request: Request, caller: ManageKey
) -> ExportLink:
    """Make a link by which anybody who has it reads this part for some hours, without a key: for a spreadsheet.

    It needs the scopes `manage` and `read`. `path` begins behind the address of the API.
    """
    if "read" not in caller.holder.scopes:
        raise ScopeMissing(
            "Whoever makes a link must be allowed to read what it leads to.",
            cure="Use a key with the scopes `manage` and `read`.",
        )
    asked = query.asked(caller.tenant_id, part)
    async with tenant_transaction(database_of(request), caller) as transaction:
        connection = transaction.connection
        return await make_link(
            connection,
            transaction.profile,
            asked,
            lasts=timedelta(hours=query.hours),
            made_by=await describe_key(connection, caller.tenant_id, caller.holder.key_id),
        )


@links_router.get(
    "/{token}/{file}",
    response_class=Response,
    responses=_LINK_PROBLEMS | {200: export_answer()},
    summary="What a link leads to",
)
async def get_linked_export(
    token: TokenPath,
    file: FilePath,
    query: Annotated[NoQuery, Query()],  # noqa: ARG001 - it refuses what it does not know
    request: Request,
) -> StreamedAnswer:
    """Send the part that a link leads to, as of now. No key is needed; the link is signed."""
    caller, asked = await _admit(request, token, file)
    return answer_export(request, caller, asked, ended=link_invalid)


@links_router.head(
    "/{token}/{file}",
    response_class=Response,
    responses=_LINK_PROBLEMS | {200: {"description": "its type and name; its size is not known"}},
    summary="Whether a link can be used",
)
async def head_linked_export(
    token: TokenPath,
    file: FilePath,
    query: Annotated[NoQuery, Query()],  # noqa: ARG001 - it refuses what it does not know
    request: Request,
) -> StreamedAnswer:
    """Say whether a link can be used, and what it leads to, without reading it."""
    _, asked = await _admit(request, token, file)
    return answer_head(asked)


async def _admit(request: Request, token: str, file: str) -> tuple[Caller, Asked]:
    signed = read_token(token, file)
    # The limits for unknown keys are by how a secret begins: here, by its tenant.
    secret = f"{signed.tenant_id.hex}{token}"
    found = partial(find_holder, database_of(request), signed)
    caller = await admit_caller(request, secret, found)
    if caller is None:
        raise link_invalid()
    return caller, signed.asked
