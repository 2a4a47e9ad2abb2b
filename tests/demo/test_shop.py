from collections import Counter
from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from skeldir.demo.shop import (
    DAY,
    FADE_PERCENT,
    LOOKBACK_DAYS,
    MILLION,
    Occasion,
    draw_shopper,
    open_stream,
)

START = date(2026, 4, 20)

ppm = st.integers(min_value=0, max_value=1_000_000)
codes = st.sampled_from(["paid_search", "email", "direct"])


@given(ppm, ppm, st.dictionaries(codes, ppm), st.sets(codes), st.sets(codes))
def test_removing_channels_never_makes_anyone_buy(
    threshold: int, baseline: int, pulls: dict[str, int], some: set[str], more: set[str]
) -> None:
    occasion = Occasion(0, "v", threshold, baseline, tuple(pulls.items()), "USD", 100, None)
    assert occasion.is_bought(without=some | more) <= occasion.is_bought(without=some)
    assert occasion.is_bought(without=pulls.keys()) == (threshold < baseline)


def test_a_shopper_is_the_same_however_many_others_are_made() -> None:
    alone = draw_shopper(3, 17, starts_on=START, days=28)
    among_others = [draw_shopper(3, number, starts_on=START, days=28) for number in range(20)][17]
    assert alone == among_others
    assert alone != draw_shopper(4, 17, starts_on=START, days=28)


def test_streams_of_one_seed_are_independent_and_fixed() -> None:
    # `Random.random()` seeded by an integer is the only sequence that Python guarantees.
    first = [open_stream(seed, "a", number).random() for seed in (-1, 0, 1) for number in (1, 11)]
    assert len(set(first)) == 6
    assert first[4] == 0.6466260762146007


def test_the_pull_of_an_exposure_fades_each_day_and_never_precedes_it() -> None:
    shoppers = [draw_shopper(3, number, starts_on=START, days=70) for number in range(400)]
    fresh = round(MILLION * 0.04)  # the lift of paid_shopping
    seen: Counter[int] = Counter()
    for shopper in shoppers:
        shown = [touch.at for touch in shopper.touches if touch.channel == "paid_shopping"]
        for occasion in shopper.occasions:
            pull = dict(occasion.pulls).get("paid_shopping", 0)
            ages = [(occasion.at - at) // DAY for at in shown if at <= occasion.at]
            ages = [age for age in ages if age < LOOKBACK_DAYS]
            expected = sum(fresh * (FADE_PERCENT / 100) ** age for age in ages)
            assert abs(pull - expected) <= 2 * len(ages)
            seen[min(len(ages), 2)] += 1
    assert min(seen[0], seen[1], seen[2]) > 50


def test_touches_and_occasions_are_in_time_order_and_within_the_sample() -> None:
    days = 1  # so that every visit is near an edge
    for number in range(20_000):
        shopper = draw_shopper(3, number, starts_on=START, days=days)
        for times in (
            [touch.at for touch in shopper.touches],
            [occasion.at for occasion in shopper.occasions],
        ):
            assert times == sorted(times)
            assert all(0 <= at < days * DAY for at in times)
