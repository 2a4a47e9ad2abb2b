"""Reads a tenant's ledger, order by order in one snapshot, and sums it by day, kind and state."""

from __future__ import annotations

import asyncio
import hashlib
import itertools
from collections import Counter
from collections.abc import AsyncIterator, Collection, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import TYPE_CHECKING, Final, Protocol
from uuid import UUID

import orjson

from skeldir.audit.store import queries

if TYPE_CHECKING:
    from skeldir.audit.store import SelectPageRow
    from skeldir.days import LocalDays
    from skeldir.db import Connection

_ENTRIES_OF_PAGE: Final = 10_000
# The columns of a fact; the others are about whether it stands.
_DIGESTED: Final = 7
_STATES: Final = {
    "capture": "captured",
    "refund": "refunded",
    "refund_reversal": "refund_reversed",
    "dispute": "disputed",
    "dispute_reversal": "dispute_reversed",
}
KINDS: Final = tuple(_STATES)

DayKey = tuple[date, str]
"""Local day and currency."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One movement of an order's money, signed, in minor units."""

    entry_id: UUID
    kind: str
    amount_cents: int
    currency: str
    occurred_at: datetime
    day: date
    """The day in the tenant's zone."""


@dataclass(frozen=True, slots=True)
class OrderEntries:
    """An order with some or all of its entries, by moment and business key."""

    order_id: str
    entries: list[Entry]
    is_renewal: bool = False


@dataclass(slots=True)
class DaySum:
    """The entries of a day, currency and state, as `rollup_revenue_day` sums them."""

    amount_cents: int
    entries: int
    orders: int
    last_entry_at: datetime
    renewal_cents: int = 0
    renewal_entries: int = 0
    renewal_orders: int = 0


@dataclass(slots=True)
class Ledger:
    """The sums of the entries. `creditable` is the money of orders with a capture, `pending` its part awaiting credit.

    `awaiting_ids` are orders that await credit. When one of them has a capture and other entries, a roll-up between
    overlapping transactions may have missed one of these; the credit run then marks their days again (see
    `attribution.writing`). Until then these `unsettled_days` may show earlier states. `digest` covers the entries by
    order, moment and business key.
    """

    awaiting_ids: Collection[str] = ()
    days: dict[tuple[date, str, str], DaySum] = field(default_factory=dict)
    kinds: Counter[tuple[date, str, str]] = field(default_factory=Counter)
    creditable: Counter[DayKey] = field(default_factory=Counter)
    pending: Counter[DayKey] = field(default_factory=Counter)
    unsettled_days: set[date] = field(default_factory=set)
    orders: int = 0
    entries: int = 0
    digest: str = ""

    def add_order(self, order: OrderEntries, *, is_pending: bool) -> None:
        """Add an order with all of its entries."""
        opening = next((entry for entry in order.entries if entry.kind == "capture"), None)
        self.orders += 1
        self.entries += len(order.entries)
        if opening is not None and len(order.entries) > 1 and order.order_id in self.awaiting_ids:
            self.unsettled_days.update(entry.day for entry in order.entries)
        for entry in order.entries:
            day, currency = entry.day, entry.currency
            self.kinds[day, currency, entry.kind] += entry.amount_cents
            if opening is not None:
                self.creditable[day, currency] += entry.amount_cents
                if is_pending:
                    self.pending[day, currency] += entry.amount_cents
            sums = self.days.get(key := (day, currency, _state(entry.kind, opening)))
            if sums is None:
                sums = self.days[key] = DaySum(0, 0, 0, entry.occurred_at)
            sums.amount_cents += entry.amount_cents
            sums.entries += 1
            sums.orders += entry is opening
            if order.is_renewal:
                sums.renewal_cents += entry.amount_cents
                sums.renewal_entries += 1
                sums.renewal_orders += entry is opening
            sums.last_entry_at = max(sums.last_entry_at, entry.occurred_at)


def _state(kind: str, opening: Entry | None) -> str:
    if opening is not None:
        return _STATES[kind]
    return "dispute_awaiting_capture" if kind.startswith("dispute") else "awaiting_capture"


class Digest(Protocol):
    """A running hash, such as SHA-256."""

    def update(self, data: bytes, /) -> None: ...


async def read_ledger(
    connection: Connection,
    tenant_id: UUID,
    ledger: Ledger,
    pending_ids: Collection[str],
    days: LocalDays,
) -> AsyncIterator[list[OrderEntries]]:
    """Add all entries of the transaction's tenant to `ledger`, page by page; yield the orders of each page."""
    digest = hashlib.sha256()
    after = ""
    while True:
        until = await queries.select_page_end(
            connection, tenant_id=tenant_id, after=after, most=_ENTRIES_OF_PAGE
        )
        if until is None:
            break
        rows = await queries.select_page(connection, tenant_id=tenant_id, after=after, until=until)
        yield await asyncio.to_thread(_add_page, rows, ledger, pending_ids, days, digest)
        after = until
    ledger.digest = digest.hexdigest()


def _add_page(
    rows: Sequence[SelectPageRow],
    ledger: Ledger,
    pending_ids: Collection[str],
    days: LocalDays,
    digest: Digest,
) -> list[OrderEntries]:
    orders: dict[str, OrderEntries] = {}
    for row in sorted(rows, key=_by_order):
        order = orders.setdefault(
            row["order_id"], OrderEntries(row["order_id"], [], row["is_renewal"])
        )
        if row["is_standing"]:
            order.entries.append(
                Entry(
                    row["id"],
                    row["kind"],
                    row["amount_cents"],
                    row["currency"],
                    row["occurred_at"],
                    days.day_of(row["occurred_at"]),
                )
            )
        line = [str(value) for value in itertools.islice(row.values(), _DIGESTED)]
        digest.update(orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE))
    for order in orders.values():
        if not order.entries:
            continue  # all of them were taken back
        ledger.add_order(order, is_pending=order.order_id in pending_ids)
    return list(orders.values())


def _by_order(row: SelectPageRow) -> tuple[str, datetime, str, int]:
    return row["order_id"], row["occurred_at"], row["business_key"], row["generation"]
