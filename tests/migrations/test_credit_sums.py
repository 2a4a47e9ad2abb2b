"""The revision after which credit is not stored compares sums with credit, and gives a cure where they differ."""

from __future__ import annotations

import re
from pathlib import Path
from uuid import UUID, uuid4

import psycopg
import pytest

from skeldir.migrations.guard import MigrationRefused
from skeldir.migrations.revision import head_revision
from skeldir.migrations.run import upgrade
from tests.conftest import Clone
from tests.support.catalogue import read_revision

BEFORE = "202611270900"
OPERATIONS = Path(__file__).resolve().parents[2] / "docs" / "operations.md"
_FACTS = (
    "INSERT INTO tenants (id, name) SELECT current_tenant_id(), 'A'",
    """INSERT INTO attribution_models
           (tenant_id, model_version, model, version, lookback_days, after_conversion, half_life_days, is_active)
       VALUES (current_tenant_id(), 'linear@1', 'linear', 1, 30, 'keep', 7, true)""",
    """INSERT INTO revenue_ledger
           (tenant_id, id, business_key, order_id, kind, amount_cents, currency, occurred_at, source)
       VALUES (current_tenant_id(), '00000000-0000-4000-8000-000000000001', 'e', 'o', 'capture', 100, 'USD',
               '2026-01-03T10:00:00Z', 'shop')""",
    """INSERT INTO attribution_allocations
           (tenant_id, order_id, model_version, entry_id, channel_code, entry_date, currency, allocated_cents,
            conversion_ppt)
       VALUES (current_tenant_id(), 'o', 'linear@1', '00000000-0000-4000-8000-000000000001', 'email', '2026-01-03',
               'USD', 100, 1000000000000)""",
    """INSERT INTO rollup_channel_day
           (tenant_id, revenue_date, model_version, channel_code, currency, conversion_ppt, credited_cents, spend_cents,
            allocations)
       VALUES (current_tenant_id(), '2026-01-03', 'linear@1', 'email', 'USD', 1000000000000, 100, 0, 1)""",
)
_ONE_CENT = "UPDATE rollup_channel_day SET credited_cents = credited_cents + 1"
_TOO_LARGE = """
    INSERT INTO credit_changes (tenant_id, revenue_date, model_version, channel_code, currency, conversion_ppt,
                                credited_cents, allocations)
    SELECT current_tenant_id(), '2026-01-03', 'linear@1', 'email', 'USD', 0, 9000000000000000000, 1
    FROM generate_series(1, 2)"""


def as_tenant(database: Clone, tenant: UUID, *statements: str) -> None:
    with psycopg.connect(database.app_url) as connection:
        connection.execute("SELECT set_tenant(%s)", (tenant,))
        for statement in statements:
            connection.execute(statement.encode())


@pytest.fixture
def tenants(empty_database: Clone) -> list[UUID]:
    """Two tenants with an order each, credited by the version before."""
    upgrade(empty_database.migrator_url, BEFORE)
    made = [uuid4(), uuid4()]
    for tenant in made:
        as_tenant(empty_database, tenant, *_FACTS)
    return made


def test_a_sum_that_differs_is_named_and_the_run_book_mends_it(
    empty_database: Clone, tenants: list[UUID]
) -> None:
    as_tenant(empty_database, tenants[1], _ONE_CENT)
    named = f"1 sums of credit differ .* of tenant {tenants[1]}, of 2026-01-03"
    with pytest.raises(MigrationRefused, match=named) as refusal:
        upgrade(empty_database.migrator_url)
    assert "docs/operations.md" in refusal.value.cure
    assert read_revision(empty_database.superuser_url) == BEFORE
    (block,) = re.findall(
        r"```sql\n(BEGIN;\nSELECT set_tenant\(.*?)```", OPERATIONS.read_text(), re.DOTALL
    )
    with psycopg.connect(empty_database.app_url, autocommit=True) as app_user:
        app_user.execute(block.replace("TENANT_ID", str(tenants[1])).encode())
    upgrade(empty_database.migrator_url)
    assert read_revision(empty_database.superuser_url) == head_revision()
    with psycopg.connect(empty_database.superuser_url) as admin:
        sums = admin.execute("SELECT credited_cents FROM rollup_channel_day").fetchall()
    assert sums == [(100,), (100,)]


def test_a_tenant_that_is_being_deleted_blocks_no_migration(
    empty_database: Clone, tenants: list[UUID]
) -> None:
    as_tenant(empty_database, tenants[0], _ONE_CENT)
    with psycopg.connect(empty_database.superuser_url) as admin:
        admin.execute(
            "SELECT request_tenant_deletion(%s, true, %s, %s, %s)",
            (tenants[0], uuid4(), uuid4(), uuid4()),
        )
    upgrade(empty_database.migrator_url)
    assert read_revision(empty_database.superuser_url) == head_revision()


def test_a_sum_that_no_bigint_holds_is_refused_with_a_message(
    empty_database: Clone, tenants: list[UUID]
) -> None:
    as_tenant(empty_database, tenants[0], _TOO_LARGE)
    with pytest.raises(MigrationRefused, match="No bigint") as refusal:
        upgrade(empty_database.migrator_url)
    assert "names the tenant" in refusal.value.cure
    assert read_revision(empty_database.superuser_url) == BEFORE
