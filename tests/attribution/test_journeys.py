from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skeldir.attribution.journeys import select_touches
from skeldir.attribution.models import JourneyTouch, ModelVersion

START = datetime(2025, 6, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
MICROSECOND = timedelta(microseconds=1)
MONTH = timedelta(days=30)


def make_touch(occurred_at: datetime, key: str = "t") -> JourneyTouch:
    return JourneyTouch(occurred_at, "email", key)


def make_version(
    after_conversion: Literal["keep", "reset"] = "keep", lookback: timedelta = MONTH
) -> ModelVersion:
    return ModelVersion("linear.1", "linear", lookback, after_conversion)


def is_selected(
    occurred_at: datetime,
    *,
    previous: datetime | None = None,
    after_conversion: Literal["keep", "reset"] = "keep",
) -> bool:
    selected = select_touches(
        [make_touch(occurred_at)],
        converted_at=START + MONTH,
        previous_conversion_at=previous,
        version=make_version(after_conversion),
    )
    return len(selected) == 1


@pytest.mark.parametrize(
    ("occurred_at", "expected"),
    [
        (START - MICROSECOND, False),
        (START, True),
        (START + MONTH, True),
        (START + MONTH + MICROSECOND, False),
    ],
)
def test_both_ends_of_the_window_are_inside(occurred_at: datetime, expected: bool) -> None:
    assert is_selected(occurred_at) is expected


def test_the_window_is_measured_in_moments_not_in_local_time() -> None:
    tokyo = timezone(timedelta(hours=9))
    assert is_selected(START.astimezone(tokyo))
    assert not is_selected((START - MICROSECOND).astimezone(tokyo))


@pytest.mark.parametrize(
    ("occurred_at", "expected"),
    [
        (START + 9 * HOUR, False),
        (START + 10 * HOUR, False),
        (START + 10 * HOUR + MICROSECOND, True),
        (START + MONTH, True),
    ],
)
def test_reset_begins_after_the_moment_of_the_previous_conversion(
    occurred_at: datetime, expected: bool
) -> None:
    previous = START + 10 * HOUR
    assert is_selected(occurred_at, previous=previous, after_conversion="reset") is expected
    assert is_selected(occurred_at, previous=previous, after_conversion="keep")


def test_a_first_conversion_resets_nothing() -> None:
    assert is_selected(START, previous=None, after_conversion="reset")


def test_a_previous_conversion_before_the_window_does_not_widen_it() -> None:
    before = START - MONTH
    assert not is_selected(START - MICROSECOND, previous=before, after_conversion="reset")
    assert is_selected(START, previous=before, after_conversion="reset")


def test_touches_of_one_moment_stay_together_in_their_order() -> None:
    touches = [make_touch(START, key) for key in "abc"]
    selected = select_touches(
        touches,
        converted_at=START,
        previous_conversion_at=None,
        version=make_version(lookback=timedelta(0)),
    )
    assert selected == touches


hours = st.integers(0, 40)


@given(
    st.lists(hours),
    hours,
    st.none() | hours,
    st.integers(0, 20),
    st.sampled_from(["keep", "reset"]),
)
def test_selecting_equals_checking_every_touch(
    occurred: list[int],
    converted: int,
    previous: int | None,
    lookback: int,
    after_conversion: Literal["keep", "reset"],
) -> None:
    touches = [make_touch(START + at * HOUR, f"{n}") for n, at in enumerate(sorted(occurred))]
    expected = [
        touch
        for touch, at in zip(touches, sorted(occurred), strict=True)
        if converted - lookback <= at <= converted
        and (after_conversion == "keep" or previous is None or at > previous)
    ]
    selected = select_touches(
        touches,
        converted_at=START + converted * HOUR,
        previous_conversion_at=None if previous is None else START + previous * HOUR,
        version=make_version(after_conversion, lookback * HOUR),
    )
    assert list(selected) == expected
