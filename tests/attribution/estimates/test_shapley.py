"""Shapley values: worked out in two ways, and against what others computed."""

from __future__ import annotations

import json
from fractions import Fraction
from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings

from skeldir.attribution import count_journeys, count_sets, shapley_by_sets, shapley_values
from tests.support.walks import DATA, PATH_DATA, Walk, columns, read_path_data, walks

CHANNELS = 4


def by_definition(walked: list[Walk], *, value: bool) -> list[Fraction]:
    """Add channels in every order; return what each adds on average."""

    def worth(channels: set[int]) -> int:
        some = [w for w in walked if w.cents is not None and set(w.channels) <= channels]
        return sum((w.cents or 0) if value else 1 for w in some)

    total = [Fraction(0)] * CHANNELS
    orders = list(permutations(range(CHANNELS)))
    for order in orders:
        for place, channel in enumerate(order):
            before = set(order[:place])
            total[channel] += worth(before | {channel}) - worth(before)
    return [one / len(orders) for one in total]


@settings(max_examples=50, deadline=None)
@given(walked=walks(CHANNELS))
def test_a_value_is_what_a_channel_adds_on_average(walked: list[Walk]) -> None:
    sets = count_sets(columns(walked, CHANNELS))
    assert sets.sets is not None
    assert sets.in_sets is not None
    for amounts, by_set, value in (
        (sets.conversions, sets.in_sets, False),
        (sets.values["EUR"], sets.values_in_sets["EUR"], True),
    ):
        exact = [float(one) for one in by_definition(walked, value=value)]
        np.testing.assert_allclose(shapley_values(amounts.sum(axis=0)), exact, atol=1e-9)
        np.testing.assert_allclose(shapley_by_sets(CHANNELS, sets.sets, by_set), exact, atol=1e-9)


@pytest.mark.skipif(not PATH_DATA.exists(), reason="the real data set is not here")
def test_a_real_data_set_has_the_values_that_others_computed() -> None:
    golden = json.loads((DATA / "golden" / "pathdata_shapley.json").read_text())["conversions"]
    journeys = read_path_data()
    found = shapley_values(count_sets(journeys).conversions.sum(axis=0))
    for place, channel in enumerate(journeys.channels):
        assert abs(found[place] - golden[channel]) < 1e-9


def test_many_channels_have_values_without_their_sets() -> None:
    walked = [Walk((n % 40, n % 37), 100, n % 512) for n in range(400)]
    sets = count_sets(columns(walked, 40))
    assert sets.sets is None
    assert shapley_values(sets.values["EUR"].sum(axis=0)).sum() == pytest.approx(40_000)


@settings(max_examples=50, deadline=None)
@given(walked=walks(CHANNELS))
def test_a_channel_is_on_as_many_journeys_as_have_it(walked: list[Walk]) -> None:
    expected = [sum(channel in walk.channels for walk in walked) for channel in range(CHANNELS)]
    assert count_journeys(columns(walked, CHANNELS)).tolist() == expected
    # With many channels, journeys are counted in another way.
    assert count_journeys(columns(walked, 40)).tolist() == [*expected, *[0] * (40 - CHANNELS)]


@settings(max_examples=50, deadline=None)
@given(walked=walks(CHANNELS))
def test_counting_conversions_together_adds_up_what_the_shards_have(walked: list[Walk]) -> None:
    journeys = columns(walked, CHANNELS)
    by_shard, together = count_sets(journeys), count_sets(journeys, parts=1)
    assert together.conversions[0].tolist() == by_shard.conversions.sum(axis=0).tolist()
    assert together.values["EUR"][0].tolist() == by_shard.values["EUR"].sum(axis=0).tolist()
