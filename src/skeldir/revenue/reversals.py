"""Takes entries of the ledger back by reversing entries, and puts them back by entries of the next generation."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Final
from uuid import UUID

from skeldir.db import new_ids, plan_for_each_list
from skeldir.revenue.store import queries
from skeldir.rollups import mark_days_of_orders

if TYPE_CHECKING:
    from skeldir.db import Connection

# There is no index by delivery, so all entries are read; one statement reads this many.
ENTRIES_LOOKED_AT: Final = 100_000


@dataclass(frozen=True, slots=True)
class Span:
    """Ids after `after`, up to `until`, of which a page has at most `most` that are wanted."""

    after: UUID
    until: UUID
    most: int


@dataclass(frozen=True, slots=True)
class Page:
    """The `wanted` ids of a page, and the last id that was looked at; None: nothing was left to look at.

    `kept` entries are meant as well, but cannot be taken back.
    """

    wanted: list[UUID]
    last_id: UUID | None
    kept: int = 0


@dataclass(frozen=True, slots=True)
class RefundTakenBack:
    """A reversing entry of a refund of `cents`, in minor units."""

    id: UUID
    order_id: str
    currency: str
    business_key: str
    cents: int


_NOTHING_LEFT: Final = Page([], None)


@dataclass(frozen=True, slots=True)
class MoneyOfMonth:
    """The money of some entries of a kind in a month of the tenant's zone, signed, in minor units."""

    currency: str
    kind: str
    month: date
    entries: int
    amount_cents: int


@dataclass(frozen=True, slots=True)
class Dependent:
    """An entry that stands, of an order some of whose entries are taken back; it came another way."""

    order_id: str
    kind: str
    currency: str
    amount_cents: int
    source: str
    occurred_at: datetime


async def find_entries_to_reverse(
    connection: Connection,
    tenant_id: UUID,
    span: Span,
    *,
    deliveries: Sequence[UUID],
    order_id: str | None,
) -> Page:
    """Return a page of the standing entries that came with one of `deliveries`, or those of an order if it is given.

    The money of an order whose touches were forgotten before journeys were stored is left out (`kept_allocations`).
    """
    if span.after >= span.until:
        return _NOTHING_LEFT
    if order_id is not None:
        of_order = await queries.select_order_to_reverse(
            connection,
            tenant_id=tenant_id,
            order_id=order_id,
            after=span.after,
            until=span.until,
            most=span.most,
        )
        return _page_of([(row["id"], row["is_kept"]) for row in of_order], span.most, span.until)
    until = await _find_end(connection, tenant_id, span)
    rows = await queries.select_page_to_reverse(
        connection,
        tenant_id=tenant_id,
        deliveries=deliveries,
        after=span.after,
        until=until,
        most=span.most,
    )
    return _page_of([(row["id"], row["is_kept"]) for row in rows], span.most, until)


async def find_entries_to_restore(
    connection: Connection, tenant_id: UUID, span: Span, *, undoing_id: UUID
) -> Page:
    """Return a page of the reversing entries that an undoing posted."""
    if span.after >= span.until:
        return _NOTHING_LEFT
    until = await _find_end(connection, tenant_id, span)
    rows = await queries.select_page_to_restore(
        connection,
        tenant_id=tenant_id,
        undoing_id=undoing_id,
        after=span.after,
        until=until,
        most=span.most,
    )
    return _page_of([(row["id"], False) for row in rows], span.most, until)


async def _find_end(connection: Connection, tenant_id: UUID, span: Span) -> UUID:
    return await queries.find_end_of_entries(
        connection,
        tenant_id=tenant_id,
        after=span.after,
        until=span.until,
        most=ENTRIES_LOOKED_AT,
    )


def _page_of(found: Sequence[tuple[UUID, bool]], most: int, until: UUID) -> Page:
    return Page(
        [one for one, is_kept in found if not is_kept],
        found[-1][0] if len(found) == most else until,
        sum(is_kept for _, is_kept in found),
    )


