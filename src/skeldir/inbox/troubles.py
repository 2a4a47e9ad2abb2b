"""Counts what webhooks and SDKs sent and needs somebody: deliveries not understood, and payments with flags."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final
from uuid import UUID

from skeldir.clock import utc_now
from skeldir.inbox.explaining import explain_flag, explain_trouble
from skeldir.inbox.report_schemas import DeadDeliveries, FlaggedPayments, TroublesReport
from skeldir.inbox.standings import BASIS_OPEN, REVENUE_MISSING, TOTAL_MISSING
from skeldir.inbox.store import queries

if TYPE_CHECKING:
    from skeldir.db import Connection

AWAIT_A_SUM: Final = (BASIS_OPEN, TOTAL_MISSING, REVENUE_MISSING)
"""The flags of payments with orders that SDKs reported and that wait: the sum that counts is not chosen, or missing."""
_OF_LATER: Final = "Another version of the program recorded it; look it up in its documentation."


async def report_troubles(connection: Connection, tenant_id: UUID, days: int) -> TroublesReport:
    """Return the dead deliveries of the last `days`, and the payments with flags, of the transaction's tenant."""
    since = utc_now() - timedelta(days=days)
    dead = await count_dead_deliveries(connection, tenant_id, since)
    return TroublesReport(days, dead, await count_flags(connection, tenant_id))


async def count_dead_deliveries(
    connection: Connection, tenant_id: UUID, since: datetime
) -> list[DeadDeliveries]:
    """Return how many deliveries since a moment were not understood, by provider and trouble, the latest first."""
    found = []
    for row in await queries.count_dead_deliveries(connection, tenant_id=tenant_id, since=since):
        explained = explain_trouble(row["trouble"], row["provider"])
        found.append(
            DeadDeliveries(
                provider=row["provider"],
                trouble=row["trouble"],
                deliveries=row["deliveries"],
                last_at=row["last_at"],
                cure=_OF_LATER if explained is None else explained.cure,
            )
        )
    return found


async def count_flags(connection: Connection, tenant_id: UUID) -> list[FlaggedPayments]:
    """Return how many payments of the transaction's tenant have each flag, the most frequent first."""
    rows = await queries.count_flags(connection, tenant_id=tenant_id)
    return [
        FlaggedPayments(row["flag"], row["payments"], explain_flag(row["flag"])) for row in rows
    ]
