"""`/v1/fits`: the fits of a tenant, asked for, one with what it found, two side by side, and putting one in force."""

from __future__ import annotations

from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Path, Query, Request, Response

from skeldir.attribution import (
    ModelInForce,
    ModelPreview,
    find_orders_moved,
    models_in_force,
    preview_model,
)
from skeldir.fits.activating import activate_fit, weigh_fit
from skeldir.fits.comparing import compare_fits
from skeldir.fits.request_schemas import FitRequest, fit_request_body, read_fit_asked
from skeldir.fits.requests import read_fit_request, request_fit
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
    held_bytes_of,
    read_body,
    tenant_transaction,
)
from skeldir.tenants import describe_key

router = APIRouter(prefix="/v1/fits", tags=["models"])
VersionPath = Annotated[
    str, Path(description="the version of a fit, such as markov@1", max_length=20)
]
RequestPath = Annotated[UUID, Path(description="the id of a request for a fit")]
NoQueryHere = Annotated[NoQuery, Query()]
_ONE_PROBLEMS: Final[dict[int | str, dict[str, Any]]] = READ_PROBLEMS | {404: {"model": Problem}}
_POST_PROBLEMS: Final[dict[int | str, dict[str, Any]]] = READ_PROBLEMS | {
    status: {"model": Problem} for status in (409, 413, 415)
}


@router.post(
    "",
    status_code=202,
    responses=_POST_PROBLEMS,
    openapi_extra=fit_request_body(),
    summary="Ask for a fit",
)
async def post_fit(
    query: NoQueryHere,  # noqa: ARG001 - it refuses what it does not know
    request: Request,
    response: Response,
    caller: ManageKey,
) -> FitRequest:
    """Ask for a fit of a model to the journeys that ended on some days.

    A worker makes it. `Location` names the request; read it until its state is `done` or `refused`. A tenant has one at
    a time; the same fit, asked for again while it is not made yet, is the same request.
    """
    with held_bytes_of(request).of(caller.tenant_id) as holding:
        asked = read_fit_asked(await read_body(request, holding))
    async with tenant_transaction(database_of(request), caller) as transaction:
        connection, tenant_id = transaction.connection, caller.tenant_id
        asked_by = await describe_key(connection, tenant_id, caller.holder.key_id)
        made = await request_fit(connection, tenant_id, asked, asked_by=asked_by)
        response.headers["Location"] = f"{router.prefix}/requests/{made}"
        return await read_fit_request(connection, tenant_id, made)


@router.get("/requests/{request_id}", responses=_ONE_PROBLEMS, summary="A fit that was asked for")
async def get_fit_request(
    request_id: RequestPath,
    query: NoQueryHere,  # noqa: ARG001 - it refuses what it does not know
    transaction: ReadTransaction,
) -> FitRequest:
    """Show whether a fit that was asked for waits, runs, is done (and its version), or was refused (and why)."""
    return await read_fit_request(transaction.connection, transaction.profile.tenant_id, request_id)


@router.get("", responses=READ_PROBLEMS, summary="Fits of models to journeys")
async def get_fits(
    query: NoQueryHere,  # noqa: ARG001 - it refuses what it does not know
    transaction: ReadTransaction,
) -> FitsReport:
    """List the fits with their parameters, the newest first, 200 at most. POST asks for another one."""
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
