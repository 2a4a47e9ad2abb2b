"""The money of an order, divided over the channels of its journey to the minor unit.

The rule divides balances, not entries: after each entry the order's net amount in a currency is
divided by largest remainder, and the entry is credited with the change. So at any time a channel's
net credit is the largest-remainder share of the net order, and a fully refunded order leaves 0 on
every channel, however many parts the refund has, and even if it sorts before its capture.
The price is that the parts of a single entry are not always its own largest-remainder split: each
differs from its exact share by less than two units, so a part of a small entry may have the
opposite sign.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Final
from uuid import UUID

from skeldir.attribution.journeys import ChannelWeights, Journey
from skeldir.attribution.models import JourneyTouch, ModelVersion
from skeldir.money import split

CAPTURE: Final = "capture"
UNATTRIBUTED: Final = "unattributed"
"""The channel code of money whose journey has no touch in the window, or none of a channel that a fit knows."""

PARTS_OF_A_CONVERSION: Final = 10**12


@dataclass(frozen=True, slots=True)
class LedgerEntry:
    """One signed movement of an order's money: captures >= 0, refunds and disputes negative."""

    entry_id: UUID
    business_key: str
    occurred_at: datetime
    kind: str
    currency: str
    amount_cents: int


@dataclass(frozen=True, slots=True)
class Allocation:
    """The credit of one entry to one channel by one model version.

    `allocated_cents` is signed, in minor units of the entry's currency; over the channels it sums
    to the entry's amount. `conversion_ppt` is the channel's part of the order's one conversion, in
    parts per 10**12; over the channels of the earliest capture it sums to 10**12.
    """

    model_version: str
    entry_id: UUID
    channel_code: str
    allocated_cents: int
    conversion_ppt: int


_NO_TOUCH: Final[ChannelWeights] = ([UNATTRIBUTED], [1])
_NOTHING_KEPT: Final[Mapping[str, Sequence[Allocation]]] = MappingProxyType({})


def earliest_capture(entries: Sequence[LedgerEntry]) -> LedgerEntry | None:
    """Return the first capture by (occurred_at, business_key): it fixes the order's journey."""
    captures = [entry for entry in entries if entry.kind == CAPTURE]
    return min(captures, key=_ledger_order, default=None)


def allocate_order(
    entries: Sequence[LedgerEntry],
    touches_in_window: Sequence[JourneyTouch],
    version: ModelVersion,
) -> list[Allocation]:
    """Credit every entry of one order to the channels of its journey, by one model version.

    `entries` are all entries of the order, in any order and currency; `touches_in_window` is what
    `select_touches` returned for the earliest capture. Without a capture there is no journey yet
    and the list is empty; without a touch everything goes to `unattributed`. Sorted by entry
    (occurred_at, business_key), then channel code; rows of zeros are left out.
    """
    capture = earliest_capture(entries)
    if capture is None:
        return []
    journey = Journey(touches_in_window)
    weights = _weigh(journey, slice(0, len(touches_in_window)), version)
    return _allocate(sorted(entries, key=_ledger_order), capture, weights, version)


def allocate_order_for_versions(
    entries: Sequence[LedgerEntry],
    journey: Journey,
    versions: Sequence[ModelVersion],
    *,
    previous_conversion_at: datetime | None,
    kept: Mapping[str, Sequence[Allocation]] = _NOTHING_KEPT,
) -> list[Allocation]:
    """Credit one order by several model versions: the results of `allocate_order` for each, concatenated.

    `journey` and `previous_conversion_at` are as in `Journey.find_window`; the moment of conversion is that of the
    earliest capture. A version with allocations in `kept`, by its name, continues from these and uses no touch.
    """
    capture = earliest_capture(entries)
    if capture is None:
        return []
    in_order = sorted(entries, key=_ledger_order)
    allocations: list[Allocation] = []
    for version in versions:
        if version.model_version in kept:
            allocations += _continue_from_kept(in_order, kept[version.model_version], version)
            continue
        window = journey.find_window(
            converted_at=capture.occurred_at,
            previous_conversion_at=previous_conversion_at,
            version=version,
        )
        allocations += _allocate(in_order, capture, _weigh(journey, window, version), version)
    return allocations


def _weigh(journey: Journey, window: slice, version: ModelVersion) -> ChannelWeights:
    if window.start == window.stop:
        return _NO_TOUCH
    weighed = journey.weigh(window, version)
    return weighed if weighed[0] else _NO_TOUCH


def _allocate(
    in_order: Sequence[LedgerEntry],
    capture: LedgerEntry,
    channels: ChannelWeights,
    version: ModelVersion,
) -> list[Allocation]:
    codes, weights = channels
    nothing = [0] * len(codes)
    balances: dict[str, int] = {}
    held: dict[str, list[int]] = {}
    allocations: list[Allocation] = []
    for entry in in_order:
        currency = entry.currency
        balance = balances[currency] = balances.get(currency, 0) + entry.amount_cents
        before = held.get(currency, nothing)
        after = held[currency] = split(balance, weights)
        # The sorted list holds the same object that `earliest_capture` returned.
        parts = split(PARTS_OF_A_CONVERSION, weights) if entry is capture else nothing
        for code, was, now, ppt in zip(codes, before, after, parts, strict=True):
            if now != was or ppt:
                allocations.append(
                    Allocation(version.model_version, entry.entry_id, code, now - was, ppt)
                )
    return allocations


def _continue_from_kept(
    in_order: Sequence[LedgerEntry], kept: Sequence[Allocation], version: ModelVersion
) -> list[Allocation]:
    """Return `kept`, which is not empty, and after it the allocations of the entries that are not in it.

    Each of these entries, in order, moves every channel to its part of the new balance. The channels' parts are those
    of the kept conversion, in parts per 10**12: all that is left of the weights once the touches are forgotten. So an
    entry may arrive later and be dated earlier than others of the order, and a full refund still leaves 0.
    """
    currency_of = {entry.entry_id: entry.currency for entry in in_order}
    codes = sorted({row.channel_code for row in kept})
    weights = dict.fromkeys(codes, 0)
    held: dict[str, dict[str, int]] = {}
    for row in kept:
        weights[row.channel_code] += row.conversion_ppt
        holding = held.setdefault(currency_of[row.entry_id], dict.fromkeys(codes, 0))
        holding[row.channel_code] += row.allocated_cents
    allocations = list(kept)
    known = {row.entry_id for row in kept}
    for entry in in_order:
        # An entry of 0 has no allocations, so its absence from `kept` does not mean that it is new.
        if entry.entry_id in known or entry.amount_cents == 0:
            continue
        before = held.get(entry.currency, dict.fromkeys(codes, 0))
        balance = sum(before.values()) + entry.amount_cents
        after = dict(zip(codes, split(balance, list(weights.values())), strict=True))
        allocations += [
            Allocation(version.model_version, entry.entry_id, code, after[code] - before[code], 0)
            for code in codes
            if after[code] != before[code]
        ]
        held[entry.currency] = after
    return allocations


def _ledger_order(entry: LedgerEntry) -> tuple[datetime, str]:
    return entry.occurred_at, entry.business_key
