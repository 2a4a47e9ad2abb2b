"""Makes the ledger say what all reports of some payments say together, and stores the payments.

What stands in the ledger and does not follow any more is taken back by a reversing entry; what is missing is posted.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from uuid import UUID

import orjson

from skeldir.attribution import mark_orders_of_conversions
from skeldir.inbox.booking import Booking, Rules, book
from skeldir.inbox.deriving import derive_touches
from skeldir.inbox.payments import pack_payment
from skeldir.inbox.reporting import Report
from skeldir.inbox.store import queries
from skeldir.revenue import (
    LedgerRow,
    pack_entries,
    post_entries,
    put_renewals,
    read_standing_of_orders,
    reverse_entries,
)

if TYPE_CHECKING:
    from skeldir.db import Connection
    from skeldir.revenue import SelectStandingOfOrdersRow
    from skeldir.tenants import TenantProfile

SOURCE: Final = "webhook"
NO_REFS: Final[Mapping[str, UUID]] = {}


@dataclass(frozen=True, slots=True)
class Booked:
    """What was posted for a payment."""

    order_id: str | None
    entries: tuple[LedgerRow, ...]


@dataclass(frozen=True, slots=True)
class Settled:
    """What was posted for each payment, and the payments as they are stored, as JSON values."""

    booked: Mapping[UUID, Booked]
    payments: Sequence[Mapping[str, object]]


def inbox_lock(tenant_id: UUID) -> str:
    """Return the name of the lock under which one transaction at a time books a tenant's deliveries."""
    return f"inbox:{tenant_id}"


async def read_rules(connection: Connection, tenant_id: UUID) -> Rules:
    """Return the tenant's rules. Under `inbox_lock`, they are those of every later booking until they are changed."""
    row = await queries.select_rules(connection, tenant_id=tenant_id)
    if row is None:
        return Rules()
    return Rules(row["precedence"], row["basis"], row["sdk_basis"])


async def store(
    connection: Connection,
    tenant_id: UUID,
    *,
    deliveries: Sequence[Mapping[str, object]] = (),
    refs: Mapping[str, UUID] = NO_REFS,
    payments: Sequence[Mapping[str, object]] = (),
) -> None:
    """Store new deliveries, new names of payments, and payments as they are now: JSON values.

    One statement for all, since a delivery that comes alone mostly waits for round trips.
    """
    await queries.store_deliveries(
        connection,
        tenant_id=tenant_id,
        deliveries=orjson.dumps(deliveries).decode(),
        refs=list(refs),
        payment_ids=list(refs.values()),
        payments=orjson.dumps(payments).decode(),
    )


async def settle(
    connection: Connection,
    profile: TenantProfile,
    reports: Mapping[UUID, Sequence[Report]],
    rules: Rules,
    *,
    delivery_of: Mapping[UUID, UUID],
    old_orders: Collection[str],
    erased: Collection[UUID] = (),
    compares_renewals: bool = False,
) -> Settled:
    """Book payments by all their reports, and return how they are to be stored.

    `delivery_of` has the delivery of each payment that its new entries name, `old_orders` the orders that the payments
    had before. Payments that are `erased` are marked as such, and the mark stays. Which orders are renewals is compared
    if one of the payments is one, since a payment stays a renewal, or if `compares_renewals`. The transaction holds
    `inbox_lock`, and shares `ingest_lock`.
    """
    tenant_id = profile.tenant_id
    bookings = {one: book(found, rules) for one, found in reports.items()}
    bookings = await derive_touches(connection, profile, bookings)
    orders = set(old_orders)
    orders.update(b.order_id for b in bookings.values() if b.order_id is not None)
    standing = await read_standing_of_orders(connection, tenant_id, sorted(orders))
    booked, marked = await _post(connection, tenant_id, bookings, delivery_of, standing)
    if compares_renewals or any(booking.is_renewal for booking in bookings.values()):
        marked |= await _note_renewals(connection, tenant_id, bookings, orders)
    await mark_orders_of_conversions(connection, tenant_id, sorted(marked))
    elsewhere = {row["order_id"] for row in standing if row["source"] != SOURCE}
    payments = [
        pack_payment(
            one,
            bookings[one],
            reports[one],
            counted_elsewhere=elsewhere,
            is_erased=one in erased,
        )
        for one in reports
    ]
    return Settled(booked, payments)


async def _post(
    connection: Connection,
    tenant_id: UUID,
    bookings: Mapping[UUID, Booking],
    delivery_of: Mapping[UUID, UUID],
    standing: Sequence[SelectStandingOfOrdersRow],
) -> tuple[Mapping[UUID, Booked], set[str]]:
    """Take back what stands and does not follow any more, and post what is missing.

    Return what was posted for each payment, and the orders whose entries changed.
    """
    held = {row["business_key"]: row for row in standing if row["source"] == SOURCE}
    wanted = {
        entry.business_key: (entry, payment_id)
        for payment_id, booking in bookings.items()
        for entry in booking.entries
    }
    surplus = [
        row["id"]
        for key, row in held.items()
        if key not in wanted or not _is_equal(wanted[key][0], row)
    ]
    missing = [
        wanted[key]
        for key in sorted(wanted)
        if key not in held or not _is_equal(wanted[key][0], held[key])
    ]
    orders: set[str] = set()
    if surplus:
        undoing = next(iter(delivery_of.values()))
        orders.update(
            await reverse_entries(connection, tenant_id, sorted(surplus), undoing_id=undoing)
        )
    if missing:
        batch = pack_entries(
            [entry for entry, _ in missing],
            delivery=delivery_of[missing[0][1]],
            deliveries=[delivery_of[payment_id] for _, payment_id in missing],
        )
        # Payments have flags of their own, and a thousand reports of at most 10**15 units fit in 64 bits.
        posting = await post_entries(
            connection, tenant_id, batch, source=SOURCE, finds_flagged=False
        )
        orders.update(posting.order_ids)
    posted: dict[UUID, list[LedgerRow]] = {payment_id: [] for payment_id in bookings}
    for entry, payment_id in missing:
        posted[payment_id].append(entry)
    booked = {
        payment_id: Booked(booking.order_id, tuple(posted[payment_id]))
        for payment_id, booking in bookings.items()
    }
    return booked, orders


async def _note_renewals(
    connection: Connection,
    tenant_id: UUID,
    bookings: Mapping[UUID, Booking],
    orders: Collection[str],
) -> set[str]:
    """Note which of the orders are renewals, by all payments of theirs; return those of which it is news."""
    rows = await queries.select_changed_renewals(
        connection,
        tenant_id=tenant_id,
        order_ids=sorted(orders),
        payment_ids=sorted(bookings),
        renewals=sorted(
            {b.order_id for b in bookings.values() if b.is_renewal and b.order_id is not None}
        ),
    )
    changed = {row["order_id"]: row["is_renewal"] for row in rows}
    if changed:
        await put_renewals(connection, tenant_id, changed)
    return set(changed)


def _is_equal(entry: LedgerRow, row: SelectStandingOfOrdersRow) -> bool:
    return (
        entry.order_id,
        entry.kind,
        entry.amount_cents,
        entry.currency,
        entry.occurred_at,
        entry.journey_key,
    ) == (
        row["order_id"],
        row["kind"],
        row["amount_cents"],
        row["currency"],
        row["occurred_at"],
        row["journey_key"],
    )
