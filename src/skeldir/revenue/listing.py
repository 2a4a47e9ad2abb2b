"""Orders as a list: those with entries on some days, or whose ids begin with a text, and what each of them moved."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import TYPE_CHECKING, Final
from uuid import UUID

from skeldir.days import UTC_RULES, LocalDays
from skeldir.revenue.store import queries

if TYPE_CHECKING:
    from skeldir.db import Connection
    from skeldir.revenue.ledger import OrderState
    from skeldir.revenue.store import SelectDeliveriesOfOrderRow

# Most pages are found among the first entries; a rare kind or currency needs more of them.
_READ_AT_ONCE: Final = (500, 4_500, 15_000)

MOST_ENTRIES_READ: Final = sum(_READ_AT_ONCE)
"""The most entries that are read for one page of a list, however few of them are wanted."""

Place = tuple[datetime, UUID]
"""Where an entry stands in a list by time: its moment and its id."""

_FIRST_ID: Final = UUID(int=0)


@dataclass(frozen=True, slots=True)
class DaysShown:
    """Local days by the rules of a tenant's zone; both are included."""

    first: date
    last: date
    local: LocalDays

    @property
    def first_moment(self) -> datetime:
        """No entry of these days is earlier."""
        return self.local.start_of(self.first)

    @property
    def after(self) -> Place:
        """Entries of these days come before this place."""
        return self.local.end_of(self.last), _FIRST_ID


@dataclass(frozen=True, slots=True)
class ListedOrder:
    """An order in a list of days, by its first entry on them of the kinds asked for."""

    order_id: str
    place: Place


@dataclass(frozen=True, slots=True)
class OrdersOfDays:
    """Orders, the latest first. `read_until` is where reading ended if all of `MOST_ENTRIES_READ` entries were read."""

    orders: list[ListedOrder]
    read_until: Place | None


async def list_orders_of_days(
    connection: Connection,
    tenant_id: UUID,
    days: DaysShown,
    *,
    currency: str,
    kinds: Sequence[str],
    before: Place | None,
    most: int,
) -> OrdersOfDays:
    """Return up to `most` orders of the transaction's tenant that have an entry of `kinds` in a currency on some days.

    An order is listed by the first of these entries, the latest order first, after the place `before`; so a later
    entry moves no order. What is read is bounded, and may hold fewer orders than wanted though more follow.
    """
    orders: list[ListedOrder] = []
    read_until = before or days.after
    for most_read in _READ_AT_ONCE:
        found, ended = await _read_some(
            connection,
            tenant_id,
            days,
            currency=currency,
            kinds=kinds,
            before=read_until,
            most=most - len(orders),
            most_read=most_read,
        )
        orders += found
        if ended is None or len(orders) == most:
            return OrdersOfDays(orders, None)
        read_until = ended
    return OrdersOfDays(orders, read_until)


async def _read_some(
    connection: Connection,
    tenant_id: UUID,
    days: DaysShown,
    *,
    currency: str,
    kinds: Sequence[str],
    before: Place,
    most: int,
    most_read: int,
) -> tuple[list[ListedOrder], Place | None]:
    """Return the orders of the first `most_read` entries, and the place of the last of these, if more may follow."""
    rows = await queries.select_first_movements(
        connection,
        tenant_id=tenant_id,
        first_moment=days.first_moment,
        before_moment=before[0],
        before_id=before[1],
        most_read=most_read,
        currency=currency,
        kinds=list(kinds),
        offsets_s=list(days.local.rules.offsets_s),
        changes=list(days.local.rules.changes),
        first_day=days.first,
        last_day=days.last,
        most=most,
    )
    orders = [
        ListedOrder(row["order_id"], (row["occurred_at"], row["id"]))
        for row in rows
        if row["order_id"] is not None and row["occurred_at"] is not None and row["id"] is not None
    ]
    moment, last_id = rows[0]["last_moment"], rows[0]["last_id"]
    if rows[0]["entries_read"] < most_read or moment is None or last_id is None:
        return orders, None
    return orders, (moment, last_id)


async def list_orders_that_begin(
    connection: Connection, tenant_id: UUID, beginning: str, *, after: str, most: int
) -> list[str]:
    """Return up to `most` ids of orders of the transaction's tenant that begin with a text, in order, after one."""
    rows = await queries.select_orders_that_begin(
        connection, tenant_id=tenant_id, beginning=beginning, after=after, most=most
    )
    return [row["order_id"] for row in rows]


@dataclass(slots=True)
class OrderMovements:
    """What an order moved in a currency, by kind, in signed minor units; the moment of the first of these entries."""

    first_at: datetime
    cents: dict[str, int] = field(default_factory=dict)
    entries: int = 0

    def of(self, *kinds: str) -> int:
        """Return what was moved by entries of some kinds."""
        return sum(self.cents.get(kind, 0) for kind in kinds)

    @property
    def net_cents(self) -> int:
        """What was moved by all entries."""
        return sum(self.cents.values())


async def read_movements(
    connection: Connection,
    tenant_id: UUID,
    order_ids: Sequence[str],
    *,
    days: DaysShown | None = None,
    currency: str | None = None,
) -> dict[tuple[str, str], OrderMovements]:
    """Return what some orders of the transaction's tenant moved, on some days or at all, by order and currency."""
    rules = UTC_RULES if days is None else days.local.rules
    rows = await queries.select_movements_of_orders(
        connection,
        tenant_id=tenant_id,
        order_ids=list(order_ids),
        currency=currency,
        offsets_s=list(rules.offsets_s),
        changes=list(rules.changes),
        first_day=None if days is None else days.first,
        last_day=None if days is None else days.last,
    )
    found: dict[tuple[str, str], OrderMovements] = {}
    for row in rows:
        account = row["order_id"], row["currency"]
        movements = found.setdefault(account, OrderMovements(row["first_at"]))
        movements.first_at = min(movements.first_at, row["first_at"])
        movements.cents[row["kind"]] = int(row["cents"])
        movements.entries += row["entries"]
    return found


@dataclass(frozen=True, slots=True)
class OrderStanding:
    """The state of an order in a currency, and whether it is a later payment of a subscription."""

    state: OrderState
    is_renewal: bool


async def read_states(
    connection: Connection, tenant_id: UUID, order_ids: Sequence[str]
) -> dict[tuple[str, str], OrderStanding]:
    """Return the states of some orders of the transaction's tenant, by order and currency."""
    rows = await queries.select_states_of_orders(
        connection, tenant_id=tenant_id, order_ids=list(order_ids)
    )
    return {
        (row["order_id"], row["currency"]): OrderStanding(row["state"], row["is_renewal"])
        for row in rows
    }


async def read_deliveries_of_order(
    connection: Connection, tenant_id: UUID, order_id: str, *, most: int
) -> Sequence[SelectDeliveriesOfOrderRow]:
    """Return what brought the first `most` entries of an order of the transaction's tenant."""
    return await queries.select_deliveries_of_order(
        connection, tenant_id=tenant_id, order_id=order_id, most=most
    )
