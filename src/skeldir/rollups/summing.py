"""The roll-up: sums revenue and spend again for the days with new facts, and compares credit with the ledger."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from time import monotonic
from typing import TYPE_CHECKING, Literal
from uuid import UUID

import asyncpg

from skeldir.db import NodeUnreachable, QueryTooSlow, new_id, try_lock, wait_for_lock
from skeldir.jobs import note_waiting
from skeldir.observability import current_correlation_id, work_context
from skeldir.rollups.store import queries
from skeldir.rollups.waiting import review_waiting, rollup_lock

if TYPE_CHECKING:
    from skeldir.db import Connection, Database

logger = logging.getLogger(__name__)

# One transaction sums at most this many days of a tenant, so that it does not take minutes after a first import.
DAYS_PER_TRANSACTION = 100
# The same limit where other tenants wait for their turn.
DAYS_PER_TURN = 10


async def mark_days(
    connection: Connection,
    tenant_id: UUID,
    days: Iterable[date],
    *,
    sums: Literal["all", "revenue"] = "all",
    is_noted: bool = False,
) -> None:
    """Mark days of the transaction's tenant as changed, in the transaction that changes them.

    `sums`: `revenue` when only ledger entries were added. The transaction holds one of the tenant's locks (see
    `review_waiting`). `is_noted`: it lists the tenant as one that waits for its days itself.
    """
    distinct = sorted(set(days))
    if distinct:
        await queries.mark_days(connection, tenant_id=tenant_id, days=distinct, sums=sums)
        if not is_noted:
            await note_waiting(connection, tenant_id, "days")


async def mark_days_of_orders(
    connection: Connection, tenant_id: UUID, order_ids: Sequence[str], *, is_noted: bool = False
) -> None:
    """Mark every day on which one of the orders has an entry, so that its revenue is summed again.

    The transaction holds one of the tenant's locks; `is_noted` as for `mark_days`.
    """
    marks = await queries.mark_days_of_orders(connection, tenant_id=tenant_id, order_ids=order_ids)
    if marks and not is_noted:
        await note_waiting(connection, tenant_id, "days")


async def settle_totals(connection: Connection, tenant_id: UUID) -> None:
    """Take out of the totals over all days what is left of entries that were taken back."""
    if await queries.has_reversals(connection, tenant_id=tenant_id):
        await queries.delete_ended_totals(connection, tenant_id=tenant_id)
        await queries.settle_latest_entries(connection, tenant_id=tenant_id)


async def mark_all_revenue(connection: Connection, tenant_id: UUID) -> None:
    """Mark every day of the transaction's tenant that has revenue, and set its totals to the sums of its current days.

    A roll-up changes the totals by the difference between a day's old and new sums, so afterwards both totals and days
    are correct, whatever was wrong before.
    """
    await wait_for_lock(connection, rollup_lock(tenant_id))
    await queries.mark_revenue_days(connection, tenant_id=tenant_id)
    await note_waiting(connection, tenant_id, "days")
    await queries.delete_revenue_totals(connection, tenant_id=tenant_id)
    await queries.insert_revenue_totals(connection, tenant_id=tenant_id)


async def has_dirty_days(connection: Connection) -> bool:
    """Return whether a day of some tenant may wait to be rolled up, in the connection's snapshot; False is certain."""
    return await queries.has_dirty_days(connection)


async def roll_up_dirty_days(
    database: Database,
    *,
    tenant_id: UUID | None = None,
    progress: Callable[[int], None] | None = None,
) -> int:
    """Roll up every day that is marked now, of one tenant or of all; return the number of days.

    Facts and their marks commit together, so the facts of a visible mark are visible; facts that are written during the
    roll-up leave marks of their own. `progress` is called with the number of days of each finished transaction.
    A tenant with a sum that does not fit in a bigint is logged and keeps its marks, and so is one of many whose node is
    away; the others are rolled up.

    Raises:
        NodeUnreachable: the node of the given tenant is away.
    """
    report = progress or (lambda _days: None)
    passed_over = (NodeUnreachable,) if tenant_id is None else ()
    total = 0
    for tenant in await _list_dirty_tenants(database) if tenant_id is None else [tenant_id]:
        with _logging_errors(tenant, asyncpg.NumericValueOutOfRangeError, *passed_over):
            total += await _roll_up_tenant(database, tenant, report)
    return total


