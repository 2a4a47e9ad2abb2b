"""An audit of one tenant: what is stored against what follows from the facts, in one snapshot, and nothing is written.

The credit is worked out by the program's own engine and rules, since the question is whether somebody changed the data.
Whether the rules themselves are right is another question, which `skeldir prove` answers with code that shares nothing
with them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final
from uuid import UUID

from skeldir.attribution import (
    EntryCredit,
    StoredCredit,
    collecting_less,
    compare_with_facts,
    give_memory_back,
    list_awaiting_credit,
    list_set_aside,
    list_stored_credit,
    read_stored_credit,
)
from skeldir.audit.accounts import (
    ModelAccount,
    MoneyAccount,
    Period,
    check_credit_against_ledger,
    model_accounts,
    money_accounts,
)
from skeldir.audit.differences import CheckResult, Difference
from skeldir.audit.ledger import Ledger, OrderEntries, read_ledger
from skeldir.audit.store import queries
from skeldir.audit.structure import check_structure
from skeldir.audit.sums import KeptSums, check_sums
from skeldir.tenants import load_profile

if TYPE_CHECKING:
    from skeldir.db import Connection, Database

SAMPLE_EVERY: Final = 100
"""One order in so many is worked out by the exact rules as well, where not all are to be."""

OnOrder = Callable[[OrderEntries, list[EntryCredit]], None]


@dataclass(frozen=True, slots=True)
class Audit:
    """What an audit of a tenant came to, as of one moment.

    `awaiting_orders` wait to be credited, and `orders_set_aside` could not be: such an order awaits nothing, unless it
    is marked again, though models are in force that never credited it. Of neither is the credit compared with
    the facts. `facts_digest` and `sums_digest` are SHA-256 of the ledger's entries and of the sums that are kept.
    """

    tenant_id: UUID
    name: str
    as_of: datetime
    period: Period
    orders: int
    entries: int
    stored_orders: int
    awaiting_orders: int
    orders_set_aside: int
    money: list[MoneyAccount]
    models: list[ModelAccount]
    checks: list[CheckResult]
    facts_digest: str
    sums_digest: str

    @property
    def differences(self) -> int:
        """How many differences there are, of all checks."""
        return sum(check.count for check in self.checks)


async def audit_tenant(
    database: Database,
    tenant_id: UUID,
    *,
    period: Period | None = None,
    exact_every: int = SAMPLE_EVERY,
    on_order: OnOrder | None = None,
) -> Audit:
    """Audit a tenant, in one read-only transaction that takes no lock but its snapshot.

    All days are compared; `period` is that of the accounts. `on_order` gets each order with its entries in the period
    and what they are credited with.

    Raises:
        TenantUnknown: the tenant does not exist, or is being deleted.
    """
    with collecting_less():
        async with database.tenant(tenant_id, is_read_only=True) as connection:
            audit = await _audit(connection, tenant_id, period or Period(), exact_every, on_order)
    give_memory_back()
    return audit


async def _audit(
    connection: Connection,
    tenant_id: UUID,
    period: Period,
    exact_every: int,
    on_order: OnOrder | None,
) -> Audit:
    began = await queries.begin_audit(connection)
    profile = await load_profile(connection, tenant_id)
    awaiting = await list_awaiting_credit(connection, tenant_id)
    aside = await list_set_aside(connection, tenant_id)
    credit = await read_stored_credit(
        connection, tenant_id, awaiting | aside, exact_every=exact_every
    )
    pending = awaiting | aside | credit.restating
    ledger, journeys = Ledger(awaiting), _check_stored(credit)
    async for page in read_ledger(connection, tenant_id, ledger, pending):
        settled = [order.order_id for order in page if order.order_id not in pending]
        journeys.compared += len(settled)
        for order_id, fault in (await compare_with_facts(connection, tenant_id, settled)).items():
            journeys.add(_fault(order_id, fault))
        if on_order is not None:
            await _list_orders(connection, tenant_id, page, period, on_order)
    sums = await check_sums(connection, tenant_id, ledger, credit)
    return Audit(
        tenant_id,
        profile.name,
        began["as_of"],
        period,
        ledger.orders,
        ledger.entries,
        credit.orders,
        len(awaiting | (credit.restating - aside)),
        len(aside),
        money_accounts(ledger, period),
        model_accounts(ledger, credit, sums, period),
        [
            *_in_order_of_reading(sums, journeys),
            check_credit_against_ledger(ledger, credit, sums),
            _check_exactly(credit),
            *await check_structure(connection, began["major"]),
        ],
        ledger.digest,
        sums.digest,
    )


async def _list_orders(
    connection: Connection,
    tenant_id: UUID,
    page: list[OrderEntries],
    period: Period,
    on_order: OnOrder,
) -> None:
    credits_of = await list_stored_credit(connection, tenant_id, [one.order_id for one in page])
    for order in page:
        shown = [entry for entry in order.entries if period.holds(entry.day)]
        if shown:
            known = {entry.entry_id for entry in shown}
            credited = credits_of.get(order.order_id, [])
            on_order(
                OrderEntries(order.order_id, shown),
                [one for one in credited if one.entry_id in known],
            )


def _in_order_of_reading(sums: KeptSums, journeys: CheckResult) -> list[CheckResult]:
    """Put the journeys before the credit that they give."""
    return [*sums.results[:2], journeys, *sums.results[2:]]


def _check_stored(credit: StoredCredit) -> CheckResult:
    journeys = CheckResult("journeys")
    for order_id in credit.unreadable:
        journeys.add(_fault(order_id, "makes no sense"))
    for order_id in credit.unknown:
        journeys.add(_fault(order_id, "is of no order in the ledger"))
    return journeys


def _fault(order_id: str, fault: str) -> Difference:
    return Difference(f"order {order_id}", fault=f"the stored journey {fault}")


def _check_exactly(credit: StoredCredit) -> CheckResult:
    result = CheckResult("exact_credit", compared=credit.exact_orders)
    for orders in credit.inexact:
        result.add(Difference(f"orders {orders}", fault="the engine gives other sums"))
    return result
