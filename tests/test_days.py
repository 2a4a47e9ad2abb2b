"""The day of a moment in a zone is that of `zoneinfo`, in every zone, at every change of its clock."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from skeldir.days import (
    UTC_DAYS,
    UTC_RULES,
    LocalDays,
    TimeZoneUnknown,
    days_by,
    read_rules,
    stored_days,
)

# Changes at midnight, half hours, a day that never was, a day of 23:30, and zones without any change.
ODD = (
    "America/Havana",
    "America/Sao_Paulo",
    "America/St_Johns",
    "Asia/Kathmandu",
    "Asia/Kolkata",
    "Australia/Lord_Howe",
    "Europe/Berlin",
    "Pacific/Apia",
    "Pacific/Chatham",
    "Africa/Casablanca",
    "Etc/GMT+12",
    "UTC",
)
zones = st.sampled_from(ODD) | st.sampled_from(
    sorted(available_timezones() - {"localtime", "Factory", "posixrules"})
)
moments = st.datetimes(datetime(2000, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - hypothesis adds the zone


@cache
def days_of(name: str) -> LocalDays:
    return LocalDays(read_rules(name))


def to_us(moment: datetime) -> int:
    return (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)


# The first example of a zone reads its rules, which takes a thousand times as long as a day.
@settings(deadline=None, max_examples=50)
@given(
    zone=zones,
    tried=st.lists(moments, min_size=2, max_size=8),
    beside=st.sampled_from([-1, 0, 1]),
)
@example(zone="America/Sao_Paulo", tried=[], beside=0)
def test_the_day_of_any_moment_in_any_zone_is_that_of_its_clock(
    zone: str, tried: list[datetime], beside: int
) -> None:
    """A clock that goes back at midnight shows the day before again: its change belongs to that day."""
    days = days_of(zone)
    tried = [*tried, *(one + timedelta(microseconds=beside) for one in days.rules.changes)]
    numbers = days.numbers_of(np.array([to_us(one) for one in tried], np.int64))
    for one, number in zip(tried, numbers.tolist(), strict=True):
        expected = one.astimezone(ZoneInfo(zone)).date()
        assert days.day_of(one) == expected
        assert date(1970, 1, 1) + timedelta(days=number) == expected


def test_days_have_23_24_and_25_hours() -> None:
    days = days_of("Europe/Berlin")
    begin = datetime(2026, 1, 1, tzinfo=UTC)
    hours: dict[date, int] = {}
    for hour in range(365 * 24):
        day = days.day_of(begin + timedelta(hours=hour))
        hours[day] = hours.get(day, 0) + 1
    assert hours[date(2026, 3, 29)] == 23
    assert hours[date(2026, 10, 25)] == 25
    assert hours[date(2026, 10, 20)] == 24


@pytest.mark.parametrize(
    "name",
    [
        "",
        "utc",
        "Berlin",
        "europe/berlin",
        "Europe/Berlin ",
        "CEST",
        "+02:00",
        "UTC+2",
        "EST5EDT4",
        "../../etc/passwd",
        "/etc/localtime",
        "localtime",
        "Factory",
        "posix/UTC",
        "right/UTC",
        "Europe/Berlin\0",
    ],
)
def test_what_is_no_name_of_a_zone_is_refused(name: str) -> None:
    with pytest.raises(TimeZoneUnknown):
        read_rules(name)


def test_without_stored_rules_days_are_those_of_utc() -> None:
    assert stored_days(None, None, None) is UTC_DAYS
    assert read_rules("UTC") == UTC_RULES
    assert UTC_RULES.is_utc
    assert not read_rules("Africa/Abidjan").offsets_s[0]


def test_stored_rules_are_used_and_not_those_of_this_machine() -> None:
    rules = read_rules("Asia/Tokyo")
    moved = stored_days("Asia/Tokyo", rules.changes, [offset + 3600 for offset in rules.offsets_s])
    moment = datetime(2026, 1, 1, 14, 30, tzinfo=UTC)
    assert days_by(rules).day_of(moment) == date(2026, 1, 1)
    assert moved.day_of(moment) == date(2026, 1, 2)


@pytest.mark.parametrize("zone", ODD)
def test_the_first_and_the_last_day_of_the_calendar_have_a_beginning(zone: str) -> None:
    days = LocalDays(read_rules(zone))
    for day in (date.min, date.min + timedelta(days=1), date.max):
        assert days.day_of(days.start_of(day)) == day


@pytest.mark.parametrize("zone", ODD)
def test_a_day_ends_after_its_last_moment_also_where_clocks_go_back_over_midnight(
    zone: str,
) -> None:
    days = days_of(zone)
    near = [change for change in days.rules.changes if change.year in (2005, 2010, 2011, 2018)]
    for day in {days.day_of(change) for change in near} | {date(2026, 11, 29)}:
        for one in (day - timedelta(days=1), day):
            end = days.end_of(one)
            assert days.day_of(end - timedelta(microseconds=1)) <= one
            assert days.day_of(end) > one
            hours = (end + timedelta(minutes=n) for n in range(0, 1_800, 15))
            assert all(days.day_of(moment) > one for moment in hours)
