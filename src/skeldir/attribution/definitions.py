"""The model versions of a tenant: fixed for ever once made, at most one of each model in force."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import UUID

from skeldir.attribution.evaluating import VersionInForce
from skeldir.attribution.kinds import CREDIT
from skeldir.attribution.marks import (
    DEFAULT_LOOKBACK_DAYS,
    credit_lock,
    ingest_lock,
    longest_lookback,
    mark_all_orders,
)
from skeldir.attribution.models import MODEL_NAMES, ModelVersion
from skeldir.attribution.parameters import (
    DEFAULT_AFTER_CONVERSION,
    DEFAULT_HALF_LIFE_DAYS,
    NO_WISH,
    AfterConversion,
    CompleteParameters,
    ModelParameters,
    complete_parameters,
    require_model,
    require_retirable,
    require_touches_kept,
)
from skeldir.attribution.store import queries
from skeldir.db import new_ids, wait_for_lock
from skeldir.jobs import enqueue
from skeldir.rollups import settle_journal, take_off_credit
from skeldir.tenants import RetentionInvalid, set_retention

if TYPE_CHECKING:
    from skeldir.db import Connection

PROGRAM = "program"
"""Who changed models that nobody asked for by name, such as those of a tenant that is credited and has none."""
CHANGES_SHOWN = 50


@dataclass(frozen=True, slots=True)
class ModelInForce:
    """A model in force with its parameters; since when and by whom is None of one from before that was recorded."""

    model: str
    model_version: str
    lookback_days: int
    after_conversion: AfterConversion
    half_life_days: int
    in_force_since: datetime | None
    changed_by: str | None


@dataclass(frozen=True, slots=True)
class ModelChange:
    """A version that came into force in the place of another, with the parameters of both.

    None stands for a model that was not in force before, or is retired after it.
    """

    changed_at: datetime
    changed_by: str
    model: str
    from_version: str | None
    to_version: str | None
    parameters_before: CompleteParameters | None
    parameters_after: CompleteParameters | None


async def active_versions(connection: Connection, tenant_id: UUID) -> list[ModelVersion]:
    """Return the active model versions of the transaction's tenant; a tenant without any gets the defaults."""
    rows = await queries.select_active_models(connection, tenant_id=tenant_id)
    return versions_of(rows) if rows else await define_models(connection, tenant_id)


def versions_of(rows: Iterable[Mapping[str, Any]]) -> list[ModelVersion]:
    """Return the versions that rows of `select_active_models` tell of."""
    return [v.version for v in versions_in_force(rows)]


def versions_in_force(rows: Iterable[Mapping[str, Any]]) -> list[VersionInForce]:
    """Return the versions that rows of `select_active_models` tell of, and since which generation they are in force."""
    return [
        VersionInForce(
            ModelVersion(
                model_version=row["model_version"],
                model=row["model"],
                lookback=timedelta(days=row["lookback_days"]),
                after_conversion=row["after_conversion"],
                half_life_days=float(row["half_life_days"]),
            ),
            row["active_since"],
        )
        for row in rows
    ]


async def define_models(
    connection: Connection,
    tenant_id: UUID,
    *,
    lookback_days: int = DEFAULT_LOOKBACK_DAYS,
    after_conversion: AfterConversion = DEFAULT_AFTER_CONVERSION,
    half_life_days: int = DEFAULT_HALF_LIFE_DAYS,
    changed_by: str = PROGRAM,
) -> list[ModelVersion]:
    """Put versions with these parameters in force for all six models, and return them.

    Raises:
        ModelVersionInvalid: as for `set_models`.
    """
    wanted = ModelParameters(lookback_days, after_conversion, half_life_days)
    return await set_models(
        connection, tenant_id, dict.fromkeys(MODEL_NAMES, wanted), changed_by=changed_by
    )


async def set_models(
    connection: Connection,
    tenant_id: UUID,
    wanted: Mapping[str, ModelParameters],
    *,
    changed_by: str,
) -> list[ModelVersion]:
    """Give models parameters, leave the others as they are, and return all versions in force.

    What is left out is as it is, of a retired model as it was, and of one that never was in force the default. A
    version that exists with the same parameters is put in force again; otherwise the next one is made. When anything
    changed, the sums of the versions before go, every stored journey of the tenant is to be credited by the new ones,
    and every day with spend is to be rolled up.

    Raises:
        ModelUnknown: there is no model with one of the names.
        ModelVersionInvalid: days below 1 or above LONGEST_DAYS, neither `keep` nor `reset`, or a lookback that is
            longer than the tenant's touches are kept; nothing was written.
    """
    for model, parameters in wanted.items():
        require_model(model)
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
        if model not in active or parameters != complete_parameters(NO_WISH, active[model])
    }
    if changed:
        await _put_in_force(connection, tenant_id, active, changed, (), changed_by)
    return await active_versions(connection, tenant_id)


async def retire_model(
    connection: Connection, tenant_id: UUID, model: str, *, changed_by: str
) -> None:
    """Take a model out of force: its sums go, and reports show it no more. `set_models` brings it back.

    Raises:
        ModelUnknown: there is no model with the name.
        ModelNotInForce: the tenant's reports do not show it.
        LastModelInForce: it is the only one; nothing was written.
    """
    require_model(model)
    await wait_for_lock(connection, _models_lock(tenant_id))
    active = await _active_rows(connection, tenant_id)
    require_retirable(model, active)
    await _put_in_force(connection, tenant_id, active, {}, (model,), changed_by)


