"""Recomputes a tenant's credit from its stored journeys and kept allocations.

It equals the sums of days at any moment, whatever orders await credit, since one transaction changes both. The orders
are read page by page in one open transaction; nothing is written.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final
from uuid import UUID

from skeldir.attribution.aside import COMPUTING_FAULTS
from skeldir.attribution.changes import counted_allocations
from skeldir.attribution.evaluating import (
    Channels,
    Sums,
    add_allocations,
    add_sums,
    derive_counted,
    sum_credit,
)
from skeldir.attribution.orders import Order, make_kept, make_stored
from skeldir.attribution.packing import unpack_entries
from skeldir.attribution.reading import ANY_LENGTH, begin_reading
from skeldir.attribution.renewals import read_renewals
from skeldir.attribution.splits import Allocation
from skeldir.attribution.store import queries
from skeldir.attribution.stored_pages import read_kept_pages, read_stored_pages

if TYPE_CHECKING:
    from skeldir.attribution.evaluating import VersionInForce
    from skeldir.attribution.orders import Reading
    from skeldir.attribution.packing import PackedOrder
    from skeldir.days import LocalDays
    from skeldir.db import Connection

_ORDERS_OF_PAGE: Final = 10_000
# Each of them may have up to `Bounds.allocations_of_order` allocations.
_KEPT_ORDERS_OF_PAGE: Final = 20
_LISTED_ORDERS_OF_PAGE: Final = 200
_MOST_UNKNOWN: Final = 100


@dataclass(frozen=True, slots=True)
class EntryCredit:
    """The credit of an entry of a stored order to a channel by a model version, in signed minor units."""

    entry_id: UUID
    model_version: str
    channel: str
    credited_cents: int


@dataclass(slots=True)
class StoredCredit:
    """The credit of all stored orders: `settled` for those that do not await credit, `pending` for the others.

    `days` are those of the tenant. `renewals` is the part of both that is counted as the credit of renewals.
    `restating` are orders still to be credited by models that came into force after they were stored. The credit of
    `unreadable` orders cannot be computed; `unknown` lists the first stored orders that have no ledger entry.
    `exact_orders` counts the orders that were also computed one by one, exactly; `inexact` lists the pages of these
    where the engine's sums differ.
    """

    versions: list[str]
    days: LocalDays
    settled: Sums = field(default_factory=dict)
    pending: Sums = field(default_factory=dict)
    renewals: Sums = field(default_factory=dict)
    orders: int = 0
    restating: set[str] = field(default_factory=set)
    unreadable: list[str] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
    exact_orders: int = 0
    inexact: list[str] = field(default_factory=list)


@dataclass(slots=True)
class _Page:
    """Computes the credit of one page of stored journeys, in a thread."""

    channels: Channels
    versions: Sequence[VersionInForce]
    pending_ids: Collection[str]
    renewal_ids: Collection[str]
    exact_every: int
    total: StoredCredit

    def add(self, orders: Sequence[PackedOrder]) -> None:
        newest = max((v.since for v in self.versions), default=0)
        settled: list[PackedOrder] = []
        pending: list[PackedOrder] = []
        for order in orders:
            if order.generation < newest:
                self.total.restating.add(order.order_id)
            waits = order.generation < newest or order.order_id in self.pending_ids
            (pending if waits else settled).append(order)
        add_sums(self.total.settled, self._sum(settled))
        add_sums(self.total.pending, self._sum(pending))
        add_sums(self.total.renewals, self._sum(self._find_renewals(orders)))
        self._compare_exactly([*settled, *pending])
        self.total.orders += len(orders)

    def _find_renewals(self, orders: Sequence[PackedOrder]) -> list[PackedOrder]:
        unreadable = set(self.total.unreadable)
        return [
            order
            for order in orders
            if order.order_id in self.renewal_ids and order.order_id not in unreadable
        ]

    def _sum(self, orders: Sequence[PackedOrder]) -> Sums:
        """Return the orders' sums; orders with invalid bytes are found by bisection and added to `unreadable`."""
        if not orders:
            return {}
        try:
            return sum_credit(orders, self.versions, self.channels, self.total.days)
        except COMPUTING_FAULTS:
            if len(orders) == 1:
                self.total.unreadable.append(orders[0].order_id)
                return {}
        half = len(orders) // 2
        sums = self._sum(orders[:half])
        add_sums(sums, self._sum(orders[half:]))
        return sums

    def _compare_exactly(self, orders: Sequence[PackedOrder]) -> None:
        unreadable = set(self.total.unreadable)
        readable = [order for order in orders if order.order_id not in unreadable]
        chosen = readable[:: self.exact_every]
        exact: Sums = {}
        for order in chosen:
            allocations = derive_counted(order, self.versions, self.channels)
            add_allocations(exact, unpack_entries(order.entries), allocations, self.total.days)
        self.total.exact_orders += len(chosen)
        computed = sum_credit(chosen, self.versions, self.channels, self.total.days)
        if chosen and exact != computed:
            self.total.inexact.append(f"{chosen[0].order_id} to {chosen[-1].order_id}")


