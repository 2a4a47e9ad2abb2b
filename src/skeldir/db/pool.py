"""Connections of `app_user` to the one PostgreSQL, and the only place where a transaction is committed."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias
from uuid import UUID

import asyncpg

from skeldir.db.lock_keys import lock_key
from skeldir.db.nodes import node_unreachable
from skeldir.db.requirements import refusal_of_pooler, refuses_writes, require_usable, settings_of
from skeldir.db.shares import RetriedLater, Shares, reserved_of
from skeldir.db.store import queries
from skeldir.errors import SkeldirError
from skeldir.settings import plain_postgres_url

if TYPE_CHECKING:
    from asyncpg.pool import PoolConnectionProxy

    from skeldir.db.store import OpenTenantRow

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record] | PoolConnectionProxy[asyncpg.Record]"
Prove: TypeAlias = Callable[["Connection"], Coroutine[Any, Any, None]]

logger = logging.getLogger(__name__)

_OF_DRIVER = (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError)
_CONNECT_S = 5.0
CLOSE_S = 5.0
GRACE_S = 2.0
"""How much longer a client waits for a statement than the server may run it."""


class DatabaseUnreachable(SkeldirError):
    """No connection could be made."""

    code = "database_unreachable"
    status = 503
    title = "The database cannot be reached"


class DatabaseBusy(SkeldirError):
    """All connections of the pool are in use, and none became free in time."""

    code = "database_busy"
    status = 503
    title = "The database is busy"


class QueryTooSlow(SkeldirError):
    """The database cancelled a statement after its time-out."""

    code = "query_too_slow"
    status = 503
    title = "The query takes too long"


class TenantLocked(RetriedLater, SkeldirError):
    """Another transaction held a lock that a tenant's transaction needs for too long."""

    code = "tenant_locked"
    status = 503
    title = "Something of the tenant's is locked"


