"""What is stored of a tenant's orders, page by page, for whoever goes through all of it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING
from uuid import UUID

from skeldir.attribution.bounds import BOUNDS
from skeldir.attribution.orders import make_kept, make_orders, make_stored
from skeldir.attribution.packing import TOUCH_BYTES
from skeldir.attribution.reading import ANY_LENGTH
from skeldir.attribution.store import queries

if TYPE_CHECKING:
    from skeldir.attribution.orders import KeptCredit, Order, Reading
    from skeldir.attribution.packing import PackedOrder
    from skeldir.db import Connection


async def read_stored_pages(
    connection: Connection, tenant_id: UUID, reading: Reading, *, most: int
) -> AsyncIterator[list[PackedOrder]]:
    """Yield the stored orders of the transaction's tenant by id, `most` at once; one with a long path by itself."""
    after, is_last = "", False
    while not is_last:
        rows = await queries.select_journeys_after(
            connection,
            tenant_id=tenant_id,
            after=after,
            longest=TOUCH_BYTES * BOUNDS.touches_of_light_journey,
            most=most,
        )
        is_last = len(rows) < most
        after = rows[-1]["order_id"] if rows else after
        if light := [row for row in rows if row["path"] is not None]:
            yield list(make_stored(light, reading.restatements).values())
        for order_id in (row["order_id"] for row in rows if row["path"] is None):
            long = await queries.select_stored_journeys(
                connection, tenant_id=tenant_id, order_ids=[order_id], longest=ANY_LENGTH
            )
            yield list(make_stored(long, reading.restatements).values())


async def read_kept_pages(
    connection: Connection, tenant_id: UUID, *, most: int
) -> AsyncIterator[list[tuple[Order, KeptCredit]]]:
    """Yield the orders whose touches were forgotten before journeys were packed, with the credit that was kept."""
    after = ""
    while rows := await queries.select_kept_orders_after(
        connection, tenant_id=tenant_id, after=after, most=most
    ):
        names = [row["order_id"] for row in rows]
        after = names[-1]
        kept = make_kept(
            await queries.select_kept_allocations(
                connection, tenant_id=tenant_id, order_ids=names, most=ANY_LENGTH
            )
        )
        entries = await queries.select_entries(
            connection, tenant_id=tenant_id, order_ids=names, most=ANY_LENGTH
        )
        yield [(order, kept[order.order_id]) for order in make_orders(entries, names)]
