"""The columnar engine says of every order what `splits` says, to the cent and the part, or that it cannot be certain."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from random import Random
from uuid import UUID

import numpy as np
import pytest

from skeldir.attribution.engine import NEVER, Credit, Engine, OrderColumns
from skeldir.attribution.journeys import Journey
from skeldir.attribution.models import MODEL_NAMES, JourneyTouch, ModelVersion
from skeldir.attribution.splits import (
    Allocation,
    LedgerEntry,
    allocate_order_for_versions,
    earliest_capture,
)

NOON = datetime(2025, 6, 30, 12, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
CHANNELS = ("Zeta", "direct", "email", "paid_search", "sms", "unattributed", "éclair")


@dataclass(frozen=True)
class Order:
    entries: list[LedgerEntry]
    touches: list[JourneyTouch]
    previous: datetime | None


def by_ledger(entries: Sequence[LedgerEntry]) -> list[LedgerEntry]:
    return sorted(entries, key=lambda entry: (entry.occurred_at, entry.business_key))


def as_columns(orders: Sequence[Order]) -> OrderColumns:
    """Lay orders out as columns; touches after the conversion are left out, as whoever reads them does."""
    touch_starts, entry_starts = [0], [0]
    channels: list[int] = []
    ages: list[int] = []
    previous: list[int] = []
    currencies: list[int] = []
    amounts: list[int] = []
    captures: list[int] = []
    for order in orders:
        capture = earliest_capture(order.entries)
        assert capture is not None
        for touch in order.touches:
            if touch.occurred_at <= capture.occurred_at:
                channels.append(CHANNELS.index(touch.channel_code))
                ages.append((capture.occurred_at - touch.occurred_at) // MICROSECOND)
        touch_starts.append(len(channels))
        previous.append(
            NEVER
            if order.previous is None
            else (capture.occurred_at - order.previous) // MICROSECOND
        )
        entries = by_ledger(order.entries)
        captures.append(len(amounts) + entries.index(capture))
        currencies += [["USD", "JPY", "KWD"].index(entry.currency) for entry in entries]
        amounts += [entry.amount_cents for entry in entries]
        entry_starts.append(len(amounts))
    columns = (
        touch_starts, channels, ages, previous, entry_starts, currencies, amounts, captures
    )  # fmt: skip
    return OrderColumns(CHANNELS, *(np.array(column, np.int64) for column in columns))


def as_allocations(orders: Sequence[Order], credit: Credit, version: str) -> list[Allocation]:
    entries = [entry for order in orders for entry in by_ledger(order.entries)]
    return [
        Allocation(version, entries[entry].entry_id, CHANNELS[channel], cents, parts)
        for entry, channel, cents, parts in zip(
            credit.entries.tolist(),
            credit.channels.tolist(),
            credit.cents.tolist(),
            credit.parts.tolist(),
            strict=True,
        )
    ]


def ask_the_oracle(order: Order, version: ModelVersion) -> list[Allocation]:
    return allocate_order_for_versions(
        order.entries, Journey(order.touches), [version], previous_conversion_at=order.previous
    )


def make_order(chance: Random, number: int) -> Order:
    """One order of a kind that went wrong somewhere: refunds first, ties, edges, large amounts, many touches."""
    largest = chance.choice((3, 500, 10_000, 10**6, 10**15))
    spread = chance.choice((1, 5, 10**6, 86_400 * 10**6))
    kinds = ["capture", *chance.choices(KINDS, k=chance.choice((0, 0, 0, 1, 2, 6)))]
    entries = []
    for place, kind in enumerate(kinds):
        amount = chance.choice((0, 1, largest, chance.randrange(largest + 1)))
        sign = -1 if kind in ("refund", "dispute") else 1
        moment = NOON + chance.choice((0, 0, 1, -1, chance.randrange(40))) * spread * MICROSECOND
        currency = chance.choice(("USD", "USD", "USD", "JPY", "KWD"))
        key = f"{chance.randrange(99):02}-{place}"
        entries.append(
            LedgerEntry(UUID(int=number * 100 + place), key, moment, kind, currency, sign * amount)
        )
    chance.shuffle(entries)
    converted = by_ledger([entry for entry in entries if entry.kind == "capture"])[0].occurred_at
    codes = chance.choice((CHANNELS[:5], ("direct",), ("email", "direct"), CHANNELS[:5], ("sms",)))
    days = chance.choice((1, 29, 31, 120))
    edges = [timedelta(days=30), timedelta(days=30) + MICROSECOND, timedelta(0), timedelta(days=7)]
    moments = [
        converted
        - chance.choice(
            (
                timedelta(seconds=chance.randrange(days * 86_400)),
                timedelta(hours=chance.randrange(days * 24)),
                timedelta(microseconds=chance.randrange(10**9)),
                chance.choice(edges),
            )
        )
        for _ in range(chance.choice((0, 1, 1, 2, 2, 3, 4, 5, 9, 30, chance.randrange(500))))
    ]
    touches = [
        JourneyTouch(moment, chance.choice(codes), f"t{place:03}")
        for place, moment in enumerate(sorted(moments))
    ]
    previous = chance.choice(
        (None, converted, converted - timedelta(days=chance.randrange(40)), *moments[:3])
    )
    return Order(entries, touches, previous)


KINDS = ("capture", "refund", "refund", "dispute", "refund_reversal", "dispute_reversal")
VERSIONS = [
    ModelVersion(f"{model}@{number}", model, lookback, after, half_life)  # type: ignore[arg-type]
    for model in MODEL_NAMES
    for number, (lookback, after, half_life) in enumerate(
        (
            (timedelta(days=30), "keep", 7.0),
            (timedelta(days=30), "reset", 7.0),
            (timedelta(days=7), "keep", 0.5),
            (timedelta(0), "reset", 30.0),
            (timedelta(days=365), "keep", 0.25),
        )
    )
]


@pytest.mark.parametrize("seed", range(4))
def test_many_orders_at_once_are_credited_as_each_by_itself(seed: int) -> None:
    chance = Random(seed)
    orders = [make_order(chance, number) for number in range(250)]
    engine = Engine(as_columns(orders))
    for version in VERSIONS:
        credit = engine.evaluate(version)
        uncertain = set(credit.uncertain.tolist())
        by_hand = [
            allocation
            for place, order in enumerate(orders)
            if place not in uncertain
            for allocation in ask_the_oracle(order, version)
        ]
        assert as_allocations(orders, credit, version.model_version) == by_hand
