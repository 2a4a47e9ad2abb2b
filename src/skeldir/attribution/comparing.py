"""Compares the stored journeys of orders with their facts. Nothing is written, and no lock is waited for.

If an order does not await credit, a credit run would store the same journey again. So this compares the entries that
are counted, the times of the conversion and of the previous one, and the touches that still exist.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Literal
from uuid import UUID

from skeldir.attribution.bounds import BOUNDS
from skeldir.attribution.computing import Computation, Outcome, Part
from skeldir.attribution.orders import holds_enough
from skeldir.attribution.packing import NO_CONVERSION
from skeldir.attribution.reading import open_reader
from skeldir.attribution.store import queries

if TYPE_CHECKING:
    from skeldir.attribution.orders import KeptCredit, LongJourney, Order, Reading
    from skeldir.db import Connection

JourneyFault = Literal[
    "is not stored",
    "has no capture and is stored",
    "counts other entries than the ledger",
    "counts other money than the ledger",
    "converted at another moment",
    "covers less than the models' lookback",
    "holds other touches",
    "has another conversion before it",
]
_MICROSECOND = timedelta(microseconds=1)


async def list_awaiting_credit(connection: Connection, tenant_id: UUID) -> set[str]:
    """Return the orders of the transaction's tenant that are marked, themselves or by their journey."""
    rows = await queries.select_marked_orders(connection, tenant_id=tenant_id)
    return {row["order_id"] for row in rows}


async def list_set_aside(connection: Connection, tenant_id: UUID) -> set[str]:
    """Return the orders of the transaction's tenant that could not be credited by their journeys."""
    rows = await queries.select_set_aside(connection, tenant_id=tenant_id)
    return {row["order_id"] for row in rows}


async def compare_with_facts(
    connection: Connection, tenant_id: UUID, order_ids: Sequence[str]
) -> dict[str, JourneyFault]:
    """Return what is wrong with each order of the transaction's tenant; none of the orders may await credit.

    Forgotten touches are taken from the stored path, unchecked.
    """
    faults: dict[str, JourneyFault] = {}
    pending = list(order_ids)
    while pending:
        some, pending = pending[: BOUNDS.orders_at_once], pending[BOUNDS.orders_at_once :]
        reader = await open_reader(connection, tenant_id, some, BOUNDS)
        if not reader.reading.versions:
            return {}
        await reader.read_light(some)
        reading = reader.reading
        await asyncio.to_thread(_compare, reading, faults)
        await _compare_crowded(connection, tenant_id, reading.crowded, faults)
        pending = reading.unread + pending
    return faults


async def _compare_crowded(
    connection: Connection,
    tenant_id: UUID,
    order_ids: Sequence[str],
    faults: dict[str, JourneyFault],
) -> None:
    """Compare orders with long journeys, one journey after another, as a run credits them."""
    known: LongJourney | None = None
    while order_ids:
        reader = await open_reader(connection, tenant_id, order_ids, BOUNDS)
        await reader.read_heavy(order_ids, known)
        await asyncio.to_thread(_compare, reader.reading, faults)
        order_ids, known = reader.reading.unread, reader.reading.long_journey


def _compare(reading: Reading, faults: dict[str, JourneyFault]) -> None:
    # No path holds a touch of a channel without a number, so any free number will do for the comparison.
    unnumbered = reading.channels_met() - reading.numbers.keys()
    free = 1 + max(reading.numbers.values(), default=0)
    reading.numbers |= {code: free + place for place, code in enumerate(sorted(unnumbered))}
    computation = Computation(reading, BOUNDS)
    while not computation.is_done():
        part = Part()
        computation.fill(part)
        for outcome in part.outcomes:
            fault = _fault_of(outcome, reading)
            if fault is not None:
                faults[outcome.order.order_id] = fault


def _fault_of(outcome: Outcome, reading: Reading) -> JourneyFault | None:
    order = outcome.order
    stored = reading.stored.get(order.order_id)
    kept = reading.kept.get(order.order_id)
    if outcome.set_aside is not None:
        # A run would set it aside. It may lack a mark only because the bounds have changed since.
        return None
    if order.capture is None:
        return None if stored is None and kept is None else "has no capture and is stored"
    if stored is None:
        if kept is None:
            return "is not stored"
        return (
            None if _sums_to_entries(order, kept, reading) else "counts other money than the ledger"
        )
    journey = outcome.journey
    assert journey is not None  # noqa: S101 - the order has a capture, a stored journey, and no reason against it
    if stored.entries != journey.entries:
        return "counts other entries than the ledger"
    if stored.converted_at != journey.converted_at:
        return "converted at another moment"
    if not holds_enough(stored, reading.lookback, resets=reading.resets):
        return "covers less than the models' lookback"
    if stored.path != journey.path:
        return "holds other touches"
    if reading.resets and _in_reach(stored.previous_age, reading) != _in_reach(
        journey.previous_age, reading
    ):
        return "has another conversion before it"
    return None


def _in_reach(previous_age: int | None, reading: Reading) -> int | None:
    """Return the age of the previous conversion, or NO_CONVERSION where no model looks back that far."""
    if previous_age is not None and previous_age > reading.lookback // _MICROSECOND:
        return NO_CONVERSION
    return previous_age


def _sums_to_entries(order: Order, kept: KeptCredit, reading: Reading) -> bool:
    """Return whether the kept allocations of each entry sum to its amount, for every version in force."""
    amounts = {e.entry_id: e.amount_cents for e in order.entries if e.amount_cents}
    for v in reading.versions:
        cents: Counter[UUID] = Counter()
        for row in kept.allocations.get(v.version.model_version, ()):
            cents[row.entry_id] += row.allocated_cents
        if {entry: total for entry, total in cents.items() if total} != amounts:
            return False
    return True
