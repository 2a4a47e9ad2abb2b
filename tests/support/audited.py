"""A shop with money of every kind, and the results of its audits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from uuid import UUID

import psycopg

from skeldir.attribution import rebuild_credit
from skeldir.audit import Audit
from skeldir.db.pool import Database
from skeldir.rollups import mark_all_revenue, roll_up_dirty_days
from tests.conftest import Clone
from tests.support.credit import credit_until_complete
from tests.support.make import (
    at,
    make_conversion,
    make_tenant,
    make_touch,
    send_conversions,
    send_touches,
)

# Orders in currencies of 2, 0 and 3 decimals: refunded, disputed, won back, awaiting their capture, without a touch.
ORDERS: Sequence[Mapping[str, object]] = (
    {"order_id": "paid", "amount_cents": 10_001},
    {"order_id": "refunded", "amount_cents": 3_333, "currency": "JPY"},
    {"order_id": "refunded", "kind": "refund", "amount_cents": 3_333, "currency": "JPY", "occurred_at": at(2)},
    {"order_id": "disputed", "amount_cents": 7_777, "currency": "KWD"},
    {"order_id": "disputed", "kind": "dispute", "amount_cents": 777, "currency": "KWD", "occurred_at": at(2)},
    {"order_id": "disputed", "kind": "dispute_reversal", "amount_cents": 777, "currency": "KWD", "occurred_at": at(3)},
    {"order_id": "early", "kind": "refund", "amount_cents": 250, "occurred_at": at(2)},
    {"order_id": "direct", "amount_cents": 555, "journey_key": "nobody"},
)  # fmt: skip


async def make_shop(db: Database, name: str) -> UUID:
    """A tenant with three channels, ORDERS, credit and sums."""
    tenant = await make_tenant(db, name)
    for number, channel in enumerate(("email", "sms", "display")):
        touch = make_touch(channel=channel, occurred_at=at(number / 10))
        await send_touches(db, tenant, touch, origin=channel)
    items = (make_conversion(**order) for order in ORDERS)
    assert (await send_conversions(db, tenant, *items)).accepted == len(ORDERS)
    await settle(db, tenant)
    return tenant


async def settle(db: Database, tenant: UUID) -> None:
    await credit_until_complete(db, tenant)
    await roll_up_dirty_days(db, tenant_id=tenant)


async def rebuild(db: Database, tenant: UUID) -> None:
    """As `skeldir credit --rebuild` does."""
    async with db.tenant(tenant) as connection:
        await rebuild_credit(connection, tenant)
        await mark_all_revenue(connection, tenant)
    await settle(db, tenant)


def change(clone: Clone, tenant: UUID, statement: str) -> None:
    """Change stored rows of a tenant, as a superuser."""
    with psycopg.connect(clone.superuser_url, autocommit=True) as admin:
        admin.execute("SELECT set_config('app.tenant', %s, false)", (str(tenant),))
        where = "tenant_id = current_setting('app.tenant')::uuid"
        done = admin.execute(statement.replace("OURS", where).encode())
        assert done.rowcount >= 1


def failed(audit: Audit) -> set[str]:
    """Return the names of the checks that differ."""
    return {check.name for check in audit.checks if check.count}


def sentences(audit: Audit) -> str:
    """Return the differences, one line each."""
    return "\n".join(d.describe() for check in audit.checks for d in check.differences)
