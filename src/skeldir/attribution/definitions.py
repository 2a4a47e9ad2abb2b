"""The model versions of a tenant: each is fixed once made, and of each model at most one is in force."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, NamedTuple
from uuid import UUID

from skeldir.attribution.fitted_versions import FittedVersion
from skeldir.attribution.kinds import CREDIT
from skeldir.attribution.marks import (
    DEFAULT_LOOKBACK_DAYS,
    longest_lookback,
    mark_all_orders,
)
from skeldir.attribution.models import (
    FITTED_MODELS,
    RULE_MODELS,
    AfterConversion,
    ModelVersion,
)
from skeldir.attribution.parameters import (
    DEFAULT_AFTER_CONVERSION,
    DEFAULT_HALF_LIFE_DAYS,
    UNCHANGED,
    CompleteParameters,
    ModelParameters,
    complete_parameters,
    require_model,
    require_retirable,
    require_rule_model,
    require_touches_kept,
)
from skeldir.attribution.store import queries
from skeldir.attribution.stored_versions import last_versions, versions_of
from skeldir.db import new_ids, wait_for_lock
from skeldir.jobs import enqueue
from skeldir.rollups import (
    credit_lock,
    ingest_lock,
    put_time_zone,
    remove_credit,
    rules_in_force,
    settle_journal,
    sum_all_days,
)
from skeldir.tenants import RetentionInvalid, set_retention

if TYPE_CHECKING:
    from skeldir.attribution.store import (
        SelectActiveModelsRow,
    )
    from skeldir.days import ZoneRules
    from skeldir.db import Connection

_NO_INTERVAL = (None, None)
PROGRAM = "program"
"""`changed_by` of changes that no user requested, such as the default models of a tenant that has none."""


async def active_versions(connection: Connection, tenant_id: UUID) -> list[ModelVersion]:
    """Return the active model versions of the transaction's tenant; a tenant without any gets the defaults."""
    rows = await queries.select_active_models(connection, tenant_id=tenant_id)
    return versions_of(rows) if rows else await define_models(connection, tenant_id)


async def define_models(
    connection: Connection,
    tenant_id: UUID,
    *,
    lookback_days: int = DEFAULT_LOOKBACK_DAYS,
    after_conversion: AfterConversion = DEFAULT_AFTER_CONVERSION,
    half_life_days: int = DEFAULT_HALF_LIFE_DAYS,
    changed_by: str = PROGRAM,
) -> list[ModelVersion]:
    """Put versions with these parameters in force for all rule models, and return them.

    Raises:
        ModelVersionInvalid: as for `set_models`.
    """
    wanted = ModelParameters(lookback_days, after_conversion, half_life_days)
    return await set_models(
        connection, tenant_id, dict.fromkeys(RULE_MODELS, wanted), changed_by=changed_by
    )


async def set_models(
    connection: Connection,
    tenant_id: UUID,
    wanted: Mapping[str, ModelParameters],
    *,
    changed_by: str,
) -> list[ModelVersion]:
    """Set the parameters of some models, leave the other models unchanged, and return all versions in force.

    A parameter that is left out keeps its value; for a retired model the last one, for a model that never was in force
    the default. If a version with the same parameters exists, it is put in force again; otherwise a new one is made.
    When anything changes, the sums of the previous versions are removed, every stored journey of the tenant is marked
    for credit by the new versions, and every day with spend for a roll-up.

    Raises:
        ModelUnknown: there is no model with one of the names.
        ModelFitted: one of them has no parameters, but fits.
        ModelVersionInvalid: days below 1 or above LONGEST_DAYS, neither `keep` nor `reset`, or a lookback that is
            longer than the tenant's touches are kept; nothing was written.
    """
    for model, parameters in wanted.items():
        require_rule_model(model)
        parameters.require_valid()
    await wait_for_lock(connection, _models_lock(tenant_id))
    last = await last_versions(connection, tenant_id)
    active = {model: row for model, row in last.items() if row["is_active"]}
    complete = {
        model: complete_parameters(parameters, last.get(model))
        for model, parameters in wanted.items()
    }
    await require_touches_kept(connection, tenant_id, complete.values())
    changed = {
        model: parameters
        for model, parameters in complete.items()
        if model not in active or parameters != complete_parameters(UNCHANGED, active[model])
    }
    if changed:
        chosen = await _choose_versions(connection, tenant_id, changed)
        await _put_in_force(connection, tenant_id, active, chosen, (), changed_by)
    return await active_versions(connection, tenant_id)


