"""Files that count paths, in tests."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import date
from pathlib import Path
from uuid import UUID

from skeldir.clock import utc_now
from skeldir.days import days_by
from skeldir.db.pool import Database
from skeldir.ingest import list_channels
from skeldir.ingest.files import (
    ChosenPaths,
    ImportProgress,
    ImportReport,
    PathsGiven,
    choose_paths,
    import_paths,
)
from skeldir.rollups import rules_in_force

DAY = date(2026, 3, 10)
GIVEN = PathsGiven(currency="EUR", day=DAY)
HEADER = "path,total_conversions,total_conversion_value,total_null\n"


def write_paths(path: Path, rows: Iterable[str]) -> Path:
    """Write a file with these rows."""
    path.write_text(HEADER + "".join(f"{row}\n" for row in rows), encoding="utf-8")
    return path


async def choose(db: Database, tenant: UUID, path: Path, **given: object) -> ChosenPaths:
    """Choose how a file is imported, in euros and on DAY unless something else is given."""
    async with db.tenant(tenant, is_read_only=True) as connection:
        own = await list_channels(connection, tenant)
        days = days_by(await rules_in_force(connection, tenant))
    asked = replace(GIVEN, **given)  # type: ignore[arg-type]  # by its names
    return choose_paths(path, asked, days=days, now=utc_now(), own_channels=own)


async def take(
    db: Database,
    tenant: UUID,
    path: Path,
    *,
    at_once: int = 1_000,
    progress: Callable[[ImportProgress], None] = lambda _: None,
    **given: object,
) -> ImportReport:
    """Import a file."""
    chosen = await choose(db, tenant, path, **given)
    return await import_paths(db, tenant, chosen, progress=progress, batch_journeys=at_once)
