"""Touches that were taken back, in the part of a stored journey that is no longer read from the facts.

Up to the moment before which touches were forgotten, a stored journey is kept as it is: most of its touches have no
row any more. Some have: they came in after they were too old to be kept, and stay until the next forgetting, or they
were taken back less than a day ago (function forget_touches). So a journey can lose them, or hold what stands instead.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING
from uuid import UUID

from skeldir.attribution.orders import Withdrawn
from skeldir.attribution.packing import moment_to_us
from skeldir.attribution.store import queries

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from skeldir.attribution.bounds import Bounds
    from skeldir.attribution.orders import Reading
    from skeldir.db import Connection

Steps = list[tuple[int, int]]
"""The touches of a path: (channel number, microseconds before the conversion) each, the oldest first."""


async def read_withdrawn(
    connection: Connection, tenant_id: UUID, bounds: Bounds, reading: Reading
) -> None:
    """Read the touches of `reading.withdrawn`, for its orders with stored journeys that reach so far back."""
    before = reading.forgotten_before
    if before is None or not reading.has_withdrawals:
        return
    keys = sorted(
        {
            order.journey_key
            for order in reading.orders
            if order.journey_key is not None
            and order.capture is not None
            and order.order_id in reading.stored
            and order.converted_at - max(reading.longest_lookback, reading.lookback) < before
        }
    )
    if not keys:
        return
    rows = await queries.select_withdrawn_touches(
        connection,
        tenant_id=tenant_id,
        journey_keys=keys,
        before=before,
        most_of_each=bounds.touches_of_order,
    )
    found: dict[bytes, list[Withdrawn]] = defaultdict(list)
    for row in rows:
        stands_at, stands_for = row["stands_at"], row["stands_for"]
        instead = None
        if stands_at is not None and stands_for is not None and stands_at < before:
            instead = moment_to_us(stands_at), stands_for
        touch = moment_to_us(row["occurred_at"]), row["channel_code"]
        found[keys[row["place"] - 1]].append(Withdrawn(touch, instead))
    reading.withdrawn = dict(found)


def replace_withdrawn(
    path: Steps,
    withdrawn: Sequence[Withdrawn],
    standing: Mapping[tuple[int, int], int],
    *,
    converted_at: int,
    longest: int,
    numbers: Mapping[str, int],
) -> Steps:
    """Return the part of a path before the last forgetting, without what was taken back, with what stands instead.

    A touch is recognised by its channel and moment. `standing` counts the touches that stand and were read. Applied
    again, this changes nothing.
    """

    def steps_of(touches: Iterable[tuple[int, str]]) -> Counter[tuple[int, int]]:
        steps = ((numbers[code], converted_at - moment) for moment, code in touches)
        return Counter(step for step in steps if 0 <= step[1] <= longest)

    # More than one generation of a key can have been withdrawn: what stands under it is one touch.
    instead = steps_of({one.instead for one in withdrawn if one.instead is not None})
    gone = steps_of({one.touch for one in withdrawn if one.touch[1] in numbers})
    held = Counter(path)
    left = list(path)
    for step in gone:
        stays = max(standing.get(step, 0), instead[step])
        for _ in range(held[step] - stays):
            left.remove(step)
    left += [step for step in instead if step not in held]
    return sorted(left, key=lambda step: -step[1])
