"""Files that count paths: each journey once, money to the unit, and nothing assumed."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from os import fsdecode
from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skeldir.db.pool import Database
from skeldir.ingest import (
    list_channels,
    list_dead_events,
    list_imports,
    target_of_import,
)
from skeldir.ingest.files import MappingInvalid, preview_paths
from skeldir.ingest.files.path_counts.asked import PathsAsked
from skeldir.ingest.files.path_counts.making import Division, Journeys
from skeldir.ingest.files.path_counts.reading import BadRow, CountedPath
from skeldir.ingest.files.path_counts.rounding import NO_ROUNDING, FileSum, RowUnits
from skeldir.ingest.rejections import UnreadableItem
from skeldir.money import split
from tests.support.path_files import DAY, choose, take, write_paths
from tests.support.taking_back import assert_sound, redo, undo
from tests.support.zones import set_zone

pytestmark = pytest.mark.shares_clone

ROWS = (
    "email > radio > email,3,10.00,2",
    "radio,0,0,4",
    "email > radio > email,1,0.01,0",
)


class _Killed(Exception):
    """Stands for whatever ends an import in the middle."""


async def counted(db: Database, tenant: UUID) -> tuple[int, int, int]:
    """Return the standing touches and their journeys, and the entries."""
    async with db.tenant(tenant) as connection:
        row = await connection.fetchrow(
            "SELECT (SELECT count(*) FROM standing_touches),"
            " (SELECT count(DISTINCT journey_key) FROM standing_touches), (SELECT count(*) FROM standing_entries)"
        )
    assert row is not None
    return tuple(row)


async def amounts(db: Database, tenant: UUID) -> list[int]:
    async with db.tenant(tenant) as connection:
        rows = await connection.fetch("SELECT amount_cents FROM standing_entries")
    return sorted((row[0] for row in rows), reverse=True)


async def test_each_conversion_and_each_null_becomes_a_journey_and_a_second_time_adds_nothing(
    db: Database, tenant: UUID, other_tenant: UUID, tmp_path: Path
) -> None:
    path = write_paths(tmp_path / "paths.csv", ROWS)
    report = await take(db, tenant, path)
    assert report.unit == "journeys"
    assert (report.done.rows_done, report.done.touches_accepted) == (10, 22)
    assert (report.done.conversions_accepted, report.done.rejected) == (4, 0)
    assert await counted(db, tenant) == (22, 10, 4)
    # 10.00 over three, by largest remainder.
    assert await amounts(db, tenant) == [334, 333, 333, 1]
    again = await take(db, tenant, path)
    assert again.was_complete
    # The same rows in a file of another name and form are the same journeys.
    other = write_paths(tmp_path / "other.csv", (*ROWS, "radio,0,0.00,0"))
    same = (await take(db, tenant, other)).done
    assert (same.accepted, same.duplicate, same.rejected) == (0, 26, 0)
    assert await counted(db, tenant) == (22, 10, 4)
    assert await counted(db, other_tenant) == (0, 0, 0)
    async with db.tenant(tenant) as connection:
        assert await list_channels(connection, tenant) == {"radio": "radio"}
    await assert_sound(db, tenant)


async def test_journeys_of_another_day_or_series_are_others(
    db: Database, tenant: UUID, tmp_path: Path
) -> None:
    path = write_paths(tmp_path / "paths.csv", ROWS)
    for given_too in ({}, {"series": "app"}, {"day": DAY.replace(day=11)}):
        assert (await take(db, tenant, path, **given_too)).done.duplicate == 0
    assert await counted(db, tenant) == (66, 30, 12)


async def test_touches_stand_in_the_order_of_the_path_and_end_on_the_day(
    db: Database, tenant: UUID, tmp_path: Path
) -> None:
    await set_zone(db, tenant, "Pacific/Auckland")
    path = write_paths(tmp_path / "paths.csv", ("email > direct > email > sms,1,5,1",))
    await take(db, tenant, path)
    async with db.tenant(tenant) as connection:
        journeys = await connection.fetch(
            "SELECT array_agg(channel_code ORDER BY occurred_at), max(occurred_at),"
            " max(occurred_at) - min(occurred_at) FROM attribution_events GROUP BY journey_key ORDER BY 2"
        )
        captured = await connection.fetchval("SELECT occurred_at FROM revenue_ledger")
    assert [row[0] for row in journeys] == [["email", "direct", "email", "sms"]] * 2
    assert {row[2].total_seconds() for row in journeys} == {180}
    assert f"{captured:%Y-%m-%d %H:%M}" == "2026-03-09 23:00"  # noon in New Zealand
    assert [(captured - row[1]).total_seconds() for row in journeys] == [60, 0]


async def test_whatever_is_open_is_asked_at_once_and_nothing_is_imported(
    db: Database, tenant: UUID, tmp_path: Path
) -> None:
    path = tmp_path / "paths.csv"
    path.write_text("Path,total_conversions,total_null\nemail,1,1\n", encoding="utf-8")
    with pytest.raises(MappingInvalid) as open_questions:
        await choose(db, tenant, path, currency=None, day=None)
    said = open_questions.value.detail + open_questions.value.cure
    for option in (
        "--path-column",
        "--value-column",
        "--no-values",
        "--currency EUR",
        "--day 2026-06-30",
    ):
        assert option in said
    assert 'Did you mean "Path"?' in said
    chosen = await choose(db, tenant, path, path_column="Path", has_no_values=True)
    assert chosen.codes == {"email": "email"}
    for wrong, option in (
        ({"day": DAY.replace(year=2100)}, "--day"),
        ({"day": DAY.replace(year=1999)}, "--day"),
        ({"currency": "eur"}, "--currency"),
        ({"separator": ""}, "--separator"),
    ):
        with pytest.raises(MappingInvalid, match=option):
            await choose(db, tenant, path, path_column="Path", has_no_values=True, **wrong)


async def test_names_that_are_no_codes_are_named_and_get_the_channel_that_is_given(
    db: Database, tenant: UUID, tmp_path: Path
) -> None:
    path = write_paths(
        tmp_path / "paths.csv", ("Paid Search > email,1,5.00,0", "unattributed,0,0,1")
    )
    with pytest.raises(MappingInvalid, match=r"Paid Search.*unattributed"):
        await choose(db, tenant, path)
    channels = {"Paid Search": "paid_search", "unattributed": "unknown"}
    report = await take(db, tenant, path, channels=channels)
    assert (report.done.touches_accepted, report.done.rejected) == (3, 0)
    with pytest.raises(MappingInvalid, match="Paid Serch"):
        await choose(db, tenant, path, channels=channels | {"Paid Serch": "paid_search"})
    # With another separator, whole paths are no codes.
    with pytest.raises(MappingInvalid, match="--separator"):
        await choose(db, tenant, path, channels=channels, separator=" | ")


async def test_values_finer_than_the_currency_are_refused_or_rounded_so_that_the_sum_stays(
    db: Database, tenant: UUID, tmp_path: Path
) -> None:
    rows = ("email,1,0.244,0", "sms,2,3.195,1", "direct,1,2.4019999999999997,0", "push,0,0.0,1")
    path = write_paths(tmp_path / "paths.csv", rows)
    with pytest.raises(MappingInvalid, match="In 3 rows, first in row 1"):
        await choose(db, tenant, path)
    await take(db, tenant, path, rounds=True)
    # 5.8409999999999997 in all: of 0.4, 0.5 and 0.2 of a cent that are left over, the largest gets it.
    assert await amounts(db, tenant) == [240, 160, 160, 24]
    exact = write_paths(tmp_path / "dinars.csv", ("email,1,0.244,0",))
    assert (await take(db, tenant, exact, currency="KWD", series="kw")).done.rejected == 0
    assert await amounts(db, tenant) == [244, 240, 160, 160, 24]


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "Etc/GMT+12"])
async def test_values_and_days_without_measure_are_asked_about(
    db: Database, tenant: UUID, tmp_path: Path, zone: str
) -> None:
    await set_zone(db, tenant, zone)
    huge = write_paths(tmp_path / "huge.csv", ("email,1,99999999999999999999e99,0",) * 20)
    with pytest.raises(MappingInvalid, match="more than can be recorded"):
        await choose(db, tenant, huge, currency="KWD")
    tiny = write_paths(tmp_path / "tiny.csv", ("email,1,1e-99,0", "sms,1,1,0"))
    with pytest.raises(MappingInvalid, match="In 1 rows, first in row 1"):
        await choose(db, tenant, tiny)
    await take(db, tenant, tiny, rounds=True)
    assert await amounts(db, tenant) == [100, 0]
    for day in (date.min, date.max):
        with pytest.raises(MappingInvalid, match="Nothing can have ended"):
            await choose(db, tenant, tiny, day=day)


async def test_bytes_that_are_no_text_in_a_file_name_are_shown_and_in_an_option_refused(
    db: Database, tenant: UUID, tmp_path: Path
) -> None:
    path = write_paths(tmp_path / fsdecode(b"caf\xe9.csv"), ("email,1,5.00,0",))
    for option in ("series", "separator"):
        with pytest.raises(MappingInvalid, match=f"--{option} is no UTF-8"):
            await choose(db, tenant, path, **{option: fsdecode(b"\xe9")})
    assert (await take(db, tenant, path)).done.conversions_accepted == 1
    async with db.tenant(tenant) as connection:
        (listed,) = await list_imports(connection, tenant)
    assert listed.file_name == r"caf\udce9.csv"


async def test_bad_rows_are_named_by_their_lines_and_the_corrected_file_adds_only_them(
    db: Database, tenant: UUID, tmp_path: Path
) -> None:
    wrong = (
        "email,1,5.00,0",
        "sms,many,1.00,0",
        " > sms,1,1.00,0",
        "sms,0,1.00,1",
        "sms,1,-1.00,1",
        '"sms",1,,1',
        "sms,1,1.00,1,9",
        "sms,1,abc,1",
        "direct,1,2.00,1",
        f"{' > '.join(['sms'] * 1001)},1,1,1",
    )
    path = write_paths(tmp_path / "paths.csv", wrong)
    report = await take(db, tenant, path)
    assert sorted((one.line, one.code) for one in report.examples) == [
        (3, "count_invalid"),
        (4, "path_invalid"),
        (5, "value_without_conversions"),
        (6, "amount_negative"),
        (7, "amount_missing"),
        (8, "row_malformed"),
        (9, "amount_invalid"),
        (11, "path_invalid"),
    ]
    assert report.done.rejected == 8
    cures = {one.code: one.cure for one in report.examples}
    assert cures["amount_missing"] == "Write the value of the row's conversions, or 0."
    async with db.tenant(tenant) as connection:
        dead = await list_dead_events(connection, tenant)
    assert {(one.place, one.part) for one in dead} == {
        (row, None) for row in (2, 3, 4, 5, 6, 7, 8, 10)
    }
    assert await counted(db, tenant) == (3, 3, 2)
    right = [*wrong[:1], *["sms,1,1.00,1"] * 7, *wrong[8:9]]
    corrected = (await take(db, tenant, write_paths(tmp_path / "right.csv", right))).done
    assert (corrected.touches_duplicate, corrected.conversions_duplicate) == (3, 2)
    assert (corrected.touches_accepted, corrected.conversions_accepted) == (14, 7)
    assert corrected.rejected == 0


async def test_a_value_that_contradicts_an_earlier_import_is_refused_by_its_line(
    db: Database, tenant: UUID, tmp_path: Path
) -> None:
    rows = ["email,2,5.00,3", "sms > sms,4,8.00,3"]
    await take(db, tenant, write_paths(tmp_path / "paths.csv", rows))
    rows[1] = "sms > sms,4,8.01,3"
    report = await take(db, tenant, write_paths(tmp_path / "other.csv", rows))
    assert report.rejected_by_code == {"idempotency_key_reused": 1}
    assert [(one.row, one.line) for one in report.examples] == [(2, 3)]
    assert "--series" in report.examples[0].cure
    async with db.tenant(tenant) as connection:
        (dead,) = await list_dead_events(connection, tenant)
    assert (dead.part, dead.place) == ("journey", 6)
    assert sum(await amounts(db, tenant)) == 1_300


async def test_an_import_that_broke_off_within_a_row_goes_on_where_it_stopped(
    db: Database, tenant: UUID, other_tenant: UUID, tmp_path: Path
) -> None:
    rows = ("email > sms,7,10.01,5", "sms,bad,0,0", "direct,3,0.02,40", "email > sms,2,3.00,2")
    path = write_paths(tmp_path / "paths.csv", rows)
    stopped: list[int] = []

    def stop(done: object) -> None:
        stopped.append(getattr(done, "rows_done"))  # noqa: B009 - of whatever progress is
        if len(stopped) == 3:
            raise _Killed

    with pytest.raises(_Killed):
        await take(db, tenant, path, at_once=5, progress=stop)
    assert stopped == [5, 10, 15]
    report = await take(db, tenant, path, at_once=7)
    whole = await take(db, other_tenant, path)
    assert report.resumed_after == 15
    assert report.done.rows_done == whole.done.rows_done == 60
    assert (report.done.duplicate, report.done.rejected) == (0, 1)
    for tenant_id in (tenant, other_tenant):
        assert await counted(db, tenant_id) == (75, 59, 12)
    assert await amounts(db, tenant) == await amounts(db, other_tenant)


async def test_an_import_of_paths_is_taken_back_and_put_back(
    db: Database, tenant: UUID, tmp_path: Path
) -> None:
    path = write_paths(tmp_path / "paths.csv", ROWS)
    await take(db, tenant, path)
    async with db.tenant(tenant) as connection:
        (known,) = await list_imports(connection, tenant)
        target = await target_of_import(connection, tenant, known.fingerprint)
    await undo(db, tenant, target)
    async with db.tenant(tenant) as connection:
        assert await connection.fetchval("SELECT count(*) FROM standing_touches") == 0
    await assert_sound(db, tenant)
    await redo(db, tenant, target)
    assert await counted(db, tenant) == (22, 10, 4)
    await undo(db, tenant, target)
    # Taken back, it may come in again, also with what was wrong in it corrected.
    right = write_paths(tmp_path / "right.csv", ("email > radio > email,3,99.00,2",))
    assert (await take(db, tenant, right)).done.accepted == 18
    await assert_sound(db, tenant)


async def test_a_dry_run_says_what_an_import_then_does_and_leaves_nothing(
    db: Database, tenant: UUID, tmp_path: Path
) -> None:
    chosen = await choose(db, tenant, write_paths(tmp_path / "paths.csv", ROWS))
    report, (month,) = await preview_paths(db, tenant, chosen)
    assert (month.entries, month.amount_cents, month.currency) == (4, 1_001, "EUR")
    assert await counted(db, tenant) == (0, 0, 0)
    async with db.tenant(tenant) as connection:
        assert await list_channels(connection, tenant) == {}
    assert (await take(db, tenant, chosen.path)).done == report.done


VALUES = st.lists(
    st.decimals(0, 10_000, places=5) | st.integers(0, 10_000).map(lambda n: Decimal(n) / 200)
)


@given(values=VALUES, places=st.sampled_from([0, 2, 3]))
def test_rows_are_rounded_by_less_than_a_unit_and_add_up_to_their_rounded_sum(
    values: list[Decimal], places: int
) -> None:
    total = FileSum(places)
    has_remainder = [total.add(value) for value in values]
    units = RowUnits(places, total.rounding())
    rounded = [units.of(value) for value in values]
    exact = [value.scaleb(places) for value in values]
    assert sum(rounded) == total.units == round(sum(exact, Decimal(0)))
    for part, value, is_rounded in zip(rounded, exact, has_remainder, strict=True):
        assert abs(part - value) < 1
        assert is_rounded or part == value


@given(units=st.integers(0, 10**6), conversions=st.integers(1, 200))
def test_a_row_is_divided_over_its_conversions_by_largest_remainder(
    units: int, conversions: int
) -> None:
    division = Division(units, conversions)
    assert [division.of(n) for n in range(conversions)] == split(units, [1] * conversions)


COUNTED = st.builds(
    CountedPath,
    st.just(1),
    st.sampled_from([("a",), ("b",), ("a", "b")]),
    st.integers(0, 5),
    st.integers(0, 5),
    st.decimals(0, 100, places=2),
)
BAD = st.just(BadRow(1, UnreadableItem("row_malformed", "", {})))


@given(paths=st.lists(COUNTED | BAD, max_size=6), skip=st.integers(0, 60))
def test_journeys_go_on_after_any_number_of_them_as_if_nothing_had_stopped(
    paths: list[CountedPath | BadRow], skip: int
) -> None:
    def read(skip: int) -> list[tuple[int, object]]:
        journeys = Journeys(PathsAsked("EUR", DAY), RowUnits(2, NO_ROUNDING), b"secret")
        return list(journeys.read(iter(paths), skip))

    every = read(0)
    assert [number for number, _ in every] == list(range(1, len(every) + 1))
    keys = [getattr(journey, "key", number) for number, journey in every]
    assert len(set(keys)) == len(keys)
    assert read(skip) == every[skip:]
