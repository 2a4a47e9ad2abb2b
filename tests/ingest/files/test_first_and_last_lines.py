"""Encodings, what stands before a table, and totals below it: read as they are, and told; never a row that is none."""

from __future__ import annotations

import zipfile
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skeldir.ingest.files.choosing import choose_mapping
from skeldir.ingest.files.layout import FileLayout, FileUnreadable
from skeldir.ingest.files.numbers import read_number
from skeldir.ingest.files.readers import look_at_file, open_rows
from skeldir.ingest.rejections import UnreadableItem

ROWS = "order_id,created_at,total,currency\nR-1,2026-10-20T10:00:00Z,12.50,EUR\nR-2,2026-10-20T11:00:00Z,7.50,EUR\n"


def read(
    folder: Path, content: bytes, *, name: str = "x.csv", encoding: str | None = None
) -> tuple[FileLayout, list[tuple[object, ...]], list[int]]:
    """Return the layout of a file, its rows, and the lines in which they begin; every row must be readable."""
    path = folder / name
    path.write_bytes(content)
    layout = look_at_file(path, encoding=encoding)
    with open_rows(path, layout, layout.header) as stream:
        rows, lines = [], []
        for number, cells in stream.rows:
            assert not isinstance(cells, UnreadableItem), cells
            assert stream.line_of is not None
            rows.append(tuple(cells))
            lines.append(stream.line_of(number))
    return layout, rows, lines


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("a,b\nFür Sie,Größe\n", "utf-8"),
        ("a,b\nFür Sie,Größe\n", "utf-8-sig"),
        ("a,b\nFür Sie,Größe „5 €“\n", "windows-1252"),
        ("a,b\nFür Sie,Größe\n", "iso-8859-15"),
        ("a,b\nFür Sie,Größe 日本 😀\n", "utf-16"),
        ("a,b\nFür Sie,Größe\n", "utf-16-le"),
        ("a,b\nFür Sie,Größe\n", "utf-16-be"),
    ],
)
def test_an_encoding_is_recognised_and_its_text_comes_in_right(
    tmp_path: Path, text: str, encoding: str
) -> None:
    _, rows, _ = read(tmp_path, text.encode(encoding))
    assert rows == [tuple(text.splitlines()[1].split(","))]


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("a,b\nFür 5 €,Šibenik\n", "iso-8859-15"),
        ("a,b\nДля нас,Цена\n", "windows-1251"),
        ("a,b\nДля нас,Цена\n", "koi8-r"),
        ("a,b\n日本語,東京\n", "shift_jis"),
    ],
)
def test_an_encoding_that_cannot_be_told_is_asked_for_and_can_be_given(
    tmp_path: Path, text: str, encoding: str
) -> None:
    with pytest.raises(FileUnreadable) as asked:
        read(tmp_path, text.encode(encoding))
    assert "encoding =" in asked.value.cure
    _, rows, _ = read(tmp_path, text.encode(encoding), encoding=encoding)
    assert rows == [tuple(text.splitlines()[1].split(","))]


def test_a_given_encoding_that_does_not_fit_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileUnreadable, match="not utf-16-le"):
        read(tmp_path, b"a,b\n1,2\n3", encoding="utf-16-le")


@given(
    st.text(
        st.characters(exclude_categories=["Cs", "Cc"], exclude_characters=',"\u2028'),
        min_size=1,
        max_size=30,
    )
)
def test_any_text_in_utf_16_is_read_as_it_was_written(text: str) -> None:
    for encoding in ("utf-16", "utf-16-be"):
        mark = b"\xfe\xff" if encoding == "utf-16-be" else b""
        with TemporaryDirectory() as folder:
            _, rows, _ = read(Path(folder), mark + f"a,b\nx{text},y\n".encode(encoding))
        assert rows == [(f"x{text}", "y")]


