"""Restatements: the stored journeys are credited by the models that are in force now, page by page, from no fact.

Nothing is written of an order that is credited so: a restatement says which orders it has come past. What a stored
journey does not say, such as touches of a longer lookback, is read from the facts, as for any order that is marked.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

from skeldir.attribution.aside import COMPUTING_FAULTS
from skeldir.attribution.evaluating import Channels, Sums, VersionInForce, sum_credit
from skeldir.attribution.marks import credit_lock
from skeldir.attribution.orders import Reading, Restatement, make_stored, says_enough
from skeldir.attribution.packing import TOUCH_BYTES, PackedOrder
from skeldir.attribution.reading import begin_reading, hold_credit
from skeldir.attribution.store import queries
from skeldir.attribution.writing import Fence, Uncreditable, write_changes

if TYPE_CHECKING:
    from skeldir.attribution.bounds import Bounds
    from skeldir.db import Connection, Database


@dataclass(frozen=True, slots=True)
class Restated:
    """What a page came to: how many orders were credited, with how many allocations, and whether there is more."""

    orders: int
    allocations: int
    is_last: bool


async def restate_page(
    database: Database,
    tenant_id: UUID,
    bounds: Bounds,
    fence: Fence | None,
    *,
    most: int,
    does_wait: bool,
) -> Restated | None:
    """Credit `most` of the tenant's stored journeys by the models of the first change that is not through with them.

    With 0 the next one is left to be credited from its facts. None when another worker is writing credit. Without
    such a change nothing is done, and it was the last page.

    Raises:
        Uncreditable: the credit of some order cannot be worked out; and `WRITING_FAULTS`: the database refuses it.
    """
    async with database.tenant(tenant_id, is_read_only=True) as connection:
        if not await hold_credit(connection, tenant_id, does_wait=does_wait):
            return None
        reading, _ = await begin_reading(connection, tenant_id)
        open_ones = [r for r in reading.restatements if r.after_order_id is not None]
        if not open_ones:
            return Restated(0, 0, is_last=True)
        restatement = open_ones[0]
        rows = await queries.select_journeys_after(
            connection,
            tenant_id=tenant_id,
            after=restatement.after_order_id,
            longest=TOUCH_BYTES * bounds.touches_of_light_journey,
            most=max(1, most),
        )
    try:
        page = await asyncio.to_thread(_Page.of, rows, reading, restatement, leaves_all=most == 0)
    except COMPUTING_FAULTS as fault:
        raise Uncreditable(fault) from fault
    is_through = len(rows) < max(1, most)
    async with database.tenant(tenant_id, locked=credit_lock(tenant_id)) as connection:
        turn = await queries.take_turn(connection, tenant_id=tenant_id, seen=reading.turn)
        if turn is None:
            return None
        after = None if is_through else rows[-1]["order_id"]
        await page.write(connection, tenant_id, turn, restatement.generation, after)
        if fence is not None:
            await fence(connection)
    allocations = sum(count for _, _, count in page.changes.values())
    return Restated(page.orders, allocations, is_through and len(open_ones) == 1)


@dataclass(frozen=True, slots=True)
class _Page:
    """A page's changes of the sums, of how many orders, and the generations of those left, which need their facts."""

    changes: Sums
    orders: int
    left: dict[str, int]

    async def write(
        self,
        connection: Connection,
        tenant_id: UUID,
        turn: int,
        generation: int,
        after: str | None,
    ) -> None:
        """Write what the page changes, and that the restatement has come past the orders up to `after`, or past all."""
        if self.left:
            await queries.pin_generations(
                connection,
                tenant_id=tenant_id,
                order_ids=list(self.left),
                generations=list(self.left.values()),
            )
        await write_changes(connection, tenant_id, turn, self.changes)
        await queries.note_restatement(
            connection, tenant_id=tenant_id, generation=generation, after=after
        )

    @classmethod
    def of(
        cls,
        rows: Sequence[Any],
        reading: Reading,
        restatement: Restatement,
        *,
        leaves_all: bool,
    ) -> _Page:
        long = {row["order_id"] for row in rows if row["path"] is None}
        waiting = [row for row in rows if 0 <= row["generation"] < restatement.generation]
        by_generation: dict[int, list[PackedOrder]] = defaultdict(list)
        left: dict[str, int] = {}
        for name, journey in make_stored(waiting, reading.restatements).items():
            if journey.generation >= restatement.generation:
                continue
            is_enough = says_enough(journey, reading.lookback, is_cutting=reading.is_cutting)
            if leaves_all or name in long or not is_enough:
                left[name] = journey.generation
            else:
                by_generation[journey.generation].append(journey)
        channels = Channels(reading.numbers)
        changes: Sums = {}
        for generation, journeys in by_generation.items():
            new = [
                VersionInForce(v.version, 0)
                for v in reading.versions
                if generation < v.since <= restatement.generation
            ]
            for key, added in sum_credit(journeys, new, channels).items():
                before = changes.get(key, (0, 0, 0))
                changes[key] = (
                    before[0] + added[0],
                    before[1] + added[1],
                    before[2] + added[2],
                )
        return cls(changes, sum(map(len, by_generation.values())), left)
