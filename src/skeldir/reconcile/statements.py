"""The balances that a report states, and what each payout pays: whether both add up to the cent. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from itertools import pairwise
from typing import Final, Literal, TypeAlias

from skeldir.reconcile.payout_lines import Movement

TieReason = Literal["movements_missing", "payout_missing", "amount", "none"]
"""Why a payout does not equal its movements: the first that applies, `none` last of all."""

TIE_REASONS: Final[tuple[TieReason, ...]] = (
    "movements_missing",
    "payout_missing",
    "amount",
    "none",
)
_PAYOUTS: Final = ("payout", "payout_reversal")
_Rows: TypeAlias = Sequence[tuple[datetime, Movement]]


@dataclass(frozen=True, slots=True)
class BrokenBalance:
    """The first row whose stated balance is not the balance before it plus what moved since."""

    row: int
    stated_cents: int
    expected_cents: int


@dataclass(frozen=True, slots=True)
class Statement:
    """A currency's balances as the report states them: opening, what moved, closing.

    `opening_cents` None: the report states no balances, or, if `is_open`, the order of its rows is not known.
    `stated_cents` is the balance that it states last, with what moved after that.
    """

    currency: str
    moved_cents: int
    opening_cents: int | None = None
    stated_cents: int | None = None
    broken: BrokenBalance | None = None
    is_open: bool = False

    @property
    def closing_cents(self) -> int | None:
        """The opening balance and all movements."""
        return None if self.opening_cents is None else self.opening_cents + self.moved_cents


@dataclass(slots=True)
class PayoutTie:
    """A payout beside the movements that the report assigns to it, in signed minor units.

    `paid_cents` is what the payout's own rows took from the balance, negative if it filled up a balance below 0; None:
    the report has no such row. `returned_cents` came back, as when a bank refuses a payout.
    """

    payout: str
    currency: str
    day: date | None = None
    movements: int = 0
    nets_cents: int = 0
    paid_cents: int | None = None
    returned_cents: int = 0

    @property
    def difference_cents(self) -> int | None:
        """Paid less the nets of the movements; None if the payout's amount is not known."""
        return None if self.paid_cents is None else self.paid_cents - self.nets_cents

    @property
    def reason(self) -> TieReason:
        """Why both differ."""
        if self.paid_cents is None:
            return "payout_missing"
        if not self.movements:
            return "movements_missing"
        return "amount" if self.difference_cents else "none"


@dataclass(slots=True)
class Payouts:
    """The payouts of a report, and the movements that it assigns to none: how many, and their nets, by currency."""

    ties: list[PayoutTie] = field(default_factory=list)
    unassigned: dict[str, tuple[int, int]] = field(default_factory=dict)


def state_balances(rows: _Rows) -> list[Statement]:
    """Return a statement for each currency of movements with their moments, which are in the order of the file."""
    by_currency: dict[str, list[tuple[datetime, Movement]]] = defaultdict(list)
    for at, one in rows:
        by_currency[one.currency].append((at, one))
    return [_state(currency, found) for currency, found in sorted(by_currency.items())]


def tie_payouts(movements: Sequence[Movement]) -> Payouts:
    """Return each payout with the sum of its movements; none if the report assigns nothing to payouts.

    The nets of all ties and of what is unassigned are those of all movements that are no payouts.
    """
    known = {one.payout for one in movements if one.payout}
    found = Payouts()
    if not known:
        return found
    ties: dict[tuple[str, str], PayoutTie] = {}
    for one in movements:
        is_own = one.kind in _PAYOUTS
        if not is_own and not one.payout:
            count, cents = found.unassigned.get(one.currency, (0, 0))
            found.unassigned[one.currency] = count + 1, cents + one.net_cents
            continue
        payout = _payout_of(one, known) if is_own else one.payout
        key = (one.currency, payout)
        tie = ties.setdefault(key, PayoutTie(payout, one.currency))
        _add(tie, one)
    found.ties = [ties[key] for key in sorted(ties)]
    return found


def _add(tie: PayoutTie, one: Movement) -> None:
    if one.kind not in _PAYOUTS:
        tie.movements += 1
        tie.nets_cents += one.net_cents
    elif one.kind == "payout_reversal":
        tie.returned_cents += one.net_cents
    else:
        tie.paid_cents = (tie.paid_cents or 0) - one.net_cents
        tie.day = one.day if tie.day is None else min(tie.day, one.day)


def _payout_of(one: Movement, known: Iterable[str]) -> str:
    """Return the id of the payout that a row is of: as the report says, or else its own reference."""
    if one.payout:
        return one.payout
    references = sorted(one.names - {one.id})
    by_name = [name for name in (*references, one.id) if name in known]
    return next(iter((*by_name, *references)), one.id)


def _state(currency: str, rows: _Rows) -> Statement:
    moved = sum(one.net_cents for _, one in rows)
    if all(one.balance_cents is None for _, one in rows):
        return Statement(currency, moved)
    orders = _orders(rows)
    chains = [_chain(currency, moved, order) for order in orders]
    if len(orders) > 1:
        # Time does not say which row came first; the balances may, if they add up in one order only.
        chains = [chain for chain in chains if chain.broken is None]
    if len({(chain.opening_cents, chain.stated_cents) for chain in chains}) != 1:
        return Statement(currency, moved, is_open=True)
    return chains[0]


def _orders(rows: _Rows) -> list[list[Movement]]:
    """Return the rows from the earliest to the latest; both ways if their moments do not say which."""
    ups = any(before < after for (before, _), (after, _) in pairwise(rows))
    downs = any(before > after for (before, _), (after, _) in pairwise(rows))
    forward = [one for _, one in rows]
    if ups != downs:
        return [forward if ups else forward[::-1]]
    return [forward, forward[::-1]]


def _chain(currency: str, moved: int, order: Iterable[Movement]) -> Statement:
    opening, balance, since, broken = None, 0, 0, None
    for one in order:
        since += one.net_cents
        if one.balance_cents is None:
            continue
        if opening is None:
            opening = one.balance_cents - since
        elif broken is None and one.balance_cents != balance + since:
            broken = BrokenBalance(one.row, one.balance_cents, balance + since)
        balance, since = one.balance_cents, 0
    return Statement(currency, moved, opening, balance + since, broken)
