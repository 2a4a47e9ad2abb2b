"""The rows of the list of orders: what each moved on the days shown, its state, and who earned it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from skeldir.attribution import (
    CreditStanding,
    LinesAsked,
    ModelName,
    OrderLine,
    OriginWanted,
    find_orders_near_origin,
    read_order_lines,
    read_origin_lines,
    read_standings,
)
from skeldir.revenue import (
    DaysShown,
    ListedOrder,
    OrderMovements,
    OrderStanding,
    Place,
    list_orders_of_days,
    read_movements,
    read_states,
)

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from skeldir.db import Connection

KINDS: Final = {
    "captured": ("capture",),
    "refunded": ("refund",),
    "disputed": ("dispute",),
    "reversed": ("refund_reversal", "dispute_reversal"),
}
"""The kinds of entries in each column, named as the steps of the bridge."""

EVERY_KIND: Final = tuple(kind for kinds in KINDS.values() for kind in kinds)

MOST_ORDERS_SEARCHED: Final = 2_000
MOST_ORDERS_CREDITED: Final = 1_000
"""How many orders are looked at for a page of those that credit a channel, or an origin, which no index finds."""

_SEARCHED_AT_ONCE: Final = 500
_CREDITED_AT_ONCE: Final = 250


@dataclass(frozen=True, slots=True)
class OrderRow:
    """An order in one currency. What is not stored of its credit is None.

    `of_origin` is what touches of the source or campaign get that the list is of, in signed minor units.
    """

    order_id: str
    currency: str
    movements: OrderMovements
    standing: OrderStanding
    credit: CreditStanding | None
    line: OrderLine | None
    of_origin: int | None = None

    @property
    def awaits_capture(self) -> bool:
        """Whether the order has no capture yet: what it moved is not counted by kind."""
        return self.standing.state == "awaiting_capture"

    def cents_of(self, step: str) -> int:
        """Return what entries of a step of the bridge moved, in signed minor units."""
        if step == "awaiting_capture":
            return self.movements.net_cents if self.awaits_capture else 0
        return 0 if self.awaits_capture else self.movements.of(*KINDS[step])


@dataclass(frozen=True, slots=True)
class RowsWanted:
    """Which orders a list shows: by days and currency, by kind of entry, and by what the model credits.

    That is a channel, or its touches of one origin. Renewals may be left out.
    """

    days: DaysShown
    currency: str
    kind: str | None = None
    channel: str | None = None
    model: ModelName | None = None
    origin: OriginWanted | None = None
    without_renewals: bool = False

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds of entries that the orders need to have."""
        return EVERY_KIND if self.kind is None else KINDS[self.kind]

    @property
    def is_filtered(self) -> bool:
        """Whether orders with entries on these days are left out."""
        return self.kind is not None or self.is_searched

    @property
    def is_searched(self) -> bool:
        """Whether orders are left out that only looking at each of them finds."""
        return self.channel is not None or self.without_renewals


@dataclass(frozen=True, slots=True)
class RowsPage:
    """Rows of a list, the latest first. `next` is where the next page begins, None if there is none.

    `searched_back_to` is the moment at which the search ended if it has not found a page of orders, and not all.
    """

    rows: list[OrderRow]
    next: Place | None = None
    searched_back_to: datetime | None = None


async def read_rows(
    connection: Connection, tenant_id: UUID, wanted: RowsWanted, *, before: Place | None, most: int
) -> RowsPage:
    """Return up to `most` rows after a place; the transaction must be repeatable read."""
    of_origin: dict[str, int] = {}
    if not wanted.is_searched:
        found = await list_orders_of_days(
            connection,
            tenant_id,
            wanted.days,
            currency=wanted.currency,
            kinds=wanted.kinds,
            before=before,
            most=most + 1,
        )
        orders, ended = found.orders, found.read_until
    else:
        orders, ended = await _search(connection, tenant_id, wanted, before, most, of_origin)
    shown = orders[:most]
    rows = await make_rows(
        connection,
        tenant_id,
        [each.order_id for each in shown],
        wanted.model,
        days=wanted.days,
        currency=wanted.currency,
    )
    if wanted.origin is not None:
        rows = [replace(row, of_origin=of_origin.get(row.order_id, 0)) for row in rows]
    if len(orders) > most:
        return RowsPage(rows, shown[-1].place)
    return RowsPage(rows, ended, None if ended is None else ended[0])


