"""`/v1/fits`: the fits of a tenant, one with what it found, and two side by side."""

from __future__ import annotations

from typing import Annotated, Any, Final

from fastapi import APIRouter, Path, Query

from skeldir.fits.comparing import compare_fits
from skeldir.fits.schemas import Fit, FitComparison, FitsReport
from skeldir.fits.storing import find_fit, list_fits
from skeldir.http import READ_PROBLEMS, NoQuery, Problem, ReadTransaction

router = APIRouter(prefix="/v1/fits", tags=["models"])
VersionPath = Annotated[
    str, Path(description="the version of a fit, such as markov@1", max_length=20)
]
NoQueryHere = Annotated[NoQuery, Query()]
_ONE_PROBLEMS: Final[dict[int | str, dict[str, Any]]] = READ_PROBLEMS | {404: {"model": Problem}}


@router.get("", responses=READ_PROBLEMS, summary="Fits of models to journeys")
async def get_fits(
    query: NoQueryHere,  # noqa: ARG001 - it refuses what it does not know
    transaction: ReadTransaction,
) -> FitsReport:
    """List the fits with their parameters, the newest first, 200 at most. `skeldir models fit` makes one."""
    return FitsReport(await list_fits(transaction.connection, transaction.profile.tenant_id))


@router.get("/{version}", responses=_ONE_PROBLEMS, summary="A fit")
async def get_fit(
    version: VersionPath,
    query: NoQueryHere,  # noqa: ARG001 - it refuses what it does not know
    transaction: ReadTransaction,
) -> Fit:
    """Show what each channel earns by a fit: of the conversions and of the money of each currency, with intervals."""
    return await find_fit(transaction.connection, transaction.profile.tenant_id, version)


@router.get(
    "/{version}/compared-with/{other}", responses=_ONE_PROBLEMS, summary="Two fits side by side"
)
async def get_comparison(
    version: VersionPath,
    other: VersionPath,
    query: NoQueryHere,  # noqa: ARG001 - it refuses what it does not know
    transaction: ReadTransaction,
) -> FitComparison:
    """Show the channels of two fits with their shares of the conversions, the largest difference first."""
    connection, tenant_id = transaction.connection, transaction.profile.tenant_id
    return FitComparison(
        compare_fits(
            await find_fit(connection, tenant_id, version),
            await find_fit(connection, tenant_id, other),
        )
    )
