"""Derives the movements of orders that SDKs report, from what their sums are at moments. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Literal, TypeAlias

from skeldir.inbox.moves import Move, MoveKey
from skeldir.inbox.reporting import Report
from skeldir.inbox.saying import MovementKind, OrderRefund, Provider, Standing
from skeldir.inbox.shares import Share

SdkBasis: TypeAlias = Literal["total", "revenue"]
"""Which sum of an order that an SDK reports counts: the total, or the revenue without tax and shipping."""
SDK_BASES: Final[tuple[SdkBasis, ...]] = ("total", "revenue")

BASIS_OPEN: Final = "sdk_basis_open"
"""The flag of a payment with an SDK's reports whose tenant has not chosen what counts: they wait."""
REFUND_UNSIZED: Final = "refund_unsized"
"""The flag of a refund of all of an order, while no sum of the order is known."""
REFUND_OVERLAPS: Final = "refund_overlaps"
"""The flag of a refund, or a fall of the sum, that may be of the same money as an earlier refund of the order."""
TOTAL_MISSING: Final = "total_missing"
"""The flag of reports without a total, where that counts: they wait."""
REVENUE_MISSING: Final = "revenue_missing"
"""The flag of reports without the revenue, where that counts: they wait."""


@dataclass(frozen=True, slots=True)
class OrderMoves:
    """The movements of an SDK's orders, and those that are held: they are not booked, whatever else is known.

    `cuts`: by order, the keys of its movements and the share of them that counts.
    """

    moves: tuple[Move, ...]
    held: tuple[Move, ...]
    cuts: tuple[tuple[frozenset[MoveKey], Share], ...]
    flags: frozenset[str]


@dataclass(slots=True)
class _Order:
    """What one provider reports of an order: facts with the digests of their reports."""

    provider: Provider
    id: str
    standings: list[tuple[bytes, Standing]] = field(default_factory=list)
    refunds: list[tuple[bytes, OrderRefund]] = field(default_factory=list)


@dataclass(slots=True)
class _Timeline:
    """An order as it goes through its facts. `level` is its sum, `left` what is left of it after refunds."""

    order: _Order
    name: SdkBasis
    currency: str
    flags: set[str]
    level: int = 0
    left: int = 0
    rises: int = 0
    falls: int = 0
    is_refunded: bool = False
    is_ended: bool = False
    moves: list[Move] = field(default_factory=list)

    def stand(self, fact: Standing) -> None:
        """Capture what the sum rose by, or refund what it fell by, at most what is left."""
        minor = _sum_of(fact, self.name) or 0
        if fact.currency != self.currency:
            self.flags.add("amount_changed")
            return
        change, self.level = minor - self.level, minor
        if change > 0:
            self.rises += 1
            self.left += change
            self._add("capture", "order", self.order.id, change, fact.stood_at, self.rises)
        elif change < 0:
            if self.is_refunded:
                self.flags.add(REFUND_OVERLAPS)
            fallen = min(-change, self.left)
            if fallen > 0:
                self.falls += 1
                self.left -= fallen
                self._add("refund", "edit", self.order.id, fallen, fact.stood_at, self.falls)

    def refund(self, fact: OrderRefund) -> None:
        """Refund what is reported; after the order was refunded completely, at most what is left."""
        minor = _sum_of(fact, self.name) or 0
        if fact.currency == self.currency:
            if self.is_ended and minor > self.left:
                self.flags.add(REFUND_OVERLAPS)
                minor = max(self.left, 0)
            self.left -= minor
        if minor > 0:
            self.is_refunded = True
            currency = fact.currency or self.currency
            self._add("refund", fact.noun, fact.id, minor, fact.moved_at, currency=currency)

    def refund_all(self, fact: OrderRefund) -> None:
        """Refund what is left."""
        self.is_refunded = self.is_ended = True
        if self.left > 0:
            self._add("refund", fact.noun, fact.id, self.left, fact.moved_at)
            self.left = 0

    def _add(
        self,
        kind: MovementKind,
        noun: str,
        id_: str,
        minor: int,
        moved_at: datetime,
        number: int = 1,
        currency: str = "",
    ) -> None:
        key = MoveKey(self.order.provider, "", noun, id_, kind)
        self.moves.append(Move(key, minor, currency or self.currency, moved_at, number=number))


