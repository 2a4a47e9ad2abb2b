"""Records what a provider's list API or export has, as if its deliveries had come: closes gaps without a duplicate."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Final
from uuid import UUID

from skeldir.clock import utc_now
from skeldir.errors import InputInvalid
from skeldir.inbox.endpoints import Endpoint, EndpointUnknown, resolve_endpoint
from skeldir.inbox.explaining import GapCode
from skeldir.inbox.export_files import ExportForeign, read_objects
from skeldir.inbox.export_objects import bodies_of
from skeldir.inbox.export_shapes import find_other_provider, order_without_money
from skeldir.inbox.fields import Json
from skeldir.inbox.receiving import digest_of, translate_fields
from skeldir.inbox.recording import Arrival, Recorded, record_arrivals
from skeldir.inbox.settling import inbox_lock
from skeldir.inbox.store import queries
from skeldir.rollups import ingest_lock
from skeldir.tenants import profile_from

if TYPE_CHECKING:
    from skeldir.db import Connection, Database

PAGE: Final = 100
"""Deliveries in one transaction."""


@dataclass(slots=True)
class BackfillReport:
    """What became of the objects of a file. One object may stand for several deliveries, or for none.

    `entries` were posted; entries whose time or order became known better are among them. `troubles` counts the dead
    deliveries by what was wrong, `gaps` the objects that leave money out although they were understood.
    """

    objects: int = 0
    without_delivery: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    troubles: Counter[str] = field(default_factory=Counter)
    gaps: Counter[GapCode] = field(default_factory=Counter)
    entries: int = 0


async def backfill(
    database: Database,
    tenant_id: UUID,
    endpoint_name: str,
    path: Path,
    *,
    account: str = "",
    progress: Callable[[BackfillReport], None] | None = None,
) -> BackfillReport:
    """Record the objects of a file for an endpoint, given by its id or the beginning of its token.

    Each page is committed. After an interruption it can be run again: what is recorded already is repeated, and books
    nothing. `account` is Stripe's connected account that the objects are of.

    Raises:
        EndpointUnknown: the tenant has no such endpoint.
        InputInvalid: the endpoint has ended, or an account is given and it is not Stripe's.
        ExportUnreadable: the file is not JSON.
        ExportForeign: it has objects of another provider.
    """
    async with database.tenant(tenant_id, is_read_only=True) as connection:
        endpoint = await _endpoint_of(connection, tenant_id, endpoint_name, account)
    report, lacking = BackfillReport(), set[str]()
    arrivals = _arrivals_of(endpoint, path, account, report, lacking)
    while page := list(islice(arrivals, PAGE)):
        opened = database.known_tenant(
            tenant_id, shared=ingest_lock(tenant_id), locked=inbox_lock(tenant_id)
        )
        async with opened as (connection, known):
            if known is None:  # the tenant is being deleted
                raise EndpointUnknown("The tenant is being deleted.", cure="Nothing can be done.")
            recorded = await record_arrivals(connection, profile_from(tenant_id, known), page)
        _count(report, recorded)
        if progress is not None:
            progress(report)
    if not report.outcomes - Counter({"ignored": report.outcomes["ignored"]}):
        report.gaps["nothing_of_use"] = max(1, report.objects)
    if lacking:
        async with database.tenant(tenant_id, is_read_only=True) as connection:
            rows = await queries.select_refs_without_capture(
                connection, tenant_id=tenant_id, refs=sorted(lacking)
            )
        report.gaps["transactions_missing"] = len(rows)
    report.gaps = +report.gaps
    return report


async def _endpoint_of(
    connection: Connection, tenant_id: UUID, name: str, account: str
) -> Endpoint:
    found = await resolve_endpoint(connection, tenant_id, name)
    if found.ended_at is not None:
        raise InputInvalid(
            "The endpoint has ended.", cure="Give the endpoint that takes its place."
        )
    if found.provider != "stripe" and account:
        raise InputInvalid(
            "Only Stripe's objects are of a connected account.", cure="Leave out --account."
        )
    return Endpoint(
        tenant_id=tenant_id,
        id=found.id,
        provider=found.provider,
        is_live=found.is_live,
        account=found.account,
        order_prefix=found.order_prefix,
        journey_name=found.journey_name,
        order_name=found.order_name,
        books_totals=found.books_totals,
        secrets=(),
    )


def _arrivals_of(
    endpoint: Endpoint, path: Path, account: str, report: BackfillReport, lacking: set[str]
) -> Iterator[Arrival]:
    """Yield the deliveries of a file; add the names of orders whose money is not in it to `lacking`."""
    context = endpoint.context(utc_now())
    for about in read_objects(path):
        report.objects += 1
        other = find_other_provider(about, endpoint.provider)
        if other is not None:
            raise ExportForeign(
                f"Object {report.objects:,} of the file is of {other}, and the endpoint is for {endpoint.provider}.",
                cure="Give the endpoint that the file belongs to; `skeldir webhooks list` shows them. What came before "
                "may have been recorded, and is not recorded twice.",
            )
        if (name := order_without_money(endpoint.provider, about)) is not None:
            lacking.add(name)
        bodies = list(
            bodies_of(endpoint.provider, about, account=account, books_totals=endpoint.books_totals)
        )
        report.without_delivery += not bodies
        for body in bodies:
            said = translate_fields(endpoint.provider, body, context)
            digest = _digest_of(endpoint, said.event_id, body)
            yield Arrival(endpoint.tenant_id, endpoint.id, endpoint.provider, said, digest, {})


def _digest_of(endpoint: Endpoint, event_id: str, body: Json) -> bytes:
    """Return the digest of a body's identity; an event of Stripe's has that of its delivery."""
    if endpoint.provider == "stripe" and event_id:
        return digest_of(endpoint, event_id, b"")
    canonical = json.dumps(body, sort_keys=True, separators=(",", ":"), default=_write)
    return hashlib.sha256(endpoint.id.bytes + b"backfill" + canonical.encode()).digest()


def _write(value: object) -> object:
    return dict(value) if isinstance(value, Mapping) else str(value)


def _count(report: BackfillReport, recorded: list[Recorded]) -> None:
    keys: set[str] = set()
    for one in recorded:
        report.outcomes[one.outcome] += 1
        if one.trouble is not None:
            report.troubles[one.trouble.code] += 1
        # Deliveries of one payment have all of its entries.
        keys.update(entry.business_key for entry in one.entries)
    report.entries += len(keys)
