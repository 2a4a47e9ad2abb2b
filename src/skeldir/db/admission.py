"""How many connections the server admits, compared with how many processes will take."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from skeldir.db.store import queries
from skeldir.errors import SkeldirError

if TYPE_CHECKING:
    from skeldir.db.pool import Connection


class ConnectionsTooFew(SkeldirError):
    """The server admits fewer connections than the processes take."""

    code = "connections_too_few"
    status = 500
    title = "The database admits too few connections"


@dataclass(frozen=True, slots=True)
class Admission:
    """How many connections the server admits to the role in this database, and how many of all it has open."""

    limit: int
    in_use: int

    def is_tight_for(self, needed: int) -> bool:
        """Return whether `needed` more connections are not left, as long as those in use stay open."""
        return self.in_use + needed > self.limit


async def require_admission(connection: Connection, needed: int) -> Admission:
    """Return what the server admits, if that is at least `needed`. The caller's own connection is not counted.

    Raises:
        ConnectionsTooFew: the server, its database or the role has a lower limit.
    """
    row = await queries.select_connection_room(connection)
    limits = [row["server_limit"], row["role_limit"], row["database_limit"]]
    limit = min(limit for limit in limits if limit >= 0)
    if needed > limit:
        raise ConnectionsTooFew(
            f"These processes take up to {needed} connections to PostgreSQL, which admits {limit} of this role.",
            cure="Lower SKELDIR_POOL_SIZE or the number of processes, or raise the limit: max_connections of the "
            "server, or the CONNECTION LIMIT of the role or the database.",
        )
    return Admission(limit, row["in_use"] - 1)