async def _search(
    connection: Connection,
    tenant_id: UUID,
    wanted: RowsWanted,
    before: Place | None,
    most: int,
    of_origin: dict[str, int],
) -> tuple[list[ListedOrder], Place | None]:
    """Return up to `most` + 1 orders that match, and where the search ended, if it did.

    What they credit to the wanted origin is added to `of_origin`.
    """
    kept: list[ListedOrder] = []
    searched = 0
    most_searched = MOST_ORDERS_SEARCHED if wanted.origin is None else MOST_ORDERS_CREDITED
    while searched < most_searched:
        found = await list_orders_of_days(
            connection,
            tenant_id,
            wanted.days,
            currency=wanted.currency,
            kinds=wanted.kinds,
            before=before,
            most=_SEARCHED_AT_ONCE,
        )
        orders = await _matching(connection, tenant_id, wanted, found.orders)
        if wanted.origin is None:
            kept += orders
        else:
            left = most + 1 - len(kept)
            kept += await _of_origin(connection, tenant_id, wanted, orders, left, of_origin)
        searched += len(found.orders)
        if len(kept) > most:
            return kept[: most + 1], None
        if len(found.orders) < _SEARCHED_AT_ONCE:
            return kept, found.read_until
        before = found.orders[-1].place
    return kept, before


async def _matching(
    connection: Connection, tenant_id: UUID, wanted: RowsWanted, orders: Sequence[ListedOrder]
) -> list[ListedOrder]:
    """Return those of some orders that credit the channel or may credit the origin, without renewals if asked."""
    matching = list(orders)
    if wanted.without_renewals:
        states = await read_states(connection, tenant_id, [each.order_id for each in matching])
        renewals = {order_id for (order_id, _), state in states.items() if state.is_renewal}
        matching = [each for each in matching if each.order_id not in renewals]
    ids = [each.order_id for each in matching]
    if wanted.origin is not None:
        near = await find_orders_near_origin(connection, tenant_id, ids, wanted.origin)
        return [each for each in matching if each.order_id in near]
    if wanted.channel is None:
        return matching
    lines = await _read_lines(connection, tenant_id, ids, wanted.model, wanted.days, wanted.channel)
    return [each for each in matching if _has_channel(lines.get(each.order_id), wanted)]


async def _of_origin(
    connection: Connection,
    tenant_id: UUID,
    wanted: RowsWanted,
    orders: Sequence[ListedOrder],
    most: int,
    of_origin: dict[str, int],
) -> list[ListedOrder]:
    """Return up to `most` of the orders that credit the wanted origin; what they credit is added to `of_origin`."""
    kept: list[ListedOrder] = []
    if wanted.origin is None or wanted.model is None:
        return kept
    days = (wanted.days.first, wanted.days.last)
    for first in range(0, len(orders), _CREDITED_AT_ONCE):
        some = orders[first : first + _CREDITED_AT_ONCE]
        ids = [each.order_id for each in some]
        lines = await read_origin_lines(
            connection, tenant_id, ids, wanted.model, days, wanted.origin
        )
        credited = {name: line.get(wanted.currency) for name, line in lines.items()}
        of_origin.update({name: cents for name, cents in credited.items() if cents is not None})
        kept += [each for each in some if each.order_id in of_origin]
        if len(kept) >= most:
            break
    return kept[:most]


def _has_channel(line: OrderLine | None, wanted: RowsWanted) -> bool:
    if line is None or wanted.channel is None:
        return False
    return wanted.channel in line.parts or (wanted.currency, wanted.channel) in line.credited


async def make_rows(
    connection: Connection,
    tenant_id: UUID,
    order_ids: Sequence[str],
    model: ModelName | None,
    *,
    days: DaysShown | None = None,
    currency: str | None = None,
) -> list[OrderRow]:
    """Return the rows of some orders, in their order, a row per currency: of some days, or of all."""
    if not order_ids:
        return []
    movements = await read_movements(connection, tenant_id, order_ids, days=days, currency=currency)
    states = await read_states(connection, tenant_id, order_ids)
    standings = await read_standings(connection, tenant_id, order_ids)
    lines = await _read_lines(connection, tenant_id, order_ids, model, days)
    places = {order_id: place for place, order_id in enumerate(order_ids)}
    accounts = sorted(movements, key=lambda account: (places[account[0]], account[1]))
    return [
        OrderRow(
            order_id,
            of_currency,
            movements[order_id, of_currency],
            states[order_id, of_currency],
            standings.get(order_id),
            lines.get(order_id),
        )
        for order_id, of_currency in accounts
    ]


async def _read_lines(
    connection: Connection,
    tenant_id: UUID,
    order_ids: Sequence[str],
    model: ModelName | None,
    days: DaysShown | None,
    channel: str | None = None,
) -> dict[str, OrderLine]:
    if model is None:
        return {}
    span = None if days is None else (days.first, days.last)
    return await read_order_lines(
        connection, tenant_id, order_ids, LinesAsked(model, span, channel)
    )
