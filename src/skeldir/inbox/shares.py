"""Cuts movements of a payment to a share of them, so that nothing is lost or made. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace

from skeldir.inbox.moves import Move


@dataclass(frozen=True, slots=True)
class Share:
    """Of `whole` minor units `kept` are revenue: 0 ≤ kept ≤ whole, and whole > 0."""

    kept: int
    whole: int

    def of(self, minor: int) -> int:
        """Return what is revenue of a sum, rounded down."""
        return minor * self.kept // self.whole


def cut_to_share(moves: Sequence[Move], share: Share) -> list[Move]:
    """Return movements reduced to a share, in the order of their time; captures stay, even if nothing is left of them.

    Captures, refunds and disputes, each less their reversals, are cut so that their sum so far is the share of the sum
    so far, rounded down: what is refunded completely leaves 0, parts of refunds add up, and a reversal takes back what
    it reverses. A movement of which nothing is left is not returned.
    """
    so_far: dict[str, int] = defaultdict(int)
    cut = []
    for move in sorted(moves, key=lambda one: (one.moved_at, one.key, one.number)):
        kind = move.key.kind
        reversed_kind = kind.removesuffix("_reversal")
        before = so_far[reversed_kind]
        so_far[reversed_kind] += move.minor if kind == reversed_kind else -move.minor
        minor = abs(share.of(so_far[reversed_kind]) - share.of(before))
        if minor or kind == "capture":
            cut.append(replace(move, minor=minor))
    return cut
