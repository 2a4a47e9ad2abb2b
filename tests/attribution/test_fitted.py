"""What a fit gives the channels of a path: by hand, and for thousands of orders at once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from fractions import Fraction
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skeldir.attribution.models import (
    JourneyTouch,
    ModelVersion,
    ModelVersionInvalid,
    whole_weights,
)
from tests.attribution.test_engine import compare_with_oracle, make_order
from tests.support.random_orders import ask_the_oracle

NOON = datetime(2026, 6, 30, 12, tzinfo=UTC)


def make_version(shares: dict[str, float], lookback_days: int = 30) -> ModelVersion:
    lookback = timedelta(days=lookback_days)
    return ModelVersion("markov@1", "markov", lookback, "reset", weights=whole_weights(shares))


def make_touches(*codes: str) -> list[JourneyTouch]:
    return [
        JourneyTouch(NOON + timedelta(hours=place), code, f"t{place}")
        for place, code in enumerate(codes)
    ]


def test_a_channel_earns_by_its_weight_however_many_touches_it_has() -> None:
    version = make_version({"email": 0.6, "search": 0.2, "social": 0.2})
    once = version.weigh_channels(make_touches("email", "search"))
    often = version.weigh_channels(make_touches("email", "search", "search", "search"))
    assert Fraction(once["email"], once["search"]) == 3
    assert Fraction(often["email"], often["search"]) == 3


def test_the_touches_of_a_channel_have_equal_parts_of_its_weight() -> None:
    version = make_version({"email": 0.6, "search": 0.3})
    touches = make_touches("search", "email", "search", "search", "email")
    weights = version.weigh_touches(touches)
    whole = sum(weights)
    assert [Fraction(weight, whole) for weight in weights] == [
        Fraction(1, 9),
        Fraction(1, 3),
        Fraction(1, 9),
        Fraction(1, 9),
        Fraction(1, 3),
    ]


def test_a_channel_that_the_fit_does_not_know_earns_nothing() -> None:
    version = make_version({"email": 0.6})
    assert set(version.weigh_channels(make_touches("email", "new"))) == {"email"}
    order = make_order(1, [5, 3], [1_000], ["new"])
    assert [(row.channel_code, row.allocated_cents) for row in ask_the_oracle(order, version)] == [
        ("unattributed", 1_000)
    ]


def test_an_origin_has_its_part_of_its_channels_weight() -> None:
    version = make_version({"email": 0.5, "search": 0.5})
    sums = version.weigh_channels(
        make_touches("search\x1fa", "email\x1f", "search\x1fb", "search\x1fb")
    )
    whole = sum(sums.values())
    assert {code: Fraction(weight, whole) for code, weight in sums.items()} == {
        "search\x1fa": Fraction(1, 6),
        "search\x1fb": Fraction(1, 3),
        "email\x1f": Fraction(1, 2),
    }


@given(st.dictionaries(st.text(max_size=3), st.floats(0, 1), min_size=1))
def test_shares_become_weights_within_one_part_of_ten_to_the_fifteenth(
    shares: dict[str, float],
) -> None:
    if not any(shares.values()):
        with pytest.raises(ValueError, match="above 0"):
            whole_weights(shares)
        return
    weights = whole_weights(shares)
    assert weights.keys() == {channel for channel, share in shares.items() if share}
    for channel, weight in weights.items():
        assert abs(weight - Fraction(shares[channel]) * 10**15) <= 1


@pytest.mark.parametrize("share", [float("nan"), -0.1, 1.1, float("inf")])
def test_what_is_no_share_has_no_weight(share: float) -> None:
    with pytest.raises(ValueError, match="from 0 to 1"):
        whole_weights({"email": share})


def test_a_fit_has_weights_and_a_rule_has_none() -> None:
    with pytest.raises(ModelVersionInvalid):
        ModelVersion("markov@1", "markov")
    with pytest.raises(ModelVersionInvalid):
        ModelVersion("linear@1", "linear", weights={"email": 1})
    for weights in ({}, {"email": 0}, {"email": 3 * 10**15}):
        with pytest.raises(ModelVersionInvalid):
            ModelVersion("markov@1", "markov", weights=weights)


@pytest.mark.parametrize("width", [2, 5, 12, 13, 40])
@pytest.mark.parametrize("origins", [1, 3])
def test_many_orders_at_once_are_credited_by_a_fit_as_each_by_itself(
    width: int, origins: int
) -> None:
    chance = Random(width * origins)
    known = {f"c{place:02}": chance.random() ** 6 / width for place in range(0, width, 2)}
    known |= {"c98": 1e-17, "c97": known["c00"]}
    codes = [
        f"{channel}\x1f{origin}" if origins > 1 else channel
        for channel in sorted({*known, *(f"c{place:02}" for place in range(width))})
        for origin in range(origins)
    ]
    orders = [
        make_order(
            number,
            sorted((chance.random() * 10**6 for _ in range(chance.randrange(40))), reverse=True),
            [
                chance.choice((0, 1, 99, 10**4, 10**6, 10**15))
                for _ in range(chance.randrange(1, 4))
            ],
            chance.choices(codes, k=chance.randrange(1, 1 + len(codes))),
        )
        for number in range(300)
    ]
    all_codes = sorted({*codes, "direct", "unattributed"})
    assert compare_with_oracle(orders, [make_version(known)], all_codes) == 0
