"""An audit compares the sums of compared claims with their lines, and the view with the sums."""

from __future__ import annotations

from uuid import UUID

import psycopg
import pytest

from skeldir.audit import audit_tenant
from skeldir.clock import utc_now
from skeldir.db.pool import Database
from skeldir.matviews import refresh_view
from skeldir.rollups import roll_up_dirty_days
from tests.conftest import Clone
from tests.support.reconciling import claim, claims, compare


async def faults(db: Database, tenant: UUID) -> dict[str, int]:
    audit = await audit_tenant(db, tenant)
    return {check.name: check.count for check in audit.checks if check.count}


async def make(db: Database, tenant: UUID) -> None:
    await claims(db, tenant, claim("meta", "1", 700), claim("meta", "2", None))
    await compare(db, tenant)
    await roll_up_dirty_days(db, tenant_id=tenant)
    await refresh_view(db, "mv_reconciliation_status", requested_at=utc_now())


@pytest.mark.parametrize(
    ("statement", "count"),
    [
        (
            """UPDATE reconciliation_lines SET claimed_cents = 701, ghost_cents = 701
               WHERE tenant_id = %s AND claimed_cents IS NOT NULL""",
            1,
        ),
        ("DELETE FROM reconciliation_lines WHERE tenant_id = %s", 1),
        ("UPDATE reconciliation_runs SET ghost_cents = 699 WHERE tenant_id = %s", 2),
        ("DELETE FROM reconciliation_runs WHERE tenant_id = %s", 2),
    ],
)
async def test_a_sum_that_is_not_that_of_its_lines_is_found(
    db: Database, clone: Clone, tenant: UUID, other_tenant: UUID, statement: str, count: int
) -> None:
    for whose in (tenant, other_tenant):
        await make(db, whose)
    assert await faults(db, tenant) == {}
    with psycopg.connect(clone.superuser_url) as admin:
        admin.execute(statement, (tenant,))
    assert await faults(db, tenant) == {"reconciliations": count}
    assert await faults(db, other_tenant) == {}
