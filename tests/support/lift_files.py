"""Files of lift tests, in tests."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from uuid import UUID

from skeldir.db.pool import Database
from skeldir.lifts import (
    LiftTest,
    Measured,
    RecordedTests,
    list_lift_tests,
    read_lift_file,
    record_lift_tests,
)

HEADER = (
    "experiment,channel,first_day,last_day,incremental_conversions,incremental_value,currency,"
    "lower,upper,level_percent\n"
)
CHANNELS = frozenset({"email", "paid_search", "display"})
TODAY = date(2026, 5, 1)


def write_tests(path: Path, *rows: str) -> Path:
    """Write a file with these rows."""
    path.write_text(HEADER + "".join(f"{row}\n" for row in rows), encoding="utf-8")
    return path


def read_tests(path: Path) -> list[Measured]:
    """Read a file as on TODAY, for a tenant with CHANNELS."""
    return read_lift_file(path, channels=CHANNELS, today=TODAY)


async def record(db: Database, tenant: UUID, path: Path) -> RecordedTests:
    """Record the tests of a file."""
    async with db.tenant(tenant) as connection:
        return await record_lift_tests(
            connection, tenant, read_tests(path), source=path.name, recorded_by="test"
        )


async def listed(db: Database, tenant: UUID) -> list[LiftTest]:
    """List the tests of a tenant."""
    async with db.tenant(tenant, is_read_only=True) as connection:
        return await list_lift_tests(connection, tenant)
