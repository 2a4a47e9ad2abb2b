"""Plain makers of test data: each takes only what the test is about."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import count
from uuid import UUID

from skeldir.attribution import define_models
from skeldir.db.ids import new_id
from skeldir.db.pool import Database
from skeldir.ingest import Receipt, receive_conversions, receive_touches
from skeldir.rollups import mark_days
from skeldir.tenants import create_tenant, load_profile

DAY_0 = datetime(2026, 3, 1, 12, tzinfo=UTC)
_numbers = count(1)


def at(days: float = 0.0) -> str:
    """Return the moment `days` after the first day of the tests, as an item carries it."""
    return (DAY_0 + timedelta(days=days)).isoformat()


def make_touch(**fields: object) -> dict[str, object]:
    """Return a valid touch item; `fields` replace or add."""
    return {
        "idempotency_key": f"touch-{next(_numbers)}",
        "occurred_at": at(),
        "journey_key": "visitor-1",
        "channel": "email",
    } | fields


def make_conversion(**fields: object) -> dict[str, object]:
    """Return a valid capture item of 100.00 USD; `fields` replace or add."""
    number = next(_numbers)
    return {
        "idempotency_key": f"conversion-{number}",
        "order_id": f"order-{number}",
        "kind": "capture",
        "amount_cents": 10_000,
        "currency": "USD",
        "occurred_at": at(1),
        "journey_key": "visitor-1",
    } | fields


async def post_plainly(
    database: Database, tenant_id: UUID, order_id: str, cents: int, day: date
) -> None:
    """Insert a capture into the ledger without the program's checks, and mark its day: for amounts above its limit."""
    async with database.tenant(tenant_id) as connection:
        await connection.execute(
            """INSERT INTO revenue_ledger (tenant_id, id, business_key, order_id, kind, amount_cents, currency,
                                           occurred_at, source)
               VALUES ($1, gen_random_uuid(), $2::text, $2::text, 'capture', $3, 'USD',
                       $4::date::timestamp AT TIME ZONE 'UTC', 'test')""",
            tenant_id, order_id, cents, day,
        )  # fmt: skip
        await mark_days(connection, tenant_id, [day])


async def make_tenant(database: Database, name: str, *, has_models: bool = True) -> UUID:
    """Create a tenant with the default models, or without models, and return its id."""
    tenant_id = new_id()
    async with database.tenant(tenant_id) as connection:
        await create_tenant(connection, tenant_id, name)
        if has_models:
            await define_models(connection, tenant_id)
    return tenant_id


async def send_touches(
    database: Database, tenant_id: UUID, *items: object, origin: str = "test"
) -> Receipt:
    """Receive touches in a transaction of their own."""
    async with database.tenant(tenant_id) as connection:
        profile = await load_profile(connection, tenant_id)
        return await receive_touches(connection, profile, items, origin=origin)


async def send_conversions(
    database: Database, tenant_id: UUID, *items: object, origin: str = "test"
) -> Receipt:
    """Receive conversions in a transaction of their own."""
    async with database.tenant(tenant_id) as connection:
        profile = await load_profile(connection, tenant_id)
        return await receive_conversions(connection, profile, items, origin=origin)
