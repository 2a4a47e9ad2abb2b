"""Statements with long lists are planned for the list at hand, but PostgreSQL's check of each new row is not."""

from __future__ import annotations

from uuid import UUID

import pytest

from skeldir.db import Database
from skeldir.ingest import receive_conversions, receive_touches
from skeldir.tenants import load_profile
from tests.support.make import make_conversion, make_touch


async def test_each_long_list_has_a_plan_of_its_own(db: Database, tenant: UUID) -> None:
    for part in range(8):
        async with db.tenant(tenant) as connection:
            profile = await load_profile(connection, tenant)
            touches = [make_touch() for _ in range(20)]
            await receive_touches(connection, profile, touches, origin=f"test:{part}")
            made = await connection.fetch(
                "SELECT generic_plans FROM pg_prepared_statements WHERE strpos(statement, $1) > 0",
                "INTO public.attribution_events",
            )
        assert [row["generic_plans"] for row in made] == [0]


@pytest.mark.one_server("the setting is taken back where the statement runs, which is a node")
async def test_the_check_of_a_new_rows_tenant_is_not_planned_for_each_row(
    db: Database, tenant: UUID
) -> None:
    async with db.tenant(tenant) as connection:
        profile = await load_profile(connection, tenant)
        for receive, make in (
            (receive_touches, make_touch),
            (receive_conversions, make_conversion),
        ):
            receipt = await receive(connection, profile, [make() for _ in range(20)], origin="test")
            assert receipt.accepted == 20
            mode = await connection.fetchval("SELECT current_setting('plan_cache_mode')")
            assert mode == "auto", receive
