from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal, localcontext
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skeldir.attribution.models import (
    RULE_MODELS,
    JourneyTouch,
    ModelUnknown,
    ModelVersion,
    ModelVersionInvalid,
    channel_weights,
    touch_weights,
)
from skeldir.attribution.models.halving import UNIT, halved

NOON = datetime(2025, 6, 1, 12, tzinfo=UTC)
DAY = timedelta(days=1)
WHOLE_MODELS = [name for name in RULE_MODELS if name != "time_decay"]


def make_journey(*channels: str) -> list[JourneyTouch]:
    return [
        JourneyTouch(NOON + number * DAY, channel, f"t{number:04}")
        for number, channel in enumerate(channels)
    ]


channel_lists = st.lists(st.sampled_from(["direct", "email", "paid_search"]), min_size=1)
ages = st.lists(st.timedeltas(timedelta(0), timedelta(days=392)), min_size=1, max_size=12)


def shares(model: str, journey: Sequence[JourneyTouch]) -> list[Fraction]:
    weights = touch_weights(model, journey)
    return [Fraction(weight, sum(weights)) for weight in weights]


def expected_shares(model: str, channels: list[str]) -> list[Fraction]:
    """The model's definition, written with fractions, without regard to speed."""
    count = len(channels)
    share = [Fraction(0)] * count
    if model == "first_touch":
        share[0] = Fraction(1)
    elif model == "last_touch":
        share[-1] = Fraction(1)
    elif model == "last_non_direct":
        named = [index for index, channel in enumerate(channels) if channel != "direct"]
        share[named[-1] if named else -1] = Fraction(1)
    elif model == "linear":
        share = [Fraction(1, count)] * count
    elif count == 1:
        share = [Fraction(1)]
    elif count == 2:
        share = [Fraction(1, 2)] * 2
    else:
        share = [Fraction(20, 100) / (count - 2)] * count
        share[0] = share[-1] = Fraction(40, 100)
    return share


@pytest.mark.parametrize("model", WHOLE_MODELS)
@given(channels=channel_lists)
def test_a_model_gives_the_shares_of_its_definition(model: str, channels: list[str]) -> None:
    assert shares(model, make_journey(*channels)) == expected_shares(model, channels)


def test_there_are_six_models() -> None:
    assert RULE_MODELS == (
        "first_touch", "last_touch", "last_non_direct", "linear", "position_based", "time_decay",
    )  # fmt: skip


@pytest.mark.parametrize("model", RULE_MODELS)
def test_a_single_touch_earns_everything(model: str) -> None:
    assert shares(model, make_journey("direct")) == [1]


def test_position_based_is_40_20_40() -> None:
    assert shares("position_based", make_journey("a", "b")) == [Fraction(1, 2)] * 2
    assert shares("position_based", make_journey("a", "b", "c")) == [
        Fraction(2, 5), Fraction(1, 5), Fraction(2, 5),
    ]  # fmt: skip


def test_last_non_direct_skips_direct_only() -> None:
    assert touch_weights("last_non_direct", make_journey("a", "unknown", "direct")) == [0, 1, 0]
    assert touch_weights("last_non_direct", make_journey("direct", "direct")) == [0, 1]


def test_a_touch_one_half_life_older_weighs_exactly_half() -> None:
    journey = [JourneyTouch(NOON - 7 * DAY, "a", "1"), JourneyTouch(NOON, "b", "2")]
    assert shares("time_decay", journey) == [Fraction(1, 3), Fraction(2, 3)]
    weights = touch_weights("time_decay", journey, half_life_days=3.5)
    assert weights[1] == 4 * weights[0]
    assert touch_weights("time_decay", journey, half_life_days=Fraction(7, 2)) == weights


@given(ages, st.floats(0.5, 400))
def test_time_decay_is_two_to_the_minus_age_over_half_life(
    before: list[timedelta], half_life_days: float
) -> None:
    journey = [
        JourneyTouch(NOON - age, "a", f"{number}")
        for number, age in enumerate(sorted(before, reverse=True))
    ]
    weights = touch_weights("time_decay", journey, half_life_days=half_life_days)
    half_life = timedelta(microseconds=round(half_life_days * 86_400_000_000))
    with localcontext(prec=60):
        exact = [two_to_minus(NOON - touch.occurred_at, half_life) for touch in journey]
        for weight, truth in zip(weights, exact, strict=True):
            ratio, true_ratio = Decimal(weight) / weights[-1], truth / exact[-1]
            error = abs(ratio - true_ratio)
            assert error <= max(true_ratio * Decimal(2) ** -53, Decimal(2) ** -119)


