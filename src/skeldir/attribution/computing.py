"""What a credit run computes: the packed journeys of a reading's orders, part by part, outside the event loop."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple
from uuid import UUID

from skeldir.attribution.aside import COMPUTING_FAULTS, SetAside, set_aside_for
from skeldir.attribution.journeys import Journey
from skeldir.attribution.models import JourneyTouch
from skeldir.attribution.orders import NO_TOUCHES, Touches
from skeldir.attribution.packing import (
    NO_CONVERSION,
    OLDEST_AGE,
    TOUCH_BYTES,
    WHOLE_JOURNEY,
    PackedOrder,
    moment_to_us,
    older_part,
    oldest_age,
    pack_columns,
    pack_entries,
    rebase,
    unpack_path,
    us_to_moment,
)
from skeldir.attribution.splits import Allocation, allocate_order_for_versions
from skeldir.attribution.withdrawn import replace_withdrawn

if TYPE_CHECKING:
    from skeldir.attribution.bounds import Bounds
    from skeldir.attribution.orders import KeptCredit, Order, Reading
    from skeldir.days import LocalDays

_NO_MOMENT = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Outcome:
    """The result for an order: its journey, or, where credit continues from kept allocations, its allocations.

    `stored` and `was_kept` are what it was credited from before. Without a journey or allocations, its credit does not
    change, unless it `is_withdrawn`: then its captures were all taken back, and what it was credited from is deleted.
    """

    order: Order
    journey: PackedOrder | None = None
    kept: list[Allocation] | None = None
    stored: PackedOrder | None = None
    was_kept: KeptCredit | None = None
    set_aside: SetAside | None = None
    is_withdrawn: bool = False

    @property
    def keeps_credit(self) -> bool:
        """Whether the order's credit does not change."""
        return self.journey is None and self.kept is None and not self.is_withdrawn


@dataclass(slots=True)
class Part:
    """The outcomes that are written in one transaction."""

    outcomes: list[Outcome] = field(default_factory=list)
    touches: int = 0
    shares: int = 0

    def is_full(self, bounds: Bounds) -> bool:
        """Return whether the transaction is large enough."""
        return self.touches >= bounds.touches_of_part or self.shares >= bounds.shares_of_part


