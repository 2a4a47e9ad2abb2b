"""Orders that a file claims, against those of the ledger: a reason for each, and sums that add up. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Final, Literal

OrderReason = Literal[
    "none",
    "missing_in_ledger",
    "missing_at_platform",
    "duplicate",
    "currency",
    "amount",
    "timing",
]
"""Why an order differs: the first that applies, `none` last of all."""

ORDER_REASONS: Final[tuple[OrderReason, ...]] = (
    "missing_in_ledger",
    "missing_at_platform",
    "duplicate",
    "currency",
    "amount",
    "timing",
    "none",
)


@dataclass(slots=True)
class ClaimedOrder:
    """What the rows of a file say of an order: `cents` by currency, and the first of their days."""

    day: date
    cents: dict[str, int] = field(default_factory=dict)
    rows: list[int] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class LedgerOrder:
    """What the ledger captured of an order, by currency, and the day of its first capture."""

    day: date
    captured: Mapping[str, int]
    taken: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class OrderLine:
    """An order with its reason; the side that lacks it is None."""

    order_id: str
    reason: OrderReason
    claimed: ClaimedOrder | None
    ledger: LedgerOrder | None

    @property
    def currencies(self) -> list[str]:
        """The currencies of either side, in order."""
        return sorted({*self.claimed_cents, *self.captured_cents})

    @property
    def claimed_cents(self) -> Mapping[str, int]:
        """What the file claims, by currency."""
        return {} if self.claimed is None else self.claimed.cents

    @property
    def captured_cents(self) -> Mapping[str, int]:
        """What the ledger captured, by currency."""
        return {} if self.ledger is None else self.ledger.captured

    def difference(self, currency: str) -> int:
        """Return claimed less captured, in minor units."""
        return self.claimed_cents.get(currency, 0) - self.captured_cents.get(currency, 0)


@dataclass(frozen=True, slots=True)
class OrderSum:
    """The orders of a reason that have money in a currency; `difference_cents` is claimed less captured."""

    currency: str
    reason: OrderReason
    orders: int
    claimed_cents: int
    captured_cents: int

    @property
    def difference_cents(self) -> int:
        """Claimed less captured."""
        return self.claimed_cents - self.captured_cents


@dataclass(frozen=True, slots=True)
class OrderBridge:
    """How the ledger's money of the days becomes the claimed money, in one currency.

    `days_cents` was captured of the orders that were expected or claimed and are of the days; `others_cents` of those
    that are claimed, but are of other days. `days_cents + others_cents + difference_cents = claimed_cents`, and the
    difference is the sum of those of all reasons.
    """

    currency: str
    days_cents: int
    others_cents: int
    claimed_cents: int

    @property
    def difference_cents(self) -> int:
        """Claimed less captured, of all orders that were compared."""
        return self.claimed_cents - self.days_cents - self.others_cents


def compare_orders(
    claimed: Mapping[str, ClaimedOrder],
    ledger: Mapping[str, LedgerOrder],
    expected: Collection[str],
) -> list[OrderLine]:
    """Return a line for each claimed order, and for each expected one of the ledger, in order of their ids."""
    lines = []
    for order_id in sorted({*claimed, *(one for one in expected if one in ledger)}):
        claim, known = claimed.get(order_id), ledger.get(order_id)
        lines.append(OrderLine(order_id, _reason_of(claim, known), claim, known))
    return lines


def sum_orders(lines: Iterable[OrderLine]) -> list[OrderSum]:
    """Return the sums by currency, then by reason in their order; currencies are never added."""
    sums: dict[tuple[str, int], list[int]] = {}
    for line in lines:
        place = ORDER_REASONS.index(line.reason)
        for currency in line.currencies:
            found = sums.setdefault((currency, place), [0, 0, 0])
            found[0] += 1
            found[1] += line.claimed_cents.get(currency, 0)
            found[2] += line.captured_cents.get(currency, 0)
    return [
        OrderSum(currency, ORDER_REASONS[place], *found)
        for (currency, place), found in sorted(sums.items())
    ]


def bridge_orders(lines: Sequence[OrderLine], first: date, last: date) -> list[OrderBridge]:
    """Return the bridge from the ledger's days `first` to `last`, both included, by currency."""
    bridges = []
    for currency in sorted({currency for line in lines for currency in line.currencies}):
        of_days = others = claimed = 0
        for line in lines:
            claimed += line.claimed_cents.get(currency, 0)
            captured = line.captured_cents.get(currency, 0)
            if line.ledger is not None and first <= line.ledger.day <= last:
                of_days += captured
            else:
                others += captured
        bridges.append(OrderBridge(currency, of_days, others, claimed))
    return bridges


def _reason_of(claim: ClaimedOrder | None, known: LedgerOrder | None) -> OrderReason:
    if known is None:
        return "missing_in_ledger"
    if claim is None:
        return "missing_at_platform"
    differences = [
        claim.cents.get(currency, 0) - known.captured.get(currency, 0)
        for currency in {*claim.cents, *known.captured}
    ]
    if len(claim.rows) > 1 and any(difference > 0 for difference in differences):
        return "duplicate"
    if any(currency not in known.captured for currency in claim.cents):
        return "currency"
    if any(differences):
        return "amount"
    return "none" if claim.day == known.day else "timing"
