"""What every command needs: a running server, a matching schema, a pool, and readable errors."""

from __future__ import annotations

import asyncio
import logging
import signal
import sys
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager, nullcontext
from dataclasses import dataclass
from types import FrameType
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar
from uuid import UUID

import asyncpg
import typer

from skeldir.cli.console import err
from skeldir.db import (
    CITUS_SETTINGS,
    Database,
    DatabaseUnreachable,
    QueryTooSlow,
    embedded_server,
    kept_alive,
    node_unreachable,
    open_database,
    read_id,
    refusal_of_pooler,
    require_own_session,
    takes_no_writes,
)
from skeldir.errors import SkeldirError
from skeldir.migrations.revision import head_revision
from skeldir.settings import Settings, load_settings, plain_postgres_url
from skeldir.tenants import find_tenant, find_tenant_of_key, key_prefix, load_profile

if TYPE_CHECKING:
    from skeldir.db import Connection

T = TypeVar("T")

DATABASE_NAME = "skeldir"
# The longest that an operator's statement or a migration waits for a lock.
LOCK_TIMEOUT_MS = 5_000
_CONNECT_S = 5.0


class OperatorNeeded(SkeldirError):
    """The role in DATABASE_URL sees one tenant at a time, but the command needs all of them."""

    code = "operator_needed"
    status = 403
    title = "The role may not see all tenants"


class SchemaOutdated(SkeldirError):
    """The database's revision differs from the program's."""

    code = "schema_outdated"
    status = 503
    title = "The schema does not match the program"


@dataclass(frozen=True, slots=True)
class Runtime:
    """A running server: the URL for the program, and the URL for an operator."""

    settings: Settings
    app_url: str
    operator_url: str

    @asynccontextmanager
    async def database(
        self, *, pool_size: int | None = None, statement_timeout_ms: int | None = None
    ) -> AsyncIterator[Database]:
        """Open the program's pool, as app_user; without other values, with those of the settings.

        Raises:
            SchemaOutdated: the migrations have not been run, or belong to another version of the program.
        """
        async with open_database(
            self.app_url,
            pool_size=pool_size or self.settings.skeldir_pool_size,
            statement_timeout_ms=statement_timeout_ms or self.settings.skeldir_statement_timeout_ms,
        ) as database:
            async with database.statement() as connection:
                await require_head(connection)
            yield database

    @asynccontextmanager
    async def operator(
        self, *, must_see_all: bool = False
    ) -> AsyncIterator[asyncpg.Connection[asyncpg.Record]]:
        """Open one connection as the operator, who may list all tenants.

        Raises:
            OperatorNeeded: `must_see_all`, and the role in DATABASE_URL may not act as skeldir_owner.
            PoolerRefused: a connection pooler is in between.
            SchemaOutdated: the migrations have not been run, or belong to another version of the program.
            QueryTooSlow: a statement of the block took too long, or waited too long for a lock.
            NodeUnreachable: a node of a Citus database did not answer its coordinator.
            DatabaseUnreachable: nothing answers, or the block wrote, and the server takes no writes.
        """
        settings = {
            "application_name": "skeldir",
            "search_path": "public",
            "lock_timeout": str(LOCK_TIMEOUT_MS),
            "statement_timeout": str(self.settings.skeldir_statement_timeout_ms),
            **CITUS_SETTINGS,
        }
        try:
            connection = await asyncpg.connect(
                plain_postgres_url(self.operator_url), timeout=_CONNECT_S, server_settings=settings
            )
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            raise refusal_of_pooler(error) or DatabaseUnreachable(
                f"No connection to the database: {str(error) or 'it does not answer'}.",
                cure="Check DATABASE_URL and that the server runs.",
            ) from error
        try:
            await require_own_session(connection, settings)
            await require_head(connection)
            if must_see_all and not await may_see_all(connection):
                raise OperatorNeeded(
                    "The role in DATABASE_URL sees one tenant at a time.",
                    cure="Run this with a role that may act as skeldir_owner, such as the one that migrates.",
                )
            yield connection
        except (asyncpg.LockNotAvailableError, asyncpg.QueryCanceledError) as error:
            raise QueryTooSlow(
                f"The database cancelled the query: {error}.",
                cure="Find out who holds the lock (`pg_blocking_pids`), or run it again a little later.",
            ) from error
        except asyncpg.ReadOnlySQLTransactionError as error:
            raise takes_no_writes() from error
        except asyncpg.PostgresError as error:
            of_node = (
                None if connection.is_closed() else node_unreachable(error, is_of_tenant=False)
            )
            if of_node is None:
                raise
            raise of_node from error
        finally:
            await connection.close()

    async def tenant_id(self, named: str) -> UUID:
        """Return the id of a tenant given by its id, the prefix of one of its keys or, to an operator, its name.

        Raises:
            TenantUnknown: there is no such tenant, or more than one.
            OperatorNeeded: it is a name, and the role in DATABASE_URL may not act as skeldir_owner.
        """
        prefix = key_prefix(named)
        if (tenant_id := read_id(named)) is not None:
            async with (
                self.database(pool_size=1) as database,
                database.tenant(tenant_id) as connection,
            ):
                return (await load_profile(connection, tenant_id)).tenant_id
        if prefix is not None:
            async with (
                self.database(pool_size=1) as database,
                database.statement() as connection,
            ):
                return await find_tenant_of_key(connection, prefix)
        async with self.operator() as operator:
            if not await may_see_all(operator):
                raise _name_needs_operator(named)
            return (await find_tenant(operator, named)).tenant_id


