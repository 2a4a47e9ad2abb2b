"""Derives the ledger's entries of a payment from all reports about it. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, TypeVar

from skeldir.inbox.basis import BASIS_UNKNOWN, Basis, cut_to_revenue
from skeldir.inbox.moves import Move, business_key_of, derive_moves
from skeldir.inbox.precedence import Precedence, split_moves
from skeldir.inbox.reporting import Report
from skeldir.inbox.saying import (
    PROVIDERS,
    SHOPS,
    MovementKind,
    Notice,
    Part,
    Provider,
    Visit,
    moment_of,
)
from skeldir.inbox.standings import REFUND_UNSIZED, SdkBasis, derive_orders
from skeldir.inbox.states import PaymentState, derive_state, flag_sequence
from skeldir.revenue import KIND_SIGNS, LedgerRow

_NEVER: Final = datetime.max.replace(tzinfo=UTC)

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Rules:
    """A tenant's rules: whose movements count if a shop and a gateway both report a payment, and what is revenue.

    `sdk_basis` is which sum counts of orders that SDKs report; None: that is not chosen yet.
    """

    precedence: Precedence = "gateway"
    basis: Basis = "gross"
    sdk_basis: SdkBasis | None = None


@dataclass(frozen=True, slots=True)
class Unbooked:
    """A movement that is no entry. `minor` > 0, in minor units."""

    kind: MovementKind
    id: str
    minor: int
    currency: str
    provider: Provider


@dataclass(frozen=True, slots=True)
class Booking:
    """What the ledger should have of a payment, and its state.

    `order_id`: None while no report names an order. `waiting`: movements that wait for a capture, for the dispute that
    they reverse, for the order, or for the sum that counts of it. `evidence`: movements that are not booked because
    another provider's are. `parts`: by provider, those of its latest report that has some. `journey_key`, `visit`,
    `agreement`: of the earliest report that has one. `is_renewal`: None if no report says so.
    """

    order_id: str | None
    entries: tuple[LedgerRow, ...]
    state: PaymentState
    flags: tuple[str, ...]
    waiting: tuple[Unbooked, ...]
    evidence: tuple[Unbooked, ...]
    journey_key: bytes | None
    visit: Visit | None
    agreement: str | None
    is_renewal: bool | None
    parts: tuple[tuple[Provider, tuple[Part, ...]], ...]


def book(reports: Sequence[Report], rules: Rules) -> Booking:
    """Return the booking of a payment from all reports about it; their order and repetitions do not matter.

    More reports may change an entry, or make it evidence: the caller compares a booking with what was posted before.
    """
    ordered = _in_order(reports)
    flags: set[str] = set()
    order_id = _find_order(ordered, flags)
    journeys = [one.journey_hash for one in ordered if one.journey_hash is not None]
    if len(set(journeys)) > 1:
        flags.add("journeys_differ")
    journey_key = journeys[0] if journeys else None

    found = derive_moves(ordered)
    orders = derive_orders(ordered, rules.sdk_basis)
    moves = [*found.moves, *found.orphans, *orders.moves]
    split = split_moves(moves, ordered, rules.precedence)
    booked, waiting = _hold_back(split.counted, found.orphans, has_order=order_id is not None)
    waiting += orders.held
    if waiting and order_id is None:
        flags.add("order_unknown")
    notices = {fact for one in ordered for fact in one.facts if isinstance(fact, Notice)}
    flags |= found.flags | orders.flags | split.flags | flag_sequence(booked, notices)
    parts = _latest_parts(ordered)
    revenue, is_known = cut_to_revenue(booked, parts, rules.basis, rules.sdk_basis, orders.cuts)
    if not is_known:
        flags.add(BASIS_UNKNOWN)
    return Booking(
        order_id=order_id,
        entries=_entries_of(revenue, order_id or "", journey_key),
        state=derive_state(
            booked, is_waiting=bool(waiting) or REFUND_UNSIZED in flags, notices=notices
        ),
        flags=tuple(sorted(flags)),
        waiting=_unbooked(waiting),
        evidence=_unbooked(split.evidence),
        journey_key=journey_key,
        visit=_first(one.visit for one in ordered),
        agreement=_first(one.agreement for one in ordered),
        is_renewal=_whether_renewal(ordered),
        parts=parts,
    )


def _stamp_of(report: Report) -> datetime:
    """Return when a report was made; without a time of its own, that of its earliest fact."""
    if report.reported_at is not None:
        return report.reported_at
    moments = (moment_of(fact) for fact in report.facts)
    return min(moments, default=_NEVER)


def _in_order(reports: Sequence[Report]) -> list[Report]:
    """Return each delivery's report once, the earliest first."""
    distinct = {(one.provider, one.account, one.digest): one for one in reports}
    return sorted(
        distinct.values(), key=lambda one: (_stamp_of(one), one.digest, one.provider, one.account)
    )