async def reverse_entries(
    connection: Connection, tenant_id: UUID, ids: Sequence[UUID], *, undoing_id: UUID
) -> list[str]:
    """Post a reversing entry for each of these entries that stands; return its order for each.

    Marks the days of the orders. The caller marks the orders, as for `post_entries`.
    """
    if not ids:
        return []
    await plan_for_each_list(connection, len(ids), may_sort=True)
    rows = await queries.reverse_entries(
        connection,
        tenant_id=tenant_id,
        undoing_id=undoing_id,
        ids=ids,
        first_id=ids[0],
        last_id=ids[-1],
        new_ids=new_ids(len(ids)),
    )
    return await _mark(connection, tenant_id, [row["order_id"] for row in rows])


async def list_refunds_to_restore(
    connection: Connection, tenant_id: UUID, ids: Sequence[UUID]
) -> list[RefundTakenBack]:
    """Return the refunds among these reversing entries, which are in order of id."""
    if not ids:
        return []
    rows = await queries.select_refunds_to_restore(
        connection, tenant_id=tenant_id, ids=ids, first_id=ids[0], last_id=ids[-1]
    )
    return [RefundTakenBack(**row) for row in rows]


async def restore_entries(
    connection: Connection, tenant_id: UUID, ids: Sequence[UUID], *, cut: Mapping[UUID, int]
) -> list[str]:
    """Post the entries again that these reversing entries took back; return the order of each that was posted.

    An entry whose key has come back since is not posted. `cut` says of refunds how much goes back instead, in minor
    units; those with 0 are not posted. Marks as `reverse_entries` does.
    """
    ids = [one for one in ids if cut.get(one) != 0]
    if not ids:
        return []
    await plan_for_each_list(connection, len(ids), may_sort=True)
    rows = await queries.restore_entries(
        connection,
        tenant_id=tenant_id,
        ids=ids,
        first_id=ids[0],
        last_id=ids[-1],
        new_ids=new_ids(len(ids)),
        cut_ids=list(cut),
        cut_cents=[-cents for cents in cut.values()],
    )
    return await _mark(connection, tenant_id, [row["order_id"] for row in rows])


async def _mark(connection: Connection, tenant_id: UUID, orders: Sequence[str]) -> list[str]:
    if orders:
        distinct = sorted(set(orders))
        await plan_for_each_list(connection, len(distinct))
        await mark_days_of_orders(connection, tenant_id, distinct, is_noted=True)
    return list(orders)


async def sum_entries(
    connection: Connection, tenant_id: UUID, ids: Sequence[UUID]
) -> list[MoneyOfMonth]:
    """Return the money of these entries by currency, kind and month of the tenant's zone."""
    rows = await queries.sum_entries(connection, tenant_id=tenant_id, ids=ids)
    return [
        MoneyOfMonth(
            row["currency"], row["kind"], row["month"], row["entries"], int(row["amount_cents"])
        )
        for row in rows
    ]


async def list_dependents(
    connection: Connection,
    tenant_id: UUID,
    ids: Sequence[UUID],
    *,
    deliveries: Collection[UUID],
    most: int,
) -> list[Dependent]:
    """Return at most `most` standing entries that came another way, of the orders of these entries."""
    rows = await queries.select_dependents(
        connection, tenant_id=tenant_id, ids=ids, deliveries=list(deliveries), most=most
    )
    return [Dependent(**row) for row in rows]


async def last_entry_id(connection: Connection, tenant_id: UUID) -> UUID:
    """Return the greatest id of an entry of the transaction's tenant; the nil id without any."""
    return await queries.select_last_entry(connection, tenant_id=tenant_id)


async def delivery_of_entry(connection: Connection, tenant_id: UUID, key: str) -> UUID | None:
    """Return the delivery that brought the latest entry with this business key; None: unknown, or not recorded."""
    return await queries.find_delivery_of_entry(connection, tenant_id=tenant_id, key=key)


async def repeats_entries(
    connection: Connection,
    tenant_id: UUID,
    keys: str,
    *,
    deliveries: Sequence[UUID],
    order_ids: Sequence[str],
    until_id: UUID,
) -> bool:
    """Return whether the only entry that could stand under one of `keys` is among those that are being taken back.

    These have ids up to `until_id`, and came with one of `deliveries` or are of one of `order_ids`. `keys` is a packed
    column.
    """
    return await queries.repeats_entries(
        connection,
        tenant_id=tenant_id,
        keys=keys,
        deliveries=deliveries,
        order_ids=order_ids,
        until_id=until_id,
    )