class Computation:
    """The orders of a reading in the order of their conversions."""

    def __init__(self, reading: Reading, bounds: Bounds) -> None:
        self._reading = reading
        self._bounds = bounds
        self._orders = sorted(reading.orders, key=_place_of)
        self._next = 0

    def is_done(self) -> bool:
        """Return whether every order has an outcome."""
        return self._next >= len(self._orders)

    def fill(self, part: Part) -> None:
        """Add outcomes to `part` until it is full. This takes a fraction of a second: run it in a thread."""
        while not self.is_done() and not part.is_full(self._bounds):
            outcome = self._credit(self._orders[self._next])
            self._next += 1
            part.outcomes.append(outcome)
            touches = 0
            if outcome.journey is not None:
                touches = len(outcome.journey.path) // TOUCH_BYTES
            part.touches += touches
            channels = min(touches, len(self._reading.numbers)) + 1
            part.shares += (len(outcome.order.entries) + 1) * channels

    def _credit(self, order: Order) -> Outcome:
        reading = self._reading
        stored, kept = reading.stored.get(order.order_id), reading.kept.get(order.order_id)
        try:
            if reading.continues_from_kept(order):
                assert kept is not None  # noqa: S101 - the condition above
                return Outcome(order, kept=self._continue_from_kept(order, kept), was_kept=kept)
            if order.capture is None:
                return Outcome(order, stored=stored, is_withdrawn=stored is not None)
            journey, set_aside = self._pack(order, stored)
        except COMPUTING_FAULTS as fault:
            return Outcome(order, set_aside=set_aside_for(fault))
        if self._has_too_many_allocations(order, journey):
            return Outcome(order, set_aside=order_too_large(self._bounds))
        return Outcome(order, journey, stored=stored, was_kept=kept, set_aside=set_aside)

    def _pack(
        self, order: Order, stored: PackedOrder | None
    ) -> tuple[PackedOrder, SetAside | None]:
        """Return the order's journey; one that is too long is stored without touches: its money is unattributed."""
        reading, set_aside = self._reading, None
        converted_at = moment_to_us(order.converted_at)
        start = reading.starts.get(order.order_id)
        # Of an order whose traces were erased, the stored journey is all that is known.
        reach, path, previous_age = WHOLE_JOURNEY, b"", reading.previous_age_of(order)
        if stored is not None and order.was_erased_since(stored):
            moved_by = converted_at - moment_to_us(stored.converted_at)
            path, previous_age = rebase(stored.path, moved_by), _age_after(stored, moved_by)
        elif start is not None:
            first_moment = moment_to_us(start)
            reach = converted_at - first_moment
            older, known_from = self._keep_stored_part(order, stored, first_moment)
            touches = self._touches_of(order)
            window = touches.find(known_from, converted_at)
            in_reach = sum(1 for _, age in unpack_path(older) if age <= reach)
            count = in_reach + window.stop - window.start
            if order.order_id in reading.too_long or count > self._bounds.touches_of_order:
                set_aside = journey_too_long(self._bounds)
            else:
                path = older + touches.pack(window, converted_at, reading.numbers)
        packed = PackedOrder(
            order_id=order.order_id,
            converted_at=order.converted_at,
            previous_age=previous_age,
            reach=0 if set_aside is not None else reach,
            generation=reading.generation,
            path=path,
            entries=pack_entries(order.entries),
        )
        return packed, set_aside

    def _touches_of(self, order: Order) -> Touches:
        if order.journey_key is None:
            return NO_TOUCHES
        return self._reading.journeys.get(order.journey_key, NO_TOUCHES)

    def _keep_stored_part(
        self, order: Order, stored: PackedOrder | None, first_moment: int
    ) -> tuple[bytes, int]:
        """Return the part of the stored path to keep, and the moment from which on touches are read from the facts.

        The part to keep holds the forgotten touches, and those outside all current windows, which may be forgotten by
        the time a model looks at them again. Without a stored path, the touches that still exist count.
        """
        forgotten_before = self._reading.forgotten_before
        if stored is None or not order.has_journey_of(stored):
            return b"", first_moment
        horizon = first_moment
        if forgotten_before is not None:
            horizon = max(horizon, moment_to_us(forgotten_before))
        converted_at = moment_to_us(order.converted_at)
        moved_by = converted_at - moment_to_us(stored.converted_at)
        has_withdrawn = order.journey_key in self._reading.withdrawn
        is_newer = oldest_age(stored.path) + moved_by <= converted_at - horizon
        if is_newer and not has_withdrawn:
            return b"", horizon
        path = rebase(stored.path, moved_by)
        oldest = self._reading.longest_lookback // timedelta(microseconds=1)
        beyond = older_part(path, oldest)
        older = older_part(path, converted_at - horizon)[len(beyond) :]
        if self._reading.has_withdrawals:
            older = self._without_withdrawn(order, older)
        return older, horizon

    def _without_withdrawn(self, order: Order, path: bytes) -> bytes:
        """Return a path without the touches that no longer stand; those that were forgotten stay."""
        reading, numbers = self._reading, self._reading.numbers
        converted_at, touches = moment_to_us(order.converted_at), self._touches_of(order)
        steps, before = unpack_path(path), OLDEST_AGE
        if reading.forgotten_before is not None:
            before = converted_at - moment_to_us(reading.forgotten_before)
        forgotten = [step for step in steps if step[1] > before]
        others = steps[len(forgotten) :]
        standing: Counter[tuple[int, int]] = Counter()
        if steps:
            read = touches.find(converted_at - steps[0][1], converted_at - steps[-1][1])
            standing.update(
                (numbers[code], converted_at - moment)
                for moment, code in zip(touches.moments[read], touches.codes[read], strict=True)
            )
        if order.journey_key in reading.withdrawn:
            forgotten = replace_withdrawn(
                forgotten,
                reading.withdrawn[order.journey_key],
                standing,
                converted_at=converted_at,
                longest=reading.longest_lookback // timedelta(microseconds=1),
                numbers=numbers,
            )
        # A long journey is read only from its windows on, so nothing is known of the touches before them.
        if reading.long_journey is None:
            left = []
            for step in others:
                if standing[step]:
                    standing[step] -= 1
                    left.append(step)
            others = left
        steps = forgotten + others
        return pack_columns([number for number, _ in steps], [age for _, age in steps])

    def _continue_from_kept(self, order: Order, kept: KeptCredit) -> list[Allocation]:
        """Return the allocations of an order whose touches were forgotten before its journey was packed.

        A version whose window begins before the oldest touch that is kept continues from the kept allocations.
        """
        reading = self._reading
        touches = self._touches_of(order)
        journey = Journey(
            [
                JourneyTouch(us_to_moment(moment), code, f"{place:09}")
                for place, (moment, code) in enumerate(
                    zip(touches.moments, touches.codes, strict=True)
                )
            ]
        )
        assert reading.forgotten_before is not None  # noqa: S101 - the caller's own condition
        return allocate_order_for_versions(
            order.entries,
            journey,
            [v.version for v in reading.versions],
            previous_conversion_at=reading.previous.get(order.order_id),
            kept={
                v.version.model_version: kept.allocations[v.version.model_version]
                for v in reading.versions
                if v.version.model_version in kept.allocations
                and order.converted_at - v.version.lookback < reading.forgotten_before
            },
        )

    def _has_too_many_allocations(self, order: Order, journey: PackedOrder) -> bool:
        most = self._bounds.allocations_of_order
        of_channel = len(order.entries) * len(self._reading.versions)
        # There are at most as many channels as touches; only an order with many entries needs them counted.
        if of_channel * (len(journey.path) // TOUCH_BYTES + 1) <= most:
            return False
        channels = len({number for number, _ in unpack_path(journey.path)}) or 1
        return of_channel * channels > most


def pack_all(reading: Reading, bounds: Bounds) -> dict[str, PackedOrder]:
    """Return the journeys of the reading's orders by order, except of those that are set aside or keep their credit."""
    computation = Computation(reading, bounds)
    packed: dict[str, PackedOrder] = {}
    while not computation.is_done():
        computation.fill(part := Part())
        for outcome in part.outcomes:
            if outcome.journey is not None and outcome.set_aside is None:
                packed[outcome.order.order_id] = outcome.journey
    return packed


def journey_too_long(bounds: Bounds) -> SetAside:
    """Return why an order with more touches in reach than are credited is set aside."""
    return SetAside(
        "journey_too_long", f"More than {bounds.touches_of_order:,} touches are in reach."
    )


def order_too_large(bounds: Bounds) -> SetAside:
    """Return why an order with too many entries or allocations is set aside."""
    return SetAside(
        "order_too_large",
        f"It has more than {bounds.entries_of_order:,} entries, or would have more than "
        f"{bounds.allocations_of_order:,} allocations.",
    )


class KeptRow(NamedTuple):
    """A kept allocation, with the local day of its entry."""

    order_id: str
    model_version: str
    entry_id: UUID
    channel_code: str
    entry_date: date
    currency: str
    allocated_cents: int
    conversion_ppt: int


def kept_rows(outcomes: Sequence[Outcome], days: LocalDays) -> list[KeptRow]:
    """Return the allocations to keep, as rows."""
    rows: list[KeptRow] = []
    for outcome in outcomes:
        of_entry = {
            entry.entry_id: (days.day_of(entry.occurred_at), entry.currency)
            for entry in outcome.order.entries
        }
        rows += [
            KeptRow(
                outcome.order.order_id,
                row.model_version,
                row.entry_id,
                row.channel_code,
                *of_entry[row.entry_id],
                row.allocated_cents,
                row.conversion_ppt,
            )
            for row in outcome.kept or ()
        ]
    return rows


def _age_after(stored: PackedOrder, moved_by: int) -> int:
    """Return the age of the previous conversion, as seen from a conversion `moved_by` microseconds later."""
    age = stored.previous_age
    return NO_CONVERSION if age is None or age < 0 else max(NO_CONVERSION, age + moved_by)


def _place_of(order: Order) -> tuple[bytes, datetime, str]:
    moment = _NO_MOMENT if order.capture is None else order.capture.occurred_at
    return order.journey_key or b"", moment, order.order_id
