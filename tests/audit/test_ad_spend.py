"""An audit compares what ads cost with what was added to spend."""

from __future__ import annotations

from datetime import date
from uuid import UUID

import psycopg

from skeldir.audit import audit_tenant
from skeldir.db.pool import Database
from skeldir.rollups import roll_up_dirty_days
from skeldir.spend import AdDay, AdKey, Load, record_days
from tests.conftest import Clone

DAY = date(2026, 9, 1)


async def record(db: Database, tenant: UUID, cost: int | None, channel: str) -> None:
    key = AdKey("meta", "1", "2", DAY, "EUR")
    day = AdDay(key, "Spring", {"cost_cents": cost}, channel, "utm.paid_social")
    async with db.tenant(tenant) as connection:
        await record_days(connection, tenant, Load("api", "test", "0" * 64, "test", 1), [day])
    await roll_up_dirty_days(db, tenant_id=tenant)


async def faults(db: Database, tenant: UUID) -> dict[str, list[str]]:
    audit = await audit_tenant(db, tenant)
    return {
        check.name: [one.describe() for one in check.differences]
        for check in audit.checks
        if check.count
    }


async def test_restated_and_moved_costs_are_no_difference(db: Database, tenant: UUID) -> None:
    for cost, channel in ((500, "paid_social"), (700, "display"), (None, "display")):
        await record(db, tenant, cost, channel)
        assert await faults(db, tenant) == {}


async def test_a_cent_that_no_revision_added_is_found(
    db: Database, clone: Clone, tenant: UUID, other_tenant: UUID
) -> None:
    for whose in (tenant, other_tenant):
        await record(db, whose, 500, "paid_social")
    with psycopg.connect(clone.superuser_url) as admin:
        admin.execute("UPDATE ad_days SET cost_cents = 501 WHERE tenant_id = %s", (tenant,))
    assert await faults(db, tenant) == {
        "ad_spend": ["2026-09-01 paid_social EUR: spend_cents 500 instead of 501."]
    }
    assert await faults(db, other_tenant) == {}
