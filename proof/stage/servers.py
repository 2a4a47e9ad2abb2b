"""The two kinds of empty server: one of our own in a scratch folder, and one that an URL names."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import quote, urlencode

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from proof.stage.roles import require_bound_role
from skeldir.db import (
    EmbeddedServer,
    embedded_server,
    open_cluster,
    require_supported_server,
    revive_server,
)
from skeldir.errors import SkeldirError
from skeldir.settings import plain_postgres_url

ROLES = ("app_user", "matview_owner", "skeldir_owner")
DATABASES = ("skeldir_migprobe", "skeldir_empty", "skeldir_prove", "skeldir_locks")
EMBEDDED_ADMIN = "migrator"
# What is lost in a crash of the scratch server is scratch.
_WITHOUT_SYNC = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
# Any fixed number: one proof at a time on a server.
_PROOF_LOCK = 0x736B656C64697202
_PASSED_ON = ("sslmode", "sslrootcert", "sslcert", "sslkey")
_WAIT_S = 60
_PAUSE_S = 0.05


class ServerNotEmpty(SkeldirError):
    """The server given for a proof holds roles, databases or tables; nothing of it was touched."""

    code = "server_not_empty"
    status = 409
    title = "The server is not empty"


class RightsMissing(SkeldirError):
    """The role given for a proof may not create roles and databases."""

    code = "rights_missing"
    status = 403
    title = "The role may not create roles and databases"


class DatabaseRefused(SkeldirError):
    """The server given for a proof did not let us in, or could not be brought into a state."""

    code = "database_refused"
    status = 503
    title = "The server of the proof did not answer as needed"


class EmptyServer(Protocol):
    """A server on which databases and roles may be made freely."""

    is_embedded: bool
    admin: str
    admin_password: str | None
    maintenance: str

    def url(self, role: str, password: str | None, database: str) -> str:
        """Return the URL of `database` as `role`."""

    def admin_connection(self) -> psycopg.Connection[Any]:
        """Connect as the admin, each statement committed by itself."""

    def make_database(self, name: str) -> None:
        """Make an empty database of the admin."""

    def drop_databases(self, names: Iterable[str]) -> None:
        """Drop databases, whoever is connected."""

    def drop_roles(self) -> None:
        """Drop the roles that the migrations made."""

    def allow_login(self, role: str, password: str) -> bool:
        """Set the password of `role`; return whether the role is there yet."""

    def stop(self, database: str) -> None:
        """Make `database` unreachable."""

    def start(self, database: str) -> None:
        """Make `database` reachable again."""


@dataclass(slots=True)
class _Server(ABC):
    """What both have in common; `maintenance` is the database that is connected to when it is about others."""

    admin: str
    admin_password: str | None
    maintenance: str
    is_embedded: bool

    @abstractmethod
    def url(self, role: str, password: str | None, database: str) -> str:
        """Return the URL of `database` as `role`."""

    def admin_connection(self) -> psycopg.Connection[Any]:
        """Connect as the admin, each statement committed by itself."""
        return psycopg.connect(
            self.url(self.admin, self.admin_password, self.maintenance), autocommit=True
        )

    def make_database(self, name: str) -> None:
        """Make an empty database with the same rules of text everywhere."""
        with self.admin_connection() as connection:
            connection.execute(
                sql.SQL(
                    "CREATE DATABASE {} TEMPLATE template0 ENCODING 'UTF8' LOCALE_PROVIDER builtin "
                    "BUILTIN_LOCALE 'C.UTF-8' LOCALE 'C'"
                ).format(sql.Identifier(name))
            )

    def drop_databases(self, names: Iterable[str]) -> None:
        """Drop databases, whoever is connected."""
        with self.admin_connection() as connection, _power_over_app_user(connection):
            for name in names:
                connection.execute(
                    sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name))
                )


@dataclass(slots=True)
class _Embedded(_Server):
    """The proof's own server; it goes with its folder, so nothing in it needs to be dropped."""

    home: Path
    server: EmbeddedServer

    def url(self, role: str, password: str | None, database: str) -> str:  # noqa: ARG002 - its socket is private
        """Return the URL of the private socket."""
        return self.server.url(user=role, database=database)

    def drop_roles(self) -> None:
        """Leave them: they go with the folder."""

    def allow_login(self, role: str, password: str) -> bool:  # noqa: ARG002 - its socket is private
        """Let everybody in, as the socket does."""
        return True

    def stop(self, database: str) -> None:  # noqa: ARG002 - all of them are stopped
        """Stop the server."""
        done = open_cluster(self.home).run(
            *("pg_ctl", "stop", "--wait", "--mode=fast", f"--timeout={_WAIT_S}"),
            *("--pgdata", "postgres"),
        )
        if done.returncode != 0:
            raise DatabaseRefused(
                f"The scratch server did not stop: {done.stderr.strip()}.", cure="Try again."
            )

    def start(self, database: str) -> None:
        """Start the server again, at its old socket."""
        end = time.monotonic() + _WAIT_S
        while not revive_server(self.home, server_settings=_WITHOUT_SYNC):
            # A process of the old server may still be leaving.
            try:
                psycopg.connect(self.url(self.admin, None, database)).close()
            except psycopg.OperationalError as fault:
                if time.monotonic() > end:
                    raise DatabaseRefused(
                        f"The scratch server did not start: {fault}.", cure="Try again."
                    ) from fault
            else:
                return
            time.sleep(_PAUSE_S)


