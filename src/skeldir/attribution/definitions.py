"""The model versions of a tenant: fixed for ever once made, one of each model active."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Literal
from uuid import UUID

from skeldir.attribution.evaluating import VersionInForce
from skeldir.attribution.marks import (
    DEFAULT_LOOKBACK_DAYS,
    credit_lock,
    ingest_lock,
    longest_lookback,
)
from skeldir.attribution.models import MODEL_NAMES, ModelVersion, ModelVersionInvalid
from skeldir.attribution.store import queries
from skeldir.db.locks import wait_for_lock
from skeldir.jobs import CREDIT, enqueue
from skeldir.rollups import take_off_credit
from skeldir.tenants import RetentionInvalid, load_retention, set_retention

if TYPE_CHECKING:
    from skeldir.db.pool import Connection

DEFAULT_AFTER_CONVERSION: Literal["keep"] = "keep"
DEFAULT_HALF_LIFE_DAYS = 7
LONGEST_DAYS = 3650


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
    after_conversion: Literal["keep", "reset"] = DEFAULT_AFTER_CONVERSION,
    half_life_days: int = DEFAULT_HALF_LIFE_DAYS,
) -> list[ModelVersion]:
    """Make versions with these parameters the active ones of all models, and return them.

    A version that exists with the same parameters is activated again; otherwise the next one is made. When
    anything changed, the sums of the versions before go, every stored journey of the tenant is to be credited by the
    new ones, and every day with spend is to be rolled up.

    Raises:
        ModelVersionInvalid: days below 1 or above LONGEST_DAYS, or a lookback that is longer than the tenant's
            touches are kept; nothing was written.
    """
    for name, days in (("lookback_days", lookback_days), ("half_life_days", half_life_days)):
        if not 1 <= days <= LONGEST_DAYS:
            raise ModelVersionInvalid(
                f"{name} is {days}.", cure=f"Give whole days from 1 to {LONGEST_DAYS}."
            )
    await wait_for_lock(connection, _models_lock(tenant_id))
    kept_days = (await load_retention(connection, tenant_id)).touch_days
    if kept_days is not None and lookback_days > kept_days:
        raise ModelVersionInvalid(
            f"lookback_days is {lookback_days}, but touches are kept for {kept_days} days.",
            cure="Look back less far, or keep touches longer with `skeldir tenants retain`.",
        )
    active = {
        row["model"]: row
        for row in await queries.select_active_models(connection, tenant_id=tenant_id)
    }
    latest = {
        row["model"]: row["version"]
        for row in await queries.select_latest_versions(connection, tenant_id=tenant_id)
    }
    wanted: dict[str, object] = {
        "lookback_days": lookback_days,
        "after_conversion": after_conversion,
        "half_life_days": half_life_days,
    }
    changed = [
        model
        for model in MODEL_NAMES
        if model not in active
        or any(active[model][name] != value for name, value in wanted.items())
    ]
    if changed:
        # An order whose transaction is under way does not know the new versions, such as a lookback that is longer.
        await wait_for_lock(connection, ingest_lock(tenant_id))
        # Whoever computes credit by the versions before must not write it.
        await wait_for_lock(connection, credit_lock(tenant_id))
        turn = await queries.pass_turn(connection, tenant_id=tenant_id)
        generation = 1 + await queries.select_generation(connection, tenant_id=tenant_id)
        gone = [active[model]["model_version"] for model in changed if model in active]
        await queries.deactivate_models(connection, tenant_id=tenant_id, models=changed)
        for model in changed:
            version = latest.get(model, 0) + 1
            await _activate(connection, tenant_id, model, version, generation, wanted)
        await take_off_credit(connection, tenant_id, turn, gone)
        if await queries.begin_restatement(connection, tenant_id=tenant_id, generation=generation):
            await enqueue(connection, tenant_id, CREDIT)
    return await active_versions(connection, tenant_id)


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


def _models_lock(tenant_id: UUID) -> str:
    return f"models:{tenant_id}"


async def _activate(
    connection: Connection,
    tenant_id: UUID,
    model: str,
    next_version: int,
    generation: int,
    wanted: dict[str, object],
) -> None:
    same = await queries.select_same_version(connection, tenant_id=tenant_id, model=model, **wanted)
    if same is not None:
        await queries.activate_model(
            connection, tenant_id=tenant_id, model_version=same, generation=generation
        )
        return
    await queries.insert_model(
        connection,
        tenant_id=tenant_id,
        model_version=f"{model}@{next_version}",
        model=model,
        version=next_version,
        generation=generation,
        **wanted,
    )
