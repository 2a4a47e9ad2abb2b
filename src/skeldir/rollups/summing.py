"""The roll-up: revenue and spend are summed anew for the days that got a fact; credit is compared with the ledger."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import date
from time import monotonic
from typing import TYPE_CHECKING, Literal
from uuid import UUID

import asyncpg

from skeldir.db import QueryTooSlow, new_id, try_lock, wait_for_lock
from skeldir.observability import current_correlation_id, work_context
from skeldir.rollups.store import queries

if TYPE_CHECKING:
    from skeldir.db import Connection, Database

logger = logging.getLogger(__name__)

# One transaction recomputes at most this many days of a tenant, so that a first import does not hold one for minutes.
DAYS_PER_TRANSACTION = 100
# Where other tenants wait for their turn, fewer.
DAYS_PER_TURN = 10


async def mark_days(
    connection: Connection,
    tenant_id: UUID,
    days: Iterable[date],
    *,
    sums: Literal["all", "revenue"] = "all",
) -> None:
    """Mark UTC days of the transaction's tenant as changed, in the transaction that changes them.

    `sums`: `revenue` when nothing but ledger entries came.
    """
    distinct = sorted(set(days))
    if distinct:
        await queries.mark_days(connection, tenant_id=tenant_id, days=distinct, sums=sums)


async def mark_all_revenue(connection: Connection, tenant_id: UUID) -> None:
    """Mark every day of the transaction's tenant that has revenue, and make its totals those of its days as they are.

    Totals change by what the days were and are, so whatever was wrong, in totals or days, is right after the roll-up.
    """
    await wait_for_lock(connection, rollup_lock(tenant_id))
    await queries.mark_revenue_days(connection, tenant_id=tenant_id)
    await queries.delete_revenue_totals(connection, tenant_id=tenant_id)
    await queries.insert_revenue_totals(connection, tenant_id=tenant_id)


async def has_dirty_days(connection: Connection) -> bool:
    """Say whether some day of some tenant waits to be rolled up, as far as the connection's snapshot shows."""
    found: bool = await queries.has_dirty_days(connection)
    return found


async def roll_up_dirty_days(
    database: Database,
    *,
    tenant_id: UUID | None = None,
    progress: Callable[[int], None] | None = None,
) -> int:
    """Bring the rollups of every day that is marked now up to date, of one tenant or of all; return how many that were.

    Facts and their mark commit together, so a mark that can be seen has its facts visible; what is written
    meanwhile leaves a mark of its own. `progress` is told the number of days of each finished transaction.
    A tenant with a sum that no bigint holds keeps its marks, and the log names it; the others go on.
    """
    told = progress or (lambda _days: None)
    total = 0
    for tenant in await _list_dirty_tenants(database) if tenant_id is None else [tenant_id]:
        with _surviving(tenant, asyncpg.NumericValueOutOfRangeError):
            total += await _roll_up_tenant(database, tenant, told)
    return total


async def roll_up_in_turn(database: Database, *, deadline: float) -> bool:
    """Bring the rollups of all tenants up to date, a few days of each in turn: none holds up the others for long.

    A tenant whose days somebody else is rolling up, whose sums no bigint holds, or whose statements fail keeps its
    marks and is skipped; the log names it. After `deadline` (of `time.monotonic`) no second round is begun. Returns
    whether nothing was left to do.
    """
    tenants = await _list_dirty_tenants(database)
    is_complete = True
    while tenants:
        left = []
        for tenant in tenants:
            days = None
            with _surviving(tenant, asyncpg.PostgresError, QueryTooSlow):
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
    """Bring the rollups of a tenant up to date, and `finish` in the transaction of the last days.

    Where somebody else is rolling them up, nothing but that is done: what is left keeps its marks.
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
def _surviving(tenant_id: UUID, *faults: type[Exception]) -> Iterator[None]:
    """Log a fault of one tenant, in its name, and go on with the next."""
    with work_context(current_correlation_id() or new_id(), tenant_id):
        try:
            yield
        except faults as error:
            is_sum = isinstance(error, asyncpg.NumericValueOutOfRangeError)
            event = "rollups.overflowed" if is_sum else "rollups.failed"
            logger.error("%s %s", event, error)  # noqa: TRY400 - where it was raised tells nothing


async def _roll_up_tenant(
    database: Database, tenant_id: UUID, progress: Callable[[int], None]
) -> int:
    total, days = 0, DAYS_PER_TRANSACTION
    # One that took fewer took all there were; those of facts that come meanwhile are for the next time.
    while days == DAYS_PER_TRANSACTION:
        async with database.tenant(tenant_id, locked=rollup_lock(tenant_id)) as connection:
            days = await _roll_up_some(connection, tenant_id, most=DAYS_PER_TRANSACTION)
        total += days
        progress(days)
    return total


async def _roll_up_unless_locked(connection: Connection, tenant_id: UUID) -> int | None:
    """Roll up a turn's days of a tenant; return how many, or None when somebody else is rolling them up."""
    if not await try_lock(connection, rollup_lock(tenant_id)):
        return None
    return await _roll_up_some(connection, tenant_id, most=DAYS_PER_TURN)


async def _roll_up_some(connection: Connection, tenant_id: UUID, *, most: int) -> int:
    """Roll up some days of a tenant, at most `most`, whose lock is held; return how many."""
    rows = await queries.take_dirty_days(connection, tenant_id=tenant_id, most=most)
    if rows:
        with_revenue = [row["day"] for row in rows if row["has_revenue"]]
        if with_revenue:
            await queries.delete_revenue_days(connection, tenant_id=tenant_id, days=with_revenue)
            await queries.insert_revenue_days(connection, tenant_id=tenant_id, days=with_revenue)
        with_spend = [row["day"] for row in rows if row["has_spend"]]
        if with_spend:
            await queries.sum_spend(connection, tenant_id=tenant_id, days=with_spend)
        # The sums of the ledger stand beside those of the credit.
        days = [row["day"] for row in rows]
        await queries.delete_allocation_days(connection, tenant_id=tenant_id, days=days)
        await queries.insert_allocation_days(connection, tenant_id=tenant_id, days=days)
        await queries.note_rollup_change(connection)
    return len(rows)


def rollup_lock(tenant_id: UUID) -> str:
    """Return the name of the lock under which a tenant's days are rolled up."""
    return f"rollup:{tenant_id}"
