"""What the outcomes of a credit run change: the sums of all credit, and those of the part that is of renewals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from skeldir.attribution.evaluating import (
    Channels,
    Sums,
    add_allocations,
    subtract,
    sum_credit,
)

if TYPE_CHECKING:
    from skeldir.attribution.computing import Outcome
    from skeldir.attribution.evaluating import VersionInForce
    from skeldir.attribution.orders import KeptCredit, Reading
    from skeldir.attribution.splits import Allocation


@dataclass(frozen=True, slots=True)
class Changes:
    """The changes of the sums, and the number of allocations that the orders have now.

    `renewals` are the changes of the sums of renewals. The credit of orders in `counted` is counted there from now on,
    that of orders in `uncounted` no longer.
    """

    sums: Sums
    allocations: int
    renewals: Sums = field(default_factory=dict)
    counted: list[str] = field(default_factory=list)
    uncounted: list[str] = field(default_factory=list)


def find_changes(changing: Sequence[Outcome], reading: Reading) -> Changes:
    """Return what outcomes that change the credit of their orders change in the sums.

    Raises `ValueError` as `sum_credit` does.
    """
    channels = Channels(reading.numbers)
    new = _sum_new(changing, reading, channels)
    old = _sum_old(changing, reading, channels)
    allocations = sum(count for _, _, count in new.values())
    if not reading.renewals and not reading.counted_renewals:
        return Changes(subtract(new, old), allocations)
    are = [
        o
        for o in changing
        if o.order.order_id in reading.renewals and (o.journey is not None or o.kept is not None)
    ]
    were = [o for o in changing if o.order.order_id in reading.counted_renewals]
    are_ids, were_ids = ({o.order.order_id for o in some} for some in (are, were))
    return Changes(
        subtract(new, old),
        allocations,
        subtract(_sum_new(are, reading, channels), _sum_old(were, reading, channels)),
        sorted(are_ids - were_ids),
        sorted(were_ids - are_ids),
    )


def _sum_new(outcomes: Sequence[Outcome], reading: Reading, channels: Channels) -> Sums:
    journeys = [o.journey for o in outcomes if o.journey is not None]
    new = sum_credit(journeys, reading.versions, channels, reading.days)
    for outcome in outcomes:
        if outcome.kept is not None:
            add_allocations(new, outcome.order.entries, outcome.kept, reading.days)
    return new


def _sum_old(outcomes: Sequence[Outcome], reading: Reading, channels: Channels) -> Sums:
    stored = [o.stored for o in outcomes if o.stored is not None]
    old = sum_credit(stored, reading.versions, channels, reading.days)
    for outcome in outcomes:
        if outcome.was_kept is not None:
            was = counted_allocations(outcome.was_kept, reading.versions)
            add_allocations(old, outcome.order.entries, was, reading.days)
    return old


def counted_allocations(kept: KeptCredit, versions: Sequence[VersionInForce]) -> list[Allocation]:
    """Return the kept allocations that the sums include: of versions in force since their generation or before."""
    return [
        allocation
        for v in versions
        if v.since <= kept.generation
        for allocation in kept.allocations.get(v.version.model_version, ())
    ]
