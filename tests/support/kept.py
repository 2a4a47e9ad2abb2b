"""Kept journeys one by one, and the same counted from the facts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from uuid import UUID

import numpy as np

from skeldir.days import days_by
from skeldir.db.pool import Database
from skeldir.fits.columns import Journeys
from skeldir.fits.packing import KEYS, unpack_journeys
from skeldir.fits.reading import Facts
from skeldir.rollups import rules_in_force

Listed = dict[date, list[tuple[object, ...]]]
"""By day: key, shard, whether an order ended it, channels, and what is left in each currency."""


async def list_kept(db: Database, tenant: UUID, lookback: int = 30) -> Listed:
    """Return the kept journeys of a tenant."""
    async with db.tenant(tenant, is_read_only=True) as connection:
        channels = await connection.fetchval(
            "SELECT channels FROM kept_lookbacks WHERE tenant_id = $1 AND lookback_days = $2",
            tenant,
            lookback,
        )
        rows = await connection.fetch(
            "SELECT day, keys, journeys FROM kept_journeys WHERE tenant_id = $1 AND lookback_days = $2",
            tenant,
            lookback,
        )
    return {
        row["day"]: list_journeys(
            np.frombuffer(row["keys"], KEYS).tolist(), unpack_journeys(row["journeys"]), channels
        )
        for row in rows
    }


async def recount(db: Database, tenant: UUID, first_day: date, lookback: int = 30) -> Listed:
    """Return the journeys that the facts make."""
    async with db.tenant(tenant, is_read_only=True) as connection:
        days = days_by(await rules_in_force(connection, tenant))
        facts = Facts(connection, tenant, days, first_day, lookback)
        found = await facts.cut_all()
    return {
        day: list_journeys(keys.tolist(), journeys, facts.channels)
        for day, (keys, journeys) in found.items()
    }


def list_journeys(
    keys: Iterable[bytes], some: Journeys, channels: Sequence[str]
) -> list[tuple[object, ...]]:
    """Return journeys one by one, sorted."""
    ends = np.cumsum(some.lengths.astype(np.int64)).tolist()
    money: list[dict[str, int]] = [{} for _ in ends]
    for currency, left in some.money.items():
        for place, cents in zip(left.journeys.tolist(), left.cents.tolist(), strict=True):
            money[place][currency] = cents
    return sorted(
        (
            (
                key,
                int(shard),
                bool(is_order),
                tuple(channels[touch - 1] for touch in some.touches[end - int(length) : end]),
                tuple(sorted(left.items())),
            )
            for key, shard, is_order, end, length, left in zip(
                keys, some.shards, some.converted, ends, some.lengths, money, strict=True
            )
        ),
        key=repr,
    )


async def forget_kept(db: Database, tenant: UUID) -> None:
    """Drop what is kept, so that the next fit counts from the facts."""
    async with db.tenant(tenant) as connection:
        for table in ("kept_journeys", "kept_lookbacks"):
            await connection.execute(f"DELETE FROM {table} WHERE tenant_id = $1", tenant)
