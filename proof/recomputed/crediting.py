"""Who earned what, worked out again from the facts of one tenant, exactly and row by row.

It shares nothing with `skeldir.attribution`, so that a mistake there is none here. The rules:

- The first capture of an order, by (occurred_at, business_key), says whose journey it is and when it ended. Without a
  capture nothing is credited.
- A touch counts when it lies within the lookback before that moment, both ends included; by a version that resets,
  only when it came after the conversion before. Touches stand by (occurred_at, idempotency_key).
- The model weighs the touches; a channel's weight is the sum of those of its touches. Without a touch all goes to
  `unattributed`.
- A fit weighs channels, whatever their touches: the row of its version says how much. Where it knows no channel of the
  journey, all goes to `unattributed`.
- After each entry, by (occurred_at, business_key), the balance in its currency is divided by largest remainder, and
  the entry is credited with each channel's change. The one conversion, 10¹² parts, is divided at the capture.

Touches are taken as none of them had been forgotten: the proof's tenants keep theirs for a hundred years.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from decimal import Decimal, localcontext
from fractions import Fraction
from typing import Any, Final

from proof.recomputed.sums import Row, Rows

COLUMNS: Final = (
    "order_id",
    "business_key",
    "model_version",
    "channel_code",
    "entry_date",
    "currency",
    "allocated_cents",
    "conversion_ppt",
)
"""What a row of `credit_orders` says, in its order."""

_WHOLE_CONVERSION: Final = 10**12
_MICROSECOND: Final = timedelta(microseconds=1)
# The program is exact to 2^-54 of a weight; this many digits are exact enough for each of its parts of 10¹².
_DIGITS: Final = 50


def credit_orders(
    ledger: Sequence[Row],
    touches: Sequence[Row],
    models: Sequence[Row],
    zone: tzinfo = UTC,
) -> Rows:
    """Return the credit of every order by every one of `models`, in COLUMNS; amounts in minor units, days of `zone`.

    The rows are those of `revenue_ledger`, `attribution_events` and `attribution_models` of one tenant.
    """
    orders: dict[str, list[Row]] = defaultdict(list)
    for entry in sorted(ledger, key=lambda row: (row["occurred_at"], row["business_key"])):
        orders[entry["order_id"]].append(entry)
    captures = {
        order_id: next(entry for entry in entries if entry["kind"] == "capture")
        for order_id, entries in orders.items()
        if any(entry["kind"] == "capture" for entry in entries)
    }
    by_journey: dict[bytes | None, list[Row]] = defaultdict(list)
    for touch in touches:
        by_journey[touch["journey_key"]].append(touch)
    rows: Rows = set()
    for version in models:
        for order_id, capture in captures.items():
            since = _moment_before(capture, captures.values()) if _resets(version) else None
            own = by_journey[capture["journey_key"]]
            journey = _journey_of(capture, own, version, since)
            rows |= credit_order(orders[order_id], capture, journey, version, zone)
    return rows


def allocations_of(
    ledger: Sequence[Row], touches: Sequence[Row], models: Sequence[Row], zone: tzinfo = UTC
) -> list[dict[str, Any]]:
    """Return the rows of `credit_orders` with a name for each column."""
    return [
        dict(zip(COLUMNS, row, strict=True)) for row in credit_orders(ledger, touches, models, zone)
    ]


def credit_order(
    entries: Sequence[Row],
    capture: Row,
    journey: Sequence[Row],
    version: Row,
    zone: tzinfo = UTC,
) -> Rows:
    """Return the credit of one order by one version, in COLUMNS.

    `entries` are all of the order by (occurred_at, business_key), `capture` is the first capture among them, and
    `journey` the touches that the version counts, by time.
    """
    weights = _weigh_channels(journey, version)
    return {
        (
            capture["order_id"],
            entry["business_key"],
            version["model_version"],
            channel,
            entry["occurred_at"].astimezone(zone).date(),
            entry["currency"],
            cents,
            parts,
        )
        for entry, channel, cents, parts in _divide_order(entries, capture, weights)
    }


def _resets(version: Row) -> bool:
    return bool(version["after_conversion"] == "reset")


def _moment_before(capture: Row, captures: Iterable[Row]) -> datetime | None:
    """Return when the journey converted last before; of two orders at one moment the smaller id comes first."""
    mine = (capture["occurred_at"], capture["order_id"])
    return max(
        (
            other["occurred_at"]
            for other in captures
            if capture["journey_key"] is not None
            and other["journey_key"] == capture["journey_key"]
            and (other["occurred_at"], other["order_id"]) < mine
        ),
        default=None,
    )


def _journey_of(
    capture: Row, touches: Sequence[Row], version: Row, since: datetime | None
) -> list[Row]:
    end = capture["occurred_at"]
    begin = end - timedelta(days=version["lookback_days"])
    journey = [
        touch
        for touch in touches
        if touch["journey_key"] is not None
        and touch["journey_key"] == capture["journey_key"]
        and begin <= touch["occurred_at"] <= end
        and (since is None or touch["occurred_at"] > since)
    ]
    return sorted(journey, key=lambda touch: (touch["occurred_at"], touch["idempotency_key"]))


def _weigh_channels(journey: Sequence[Row], version: Row) -> Mapping[str, int]:
    if version["model"] in ("markov", "shapley"):
        known = dict(zip(version["channels"], version["weights"], strict=True))
        met = {touch["channel_code"] for touch in journey} & known.keys()
        return {channel: known[channel] for channel in met} or {"unattributed": 1}
    if not journey:
        return {"unattributed": 1}
    sums: Counter[str] = Counter()
    for touch, weight in zip(journey, _weigh_touches(journey, version), strict=True):
        sums[touch["channel_code"]] += weight
    return sums


def _weigh_touches(journey: Sequence[Row], version: Row) -> list[int]:
    """Return a whole number for each touch, of which only the ratios mean anything."""
    count = len(journey)
    last = count - 1
    match version["model"]:
        case "first_touch":
            return [int(place == 0) for place in range(count)]
        case "last_touch":
            return [int(place == last) for place in range(count)]
        case "last_non_direct":
            named = [n for n, touch in enumerate(journey) if touch["channel_code"] != "direct"]
            earner = named[-1] if named else last
            return [int(place == earner) for place in range(count)]
        case "linear":
            return [1] * count
        case "position_based":
            # 40 % each to both ends and 20 % to all between; without any between, half each.
            ends = 2 * (count - 2) if count > 2 else 1
            return [ends if place in (0, last) else 1 for place in range(count)]
        case "time_decay":
            return [_halve(journey[-1], touch, version["half_life_days"]) for touch in journey]
        case model:
            raise ValueError(f"There is no rule for the model {model}.")


def _halve(newest: Row, touch: Row, half_life_days: int) -> int:
    """Return 2^(-age / half-life), times 10^_DIGITS; the age is counted from the newest touch."""
    age = (newest["occurred_at"] - touch["occurred_at"]) // _MICROSECOND
    half_life = timedelta(days=half_life_days) // _MICROSECOND
    with localcontext(prec=_DIGITS + 10):
        return int((Decimal(2) ** (-Decimal(age) / half_life)).scaleb(_DIGITS))


def _divide_order(
    entries: Sequence[Row], capture: Row, weights: Mapping[str, int]
) -> list[tuple[Row, str, int, int]]:
    """Return what each entry brings each channel, in minor units and parts of the conversion, where it is anything."""
    balances: Counter[str] = Counter()
    held: dict[str, Mapping[str, int]] = {}
    brought: list[tuple[Row, str, int, int]] = []
    for entry in entries:
        currency = entry["currency"]
        balances[currency] += entry["amount_cents"]
        before = held.get(currency, dict.fromkeys(weights, 0))
        after = held[currency] = divide(balances[currency], weights)
        parts = divide(_WHOLE_CONVERSION if entry is capture else 0, weights)
        brought += [
            (entry, channel, after[channel] - before[channel], parts[channel])
            for channel in weights
            if after[channel] != before[channel] or parts[channel]
        ]
    return brought


def divide(total: int, weights: Mapping[str, int]) -> dict[str, int]:
    """Divide a whole number over channels by largest remainder, the first channel by its name among equals.

    What is below 0 is divided like what is above it, with the other sign.
    """
    all_weights = sum(weights.values())
    shares = {
        channel: Fraction(abs(total) * weight, all_weights) for channel, weight in weights.items()
    }
    parts = {channel: int(share) for channel, share in shares.items()}
    left = abs(total) - sum(parts.values())
    for channel in sorted(shares, key=lambda name: (parts[name] - shares[name], name))[:left]:
        parts[channel] += 1
    return {channel: -part if total < 0 else part for channel, part in parts.items()}
