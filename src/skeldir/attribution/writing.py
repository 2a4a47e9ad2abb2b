"""What a credit run writes: allocations in the place of those that were, and the marks that asked for them go."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any
from uuid import UUID

from skeldir.attribution.aside import WRITING_FAULTS, SetAside, set_aside_for
from skeldir.attribution.computing import Outcome, rows_to_insert, utc_date
from skeldir.attribution.marks import credit_lock
from skeldir.attribution.store import queries
from skeldir.db.locks import wait_for_lock
from skeldir.rollups import mark_days

if TYPE_CHECKING:
    from skeldir.attribution.bounds import Bounds
    from skeldir.attribution.models import ModelVersion
    from skeldir.db.pool import Connection, Database

Fence = Callable[["Connection"], Awaitable[None]]


@dataclass(slots=True)
class Written:
    """How many orders a writer has dealt with, with how many allocations, and how many it has set aside."""

    orders: int = 0
    allocations: int = 0
    set_aside: int = 0


@dataclass(slots=True)
class Writer:
    """Writes what was computed from one reading, in one or more transactions.

    `turn` is that of the reading. Each transaction takes the next one, which it can only while nobody else has: what
    another worker wrote after the reading may come from newer facts, and must not be written over. `marks` are those
    of the run by order; they go with the transaction that credits the order. `fence` is its last act.
    """

    database: Database
    tenant_id: UUID
    versions: Sequence[ModelVersion]
    marks: Mapping[str, Sequence[UUID]]
    turn: int
    fence: Fence | None
    bounds: Bounds

    async def write(self, outcomes: Sequence[Outcome]) -> Written | None:
        """Write the outcomes; None when another worker has written credit since the reading.

        An order that the database refuses is found by halving, and set aside; the others are written.
        """
        try:
            return await self._write_together(outcomes)
        except WRITING_FAULTS as fault:
            if len(outcomes) > 1:
                return await self._write_by_halves(outcomes)
            (outcome,) = outcomes
            if outcome.allocations is None:
                raise
            refused = Outcome(outcome.order, None, set_aside_for(fault))
        return await self._write_together([refused])

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
        prepared = await asyncio.to_thread(_Prepared.of, outcomes, self.bounds)
        async with self.database.tenant(self.tenant_id) as connection:
            turn = await self._take_turn(connection)
            if turn is None:
                return None
            written = await self._replace(connection, outcomes, prepared)
            if self.fence is not None:
                await self.fence(connection)
        self.turn = turn
        return written

    async def _take_turn(self, connection: Connection) -> int | None:
        await wait_for_lock(connection, credit_lock(self.tenant_id))
        turn: int | None = await queries.take_turn(
            connection, tenant_id=self.tenant_id, seen=self.turn
        )
        return turn

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

    async def _replace(
        self, connection: Connection, outcomes: Sequence[Outcome], prepared: _Prepared
    ) -> Written:
        """Replace allocations, of the orders whose marks nobody took before the reading."""
        taken = await self._take_marks(connection, prepared.order_ids, prepared.credited)
        if len(taken) < len(outcomes):
            outcomes = [outcome for outcome in outcomes if outcome.order.order_id in taken]
            prepared = _Prepared.of(outcomes, self.bounds)
        replaced = [
            outcome.order.order_id for outcome in outcomes if outcome.allocations is not None
        ]
        if replaced:
            await queries.delete_allocations(
                connection,
                tenant_id=self.tenant_id,
                order_ids=replaced,
                model_versions=[version.model_version for version in self.versions],
            )
        for columns in prepared.statements:
            await queries.insert_allocations(connection, tenant_id=self.tenant_id, **columns)
        await self._note_asides(connection, prepared.asides)
        await mark_days(connection, self.tenant_id, prepared.days, sums="revenue")
        return Written(len(taken), prepared.allocations, len(prepared.asides))

    async def _note_asides(self, connection: Connection, asides: Mapping[str, SetAside]) -> None:
        if asides:
            await queries.set_orders_aside(
                connection,
                tenant_id=self.tenant_id,
                order_ids=list(asides),
                reasons=[aside.reason for aside in asides.values()],
                details=[aside.detail for aside in asides.values()],
            )

    async def leave(
        self, crowded: Sequence[str], too_large: Sequence[str], aside: SetAside
    ) -> Written | None:
        """Let the orders `crowded` wait until the others have been credited, and set those `too_large` aside.

        What those have stays as it is. None when another worker has written credit since the reading.
        """
        async with self.database.tenant(self.tenant_id) as connection:
            turn = await self._take_turn(connection)
            if turn is None:
                return None
            if crowded:
                ids = [mark for order_id in crowded for mark in self.marks[order_id]]
                await queries.defer_marks(connection, tenant_id=self.tenant_id, ids=ids)
            taken: set[str] = set()
            if too_large:
                taken = await self._take_marks(connection, too_large, [])
                await self._note_asides(connection, dict.fromkeys(sorted(taken), aside))
                rows = await queries.select_entry_days(
                    connection, tenant_id=self.tenant_id, order_ids=sorted(taken)
                )
                days = [row["day"] for row in rows]
                await mark_days(connection, self.tenant_id, days, sums="revenue")
            if self.fence is not None:
                await self.fence(connection)
        self.turn = turn
        return Written(len(taken), 0, len(taken))


@dataclass(frozen=True, slots=True)
class _Prepared:
    """What a writing transaction sends, made before it begins."""

    order_ids: list[str]
    credited: list[str]
    asides: dict[str, SetAside]
    statements: list[dict[str, list[Any]]]
    days: set[date]
    allocations: int

    @classmethod
    def of(cls, outcomes: Sequence[Outcome], bounds: Bounds) -> _Prepared:
        asides = {o.order.order_id: o.aside for o in outcomes if o.aside is not None}
        return cls(
            order_ids=[outcome.order.order_id for outcome in outcomes],
            credited=[o.order.order_id for o in outcomes if o.aside is None],
            asides=asides,
            statements=rows_to_insert(outcomes, bounds.rows_of_statement),
            days={
                utc_date(entry.occurred_at)
                for outcome in outcomes
                for entry in outcome.order.entries
            },
            allocations=sum(len(outcome.allocations or ()) for outcome in outcomes),
        )
