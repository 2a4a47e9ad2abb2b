"""Which part of an order's sum is revenue: movements are cut in proportion, exactly. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal

from skeldir.inbox.moves import Move
from skeldir.inbox.saying import SHOPS, Part, PartName, Provider

Basis = Literal["gross", "without_tax", "without_tax_and_shipping", "without_fee"]
"""What counts as revenue: all that the buyer paid, or that without some of its parts."""

LEFT_OUT: Final[Mapping[Basis, tuple[PartName, ...]]] = {
    "gross": (),
    "without_tax": ("tax",),
    "without_tax_and_shipping": ("tax", "shipping"),
    "without_fee": ("fee",),
}
BASES: Final[tuple[Basis, ...]] = tuple(LEFT_OUT)
BASIS_UNKNOWN: Final = "basis_unknown"
"""The flag of a payment whose parts are not known, or not in the currency of its money: it is booked gross."""


@dataclass(frozen=True, slots=True)
class _Share:
    """Of `whole` minor units `kept` are revenue."""

    kept: int
    whole: int

    def of(self, minor: int) -> int:
        return minor * self.kept // self.whole


def cut_to_basis(
    moves: Sequence[Move],
    parts: Sequence[tuple[Provider, tuple[Part, ...]]],
    basis: Basis,
) -> tuple[list[Move], bool]:
    """Return the movements of a payment reduced to a basis, and whether the parts for that are known.

    Captures, refunds and disputes, each less their reversals, are cut so that their sum so far is the share of the sum
    so far, rounded down: what is refunded completely leaves 0, parts of refunds add up, and a reversal takes back what
    it reverses. A movement of which nothing is left is not returned. Without the parts the movements are returned as
    they are.
    """
    names = LEFT_OUT[basis]
    captured = sum(move.minor for move in moves if move.key.kind == "capture")
    if not names or not captured:
        return list(moves), True
    currencies = {move.currency for move in moves}
    # A gateway gives the parts of each capture, so those of the last one say nothing of several.
    is_split = sum(move.key.kind == "capture" for move in moves) > 1
    usable = [one for one in parts if one[0] in SHOPS or not is_split]
    share = _find_share(names, captured, currencies, usable)
    if share is None:
        return list(moves), False
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
    return cut, True


def _find_share(
    names: Sequence[PartName],
    captured: int,
    currencies: set[str],
    parts: Sequence[tuple[Provider, tuple[Part, ...]]],
) -> _Share | None:
    """Return the share of the first provider, shops first, that reports all parts in the currency of the money."""
    for _, of_provider in sorted(parts, key=lambda one: (one[0] not in SHOPS, one[0])):
        known = {part.name: part for part in of_provider}
        wanted = [known[name] for name in names if name in known]
        if len(wanted) < len(names) or {part.currency for part in wanted} != currencies:
            continue
        gross = known.get("gross")
        whole = captured if gross is None or gross.minor <= 0 else gross.minor
        left_out = sum(part.minor for part in wanted)
        if 0 <= left_out <= whole:
            return _Share(whole - left_out, whole)
    return None
