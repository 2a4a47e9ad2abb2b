"""The isolation check of the demo: what each tenant, and a session without a tenant, can see as `app_user`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

from skeldir.db import Database
from skeldir.demo.store import queries

if TYPE_CHECKING:
    from skeldir.db import Connection


@dataclass(frozen=True, slots=True)
class Visibility:
    """How many rows of a table, view or reader each of the two tenants sees, and how many that it must not see."""

    relation: str
    rows_of_a: int
    rows_of_b: int
    foreign_rows: int
    rows_without_tenant: int


@dataclass(frozen=True, slots=True)
class IsolationReport:
    """`holds` only if both tenants have rows and no row is visible to anyone else."""

    relations: tuple[Visibility, ...]
    may_read_views: bool

    @property
    def holds(self) -> bool:
        """Whether no foreign row was seen, and there were rows that could have been."""
        hidden = any(seen.rows_of_a for seen in self.relations) and any(
            seen.rows_of_b for seen in self.relations
        )
        leaks = any(seen.foreign_rows or seen.rows_without_tenant for seen in self.relations)
        return hidden and not leaks and not self.may_read_views


async def _count_rows(connection: Connection, other: UUID) -> dict[str, tuple[int, int]]:
    """Return how many rows are visible in each relation, and how many of the other tenant."""
    found = [
        *await queries.count_visible_rows(connection, other=other),
        *await queries.count_readable_rows(connection, other=other),
    ]
    return {row["relation"]: (row["rows"], row["foreign_rows"]) for row in found}


async def check_isolation(database: Database, tenant_a: UUID, tenant_b: UUID) -> IsolationReport:
    """Look for rows of B as A, for rows of A as B, and for any row without a tenant."""
    async with database.tenant(tenant_a) as connection:
        from_a = await _count_rows(connection, tenant_b)
        may_read_views = bool(await queries.may_read_views(connection))
    async with database.tenant(tenant_b) as connection:
        from_b = await _count_rows(connection, tenant_a)
    async with database.unbound() as connection:
        from_no_tenant = await _count_rows(connection, tenant_a)
    return IsolationReport(
        tuple(
            Visibility(
                relation,
                rows,
                from_b[relation][0],
                foreign_rows + from_b[relation][1],
                from_no_tenant[relation][0],
            )
            for relation, (rows, foreign_rows) in sorted(from_a.items())
        ),
        may_read_views,
    )
