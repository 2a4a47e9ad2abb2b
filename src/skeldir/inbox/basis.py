"""Which part of an order's sum is revenue: movements are cut in proportion, exactly. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, Literal

from skeldir.inbox.moves import Move, MoveKey
from skeldir.inbox.saying import SDK_SHOPS, SHOPS, Part, PartName, Provider
from skeldir.inbox.shares import Share, cut_to_share
from skeldir.inbox.standings import SdkBasis

Basis = Literal["gross", "without_tax", "without_tax_and_shipping", "without_fee"]
"""What counts as revenue: all that the buyer paid, or that without some of its parts."""

LEFT_OUT: Final[Mapping[Basis, tuple[PartName, ...]]] = {
    "gross": (),
    "without_tax": ("tax",),
    "without_tax_and_shipping": ("tax", "shipping"),
    "without_fee": ("fee",),
}
BASES: Final[tuple[Basis, ...]] = tuple(LEFT_OUT)
_RANKS: Final = dict.fromkeys(SHOPS, 0) | dict.fromkeys(SDK_SHOPS, 2)
BASIS_UNKNOWN: Final = "basis_unknown"
"""The flag of a payment whose parts are not known, or not in the currency of its money: it is booked gross."""


def cut_to_revenue(
    moves: Sequence[Move],
    parts: Sequence[tuple[Provider, tuple[Part, ...]]],
    basis: Basis,
    sdk_basis: SdkBasis | None,
    cuts: Sequence[tuple[frozenset[MoveKey], Share]],
) -> tuple[list[Move], bool]:
    """Return the movements of a payment reduced to what is revenue, and whether the parts for that are known.

    The revenue that an SDK reports is without tax and shipping already, so `basis` does not reduce it again. Where all
    captures are an order's of an SDK, its share is that of all movements: a gateway may report the refunds.
    """
    if sdk_basis != "revenue":
        return cut_to_basis(moves, parts, basis)
    captured = {move.key for move in moves if move.key.kind == "capture"}
    for keys, share in cuts:
        if captured and captured <= keys:
            return cut_to_share(moves, share), True
    others = [move for move in moves if move.key.provider not in SDK_SHOPS]
    cut, is_known = cut_to_basis(others, parts, basis)
    of_orders = [move for move in moves if move.key.provider in SDK_SHOPS]
    for keys, share in cuts:
        cut += cut_to_share([move for move in of_orders if move.key in keys], share)
    return cut + [
        move for move in of_orders if not any(move.key in keys for keys, _ in cuts)
    ], is_known


def cut_to_basis(
    moves: Sequence[Move],
    parts: Sequence[tuple[Provider, tuple[Part, ...]]],
    basis: Basis,
) -> tuple[list[Move], bool]:
    """Return the movements of a payment reduced to a basis, and whether the parts for that are known.

    They are cut to the share of the sum that is left, as `cut_to_share` does. Without the parts the movements are
    returned as they are.
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
    return cut_to_share(moves, share), True


def _find_share(
    names: Sequence[PartName],
    captured: int,
    currencies: set[str],
    parts: Sequence[tuple[Provider, tuple[Part, ...]]],
) -> Share | None:
    """Return the share of the first provider that reports all parts in the currency of the money.

    Shops come first, and the SDKs of sites, which sign nothing, last.
    """
    for _, of_provider in sorted(parts, key=lambda one: (_RANKS.get(one[0], 1), one[0])):
        known = {part.name: part for part in of_provider}
        wanted = [known[name] for name in names if name in known]
        if len(wanted) < len(names) or {part.currency for part in wanted} != currencies:
            continue
        gross = known.get("gross")
        whole = captured if gross is None or gross.minor <= 0 else gross.minor
        left_out = sum(part.minor for part in wanted)
        if 0 <= left_out <= whole:
            return Share(whole - left_out, whole)
    return None
