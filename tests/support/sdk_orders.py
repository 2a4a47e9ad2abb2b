"""Orders as SDKs report them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from skeldir.db.pool import Database
from skeldir.inbox import Recorded, inbox_lock, record_arrivals
from skeldir.inbox.booking import Booking, Rules, book
from skeldir.inbox.reporting import Report, report_of
from skeldir.inbox.saying import Said, SdkProvider
from skeldir.inbox.sdk_orders import SdkOrder, SdkOrderKind, order_arrival, say_order
from skeldir.inbox.standings import SdkBasis
from skeldir.rollups import ingest_lock
from skeldir.tenants import profile_from
from tests.support.reports import START, at

NOW = START + timedelta(days=30)
TENANT, KEY = UUID(int=1), UUID(int=2)


def make_order(
    kind: SdkOrderKind,
    total: object = None,
    *,
    minute: int = 0,
    revenue: object = None,
    message_id: str = "",
    order_id: object = "1001",
    currency: object = "USD",
    provider: SdkProvider = "segment",
    **others: object,
) -> SdkOrder:
    """Return a message; its id is made of its kind and minute."""
    return SdkOrder(
        provider,
        kind,
        message_id or f"{kind}-{minute}",
        order_id,
        currency,
        at(minute),
        total=total,
        revenue=revenue,
        **others,  # type: ignore[arg-type]  # names of fields
    )


def say(order: SdkOrder) -> Said:
    return say_order(order, NOW)


def reports_of(orders: Sequence[SdkOrder]) -> list[Report]:
    """Return the reports of orders that can be read."""
    reports = []
    for order in orders:
        said = say(order)
        assert said.trouble is None, said.trouble
        arrival = order_arrival(TENANT, KEY, said, order.provider, order.message_id)
        reports.append(report_of(order.provider, arrival.digest, said, None))
    return reports


async def record_orders(
    db: Database, tenant: UUID, orders: Sequence[SdkOrder], *, key: UUID = KEY
) -> list[Recorded]:
    """Record messages as app_user, in one transaction, as what receives them does."""
    arrivals = [
        order_arrival(tenant, key, say(order), order.provider, order.message_id) for order in orders
    ]
    opened = db.known_tenant(tenant, shared=ingest_lock(tenant), locked=inbox_lock(tenant))
    async with opened as (connection, known):
        assert known is not None
        return await record_arrivals(connection, profile_from(tenant, known), arrivals)


def book_orders(*orders: SdkOrder, basis: SdkBasis | None = "total") -> Booking:
    return book(reports_of(orders), Rules(sdk_basis=basis))


def entries_of(booking: Booking) -> list[tuple[str, int]]:
    """Return kind and minor units of the entries, by time."""
    return [(entry.kind, entry.amount_cents) for entry in booking.entries]


def waiting_in(booking: Booking) -> list[tuple[str, int]]:
    return [(one.kind, one.minor) for one in booking.waiting]
