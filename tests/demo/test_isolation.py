"""The demo's isolation check covers every table and view, and does not pass when there are no rows to hide."""

from __future__ import annotations

from uuid import UUID

import psycopg

from skeldir.db.pool import Database
from skeldir.demo.isolation import check_isolation
from tests.conftest import Clone
from tests.support.make import make_touch, send_touches

EVERYTHING_OF_A_TENANT = """
SELECT c.relname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'v') AND a.attname = 'tenant_id'
  AND has_table_privilege('app_user', c.oid, 'SELECT')
"""


async def test_every_table_and_view_of_a_tenant_is_checked(
    db: Database, tenant: UUID, other_tenant: UUID, clone: Clone
) -> None:
    await send_touches(db, tenant, make_touch())
    await send_touches(db, other_tenant, make_touch(), make_touch())
    report = await check_isolation(db, tenant, other_tenant)
    with psycopg.connect(clone.superuser_url) as admin:
        catalogue = {row[0] for row in admin.execute(EVERYTHING_OF_A_TENANT)}
    assert {seen.relation for seen in report.relations} == catalogue | {"tenants"}
    assert report.holds
    touches = next(seen for seen in report.relations if seen.relation == "attribution_events")
    assert (touches.rows_of_a, touches.rows_of_b, touches.foreign_rows) == (1, 2, 0)


async def test_a_missing_policy_is_found(
    db: Database, tenant: UUID, other_tenant: UUID, clone: Clone
) -> None:
    await send_touches(db, tenant, make_touch())
    await send_touches(db, other_tenant, make_touch())
    with psycopg.connect(clone.superuser_url) as admin:
        admin.execute("ALTER TABLE attribution_events DISABLE ROW LEVEL SECURITY")
    assert not (await check_isolation(db, tenant, other_tenant)).holds
