"""One order in the ledger: its entries, the capture that fixes its journey, and what it comes to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any
from uuid import UUID

from skeldir.revenue.store import queries

if TYPE_CHECKING:
    from skeldir.db import Connection


async def read_order_entries(
    connection: Connection, tenant_id: UUID, order_id: str, *, most: int
) -> Sequence[Mapping[str, Any]]:
    """Return the first `most` entries of an order of the transaction's tenant, by time, then business key."""
    rows: Sequence[Mapping[str, Any]] = await queries.select_order_entries(
        connection, tenant_id=tenant_id, order_id=order_id, most=most
    )
    return rows


async def read_fixing_capture(
    connection: Connection, tenant_id: UUID, order_id: str
) -> Mapping[str, Any] | None:
    """Return the order's earliest capture by (time, business key), with the hash of its journey key, if it has one."""
    row: Mapping[str, Any] | None = await queries.select_fixing_capture(
        connection, tenant_id=tenant_id, order_id=order_id
    )
    return row


async def read_order_balances(
    connection: Connection, tenant_id: UUID, order_id: str
) -> Sequence[Mapping[str, Any]]:
    """Return what the order comes to, a row a currency, by currency."""
    rows: Sequence[Mapping[str, Any]] = await queries.select_order_balances(
        connection, tenant_id=tenant_id, order_id=order_id
    )
    return rows
