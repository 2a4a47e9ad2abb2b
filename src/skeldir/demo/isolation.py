"""The isolation check of the demo: what each tenant, and nobody, can see; asked as `app_user`."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from skeldir.db import Database, load_queries

queries = load_queries("skeldir.demo")


@dataclass(frozen=True, slots=True)
class Visibility:
    """How many rows of a table, view or reader each of the two tenants sees, and how many it must not see."""

    relation: str
    rows_of_a: int
    rows_of_b: int
    foreign_rows: int
    rows_of_nobody: int


@dataclass(frozen=True, slots=True)
class IsolationReport:
    """`holds` only when both tenants have rows to hide and nothing of them shows anywhere else."""

    relations: tuple[Visibility, ...]
    may_read_views: bool

    @property
    def holds(self) -> bool:
        """Whether no foreign row was seen, and the check had something to look for."""
        hidden = any(seen.rows_of_a for seen in self.relations) and any(
            seen.rows_of_b for seen in self.relations
        )
        leaks = any(seen.foreign_rows or seen.rows_of_nobody for seen in self.relations)
        return hidden and not leaks and not self.may_read_views


async def check_isolation(database: Database, tenant_a: UUID, tenant_b: UUID) -> IsolationReport:
    """Look from A for rows of B, from B for rows of A, and from no tenant for any row."""
    async with database.tenant(tenant_a) as connection:
        from_a = await queries.count_visible_rows(connection, other=tenant_b)
        may_read_views = bool(await queries.may_read_views(connection))
    async with database.tenant(tenant_b) as connection:
        from_b = await queries.count_visible_rows(connection, other=tenant_a)
    async with database.unbound() as connection:
        from_nobody = await queries.count_visible_rows(connection, other=tenant_a)
    return IsolationReport(
        tuple(
            Visibility(
                a["relation"],
                a["rows"],
                b["rows"],
                a["foreign_rows"] + b["foreign_rows"],
                nobody["rows"],
            )
            for a, b, nobody in zip(from_a, from_b, from_nobody, strict=True)
        ),
        may_read_views,
    )
