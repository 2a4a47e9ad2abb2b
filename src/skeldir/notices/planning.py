"""Makes the deliveries that are due: one digest of a week for each destination, whoever makes it and however often."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Final, Literal
from uuid import UUID

from skeldir.days import days_by
from skeldir.db import new_id
from skeldir.jobs import enqueue
from skeldir.notices.digest import read_digest, write_digest_down
from skeldir.notices.kinds import SEND
from skeldir.notices.store import queries
from skeldir.notices.weeks import Week, last_week
from skeldir.rollups import rules_in_force

if TYPE_CHECKING:
    from skeldir.db import Connection, Database
    from skeldir.notices.digest import Digest

# All attempts together take less.
_LONGEST_WAIT: Final = timedelta(days=1)


async def find_week(connection: Connection, tenant_id: UUID, now: datetime) -> Week:
    """Return the last complete week of the transaction's tenant, by the days of its zone."""
    return last_week(days_by(await rules_in_force(connection, tenant_id)), now)


async def read_current_digest(database: Database, tenant_id: UUID, now: datetime) -> Digest:
    """Return the digest of the tenant's last complete week as it would be sent now, all of it of one snapshot."""
    async with database.tenant(tenant_id, is_read_only=True) as connection:
        week = await find_week(connection, tenant_id, now)
        return await read_digest(connection, tenant_id, week)


async def find_due(
    database: Database, tenant_id: UUID, now: datetime
) -> tuple[Digest, list[UUID]] | None:
    """Return the digest that is due and the destinations without it; None if nothing is.

    A destination that was added later gets its first digest in the next week. While no destination waits this costs a
    transaction with one or three short statements, and nothing of the reports is read.
    """
    async with database.tenant(tenant_id, is_read_only=True) as connection:
        if not await queries.has_destinations(connection, tenant_id=tenant_id):
            return None
        week = await find_week(connection, tenant_id, now)
        if now < week.due_at:
            return None
        rows = await queries.select_without_digest(
            connection, tenant_id=tenant_id, due_at=week.due_at, week=week.first_day
        )
        if not rows:
            return None
        return await read_digest(connection, tenant_id, week), [row["id"] for row in rows]


async def enqueue_stranded(connection: Connection, tenant_id: UUID, now: datetime) -> int:
    """Enqueue again what has waited for more than a day, as its jobs were lost; return how many deliveries that are.

    A job dies when several workers were killed while they did it.
    """
    rows = await queries.select_stranded(
        connection, tenant_id=tenant_id, before=now - _LONGEST_WAIT
    )
    for row in rows:
        await enqueue(connection, tenant_id, SEND, {"delivery": str(row["id"])})
    return len(rows)


async def make_deliveries(
    connection: Connection,
    tenant_id: UUID,
    digest: Digest,
    destinations: Sequence[UUID],
    *,
    kind: Literal["digest", "test"] = "digest",
    delay_s: float = 0.0,
) -> list[UUID]:
    """Record that a digest is to be sent to destinations, and enqueue the jobs that send it; return the deliveries.

    The row of a destination and week is there before anything is sent, and a second one is refused, so that neither
    several processes nor one that is repeated make another digest of the week. Its numbers are kept with it. A caller
    that sends them itself has the jobs wait for `delay_s`, and do what it leaves.
    """
    week: date | None = digest.first_day if kind == "digest" else None
    made: list[UUID] = []
    for destination_id in destinations:
        delivery_id = await queries.insert_delivery(
            connection,
            tenant_id=tenant_id,
            id=new_id(),
            destination_id=destination_id,
            kind=kind,
            week=week,
            contents=write_digest_down(digest),
        )
        if delivery_id is not None:
            made.append(delivery_id)
            await enqueue(
                connection, tenant_id, SEND, {"delivery": str(delivery_id)}, delay_s=delay_s
            )
    return made
