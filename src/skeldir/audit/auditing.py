"""An audit of one tenant: compares stored data with the facts in one snapshot, and writes nothing.

Credit is recomputed by the program's own engine and rules, since the question is whether the data were changed outside
the program. Whether the rules themselves are right is another question: `skeldir prove` answers it with independent
code.
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
    compare_with_facts,
    fewer_collections,
    list_awaiting_credit,
    list_set_aside,
    list_stored_credit,
    read_stored_credit,
    release_memory,
)
from skeldir.audit.accounts import (
    ModelAccount,
    MoneyAccount,
    Period,
    check_credit_against_ledger,
    model_accounts,
    money_accounts,
)
from skeldir.audit.channels import check_channel_rules
from skeldir.audit.differences import DATA_CHECKS, CheckResult, Difference
from skeldir.audit.ledger import Ledger, OrderEntries, read_ledger
from skeldir.audit.renewals import check_renewals
from skeldir.audit.store import queries
from skeldir.audit.structure import check_structure
from skeldir.audit.sums import check_sums
from skeldir.tenants import load_profile

if TYPE_CHECKING:
    from skeldir.db import Connection, Database

SAMPLE_EVERY: Final = 100
"""By default, one order in this many is also computed by the exact rules."""

OnOrder = Callable[[OrderEntries, list[EntryCredit]], None]


@dataclass(frozen=True, slots=True)
class Audit:
    """The result of an audit of a tenant, as of one moment.

    The credit of `awaiting_orders`, which await credit, and of `orders_set_aside`, which could not be credited, is not
    compared with the facts. An order that is set aside awaits nothing until it is marked again. `facts_digest` and
    `sums_digest` are SHA-256 of the ledger's entries and of the kept sums.
    """

    tenant_id: UUID
    name: str
    as_of: datetime
    time_zone: str
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
        """The number of differences in all checks."""
        return sum(check.count for check in self.checks)


async def audit_tenant(
    database: Database,
    tenant_id: UUID,
    *,
    period: Period | None = None,
    exact_every: int = SAMPLE_EVERY,
    on_order: OnOrder | None = None,
) -> Audit:
    """Audit a tenant in one read-only transaction, which takes no lock.

    All days are compared; `period` limits only the accounts. `on_order` is called with each order: its entries in the
    period and their credit.

    Raises:
        TenantUnknown: the tenant does not exist, or is being deleted.
    """
    with fewer_collections():
        async with database.tenant(tenant_id, is_read_only=True) as connection:
            audit = await _audit(connection, tenant_id, period or Period(), exact_every, on_order)
    release_memory()
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
    set_aside = await list_set_aside(connection, tenant_id)
    credit = await read_stored_credit(
        connection, tenant_id, awaiting | set_aside, exact_every=exact_every
    )
    pending = awaiting | set_aside | credit.restating
    ledger, journeys = Ledger(awaiting), _check_stored(credit)
    async for page in read_ledger(connection, tenant_id, ledger, pending, credit.days):
        settled = [order.order_id for order in page if order.order_id not in pending]
        journeys.compared += len(settled)
        for order_id, fault in (await compare_with_facts(connection, tenant_id, settled)).items():
            journeys.add(_journey_difference(order_id, fault))
        if on_order is not None:
            await _list_orders(connection, tenant_id, page, period, on_order)
    sums = await check_sums(connection, tenant_id, ledger, credit)
    renewals = await check_renewals(connection, tenant_id, credit.renewals, pending)
    channels = await check_channel_rules(connection, tenant_id)
    credited = check_credit_against_ledger(ledger, credit, sums)
    results = [*sums.results, channels, renewals, journeys, credited, _check_exactly(credit)]
    checks = {result.name: result for result in results}
    return Audit(
        tenant_id,
        profile.name,
        began["as_of"],
        credit.days.rules.name,
        period,
        ledger.orders,
        ledger.entries,
        credit.orders,
        len(awaiting | (credit.restating - set_aside)),
        len(set_aside),
        money_accounts(ledger, period),
        model_accounts(ledger, credit, sums, period),
        [
            *(checks[name] for name in DATA_CHECKS),
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


def _check_stored(credit: StoredCredit) -> CheckResult:
    journeys = CheckResult("journeys")
    for order_id in credit.unreadable:
        journeys.add(_journey_difference(order_id, "cannot be read"))
    for order_id in credit.unknown:
        journeys.add(_journey_difference(order_id, "belongs to no order in the ledger"))
    return journeys


def _journey_difference(order_id: str, fault: str) -> Difference:
    return Difference(f"order {order_id}", fault=f"the stored journey {fault}")


def _check_exactly(credit: StoredCredit) -> CheckResult:
    result = CheckResult("exact_credit", compared=credit.exact_orders)
    for orders in credit.inexact:
        result.add(Difference(f"orders {orders}", fault="the engine gives different sums"))
    return result
