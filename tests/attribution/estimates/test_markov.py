"""Removal effects are exact: against a chain that is solved without each channel, and against what others computed."""

from __future__ import annotations

import json
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skeldir.attribution import (
    SHARDS,
    ChannelsTooMany,
    JourneyColumns,
    count_sets,
    count_transitions,
    removal_effects,
)
from skeldir.attribution.models import chains, markov
from tests.support.walks import DATA, PATH_DATA, Walk, columns, read_path_data, walks

CHANNELS = 4
ORDERS = st.integers(1, 4)
# Each counts hundreds of shards, and a busy machine takes its time.
SOME = settings(max_examples=50, deadline=None)


def chances_of(walked: list[Walk], order: int) -> dict[tuple[int, ...], Counter[object]]:
    """Count what followed each state, from the definition."""
    counts: dict[tuple[int, ...], Counter[object]] = {}
    for walk in walked:
        steps: list[object] = [*walk.channels, "order" if walk.cents is not None else "nothing"]
        for place, following in enumerate(steps):
            state = walk.channels[max(0, place - order) : place]
            counts.setdefault(state, Counter())[following] += 1
    return counts


def expected(walked: list[Walk], order: int, removed: int | None, *, value: bool) -> float:
    """Solve the chain for the probability of an order, or the value of a journey, without a channel."""
    counts = chances_of(walked, order)
    states = sorted(counts)
    worth: Counter[tuple[int, ...]] = Counter()
    for walk in walked:
        worth[walk.channels[-order:]] += walk.cents or 0
    matrix, gains = np.eye(len(states)), np.zeros(len(states))
    for row, state in enumerate(states):
        total = counts[state].total()
        gains[row] = (worth[state] if value else counts[state]["order"]) / total
        for following, count in counts[state].items():
            if isinstance(following, int) and following != removed:
                ahead = (*state, following)[-order:]
                matrix[row, states.index(ahead)] -= count / total
    return float(np.linalg.solve(matrix, gains)[states.index(())])


@SOME
@given(walked=walks(CHANNELS), order=ORDERS)
def test_the_effect_of_a_channel_is_what_is_lost_without_it(walked: list[Walk], order: int) -> None:
    effects = removal_effects(count_transitions(columns(walked, CHANNELS), order))
    for value, found in ((False, effects.conversions), (True, effects.values["EUR"])):
        whole = expected(walked, order, None, value=value)
        if whole <= 0:
            assert np.isnan(found).all()
            continue
        lost = [1 - expected(walked, order, c, value=value) / whole for c in range(CHANNELS)]
        np.testing.assert_allclose(found[0], lost, atol=1e-11)


@SOME
@given(walked=walks(CHANNELS), order=ORDERS)
def test_following_all_journeys_gives_what_an_inverse_gives(walked: list[Walk], order: int) -> None:
    chain = count_transitions(columns(walked, CHANNELS), order)
    by_inverse = removal_effects(chain)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(markov, "LARGEST_INVERSE", 0)
        by_steps = removal_effects(chain)
    np.testing.assert_allclose(by_steps.probabilities, by_inverse.probabilities, atol=1e-12)
    np.testing.assert_allclose(by_steps.conversions, by_inverse.conversions, atol=1e-11)
    np.testing.assert_allclose(by_steps.values["EUR"], by_inverse.values["EUR"], atol=1e-11)


@SOME
@given(walked=walks(CHANNELS), order=ORDERS, chance=st.randoms(use_true_random=False))
def test_the_order_of_journeys_changes_no_bit(
    walked: list[Walk], order: int, chance: object
) -> None:
    shuffled = list(walked)
    chance.shuffle(shuffled)
    one, other = (count_transitions(columns(some, CHANNELS), order) for some in (walked, shuffled))
    assert one.states.tobytes() == other.states.tobytes()
    assert one.counts.tobytes() == other.counts.tobytes()
    assert one.values["EUR"].tobytes() == other.values["EUR"].tobytes()
    assert (
        removal_effects(one).conversions.tobytes() == removal_effects(other).conversions.tobytes()
    )


