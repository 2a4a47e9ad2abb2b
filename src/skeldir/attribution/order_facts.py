"""The facts that explain an order's credit, read in one snapshot; a long order is explained in another process."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING
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
from skeldir.db import as_dict
from skeldir.errors import SkeldirError
from skeldir.revenue import (
    read_fixing_capture,
    read_order_balances,
    read_order_entries,
    was_taken_back,
)

if TYPE_CHECKING:
    from skeldir.attribution.store import (
        SelectNewestTouchesRow,
        SelectOrderStandingRow,
        SelectPaymentsOfOrderRow,
    )
    from skeldir.db import Connection
    from skeldir.revenue import (
        SelectFixingCaptureRow,
        SelectOrderBalancesRow,
        SelectOrderEntriesRow,
    )

MOST_SHOWN = 1_000
"""The most touches, and the most entries, that an explanation shows; no person's order has more."""
MOST_PAYMENTS_SHOWN = 20
# An order with more touches, entries and kept allocations than this in total takes longer to explain.
_FEW = 100


class OrderUnknown(SkeldirError):
    """The tenant has no entry and no payment of this order. The error does not reveal whether another tenant has."""

    code = "order_unknown"
    status = 404
    title = "The order is not known"


@dataclass(frozen=True, slots=True)
class OrderFacts:
    """The facts of an order. `newest` are the touches that are shown, `touches` those that count.

    `touches` holds all that are in reach, up to one more than may earn credit. `stored` and `kept` are the sources of
    the order's credit. Instances can be pickled, and so be explained in another process.
    """

    order_id: str
    standing: SelectOrderStandingRow
    entries: Sequence[SelectOrderEntriesRow]
    balances: Sequence[SelectOrderBalancesRow]
    in_force: Sequence[VersionInForce]
    capture: SelectFixingCaptureRow | None = None
    newest: Sequence[SelectNewestTouchesRow] = ()
    touches: Touches = field(default_factory=lambda: NO_TOUCHES)
    previous_conversion_at: datetime | None = None
    stored: PackedOrder | None = None
    kept: KeptCredit | None = None
    numbers: Mapping[str, int] = field(default_factory=dict)
    payments: Sequence[SelectPaymentsOfOrderRow] = ()

    @property
    def is_erased(self) -> bool:
        """Whether the traces of its journey were erased: the stored journey is all that is known."""
        has_no_key = self.capture is not None and self.capture["journey_key"] is None
        return has_no_key and self.stored is not None and bool(self.stored.path)

    @property
    def is_short(self) -> bool:
        """Whether explaining the order takes a few milliseconds only, and so needs no other process."""
        stored = 0 if self.stored is None else len(self.stored.path) // TOUCH_BYTES
        kept = 0 if self.kept is None else sum(map(len, self.kept.allocations.values()))
        return max(len(self.touches), stored) + len(self.entries) + kept <= _FEW


async def read_order(connection: Connection, tenant_id: UUID, order_id: str) -> OrderFacts:
    """Read the facts that the credit of an order of the transaction's tenant is computed from.

    The transaction must be repeatable read, or facts and credit may not match.

    Raises:
        OrderUnknown: the tenant has no entry and no payment of this order.
    """
    # PostgreSQL texts cannot contain NUL, and it rejects a parameter that does.
    is_possible = "\0" not in order_id
    entries = is_possible and await read_order_entries(
        connection, tenant_id, order_id, most=MOST_SHOWN
    )
    payments = await _read_payments(connection, tenant_id, order_id) if is_possible else []
    # An order that only waits, such as for its capture, has payments and no entries.
    if not entries and not payments:
        raise await _unknown(connection, tenant_id, order_id, is_possible=is_possible)
    reading, has_kept = await begin_reading(connection, tenant_id)
    journeys = await queries.select_stored_journeys(
        connection, tenant_id=tenant_id, order_ids=[order_id], longest=ANY_LENGTH
    )
    stored = make_stored(journeys, reading.restatements).get(order_id)
    kept = None
    if has_kept and stored is None:
        allocations = await queries.select_kept_allocations(
            connection,
            tenant_id=tenant_id,
            order_ids=[order_id],
            most=BOUNDS.allocations_of_order,
        )
        kept = make_kept(allocations).get(order_id)
    capture = await read_fixing_capture(connection, tenant_id, order_id)
    balances = await read_order_balances(connection, tenant_id, order_id)
    standing = await queries.select_order_standing(
        connection, tenant_id=tenant_id, order_id=order_id
    )
    facts = OrderFacts(
        order_id=order_id,
        standing=as_dict(standing),
        entries=[as_dict(row) for row in entries or ()],
        balances=[as_dict(row) for row in balances],
        in_force=reading.versions,
        capture=None if capture is None else as_dict(capture),
        stored=stored,
        kept=kept,
        numbers=reading.numbers,
        payments=payments,
    )
    if capture is None or capture["journey_key"] is None or not facts.in_force:
        return facts
    return await _read_journey(
        connection, tenant_id, facts, capture["journey_key"], capture["occurred_at"]
    )


async def _unknown(
    connection: Connection, tenant_id: UUID, order_id: str, *, is_possible: bool
) -> OrderUnknown:
    if is_possible and await was_taken_back(connection, tenant_id, order_id):
        return OrderUnknown(
            "All entries of this order were taken back.",
            cure="`skeldir imports list` shows who took back what; send the order again if it is true.",
        )
    return OrderUnknown(
        "There is no order with this id.",
        cure="Check the id; an order is known once one of its conversions has been accepted, or a webhook named it. "
        "Without the shop's own id, its id is a name of the provider's: `skeldir webhooks payments` lists them.",
    )


async def _read_payments(
    connection: Connection, tenant_id: UUID, order_id: str
) -> list[SelectPaymentsOfOrderRow]:
    rows = await queries.select_payments_of_order(
        connection, tenant_id=tenant_id, order_id=order_id, most=MOST_PAYMENTS_SHOWN
    )
    return [as_dict(row) for row in rows]


async def _read_journey(
    connection: Connection, tenant_id: UUID, facts: OrderFacts, key: bytes, last_moment: datetime
) -> OrderFacts:
    versions = [v.version for v in facts.in_force]
    first_moment = last_moment - max(version.lookback for version in versions)
    rows = await queries.select_newest_touches(
        connection,
        tenant_id=tenant_id,
        journey_key=key,
        first_moment=first_moment,
        last_moment=last_moment,
        most=MOST_SHOWN,
    )
    newest = [as_dict(row) for row in reversed(rows)]
    previous = None
    if any(version.after_conversion == "reset" for version in versions):
        found = await queries.select_previous_conversions(
            connection,
            tenant_id=tenant_id,
            order_ids=[facts.order_id],
            journey_keys=[key],
            first_moments=[first_moment],
            last_moments=[last_moment],
        )
        previous = found[0]["occurred_at"] if found else None
    if len(newest) < MOST_SHOWN:
        touches = Touches(
            [moment_to_us(row["occurred_at"]) for row in newest],
            [row["channel_code"] for row in newest],
        )
    else:
        # A journey without a touch in reach has no row.
        journeys = await queries.select_touches(
            connection,
            tenant_id=tenant_id,
            journey_keys=[key],
            first_moments=[reach_of(versions, last_moment, previous) or first_moment],
            last_moments=[last_moment],
            most_of_each=BOUNDS.touches_of_order + 1,
        )
        touches = make_journeys(journeys, [key]).get(key, NO_TOUCHES)
    return replace(facts, newest=newest, touches=touches, previous_conversion_at=previous)
