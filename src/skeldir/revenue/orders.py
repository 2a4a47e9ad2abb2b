"""One order in the ledger: its entries, the capture that fixes its journey, and its balances."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING
from uuid import UUID

from skeldir.revenue.store import queries

if TYPE_CHECKING:
    from skeldir.db import Connection
    from skeldir.revenue.store import (
        SelectFixingCaptureRow,
        SelectOrderBalancesRow,
        SelectOrderEntriesRow,
    )


async def read_order_entries(
    connection: Connection, tenant_id: UUID, order_id: str, *, most: int
) -> Sequence[SelectOrderEntriesRow]:
    """Return the first `most` entries of an order of the transaction's tenant, by time, then business key."""
    return await queries.select_order_entries(
        connection, tenant_id=tenant_id, order_id=order_id, most=most
    )


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


async def sum_entries_under(
    connection: Connection, tenant_id: UUID, wanted: Sequence[tuple[str, str, str]]
) -> dict[tuple[str, str, str], int]:
    """Return the sum of the entries whose keys begin with a text, for each (order id, currency, beginning of the key).

    In signed minor units; what has no entries is left out.
    """
    order_ids, currencies, beginnings = zip(*wanted, strict=True) if wanted else ((), (), ())
    rows = await queries.select_sums_under(
        connection,
        tenant_id=tenant_id,
        order_ids=order_ids,
        currencies=currencies,
        beginnings=beginnings,
    )
    return {(row["order_id"], row["currency"], row["beginning"]): int(row["cents"]) for row in rows}
