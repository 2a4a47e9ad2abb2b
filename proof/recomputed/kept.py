"""Kept journeys: their bytes taken apart, and the journeys that the facts make, in plain Python.

It shares nothing with `skeldir.fits`. Of a day `keys` are 16 bytes for each journey. `journeys` begins with how many
bytes a length and a channel take, two bytes of nothing, and the numbers of journeys, touches and currencies. Then come,
for all journeys at once: shard with the highest bit for an order, number of touches, channels; and for each currency
its code, the bytes of an amount, the number of orders, their places and amounts. All numbers are little-endian.
"""

from __future__ import annotations

import struct
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from proof.recomputed.standing import standing_entries, standing_touches
from proof.recomputed.sums import Rows

COLUMNS: Final = ("day", "journey_key", "shard", "is_order", "channels", "left", "journeys")
"""What a row says: the day on which journeys ended, what is left of an order in each currency, how many are alike."""

_HEADER: Final = struct.Struct("<BBxxIII")
_MONEY: Final = struct.Struct("<3sBI")
_LETTERS: Final = {1: "B", 2: "H", 4: "I"}
_SIGNED: Final = {4: "i", 8: "q"}
_IS_ORDER: Final = 0x8000
_SHARDS: Final = 512
_Event = tuple[datetime, int, str, str]
"""Moment, 1 for an order, what distinguishes events of a moment, and the channel or the order's id."""


def kept_rows(days: Iterable[Mapping[str, Any]], channels: Sequence[str]) -> Rows:
    """Return the journeys of rows of `kept_journeys`."""
    return _count(row for day in days for row in _rows_of_day(day, channels))


def _rows_of_day(day: Mapping[str, Any], channels: Sequence[str]) -> list[tuple[object, ...]]:
    packed, place = bytes(day["journeys"]), _HEADER.size
    keys = bytes(day["keys"])
    length_bytes, channel_bytes, journeys, touches, currencies = _HEADER.unpack_from(packed)

    def take(letter: str, count: int) -> tuple[int, ...]:
        nonlocal place
        column = struct.Struct(f"<{count}{letter}")
        place += column.size
        return column.unpack_from(packed, place - column.size)

    shards = take("H", journeys)
    lengths = take(_LETTERS[length_bytes], journeys)
    path = iter(take(_LETTERS[channel_bytes], touches))
    left: dict[int, list[str]] = defaultdict(list)
    for _ in range(currencies):
        currency, cents_bytes, orders = _MONEY.unpack_from(packed, place)
        place += _MONEY.size
        places = take("I", orders)
        for number, cents in zip(places, take(_SIGNED[cents_bytes], orders), strict=True):
            left[number].append(f"{currency.decode()} {cents}")
    if place != len(packed) or len(keys) != 16 * journeys:
        raise AssertionError(f"what is kept of {day['day']} has another length than it says")
    return [
        (
            str(day["day"]),
            keys[16 * number : 16 * number + 16].hex(),
            shard % _IS_ORDER,
            shard >= _IS_ORDER,
            " > ".join(channels[next(path) - 1] for _ in range(length)),
            ", ".join(sorted(left[number])),
        )
        for number, (shard, length) in enumerate(zip(shards, lengths, strict=True))
    ]


def counted_rows(
    touches: Sequence[Mapping[str, Any]],
    withdrawals: Sequence[Mapping[str, Any]],
    ledger: Sequence[Mapping[str, Any]],
    lookback: timedelta,
) -> Rows:
    """Return the journeys of a tenant whose days are those of UTC."""
    events: dict[bytes, list[_Event]] = defaultdict(list)
    for touch in standing_touches(touches, withdrawals):
        if touch["journey_key"] is not None:
            event = (touch["occurred_at"], 0, touch["idempotency_key"], touch["channel_code"])
            events[bytes(touch["journey_key"])].append(event)
    for order_id, first in _first_captures(ledger).items():
        if first["journey_key"] is not None:
            event = (first["occurred_at"], 1, order_id, order_id)
            events[bytes(first["journey_key"])].append(event)
    left: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for entry in ledger:
        left[entry["order_id"]][entry["currency"]] += entry["amount_cents"]
    return _count(
        row for key in events for row in _rows_of_key(key, sorted(events[key]), left, lookback)
    )


def _count(rows: Iterable[tuple[object, ...]]) -> Rows:
    return {(*row, times) for row, times in Counter(rows).items()}


def _first_captures(ledger: Sequence[Mapping[str, Any]]) -> dict[str, Mapping[str, Any]]:
    firsts: dict[str, Mapping[str, Any]] = {}
    for entry in standing_entries(ledger):
        if entry["kind"] != "capture":
            continue
        known = firsts.setdefault(entry["order_id"], entry)
        if (entry["occurred_at"], entry["business_key"]) < (
            known["occurred_at"],
            known["business_key"],
        ):
            firsts[entry["order_id"]] = entry
    return firsts


def _rows_of_key(
    key: bytes, events: Sequence[_Event], left: Mapping[str, Mapping[str, int]], lookback: timedelta
) -> list[tuple[object, ...]]:
    """Go through the events of a journey key one by one."""
    rows: list[tuple[object, ...]] = []
    shard = int.from_bytes(key[8:], "big") % _SHARDS
    path: list[tuple[datetime, str]] = []

    def end(moment: datetime, order: str | None) -> None:
        counted = " > ".join(channel for at, channel in path if moment - at <= lookback)
        money = left[order] if order is not None else {}
        day = moment.astimezone(UTC).date().isoformat()
        amounts = ", ".join(f"{currency} {cents}" for currency, cents in sorted(money.items()))
        rows.append((day, key.hex(), shard, order is not None, counted, amounts))
        path.clear()

    for moment, is_order, _, what in events:
        if path and moment - path[-1][0] > lookback:
            end(path[-1][0], None)
        if is_order:
            end(moment, what)
        else:
            path.append((moment, what))
    if path:
        end(path[-1][0], None)
    return rows
