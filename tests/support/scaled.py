"""Looking at the nodes of a database on Citus, past the coordinator."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

import psycopg
from psycopg import sql

from skeldir.scale import DISTRIBUTED, ScaleReport, check_scale
from tests.conftest import Clone

# The shards of the node that is asked, and the table of each.
_SHARDS = """
    SELECT s.logicalrelid::regclass::text, shard_name(s.logicalrelid, s.shardid)
    FROM pg_dist_shard s JOIN pg_dist_placement p ON p.shardid = s.shardid
    JOIN pg_dist_local_group g ON g.groupid = p.groupid ORDER BY 2"""


def faults_of(clone: Clone) -> dict[str, tuple[str, ...]]:
    """Return the faults of each check that does not hold."""
    report: ScaleReport = check_scale(clone.superuser_url)
    return {one.check: one.faults for one in report.findings if not one.holds}


def make_local(admin: psycopg.Connection[tuple[object, ...]]) -> None:
    """Bring a table without rows back to the coordinator, as a superuser."""
    admin.execute("ALTER TABLE public.spend DROP CONSTRAINT spend_tenant_id_fkey")
    admin.execute("SELECT undistribute_table('public.spend')")


@contextmanager
def on_nodes(
    clone: Clone, *, user: str = "postgres"
) -> Iterator[list[psycopg.Connection[tuple[object, ...]]]]:
    """Connect to each server that holds shards, directly."""
    server = clone.server
    nodes = server.nodes[1:] or server.nodes
    connections = [
        psycopg.connect(server.url_of(node, user=user, database=clone.name), autocommit=True)
        for node in nodes
    ]
    try:
        yield connections
    finally:
        for connection in connections:
            connection.close()


def shards_of(connection: psycopg.Connection[tuple[object, ...]], table: str) -> list[str]:
    """Return the shards of a table on the node of a connection."""
    return [
        str(shard)
        for found, shard in connection.execute(_SHARDS.encode())
        if str(found).removeprefix("public.") == table
    ]


def count_on_shards(
    connection: psycopg.Connection[tuple[object, ...]], tenant_id: UUID | None = None
) -> dict[str, int]:
    """Count the rows that the connection sees on each table's shards of its node, all or one tenant's."""
    counts = {}
    for table, column in DISTRIBUTED.items():
        counts[table] = 0
        for shard in shards_of(connection, table):
            question = sql.SQL("SELECT count(*) FROM {} WHERE {} = coalesce(%s, {})").format(
                sql.Identifier(shard), sql.Identifier(column), sql.Identifier(column)
            )
            row = connection.execute(question, (tenant_id,)).fetchone()
            counts[table] += int(str(row[0])) if row else 0
    return counts
