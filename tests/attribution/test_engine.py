"""The columnar engine gives every order the same cents and parts as `splits`, or returns the order as uncertain."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from fractions import Fraction
from random import Random
from uuid import UUID

import numpy as np
import pytest

from skeldir.attribution.columns import OrderColumns, Window
from skeldir.attribution.decay import Decay
from skeldir.attribution.engine import Credit, Engine
from skeldir.attribution.models import JourneyTouch, ModelVersion, channel_weights
from skeldir.attribution.models.rules import half_life_microseconds
from skeldir.attribution.splits import Allocation, LedgerEntry, earliest_capture
from tests.support.random_orders import (
    CHANNELS,
    NOON,
    VERSIONS,
    RandomOrder,
    ages_of,
    ask_the_oracle,
    by_ledger,
    make_random_orders,
    previous_age_of,
)

MONTH = 30 * 86_400
DECAY = ModelVersion("time_decay@1", "time_decay")


def as_columns(orders: Sequence[RandomOrder], channels: Sequence[str] = CHANNELS) -> OrderColumns:
    """Turn orders into columns, without touches after the conversion, which a reading leaves out as well."""
    touch_starts, entry_starts = [0], [0]
    numbers: list[int] = []
    ages: list[int] = []
    previous: list[int] = []
    currencies: list[int] = []
    amounts: list[int] = []
    captures: list[int] = []
    for order in orders:
        for code, age in ages_of(order):
            numbers.append(channels.index(code))
            ages.append(age)
        touch_starts.append(len(numbers))
        previous.append(previous_age_of(order))
        entries = by_ledger(order.entries)
        capture = earliest_capture(entries)
        assert capture is not None
        captures.append(len(amounts) + entries.index(capture))
        currencies += [["USD", "JPY", "KWD"].index(entry.currency) for entry in entries]
        amounts += [entry.amount_cents for entry in entries]
        entry_starts.append(len(amounts))
    columns = (
        touch_starts, numbers, ages, previous, entry_starts, currencies, amounts, captures
    )  # fmt: skip
    return OrderColumns(channels, *(np.array(column, np.int64) for column in columns))


def as_allocations(
    orders: Sequence[RandomOrder],
    credit: Credit,
    version: ModelVersion,
    channels: Sequence[str] = CHANNELS,
) -> list[Allocation]:
    entries = [entry for order in orders for entry in by_ledger(order.entries)]
    rows = (credit.entries, credit.channels, credit.cents, credit.parts)
    return [
        Allocation(version.model_version, entries[entry].entry_id, channels[channel], cents, parts)
        for entry, channel, cents, parts in zip(*(row.tolist() for row in rows), strict=True)
    ]


def compare_with_oracle(
    orders: Sequence[RandomOrder],
    versions: Sequence[ModelVersion],
    channels: Sequence[str] = CHANNELS,
) -> int:
    """Compare the certain rows one by one; return how many orders were uncertain."""
    engine = Engine(as_columns(orders, channels))
    splits_in_doubt = 0
    for version in versions:
        credit = engine.evaluate(version)
        uncertain = set(credit.uncertain.tolist())
        splits_in_doubt += len(uncertain)
        by_hand = [
            allocation
            for place, order in enumerate(orders)
            if place not in uncertain
            for allocation in ask_the_oracle(order, version)
        ]
        assert as_allocations(orders, credit, version, channels) == by_hand
    return splits_in_doubt


def make_order(
    number: int, ages: Sequence[float], cents: Sequence[int], codes: Sequence[str]
) -> RandomOrder:
    """An order of one currency: a touch of each age in seconds, the oldest first, by one channel after another."""
    entries = [
        LedgerEntry(UUID(int=number * 10 + place), f"{place}", NOON, "capture", "USD", amount)
        for place, amount in enumerate(cents)
    ]
    touches = [
        JourneyTouch(NOON - timedelta(seconds=age), codes[place % len(codes)], f"t{place:04}")
        for place, age in enumerate(ages)
    ]
    return RandomOrder(entries, touches, None)


@pytest.mark.parametrize("seed", range(4))
def test_many_orders_at_once_are_credited_as_each_by_itself(seed: int) -> None:
    compare_with_oracle(make_random_orders(Random(seed), 250), VERSIONS)


def test_a_part_that_two_floats_may_round_either_way_is_credited_as_the_oracle_does() -> None:
    chance = Random(5)
    orders = [
        make_order(
            number,
            sorted((chance.random() * MONTH for _ in range(chance.randrange(2, 20))), reverse=True),
            [chance.randrange(10**12, 10**13)],
            CHANNELS[: chance.randrange(2, 5)],
        )
        for number in range(3_000)
    ]
    # On some platforms longdouble is float64, which leaves more splits uncertain.
    most = 150 if np.finfo(np.longdouble).eps < 2.0**-60 else 3_000
    assert compare_with_oracle(orders, [DECAY]) < most


def test_an_order_of_any_size_is_certain_when_one_channel_earned_it() -> None:
    orders = [make_order(1, [9, 8, 7], [10**15, 3, 10**15], ["email"]), make_order(2, [], [5], [])]
    assert compare_with_oracle(orders, VERSIONS) == 0


def test_touches_of_the_same_moment_are_certain_to_weigh_the_same() -> None:
    days = [[8, 8, 2], [8, 2, 2], [9, 5, 5, 5], [3, 3], [3, 3, 3], [1, 1, 1, 1, 0]]
    orders = [
        make_order(
            number, [day * 86_400 for day in ages], [cents], ["sms", "email", "Zeta", "éclair"]
        )
        for number, (ages, cents) in enumerate((ages, cents) for ages in days for cents in range(9))
    ]
    assert compare_with_oracle(orders, [DECAY]) == 0


def test_a_channel_of_almost_no_weight_leaves_no_uncertainty() -> None:
    ages = [MONTH - 5, MONTH / 2, 77_777, 3_333, 11]
    orders = [make_order(1, ages, [123_457], ["sms", "email", "Zeta", "éclair", "direct"])]
    half_day = ModelVersion("time_decay@short", "time_decay", half_life_days=0.25)
    assert compare_with_oracle(orders, [half_day]) == 0


def test_a_half_life_too_long_for_a_float_weighs_all_touches_alike() -> None:
    orders = [make_order(1, [999, 99, 9], [100, 1], ["sms", "email"])]
    forever = ModelVersion("time_decay@long", "time_decay", half_life_days=10**400)
    compare_with_oracle(orders, [forever])


def test_orders_whose_balances_overflow_64_bits_are_returned_as_uncertain_and_affect_no_others() -> (
    None
):
    orders = [
        make_order(1, [9, 8], [2**62, 2**62, 2**62], ["sms", "email"]),
        make_order(2, [9, 8], [7, 8], ["sms", "email"]),
    ]
    versions = [ModelVersion("linear@1", "linear"), DECAY]
    assert compare_with_oracle(orders, versions) == len(versions)
    # A model that chooses one touch divides nothing.
    assert compare_with_oracle(orders, [ModelVersion("last_touch@1", "last_touch")]) == 0


@pytest.mark.parametrize("width", [11, 12, 13, 14, 60])
def test_many_channels_share_the_remainder_as_few_do(width: int) -> None:
    chance = Random(width)
    codes = sorted({f"c{number:03}" for number in range(width)} | {"direct", "unattributed"})
    orders = [
        make_order(
            number,
            sorted(
                (chance.choice((5, chance.random() * MONTH)) for _ in range(width)), reverse=True
            ),
            [chance.randrange(1, 99), 10**7],
            chance.sample(codes, width),
        )
        for number in range(40)
    ]
    compare_with_oracle(orders, VERSIONS, codes)


def test_a_channel_list_of_thousands_makes_no_difference() -> None:
    codes = sorted({f"x{number:05}" for number in range(20_000)} | set(CHANNELS))
    compare_with_oracle(make_random_orders(Random(9), 20), VERSIONS, codes)


@pytest.mark.parametrize("days", [Fraction(1, 24), 0.25, 7.0, 400.0])
def test_shares_are_within_the_error_bound_of_the_oracles(days: Fraction | float) -> None:
    chance = Random(31)
    orders = [
        make_order(
            number,
            sorted(
                (chance.random() * MONTH for _ in range(chance.randrange(1, 300))), reverse=True
            ),
            [1],
            CHANNELS[: chance.randrange(1, 5)],
        )
        for number in range(100)
    ]
    window = Window.of(as_columns(orders), MONTH * 10**6, "keep")
    decay = Decay.of(window, half_life_microseconds(days))
    for place, order in enumerate(orders):
        groups = range(window.group_starts[place], window.group_starts[place + 1])
        whole = Fraction(float(decay.weights[groups].sum()))
        oracle = channel_weights("time_decay", order.touches, half_life_days=days)
        for group in groups:
            code = CHANNELS[window.group_channels[group]]
            exact = Fraction(oracle.get(code, 0), sum(oracle.values()))
            share = Fraction(float(decay.weights[group])) / whole
            # The oracle's rounding to 2^-120 is added.
            off = Fraction(float(decay.errors[place])) * share + Fraction(300, 2**119)
            assert abs(share - exact) <= off


def test_weights_that_are_equal_only_as_floats_are_not_treated_as_equal() -> None:
    # With this half-life, a microsecond of age changes the oracle's weight, but not that of any float.
    long = ModelVersion(
        "time_decay@long", "time_decay", half_life_days=Fraction(2**70, 86_400_000_000)
    )
    ages = [2**14 / 10**6, (2**14 - 1) / 10**6, 0]
    compare_with_oracle([make_order(1, ages, [2], ["Zeta", "direct", "email"])], [long])
