"""`/v1/models`: the models in force, who changed them, and what a change would move."""

from __future__ import annotations

from typing import Annotated, Any, Final

from fastapi import APIRouter, Path, Query, Request

from skeldir.attribution.definitions import retire_model, set_models
from skeldir.attribution.model_schemas import (
    ModelInForce,
    ModelPreview,
    ModelsReport,
    parameters_request_body,
    read_parameters,
)
from skeldir.attribution.models import ModelName, RuleModel
from skeldir.attribution.parameters import ModelParameters
from skeldir.attribution.previewing import preview_model
from skeldir.attribution.stored_versions import latest_changes, models_in_force
from skeldir.http import (
    READ_PROBLEMS,
    Caller,
    ManageKey,
    NoQuery,
    Problem,
    ReadOrManageKey,
    ReadTransaction,
    TenantTransaction,
    database_of,
    held_bytes_of,
    read_body,
    tenant_transaction,
)
from skeldir.tenants import describe_key

router = APIRouter(prefix="/v1/models", tags=["models"])
ModelPath = Annotated[ModelName, Path(description="the name of a model")]
RulePath = Annotated[RuleModel, Path(description="the name of a model that is not fitted")]
NoQueryHere = Annotated[NoQuery, Query()]

_BODY_PROBLEMS: Final[dict[int | str, dict[str, Any]]] = READ_PROBLEMS | {
    status: {"model": Problem} for status in (413, 415)
}
_RETIRE_PROBLEMS: Final[dict[int | str, dict[str, Any]]] = READ_PROBLEMS | {
    status: {"model": Problem} for status in (404, 409)
}


@router.get("", responses=READ_PROBLEMS, summary="Models in force and changes")
async def get_models(
    query: NoQueryHere,  # noqa: ARG001 - it refuses what it does not know
    transaction: ReadTransaction,
) -> ModelsReport:
    """List the models in force with their parameters, when and by whom they were set, and the latest changes."""
    return await _read_models(transaction)


@router.put(
    "/{model}",
    responses=_BODY_PROBLEMS,
    openapi_extra=parameters_request_body(),
    summary="Set a model",
)
async def put_model(
    model: RulePath,
    query: NoQueryHere,  # noqa: ARG001 - it refuses what it does not know
    request: Request,
    caller: ManageKey,
) -> ModelInForce:
    """Set a model's parameters, and put it in force if it is not. Nothing changes if it has these parameters already.

    The sums of the previous version are removed at once. Credit by the new version follows while the stored orders are
    restated; `orders_awaiting_credit` in the channel report shows how many are left.
    """
    parameters = await _read_parameters(request, caller)
    async with tenant_transaction(database_of(request), caller) as transaction:
        connection, tenant_id = transaction.connection, caller.tenant_id
        changed_by = await describe_key(connection, tenant_id, caller.holder.key_id)
        await set_models(connection, tenant_id, {model: parameters}, changed_by=changed_by)
        in_force = await models_in_force(connection, tenant_id)
    return next(one for one in in_force if one.model == model)


@router.delete("/{model}", responses=_RETIRE_PROBLEMS, summary="Retire a model")
async def delete_model(
    model: ModelPath,
    query: NoQueryHere,  # noqa: ARG001 - it refuses what it does not know
    request: Request,
    caller: ManageKey,
) -> ModelsReport:
    """Take a model out of force, and its sums out of the reports. Returns the models that remain in force."""
    async with tenant_transaction(database_of(request), caller) as transaction:
        connection, tenant_id = transaction.connection, caller.tenant_id
        changed_by = await describe_key(connection, tenant_id, caller.holder.key_id)
        await retire_model(connection, tenant_id, model, changed_by=changed_by)
        return await _read_models(transaction)


@router.post(
    "/{model}/preview",
    responses=_BODY_PROBLEMS,
    openapi_extra=parameters_request_body(),
    summary="Preview a change of a model",
)
async def preview_change(
    model: RulePath,
    query: NoQueryHere,  # noqa: ARG001 - it refuses what it does not know
    request: Request,
    caller: ReadOrManageKey,
) -> ModelPreview:
    """Show what setting the model would change, per currency and channel, over the first stored orders."""
    parameters = await _read_parameters(request, caller)
    database = database_of(request)
    # This records the use of the key, and checks that the key is still valid.
    async with tenant_transaction(database, caller):
        pass
    return await preview_model(database, caller.tenant_id, model, parameters)


async def _read_parameters(request: Request, caller: Caller) -> ModelParameters:
    with held_bytes_of(request).of(caller.tenant_id) as holding:
        return read_parameters(await read_body(request, holding))


async def _read_models(
    transaction: TenantTransaction,
) -> ModelsReport:
    connection, tenant_id = transaction.connection, transaction.profile.tenant_id
    return ModelsReport(
        await models_in_force(connection, tenant_id), await latest_changes(connection, tenant_id)
    )
