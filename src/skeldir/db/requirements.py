"""What a server, its sessions and the role must be, checked when the first connection was made."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, TypeAlias

import asyncpg

from skeldir.db.embedded import require_supported_server
from skeldir.db.nodes import CITUS_SETTINGS
from skeldir.db.store import queries
from skeldir.errors import SkeldirError
from skeldir.settings import plain_postgres_url

if TYPE_CHECKING:
    from asyncpg.pool import PoolConnectionProxy

_Session: TypeAlias = "asyncpg.Connection[asyncpg.Record] | PoolConnectionProxy[asyncpg.Record]"

_CONNECT_S = 5
_REFUSED_BY_POOLER = "unsupported startup parameter"
_ASKED_FOR_MS = "4999"


class RuntimeRoleUnsafe(SkeldirError):
    """The program's role is one that row-level security does not bind."""

    code = "runtime_role_unsafe"
    status = 500
    title = "The database role has too many privileges"


class PoolerRefused(SkeldirError):
    """A connection pooler, such as PgBouncer, is between the program and PostgreSQL."""

    code = "pooler_refused"
    status = 500
    title = "A connection pooler is in front of the database"
    reason: str = ""
    """By what it was recognised."""

    def of_variable(self, variable: str) -> PoolerRefused:
        """Return this error for the URL in `variable`."""
        return _pooler_refused(variable, self.reason)


def settings_of(statement_timeout_ms: int, lock_timeout_ms: int) -> dict[str, str]:
    """Return what is in force in each session of a pool."""
    return {
        "application_name": "skeldir",
        "search_path": "public",
        "timezone": "UTC",
        "statement_timeout": str(statement_timeout_ms),
        # Set even when it is 0: the role may have a setting of its own.
        "lock_timeout": str(lock_timeout_ms),
        "idle_in_transaction_session_timeout": "60000",
        # The statement of a killed client ends with it, and its locks are released.
        "client_connection_check_interval": "1000",
        **CITUS_SETTINGS,
    }


async def require_usable(connection: _Session, settings: Mapping[str, str]) -> None:
    """Check the server's version, that the session has the `settings` it was opened with, and the role.

    Raises:
        ServerTooOld: the server is older than PostgreSQL 17.
        PoolerRefused: the session is not one of our own.
        RuntimeRoleUnsafe: the role is a superuser or bypasses row-level security.
    """
    version = connection.get_server_version()
    require_supported_server(version.major * 10_000 + version.micro)
    await require_own_session(connection, settings)
    role = await queries.select_own_role(connection)
    if role is None or role["is_unbound"]:
        raise RuntimeRoleUnsafe(
            f"Role {role['name'] if role else '?'} bypasses row-level security: a tenant could see another's rows.",
            cure="Let DATABASE_URL name app_user, which the migrations create.",
        )


async def require_own_session(connection: _Session, settings: Mapping[str, str]) -> None:
    """Check that the session has the settings that it was opened with; a pooler does not pass them on.

    PgBouncer accepts none that it does not know or, if told to ignore them, drops them silently: time limits would
    not hold. If it shares sessions, LISTEN and prepared statements would fail, too.

    Raises:
        PoolerRefused: one of them is not in force, or another client's prepared statement is there.
    """
    try:
        found = await queries.select_session_settings(connection, names=list(settings))
    except (
        asyncpg.DuplicatePreparedStatementError,
        asyncpg.InvalidSQLStatementNameError,
    ) as error:
        raise _pooler_refused(
            "DATABASE_URL", "another client's prepared statement is in the session"
        ) from error
    for row in found:
        if row["setting"] != settings[row["name"]]:
            raise _pooler_refused("DATABASE_URL", f"`{row['name']}` is not what was asked for")


def refuses_writes(connection: _Session) -> bool:
    """Return whether the server is a standby, or its transactions are read-only by default; it reports each change."""
    settings = connection.get_settings()
    return "on" in (settings.in_hot_standby, settings.default_transaction_read_only)


def require_unpooled(url: str, variable: str) -> None:
    """Check that `url`, the value of `variable`, leads to PostgreSQL itself; an unreachable server passes.

    Raises:
        PoolerRefused: the session does not have the setting that it was opened with.
    """
    import psycopg  # noqa: PLC0415 - only what stays up asks this, and commands start without it

    try:
        with psycopg.connect(
            plain_postgres_url(url, variable),
            autocommit=True,
            connect_timeout=_CONNECT_S,
            options=f"-c lock_timeout={_ASKED_FOR_MS}",
        ) as connection:
            row = connection.execute(
                "SELECT setting FROM pg_catalog.pg_settings WHERE name = 'lock_timeout'"
            ).fetchone()
    except psycopg.OperationalError as error:
        if (refusal := refusal_of_pooler(error, variable)) is not None:
            raise refusal from error
        return
    if row != (_ASKED_FOR_MS,):
        raise _pooler_refused(variable, "`lock_timeout` is not what was asked for")


def refusal_of_pooler(error: Exception, variable: str = "DATABASE_URL") -> PoolerRefused | None:
    """Return PoolerRefused if `error`, of an attempt to connect, is a pooler's; PostgreSQL has no such error."""
    text = str(error)
    if _REFUSED_BY_POOLER not in text:
        return None
    return _pooler_refused(variable, text[text.rindex(_REFUSED_BY_POOLER) :].strip())


def _pooler_refused(variable: str, reason: str) -> PoolerRefused:
    refused = PoolerRefused(
        f"{variable} leads to a connection pooler such as PgBouncer, not to PostgreSQL itself: {reason}.",
        cure=f"Let {variable} name the PostgreSQL server. The program pools its connections itself; "
        "SKELDIR_POOL_SIZE limits them.",
    )
    refused.reason = reason
    return refused
