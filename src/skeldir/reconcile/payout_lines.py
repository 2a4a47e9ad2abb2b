"""Movements of a provider's balance report against entries of the ledger: a reason each, sums that add up. Pure."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final, Literal, TypeAlias

from skeldir.revenue import KIND_SIGNS

PayoutReason = Literal[
    "none",
    "missing_in_ledger",
    "missing_at_provider",
    "duplicate",
    "currency",
    "amount",
    "timing",
]
"""Why a movement differs from the ledger: the first that applies, `none` last of all."""

PAYOUT_REASONS: Final[tuple[PayoutReason, ...]] = (
    "missing_in_ledger",
    "missing_at_provider",
    "duplicate",
    "currency",
    "amount",
    "timing",
    "none",
)
APART: Final = ("fee", "payout", "payout_reversal", "other")
"""Kinds of movements that no ledger of orders has: they are shown, and never compared."""
_ORDER: Final = (*KIND_SIGNS, *APART)


@dataclass(frozen=True, slots=True)
class Movement:
    """A row of a balance report; money is signed, in minor units, and `net_cents = gross_cents - fee_cents`.

    `kind` is one of the ledger's, or of APART. `names` are the ids of this very movement, such as that of its refund;
    `orders` those that the ledger may know its order by. `payout` is the payout that pays it, `balance_cents` the
    balance after it; empty and None if the report does not say.
    """

    row: int
    id: str
    kind: str
    category: str
    names: frozenset[str]
    orders: frozenset[str]
    gross_cents: int
    fee_cents: int
    net_cents: int
    currency: str
    day: date
    payout: str = ""
    balance_cents: int | None = None

    @property
    def is_compared(self) -> bool:
        """Whether the ledger should have it."""
        return self.kind not in APART


@dataclass(frozen=True, slots=True)
class BookedEntry:
    """An entry of the ledger that stands, signed.

    `provider` is whose webhook booked it; None: that is not known. `is_named`: its names are all that the report's
    provider has for it, so that a movement with another reference is another one, though of the same order.
    """

    key: str
    kind: str
    names: frozenset[str]
    order_id: str
    cents: int
    currency: str
    day: date
    provider: str | None = None
    is_named: bool = False


@dataclass(frozen=True, slots=True)
class PayoutLine:
    """A movement and its entry with the reason; the side that lacks it is None."""

    reason: PayoutReason
    movement: Movement | None
    entry: BookedEntry | None

    @property
    def kind(self) -> str:
        """The kind of the entry, which is that of the movement."""
        side = self.movement or self.entry
        return "" if side is None else side.kind

    @property
    def currencies(self) -> list[str]:
        """The currencies of either side, in order."""
        return sorted({side.currency for side in (self.movement, self.entry) if side is not None})

    def gross(self, currency: str) -> int | None:
        """Return the provider's gross in a currency; None if it has none."""
        one = self.movement
        return None if one is None or one.currency != currency else one.gross_cents

    def booked(self, currency: str) -> int | None:
        """Return the ledger's amount in a currency; None if it has none."""
        one = self.entry
        return None if one is None or one.currency != currency else one.cents

    def difference(self, currency: str) -> int:
        """Return gross less booked, in minor units."""
        return (self.gross(currency) or 0) - (self.booked(currency) or 0)


@dataclass(frozen=True, slots=True)
class PayoutSum:
    """The lines of a reason that have money in a currency."""

    currency: str
    reason: PayoutReason
    lines: int
    gross_cents: int
    booked_cents: int

    @property
    def difference_cents(self) -> int:
        """Gross less booked."""
        return self.gross_cents - self.booked_cents


@dataclass(frozen=True, slots=True)
class CategorySum:
    """The movements of a kind in a currency; of `other`, those of one category of the file.

    `booked_cents` is what the ledger has; None for what is not compared.
    """

    currency: str
    kind: str
    category: str
    movements: int
    gross_cents: int
    fee_cents: int
    net_cents: int
    booked_cents: int | None

    @property
    def difference_cents(self) -> int | None:
        """Gross less booked; None for what is not compared."""
        return None if self.booked_cents is None else self.gross_cents - self.booked_cents


