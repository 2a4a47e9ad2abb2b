"""What a deletion must know, from the catalogue: every table with rows of tenants; and who may request one."""

from __future__ import annotations

import psycopg

from tests.conftest import Clone

# Rows of a tenant that outlive it, each with the reason.
OUTLIVE = {"tenant_deletions": "the receipts"}


def test_a_deletion_knows_every_table_that_has_a_tenant(clone: Clone) -> None:
    with psycopg.connect(clone.superuser_url) as admin:
        tables = admin.execute(
            """SELECT c.relname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
               WHERE c.relkind IN ('r', 'p') AND a.attname = 'tenant_id' AND NOT a.attisdropped"""
        ).fetchall()
        row = admin.execute("SELECT public.tenant_tables()").fetchone()
    assert row is not None
    listed = row[0]
    assert len(listed) == len(set(listed)) >= 19
    assert {str(table[0]) for table in tables} - set(OUTLIVE) == set(listed), (
        "add the table to tenant_tables(), by CREATE OR REPLACE in its own migration if that is later"
    )


def test_only_operators_may_ask_for_a_deletion(clone: Clone) -> None:
    with psycopg.connect(clone.app_url) as connection:
        may = connection.execute(
            """SELECT p.proname FROM pg_proc p WHERE p.pronamespace = 'public'::regnamespace
                 AND p.proname ~ 'deletion|count_tenant_rows|tenant_tables|statistics'
                 AND has_function_privilege(p.oid, 'EXECUTE') ORDER BY 1"""
        ).fetchall()
        assert may == [("end_tenant_deletion",), ("forget_statistics",)]
        row = connection.execute(
            """SELECT has_any_column_privilege('tenant_deletions', 'SELECT, INSERT, UPDATE, REFERENCES')
                   OR has_table_privilege('tenant_deletions', 'DELETE, TRUNCATE, TRIGGER, MAINTAIN')"""
        ).fetchone()
    assert row == (False,)
