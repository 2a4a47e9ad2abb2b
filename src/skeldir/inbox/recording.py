"""Records deliveries, and makes the ledger say what all reports of their payments say together.

The entries of a payment follow from the set of its reports, so neither order nor repetition matters. What stands in the
ledger and does not follow any more is taken back by a reversing entry, and what is missing is posted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, Literal
from uuid import UUID

import orjson

from skeldir.db import new_id, wait_for_lock
from skeldir.inbox.deriving import reduce_visit
from skeldir.inbox.grouping import Grouping, group
from skeldir.inbox.kinds import ERASE
from skeldir.inbox.privacy_requests import store_requests
from skeldir.inbox.reporting import Report, pack_report, read_report, report_of
from skeldir.inbox.saying import Said, Trouble
from skeldir.inbox.settling import Booked, inbox_lock, settle
from skeldir.inbox.store import queries
from skeldir.inbox.traces import without_traces
from skeldir.ingest import hash_journey_key
from skeldir.jobs import enqueue

if TYPE_CHECKING:
    from skeldir.db import Connection
    from skeldir.inbox.endpoints import Endpoint
    from skeldir.revenue import LedgerRow
    from skeldir.tenants import TenantProfile

MOST_REPORTS: Final = 1_000
"""Reports of one payment; all are read when one is added. A name that more share is not that of one order."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """A verified delivery that was understood, or of which is known why not.

    `digest` is that of the delivery's identity: an equal one is the same delivery again.
    """

    endpoint: Endpoint
    said: Said
    digest: bytes
    headers: Mapping[str, str]

    @property
    def tenant_id(self) -> UUID:
        """The tenant of the endpoint."""
        return self.endpoint.tenant_id

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


@dataclass(frozen=True, slots=True)
class _Known:
    """How many reports each stored payment has, and the payments whose traces were erased."""

    sizes: Mapping[UUID, int]
    erased: frozenset[UUID]


async def record_arrivals(
    connection: Connection, profile: TenantProfile, arrivals: Sequence[Arrival]
) -> list[Recorded]:
    """Record deliveries of the transaction's tenant, book their payments, and mark the orders for crediting.

    The transaction shares `ingest_lock` already. Return what became of each delivery, in order.
    """
    tenant_id = profile.tenant_id
    rows = [_row_of(arrival, profile) for arrival in arrivals]
    await wait_for_lock(connection, inbox_lock(tenant_id))
    grouping, known = await _group(connection, tenant_id, rows)
    _assign(rows, grouping, known)
    new_ids = await _insert(connection, tenant_id, rows)
    new = [row for row in rows if row.id in new_ids]
    said = [(row.id, row.arrival.endpoint.id, row.arrival.said.erasure) for row in new]
    await store_requests(connection, tenant_id, said)
    booked: Mapping[UUID, Booked] = {}
    if any(row.payment_id is not None for row in new):
        booked = await _book(connection, profile, new, grouping, known)
    return [_recorded(row, booked, is_new=row.id in new_ids) for row in rows]


def _row_of(arrival: Arrival, profile: TenantProfile) -> _Row:
    said = arrival.said
    if said.trouble is not None or said.is_ignored or not said.refs:
        return _Row(arrival, new_id(), None, said.trouble)
    if said.visit is not None:
        said = replace(said, visit=reduce_visit(said.visit))
    journey = said.journey
    report = report_of(
        arrival.endpoint.provider,
        arrival.digest,
        said,
        None if journey is None else hash_journey_key(profile.journey_secret, journey),
    )
    return _Row(arrival, new_id(), report, None)


async def _group(
    connection: Connection, tenant_id: UUID, rows: Sequence[_Row]
) -> tuple[Grouping, _Known]:
    """Return which payment each new delivery is of, and what is known of the stored payments.

    Neither a repeated delivery nor one of a payment that has too many reports joins payments.
    """
    new = await _find_new(connection, tenant_id, rows)
    refs = sorted({ref for row in new for ref in row.arrival.said.refs})
    found = (
        await queries.select_payments_of_refs(connection, tenant_id=tenant_id, refs=refs)
        if refs
        else []
    )
    payments = {row["ref"]: row["payment_id"] for row in found}
    sizes = {row["payment_id"]: row["reports"] for row in found}
    while True:
        members = {id(row) for row in new if row.trouble is None}
        of_rows = [row.arrival.said.refs if id(row) in members else () for row in rows]
        grouping = group(of_rows, payments, new_id)
        if not _refuse_too_many(rows, grouping, sizes):
            break
    erased = {row["payment_id"] for row in found if row["is_erased"]}
    erased |= {survivor for merged, survivor in grouping.merges.items() if merged in erased}
    return grouping, _Known(sizes, frozenset(erased))


async def _find_new(connection: Connection, tenant_id: UUID, rows: Sequence[_Row]) -> list[_Row]:
    """Return the rows with reports that are not recorded, each delivery once."""
    first = {row.arrival.digest: row for row in reversed(rows) if row.report is not None}
    if not first:
        return []
    known = await queries.select_known_digests(
        connection, tenant_id=tenant_id, digests=sorted(first)
    )
    for row in known:
        first.pop(row["digest"], None)
    return [row for row in rows if first.get(row.arrival.digest) is row]


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
        if counts[payment_id] > MOST_REPORTS:
            is_any, row.report = True, None
            row.trouble = Trouble(
                "order_too_busy",
                f"{MOST_REPORTS} deliveries share a name with this one already; that is not one order.",
            )
    return is_any


def _assign(rows: Sequence[_Row], grouping: Grouping, known: _Known) -> None:
    """Give each delivery its payment; of one whose traces were erased, nothing but money is kept."""
    for row, payment_id in zip(rows, grouping.payments, strict=True):
        row.payment_id = payment_id
        if payment_id in known.erased and row.report is not None:
            row.report, row.is_erased = without_traces(row.report), True


async def _insert(connection: Connection, tenant_id: UUID, rows: Sequence[_Row]) -> set[UUID]:
    """Insert deliveries; return the ids of those that were not there."""
    packed = [
        {
            "id": row.id.hex,
            "digest": row.arrival.digest.hex(),
            "endpoint_id": row.arrival.endpoint.id.hex,
            "provider": row.arrival.endpoint.provider,
            "event_id": row.arrival.said.event_id,
            "type": row.arrival.said.type,
            "reported_at": row.arrival.said.reported_at,
            "headers": {} if row.is_erased else row.arrival.headers,
            "kept": {} if row.is_erased else row.arrival.said.kept,
            "report": None if row.report is None else pack_report(row.report),
            "payment_id": None if row.payment_id is None else row.payment_id.hex,
            "trouble": None if row.trouble is None else row.trouble.code,
            "detail": None if row.trouble is None else row.trouble.detail,
            "is_ignored": row.arrival.said.is_ignored,
        }
        for row in sorted(rows, key=lambda row: row.arrival.digest)
    ]
    inserted = await queries.insert_deliveries(
        connection, tenant_id=tenant_id, deliveries=orjson.dumps(packed).decode()
    )
    return {row["id"] for row in inserted}


async def _book(
    connection: Connection,
    profile: TenantProfile,
    new: Sequence[_Row],
    grouping: Grouping,
    known: _Known,
) -> Mapping[UUID, Booked]:
    tenant_id = profile.tenant_id
    delivery_of = {row.payment_id: row.id for row in new if row.payment_id is not None}
    payment_ids = sorted(delivery_of)
    old_orders = await _merge(connection, tenant_id, payment_ids, grouping, known)
    reports = await _read_reports(connection, tenant_id, new, payment_ids, known, grouping)
    return await settle(
        connection,
        profile,
        reports,
        delivery_of=delivery_of,
        old_orders=old_orders,
        erased=known.erased,
    )


async def _merge(
    connection: Connection,
    tenant_id: UUID,
    payment_ids: Sequence[UUID],
    grouping: Grouping,
    known: _Known,
) -> set[str]:
    """Store new names and merged payments; return the order ids that the payments had before."""
    if grouping.merges:
        merged, survivors = list(grouping.merges), list(grouping.merges.values())
        await queries.merge_refs(
            connection, tenant_id=tenant_id, merged=merged, survivors=survivors
        )
        await queries.merge_deliveries(
            connection, tenant_id=tenant_id, merged=merged, survivors=survivors
        )
        # What the other payment has stored is erased after this transaction: only the owner may do that.
        for survivor in sorted(known.erased.intersection(survivors)):
            await enqueue(connection, tenant_id, ERASE, {"payment_id": str(survivor)})
    if grouping.new_refs:
        await queries.insert_refs(
            connection,
            tenant_id=tenant_id,
            refs=list(grouping.new_refs),
            payment_ids=list(grouping.new_refs.values()),
        )
    stored = [one for one in payment_ids if one in known.sizes]
    orders: set[str] = set()
    if grouping.merges:
        gone = await queries.delete_payments(
            connection, tenant_id=tenant_id, payment_ids=list(grouping.merges)
        )
        orders.update(row["order_id"] for row in gone if row["order_id"] is not None)
    if stored:
        found = await queries.select_order_ids(connection, tenant_id=tenant_id, payment_ids=stored)
        orders.update(row["order_id"] for row in found if row["order_id"] is not None)
    return orders


async def _read_reports(
    connection: Connection,
    tenant_id: UUID,
    new: Sequence[_Row],
    payment_ids: Sequence[UUID],
    known: _Known,
    grouping: Grouping,
) -> Mapping[UUID, list[Report]]:
    """Return all reports of payments; those of new payments are all at hand."""
    reports: dict[UUID, list[Report]] = {one: [] for one in payment_ids}
    grown = {*known.sizes, *grouping.merges.values()}.intersection(payment_ids)
    if grown:
        for found in await queries.select_reports(
            connection, tenant_id=tenant_id, payment_ids=sorted(grown)
        ):
            if found["payment_id"] is not None:
                reports[found["payment_id"]].append(read_report(orjson.loads(found["report"])))
    for row in new:
        if row.payment_id is not None and row.payment_id not in grown and row.report is not None:
            reports[row.payment_id].append(row.report)
    for one in known.erased.intersection(reports):
        reports[one] = [without_traces(report) for report in reports[one]]
    return reports


def _recorded(row: _Row, booked: Mapping[UUID, Booked], *, is_new: bool) -> Recorded:
    if not is_new:
        return Recorded("repeated")
    if row.trouble is not None:
        return Recorded("dead", row.trouble)
    if row.payment_id is None:
        return Recorded("ignored")
    payment = booked[row.payment_id]
    return Recorded("recorded", None, payment.order_id, payment.entries)