async def read_stored_credit(
    connection: Connection,
    tenant_id: UUID,
    pending_ids: Collection[str],
    *,
    exact_every: int,
) -> StoredCredit:
    """Compute the credit of all stored orders of the transaction's tenant with the columnar engine.

    `pending_ids` are orders that await credit. Every `exact_every`-th order of a page is also computed exactly.
    """
    reading, has_kept = await begin_reading(connection, tenant_id)
    total = StoredCredit(sorted(v.version.model_version for v in reading.versions), reading.days)
    channels = Channels(reading.numbers)
    async for orders in read_stored_pages(connection, tenant_id, reading, most=_ORDERS_OF_PAGE):
        await read_renewals(connection, tenant_id, reading, [order.order_id for order in orders])
        page = _Page(
            channels, reading.versions, pending_ids, reading.counted_renewals, exact_every, total
        )
        await asyncio.to_thread(page.add, orders)
    if has_kept:
        await _add_kept(connection, tenant_id, reading, pending_ids, total)
    unknown = await queries.select_stored_of_no_order(
        connection, tenant_id=tenant_id, most=_MOST_UNKNOWN
    )
    total.unknown = [row["order_id"] for row in unknown]
    return total


async def list_stored_credit(
    connection: Connection, tenant_id: UUID, order_ids: Sequence[str]
) -> dict[str, list[EntryCredit]]:
    """Return the credit of some orders of the transaction's tenant, computed exactly, order by order.

    An order that is not stored, or whose bytes are invalid, is left out.
    """
    reading, has_kept = await begin_reading(connection, tenant_id)
    channels = Channels(reading.numbers)
    listed: dict[str, list[EntryCredit]] = {}
    for start in range(0, len(order_ids), _LISTED_ORDERS_OF_PAGE):
        names = order_ids[start : start + _LISTED_ORDERS_OF_PAGE]
        rows = await queries.select_stored_journeys(
            connection, tenant_id=tenant_id, order_ids=names, longest=ANY_LENGTH
        )
        for order in make_stored(rows, reading.restatements).values():
            with suppress(*COMPUTING_FAULTS):
                allocations = derive_counted(order, reading.versions, channels)
                listed[order.order_id] = _as_entry_credit(allocations)
        if has_kept:
            kept = make_kept(
                await queries.select_kept_allocations(
                    connection, tenant_id=tenant_id, order_ids=names, most=ANY_LENGTH
                )
            )
            for name in kept.keys() - listed.keys():
                counted = counted_allocations(kept[name], reading.versions)
                listed[name] = _as_entry_credit(counted)
    return listed


def _as_entry_credit(allocations: Sequence[Allocation]) -> list[EntryCredit]:
    return [
        EntryCredit(a.entry_id, a.model_version, a.channel_code, a.allocated_cents)
        for a in allocations
    ]


async def _add_kept(
    connection: Connection,
    tenant_id: UUID,
    reading: Reading,
    pending_ids: Collection[str],
    total: StoredCredit,
) -> None:
    """Add the credit of orders whose touches were forgotten before journeys were packed."""
    async for kept_orders in read_kept_pages(connection, tenant_id, most=_KEPT_ORDERS_OF_PAGE):
        names = [order.order_id for order, _ in kept_orders]
        await read_renewals(connection, tenant_id, reading, names)
        for order, kept in kept_orders:
            counted = counted_allocations(kept, reading.versions)
            sums = [total.pending if order.order_id in pending_ids else total.settled]
            if order.order_id in reading.counted_renewals:
                sums.append(total.renewals)
            _add_kept_order(order, counted, sums, total)
        total.orders += len(names)


def _add_kept_order(
    order: Order, counted: Sequence[Allocation], sums: Sequence[Sums], total: StoredCredit
) -> None:
    try:
        for some in sums:
            add_allocations(some, order.entries, counted, total.days)
    except COMPUTING_FAULTS:
        total.unreadable.append(order.order_id)
