"""Credit runs: turn dirty orders into packed journeys and sums, part by part: read, compute, write.

A run never holds more than `bounds` allow, whatever a tenant sends. It computes in a thread, with no transaction open.
Orders with short journeys come first; those with crowded journeys wait behind them, and an order that cannot be
credited is set aside, so that it does not stop the others.

A tenant's touches are forgotten after a while (see `tenants.retention`), journeys are not: for the time before the
oldest kept touch, an order's stored journey is used. When the models have changed, the run credits the stored journeys
by the new ones after it has processed the marks (`restating`).
"""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial
from math import inf
from operator import itemgetter
from time import monotonic
from typing import TYPE_CHECKING
from uuid import UUID

from skeldir.attribution.aside import WRITING_FAULTS
from skeldir.attribution.bounds import BOUNDS, Bounds
from skeldir.attribution.computing import Computation, Part, order_too_large
from skeldir.attribution.marks import mark_page
from skeldir.attribution.memory import fewer_collections, release_memory
from skeldir.attribution.orders import LongJourney, Reading
from skeldir.attribution.reading import read_journey, read_orders
from skeldir.attribution.restating import Restated, restate_page
from skeldir.attribution.store import queries
from skeldir.attribution.writing import Fence, Uncreditable, Writer, Written, number_channels
from skeldir.clock import utc_now
from skeldir.db import NodeUnreachable
from skeldir.rollups import ingest_lock, review_waiting

if TYPE_CHECKING:
    from datetime import datetime

    from skeldir.attribution.store import SelectMarksRow
    from skeldir.db import Connection, Database

logger = logging.getLogger(__name__)

# Marks are chosen by their random ids, many at once, and then sorted by order, since journeys are stored by order: each
# transaction writes neighbouring pages, and with 100,000 orders an order costs little more than with 10,000.
MARKS_PER_CHOICE = 50_000
_MARKS_PER_PAGE = 5_000
_JOURNEY_MARKS_AT_ONCE = 10_000
_BEFORE_ALL = UUID(int=0)
# Up to this many orders are packed on the event loop: a thread would cost more.
_FEW_ORDERS = 10
# A run returns freed memory to the system if it credited at least this many orders, or any with a crowded journey.
_MANY_ORDERS = 100

Marks = dict[str, list[UUID]]
"""The marks that are processed together, by order."""


@dataclass(frozen=True, slots=True)
class CreditReport:
    """What a run did. `is_complete` is False if another worker was crediting the tenant, or time was up."""

    orders: int
    allocations: int
    is_complete: bool
    set_aside: int = 0
    """How many of `orders` were set aside."""


async def credit_dirty_orders(
    database: Database,
    *,
    tenant_id: UUID | None = None,
    progress: Callable[[int], None] | None = None,
    fence: Fence | None = None,
    deadline: float = inf,
    bounds: Bounds = BOUNDS,
) -> CreditReport:
    """Credit every order that is marked now, of one tenant or of all, by all active models.

    A run that is killed loses and repeats nothing, because marks are deleted in the transaction that writes the
    journeys and their sums. `progress` is called after each commit, with the number of orders. `fence` is awaited
    last in each transaction, which is rolled back if it raises. After `deadline` (of `time.monotonic`) no transaction
    is begun, except one for the deferred orders: without it a tenant with many orders would never reach them.
    """
    if tenant_id is not None:
        tenants = [tenant_id]
    else:
        async with database.unbound() as connection:
            tenants = [
                row["tenant_id"] for row in await queries.tenants_with_dirty_orders(connection)
            ]
    orders = allocations = set_aside = 0
    is_complete = True
    for tenant in tenants:
        run = _Run(database, tenant, progress or _ignore_progress, fence, deadline, bounds)
        try:
            with fewer_collections():
                is_complete = await run.credit_all() and is_complete
            if fence is None:
                # A job leaves this to the roll-up that follows in it.
                async with database.tenant(tenant) as connection:
                    await review_waiting(connection, tenant)
        except NodeUnreachable:
            if tenant_id is not None:
                raise
            # Its marks stay; the other tenants do not wait for its node.
            logger.warning("attribution.tenant_passed_over %s", tenant)
            is_complete = False
            continue
        finally:
            orders += run.orders
            allocations += run.allocations
            set_aside += run.set_aside
        if run.has_used_much_memory:
            release_memory()
    return CreditReport(orders, allocations, is_complete, set_aside)


def _ignore_progress(_orders: int) -> None:
    pass