@dataclass(frozen=True, slots=True)
class Database:
    """A pool of connections; every transaction of the program is opened and committed here."""

    pool: asyncpg.Pool[asyncpg.Record]
    wake: Callable[[frozenset[str]], None] | None = None
    """Called after a commit with the job kinds that the transaction enqueued; it must not block."""
    pool_timeout_s: float = 5.0
    """How long a caller waits for a connection, in seconds."""
    shares: Shares | None = None
    """How many connections each tenant may hold; without it, first come, first served."""

    @asynccontextmanager
    async def statement(self, *, leaves_session_as_is: bool = False) -> AsyncIterator[Connection]:
        """Lend a connection without a tenant for a single statement, which is a transaction of its own.

        One that sets and locks nothing beyond its end `leaves_session_as_is`: it spares the round trip of a reset.

        Raises:
            DatabaseUnreachable: no connection could be made, or it was lost or not answered within the block.
            DatabaseBusy: all connections stayed in use for `pool_timeout_s`.
            NodeUnreachable: a node of a Citus database did not answer its coordinator.
            QueryTooSlow: the server cancelled a statement of the block.
        """
        async with self._lend(None) as connection:
            yield connection
            keep_as_is = getattr(connection, "keep_as_is", None)
            if leaves_session_as_is and keep_as_is is not None:
                keep_as_is()

    @asynccontextmanager
    async def _lend(self, tenant_id: UUID | None) -> AsyncIterator[Connection]:
        connection = await self._borrow(tenant_id)
        try:
            yield connection
        except asyncpg.LockNotAvailableError as error:
            raise (_too_slow() if tenant_id is None else _locked()) from error
        except asyncpg.QueryCanceledError as error:
            raise _too_slow() from error
        except TimeoutError as error:
            # A live server cancels a statement before its client does. Closing the connection ends the transaction.
            connection.terminate()
            raise _unreachable("The database no longer answers.") from error
        except _OF_DRIVER as error:
            # The driver's last error only reports a closed connection; the server's own message is the error before it.
            if not _is_lost(connection):
                is_write = isinstance(error, asyncpg.ReadOnlySQLTransactionError)
                if is_write and refuses_writes(connection):
                    raise takes_no_writes() from error
                if of_node := node_unreachable(error, is_of_tenant=tenant_id is not None):
                    raise of_node from error
                raise
            cause = error.__context__ or error
            raise _unreachable(f"The connection to the database was lost: {cause}.") from error
        finally:
            await self._give_back(connection, tenant_id)

    async def _borrow(self, tenant_id: UUID | None) -> PoolConnectionProxy[asyncpg.Record]:
        if self.shares is None or tenant_id is None:
            return await self._acquire()
        try:
            await self.shares.take(tenant_id, self.pool_timeout_s)
        except TimeoutError as error:
            raise self._busy() from error
        try:
            return await self._acquire()
        except BaseException:
            self.shares.give_back(tenant_id)
            raise

    async def _acquire(self) -> PoolConnectionProxy[asyncpg.Record]:
        try:
            return await self.pool.acquire(timeout=self.pool_timeout_s)
        except TimeoutError as error:
            if self.pool.get_size() < self.pool.get_max_size() or self.pool.get_idle_size():
                raise _unreachable("The database does not answer.") from error
            raise self._busy() from error
        except (OSError, *_OF_DRIVER) as error:
            raise _unreachable(f"No connection to the database: {error}.") from error

    def _busy(self) -> DatabaseBusy:
        return DatabaseBusy(
            f"No connection became free within {self.pool_timeout_s:g} s.",
            cure="Try again a little later; if it persists, raise SKELDIR_POOL_SIZE or add processes.",
        )

    async def _give_back(
        self, connection: PoolConnectionProxy[asyncpg.Record], tenant_id: UUID | None
    ) -> None:
        """Return a connection to the pool; the driver has closed one that cannot be reset for the next caller."""
        try:
            await self.pool.release(connection)
        except (OSError, *_OF_DRIVER) as error:
            logger.warning("db.connection_dropped %s", type(error).__name__)
        finally:
            if self.shares is not None and tenant_id is not None:
                self.shares.give_back(tenant_id)

    @asynccontextmanager
    async def tenant(
        self, tenant_id: UUID, *, is_read_only: bool = False, locked: str | None = None
    ) -> AsyncIterator[Connection]:
        """Open a transaction bound to one tenant; commit at the end of the block, roll back on an error.

        A read-only one refuses writes, and all its statements read one snapshot. `locked` is the
        name of a lock that the block holds (see `locks`). It waits for other holders, and sees what they committed,
        except in a read-only transaction, whose snapshot is older.

        Raises:
            TenantBusy: the tenant holds its share of the connections, if the pool has shares.
            TenantLocked: a lock did not become free in time, if there is a limit.
        """
        async with self._transaction(tenant_id, is_read_only=is_read_only) as connection:
            if locked is None:
                await connection.execute("SELECT public.set_tenant($1)", tenant_id)
            else:
                await connection.execute(
                    "SELECT public.set_tenant($1), pg_advisory_xact_lock($2)",
                    tenant_id,
                    lock_key(locked),
                )
            yield connection

    @asynccontextmanager
    async def known_tenant(
        self,
        tenant_id: UUID,
        *,
        is_read_only: bool = False,
        shared: str | None = None,
        locked: str | None = None,
    ) -> AsyncIterator[tuple[Connection, OpenTenantRow | None]]:
        """Open a transaction as `tenant` does, and read the tenant's name, secret and channels in the same round trip.

        The row is None for a tenant that does not exist or is being deleted. `shared` is the name of a lock that the
        block holds in shared mode, and `locked` of one that it holds alone. The row is read between the two.
        """
        async with self._transaction(tenant_id, is_read_only=is_read_only) as connection:
            known = await queries.open_tenant(
                connection,
                tenant_id=tenant_id,
                shared_lock=None if shared is None else lock_key(shared),
                own_lock=None if locked is None else lock_key(locked),
            )
            yield connection, known

    @asynccontextmanager
    async def unbound(self) -> AsyncIterator[Connection]:
        """Open a transaction without a tenant: it sees no tenant's rows, and may only refresh, log and look up keys."""
        async with self._transaction(None) as connection:
            yield connection

    @asynccontextmanager
    async def _transaction(
        self, tenant_id: UUID | None, *, is_read_only: bool = False
    ) -> AsyncIterator[Connection]:
        async with self._lend(tenant_id) as connection:
            # Only connections of `open_database` remember which jobs to wake workers for.
            wakes: set[str] = getattr(connection, "wakes", set())
            wakes.clear()
            if is_read_only:
                await connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
            else:
                await connection.execute("BEGIN")
            try:
                yield connection
            except TimeoutError:
                # No further statement is sent to a server that does not answer; `statement` closes the connection.
                raise
            except BaseException:
                await connection.execute("ROLLBACK")
                raise
            await _commit(connection)
            if wakes and self.wake is not None:
                self.wake(frozenset(wakes))


