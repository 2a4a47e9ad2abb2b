"""Decides whose movements count where several providers report one payment, so that money counts once. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from skeldir.inbox.moves import Move
from skeldir.inbox.reporting import Report
from skeldir.inbox.saying import SDK_SHOPS, SHOPS, MovementKind, Provider

Precedence = Literal["gateway", "shop"]

_SIGNS: dict[MovementKind, int] = {"capture": 1, "refund": 1, "refund_reversal": -1}


@dataclass(frozen=True, slots=True)
class Split:
    """`counted` movements, and `evidence`: those that another provider reported as well."""

    counted: tuple[Move, ...]
    evidence: tuple[Move, ...]
    flags: frozenset[str]


@dataclass(frozen=True, slots=True)
class _Payment:
    """Who reports what in a payment. `shop`: the one whose reports count; `vias` of its captures.

    `gateways` have captures here; those that are `unnamed` are of no capture of the shop that names its gateway.
    Providers that are `refunding` have refunds here, with or without a capture.
    """

    precedence: Precedence
    shop: Provider | None
    gateways: frozenset[Provider]
    unnamed: frozenset[Provider]
    refunding: frozenset[Provider]
    vias: frozenset[Provider | None]
    is_dispute_reported: bool


def split_moves(moves: Sequence[Move], reports: Sequence[Report], precedence: Precedence) -> Split:
    """Split the movements of a payment; `reports` are in the order of their time.

    Gateways report what they moved, shops what a gateway moved for them. With precedence "gateway", a shop's movement
    is evidence if a gateway that it may be of has captures here; with "shop", a gateway's movement is, if the shop has
    captures here that may be of that gateway. Refunds are evidence as well if the other side reports refunds. Disputes
    are evidence only if the other side reports disputes at all: WooCommerce never does, and Shopify reports those of
    Shopify Payments only.
    """
    flags: set[str] = set()
    shop = _shop_that_counts(moves, reports, flags)
    payment = _look_at(moves, shop, precedence)
    counted: list[Move] = []
    evidence: list[Move] = []
    # What becomes of a movement becomes of its reversal too: a reversal may not say who moved the money.
    via = {move.key: move.via for move in moves}
    for move in moves:
        is_evidence = _is_evidence(move, via.get(move.forward_key, move.via), payment)
        (evidence if is_evidence else counted).append(move)
    if not _is_equal(("capture",), counted, evidence):
        flags.add("captures_differ")
    if not _is_equal(("refund", "refund_reversal"), counted, evidence):
        flags.add("refunds_differ")
    return Split(tuple(counted), tuple(evidence), frozenset(flags))


def _shop_that_counts(
    moves: Sequence[Move], reports: Sequence[Report], flags: set[str]
) -> Provider | None:
    """Return the shop whose movements count: the one with the earliest report, if two report captures, or refunds.

    What a shop signed counts before what its site's SDK reports.
    """
    moving = {move.key.provider for move in moves if move.key.provider in SHOPS}
    if len(moving) > 1:
        flags.add("two_shops")
        capturing = {move.key.provider for move in moves if move.key.kind == "capture"}
        moving = moving & capturing or moving
        moving = moving - SDK_SHOPS or moving
    return next((report.provider for report in reports if report.provider in moving), None)


def _look_at(moves: Sequence[Move], shop: Provider | None, precedence: Precedence) -> _Payment:
    captures = [move for move in moves if move.key.kind == "capture"]
    disputes = {move.key.provider for move in moves if move.key.kind == "dispute"}
    gateways = frozenset(move.key.provider for move in captures) - SHOPS
    named = frozenset(move.via for move in captures if move.key.provider == shop)
    return _Payment(
        precedence,
        shop,
        gateways=gateways,
        unnamed=gateways - named,
        refunding=frozenset(move.key.provider for move in moves if move.key.kind == "refund"),
        vias=frozenset(move.via for move in captures if move.key.provider == shop),
        is_dispute_reported=bool(disputes - SHOPS) if precedence == "gateway" else shop in disputes,
    )


def _is_evidence(move: Move, via: Provider | None, payment: _Payment) -> bool:
    provider, kind = move.key.provider, move.key.kind
    if provider in SHOPS and provider != payment.shop:
        return True
    if provider in SHOPS:
        is_told_twice = payment.precedence == "gateway" and (
            via in payment.gateways
            if via is not None
            # A capture that names no gateway is not of one that another capture names.
            else bool(payment.unnamed if kind == "capture" else payment.gateways)
        )
        if kind in ("refund", "refund_reversal") and payment.precedence == "gateway":
            # The gateway's capture may be missing, because it was connected later.
            gateways = payment.refunding - SHOPS
            is_told_twice |= via in gateways if via is not None else bool(gateways)
    else:
        is_told_twice = payment.precedence == "shop" and bool(payment.vias & {None, provider})
        if kind in ("refund", "refund_reversal") and payment.precedence == "shop":
            is_told_twice |= payment.shop in payment.refunding
    if kind in ("dispute", "dispute_reversal"):
        return is_told_twice and payment.is_dispute_reported
    return is_told_twice


def _is_equal(
    kinds: tuple[MovementKind, ...], counted: Sequence[Move], evidence: Sequence[Move]
) -> bool:
    """Return whether evidence of these kinds, if there is any, has the sums of what counts instead."""
    known = _sums_of(kinds, evidence)
    if not known:
        return True
    providers = {move.key.provider for move in evidence}
    # What a shop reports of gateways that are not connected counts beside what is reported twice.
    instead = [
        move
        for move in counted
        if move.key.provider not in providers and (move.via is None or move.via in providers)
    ]
    return known == _sums_of(kinds, instead)


def _sums_of(kinds: tuple[MovementKind, ...], moves: Sequence[Move]) -> dict[str, int]:
    sums: dict[str, int] = defaultdict(int)
    for move in moves:
        if move.key.kind in kinds:
            sums[move.currency] += _SIGNS[move.key.kind] * move.minor
    return {currency: minor for currency, minor in sums.items() if minor}
