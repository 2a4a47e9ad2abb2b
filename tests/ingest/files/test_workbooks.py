"""Workbooks: a sheet is read as the table that a spreadsheet shows, whoever wrote the file."""

from __future__ import annotations

import gzip
import io
import tracemalloc
import zipfile
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skeldir.ingest.files.cell_texts import ERRORS, moment_text, number_text, shown_as
from skeldir.ingest.files.choosing import choose_mapping
from skeldir.ingest.files.layout import FileLayout, FileUnreadable, Row
from skeldir.ingest.files.readers import look_at_file, open_rows
from skeldir.ingest.files.totals import are_totals
from skeldir.ingest.rejections import UnreadableItem
from tests.support.workbooks import (
    CLOCK,
    CUSTOM,
    DAY,
    MOMENT,
    MONEY,
    SPAN,
    Cell,
    Rows,
    sheet,
    workbook,
)

HEADER = ("order_id", "created_at", "total", "currency")
_FIRST_OF_1904 = datetime(1904, 1, 1)  # noqa: DTZ001 - a spreadsheet's moments have no zone
_FIRST_OF_1900 = datetime(1899, 12, 30)  # noqa: DTZ001
ORDERS: Rows = [
    HEADER,
    ("R-1", Cell("46315.416666666664", style=MOMENT), 12.5, "EUR"),
    ("R-2", Cell("46315.458333333336", style=CUSTOM), 7.5, "EUR"),
]


