"""What every migration shares: the checks before it, its roles, and its SQL file."""

from __future__ import annotations

import re
from importlib.resources import files
from typing import TYPE_CHECKING, Literal

from alembic import op

from skeldir.db import require_supported_server
from skeldir.errors import SkeldirError

if TYPE_CHECKING:
    import psycopg

LOCK_TIMEOUT_MS = 5_000
STATEMENT_TIMEOUT_MS = 15 * 60 * 1000
# An arbitrary fixed number: one migration at a time in a database.
MIGRATION_LOCK = 0x736B656C64697201
# Where a semicolon does not end a statement: function bodies, texts, quoted names and comments.
_HIDDEN = re.compile(
    r"""\$(\w*)\$.*?\$\1\$|'[^']*'|"[^"]*"|--[^\n]*|/\*.*?\*/""",
    re.DOTALL,
)
# Views and what belongs to them stay on a Citus coordinator.
_OF_VIEWS = re.compile(
    r"^\s*(CREATE( OR REPLACE)?|ALTER|DROP|REFRESH)( MATERIALIZED)? VIEW\b",
    re.IGNORECASE | re.MULTILINE,
)
OPEN_THE_SCHEMA = (
    "Run the migration as the owner of the database, or have its owner run: GRANT USAGE, CREATE ON SCHEMA public "
    "TO <migrating role>, skeldir_owner, matview_owner."
)


class MigrationRefused(SkeldirError):
    """A migration cannot be carried out; nothing was changed."""

    code = "migration_refused"
    status = 409
    title = "The migration was refused"


def driver_connection() -> psycopg.Connection[tuple[object, ...]]:
    """Return the psycopg connection under Alembic's own, in the migration's transaction."""
    connection: psycopg.Connection[tuple[object, ...]] | None = (
        op.get_bind().connection.driver_connection
    )
    if connection is None:
        raise MigrationRefused(
            "The migration has no connection.", cure="Run it online: `alembic upgrade head`."
        )
    return connection


def run_sql(file_name: str) -> None:
    """Run all statements of `migrations/sql/<file_name>` in the migration's transaction."""
    text = (files("skeldir.migrations") / "sql" / file_name).read_text(encoding="utf-8")
    driver_connection().execute(text.encode())


def run_statements(file_name: str) -> None:
    """Run the statements of `migrations/sql/<file_name>` one by one in the migration's transaction.

    Citus forwards a text of several commands whole, and its workers refuse it; so this is for every new revision.
    """
    text = (files("skeldir.migrations") / "sql" / file_name).read_text(encoding="utf-8")
    send(split_statements(text))


def send(statements: list[str]) -> None:
    """Run statements one by one in the migration's transaction.

    A revision that changes views changes no table; where tables are distributed, it is run on the coordinator alone.
    """
    connection = driver_connection()
    if any(_OF_VIEWS.search(statement) for statement in statements) and is_distributed(connection):
        connection.execute("SET LOCAL citus.enable_ddl_propagation = off")
    for statement in statements:
        connection.execute(statement.encode())


def split_statements(text: str) -> list[str]:
    """Return the statements of a text, without the semicolons that end them."""
    blanked = _HIDDEN.sub(lambda hidden: " " * len(hidden[0]), text)
    ends = [place for place, letter in enumerate(blanked) if letter == ";"]
    parts = zip([0, *(end + 1 for end in ends)], [*ends, len(text)], strict=True)
    return [text[start:end].strip() for start, end in parts if blanked[start:end].strip()]


def refuse_downgrade(revision: str, what_would_be_lost: str) -> None:
    """Raise MigrationRefused: a downgrade below `revision` would lose data, and nothing is lost silently."""
    raise MigrationRefused(
        f"Going back below {revision} would drop {what_would_be_lost}.",
        cure="Restore a backup taken before the upgrade instead.",
    )


