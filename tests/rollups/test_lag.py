"""The lag of the sums is the time for which some tenant has waited for its days."""

from __future__ import annotations

from uuid import UUID

import psycopg
from prometheus_client import REGISTRY

from skeldir.db.pool import Database
from skeldir.rollups import roll_up_dirty_days
from skeldir.rollups.gauges import sample_rollups
from tests.conftest import Clone
from tests.support.make import make_conversion, send_conversions


async def lag_s(db: Database) -> float:
    await sample_rollups(db)
    found = REGISTRY.get_sample_value("skeldir_rollups_lag_seconds")
    assert found is not None
    return found


async def test_the_lag_of_the_sums_is_the_longest_wait_of_a_tenant_for_its_days(
    db: Database, clone: Clone, tenant: UUID, other_tenant: UUID
) -> None:
    assert await lag_s(db) == 0
    for owner in (tenant, other_tenant):
        await send_conversions(db, owner, make_conversion())
    with psycopg.connect(clone.superuser_url) as admin:
        admin.execute(
            "UPDATE waiting_tenants SET since = now() - interval '50 s' WHERE tenant_id = %s",
            (other_tenant,),
        )
    assert 50 <= await lag_s(db) < 80
    await roll_up_dirty_days(db, tenant_id=other_tenant)
    assert 0 < await lag_s(db) < 50
    await roll_up_dirty_days(db)
    assert await lag_s(db) == 0
