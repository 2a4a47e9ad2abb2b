"""Credit runs: dirty orders become allocations, batch by batch, each batch in one transaction.

A tenant's touches are forgotten after a while (see `tenants.retention`), their credit is not: an order whose window
reaches behind what was forgotten goes on from the allocations that it has, and only its new entries are divided.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from math import inf
from operator import itemgetter
from time import monotonic
from typing import TYPE_CHECKING
from uuid import UUID

from skeldir.attribution.definitions import active_versions
from skeldir.attribution.marks import credit_lock, ingest_lock
from skeldir.attribution.models import JourneyTouch, ModelVersion
from skeldir.attribution.splits import (
    Allocation,
    LedgerEntry,
    allocate_order_for_versions,
    earliest_capture,
)
from skeldir.attribution.store import queries
from skeldir.db.locks import try_lock, wait_for_lock
from skeldir.matviews import mark_days
from skeldir.tenants import load_retention

if TYPE_CHECKING:
    import asyncpg

    from skeldir.db.pool import Connection, Database

MARKS_PER_TRANSACTION = 1_000
# Marks are chosen by their random ids, many at once, and then taken by order, because credits lie by order: a
# transaction then writes neighbouring pages, and 100,000 orders cost little more apiece than 10,000.
MARKS_PER_CHOICE = 50 * MARKS_PER_TRANSACTION
_BEFORE_ALL = UUID(int=0)


@dataclass(frozen=True, slots=True)
class CreditReport:
    """What a run did. `is_complete` is False when another worker is crediting the tenant just now, or time was up."""

    orders: int
    allocations: int
    is_complete: bool


@dataclass(frozen=True, slots=True)
class ChannelTotal:
    """What one model gives one channel in one currency, over all days. `conversions` are exact to 10⁻¹²."""

    currency: str
    channel_code: str
    model: str
    credited_cents: int
    conversions: Decimal


@dataclass(frozen=True, slots=True)
class _Order:
    """An order that is being credited: its entries and, once a capture is there, its journey."""

    order_id: str
    entries: list[LedgerEntry]
    capture: LedgerEntry | None
    journey_key: bytes | None


async def credit_dirty_orders(
    database: Database,
    *,
    tenant_id: UUID | None = None,
    progress: Callable[[int], None] | None = None,
    fence: Callable[[Connection], Awaitable[None]] | None = None,
    deadline: float = inf,
) -> CreditReport:
    """Credit every order that is marked now, of one tenant or of all, with all active models.

    Killed at any point it loses nothing and repeats nothing: marks go in the transaction that writes the
    allocations. `progress` is told the number of orders of each finished transaction. `fence` is the last act of
    each; when it raises, that transaction is rolled back. After `deadline` (of `time.monotonic`) none is begun.
    """
    if tenant_id is not None:
        tenants = [tenant_id]
    else:
        async with database.unbound() as connection:
            tenants = [
                row["tenant_id"] for row in await queries.tenants_with_dirty_orders(connection)
            ]
    orders = allocations = 0
    is_complete = True
    for tenant in tenants:
        async for marks in _choose_marks(database, tenant):
            done = None
            if monotonic() < deadline:
                done = await _credit_marks(database, tenant, marks, fence)
            if done is None:
                is_complete = False
                break
            orders += done[0]
            allocations += done[1]
            if progress is not None:
                progress(done[0])
    return CreditReport(orders, allocations, is_complete)


async def _choose_marks(database: Database, tenant_id: UUID) -> AsyncIterator[list[UUID]]:
    """Yield the marks of one transaction after another, until all that were there at first have been.

    Before the first of a choice is yielded, the writers that were under way have ended: whoever wrote a fact
    without seeing the marked orders has committed, and whoever comes later sees them. So the touches read from
    then on are all that count, or leave a new mark.
    """
    after = _BEFORE_ALL
    while True:
        async with database.tenant(tenant_id) as connection:
            rows = await queries.select_marks(
                connection, tenant_id=tenant_id, after=after, most=MARKS_PER_CHOICE
            )
        if not rows:
            return
        await wait_for_writers(database, tenant_id)
        after = rows[-1]["id"]
        marks = [row["id"] for row in sorted(rows, key=itemgetter("order_id"))]
        for start in range(0, len(marks), MARKS_PER_TRANSACTION):
            yield marks[start : start + MARKS_PER_TRANSACTION]
        if len(rows) < MARKS_PER_CHOICE:
            return


async def wait_for_writers(database: Database, tenant_id: UUID) -> None:
    """Return when every transaction that was writing facts of the tenant has ended."""
    async with database.tenant(tenant_id) as connection:
        await wait_for_lock(connection, ingest_lock(tenant_id))


async def _credit_marks(
    database: Database,
    tenant_id: UUID,
    marks: list[UUID],
    fence: Callable[[Connection], Awaitable[None]] | None,
) -> tuple[int, int] | None:
    """Credit the orders of `marks`; None when another worker holds the tenant."""
    async with database.tenant(tenant_id) as connection:
        if not await try_lock(connection, credit_lock(tenant_id)):
            return None
        taken = await queries.take_marks(connection, tenant_id=tenant_id, ids=marks)
        order_ids = [row["order_id"] for row in taken]
        if not order_ids:
            return 0, 0
        versions = await active_versions(connection, tenant_id)
        orders = await _load_orders(connection, tenant_id, order_ids)
        credited = await _allocate(connection, tenant_id, orders, versions)
        await _replace_allocations(connection, tenant_id, order_ids, versions, credited)
        await mark_days(
            connection,
            tenant_id,
            (_utc_date(entry) for order in orders for entry in order.entries),
            sums="revenue",
        )
        if fence is not None:
            await fence(connection)
        return len(order_ids), sum(len(allocations) for _, allocations in credited)


def _utc_date(entry: LedgerEntry) -> date:
    return entry.occurred_at.astimezone(UTC).date()


async def _load_orders(
    connection: Connection, tenant_id: UUID, order_ids: list[str]
) -> list[_Order]:
    entries: dict[str, list[LedgerEntry]] = defaultdict(list)
    journeys: dict[UUID, bytes | None] = {}
    for row in await queries.select_entries(connection, tenant_id=tenant_id, order_ids=order_ids):
        entries[row["order_id"]].append(_entry(row))
        journeys[row["id"]] = row["journey_key"]
    orders = []
    for order_id in order_ids:
        capture = earliest_capture(entries[order_id])
        journey_key = None if capture is None else journeys[capture.entry_id]
        orders.append(_Order(order_id, entries[order_id], capture, journey_key))
    return orders


def _entry(row: asyncpg.Record) -> LedgerEntry:
    return LedgerEntry(
        entry_id=row["id"],
        business_key=row["business_key"],
        occurred_at=row["occurred_at"],
        kind=row["kind"],
        currency=row["currency"],
        amount_cents=row["amount_cents"],
    )


async def _allocate(
    connection: Connection,
    tenant_id: UUID,
    orders: Sequence[_Order],
    versions: Sequence[ModelVersion],
) -> list[tuple[_Order, list[Allocation]]]:
    travelled = [
        order for order in orders if order.capture is not None and order.journey_key is not None
    ]
    touches, previous = await _load_journeys(connection, tenant_id, travelled, versions)
    kept = await _load_kept(connection, tenant_id, orders, versions)
    return [
        (
            order,
            allocate_order_for_versions(
                order.entries,
                touches.get(order.order_id, []),
                versions,
                previous_conversion_at=previous.get(order.order_id),
                kept=kept.get(order.order_id, {}),
            ),
        )
        for order in orders
    ]


async def _load_kept(
    connection: Connection,
    tenant_id: UUID,
    orders: Sequence[_Order],
    versions: Sequence[ModelVersion],
) -> dict[str, dict[str, list[Allocation]]]:
    """Return, by order and model version, the allocations of journeys whose touches may be gone."""
    gone_before = (await load_retention(connection, tenant_id)).touches_forgotten_before
    if gone_before is None:
        return {}
    reaching = {
        (order.order_id, version.model_version)
        for order in orders
        for version in versions
        if order.capture is not None and order.capture.occurred_at - version.lookback < gone_before
    }
    kept: dict[str, dict[str, list[Allocation]]] = defaultdict(lambda: defaultdict(list))
    if reaching:
        for row in await queries.select_kept_allocations(
            connection,
            tenant_id=tenant_id,
            order_ids=[order_id for order_id, _ in reaching],
            model_versions=[model_version for _, model_version in reaching],
        ):
            order_id, *fields = row.values()
            allocation = Allocation(*fields)
            kept[order_id][allocation.model_version].append(allocation)
    return kept


async def _load_journeys(
    connection: Connection,
    tenant_id: UUID,
    orders: Sequence[_Order],
    versions: Sequence[ModelVersion],
) -> tuple[dict[str, list[JourneyTouch]], dict[str, datetime]]:
    keys = [order.journey_key for order in orders]
    moments = [order.capture.occurred_at for order in orders if order.capture is not None]
    touches: dict[str, list[JourneyTouch]] = defaultdict(list)
    for row in await queries.select_touches(
        connection,
        tenant_id=tenant_id,
        journey_keys=keys,
        moments=moments,
        lookback_days=max(version.lookback.days for version in versions),
    ):
        touches[orders[row["place"] - 1].order_id].append(
            JourneyTouch(row["occurred_at"], row["channel_code"], row["idempotency_key"])
        )
    previous: dict[str, datetime] = {}
    if any(version.after_conversion == "reset" for version in versions):
        rows = await queries.select_previous_conversions(
            connection,
            tenant_id=tenant_id,
            order_ids=[order.order_id for order in orders],
            journey_keys=keys,
            moments=moments,
        )
        previous = {orders[row["place"] - 1].order_id: row["occurred_at"] for row in rows}
    return touches, previous


async def _replace_allocations(
    connection: Connection,
    tenant_id: UUID,
    order_ids: list[str],
    versions: Sequence[ModelVersion],
    credited: Sequence[tuple[_Order, list[Allocation]]],
) -> None:
    await queries.delete_allocations(
        connection,
        tenant_id=tenant_id,
        order_ids=order_ids,
        model_versions=[version.model_version for version in versions],
    )
    of_entry = {
        entry.entry_id: (order.order_id, _utc_date(entry), entry.currency)
        for order, _ in credited
        for entry in order.entries
    }
    rows = [allocation for _, allocations in credited for allocation in allocations]
    entries = [of_entry[row.entry_id] for row in rows]
    await queries.insert_allocations(
        connection,
        tenant_id=tenant_id,
        order_ids=[order_id for order_id, _, _ in entries],
        model_versions=[row.model_version for row in rows],
        entry_ids=[row.entry_id for row in rows],
        channel_codes=[row.channel_code for row in rows],
        entry_dates=[day for _, day, _ in entries],
        currencies=[currency for _, _, currency in entries],
        cents=[row.allocated_cents for row in rows],
        parts=[row.conversion_ppt for row in rows],
    )


async def channel_totals(connection: Connection, tenant_id: UUID) -> list[ChannelTotal]:
    """Return what each active model gives each channel of the transaction's tenant, a row a currency."""
    rows = await queries.select_channel_totals(connection, tenant_id=tenant_id)
    return [ChannelTotal(**{**row, "credited_cents": int(row["credited_cents"])}) for row in rows]
