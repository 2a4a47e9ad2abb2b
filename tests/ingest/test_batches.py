"""A body becomes items; what is odd about one of them costs no other."""

from __future__ import annotations

import pytest

from skeldir.clock import utc_now
from skeldir.http.bodies import BodyUnreadable
from skeldir.ingest.batches import split_batch
from skeldir.ingest.canonical import read_conversion
from skeldir.ingest.rejections import ItemRejected, Refused

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
def test_a_value_beyond_strict_json_costs_only_its_own_item(odd: bytes, code: str) -> None:
    rest = b'{"idempotency_key": "k", "order_id": "o", "kind": "capture", "amount_cents": 1, "currency": "USD"'
    items = split_batch(b"[" + rest + b"}, " + rest + b", " + odd + b"}]", JSON)
    assert len(items) == 2
    with pytest.raises(ItemRejected) as refusal:
        read_conversion(items[1], now=utc_now())
    assert refusal.value.item_code == code


@pytest.mark.parametrize(
    "body", [b"[" * 100_000, b'[{"a": ' + b"9" * 5_000 + b"}]", b"[\xff]", b"", b"[1,]"]
)
def test_a_document_that_is_no_json_at_all_is_refused_whole(body: bytes) -> None:
    with pytest.raises(BodyUnreadable):
        split_batch(body, JSON)


def test_a_line_that_is_not_utf_8_is_named_as_such() -> None:
    items = split_batch(b'{"a": 1}\n{"a": "\xff"}\n{"a": \n', "application/x-ndjson")
    assert [item.code for item in items if isinstance(item, Refused)] == [
        "encoding_invalid",
        "json_invalid",
    ]
