"""The list of tenants with marks: the locks that protect it, and its review."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from skeldir.db import lock_key
from skeldir.rollups.store import queries

if TYPE_CHECKING:
    from skeldir.db import Connection


def ingest_lock(tenant_id: UUID) -> str:
    """Return the name of the lock that every transaction writing a tenant's facts takes, shared, before its first read.

    A touch and an order that arrive in two concurrent transactions cannot see each other, so neither could mark
    the order for the touch. A credit run therefore waits for the writers that were active when it chose its
    orders (see `attribution.runs`); later writers see the orders and mark them again.
    """
    return f"ingest:{tenant_id}"


def credit_lock(tenant_id: UUID) -> str:
    """Return the name of the lock that is held to write a tenant's credit, and to forget its touches."""
    return f"credit:{tenant_id}"


def rollup_lock(tenant_id: UUID) -> str:
    """Return the name of the lock that is held while a tenant's days are rolled up."""
    return f"rollup:{tenant_id}"


async def review_waiting(connection: Connection, tenant_id: UUID) -> bool | None:
    """Take the transaction's tenant off the list of those that wait, as far as no mark is left.

    A transaction that marks orders or days holds a lock of the tenant, and lists the tenant unless it is listed. This
    tries all of these locks until the transaction's end, and waits for none: while someone else holds one, the row
    stays, and says since when the oldest mark has waited. So no mark is ever without a row, and a row without a mark
    is found by the next review. Call it last, since the transaction then holds up the tenant's writers.

    Return whether orders are marked; None if the tenant is being rolled up elsewhere, and nothing was done.
    """
    return await queries.review_waiting(
        connection,
        tenant_id=tenant_id,
        rollup_lock=lock_key(rollup_lock(tenant_id)),
        other_locks=[lock_key(credit_lock(tenant_id)), lock_key(ingest_lock(tenant_id))],
    )
