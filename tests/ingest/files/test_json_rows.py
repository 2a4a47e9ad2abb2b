"""Objects in JSON: each is a row, whether they stand in lines, in an array, or in an object around an array."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from time import process_time

import pytest

from skeldir.ingest.files.layout import FileUnreadable, Row
from skeldir.ingest.files.readers import look_at_file, open_rows
from skeldir.ingest.rejections import UnreadableItem


def read(content: bytes, name: str, wanted: Sequence[str] | None = None) -> list[Row]:
    """Return the rows of a file with this content; all its columns unless `wanted` names some."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / name
        path.write_bytes(content)
        layout = look_at_file(path)
        with open_rows(path, layout, wanted or layout.header) as stream:
            return [
                (number, cells if isinstance(cells, UnreadableItem) else tuple(cells))
                for number, cells in stream.rows
            ]


@pytest.mark.parametrize(
    "content",
    [
        b'{"items":[{"sku":"a"}],"id":"R-1"}\n{"items":[{"sku":"b"}],"id":"R-2"}\n',
        b'{"id":"R-1","orders":[{"sku":"a"}]}\n\n{"id":"R-2","orders":[{"sku":"b"}]}',
    ],
)
def test_a_line_that_begins_with_an_array_is_a_row_of_its_own(content: bytes) -> None:
    rows = read(content, "x.ndjson", wanted=["id"])
    assert rows == [(1, ("R-1",)), (2, ("R-2",))]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b'{"orders":[{"a":1}],"refunds":[{"a":2}]}', "More objects"),
        (b'{"n":1,"orders":[\n{"a":1}]}\n{"n":1,"orders":[{"a":2}]}', "More objects"),
        (b'{"orders":[{"a":1}]} {"a":2}', "More objects"),
        (b'{"orders":[{"a":1}],"next":', "not closed"),
        (b'{"orders":[{"a":1}]', "not closed"),
    ],
)
def test_rows_behind_the_array_that_is_read_are_never_left_out(content: bytes, says: str) -> None:
    with pytest.raises(FileUnreadable, match=says):
        read(content, "x.json")


@pytest.mark.parametrize(
    "content",
    [
        b'{"orders":[{"a":1}],"next":null,"errors":[],"tags":["]","{"],"meta":{"x":[{"y":2}]}}',
        b'{"meta":{"n":[{"a":9}]},"has_more":false,\n"data":[{"a":1}]}\n',
        b'{"whatever":[{"a":1}]}',
    ],
)
def test_what_stands_around_an_array_is_no_row(content: bytes) -> None:
    assert read(content, "x.json") == [(1, (1,))]


def test_objects_with_arrays_are_looked_at_in_one_pass() -> None:
    """Each beginning of an array once was compared with all that stands before it: 1 MiB took a minute."""
    line = b'{"id":1,"x":[1,2],"y":[{"z":3}]}\n'
    begun = process_time()
    read(line * 30_000, "x.ndjson", ["id"])
    read(b'{"x":1,' + b'"b":[],' * 150_000 + b'"c":1}', "x.json", ["x"])
    assert process_time() - begun < 5
