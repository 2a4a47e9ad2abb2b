"""Derives the single movements of money from the reports about a payment. Pure."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, NamedTuple, TypeAlias

from skeldir.inbox.accounts import name_accounts
from skeldir.inbox.reporting import Report
from skeldir.inbox.saying import (
    Listed,
    Movement,
    MovementKind,
    Notice,
    OrderRefund,
    Provider,
    Release,
    Standing,
    Total,
)
from skeldir.inbox.turns import Claim, count_turns
from skeldir.revenue import LONGEST_KEY

FORWARD: Final[Mapping[MovementKind, MovementKind]] = {
    "refund_reversal": "refund",
    "dispute_reversal": "dispute",
}
"""What each kind of reversal reverses."""
_REVERSING: Final = {forward: reversal for reversal, forward in FORWARD.items()}


class MoveKey(NamedTuple):
    """What identifies a movement. A reversal has the key of what it reverses, but for the kind."""

    provider: Provider
    account: str
    noun: str
    id: str
    kind: MovementKind


def _forward_of(key: MoveKey) -> MoveKey:
    forward = FORWARD.get(key.kind)
    return key if forward is None else key._replace(kind=forward)


@dataclass(frozen=True, slots=True)
class Move:
    """One movement of money: `minor` > 0.

    `number` counts, from 1, the increases of a total, and how often money moved under an id; a reversal has that of
    what it reverses.
    """

    key: MoveKey
    minor: int
    currency: str
    moved_at: datetime
    via: Provider | None = None
    number: int = 1

    @property
    def forward_key(self) -> MoveKey:
        """The key of what this reverses; its own if it reverses nothing."""
        return _forward_of(self.key)


@dataclass(frozen=True, slots=True)
class Moves:
    """All movements that reports state, and flags for what does not fit.

    `orphans` are reversals of disputes that no report has; `moves` are all others.
    """

    moves: tuple[Move, ...]
    orphans: tuple[Move, ...]
    flags: frozenset[str]


def business_key_of(move: Move) -> str:
    """Return the key by which the ledger recognises a movement, at most LONGEST_KEY characters."""
    provider, account, noun, id_, kind = move.key
    end = kind if move.number == 1 else f"{kind}:{move.number}"
    key = f"{provider}:{account}:{noun}:{id_}:{end}"
    if len(key) <= LONGEST_KEY:
        return key
    digest = hashlib.sha256(f"{account}\n{id_}".encode()).hexdigest()
    return f"{provider}::{noun}:{digest}:{end}"


# Provider, account, noun, and the order whose refunds are listed.
_Shelf: TypeAlias = tuple[Provider, str, str, str]


@dataclass(slots=True)
class _Sheet:
    """The claims of all reports, by what they are about."""

    singles: dict[MoveKey, list[Claim]] = field(default_factory=lambda: defaultdict(list))
    totals: dict[MoveKey, list[Claim]] = field(default_factory=lambda: defaultdict(list))
    compared: dict[MoveKey, list[Claim]] = field(default_factory=lambda: defaultdict(list))
    lists: dict[_Shelf, list[tuple[bytes, Listed]]] = field(
        default_factory=lambda: defaultdict(list)
    )
    # By the charge: what was released of it so far.
    releases: dict[tuple[Provider, str, str], list[Release]] = field(
        default_factory=lambda: defaultdict(list)
    )
    flags: set[str] = field(default_factory=set)


def derive_moves(reports: Sequence[Report]) -> Moves:
    """Return the movements that the reports state, but for those of standings; the order of reports does not matter."""
    sheet = _Sheet()
    for report in name_accounts(reports):
        _enter(report, sheet)
    for shelf, lists in sheet.lists.items():
        _enter_listed(shelf, lists, sheet)
    _leave_out_releases(sheet)
    _settle_refund_totals(sheet)
    # A total may come with single reports of its id, such as of a charge that was captured at once, and later more.
    for key in sheet.totals.keys() & sheet.singles.keys():
        sheet.totals[key] += sheet.singles.pop(key)
    moves = _singles_of(sheet)
    for key, claims in sheet.totals.items():
        moves += _increases_of(key, claims, sheet.flags)
    _compare_refunds(sheet, moves)
    return _match_reversals(moves, sheet.flags)


def _enter(report: Report, sheet: _Sheet) -> None:
    for fact in report.facts:
        if isinstance(fact, Notice | Standing | OrderRefund):
            continue  # Those of orders with standings are derived elsewhere.
        if isinstance(fact, Release):
            sheet.releases[report.provider, report.account, fact.id].append(fact)
            continue
        if isinstance(fact, Listed):
            order = report.own_ref or report.order_ref or ""
            shelf = (report.provider, report.account, fact.noun, order)
            sheet.lists[shelf].append((report.digest, fact))
            continue
        key = MoveKey(report.provider, report.account, fact.noun, fact.id, fact.kind)
        claim = Claim(
            report.reported_at or fact.moved_at,
            report.digest,
            fact.minor,
            fact.currency,
            fact.moved_at,
            fact.via,
            fact.turn if isinstance(fact, Movement) else None,
        )
        _claims_for(fact, sheet)[key].append(claim)


def _claims_for(fact: Movement | Total, sheet: _Sheet) -> dict[MoveKey, list[Claim]]:
    if isinstance(fact, Movement):
        return sheet.singles
    return sheet.totals if fact.kind == "capture" or fact.is_booked else sheet.compared


def _enter_listed(shelf: _Shelf, lists: list[tuple[bytes, Listed]], sheet: _Sheet) -> None:
    """Enter the refunds of an order's lists, each at the first list that has it.

    It is taken back at the list since which none has it.
    """
    provider, account, noun, _ = shelf
    # Of two lists of the same moment the longer one is later: a refund is taken back far more seldom than made.
    ordered = sorted(lists, key=lambda one: (one[1].changed_at, len(one[1].refunds), one[0]))
    contents = [dict(listed.refunds) for _, listed in ordered]
    # By id: the claim of its first list, and the index of the last list that has it.
    first: dict[str, Claim] = {}
    last: dict[str, int] = {}
    for index, ((digest, listed), content) in enumerate(zip(ordered, contents, strict=True)):
        for id_, minor in content.items():
            # One that comes back was never taken back, so that no list is of a second turn.
            at, currency, via = listed.changed_at, listed.currency, listed.via
            claim = Claim(at, digest, minor, currency, at, via, turn=1)
            earlier = first.setdefault(id_, claim)
            if (earlier.minor, earlier.currency) != (minor, listed.currency):
                sheet.flags.add("amount_changed")
            last[id_] = index
    for id_, claim in first.items():
        sheet.singles[MoveKey(provider, account, noun, id_, "refund")].append(claim)
        gone = last[id_] + 1
        if gone < len(ordered):
            digest, listed = ordered[gone]
            key = MoveKey(provider, account, noun, id_, "refund_reversal")
            sheet.singles[key].append(
                claim._replace(stamp=listed.changed_at, digest=digest, moved_at=listed.changed_at)
            )


def _leave_out_releases(sheet: _Sheet) -> None:
    """Take the refunds away that only give back what was authorized and never captured.

    Several captures of a charge release less and less of it: the least was released in the end.
    """
    for (provider, account, _), releases in sorted(sheet.releases.items()):
        release = min(releases, key=lambda one: (one.minor, one.currency))
        equal = [
            (min(claim.moved_at for claim in claims), key)
            for key, claims in sheet.singles.items()
            if (key.provider, key.account, key.kind) == (provider, account, "refund")
            and any(
                (one.minor, one.currency) == (release.minor, release.currency) for one in claims
            )
        ]
        if equal:
            del sheet.singles[min(equal)[1]]


def _settle_refund_totals(sheet: _Sheet) -> None:
    """Only compare the totals of refunds of an account that reports single refunds too: both would count them twice."""
    accounts = {(key.provider, key.account) for key in sheet.singles if key.kind == "refund"}
    for key in list(sheet.totals):
        if key.kind == "refund" and (key.provider, key.account) in accounts:
            sheet.compared[key] += sheet.totals.pop(key)


def _via_of(claims: Sequence[Claim]) -> Provider | None:
    return next((claim.via for claim in claims if claim.via is not None), None)


def _in_order(claims: list[Claim]) -> list[Claim]:
    # One delivery may say the same thing twice, so that only the amounts tell its claims apart; `via` may be None.
    return sorted(claims, key=lambda one: (*one[:5], one.via or ""))


def _singles_of(sheet: _Sheet) -> list[Move]:
    """Return the movements that are reported singly, and their reversals, by turn."""
    moves: list[Move] = []
    for reported in sheet.singles:
        key = _forward_of(reported)
        if key is not reported and key in sheet.singles:
            continue  # It comes with what it reverses.
        reversal = _REVERSING.get(key.kind)
        reversing = key if reversal is None else key._replace(kind=reversal)
        reversals = () if reversal is None else sheet.singles.get(reversing, ())
        # A refund may have failed before it succeeded, but nobody gives back what was not disputed.
        is_dispute = key.kind == "dispute"
        turns = count_turns(sheet.singles.get(key, ()), reversals, comes_first=is_dispute)
        if not turns.is_clear:
            sheet.flags.add("reversal_unclear")
        for one, claims_of in ((key, turns.moved), (reversing, turns.reversed)):
            for turn, claims in claims_of.items():
                moves.append(_first_of(one, turn, claims, sheet.flags))
    return moves


def _first_of(key: MoveKey, turn: int, claims: list[Claim], flags: set[str]) -> Move:
    claims = _in_order(claims)
    first = claims[0]
    if any((one.minor, one.currency) != (first.minor, first.currency) for one in claims):
        flags.add("amount_changed")
    return Move(key, first.minor, first.currency, first.moved_at, _via_of(claims), turn)


def _increases_of(key: MoveKey, claims: list[Claim], flags: set[str]) -> list[Move]:
    claims = _in_order(claims)
    currency, via = claims[0].currency, _via_of(claims)
    steps = sorted((one.moved_at, one.minor) for one in claims if one.currency == currency)
    if len(steps) < len(claims):
        flags.add("amount_changed")
    moves: list[Move] = []
    reached = 0
    for moved_at, minor in steps:
        if minor > reached:
            moves.append(Move(key, minor - reached, currency, moved_at, via, len(moves) + 1))
            reached = minor
    if steps[-1][1] < reached:
        flags.add("total_fell")
    return moves


def _compare_refunds(sheet: _Sheet, moves: Sequence[Move]) -> None:
    """Flag totals of refunds that are more than the refunds that were reported."""
    missing: dict[tuple[Provider, str, str], int] = defaultdict(int)
    for key, claims in sheet.compared.items():
        highest: dict[str, int] = {}
        for claim in claims:
            highest[claim.currency] = max(claim.minor, highest.get(claim.currency, 0))
        for currency, minor in highest.items():
            missing[key.provider, key.account, currency] += minor
    refunded: dict[tuple[MoveKey, str], list[int]] = defaultdict(list)
    for move in moves:
        if move.key.kind == "refund":
            refunded[move.key, move.currency].append(move.minor)
    for (key, currency), minors in refunded.items():
        account = (key.provider, key.account, currency)
        if account in missing:
            # A refund that succeeds again is in the total once.
            missing[account] -= sum(minors) if key in sheet.totals else max(minors)
    if any(minor > 0 for minor in missing.values()):
        sheet.flags.add("refund_missing")


def _match_reversals(moves: Sequence[Move], flags: set[str]) -> Moves:
    forward = {(move.key, move.number): move for move in moves if move.key.kind not in FORWARD}
    matched: list[Move] = []
    orphans: list[Move] = []
    for move in moves:
        if move.key.kind not in FORWARD:
            matched.append(move)
        elif reversed_ := forward.get((move.forward_key, move.number)):
            matched.append(move)
            if move.minor > reversed_.minor or move.currency != reversed_.currency:
                flags.add("reversal_exceeds")
        elif move.key.kind == "dispute_reversal":
            orphans.append(move)
        # A refund that fails without having succeeded moved no money.
    return Moves(tuple(matched), tuple(orphans), frozenset(flags))
