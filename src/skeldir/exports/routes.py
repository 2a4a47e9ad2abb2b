"""`/v1/exports`: a part of a tenant's data as a file, and what describes it."""

from __future__ import annotations

from typing import Annotated, Any, Final

from fastapi import APIRouter, Path, Query, Request, Response

from skeldir.exports.answers import StreamedAnswer, answer_export, answer_sums
from skeldir.exports.parts import PartName
from skeldir.exports.schemas import OF_SNAPSHOT, ExportQuery, export_answer
from skeldir.exports.writing import WrittenFile
from skeldir.http import READ_PROBLEMS, Problem, ReadKey

router = APIRouter(prefix="/v1/exports", tags=["exports"])
PartPath = Annotated[PartName, Path(description="what to export; see docs/exports.md")]

_PROBLEMS: Final[dict[int | str, dict[str, Any]]] = READ_PROBLEMS | {404: {"model": Problem}}


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