def derive_orders(reports: Sequence[Report], basis: SdkBasis | None) -> OrderMoves:
    """Return the movements of the orders in reports, by the sum that counts; the order of the reports does not matter.

    In the order of their moments, the first standing of an order is a capture, a higher one captures the increase, and
    a lower one refunds the decrease. A refund that is dated before the first standing is taken as of that moment, but
    keeps its time: an order cannot be refunded before it is placed. Only what is left is refunded by a fall, by a
    refund of everything, and by whatever follows that.

    Without a basis, all movements are held. So are reports that lack the sum that counts, each with the sum it has.
    """
    flags: set[str] = set()
    found = [_derive_order(order, basis) for order in _find_orders(reports, flags)]
    for one in found:
        flags |= one.flags
    moves = tuple(move for one in found for move in one.moves)
    held = tuple(move for one in found for move in one.held)
    if basis is None:
        if moves:
            flags.add(BASIS_OPEN)
        return OrderMoves((), moves, (), frozenset(flags))
    cuts = tuple(cut for one in found for cut in one.cuts)
    return OrderMoves(moves, held, cuts, frozenset(flags))


def _find_orders(reports: Sequence[Report], flags: set[str]) -> list[_Order]:
    """Return the orders in reports, each refund once: the earliest with its id."""
    orders: dict[tuple[Provider, str], _Order] = {}
    refunds: dict[tuple[Provider, str, str], list[tuple[datetime, bytes, OrderRefund]]] = {}
    for report in reports:
        for fact in report.facts:
            if isinstance(fact, Standing):
                key = (report.provider, fact.id)
                orders.setdefault(key, _Order(*key)).standings.append((report.digest, fact))
            elif isinstance(fact, OrderRefund):
                one = (fact.moved_at, report.digest, fact)
                refunds.setdefault((report.provider, fact.noun, fact.id), []).append(one)
    for (provider, _, _), claims in sorted(refunds.items()):
        _, digest, refund = min(claims, key=lambda one: one[:2])
        if any(claim != refund for _, _, claim in claims):
            flags.add("amount_changed")
        key = (provider, refund.order)
        orders.setdefault(key, _Order(*key)).refunds.append((digest, refund))
    return [order for _, order in sorted(orders.items())]


def _derive_order(order: _Order, basis: SdkBasis | None) -> OrderMoves:
    """Return the movements of one order; without a basis by the sum that it has, and none is held."""
    flags: set[str] = set()
    held: list[Move] = []
    name = _choose_sum(order, basis)
    usable = [one for one in order.standings if _counts(one[1], name, basis)]
    sized = [one for one in order.refunds if one[1].currency is not None]
    readable = [one for one in sized if _sum_of(one[1], name) is not None]
    if basis is not None and len(usable) + len(readable) < len(order.standings) + len(sized):
        if basis == "total":
            flags.add(TOTAL_MISSING)
        else:
            flags.add(REVENUE_MISSING)
        held = _hold(order, name, basis)
    if not usable and len(order.refunds) > len(sized):
        flags.add(REFUND_UNSIZED)
    unsized = [one for one in order.refunds if usable and one[1].currency is None]
    timeline = _walk(order, name, _arrange(usable, readable, unsized), flags)
    cuts: tuple[tuple[frozenset[MoveKey], Share], ...] = ()
    if basis == "revenue" and name == "total" and (share := _share_of(usable, timeline.currency)):
        cuts = ((frozenset(move.key for move in timeline.moves), share),)
    return OrderMoves(tuple(timeline.moves), tuple(held), cuts, frozenset(flags))


