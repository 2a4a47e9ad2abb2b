"""A mapping compiled into functions over the cells of a row, so that no row interprets it again."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from operator import itemgetter
from typing import Any, Final, TypeAlias

import orjson

from skeldir.ingest.files.amounts import amount_reader
from skeldir.ingest.files.mapping import (
    ORDER_COLUMNS,
    TOUCH_COLUMNS,
    Condition,
    FileMapping,
    RefundColumns,
    cell_text,
)
from skeldir.ingest.files.moments import joined_reader, moment_reader
from skeldir.ingest.nothing import is_no_id, is_nothing
from skeldir.ingest.rejections import ItemRejected, UnreadableItem
from skeldir.ingest.spoilt_ids import is_shortened
from skeldir.money import CURRENCIES
from skeldir.revenue import KIND_SIGNS

Cells: TypeAlias = Sequence[object]
Item: TypeAlias = "dict[str, object] | UnreadableItem"
Make: TypeAlias = Callable[[Cells], "Item | None"]
Test: TypeAlias = Callable[[Cells], bool]
_Read: TypeAlias = Callable[[Cells], object]

_BETWEEN_NAMES: Final = re.compile(r"[\s,;|]+")


class MappingCompiler:
    """Builds the functions that make items of rows whose cells are in the order of `mapping.wanted`.

    A row with a cell that its reader rejects becomes an `UnreadableItem` with the fields that may be
    kept. Derived keys are BLAKE2b (RFC 7693) hashes keyed with `secret`: the columns that they are
    made of may hold personal data, and an unkeyed hash of these could be guessed.
    """

    def __init__(self, mapping: FileMapping, *, secret: bytes, cells_are_text: bool) -> None:
        self._mapping = mapping
        self._secret = secret
        self._cells_are_text = cells_are_text
        self._places = {name: place for place, name in enumerate(mapping.wanted)}
        self._read_moment = moment_reader(
            mapping.time_format, mapping.time_zone, mapping.ambiguous_time, mapping.zones
        )

    def test(self, condition: Condition | None) -> Test | None:
        """Return the test for a row, or None when every row passes."""
        if condition is None:
            return None
        place, allowed = self._places[condition.column], frozenset(condition.equals)
        if allowed:
            if self._cells_are_text:
                return lambda cells: cells[place] in allowed
            return lambda cells: cell_text(cells[place]) in allowed
        return lambda cells: not is_nothing(cells[place])

    def touch(self) -> Make:
        """Return the maker of touches."""
        mapping = self._mapping
        reads: dict[str, _Read] = {
            **self._given_key("touch"),
            "occurred_at": self._moment(mapping.columns["occurred_at"]),
        }
        if mapping.channels is not None:
            reads["channel"] = self._renamed("channel", mapping.channels)
        if mapping.click_ids or "click_ids" in mapping.columns:
            reads["click_ids"] = self._click_ids()
        return self._with_key("touch", self._maker(TOUCH_COLUMNS, reads))

    def order(self) -> Make:
        """Return the maker of an order's entries: captures, unless a column gives their kinds."""
        mapping = self._mapping
        reads: dict[str, _Read] = {"kind": lambda _: "capture"}
        if mapping.kinds is not None:
            reads["kind"] = self._renamed("kind", mapping.kinds)
        elif "kind" in mapping.columns:
            del reads["kind"]
        reads |= self._given_key("order")
        columns = mapping.columns
        make = self._entry(reads, columns["amount"][0], columns["occurred_at"])
        if mapping.kind_by_sign or "kind" in columns:
            make = _without_sign(make, kind_by_sign=mapping.kind_by_sign)
        return self._with_key("order", make)

    def refund(self, columns: RefundColumns) -> Make:
        """Return the maker of an order's refund: None where nothing was refunded.

        Its key doesn't depend on the amount, which grows with each further refund of the order: in a
        later export, a row with another amount is rejected instead of counted twice.
        """
        key = self._given_key("refund").get("idempotency_key") or self._hash(
            "refund", [column for f in ORDER_COLUMNS for column in self._mapping.columns.get(f, ())]
        )
        columns_of_key = self._mapping.columns.get("idempotency_key", ())
        if len(columns_of_key) == 1 and "order_key" not in self._mapping.columns:
            key = _with_suffix(key, ":refund")
        reads: dict[str, _Read] = {"kind": lambda _: "refund", "idempotency_key": key}
        make = _without_sign(self._entry(reads, columns.amount, [columns.occurred_at]))
        place = self._places[columns.amount]

        def make_unless_nothing(cells: Cells) -> Item | None:
            if is_nothing(cells[place]):
                return None
            item = make(cells)
            return None if isinstance(item, dict) and item["amount_cents"] == 0 else item

        return make_unless_nothing

    def _entry(self, reads: dict[str, _Read], amount: str, moment: Sequence[str]) -> Make:
        reads["currency"] = self._currency()
        reads["amount_cents"] = self._amount(amount, reads["currency"])
        reads["occurred_at"] = self._moment(moment)
        if len(self._mapping.columns["order_id"]) > 1:
            order_id = self._mapping.columns["order_id"]
            reads["order_id"] = self._hash("order_id", order_id, needs_all=True)
        return self._maker(ORDER_COLUMNS, reads, amount_cents=self._places[amount])

    def _maker(self, fields: Iterable[str], reads: Mapping[str, _Read], **kept: int) -> Make:
        """Return the function that makes an item: plain fields by their places, the others by readers.

        `kept` are places of raw cells that an unreadable item keeps besides the plain fields.
        """
        columns = self._mapping.columns
        places = {name: self._places[columns[name][0]] for name in fields if name in columns}
        places.pop("amount", None)
        plain = [name for name in places if name not in reads]
        pick = _picker([places[name] for name in plain])
        if not self._cells_are_text:
            pick = _with_texts(pick)
        others = tuple(reads.items())
        kept = {name: place for name, place in places.items() if len(columns[name]) == 1} | kept

        def make(cells: Cells) -> Item:
            item = dict(zip(plain, pick(cells), strict=True))
            try:
                for name, read in others:
                    item[name] = read(cells)
            except ItemRejected as error:
                fields = {name: cells[place] for name, place in kept.items()}
                return UnreadableItem(error.item_code, error.detail, fields)
            return item

        return self._with_widths(make, kept)

    def _with_widths(self, make: Make, kept: Mapping[str, int]) -> Make:
        """Reject ids that have lost their leading zeros, if the mapping states the width that they had."""
        columns, widths = self._mapping.columns, self._mapping.widths or {}
        checks = [
            (name, self._places[columns[name][0]], width)
            for name, width in widths.items()
            if len(columns.get(name, ())) == 1
        ]
        if not checks:
            return make

        def make_if_whole(cells: Cells) -> Item | None:
            for name, place, width in checks:
                cell = cells[place]
                if isinstance(cell, str) and cell.isdigit() and len(cell) < width:
                    shown = "an id" if name == "journey_key" else f'"{cell}"'
                    detail = f"{name} is {shown} of {len(cell)} digits; the others have {width}."
                    fields = {field: cells[at] for field, at in kept.items()}
                    return UnreadableItem("id_spoilt", detail, fields)
            return make(cells)

        return make_if_whole

    def _moment(self, columns: Sequence[str]) -> _Read:
        read = self._read_moment
        if len(columns) > 1:
            pick = _picker([self._places[column] for column in columns])
            read_joined = joined_reader(read)
            return lambda cells: read_joined(pick(cells))
        place = self._places[columns[0]]
        return lambda cells: read(cells[place])

    def _amount(self, column: str, currency_of: _Read) -> _Read:
        mapping, place = self._mapping, self._places[column]
        if mapping.amount_unit is None:
            raise ValueError("A mapping of orders has an amount unit; that was checked.")
        read = amount_reader(mapping.amount_unit, mapping.decimal_mark, mapping.rounding)

        def read_amount(cells: Cells) -> object:
            if cells[place] is None or cells[place] == "":
                return None
            currency = currency_of(cells)
            if currency not in CURRENCIES and is_nothing(currency):
                raise ItemRejected("currency_missing", "currency is missing.")
            if not isinstance(currency, str):
                raise ItemRejected("currency_invalid", "currency is not a text.")
            return read(cells[place], currency)

        return read_amount

    def _currency(self) -> _Read:
        """Return the reader of the currency; a file may write the code in lower case."""
        constant = self._mapping.currency
        if constant is not None:
            return lambda _: constant
        place = self._places[self._mapping.columns["currency"][0]]

        def read(cells: Cells) -> object:
            cell = cells[place]
            return cell.strip().upper() if isinstance(cell, str) else cell

        return read

    def _renamed(self, field: str, names: Mapping[str, str]) -> _Read:
        """Return the reader of a cell whose value the mapping may translate."""
        place = self._places[self._mapping.columns[field][0]]

        def read(cells: Cells) -> object:
            cell = cells[place]
            return names.get(cell, cell) if isinstance(cell, str) else cell

        return read

    def _click_ids(self) -> _Read:
        """Return the reader of the kinds of click id: from a list of names and from columns that are not empty."""
        listed = self._mapping.columns.get("click_ids")
        list_place = self._places[listed[0]] if listed else None
        kinds = {kind: self._places[name] for kind, name in (self._mapping.click_ids or {}).items()}

        def read(cells: Cells) -> object:
            found = [kind for kind, place in kinds.items() if not is_nothing(cells[place])]
            names = None if list_place is None else cells[list_place]
            if isinstance(names, str):
                names = [] if is_nothing(names) else _BETWEEN_NAMES.split(names)
                names = [name for name in names if not is_nothing(name)]
            if names is not None and not isinstance(names, list):
                return names
            return [*(names or ()), *found]

        return read

    def _given_key(self, label: str) -> dict[str, _Read]:
        """Return the reader of the key that the file has in one or several columns, if it has one."""
        of_order = self._mapping.columns.get("order_key")
        if of_order is not None and label != "touch":
            return {"idempotency_key": self._hash(label, of_order, needs_all=True)}
        given = self._mapping.columns.get("idempotency_key")
        if given is None:
            return {}
        if len(given) > 1:
            return {"idempotency_key": self._hash(label, given)}
        place = self._places[given[0]]
        if self._cells_are_text:
            return {"idempotency_key": itemgetter(place)}
        return {"idempotency_key": lambda cells: as_text(cells[place])}

    def _with_key(self, label: str, make: Make) -> Make:
        """Give the items of a file without a key column a key: the keyed hash of their values.

        It is made of the values and not of the cells, so that the same row exported again in another
        spelling ("10.0" for "10.00", "Z" for "+00:00") gets the same key.
        """
        if self._given_key(label):
            return make
        start = hashlib.blake2b(label.encode(), key=self._secret, digest_size=16).copy
        dumps = orjson.dumps

        def make_with_key(cells: Cells) -> Item | None:
            item = make(cells)
            if isinstance(item, dict):
                digest = start()
                given = sorted(
                    (name, value) for name, value in item.items() if value not in (None, "")
                )
                digest.update(dumps(given, default=str))
                item["idempotency_key"] = digest.hexdigest() if given else None
            return item

        return make_with_key

    def _hash(self, label: str, columns: Iterable[str], *, needs_all: bool = False) -> _Read:
        """Return the reader of the keyed hash of several cells.

        It returns None when they are all empty or, with `needs_all`, when any of them is; a placeholder
        for nothing is empty.
        """
        pick = _picker([self._places[name] for name in dict.fromkeys(columns)])
        start = hashlib.blake2b(label.encode(), key=self._secret, digest_size=16).copy
        dumps = orjson.dumps

        def read(cells: Cells) -> object:
            picked = pick(cells)
            if any(map(is_no_id, picked)) if needs_all else all(map(is_no_id, picked)):
                return None
            digest = start()
            digest.update(dumps(picked, default=str))
            return digest.hexdigest()

        return read


