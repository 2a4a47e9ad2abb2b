"""Rows of CSV and NDJSON files: everything readable is read, and a bad row rejects only itself."""

from __future__ import annotations

import csv
import gzip
import io
import json
import re
import tracemalloc
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from skeldir.ingest.files.json_rows import JsonFile
from skeldir.ingest.files.layout import LONGEST_ROW, FileLayout, FileUnreadable, Row
from skeldir.ingest.files.readers import look_at_file, open_rows
from skeldir.ingest.formulas import guard, without_guard
from skeldir.ingest.rejections import CURES, UnreadableItem

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)


def read(
    content: bytes,
    name: str = "x.csv",
    *,
    skip: int = 0,
    wanted: Sequence[str] | None = None,
    encoding: str | None = None,
) -> list[Row]:
    """Return the rows of a file with this content; all its columns unless `wanted` names some."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / name
        path.write_bytes(content)
        layout = look_at_file(path, encoding=encoding)
        with open_rows(path, layout, wanted or layout.header, skip=skip) as stream:
            return [
                (number, cells if isinstance(cells, UnreadableItem) else tuple(cells))
                for number, cells in stream.rows
            ]


def look(content: bytes, name: str = "x.csv") -> FileLayout:
    with TemporaryDirectory() as folder:
        path = Path(folder) / name
        path.write_bytes(content)
        return look_at_file(path)


def codes(rows: Sequence[Row]) -> dict[int, str]:
    return {number: cells.code for number, cells in rows if isinstance(cells, UnreadableItem)}


@given(
    width=st.integers(1, 4),
    cells=st.lists(texts, max_size=24),
    delimiter=st.sampled_from([",", ";", "\t"]),
    line_end=st.sampled_from(["\n", "\r\n"]),
    mark=st.sampled_from([b"", b"\xef\xbb\xbf"]),
    packed=st.booleans(),
    quoting=st.sampled_from([csv.QUOTE_ALL, csv.QUOTE_MINIMAL]),
)
def test_any_csv_is_read_as_it_was_written(
    width: int,
    cells: list[str],
    delimiter: str,
    line_end: str,
    mark: bytes,
    packed: bool,
    quoting: Literal[0, 1],
) -> None:
    if quoting == csv.QUOTE_MINIMAL:  # Python 3.11 leaves a lone carriage return without quotes
        cells = [cell.replace("\r", "") for cell in cells]
    rows = [tuple(cells[at : at + width]) for at in range(0, len(cells) - width + 1, width)]
    rows = [row for row in rows if any(row)]  # a row without a cell is a blank line
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=delimiter, lineterminator=line_end, quoting=quoting)
    header = [f"column {place}" for place in range(width)]
    writer.writerows([header, *([guard(cell) for cell in row] for row in rows)])
    content = mark + text.getvalue().encode()
    name = "x.csv"
    if packed:
        content, name = gzip.compress(content), "x.csv.gz"
    assume(width > 1 or delimiter == ",")  # a header of one column shows no delimiter
    assert look(content, name).header == tuple(header)
    assert read(content, name) == list(enumerate(rows, 1))


@given(st.binary(max_size=400), st.integers(0, 6))
def test_no_bytes_break_the_reading_of_rows(garbage: bytes, skip: int) -> None:
    for name, start in (("x.csv", b"a,b\n"), ("x.ndjson", b'{"a": 1, "b": 2}\n')):
        rows = read(start + garbage, name, encoding="utf-8")
        assert [number for number, _ in rows] == list(range(1, len(rows) + 1))
        assert all(code in CURES for code in codes(rows).values())
        assert read(start + garbage, name, skip=skip, encoding="utf-8") == rows[skip:]


@given(
    st.binary(max_size=200),
    st.sampled_from(["x.csv", "x.ndjson", "x.parquet"]),
    st.sampled_from([b"", b"\x1f\x8b", b"\xef\xbb\xbf"]),
)
def test_a_file_of_garbage_is_read_or_refused(garbage: bytes, name: str, start: bytes) -> None:
    with suppress(FileUnreadable):
        rows = read(start + garbage, name)
        assert [number for number, _ in rows] == list(range(1, len(rows) + 1))


def test_a_row_with_too_many_cells_is_malformed_and_the_next_one_is_read() -> None:
    rows = read(b"a,b\n1,2\n4,5,6\n7,8\n")
    assert codes(rows) == {2: "row_malformed"}
    assert [rows[0], rows[2]] == [(1, ("1", "2")), (3, ("7", "8"))]


def test_cells_that_are_left_out_at_the_end_of_a_row_are_empty() -> None:
    assert read(b"a,b,c\n1,2\n3\n4,5,6\n") == [
        (1, ("1", "2", "")),
        (2, ("3", "", "")),
        (3, ("4", "5", "6")),
    ]


def test_a_row_that_the_end_of_the_file_may_have_cut_off_is_malformed() -> None:
    (_, (_, cut_off)) = read(b"a,b,c\n1,2,3\n4,5")
    assert isinstance(cut_off, UnreadableItem)
    assert "ends within this row" in cut_off.detail
    assert codes(read(b"a,b,c\n1,2,3\n4,5,6")) == {}


def test_rows_of_empty_cells_are_blank_lines() -> None:
    assert read(b"a,b\n1,2\n,\n\n3,4\n,\n") == [(1, ("1", "2")), (2, ("3", "4"))]


def test_bytes_that_are_not_utf_8_reject_only_their_row() -> None:
    rows = read("a,b\nx,é\n".encode() + b"x,\xe9\n" + "y,😀\n".encode())
    assert codes(rows) == {2: "encoding_invalid"}
    assert [rows[0], rows[2]] == [(1, ("x", "é")), (3, ("y", "😀"))]


def test_a_column_that_is_not_wanted_is_not_read() -> None:
    assert read(b"a,name\n1,\xe9\n", wanted=["a"], encoding="utf-8") == [(1, ("1",))]


def test_a_rejected_row_keeps_its_digest_and_size_but_never_its_text() -> None:
    ((_, refused),) = read(b"a,b\njane@example.com,1,2\n")
    assert isinstance(refused, UnreadableItem)
    assert refused.fields["bytes"] == len(b"jane@example.com,1,2\n")
    assert set(refused.fields) == {"sha256", "bytes"}
    assert "jane" not in repr(refused)


def test_quotes_may_hold_line_ends_delimiters_and_quotes() -> None:
    rows = read(b'a,b\r\n"one\r\ntwo","x,""y"""\r\n3,4\r\n')
    assert rows == [(1, ("one\r\ntwo", 'x,"y"')), (2, ("3", "4"))]


