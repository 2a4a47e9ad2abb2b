"""`/v1/fits`: the fits of a tenant, one with what it found, two side by side, and putting one in force."""

from __future__ import annotations

from typing import Annotated, Any, Final

from fastapi import APIRouter, Path, Query, Request

from skeldir.attribution import (
    ModelInForce,
    ModelPreview,
    find_orders_moved,
    models_in_force,
    preview_model,
)
from skeldir.fits.activating import activate_fit, weigh_fit
from skeldir.fits.comparing import compare_fits
from skeldir.fits.schemas import Fit, FitComparison, FitsReport
from skeldir.fits.storing import find_fit, list_fits
from skeldir.http import (
    READ_PROBLEMS,
    Caller,
    ManageKey,
    NoQuery,
    Problem,
    ReadKey,
    ReadOrManageKey,
    ReadTransaction,
    database_of,
    tenant_transaction,
)
from skeldir.tenants import describe_key

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
    request: Request,
    caller: ReadKey,
) -> FitComparison:
    """Show the shares of the conversions by two fits, the largest difference first, and the orders that move most."""
    one, two = await _find(request, caller, version), await _find(request, caller, other)
    moved = await find_orders_moved(
        database_of(request), caller.tenant_id, weigh_fit(one), weigh_fit(two)
    )
    return FitComparison(compare_fits(one, two), moved)


@router.post(
    "/{version}/preview", responses=_ONE_PROBLEMS, summary="Preview putting a fit in force"
)
async def preview_fit(
    version: VersionPath,
    query: NoQueryHere,  # noqa: ARG001 - it refuses what it does not know
    request: Request,
    caller: ReadOrManageKey,
) -> ModelPreview:
    """Show what putting the fit in force would change, per currency and channel, over the first stored orders."""
    fitted = weigh_fit(await _find(request, caller, version))
    return await preview_model(database_of(request), caller.tenant_id, fitted.model, fitted)


@router.post("/{version}/activate", responses=_ONE_PROBLEMS, summary="Put a fit in force")
async def activate(
    version: VersionPath,
    query: NoQueryHere,  # noqa: ARG001 - it refuses what it does not know
    request: Request,
    caller: ManageKey,
) -> ModelInForce:
    """Have each order credited by the fit, beside the other models; another fit of the same model goes out of force.

    Credit follows while the stored orders are restated, as after a change of a model. Nothing changes if the fit is in
    force already. DELETE /v1/models/{model} retires it.
    """
    async with tenant_transaction(database_of(request), caller) as transaction:
        connection, tenant_id = transaction.connection, caller.tenant_id
        changed_by = await describe_key(connection, tenant_id, caller.holder.key_id)
        fitted = await activate_fit(connection, tenant_id, version, changed_by=changed_by)
        in_force = await models_in_force(connection, tenant_id)
    return next(one for one in in_force if one.model == fitted.model)


async def _find(request: Request, caller: Caller, version: str) -> Fit:
    async with tenant_transaction(database_of(request), caller) as transaction:
        return await find_fit(transaction.connection, caller.tenant_id, version)
