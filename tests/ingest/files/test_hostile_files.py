"""Hostile files: whatever the bytes are, a file is read or refused in a sentence."""

from __future__ import annotations

import gzip
import io
import zipfile
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skeldir.ingest.files.layout import FileUnreadable
from skeldir.ingest.files.readers import look_at_file, open_rows
from tests.support.workbooks import DAY, MOMENT, Cell, workbook

_CSV = (
    b'sep=;\n# Report\n\norder_id;created_at;total\nR-1;"2026-10-20T10:00:00Z";12,50\n'
    b'R-2;2026-10-20;"7,\n50"\nTotal;;20,00\n'
)
_JSON = b'{"orders": [\n {"id": "R-1", "total": 12.5},\n {"id": "R-2", "x": [{"y": "]}\\""}]}\n]}\n'
_ORDERS: dict[str, list[tuple[str | float | bool | Cell | None, ...]]] = {
    "Orders": [
        ("Report",),
        ("id", "at", "day", "total"),
        ("R-1", Cell("46315.416666666664", style=MOMENT), Cell("46315", style=DAY), 12.5),
        ("R-2", None, None, Cell("#N/A", "e")),
        ("R-3", True, None, 7.5),
    ]
}


def _zipped(content: bytes, name: str = "x.csv") -> bytes:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr(name, content)
    return archive.getvalue()


SEEDS: dict[str, list[bytes]] = {
    "x.csv": [
        _CSV,
        _CSV.decode().encode("utf-16"),
        "a,b\nFür,Größe\n".encode("cp1252"),
        "a\tb\n1\t2\n".encode("utf-16-le"),
    ],
    "x.json": [_JSON, b'{"a": 1}\n{"a": 2}\n', b'{\n"a": 1\n}\n{\n"a": "\xff"}', b'[{"a": 1}, 2]'],
    "x.csv.gz": [gzip.compress(_CSV, mtime=0)],
    "x.zip": [_zipped(_CSV, "xü.csv")],
    "x.xlsx": [workbook(_ORDERS), workbook(_ORDERS, inline=True)],
}
_TOKENS = [
    b'"', b"\n", b"\r", b";", b",", b"\t", b"\x00", b"\xff", b"\xfe", b"{", b"}", b"[", b"]", b"\\", b"<", b">",
    b"&", b"=", b"PK\x03\x04", b"\x1f\x8b", b"\xef\xbb\xbf", b"\xff\xfe", b"\xed\xa0\x80", b"99999999999", b"-1",
    b"\xd8\x00",
]  # fmt: skip


@st.composite
def mutated(draw: st.DrawFn, seeds: list[bytes]) -> bytes:
    """Draw a file with some of its bytes replaced, removed or repeated."""
    content = bytearray(draw(st.sampled_from(seeds)))
    for _ in range(draw(st.integers(1, 6))):
        at = draw(st.integers(0, len(content)))
        size = draw(st.integers(0, 40))
        new = draw(
            st.sampled_from(_TOKENS) | st.binary(max_size=8) | st.just(bytes(content[at : at + size]) * 3)
        )  # fmt: skip
        content[at : at + size] = new
    return bytes(content)


@st.composite
def broken_workbooks(draw: st.DrawFn) -> bytes:
    """Draw a workbook that unpacks well, with a part that is mutated: the checksums hide such faults otherwise."""
    whole = workbook(_ORDERS)
    with zipfile.ZipFile(io.BytesIO(whole)) as archive:
        part = draw(st.sampled_from(archive.namelist()))
        content = archive.read(part)
    return workbook(_ORDERS, parts={part: draw(mutated([content]))})


def read_or_refuse(content: bytes, name: str) -> None:
    """Read a file to its end; it may raise FileUnreadable, and nothing else."""
    with TemporaryDirectory() as folder, suppress(FileUnreadable):
        path = Path(folder) / name
        path.write_bytes(content)
        layout = look_at_file(path)
        with open_rows(path, layout, tuple(dict.fromkeys(layout.header))) as stream:
            numbers = [number for number, _ in stream.rows]
        assert numbers == list(range(1, len(numbers) + 1))
        assert stream.line_of is not None
        lines = [stream.line_of(number) for number in numbers]
        assert lines == sorted(lines)


@pytest.mark.parametrize("name", SEEDS)
def test_a_mutated_file_is_read_or_refused(name: str) -> None:
    @given(mutated(SEEDS[name]))
    def check(content: bytes) -> None:
        read_or_refuse(content, name)

    check()


@given(
    st.sampled_from(["x.zip", "x.xlsx"]),
    st.lists(st.tuples(st.integers(0, 99_999), st.sampled_from([0, 1, 8, 128, 255])), max_size=3),
)
def test_an_archive_with_a_damaged_directory_is_read_or_refused(
    name: str, changes: list[tuple[int, int]]
) -> None:
    content = bytearray(SEEDS[name][0])
    begin = content.index(b"PK\x01\x02")
    for at, value in changes:
        content[begin + at % (len(content) - begin)] = value
    read_or_refuse(bytes(content), name)


@pytest.mark.parametrize("new", [b"x\xff\xbc.csv", b""])
def test_an_archive_with_a_name_that_is_none_is_refused(tmp_path: Path, new: bytes) -> None:
    """Random damage rarely hits what made the library raise something else than its own errors."""
    content = _zipped(b"a,b\n1,2\n", "xü.csv")
    old = "xü.csv".encode()
    if new:
        content = content.replace(old, new)
    else:
        # Without a name in the directory; the bytes of the name become a comment.
        at = content.index(b"PK\x01\x02") + 28
        content = content[:at] + b"\x00\x00\x00\x00\x07\x00" + content[at + 6 :]
    path = tmp_path / "x.zip"
    path.write_bytes(content)
    with pytest.raises(FileUnreadable):
        look_at_file(path)


@given(broken_workbooks())
def test_a_workbook_with_a_mutated_part_is_read_or_refused(content: bytes) -> None:
    read_or_refuse(content, "x.xlsx")


@given(st.binary(max_size=200), st.sampled_from(list(SEEDS)))
def test_any_bytes_are_read_or_refused(content: bytes, name: str) -> None:
    read_or_refuse(content, name)
