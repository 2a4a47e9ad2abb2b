"""Orders credited by the facts as they were known at an earlier moment, each kind of fact at a moment of its own."""

from __future__ import annotations

import asyncio
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final
from uuid import UUID

from skeldir.attribution.bounds import BOUNDS
from skeldir.attribution.computing import pack_all
from skeldir.attribution.evaluating import Channels, Sums, VersionInForce, sum_credit
from skeldir.attribution.orders import Order, Reading, find_spans, make_journeys, make_orders
from skeldir.attribution.store import queries

if TYPE_CHECKING:
    from skeldir.attribution.models import ModelVersion
    from skeldir.days import LocalDays
    from skeldir.db import Connection

_ALWAYS: Final = -(2**31)


@dataclass(frozen=True, slots=True)
class FactsAt:
    """By which moment each kind of fact must have been recorded to count, and what the orders are credited by."""

    captures_by: datetime
    refunds_by: datetime
    disputes_by: datetime
    touches_by: datetime
    taken_back_by: datetime
    restated_by: datetime
    corrected_by: datetime
    versions: Sequence[ModelVersion]
    days: LocalDays

    @classmethod
    def all_by(cls, moment: datetime, versions: Sequence[ModelVersion], days: LocalDays) -> FactsAt:
        """Return all facts as of one moment."""
        return cls(moment, moment, moment, moment, moment, moment, moment, versions, days)


async def credit_as_of(
    connection: Connection, tenant_id: UUID, order_ids: Sequence[str], facts: FactsAt
) -> Sums:
    """Return the credit of some hundred orders by these facts, in sums by day, version, channel and currency.

    Touches that were forgotten are missing, and orders with more entries or touches than are credited together.
    """
    if not facts.versions:
        return {}
    reading = Reading(
        turn=0,
        generation=0,
        versions=[VersionInForce(version, _ALWAYS) for version in facts.versions],
        forgotten_before=None,
        longest_lookback=timedelta(0),
        numbers={},
        restatements=(),
        days=facts.days,
    )
    rows = await queries.select_entries_at(
        connection,
        tenant_id=tenant_id,
        order_ids=list(order_ids),
        captures_by=facts.captures_by,
        refunds_by=facts.refunds_by,
        disputes_by=facts.disputes_by,
        taken_back_by=facts.taken_back_by,
        most=BOUNDS.entries_at_once,
    )
    orders = [order for order in make_orders(rows, order_ids) if order.capture is not None]
    for order in orders:
        if order.journey_key is not None:
            reading.starts[order.order_id] = reading.looks_back_to(order)
    spans = find_spans(orders, reading.starts)
    if reading.resets:
        reading.previous = await _read_previous(connection, tenant_id, orders, list(spans), facts)
    touches = await queries.select_touches_at(
        connection,
        tenant_id=tenant_id,
        journey_keys=list(spans),
        first_moments=[first for first, _ in spans.values()],
        last_moments=[last for _, last in spans.values()],
        touches_by=facts.touches_by,
        taken_back_by=facts.taken_back_by,
        restated_by=facts.restated_by,
        corrected_by=facts.corrected_by,
        most_of_each=BOUNDS.touches_of_light_journey + 1,
    )
    reading.journeys = make_journeys(touches, list(spans))
    long = {
        key for key, one in reading.journeys.items() if len(one) > BOUNDS.touches_of_light_journey
    }
    reading.orders = [order for order in orders if order.journey_key not in long]
    return await asyncio.to_thread(_credit, reading)


async def _read_previous(
    connection: Connection,
    tenant_id: UUID,
    orders: Sequence[Order],
    journey_keys: Sequence[bytes],
    facts: FactsAt,
) -> dict[str, datetime]:
    """Return for each order the conversion of its journey before it; at one moment, the smaller order id is first."""
    rows = await queries.select_conversions_at(
        connection,
        tenant_id=tenant_id,
        journey_keys=list(journey_keys),
        captures_by=facts.captures_by,
        taken_back_by=facts.taken_back_by,
    )
    conversions: dict[bytes | None, list[tuple[datetime, str]]] = defaultdict(list)
    for row in rows:
        conversions[row["journey_key"]].append((row["occurred_at"], row["order_id"]))
    for some in conversions.values():
        some.sort()
    previous: dict[str, datetime] = {}
    for order in orders:
        some = conversions[order.journey_key]
        place = bisect_left(some, (order.converted_at, order.order_id))
        if order.journey_key is not None and place:
            previous[order.order_id] = some[place - 1][0]
    return previous


def _credit(reading: Reading) -> Sums:
    reading.numbers = {code: number for number, code in enumerate(sorted(reading.channels_met()))}
    orders = list(pack_all(reading, BOUNDS).values())
    return sum_credit(orders, reading.versions, Channels(reading.numbers), reading.days)
