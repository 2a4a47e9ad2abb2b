"""Every named statement, asked of the database as the role that will run it."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

import asyncpg
import pytest

from skeldir.db.pool import open_database
from skeldir.db.queries import load_queries
from tests.conftest import Clone


def rooms_with_sql() -> list[str]:
    """Return the packages that have a `queries.sql`, whichever they are by now."""
    package = Path(str(files("skeldir")))
    rooms = sorted(found.parent.relative_to(package) for found in package.rglob("queries.sql"))
    return [".".join(["skeldir", *room.parts]) for room in rooms]


async def test_every_named_statement_can_be_prepared_by_the_runtime_role(clone: Clone) -> None:
    rooms = rooms_with_sql()
    assert {"skeldir.tenants", "skeldir.ingest", "skeldir.rollups", "skeldir.matviews"} <= set(
        rooms
    )
    prepared = 0
    async with (
        open_database(clone.app_url, pool_size=1, statement_timeout_ms=5_000) as database,
        database.statement() as connection,
    ):
        for room in rooms:
            for name, statement in vars(load_queries(room)).items():
                try:
                    await connection.prepare(statement.sql)
                except asyncpg.PostgresError as error:
                    pytest.fail(f"{room}: {name}: {error}")
                prepared += 1
    assert prepared >= 50
