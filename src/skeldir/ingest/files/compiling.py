"""A mapping compiled into functions over the cells of a row, so that no row interprets it again."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from operator import itemgetter
from typing import Any, Final, TypeAlias

import orjson

from skeldir.ingest.files.cells import amount_reader, moment_reader
from skeldir.ingest.files.mapping import (
    NO_KIND,
    ORDER_COLUMNS,
    STATE_COLUMN,
    TOUCH_COLUMNS,
    Condition,
    FileMapping,
    RefundColumns,
    cell_text,
)
from skeldir.ingest.files.order_states import state_reader
from skeldir.ingest.rejections import ItemRejected, UnreadableItem

Cells: TypeAlias = Sequence[object]
Item: TypeAlias = "dict[str, object] | UnreadableItem"
Make: TypeAlias = Callable[[Cells], "Item | None"]
Test: TypeAlias = Callable[[Cells], bool]
_Read: TypeAlias = Callable[[Cells], object]

REFUNDS: Final = ":refund"
"""The end of the key of all refunds of an order; what was refunded in total follows it in the ledger."""

_NOT_ZERO: Final = re.compile(r"[1-9]")
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
            mapping.time_format, mapping.time_zone, mapping.ambiguous_time
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
        return lambda cells: cells[place] is not None and cells[place] != ""

    @property
    def names_orders(self) -> bool:
        """Whether the key of a capture names its order, and not the row."""
        mapping = self._mapping
        return mapping.kind == "mixed" or "idempotency_key" not in mapping.columns

    def state(self) -> Callable[[Cells], str | None] | None:
        """Return the reader of the state of a row's order, if a column has it; it returns None for an unknown one."""
        columns = self._mapping.columns.get(STATE_COLUMN)
        if columns is None:
            return None
        place, read = self._places[columns[0]], state_reader(self._mapping.states)
        return lambda cells: read(cell_text(cells[place]).strip())

    def is_no_kind(self) -> Test | None:
        """Return the test for rows whose kind the mapping calls nothing; None if there are no such kinds."""
        nothing = frozenset(k for k, v in (self._mapping.kinds or {}).items() if v == NO_KIND)
        if not nothing:
            return None
        place = self._places[self._mapping.columns["kind"][0]]
        return lambda cells: cells[place] in nothing

    def refuse_unknown_states(self, make: Make) -> Make:
        """Return the maker of orders that refuses a row whose state is not decided."""
        read, refund = self.state(), self._mapping.refund
        if read is None:
            return make
        column = self._mapping.columns[STATE_COLUMN][0]
        place = self._places[column]
        has_kinds = "kind" in self._mapping.columns  # then a refund is a row of its own
        own = refund is not None and (refund.amount,) == self._mapping.columns["amount"]
        sum_place = self._places[refund.amount] if refund is not None else None

        def make_if_decided(cells: Cells) -> Item | None:
            state = read(cells)
            shown = cell_text(cells[place]).strip()[:60]
            if state is None:
                detail = f'"{column}" is "{shown}", which may be revenue or not.'
                return UnreadableItem("state_unknown", detail, {})
            back = state == "partly_refunded" or (state == "refunded" and not own)
            if back and not has_kinds:
                sum_cell = "" if own or sum_place is None else cell_text(cells[sum_place])
                # "0.00", "0,00 €" and nothing at all say the same.
                if not _NOT_ZERO.search(sum_cell):
                    detail = (
                        f'"{column}" is "{shown}", but the row does not say how much went back.'
                    )
                    return UnreadableItem("refund_unknown", detail, {})
            return make(cells)

        return make_if_decided

    def touch(self) -> Make:
        """Return the maker of touches."""
        mapping = self._mapping
        reads: dict[str, _Read] = {
            **self._given_key("touch"),
            "occurred_at": self._moment(mapping.columns["occurred_at"][0]),
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
        if not self.names_orders:
            reads |= self._given_key("order")
        columns = mapping.columns
        make = self._entry(reads, columns["amount"][0], columns["occurred_at"][0])
        return self._with_order_key(make) if self.names_orders else make

    def refund(self, columns: RefundColumns) -> Make:
        """Return the maker of an order's refund so far: None where nothing was refunded.

        Its key is that of the order's refunds, all of them: what is posted of each row is the difference
        to what is posted under that key already (`files.refunds`).
        """
        mapping = self._mapping
        if self.names_orders:
            key = self._hash("order", mapping.columns["order_id"])
        else:
            key = self._given_key("order")["idempotency_key"]
        key = _with_suffix(key, REFUNDS)
        reads: dict[str, _Read] = {"kind": lambda _: "refund", "idempotency_key": key}
        make = self._entry(reads, columns.amount, columns.occurred_at)
        place = self._places[columns.amount]

        def make_unless_nothing(cells: Cells) -> Item | None:
            if cells[place] is None or cells[place] == "":
                return None
            item = make(cells)
            return None if isinstance(item, dict) and item["amount_cents"] == 0 else item

        return make_unless_nothing

    def _entry(self, reads: dict[str, _Read], amount: str, moment: str) -> Make:
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

        return make

    def _moment(self, column: str) -> _Read:
        place, read = self._places[column], self._read_moment
        return lambda cells: read(cells[place])

    def _amount(self, column: str, currency_of: _Read) -> _Read:
        mapping, place = self._mapping, self._places[column]
        if mapping.amount_unit is None:
            raise ValueError("A mapping of orders has an amount unit; that was checked.")
        read = amount_reader(mapping.amount_unit, mapping.decimal_mark)

        def read_amount(cells: Cells) -> object:
            if cells[place] is None or cells[place] == "":
                return None
            currency = currency_of(cells)
            if currency is None or currency == "":
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
            found = [kind for kind, place in kinds.items() if cells[place] not in (None, "")]
            names = None if list_place is None else cells[list_place]
            if isinstance(names, str):
                names = [name for name in _BETWEEN_NAMES.split(names) if name]
            if names is not None and not isinstance(names, list):
                return names
            return [*(names or ()), *found]

        return read

    def _given_key(self, label: str) -> dict[str, _Read]:
        """Return the reader of the key that the file has in one or several columns, if it has one."""
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
        if "idempotency_key" in self._mapping.columns:
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

    def _with_order_key(self, make: Make) -> Make:
        """Give a capture the key of its order, and an entry of another kind the hash of its values.

        Without an order id the item has a key all the same, so that the order id is what it lacks.
        """
        name = self._hash("order", self._mapping.columns["order_id"])
        start = hashlib.blake2b(b"entry", key=self._secret, digest_size=16).copy
        dumps = orjson.dumps

        def make_with_order_key(cells: Cells) -> Item | None:
            item = make(cells)
            if isinstance(item, dict):
                key = name(cells) if item.get("kind") == "capture" else None
                if key is None:
                    digest = start()
                    digest.update(dumps(sorted(item.items()), default=str))
                    key = digest.hexdigest()
                item["idempotency_key"] = key
            return item

        return make_with_order_key

    def _hash(self, label: str, columns: Iterable[str], *, needs_all: bool = False) -> _Read:
        """Return the reader of the keyed hash of several cells.

        It returns None when they are all empty or, with `needs_all`, when any of them is.
        """
        pick = _picker([self._places[name] for name in dict.fromkeys(columns)])
        start = hashlib.blake2b(label.encode(), key=self._secret, digest_size=16).copy
        dumps = orjson.dumps

        def read(cells: Cells) -> object:
            picked = pick(cells)
            if (None in picked or "" in picked) and (
                needs_all or all(cell is None or cell == "" for cell in picked)
            ):
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


def _with_suffix(read: _Read, suffix: str) -> _Read:
    def read_with_suffix(cells: Cells) -> object:
        key = read(cells)
        return key + suffix if isinstance(key, str) and key else key

    return read_with_suffix
