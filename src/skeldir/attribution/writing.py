"""What a credit run writes: journeys, and their changes of the sums; the marks of their orders are deleted."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from itertools import accumulate
from operator import attrgetter
from typing import TYPE_CHECKING
from uuid import UUID

from skeldir.attribution.aside import (
    COMPUTING_FAULTS,
    WRITING_FAULTS,
    SetAside,
    set_aside_for,
)
from skeldir.attribution.changes import Changes, find_changes
from skeldir.attribution.computing import Outcome, kept_rows
from skeldir.attribution.packing import LARGEST_CHANNEL_NUMBER, first_capture_of, moment_to_us
from skeldir.attribution.renewals import write_renewals
from skeldir.attribution.store import queries
from skeldir.db import pack_column
from skeldir.rollups import add_credit, credit_lock, mark_days, mark_days_of_orders

if TYPE_CHECKING:
    from skeldir.attribution.bounds import Bounds
    from skeldir.attribution.evaluating import Sums
    from skeldir.attribution.orders import Reading
    from skeldir.attribution.packing import PackedOrder
    from skeldir.db import Connection, Database

Fence = Callable[["Connection"], Awaitable[None]]

# Up to this many orders are summed up on the event loop: a thread would cost more.
_FEW_ORDERS = 10
_order_id_of = attrgetter("order_id")
_US_OF_2000 = moment_to_us(datetime(2000, 1, 1, tzinfo=UTC))


@dataclass(slots=True)
class Written:
    """How many orders a writer has processed, with how many allocations, and how many it has set aside."""

    orders: int = 0
    allocations: int = 0
    set_aside: int = 0


class Uncreditable(Exception):
    """The credit of some order cannot be computed."""

    def __init__(self, fault: Exception) -> None:
        super().__init__(str(fault))
        self.fault = fault


@dataclass(slots=True)
class Writer:
    """Writes what was computed from one reading, in one or more transactions.

    `turn` is that of the reading. Each transaction takes the next turn, which succeeds only if no other worker has
    taken it: what another worker wrote after the reading may come from newer facts, and must not be overwritten.
    `marks` are those of the run, by order; the transaction that credits an order deletes them. `fence` is awaited last
    in each transaction.
    """

    database: Database
    tenant_id: UUID
    reading: Reading
    marks: Mapping[str, Sequence[UUID]]
    fence: Fence | None
    bounds: Bounds
    turn: int = field(init=False)

    def __post_init__(self) -> None:
        self.turn = self.reading.turn

    async def write(self, outcomes: Sequence[Outcome]) -> Written | None:
        """Write the outcomes; None when another worker has written credit since the reading.

        An order that cannot be credited, or whose credit the database rejects, is found by bisection and set aside; the
        others are written.
        """
        try:
            return await self._write_together(outcomes)
        except (Uncreditable, *WRITING_FAULTS) as fault:
            if len(outcomes) > 1:
                return await self._write_by_halves(outcomes)
            (outcome,) = outcomes
            if outcome.keeps_credit:
                raise
            set_aside = set_aside_for(fault.fault if isinstance(fault, Uncreditable) else fault)
        return await self._write_together([Outcome(outcome.order, set_aside=set_aside)])

    async def _write_by_halves(self, outcomes: Sequence[Outcome]) -> Written | None:
        half = len(outcomes) // 2
        total = Written()
        for part in (outcomes[:half], outcomes[half:]):
            written = await self.write(part)
            if written is None:
                return None
            total.orders += written.orders
            total.allocations += written.allocations
            total.set_aside += written.set_aside
        return total

    async def _write_together(self, outcomes: Sequence[Outcome]) -> Written | None:
        prepared = await self._prepare(outcomes)
        async with self._begin() as connection:
            turn = await self._take_turn(connection)
            if turn is None:
                return None
            taken = await self._take_marks(connection, prepared.order_ids, prepared.credited)
            if len(taken) < len(outcomes):
                left = [outcome for outcome in outcomes if outcome.order.order_id in taken]
                prepared = await self._prepare(left)
            await self._replace(connection, prepared, turn)
            if self.fence is not None:
                await self.fence(connection)
        self.turn = turn
        return Written(len(taken), prepared.changes.allocations, len(prepared.set_aside))

    async def _prepare(self, outcomes: Sequence[Outcome]) -> _Prepared:
        try:
            if len(outcomes) <= _FEW_ORDERS:
                return _Prepared.of(outcomes, self.reading)
            return await asyncio.to_thread(_Prepared.of, outcomes, self.reading)
        except COMPUTING_FAULTS as fault:
            raise Uncreditable(fault) from fault

    def _begin(self) -> AbstractAsyncContextManager[Connection]:
        return self.database.tenant(self.tenant_id, locked=credit_lock(self.tenant_id))

    async def _take_turn(self, connection: Connection) -> int | None:
        return await queries.take_turn(connection, tenant_id=self.tenant_id, seen=self.turn)

    async def _take_marks(
        self, connection: Connection, order_ids: Sequence[str], credited: Sequence[str]
    ) -> set[str]:
        taken = await queries.take_marks(
            connection,
            tenant_id=self.tenant_id,
            ids=[mark for order_id in order_ids for mark in self.marks[order_id]],
            credited=credited,
        )
        return {row["order_id"] for row in taken}

    async def _replace(self, connection: Connection, prepared: _Prepared, turn: int) -> None:
        """Replace the orders' journeys, and add the changes to the sums."""
        tenant_id = self.tenant_id
        if prepared.journeys:
            await _put_journeys(connection, tenant_id, self.reading.generation, prepared.journeys)
        if prepared.withdrawn:
            await queries.delete_journeys(
                connection, tenant_id=tenant_id, order_ids=prepared.withdrawn
            )
        if prepared.were_kept:
            kept = {outcome.order.order_id for outcome in prepared.kept}
            await queries.delete_kept(
                connection,
                tenant_id=tenant_id,
                packed=[name for name in prepared.were_kept if name not in kept],
                kept=sorted(kept),
                model_versions=[v.version.model_version for v in self.reading.versions],
            )
        rows = kept_rows(prepared.kept, self.reading.days)
        for start in range(0, len(rows), self.bounds.rows_of_statement):
            page = rows[start : start + self.bounds.rows_of_statement]
            await queries.insert_kept(
                connection,
                tenant_id=tenant_id,
                generation=self.reading.generation,
                order_ids=[row.order_id for row in page],
                model_versions=[row.model_version for row in page],
                entry_ids=[row.entry_id for row in page],
                channel_codes=[row.channel_code for row in page],
                entry_dates=[row.entry_date for row in page],
                currencies=[row.currency for row in page],
                cents=[row.allocated_cents for row in page],
                parts=[row.conversion_ppt for row in page],
            )
        await self._set_orders_aside(connection, prepared.set_aside)
        await mark_days(connection, tenant_id, prepared.days_of_entries, sums="revenue")
        changes = prepared.changes
        await write_changes(connection, tenant_id, turn, changes.sums)
        await write_renewals(
            connection,
            tenant_id,
            turn,
            changes.renewals,
            counted=changes.counted,
            uncounted=changes.uncounted,
        )

    async def _set_orders_aside(
        self, connection: Connection, set_aside: Mapping[str, SetAside]
    ) -> None:
        if set_aside:
            await queries.set_orders_aside(
                connection,
                tenant_id=self.tenant_id,
                order_ids=list(set_aside),
                reasons=[one.reason for one in set_aside.values()],
                details=[one.detail for one in set_aside.values()],
            )

    async def leave(
        self, crowded: Sequence[str], too_large: Sequence[str], aside: SetAside
    ) -> Written | None:
        """Defer the orders `crowded` until the others have been credited, and set the orders `too_large` aside.

        The latter keep the credit they have. None when another worker has written credit since the reading.
        """
        async with self._begin() as connection:
            turn = await self._take_turn(connection)
            if turn is None:
                return None
            if crowded:
                ids = [mark for order_id in crowded for mark in self.marks[order_id]]
                await queries.defer_marks(connection, tenant_id=self.tenant_id, ids=ids)
            taken: set[str] = set()
            if too_large:
                taken = await self._take_marks(connection, too_large, [])
                await self._set_orders_aside(connection, dict.fromkeys(sorted(taken), aside))
                await mark_days_of_orders(connection, self.tenant_id, sorted(taken))
            if self.fence is not None:
                await self.fence(connection)
        self.turn = turn
        return Written(len(taken), 0, len(taken))