async def wait_for_writers(database: Database, tenant_id: UUID) -> None:
    """Return when every transaction that was writing facts of the tenant has ended."""
    async with database.tenant(tenant_id, locked=ingest_lock(tenant_id)):
        pass


@dataclass(slots=True)
class _Run:
    """A run over one tenant. Its methods return False when it must stop: time is up, or another worker is crediting."""

    database: Database
    tenant_id: UUID
    progress: Callable[[int], None]
    fence: Fence | None
    deadline: float
    bounds: Bounds
    orders: int = 0
    allocations: int = 0
    set_aside: int = 0
    _has_written: bool = False
    _is_restating: bool = False
    _until: datetime | None = None
    """Set when orders are deferred: journeys that were marked up to this time are credited, too."""

    @property
    def has_used_much_memory(self) -> bool:
        """Whether the run may have needed much memory."""
        return self.orders >= _MANY_ORDERS or self._until is not None

    async def credit_all(self) -> bool:
        is_cut_off = False
        while not is_cut_off:
            is_finished = await self._credit_marked()
            if is_finished is None:
                return False
            is_cut_off = not is_finished
            if not self._is_restating:
                break
            # Orders that cannot be restated are marked now, and chosen like any other.
            if not await self._restate():
                return False
        return await self._credit_deferred_orders() and not is_cut_off

    async def _credit_marked(self) -> bool | None:
        """Credit the marked orders with short journeys; False if time was up before the last, None if it must stop."""
        async for marks in self._choose_marks(is_deferred=False):
            if self._is_time_up():
                return False
            if not await self._credit_light(marks):
                return None
        return True

    async def _credit_deferred_orders(self) -> bool:
        is_first = True
        while self._until is not None:
            async for marks in self._choose_marks(is_deferred=True):
                if (self._is_time_up() and not is_first) or not await self._credit_deferred_marks(
                    marks
                ):
                    return False
                is_first = False
            if not await self._expand_a_journey(self._until):
                break
            if self._is_time_up() and not is_first:
                return False
        return True

    async def _restate(self) -> bool:
        """Credit stored journeys by the models that came into force after they were stored; at least one page."""
        most = self.bounds.orders_of_restatement
        while True:
            try:
                page = await self._restate_page(most)
                most = min(10 * most, self.bounds.orders_of_restatement)
            except (Uncreditable, *WRITING_FAULTS):
                # Smaller pages isolate the failing order, which is then credited from its facts, or set aside.
                if most > 1:
                    most = max(1, most // 10)
                    continue
                page = await self._restate_page(0)
            if page is None:
                return False
            self._note(Written(page.orders, page.allocations))
            if page.is_last:
                return True
            if self._is_time_up():
                return False

    async def _restate_page(self, most: int) -> Restated | None:
        return await restate_page(
            self.database,
            self.tenant_id,
            self.bounds,
            self.fence,
            most=most,
            may_wait=self._has_written,
        )

    def _is_time_up(self) -> bool:
        return monotonic() >= self.deadline

    async def _choose_marks(self, *, is_deferred: bool) -> AsyncIterator[Marks]:
        """Yield the marks that exist at the start, those of one transaction at a time.

        Before any mark is yielded, the writers that were active have finished: a writer that did not see the marked
        orders has committed, and later writers see them. So the touches read from then on are complete, or the missing
        ones leave a new mark. No one writes while the first page is chosen; if there are more pages, the writers that
        were active during their choice are waited for.
        """
        after = _BEFORE_ALL
        while True:
            async with self.database.tenant(
                self.tenant_id, locked=ingest_lock(self.tenant_id)
            ) as connection:
                rows = await self._select_page(connection, after, is_deferred=is_deferred)
                if after == _BEFORE_ALL and not is_deferred:
                    waiting = await queries.select_waiting(connection, tenant_id=self.tenant_id)
                    self._until = waiting["deferred_since"]
                    self._is_restating = waiting["is_restating"]
            if len(rows) == _MARKS_PER_PAGE:
                await self._select_more(rows, is_deferred=is_deferred)
                await wait_for_writers(self.database, self.tenant_id)
            if not rows:
                return
            after = rows[-1]["id"]
            for marks in _divide_by_order(rows, self.bounds.orders_at_once):
                yield marks
            if len(rows) < MARKS_PER_CHOICE:
                return

    async def _select_page(
        self, connection: Connection, after: UUID, *, is_deferred: bool
    ) -> list[SelectMarksRow]:
        return await queries.select_marks(
            connection,
            tenant_id=self.tenant_id,
            after=after,
            is_deferred=is_deferred,
            most=_MARKS_PER_PAGE,
        )

    async def _select_more(self, rows: list[SelectMarksRow], *, is_deferred: bool) -> None:
        """Extend a full page of marks by the following ones, up to MARKS_PER_CHOICE."""
        async with self.database.tenant(self.tenant_id) as connection:
            while len(rows) < MARKS_PER_CHOICE and len(rows) % _MARKS_PER_PAGE == 0:
                page = await self._select_page(connection, rows[-1]["id"], is_deferred=is_deferred)
                rows += page
                if not page:
                    break

    async def _expand_a_journey(self, until: datetime) -> bool:
        """Turn marks of a journey into deferred marks of its orders; False when no journey is marked.

        This need not wait for writers: the fact that marked the journey is visible, so an order captured later is
        credited with it in any case.
        """
        async with self.database.tenant(self.tenant_id) as connection:
            journey = await queries.select_dirty_journey(
                connection, tenant_id=self.tenant_id, until=until, most=_JOURNEY_MARKS_AT_ONCE
            )
            if journey is None:
                return False
            marked_at = await queries.take_dirty_journey(
                connection, tenant_id=self.tenant_id, ids=journey["ids"]
            )
            if marked_at is not None:
                await mark_page(
                    connection,
                    self.tenant_id,
                    journey,
                    marked_at=marked_at,
                    most=self.bounds.orders_of_expansion,
                )
            if self.fence is not None:
                await self.fence(connection)
        return True

    async def _credit_light(self, marks: Marks) -> bool:
        """Credit the orders with short journeys, and defer the others until all of these are credited."""
        pending: Sequence[str] = list(marks)
        while pending:
            reading = await self._read(read_orders, pending)
            if reading is None or not await self._settle(reading, marks, deferring=reading.crowded):
                return False
            pending = reading.unread
        return True

    async def _credit_deferred_marks(self, marks: Marks) -> bool:
        """Credit all orders, one crowded journey after another."""
        pending: Sequence[str] = list(marks)
        while pending:
            reading = await self._read(read_orders, pending)
            if reading is None or not await self._settle(reading, marks):
                return False
            crowded: Sequence[str] = reading.crowded
            known: LongJourney | None = None
            while crowded:
                of_journey = await self._read(partial(read_journey, known=known), crowded)
                if of_journey is None or not await self._settle(of_journey, marks):
                    return False
                crowded, known = of_journey.unread, of_journey.long_journey
                if crowded and self._is_time_up():
                    return False
            pending = reading.unread
        return True

    async def _read(
        self, read: Callable[..., Awaitable[Reading | None]], order_ids: Sequence[str]
    ) -> Reading | None:
        return await read(
            self.database,
            self.tenant_id,
            order_ids,
            self.bounds,
            may_wait=self._has_written,
        )

    async def _settle(
        self, reading: Reading, marks: Marks, *, deferring: Sequence[str] = ()
    ) -> bool:
        """Compute and write what a reading holds, part by part."""
        writer = Writer(self.database, self.tenant_id, reading, marks, self.fence, self.bounds)
        if deferring or reading.too_large:
            left = await writer.leave(
                deferring, sorted(reading.too_large), order_too_large(self.bounds)
            )
            if left is None:
                return False
            self._note(left)
            self._until = self._until or (utc_now() if deferring else None)
        await number_channels(self.database, self.tenant_id, reading)
        computation = Computation(reading, self.bounds)
        while not computation.is_done():
            part = Part()
            if len(reading.orders) <= _FEW_ORDERS:
                computation.fill(part)
            else:
                await asyncio.to_thread(computation.fill, part)
            written = await writer.write(part.outcomes)
            if written is None:
                return False
            self._note(written)
            if not computation.is_done() and self._is_time_up():
                return False
        return True

    def _note(self, written: Written) -> None:
        self._has_written = True
        self.orders += written.orders
        self.allocations += written.allocations
        self.set_aside += written.set_aside
        if written.orders:
            self.progress(written.orders)


def _divide_by_order(rows: Sequence[SelectMarksRow], most: int) -> list[Marks]:
    """Return the chosen marks by order, in parts of one transaction each."""
    parts: list[Marks] = []
    for place, mark in enumerate(sorted(rows, key=itemgetter("order_id"))):
        if place % most == 0:
            parts.append(defaultdict(list))
        parts[-1][mark["order_id"]].append(mark["id"])
    return parts