def _name_needs_operator(name: str) -> OperatorNeeded:
    return OperatorNeeded(
        f"{name!r} is no tenant's id, and the role in DATABASE_URL cannot look up a name: "
        "it sees one tenant at a time.",
        cure="Give the tenant's id, as `skeldir tenants create` printed it, or the prefix of one of its keys "
        "(skd_xxxxxxxx); or use a role that may act as skeldir_owner, such as the one that migrates.",
    )


async def may_see_all(connection: Connection) -> bool:
    """Return whether the connection's role may act as skeldir_owner, and so read all tenants' names."""
    may: bool = await connection.fetchval(
        "SELECT coalesce(bool_or(pg_has_role(oid, 'USAGE')), false) FROM pg_roles WHERE rolname = 'skeldir_owner'"
    )
    return may


@contextmanager
def open_runtime(*, is_long: bool = False) -> Iterator[Runtime]:
    """Use the server that DATABASE_URL names, or start the embedded one and migrate it.

    A long-running command starts the embedded server again whenever it has ended.
    """
    settings = load_settings()
    if settings.database_url is not None:
        url = settings.database_url.get_secret_value()
        yield Runtime(settings, url, url)
        return
    from skeldir.cli.schema import prepare_embedded  # it needs psycopg, which others start without

    home = settings.skeldir_home.resolve()
    with embedded_server(home) as server:
        prepare_embedded(home, server.url(), DATABASE_NAME, server.url(database=DATABASE_NAME))
        with kept_alive(home) if is_long else nullcontext():
            yield Runtime(
                settings,
                server.url(user="app_user", database=DATABASE_NAME),
                server.url(database=DATABASE_NAME),
            )


def run_with_runtime(work: Callable[[Runtime], Coroutine[Any, Any, T]]) -> T:
    """Run a command's coroutine on the process's one loop, with a running server."""
    with open_runtime() as runtime:
        return asyncio.run(work(runtime))


def run_app(app: typer.Typer) -> None:
    """Run the command line; report a known error with its code and cure, and exit with status 1.

    SIGTERM ends the program as Ctrl-C does: it leaves the embedded server properly.
    """
    signal.signal(signal.SIGTERM, _leave)
    # It logs a traceback when the server dies; a command says so itself. What keeps running sets up logs of its own.
    logging.getLogger("asyncpg").addHandler(logging.NullHandler())
    try:
        app()
    except SkeldirError as error:
        err.print(f"{error.code}: {error.detail}", style="bold red", soft_wrap=True)
        err.print(f"  {error.cure}", soft_wrap=True)
        sys.exit(1)
    except KeyboardInterrupt:
        err.print("Interrupted. What was committed is kept; run the command again to continue.")
        sys.exit(130)


def _leave(number: int, _frame: FrameType | None) -> NoReturn:
    sys.exit(128 + number)


async def require_head(connection: Connection) -> None:
    """Check that the database has the schema of this program.

    Raises:
        SchemaOutdated: the migrations have not been run, or belong to another version of the program.
    """
    try:
        found = await connection.fetchval("SELECT version_num FROM public.alembic_version")
    except (asyncpg.UndefinedTableError, asyncpg.InsufficientPrivilegeError):
        found = None
    if found != head_revision():
        raise SchemaOutdated(
            f"The database is at revision {found or 'none'}, the program needs {head_revision()}.",
            cure="Run `skeldir migrate` with a role that may create roles, or the version of skeldir that fits.",
        )
