"""Moments as files write them: read exactly, or rejected."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta, timezone
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skeldir.ingest.files.moments import Ambiguous, join_cells, moment_reader
from skeldir.ingest.files.time_evidence import find_moment_columns, settle_times
from skeldir.ingest.files.written_times import DATE_ORDERS
from skeldir.ingest.files.zones import ABBREVIATIONS, zone_named
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
    assert read_time(date(2026, 6, 1), "%Y-%m-%d", "Europe/Berlin") == midnight
    assert read_time(date(2026, 6, 1), zone="Europe/Berlin") == date(2026, 6, 1)


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


# ---------------------------------------------------------------- zones


@pytest.mark.parametrize(
    ("cell", "zone"),
    [
        ("2026-06-01 05:00:00 PDT", "-7"),
        ("2026-06-01 14:00 CEST", "+2"),
        ("2026-06-01 14:00 MESZ", "+2"),
        ("2026-06-01 13:00:00 BST", "+1"),
        ("2026-06-01 14:00:00 Europe/Berlin", "IANA"),
        ("2026-06-01 09:00 America/Argentina/Buenos_Aires", "IANA"),
        ("2026-06-01 08:00:00 Eastern Time (US & Canada)", "Rails"),
        ("2026-06-01 14:00 (CEST)", "+2"),
        ("2026-06-01 14:00 GMT+2", "+2"),
        ("2026-06-01 14:00 UTC+02:00", "+2"),
        ("2026-06-01T14:00:00 GMT+0200", "+2"),
        ("2026-06-01 10:00 Etc/GMT+2", "IANA turns the sign of these"),
    ],
)
def test_a_zone_beside_a_time_counts(cell: str, zone: str) -> None:
    assert read_time(cell) == NOON, zone
    assert read_time(cell, zone="Asia/Tokyo") == NOON, zone


@pytest.mark.parametrize("name", ["IST", "CST", "AST", "QQT", "Europe/Berlim"])
def test_a_zone_of_several_meanings_or_none_is_rejected_with_the_line_to_write(name: str) -> None:
    for cell, form in (
        (f"2026-06-01 14:00 {name}", "iso"),
        (f"1/6/2026 14:00 {name}", "day_first"),
    ):
        with pytest.raises(ItemRejected, match=r"under \[zones\]") as caught:
            read_time(cell, form, "UTC")
        assert caught.value.item_code == "occurred_at_invalid"


def test_a_mapping_gives_the_meaning_of_a_zone() -> None:
    cell = "2026-06-01 07:00:00 CST"
    with pytest.raises(ItemRejected, match=r"under \[zones\]"):
        read_time(cell)
    for meaning in ("-05:00", "America/Chicago", "EST"):
        assert moment_reader("iso", None, "refuse", {"CST": meaning})(cell) == NOON


def test_a_gap_of_a_zone_beside_the_time_is_rejected() -> None:
    with pytest.raises(ItemRejected, match="does not exist in Europe/Berlin"):
        read_time("2026-03-29 02:30 Europe/Berlin")


def test_each_abbreviation_states_an_offset_that_exists() -> None:
    for name in ABBREVIATIONS:
        assert isinstance(zone_named(name, {}), timezone), name


# ---------------------------------------------------------------- other formats


@pytest.mark.parametrize(
    ("form", "cell"),
    [
        ("day_first", "01.06.2026 14:00"),
        ("day_first", "1.6.2026 14:00:00"),
        ("day_first", "01/06/2026, 14:00:00.000"),
        ("day_first", "01-06-2026 02:00 PM"),
        ("month_first", "06/01/2026 2:00 PM"),
        ("month_first", "6/1/2026 02:00:00 p.m."),
        ("month_first", "06/01/2026 05:00:00 PDT"),
        ("year_first", "2026/06/01 14:00"),
        ("year_first", "2026.06.01 14:00:00"),
        ("month_name", "Jun 1, 2026, 2:00 PM"),
        ("month_name", "Jun 1, 2026, 2:00\u202fPM"),
        ("month_name", "June 1, 2026 at 2:00 PM"),
        ("month_name", "Mon, 01 Jun 2026 14:00:00 +0200"),
        ("month_name", "1 Jun 2026 12:00:00 GMT"),
        ("month_name", "Mon Jun 01 2026 14:00:00 GMT+0200 (Central European Summer Time)"),
        ("day_first", "Jun 1, 2026, 2:00 PM"),
        ("%m/%d/%y %H:%M %Z", "06/01/26 05:00 PDT"),
        ("day_first", datetime(2026, 6, 1, 14, 0)),  # noqa: DTZ001 - a local time
        ("%d.%m.%Y %H:%M", datetime(2026, 6, 1, 14, 0)),  # noqa: DTZ001 - a local time
    ],
)
def test_the_usual_formats_are_read(form: str, cell: object) -> None:
    assert read_time(cell, form, "Europe/Berlin") == NOON


@pytest.mark.parametrize("form", ["day_first", "month_first", "year_first", "month_name"])
@pytest.mark.parametrize(
    "cell",
    [
        "31.31.2026 10:00", "13:00", "20/10/26 10:00", "1/1/2026 25:00", "1/1/2026 13:00 PM",
        "0/0/0000 0:00", "Foo 1, 2026, 1:00 PM", "1/1/2026 10:00 10:00", "9" * 500, "1/1/2026",
        "1.1/2026 10:00", "Feb 30, 2026 10:00",
    ],
)  # fmt: skip
def test_what_is_no_time_in_the_stated_order_is_rejected(form: str, cell: str) -> None:
    with pytest.raises(ItemRejected) as caught:
        read_time(cell, form, "UTC")
    assert caught.value.item_code == "occurred_at_invalid"


def test_a_time_without_a_zone_is_rejected_unless_one_is_stated() -> None:
    with pytest.raises(ItemRejected) as caught:
        read_time("20.10.2026 10:00", "day_first")
    assert caught.value.item_code == "occurred_at_without_offset"


PATTERNS: dict[str, list[str]] = {
    "day_first": ["%d.%m.%Y %H:%M:%S.%f", "%d/%m/%Y %I:%M:%S.%f %p", "%d-%m-%Y, %H:%M:%S.%f"],
    "month_first": ["%m/%d/%Y %I:%M:%S.%f %p", "%m-%d-%Y %H:%M:%S.%f"],
    "year_first": ["%Y/%m/%d %H:%M:%S.%f", "%Y.%m.%d %I:%M:%S.%f%p"],
    "month_name": [
        "%b %d, %Y, %I:%M:%S.%f %p",
        "%a, %d %b %Y %H:%M:%S.%f",
        "%B %d, %Y %H:%M:%S.%f",
    ],
}


@given(
    st.lists(st.datetimes(datetime(2001, 1, 1), datetime(2026, 1, 1)), min_size=1, max_size=6),  # noqa: DTZ001 - local
    st.sampled_from([(order, form) for order, forms in PATTERNS.items() for form in forms]),
    st.sampled_from(["", " +0000", " UTC", " EST", " GMT-5"]),
)
def test_times_in_any_format_are_read_exactly_or_asked_about(
    moments: list[datetime], written: tuple[str, str], zone: str
) -> None:
    order, pattern = written
    texts = [moment.strftime(pattern) + zone for moment in moments]
    answers = settle_times("Time", texts, None, {"time_zone": "UTC"})
    if answers.questions:
        assert order in ("day_first", "month_first")
        assert "Which number" in answers.questions[0]
        assert all(moment.day <= 12 for moment in moments)
        return
    form = answers.settings["time_format"]
    offset = timedelta(hours=-5) if zone in (" EST", " GMT-5") else timedelta(0)
    for moment, text in zip(moments, texts, strict=True):
        assert read_time(text, str(form), "UTC") == moment.replace(tzinfo=timezone(offset))


# ---------------------------------------------------------------- columns


def settle(
    *values: str, whole: list[str] | None = None, **given: object
) -> tuple[dict[str, object], str]:
    answers = settle_times('"When"', values, None if whole is None else lambda: iter(whole), given)
    return answers.settings, " ".join(answers.questions)


def test_the_order_of_a_date_is_found_where_some_value_proves_it() -> None:
    local = {"time_zone": "UTC"}
    assert settle("03/04/2026 10:00", "20/04/2026 10:00", **local) == (
        {"time_format": "day_first"},
        "",
    )
    whole = ["03/04/2026 10:00", "04/20/2026 10:00"]
    assert settle("03/04/2026 10:00", whole=whole, **local)[0] == {"time_format": "month_first"}


def test_dates_that_do_not_show_their_order_are_asked_about() -> None:
    settings, asked = settle("03/04/2026 10:00", "01/02/2026 10:00", time_zone="UTC")
    assert settings == {}
    assert 'time_format = "day_first" or "month_first"' in asked
    contradicted = ["20/04/2026 10:00", "04/20/2026 10:00"]
    settings, asked = settle(contradicted[0], whole=contradicted, time_zone="UTC")
    assert settings == {}
    assert "different orders" in asked


def test_a_column_of_zones_beside_whole_times_is_asked_about() -> None:
    """It may be the zone of the visitor, with times in UTC."""
    answers = settle_times('"at"', ["2026-10-20 10:00"], None, {}, "TimeZone")
    assert 'If "TimeZone" has it: occurred_at = ["at", "TimeZone"]' in answers.questions[0]


def test_zones_of_several_meanings_are_asked_about() -> None:
    for value in ("10/20/2026 10:00 CST", "2026-10-20 10:00:00 CST"):
        assert 'The zone "CST" has several meanings' in settle(value)[1]
        assert settle(value, zones={"CST": "America/Chicago"})[1] == ""


def test_the_columns_of_a_moment_are_found() -> None:
    cells = {
        "Date": ["10/20/2026"], "Time": ["09:15:00"], "TimeZone": ["PDT"], "at": ["2026-10-20 10:00"],
        "full": ["2026-10-20T10:00:00Z"], "word": ["noon"],
    }  # fmt: skip
    spelled = {"date": "Date", "time": "Time", "timezone": "TimeZone"}

    def find(column: str, **more: str) -> list[str]:
        return find_moment_columns(column, spelled | more, lambda name: cells[name])

    assert find("Time") == ["Date", "Time", "TimeZone"]
    assert find("Date") == ["Date", "Time", "TimeZone"]
    assert find("at") == ["at"]
    assert find("full") == ["full"]
    assert find("Date", time="word") == ["Date"]


@pytest.mark.parametrize(
    ("cells", "joined"),
    [
        (["2026-10-20", "09:15:00", "PDT"], "2026-10-20 09:15:00 PDT"),
        (["2026-10-20", "09:15:00", ""], "2026-10-20 09:15:00"),
        (["", "09:15:00", "PDT"], None),
        (["n/a", "09:15:00", "PDT"], None),
        ([datetime(2026, 10, 20), time(9, 15), "PDT"], "2026-10-20 09:15:00 PDT"),  # noqa: DTZ001 - a spreadsheet's
        ([date(2026, 10, 20), datetime(1899, 12, 31, 9, 15)], "2026-10-20 09:15:00"),  # noqa: DTZ001 - a spreadsheet's
    ],
)  # fmt: skip
def test_the_cells_of_a_moment_are_joined(cells: list[object], joined: object) -> None:
    assert join_cells(cells) == joined


def test_the_documented_table_of_zones_is_the_one_in_use() -> None:
    text = (Path(__file__).parents[3] / "docs" / "values.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| ([+-][0-9]{2}:[0-9]{2}) \| ([A-Z ]+) \|$", text, re.MULTILINE)
    documented = {name: offset for offset, names in rows for name in names.split()}
    assert documented == ABBREVIATIONS


@given(st.text(alphabet="0123456789:./-, TZ+AMPapOctJun()\u202f\x00\ud83d²", max_size=80))
def test_any_text_is_a_moment_left_alone_or_rejected(text: str) -> None:
    settle_times("x", [text], None, {})
    for form in ("iso", *DATE_ORDERS, "epoch_seconds", "%d.%m.%Y %H:%M %Z"):
        try:
            moment = read_time(text, form, "Europe/Berlin")
        except ItemRejected as error:
            assert error.item_code.startswith("occurred_at")  # noqa: PT017 - either is right
        else:
            assert moment is text or (isinstance(moment, datetime) and moment.tzinfo is UTC)
