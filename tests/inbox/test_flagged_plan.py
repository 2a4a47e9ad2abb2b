"""The reports of troubles read the few payments with flags, not all payments of a tenant."""

from __future__ import annotations

from uuid import UUID

import psycopg

from tests.conftest import Clone
from tests.support.syntax import named_text

_PAYMENTS = """
    INSERT INTO payments (tenant_id, id, order_id, state, flags, providers, reports, waiting, evidence, parts)
    SELECT %s, gen_random_uuid(), n::text, 'captured',
           CASE WHEN n %% 500 = 0 THEN ARRAY['total_missing'] ELSE '{}' END, '{stripe}', 1, '[]', '[]', '{}'
    FROM generate_series(1, 5000) n"""


def test_flags_are_counted_by_an_index_of_payments_with_flags(clone: Clone, tenant: UUID) -> None:
    with psycopg.connect(clone.superuser_url, autocommit=True) as admin:
        admin.execute(_PAYMENTS, (tenant,))
        admin.execute("ANALYZE payments")
    with psycopg.connect(clone.app_url) as connection:
        connection.execute("SELECT set_tenant(%s)", (tenant,))
        explained = f"EXPLAIN (GENERIC_PLAN) {named_text('skeldir.inbox', 'count_flags')}".encode()
        plan = [row[0].strip() for row in connection.execute(explained)]
    assert any("idx_payments_flagged" in line for line in plan), plan
