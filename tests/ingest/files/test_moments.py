"""Moments as files write them: read exactly, or rejected."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skeldir.ingest.files.moments import Ambiguous, moment_reader
from skeldir.ingest.rejections import ItemRejected

NOON = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)


def read_time(
    cell: object,
    form: str = "iso",
    zone: str | None = None,
    ambiguous: Ambiguous = "refuse",
) -> object:
    return moment_reader(form, zone, ambiguous)(cell)


@pytest.mark.parametrize(
    "cell",
    [
        "2026-06-01T12:00:00Z",
        "2026-06-01T14:00:00+02:00",
        "2026-06-01 14:00:00+0200",
        "2026-06-01 14:00:00 +0200",
        "2026-06-01 07:00:00 -05:00",
        "2026-06-01 12:00:00 UTC",
        "2026-06-01 12:00:00.000000 UTC",
        "20260601T120000Z",
        NOON.astimezone(timezone(timedelta(hours=9))),
    ],
)
@pytest.mark.parametrize("zone", [None, "Asia/Tokyo"])
def test_an_offset_in_the_cell_always_counts(cell: object, zone: str | None) -> None:
    assert read_time(cell, zone=zone) == NOON


@pytest.mark.parametrize("cell", ["2026-06-01 14:00", "2026-06-01T14:00:00", "20260601T140000"])
def test_the_time_zone_is_for_times_without_an_offset(cell: str) -> None:
    assert read_time(cell, zone="Europe/Berlin") == NOON
    assert read_time(cell) == cell
    assert read_time(datetime.fromisoformat(cell), zone="Europe/Berlin") == NOON


@pytest.mark.parametrize(
    "cell", ["2026-06-01", "2026-06-01+02:00", "20260601", "noon", "", None, 7]
)
def test_a_cell_that_is_not_a_moment_is_left_to_the_common_rules(cell: object) -> None:
    assert read_time(cell, zone="Europe/Berlin") is cell


def test_a_local_time_that_the_zone_skips_is_rejected() -> None:
    for cell in ("2026-03-29 02:00", "2026-03-29 02:59:59.999999"):
        for ambiguous in ("refuse", "earlier", "later"):
            with pytest.raises(ItemRejected, match="does not exist in Europe/Berlin") as caught:
                read_time(cell, zone="Europe/Berlin", ambiguous=ambiguous)
            assert caught.value.item_code == "occurred_at_invalid"
    assert read_time("2026-03-29 01:59:59", zone="Europe/Berlin") == datetime(
        2026, 3, 29, 0, 59, 59, tzinfo=UTC
    )
    assert read_time("2026-03-29 03:00", zone="Europe/Berlin") == datetime(
        2026, 3, 29, 1, tzinfo=UTC
    )


def test_a_local_time_that_occurs_twice_is_rejected_or_read_by_the_stated_rule() -> None:
    cell = "2026-10-25 02:30"
    with pytest.raises(ItemRejected, match="occurs twice in Europe/Berlin") as caught:
        read_time(cell, zone="Europe/Berlin")
    assert caught.value.item_code == "occurred_at_invalid"
    earlier = read_time(cell, zone="Europe/Berlin", ambiguous="earlier")
    later = read_time(cell, zone="Europe/Berlin", ambiguous="later")
    assert earlier == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    assert later == datetime(2026, 10, 25, 1, 30, tzinfo=UTC)


@given(
    st.datetimes(datetime(2000, 1, 1), datetime(2030, 1, 1)),  # noqa: DTZ001 - local times
    st.sampled_from(["Europe/Berlin", "America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe"]),
    st.sampled_from(["earlier", "later"]),
)
def test_a_local_time_survives_conversion_to_utc_and_back(
    local: datetime, zone: str, ambiguous: Ambiguous
) -> None:
    try:
        moment = read_time(local.isoformat(" "), zone=zone, ambiguous=ambiguous)
    except ItemRejected:
        shifted = local.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC).astimezone(ZoneInfo(zone))
        assert shifted.replace(tzinfo=None) != local
    else:
        assert isinstance(moment, datetime)
        assert moment.tzinfo is UTC
        assert moment.astimezone(ZoneInfo(zone)).replace(tzinfo=None, fold=0) == local


@pytest.mark.parametrize(
    ("form", "cell"),
    [
        ("epoch_seconds", "1780315200"),
        ("epoch_seconds", "1780315200.000"),
        ("epoch_seconds", 1780315200),
        ("epoch_seconds", 1780315200.0),
        ("epoch_milliseconds", "1780315200000"),
        ("epoch_microseconds", 1780315200000000),
        ("%d.%m.%Y %H:%M %z", "01.06.2026 14:00 +0200"),
    ],
)
def test_times_are_read_in_the_stated_format(form: str, cell: object) -> None:
    assert read_time(cell, form) == NOON


def test_a_fraction_of_an_epoch_second_is_kept() -> None:
    assert read_time("1780315200.25", "epoch_seconds") == NOON + timedelta(milliseconds=250)


def test_a_pattern_without_an_offset_takes_the_time_zone() -> None:
    assert read_time("01.06.2026 14:00", "%d.%m.%Y %H:%M", "Europe/Berlin") == NOON
    midnight = read_time("2026-06-01", "%Y-%m-%d", "Europe/Berlin")
    assert midnight == NOON - timedelta(hours=14)


@pytest.mark.parametrize("form", ["epoch_seconds", "epoch_milliseconds", "%d.%m.%Y %H:%M", "iso"])
@pytest.mark.parametrize(
    "cell", ["soon", "9" * 20, "1e9", "٣", "0001-01-01T00:00:00+14:00", True, 1e300, "-", "\x00"]
)
def test_a_cell_in_another_format_is_rejected_or_left_as_it_is(form: str, cell: object) -> None:
    try:
        assert read_time(cell, form, "Europe/Berlin") is cell
    except ItemRejected as error:
        assert error.item_code == "occurred_at_invalid"  # noqa: PT017 - either is right


@pytest.mark.parametrize("form", ["epoch_seconds", "%d.%m.%Y %H:%M", "iso"])
@pytest.mark.parametrize("cell", ["", None])
def test_an_empty_cell_is_a_missing_moment(form: str, cell: object) -> None:
    assert read_time(cell, form, "UTC") is cell
