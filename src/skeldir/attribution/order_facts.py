"""What an order's explanation is made of: read at one moment, and handed to a process aside where it is much."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from skeldir.attribution.bounds import BOUNDS
from skeldir.attribution.evaluating import VersionInForce
from skeldir.attribution.journeys import reach_of
from skeldir.attribution.orders import (
    NO_TOUCHES,
    KeptCredit,
    Touches,
    make_journeys,
    make_kept,
    make_stored,
)
from skeldir.attribution.packing import TOUCH_BYTES, PackedOrder, moment_to_us
from skeldir.attribution.reading import ANY_LENGTH, begin_reading
from skeldir.attribution.store import queries
from skeldir.errors import SkeldirError
from skeldir.revenue import read_fixing_capture, read_order_balances, read_order_entries

if TYPE_CHECKING:
    from skeldir.db import Connection

Row = Mapping[str, Any]
"""A row of the database by its columns' names; unlike the driver's own it can be handed to another process."""
MOST_SHOWN = 1_000
"""The most touches, and the most entries, that an explanation shows; no person's order has more."""
# With more touches, entries and kept allocations than this, together, an order takes longer to explain.
_FEW = 100


class OrderUnknown(SkeldirError):
    """The tenant has no entry of this order. The error does not say whether another tenant has one."""

    code = "order_unknown"
    status = 404
    title = "The order is not known"


@dataclass(frozen=True, slots=True)
class OrderFacts:
    """What was read of an order. `newest` are the touches that are shown, `touches` those that count.

    These are all in reach, or one more than may earn anything. `stored` and `kept` are what its credit comes from.
    It can be pickled, and so explained in a process aside.
    """

    order_id: str
    standing: Row
    entries: Sequence[Row]
    balances: Sequence[Row]
    in_force: Sequence[VersionInForce]
    capture: Row | None = None
    newest: Sequence[Row] = ()
    touches: Touches = field(default_factory=lambda: NO_TOUCHES)
    previous_conversion_at: datetime | None = None
    stored: PackedOrder | None = None
    kept: KeptCredit | None = None
    numbers: Mapping[str, int] = field(default_factory=dict)

    @property
    def is_short(self) -> bool:
        """Whether the order is explained within a few milliseconds, which needs no process aside."""
        stored = 0 if self.stored is None else len(self.stored.path) // TOUCH_BYTES
        kept = 0 if self.kept is None else sum(map(len, self.kept.allocations.values()))
        return max(len(self.touches), stored) + len(self.entries) + kept <= _FEW


async def read_order(connection: Connection, tenant_id: UUID, order_id: str) -> OrderFacts:
    """Read what the credit of an order of the transaction's tenant comes from.

    The transaction must show one moment (repeatable read), or facts and credit may not belong together.

    Raises:
        OrderUnknown: the tenant has no entry of it.
    """
    # No text of the database holds a NUL, and it refuses to be asked for one.
    is_possible = "\0" not in order_id
    entries = is_possible and await read_order_entries(
        connection, tenant_id, order_id, most=MOST_SHOWN
    )
    if not entries:
        raise OrderUnknown(
            "There is no order of this id.",
            cure="Check the id; an order is known once one of its conversions was accepted.",
        )
    reading, has_kept = await begin_reading(connection, tenant_id)
    rows = await queries.select_stored_journeys(
        connection, tenant_id=tenant_id, order_ids=[order_id], longest=ANY_LENGTH
    )
    stored = make_stored(rows, reading.restatements).get(order_id)
    kept = None
    if has_kept and stored is None:
        rows = await queries.select_kept_allocations(
            connection,
            tenant_id=tenant_id,
            order_ids=[order_id],
            most=BOUNDS.allocations_of_order,
        )
        kept = make_kept(rows).get(order_id)
    capture = await read_fixing_capture(connection, tenant_id, order_id)
    balances = await read_order_balances(connection, tenant_id, order_id)
    facts = OrderFacts(
        order_id=order_id,
        standing=dict(
            await queries.select_order_standing(connection, tenant_id=tenant_id, order_id=order_id)
        ),
        entries=[dict(row) for row in entries],
        balances=[dict(row) for row in balances],
        in_force=reading.versions,
        capture=None if capture is None else dict(capture),
        stored=stored,
        kept=kept,
        numbers=reading.numbers,
    )
    if facts.capture is None or facts.capture["journey_key"] is None or not facts.in_force:
        return facts
    return await _read_journey(connection, tenant_id, facts, facts.capture)


async def _read_journey(
    connection: Connection, tenant_id: UUID, facts: OrderFacts, capture: Row
) -> OrderFacts:
    last_moment = capture["occurred_at"]
    versions = [v.version for v in facts.in_force]
    span = {
        "journey_key": capture["journey_key"],
        "first_moment": last_moment - max(version.lookback for version in versions),
        "last_moment": last_moment,
    }
    newest = await queries.select_newest_touches(
        connection, tenant_id=tenant_id, **span, most=MOST_SHOWN
    )
    previous = None
    if any(version.after_conversion == "reset" for version in versions):
        found = await queries.select_previous_conversions(
            connection,
            tenant_id=tenant_id,
            order_ids=[facts.order_id],
            **{f"{name}s": [value] for name, value in span.items()},
        )
        previous = found[0]["occurred_at"] if found else None
    newest = [dict(row) for row in reversed(newest)]
    if len(newest) < MOST_SHOWN:
        touches = Touches(
            [moment_to_us(row["occurred_at"]) for row in newest],
            [row["channel_code"] for row in newest],
        )
    else:
        # A journey without a touch in reach has no row.
        key = capture["journey_key"]
        rows = await queries.select_touches(
            connection,
            tenant_id=tenant_id,
            journey_keys=[key],
            first_moments=[reach_of(versions, last_moment, previous)],
            last_moments=[last_moment],
            most_of_each=BOUNDS.touches_of_order + 1,
        )
        touches = make_journeys(rows, [key]).get(key, NO_TOUCHES)
    return replace(facts, newest=newest, touches=touches, previous_conversion_at=previous)