async def put_fit_in_force(
    connection: Connection, tenant_id: UUID, fitted: FittedVersion, *, changed_by: str
) -> None:
    """Have the transaction's tenant credited by a fit, beside the other models; nothing changes if it is already.

    It takes the place of the fit of the same model that was in force. Credit follows as after `set_models`.

    Raises:
        ModelVersionInvalid: its lookback is longer than the tenant's touches are kept.
    """
    await wait_for_lock(connection, _models_lock(tenant_id))
    # A tenant gets its default models before any of them is credited.
    await active_versions(connection, tenant_id)
    active = await _active_rows(connection, tenant_id)
    row = active.get(fitted.model)
    if row is not None and row["model_version"] == fitted.name:
        return
    await require_touches_kept(connection, tenant_id, [fitted.parameters])
    await queries.insert_fitted_version(
        connection,
        tenant_id=tenant_id,
        model_version=fitted.name,
        model=fitted.model,
        version=fitted.number,
        lookback_days=fitted.parameters.lookback_days,
        half_life_days=fitted.parameters.half_life_days,
        channels=list(fitted.weights),
        weights=list(fitted.weights.values()),
        lower_weights=[
            fitted.intervals.get(channel, _NO_INTERVAL)[0] for channel in fitted.weights
        ],
        upper_weights=[
            fitted.intervals.get(channel, _NO_INTERVAL)[1] for channel in fitted.weights
        ],
    )
    chosen: dict[str, _Version] = {
        fitted.model: _Version(fitted.name, fitted.number, fitted.parameters)
    }
    await _put_in_force(connection, tenant_id, active, chosen, (), changed_by)


async def retire_model(
    connection: Connection, tenant_id: UUID, model: str, *, changed_by: str
) -> None:
    """Take a model out of force: its sums are removed, and reports no longer show it. `set_models` brings it back.

    Raises:
        ModelUnknown: there is no model with the name.
        ModelNotInForce: the model is not in force.
        LastModelInForce: it is the only one in force; nothing was written.
    """
    require_model(model)
    await wait_for_lock(connection, _models_lock(tenant_id))
    active = await _active_rows(connection, tenant_id)
    require_retirable(model, active)
    await _put_in_force(connection, tenant_id, active, {}, (model,), changed_by)


async def describe_command(connection: Connection) -> str:
    """Return the `changed_by` of a change by command, with the database role of its session."""
    return f"command:{await queries.select_session_role(connection)}"


async def retain_touches(connection: Connection, tenant_id: UUID, days: int | None) -> None:
    """Keep the touches of the transaction's tenant for `days` full UTC days, or for ever when None.

    The job that forgets older touches runs once a day. Stored journeys keep theirs: see `runs`.

    Raises:
        RetentionInvalid: an active model looks back further, or `days` is out of range.
        TenantUnknown: the tenant does not exist.
    """
    await wait_for_lock(connection, _models_lock(tenant_id))
    lookback_days = await longest_lookback(connection, tenant_id)
    if days is not None and 1 <= days < lookback_days:
        raise RetentionInvalid(
            f"Touches cannot be kept for {days} days while a model looks back {lookback_days} days.",
            cure=f"Keep them for {lookback_days} days or more, or give the models a shorter lookback.",
        )
    await set_retention(connection, tenant_id, days)


async def rebuild_credit(connection: Connection, tenant_id: UUID) -> None:
    """Have all credit of the transaction's tenant recomputed from the facts, and its sums added up from zero.

    A run only adds differences to the sums and the journal, so an error in them or in a stored journey would otherwise
    stay.
    """
    await wait_for_lock(connection, _models_lock(tenant_id))
    active = await _active_rows(connection, tenant_id)
    await _put_in_force(connection, tenant_id, active, _same_versions(active), ())
    turn = await queries.pass_turn(connection, tenant_id=tenant_id)
    await settle_journal(connection, tenant_id, turn)
    await mark_all_orders(connection, tenant_id)


