"""The recorded results of audits: what the daily job found, to be read later."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from skeldir.audit.document import document_digest
from skeldir.audit.store import queries
from skeldir.db import new_id

if TYPE_CHECKING:
    from skeldir.audit.auditing import Audit
    from skeldir.db import Connection


@dataclass(frozen=True, slots=True)
class AuditRecord:
    """The result of an audit: the number of differences, the checks that have any, and the digest of its document."""

    as_of: datetime
    orders: int
    awaiting_orders: int
    differences: int
    checks: list[str]
    digest: str


async def record_audit(connection: Connection, audit: Audit) -> None:
    """Record the result of an audit of the transaction's tenant."""
    failed = [check for check in audit.checks if check.count]
    await queries.insert_audit(
        connection,
        tenant_id=audit.tenant_id,
        id=new_id(),
        as_of=audit.as_of,
        orders=audit.orders,
        awaiting_orders=audit.awaiting_orders,
        differences=audit.differences,
        checks=[check.name for check in failed],
        digest=document_digest(audit),
    )


async def list_audits(connection: Connection, tenant_id: UUID, *, most: int) -> list[AuditRecord]:
    """Return the recorded audits of the transaction's tenant, the latest first."""
    rows = await queries.select_audits(connection, tenant_id=tenant_id, most=most)
    return [AuditRecord(**row) for row in rows]