@dataclass(slots=True)
class _Given(_Server):
    """A server that an URL names; other people's, so that only what was made may be touched."""

    host: str
    port: int
    parameters: Mapping[str, str] = field(default_factory=dict)

    def url(self, role: str, password: str | None, database: str) -> str:
        """Return an URL that asyncpg, psycopg and libpq read alike."""
        who = quote(role, safe="") + (f":{quote(password, safe='')}" if password else "")
        query = dict(self.parameters)
        where = ""
        if self.host.startswith("/"):
            query |= {"host": self.host, "port": str(self.port)}
        else:
            where = f"[{self.host}]" if ":" in self.host else self.host
            where += f":{self.port}"
        tail = f"?{urlencode(query, quote_via=quote)}" if query else ""
        return f"postgresql://{who}@{where}/{quote(database, safe='')}{tail}"

    def drop_roles(self) -> None:
        """Drop the roles that the migrations made."""
        with self.admin_connection() as connection:
            connection.execute("DROP ROLE IF EXISTS app_user, matview_owner, skeldir_owner")

    def allow_login(self, role: str, password: str) -> bool:
        """Set the password of `role`, which the admin made by migrating."""
        with self.admin_connection() as connection:
            if not _exists(connection, role):
                return False
            connection.execute(
                sql.SQL("ALTER ROLE {} PASSWORD {}").format(
                    sql.Identifier(role), sql.Literal(password)
                )
            )
        return True

    def stop(self, database: str) -> None:
        """Forbid connections to the database, and end those that it has."""
        with self.admin_connection() as connection, _power_over_app_user(connection):
            connection.execute(
                sql.SQL("ALTER DATABASE {} WITH ALLOW_CONNECTIONS false").format(
                    sql.Identifier(database)
                )
            )
            end = time.monotonic() + _WAIT_S
            while _terminate(connection, database):
                if time.monotonic() > end:
                    raise DatabaseRefused(
                        f"Connections to {database} do not end.", cure="Try again."
                    )
                time.sleep(_PAUSE_S)

    def start(self, database: str) -> None:
        """Allow connections again."""
        with self.admin_connection() as connection:
            connection.execute(
                sql.SQL("ALTER DATABASE {} WITH ALLOW_CONNECTIONS true").format(
                    sql.Identifier(database)
                )
            )


@contextmanager
def open_embedded_server(home: Path) -> Iterator[EmptyServer]:
    """Start a server of our own in `home`; its superuser makes the role that migrates, and does nothing else."""
    with embedded_server(home, server_settings=_WITHOUT_SYNC) as server:
        with psycopg.connect(server.url(), autocommit=True) as superuser:
            superuser.execute(
                "CREATE ROLE migrator LOGIN CREATEROLE CREATEDB NOSUPERUSER NOBYPASSRLS"
            )
        yield _Embedded(
            EMBEDDED_ADMIN, None, "postgres", is_embedded=True, home=home, server=server
        )