async def last_versions(connection: Connection, tenant_id: UUID) -> dict[str, Mapping[str, Any]]:
    """Return by model the row of `select_last_versions`; a model that never was in force has none."""
    rows = await queries.select_last_versions(connection, tenant_id=tenant_id)
    return {row["model"]: row for row in rows}


async def name_command(connection: Connection) -> str:
    """Return what `changed_by` calls a command: by the role that it works as in the database."""
    return f"command:{await queries.select_session_role(connection)}"


async def models_in_force(connection: Connection, tenant_id: UUID) -> list[ModelInForce]:
    """Return the models in force of the transaction's tenant, in the order of MODEL_NAMES."""
    rows = await queries.select_models_in_force(connection, tenant_id=tenant_id)
    return sorted((ModelInForce(**row) for row in rows), key=lambda m: MODEL_NAMES.index(m.model))


async def latest_changes(
    connection: Connection, tenant_id: UUID, *, most: int = CHANGES_SHOWN
) -> list[ModelChange]:
    """Return the latest changes of the models of the transaction's tenant, the newest first."""
    rows = await queries.select_model_changes(connection, tenant_id=tenant_id, most=most)
    return [
        ModelChange(
            row["changed_at"],
            row["changed_by"],
            row["model"],
            row["from_version"],
            row["to_version"],
            _parameters(row, "before"),
            _parameters(row, "after"),
        )
        for row in rows
    ]


def _parameters(row: Mapping[str, Any], side: str) -> CompleteParameters | None:
    if row[f"lookback_days_{side}"] is None:
        return None
    return CompleteParameters(
        row[f"lookback_days_{side}"],
        row[f"after_conversion_{side}"],
        row[f"half_life_days_{side}"],
    )


async def retain_touches(connection: Connection, tenant_id: UUID, days: int | None) -> None:
    """Keep the touches of the transaction's tenant for `days` whole UTC days; None for ever.

    The job that forgets the older ones runs once a day. Journeys stay as they are: see `runs`.

    Raises:
        RetentionInvalid: an active model looks back further, or no touch can be kept for so long.
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

    A run adds what is new minus what was to the sums and the journal, so an error in them or in a stored journey would
    otherwise stay.
    """
    await wait_for_lock(connection, _models_lock(tenant_id))
    active = await _active_rows(connection, tenant_id)
    same = {model: complete_parameters(NO_WISH, row) for model, row in active.items()}
    await _put_in_force(connection, tenant_id, active, same, ())
    turn = await queries.pass_turn(connection, tenant_id=tenant_id)
    versions = [row["model_version"] for row in active.values()]
    await settle_journal(connection, tenant_id, turn, versions)
    await mark_all_orders(connection, tenant_id)


def _models_lock(tenant_id: UUID) -> str:
    return f"models:{tenant_id}"


async def _active_rows(connection: Connection, tenant_id: UUID) -> dict[str, Mapping[str, Any]]:
    rows = await queries.select_active_models(connection, tenant_id=tenant_id)
    return {row["model"]: row for row in rows}


async def _put_in_force(
    connection: Connection,
    tenant_id: UUID,
    active: Mapping[str, Mapping[str, Any]],
    changed: Mapping[str, CompleteParameters],
    retired: Collection[str],
    changed_by: str | None = None,
) -> None:
    """Put versions with the parameters of `changed` in force, and take `retired` out of it; the models are locked.

    `changed_by` is noted; it is None for a rebuild, which changes no parameter.
    """
    after = await _choose_versions(connection, tenant_id, changed)
    # An order whose transaction is under way does not know the new versions, such as a lookback that is longer.
    await wait_for_lock(connection, ingest_lock(tenant_id))
    # Whoever computes credit by the versions before must not write it.
    await wait_for_lock(connection, credit_lock(tenant_id))
    turn = await queries.pass_turn(connection, tenant_id=tenant_id)
    generation = 1 + await queries.select_generation(connection, tenant_id=tenant_id)
    models = [*changed, *retired]
    before = {model: active[model]["model_version"] for model in models if model in active}
    await queries.deactivate_models(connection, tenant_id=tenant_id, models=models)
    await queries.put_versions_in_force(
        connection,
        tenant_id=tenant_id,
        generation=generation,
        model_versions=[version.name for version in after.values()],
        models=list(after),
        versions=[version.number for version in after.values()],
        lookback_days=[parameters.lookback_days for parameters in changed.values()],
        after_conversions=[parameters.after_conversion for parameters in changed.values()],
        half_life_days=[parameters.half_life_days for parameters in changed.values()],
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
    await take_off_credit(connection, tenant_id, turn, list(before.values()))
    # Without a new version no order is to be credited again.
    if changed and await queries.begin_restatement(
        connection, tenant_id=tenant_id, generation=generation
    ):
        await enqueue(connection, tenant_id, CREDIT)


class _Version(NamedTuple):
    """A version of a model by its name, such as `linear@2`, and its number."""

    name: str
    number: int


async def _choose_versions(
    connection: Connection, tenant_id: UUID, wanted: Mapping[str, CompleteParameters]
) -> dict[str, _Version]:
    """Return of each model the latest version that has the parameters, or else the one to be made."""
    same: dict[str, _Version] = {}
    latest = dict.fromkeys(wanted, 0)
    for row in await queries.select_versions(connection, tenant_id=tenant_id, models=list(wanted)):
        model = row["model"]
        latest[model] = row["version"]
        if complete_parameters(NO_WISH, row) == wanted[model]:
            same[model] = _Version(row["model_version"], row["version"])
    return {
        model: same.get(model) or _Version(f"{model}@{latest[model] + 1}", latest[model] + 1)
        for model in wanted
    }
