"""What a credit run computes: the allocations of the orders of a reading, some at a time, away from the loop."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from skeldir.attribution.aside import COMPUTING_FAULTS, SetAside, set_aside_for
from skeldir.attribution.journeys import Journey
from skeldir.attribution.splits import Allocation, allocate_order_for_versions

if TYPE_CHECKING:
    from skeldir.attribution.bounds import Bounds
    from skeldir.attribution.orders import Order, Reading

_NO_JOURNEY = Journey([])
_occurred_at = attrgetter("occurred_at")
_NO_MOMENT = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came out for an order. Without allocations (None) what it has stays as it is."""

    order: Order
    allocations: list[Allocation] | None
    aside: SetAside | None = None


@dataclass(slots=True)
class Part:
    """The outcomes that are written in one transaction."""

    outcomes: list[Outcome] = field(default_factory=list)
    allocations: int = 0
    touches_weighed: int = 0

    def is_full(self, bounds: Bounds) -> bool:
        """Say whether another order would make the transaction too large."""
        return (
            self.allocations >= bounds.allocations_of_part
            or self.touches_weighed >= bounds.weights_of_part
        )


class Computation:
    """The orders of a reading in the order of their conversions, so that neighbours share what their touches weigh."""

    def __init__(self, reading: Reading, bounds: Bounds) -> None:
        self._reading = reading
        self._bounds = bounds
        self._orders = sorted(reading.orders, key=_place_of)
        self._next = 0

    def is_done(self) -> bool:
        """Say whether every order has had its outcome."""
        return self._next >= len(self._orders)

    def go_on(self, part: Part) -> None:
        """Add outcomes to `part` until it is full or a slice of work is done: a fraction of a second, in a thread."""
        weights_end = part.touches_weighed + self._bounds.weights_of_slice
        rows_end = part.allocations + self._bounds.rows_of_statement
        while not self.is_done() and not part.is_full(self._bounds):
            order = self._orders[self._next]
            journey = self._journey_of(order)
            before = journey.touches_weighed
            outcome = self._credit(order, journey)
            self._next += 1
            part.outcomes.append(outcome)
            part.touches_weighed += journey.touches_weighed - before
            part.allocations += len(outcome.allocations or ())
            if part.touches_weighed >= weights_end or part.allocations >= rows_end:
                break

    def _journey_of(self, order: Order) -> Journey:
        if order.journey_key is None:
            return _NO_JOURNEY
        return self._reading.journeys.get(order.journey_key, _NO_JOURNEY)

    def _credit(self, order: Order, journey: Journey) -> Outcome:
        """Credit the order; one whose journey is too long earns nobody anything: its money is unattributed."""
        reading = self._reading
        aside = self._find_too_long(order, journey)
        used = _NO_JOURNEY if aside is not None else journey
        if self._has_too_many_allocations(order, used):
            return Outcome(order, None, order_too_large(self._bounds))
        try:
            allocations = allocate_order_for_versions(
                order.entries,
                used,
                reading.versions,
                previous_conversion_at=reading.previous.get(order.order_id),
                kept=reading.kept.get(order.order_id, {}),
            )
        except COMPUTING_FAULTS as fault:
            return Outcome(order, None, set_aside_for(fault))
        return Outcome(order, allocations, aside)

    def _find_too_long(self, order: Order, journey: Journey) -> SetAside | None:
        most = self._bounds.touches_of_order
        if order.order_id not in self._reading.too_long:
            touches = journey.touches
            if len(touches) <= most or (start := self._reading.reaches_from(order)) is None:
                return None
            first = bisect_left(touches, start, key=_occurred_at)
            if (
                bisect_right(touches, order.converted_at, lo=first, key=_occurred_at) - first
                <= most
            ):
                return None
        return SetAside("journey_too_long", f"More than {most:,} touches are in reach.")

    def _has_too_many_allocations(self, order: Order, journey: Journey) -> bool:
        most = self._bounds.allocations_of_order
        # As many channels as touches, if need be: it takes an order with many entries to have to count them.
        if len(order.entries) * len(self._reading.versions) * (len(journey.touches) + 1) <= most:
            return False
        channels = len({touch.channel_code for touch in journey.touches}) or 1
        return len(order.entries) * len(self._reading.versions) * channels > most


def order_too_large(bounds: Bounds) -> SetAside:
    """Return why an order with so many entries is set aside."""
    return SetAside(
        "order_too_large",
        f"It has more than {bounds.entries_of_order:,} entries, or would have more than "
        f"{bounds.allocations_of_order:,} allocations.",
    )


def rows_to_insert(outcomes: Sequence[Outcome], most: int) -> list[dict[str, list[Any]]]:
    """Return the columns of the outcomes' allocations by order, at most `most` rows together.

    Credits lie by order, so a statement writes neighbouring pages.
    """
    rows: list[tuple[Any, ...]] = []
    for outcome in sorted(outcomes, key=lambda outcome: outcome.order.order_id):
        order_id = outcome.order.order_id
        of_entry = {
            entry.entry_id: (utc_date(entry.occurred_at), entry.currency)
            for entry in outcome.order.entries
        }
        rows += [
            (
                order_id,
                row.model_version,
                row.entry_id,
                row.channel_code,
                *of_entry[row.entry_id],
                row.allocated_cents,
                row.conversion_ppt,
            )
            for row in outcome.allocations or ()
        ]
    return [
        dict(zip(_COLUMNS, map(list, zip(*rows[start : start + most], strict=True)), strict=True))
        for start in range(0, len(rows), most)
    ]


_COLUMNS = (
    "order_ids",
    "model_versions",
    "entry_ids",
    "channel_codes",
    "entry_dates",
    "currencies",
    "cents",
    "parts",
)


def utc_date(moment: datetime) -> date:
    """Return the UTC day of an aware moment."""
    return moment.astimezone(UTC).date()


def _place_of(order: Order) -> tuple[bytes, datetime, str]:
    moment = _NO_MOMENT if order.capture is None else order.capture.occurred_at
    return order.journey_key or b"", moment, order.order_id
