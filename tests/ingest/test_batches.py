"""A body becomes items; an odd one does not affect the others."""

from __future__ import annotations

import json

import orjson
import pytest

from skeldir.clock import utc_now
from skeldir.http.bodies import BodyTooLarge, BodyUnreadable
from skeldir.ingest.batches import (
    MAX_ITEMS,
    MAX_LINE_ENDS,
    MAX_VALUES_AT_ONCE,
    is_heavy,
    split_batch,
)
from skeldir.ingest.canonical import read_conversion
from skeldir.ingest.rejections import ItemRejected, UnreadableItem
from tests.support.make import make_touch

JSON = "application/json"


@pytest.mark.parametrize(
    ("odd", "code"),
    [
        (rb'"order_id": "\ud800"', "order_id_invalid"),
        (b'"amount_cents": 1e999', "amount_invalid"),
        (b'"amount_cents": ' + b"9" * 400, "amount_too_large"),
        (b'"amount_cents": NaN', "amount_invalid"),
    ],
)
def test_a_value_beyond_strict_json_rejects_only_its_own_item(odd: bytes, code: str) -> None:
    rest = b'{"idempotency_key": "k", "order_id": "o", "kind": "capture", "amount_cents": 1, "currency": "USD"'
    items = split_batch(b"[" + rest + b"}, " + rest + b", " + odd + b"}]", JSON)
    assert len(items) == 2
    with pytest.raises(ItemRejected) as refusal:
        read_conversion(items[1], now=utc_now())
    assert refusal.value.item_code == code


@pytest.mark.parametrize(
    "body", [b"[" * 100_000, b'[{"a": ' + b"9" * 5_000 + b"}]", b"[\xff]", b"", b"[1,]"]
)
def test_a_document_that_is_not_json_is_refused_completely(body: bytes) -> None:
    with pytest.raises(BodyUnreadable):
        split_batch(body, JSON)


def test_a_line_that_is_not_utf_8_is_named_as_such() -> None:
    items = split_batch(b'{"a": 1}\n{"a": "\xff"}\n{"a": \n', "application/x-ndjson")
    assert [item.code for item in items if isinstance(item, UnreadableItem)] == [
        "encoding_invalid",
        "json_invalid",
    ]


def numbered(count: int) -> list[dict[str, object]]:
    return [
        {"n": n, "text": 'a "quoted" },{ and a ] of item', "nested": [{}, {"a": {}}]}
        for n in range(count)
    ]


@pytest.mark.parametrize("count", [1, 2_000, 10_000])
@pytest.mark.parametrize("spaces", [False, True])
def test_a_long_array_in_pieces_parses_to_the_same_items(count: int, spaces: bool) -> None:
    items = numbered(count)
    body = json.dumps(items).encode() if spaces else orjson.dumps(items)
    assert split_batch(body, JSON) == items
    assert split_batch(b" \n" + body + b"\n ", JSON) == items


def test_a_cut_within_an_item_changes_nothing() -> None:
    """Wherever a piece could end, there is a comma between two objects within an item, or within a text."""
    inner = [{"a": 1}, {"b": 2}] * 20_000
    for items in ([{"inner": inner}], [{"text": "},{" * 60_000}], [[{}], *inner[:9_000]]):
        assert split_batch(orjson.dumps(items), JSON) == items


@pytest.mark.parametrize(
    "end",
    [b",]", b",", b"", b",,{}]", b",]]", b"]]", b"],[{}]", b"}]", b",{]", b" {}]", b',{"a"}]'],
)
def test_a_long_array_with_a_bad_end_is_refused_completely(end: bytes) -> None:
    whole = orjson.dumps(numbered(5_000))
    with pytest.raises(BodyUnreadable):
        split_batch(whole[:-1] + end, JSON)
    # The last piece ends with the only item, and the rest of the body has none.
    with pytest.raises(BodyUnreadable):
        split_batch(b'[{"x":"%b"}' % (b"x" * 200_000) + end, JSON)


def test_an_odd_value_far_into_the_body_rejects_only_its_own_item() -> None:
    items = [orjson.dumps(item) for item in numbered(4_000)]
    items[3_990] = rb'{"n": "\ud800"}'
    read = split_batch(b"[" + b",".join(items) + b"]", JSON)
    assert len(read) == 4_000
    assert read[3_990] == {"n": "\ud800"}


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"[" + b",".join([b"{}"] * (MAX_ITEMS + 1)) + b"]", JSON),
        (b"[" + b",".join([b'{"a":"%b"}' % (b"x" * 100)] * (MAX_ITEMS + 1)) + b"]", JSON),
        (b'{"a":[' + b",".join([b"0"] * MAX_VALUES_AT_ONCE) + b"]}", JSON),
        (b'{"a":[' + b",".join([b"0"] * MAX_VALUES_AT_ONCE) + b"]}", "application/x-ndjson"),
        (b'{"a":1}\n' + b"\n" * MAX_LINE_ENDS, "application/x-ndjson"),
        (b'{"a":1}\r\n' * (MAX_ITEMS + 1), "application/x-ndjson"),
    ],
    ids=["items", "longer items", "values of an item", "values of a line", "empty lines", "lines"],
)
def test_a_body_with_too_many_items_values_or_lines_is_too_large(
    body: bytes, content_type: str
) -> None:
    with pytest.raises(BodyTooLarge):
        split_batch(body, content_type)


def test_lines_may_end_as_on_windows_with_an_empty_line_after_each() -> None:
    items = split_batch(b'{"a":1}\r\n\r\n' * MAX_ITEMS, "application/x-ndjson")
    assert items == [{"a": 1}] * MAX_ITEMS


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b'{"n":1}\r\n{"n":2}', "application/x-ndjson"),
        (b'[{"n":1},{"n":2}]', "application/json"),
    ],
)
def test_a_byte_order_mark_rejects_no_item(body: bytes, content_type: str) -> None:
    assert split_batch(b"\xef\xbb\xbf" + body, content_type) == [{"n": 1}, {"n": 2}]


def test_a_single_event_is_light_and_a_slow_body_is_heavy() -> None:
    assert not is_heavy(orjson.dumps([make_touch() for _ in range(50)]))
    assert is_heavy(b"x\n" * 3_000)
    assert is_heavy(orjson.dumps([{"idempotency_key": "bad"}] * 600))
    assert is_heavy(b" " * 100_000)
