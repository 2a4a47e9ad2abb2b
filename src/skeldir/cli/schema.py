"""Bringing the schema of a database up to date, which needs psycopg and Alembic."""

from __future__ import annotations

import fcntl
from typing import TYPE_CHECKING

import psycopg
from psycopg import sql

from skeldir.db import DatabaseUnreachable, takes_no_writes
from skeldir.migrations.revision import head_revision
from skeldir.settings import plain_postgres_url

if TYPE_CHECKING:
    from pathlib import Path

    from skeldir.errors import SkeldirError

# As long as an operator's statement waits for a lock.
_OPTIONS = "-c lock_timeout=5000"


def prepare_embedded(home: Path, admin_url: str, name: str, url: str) -> None:
    """Make the database `name` of the embedded server of `home` unless it is there, and bring its schema up to date."""
    with (home / "migrate.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with psycopg.connect(admin_url, autocommit=True, options=_OPTIONS) as admin:
            if not admin.execute(
                "SELECT 1 FROM pg_database WHERE datname = %s", (name,)
            ).fetchone():
                admin.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        if _revision(url) != head_revision():
            migrate_to_head(url)


def migrate_to_head(url: str) -> None:
    """Bring the schema of the database at `url` up to date.

    Raises:
        MigrationRefused: another migration is running, a table stays locked, or the role lacks privileges.
        DatabaseUnreachable: no connection could be made.
    """
    # Importing Alembic takes longer than all other imports.
    from sqlalchemy.exc import DBAPIError

    from skeldir.migrations.run import upgrade

    try:
        upgrade(url)
    except (psycopg.Error, DBAPIError) as error:
        cause = error.orig if isinstance(error, DBAPIError) else error
        fault = _migration_error(cause) if isinstance(cause, psycopg.Error) else None
        if fault is None:
            raise
        raise fault from error


def _migration_error(error: psycopg.Error) -> SkeldirError | None:
    """Return the error for a failure that the operator can fix; None for any other."""
    from skeldir.migrations.guard import MigrationRefused

    message = error.diag.message_primary or " ".join(str(error).split()).rstrip(".?")
    if isinstance(error, psycopg.errors.LockNotAvailable):
        return MigrationRefused(
            "Another session kept a table locked for too long; nothing was changed.",
            cure="Run it again at a quieter time.",
        )
    if isinstance(error, psycopg.errors.InsufficientPrivilege):
        return MigrationRefused(
            f"The role in DATABASE_URL may not change the schema: {message}.",
            cure="Let DATABASE_URL name the role that migrated before, or one with CREATEROLE that owns the database.",
        )
    if isinstance(error, psycopg.errors.ReadOnlySqlTransaction):
        return takes_no_writes()
    if isinstance(error, psycopg.OperationalError) and error.sqlstate is None:
        return DatabaseUnreachable(
            f"No connection to the database: {message}.",
            cure="Check DATABASE_URL and that the server runs.",
        )
    return None


def functions_left_open(url: str) -> list[str]:
    """Return what a superuser has to run in the database at `url`, to revoke privileges that no role needs."""
    from skeldir.migrations.needless import closing_statements, open_functions

    with psycopg.connect(plain_postgres_url(url), options=_OPTIONS) as connection:
        return closing_statements(open_functions(connection))


def _revision(url: str) -> str | None:
    with psycopg.connect(url, options=_OPTIONS) as connection:
        try:
            row = connection.execute("SELECT version_num FROM public.alembic_version").fetchone()
        except psycopg.errors.UndefinedTable:
            return None
    return None if row is None else str(row[0])
