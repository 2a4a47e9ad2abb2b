"""Going back below the revision of renewals drops their sums, which are parts of other sums, and nothing else."""

from __future__ import annotations

from uuid import uuid4

import psycopg

from skeldir.migrations.run import downgrade, upgrade
from tests.conftest import Clone

BEFORE = "202612031000"
_SUMS = """
    INSERT INTO rollup_channel_day (tenant_id, basis, revenue_date, model_version, channel_code, currency,
                                    conversion_ppt, credited_cents, spend_cents, allocations)
    VALUES (%s, %s, '2026-03-01', 'linear@1', 'email', 'USD', 1, 700, 0, 1)"""
_JOURNAL = """
    INSERT INTO credit_journal (tenant_id, turn, changed_at, basis, revenue_date, model_version, channel_code, currency,
                                conversion_ppt, credited_cents, allocations)
    VALUES (%s, 1, now(), %s, '2026-03-01', 'linear@1', 'email', 'USD', 1, 700, 1)"""


def test_the_sums_of_everything_survive_going_back_and_forward_again(
    empty_database: Clone,
) -> None:
    upgrade(empty_database.migrator_url)
    tenants = [uuid4(), uuid4()]
    for tenant in tenants:
        with psycopg.connect(empty_database.app_url) as connection:
            connection.execute("SELECT set_tenant(%s)", (tenant,))
            connection.execute(
                "INSERT INTO tenants (id, name) VALUES (%s, %s)", (tenant, str(tenant))
            )
            connection.execute("INSERT INTO renewal_orders VALUES (%s, 'order-1')", (tenant,))
            connection.execute("INSERT INTO credited_renewals VALUES (%s, 'order-1')", (tenant,))
            connection.execute(
                """INSERT INTO rollup_revenue_day VALUES (%s, '2026-03-01', 'USD', 'captured', 700, 1, 1, now(),
                                                          700, 1, 1)""",
                (tenant,),
            )
            for basis in ("entry", "renewal"):
                connection.execute(_SUMS, (tenant, basis))
                connection.execute(_JOURNAL, (tenant, basis))
    downgrade(empty_database.migrator_url, BEFORE)
    upgrade(empty_database.migrator_url)
    with psycopg.connect(empty_database.superuser_url) as admin:
        for table in ("rollup_channel_day", "credit_journal"):
            rows = admin.execute(
                f"SELECT basis, tenant_id, credited_cents::bigint FROM {table} ORDER BY 1, 2".encode()
            ).fetchall()
            assert rows == [("entry", tenant, 700) for tenant in sorted(tenants)], table
        days = admin.execute(
            "SELECT amount_cents, renewal_cents FROM rollup_revenue_day"
        ).fetchall()
        assert days == [(700, 0)] * 2
        assert admin.execute("SELECT count(*) FROM renewal_orders").fetchall() == [(0,)]
