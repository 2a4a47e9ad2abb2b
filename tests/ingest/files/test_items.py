"""Rows become items: fields, keys, orders and refunds, by the mapping and nothing else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skeldir.ingest.canonical import read_conversion, read_touch
from skeldir.ingest.fields import CONVERSION_FIELDS, TOUCH_FIELDS
from skeldir.ingest.files.items import Batch, ItemMaker
from skeldir.ingest.files.keys import Item
from skeldir.ingest.files.mapping import FileMapping
from skeldir.ingest.files.mapping_file import Settings, mapping_from_settings, merge_settings
from skeldir.ingest.nothing import is_no_id
from skeldir.ingest.rejections import UnreadableItem

NOW = datetime(2026, 6, 2, tzinfo=UTC)
SECRET = b"secret"
MIXED: Settings = {
    "kind": "mixed",
    "currency": "USD",
    "amount_unit": "major",
    "order_when": {"column": "sold", "equals": "1"},
    "columns": {
        "occurred_at": "time",
        "journey_key": "who",
        "channel": "via",
        "order_id": "order",
        "amount": "total",
    },
}
ROW = {"time": "2026-06-01T10:00Z", "who": "A1", "via": "email", "order": "o1", "total": "12.50"}


def mapping_of(**settings: object) -> FileMapping:
    return mapping_from_settings(merge_settings(MIXED, settings))


def make(
    mapping: FileMapping, *rows: Mapping[str, object], text: bool = True, secret: bytes = SECRET
) -> Batch:
    """Return the batch of `rows`, given as column → cell; missing columns are empty."""
    empty = "" if text else None
    cells = [[row.get(name, empty) for name in mapping.wanted] for row in rows]
    maker = ItemMaker(mapping, secret=secret, cells_are_text=text)
    batch = maker.next_batch(iter(enumerate(cells, 1)), len(rows))
    assert batch is not None
    return batch


def fields(item: Item) -> dict[str, object]:
    assert isinstance(item, dict), item
    return item


def keys(items: Sequence[Item]) -> list[object]:
    return [fields(item)["idempotency_key"] for item in items]


def test_a_mixed_row_is_a_touch_and_where_a_column_says_so_an_order() -> None:
    batch = make(mapping_of(), {**ROW, "sold": "0"}, {**ROW, "sold": "1"}, {**ROW, "sold": "01"})
    assert batch.touches.rows == [1, 2, 3]
    assert batch.orders.rows == [2]
    touch, order = fields(batch.touches.items[1]), fields(batch.orders.items[0])
    assert touch | {"idempotency_key": ""} == {
        "idempotency_key": "",
        "occurred_at": datetime(2026, 6, 1, 10, tzinfo=UTC),
        "journey_key": "A1",
        "channel": "email",
    }
    assert order | {"idempotency_key": ""} == {
        "idempotency_key": "",
        "occurred_at": datetime(2026, 6, 1, 10, tzinfo=UTC),
        "journey_key": "A1",
        "order_id": "o1",
        "kind": "capture",
        "amount_cents": 1250,
        "currency": "USD",
    }
    assert set(touch) <= TOUCH_FIELDS
    assert set(order) <= CONVERSION_FIELDS
    assert read_touch(touch, now=NOW, own_channels=frozenset()).channel_code == "email"
    assert read_conversion(order, now=NOW).amount_cents == 1250


def test_a_row_that_is_neither_touch_nor_order_is_skipped_and_counted() -> None:
    mapping = mapping_of(touch_when={"column": "event", "equals": ["visit", "click"]})
    batch = make(mapping, {**ROW, "event": "click"}, ROW, {**ROW, "sold": "1"})
    assert (batch.touches.rows, batch.orders.rows, batch.skipped) == ([1], [3], 1)


def test_without_equals_any_value_makes_an_order() -> None:
    mapping = mapping_of(order_when={"column": "order"})
    assert make(mapping, ROW, {**ROW, "order": ""}).orders.rows == [1]
    assert make(mapping, ROW, {**ROW, "order": None}, text=False).orders.rows == [1]


@pytest.mark.parametrize("cell", [True, "true"])
def test_a_condition_reads_typed_cells_as_text(cell: object) -> None:
    mapping = mapping_of(order_when={"column": "sold", "equals": True})
    assert make(mapping, {**ROW, "sold": cell}, {**ROW, "sold": 1}, text=False).orders.rows == [1]


def test_ids_that_are_numbers_become_text_and_other_cells_stay_as_they_are() -> None:
    mapping = mapping_of(columns={"idempotency_key": "id", "session_id": "session"})
    row = {**ROW, "who": 7, "order": 8, "id": 9, "session": 1.5, "sold": "1", "total": 12.5}
    batch = make(mapping, row, text=False)
    touch, order = fields(batch.touches.items[0]), fields(batch.orders.items[0])
    assert (touch["journey_key"], touch["idempotency_key"], touch["session_id"]) == ("7", "9", 1.5)
    assert (order["order_id"], order["amount_cents"]) == ("8", 1250)


def test_a_row_without_its_key_gets_no_other_key() -> None:
    mapping = mapping_of(columns={"idempotency_key": "id"})
    assert keys(make(mapping, ROW).touches.items) == [""]
    assert keys(make(mapping, ROW, text=False).touches.items) == [None]


def test_the_same_row_has_the_same_key_and_another_row_another() -> None:
    changed = [{**ROW, name: "2026-06-01T10:01Z" if name == "time" else "x"} for name in ROW]
    batch = make(mapping_of(), ROW, ROW, *changed)
    first, again, *others = keys(batch.touches.items)
    assert first == again
    # The order's id and total are not part of a touch; the other columns are.
    assert [key == first for key in others] == [False, False, False, True, True]
    sold = [{**row, "sold": "1"} for row in (ROW, *changed)]
    order, *others = keys(make(mapping_of(), *sold).orders.items[:5])
    # An order is known by its id: another moment or visitor makes no other order.
    assert [key == order for key in others if key] == [True, True, True, False]


@given(st.lists(st.text(max_size=3), min_size=2, max_size=2), st.data())
def test_cells_that_join_to_the_same_text_have_different_keys(
    cells: list[str], data: st.DataObject
) -> None:
    joined = "".join(cells)
    cut = data.draw(st.integers(0, len(joined)))
    mapping = mapping_of(columns={"idempotency_key": ["a", "b"]})
    one, two = {"a": cells[0], "b": cells[1]}, {"a": joined[:cut], "b": joined[cut:]}
    first, second = keys(make(mapping, {**ROW, **one}, {**ROW, **two}).touches.items)
    if first is None:  # a placeholder beside nothing is no key
        assert all(map(is_no_id, cells))
    else:
        assert (first == second) == (one == two)


def test_a_derived_key_differs_between_tenants_and_never_shows_its_columns() -> None:
    row = {**ROW, "who": "jane@example.com"}
    mine = keys(make(mapping_of(), row).touches.items)
    theirs = keys(make(mapping_of(), row, secret=b"other").touches.items)
    assert mine != theirs
    assert "jane" not in repr(mine)


def test_touches_and_orders_of_one_row_and_its_order_id_are_made_apart() -> None:
    names = ["who", "time"]
    mapping = mapping_of(columns={"idempotency_key": names, "order_id": names})
    batch = make(mapping, {**ROW, "sold": "1"})
    order = fields(batch.orders.items[0])
    made = {keys(batch.touches.items)[0], order["idempotency_key"], order["order_id"]}
    assert len(made) == 3


def test_an_order_id_made_of_columns_is_missing_when_one_of_them_is() -> None:
    mapping = mapping_of(columns={"order_id": ["who", "order"]})
    batch = make(mapping, {**ROW, "sold": "1", "order": ""}, {**ROW, "sold": "1", "who": ""})
    assert [fields(item)["order_id"] for item in batch.orders.items] == [None, None]


def test_a_key_made_of_columns_may_have_gaps_but_not_only_gaps() -> None:
    mapping = mapping_of(columns={"idempotency_key": ["id", "event"]})
    full, empty = keys(make(mapping, {**ROW, "id": "1"}, ROW).touches.items)
    assert isinstance(full, str)
    assert empty is None


def test_names_of_channels_and_kinds_are_translated_and_others_stay() -> None:
    mapping = mapping_of(
        channels={"Mail": "email"},
        columns={"kind": "type"},
        kinds={"Sale": "capture", "Return": "refund"},
    )
    rows = [{**ROW, "sold": "1", "via": v, "type": t} for v, t in [("Mail", "Return"), ("x", "y")]]
    batch = make(mapping, *rows)
    assert [fields(item)["channel"] for item in batch.touches.items] == ["email", "x"]
    assert [fields(item)["kind"] for item in batch.orders.items] == ["refund", "y"]


def test_only_the_kinds_of_click_ids_are_taken_never_their_values() -> None:
    mapping = mapping_of(columns={"click_ids": "clicks"}, click_ids={"gclid": "g", "fbclid": "f"})
    batch = make(
        mapping,
        {**ROW, "g": "Cj0KCQ", "clicks": "msclkid, dclid"},
        {**ROW, "f": "IwAR"},
        ROW,
    )
    found = [fields(item)["click_ids"] for item in batch.touches.items]
    assert found == [["msclkid", "dclid", "gclid"], ["fbclid"], []]
    assert "Cj0KCQ" not in repr(batch)
    typed = make(mapping, {**ROW, "clicks": ["msclkid"]}, {**ROW, "clicks": 7}, text=False)
    assert [fields(item)["click_ids"] for item in typed.touches.items] == [["msclkid"], 7]


@pytest.mark.parametrize(
    ("settings", "row", "code"),
    [
        ({}, {"total": "1.005"}, "amount_fractional"),
        ({}, {"total": "1,50"}, "amount_invalid"),
        ({"currency": "JPY"}, {"total": "12.50"}, "amount_fractional"),
        ({"time_zone": "Europe/Berlin"}, {"time": "2026-03-29 02:30"}, "occurred_at_invalid"),
        ({"time_format": "epoch_seconds"}, {"time": "x"}, "occurred_at_invalid"),
    ],
)
def test_a_cell_that_cannot_be_read_rejects_only_its_item(
    settings: dict[str, object], row: Mapping[str, object], code: str
) -> None:
    batch = make(mapping_of(**settings), {**ROW, "sold": "1", **row})
    item = batch.orders.items[0]
    assert isinstance(item, UnreadableItem)
    assert item.code == code
    kept = {"occurred_at", "journey_key", "order_id", "amount_cents"}
    assert set(item.fields) == kept <= CONVERSION_FIELDS
    assert isinstance(batch.touches.items[0], UnreadableItem) == (code == "occurred_at_invalid")


@pytest.mark.parametrize(
    ("cell", "read"),
    [("usd", "USD"), (" Jpy ", "JPY"), ("", ""), ("dollars", "DOLLARS"), (840, 840)],
)
def test_a_currency_column_may_have_lower_case_letters(cell: object, read: object) -> None:
    columns = {"occurred_at": "time", "order_id": "order", "amount": "total", "currency": "money"}
    mapping = mapping_from_settings(
        {"kind": "conversions", "amount_unit": "minor", "columns": columns}
    )
    order = make(mapping, {**ROW, "money": cell, "total": ""}, text=False).orders.items[0]
    assert fields(order)["currency"] == read
    item = make(mapping, {**ROW, "money": cell, "total": "5"}, text=False).orders.items[0]
    refused = {"": "currency_missing", 840: "currency_invalid"}.get(cell)
    assert (item.code if isinstance(item, UnreadableItem) else None) == refused


def test_a_refund_beside_its_order_is_an_entry_of_its_own() -> None:
    mapping = mapping_of(refund={"amount": "back", "occurred_at": "back_at"})
    sold = {**ROW, "sold": "1"}
    batch = make(
        mapping,
        {**sold, "back": "2.50", "back_at": "2026-06-01T12:00Z"},
        {**sold, "back": "0.00", "back_at": ""},
        {**sold, "back": ""},
        {**ROW, "back": "1.00", "back_at": "2026-06-01T12:00Z"},
        {**sold, "back": "1.005", "back_at": "2026-06-01T12:00Z"},
    )
    assert batch.orders.rows == [1, 2, 3, 5]
    assert batch.refunds.rows == [1, 5]
    refund, refused = batch.refunds.items
    assert isinstance(refused, UnreadableItem)
    assert read_conversion(refund, now=NOW).amount_cents == -250
    assert fields(refund)["order_id"] == "o1"
    assert keys([refund]) != keys(batch.orders.items[:1])


KEYED_ORDERS: Settings = {
    "kind": "conversions",
    "currency": "USD",
    "amount_unit": "major",
    "refund": {"amount": "back", "occurred_at": "back_at"},
    "columns": {
        "occurred_at": "time",
        "order_id": "order",
        "amount": "total",
        "idempotency_key": "id",
    },
}


def test_the_key_of_a_refund_stays_when_more_is_refunded() -> None:
    mapping = mapping_of(refund={"amount": "back", "occurred_at": "back_at"})
    rows = [{**ROW, "sold": "1", "id": "7", "back": amount} for amount in ("1", "2")]
    batch = make(mapping, *rows)
    first, second = keys(batch.refunds.items)
    assert first == second == f"{keys(batch.orders.items)[0]}:refund"
    assert keys(make(mapping_from_settings(KEYED_ORDERS), *rows).refunds.items) == ["7:refund"] * 2


STATES = {"Paid": "capture", "Failed": "", "wc-refunded": "both", "Zaplaceno": "paid by a mapping"}


def orders_by_state(**settings: object) -> FileMapping:
    return mapping_of(columns={"state": "state"}, states={"Zaplaceno": "paid"}, **settings)


def test_the_state_of_an_order_decides_what_is_posted_of_it() -> None:
    mapping = orders_by_state(refund={"amount": "total", "occurred_at": "time"})
    batch = make(mapping, *({**ROW, "sold": "1", "state": state} for state in STATES))
    assert [isinstance(item, dict) for item in batch.orders.items] == [True] * 3
    assert (batch.orders.rows, batch.refunds.rows) == ([1, 3, 4], [3])


@pytest.mark.parametrize(
    ("state", "back", "code"),
    [
        ("Closed", "", "state_unknown"),
        ("", "", "state_unknown"),
        ("Partially refunded", "0.00", "refund_unknown"),
        ("Refunded", "", "refund_unknown"),
    ],
)
def test_an_order_whose_state_leaves_a_doubt_is_refused_and_never_posted(
    state: str, back: str, code: str
) -> None:
    row = {**ROW, "sold": "1", "state": state, "back": back, "back_at": ROW["time"]}
    batch = make(orders_by_state(refund={"amount": "back", "occurred_at": "back_at"}), row)
    (item,) = batch.orders.items
    assert isinstance(item, UnreadableItem)
    assert item.code == code
    assert batch.refunds.items == []


def test_an_unread_row_appears_once_among_the_touches_or_else_among_the_orders() -> None:
    unread = UnreadableItem("row_malformed", "", {})
    orders: dict[str, object] = {
        "kind": "conversions",
        "currency": "USD",
        "amount_unit": "minor",
        "columns": {"occurred_at": "time", "order_id": "order", "amount": "total"},
    }
    for mapping, has_touch in (mapping_of(), True), (mapping_from_settings(orders), False):
        maker = ItemMaker(mapping, secret=SECRET, cells_are_text=True)
        batch = maker.next_batch(iter([(4, unread)]), 10)
        assert batch is not None
        assert batch.last_row == 4
        assert (batch.touches.rows, batch.orders.rows) == (([4], []) if has_touch else ([], [4]))
        assert maker.next_batch(iter([]), 10) is None


def test_typed_cells_of_a_key_may_be_of_any_type() -> None:
    mapping = mapping_of(columns={"idempotency_key": ["id", "event"]})
    row = {**ROW, "id": Decimal("1.50"), "event": datetime(2026, 6, 1, tzinfo=UTC)}
    first, second = keys(make(mapping, row, {**row, "id": b"\xff"}, text=False).touches.items)
    assert first != second


PLACEHOLDER_CELLS = ["NULL", "(not set)", " n/a ", "None", "nan"]


@pytest.mark.parametrize("cell", PLACEHOLDER_CELLS)
def test_a_placeholder_makes_no_key_no_order_id_and_no_click(cell: str) -> None:
    refund = {"amount": "back", "occurred_at": "time"}
    mapping = mapping_of(
        order_when={"column": "order"},
        columns={"order_id": ["order", "time"], "idempotency_key": ["key", "more"]},
        click_ids={"gclid": "click"},
    )
    row = ROW | {"order": cell, "key": cell, "more": "", "click": cell}
    touch = fields(make(mapping, row).touches.items[0])
    assert (touch["idempotency_key"], touch["click_ids"]) == (None, [])
    assert make(mapping, row).orders.items == []
    mapping = mapping_of(refund=refund)
    batch = make(mapping, row | {"sold": "1", "back": "1.00"})
    assert fields(batch.refunds.items[0])["order_id"] == cell
    mapping = mapping_from_settings(KEYED_ORDERS)
    batch = make(mapping, row | {"id": cell, "back": "1.00", "back_at": ROW["time"]})
    assert fields(batch.refunds.items[0])["idempotency_key"] == cell
    mapping = mapping_of(columns={"order_id": ["order", "time"]})
    assert fields(make(mapping, row | {"sold": "1"}).orders.items[0])["order_id"] is None


def test_an_amount_of_nothing_is_missing_and_no_refund() -> None:
    mapping = mapping_of(refund={"amount": "back", "occurred_at": "time"})
    batch = make(mapping, ROW | {"sold": "1", "total": "-", "back": "n/a"})
    assert fields(batch.orders.items[0])["amount_cents"] is None
    assert batch.refunds.items == []
