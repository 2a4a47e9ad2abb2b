"""Derives the state of an order from its booked movements and notices, and flags what cannot be. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from skeldir.inbox.moves import Move
from skeldir.inbox.saying import Notice, Provider

PaymentState = Literal[
    "pending",
    "authorized",
    "voided",
    "awaiting_capture",
    "captured",
    "partially_refunded",
    "refunded",
    "disputed",
    "dispute_lost",
]
"""`pending`: no money moved yet. `awaiting_capture`: movements wait, and no capture is booked."""


@dataclass(slots=True)
class _Sums:
    """Minor units by currency: captured, refunded less reversals, disputed less reversals."""

    captured: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    refunded: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    disputed: dict[str, int] = field(default_factory=lambda: defaultdict(int))

    @property
    def currencies(self) -> set[str]:
        return {*self.captured, *self.refunded, *self.disputed}


def derive_state(
    booked: Sequence[Move], *, is_waiting: bool, notices: Collection[Notice]
) -> PaymentState:
    """Return the state of a payment; `is_waiting`: whether movements wait."""
    sums = _sums_of(booked)
    if not sums.captured:
        return "awaiting_capture" if is_waiting else _state_before_capture(notices)
    standing = _standing_disputes(booked)
    if standing:
        return "dispute_lost" if _are_lost(standing, booked, notices) else "disputed"
    if all(sums.refunded.get(one, 0) >= minor for one, minor in sums.captured.items()):
        return "refunded"
    return "partially_refunded" if any(m > 0 for m in sums.refunded.values()) else "captured"


def flag_sequence(booked: Sequence[Move], notices: Collection[Notice]) -> set[str]:
    """Return flags for what booked movements and notices should not be together."""
    flags: set[str] = set()
    sums = _sums_of(booked)
    if len(sums.currencies) > 1:
        flags.add("currencies_differ")
    for currency, captured in sums.captured.items():
        refunded, disputed = sums.refunded.get(currency, 0), sums.disputed.get(currency, 0)
        if refunded > captured:
            flags.add("over_refunded")
        elif disputed > 0 and refunded + disputed > captured:
            flags.add("refunded_and_disputed" if refunded > 0 else "over_disputed")
    if _is_captured_after_void(booked, notices):
        flags.add("captured_after_void")
    if _is_refunded_before_capture(booked):
        flags.add("refunded_before_capture")
    kinds = {move.key.kind for move in booked}
    is_lost = any(notice.kind == "dispute_lost" for notice in notices)
    if is_lost and "capture" in kinds and not kinds & {"dispute", "refund"}:
        flags.add("dispute_missing")
    if _is_lost_after_all(booked, notices):
        flags.add("dispute_missing")
    return flags


def _sums_of(booked: Sequence[Move]) -> _Sums:
    sums = _Sums()
    for move in booked:
        match move.key.kind:
            case "capture":
                sums.captured[move.currency] += move.minor
            case "refund":
                sums.refunded[move.currency] += move.minor
            case "refund_reversal":
                sums.refunded[move.currency] -= move.minor
            case "dispute":
                sums.disputed[move.currency] += move.minor
            case "dispute_reversal":
                sums.disputed[move.currency] -= move.minor
    return sums


def _state_before_capture(notices: Collection[Notice]) -> PaymentState:
    """Return the state by the latest notice of an authorization: its end has another id than it at some providers."""
    turns = [
        (notice.noticed_at, notice.kind != "authorized")
        for notice in notices
        if notice.kind in ("authorized", "voided", "cancelled")
    ]
    if not turns:
        return "pending"
    return "voided" if max(turns)[1] else "authorized"


def _standing_disputes(booked: Sequence[Move]) -> set[str]:
    """Return the ids of the disputes of which nothing was reversed; a won one may give less back."""
    reversed_ = {
        (move.forward_key, move.number) for move in booked if move.key.kind == "dispute_reversal"
    }
    return {
        move.key.id
        for move in booked
        if move.key.kind == "dispute" and (move.key, move.number) not in reversed_
    }


def _are_lost(standing: set[str], booked: Sequence[Move], notices: Collection[Notice]) -> bool:
    """Return whether each standing dispute is lost.

    The money of PayPal's disputes moves under another id than the dispute's: a lost dispute that is not among those
    whose money moved stands for them all.
    """
    ends = sorted(
        (notice.id, notice.noticed_at, notice.kind)
        for notice in notices
        if notice.kind in ("dispute_won", "dispute_lost")
    )
    lost = {
        id_ for id_, kind in {id_: kind for id_, _, kind in ends}.items() if kind == "dispute_lost"
    }
    moved = {move.key.id for move in booked if move.key.kind == "dispute"}
    return bool(lost - moved) or standing <= lost


def _is_lost_after_all(booked: Sequence[Move], notices: Collection[Notice]) -> bool:
    """Return whether a dispute was lost after all of its money had come back, and was not withdrawn again."""
    standing = _standing_disputes(booked)
    disputed: dict[str, int] = defaultdict(int)
    won_at: dict[str, datetime] = {}
    for move in booked:
        if move.key.kind == "dispute":
            disputed[move.key.id] += move.minor
        elif move.key.kind == "dispute_reversal":
            disputed[move.key.id] -= move.minor
            won_at[move.key.id] = max(move.moved_at, won_at.get(move.key.id, move.moved_at))
    return any(
        notice.noticed_at > won_at[notice.id]
        for notice in notices
        if notice.kind == "dispute_lost"
        and notice.id in won_at
        and notice.id not in standing
        and disputed[notice.id] <= 0
    )


def _is_captured_after_void(booked: Sequence[Move], notices: Collection[Notice]) -> bool:
    """Return whether a capture follows a void without a new authorization between them."""
    voids = [notice.noticed_at for notice in notices if notice.kind == "voided"]
    authorized = [notice.noticed_at for notice in notices if notice.kind == "authorized"]
    captures = [move.moved_at for move in booked if move.key.kind == "capture"]
    return any(
        void < capture and not any(void < moment <= capture for moment in authorized)
        for void in voids
        for capture in captures
    )


def _is_refunded_before_capture(booked: Sequence[Move]) -> bool:
    """Return whether a provider dates a refund before its first capture; clocks of two providers may differ."""
    captured: dict[Provider, datetime] = {}
    refunded: dict[Provider, datetime] = {}
    for move in booked:
        if move.key.kind in ("capture", "refund"):
            first = captured if move.key.kind == "capture" else refunded
            provider = move.key.provider
            first[provider] = min(move.moved_at, first.get(provider, move.moved_at))
    return any(
        provider in captured and moment < captured[provider]
        for provider, moment in refunded.items()
    )
