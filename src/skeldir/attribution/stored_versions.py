"""Model versions as they are stored: those in force, the last ones, and the changes."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from skeldir.attribution.evaluating import VersionInForce
from skeldir.attribution.model_schemas import ModelChange, ModelInForce
from skeldir.attribution.models import MODEL_NAMES, AfterConversion, ModelVersion
from skeldir.attribution.parameters import CompleteParameters
from skeldir.attribution.store import queries

if TYPE_CHECKING:
    from skeldir.attribution.store import (
        SelectActiveModelsRow,
        SelectLastVersionsRow,
        SelectVersionsRow,
    )
    from skeldir.db import Connection

CHANGES_SHOWN = 50


def versions_of(rows: Iterable[SelectActiveModelsRow]) -> list[ModelVersion]:
    """Return the versions in rows of `select_active_models`."""
    return [v.version for v in versions_in_force(rows)]


def versions_in_force(rows: Iterable[SelectActiveModelsRow]) -> list[VersionInForce]:
    """Return the versions in rows of `select_active_models`, and the generation each is in force since."""
    return [VersionInForce(version_of(row), row["active_since"]) for row in rows]


def version_of(row: SelectActiveModelsRow | SelectVersionsRow) -> ModelVersion:
    """Return the version of a row."""
    channels, weights = row["channels"], row["weights"]
    return ModelVersion(
        model_version=row["model_version"],
        model=row["model"],
        lookback=timedelta(days=row["lookback_days"]),
        after_conversion=row["after_conversion"],
        half_life_days=float(row["half_life_days"]),
        weights=None
        if channels is None or weights is None
        else dict(zip(channels, weights, strict=True)),
    )


async def last_versions(
    connection: Connection, tenant_id: UUID
) -> dict[str, SelectLastVersionsRow]:
    """Return the rows of `select_last_versions` by model; a model that never was in force has none."""
    rows = await queries.select_last_versions(connection, tenant_id=tenant_id)
    return {row["model"]: row for row in rows}


async def models_in_force(connection: Connection, tenant_id: UUID) -> list[ModelInForce]:
    """Return the models in force of the transaction's tenant, in the order of MODEL_NAMES."""
    rows = await queries.select_models_in_force(connection, tenant_id=tenant_id)
    return sorted((ModelInForce(**row) for row in rows), key=lambda m: MODEL_NAMES.index(m.model))


async def latest_changes(
    connection: Connection,
    tenant_id: UUID,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    most: int = CHANGES_SHOWN,
) -> list[ModelChange]:
    """Return the latest changes of the models of the transaction's tenant, or those of a span, the newest first."""
    rows = await queries.select_model_changes(
        connection, tenant_id=tenant_id, since=since, until=until, most=most
    )
    return [
        ModelChange(
            row["changed_at"],
            row["changed_by"],
            row["model"],
            row["from_version"],
            row["to_version"],
            _parameters(
                row["lookback_days_before"],
                row["after_conversion_before"],
                row["half_life_days_before"],
            ),
            _parameters(
                row["lookback_days_after"],
                row["after_conversion_after"],
                row["half_life_days_after"],
            ),
        )
        for row in rows
    ]


def _parameters(
    lookback_days: int | None, after_conversion: AfterConversion | None, half_life_days: int | None
) -> CompleteParameters | None:
    """Return the parameters of a version; None when there is no version, and so every value is None."""
    if lookback_days is None or after_conversion is None or half_life_days is None:
        return None
    return CompleteParameters(lookback_days, after_conversion, half_life_days)