def match_movements(
    movements: Sequence[Movement], entries: Sequence[BookedEntry], expected: Collection[str]
) -> list[PayoutLine]:
    """Return a line for each movement that is compared, and for each expected entry that none matches.

    Movement and entry match one to one if they are of a kind, by a name of the movement before by the order, and of
    several such pairs those that agree in most. `expected` are keys of entries.
    """
    compared = [one for one in movements if one.is_compared]
    repeats = _repeats(compared)
    left = [one for one in compared if one.row not in repeats]
    free = {entry.key: entry for entry in entries}
    matched: dict[int, BookedEntry] = {}
    for names_of, named in ((_names, _named), (_orders, _ordered)):
        index: dict[tuple[str, str], list[BookedEntry]] = {}
        for entry in free.values():
            for name in named(entry):
                index.setdefault((entry.kind, name), []).append(entry)
        for agree in _AGREEMENTS:
            for one in left:
                if one.row in matched:
                    continue
                found = next(
                    (
                        entry
                        for name in sorted(names_of(one))
                        for entry in index.get((one.kind, name), ())
                        if entry.key in free and agree(one, entry) and _may_be(one, entry, name)
                    ),
                    None,
                )
                if found is not None:
                    matched[one.row] = found
                    del free[found.key]
    taken = {
        (one.kind, name, one.currency, one.gross_cents)
        for one in left
        if one.row in matched
        for name in one.names
    }
    lines = [_line(one, matched.get(one.row), repeats, taken) for one in compared]
    return [
        *lines,
        *(PayoutLine("missing_at_provider", None, free[key]) for key in sorted(free) if key in expected),
    ]  # fmt: skip


def sum_reasons(lines: Iterable[PayoutLine]) -> list[PayoutSum]:
    """Return the sums by currency, then by reason in their order; currencies are never added."""
    sums: dict[tuple[str, int], list[int]] = {}
    for line in lines:
        place = PAYOUT_REASONS.index(line.reason)
        for currency in line.currencies:
            found = sums.setdefault((currency, place), [0, 0, 0])
            found[0] += 1
            found[1] += line.gross(currency) or 0
            found[2] += line.booked(currency) or 0
    return [
        PayoutSum(currency, PAYOUT_REASONS[place], *found)
        for (currency, place), found in sorted(sums.items())
    ]


def sum_categories(movements: Iterable[Movement], lines: Iterable[PayoutLine]) -> list[CategorySum]:
    """Return the page by currency and kind, what is not compared last; each movement is in one row."""
    sums: dict[tuple[str, int, str], list[int]] = {}
    for one in movements:
        category = one.category if one.kind == "other" else ""
        found = sums.setdefault((one.currency, _ORDER.index(one.kind), category), [0] * 5)
        for place, cents in enumerate((1, one.gross_cents, one.fee_cents, one.net_cents)):
            found[place] += cents
    for line in lines:
        if line.entry is not None:
            key = (line.entry.currency, _ORDER.index(line.kind), "")
            sums.setdefault(key, [0] * 5)[4] += line.entry.cents
    return [
        CategorySum(
            currency,
            _ORDER[place],
            category,
            movements,
            gross,
            fee,
            net,
            None if _ORDER[place] in APART else known,
        )
        for (currency, place, category), (movements, gross, fee, net, known) in sorted(sums.items())
    ]


def _names(one: Movement) -> Collection[str]:
    return one.names


def _named(entry: BookedEntry) -> Collection[str]:
    return entry.names


def _orders(one: Movement) -> Collection[str]:
    return one.orders


def _ordered(entry: BookedEntry) -> Collection[str]:
    return (entry.order_id,)


def _may_be(one: Movement, entry: BookedEntry, name: str) -> bool:
    """Return whether a movement may be an entry that has the name: itself, or as its order."""
    has_reference = bool(one.names - {one.id})
    return name in entry.names or not (entry.is_named and has_reference)


_Agree: TypeAlias = Callable[[Movement, BookedEntry], bool]
_AGREEMENTS: Final[Sequence[_Agree]] = (
    lambda one, entry: (
        (one.currency, one.gross_cents, one.day) == (entry.currency, entry.cents, entry.day)
    ),
    lambda one, entry: (one.currency, one.gross_cents) == (entry.currency, entry.cents),
    lambda one, entry: (one.currency, one.day) == (entry.currency, entry.day),
    lambda one, entry: one.currency == entry.currency,
    lambda _, __: True,
)


def _repeats(movements: Iterable[Movement]) -> set[int]:
    """Return the rows whose id an earlier row of the kind has."""
    seen: set[tuple[str, str]] = set()
    repeats = set()
    for one in movements:
        if one.id and (one.kind, one.id) in seen:
            repeats.add(one.row)
        seen.add((one.kind, one.id))
    return repeats


def _line(
    one: Movement,
    entry: BookedEntry | None,
    repeats: Collection[int],
    taken: Collection[tuple[str, str, str, int]],
) -> PayoutLine:
    if entry is None:
        again = one.row in repeats or any(
            (one.kind, name, one.currency, one.gross_cents) in taken for name in one.names
        )
        return PayoutLine("duplicate" if again else "missing_in_ledger", one, None)
    if one.currency != entry.currency:
        return PayoutLine("currency", one, entry)
    if one.gross_cents != entry.cents:
        return PayoutLine("amount", one, entry)
    return PayoutLine("none" if one.day == entry.day else "timing", one, entry)
