"""Posting to the ledger, and what is derived from it: the state and the balance of an order."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

import asyncpg

from skeldir.db import new_ids, pack_column, plan_for_each_list, unpack_column
from skeldir.errors import SkeldirError
from skeldir.revenue.store import queries
from skeldir.rollups import mark_days

if TYPE_CHECKING:
    from skeldir.db import Connection

# From this many on, they are made in a thread, so that the loop goes on.
_MANY_FLAGGED = 500

# In which direction each kind of entry moves money; the table has the same rule as a CHECK.
KIND_SIGNS = {
    "capture": 1,
    "refund": -1,
    "refund_reversal": 1,
    "dispute": -1,
    "dispute_reversal": 1,
}

# What an order can be, as the view order_balances derives it.
ORDER_STATES = (
    "paid",
    "partially_refunded",
    "refunded",
    "over_refunded",
    "disputed",
    "awaiting_capture",
)


class OrderSumTooLarge(SkeldirError):
    """The money of one order in one currency goes beyond what a bigint holds; nothing was posted."""

    code = "order_sum_too_large"
    status = 422
    title = "The money of an order cannot be summed"


@dataclass(frozen=True, slots=True)
class LedgerRow:
    """One movement of money to be posted. `amount_cents` is signed; `journey_key` is the stored hash."""

    business_key: str
    order_id: str
    kind: str
    amount_cents: int
    currency: str
    occurred_at: datetime
    journey_key: bytes | None


@dataclass(frozen=True, slots=True)
class FlaggedOrder:
    """An order whose money wants a second look: `awaiting_capture` or `over_refunded`."""

    order_id: str
    currency: str
    state: str


@dataclass(frozen=True, slots=True)
class OrderBalance:
    """What the ledger says of an order in one currency, in signed minor units."""

    order_id: str
    currency: str
    state: str
    captured_cents: int
    refunded_cents: int
    disputed_cents: int
    balance_cents: int
    last_entry_at: datetime


@dataclass(frozen=True, slots=True)
class Posting:
    """What became of the rows: how many were new, of which orders, and keys that stand for other content already.

    `posted_keys` are those of the new rows, where they were asked for.
    """

    count: int
    order_ids: Sequence[str]
    reused_keys: frozenset[str]
    posted_keys: frozenset[str]
    flagged: tuple[FlaggedOrder, ...]


@dataclass(frozen=True, slots=True)
class LedgerBatch:
    """Rows to be posted, column by column as they are sent: each one text."""

    count: int
    columns: Mapping[str, str]


def pack_entries(rows: Sequence[LedgerRow]) -> LedgerBatch:
    """Make `rows`, whose business keys are distinct and hold no control characters, ready to be posted.

    This is the part of posting that needs the processor and not the database.
    """
    return LedgerBatch(
        len(rows),
        {
            "ids": pack_column(id_.hex for id_ in new_ids(len(rows))),
            "business_keys": pack_column(row.business_key for row in rows),
            "order_ids": pack_column(row.order_id for row in rows),
            "kinds": pack_column(row.kind for row in rows),
            "amounts": pack_column(str(row.amount_cents) for row in rows),
            "currencies": pack_column(row.currency for row in rows),
            "moments": pack_column(row.occurred_at.isoformat() for row in rows),
            "journey_keys": pack_column(
                "" if row.journey_key is None else row.journey_key.hex() for row in rows
            ),
        },
    )


async def post_entries(
    connection: Connection,
    tenant_id: UUID,
    batch: LedgerBatch,
    *,
    source: str,
    tells_keys: bool = False,
) -> Posting:
    """Append a batch of rows to the ledger; a business key that is there already is left alone.

    Marks the days of every order that got a new entry, in the same transaction. Of many rows, the statements of that
    transaction are planned for their own lists until its end (see `db.plans`).

    Raises:
        OrderSumTooLarge: the transaction has failed and must be rolled back.
    """
    if not batch.count:
        return Posting(0, (), frozenset(), frozenset(), ())
    await plan_for_each_list(connection, batch.count)
    new = await queries.insert_entries(
        connection,
        tenant_id=tenant_id,
        source=source,
        tells_keys=tells_keys,
        **batch.columns,
    )
    count = new["entries"]
    reused: frozenset[str] = frozenset()
    if count < batch.count:
        content = {name: column for name, column in batch.columns.items() if name != "ids"}
        keys = await queries.select_reused_keys(connection, tenant_id=tenant_id, **content)
        reused = frozenset(unpack_column(keys))
    if not count:
        return Posting(0, (), reused, frozenset(), ())
    orders = unpack_column(new["order_ids"])
    await mark_days_of_orders(connection, tenant_id, orders)
    try:
        flagged = await queries.select_flagged_orders(
            connection, tenant_id=tenant_id, order_ids=orders
        )
    except asyncpg.NumericValueOutOfRangeError as error:
        raise OrderSumTooLarge(
            "The entries of one order in one currency would come to more than a 64-bit integer holds.",
            cure="Send none of these items again as they are: look for amounts in a wrong unit, or many sales under "
            "one order_id.",
        ) from error
    posted = frozenset(unpack_column(new["business_keys"]))
    if len(flagged) < _MANY_FLAGGED:
        return Posting(count, orders, reused, posted, _flagged_of(flagged))
    return Posting(count, orders, reused, posted, await asyncio.to_thread(_flagged_of, flagged))


async def mark_days_of_orders(
    connection: Connection, tenant_id: UUID, order_ids: Sequence[str]
) -> None:
    """Have the revenue of every day summed again on which one of the orders has an entry."""
    rows = await queries.select_entry_days(connection, tenant_id=tenant_id, order_ids=order_ids)
    await mark_days(connection, tenant_id, (row["day"] for row in rows), sums="revenue")


def _flagged_of(records: Sequence[asyncpg.Record]) -> tuple[FlaggedOrder, ...]:
    return tuple(FlaggedOrder(**record) for record in records)


async def list_balances(
    connection: Connection, tenant_id: UUID, *, state: str | None = None, most: int = 100
) -> list[OrderBalance]:
    """Return the orders of the transaction's tenant, the latest entry first; of one state when given."""
    rows = await queries.select_balances(connection, tenant_id=tenant_id, state=state, most=most)
    return [OrderBalance(**row) for row in rows]


@dataclass(frozen=True, slots=True)
class LedgerTotal:
    """The ledger of a tenant in one currency; `awaiting_cents` is the part whose capture has not come."""

    currency: str
    net_cents: int
    awaiting_cents: int
    entries: int
    captures: int


async def ledger_totals(connection: Connection, tenant_id: UUID) -> list[LedgerTotal]:
    """Return the ledger of the transaction's tenant, one total a currency."""
    awaiting = {
        row["currency"]: int(row["awaiting_cents"])
        for row in await queries.select_awaiting_totals(connection, tenant_id=tenant_id)
    }
    return [
        LedgerTotal(
            row["currency"],
            int(row["net_cents"]),
            awaiting.get(row["currency"], 0),
            row["entries"],
            row["captures"],
        )
        for row in await queries.select_ledger_totals(connection, tenant_id=tenant_id)
    ]
