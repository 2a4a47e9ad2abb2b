"""Counts how often money moved under one id: a dispute that was won may be lost after all. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import NamedTuple

from skeldir.inbox.saying import Provider


class Claim(NamedTuple):
    """What one report says of a movement or a total. The smallest claim is the earliest."""

    stamp: datetime
    digest: bytes
    minor: int
    currency: str
    moved_at: datetime
    via: Provider | None
    turn: int | None = None


@dataclass(frozen=True, slots=True)
class Turns:
    """The claims of a movement and of its reversals by turn, from 1. `is_clear`: whether their times tell which."""

    moved: Mapping[int, list[Claim]]
    reversed: Mapping[int, list[Claim]]
    is_clear: bool


def count_turns(moved: Sequence[Claim], reversals: Sequence[Claim], *, comes_first: bool) -> Turns:
    """Return the claims by turn: in the order of their times, a movement that follows a reversal is another one.

    A claim that names its turn is of that turn, whatever its time. Of one moment, the movement precedes its reversal:
    that is certain where the movement always `comes_first`, and otherwise not. The turns are not certain either where a
    movement was reported after its reversal, and is dated before it; nor where the movement need not come first, and a
    claim that names its turn, as it stood when its object was listed, contradicts another one.
    """
    if not reversals and all(one.turn is None or one.turn == 1 for one in moved):
        return Turns({1: list(moved)}, {}, is_clear=True)
    turns = _sort_out(moved, reversals)
    is_clear = all(
        _is_clear(
            [one for one in turns.moved.get(number, ()) if one.turn is None],
            [one for one in claims if one.turn is None],
            comes_first=comes_first,
        )
        for number, claims in turns.reversed.items()
    )
    return replace(turns, is_clear=is_clear and (comes_first or not _is_contradicted(turns)))


def _is_contradicted(turns: Turns) -> bool:
    """Return whether a listed object shows another end than other claims: nothing says when it was listed."""
    is_listed_reversed = any(one.turn for claims in turns.reversed.values() for one in claims)
    if is_listed_reversed and max(turns.moved, default=0) > 1:
        return True
    return any(
        any(one.turn for one in claims) and turns.reversed.get(number)
        for number, claims in turns.moved.items()
    )


def _sort_out(moved: Sequence[Claim], reversals: Sequence[Claim]) -> Turns:
    turns = Turns(defaultdict(list), defaultdict(list), is_clear=True)
    dated: list[tuple[datetime, bool, Claim]] = []
    for claims, is_reversal in ((moved, False), (reversals, True)):
        by_turn = turns.reversed if is_reversal else turns.moved
        for claim in claims:
            if claim.turn is not None:
                by_turn[claim.turn].append(claim)
            else:
                dated.append((claim.moved_at, is_reversal, claim))
    turn, is_reversed = 0, True
    for _, is_reversal, claim in sorted(dated, key=lambda one: one[:2]):
        # A reversal without its movement has a turn as well, since that may still be reported.
        if turn == 0 or (is_reversed and not is_reversal):
            turn += 1
        is_reversed = is_reversal
        (turns.reversed if is_reversal else turns.moved)[turn].append(claim)
    return turns


def _is_clear(moved: Sequence[Claim], reversals: Sequence[Claim], *, comes_first: bool) -> bool:
    if not moved or not reversals:
        return True
    last_report = max(one.stamp for one in reversals)
    if any(one.stamp > last_report for one in moved):
        return False
    return comes_first or not any(
        one.moved_at == other.moved_at and one.digest != other.digest
        for one in moved
        for other in reversals
    )
