"""Fits of the world's two tenants, stored as the program stores them: their journeys are too few to make one."""

from __future__ import annotations

import asyncio
import json
from typing import Final
from uuid import UUID

from proof.stage.world import World
from skeldir.db import open_database

FIT: Final = "shapley@1"
_STORE: Final = """
    INSERT INTO public.model_fits
        (tenant_id, model, version, made_by, first_day, last_day, lookback_days, level_percent, draws, seed, journeys,
         conversions, touches, data_sha256, result)
    VALUES (public.current_tenant_id(), 'shapley', 1, $1::text, '2025-11-01', '2025-11-30', 30, 90, 1000, 0, 500, 100,
            900, sha256($1::text::bytea), $2::jsonb)"""


def keep_fits(world: World) -> None:
    """Give each tenant one fit, by which another channel earns everything."""
    for tenant_id, channel in ((world.a, "email"), (world.b, "display")):
        asyncio.run(_keep_fit(world, tenant_id, channel))


async def _keep_fit(world: World, tenant_id: UUID, channel: str) -> None:
    url = world.environment()["DATABASE_URL"]
    everything = {"value": 1.0, "lower": None, "upper": None}
    earned = {
        "channel": channel,
        "journeys": 500,
        "converted": 100,
        "has_enough_data": False,
        "removal_effect": None,
        "share": everything,
        "posterior": None,
        "conversions": everything | {"value": 100.0},
        "earnings": [],
    }
    result = {
        "channels": [earned],
        "conversion_probability": None,
        "orders": [],
        "largest_difference": 0.0,
        "without_touch": 0,
        "without_key": 0,
        "over_refunded": 0,
    }
    async with (
        open_database(url, pool_size=1, statement_timeout_ms=30_000) as database,
        database.tenant(tenant_id) as connection,
    ):
        await connection.execute(_STORE, channel, json.dumps(result))
