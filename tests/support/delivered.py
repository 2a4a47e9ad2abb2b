"""Deliveries for programs that read them: Parquet of a shop in three currencies, as `skeldir export` writes it."""

from __future__ import annotations

from pathlib import Path
from uuid import UUID

from skeldir.attribution import credit_dirty_orders
from skeldir.db.pool import Database
from skeldir.exports import PART_NAMES, Asked, write_export
from skeldir.rollups import roll_up_dirty_days
from tests.support.make import at, make_conversion, make_touch, send_conversions, send_touches
from tests.support.reconciling import claim, claims

CURRENCIES = ("EUR", "JPY", "KWD")


async def fill(db: Database, tenant: UUID, *, cents: int) -> None:
    """Have six orders of `cents` and more, one without touches, a refund, a dispute, claims and spend, credited."""
    for number in range(6):
        await send_touches(
            db,
            tenant,
            make_touch(journey_key=f"v{number}", channel="email", occurred_at=at(-3)),
            make_touch(journey_key=f"v{number}", channel="paid_search", occurred_at=at(-1)),
        )
        order = {"order_id": f"o{number}", "currency": CURRENCIES[number % 3]}
        if number < 5:
            order["journey_key"] = f"v{number}"
        taken = make_conversion(**order, amount_cents=cents + number, occurred_at=at(number))
        await send_conversions(db, tenant, taken)
    for order_id, kind, amount in (("o0", "refund", 334), ("o3", "dispute", cents + 3)):
        back = {"order_id": order_id, "kind": kind, "currency": "EUR", "occurred_at": at(7)}
        await send_conversions(db, tenant, make_conversion(**back, amount_cents=amount))
    await claims(
        db,
        tenant,
        claim("meta", "1", 900, currency="EUR", cost_cents=410),
        claim("google_ads", "2", None, currency="JPY", cost_cents=55),
    )
    await credit_dirty_orders(db, tenant_id=tenant)
    await roll_up_dirty_days(db, tenant_id=tenant)


async def deliver(db: Database, tenant: UUID, folder: Path) -> None:
    """Write all parts as Parquet, as the command does."""
    async with db.tenant(tenant, is_read_only=True) as connection:
        await write_export(connection, folder, Asked(tenant, PART_NAMES, "parquet"))
