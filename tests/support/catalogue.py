"""A description of a database: everything in its catalogue that a migration could change."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg

from proof.checks.catalogue import QUESTIONS

if TYPE_CHECKING:
    from tests.conftest import Clone

# For regexp_replace(): a policy with a sub-select, which a distributed table may not have, compares like one without.
IN_SELECT = r"'\( SELECT (current_tenant_id\(\)) AS current_tenant_id\)', '\1'"

TENANT_TABLES = """
    SELECT c.oid, c.relname FROM pg_class c
    WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
      AND EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'tenant_id')"""


def describe_database(url: str) -> dict[str, list[str]]:
    """Return every object of the database at `url` as sorted texts, by kind."""
    with psycopg.connect(url) as connection:
        # With only the catalogue on the path, every name is written with its schema.
        connection.execute("SET search_path = pg_catalog")
        return {
            kind: sorted(str(row) for row in connection.execute(question).fetchall())
            for kind, question in QUESTIONS.items()
        }


def differences(left: dict[str, list[str]], right: dict[str, list[str]]) -> dict[str, list[str]]:
    """Return what is in only one of two descriptions, marked `-` (left) and `+` (right); {} when equal."""
    found = {
        kind: [f"- {row}" for row in left[kind] if row not in right[kind]]
        + [f"+ {row}" for row in right[kind] if row not in left[kind]]
        for kind in left
    }
    return {kind: rows for kind, rows in found.items() if rows}


def read_revision(url: str) -> str | None:
    """Return the revision that the database at `url` is at; None before the first."""
    with psycopg.connect(url) as connection:
        if connection.execute("SELECT to_regclass('public.alembic_version')").fetchone() == (None,):
            return None
        row = connection.execute("SELECT version_num FROM public.alembic_version").fetchone()
        return None if row is None else str(row[0])


def ask(database: Clone, question: str, *values: object) -> list[tuple[object, ...]]:
    """Return what a superuser is answered."""
    with psycopg.connect(database.superuser_url) as connection:
        return connection.execute(question.encode(), values or None).fetchall()


def names(rows: list[tuple[object, ...]]) -> set[str]:
    """Return the first column of rows."""
    return {str(row[0]) for row in rows}
