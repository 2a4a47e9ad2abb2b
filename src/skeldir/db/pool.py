"""Connections of `app_user` to the one PostgreSQL, and the only place where a transaction is committed."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias
from uuid import UUID

import asyncpg

from skeldir.db.embedded import require_supported_server
from skeldir.errors import SkeldirError
from skeldir.settings import plain_postgres_url

if TYPE_CHECKING:
    from asyncpg.pool import PoolConnectionProxy

    Connection: TypeAlias = asyncpg.Connection[asyncpg.Record] | PoolConnectionProxy[asyncpg.Record]


class DatabaseUnreachable(SkeldirError):
    """No connection could be had."""

    code = "database_unreachable"
    status = 503
    title = "The database cannot be reached"


class RuntimeRoleUnsafe(SkeldirError):
    """The program was given a role that row-level security does not bind."""

    code = "runtime_role_unsafe"
    status = 500
    title = "The database role has too many rights"


@dataclass(frozen=True, slots=True)
class Database:
    """A pool of connections; every transaction of the program is opened and committed here."""

    pool: asyncpg.Pool[asyncpg.Record]

    @asynccontextmanager
    async def statement(self) -> AsyncIterator[Connection]:
        """Give a connection of no tenant for a single reading statement, outside of any transaction.

        Raises:
            DatabaseUnreachable: no connection could be had, or it was lost in the block; so for the others below.
        """
        try:
            connection = await self.pool.acquire()
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            raise _unreachable(f"No connection to the database: {error}.") from error
        try:
            yield connection
        except (
            asyncpg.PostgresError,
            asyncpg.InterfaceError,
            asyncpg.InternalClientError,
        ) as error:
            # The driver's last error tells of a closed connection only; the server's own words stand before it.
            if not _is_lost(connection):
                raise
            said = error.__context__ or error
            raise _unreachable(f"The connection to the database was lost: {said}.") from error
        finally:
            await self.pool.release(connection)

    @asynccontextmanager
    async def tenant(self, tenant_id: UUID) -> AsyncIterator[Connection]:
        """Open a transaction bound to one tenant; commit at the end of the block, roll back on an error."""
        async with self.statement() as connection, connection.transaction():
            await connection.execute("SELECT public.set_tenant($1)", tenant_id)
            yield connection

    @asynccontextmanager
    async def unbound(self) -> AsyncIterator[Connection]:
        """Open a transaction of no tenant: it sees no tenant's row, and may only refresh, log and look up keys."""
        async with self.statement() as connection, connection.transaction():
            yield connection


def _is_lost(connection: Connection) -> bool:
    """Say whether a borrowed connection is closed; the pool may have taken it from the borrower for that."""
    try:
        return connection.is_closed()
    except asyncpg.InterfaceError:
        return True


def _unreachable(detail: str) -> DatabaseUnreachable:
    return DatabaseUnreachable(
        detail,
        cure="Check that the server runs and that DATABASE_URL names it, an existing database and role.",
    )


@asynccontextmanager
async def open_database(
    url: str, *, pool_size: int, statement_timeout_ms: int
) -> AsyncIterator[Database]:
    """Connect to `url` (any of the three schemes) and close the pool at the end of the block.

    Raises:
        DatabaseUnreachable: nothing answers at `url`, or it refuses the role.
        ServerTooOld: the server is older than PostgreSQL 17.
        RuntimeRoleUnsafe: the role is a superuser or bypasses row-level security.
    """
    try:
        pool = await asyncpg.create_pool(
            plain_postgres_url(url),
            min_size=1,
            max_size=pool_size,
            command_timeout=None,
            server_settings={
                "application_name": "skeldir",
                "search_path": "public",
                "timezone": "UTC",
                "statement_timeout": str(statement_timeout_ms),
                "idle_in_transaction_session_timeout": "60000",
                # A killed client's statement ends with it, and its locks go free.
                "client_connection_check_interval": "1000",
            },
        )
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        raise _unreachable(f"No connection to the database: {error}.") from error
    try:
        async with pool.acquire() as connection:
            version = connection.get_server_version()
            require_supported_server(version.major * 10_000 + version.micro)
            await _require_bound_role(connection)
        yield Database(pool)
    finally:
        await pool.close()


async def _require_bound_role(connection: Connection) -> None:
    row = await connection.fetchrow(
        "SELECT current_user AS name, rolsuper OR rolbypassrls AS is_unbound FROM pg_roles WHERE rolname = current_user"
    )
    if row is None or row["is_unbound"]:
        raise RuntimeRoleUnsafe(
            f"Role {row['name'] if row else '?'} bypasses row-level security, so one tenant could see another's rows.",
            cure="Let DATABASE_URL name app_user, which the migrations create.",
        )
