"""Shows deliveries as they come, each with the entries that came with it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final, Literal
from uuid import UUID

from skeldir.inbox.reading import outcome_of
from skeldir.inbox.store import queries
from skeldir.revenue import DeliveredEntry, read_entries_of_deliveries

if TYPE_CHECKING:
    from skeldir.db import Connection, Database
    from skeldir.inbox.saying import Provider
    from skeldir.inbox.store import SelectDeliveriesSinceRow, SelectDeliveryRow

POLL_S: Final = 0.5
"""Seconds between two looks."""
_PAGE: Final = 1_000
# A delivery has the time at which its transaction began, and is seen at its end: one that waited for the others of its
# tenant may come after them. Hardly any waits for longer than this, and each look reads as much again.
_LATE: Final = timedelta(seconds=30)
_LAST_ID: Final = UUID(int=2**128 - 1)
_FIRST_ID: Final = UUID(int=0)


@dataclass(frozen=True, slots=True)
class SeenDelivery:
    """A delivery as it was when it came. `entries` came with it; one that is reversing takes an earlier one back."""

    id: UUID
    received_at: datetime
    provider: str
    type: str
    outcome: Literal["recorded", "ignored", "dead"]
    trouble: str | None
    detail: str | None
    order_id: str | None
    entries: tuple[DeliveredEntry, ...]


async def watch(
    database: Database, tenant_id: UUID, provider: Provider | None = None, *, poll_s: float = POLL_S
) -> AsyncGenerator[SeenDelivery]:
    """Yield the deliveries of a tenant from now on, each once, for ever; at most of one provider.

    A repeated delivery is not stored again, and does not show.
    """
    async with database.tenant(tenant_id, is_read_only=True) as connection:
        began_at: datetime = await queries.select_moment(connection)
    latest_at = began_at
    shown: dict[UUID, datetime] = {}
    while True:
        after: tuple[datetime, UUID] = max(
            (began_at, _LAST_ID), (latest_at - _LATE, _FIRST_ID), key=lambda one: one[0]
        )
        shown = {id_: at for id_, at in shown.items() if at >= after[0]}
        while True:
            async with database.tenant(tenant_id, is_read_only=True) as connection:
                page = await queries.select_deliveries_since(
                    connection,
                    tenant_id=tenant_id,
                    after_at=after[0],
                    after_id=after[1],
                    provider=provider,
                    most=_PAGE,
                )
                new = [row for row in page if row["id"] not in shown]
                seen = await _with_entries(connection, tenant_id, new)
            for one in seen:
                shown[one.id] = one.received_at
                yield one
            if not page:
                break
            after = page[-1]["received_at"], page[-1]["id"]
            latest_at = max(latest_at, after[0])
        await asyncio.sleep(poll_s)


async def find_delivery(
    connection: Connection, tenant_id: UUID, digest: bytes
) -> SeenDelivery | None:
    """Return the delivery of the transaction's tenant with a digest; None: it was never recorded."""
    row = await queries.select_delivery(connection, tenant_id=tenant_id, digest=digest)
    if row is None:
        return None
    return (await _with_entries(connection, tenant_id, [row]))[0]


async def _with_entries(
    connection: Connection,
    tenant_id: UUID,
    rows: Sequence[SelectDeliveriesSinceRow] | Sequence[SelectDeliveryRow],
) -> list[SeenDelivery]:
    recorded = [row["id"] for row in rows if row["payment_id"] is not None]
    entries: dict[UUID, list[DeliveredEntry]] = {}
    for entry in await read_entries_of_deliveries(connection, tenant_id, recorded):
        entries.setdefault(entry.delivery, []).append(entry)
    return [
        SeenDelivery(
            id=row["id"],
            received_at=row["received_at"],
            provider=row["provider"],
            type=row["type"],
            outcome=outcome_of(row["trouble"], is_ignored=row["is_ignored"]),
            trouble=row["trouble"],
            detail=row["detail"],
            order_id=row["order_id"],
            entries=tuple(entries.get(row["id"], ())),
        )
        for row in rows
    ]
