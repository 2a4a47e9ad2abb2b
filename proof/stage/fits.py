"""Fits of the world's two tenants, stored as the program stores them: their journeys are too few to make one.

The journeys themselves are kept by the program, as for any fit.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable
from datetime import date
from typing import TYPE_CHECKING, Final
from uuid import UUID

from skeldir.db import open_database
from skeldir.fits import read_journeys

if TYPE_CHECKING:
    from proof.stage.world import World

FIT: Final = "shapley@1"
LOOKBACK_DAYS: Final = 30
_FIRST_DAY, _LAST_DAY = date(2024, 1, 1), date(2026, 1, 1)
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


def keep_journeys(url: str, tenants: Iterable[UUID]) -> None:
    """Have the program keep the journeys of tenants, or bring them up to date, as a fit of all their days does."""
    asyncio.run(_keep_journeys(url, tenants))


async def _keep_journeys(url: str, tenants: Iterable[UUID]) -> None:
    async with open_database(url, pool_size=1, statement_timeout_ms=30_000) as database:
        for tenant_id in tenants:
            await read_journeys(database, tenant_id, _FIRST_DAY, _LAST_DAY, LOOKBACK_DAYS)
