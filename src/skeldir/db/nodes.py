"""The nodes of a Citus database, as the program meets them: one may be away while the coordinator answers."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, TypeAlias

import asyncpg

from skeldir.db.shares import RetriedLater
from skeldir.errors import SkeldirError

if TYPE_CHECKING:
    from asyncpg.pool import PoolConnectionProxy

_Session: TypeAlias = "asyncpg.Connection[asyncpg.Record] | PoolConnectionProxy[asyncpg.Record]"

logger = logging.getLogger(__name__)

CITUS_SETTINGS: Final[Mapping[str, str]] = MappingProxyType(
    {"citus.override_table_visibility": "off", "citus.propagate_set_commands": "local"}
)
"""Settings of each session, of whatever role; without Citus they are names that nothing reads.

Without the second a tenant's binding stays on the coordinator, and an operator's role would see no row of the tenant
on the nodes. The first keeps look-ups of types fast.
"""

# Of a server that ends or begins; class 08, but for a violation of the protocol, is of connections.
_OF_SERVERS = frozenset({"57P01", "57P02", "57P03"})
_OF_CONNECTIONS = "08"
_PROTOCOL_VIOLATED = "08P01"
_INTERNAL = frozenset({"XX000", "58030"})
# What Citus reports with the state of an internal error if a node goes away during a statement.
_WITHOUT_STATE = re.compile(
    "server closed the connection unexpectedly|failure on connection marked as essential|failed to COPY to shard"
)


class NodeUnreachable(RetriedLater, SkeldirError):
    """The coordinator answers, and a node that holds data of the statement does not."""

    code = "node_unreachable"
    status = 503
    title = "A part of the database cannot be reached"


def node_unreachable(error: BaseException, *, is_of_tenant: bool) -> NodeUnreachable | None:
    """Return the error for what a live connection to the coordinator reported about a node; None for anything else.

    A tenant is not told which node it is: the log has it. Work for all tenants is the operator's, who must know.
    """
    state = getattr(error, "sqlstate", None) or ""
    is_of_node = (
        state.startswith(_OF_CONNECTIONS)
        or state in _OF_SERVERS
        or (state in _INTERNAL and _WITHOUT_STATE.match(str(error)) is not None)
    )
    if not is_of_node or state == _PROTOCOL_VIOLATED:
        return None
    logger.warning("db.node_missed %s %s", state, error)
    if not is_of_tenant:
        reported = str(error).partition("\n")[0].rstrip(":. ")
        return NodeUnreachable(
            f"A node of the database does not answer, and this needs all of them: {reported}.",
            cure="Start the node again; what fails now succeeds then. Tenants of the other nodes are served.",
        )
    return NodeUnreachable(
        "A server that holds data of this tenant does not answer; nothing was kept.",
        cure="Wait as long as Retry-After states, then try again; other tenants may be served.",
    )


async def has_nodes(connection: _Session) -> bool:
    """Return whether this is a Citus database."""
    found: bool = await connection.fetchval(
        "SELECT to_regclass('pg_catalog.pg_dist_node') IS NOT NULL"
    )
    return found


async def list_silent_nodes(connection: _Session) -> list[str]:
    """Return the addresses of the nodes of a Citus database that the coordinator cannot reach."""
    rows = await connection.fetch(
        """SELECT nodename || ':' || nodeport AS address FROM pg_catalog.pg_dist_node
           WHERE isactive AND groupid <> 0 AND NOT pg_catalog.citus_check_connection_to_node(nodename, nodeport)
           ORDER BY nodeid"""
    )
    return [row["address"] for row in rows]
