"""Files whose rows or columns are so large that they would fill the memory: refused, or read in small parts."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from skeldir.ingest.files.items import ItemMaker
from skeldir.ingest.files.layout import MOST_COLUMNS, FileUnreadable
from skeldir.ingest.files.mapping import FileMapping
from skeldir.ingest.files.readers import look_at_file, open_rows

MANY = [f"column_{number}" for number in range(MOST_COLUMNS + 1)]
LONG = 10_000


def write_csv_of_columns(path: Path) -> None:
    path.write_text(",".join(MANY) + "\n" + "," * MOST_COLUMNS + "\n", encoding="utf-8")


def write_objects_with_keys_of_their_own(path: Path) -> None:
    rows = [dict.fromkeys(MANY[begin : begin + 10], 1) for begin in range(0, len(MANY), 10)]
    path.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")


def write_parquet_of_columns(path: Path) -> None:
    pq.write_table(pa.table({name: [1] for name in MANY}), path)


@pytest.mark.parametrize(
    ("name", "write"),
    [
        ("x.csv", write_csv_of_columns),
        ("x.ndjson", write_objects_with_keys_of_their_own),
        ("x.parquet", write_parquet_of_columns),
    ],
)
def test_a_file_with_too_many_columns_is_refused(tmp_path: Path, name: str, write: object) -> None:
    path = tmp_path / name
    assert callable(write)
    write(path)
    with pytest.raises(FileUnreadable, match=r"has 4,001 columns, and at most 4,000"):
        look_at_file(path)


def write_long_rows(path: Path, count: int) -> Path:
    """Write rows of some 10 kB each, with the key of each in `id`."""
    if path.suffix == ".csv":
        cells = ",".join(["x" * (LONG // 10)] * 10)
        lines = ["id," + ",".join("abcdefghij"), *(f"{row},{cells}" for row in range(count))]
    else:
        lines = [json.dumps({"id": str(row), "a": "x" * LONG}) for row in range(count)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


@pytest.mark.parametrize("name", ["x.csv", "x.ndjson"])
def test_long_rows_are_sampled_and_imported_a_few_at_a_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setattr("skeldir.ingest.files.readers.MOST_SAMPLED", 8 * LONG)
    monkeypatch.setattr("skeldir.ingest.files.items.MOST_BATCH_BYTES", 30 * LONG)
    path = write_long_rows(tmp_path / name, 90)
    layout = look_at_file(path)
    assert len(layout.sample) == 8
    assert not layout.sample_is_whole
    columns = {"occurred_at": ("a",), "amount": ("a",), "order_id": ("id",)}
    mapping = FileMapping(
        kind="conversions", columns=columns, amount_unit="major", currency="EUR", time_zone="UTC"
    )
    maker = ItemMaker(mapping, secret=b"x", cells_are_text=layout.cells_are_text)
    lasts = []
    with open_rows(path, layout, mapping.wanted) as stream:
        while batch := maker.next_batch(stream.rows, 10_000, stream.bytes_read):
            lasts.append(batch.last_row)
    assert lasts == [40, 80, 90]


def test_a_text_that_all_rows_of_a_parquet_file_share_is_in_memory_once(tmp_path: Path) -> None:
    path = tmp_path / "x.parquet"
    texts = pa.DictionaryArray.from_arrays(pa.array([0, 1, None, 0]), pa.array(["x" * 100, "y"]))
    pq.write_table(pa.table({"a": texts}), path, store_schema=False)
    with open_rows(path, look_at_file(path), ["a"]) as stream:
        cells = [row[0] for _, row in stream.rows if isinstance(row, tuple)]
    assert cells == ["x" * 100, "y", None, "x" * 100]
    assert cells[0] is cells[3]


def test_a_parquet_file_that_expands_beyond_measure_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.parquet"
    zeros, rows = pa.scalar(0), 9_000_000
    pq.write_table(
        pa.table({"a": pa.repeat(zeros, rows)}),
        path,
        row_group_size=rows,
        compression="zstd",
        use_dictionary=False,
        write_statistics=False,
    )
    with pytest.raises(FileUnreadable, match="expands to more than 200 times its size"):
        look_at_file(path)


def test_a_parquet_file_with_lists_of_countless_values_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.parquet"
    pq.write_table(pa.table({"a": pa.array([[1] * 5_000], pa.list_(pa.int64()))}), path)
    with pytest.raises(FileUnreadable, match="more than 1,000 values for each row"):
        look_at_file(path)
