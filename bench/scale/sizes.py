"""What the tables and indexes take, what vacuum did with them, and what the server read and wrote for them."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from time import monotonic

from bench.support import Superuser, show_table

TOUCHES = "attribution_events"
# An order's entries, and its stored journey.
OF_ORDERS = ("revenue_ledger", "order_journeys")
# The sums of a day by model and channel, and the journal of their changes: a tenant's days, whatever it sells on them.
OF_DAYS = ("rollup_channel_day", "rollup_allocation_day", "rollup_revenue_day", "credit_journal")
_SHOWN_FROM_BYTES = 100_000

# reltuples is -1 until the table was analysed; the count is exact.
_TABLES = """
    SELECT c.relname::text AS name, pg_table_size(c.oid) AS heap, pg_indexes_size(c.oid) AS indexes,
           s.n_live_tup AS live, s.n_dead_tup AS dead, s.autovacuum_count AS vacuums, s.autoanalyze_count AS analyses
    FROM pg_class c JOIN pg_stat_user_tables s ON s.relid = c.oid
    WHERE c.relkind = 'r' AND s.schemaname IN ('public', 'celery')
    ORDER BY pg_total_relation_size(c.oid) DESC"""
_INDEXES = """
    SELECT i.indexrelname::text AS name, pg_relation_size(i.indexrelid) AS bytes,
           o.idx_blks_read AS read, o.idx_blks_hit AS hit
    FROM pg_stat_user_indexes i JOIN pg_statio_user_indexes o USING (indexrelid)
    WHERE i.schemaname = 'public' AND i.relname = ANY($1::text[])
    ORDER BY 2 DESC"""
_WRITTEN = """
    SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')::bigint AS wal,
           (SELECT num_timed + num_requested FROM pg_stat_checkpointer) AS checkpoints,
           (SELECT sum(heap_blks_read)::bigint FROM pg_statio_user_tables) AS heap_read,
           (SELECT sum(idx_blks_read)::bigint FROM pg_statio_user_tables) AS index_read"""
# Above this, autovacuum has work: the server's own rule, with its default settings.
_OVERDUE = """
    SELECT count(*) FROM pg_stat_user_tables t JOIN pg_class c ON c.oid = t.relid
    WHERE t.schemaname = 'public' AND t.n_dead_tup > 50 + 0.2 * greatest(c.reltuples, 0)"""


@dataclass(frozen=True, slots=True)
class TableSize:
    """A table: bytes of its rows and of its indexes, and its statistics."""

    name: str
    heap: int
    indexes: int
    live: int
    dead: int
    vacuums: int
    analyses: int

    @property
    def total(self) -> int:
        return self.heap + self.indexes


@dataclass(frozen=True, slots=True)
class IndexSize:
    """An index: its bytes, and the blocks that were read into shared buffers or found there."""

    name: str
    bytes: int
    read: int
    hit: int


@dataclass(frozen=True, slots=True)
class Written:
    """Bytes of WAL, checkpoints, and blocks read into shared buffers, since the server was created."""

    wal: int
    checkpoints: int
    heap_read: int
    index_read: int

    def since(self, before: Written) -> Written:
        return Written(
            self.wal - before.wal,
            self.checkpoints - before.checkpoints,
            self.heap_read - before.heap_read,
            self.index_read - before.index_read,
        )


async def measure_tables(admin: Superuser) -> dict[str, TableSize]:
    """Return the tables with what they take, the largest first."""
    return {row["name"]: TableSize(**row) for row in await admin.fetch(_TABLES)}


async def measure_indexes(admin: Superuser, tables: Sequence[str]) -> dict[str, IndexSize]:
    """Return the indexes of some tables, the largest first."""
    rows = await admin.fetch(_INDEXES, list(tables))
    return {row["name"]: IndexSize(**row) for row in rows}


async def measure_written(admin: Superuser) -> Written:
    """Return what the server has written and read so far. Other processes' figures may be half a second late."""
    row = await admin.fetchrow(_WRITTEN)
    assert row is not None
    return Written(**row)


async def wait_for_vacuum(admin: Superuser, seconds: float) -> int:
    """Wait until no table has more dead rows than autovacuum allows; return how many still have."""
    end = monotonic() + seconds
    overdue = int(await admin.fetchval(_OVERDUE))
    while overdue and monotonic() < end:
        await asyncio.sleep(1)
        overdue = int(await admin.fetchval(_OVERDUE))
    return overdue


def show_sizes(
    title: str, tables: dict[str, TableSize], touches: int, orders: int, tenant_days: int
) -> None:
    """Print the larger tables, and the bytes of a touch, of an order, and of a tenant's day."""
    rows = [
        [t.name, f"{t.live:,}", mib(t.heap), mib(t.indexes), f"{t.total / max(1, t.live):,.0f}", f"{t.dead:,}"]
        for t in tables.values()
        if t.total > _SHOWN_FROM_BYTES
    ]  # fmt: skip
    show_table(title, ("", "rows", "table MiB", "indexes MiB", "bytes a row", "dead rows"), rows)
    of_orders, of_days = ([tables[name] for name in names] for names in (OF_ORDERS, OF_DAYS))
    show_table(
        "",
        ("bytes of", "in tables", "in indexes", "together"),
        [
            _of_each("a touch", [tables[TOUCHES]], touches),
            _of_each("an order: its entries and its journey", of_orders, orders),
            _of_each("a tenant's day: sums and journal", of_days, tenant_days),
        ],
    )


def _of_each(what: str, tables: Sequence[TableSize], count: int) -> list[str]:
    heap, indexes = sum(t.heap for t in tables), sum(t.indexes for t in tables)
    return [what, *(f"{part / max(1, count):,.0f}" for part in (heap, indexes, heap + indexes))]


def mib(size: int) -> str:
    """Return a size in mebibytes."""
    return f"{size / 2**20:,.1f}"