@pytest.mark.parametrize("row", [b'"x"y,2', b'"never closed,2'])
def test_quotes_that_do_not_match_are_malformed(row: bytes) -> None:
    assert codes(read(b"a,b\n" + row + b"\n")) == {1: "row_malformed"}


def test_a_quote_that_is_never_closed_rejects_a_bounded_part_of_the_file() -> None:
    after = b"".join(b"%d,y\n" % number for number in range(60_000))
    rows = read(b'a,b\n"open,1\n' + after)
    assert codes(rows) == {1: "row_malformed"}
    assert len(rows) > 60_000 - 131_072 / 4
    assert rows[-1][1] == ("59999", "y")


def test_the_reader_treats_nul_like_any_character() -> None:
    assert read(b"a,b\n1\x00,2\n") == [(1, ("1\x00", "2"))]


@pytest.mark.parametrize(
    "row",
    [
        pytest.param(b"x" * 140_000 + b",2", id="cell"),
        pytest.param(b"x" * (LONGEST_ROW * 2) + b",2", id="line"),
        pytest.param(b'"' + b"x" * (LONGEST_ROW + 9) + b'",2', id="quoted line"),
    ],
)
def test_a_huge_row_is_rejected_and_the_next_one_is_read(row: bytes) -> None:
    rows = read(b"a,b\n1,2\n" + row + b"\n3,4\n")
    assert rows[0] == (1, ("1", "2"))
    assert codes(rows)[2] == "row_malformed"
    assert rows[-1][1] == ("3", "4")


