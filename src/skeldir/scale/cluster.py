"""The servers of a Citus database: which there are, and what each returns."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final, TypeAlias

import psycopg
from psycopg.rows import class_row

from skeldir.db import DatabaseUnreachable, require_unpooled
from skeldir.scale.errors import SuperuserNeeded
from skeldir.settings import plain_postgres_url

Blocking: TypeAlias = psycopg.Connection[tuple[object, ...]]

_CONNECT_S: Final = 10
LOCK_TIMEOUT_MS: Final = 5_000


@dataclass(frozen=True, slots=True)
class Node:
    """A server of the database; `error` is why it could not be asked, and None where it answered."""

    node_id: int
    address: str
    is_coordinator: bool
    has_shards: bool
    prepared_transactions: int | None
    error: str | None

    @property
    def name(self) -> str:
        """What an operator calls it."""
        return f"the coordinator {self.address}" if self.is_coordinator else f"node {self.address}"


@dataclass(frozen=True, slots=True)
class RoleOnNode:
    """A role as one node has it."""

    role: str
    may_log_in: bool
    has_password: bool
    is_unbound: bool
    may_make_temporary: bool
    settings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Registered:
    node_id: int
    address: str
    is_coordinator: bool
    has_shards: bool
    is_answering: bool
    answer: str


@contextmanager
def connect(url: str, *, reads_only: bool = False) -> Iterator[Blocking]:
    """Connect to the coordinator; the block is one transaction, rolled back on an error.

    Rows are compared by their text, so the settings that decide how values are written are the same on every node.

    Raises:
        DatabaseUnreachable: nothing answers at `url`, or it refuses the role.
        PoolerRefused: a connection pooler answers.
    """
    require_unpooled(url, "DATABASE_URL")
    try:
        connection = psycopg.connect(
            plain_postgres_url(url),
            connect_timeout=_CONNECT_S,
            application_name="skeldir scale",
            options=f"-c lock_timeout={LOCK_TIMEOUT_MS} -c search_path=public -c timezone=UTC",
        )
    except psycopg.OperationalError as error:
        raise DatabaseUnreachable(
            f"No connection to the database: {' '.join(str(error).split()).rstrip('.?')}.",
            cure="Check DATABASE_URL and that the server runs.",
        ) from error
    with connection:
        connection.read_only = reads_only
        yield connection


def read_citus_version(connection: Blocking) -> str | None:
    """Return the version of Citus in this database, or None."""
    row = connection.execute(
        "SELECT extversion FROM pg_catalog.pg_extension WHERE extname = 'citus'"
    ).fetchone()
    return None if row is None else str(row[0])


def require_superuser(connection: Blocking) -> None:
    """Raise SuperuserNeeded unless the connection's role is a superuser."""
    row = connection.execute(
        "SELECT rolname, rolsuper FROM pg_catalog.pg_roles WHERE rolname = current_user"
    ).fetchone()
    if row is None or not row[1]:
        raise SuperuserNeeded(
            f"{row[0] if row else 'The role'} is no superuser, so it sees neither the roles nor the shards of nodes.",
            cure="Let DATABASE_URL name a superuser of the coordinator for this command, and only for it.",
        )


def read_nodes(connection: Blocking) -> list[Node]:
    """Return every registered node, the coordinator first; each is asked."""
    cursor = connection.cursor(row_factory=class_row(_Registered))
    found = cursor.execute(
        """SELECT n.nodeid AS node_id, n.nodename || ':' || n.nodeport AS address, n.groupid = 0 AS is_coordinator,
                  n.shouldhaveshards AS has_shards, coalesce(a.success, false) AS is_answering,
                  coalesce(a.result, 'it is not active') AS answer
           FROM pg_dist_node n
           LEFT JOIN run_command_on_all_nodes('SHOW max_prepared_transactions') a ON a.nodeid = n.nodeid
           ORDER BY n.groupid, n.nodeid"""
    ).fetchall()
    return [
        Node(
            node_id=one.node_id,
            address=one.address,
            is_coordinator=one.is_coordinator,
            has_shards=one.has_shards,
            prepared_transactions=int(one.answer) if one.is_answering else None,
            error=None if one.is_answering else one.answer,
        )
        for one in found
    ]


def read_roles(connection: Blocking) -> dict[int, list[RoleOnNode]]:
    """Return the program's roles on each node that answers; a role that is missing there is left out."""
    rows = connection.execute(
        """SELECT nodeid, result FROM run_command_on_all_nodes($command$
               SELECT coalesce(json_agg(json_build_array(
                          r.rolname, r.rolcanlogin, r.rolpassword IS NOT NULL, r.rolsuper OR r.rolbypassrls,
                          has_database_privilege(r.oid, current_database(), 'TEMPORARY'),
                          (SELECT coalesce(json_agg(s ORDER BY s), '[]') FROM pg_catalog.pg_db_role_setting d,
                           unnest(d.setconfig) s WHERE d.setrole = r.oid AND d.setdatabase = 0))), '[]')::text
               FROM pg_catalog.pg_authid r WHERE r.rolname IN ('app_user', 'skeldir_owner', 'matview_owner')
               $command$)
           WHERE success"""
    ).fetchall()
    return {
        int(str(node_id)): [
            RoleOnNode(
                role, may_log_in, has_password, is_unbound, may_make_temporary, tuple(settings)
            )
            for role, may_log_in, has_password, is_unbound, may_make_temporary, settings in json.loads(
                str(found)
            )
        ]
        for node_id, found in rows
    }