async def set_time_zone(
    connection: Connection, tenant_id: UUID, rules: ZoneRules, *, changed_by: str
) -> bool:
    """Have all sums of the transaction's tenant made by the days of another zone; False if these rules are in force.

    The sums of money and spend are made again in this transaction. Credit is taken off, and given again by the new
    days page by page, as after a change of models: a report shows days of one zone only. Until the transaction ends no
    facts of the tenant are written.
    """
    await wait_for_lock(connection, _models_lock(tenant_id))
    if await rules_in_force(connection, tenant_id) == rules:
        return False
    active = await _active_rows(connection, tenant_id)
    await _put_in_force(connection, tenant_id, active, _same_versions(active), ())
    turn = await queries.pass_turn(connection, tenant_id=tenant_id)
    await put_time_zone(connection, tenant_id, rules, turn=turn, changed_by=changed_by)
    await sum_all_days(connection, tenant_id)
    return True


def _models_lock(tenant_id: UUID) -> str:
    return f"models:{tenant_id}"


async def _active_rows(connection: Connection, tenant_id: UUID) -> dict[str, SelectActiveModelsRow]:
    rows = await queries.select_active_models(connection, tenant_id=tenant_id)
    return {row["model"]: row for row in rows}


async def _put_in_force(
    connection: Connection,
    tenant_id: UUID,
    active: Mapping[str, SelectActiveModelsRow],
    after: Mapping[str, _Version],
    retired: Collection[str],
    changed_by: str | None = None,
) -> None:
    """Put the versions `after` in force, and retire the models `retired`; the models are locked.

    The change is recorded with `changed_by`, unless that is None: a rebuild changes no parameter.
    """
    # A transaction that is writing facts does not see the new versions, which may have a longer lookback.
    await wait_for_lock(connection, ingest_lock(tenant_id))
    # A run that is computing credit by the previous versions must not write it.
    await wait_for_lock(connection, credit_lock(tenant_id))
    turn = await queries.pass_turn(connection, tenant_id=tenant_id)
    generation = 1 + await queries.select_generation(connection, tenant_id=tenant_id)
    models = [*after, *retired]
    before = {model: active[model]["model_version"] for model in models if model in active}
    await queries.deactivate_models(connection, tenant_id=tenant_id, models=models)
    rules = [(model, version) for model, version in after.items() if model in RULE_MODELS]
    await queries.put_versions_in_force(
        connection,
        tenant_id=tenant_id,
        generation=generation,
        model_versions=[version.name for _, version in rules],
        models=[model for model, _ in rules],
        versions=[version.number for _, version in rules],
        lookback_days=[version.parameters.lookback_days for _, version in rules],
        after_conversions=[version.parameters.after_conversion for _, version in rules],
        half_life_days=[version.parameters.half_life_days for _, version in rules],
    )
    fits = [version.name for model, version in after.items() if model in FITTED_MODELS]
    if fits:
        await queries.put_fits_in_force(
            connection, tenant_id=tenant_id, generation=generation, model_versions=fits
        )
    if changed_by is not None:
        await queries.insert_model_changes(
            connection,
            tenant_id=tenant_id,
            changed_by=changed_by,
            ids=new_ids(len(models)),
            models=models,
            from_versions=[before.get(model) for model in models],
            to_versions=[after[model].name if model in after else None for model in models],
        )
    await remove_credit(connection, tenant_id, turn, list(before.values()))
    # Without a new version no order needs to be credited again.
    if after and await queries.begin_restatement(
        connection, tenant_id=tenant_id, generation=generation
    ):
        await enqueue(connection, tenant_id, CREDIT, waits_for=("credit",))


class _Version(NamedTuple):
    """The name of a model version, such as `linear@2`, its number and parameters."""

    name: str
    number: int
    parameters: CompleteParameters


def _same_versions(active: Mapping[str, SelectActiveModelsRow]) -> dict[str, _Version]:
    return {
        model: _Version(row["model_version"], row["version"], complete_parameters(UNCHANGED, row))
        for model, row in active.items()
    }


async def _choose_versions(
    connection: Connection, tenant_id: UUID, wanted: Mapping[str, CompleteParameters]
) -> dict[str, _Version]:
    """Return for each model the latest version with these parameters, or else the next one, which is yet to be made."""
    same: dict[str, _Version] = {}
    latest = dict.fromkeys(wanted, 0)
    for row in await queries.select_versions(connection, tenant_id=tenant_id, models=list(wanted)):
        model = row["model"]
        latest[model] = row["version"]
        if complete_parameters(UNCHANGED, row) == wanted[model]:
            same[model] = _Version(row["model_version"], row["version"], wanted[model])
    return {
        model: same.get(model)
        or _Version(f"{model}@{latest[model] + 1}", latest[model] + 1, parameters)
        for model, parameters in wanted.items()
    }