@contextmanager
def open_given_server(database_url: str) -> Iterator[EmptyServer]:
    """Take the server that `database_url` names, for one proof alone, if it is empty and the role is fit.

    Raises:
        DatabaseRefused: no connection could be had.
        SuperuserRefused, RightsMissing: the role has too many rights, or too few.
        ServerNotEmpty, ServerTooOld: the server is unfit.
    """
    url = plain_postgres_url(database_url, "--database")
    try:
        parts = conninfo_to_dict(url)
    except psycopg.ProgrammingError:
        # What PostgreSQL's own words repeat of it may be the password.
        raise DatabaseRefused(
            "The URL given by --database cannot be read.",
            cure="Write postgresql://ROLE:PASSWORD@HOST:PORT/DATABASE, with %XX for what is special in it.",
        ) from None
    try:
        connection: psycopg.Connection[Any] = psycopg.connect(url, autocommit=True)
    except psycopg.Error as fault:
        raise DatabaseRefused(
            f"No connection to the server given by --database: {str(fault).strip()}.",
            cure="Check host, port, role and password, and that the server runs.",
        ) from fault
    with connection:
        require_supported_server(connection.info.server_version)
        require_bound_role(connection)
        _require_rights(connection)
        # The session's lock goes with the connection, whatever ends it.
        if not _one(connection.execute("SELECT pg_try_advisory_lock(%s)", (_PROOF_LOCK,))):
            raise ServerNotEmpty(
                "Another proof runs on this server.", cure="Wait for its end, or give another one."
            )
        require_empty(connection)
        facts = connection.info
        yield _Given(
            *(facts.user, facts.password or None, facts.dbname),
            is_embedded=False,
            host=facts.host,
            port=facts.port,
            parameters={name: str(parts[name]) for name in _PASSED_ON if name in parts},
        )


def require_empty(connection: psycopg.Connection[Any]) -> None:
    """Refuse a server that holds anything of ours, another database, or a table in the connected one.

    Raises:
        ServerNotEmpty: it does; the first three things found are named.
    """
    found = [f"role {role}" for role in ROLES if _exists(connection, role)]
    found += [
        f"database {name}"
        for (name,) in connection.execute(
            """SELECT datname FROM pg_database WHERE NOT datistemplate AND datname <> 'postgres'
                   AND (datname <> current_database() OR datname = ANY(%s)) ORDER BY datname""",
            (list(DATABASES),),
        )
    ]
    found += [
        f"table {schema}.{name}"
        for schema, name in connection.execute(
            """SELECT n.nspname, c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
               WHERE c.relkind IN ('r', 'p', 'm', 'f') AND n.nspname <> 'information_schema'
                   AND n.nspname NOT LIKE 'pg\\_%' ORDER BY 1, 2 LIMIT 3"""
        )
    ]
    if found:
        raise ServerNotEmpty(
            f"The server holds {', '.join(found[:3])}{' and more' if found[3:] else ''}.",
            cure="Give a server of its own, that holds no database but the one in the URL, and no table in it.",
        )


def _require_rights(connection: psycopg.Connection[Any]) -> None:
    found = connection.execute(
        "SELECT rolcreaterole AND rolcreatedb FROM pg_roles WHERE rolname = current_user"
    )
    if not _one(found):
        raise RightsMissing(
            f"Role {connection.info.user} may not create roles and databases.",
            cure=f"Have an administrator run: ALTER ROLE {connection.info.user} CREATEROLE CREATEDB.",
        )


@contextmanager
def _power_over_app_user(connection: psycopg.Connection[Any]) -> Iterator[None]:
    """Let the admin end sessions of app_user within the block, which takes the rights of that role."""
    if not _exists(connection, "app_user"):
        yield
        return
    connection.execute("GRANT app_user TO CURRENT_USER WITH INHERIT TRUE, SET FALSE")
    try:
        yield
    finally:
        connection.execute("REVOKE app_user FROM CURRENT_USER GRANTED BY CURRENT_USER")


def _terminate(connection: psycopg.Connection[Any], database: str) -> int:
    """End all sessions in `database`; return how many there were."""
    ended = connection.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", (database,)
    )
    return len(ended.fetchall())


def _exists(connection: psycopg.Connection[Any], role: str) -> bool:
    return bool(
        _one(connection.execute("SELECT count(*) FROM pg_roles WHERE rolname = %s", (role,)))
    )


def _one(cursor: psycopg.Cursor[Any]) -> Any:
    row = cursor.fetchone()
    return None if row is None else row[0]