class _Connection(asyncpg.Connection):
    """A connection that remembers which job kinds to wake workers for after the commit, and whether it is reset."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.wakes: set[str] = set()
        self._is_as_new = False

    async def commit_and_reset(self) -> None:
        """Commit, and reset the connection for its next user, in one round trip."""
        await self.execute(
            "COMMIT; SELECT pg_advisory_unlock_all(); CLOSE ALL; UNLISTEN *; RESET ALL"
        )
        self._is_as_new = True

    def keep_as_is(self) -> None:
        """Skip the reset of the connection when it is returned."""
        self._is_as_new = True

    def get_reset_query(self) -> str:
        """Return the statements that the pool sends when the connection is returned: none when it is as new."""
        if self._is_as_new:
            self._is_as_new = False
            return ""
        query: str = super().get_reset_query()
        return query


async def _commit(connection: Connection) -> None:
    """Commit; only connections of `open_database` can be reset in the same round trip."""
    commit_and_reset = getattr(connection, "commit_and_reset", None)
    await (connection.execute("COMMIT") if commit_and_reset is None else commit_and_reset())


def wake_after_commit(connection: Connection, kind: str) -> None:
    """Have the workers for `kind` woken once the caller's transaction has been committed.

    A connection outside the pool wakes no worker; the sweep finds the work.
    """
    wakes: set[str] | None = getattr(connection, "wakes", None)
    if wakes is not None:
        wakes.add(kind)


def _is_lost(connection: Connection) -> bool:
    """Return whether a borrowed connection is closed; the pool may have detached it for that reason."""
    try:
        return connection.is_closed()
    except asyncpg.InterfaceError:
        return True


def _too_slow() -> QueryTooSlow:
    return QueryTooSlow(
        "The database cancelled the query after its time-out; nothing was kept.",
        cure="Request less at once, such as fewer days, or try again a little later.",
    )


def _locked() -> TenantLocked:
    return TenantLocked(
        "Another transaction holds a lock that this one needs; nothing was kept.",
        cure="Wait as long as Retry-After states, then try again; if it persists, inform the operator.",
    )


def _unreachable(detail: str) -> DatabaseUnreachable:
    return DatabaseUnreachable(
        detail,
        cure="Check that the server runs and that DATABASE_URL names it, an existing database and role.",
    )


def takes_no_writes() -> DatabaseUnreachable:
    """Return the error for a server at DATABASE_URL that can only be read."""
    return DatabaseUnreachable(
        "The server takes no writes: it is a standby, or read-only.",
        cure="Let DATABASE_URL name the primary, or wait until this server is promoted.",
    )


@asynccontextmanager
async def open_database(
    url: str,
    *,
    pool_size: int,
    statement_timeout_ms: int,
    pool_timeout_s: float = 5.0,
    lock_timeout_ms: int = 0,
    is_shared_out: bool = False,
    wake: Callable[[frozenset[str]], None] | None = None,
    prove: Prove | None = None,
) -> AsyncIterator[Database]:
    """Connect to `url` (any of the three schemes) and close the pool at the end of the block.

    `prove` is called with each new connection first. A statement that may run longer than `statement_timeout_ms` needs
    a `timeout=` of its own, besides the setting: the client gives up shortly after the server should have.

    Only the API, which serves many tenants at once, sets the other two: each wait for a lock ends after
    `lock_timeout_ms` (0: with the statement), and `is_shared_out` limits each tenant to its share of the connections
    (see `shares`). A worker waits for its locks, and its pool holds just the connections that one job needs at a time.

    Raises:
        DatabaseUnreachable: nothing answers at `url`, or it refuses the role.
        ServerTooOld: the server is older than PostgreSQL 17.
        PoolerRefused: a connection pooler is in between.
        RuntimeRoleUnsafe: the role is a superuser or bypasses row-level security.
    """
    settings = settings_of(statement_timeout_ms, lock_timeout_ms)
    try:
        pool = await asyncpg.create_pool(
            plain_postgres_url(url),
            min_size=1,
            max_size=pool_size,
            timeout=_CONNECT_S,
            command_timeout=statement_timeout_ms / 1_000 + GRACE_S,
            connection_class=_Connection,
            init=prove,
            server_settings=settings,
        )
    except TimeoutError as error:
        raise _unreachable("The database does not answer.") from error
    except (OSError, *_OF_DRIVER) as error:
        raise (
            refusal_of_pooler(error) or _unreachable(f"No connection to the database: {error}.")
        ) from error
    shares = Shares(pool_size - reserved_of(pool_size)) if is_shared_out else None
    database = Database(pool, wake, pool_timeout_s, shares)
    try:
        async with database.statement() as connection:
            await require_usable(connection, settings)
        yield database
    finally:
        await _close(pool)


async def _close(pool: asyncpg.Pool[asyncpg.Record]) -> None:
    """Close the pool; connections still in use after a few seconds are terminated."""
    try:
        await asyncio.wait_for(pool.close(), CLOSE_S)
    except (OSError, *_OF_DRIVER) as error:
        logger.warning("db.pool_cut_off %s", type(error).__name__)
