"""An adversary who is tenant A and looks for what is B's: it lists what exists by itself, and tries all of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

import psycopg
from psycopg import sql

from proof.stage.world import World

_NOBODY: Final = UUID(int=0)
# Numbers of channels and microseconds: those of A are the same where it has the same touches before an order.
_NO_ID: Final = ("order_journeys", "path")

# `column` is the one that says whose a row is; "" where no row is anybody's. Materialized views are nobody's to read.
_RELATIONS: Final = """
    SELECT n.nspname, c.relname, c.relkind IN ('r', 'p'),
           CASE WHEN (n.nspname, c.relname) = ('public', 'tenants') THEN 'id'
                WHEN EXISTS (SELECT FROM pg_attribute t WHERE t.attrelid = c.oid AND t.attname = 'tenant_id')
                    THEN 'tenant_id' ELSE '' END,
           array_agg(a.attname::text ORDER BY a.attnum),
           array_agg(a.attname::text ORDER BY a.attnum) FILTER (WHERE has_column_privilege(c.oid, a.attnum, 'UPDATE'))
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_attribute a ON a.attrelid = c.oid
    WHERE c.relkind IN ('r', 'p', 'v', 'f', 'm', 'S') AND a.attnum > 0 AND NOT a.attisdropped
      AND has_schema_privilege(n.oid, 'USAGE') AND has_column_privilege(c.oid, a.attnum, 'SELECT')
    GROUP BY n.nspname, c.oid, c.relname, c.relkind ORDER BY 1, 2"""
_FUNCTIONS: Final = """
    SELECT n.nspname, p.proname, pg_get_function_identity_arguments(p.oid), p.proargtypes::oid[]::regtype[]::text[]
    FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
    WHERE n.nspname <> 'information_schema' AND n.nspname NOT LIKE 'pg\\_%' AND p.prokind = 'f'
      AND has_function_privilege(p.oid, 'EXECUTE') AND has_schema_privilege(n.oid, 'USAGE')
    ORDER BY 1, 2, 3"""


@dataclass(frozen=True, slots=True)
class Relation:
    """A table or view that `app_user` may read, at least in part."""

    schema: str
    name: str
    is_table: bool
    tenant_column: str
    columns: Sequence[str]
    updatable: Sequence[str]

    @property
    def is_ours(self) -> bool:
        """Whether it is none of PostgreSQL's own."""
        return self.schema != "information_schema" and not self.schema.startswith("pg_")

    @property
    def identifier(self) -> sql.Identifier:
        """Its name, to be put in a statement."""
        return sql.Identifier(self.schema, self.name)

    def __str__(self) -> str:
        return f"{self.schema}.{self.name}"


@dataclass(frozen=True, slots=True)
class Function:
    """A function that `app_user` may execute; `kinds` are the types of its arguments."""

    schema: str
    name: str
    arguments: str
    kinds: Sequence[str]

    def __str__(self) -> str:
        return f"{self.schema}.{self.name}({self.arguments})"


@dataclass(frozen=True, slots=True)
class Needles:
    """What is B's: markers in its texts, and the ids, hashes and secrets of its rows."""

    markers: tuple[str, ...]
    ids: frozenset[str]

    def found_in(self, text: str, sent: Iterable[str] = ()) -> list[str]:
        """Return which of them stand in `text`, apart from what was sent along and may come back."""
        for own in sent:
            text = text.replace(own, "")
        plain = text.lower()
        return [needle for needle in (*self.markers, *self.ids) if needle in plain]


def list_relations(connection: psycopg.Connection[Any]) -> list[Relation]:
    """Return every relation of any schema of which the session's role may read a column."""
    return [
        Relation(schema, name, is_table, column, columns, updatable or ())
        for schema, name, is_table, column, columns, updatable in connection.execute(_RELATIONS)
    ]


def list_functions(connection: psycopg.Connection[Any]) -> list[Function]:
    """Return every function outside of PostgreSQL's own schemas that the session's role may execute."""
    return [Function(*row) for row in connection.execute(_FUNCTIONS)]


def read_relation(connection: psycopg.Connection[Any], relation: Relation) -> str:
    """Return all rows that the session sees, each as text on a line; or the refusal."""
    columns = sql.SQL(", ").join(map(sql.Identifier, relation.columns))
    statement = sql.SQL("SELECT ROW({})::text FROM {}").format(columns, relation.identifier)
    return run(connection, statement)


def run(connection: psycopg.Connection[Any], statement: sql.Composed) -> str:
    """Run a statement; return its rows a line each, its command tag, or the complete refusal."""
    try:
        cursor = connection.execute(statement)
    except psycopg.Error as fault:
        diag = fault.diag
        parts = (diag.message_primary, diag.message_detail, diag.message_hint, diag.context)
        return f"ERROR {fault.sqlstate}: {' '.join(part for part in parts if part)}"
    if cursor.description is None:
        return cursor.statusmessage or ""
    return "\n".join(" | ".join(map(_written, row)) for row in cursor)


def _written(value: object) -> str:
    return value.hex() if isinstance(value, bytes) else str(value)


def needles_of(world: World) -> Needles:
    """Return what is B's: its markers, and every id, hash and secret of a row that B sees and that is its own."""
    ids = {str(world.b), world.key_b}
    with world.connect(world.b) as connection:
        for relation in list_relations(connection):
            if relation.is_ours and relation.tenant_column:
                columns = [one for one in relation.columns if (relation.name, one) != _NO_ID]
                rows = connection.execute(
                    sql.SQL("SELECT {} FROM {}").format(
                        sql.SQL(", ").join(map(sql.Identifier, columns)), relation.identifier
                    )
                ).fetchall()
                ids |= {
                    _written(value)
                    for row in rows
                    for value in row
                    if isinstance(value, UUID | bytes) and value != _NOBODY
                }
    return Needles(world.markers_b, frozenset(one.lower() for one in ids) | {world.key_b})


def try_writes(connection: psycopg.Connection[Any], table: Relation, tenant: object) -> list[str]:
    """Try to insert, change and delete rows of `tenant` in a table; nothing stays. Return the answers.

    Row-level security is asked before any other rule of the table, so a row needs no other value than its tenant.
    """
    column = sql.Identifier(table.tenant_column)
    whose = sql.SQL("{} = {}").format(column, sql.Literal(str(tenant)))
    statements = [
        sql.SQL("INSERT INTO {} ({}) VALUES ({})").format(
            table.identifier, column, sql.Literal(str(tenant))
        ),
        *(
            sql.SQL("UPDATE {} SET {} = {} WHERE {}").format(table.identifier, name, name, whose)
            for name in map(sql.Identifier, table.updatable or (table.tenant_column,))
        ),
        sql.SQL("DELETE FROM {} WHERE {}").format(table.identifier, whose),
    ]
    answers = []
    for statement in statements:
        with connection.transaction(force_rollback=True), connection.transaction() as inner:
            answers.append(run(connection, statement))
            if answers[-1].startswith("ERROR"):
                raise psycopg.Rollback(inner)
    return answers
