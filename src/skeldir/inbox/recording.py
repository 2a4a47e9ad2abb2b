"""Records deliveries, and makes the ledger say what all reports of their payments say together.

The entries of a payment follow from the set of its reports, so neither order nor repetition matters. What stands in the
ledger and does not follow any more is taken back by a reversing entry, and what is missing is posted.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, Literal
from uuid import UUID

import orjson

from skeldir.db import new_id
from skeldir.inbox.booking import Rules
from skeldir.inbox.deriving import reduce_visit
from skeldir.inbox.grouping import Grouping, group
from skeldir.inbox.kinds import ERASE
from skeldir.inbox.privacy_requests import store_requests
from skeldir.inbox.reporting import Report, pack_report, read_report, report_of
from skeldir.inbox.saying import SDK_SHOPS, Provider, Said, Trouble
from skeldir.inbox.settling import Booked, Settled, settle, store
from skeldir.inbox.store import queries
from skeldir.inbox.traces import without_traces
from skeldir.ingest import hash_journey_key
from skeldir.jobs import enqueue

if TYPE_CHECKING:
    from skeldir.db import Connection
    from skeldir.revenue import LedgerRow
    from skeldir.tenants import TenantProfile

MOST_REPORTS: Final = 1_000
"""Reports of one payment; all are read when one is added. A name that more share is not that of one order."""
MOST_BEFORE_SDKS: Final = MOST_REPORTS // 5
"""Reports of a payment from which on SDKs add none: a page that sends without end leaves room for the providers."""

_NOTHING: Final = Settled({}, ())


@dataclass(frozen=True, slots=True)
class Arrival:
    """A verified delivery that was understood, or of which is known why not.

    `endpoint_id` is the id of the endpoint, or of the API key with which an SDK sent it. `digest` is that of the
    delivery's identity: an equal one is the same delivery again.
    """

    tenant_id: UUID
    endpoint_id: UUID
    provider: Provider
    said: Said
    digest: bytes
    headers: Mapping[str, str]

    @property
    def size(self) -> int:
        """How many items it holds."""
        return 1


@dataclass(frozen=True, slots=True)
class Recorded:
    """What became of a delivery. `entries` were posted with it, for its payment."""

    outcome: Literal["recorded", "repeated", "ignored", "dead"]
    trouble: Trouble | None = None
    order_id: str | None = None
    entries: tuple[LedgerRow, ...] = ()


@dataclass(slots=True)
class _Row:
    """A delivery as it is stored."""

    arrival: Arrival
    id: UUID
    report: Report | None
    trouble: Trouble | None
    payment_id: UUID | None = None
    is_erased: bool = False
    """Whether the traces of its payment were erased: then nothing is kept of it but the type and the money."""

    @property
    def is_ignored(self) -> bool:
        """Whether it says nothing that matters here."""
        has_nothing = self.report is None and self.arrival.said.erasure is None
        return has_nothing and self.trouble is None


@dataclass(frozen=True, slots=True)
class _Known:
    """What is stored of some deliveries and their names, and the tenant's rules.

    `payments`: the payment of each name that has one. `sizes` has how many reports these payments have, `orders` their
    orders; of those in `erased`, the traces were erased.
    """

    digests: frozenset[bytes]
    payments: Mapping[str, UUID]
    sizes: Mapping[UUID, int]
    orders: Mapping[UUID, str | None]
    erased: frozenset[UUID]
    rules: Rules


async def record_arrivals(
    connection: Connection, profile: TenantProfile, arrivals: Sequence[Arrival]
) -> list[Recorded]:
    """Record deliveries of the transaction's tenant, book their payments, and mark the orders for crediting.

    The transaction shares `ingest_lock` and holds `inbox_lock` already. Return what became of each delivery, in order.
    """
    tenant_id = profile.tenant_id
    rows = [_row_of(arrival, profile) for arrival in arrivals]
    known = await _read_known(connection, tenant_id, rows)
    new = _choose_new(rows, known)
    grouping, erased = _group(new, known)
    _assign(new, grouping, erased)
    said = [(row.id, row.arrival.endpoint_id, row.arrival.said.erasure) for row in new]
    await store_requests(connection, tenant_id, said)
    settled = _NOTHING
    if any(row.payment_id is not None for row in new):
        settled = await _book(connection, profile, new, grouping, known, erased)
    if new:
        await store(
            connection,
            tenant_id,
            deliveries=[_pack(row) for row in new],
            refs=grouping.new_refs,
            payments=settled.payments,
        )
    new_ids = {row.id for row in new}
    return [_recorded(row, settled.booked, is_new=row.id in new_ids) for row in rows]


def _row_of(arrival: Arrival, profile: TenantProfile) -> _Row:
    said = arrival.said
    if said.trouble is not None or said.is_ignored or not said.refs:
        return _Row(arrival, new_id(), None, said.trouble)
    if said.visit is not None:
        said = replace(said, visit=reduce_visit(said.visit))
    journey = said.journey
    report = report_of(
        arrival.provider,
        arrival.digest,
        said,
        None if journey is None else hash_journey_key(profile.journey_secret, journey),
    )
    return _Row(arrival, new_id(), report, None)


async def _read_known(connection: Connection, tenant_id: UUID, rows: Sequence[_Row]) -> _Known:
    digests: set[bytes] = set()
    payments: dict[str, UUID] = {}
    sizes: dict[UUID, int] = {}
    orders: dict[UUID, str | None] = {}
    erased: set[UUID] = set()
    rules = Rules()
    for found in await queries.select_known(
        connection,
        tenant_id=tenant_id,
        digests=sorted({row.arrival.digest for row in rows}),
        refs=sorted({ref for row in rows for ref in row.arrival.said.refs}),
    ):
        if found["digest"] is not None:
            digests.add(found["digest"])
        elif found["ref"] is not None and (payment_id := found["payment_id"]) is not None:
            payments[found["ref"]] = payment_id
            sizes[payment_id] = found["reports"]
            orders[payment_id] = found["order_id"]
            if found["is_erased"]:
                erased.add(payment_id)
        elif found["precedence"] is not None and found["basis"] is not None:
            rules = Rules(found["precedence"], found["basis"], found["sdk_basis"])
    return _Known(frozenset(digests), payments, sizes, orders, frozenset(erased), rules)


def _choose_new(rows: Sequence[_Row], known: _Known) -> list[_Row]:
    """Return the rows that are not recorded, each delivery once."""
    first = {row.arrival.digest: row for row in reversed(rows)}
    return [
        row
        for row in rows
        if first[row.arrival.digest] is row and row.arrival.digest not in known.digests
    ]


def _group(new: Sequence[_Row], known: _Known) -> tuple[Grouping, frozenset[UUID]]:
    """Return which payment each new delivery is of, and the payments whose traces were erased.

    A delivery of a payment that has too many reports joins no payments.
    """
    while True:
        of_rows = [row.arrival.said.refs if row.report is not None else () for row in new]
        grouping = group(of_rows, known.payments, new_id)
        if not _refuse_too_many(new, grouping, known.sizes):
            break
    survivors = {survivor for merged, survivor in grouping.merges.items() if merged in known.erased}
    return grouping, known.erased | survivors


def _refuse_too_many(rows: Sequence[_Row], grouping: Grouping, sizes: Mapping[UUID, int]) -> bool:
    """Refuse the reports of payments that would have too many; return whether there were any."""
    counts = dict(sizes)
    for merged, survivor in grouping.merges.items():
        counts[survivor] = counts.get(survivor, 0) + counts.get(merged, 0)
    is_any = False
    for row, payment_id in zip(rows, grouping.payments, strict=True):
        if payment_id is None:
            continue
        counts[payment_id] = counts.get(payment_id, 0) + 1
        most = MOST_BEFORE_SDKS if row.arrival.provider in SDK_SHOPS else MOST_REPORTS
        if counts[payment_id] > most:
            counts[payment_id] -= 1
            is_any, row.report = True, None
            row.trouble = Trouble(
                "order_too_busy",
                f"{most} deliveries share a name with this one already; that is not one order.",
            )
    return is_any


def _assign(new: Sequence[_Row], grouping: Grouping, erased: Collection[UUID]) -> None:
    """Give each delivery its payment; of one whose traces were erased, nothing but money is kept."""
    for row, payment_id in zip(new, grouping.payments, strict=True):
        row.payment_id = payment_id
        if payment_id in erased and row.report is not None:
            row.report, row.is_erased = without_traces(row.report), True


def _pack(row: _Row) -> dict[str, object]:
    """Return a delivery as it is stored, as JSON values."""
    said = row.arrival.said
    return {
        "id": row.id.hex,
        "digest": row.arrival.digest.hex(),
        "endpoint_id": row.arrival.endpoint_id.hex,
        "provider": row.arrival.provider,
        "event_id": said.event_id,
        "type": said.type,
        "reported_at": said.reported_at,
        "headers": {} if row.is_erased else row.arrival.headers,
        "kept": {} if row.is_erased else said.kept,
        "report": None if row.report is None else pack_report(row.report),
        "payment_id": None if row.payment_id is None else row.payment_id.hex,
        "trouble": None if row.trouble is None else row.trouble.code,
        "detail": None if row.trouble is None else row.trouble.detail,
        "is_ignored": row.is_ignored,
    }


async def _book(
    connection: Connection,
    profile: TenantProfile,
    new: Sequence[_Row],
    grouping: Grouping,
    known: _Known,
    erased: frozenset[UUID],
) -> Settled:
    tenant_id = profile.tenant_id
    delivery_of = {row.payment_id: row.id for row in new if row.payment_id is not None}
    if grouping.merges:
        await _merge(connection, tenant_id, grouping.merges, erased)
    reports = await _read_reports(connection, tenant_id, new, sorted(delivery_of), grouping, known)
    for one in erased.intersection(reports):
        reports[one] = [without_traces(report) for report in reports[one]]
    of_old = {*delivery_of, *grouping.merges}
    return await settle(
        connection,
        profile,
        reports,
        known.rules,
        delivery_of=delivery_of,
        old_orders={
            order_id
            for payment_id, order_id in known.orders.items()
            if payment_id in of_old and order_id is not None
        },
        erased=erased,
    )


async def _merge(
    connection: Connection, tenant_id: UUID, merges: Mapping[UUID, UUID], erased: frozenset[UUID]
) -> None:
    """Make stored payments that turned out to be part of others part of them."""
    merged, survivors = list(merges), list(merges.values())
    await queries.merge_refs(connection, tenant_id=tenant_id, merged=merged, survivors=survivors)
    await queries.merge_deliveries(
        connection, tenant_id=tenant_id, merged=merged, survivors=survivors
    )
    await queries.delete_payments(connection, tenant_id=tenant_id, payment_ids=merged)
    # What the other payment has stored is erased after this transaction: only the owner may do that.
    for survivor in sorted(erased.intersection(survivors)):
        await enqueue(connection, tenant_id, ERASE, {"payment_id": str(survivor)})


async def _read_reports(
    connection: Connection,
    tenant_id: UUID,
    new: Sequence[_Row],
    payment_ids: Sequence[UUID],
    grouping: Grouping,
    known: _Known,
) -> dict[UUID, list[Report]]:
    """Return all reports of payments, the new ones included."""
    reports: dict[UUID, list[Report]] = {one: [] for one in payment_ids}
    for row in new:
        if row.payment_id is not None and row.report is not None:
            reports[row.payment_id].append(row.report)
    grown = {*known.sizes, *grouping.merges.values()}.intersection(payment_ids)
    if grown:
        for found in await queries.select_reports(
            connection, tenant_id=tenant_id, payment_ids=sorted(grown)
        ):
            if found["payment_id"] is not None:
                reports[found["payment_id"]].append(read_report(orjson.loads(found["report"])))
    return reports


def _recorded(row: _Row, booked: Mapping[UUID, Booked], *, is_new: bool) -> Recorded:
    if not is_new:
        return Recorded("repeated")
    if row.trouble is not None:
        return Recorded("dead", row.trouble)
    if row.is_ignored:
        return Recorded("ignored")
    if row.payment_id is None:  # a request of a privacy law
        return Recorded("recorded")
    payment = booked[row.payment_id]
    return Recorded("recorded", None, payment.order_id, payment.entries)