def as_text(cell: object) -> object:
    """Return a whole number as text, for ids that JSON or Parquet store as numbers; any other cell unchanged."""
    return str(cell) if type(cell) is int else cell


def _picker(places: Sequence[int]) -> Callable[[Cells], tuple[Any, ...]]:
    if not places:
        return lambda _: ()
    if len(places) == 1:
        place = places[0]
        return lambda cells: (cells[place],)
    return itemgetter(*places)


def _with_texts(
    pick: Callable[[Cells], tuple[Any, ...]],
) -> Callable[[Cells], tuple[Any, ...]]:
    return lambda cells: tuple(map(as_text, pick(cells)))


def _without_sign(make: Make, *, kind_by_sign: bool = False) -> Make:
    """Return the maker of entries whose kind gives the direction: a refund of -60.00 is one of 60.00.

    With `kind_by_sign`, a negative amount makes a capture a refund. A negative amount of a kind that
    adds money is left for `canonical` to reject.
    """

    def make_without_sign(cells: Cells) -> Item | None:
        item = make(cells)
        if isinstance(item, dict):
            amount, kind = item["amount_cents"], item["kind"]
            if type(amount) is int and amount < 0:
                if kind_by_sign:
                    kind = item["kind"] = "refund"
                if isinstance(kind, str) and KIND_SIGNS.get(kind, 1) < 0:
                    item["amount_cents"] = -amount
        return item

    return make_without_sign


def _with_suffix(read: _Read, suffix: str) -> _Read:
    def read_with_suffix(cells: Cells) -> object:
        key = read(cells)
        # A key that is none, or spoilt, is left for `canonical` to reject.
        if not isinstance(key, str) or is_no_id(key) or is_shortened(key):
            return key
        return key + suffix

    return read_with_suffix
