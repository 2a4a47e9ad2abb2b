"""The checks of an audit, their results, and the cures: each check has a name and a sentence for people."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final, Literal
from uuid import UUID

Amount = int | str | None

MOST_SHOWN: Final = 20
"""Up to this many differences of a check are described; all are counted."""

DataCheck = Literal[
    "revenue_days",
    "revenue_totals",
    "journeys",
    "credit_sums",
    "credit_journal",
    "renewals",
    "spend_sums",
    "ad_spend",
    "reconciliations",
    "channel_rules",
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
        "revenue_days": "Revenue by day, currency and state equals the sum of the ledger's entries.",
        "revenue_totals": "Revenue over all days equals the sum of its days.",
        "journeys": "Stored journeys match the ledger, and the touches as far as they are kept.",
        "credit_sums": "Credit by day, model, channel and currency equals what the stored journeys give.",
        "credit_journal": "The journal of credit adds up to the credit.",
        "renewals": "Orders are renewals as their payments say, and their credit is counted as that of renewals.",
        "spend_sums": "Spend by day, channel and currency equals what was recorded.",
        "ad_spend": "Spend from ad platforms equals the latest costs of campaign days.",
        "reconciliations": "Sums of compared claims equal their lines, and the view shows a stored sum.",
        "channel_rules": "Each touch has the channel that the tenant's rule kept with it gives, by the kept version.",
        "allocation_days": "The daily comparison of ledger and credit shows the sums of both.",
        "credit_equals_ledger": "By every model the credit equals the ledger's money, except what awaits it.",
        "exact_credit": "The columnar engine gives the same credit as the exact rules.",
    }
)
STRUCTURE_CHECKS: Final[Mapping[StructureCheck, str]] = MappingProxyType(
    {
        "views": "The canonical views are the registry's five, with their indexes, readers and definitions.",
        "row_security": "Each table with a tenant forces row-level security, with the expected policies.",
        "owners": "Tables, views and sequences belong to the two owners; the runtime role owns nothing.",
        "rights": "Every role has exactly the expected rights on each relation.",
        "roles": "The runtime role and the owners have exactly the expected attributes and memberships.",
        "functions": "Functions are those of the migrations, with their owners, rights and bodies.",
        "triggers": "The triggers that guard keys exist and are enabled, and there are no others.",
    }
)

_SENTENCES: Final[Mapping[Check, str]] = MappingProxyType(
    {name: text for texts in (DATA_CHECKS, STRUCTURE_CHECKS) for name, text in texts.items()}
)

_REBUILD: Final = (
    "Find out who changed it. If the facts are right, `skeldir credit --tenant {tenant} --rebuild` computes credit "
    "and sums again."
)
_MIGRATED: Final = (
    "Find out who changed it. As the role that migrates, or as a superuser, restore what a newly migrated database "
    "has."
)
_CURES: Final[Mapping[Check, str]] = MappingProxyType(
    {
        "journeys": _REBUILD
        + " If an order is not in the ledger, delete its row of order_journeys as skeldir_owner first.",
        "renewals": "Find out who changed it. `skeldir webhooks basis {tenant} BASIS`, with the basis that is set, "
        "books all payments again and notes which orders are renewals; `skeldir credit --tenant {tenant} --rebuild` "
        "then computes credit and sums again. Delete rows of renewal_orders that no payment explains as skeldir_owner.",
        "ad_spend": "Find out who changed it: rows are only ever added. The latest of ad_days are right.",
        "reconciliations": "Find out who changed it: rows are only ever added. Compare the same days again with "
        "`skeldir reconcile run {tenant}`; it keeps what is there.",
        "channel_rules": "Find out who changed it: rows are only ever added. `skeldir channels restate {tenant}` "
        "records touches again whose channel is another by the rules in force.",
        "exact_credit": "This is a bug in the program: report it with the ids of these orders.",
    }
)


@dataclass(frozen=True, slots=True)
class Difference:
    """The stored and the expected values of a subject; None if it does not exist, or should not.

    `fault` describes the difference in words where there are no values to compare.
    """

    subject: str
    stored: Mapping[str, Amount] | None = None
    expected: Mapping[str, Amount] | None = None
    fault: str = ""

    def describe(self) -> str:
        """Return the difference as a sentence; if both sides have values, only those that differ."""
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
    """The result of one check: how much was compared, the number of differences, and the first ones."""

    name: Check
    compared: int = 0
    count: int = 0
    differences: list[Difference] = field(default_factory=list)
    note: str = ""

    @property
    def claim(self) -> str:
        """The sentence that is true if there is no difference."""
        return _SENTENCES[self.name]

    def add(self, difference: Difference) -> None:
        """Count a difference, and keep it if it is among the first."""
        self.count += 1
        if len(self.differences) < MOST_SHOWN:
            self.differences.append(difference)

    def join(self, other: CheckResult) -> None:
        """Add the result of another part of the same check."""
        self.compared += other.compared
        self.count += other.count
        self.differences = (self.differences + other.differences)[:MOST_SHOWN]

    def cure(self, tenant_id: UUID | None) -> str:
        """Return what to do about the differences."""
        default = _MIGRATED if self.name in STRUCTURE_CHECKS else _REBUILD
        return _CURES.get(self.name, default).format(tenant=tenant_id)


def compare(
    result: CheckResult,
    stored: Mapping[tuple[object, ...], Sequence[Amount]],
    expected: Mapping[tuple[object, ...], Sequence[Amount]],
    fields: Sequence[str],
) -> None:
    """Add the differences of the two to `result`, sorted by key; a row of zeros counts as no row."""
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
