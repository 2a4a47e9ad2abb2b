"""Orders with what the ledger captured of them: by the time of their first capture, or by their ids."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Final
from uuid import UUID

from skeldir.errors import ReportTooLarge
from skeldir.revenue.store import queries

if TYPE_CHECKING:
    from skeldir.db import Connection
    from skeldir.revenue.store import SelectStandingBetweenRow, SelectStandingOfOrdersRow

_ENTRIES_AT_ONCE: Final = 20_000
_ORDERS_AT_ONCE: Final = 5_000
_CAPTURE: Final = "capture"


@dataclass(slots=True)
class CapturedOrder:
    """An order's captured money and what other entries took from it, by currency, in minor units.

    `first_at` is the moment of its first capture. What was taken is negative if entries added to the order.
    """

    first_at: datetime
    captured: dict[str, int] = field(default_factory=dict)
    taken: dict[str, int] = field(default_factory=dict)


async def list_orders_captured(
    connection: Connection, tenant_id: UUID, *, first: datetime, end: datetime, most: int
) -> set[str]:
    """Return the orders of the transaction's tenant that have a capture from `first` on, and before `end`.

    Raises:
        ReportTooLarge: there are more than `most`.
    """
    found: set[str] = set()
    moment, last_id = first, UUID(int=0)
    is_complete = False
    while not is_complete:
        rows = await queries.select_captures_between(
            connection,
            tenant_id=tenant_id,
            after_moment=moment,
            after_id=last_id,
            end_moment=end,
            most=_ENTRIES_AT_ONCE,
        )
        found.update(row["order_id"] for row in rows)
        if len(found) > most:
            raise ReportTooLarge(
                f"More than {most:,} orders have captures on these days.",
                cure="Ask for fewer days at a time.",
            )
        is_complete = len(rows) < _ENTRIES_AT_ONCE
        if rows:
            moment, last_id = rows[-1]["occurred_at"], rows[-1]["id"]
    return found


@dataclass(frozen=True, slots=True)
class StandingEntry:
    """An entry that stands: signed minor units, and which way it came (`source`)."""

    id: UUID
    business_key: str
    order_id: str
    kind: str
    cents: int
    currency: str
    occurred_at: datetime
    source: str


async def list_standing_entries(
    connection: Connection,
    tenant_id: UUID,
    *,
    first: datetime,
    end: datetime,
    order_ids: Collection[str],
    most: int,
) -> dict[UUID, StandingEntry]:
    """Return the entries of the transaction's tenant from `first` on and before `end`, and all of some orders, by id.

    Raises:
        ReportTooLarge: there are more than `most`.
    """
    found: dict[UUID, StandingEntry] = {}
    moment, last_id = first, UUID(int=0)
    is_complete = False
    while not is_complete:
        rows = await queries.select_standing_between(
            connection,
            tenant_id=tenant_id,
            after_moment=moment,
            after_id=last_id,
            end_moment=end,
            most=_ENTRIES_AT_ONCE,
        )
        for row in rows:
            found[row["id"]] = _entry_of(row)
        _refuse_more(len(found), most)
        is_complete = len(rows) < _ENTRIES_AT_ONCE
        if rows:
            moment, last_id = rows[-1]["occurred_at"], rows[-1]["id"]
    wanted = sorted(order_ids)
    for start in range(0, len(wanted), _ORDERS_AT_ONCE):
        of_orders = await queries.select_standing_of_orders(
            connection, tenant_id=tenant_id, order_ids=wanted[start : start + _ORDERS_AT_ONCE]
        )
        for one in of_orders:
            found[one["id"]] = _entry_of(one)
        _refuse_more(len(found), most)
    return found


def _entry_of(row: SelectStandingBetweenRow | SelectStandingOfOrdersRow) -> StandingEntry:
    return StandingEntry(
        row["id"],
        row["business_key"],
        row["order_id"],
        row["kind"],
        row["amount_cents"],
        row["currency"],
        row["occurred_at"],
        row["source"],
    )


def _refuse_more(entries: int, most: int) -> None:
    if entries > most:
        raise ReportTooLarge(
            f"More than {most:,} entries are of these days and orders.",
            cure="Ask for fewer days at a time.",
        )


async def read_captured_orders(
    connection: Connection, tenant_id: UUID, order_ids: Collection[str]
) -> dict[str, CapturedOrder]:
    """Return those of some orders of the transaction's tenant that have a capture, by id."""
    wanted = sorted(order_ids)
    found: dict[str, CapturedOrder] = {}
    for start in range(0, len(wanted), _ORDERS_AT_ONCE):
        rows = await queries.select_standing_of_orders(
            connection, tenant_id=tenant_id, order_ids=wanted[start : start + _ORDERS_AT_ONCE]
        )
        # In order of time, so that captures make the orders that the rest is added to.
        entries = sorted(rows, key=lambda row: (row["kind"] != _CAPTURE, row["occurred_at"]))
        for row in entries:
            currency, cents = row["currency"], row["amount_cents"]
            if row["kind"] == _CAPTURE:
                order = found.setdefault(row["order_id"], CapturedOrder(row["occurred_at"]))
                order.captured[currency] = order.captured.get(currency, 0) + cents
            elif (known := found.get(row["order_id"])) is not None:
                known.taken[currency] = known.taken.get(currency, 0) - cents
    return found