async def roll_up_in_turn(database: Database, *, deadline: float) -> bool:
    """Roll up the dirty days of all tenants, a few days of each in turn, so that none delays the others for long.

    A tenant is skipped and keeps its marks if its days are being rolled up elsewhere. The same holds, with a line in
    the log, if a sum does not fit in a bigint or a statement fails. After `deadline` (of `time.monotonic`) no further
    round is begun. Returns whether nothing is left to do.
    """
    tenants = await _list_dirty_tenants(database)
    is_complete = True
    while tenants:
        left = []
        for tenant in tenants:
            days = None
            with _logging_errors(tenant, asyncpg.PostgresError, NodeUnreachable, QueryTooSlow):
                async with database.tenant(tenant) as connection:
                    days = await _roll_up_unless_locked(connection, tenant)
            if days == DAYS_PER_TURN:
                left.append(tenant)
            is_complete = is_complete and days is not None
        if left and monotonic() >= deadline:
            return False
        tenants = left
    return is_complete


async def roll_up_unless_busy(
    database: Database, tenant_id: UUID, *, finish: Callable[[Connection], Awaitable[None]]
) -> None:
    """Roll up the dirty days of a tenant, and call `finish` in the transaction of the last ones.

    If they are being rolled up elsewhere, only `finish` is called, and the days keep their marks.
    """
    days: int | None = DAYS_PER_TURN
    while days == DAYS_PER_TURN:
        async with database.tenant(tenant_id) as connection:
            days = await _roll_up_unless_locked(connection, tenant_id)
            if days != DAYS_PER_TURN:
                await finish(connection)


async def _list_dirty_tenants(database: Database) -> list[UUID]:
    async with database.unbound() as connection:
        rows = await queries.tenants_with_dirty_days(connection)
    return [row["tenant_id"] for row in rows]


@contextmanager
def _logging_errors(tenant_id: UUID, *faults: type[Exception]) -> Iterator[None]:
    """Log these errors with the tenant's id and suppress them, so that the next tenant is served."""
    with work_context(current_correlation_id() or new_id(), tenant_id):
        try:
            yield
        except faults as error:
            is_sum = isinstance(error, asyncpg.NumericValueOutOfRangeError)
            event = "rollups.overflowed" if is_sum else "rollups.failed"
            logger.error("%s %s", event, error)  # noqa: TRY400 - the traceback adds nothing


async def _roll_up_tenant(
    database: Database, tenant_id: UUID, progress: Callable[[int], None]
) -> int:
    total, days = 0, DAYS_PER_TRANSACTION
    # A transaction that took fewer days took all; days that are marked during the roll-up are left for the next one.
    while days == DAYS_PER_TRANSACTION:
        async with database.tenant(tenant_id, locked=rollup_lock(tenant_id)) as connection:
            days = await _roll_up_some(connection, tenant_id, most=DAYS_PER_TRANSACTION)
        total += days
        progress(days)
    return total


async def _roll_up_unless_locked(connection: Connection, tenant_id: UUID) -> int | None:
    """Roll up a turn's days of a tenant; return their number, or None when they are being rolled up elsewhere."""
    if not await try_lock(connection, rollup_lock(tenant_id)):
        return None
    return await _roll_up_some(connection, tenant_id, most=DAYS_PER_TURN)


async def _roll_up_some(connection: Connection, tenant_id: UUID, *, most: int) -> int:
    """Roll up at most `most` days of a tenant, whose lock the caller holds; return their number.

    After the last ones, the tenant no longer waits for its days, nor for credit if no order is marked.
    """
    rows = await queries.take_dirty_days(connection, tenant_id=tenant_id, most=most)
    if rows:
        with_revenue = [row["day"] for row in rows if row["has_revenue"]]
        if with_revenue:
            await queries.delete_revenue_days(connection, tenant_id=tenant_id, days=with_revenue)
            await queries.insert_revenue_days(connection, tenant_id=tenant_id, days=with_revenue)
            await settle_totals(connection, tenant_id)
        with_spend = [row["day"] for row in rows if row["has_spend"]]
        if with_spend:
            await queries.sum_spend(connection, tenant_id=tenant_id, days=with_spend)
        # These rows compare the ledger with the credit, so they change with either.
        days = [row["day"] for row in rows]
        await queries.delete_allocation_days(connection, tenant_id=tenant_id, days=days)
        await queries.insert_allocation_days(connection, tenant_id=tenant_id, days=days)
        await queries.note_rollup_change(connection)
    if len(rows) < most:
        await review_waiting(connection, tenant_id)
    return len(rows)


async def note_change_of_views(connection: Connection) -> None:
    """Note that the transaction changes what a canonical view shows, so that the views are refreshed."""
    await queries.note_rollup_change(connection)
