"""Rows of Parquet files: Python's types, moments in microseconds, and rows skipped by groups."""

from __future__ import annotations

import io
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from skeldir.ingest.files.layout import FileUnreadable, Row
from skeldir.ingest.files.parquet import ParquetRows
from skeldir.ingest.files.readers import look_at_file, open_rows
from skeldir.ingest.rejections import UnreadableItem


def write(path: Path, rows_of_group: int = 1_000, **columns: object) -> Path:
    pq.write_table(pa.table(columns), path, row_group_size=rows_of_group)
    return path


def read(path: Path, wanted: list[str], skip: int = 0) -> list[Row]:
    with open_rows(path, look_at_file(path), wanted, skip=skip) as stream:
        return list(stream.rows)


def test_cells_have_the_types_of_python(tmp_path: Path) -> None:
    path = write(
        tmp_path / "x.parquet",
        text=pa.array(["a", None]),
        whole=pa.array([1, 2]),
        broken=pa.array([1.5, float("nan")]),
        exact=pa.array([Decimal("12.50"), None]),
        kind=pa.array(["x", "y"]).dictionary_encode(),
        flag=pa.array([True, False]),
    )
    wanted = ["text", "whole", "broken", "exact", "kind", "flag"]
    assert look_at_file(path).header == tuple(wanted)
    assert read(path, wanted) == [
        (1, ("a", 1, 1.5, Decimal("12.50"), "x", True)),
        (2, (None, 2, None, None, "y", False)),
    ]


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
def test_moments_of_any_precision_and_zone_are_read_in_utc(tmp_path: Path, unit: str) -> None:
    moment = datetime(2026, 6, 1, 10, 30, tzinfo=UTC)
    path = write(
        tmp_path / "x.parquet",
        aware=pa.array([moment], pa.timestamp(unit, tz="Europe/Berlin")),
        bare=pa.array([moment.replace(tzinfo=None)], pa.timestamp(unit)),
    )
    ((_, cells),) = read(path, ["aware", "bare"])
    assert not isinstance(cells, UnreadableItem)
    aware, bare = cells
    assert isinstance(aware, datetime)
    assert (aware, bare) == (moment, moment.replace(tzinfo=None))
    assert aware.utcoffset() == timedelta(0)


def test_nanoseconds_are_truncated_to_microseconds(tmp_path: Path) -> None:
    path = write(tmp_path / "x.parquet", at=pa.array([1_999], pa.timestamp("ns")))
    assert read(path, ["at"]) == [(1, (datetime(1970, 1, 1, microsecond=1),))]  # noqa: DTZ001 - bare in the file


def test_a_cell_that_python_cannot_represent_rejects_only_its_row(tmp_path: Path) -> None:
    path = write(
        tmp_path / "x.parquet",
        at=pa.array([0, 2**62, 0], pa.timestamp("us")),
        text=pa.array([b"a", b"b", b"\xff"]).view(pa.string()),
    )
    rows = read(path, ["at", "text"])
    assert [type(cells) is UnreadableItem for _, cells in rows] == [False, True, True]
    assert [cells.code for _, cells in rows if isinstance(cells, UnreadableItem)] == [
        "row_malformed",
        "encoding_invalid",
    ]


@pytest.mark.parametrize("skip", [0, 1, 9, 10, 11, 24, 25, 26])
def test_reading_starts_after_the_skipped_rows(tmp_path: Path, skip: int) -> None:
    path = write(tmp_path / "x.parquet", rows_of_group=10, n=pa.array(range(1, 26)))
    assert read(path, ["n"], skip) == [(number, (number,)) for number in range(skip + 1, 26)]


def test_the_share_read_grows_to_one(tmp_path: Path) -> None:
    path = write(tmp_path / "x.parquet", n=pa.array(range(30_000)))
    with open_rows(path, look_at_file(path), ["n"]) as stream:
        assert stream.share_read() == 0.0
        assert sum(1 for _ in stream.rows) == 30_000
        assert stream.share_read() == 1.0


@pytest.mark.parametrize("content", [b"", b"PAR1", b"PAR1....PAR1", b"a,b\n1,2\n" * 9])
def test_a_file_that_is_not_parquet_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "x.parquet"
    path.write_bytes(content)
    with io.FileIO(path) as raw, pytest.raises(FileUnreadable, match="not a complete Parquet file"):
        ParquetRows(raw, "x.parquet")


def test_a_damaged_column_makes_the_file_unreadable(tmp_path: Path) -> None:
    path = write(tmp_path / "x.parquet", n=pa.array([str(n) * 9 for n in range(5_000)]))
    content = bytearray(path.read_bytes())
    content[4:400] = b"\xff" * 396
    path.write_bytes(content)
    with pytest.raises(FileUnreadable):
        read(path, ["n"])


def test_a_file_with_two_columns_of_one_name_is_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "x.parquet"
    pq.write_table(pa.table([[1], [2]], names=["total", "total"]), path)
    with pytest.raises(FileUnreadable, match='several columns called "total"'):
        look_at_file(path)


def test_a_column_whose_name_is_no_utf8_refuses_the_file(tmp_path: Path) -> None:
    path = tmp_path / "x.parquet"
    pq.write_table(pa.table({"total": [1]}), path, store_schema=False)
    path.write_bytes(path.read_bytes().replace(b"total", b"tot\xe1l"))
    with (
        pytest.raises(FileUnreadable, match="not a complete Parquet file"),
        path.open("rb", 0) as raw,
    ):
        ParquetRows(raw, path.name)
