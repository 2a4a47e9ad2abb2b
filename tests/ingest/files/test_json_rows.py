"""Objects in JSON: each is a row, whether they stand in lines, in an array, or in an object around an array."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from time import process_time

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skeldir.ingest.files import json_rows
from skeldir.ingest.files.json_paths import find_paths
from skeldir.ingest.files.json_rows import JsonFile
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


@pytest.mark.parametrize(
    "answer",
    [
        '{"data":[%s],"has_more":true}',
        '{"object":"list","hasMore":true,"data":[%s]}',
        '{"results":[%s],"next":"https://api.example/orders?page=2","previous":null}',
        '{"orders":[%s],"next_cursor":"b2sx"}',
        '{"value":[%s],"@odata.nextLink":"https://api.example/x"}',
        '{"data":[%s],"links":{"self":"a","next":"b"}}',
        '{"data":[%s],"links":{"next":{"href":"b"}}}',
        '{"data":[%s],"paging":{"cursors":{"after":"x"},"next":"b"}}',
        '{"data":[%s],"paging":{"next":{"after":"x"}}}',
        '{"data":[%s],"response_metadata":{"next_cursor":"x"}}',
        '{"items":[%s],"nextPageToken":"x"}',
        '{"items":[%s],"cursor":"x"}',
        '{"data":[%s],"meta":{"page":1,"totalPages":3}}',
        '{"content":[%s],"last":false}',
    ],
)
def test_one_page_of_an_answer_is_no_whole_file(answer: str, tmp_path: Path) -> None:
    """Nor is it if it is longer than the rows that are looked at first."""
    for rows in (2, 1_500):
        path = tmp_path / f"{rows}.json"
        path.write_text(answer % ",".join(f'{{"id":{n}}}' for n in range(rows)))
        with pytest.raises(FileUnreadable, match="one page") as caught:
            look_at_file(path)
        assert "--set 'one_page = true'" in caught.value.cure
        layout = look_at_file(path, one_page=True)
        with open_rows(path, layout, ["id"]) as stream:
            assert sum(1 for _ in stream.rows) == rows


@pytest.mark.parametrize(
    "around",
    [
        '"has_more":false,"next":null,"next_page":"","next_cursor":"null","cursor":"","total_pages":1',
        '"links":{"self":"a","next":null,"last":"a"},"paging":{"next":{}},"last":true,"page":1',
        '"next":"","next_page_token":"0","more":"false","meta":{"next":[],"has_next":false}',
    ],
)
def test_an_answer_that_says_there_is_no_more_is_whole(around: str) -> None:
    assert read(f'{{"data":[{{"a":1}}],{around}}}'.encode(), "x.json") == [(1, (1,))]
    assert read(f'{{{around},"data":[{{"a":1}}]}}'.encode(), "x.json") == [(1, (1,))]


def test_objects_with_arrays_are_looked_at_in_one_pass() -> None:
    """Each beginning of an array once was compared with all that stands before it: 1 MiB took a minute."""
    line = b'{"id":1,"x":[1,2],"y":[{"z":3}]}\n'
    begun = process_time()
    read(line * 30_000, "x.ndjson", ["id"])
    read(b'{"x":1,' + b'"b":[],' * 150_000 + b'"c":1}', "x.json", ["x"])
    assert process_time() - begun < 5


_VALUES = st.recursive(
    st.none() | st.integers(-5, 5) | st.text('a"\\{}[],: \né😀', max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("a{\"\\", max_size=3), inner, max_size=3),
    max_leaves=5,
)  # fmt: skip


@given(
    objects=st.lists(st.dictionaries(st.text("b}],\\", max_size=3), _VALUES, max_size=3), max_size=6),
    indent=st.sampled_from([None, 1]),
    form=st.sampled_from(["array", "wrapped", "after"]),
    piece=st.integers(1, 40),
)  # fmt: skip
def test_objects_are_found_wherever_a_file_is_cut_into_pieces(
    objects: list[dict[str, object]], indent: int | None, form: str, piece: int
) -> None:
    # An object that begins with an array could be one around an array.
    objects = [{"id": place, **one} for place, one in enumerate(objects)]
    if form == "after":
        # Objects of one line are a file of lines.
        text = "\n".join(json.dumps(one, indent=1).replace("{", "{\n", 1) for one in objects)
    else:
        text = json.dumps(objects if form == "array" else {"orders": objects}, indent=indent)
    lines = [number for number, line in enumerate(text.split("\n"), 1) if line.strip()]
    with pytest.MonkeyPatch.context() as patch:
        file = JsonFile(io.BufferedReader(io.BytesIO(text.encode())))
        patch.setattr(json_rows, "PIECE", piece)
        found = list(file.objects())
    assert found == [orjson.loads(json.dumps(one)) for one in objects]
    assert all(file.lines.line_of(number) in lines for number in range(1, len(found) + 1))


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("context.page.url", "/x"),
        ("context.page", {"url": "/x"}),
        ("context.none.url", None),
        ("a.b", 7),
        ("refunds[].total", Decimal("-15.50")),
        ("empty[].total", None),
        ("odd[].total", [{"total": "x"}]),
        ("lines[].tax.rate", Decimal("0.3")),
    ],
)
def test_values_inside_objects_are_read_by_their_paths(path: str, value: object) -> None:
    row = (
        b'{"context":{"page":{"url":"/x"}},"a":{"b":1},"a.b":7,"refunds":[{"total":"-10.00"},{"total":-5.5}],'
        b'"empty":[],"odd":[{"total":"x"}],"lines":[{"tax":{"rate":0.1}},{"tax":{"rate":0.2}}]}'
    )
    assert read(row + b'\n{"id":1}\n', "x.ndjson", [path]) == [(1, (value,)), (2, (None,))]
    is_column = value is not None and path != "context.page"
    assert (path in find_paths([orjson.loads(row)])) is is_column


def test_a_file_of_one_order_is_the_order_and_not_its_items() -> None:
    order = (
        b'{"order_id": "A", "total": "30.00", "currency": "EUR", "items": [{"total": "10.00"}]}\n'
    )
    assert list(JsonFile(io.BufferedReader(io.BytesIO(order))).objects()) == [orjson.loads(order)]
    page = b'{"page": 1, "items": [{"order_id": "A"}]}'
    assert list(JsonFile(io.BufferedReader(io.BytesIO(page))).objects()) == [{"order_id": "A"}]