@SOME
@given(walked=walks(CHANNELS), order=ORDERS, touches=st.integers(1, 12))
def test_counting_in_blocks_changes_no_bit(walked: list[Walk], order: int, touches: int) -> None:
    journeys = columns(walked, CHANNELS)
    whole, whole_sets = count_transitions(journeys, order), count_sets(journeys)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(chains, "TOUCHES_OF_A_BLOCK", touches)
        in_blocks, sets_in_blocks = count_transitions(journeys, order), count_sets(journeys)
        assert sum(len(block) for block in journeys.blocks()) == len(journeys)
    assert in_blocks.counts.tobytes() == whole.counts.tobytes()
    assert in_blocks.values["EUR"].tobytes() == whole.values["EUR"].tobytes()
    assert sets_in_blocks.conversions.tobytes() == whole_sets.conversions.tobytes()
    assert (
        sets_in_blocks.values_in_sets["EUR"].tolist() == whole_sets.values_in_sets["EUR"].tolist()
    )


@SOME
@given(walked=walks(CHANNELS), order=ORDERS, parts=st.sampled_from([1, 2, 5, 64]))
def test_counting_shards_together_adds_up_what_they_have(
    walked: list[Walk], order: int, parts: int
) -> None:
    journeys = columns(walked, CHANNELS)
    by_shard = count_transitions(journeys, order)
    steps = np.zeros(SHARDS, np.int64)
    for walk in walked:
        steps[walk.shard] += len(walk.channels) + 1
    assert by_shard.counts.sum(axis=1).tolist() == steps.tolist()
    together = count_transitions(journeys, order, parts=parts)
    assert together.counts.shape == (parts, len(by_shard.nexts))
    for part in range(parts):
        assert together.counts[part].tolist() == by_shard.counts[part::parts].sum(axis=0).tolist()
        value = by_shard.values["EUR"][part::parts].sum(axis=0)
        assert together.values["EUR"][part].tolist() == value.tolist()
    effects, same = removal_effects(together), removal_effects(by_shard)
    assert effects.values["EUR"].tobytes() == same.values["EUR"].tobytes()


def counts_of(journeys: JourneyColumns, order: int) -> dict[tuple[int, int], int]:
    """Return how often each state, by its code, was followed by what."""
    chain = count_transitions(journeys, order, parts=1)
    states = chain.states[chain.origins].tolist()
    return dict(
        zip(zip(states, chain.nexts.tolist(), strict=True), chain.total.tolist(), strict=True)
    )


@pytest.mark.parametrize(
    ("channels", "order"), [(4, 1), (4, 4), (300, 1), (120, 2), (40, 4), (300, 4)]
)
def test_counts_are_those_of_the_definition_for_few_channels_and_many(
    channels: int, order: int
) -> None:
    random = np.random.default_rng(channels)
    walked = [
        Walk(
            tuple(random.integers(0, channels, random.integers(1, 9)).tolist()),
            7 if random.random() < 0.3 else None,
            int(random.integers(0, 512)),
        )
        for _ in range(300)
    ]
    followed = {"order": channels, "nothing": channels + 1}
    expected_counts = {}
    for state, following in chances_of(walked, order).items():
        code = 0
        for channel in state:
            code = code * (channels + 1) + channel + 1
        for what, count in following.items():
            expected_counts[code, followed.get(str(what), what)] = count
    assert counts_of(columns(walked, channels), order) == expected_counts


@SOME
@given(walked=walks(CHANNELS), order=ORDERS)
def test_counting_only_cells_that_occur_changes_no_count(walked: list[Walk], order: int) -> None:
    journeys = columns(walked, CHANNELS)
    of_all = count_transitions(journeys, order)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(chains, "MOST_COUNTS", 0)
        of_some = count_transitions(journeys, order)
    assert of_some.nexts.tolist() == of_all.nexts.tolist()
    assert of_some.total.tolist() == of_all.total.tolist()
    for one, other in zip(of_some.values.values(), of_all.values.values(), strict=True):
        assert one.sum(axis=0).tolist() == other.sum(axis=0).tolist()