def test_a_row_without_an_end_is_abandoned_at_the_limit() -> None:
    cell = b"x" * 100_000 + b"\n"
    row = b'"' + b'","'.join([cell] * (LONGEST_ROW // 100_000 + 2)) + b'"\n'
    rows = read(b"a,b\n1,2\n" + row + b"3,4\n")
    assert rows[0] == (1, ("1", "2"))
    assert isinstance(rows[1][1], UnreadableItem)
    assert f"more than {LONGEST_ROW} bytes" in rows[1][1].detail


def test_endless_blank_lines_are_not_a_row(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("skeldir.ingest.files.csv_rows.LONGEST_ROW", 100)
    assert read(b"a,b\n" + b"\n" * 101 + b"1,2\n") == [(1, ("1", "2"))]


def test_blank_lines_are_not_rows() -> None:
    assert read(b"\n\na,b\n\n1,2\n\r\n3,4\n\n") == [(1, ("1", "2")), (2, ("3", "4"))]


def test_the_wanted_columns_are_in_the_wanted_order() -> None:
    assert read(b"a,b,c\n1,2,3\n", wanted=["c", "a", "c"]) == [(1, ("3", "1", "3"))]
    assert read(b"a,b,c\n1,2,3\n", wanted=["b"]) == [(1, ("2",))]
    assert read(b'{"a":1,"b":[2]}\n{"b":null}', "x.jsonl", wanted=["b", "a"]) == [
        (1, ([2], 1)),
        (2, (None, None)),
    ]


def test_the_delimiter_is_the_most_frequent_one_outside_quotes() -> None:
    assert look(b'a;"b,c,d,e";f\n').delimiter == ";"
    assert look(b"a\tb,c\td\n").delimiter == "\t"
    assert look(b"alone\n").delimiter == ","


def test_a_bad_line_of_ndjson_rejects_only_itself() -> None:
    lines = [b'{"a": 1}', b"{", b"[1]", b'{"a": "\xe9"}', b'"x"', b"", b'{"a": 2}']
    rows = read(b"\n".join(lines), "x.ndjson", encoding="utf-8")
    assert codes(rows) == {
        2: "json_invalid",
        3: "item_not_an_object",
        4: "encoding_invalid",
        5: "item_not_an_object",
    }
    assert [rows[0], rows[5]] == [(1, (1,)), (6, (2,))]


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b'[{"a": 1}, {"a": "[,{"}, {"a": "\\"]"}]', id="array"),
        pytest.param(b'\n[\n{"a": 1},\n{"a": "[,{"}\n,{"a": "\\"]"}\n]\n', id="array over lines"),
        pytest.param(
            b'{"orders": [{"a": 1}, {"a": "[,{"}, {"a": "\\"]"}], "next": null}', id="wrapped"
        ),
        pytest.param(
            b'{"more": {"n": [1]}, "data": [{"a": 1},\n{"a": "[,{"}, {"a": "\\"]"}]}', id="data"
        ),
        pytest.param(b'{"anything":[{"a": 1}, {"a": "[,{"}, {"a": "\\"]"}]}', id="only list"),
        pytest.param(b'{"a": 1}\n{"a": "[,{"}\n{"a": "\\"]"}\n', id="lines"),
        pytest.param(b'{\n"a": 1\n}\n{\n"a":\n"[,{"}\n{"a":\n"\\"]"}\n', id="objects over lines"),
    ],
)
def test_every_form_of_json_gives_its_objects(content: bytes) -> None:
    assert read(content, "x.json", wanted=["a"]) == [(1, (1,)), (2, ("[,{",)), (3, ('"]',))]


def test_an_object_with_a_list_of_its_own_is_one_row() -> None:
    order = b'{\n "id": 1,\n "line_items": [{"id": 2}, {"id": 3}]\n}\n'
    assert read(order, "x.json", wanted=["id"]) == [(1, (1,))]


def test_a_bad_element_of_an_array_rejects_only_itself() -> None:
    rows = read(b'[{"a": 1}, 7, {"a" 2}, [1], {"a": 3}]', "x.json", wanted=["a"])
    assert codes(rows) == {2: "item_not_an_object", 3: "json_invalid", 4: "item_not_an_object"}
    assert [rows[0], rows[4]] == [(1, (1,)), (5, (3,))]


@pytest.mark.parametrize(
    "content", [b'[{"a": 1}, {"a": 2}', b'[{"a": 1}, {"a', b'{"a":\n{"b": 1}\n']
)
def test_an_array_or_object_that_is_not_closed_breaks_off(content: bytes) -> None:
    with pytest.raises(FileUnreadable, match="breaks off"):
        read(content, "x.json", wanted=["a"])


def test_deep_nesting_costs_no_memory_and_rejects_only_its_element() -> None:
    deep = b"[" * 500_000 + b"]" * 500_000
    rows = read(b'[{"a": 1}, {"a": ' + deep + b'}, {"a": 3}]', "x.json", wanted=["a"])
    assert codes(rows) == {2: "json_invalid"}
    assert rows[2] == (3, (3,))


