"""No text makes a reader search it again from each of its letters, and no depth makes it fail."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from time import process_time

import pytest

from skeldir.ingest.files import choose_mapping
from skeldir.ingest.files.amounts import Rounding, amount_reader
from skeldir.ingest.files.layout import FileUnreadable
from skeldir.ingest.files.readers import look_at_file, open_rows
from skeldir.ingest.rejections import ItemRejected, UnreadableItem

SIZE = 60_000
ROW = '{"order_id": "o%s", "created_at": "2026-10-20T10:00:00Z", "total": "1.50", "currency": "EUR"%s}\n'


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("letters.csv", b"id,note\n1,\xc3\xbc " + b"a" * 4 * SIZE + b"\n"),
        ("addresses.csv", b"id,a" + b"@" * SIZE + b" x\n1,2\n"),
        ("quotes.json", b'"' + b'\\"' * 2 * SIZE + b"\n"),
    ],
    ids=["letters", "addresses", "quotes"],
)
def test_a_text_is_looked_through_in_one_pass(tmp_path: Path, name: str, content: bytes) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    before = process_time()
    with suppress(FileUnreadable):
        look_at_file(path)
    assert process_time() - before < 1


def test_an_object_that_is_nested_deep_rejects_only_itself(tmp_path: Path) -> None:
    path = tmp_path / "orders.ndjson"
    deep = f', "x": {"[" * 1010}{"]" * 1010}'
    path.write_text(ROW % (1, "") + ROW % (2, deep) + ROW % (3, ', "x": [[1]]'))
    chosen = choose_mapping(path, kind="conversions", map_file=None, flags={})
    with open_rows(path, chosen.layout, chosen.mapping.wanted) as stream:
        rows = [cells for _, cells in stream.rows]
    assert [isinstance(row, UnreadableItem) for row in rows] == [False, True, False]


@pytest.mark.parametrize("rounding", [None, "half_up"])
def test_an_amount_of_minor_units_fits_64_bits(rounding: Rounding | None) -> None:
    read = amount_reader("minor", ".", rounding)
    assert read("000000000000000000000001250", "EUR") == 1250
    with pytest.raises(ItemRejected, match="too many digits"):
        read("9" * 25, "EUR")
