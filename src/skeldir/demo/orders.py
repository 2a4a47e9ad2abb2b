"""What happens to the sample shop's orders after purchase: refunds, disputes, and entries that arrive late.

Amounts of entries are positive; the kind gives the direction of the money.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import accumulate
from typing import Final

from skeldir.demo.shop import DAY, HOUR, Occasion, draw_below, draw_weighted, open_stream

SIGNS: Final = {
    "capture": 1,
    "refund": -1,
    "refund_reversal": 1,
    "dispute": -1,
    "dispute_reversal": 1,
}


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of an order; `part` 0 is its capture. Times are in seconds since the sample's start."""

    order_id: str
    part: int
    kind: str
    cents: int
    currency: str
    at: int
    arrives_at: int
    journey: str | None

    @property
    def key(self) -> str:
        """The idempotency key."""
        return f"{self.order_id}:{self.kind}:{self.part}"


@dataclass(frozen=True, slots=True)
class _Story:
    """What follows a capture: steps of (kind, percent of the capture), at least a day apart."""

    weight: int
    steps: tuple[tuple[str, int], ...]
    refund_arrives_first: bool = False  # the capture arrives after its first refund


_THE_REST: Final = 0
_PARTS: Final = (("refund", 33), ("refund", 33), ("refund", _THE_REST))
# Orders 1, 3, 5, … take one story each, so that every sample has all of them; after that, weights decide.
_STORIES: Final = (
    _Story(900, ()),
    _Story(40, (("refund", 100),)),
    _Story(20, (("refund", 40),)),
    _Story(16, _PARTS),
    _Story(10, (("refund", 25), ("refund", 30))),
    _Story(5, (("refund", 100), ("refund_reversal", 100))),
    _Story(5, (("dispute", 100),)),
    _Story(4, (("dispute", 100), ("dispute_reversal", 100))),
    _Story(0, (("refund", 100), ("refund", 15))),
    _Story(0, (("refund", 100),), refund_arrives_first=True),
    _Story(0, (("refund", 40),), refund_arrives_first=True),
    _Story(0, _PARTS, refund_arrives_first=True),
)
_STORY_WEIGHTS: Final = tuple(accumulate(story.weight for story in _STORIES))
_GUEST_ORDERS: Final = frozenset({4, 10, 16})  # orders by number that carry no journey key


def make_entries(seed: int, number: int, order: Occasion, *, end: int) -> list[Entry]:
    """Return the capture of order `number` and the entries that follow it before the second `end`."""
    dice = open_stream(seed, "order", number)
    turn, is_its_turn = divmod(number, 2)
    if not is_its_turn or turn >= len(_STORIES):
        turn = draw_weighted(dice, _STORY_WEIGHTS)
    story = _STORIES[turn]
    delay = 1 + draw_below(dice, 30)
    if draw_below(dice, 100) == 0:
        delay += HOUR // 6 + draw_below(dice, 12 * HOUR)
    capture = Entry(
        order_id=f"R{100_001 + number}",
        part=0,
        kind="capture",
        cents=order.cents,
        currency=order.currency,
        at=order.at,
        arrives_at=order.at + delay,
        journey=None if number in _GUEST_ORDERS else order.journey,
    )
    followed_by = []
    follower = replace(capture, journey=None)  # later entries name the order, not the shopper
    at, left = order.at, order.cents
    for part, (kind, percent) in enumerate(story.steps, start=1):
        at += DAY + draw_below(dice, 4 * DAY)
        if at >= end:
            break
        cents = left if percent == _THE_REST else order.cents * percent // 100
        left -= cents
        arrives_at = at + 1 + draw_below(dice, 30)
        followed_by.append(
            replace(follower, part=part, kind=kind, cents=cents, at=at, arrives_at=arrives_at)
        )
    if story.refund_arrives_first and followed_by:
        capture = replace(capture, arrives_at=followed_by[0].arrives_at + HOUR)
    return [capture, *followed_by]
