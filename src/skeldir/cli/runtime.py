"""What every command needs: a server that runs, a schema that fits, a pool, and errors told in plain words."""

from __future__ import annotations

import asyncio
import fcntl
import signal
import sys
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn, TypeVar
from uuid import UUID

import asyncpg
import psycopg
import typer
from psycopg import sql
from rich.console import Console

from skeldir.db.embedded import embedded_server
from skeldir.db.embedded_watch import kept_alive
from skeldir.db.pool import Database, DatabaseUnreachable, open_database
from skeldir.errors import SkeldirError
from skeldir.migrations.revision import head_revision
from skeldir.settings import Settings, load_settings, plain_postgres_url
from skeldir.tenants import find_tenant

T = TypeVar("T")

DATABASE_NAME = "skeldir"
# Amounts are never cut to fit: a terminal that is narrower wraps the lines.
_NARROWEST = 112
# What people named may hold brackets, so nothing is read as markup.
out = Console(highlight=False, markup=False, width=max(_NARROWEST, Console().width))
err = Console(stderr=True, highlight=False, markup=False)


class OperatorNeeded(SkeldirError):
    """The role in DATABASE_URL sees one tenant at a time, and the command is about all of them."""

    code = "operator_needed"
    status = 403
    title = "The role may not see all tenants"


class SchemaOutdated(SkeldirError):
    """The database's revision is not the program's."""

    code = "schema_outdated"
    status = 503
    title = "The schema does not fit the program"


@dataclass(frozen=True, slots=True)
class Runtime:
    """A server that runs: where the program connects, and where an operator does."""

    settings: Settings
    app_url: str
    operator_url: str

    @asynccontextmanager
    async def database(self, *, pool_size: int | None = None) -> AsyncIterator[Database]:
        """Open the program's pool, as app_user.

        Raises:
            SchemaOutdated: the migrations have not been run, or belong to another version of the program.
        """
        async with open_database(
            self.app_url,
            pool_size=pool_size or self.settings.skeldir_pool_size,
            statement_timeout_ms=self.settings.skeldir_statement_timeout_ms,
        ) as database:
            await _require_head(database)
            yield database

    @asynccontextmanager
    async def operator(
        self, *, must_see_all: bool = False
    ) -> AsyncIterator[asyncpg.Connection[asyncpg.Record]]:
        """Open one connection as the operator, who may list all tenants.

        Raises:
            OperatorNeeded: `must_see_all`, and the role in DATABASE_URL may not act as skeldir_owner.
        """
        try:
            connection = await asyncpg.connect(plain_postgres_url(self.operator_url))
        except (OSError, asyncpg.PostgresError) as error:
            raise DatabaseUnreachable(
                f"No connection to the database: {error}.",
                cure="Check DATABASE_URL and that the server runs.",
            ) from error
        try:
            if must_see_all and not await connection.fetchval(
                "SELECT pg_has_role(current_user, 'skeldir_owner', 'USAGE')"
            ):
                raise OperatorNeeded(
                    "The role in DATABASE_URL sees one tenant at a time.",
                    cure="Run this with a role that may act as skeldir_owner, such as the one that migrates.",
                )
            yield connection
        finally:
            await connection.close()

    async def tenant_id(self, id_or_name: str) -> UUID:
        """Return the id of a tenant given by its id or, to an operator, by its name."""
        try:
            return UUID(id_or_name)
        except ValueError:
            async with self.operator() as connection:
                return (await find_tenant(connection, id_or_name)).tenant_id


@contextmanager
def open_runtime(*, is_long: bool = False) -> Iterator[Runtime]:
    """Join the server that DATABASE_URL names, or start the embedded one and bring its schema up to date.

    A command that runs for long starts the embedded server again whenever that is gone.
    """
    settings = load_settings()
    if settings.database_url is not None:
        url = settings.database_url.get_secret_value()
        yield Runtime(settings, url, url)
        return
    home = settings.skeldir_home.resolve()
    with embedded_server(home) as server:
        _prepare_embedded(home, server.url(), server.url(database=DATABASE_NAME))
        with kept_alive(home) if is_long else nullcontext():
            yield Runtime(
                settings,
                server.url(user="app_user", database=DATABASE_NAME),
                server.url(database=DATABASE_NAME),
            )


def run_with_runtime(work: Callable[[Runtime], Coroutine[Any, Any, T]]) -> T:
    """Run a command's coroutine on the process's one loop, with a server that runs."""
    with open_runtime() as runtime:
        return asyncio.run(work(runtime))


def run_app(app: typer.Typer) -> None:
    """Run the command line; tell a known error with its code and cure, and exit with 1.

    SIGTERM ends the program as Ctrl-C does: the embedded server is left in order.
    """
    signal.signal(signal.SIGTERM, _leave)
    try:
        app()
    except SkeldirError as error:
        err.print(f"{error.code}: {error.detail}", style="bold red", soft_wrap=True)
        err.print(f"  {error.cure}", soft_wrap=True)
        sys.exit(1)
    except KeyboardInterrupt:
        err.print("Interrupted. What was committed stays; run the command again to go on.")
        sys.exit(130)


def _leave(number: int, _frame: FrameType | None) -> NoReturn:
    sys.exit(128 + number)


def _prepare_embedded(home: Path, admin_url: str, url: str) -> None:
    with (home / "migrate.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with psycopg.connect(admin_url, autocommit=True) as admin:
            if not admin.execute(
                "SELECT 1 FROM pg_database WHERE datname = %s", (DATABASE_NAME,)
            ).fetchone():
                admin.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(DATABASE_NAME)))
        if _revision(url) != head_revision():
            # Alembic takes longer to import than all of the rest.
            from skeldir.migrations.run import upgrade

            upgrade(url)


def _revision(url: str) -> str | None:
    with psycopg.connect(url) as connection:
        try:
            row = connection.execute("SELECT version_num FROM public.alembic_version").fetchone()
        except psycopg.errors.UndefinedTable:
            return None
    return None if row is None else str(row[0])


async def _require_head(database: Database) -> None:
    async with database.statement() as connection:
        try:
            found = await connection.fetchval("SELECT version_num FROM public.alembic_version")
        except (asyncpg.UndefinedTableError, asyncpg.InsufficientPrivilegeError):
            found = None
    if found != head_revision():
        raise SchemaOutdated(
            f"The database is at revision {found or 'none'}, the program needs {head_revision()}.",
            cure="Run `alembic upgrade head` or `skeldir migrate` with a role that may create roles.",
        )
