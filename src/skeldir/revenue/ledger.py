"""Posts entries to the ledger, and derives the state and the balance of an order from them."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Final, Literal, get_args
from uuid import UUID

import asyncpg
from pydantic import Field

from skeldir.db import new_hex_ids, pack_column, plan_for_each_list, unpack_column
from skeldir.errors import SkeldirError
from skeldir.revenue.store import queries
from skeldir.rollups import mark_days_of_orders

if TYPE_CHECKING:
    from skeldir.db import Connection
    from skeldir.revenue.store import SelectFlaggedOrdersRow

# From this many on, flagged orders are made in a thread, so that they do not block the event loop.
_MANY_FLAGGED = 500

# Columns that may differ when an entry is sent again.
_NO_CONTENT: Final = frozenset({"ids", "deliveries"})

LONGEST_KEY: Final = 200
"""The most characters of an order id, and of the key by which a repeated item is recognised."""

# In which direction each kind of entry moves money; the table has the same rule as a CHECK.
KIND_SIGNS = {
    "capture": 1,
    "refund": -1,
    "refund_reversal": 1,
    "dispute": -1,
    "dispute_reversal": 1,
}

EntryKind = Annotated[str, Field(json_schema_extra={"enum": list(KIND_SIGNS)})]
"""One of KIND_SIGNS; the API description shows it as an enum."""

OrderState = Literal[
    "paid",
    "partially_refunded",
    "refunded",
    "over_refunded",
    "disputed",
    "awaiting_capture",
]
"""The state of an order, as the view order_balances derives it."""

ORDER_STATES: Final[tuple[OrderState, ...]] = get_args(OrderState)


class OrderSumTooLarge(SkeldirError):
    """The money of one order in one currency does not fit in a bigint; nothing was posted."""

    code = "order_sum_too_large"
    status = 422
    title = "The money of an order cannot be summed"


@dataclass(frozen=True, slots=True)
class LedgerRow:
    """One movement of money to post. `amount_cents` is signed; `journey_key` is the stored hash."""

    business_key: str
    order_id: str
    kind: str
    amount_cents: int
    currency: str
    occurred_at: datetime
    journey_key: bytes | None


@dataclass(frozen=True, slots=True)
class FlaggedOrder:
    """An order that needs attention: `awaiting_capture` or `over_refunded`."""

    order_id: str
    currency: str
    state: str


@dataclass(frozen=True, slots=True)
class OrderBalance:
    """The totals of an order in one currency, in signed minor units."""

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
    """The result of posting: how many rows were new, their orders, and the keys that exist with other content.

    `posted_keys` are those of the new rows, if they were requested.
    """

    count: int
    order_ids: Sequence[str]
    reused_keys: frozenset[str]
    posted_keys: frozenset[str]
    flagged: tuple[FlaggedOrder, ...]


@dataclass(frozen=True, slots=True)
class LedgerBatch:
    """Rows to post, as the columns that are sent to the database, each of them one text."""

    count: int
    delivery: UUID
    columns: Mapping[str, str]


def pack_entries(
    rows: Sequence[LedgerRow], *, delivery: UUID, deliveries: Sequence[UUID] = ()
) -> LedgerBatch:
    """Prepare `rows`, whose business keys are distinct and contain no control characters, for posting.

    They come from `delivery`, or each from the one at its place in `deliveries`.
    This is the part of posting that takes processor time and needs no database.
    """
    return LedgerBatch(
        len(rows),
        delivery,
        {
            "deliveries": pack_column(one.hex for one in deliveries),
            "ids": pack_column(new_hex_ids(len(rows))),
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
    is_by_order: bool = False,
    finds_flagged: bool = True,
) -> Posting:
    """Append a batch of rows to the ledger; a row whose business key exists already is not posted.

    Marks the days of every order that got a new entry, in the same transaction. The caller, which marks the orders,
    lists the tenant for both (`attribution.mark_orders_of_conversions`). With many rows, the statements after the
    insertion are planned for their own lists (see `db.plans`). `posted_keys` is returned if `tells_keys`. With
    `is_by_order`, a key that exists with the same money of the same order at another moment is not reused. Without
    `finds_flagged`, no order is flagged, and the caller makes sure that the sums of an order fit in 64 bits.

    Raises:
        OrderSumTooLarge: the transaction has failed and must be rolled back.
    """
    if not batch.count:
        return Posting(0, (), frozenset(), frozenset(), ())
    new = await queries.insert_entries(
        connection,
        tenant_id=tenant_id,
        source=source,
        tells_keys=tells_keys,
        delivery=batch.delivery,
        **batch.columns,
    )
    await plan_for_each_list(connection, batch.count)
    count = new["entries"]
    reused: frozenset[str] = frozenset()
    if count < batch.count:
        content = {
            name: column for name, column in batch.columns.items() if name not in _NO_CONTENT
        }
        keys = await queries.select_reused_keys(
            connection, tenant_id=tenant_id, is_by_order=is_by_order, **content
        )
        reused = frozenset(unpack_column(keys))
    if not count:
        return Posting(0, (), reused, frozenset(), ())
    orders = unpack_column(new["order_ids"])
    await mark_days_of_orders(connection, tenant_id, orders, is_noted=True)
    posted = frozenset(unpack_column(new["business_keys"]))
    if not finds_flagged:
        return Posting(count, orders, reused, posted, ())
    flagged = await _find_flagged(connection, tenant_id, orders)
    return Posting(count, orders, reused, posted, flagged)


async def _find_flagged(
    connection: Connection, tenant_id: UUID, orders: Sequence[str]
) -> tuple[FlaggedOrder, ...]:
    try:
        flagged = await queries.select_flagged_orders(
            connection, tenant_id=tenant_id, order_ids=orders
        )
    except asyncpg.NumericValueOutOfRangeError as error:
        raise OrderSumTooLarge(
            "The entries of one order in one currency add up to more than a 64-bit integer holds.",
            cure="Do not send these items again unchanged: look for amounts in a wrong unit, or many sales under one "
            "order_id.",
        ) from error
    if len(flagged) < _MANY_FLAGGED:
        return _flagged_of(flagged)
    return await asyncio.to_thread(_flagged_of, flagged)


def _flagged_of(rows: Sequence[SelectFlaggedOrdersRow]) -> tuple[FlaggedOrder, ...]:
    return tuple(FlaggedOrder(**row) for row in rows)


async def list_balances(
    connection: Connection, tenant_id: UUID, *, state: str | None = None, most: int = 100
) -> list[OrderBalance]:
    """Return the orders of the transaction's tenant, the latest entry first; only those in `state` if given."""
    rows = await queries.select_balances(connection, tenant_id=tenant_id, state=state, most=most)
    return [OrderBalance(**row) for row in rows]


@dataclass(frozen=True, slots=True)
class LedgerTotal:
    """The ledger of a tenant in one currency; `awaiting_cents` is the part of orders without a capture."""

    currency: str
    net_cents: int
    awaiting_cents: int
    entries: int
    captures: int


async def ledger_totals(
    connection: Connection, tenant_id: UUID, *, without_renewals: bool = False
) -> list[LedgerTotal]:
    """Return the totals of the transaction's tenant's ledger, one per currency."""
    awaiting = {
        row["currency"]: int(row["awaiting_cents"])
        for row in await queries.select_awaiting_totals(
            connection, tenant_id=tenant_id, without_renewals=without_renewals
        )
    }
    return [
        LedgerTotal(
            row["currency"],
            int(row["net_cents"]),
            awaiting.get(row["currency"], 0),
            row["entries"],
            row["captures"],
        )
        for row in await queries.select_ledger_totals(
            connection, tenant_id=tenant_id, without_renewals=without_renewals
        )
    ]
