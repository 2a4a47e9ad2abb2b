"""Random orders of kinds that once went wrong, and their credit by `splits`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random
from uuid import UUID

from skeldir.attribution.journeys import Journey
from skeldir.attribution.models import RULE_MODELS, JourneyTouch, ModelVersion, whole_weights
from skeldir.attribution.packing import NO_CONVERSION, PackedOrder, pack_entries, pack_path
from skeldir.attribution.splits import (
    Allocation,
    LedgerEntry,
    allocate_order_for_versions,
    earliest_capture,
)

NOON = datetime(2025, 6, 30, 12, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
CHANNELS = ("Zeta", "direct", "email", "paid_search", "sms", "unattributed", "éclair")
KINDS = ("capture", "refund", "refund", "dispute", "refund_reversal", "dispute_reversal")
_KNOWN = {"Zeta": 0.2, "direct": 0.55, "email": 0.2, "paid_search": 0.05}
FITS = [
    ModelVersion(f"{model}@{number}", model, lookback, "reset", weights=whole_weights(shares))  # type: ignore[arg-type]
    for number, (model, lookback, shares) in enumerate(
        (
            ("markov", timedelta(days=30), _KNOWN),
            ("shapley", timedelta(days=7), _KNOWN),
            (
                "markov",
                timedelta(days=365),
                _KNOWN | {"sms": 1e-17, "éclair": 1 / 3, "direct": 1e-9},
            ),
            ("shapley", timedelta(0), {"email": 1.0}),
        )
    )
]
VERSIONS = [
    ModelVersion(f"{model}@{number}", model, lookback, after, half_life)  # type: ignore[arg-type]
    for model in RULE_MODELS
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
VERSIONS += FITS


@dataclass(frozen=True)
class RandomOrder:
    entries: list[LedgerEntry]
    touches: list[JourneyTouch]
    previous: datetime | None

    @property
    def converted_at(self) -> datetime:
        capture = earliest_capture(self.entries)
        assert capture is not None
        return capture.occurred_at


def by_ledger(entries: Sequence[LedgerEntry]) -> list[LedgerEntry]:
    return sorted(entries, key=lambda entry: (entry.occurred_at, entry.business_key))


def ages_of(order: RandomOrder) -> list[tuple[str, int]]:
    """The (channel code, age) of each touch up to the conversion, as the reader of facts returns them."""
    converted = order.converted_at
    return [
        (touch.channel_code, (converted - touch.occurred_at) // MICROSECOND)
        for touch in order.touches
        if touch.occurred_at <= converted
    ]


def previous_age_of(order: RandomOrder) -> int:
    if order.previous is None:
        return NO_CONVERSION
    return (order.converted_at - order.previous) // MICROSECOND


def pack(order: RandomOrder, numbers: Mapping[str, int], generation: int = 0) -> PackedOrder:
    return PackedOrder(
        order_id="order",
        converted_at=order.converted_at,
        previous_age=previous_age_of(order),
        reach=400 * 86_400 * 10**6,
        generation=generation,
        path=pack_path((numbers[code], age) for code, age in ages_of(order)),
        entries=pack_entries(order.entries),
    )


def ask_the_oracle(order: RandomOrder, *versions: ModelVersion) -> list[Allocation]:
    return allocate_order_for_versions(
        order.entries, Journey(order.touches), versions, previous_conversion_at=order.previous
    )


def make_random_orders(chance: Random, count: int) -> list[RandomOrder]:
    return [make_random_order(chance, number) for number in range(count)]


def make_random_order(chance: Random, number: int) -> RandomOrder:
    """One order of a kind that once went wrong: refunds first, ties, edges, large amounts, many touches."""
    entries = make_entries(chance, number)
    converted = RandomOrder(entries, [], None).converted_at
    codes = chance.choice((CHANNELS[:5], ("direct",), ("email", "direct"), CHANNELS[:5], ("sms",)))
    moments = [converted - age for age in make_ages(chance)]
    touches = [
        JourneyTouch(moment, chance.choice(codes), f"t{place:03}")
        for place, moment in enumerate(sorted(moments))
    ]
    previous = chance.choice(
        (None, converted, converted - timedelta(days=chance.randrange(40)), *moments[:3])
    )
    return RandomOrder(entries, touches, previous)


def make_entries(chance: Random, number: int) -> list[LedgerEntry]:
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
    return entries


def make_ages(chance: Random) -> list[timedelta]:
    """How long before the conversion the touches are: near an edge, on the hour, at the same moment."""
    days = chance.choice((1, 29, 31, 120))
    edges = [timedelta(days=30), timedelta(days=30) + MICROSECOND, timedelta(0), timedelta(days=7)]
    return [
        chance.choice(
            (
                timedelta(seconds=chance.randrange(days * 86_400)),
                timedelta(hours=chance.randrange(days * 24)),
                timedelta(microseconds=chance.randrange(10**9)),
                chance.choice(edges),
            )
        )
        for _ in range(chance.choice((0, 1, 1, 2, 2, 3, 4, 5, 9, 30, chance.randrange(500))))
    ]
