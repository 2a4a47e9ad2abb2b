"""Counting what a database holds, without writing anything: relations as the operator, facts tenant by tenant."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final
from uuid import UUID

from skeldir.errors import SkeldirError
from skeldir.scale.planning.store import queries

if TYPE_CHECKING:
    from skeldir.db import Connection

GROWTH_DAYS: Final = 30
_FEWEST_DAYS: Final = 1.0
_DAY: Final = timedelta(days=1)
# An id is made before its row is recorded, by a clock that may differ from the database's.
_EARLIER: Final = timedelta(days=1)


class DatabaseDistributed(SkeldirError):
    """The sizes of distributed tables are on other servers, and are not read."""

    code = "database_distributed"
    status = 409
    title = "The database is distributed"


@dataclass(frozen=True, slots=True)
class Relation:
    """A table or a canonical view, with its bytes."""

    name: str
    table_bytes: int
    index_bytes: int

    @property
    def total_bytes(self) -> int:
        """All bytes of its rows and of its indexes."""
        return self.table_bytes + self.index_bytes


@dataclass(frozen=True, slots=True)
class TenantStock:
    """What one tenant has: touches, orders with a stored journey, and ledger entries; `new_…` since a moment.

    `first_at` is when the earliest of them was recorded; None without any.
    """

    touches: int
    new_touches: int
    orders: int
    entries: int
    new_entries: int
    first_at: datetime | None


@dataclass(frozen=True, slots=True)
class Growth:
    """What was recorded in the last `days` days: 30, or the age of the data, at least a day, if they are younger."""

    days: float
    touches: int
    entries: int


@dataclass(frozen=True, slots=True)
class Stock:
    """What a database holds. `largest_touches` and `largest_orders` are the most that one tenant has."""

    tenants: int
    touches: int
    orders: int
    entries: int
    largest_touches: int
    largest_orders: int
    growth: Growth
    relations: Sequence[Relation]

    @property
    def total_bytes(self) -> int:
        """All bytes of the tables, views and indexes."""
        return sum(relation.total_bytes for relation in self.relations)

    def of(self, *names: str) -> tuple[int, int]:
        """Return the bytes of some tables of schema public, and those of their indexes."""
        found = [r for r in self.relations if r.name.removeprefix("public.") in names]
        return sum(r.table_bytes for r in found), sum(r.index_bytes for r in found)

    @property
    def largest_share(self) -> float:
        """The largest part that one tenant has of all touches, or of all orders if that is more, from 0 to 1."""
        of_touches = self.largest_touches / self.touches if self.touches else 0.0
        of_orders = self.largest_orders / self.orders if self.orders else 0.0
        return max(of_touches, of_orders)


async def read_relations(connection: Connection) -> list[Relation]:
    """Return the tables and views with their sizes, the largest first; works over any connection.

    Raises:
        DatabaseDistributed: Citus is installed, so the sizes here are not all of it.
    """
    if await queries.has_citus(connection):
        raise DatabaseDistributed(
            "Citus is installed in this database: a plan needs the sizes of its shards, which are not read.",
            cure="Run this before the tables are distributed.",
        )
    return [Relation(**row) for row in await queries.select_relations(connection)]


async def count_tenant(connection: Connection, tenant_id: UUID, since: datetime) -> TenantStock:
    """Count the rows of the transaction's tenant, and those that were recorded since a moment."""
    row = await queries.count_facts(
        connection, tenant_id=tenant_id, first_id=_first_id(since - _EARLIER), since=since
    )
    return TenantStock(**row)


def summarize(
    tenants: Iterable[TenantStock], relations: Sequence[Relation], now: datetime
) -> Stock:
    """Return what all tenants have together, with the growth of the last 30 days, or since the first fact."""
    counted = list(tenants)
    first_at = min((one.first_at for one in counted if one.first_at is not None), default=None)
    age = GROWTH_DAYS if first_at is None else (now - first_at) / _DAY
    return Stock(
        len(counted),
        sum(tenant.touches for tenant in counted),
        sum(tenant.orders for tenant in counted),
        sum(tenant.entries for tenant in counted),
        max((tenant.touches for tenant in counted), default=0),
        max((tenant.orders for tenant in counted), default=0),
        Growth(
            min(GROWTH_DAYS, max(_FEWEST_DAYS, age)),
            sum(tenant.new_touches for tenant in counted),
            sum(tenant.new_entries for tenant in counted),
        ),
        relations,
    )


def _first_id(moment: datetime) -> UUID:
    """Return the smallest UUID of version 7 that can be made at a moment (RFC 9562, 5.7)."""
    milliseconds = int(moment.timestamp() * 1_000)
    return UUID(int=milliseconds << 80)
