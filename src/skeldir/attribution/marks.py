"""Marks orders for credit and enqueues a job for them, in the transaction of the fact that makes it necessary.

Such a transaction shares the tenant's `ingest_lock`, or holds it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, TypeAlias
from uuid import UUID

from skeldir.attribution.kinds import CREDIT
from skeldir.attribution.store import queries
from skeldir.db import plan_for_each_list
from skeldir.jobs import enqueue

if TYPE_CHECKING:
    from skeldir.attribution.store import (
        SelectDirtyJourneyRow,
        SelectOrdersAfterCapturesRow,
        SelectOrdersReachedByTouchesRow,
    )
    from skeldir.db import Connection

Reached: TypeAlias = "SelectOrdersReachedByTouchesRow | SelectOrdersAfterCapturesRow"
"""An order in a journey that new facts reach; without an order, a journey with more of them than are marked singly."""

DEFAULT_LOOKBACK_DAYS = 30
# A fact that affects more orders of a journey than this marks the journey, in one row, instead of each order. A person
# has fewer orders within a lookback. A key that many visitors share may have any number, all marked by each touch.
MOST_ORDERS_MARKED = 20


async def mark_orders_reached_by_touches(
    connection: Connection, tenant_id: UUID, touches: Sequence[tuple[bytes, datetime]]
) -> None:
    """Mark the orders whose credit new touches can change by any version, past or present.

    Each touch is (journey key hash, moment). At most MOST_ORDERS_MARKED rows per journey are written; for a journey
    with more orders in reach, a single row.
    """
    if not touches:
        return
    await plan_for_each_list(connection, len(touches))
    reached = await queries.select_orders_reached_by_touches(
        connection,
        tenant_id=tenant_id,
        journey_keys=[key for key, _ in touches],
        moments=[moment for _, moment in touches],
        default_days=DEFAULT_LOOKBACK_DAYS,
        most=MOST_ORDERS_MARKED,
    )
    if reached:
        await _mark_reached(connection, tenant_id, reached)
        await enqueue(connection, tenant_id, CREDIT, waits_for=("credit",))


async def mark_orders_of_conversions(
    connection: Connection, tenant_id: UUID, order_ids: Sequence[str]
) -> None:
    """Mark orders with new entries, and the orders whose journeys a new capture may cut.

    The tenant is listed for their days, too, which were marked with the entries.
    """
    if not order_ids:
        return
    await queries.mark_orders(connection, tenant_id=tenant_id, order_ids=list(order_ids))
    await enqueue(connection, tenant_id, CREDIT, waits_for=("credit", "days"))
    reach = await queries.select_reach_of_marks(connection, tenant_id=tenant_id)
    if reach["resets"]:
        await plan_for_each_list(connection, len(order_ids))
        reached = await queries.select_orders_after_captures(
            connection,
            tenant_id=tenant_id,
            order_ids=list(order_ids),
            lookback_days=reach["lookback_days"],
            most=MOST_ORDERS_MARKED,
        )
        await _mark_reached(connection, tenant_id, reached)


async def _mark_reached(
    connection: Connection, tenant_id: UUID, reached: Sequence[Reached]
) -> None:
    """Mark the orders that were found, and the journeys with too many of them.

    A statement of its own: what one part of a statement inserts from another part, Citus sends to all nodes.
    """
    orders = sorted({row["order_id"] for row in reached if row["order_id"] is not None})
    crowded = [row for row in reached if row["order_id"] is None]
    if orders:
        await queries.mark_orders(connection, tenant_id=tenant_id, order_ids=orders)
    if crowded:
        await queries.mark_journeys(
            connection,
            tenant_id=tenant_id,
            journey_keys=[row["journey_key"] for row in crowded],
            first_moments=[row["first_moment"] for row in crowded],
            last_moments=[row["last_moment"] for row in crowded],
        )


async def mark_page(
    connection: Connection,
    tenant_id: UUID,
    journey: SelectDirtyJourneyRow,
    *,
    marked_at: datetime,
    most: int,
) -> None:
    """Mark the orders of the journey's next `most` captures, and of those at the moment of the last, as deferred.

    If there are more, the journey is marked again for the time after them. All keep `marked_at`.
    """
    page = await queries.select_page_of_journey(
        connection,
        tenant_id=tenant_id,
        journey_key=journey["journey_key"],
        first_moment=journey["first_moment"],
        last_moment=journey["last_moment"],
        most=most,
    )
    if page["moment"] is None:
        return
    await queries.mark_page_of_journey(
        connection,
        tenant_id=tenant_id,
        journey_key=journey["journey_key"],
        first_moment=journey["first_moment"],
        last_moment=page["moment"],
        marked_at=marked_at,
    )
    if page["captures"] == most and page["moment"] < journey["last_moment"]:
        await queries.mark_rest_of_journey(
            connection,
            tenant_id=tenant_id,
            journey_key=journey["journey_key"],
            page_moment=page["moment"],
            last_moment=journey["last_moment"],
            marked_at=marked_at,
        )


async def mark_all_orders(connection: Connection, tenant_id: UUID) -> None:
    """Mark every order of the transaction's tenant for credit."""
    if await queries.mark_all_orders(connection, tenant_id=tenant_id):
        await enqueue(connection, tenant_id, CREDIT, waits_for=("credit",))


async def count_dirty_orders(connection: Connection, tenant_id: UUID) -> int:
    """Return how many orders of the transaction's tenant wait to be credited."""
    return await queries.count_dirty_orders(connection, tenant_id=tenant_id)


async def longest_lookback(connection: Connection, tenant_id: UUID) -> int:
    """Return the longest active lookback in days, or the default one for a tenant that has no models yet."""
    models = await queries.select_active_models(connection, tenant_id=tenant_id)
    return max((model["lookback_days"] for model in models), default=DEFAULT_LOOKBACK_DAYS)