def refuse_downgrade_with_rows(revision: str, tables: tuple[str, ...]) -> None:
    """Raise when one of `tables` holds a row of any tenant; an empty table can be dropped without loss.

    FORCE ROW LEVEL SECURITY would hide the rows from their owner, so it is lifted for the count, in one transaction.
    """
    connection = driver_connection()
    connection.execute("SET ROLE skeldir_owner")
    held = []
    for table in tables:
        connection.execute(f"ALTER TABLE public.{table} NO FORCE ROW LEVEL SECURITY".encode())
        row = connection.execute(f"SELECT EXISTS (SELECT FROM public.{table})".encode()).fetchone()  # noqa: S608 - table names are literals of the migration
        if row is not None and row[0]:
            held.append(table)
        connection.execute(f"ALTER TABLE public.{table} FORCE ROW LEVEL SECURITY".encode())
    connection.execute("RESET ROLE")
    if held:
        refuse_downgrade(revision, f"the rows of {', '.join(held)}")


def has_citus(connection: psycopg.Connection[tuple[object, ...]]) -> bool:
    """Return whether this database has the extension."""
    row = connection.execute(
        "SELECT EXISTS (SELECT FROM pg_catalog.pg_extension WHERE extname = 'citus')"
    ).fetchone()
    return row == (True,)


def is_distributed(connection: psycopg.Connection[tuple[object, ...]]) -> bool:
    """Return whether Citus has distributed a table of this database."""
    if not has_citus(connection):
        return False
    return connection.execute(
        "SELECT EXISTS (SELECT FROM pg_catalog.pg_dist_partition)"
    ).fetchone() == (True,)


def prepare_steps(connection: psycopg.Connection[tuple[object, ...]]) -> None:
    """Do what `prepare_session` does, but for this session: each revision is then a transaction of its own.

    Citus refuses changes of tables and views in one transaction, and rights given by two roles. Shards are changed one
    after the other, so that a revision may change several tables that refer to each other.
    """
    _prepare(connection, "SESSION", "SELECT pg_try_advisory_lock(%s)")
    connection.execute("SET SESSION citus.multi_shard_modify_mode = 'sequential'")


def prepare_session(connection: psycopg.Connection[tuple[object, ...]]) -> None:
    """Refuse an unsupported server, set the time-outs and take the migration lock, all for this transaction.

    Where Citus is there and has distributed nothing yet, the schema is made on the coordinator; `skeldir scale apply`
    distributes it.

    Raises:
        ServerTooOld: the server is older than PostgreSQL 17.
        MigrationRefused: another migration is running in this database, or the first one may not create a table.
    """
    _prepare(connection, "LOCAL", "SELECT pg_try_advisory_xact_lock(%s)")
    if has_citus(connection):
        connection.execute("SET LOCAL citus.enable_ddl_propagation = off")


def _prepare(
    connection: psycopg.Connection[tuple[object, ...]],
    scope: Literal["LOCAL", "SESSION"],
    lock: Literal["SELECT pg_try_advisory_lock(%s)", "SELECT pg_try_advisory_xact_lock(%s)"],
) -> None:
    require_supported_server(connection.info.server_version)
    connection.execute(f"SET {scope} lock_timeout = {LOCK_TIMEOUT_MS}".encode())
    connection.execute(f"SET {scope} statement_timeout = {STATEMENT_TIMEOUT_MS}".encode())
    connection.execute(f"SET {scope} search_path = public".encode())
    row = connection.execute(lock, (MIGRATION_LOCK,)).fetchone()
    if row is None or not row[0]:
        raise MigrationRefused(
            "Another migration of this database is running.",
            cure="Wait for it to end, then run again.",
        )
    # Alembic creates its own table before the first revision can check anything.
    row = connection.execute(
        """SELECT to_regclass('public.alembic_version') IS NOT NULL
               OR has_schema_privilege(current_user, 'public', 'CREATE')"""
    ).fetchone()
    if row is None or not row[0]:
        raise MigrationRefused(
            "The migrating role may not create in schema public.", cure=OPEN_THE_SCHEMA
        )
