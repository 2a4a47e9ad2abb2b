"""What the stored journeys say: their bytes taken apart, and what the proof's own rules make of them.

It shares nothing with `skeldir.attribution`. Of an order `path` is a little-endian number of 8 bytes for each touch,
the channel's number above 49 bits of microseconds before the conversion, and `entries` is a record of 36 bytes for
each entry: its id, the microseconds since 1970 and the amount (signed, little-endian), the currency and a letter.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Any, Final
from uuid import UUID

from proof.recomputed.crediting import credit_order
from proof.recomputed.sums import Row, Rows

ENTRY_COLUMNS: Final = (
    "order_id",
    "converted_at",
    "place",
    "entry_id",
    "kind",
    "amount_cents",
    "currency",
    "occurred_at",
)
"""What a row of `entries_stored` and `entries_of_ledger` says, in its order; `place` counts from 0."""

_TOUCH: Final = struct.Struct("<Q")
_ENTRY: Final = struct.Struct("<16sqq3sc")
_AGE_BITS: Final = 49
_NEVER: Final = -1
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_KIND_OF: Final = MappingProxyType(
    {
        b"c": "capture",
        b"r": "refund",
        b"v": "refund_reversal",
        b"d": "dispute",
        b"w": "dispute_reversal",
    }
)


@dataclass(frozen=True, slots=True)
class StoredOrder:
    """A row of `order_journeys`. `previous_age` is in microseconds, -1 for never, None where it was not asked for.

    Rows of `touches` have an age in microseconds and a channel, those of `entries` what the ledger says of them.
    """

    order_id: str
    converted_at: datetime
    previous_age: int | None
    touches: Sequence[Mapping[str, Any]]
    entries: Sequence[Mapping[str, Any]]


def read_stored(journeys: Sequence[Row], numbers: Sequence[Row]) -> list[StoredOrder]:
    """Return what rows of `order_journeys` say; `numbers` are those of `channel_numbers` of the same tenant.

    A number that no channel has, and a letter that no kind has, stay as they are in place of a name.

    Raises:
        struct.error: the bytes end within a touch or an entry.
    """
    code_of = {row["number"]: row["channel_code"] for row in numbers}
    return [
        StoredOrder(
            row["order_id"],
            row["converted_at"],
            row["previous_age"],
            [
                {
                    "age": word & ((1 << _AGE_BITS) - 1),
                    "channel_code": code_of.get(
                        word >> _AGE_BITS, f"number {word >> _AGE_BITS} of no channel"
                    ),
                }
                for (word,) in _TOUCH.iter_unpack(row["path"])
            ],
            [
                _read_entry(row["order_id"], *fields)
                for fields in _ENTRY.iter_unpack(row["entries"])
            ],
        )
        for row in journeys
    ]


def _read_entry(
    order_id: str, entry_id: bytes, moment: int, amount: int, currency: bytes, letter: bytes
) -> dict[str, Any]:
    return {
        "order_id": order_id,
        "id": UUID(bytes=entry_id),
        "kind": _KIND_OF.get(letter, f"no kind: {letter!r}"),
        "amount_cents": amount,
        "currency": currency.decode("ascii", "replace"),
        "occurred_at": _EPOCH + timedelta(microseconds=moment),
    }


def entries_stored(orders: Sequence[StoredOrder]) -> Rows:
    """Return the entries that the stored journeys count, in ENTRY_COLUMNS."""
    return {
        row
        for order in orders
        for row in _entry_rows(order.order_id, order.converted_at, order.entries)
    }


def entries_of_ledger(ledger: Sequence[Row]) -> Rows:
    """Return, in ENTRY_COLUMNS, the entries of rows of `revenue_ledger` whose orders have a capture."""
    orders: dict[str, list[Row]] = {}
    for entry in sorted(ledger, key=lambda row: (row["occurred_at"], row["business_key"])):
        orders.setdefault(entry["order_id"], []).append(entry)
    rows: Rows = set()
    for order_id, entries in orders.items():
        capture = _first_capture(entries)
        if capture is not None:
            rows |= _entry_rows(order_id, capture["occurred_at"], entries)
    return rows


def _entry_rows(order_id: str, converted_at: datetime, entries: Sequence[Row]) -> Rows:
    return {
        (
            order_id,
            converted_at.astimezone(UTC),
            place,
            entry["id"],
            entry["kind"],
            entry["amount_cents"],
            entry["currency"],
            entry["occurred_at"].astimezone(UTC),
        )
        for place, entry in enumerate(entries)
    }


def _first_capture(entries: Sequence[Row]) -> Row | None:
    return next((entry for entry in entries if entry["kind"] == "capture"), None)


def credit_stored(
    orders: Sequence[StoredOrder], models: Sequence[Row], keys: Mapping[UUID, str]
) -> Rows:
    """Return the credit of the stored journeys by every one of `models`, in the COLUMNS of `crediting`.

    `keys` are the business keys of the entries, which are not stored.

    Raises:
        ValueError: a version resets, and nothing says when the journey converted before.
    """
    rows: Rows = set()
    for order in orders:
        entries = [
            {**entry, "business_key": keys.get(entry["id"], f"no entry {entry['id']}")}
            for entry in order.entries
        ]
        capture = _first_capture(entries)
        if capture is not None:
            for version in models:
                rows |= credit_order(entries, capture, _journey_by(order, version), version)
    return rows


def _journey_by(order: StoredOrder, version: Row) -> list[Row]:
    """Return the touches that a version counts, as those of `crediting` are."""
    longest = timedelta(days=version["lookback_days"]) // timedelta(microseconds=1)
    before = _NEVER
    if version["after_conversion"] == "reset":
        if order.previous_age is None:
            raise ValueError(f"The conversion before {order.order_id} is not stored.")
        before = order.previous_age
    return [
        {
            "occurred_at": order.converted_at - timedelta(microseconds=touch["age"]),
            "channel_code": touch["channel_code"],
        }
        for touch in order.touches
        if touch["age"] <= longest and (before == _NEVER or touch["age"] < before)
    ]
