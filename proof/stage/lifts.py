"""A lift test of each of the world's two tenants, stored as the program stores them."""

from __future__ import annotations

import asyncio
from datetime import date
from typing import Final
from uuid import UUID

from proof.stage.world import World
from skeldir.db import open_database
from skeldir.lifts import MILLION, LiftKey, Measured, record_lift_tests

_DAY: Final = date(2025, 11, 1)


def keep_lift_tests(world: World) -> None:
    """Give each tenant one test, of another channel."""
    for tenant_id, channel in ((world.a, "email"), (world.b, "display")):
        asyncio.run(_keep_test(world, tenant_id, channel))


async def _keep_test(world: World, tenant_id: UUID, channel: str) -> None:
    url = world.environment()["DATABASE_URL"]
    key = LiftKey(f"test of {channel}", channel, "conversions", "")
    test = Measured(key, _DAY, _DAY, MILLION, 0, 2 * MILLION, 90)
    async with (
        open_database(url, pool_size=1, statement_timeout_ms=30_000) as database,
        database.tenant(tenant_id) as connection,
    ):
        await record_lift_tests(
            connection, tenant_id, [test], source="lift.csv", recorded_by="prove"
        )
