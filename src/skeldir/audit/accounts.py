"""Accounts for a controller: the money of each currency from opening to closing, and the credit of each model."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from skeldir.audit.differences import CheckResult, compare
from skeldir.audit.ledger import KINDS

if TYPE_CHECKING:
    from skeldir.attribution import StoredCredit
    from skeldir.audit.ledger import DayKey, Ledger
    from skeldir.audit.sums import KeptSums


@dataclass(frozen=True, slots=True)
class Period:
    """Local days in `[start, end)`; None leaves that side open."""

    start: date | None = None
    end: date | None = None

    def holds(self, day: date) -> bool:
        """Return whether the day is in the period."""
        return not self.is_after(day) and (self.end is None or day < self.end)

    def is_after(self, day: date) -> bool:
        """Return whether the period begins after the day."""
        return self.start is not None and day < self.start


@dataclass(frozen=True, slots=True)
class MoneyAccount:
    """The ledger in one currency, in signed minor units: opening, movements in the period by kind, and closing."""

    currency: str
    opening_cents: int
    moved_cents: Mapping[str, int]
    closing_cents: int


@dataclass(frozen=True, slots=True)
class ModelAccount:
    """The credit of a model version compared with the ledger, by currency, over the period, in signed minor units.

    `awaiting_capture_cents` is the money of orders without a capture, which no model credits; `awaiting_credit_cents`
    is what is not credited yet of orders that await credit or are set aside. With `credited_cents` they must add up to
    the ledger's money; otherwise there is a difference.
    """

    model_version: str
    currency: str
    ledger_cents: int
    awaiting_capture_cents: int
    awaiting_credit_cents: int
    credited_cents: int
    unattributed_cents: int

    @property
    def difference_cents(self) -> int:
        """The ledger's money that is neither credited nor awaited."""
        return self.ledger_cents - (
            self.awaiting_capture_cents + self.awaiting_credit_cents + self.credited_cents
        )


def money_accounts(ledger: Ledger, period: Period) -> list[MoneyAccount]:
    """Return an account for each currency of the ledger."""
    opening: Counter[str] = Counter()
    moved: Counter[tuple[str, str]] = Counter()
    for (day, currency, kind), cents in ledger.kinds.items():
        if period.is_after(day):
            opening[currency] += cents
        elif period.holds(day):
            moved[currency, kind] += cents
    accounts = []
    for currency in sorted({currency for _, currency, _ in ledger.kinds}):
        by_kind = {kind: moved[currency, kind] for kind in KINDS}
        closing = opening[currency] + sum(by_kind.values())
        accounts.append(MoneyAccount(currency, opening[currency], by_kind, closing))
    return accounts


def model_accounts(
    ledger: Ledger, credit: StoredCredit, sums: KeptSums, period: Period
) -> list[ModelAccount]:
    """Return an account for each model version in force and currency of the ledger."""
    held: Counter[str] = Counter()
    for (day, currency, _), cents in ledger.kinds.items():
        if period.holds(day):
            held[currency] += cents
    creditable = _of_period(ledger.creditable, period)
    pending = _of_period(ledger.pending, period)
    counted = _by_version(pending_credit(credit), period)
    credited = _by_version(sums.credited, period)
    unattributed = _by_version(sums.unattributed, period)
    return [
        ModelAccount(
            version,
            currency,
            held[currency],
            held[currency] - creditable[currency],
            pending[currency] - counted[version, currency],
            credited[version, currency],
            unattributed[version, currency],
        )
        for version in credit.versions
        for currency in sorted({currency for _, currency, _ in ledger.kinds})
    ]


def check_credit_against_ledger(
    ledger: Ledger, credit: StoredCredit, sums: KeptSums
) -> CheckResult:
    """Compare the kept credit with the money that must be credited by now, by day, model version and currency."""
    counted = pending_credit(credit)
    expected: dict[tuple[object, ...], tuple[int]] = {
        (day, version, currency): (
            cents - ledger.pending[day, currency] + counted[day, version, currency],
        )
        for (day, currency), cents in ledger.creditable.items()
        for version in credit.versions
    }
    result = CheckResult("credit_equals_ledger")
    kept: dict[tuple[object, ...], tuple[int]] = {
        key: (cents,) for key, cents in sums.credited.items()
    }
    compare(result, kept, expected, ("credited_cents",))
    return result


def pending_credit(credit: StoredCredit) -> Counter[tuple[date, str, str]]:
    """Return the credit of orders that await credit or are set aside, by day, model version and currency."""
    counted: Counter[tuple[date, str, str]] = Counter()
    for (day, version, _, currency), (_, cents, _) in credit.pending.items():
        counted[day, version, currency] += cents
    return counted


def _of_period(money: Mapping[DayKey, int], period: Period) -> Counter[str]:
    total: Counter[str] = Counter()
    for (day, currency), cents in money.items():
        if period.holds(day):
            total[currency] += cents
    return total


def _by_version(
    money: Mapping[tuple[date, str, str], int], period: Period
) -> Counter[tuple[str, str]]:
    total: Counter[tuple[str, str]] = Counter()
    for (day, version, currency), cents in money.items():
        if period.holds(day):
            total[version, currency] += cents
    return total
