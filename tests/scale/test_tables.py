"""One list says of each table whether it is distributed."""

from __future__ import annotations

import psycopg

from skeldir.scale import DISTRIBUTED, LOCAL, ROOT
from tests.conftest import Clone

TABLES = """
    SELECT CASE n.nspname WHEN 'public' THEN c.relname::text ELSE n.nspname || '.' || c.relname END
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p') AND n.nspname NOT IN ('pg_catalog', 'information_schema')"""
COLUMNS = """
    SELECT c.relname::text, a.attname::text FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
    WHERE c.relnamespace = 'public'::regnamespace AND a.attname IN ('id', 'tenant_id') AND a.attnotnull"""


def test_each_table_is_either_distributed_or_local(clone: Clone) -> None:
    with psycopg.connect(clone.superuser_url) as connection:
        found = {str(name) for (name,) in connection.execute(TABLES)}
    assert found == {*DISTRIBUTED, *LOCAL}, (
        "add the table to skeldir.scale.tables: distributed, or local with the reason"
    )
    assert set(DISTRIBUTED) & set(LOCAL) == set()
    assert next(iter(DISTRIBUTED)) == ROOT


def test_the_column_of_a_distributed_table_is_never_null(clone: Clone) -> None:
    with psycopg.connect(clone.superuser_url) as connection:
        columns = {(str(table), str(column)) for table, column in connection.execute(COLUMNS)}
    assert set(DISTRIBUTED.items()) <= columns


def test_every_local_table_has_a_reason() -> None:
    assert all(len(reason.split()) > 3 for reason in LOCAL.values())