@given(
    st.lists(
        st.dictionaries(
            texts, texts | st.integers(-9, 9) | st.lists(texts, max_size=3), max_size=3
        ),
        max_size=5,
    ),
    st.sampled_from([None, 1]),
    st.integers(1, 40),
)
def test_any_array_is_read_as_it_was_written_wherever_its_pieces_end(
    items: list[dict[str, object]], indent: int | None, size: int
) -> None:
    text = json.dumps(items, indent=indent, ensure_ascii=False).encode()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("skeldir.ingest.files.json_rows.PIECE", size)
        stream = io.BufferedReader(io.BytesIO(text))  # type: ignore[arg-type]  # it has readinto
        assert list(JsonFile(stream).objects()) == items


def test_a_line_of_ndjson_beyond_the_limit_is_rejected() -> None:
    long = json.dumps({"a": "x" * LONGEST_ROW}).encode()
    rows = read(b'{"a": 1}\n' + long + b'\n{"a": 2}\n', "x.ndjson")
    assert codes(rows) == {2: "json_invalid"}
    assert rows[2] == (3, (2,))


def test_the_columns_of_ndjson_are_the_keys_of_its_first_lines() -> None:
    assert look(b'{"a": 1}\n{"b": 2, "a": 3}\n', "x.ndjson").header == ("a", "b")


@pytest.mark.parametrize(
    ("content", "name", "word"),
    [
        (b"", "x.csv", "empty"),
        (b"\n\n", "x.csv", "header"),
        (b"a,\xff\n", "x.csv", "UTF-8"),
        (b"PAR1....PAR1", "x.csv", "Parquet"),
        (b"a,b\n", "x.parquet", "Parquet"),
        (b"a,b\n", "x.ods", "format of the file"),
        (b"a,b\n", "x.xlsx", "not a workbook"),
        (b"\xd0\xcf\x11\xe0\xa1", "x.xls", "old kind"),
        (b"\xd0\xcf\x11\xe0\xa1", "x.csv", "old kind"),
        (gzip.compress(b"a,b\n" * 9_999, mtime=0)[:-20], "x.csv.gz", "breaks off"),
        (b"\x1f\x8bnot gzip", "x.csv.gz", "breaks off"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_with_the_reason(
    content: bytes, name: str, word: str
) -> None:
    with pytest.raises(FileUnreadable, match=word) as caught:
        read(content, name)
    assert caught.value.cure


def test_a_missing_file_is_refused_as_missing(tmp_path: Path) -> None:
    with pytest.raises(FileUnreadable, match="cannot be opened"):
        look_at_file(tmp_path / "missing.csv")


def test_a_broken_gzip_file_is_refused_before_a_row_of_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "x.csv.gz"
    rows = "".join(f"{hash((number, 'x'))},b\n" for number in range(90_000))
    path.write_bytes(gzip.compress(f"a,b\n{rows}".encode())[:-400_000])
    with pytest.raises(FileUnreadable, match="breaks off"):
        look_at_file(path)


def test_the_share_read_of_a_text_file_grows_to_one(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_bytes(b"a,b\n" + b"1,2\n" * 400_000)
    with open_rows(path, look_at_file(path), ["a"]) as stream:
        shares = [stream.share_read() for number, _ in stream.rows if number % 100_000 == 0]
        assert shares == sorted(shares)
        assert 0 < shares[0] < 0.5 < shares[-1] == 1.0


def test_reading_takes_the_same_memory_however_long_the_file(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_bytes(b"a,b\n" + b"some text,more text\n" * 60_000)
    layout = look_at_file(path)
    tracemalloc.start()
    try:
        with open_rows(path, layout, ["a", "b"]) as stream:
            for _ in stream.rows:
                pass
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 1_000_000


@given(st.text(alphabet="'=+-@\t1.ab\uff1d", max_size=6))
def test_no_cell_of_rejected_items_is_a_formula_and_each_is_read_as_it_was(cell: str) -> None:
    written = str(guard(cell))
    assert without_guard(written) == cell
    is_number = re.fullmatch(r"[+-][0-9.,]+", written) is not None
    assert is_number or written[:1] not in tuple("=+-@\t")


def test_a_guarded_cell_is_read_as_it_was_in_any_file(tmp_path: Path) -> None:
    path = tmp_path / "guarded.csv"
    path.write_text("a,campaign\n1,'=1+1\n2,''@x\n3,it's\n4,'quoted'\n", encoding="utf-8")
    layout = look_at_file(path)
    with open_rows(path, layout, ["campaign"]) as stream:
        assert [
            tuple(cells) for _, cells in stream.rows if not isinstance(cells, UnreadableItem)
        ] == [("=1+1",), ("'@x",), ("it's",), ("'quoted'",)]
