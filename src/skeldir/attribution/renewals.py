"""Which orders are later payments of a subscription, and which ones' credit is counted as that of renewals.

The credit of renewals is part of all credit. It is summed once more, in rows of a basis of its own, by the transactions
that change the other sums, so a report without renewals is a difference of sums of one moment. Whether an order is a
renewal can change; until a credit run has credited it again, its credit is counted as before.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING
from uuid import UUID

from skeldir.attribution.store import queries
from skeldir.rollups import add_credit

if TYPE_CHECKING:
    from skeldir.attribution.evaluating import Sums
    from skeldir.attribution.orders import Reading
    from skeldir.db import Connection


def bases_of(*, without_renewals: bool) -> list[str]:
    """Return the bases of the sums that a report reads: rows of any but `entry` are subtracted."""
    return ["entry", "renewal"] if without_renewals else ["entry"]


async def read_renewals(
    connection: Connection, tenant_id: UUID, reading: Reading, order_ids: Sequence[str]
) -> None:
    """Add to a reading which of some orders are renewals, and which are counted as such."""
    if not reading.has_renewals:
        return
    rows = await queries.select_renewals(connection, tenant_id=tenant_id, order_ids=list(order_ids))
    reading.renewals = {row["order_id"] for row in rows if not row["is_counted"]}
    reading.counted_renewals = {row["order_id"] for row in rows if row["is_counted"]}


async def write_renewals(
    connection: Connection,
    tenant_id: UUID,
    turn: int,
    changes: Sums,
    *,
    counted: Sequence[str] = (),
    uncounted: Sequence[str] = (),
) -> None:
    """Add changes to the sums of renewals and to the journal, and note which orders they count."""
    if counted:
        await queries.insert_credited_renewals(
            connection, tenant_id=tenant_id, order_ids=list(counted)
        )
    if uncounted:
        await queries.delete_credited_renewals(
            connection, tenant_id=tenant_id, order_ids=list(uncounted)
        )
    if changes:
        await add_credit(connection, tenant_id, turn, changes, basis="renewal")
