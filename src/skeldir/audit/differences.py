"""What an audit checks, what it found, and what helps: each check by its name, with a sentence for people."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final, Literal
from uuid import UUID

Amount = int | str | None

MOST_SHOWN: Final = 20
"""So many differences of a check are described; all are counted."""

DataCheck = Literal[
    "revenue_days",
    "revenue_totals",
    "journeys",
    "credit_sums",
    "credit_journal",
    "spend_sums",
    "allocation_days",
    "credit_equals_ledger",
    "exact_credit",
]
StructureCheck = Literal[
    "views",
    "row_security",
    "owners",
    "rights",
    "roles",
    "functions",
    "triggers",
]
Check = DataCheck | StructureCheck

DATA_CHECKS: Final[Mapping[DataCheck, str]] = MappingProxyType(
    {
        "revenue_days": "Revenue by day, currency and state is what the ledger's entries sum to.",
        "revenue_totals": "Revenue over all days is the sum of its days.",
        "journeys": "Stored journeys are what ledger and touches say, as far as touches are kept.",
        "credit_sums": "Credit by day, model, channel and currency is what the stored journeys give.",
        "credit_journal": "The journal of credit adds up to the credit.",
        "spend_sums": "Spend by day, channel and currency is what was recorded.",
        "allocation_days": "Ledger and credit stand beside each other as their own sums say.",
        "credit_equals_ledger": "By every model the credit is the ledger's money, but for what awaits it.",
        "exact_credit": "The columnar engine gives what the exact rules give.",
    }
)
STRUCTURE_CHECKS: Final[Mapping[StructureCheck, str]] = MappingProxyType(
    {
        "views": "The canonical views are the registry's five, with their indexes, readers and definitions.",
        "row_security": "Each table with a tenant forces row-level security, by the policies that are meant.",
        "owners": "Tables, views and sequences belong to the two owners; the runtime role owns nothing.",
        "rights": "Nobody may do more with a relation, or less, than is meant.",
        "roles": "The runtime role and the owners have no attribute or membership beyond those meant.",
        "functions": "Functions are those of the migrations, with their owners, rights and bodies.",
        "triggers": "The triggers that guard keys are there and enabled, and there is no other.",
    }
)

_SENTENCES: Final[Mapping[Check, str]] = MappingProxyType(
    {name: text for texts in (DATA_CHECKS, STRUCTURE_CHECKS) for name, text in texts.items()}
)

_REBUILD: Final = (
    "Find out who changed it. If the facts are right, `skeldir credit --tenant {tenant} --rebuild` works out credit "
    "and sums again."
)
_MIGRATED: Final = (
    "Find out who changed it. As the role that migrates, or as a superuser, make it what a newly migrated database "
    "has."
)
CURES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "journeys": _REBUILD
        + " If an order is not in the ledger, delete its row of order_journeys as skeldir_owner first.",
        "exact_credit": "This is a fault of the program: report it with the orders that are named.",
    }
)


@dataclass(frozen=True, slots=True)
class Difference:
    """What is stored of a subject, and what should be; None is for what is not there, or should not be.

    A `fault` says it in words where there are no values to compare.
    """

    subject: str
    stored: Mapping[str, Amount] | None = None
    expected: Mapping[str, Amount] | None = None
    fault: str = ""

    def describe(self) -> str:
        """Return it as a sentence: of two sides the values that differ."""
        if self.fault:
            return f"{self.subject}: {self.fault}."
        if self.expected is None:
            return f"{self.subject}: not expected, {_list(self.stored or {})}."
        if self.stored is None:
            return f"{self.subject}: missing, {_list(self.expected)}."
        parts = [
            f"{name} {_show(self.stored.get(name))} instead of {_show(value)}"
            for name, value in self.expected.items()
            if self.stored.get(name) != value
        ]
        return f"{self.subject}: {'; '.join(parts)}."


@dataclass(slots=True)
class CheckResult:
    """What became of one check: how much was compared, how many differences there are, and the first ones."""

    name: Check
    compared: int = 0
    count: int = 0
    differences: list[Difference] = field(default_factory=list)
    note: str = ""

    @property
    def says(self) -> str:
        """The sentence that holds where nothing differs."""
        return _SENTENCES[self.name]

    def add(self, difference: Difference) -> None:
        """Count a difference, and keep it if it is among the first."""
        self.count += 1
        if len(self.differences) < MOST_SHOWN:
            self.differences.append(difference)

    def join(self, other: CheckResult) -> None:
        """Add what another part of the same check came to."""
        self.compared += other.compared
        self.count += other.count
        self.differences = (self.differences + other.differences)[:MOST_SHOWN]

    def cure(self, tenant_id: UUID | None) -> str:
        """Return what helps."""
        default = _MIGRATED if self.name in STRUCTURE_CHECKS else _REBUILD
        return CURES.get(self.name, default).format(tenant=tenant_id)


def compare(
    result: CheckResult,
    stored: Mapping[tuple[object, ...], Sequence[Amount]],
    expected: Mapping[tuple[object, ...], Sequence[Amount]],
    fields: Sequence[str],
) -> None:
    """Add to `result` where the two differ, by key in order; a row of zeros counts as none."""
    for key in sorted(stored.keys() | expected.keys(), key=_in_order):
        left, right = _or_none(stored.get(key)), _or_none(expected.get(key))
        result.compared += 1
        if left != right:
            result.add(
                Difference(
                    " ".join(map(str, key)),
                    None if left is None else dict(zip(fields, left, strict=True)),
                    None if right is None else dict(zip(fields, right, strict=True)),
                )
            )


def _or_none(values: Sequence[Amount] | None) -> tuple[Amount, ...] | None:
    return None if values is None or not any(values) else tuple(values)


def _in_order(key: Iterable[object]) -> tuple[str, ...]:
    return tuple(map(str, key))


def _list(values: Mapping[str, Amount]) -> str:
    return ", ".join(f"{name} {_show(value)}" for name, value in values.items())


def _show(value: Amount) -> str:
    return f"{value:,}" if isinstance(value, int) else str(value)