@pytest.mark.parametrize(
    ("before", "line"),
    [
        ("", 1),
        ("\n\n", 3),
        ("Sales Report\nPeriod: 2026-10-01 - 2026-10-31\n\n", 4),
        ("# ------\n# Acquisition, overview\n# ------\n\n", 5),
        ('"September 1, 2026 - September 30, 2026"\n', 2),
        ("Report, Shop\n", 2),
        ('"Report Name: orders"\n"Rows: 2"\n\n', 4),
    ],
)
def test_lines_before_the_table_are_no_rows_and_are_told(
    tmp_path: Path, before: str, line: int
) -> None:
    layout, rows, lines = read(tmp_path, (before + ROWS).encode())
    assert layout.header == ("order_id", "created_at", "total", "currency")
    assert [row[0] for row in rows] == ["R-1", "R-2"]
    assert lines == [line + 1, line + 2]
    assert layout.header_line == line
    assert len(layout.before) == sum(bool(one.strip()) for one in before.splitlines())


@pytest.mark.parametrize("delimiter", [";", ",", "\t", "|"])
def test_the_line_that_states_the_delimiter_is_obeyed(tmp_path: Path, delimiter: str) -> None:
    content = f"sep={delimiter}\r\na{delimiter}b\r\n1{delimiter}2\r\n"
    layout, rows, lines = read(tmp_path, content.encode())
    assert (layout.delimiter, layout.header, rows, lines) == (
        delimiter,
        ("a", "b"),
        [("1", "2")],
        [3],
    )


def test_a_table_whose_first_line_is_a_header_begins_there_whatever_follows(tmp_path: Path) -> None:
    layout, rows, _ = read(tmp_path, b"time,visitor\n2026-01-01,a\nb,c\nx\n")
    assert layout.header_line == 1
    assert len(rows) == 3


@pytest.mark.parametrize(
    "last",
    [
        "Total,,20.00,",
        "Grand Total,,20.00,EUR",
        "Total: Account,,20.00",
        "Summe,,20.00,",
        "Итого,,20.00,",
        ",,20.00,",
        "Subtotal,,20.00,\nTotal,,20.00,",
        "Total,,20.00,\n\n,,,",
    ],
)
def test_totals_that_are_the_sums_of_the_rows_are_no_rows_and_are_told(
    tmp_path: Path, last: str
) -> None:
    layout, rows, _ = read(tmp_path, (ROWS + last + "\n").encode())
    assert [row[0] for row in rows] == ["R-1", "R-2"]
    assert layout.totals is not None
    assert "20.00" in layout.totals.shown[0]
    assert len(layout.sample) == 2


@pytest.mark.parametrize("last", ["Total,,21.00,", "Summe,,20.01,", "Grand total,,1.00,"])
def test_totals_that_are_not_the_sums_show_that_rows_are_missing(tmp_path: Path, last: str) -> None:
    with pytest.raises(FileUnreadable, match='"total": rows are missing'):
        read(tmp_path, (ROWS + last + "\n").encode())


def test_a_last_row_that_only_looks_like_totals_is_a_row(tmp_path: Path) -> None:
    layout, rows, _ = read(tmp_path, (ROWS + ",,21.00,\n").encode())
    assert (layout.totals, len(rows)) == (None, 3)
    layout, rows, _ = read(
        tmp_path, (ROWS + "Totally Ltd-3,2026-10-20T11:00:00Z,20.00,EUR\n").encode()
    )
    assert (layout.totals, len(rows)) == (None, 3)


def test_averages_beside_sums_do_not_make_totals_wrong(tmp_path: Path) -> None:
    content = "campaign,cost,rate\na,10,0.5\nb,20,0.7\nTotal,30,0.6\n"
    assert read(tmp_path, content.encode())[0].totals is not None


def test_totals_with_a_decimal_comma_are_compared(tmp_path: Path) -> None:
    content = "id;sum\na;1.000,50\nb;2,25\nGesamt;1.002,75\n"
    assert len(read(tmp_path, content.encode())[1]) == 2
    with pytest.raises(FileUnreadable, match="rows are missing"):
        read(tmp_path, content.replace("b;2,25\n", "").encode())