def _first(values: Iterable[_T | None]) -> _T | None:
    return next((value for value in values if value is not None), None)


def _find_order(ordered: Sequence[Report], flags: set[str]) -> str | None:
    """Return the order's id: the earliest reference of a shop, else of a gateway, else a provider's own name."""
    named = [one for one in ordered if one.order_ref is not None]
    if named:
        if len({one.order_ref for one in named}) > 1:
            flags.add("order_refs_differ")
        by_shops = [one for one in named if one.provider in SHOPS]
        return min(
            by_shops or named, key=lambda one: (_stamp_of(one), one.order_ref or "")
        ).order_ref
    owned = [one for one in ordered if one.own_ref is not None]
    if not owned:
        return None
    # The sort of `ordered` decides among the reports of one provider.
    return min(owned, key=lambda one: PROVIDERS.index(one.provider)).own_ref


def _hold_back(
    counted: Sequence[Move], orphans: Sequence[Move], *, has_order: bool
) -> tuple[list[Move], list[Move]]:
    """Return the movements to book, and those that wait."""
    if not has_order or all(move.key.kind != "capture" for move in counted):
        return [], list(counted)
    held = {(move.key, move.number) for move in orphans}
    booked = [move for move in counted if (move.key, move.number) not in held]
    return booked, [move for move in counted if (move.key, move.number) in held]


def _entries_of(
    booked: Sequence[Move], order_id: str, journey_key: bytes | None
) -> tuple[LedgerRow, ...]:
    entries = [
        LedgerRow(
            business_key=business_key_of(move),
            order_id=order_id,
            kind=move.key.kind,
            amount_cents=KIND_SIGNS[move.key.kind] * move.minor,
            currency=move.currency,
            occurred_at=move.moved_at,
            journey_key=journey_key if move.key.kind == "capture" else None,
        )
        for move in booked
    ]
    return tuple(sorted(entries, key=lambda one: (one.occurred_at, one.business_key)))


def _unbooked(moves: Sequence[Move]) -> tuple[Unbooked, ...]:
    ordered = sorted(moves, key=lambda one: (one.moved_at, one.key, one.number))
    return tuple(
        Unbooked(move.key.kind, move.key.id, move.minor, move.currency, move.key.provider)
        for move in ordered
    )


def _whether_renewal(ordered: Sequence[Report]) -> bool | None:
    said = {one.is_renewal for one in ordered}
    return True if True in said else False if False in said else None


def _latest_parts(ordered: Sequence[Report]) -> tuple[tuple[Provider, tuple[Part, ...]], ...]:
    latest: dict[Provider, dict[str, Part]] = {}
    # Reports without a time of their own first, so that they count as the oldest. A charge has the fee, its session the
    # tax: each part is that of the latest report that has it.
    for one in sorted(ordered, key=lambda one: one.reported_at is not None):
        if one.parts:
            latest.setdefault(one.provider, {}).update({part.name: part for part in one.parts})
    return tuple((provider, tuple(latest[provider].values())) for provider in sorted(latest))
