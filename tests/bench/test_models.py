"""The benchmarks of models measure what they say: the same journeys, however their touches come."""

from __future__ import annotations

import numpy as np

from bench.bench_peers import Compared, CountedPath, columns_of, fit, make_paths
from bench.touches import DAYS_S, divide_touches, group_touches, make_touches

PATHS = [
    CountedPath(("email", "direct", "email"), 2, 30_000, 1),
    CountedPath(("search",), 1, 5_000, 0),
    CountedPath(("direct", "search"), 0, 0, 4),
]


def test_touches_in_time_order_and_by_journey_are_the_same_journeys() -> None:
    raw = make_touches(500)
    assert (np.diff(raw.moments) >= 0).all()
    assert raw.moments.max() < DAYS_S + 60 * 3600
    grouped, divided = group_touches(raw).journeys, divide_touches(raw.by_journey())
    assert grouped.touches.tolist() == divided.touches.tolist()
    assert grouped.starts.tolist() == divided.starts.tolist()
    for number in (0, 7, 499):
        own = raw.channels[raw.journeys == number].tolist()
        assert grouped.touches[slice(*grouped.starts[number : number + 2])].tolist() == own


def test_orders_of_grouped_touches_have_the_ages_of_their_touches() -> None:
    orders = group_touches(make_touches(500)).orders()
    last = orders.touch_starts[1:] - 1
    # Touches are an hour apart, and the order comes an hour after the last.
    assert (orders.touch_ages[last] == 3_600_000_000).all()
    steps = np.diff(orders.touch_ages)
    assert set(np.delete(steps, last[:-1]).tolist()) <= {-3_600_000_000}


def test_counted_paths_become_as_many_journeys() -> None:
    journeys = columns_of(PATHS)
    assert journeys.channels == ["direct", "email", "search"]
    assert len(journeys) == 8
    assert journeys.converted.sum() == 3
    assert journeys.values["EUR"].sum() == 35_000
    assert journeys.touches[:9].tolist() == [1, 0, 1] * 3


def test_what_is_fitted_adds_up_to_all_conversions() -> None:
    ours = fit(columns_of(make_paths(2_000)))
    assert set(ours.conversions) == {
        "markov", "shapley", "first_touch", "last_touch", "linear", "position_based"
    }  # fmt: skip
    totals = [sum(found.values()) for found in ours.conversions.values()]
    np.testing.assert_allclose(totals, totals[0])


def test_an_exact_peer_that_is_off_by_more_than_rounding_is_named() -> None:
    ours = {"email": 0.25, "direct": 0.5}
    near = Compared("peer", "model", {"email": 0.25 + 1e-14, "direct": 0.5}, ours, "", 1.0, 1e-12)
    off = Compared("peer", "model", {"email": 0.26, "direct": 0.5}, ours, "", 1.0, 1e-12)
    without = Compared("peer", "model", {"direct": 0.5}, ours, "", 1.0, 1e-12)
    assert (near.is_exact, off.is_exact, without.is_exact) == (True, False, False)
    simulated = Compared("peer", "model", {"email": 0.3, "direct": 0.5}, ours, "")
    assert not simulated.is_exact
    assert round(simulated.largest, 6) == 0.2
