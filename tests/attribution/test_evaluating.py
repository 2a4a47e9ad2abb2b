"""The sums of stored orders equal those of the allocations from `splits`, whichever way they are computed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, timedelta, tzinfo
from random import Random
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skeldir.attribution.evaluating import (
    Channels,
    Sums,
    VersionInForce,
    derive_allocations,
    subtract,
    sum_credit,
)
from skeldir.attribution.models import JourneyTouch, ModelVersion
from skeldir.attribution.packing import (
    LARGEST_CHANNEL_NUMBER,
    NO_CONVERSION,
    pack_entries,
    pack_path,
)
from skeldir.attribution.splits import LedgerEntry
from skeldir.days import LocalDays, read_rules
from tests.support.random_orders import (
    CHANNELS,
    MICROSECOND,
    NOON,
    VERSIONS,
    RandomOrder,
    ask_the_oracle,
    make_random_orders,
    pack,
)

# `direct` has a number and `unattributed` has none; the numbers are not in the order of the codes.
NUMBERS = {
    "sms": 0,
    "éclair": 7,
    "direct": 3,
    "Zeta": LARGEST_CHANNEL_NUMBER,
    "email": 16_384,
    "paid_search": 2,
}
IN_FORCE = [VersionInForce(version, 0) for version in VERSIONS]


def sum_by_hand(
    orders: Sequence[RandomOrder],
    versions: Sequence[VersionInForce],
    generations: Sequence[int] | None = None,
    zone: tzinfo = UTC,
) -> Sums:
    sums: Sums = {}
    for place, order in enumerate(orders):
        generation = generations[place] if generations else 0
        counted = [one.version for one in versions if one.since <= generation]
        entries = {entry.entry_id: entry for entry in order.entries}
        for row in ask_the_oracle(order, *counted):
            entry = entries[row.entry_id]
            day = entry.occurred_at.astimezone(zone).date()
            key = (day, row.model_version, row.channel_code, entry.currency)
            parts, cents, count = sums.get(key, (0, 0, 0))
            sums[key] = (parts + row.conversion_ppt, cents + row.allocated_cents, count + 1)
    return sums


def add(first: Sums, second: Sums) -> Sums:
    nothing = (0, 0, 0)
    sums: Sums = {}
    for key in first.keys() | second.keys():
        pairs = zip(first.get(key, nothing), second.get(key, nothing), strict=True)
        parts, cents, count = (one + other for one, other in pairs)
        sums[key] = (parts, cents, count)
    return sums


def make_order(
    ages: Sequence[int],
    codes: Sequence[str],
    *,
    cents: int = 1_000,
    previous_age: int | None = None,
) -> RandomOrder:
    """An order with one capture at noon, and touches of these ages in microseconds, the oldest first."""
    touches = [
        JourneyTouch(NOON - age * MICROSECOND, code, f"t{place:03}")
        for place, (age, code) in enumerate(zip(ages, codes, strict=True))
    ]
    previous = None if previous_age is None else NOON - previous_age * MICROSECOND
    capture = LedgerEntry(UUID(int=1), "1", NOON, "capture", "USD", cents)
    return RandomOrder([capture], touches, previous)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("count", [0, 1, 2, 10, 150])
def test_sums_are_those_of_the_allocations_of_few_orders_and_of_many(seed: int, count: int) -> None:
    orders = make_random_orders(Random(seed), count)
    packed = [pack(order, NUMBERS) for order in orders]
    assert sum_credit(packed, IN_FORCE, Channels(NUMBERS)) == sum_by_hand(orders, IN_FORCE)


@pytest.mark.parametrize("name", ["Etc/GMT-13", "Pacific/Auckland", "Pacific/Kiritimati"])
@pytest.mark.parametrize("count", [1, 150])
def test_sums_are_of_local_days_for_few_orders_and_for_many(name: str, count: int) -> None:
    orders = make_random_orders(Random(5), count)
    packed = [pack(order, NUMBERS) for order in orders]
    days = LocalDays(read_rules(name))
    expected = sum_by_hand(orders, IN_FORCE, zone=ZoneInfo(name))
    assert sum_credit(packed, IN_FORCE, Channels(NUMBERS), days) == expected
    assert sum_credit(packed, IN_FORCE, Channels(NUMBERS)) != expected


@pytest.mark.slow
def test_sums_of_twenty_thousand_orders_are_those_of_their_allocations() -> None:
    orders = make_random_orders(Random(77), 20_000)
    # All models with the default window, and each time decay; the others are similar and would take minutes.
    versions = [one for one in IN_FORCE if one.version.model_version.endswith("@0")]
    versions += [one for one in IN_FORCE if one.version.model == "time_decay"][1:]
    packed = [pack(order, NUMBERS) for order in orders]
    assert sum_credit(packed, versions, Channels(NUMBERS)) == sum_by_hand(orders, versions)


def test_the_sums_of_orders_together_equal_those_of_the_orders_one_by_one() -> None:
    packed = [pack(order, NUMBERS) for order in make_random_orders(Random(12), 200)]
    channels = Channels(NUMBERS)
    one_by_one: Sums = {}
    for order in packed:
        one_by_one = add(one_by_one, sum_credit([order], IN_FORCE, channels))
    assert sum_credit(packed, IN_FORCE, channels) == one_by_one


@pytest.mark.parametrize("count", [8, 150])
def test_a_version_applies_to_the_orders_stored_since_it_came_into_force(count: int) -> None:
    chance = Random(count)
    orders = make_random_orders(chance, count)
    generations = [chance.randrange(6) for _ in orders]
    versions = [
        VersionInForce(version, since)
        for version, since in zip(VERSIONS, [1, 3, 3, 5, 9] * len(VERSIONS), strict=False)
    ]
    packed = [
        pack(order, NUMBERS, generation)
        for order, generation in zip(orders, generations, strict=True)
    ]
    sums = sum_credit(packed, versions, Channels(NUMBERS))
    assert sums == sum_by_hand(orders, versions, generations)
    assert sums


@pytest.mark.parametrize("count", [8, 150])
def test_the_numbers_of_the_channels_make_no_difference(count: int) -> None:
    chance = Random(count)
    orders = make_random_orders(chance, count)
    # Three channels with equal weights get the same, except one cent, which goes to the first by its code.
    orders += [make_order([3, 2, 1], ["sms", "email", "Zeta"], cents=100) for _ in range(count)]
    expected = sum_by_hand(orders, IN_FORCE)
    for _ in range(4):
        numbers = dict(zip(CHANNELS, chance.sample(range(2**15), len(CHANNELS)), strict=True))
        packed = [pack(order, numbers) for order in orders]
        assert sum_credit(packed, IN_FORCE, Channels(numbers)) == expected


@pytest.mark.parametrize("count", [1, 300])
def test_both_ends_of_a_lookback_count_and_a_touch_at_the_previous_conversion_does_not(
    count: int,
) -> None:
    week = timedelta(days=7)
    ages = [7 * 86_400 * 10**6 + 1, 7 * 86_400 * 10**6, 1_000, 999, 0]
    codes = ["sms", "email", "Zeta", "éclair", "direct"]
    order = make_order(ages, codes, previous_age=1_000)
    keep = ModelVersion("keep", "linear", week)
    reset = ModelVersion("reset", "linear", week, "reset")
    versions = [VersionInForce(keep, 0), VersionInForce(reset, 0)]
    sums = sum_credit([pack(order, NUMBERS)] * count, versions, Channels(NUMBERS))
    cents = {key[1:3]: total[1] for key, total in sums.items()}
    assert cents == {
        **{("keep", code): 250 * count for code in ("email", "Zeta", "éclair", "direct")},
        **{("reset", code): 500 * count for code in ("éclair", "direct")},
    }


@pytest.mark.parametrize("cents", [10**15, 2**62, 2**63 - 1, -(2**63)])
@pytest.mark.parametrize("count", [3, 100])
def test_sums_beyond_64_bits_are_exact(cents: int, count: int) -> None:
    orders = [make_order([3, 2, 1], ["sms", "email", "sms"], cents=cents)] * count
    packed = [pack(order, NUMBERS) for order in orders]
    sums = sum_credit(packed, IN_FORCE, Channels(NUMBERS))
    assert sums == sum_by_hand(orders, IN_FORCE)
    last_touch = sums[date(2025, 6, 30), "last_touch@0", "sms", "USD"]
    assert last_touch == (count * 10**12, count * cents, count)


@pytest.mark.parametrize("count", [1, 300])
def test_an_entry_belongs_to_its_own_day_also_before_1970(count: int) -> None:
    moments = [date(1969, 12, 31), date(1970, 1, 1), date(2025, 6, 30)]
    entries = [
        LedgerEntry(
            UUID(int=place),
            str(place),
            NOON.replace(year=day.year, month=day.month, day=day.day, hour=23),
            "capture",
            "USD",
            5,
        )
        for place, day in enumerate(moments)
    ]
    order = pack(RandomOrder(entries, [], None), NUMBERS)
    version = VersionInForce(ModelVersion("last", "last_touch"), 0)
    assert sum_credit([order] * count, [version], Channels({})) == {
        (day, "last", "unattributed", "USD"): (
            10**12 * count if place == 0 else 0,
            5 * count,
            count,
        )
        for place, day in enumerate(moments)
    }


@pytest.mark.parametrize("seed", range(3))
def test_the_allocations_of_one_order_are_those_of_the_oracle(seed: int) -> None:
    for order in make_random_orders(Random(seed), 40):
        derived = derive_allocations(pack(order, NUMBERS), VERSIONS, Channels(NUMBERS))
        assert derived == ask_the_oracle(order, *VERSIONS)


sums_of_some_keys = st.dictionaries(
    st.tuples(st.just(date(2025, 6, 30)), st.just("v"), st.sampled_from(CHANNELS), st.just("USD")),
    st.tuples(st.integers(0, 3), st.integers(-3, 3), st.integers(1, 3)),
)


@given(sums_of_some_keys, sums_of_some_keys)
def test_the_old_sums_plus_the_difference_are_the_new_sums(old: Sums, new: Sums) -> None:
    change = subtract(new, old)
    assert (0, 0, 0) not in change.values()
    put_together = add(old, change)
    assert {key: total for key, total in put_together.items() if total != (0, 0, 0)} == new


@pytest.mark.parametrize("count", [1, 300])
def test_an_unread_previous_conversion_is_refused_where_it_matters(count: int) -> None:
    unread = replace(pack(make_order([1], ["sms"]), NUMBERS), previous_age=None)
    orders = [unread] * count
    channels = Channels(NUMBERS)
    keep = VersionInForce(ModelVersion("keep", "linear"), 0)
    reset = VersionInForce(ModelVersion("reset", "linear", after_conversion="reset"), 0)
    assert sum_credit(orders, [keep], channels)
    with pytest.raises(ValueError, match="was not read"):
        sum_credit(orders, [keep, reset], channels)
    with pytest.raises(ValueError, match="was not read"):
        derive_allocations(unread, [reset.version], channels)
    # A version that does not apply to the order does not need it.
    later = replace(reset, since=1)
    read = replace(unread, previous_age=NO_CONVERSION, generation=1)
    assert sum_credit([*orders, read], [keep, later], channels)


@pytest.mark.parametrize("count", [1, 300])
def test_an_order_that_cannot_be_read_is_refused(count: int) -> None:
    order = pack(make_order([1], ["sms"]), NUMBERS)
    refund = LedgerEntry(UUID(int=2), "2", NOON, "refund", "USD", -5)
    faults = {
        "which no channel has": replace(order, path=pack_path([(999, 0)])),
        "bytes": replace(order, path=order.path[:-1]),
        "bytes each|36 bytes": replace(order, entries=order.entries + b"x"),
        "no capture": replace(order, entries=pack_entries([refund])),
    }
    versions = [VersionInForce(ModelVersion("linear", "linear"), 0)]
    for message, faulty in faults.items():
        for orders in ([*[order] * count, faulty], [faulty, *[order] * count]):
            with pytest.raises(ValueError, match=message):
                sum_credit(orders, versions, Channels(NUMBERS))
        with pytest.raises(ValueError, match=message):
            derive_allocations(faulty, [versions[0].version], Channels(NUMBERS))


def test_a_number_belongs_to_one_channel_and_fits_a_path() -> None:
    with pytest.raises(ValueError, match="the same number"):
        Channels({"sms": 1, "email": 1})
    for number in (-1, LARGEST_CHANNEL_NUMBER + 1):
        with pytest.raises(ValueError, match="is from 0 to"):
            Channels({"sms": number})
    channels = Channels(NUMBERS)
    assert channels.code_of(7) == "éclair"
    with pytest.raises(ValueError, match="which no channel has"):
        channels.code_of(8)