@SOME
@given(walked=walks(CHANNELS))
def test_repeats_change_no_effect_at_order_1(walked: list[Walk]) -> None:
    journeys = columns(walked, CHANNELS)
    whole, collapsed = (
        removal_effects(count_transitions(journeys, collapse_repeats=collapse)).conversions
        for collapse in (False, True)
    )
    np.testing.assert_allclose(whole, collapsed, atol=1e-11)


def test_collapsed_journeys_have_no_repeats() -> None:
    journeys = columns([Walk((1, 1, 2, 2, 2, 1), 5), Walk((1,), None), Walk((1, 1), 7)])
    collapsed = journeys.collapsed()
    assert collapsed.touches.tolist() == [1, 2, 1, 1, 1]
    assert collapsed.starts.tolist() == [0, 3, 4, 5]


def test_some_journeys_keep_all_that_they_have() -> None:
    walked = [Walk((1, 2), 5, 3), Walk((3,), None, 4), Walk((2, 2, 0), 7, 5)]
    some = columns(walked).only(np.array([False, True, True]))
    other = columns(walked[1:])
    assert some.touches.tolist() == other.touches.tolist()
    assert some.starts.tolist() == other.starts.tolist()
    assert some.converted.tolist() == other.converted.tolist()
    assert some.shards.tolist() == other.shards.tolist()
    assert some.values["EUR"].tolist() == other.values["EUR"].tolist()


@pytest.mark.skipif(not PATH_DATA.exists(), reason="the real data set is not here")
def test_a_real_data_set_has_the_effects_that_others_computed() -> None:
    golden = json.loads((DATA / "golden" / "pathdata_markov_order1.json").read_text())
    journeys = read_path_data()
    chain = count_transitions(journeys)
    effects = removal_effects(chain)
    assert abs(effects.probabilities[0] - golden["conversion_probability"]) < 1e-12
    shares = effects.conversions[0] / effects.conversions[0].sum()
    orders = int(journeys.converted.sum())
    for place, channel in enumerate(journeys.channels):
        of_channel = golden["channels"][channel]
        assert abs(effects.conversions[0, place] - of_channel["removal_effect"]) < 1e-12
        assert abs(shares[place] * orders - of_channel["conversions"]) < 1e-9


def test_more_channels_than_fit_into_memory_are_refused() -> None:
    journeys = columns([Walk((0,), 1)], channels=1_001)
    with pytest.raises(ChannelsTooMany, match="1,001 channels"):
        count_transitions(journeys)


@pytest.mark.parametrize(
    ("walked", "effects"),
    [
        ([Walk((0, 0), 5)], [1, 0, 0]),
        ([Walk((0,), 5), Walk((1,), 5), Walk((1,), None)], [0.5, 0.5, 0]),
        ([Walk((0, 1), 5), Walk((1, 2), None)], [0.5, 1, 0]),
    ],
    ids=["one channel", "a channel that only converts", "a channel that never converts"],
)
def test_simple_journeys_have_the_effects_that_follow(
    walked: list[Walk], effects: list[float]
) -> None:
    found = removal_effects(count_transitions(columns(walked, 3))).conversions[0]
    np.testing.assert_allclose(found, effects, atol=1e-12)


def test_500_channels_have_effects_that_are_numbers() -> None:
    walked = [Walk((n % 500, (n * 7) % 500), 1 if n % 3 else None, n % 512) for n in range(5_000)]
    journeys: JourneyColumns = columns(walked, 500)
    found = removal_effects(count_transitions(journeys)).conversions
    assert np.isfinite(found).all()
    assert (found >= 0).all()
