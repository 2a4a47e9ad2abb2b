"""One order in the ledger: its entries, the capture that fixes its journey, and its balances."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Final
from uuid import UUID

from skeldir.revenue.store import queries

if TYPE_CHECKING:
    from skeldir.db import Connection
    from skeldir.revenue.store import (
        SelectFixingCaptureRow,
        SelectOrderBalancesRow,
        SelectOrderEntriesRow,
        SelectStandingOfOrdersRow,
    )

_RANDOM_BITS: Final = 80


@dataclass(slots=True)
class RefundsSoFar:
    """What went back of an order in total, in minor units, and how much of it each key that stands is."""

    cents: int = 0
    keys: dict[str, int] = field(default_factory=dict)


async def read_order_entries(
    connection: Connection, tenant_id: UUID, order_id: str, *, most: int
) -> Sequence[SelectOrderEntriesRow]:
    """Return the first `most` entries of an order of the transaction's tenant, by time, then business key."""
    return await queries.select_order_entries(
        connection, tenant_id=tenant_id, order_id=order_id, most=most
    )


async def was_taken_back(connection: Connection, tenant_id: UUID, order_id: str) -> bool:
    """Return whether the ledger holds entries of an order, of which none stands."""
    return await queries.was_taken_back(connection, tenant_id=tenant_id, order_id=order_id)


async def read_fixing_capture(
    connection: Connection, tenant_id: UUID, order_id: str
) -> SelectFixingCaptureRow | None:
    """Return the order's earliest capture by (time, business key), with the hash of its journey key, if it has one."""
    return await queries.select_fixing_capture(connection, tenant_id=tenant_id, order_id=order_id)


async def read_order_balances(
    connection: Connection, tenant_id: UUID, order_id: str
) -> Sequence[SelectOrderBalancesRow]:
    """Return the balances of the order, a row per currency, by currency."""
    return await queries.select_order_balances(connection, tenant_id=tenant_id, order_id=order_id)


@dataclass(frozen=True, slots=True)
class StandingOrder:
    """An order with money: what is left of it after refunds and disputes, in minor units."""

    order_id: str
    currency: str
    balance_cents: int


async def read_standing_orders(
    connection: Connection, tenant_id: UUID, order_ids: Sequence[str]
) -> list[StandingOrder]:
    """Return those of some orders that have money, a row per currency, by id."""
    rows = await queries.select_standing_orders(
        connection, tenant_id=tenant_id, order_ids=order_ids
    )
    return [StandingOrder(**row) for row in rows]


async def read_refunds_so_far(
    connection: Connection, tenant_id: UUID, wanted: Sequence[tuple[str, str, str]]
) -> dict[tuple[str, str, str], RefundsSoFar]:
    """Return what stands under keys that begin with a text, for each (order id, currency, beginning of the keys).

    What has no entries is left out.
    """
    order_ids, currencies, beginnings = zip(*wanted, strict=True) if wanted else ((), (), ())
    rows = await queries.select_keys_under(
        connection,
        tenant_id=tenant_id,
        order_ids=order_ids,
        currencies=currencies,
        beginnings=beginnings,
    )
    found: dict[tuple[str, str, str], RefundsSoFar] = {}
    for row in rows:
        account = row["order_id"], row["currency"], row["beginning"]
        so_far = found.setdefault(account, RefundsSoFar())
        if cents := int(row["cents"]):
            so_far.cents -= cents
            so_far.keys[row["business_key"]] = -cents
    return found


async def read_standing_of_orders(
    connection: Connection, tenant_id: UUID, order_ids: Sequence[str]
) -> Sequence[SelectStandingOfOrdersRow]:
    """Return the standing entries of some orders of the transaction's tenant, whichever way they came."""
    return await queries.select_standing_of_orders(
        connection, tenant_id=tenant_id, order_ids=list(order_ids)
    )


@dataclass(frozen=True, slots=True)
class DeliveredEntry:
    """An entry that came with a delivery. `is_reversing`: it takes an earlier one back. `amount_cents` is signed."""

    delivery: UUID
    order_id: str
    kind: str
    amount_cents: int
    currency: str
    occurred_at: datetime
    is_reversing: bool


async def read_entries_of_deliveries(
    connection: Connection, tenant_id: UUID, deliveries: Sequence[UUID]
) -> list[DeliveredEntry]:
    """Return the entries that came with some deliveries of the transaction's tenant, in the order of their posting.

    The ids of the deliveries were made before those of the entries: all entries since the earliest are looked through.
    """
    if not deliveries:
        return []
    # The last bits of an id are random, and ids of the same millisecond come in no order.
    first_id = UUID(int=min(deliveries).int >> _RANDOM_BITS << _RANDOM_BITS)
    rows = await queries.select_entries_of_deliveries(
        connection, tenant_id=tenant_id, first_id=first_id, deliveries=list(deliveries)
    )
    return [DeliveredEntry(**row) for row in rows]
