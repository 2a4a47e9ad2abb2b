"""Has the program keep journeys, as for a fit: those of the proof are too few for one, and are kept nevertheless."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from datetime import date
from typing import Final
from uuid import UUID

from skeldir.db import open_database
from skeldir.fits import read_journeys

LOOKBACK_DAYS: Final = 30
_FIRST_DAY, _LAST_DAY = date(2024, 1, 1), date(2026, 1, 1)


def keep_journeys(url: str, tenants: Iterable[UUID]) -> None:
    """Keep the journeys of tenants, or bring them up to date, as a fit of all their days does."""
    asyncio.run(_keep_journeys(url, tenants))


async def _keep_journeys(url: str, tenants: Iterable[UUID]) -> None:
    async with open_database(url, pool_size=1, statement_timeout_ms=30_000) as database:
        for tenant_id in tenants:
            await read_journeys(database, tenant_id, _FIRST_DAY, _LAST_DAY, LOOKBACK_DAYS)
