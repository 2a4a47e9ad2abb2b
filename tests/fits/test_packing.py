"""The stored form of kept journeys gives back what was stored, at any width."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from skeldir.fits.columns import Journeys, Money, join_journeys
from skeldir.fits.packing import pack_journeys, unpack_journeys

LARGEST = st.sampled_from([3, 255, 256, 32_767])
CENTS = st.one_of(st.integers(-5, 5), st.integers(-(2**40), 2**62))


@st.composite
def journeys(draw: st.DrawFn) -> Journeys:
    paths = draw(st.lists(st.lists(st.integers(1, draw(LARGEST)), max_size=4), max_size=8))
    if draw(st.booleans()):
        paths.append([1] * draw(st.sampled_from([256, 70_000])))
    converted = [draw(st.booleans()) for _ in paths]
    orders = [place for place, is_order in enumerate(converted) if is_order]
    money = {}
    for currency in ("EUR", "JPY"):
        some = [place for place in orders if draw(st.booleans())]
        if some:
            money[currency] = Money(np.array(some), np.array([draw(CENTS) for _ in some], np.int64))
    return Journeys(
        np.array([touch for path in paths for touch in path], np.int16),
        np.array([len(path) for path in paths], np.int64),
        np.array(converted, np.bool_),
        np.array([draw(st.integers(0, 511)) for _ in paths], np.int16),
        money,
    )


def listed(some: Journeys) -> list[tuple[object, ...]]:
    """Return journeys one by one: shard, end, path, and money of each currency."""
    ends = np.cumsum(some.lengths.astype(np.int64)).tolist()
    money: list[dict[str, int]] = [{} for _ in ends]
    for currency, left in some.money.items():
        for place, cents in zip(left.journeys.tolist(), left.cents.tolist(), strict=True):
            money[place][currency] = cents
    return [
        (int(shard), bool(is_order), tuple(some.touches[end - int(length) : end].tolist()), left)
        for shard, is_order, end, length, left in zip(
            some.shards, some.converted, ends, some.lengths, money, strict=True
        )
    ]


@settings(deadline=None)
@given(some=journeys())
def test_what_was_stored_comes_back(some: Journeys) -> None:
    back = unpack_journeys(pack_journeys(some))
    assert listed(back) == listed(some)
    assert back.over_refunded == some.over_refunded


@settings(deadline=None)
@given(some=journeys(), other=journeys(), chosen=st.randoms(use_true_random=False))
def test_journeys_are_chosen_divided_and_joined_with_all_that_is_theirs(
    some: Journeys, other: Journeys, chosen: object
) -> None:
    stored = [unpack_journeys(pack_journeys(each)) for each in (some, other)]
    joined = join_journeys(stored)
    assert listed(joined) == listed(some) + listed(other)
    places = [place for place in range(len(joined)) if chosen.random() < 0.5]  # type: ignore[attr-defined]
    chosen.shuffle(places)  # type: ignore[attr-defined]
    taken = joined.take(np.array(places, np.int64))
    assert listed(taken) == [listed(joined)[place] for place in places]
    edges = [0, len(places) // 2, len(places) // 2, len(places)]
    parts = taken.divide(edges)
    assert [len(part) for part in parts] == [edges[1], 0, edges[3] - edges[2]]
    assert [each for part in parts for each in listed(part)] == listed(taken)
