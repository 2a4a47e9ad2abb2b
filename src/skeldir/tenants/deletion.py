"""Deleting a tenant: an operator requests it, a worker does it in steps, and a receipt records the result."""

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
    from skeldir.db import Connection
    from skeldir.tenants.store import SelectTenantDeletionsRow

RECEIPT_MOMENT = "%Y-%m-%dT%H:%M:%S.%fZ"
"""The format of a receipt's moments, in UTC, where programs read them."""


class DeletionRefused(SkeldirError):
    """The tenant cannot be deleted as requested; nothing was changed."""

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
    """A requested deletion, and its receipt once it has ended.

    `requested_by` is the database role of the operator. `row_counts` are the rows deleted by table; `journey_keys`
    among them counts the entries of a kept ledger whose journey key was removed. `digest` is the SHA-256, in
    hexadecimal, of `lines`.
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
        """The text that the digest covers: a line for each fact of the receipt, tables ordered by name."""
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
        """Whether the digest matches the receipt; False before the deletion has ended."""
        return self.digest == hashlib.sha256(self.lines.encode()).hexdigest()


async def count_tenant_rows(connection: Connection, tenant_id: UUID) -> list[TableRows]:
    """Return how many rows of a tenant each table holds; `connection` must be an operator's."""
    rows = await queries.count_tenant_rows(connection, tenant_id=tenant_id)
    return [TableRows(**row) for row in rows]


async def request_deletion(
    connection: Connection, tenant_id: UUID, *, keeps_ledger: bool
) -> TenantDeletion:
    """Lock a tenant out at once, and have a worker delete its rows; `connection` must be an operator's.

    After the commit no key of the tenant is valid, and no transaction can be bound to it. An equal deletion requested
    before continues. A tenant whose ledger was kept can be deleted again, with the ledger.

    Raises:
        TenantUnknown: there is no such tenant, and there never was.
        DeletionRefused: the tenant was deleted before, or is being deleted with the opposite choice for its ledger.
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
            cure="`skeldir tenants deletions` shows the receipt; --no-keep-ledger deletes a ledger that was kept.",
        )
    if outcome == "differs":
        raise DeletionRefused(
            f"Tenant {tenant_id} is being deleted with its ledger {'deleted' if keeps_ledger else 'kept'}.",
            cure="Repeat the command with the same choice; a kept ledger can be deleted after this deletion has ended.",
        )
    return (await list_deletions(connection, tenant_id))[0]


async def list_deletions(
    connection: Connection, tenant_id: UUID | None = None, *, most: int = 1_000
) -> list[TenantDeletion]:
    """Return deletions, of one tenant or of all, newest first; `connection` must be an operator's."""
    rows = await queries.select_tenant_deletions(connection, tenant_id=tenant_id, most=most)
    return [_deletion(row) for row in rows]


async def delete_some_rows(connection: Connection, tenant_id: UUID, *, most: int) -> int | None:
    """Delete up to `most` rows of a tenant whose deletion was requested; return how many were deleted.

    Return None while a transaction that was bound to the tenant before is open. The database refuses other tenants.
    """
    return await queries.delete_tenant_rows(connection, tenant_id=tenant_id, most=most)


async def forget_statistics(connection: Connection, tenant_id: UUID, place: int) -> bool:
    """Recompute the planner's statistics of one table, which quote values; return False when there is no such table.

    `place` is the number of the table, from 1; the tenant's deletion must be in progress.
    """
    return await queries.forget_statistics(connection, tenant_id=tenant_id, place=place)


async def end_deletion(connection: Connection, tenant_id: UUID) -> bool:
    """Delete the tenant itself, or keep its name with its ledger, and complete the receipt.

    Return False, and change nothing, while a row is left.
    """
    return await queries.end_tenant_deletion(connection, tenant_id=tenant_id)


def _deletion(row: SelectTenantDeletionsRow) -> TenantDeletion:
    return TenantDeletion(
        tenant_id=row["tenant_id"],
        deletion_id=row["deletion_id"],
        keeps_ledger=row["keeps_ledger"],
        requested_by=row["requested_by"],
        requested_at=row["requested_at"],
        began_at=row["began_at"],
        ended_at=row["ended_at"],
        row_counts=orjson.loads(row["row_counts"]),
        ledger_rows_kept=row["ledger_rows_kept"],
        digest=row["digest"],
    )
