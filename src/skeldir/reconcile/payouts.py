"""Comparing a provider's balance report with the ledger: which entries it should have, and what differs."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Final, Literal, TypeAlias
from uuid import UUID

from skeldir.days import LocalDays, days_by, read_rules
from skeldir.errors import InputInvalid
from skeldir.inbox import SOURCE, read_orders_of_refs
from skeldir.reconcile.payout_lines import (
    BookedEntry,
    CategorySum,
    Movement,
    PayoutLine,
    PayoutSum,
    match_movements,
    sum_categories,
    sum_reasons,
)
from skeldir.reconcile.refusals import ExpectationOpen
from skeldir.reconcile.requests import MOST_DAYS
from skeldir.reconcile.statements import Payouts, Statement, state_balances, tie_payouts
from skeldir.revenue import StandingEntry, list_standing_entries
from skeldir.rollups import rules_in_force

if TYPE_CHECKING:
    from skeldir.db import Connection

ExpectedEntries: TypeAlias = Literal["all", "named", "none"]
"""Which entries of the days a report should have: all that are not another provider's, those its webhooks booked, or
none, as of a report of some payouts, which has no whole days.
"""

MOST_ENTRIES: Final = 400_000
_DAY: Final = timedelta(days=1)
# Under which nouns webhooks report a payment, by the provider whose money it is.
_NOUNS: Final[Mapping[str, Sequence[str]]] = {
    "stripe": ("charge", "refund", "dispute", "payment_intent"),
    "paypal": ("capture", "refund", "dispute"),
}
# What Stripe names each kind by. A refund that is booked as the total of its charge has no name of its own.
_OWN_NOUNS: Final[Mapping[str, str]] = {
    "capture": "charge",
    "refund": "refund",
    "refund_reversal": "refund",
    "dispute": "dispute",
    "dispute_reversal": "dispute",
}
# provider:account:noun:id:kind, of which a repeated one has a number.
_PARTS_OF_KEY: Final = 5


@dataclass(frozen=True, slots=True)
class PayoutsAsked:
    """How a report is to be compared; `days` and `time_zone` as of `OrdersAsked`.

    `expects` None: it is asked, if there are entries of the days of which the provider is not known.
    """

    provider: str
    expects: ExpectedEntries | None = None
    days: tuple[date | None, date | None] = (None, None)
    time_zone: str | None = None


@dataclass(frozen=True, slots=True)
class PayoutComparison:
    """What a comparison found; days are of `time_zone`, both included."""

    provider: str
    expects: ExpectedEntries | None
    first: date
    last: date
    time_zone: str
    movements: list[Movement]
    lines: list[PayoutLine]
    statements: list[Statement]

    @property
    def payouts(self) -> Payouts:
        """The payouts beside the movements that they pay."""
        return tie_payouts(self.movements)

    @property
    def sums(self) -> list[PayoutSum]:
        """The sums by currency and reason."""
        return sum_reasons(self.lines)

    @property
    def categories(self) -> list[CategorySum]:
        """The page: by currency and kind, what the report says and what the ledger has."""
        return sum_categories(self.movements, self.lines)

    @property
    def of_other_days(self) -> int:
        """How many matched entries are of other days than those of the report."""
        return sum(
            line.entry is not None and not self.first <= line.entry.day <= self.last
            for line in self.lines
        )


async def compare_payouts(
    connection: Connection,
    tenant_id: UUID,
    asked: PayoutsAsked,
    rows: Sequence[tuple[datetime, Movement]],
    *,
    most_entries: int = MOST_ENTRIES,
) -> PayoutComparison:
    """Compare the movements of a report with the ledger of the transaction's tenant, which must be repeatable read.

    `rows` are movements with their aware moments, which give their days. Nothing is recorded.

    Raises:
        ExpectationOpen: it is not known which entries the report should have.
        TimeZoneUnknown: the zone is none.
        InputInvalid: there are no movements, or they are of other days than asked for, or of too many.
        ReportTooLarge: the ledger has more entries of these days and orders than `most_entries`.
    """
    rules = (
        await rules_in_force(connection, tenant_id)
        if asked.time_zone is None
        else read_rules(asked.time_zone)
    )
    days = days_by(rules)
    movements = [replace(one, day=days.day_of(at)) for at, one in rows]
    first, last = _span(movements, asked.days)
    statements = state_balances([(at, one) for (at, _), one in zip(rows, movements, strict=True)])
    movements = await _with_orders(connection, tenant_id, asked.provider, movements)
    found = await list_standing_entries(
        connection,
        tenant_id,
        first=days.start_of(first),
        end=days.start_of(last + _DAY),
        order_ids={order for one in movements if one.is_compared for order in one.orders},
        most=most_entries,
    )
    entries = [_booked(entry, days, asked.provider) for entry in _in_order(found.values())]
    of_days = [one for one in entries if first <= one.day <= last and one.cents]
    lines = match_movements(movements, entries, _expected(asked, of_days))
    if asked.expects is None:
        _ask(asked.provider, of_days, lines)
    return PayoutComparison(
        asked.provider, asked.expects, first, last, rules.name, movements, lines, statements
    )


async def _with_orders(
    connection: Connection, tenant_id: UUID, provider: str, movements: Sequence[Movement]
) -> list[Movement]:
    """Return the movements with the orders that webhooks know their payments by."""
    names = {
        one.row: [
            f"{provider}:{noun}:{name}"
            for noun in _NOUNS.get(provider, ())
            for name in one.names | one.orders
        ]
        for one in movements
        if one.is_compared
    }
    known = await read_orders_of_refs(
        connection, tenant_id, {name for found in names.values() for name in found}
    )
    return [
        replace(
            one,
            orders=one.orders | {known[name] for name in names.get(one.row, ()) if name in known},
        )
        for one in movements
    ]


def _in_order(entries: Iterable[StandingEntry]) -> list[StandingEntry]:
    return sorted(entries, key=lambda one: (one.occurred_at, one.business_key))


def _booked(entry: StandingEntry, days: LocalDays, asked: str) -> BookedEntry:
    names, provider, is_named = {entry.business_key}, None, False
    parts = entry.business_key.split(":")
    if entry.source == SOURCE and len(parts) >= _PARTS_OF_KEY and parts[0] in _NOUNS:
        provider = parts[0]
        names.add(parts[3])
        is_named = provider == asked == "stripe" and parts[2] == _OWN_NOUNS.get(entry.kind)
    return BookedEntry(
        entry.business_key,
        entry.kind,
        frozenset(names),
        entry.order_id,
        entry.cents,
        entry.currency,
        days.day_of(entry.occurred_at),
        provider,
        is_named=is_named,
    )


def _expected(asked: PayoutsAsked, of_days: Iterable[BookedEntry]) -> set[str]:
    if asked.expects == "none":
        return set()
    providers = {asked.provider} if asked.expects != "all" else {asked.provider, None}
    return {one.key for one in of_days if one.provider in providers}


def _ask(provider: str, of_days: Iterable[BookedEntry], lines: Collection[PayoutLine]) -> None:
    matched = {line.entry.key for line in lines if line.entry is not None}
    open_ = [one for one in of_days if one.provider is None and one.key not in matched]
    if open_:
        raise ExpectationOpen(
            f"{len(open_):,} entries of these days are not in the report, and nothing says whether they are of"
            f" {provider}, such as one of order {open_[0].order_id!r:.60}.",
            cure="Set --expects all if all money that is not another provider's is in this report, or --expects named"
            " if only what its webhooks booked must be.",
        )


def _span(
    movements: Sequence[Movement], given: tuple[date | None, date | None]
) -> tuple[date, date]:
    if not movements:
        raise InputInvalid(
            "The report has no movements.", cure="Check the file, and how its columns are read."
        )
    earliest, latest = min(one.day for one in movements), max(one.day for one in movements)
    first, last = given[0] or earliest, given[1] or latest
    if earliest < first or latest > last:
        raise InputInvalid(
            f"The report has movements from {earliest} to {latest}, and others than from {first} to {last} were not"
            " asked for.",
            cure="Give the days that the report was made for, or make it again.",
        )
    if (last - first).days >= MOST_DAYS:
        raise InputInvalid(
            f"More than {MOST_DAYS} days would be compared.", cure="Compare fewer days at a time."
        )
    return first, last
