"""Intervals: they come from the seed alone, narrow with data, and hold what they should."""

from __future__ import annotations

import numpy as np
import pytest

from skeldir.attribution import (
    SHARDS,
    JourneyColumns,
    bootstrap_effects,
    bootstrap_shapley,
    choose_order,
    count_sets,
    count_transitions,
    interval,
    posterior_effects,
    removal_effects,
    shares_of_sum,
)
from skeldir.attribution.models import chains, choosing_orders
from tests.support.walks import Walk, columns


def drawn(count: int, seed: int = 1) -> JourneyColumns:
    """Draw journeys of three channels that know only their last step."""
    random = np.random.default_rng(seed)
    walked = []
    for number in range(count):
        steps = [int(random.integers(3))]
        while random.random() < 0.6:
            steps.append(int((steps[-1] + random.integers(1, 3)) % 3))
        cents = (
            int(random.integers(100, 9_000)) if random.random() < 0.1 * (1 + steps[-1]) else None
        )
        walked.append(Walk(tuple(steps), cents, number % SHARDS))
    return columns(walked, 3)


def test_a_seed_gives_the_same_draws_and_another_one_others() -> None:
    chain = count_transitions(drawn(600))
    one, same, other = (bootstrap_effects(chain, 100, s).conversions for s in (1, 1, 2))
    assert one.tobytes() == same.tobytes()
    assert one.tobytes() != other.tobytes()
    one, same, other = (posterior_effects(chain, 100, s).conversions for s in (1, 1, 2))
    assert one.tobytes() == same.tobytes()
    assert one.tobytes() != other.tobytes()


@pytest.mark.parametrize("order", [1, 2])
def test_more_journeys_make_intervals_narrower(order: int) -> None:
    widths = []
    for count in (1_000, 16_000):
        chain = count_transitions(drawn(count), order)
        ends = interval(shares_of_sum(bootstrap_effects(chain, 300, 1).conversions), 0.9)
        widths.append((ends.upper - ends.lower).mean())
    assert widths[0] / widths[1] == pytest.approx(4, rel=0.3)


def test_bootstrap_and_posterior_say_nearly_the_same_of_a_chain() -> None:
    chain = count_transitions(drawn(8_000))
    exact = shares_of_sum(removal_effects(chain).conversions)[0]
    spreads = []
    for effects in (bootstrap_effects(chain, 500, 1), posterior_effects(chain, 500, 1)):
        ends = interval(shares_of_sum(effects.conversions), 0.9)
        assert (ends.lower < exact).all()
        assert (ends.upper > exact).all()
        spreads.append(ends.upper - ends.lower)
    np.testing.assert_allclose(spreads[0], spreads[1], rtol=0.3)


def test_the_bootstrap_knows_that_one_large_order_makes_value_uncertain() -> None:
    walked = [Walk((n % 3,), 100 if n % 4 == 0 else None, n % SHARDS) for n in range(4_000)]
    effects = []
    for cents in (100, 100_000):
        one_large = [*walked, Walk((0,), cents, 7)]
        chain = count_transitions(columns(one_large, 3))
        effects.append(bootstrap_effects(chain, 200, 1).values["EUR"])
    spreads = [np.ptp(np.quantile(e[:, 0], [0.05, 0.95])) for e in effects]
    assert spreads[1] > 3 * spreads[0]


def test_draws_of_shapley_values_surround_the_values() -> None:
    sets = count_sets(drawn(3_000))
    conversions, values = bootstrap_shapley(sets, 200, 1)
    ends = interval(shares_of_sum(conversions), 0.9)
    assert ((ends.lower > 0) & (ends.upper < 1)).all()
    assert values["EUR"].shape == (200, 3)


def test_counts_that_would_not_fit_are_divided_among_fewer_shards(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    journeys = drawn(2_000)
    whole = count_transitions(journeys)
    monkeypatch.setattr(chains, "MOST_COUNTS", 100 * len(whole.nexts))
    divided = count_transitions(journeys)
    assert (len(whole.counts), len(divided.counts)) == (SHARDS, 64)
    assert divided.total.tolist() == whole.total.tolist()
    assert divided.values["EUR"].sum() == whole.values["EUR"].sum()
    assert np.isfinite(bootstrap_effects(divided, 50, 1).conversions).all()


def test_an_interval_leaves_out_draws_that_are_no_number() -> None:
    draws = np.array([[0.1, 0.9], [np.nan, np.nan], [0.3, 0.7]])
    ends = interval(draws, 0.9)
    assert np.isfinite(ends.lower).all()
    assert np.isnan(interval(draws[1:2], 0.9).lower).all()


def test_the_order_is_chosen_that_the_journeys_have() -> None:
    assert choose_order(drawn(4_000))[0] == 1
    random = np.random.default_rng(2)
    walked = []
    for number in range(6_000):
        steps = [int(random.integers(3)), int(random.integers(3))]
        while random.random() < 0.7:
            # What comes next depends on the last two.
            likely = (steps[-1] + 2 * steps[-2]) % 3
            steps.append(likely if random.random() < 0.8 else int(random.integers(3)))
        walked.append(Walk(tuple(steps), 1 if random.random() < 0.2 else None, number % SHARDS))
    order, figures = choose_order(columns(walked, 3))
    assert order == 2
    assert [figure.order for figure in figures] == [1, 2, 3, 4]


def test_an_order_with_too_many_states_is_not_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(choosing_orders, "MOST_STATES", 4)
    order, figures = choose_order(drawn(2_000))
    assert (order, [figure.order for figure in figures]) == (1, [1])
