"""Posting many rows gets a plan for their number, however often the connection has posted before."""

from __future__ import annotations

from uuid import UUID

from skeldir.db.pool import Database
from skeldir.ingest import receive_conversions
from skeldir.tenants import load_profile
from tests.support.make import make_conversion

# A prepared statement may get a generic plan after five executions.
DELIVERIES = 12


async def test_a_large_batch_never_compares_each_row_with_each_element_of_the_list(
    db: Database, tenant: UUID
) -> None:
    async with db.tenant(tenant) as connection:
        profile = await load_profile(connection, tenant)
        for _ in range(DELIVERIES):
            items = [make_conversion() for _ in range(100)]
            for _ in range(2):
                await receive_conversions(connection, profile, items, origin="test")
        plans = await connection.fetch(
            "SELECT statement, custom_plans, generic_plans FROM pg_prepared_statements WHERE from_sql = false"
        )
    of_lists = [row for row in plans if "= ANY($" in row["statement"]]
    assert len([row for row in of_lists if row["custom_plans"] > 5]) >= 2
    assert [row["statement"] for row in of_lists if row["generic_plans"]] == []