def _arrange(
    standings: Sequence[tuple[bytes, Standing]],
    sized: Sequence[tuple[bytes, OrderRefund]],
    unsized: Sequence[tuple[bytes, OrderRefund]],
) -> list[Standing | OrderRefund]:
    """Return facts in the order in which they count; of one moment, a refund of everything is the last."""
    start = min((fact.stood_at for _, fact in standings), default=None)
    steps: list[tuple[datetime, int, datetime, bytes, Standing | OrderRefund]] = [
        (fact.stood_at, int(fact.is_update), fact.stood_at, digest, fact)
        for digest, fact in standings
    ]
    for rank, refunds in ((2, sized), (3, unsized)):
        for digest, refund in refunds:
            position = refund.moved_at if start is None else max(refund.moved_at, start)
            steps.append((position, rank, refund.moved_at, digest, refund))
    return [fact for *_, fact in sorted(steps, key=lambda one: one[:4])]


def _walk(
    order: _Order,
    name: SdkBasis,
    facts: Sequence[Standing | OrderRefund],
    flags: set[str],
) -> _Timeline:
    currency = next((fact.currency for fact in facts if fact.currency is not None), "")
    timeline = _Timeline(order, name, currency, flags)
    for fact in facts:
        if isinstance(fact, Standing):
            timeline.stand(fact)
        elif fact.currency is None:
            timeline.refund_all(fact)
        else:
            timeline.refund(fact)
    return timeline


def _sum_of(fact: Standing | OrderRefund, name: SdkBasis) -> int | None:
    return fact.total if name == "total" else fact.revenue


def _counts(fact: Standing, name: SdkBasis, basis: SdkBasis | None) -> bool:
    return _sum_of(fact, name) is not None and _sum_of(fact, basis or name) is not None


def _choose_sum(order: _Order, basis: SdkBasis | None) -> SdkBasis:
    """Return in which sum to follow an order; the revenue is a share of the total where both are always known."""
    facts: list[Standing | OrderRefund] = [fact for _, fact in order.standings]
    facts += [fact for _, fact in order.refunds]
    if basis is None:
        # Only to show what waits.
        return "total" if any(fact.total is not None for fact in facts) else "revenue"
    if basis == "total":
        return "total"
    counting = [fact for _, fact in order.standings if fact.revenue is not None]
    has_share = all(
        fact.total is not None and (fact.revenue or 0) <= fact.total for fact in counting
    )
    has_totals = all(fact.total is not None for _, fact in order.refunds if fact.currency)
    return "total" if has_share and has_totals else "revenue"


def _share_of(usable: Sequence[tuple[bytes, Standing]], currency: str) -> Share | None:
    """Return which part of an order's total is revenue, by the latest standing that has a total above zero."""
    known = [
        (fact.stood_at, fact.is_update, digest, fact.revenue, fact.total)
        for digest, fact in usable
        if fact.currency == currency and fact.total and fact.revenue is not None
    ]
    if not known:
        return None
    *_, revenue, total = max(known)
    return Share(revenue, total)


def _hold(order: _Order, name: SdkBasis, basis: SdkBasis) -> list[Move]:
    """Return what lacks the sum that counts, with the sum that it has."""
    held: list[Move] = []
    lacking = [one for one in order.standings if not _counts(one[1], name, basis)]
    lacking.sort(key=lambda one: (one[1].stood_at, one[0]))
    key = MoveKey(order.provider, "", "order", order.id, "capture")
    shown = None
    for number, (_, fact) in enumerate(lacking, start=1):
        minor = fact.total if fact.total is not None else fact.revenue
        # Standings repeat the sum, so only one that differs is shown.
        if minor and minor != shown:
            held.append(Move(key, minor, fact.currency, fact.stood_at, number=number))
        shown = minor
    for _, refund in order.refunds:
        minor = refund.total if refund.total is not None else refund.revenue
        if refund.currency is not None and _sum_of(refund, name) is None and minor:
            key = MoveKey(order.provider, "", refund.noun, refund.id, "refund")
            held.append(Move(key, minor, refund.currency, refund.moved_at))
    return held