def two_to_minus(age: timedelta, half_life: timedelta) -> Decimal:
    microsecond = timedelta(microseconds=1)
    return Decimal(2) ** -(Decimal(age // microsecond) / Decimal(half_life // microsecond))


@given(st.integers(0, 10**17), st.integers(1, 10**17))
def test_halving_is_within_its_stated_error(age: int, half_life: int) -> None:
    with localcontext(prec=80):
        exact = Decimal(UNIT) * Decimal(2) ** -min(Decimal(age) / half_life, Decimal(10**6))
        allowed = max(exact * Decimal(2) ** -54, Decimal(1))
        assert abs(halved(age, half_life) - exact) <= allowed


@given(st.integers(0, 10**17), st.integers(1, 10**17), st.integers(0, 10) | st.integers(0, 10**12))
def test_an_older_age_never_weighs_more(age: int, half_life: int, older: int) -> None:
    assert halved(age + older, half_life) <= halved(age, half_life)


@given(st.integers(0, 2**56 - 2))
def test_adjacent_fractions_of_a_half_life_keep_their_order(age: int) -> None:
    assert halved(age + 1, 2**56) < halved(age, 2**56)


@pytest.mark.parametrize("boundary", [2**26, 2**36, 2**46, 2**55, 3 * 2**46])
def test_the_order_holds_where_a_digit_turns_over(boundary: int) -> None:
    weights = [halved(age, 2**56) for age in range(boundary - 50, boundary + 50)]
    assert weights == sorted(set(weights), reverse=True)


def test_whole_halvings_are_exact_down_to_zero() -> None:
    assert [halved(n * 7, 7) for n in range(57)] == [UNIT >> n for n in range(57)]
    assert halved(10**30, 1) == 0


def test_halving_is_the_same_on_every_machine() -> None:
    assert halved(1, 2) >> 56 == 13043817825332782212
    assert halved(10**11, 604_800_000_000) == 1185293769559343992164042175739330560


def test_no_age_is_too_old_for_time_decay() -> None:
    journey = [
        JourneyTouch(datetime(1, 1, 1, tzinfo=UTC), "a", "1"),
        JourneyTouch(datetime(9999, 1, 1, tzinfo=UTC), "b", "2"),
    ]
    assert touch_weights("time_decay", journey, half_life_days=1e-6) == [0, UNIT]


@given(channel_lists)
def test_every_weight_is_a_whole_number_not_negative_and_not_all_are_zero(
    channels: list[str],
) -> None:
    for model in RULE_MODELS:
        weights = touch_weights(model, make_journey(*channels))
        assert len(weights) == len(channels)
        assert all(type(weight) is int and weight >= 0 for weight in weights)
        assert sum(weights) > 0


def test_an_unknown_model_is_refused() -> None:
    with pytest.raises(ModelUnknown) as caught:
        touch_weights("u_shaped", make_journey("a"))
    assert caught.value.code == "model_unknown"
    assert "position_based" in caught.value.cure
    with pytest.raises(ModelUnknown):
        ModelVersion("u_shaped.1", "u_shaped")


@pytest.mark.parametrize("model", RULE_MODELS)
def test_an_empty_journey_is_refused(model: str) -> None:
    with pytest.raises(ValueError, match="empty journey"):
        touch_weights(model, [])


@pytest.mark.parametrize("half_life_days", [0, -7, float("nan"), float("inf"), 1e-12])
def test_a_half_life_must_be_positive_and_finite(half_life_days: float) -> None:
    with pytest.raises(ValueError, match="half-life"):
        touch_weights("time_decay", make_journey("a"), half_life_days=half_life_days)
    with pytest.raises(ModelVersionInvalid) as caught:
        ModelVersion("td.1", "time_decay", half_life_days=half_life_days)
    assert caught.value.code == "model_version_invalid"


def test_a_model_version_looks_back_30_days_and_keeps_touches_by_default() -> None:
    version = ModelVersion("linear.1", "linear")
    assert (version.lookback, version.after_conversion) == (timedelta(days=30), "keep")
    assert version.half_life_days == 7
    with pytest.raises(ModelVersionInvalid):
        ModelVersion("linear.1", "linear", lookback=timedelta(days=-1))
    with pytest.raises(ModelVersionInvalid):
        ModelVersion("linear.1", "linear", after_conversion="forget")  # type: ignore[arg-type]  # refused at run time too


@given(st.sampled_from(RULE_MODELS), channel_lists)
def test_the_sums_of_the_channels_are_those_of_the_weights_of_their_touches(
    model: str, channels: list[str]
) -> None:
    journey = make_journey(*channels)
    sums: dict[str, int] = {}
    for touch, weight in zip(journey, touch_weights(model, journey), strict=True):
        if weight:
            sums[touch.channel_code] = sums.get(touch.channel_code, 0) + weight
    assert channel_weights(model, journey) == sums


def test_summing_an_empty_journey_or_an_unknown_model_is_refused() -> None:
    with pytest.raises(ValueError, match="no touch"):
        channel_weights("linear", [])
    with pytest.raises(ModelUnknown):
        channel_weights("none", make_journey("email"))