async def number_channels(database: Database, tenant_id: UUID, reading: Reading) -> None:
    """Assign numbers to the channels of the reading's journeys that have none yet. Numbers never change."""
    codes = reading.channels_met()
    if codes <= reading.numbers.keys():
        return
    async with database.tenant(tenant_id, locked=credit_lock(tenant_id)) as connection:
        rows = await queries.select_channel_numbers(connection, tenant_id=tenant_id)
        known = {row["channel_code"] for row in rows}
        # If no number is left, the orders of the channel are set aside, and the others are credited.
        left = LARGEST_CHANNEL_NUMBER + 1 - len(known)
        rows += await queries.number_channels(
            connection, tenant_id=tenant_id, codes=sorted(codes - known)[:left]
        )
    reading.numbers = {row["channel_code"]: row["number"] for row in rows}


async def write_changes(connection: Connection, tenant_id: UUID, turn: int, changes: Sums) -> None:
    """Add changes to the sums of credit and to the journal; does nothing without changes."""
    if changes:
        await add_credit(connection, tenant_id, turn, changes)


async def _put_journeys(
    connection: Connection, tenant_id: UUID, generation: int, journeys: Sequence[PackedOrder]
) -> None:
    """Write journeys sorted by order id, so that the statement writes neighbouring pages."""
    in_order = sorted(journeys, key=_order_id_of)
    path_ends = [0, *accumulate(len(journey.path) for journey in in_order)]
    entries_ends = [0, *accumulate(len(journey.entries) for journey in in_order)]
    columns: dict[str, Iterable[str | int | None]] = {
        "order_ids": (journey.order_id for journey in in_order),
        "converted": (moment_to_us(j.converted_at) - _US_OF_2000 for j in in_order),
        "previous_ages": (journey.previous_age for journey in in_order),
        "reaches": (journey.reach for journey in in_order),
        "path_starts": path_ends[:-1],
        "path_ends": path_ends[1:],
        "entries_starts": entries_ends[:-1],
        "entries_ends": entries_ends[1:],
    }
    texts = {
        name: pack_column(None if value is None else str(value) for value in values)
        for name, values in columns.items()
    }
    await queries.put_journeys(
        connection,
        tenant_id=tenant_id,
        generation=generation,
        paths=b"".join(journey.path for journey in in_order),
        entries=b"".join(journey.entries for journey in in_order),
        **texts,
    )


