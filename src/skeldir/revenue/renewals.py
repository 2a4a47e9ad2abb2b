"""Orders that are later payments of a subscription: reports can leave them out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Literal, TypeAlias
from uuid import UUID

from pydantic import Field

from skeldir.revenue.store import queries
from skeldir.rollups import mark_days_of_orders

if TYPE_CHECKING:
    from skeldir.db import Connection

RenewalsFilter: TypeAlias = Annotated[
    Literal["include", "exclude"],
    Field(
        description="`exclude` leaves out orders that are later payments of a subscription, as webhooks report "
        "them, with their refunds and disputes"
    ),
]
"""Whether a report counts renewals."""


@dataclass(frozen=True, slots=True)
class RenewalTotal:
    """What reports without renewals leave out of the ledger in one currency."""

    currency: str
    net_cents: int
    orders: int


async def renewal_totals(connection: Connection, tenant_id: UUID) -> list[RenewalTotal]:
    """Return the totals of the renewals of the transaction's tenant, one per currency."""
    return [
        RenewalTotal(row["currency"], int(row["net_cents"]), row["orders"])
        for row in await queries.select_renewal_totals(connection, tenant_id=tenant_id)
    ]


async def put_renewals(
    connection: Connection, tenant_id: UUID, are_renewals: Mapping[str, bool]
) -> None:
    """Note for some orders of the transaction's tenant whether they are renewals, and mark their days.

    The caller marks the orders for crediting, and lists the tenant for both marks. The transaction shares
    `ingest_lock`.
    """
    put = sorted(order_id for order_id, is_renewal in are_renewals.items() if is_renewal)
    if put:
        await queries.insert_renewals(connection, tenant_id=tenant_id, order_ids=put)
    gone = sorted(are_renewals.keys() - put)
    if gone:
        await queries.delete_renewals(connection, tenant_id=tenant_id, order_ids=gone)
    await mark_days_of_orders(connection, tenant_id, sorted(are_renewals), is_noted=True)