def read(
    content: bytes, *, sheet: str | None = None, skip: int = 0, name: str = "x.xlsx"
) -> tuple[FileLayout, list[Row], list[int]]:
    """Return the layout of a workbook, its rows, and the lines in which they begin."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / name
        path.write_bytes(content)
        layout = look_at_file(path, sheet=sheet)
        with open_rows(path, layout, layout.header, skip=skip) as stream:
            rows: list[Row] = []
            lines: list[int] = []
            for number, cells in stream.rows:
                rows.append((number, cells if isinstance(cells, UnreadableItem) else tuple(cells)))
                assert stream.line_of is not None
                lines.append(stream.line_of(number))
            return layout, rows, lines


def texts(content: bytes, *, sheet: str | None = None) -> list[object]:
    return [cells for _, cells in read(content, sheet=sheet)[1]]


@pytest.mark.parametrize("inline", [False, True])
def test_cells_are_the_texts_that_a_spreadsheet_shows(inline: bool) -> None:
    rows: Rows = [
        ("id", "at", "day", "clock", "span", "money", "flag", "note"),
        (
            5001,
            Cell("46315.416666666664", style=MOMENT),
            Cell("46315", style=DAY),
            Cell("0.75", style=CLOCK),
            Cell("1.5", style=SPAN),
            Cell("1234.5", style=MONEY),
            True,
            'Für "Sie", & <alle>\nZeile',
        ),
    ]
    assert texts(workbook({"Orders": rows}, inline=inline)) == [
        (
            "5001", "2026-10-20 10:00:00", "2026-10-20", "18:00:00", "36:00:00", "1234.5", "true",
            'Für "Sie", & <alle>\rZeile',
        )
    ]  # fmt: skip


def test_titles_and_totals_are_skipped_and_told_and_lines_are_the_rows_of_the_sheet() -> None:
    rows: Rows = [("Sales Report",), (), *ORDERS, ("Total", None, 20)]
    layout, found, lines = read(workbook({"Orders": rows}))
    assert (layout.header, layout.header_line) == (HEADER, 3)
    assert layout.before == ((1, "Sales Report"),)
    assert layout.totals is not None
    assert layout.totals.shown == ("Total 20",)
    assert [number for number, _ in found] == [1, 2]
    assert lines == [4, 5]


def test_totals_that_differ_from_the_rows_are_refused() -> None:
    with pytest.raises(FileUnreadable, match="rows are missing"):
        read(workbook({"Orders": [*ORDERS, ("Total", None, 21)]}))


def test_a_text_with_line_ends_moves_no_line() -> None:
    rows: Rows = [("a", "b"), ("1", "x\ny\n\nz"), ("2", "w")]
    _, found, lines = read(workbook({"Orders": rows}))
    assert [number for number, _ in found] == [1, 2]
    assert lines == [2, 3]


def test_a_row_is_continued_after_where_an_import_stopped() -> None:
    content = workbook({"Orders": [("a", "b"), *((str(n), "x") for n in range(50))]})
    assert read(content, skip=20)[1] == read(content)[1][20:]


def test_of_several_sheets_with_rows_one_is_asked_for() -> None:
    content = workbook({"Orders": ORDERS, "Lines": [("a", "b"), ("1", "2")], "Notes": []})
    with pytest.raises(FileUnreadable, match=r'2 sheets: "Orders", "Lines"') as error:
        read(content)
    assert "--sheet" in error.value.cure
    assert texts(content, sheet="lines") == [("1", "2")]
    with pytest.raises(FileUnreadable, match='no visible sheet "Other"'):
        read(content, sheet="Other")


def test_a_hidden_sheet_is_none() -> None:
    content = workbook({"Cache": [("x", "y"), ("1", "2")], "Orders": ORDERS}, hidden=["Cache"])
    layout, rows, _ = read(content)
    assert (layout.sheet, len(rows)) == ("Orders", 2)


def test_a_workbook_without_rows_is_refused() -> None:
    with pytest.raises(FileUnreadable, match="has no rows"):
        read(workbook({"Orders": [], "Other": [(None,)]}))


def test_the_cell_of_a_failed_formula_refuses_its_row_by_column_and_value() -> None:
    rows: Rows = [("a", "b"), (1, Cell("#DIV/0!", "e")), (2, 3)]
    _, found, _ = read(workbook({"Orders": rows}))
    refused = found[0][1]
    assert isinstance(refused, UnreadableItem)
    assert refused.detail == 'The cell in column "b" holds the error #DIV/0!.'
    assert found[1] == (2, ("2", "3"))


def test_a_row_with_cells_beyond_the_header_is_refused() -> None:
    _, found, _ = read(workbook({"Orders": [("a", "b"), (1, 2, 3), (1,), (1, 2, "")]}))
    assert isinstance(found[0][1], UnreadableItem)
    assert [cells for _, cells in found[1:]] == [("1", ""), ("1", "2")]


def test_a_workbook_is_imported_without_a_mapping(tmp_path: Path) -> None:
    path = tmp_path / "x.xlsx"
    path.write_bytes(workbook({"Orders": ORDERS}))
    chosen = choose_mapping(path, kind="conversions", map_file=None, flags={"time_zone": "UTC"})
    assert chosen.mapping.columns["amount"] == ("total",)
    assert 'sheet: "Orders"' in chosen.choices


@pytest.mark.parametrize(
    ("kept", "text"),
    [
        ("12", "12"),
        ("-3", "-3"),
        ("1.1000000000000001", "1.1"),
        ("12.0", "12"),
        ("49.9", "49.9"),
        ("1E-3", "0.001"),
        ("5.63E+12", "5630000000000"),
        ("0.30000000000000004", "0.30000000000000004"),
        ("4111111111111111", "4111111111111111"),
        ("1234567890123450000", "1.23456789012345E+18"),
        ("1.23456789012345E+18", "1.23456789012345E+18"),
        ("nan", "nan"),
        ("1E999", "1E999"),
        ("twelve", "twelve"),
        ("", ""),
    ],
)
def test_a_number_is_written_exactly_unless_its_digits_are_lost(kept: str, text: str) -> None:
    assert number_text(kept) == text


@given(st.integers(-(10**17), 10**17))
def test_an_amount_of_cents_survives_a_spreadsheet(cents: int) -> None:
    amount = f"{cents / 100:.2f}"
    kept = repr(float(amount))
    if abs(cents) < 10**14:
        assert float(number_text(kept)) == float(amount)
        assert "E" not in number_text(kept)


@pytest.mark.parametrize(
    ("code", "shown"),
    [
        ("General", "number"),
        ("0.00E+00", "number"),
        ('#,##0.00 "h"', "number"),
        ("[$€-407] #,##0.00", "number"),
        ("[Red]0;[Blue]-0", "number"),
        ("yyyy-mm-dd", "day"),
        ("d/m/yy;@", "day"),
        ("[$-409]mmmm\\ d\\,\\ yyyy", "day"),
        ("mmm", "day"),
        ("yyyy-mm-dd hh:mm:ss", "moment"),
        ("m/d/yy h:mm AM/PM", "moment"),
        ("hh:mm", "time"),
        ("mm:ss.0", "time"),
        ("[h]:mm", "span"),
    ],
)
def test_a_format_tells_numbers_from_days_and_times(code: str, shown: str) -> None:
    assert shown_as(164, code) == shown


@given(
    st.datetimes(min_value=_FIRST_OF_1904 + timedelta(days=1)),
    st.booleans(),
)
def test_a_moment_is_exact_to_the_millisecond(moment: datetime, is_1904: bool) -> None:
    moment = moment.replace(microsecond=moment.microsecond // 1000 * 1000)
    first = _FIRST_OF_1904 if is_1904 else _FIRST_OF_1900
    serial = repr((moment - first) / timedelta(days=1))
    assert datetime.fromisoformat(moment_text(serial, "moment", is_1904=is_1904)) == moment


@pytest.mark.parametrize(
    ("serial", "text"),
    [("1", "1900-01-01"), ("59", "1900-02-28"), ("61", "1900-03-01"), ("-1", "-1"), ("9E9", "9000000000")],
)  # fmt: skip
def test_days_are_counted_as_spreadsheets_count_them(serial: str, text: str) -> None:
    assert moment_text(serial, "day", is_1904=False) == text


@pytest.mark.parametrize(("is_1904", "last"), [(False, 2_958_465), (True, 2_957_003)])
def test_no_day_is_after_the_last_of_the_calendar(is_1904: bool, last: int) -> None:
    assert moment_text(str(last), "day", is_1904=is_1904) == "9999-12-31"
    assert moment_text(str(last + 1), "day", is_1904=is_1904) == str(last + 1)
    assert moment_text(f"{last}.9999999999", "day", is_1904=is_1904).isprintable()


def test_a_workbook_may_count_its_days_from_1904() -> None:
    rows: Rows = [("a", "b"), ("x", Cell("44853", style=DAY))]
    assert texts(workbook({"Orders": rows}, is_1904=True)) == [("x", "2026-10-20")]


_words = (
    st.text(st.characters(exclude_categories=["Cs", "Cc", "Cn"]), max_size=8)
    .map(lambda text: text.replace("_x", ""))
    .filter(lambda text: text not in ERRORS)
)


@pytest.mark.parametrize("text", ["#REF!", "#N/A"])
def test_an_error_that_was_pasted_as_a_text_refuses_its_row_too(text: str) -> None:
    _, found, _ = read(workbook({"Orders": [("ha", "hb"), ("1", text), ("2", "x")]}))
    ((_, refused), (_, good)) = found
    assert isinstance(refused, UnreadableItem)
    assert text in refused.detail
    assert good == ("2", "x")


@given(
    rows=st.lists(
        st.tuples(_words.filter(str.strip), _words, _words.filter(str.strip)).filter(
            lambda row: not are_totals(row)
        ),
        min_size=1,
        max_size=8,
    ),
    inline=st.booleans(),
)
def test_any_texts_come_in_as_they_are(rows: list[tuple[str, str, str]], inline: bool) -> None:
    content = workbook(
        {"Orders": [("ha", "hb", "hc"), *rows, ("end", "of", "rows")]}, inline=inline
    )
    _, found, lines = read(content)
    assert [cells for _, cells in found] == [*rows, ("end", "of", "rows")]
    assert lines == list(range(2, len(rows) + 3))


def test_a_large_sheet_takes_little_memory(tmp_path: Path) -> None:
    path = tmp_path / "x.xlsx"
    path.write_bytes(workbook({"S": [("a", "b", "c"), *((n, n / 4, "t") for n in range(5_000))]}))
    layout = look_at_file(path)
    tracemalloc.start()
    with open_rows(path, layout, layout.header) as stream:
        assert sum(1 for _ in stream.rows) == 5_000
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 2 * 1024 * 1024


# ---------------------------------------------------------------- hostile workbooks


def _sheet(inner: str) -> dict[str, bytes]:
    return {"xl/sheet1.xml": sheet([]).replace("</sheetData>", inner + "</sheetData>").encode()}


def _row(cell: str, *, number: str = "1") -> dict[str, bytes]:
    return _sheet(f'<row r="{number}">{cell}</row>')


_SHARED = {"xl/sharedStrings.xml": b"<sst><si><t>" + b"x" * 32_000 + b"</t></si></sst>"}


@pytest.mark.parametrize(
    ("parts", "says"),
    [
        ({"xl/sheet1.xml": b"<worksheet><row>"}, "no element found"),
        ({"xl/sheet1.xml": b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>'}, "document type"),
        ({"xl/sheet1.xml": b"<a>" * 100}, "nested"),
        ({"xl/sheet1.xml": b"<a " + b"b" * 9_000_000}, "a tag has more than"),
        (_row("<c><v>1</v></c>", number="1048577"), "no valid number"),
        (_row("<c><v>1</v></c>", number="0"), "no valid number"),
        (_row("<c><v>1</v></c>", number="9" * 5_000), "no valid number"),
        (_sheet('<row r="2"><c><v>1</v></c></row><row r="2"/>'), "no valid number"),
        (_row('<c r="XFE1"><v>1</v></c>'), "16384 columns"),
        (_row('<c r="ZZZZZZZZZ1"><v>1</v></c>'), "the place"),
        (_row('<c r="1"><v>1</v></c>'), "the place"),
        (_row('<c t="s"><v>7</v></c>'), "refers to a text"),
        (_row('<c t="s"><v>-1</v></c>'), "refers to a text"),
        (_row(f'<c t="str"><v>{"x" * 40_000}</v></c>'), "too long"),
        (_row(f'<c t="str"><v>{"x" * 3_000_000}</v></c>'), "more than 2097152 bytes"),
        (_row(f'<c t="str"><v>{"x" * 32_767}</v></c>' * 99), "more than 2097152 bytes"),
        (_row('<c t="s"><v>0</v></c>' * 99) | _SHARED, "too long"),
        ({"xl/sharedStrings.xml": b"<sst><si><t>" + b"x" * 40_000 + b"</t></si></sst>"}, "32767"),
        ({"xl/styles.xml": b"<s><cellXfs>" + b"<xf/>" * 70_000 + b"</cellXfs></s>"}, "formats"),
        ({"xl/styles.xml": b" " * (17 << 20)}, "16 MiB"),
        ({"_rels/.rels": b"<Relationships/>"}, "names no workbook"),
        ({"xl/_rels/workbook.xml.rels": b"<Relationships/>"}, "has no rows"),
    ],
)  # fmt: skip
def test_a_hostile_workbook_is_refused_in_a_sentence(parts: dict[str, bytes], says: str) -> None:
    with pytest.raises(FileUnreadable, match=says):
        read(workbook({"Orders": ORDERS}, parts=parts))


def test_a_missing_part_is_named() -> None:
    content = workbook({"Orders": ORDERS})
    without = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(without, "w") as new:
        for part in old.namelist():
            if part != "xl/sheet1.xml":
                new.writestr(part, old.read(part))
    with pytest.raises(FileUnreadable, match=r"xl/sheet1\.xml is missing"):
        read(without.getvalue())


def test_one_text_in_many_cells_does_not_fill_the_memory() -> None:
    long = '<c t="s"><v>0</v></c>' * 60
    parts = _sheet("".join(f'<row r="{n}">{long}</row>' for n in range(2, 400)))
    content = workbook({"S": []}, parts=parts | _SHARED)
    with pytest.raises(FileUnreadable, match="expands to more than 200 times"):
        read(content)


@pytest.mark.parametrize("name", ["x.csv.gz", "x.zip"])
def test_a_file_that_expands_beyond_measure_is_refused(tmp_path: Path, name: str) -> None:
    bomb = b"a,b\n" + b"1,2\n" * (20 << 20)
    path = tmp_path / name
    if name.endswith(".gz"):
        path.write_bytes(gzip.compress(bomb, mtime=0))
    else:
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("x.csv", bomb)
    with pytest.raises(FileUnreadable, match="expands to more than 200 times"):
        look_at_file(path)


@pytest.mark.parametrize("name", ["x.csv", "x.zip"])
def test_a_workbook_under_another_name_is_called_one(name: str) -> None:
    content = workbook({"Orders": ORDERS}, parts={"[Content_Types].xml": b"<Types/>"})
    with pytest.raises(FileUnreadable, match="is a workbook"):
        read(content, name=name)


@pytest.mark.parametrize("inner", ["x.xlsx", "x.parquet"])
def test_what_cannot_be_read_in_an_archive_is_to_be_unpacked(inner: str) -> None:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr(inner, b"PK")
    with pytest.raises(FileUnreadable, match="Unpack it"):
        read(content.getvalue(), name="x.zip")


def test_an_archive_whose_method_takes_any_memory_is_refused() -> None:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_LZMA) as archive:
        archive.writestr("x.csv", "a,b\n1,2\n")
    with pytest.raises(FileUnreadable, match="compression"):
        read(content.getvalue(), name="x.zip")
