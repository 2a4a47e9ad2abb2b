"""A tenant's payments as the API shows them: their states, and what is in the ledger and what is not."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING
from uuid import UUID

import orjson
from pydantic import TypeAdapter

from skeldir.attribution import UnbookedEntry
from skeldir.http import Keyset
from skeldir.inbox.booking import Unbooked
from skeldir.inbox.reading import BookedSum, read_unbooked, sum_booked
from skeldir.inbox.report_schemas import (
    BookedMoney,
    ListedPayment,
    PaymentPart,
    PaymentsPage,
)
from skeldir.inbox.saying import Provider
from skeldir.inbox.schemas import PaymentsQuery
from skeldir.inbox.store import queries

if TYPE_CHECKING:
    from skeldir.db import Connection
    from skeldir.inbox.store import SelectPaymentsPageRow

_NEWEST_FIRST = Keyset("payments@1", tuple[UUID])
_PROVIDERS = TypeAdapter(list[Provider])


async def page_payments(
    connection: Connection, tenant_id: UUID, query: PaymentsQuery
) -> PaymentsPage:
    """Return a page of the payments of the transaction's tenant, newest first.

    Raises:
        CursorInvalid: the cursor belongs to another query.
    """
    before = _NEWEST_FIRST.after(query)
    rows = await queries.select_payments_page(
        connection,
        tenant_id=tenant_id,
        before_id=None if before is None else before[0],
        state=query.state,
        flag=query.flag,
        order_id=query.order_id,
        most=query.limit + 1,
    )
    orders = [row["order_id"] for row in rows if row["order_id"] is not None]
    booked = await sum_booked(connection, tenant_id, orders)
    reports = [_make_report(row, booked[row["order_id"] or ""].values()) for row in rows]
    return PaymentsPage(*_NEWEST_FIRST.cut(query, reports, lambda report: (report.id,)))


def _make_report(row: SelectPaymentsPageRow, booked: Iterable[BookedSum]) -> ListedPayment:
    return ListedPayment(
        id=row["id"],
        order_id=row["order_id"],
        state=row["state"],
        flags=list(row["flags"]),
        providers=_PROVIDERS.validate_python(row["providers"]),
        reports=row["reports"],
        is_renewal=row["is_renewal"],
        journey=row["journey"],
        booked=[
            BookedMoney(one.currency, one.captured, one.refunded, one.disputed, one.balance)
            for one in booked
        ],
        waiting=_show(read_unbooked(row["waiting"])),
        evidence=_show(read_unbooked(row["evidence"])),
        parts=[
            PaymentPart(provider, name, minor, currency)
            for provider, parts in orjson.loads(row["parts"]).items()
            for name, (minor, currency) in parts.items()
        ],
        changed_at=row["changed_at"],
    )


def _show(unbooked: Sequence[Unbooked]) -> list[UnbookedEntry]:
    return [
        UnbookedEntry(one.kind, one.id, one.minor, one.currency, one.provider) for one in unbooked
    ]
