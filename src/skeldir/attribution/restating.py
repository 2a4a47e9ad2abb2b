"""Restatements: credit the stored journeys by the models that are in force now, page by page, without reading facts.

Nothing is written per order: a restatement records up to which order it has come. Where a stored journey holds too
little, such as when the lookback got longer, the order is marked, and then credited from its facts like any other.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

from skeldir.attribution.aside import COMPUTING_FAULTS
from skeldir.attribution.evaluating import Channels, Sums, VersionInForce, add_sums, sum_credit
from skeldir.attribution.orders import (
    Reading,
    Restatement,
    generation_of,
    holds_enough,
    make_stored,
)
from skeldir.attribution.packing import TOUCH_BYTES, PackedOrder
from skeldir.attribution.reading import begin_reading, take_credit_lock
from skeldir.attribution.renewals import read_renewals, write_renewals
from skeldir.attribution.store import queries
from skeldir.attribution.writing import Fence, Uncreditable, write_changes
from skeldir.rollups import credit_lock

if TYPE_CHECKING:
    from skeldir.attribution.bounds import Bounds
    from skeldir.attribution.store import SelectJourneysAfterRow
    from skeldir.db import Connection, Database


@dataclass(frozen=True, slots=True)
class Restated:
    """The result of a page: how many orders were credited, with how many allocations, and whether it is the last."""

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
    may_wait: bool,
) -> Restated | None:
    """Credit `most` of the tenant's stored journeys by the models of the first unfinished restatement.

    If `most` is 0, the next journey is left to be credited from its facts. Returns None when another worker is writing
    credit. Without an unfinished restatement, nothing is done, and the page is the last.

    Raises:
        Uncreditable: the credit of some order cannot be computed.
        asyncpg.PostgresError: one of `WRITING_FAULTS`: the database rejects the credit of some order.
    """
    async with database.tenant(tenant_id, is_read_only=True) as connection:
        if not await take_credit_lock(connection, tenant_id, may_wait=may_wait):
            return None
        reading, _ = await begin_reading(connection, tenant_id)
        unfinished = [
            (r, r.after_order_id) for r in reading.restatements if r.after_order_id is not None
        ]
        if not unfinished:
            return Restated(0, 0, is_last=True)
        restatement, position = unfinished[0]
        rows = await queries.select_journeys_after(
            connection,
            tenant_id=tenant_id,
            after=position,
            longest=TOUCH_BYTES * bounds.touches_of_light_journey,
            most=max(1, most),
        )
        await read_renewals(connection, tenant_id, reading, [row["order_id"] for row in rows])
    try:
        page = await asyncio.to_thread(_Page.of, rows, reading, restatement, leaves_all=most == 0)
    except COMPUTING_FAULTS as fault:
        raise Uncreditable(fault) from fault
    is_finished = len(rows) < max(1, most)
    async with database.tenant(tenant_id, locked=credit_lock(tenant_id)) as connection:
        turn = await queries.take_turn(connection, tenant_id=tenant_id, seen=reading.turn)
        if turn is None:
            return None
        after = None if is_finished else rows[-1]["order_id"]
        await page.write(connection, tenant_id, turn, restatement.generation, after)
        if fence is not None:
            await fence(connection)
    allocations = sum(count for _, _, count in page.changes.values())
    return Restated(page.orders, allocations, is_finished and len(unfinished) == 1)


@dataclass(frozen=True, slots=True)
class _Page:
    """A page's changes of all sums and of those of renewals, its orders, and the generations of those left to facts."""

    changes: Sums
    renewals: Sums
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
        """Write the changes of the page, and the progress of the restatement: up to `after`, or through all if None."""
        if self.left:
            await queries.pin_generations(
                connection,
                tenant_id=tenant_id,
                order_ids=list(self.left),
                generations=list(self.left.values()),
            )
        await write_changes(connection, tenant_id, turn, self.changes)
        await write_renewals(connection, tenant_id, turn, self.renewals)
        await queries.note_restatement(
            connection, tenant_id=tenant_id, generation=generation, after=after
        )

    @classmethod
    def of(
        cls,
        rows: Sequence[SelectJourneysAfterRow],
        reading: Reading,
        restatement: Restatement,
        *,
        leaves_all: bool,
    ) -> _Page:
        waiting = [row for row in rows if 0 <= row["generation"] < restatement.generation]
        by_generation: dict[int, list[PackedOrder]] = defaultdict(list)
        left = {
            row["order_id"]: generation
            for row in waiting
            if row["path"] is None
            and (generation := generation_of(row, reading.restatements)) < restatement.generation
        }
        for name, journey in make_stored(waiting, reading.restatements).items():
            if journey.generation >= restatement.generation:
                continue
            is_enough = holds_enough(journey, reading.lookback, resets=reading.resets)
            if leaves_all or not is_enough:
                left[name] = journey.generation
            else:
                by_generation[journey.generation].append(journey)
        channels = Channels(reading.numbers)
        changes: Sums = {}
        renewals: Sums = {}
        for generation, journeys in by_generation.items():
            new = [
                VersionInForce(v.version, 0)
                for v in reading.versions
                if generation < v.since <= restatement.generation
            ]
            add_sums(changes, sum_credit(journeys, new, channels, reading.days))
            counted = [one for one in journeys if one.order_id in reading.counted_renewals]
            add_sums(renewals, sum_credit(counted, new, channels, reading.days))
        return cls(changes, renewals, sum(map(len, by_generation.values())), left)