@dataclass(frozen=True, slots=True)
class _Prepared:
    """What a writing transaction sends, prepared before it begins."""

    order_ids: list[str]
    credited: list[str]
    set_aside: dict[str, SetAside]
    journeys: list[PackedOrder]
    kept: list[Outcome]
    withdrawn: list[str]
    """Orders whose stored journeys are deleted."""
    were_kept: list[str]
    """Orders whose kept allocations are deleted or replaced."""
    days_of_entries: list[date]
    """Days whose revenue must be summed again, because an order's first capture has changed."""
    changes: Changes

    @classmethod
    def of(cls, outcomes: Sequence[Outcome], reading: Reading) -> _Prepared:
        changing = [outcome for outcome in outcomes if not outcome.keeps_credit]
        return cls(
            order_ids=[outcome.order.order_id for outcome in outcomes],
            credited=[o.order.order_id for o in outcomes if o.set_aside is None],
            set_aside={o.order.order_id: o.set_aside for o in outcomes if o.set_aside is not None},
            journeys=[o.journey for o in changing if o.journey is not None],
            kept=[outcome for outcome in changing if outcome.kept is not None],
            withdrawn=[o.order.order_id for o in changing if o.is_withdrawn],
            were_kept=[o.order.order_id for o in changing if o.was_kept is not None],
            days_of_entries=[
                reading.days.day_of(entry.occurred_at)
                for outcome in outcomes
                if _has_new_first_capture(outcome)
                for entry in outcome.order.entries
            ],
            changes=find_changes(changing, reading),
        )


def _has_new_first_capture(outcome: Outcome) -> bool:
    """Return whether the days of the order's other entries may show a state that the capture has changed.

    A transaction that posts an entry marks the days of the entries that it sees. Two overlapping transactions do not
    see each other's entries, so if the days were summed between their commits, nothing else marks them again.
    """
    order = outcome.order
    if order.capture is None or len(order.entries) == 1:
        return False
    if outcome.stored is None:
        return True
    return first_capture_of(outcome.stored.entries) != order.capture.entry_id
