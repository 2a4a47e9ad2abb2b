"""A mapping compiled into functions over the cells of a row, so that no row interprets it again."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final

from skeldir.ingest.files.amounts import amount_reader
from skeldir.ingest.files.keys import (
    Cells,
    Item,
    KeyMaker,
    Make,
    Read,
    Test,
    picker,
    with_suffix,
    with_texts,
)
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
from skeldir.ingest.files.moments import joined_reader, moment_reader
from skeldir.ingest.files.order_states import state_reader
from skeldir.ingest.nothing import is_nothing
from skeldir.ingest.refund_totals import REFUNDS
from skeldir.ingest.rejections import ItemRejected, UnreadableItem
from skeldir.money import CURRENCIES
from skeldir.revenue import KIND_SIGNS

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
        self._cells_are_text = cells_are_text
        self._places = {name: place for place, name in enumerate(mapping.wanted)}
        self._keys = KeyMaker(mapping, self._places, secret=secret, cells_are_text=cells_are_text)
        self._read_moment = moment_reader(
            mapping.time_format, mapping.time_zone, mapping.ambiguous_time, mapping.zones
        )

    @property
    def names_orders(self) -> bool:
        """Whether the key of a capture names its order, and not the row."""
        return self._keys.name_orders

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
        reads: dict[str, Read] = {
            **self._keys.given_key("touch"),
            "occurred_at": self._moment(mapping.columns["occurred_at"]),
        }
        if mapping.channels is not None:
            reads["channel"] = self._renamed("channel", mapping.channels)
        if mapping.click_ids or "click_ids" in mapping.columns:
            reads["click_ids"] = self._click_ids()
        return self._keys.with_key("touch", self._maker(TOUCH_COLUMNS, reads))

    def order(self) -> Make:
        """Return the maker of an order's entries: captures, unless a column gives their kinds."""
        mapping = self._mapping
        reads: dict[str, Read] = {"kind": lambda _: "capture"}
        if mapping.kinds is not None:
            reads["kind"] = self._renamed("kind", mapping.kinds)
        elif "kind" in mapping.columns:
            del reads["kind"]
        if not self._keys.name_orders:
            reads |= self._keys.given_key("order")
        columns = mapping.columns
        make = self._entry(reads, columns["amount"][0], columns["occurred_at"])
        if mapping.kind_by_sign or "kind" in columns:
            make = _without_sign(make, kind_by_sign=mapping.kind_by_sign)
        return self._keys.with_order_key(make) if self._keys.name_orders else make

    def refund(self, columns: RefundColumns) -> Make:
        """Return the maker of an order's refund so far: None where the row says nothing of one, and 0 where it says so.

        Its key is that of the order's refunds, all of them: what is posted of each row is the difference
        to what is posted under that key already (`files.refunds`).
        """
        reads: dict[str, Read] = {"kind": lambda _: "refund"}
        if not self._keys.name_orders:
            given = self._keys.given_key("order")["idempotency_key"]
            reads["idempotency_key"] = with_suffix(given, REFUNDS)
        make = _without_sign(self._entry(reads, columns.amount, columns.occurred_at))
        if self._keys.name_orders:
            make = self._keys.with_order_key(make, suffix=REFUNDS)
        place = self._places[columns.amount]

        def make_unless_nothing(cells: Cells) -> Item | None:
            if is_nothing(cells[place]):
                return None
            return make(cells)

        return make_unless_nothing

    def _entry(self, reads: dict[str, Read], amount: str, moment: Sequence[str]) -> Make:
        reads["currency"] = self._currency()
        reads["amount_cents"] = self._amount(amount, reads["currency"])
        reads["occurred_at"] = self._moment(moment)
        if len(self._mapping.columns["order_id"]) > 1:
            order_id = self._mapping.columns["order_id"]
            reads["order_id"] = self._keys.hash("order_id", order_id, needs_all=True)
        return self._maker(ORDER_COLUMNS, reads, amount_cents=self._places[amount])

    def _maker(self, fields: Iterable[str], reads: Mapping[str, Read], **kept: int) -> Make:
        """Return the function that makes an item: plain fields by their places, the others by readers.

        `kept` are places of raw cells that an unreadable item keeps besides the plain fields.
        """
        columns = self._mapping.columns
        places = {name: self._places[columns[name][0]] for name in fields if name in columns}
        places.pop("amount", None)
        plain = [name for name in places if name not in reads]
        pick = picker([places[name] for name in plain])
        if not self._cells_are_text:
            pick = with_texts(pick)
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

    def _moment(self, columns: Sequence[str]) -> Read:
        read = self._read_moment
        if len(columns) > 1:
            pick = picker([self._places[column] for column in columns])
            read_joined = joined_reader(read)
            return lambda cells: read_joined(pick(cells))
        place = self._places[columns[0]]
        return lambda cells: read(cells[place])

    def _amount(self, column: str, currency_of: Read) -> Read:
        mapping, place = self._mapping, self._places[column]
        if mapping.amount_unit is None:
            raise ValueError("A mapping of orders has an amount unit; that was checked.")
        read = amount_reader(
            mapping.amount_unit,
            mapping.decimal_mark,
            mapping.rounding,
            is_mark_sampled=mapping.is_mark_sampled,
        )

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

    def _currency(self) -> Read:
        """Return the reader of the currency; a file may write the code in lower case."""
        constant = self._mapping.currency
        if constant is not None:
            return lambda _: constant
        place = self._places[self._mapping.columns["currency"][0]]

        def read(cells: Cells) -> object:
            cell = cells[place]
            return cell.strip().upper() if isinstance(cell, str) else cell

        return read

    def _renamed(self, field: str, names: Mapping[str, str]) -> Read:
        """Return the reader of a cell whose value the mapping may translate."""
        place = self._places[self._mapping.columns[field][0]]

        def read(cells: Cells) -> object:
            cell = cells[place]
            return names.get(cell, cell) if isinstance(cell, str) else cell

        return read

    def _click_ids(self) -> Read:
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
