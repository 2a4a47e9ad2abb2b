"""Deleting a tenant: an operator asks for it, a worker does it in steps, and a receipt says what was done."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

import orjson

from skeldir.db import new_id
from skeldir.errors import SkeldirError
from skeldir.tenants.registry import tenant_unknown
from skeldir.tenants.store import queries

if TYPE_CHECKING:
    import asyncpg

    from skeldir.db import Connection

RECEIPT_MOMENT = "%Y-%m-%dT%H:%M:%S.%fZ"
"""How the moments of a receipt are written, in UTC, wherever a program reads them."""


class DeletionRefused(SkeldirError):
    """The tenant cannot be deleted as asked; nothing was changed."""

    code = "deletion_refused"
    status = 409
    title = "The deletion was refused"


@dataclass(frozen=True, slots=True)
class TableRows:
    """How many rows of a tenant a table holds."""

    table_name: str
    row_count: int


@dataclass(frozen=True, slots=True)
class TenantDeletion:
    """A deletion that was asked for, and its receipt once it has ended.

    `requested_by` is the database role that asked. `row_counts` are the rows deleted by table; `journey_keys` among
    them counts the entries of a kept ledger that lost theirs. `digest` is the SHA-256, in hexadecimal, of `lines`.
    """

    tenant_id: UUID
    deletion_id: UUID
    keeps_ledger: bool
    requested_by: str
    requested_at: datetime
    began_at: datetime | None
    ended_at: datetime | None
    row_counts: dict[str, int]
    ledger_rows_kept: int | None
    digest: str | None

    @property
    def lines(self) -> str:
        """What the digest is of: a line for each fact of the receipt, the tables in the order of their names."""
        moments = (self.requested_at, self.began_at, self.ended_at)
        return "\n".join(
            [
                str(self.tenant_id),
                str(self.deletion_id),
                "ledger kept" if self.keeps_ledger else "ledger deleted",
                self.requested_by,
                *(moment.strftime(RECEIPT_MOMENT) for moment in moments if moment is not None),
                str(self.ledger_rows_kept),
                *(f"{table} {rows}" for table, rows in sorted(self.row_counts.items())),
            ]
        )

    @property
    def is_intact(self) -> bool:
        """Whether the digest is that of the receipt; False before the deletion has ended."""
        return self.digest == hashlib.sha256(self.lines.encode()).hexdigest()


async def count_tenant_rows(connection: Connection, tenant_id: UUID) -> list[TableRows]:
    """Return how many rows of a tenant each table holds; `connection` must be an operator's."""
    rows = await queries.count_tenant_rows(connection, tenant_id=tenant_id)
    return [TableRows(**row) for row in rows]


async def request_deletion(
    connection: Connection, tenant_id: UUID, *, keeps_ledger: bool
) -> TenantDeletion:
    """Shut a tenant out at once, and have a worker delete its rows; `connection` must be an operator's.

    From the commit on no key of the tenant is valid, and no transaction can be bound to it. One that was asked for
    before goes on. A tenant whose ledger was kept can be deleted again, without it.

    Raises:
        TenantUnknown: there is no such tenant, and never was.
        DeletionRefused: the tenant was deleted before, or is being deleted with the other word on its ledger.
    """
    outcome = await queries.request_tenant_deletion(
        connection,
        tenant_id=tenant_id,
        keeps_ledger=keeps_ledger,
        deletion_id=new_id(),
        job_id=new_id(),
        correlation_id=uuid4(),
    )
    if outcome == "unknown":
        raise tenant_unknown(tenant_id)
    if outcome == "ended":
        raise DeletionRefused(
            f"Tenant {tenant_id} was deleted before.",
            cure="`skeldir tenants deletions` shows the receipt; a ledger that was kept goes by --no-keep-ledger.",
        )
    if outcome == "differs":
        raise DeletionRefused(
            f"Tenant {tenant_id} is being deleted with its ledger {'deleted' if keeps_ledger else 'kept'}.",
            cure="Say the same again to go on; a ledger that is kept can be deleted when this has ended.",
        )
    return (await list_deletions(connection, tenant_id))[0]


async def list_deletions(
    connection: Connection, tenant_id: UUID | None = None, *, most: int = 1_000
) -> list[TenantDeletion]:
    """Return deletions, of one tenant or of all, the latest first; `connection` must be an operator's."""
    rows = await queries.select_tenant_deletions(connection, tenant_id=tenant_id, most=most)
    return [_deletion(row) for row in rows]


async def delete_some_rows(connection: Connection, tenant_id: UUID, *, most: int) -> int | None:
    """Delete up to `most` rows of a tenant whose deletion was asked for; return how many it was.

    None while a transaction that was bound to the tenant before goes on. The database refuses any other tenant.
    """
    gone: int | None = await queries.delete_tenant_rows(connection, tenant_id=tenant_id, most=most)
    return gone


async def forget_statistics(connection: Connection, tenant_id: UUID, place: int) -> bool:
    """Make the planner's statistics of one table anew, which quote values; False when there is no such place.

    `place` counts the tables from 1; the tenant's deletion must be under way.
    """
    is_there: bool = await queries.forget_statistics(connection, tenant_id=tenant_id, place=place)
    return is_there


async def end_deletion(connection: Connection, tenant_id: UUID) -> bool:
    """Delete the tenant itself, or leave its name beside its ledger, and make the receipt.

    False, and nothing changed, while a row is left.
    """
    has_ended: bool = await queries.end_tenant_deletion(connection, tenant_id=tenant_id)
    return has_ended


def _deletion(row: asyncpg.Record) -> TenantDeletion:
    return TenantDeletion(**{**row, "row_counts": orjson.loads(row["row_counts"])})
