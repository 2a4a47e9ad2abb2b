"""Changes a tenant's rules, and books its payments again by them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final
from uuid import UUID

import orjson

from skeldir.db import wait_for_lock
from skeldir.inbox.reporting import Report, read_report
from skeldir.inbox.saying import SDK_SHOPS, SHOPS
from skeldir.inbox.settling import inbox_lock, read_rules, settle, store
from skeldir.inbox.store import queries
from skeldir.inbox.traces import without_traces
from skeldir.rollups import ingest_lock
from skeldir.tenants import profile_from

if TYPE_CHECKING:
    from skeldir.db import Connection, Database
    from skeldir.inbox.basis import Basis
    from skeldir.inbox.precedence import Precedence
    from skeldir.inbox.standings import SdkBasis
    from skeldir.tenants import TenantProfile

PAGE: Final = 200
"""Payments in one transaction."""
_BEFORE_ALL: Final = UUID(int=0)


async def set_precedence(connection: Connection, tenant_id: UUID, precedence: Precedence) -> None:
    """Set whose movements count from now on; `rebook_all` applies it to what was booked before."""
    await queries.set_precedence(connection, tenant_id=tenant_id, precedence=precedence)


async def set_basis(connection: Connection, tenant_id: UUID, basis: Basis) -> None:
    """Set what is revenue from now on; `rebook_all` applies it to what was booked before."""
    await queries.set_basis(connection, tenant_id=tenant_id, basis=basis)


async def set_sdk_basis(connection: Connection, tenant_id: UUID, sdk_basis: SdkBasis) -> None:
    """Set which sum counts of SDKs' orders from now on; `rebook_all` applies it to what came before."""
    await queries.set_sdk_basis(connection, tenant_id=tenant_id, sdk_basis=sdk_basis)


async def rebook(
    connection: Connection, profile: TenantProfile, payment_ids: Sequence[UUID]
) -> None:
    """Book payments of the transaction's tenant again, by the rules as they are now.

    The transaction shares `ingest_lock` already. New entries name the latest delivery of their payment.
    """
    tenant_id = profile.tenant_id
    await wait_for_lock(connection, inbox_lock(tenant_id))
    reports: dict[UUID, list[Report]] = {}
    delivery_of: dict[UUID, UUID] = {}
    for row in await queries.select_reports(
        connection, tenant_id=tenant_id, payment_ids=sorted(payment_ids)
    ):
        if (payment_id := row["payment_id"]) is None:
            continue
        reports.setdefault(payment_id, []).append(read_report(orjson.loads(row["report"])))
        # Ids follow the time at which they were made.
        delivery_of[payment_id] = max(row["id"], delivery_of.get(payment_id, row["id"]))
    if not reports:
        return
    known = await queries.select_order_ids(
        connection, tenant_id=tenant_id, payment_ids=sorted(reports)
    )
    old_orders = {row["order_id"] for row in known if row["order_id"] is not None}
    erased = {row["id"] for row in known if row["is_erased"]}
    for one in erased:
        # What a payment that became part of it had stored may still wait for the job that erases it.
        reports[one] = [without_traces(report) for report in reports[one]]
    settled = await settle(
        connection,
        profile,
        {one: reports[one] for one in sorted(reports)},
        await read_rules(connection, tenant_id),
        delivery_of=delivery_of,
        old_orders=old_orders,
        erased=erased,
        compares_renewals=True,
    )
    await store(connection, tenant_id, payments=settled.payments)


async def rebook_all(
    database: Database, tenant_id: UUID, *, is_of_both: bool = False, is_of_sdks: bool = False
) -> int:
    """Book a tenant's payments again, page by page.

    With `is_of_both` only those that a shop and a gateway report, with `is_of_sdks` only those that an SDK reports.

    Each page is a transaction of its own, so deliveries are booked in between, by the rules as they are now. To repeat
    it changes nothing. Returns how many payments were booked again.
    """
    after, total = _BEFORE_ALL, 0
    while True:
        opened = database.known_tenant(tenant_id, shared=ingest_lock(tenant_id))
        async with opened as (connection, known):
            if known is None:  # the tenant is being deleted
                return total
            # Before the page is read: no delivery that was booked by the old rules can be missed.
            await wait_for_lock(connection, inbox_lock(tenant_id))
            page = await queries.select_payments_to_rebook(
                connection,
                tenant_id=tenant_id,
                after=after,
                is_of_both=is_of_both,
                shops=sorted(SHOPS),
                providers=sorted(SDK_SHOPS) if is_of_sdks else None,
                most=PAGE,
            )
            if not page:
                return total
            ids = [row["id"] for row in page]
            await rebook(connection, profile_from(tenant_id, known), ids)
        after, total = ids[-1], total + len(ids)
