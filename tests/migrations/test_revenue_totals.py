"""The revision that adds the totals of revenue fills them for every tenant, or fails."""

from __future__ import annotations

from uuid import uuid4

import psycopg

from skeldir.migrations.run import downgrade, upgrade
from tests.conftest import Clone

BEFORE, TOTALS = "202611281300", "202611281400"
_DAYS = (
    ("2026-01-01", "USD", "captured", 9 * 10**18, 2, 2, "2026-01-01T10:00:00Z"),
    ("2026-01-02", "USD", "captured", 9 * 10**18, 1, 1, "2026-01-02T10:00:00Z"),
    ("2026-01-02", "USD", "refunded", -5, 1, 0, "2026-01-02T11:00:00Z"),
    ("2026-01-03", "EUR", "captured", 7, 1, 1, "2026-01-03T10:00:00Z"),
)
_EXPECTED = [
    ("EUR", "captured", 7, 1, 1, "2026-01-03 10"),
    ("USD", "captured", 18 * 10**18, 3, 3, "2026-01-02 10"),
    ("USD", "refunded", -5, 1, 0, "2026-01-02 11"),
]


def test_every_tenant_finds_its_totals_and_the_days_are_bound_again(empty_database: Clone) -> None:
    upgrade(empty_database.migrator_url, BEFORE)
    tenants = [uuid4(), uuid4()]
    for tenant in tenants:
        with psycopg.connect(empty_database.app_url) as connection:
            connection.execute("SELECT set_tenant(%s)", (tenant,))
            connection.execute("INSERT INTO tenants (id, name) VALUES (%s, 'A')", (tenant,))
            connection.cursor().executemany(
                "INSERT INTO rollup_revenue_day VALUES (%s, %s, %s, %s, %s, %s, %s, %s)",
                [(tenant, *day) for day in _DAYS],
            )
    for _ in range(2):
        upgrade(empty_database.migrator_url, TOTALS)
        for tenant in tenants:
            with psycopg.connect(empty_database.app_url) as connection:
                connection.execute("SELECT set_tenant(%s)", (tenant,))
                rows = connection.execute(
                    """SELECT currency, state, amount_cents, entries, orders,
                              to_char(last_entry_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24')
                       FROM rollup_revenue_total ORDER BY 1, 2"""
                ).fetchall()
            assert rows == _EXPECTED
        with psycopg.connect(empty_database.superuser_url) as admin:
            flags = admin.execute(
                "SELECT relforcerowsecurity FROM pg_class WHERE relname LIKE 'rollup_revenue_%' AND relkind = 'r'"
            ).fetchall()
        assert flags == [(True,), (True,)]
        downgrade(empty_database.migrator_url, BEFORE)
