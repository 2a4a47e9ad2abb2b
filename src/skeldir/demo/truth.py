"""What a correct reading of the sample must find, and what each channel actually caused."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from skeldir.demo.orders import SIGNS, Entry
from skeldir.demo.shop import (
    CHANNELS,
    CURRENCIES,
    DAY,
    FADE_PERCENT,
    LOOKBACK_DAYS,
    MILLION,
    SEGMENTS,
    Occasion,
    Touch,
)

Json = Mapping[str, object]
_EVERY_CHANNEL: Final = tuple(channel.code for channel in CHANNELS)


def count_touches(touches: Sequence[Touch]) -> Json:
    """Return the number of touches of each channel; a return from a payment host counts as direct."""
    found = Counter(touch.channel for touch in touches)
    return {channel.code: found[channel.code] for channel in CHANNELS}


def count_late(touches: Sequence[Touch], entries: Sequence[Entry]) -> int:
    """Count the touches, given in order of arrival, that arrive too late for one of their orders.

    Such a touch arrives after a touch that is newer than an order which it precedes by at most 30 days.
    """
    placed = _group_times(entry for entry in entries if entry.kind == "capture")
    newest = late = 0
    for touch in touches:
        orders = placed.get(touch.journey, [])
        following = bisect_left(orders, touch.at)
        reach = min(newest, touch.at + LOOKBACK_DAYS * DAY)
        late += following < len(orders) and orders[following] <= reach
        newest = max(newest, touch.at)
    return late


def count_entries(entries: Sequence[Entry]) -> Json:
    """Return the number of entries of each kind."""
    found = Counter(entry.kind for entry in entries)
    return {kind: found[kind] for kind in SIGNS}


def add_up(entries: Sequence[Entry]) -> Json:
    """Return for each currency the signed cents of each kind and their sum, the net."""
    sums = {currency: dict.fromkeys(SIGNS, 0) for currency in CURRENCIES}
    for entry in entries:
        sums[entry.currency][entry.kind] += SIGNS[entry.kind] * entry.cents
    return {
        currency: {"cents_by_kind": by_kind, "net_cents": sum(by_kind.values())}
        for currency, by_kind in sums.items()
    }


def describe_orders(touches: Sequence[Touch], entries: Sequence[Entry]) -> Json:
    """Return the number of orders, the number without a touch, and the unusual ones.

    `unattributed` counts the orders without a touch of their journey in the 30 days before them.
    """
    seen = _group_times(touches)
    captures = {entry.order_id: entry for entry in entries if entry.kind == "capture"}
    refunded: Counter[str] = Counter()
    for entry in entries:
        if entry.kind in ("refund", "refund_reversal"):
            refunded[entry.order_id] -= SIGNS[entry.kind] * entry.cents
    unattributed = 0
    for capture in captures.values():
        times = seen.get(capture.journey or "", [])
        oldest = bisect_left(times, capture.at - LOOKBACK_DAYS * DAY)
        unattributed += oldest == len(times) or times[oldest] > capture.at
    return {
        "count": len(captures),
        "unattributed": unattributed,
        "without_journey_key": sorted(order for order, its in captures.items() if not its.journey),
        "over_refunded": sorted(o for o, its in captures.items() if refunded[o] > its.cents),
        "refunded_before_capture": sorted(
            entry.order_id
            for entry in entries
            if entry.part == 1 and entry.arrives_at < captures[entry.order_id].arrives_at
        ),
    }


def find_causes(occasions: Sequence[Occasion]) -> Json:
    """Count for each channel the purchases that would not happen without it.

    They are counted with the same random numbers, but without the effect of the channel.

    A purchase that needed two channels counts for both, so the channels need not add up to all
    purchases in one sample; in expectation, with the baseline, they do.
    """
    orders = without_any = 0
    gained: Counter[str] = Counter()
    gained_cents = {channel.code: dict.fromkeys(CURRENCIES, 0) for channel in CHANNELS}
    for occasion in occasions:
        is_bought = occasion.is_bought()
        orders += is_bought
        without_any += occasion.is_bought(without=_EVERY_CHANNEL)
        for code, _ in occasion.pulls:  # a channel without a pull here changes nothing here
            gain = is_bought - occasion.is_bought(without=(code,))
            gained[code] += gain
            gained_cents[code][occasion.currency] += gain * occasion.cents
    return {
        "process": (
            "At each occasion a shopper buys with the chance baseline + the sum over exposures of"
            " lift x kept_per_day ^ whole days since, up to lasts_days; occasions, visits, baskets"
            " and draws are the same whichever channel is switched off."
        ),
        "kept_per_day": FADE_PERCENT / 100,
        "lasts_days": LOOKBACK_DAYS,
        "baselines": {segment.name: segment.baseline / MILLION for segment in SEGMENTS},
        "occasions": len(occasions),
        "orders": orders,
        "orders_without_any_channel": without_any,
        "channels": {
            channel.code: {
                "lift": channel.lift / MILLION,
                "orders_without": orders - gained[channel.code],
                "incremental_orders": gained[channel.code],
                "incremental_cents": gained_cents[channel.code],
            }
            for channel in CHANNELS
        },
    }


def _group_times(facts: Iterable[Touch | Entry]) -> dict[str, list[int]]:
    """Return the sorted times of each journey."""
    times: defaultdict[str, list[int]] = defaultdict(list)
    for fact in facts:
        if fact.journey:
            times[fact.journey].append(fact.at)
    return {journey: sorted(found) for journey, found in times.items()}