def test_what_is_no_row_is_told_before_an_import(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_bytes(("Für Sie\n" + ROWS + "Total,,20.00,\n").encode("windows-1252"))
    told = choose_mapping(path, kind="conversions", map_file=None, flags={}).choices
    assert told[0] == "encoding: windows-1252"
    assert told[1] == 'the header is line 2; lines before it that are not read: 1: "Für Sie"'
    assert (
        told[2]
        == 'totals at the end, equal to the sums of the rows, that are not read: "Total 20.00"'
    )


def test_a_zip_archive_with_one_file_is_read_and_with_several_is_asked_about(
    tmp_path: Path,
) -> None:
    path = tmp_path / "export.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("out/orders.csv", ROWS)
        archive.writestr("__MACOSX/out/._orders.csv", b"\x00")
    assert [row[0] for row in read(tmp_path, path.read_bytes(), name="x.zip")[1]] == ["R-1", "R-2"]
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("refunds.csv", ROWS)
    with pytest.raises(FileUnreadable, match=r"2 files: out/orders\.csv, refunds\.csv"):
        look_at_file(path)


@pytest.mark.parametrize(
    "content", [b"PK\x03\x04", b"PK\x03\x04" + bytes(100), b"PK\x05\x06" + bytes(18)]
)
def test_a_broken_zip_archive_is_refused(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(FileUnreadable, match=r"unpacked|0 files"):
        read(tmp_path, content, name="x.zip")


@pytest.mark.parametrize(
    ("text", "mark", "number"),
    [
        ("1,560.00", ".", "1560.00"), ("1.355,90", ",", "1355.90"), ("1 355,90", ",", "1355.90"),
        ("1\u00a0355,90", ",", "1355.90"), ("1\u202f355,90", ",", "1355.90"), ("1'355,90", ",", "1355.90"),
        ("1\u2019355.90", ".", "1355.90"), ("12,34,567.50", ".", "1234567.50"), ("(60.00)", ".", "-60.00"),
        ("60.00-", ".", "-60.00"), ("\u221260.00", ".", "-60.00"), (".5", ".", "0.5"), ("5.", ".", "5"),
        ("+7", ".", "7"), ("1,5", ".", None), ("1,5600.00", ".", None), ("1.5.0", ".", None), ("", ".", None),
        ("-", ".", None), ("1e3", ".", None), ("12,3456,789", ".", None), ("1,560,00", ".", None), (",", ",", None),
    ],
)  # fmt: skip
def test_a_number_is_read_exactly_or_not_at_all(text: str, mark: str, number: str | None) -> None:
    expected = None if number is None else Decimal(number)
    assert read_number(text, mark) == expected  # type: ignore[arg-type]  # one of the two


_SOLD = "order_id,created_at,total\nR-1,2026-10-20T10:00:00Z,{}\nR-2,2026-10-20T11:00:00Z,{}\nTotal,,{}\n"


@pytest.mark.parametrize(
    ("cells", "is_right"),
    [
        (("€12.50", "€7.50", "€20.00"), True),
        (("€12.50", "€7.50", "€99.00"), False),
        (("12.50 EUR", "7.50 EUR", "20.00 EUR"), True),
        (("US$12.50", "US$7.50", "US$27.50"), False),
        (("-kr 12.50", "kr 7.50", "kr -5.00"), True),
        (("0.1", "0.2", "0.30000000000000004"), True),
        (("12.504", "7.504", "20.01"), True),
        (("12.50", "7.50", "20.01"), False),
        (("12.40", "7.40", "20"), False),
    ],
)
def test_totals_are_compared_whatever_stands_beside_their_digits(
    tmp_path: Path, cells: tuple[str, ...], is_right: bool
) -> None:
    content = _SOLD.format(*cells).encode()
    if is_right:
        layout, rows, _ = read(tmp_path, content)
        assert layout.totals is not None
        assert (layout.totals.is_compared, len(rows)) == (True, 2)
        assert "equal to the sums" in layout.totals.describe()
    else:
        with pytest.raises(FileUnreadable, match="rows are missing"):
            read(tmp_path, content)


def test_totals_that_cannot_be_compared_are_not_said_to_be_right(tmp_path: Path) -> None:
    layout, _, _ = read(tmp_path, _SOLD.format("twelve", "7.50", "20.00").encode())
    assert layout.totals is not None
    assert not layout.totals.is_compared
    assert "could not be compared" in layout.totals.describe()


def test_a_row_of_zeros_without_a_name_is_no_total(tmp_path: Path) -> None:
    path = tmp_path / "zeros.csv"
    path.write_text("a,b,c\n,,0\n")
    layout = look_at_file(path)
    assert (layout.totals, layout.sample) == (None, (("", "", "0"),))
