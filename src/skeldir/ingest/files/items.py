"""Rows become batches of items, ready to be received."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Final

from skeldir.ingest.files.compiling import MappingCompiler
from skeldir.ingest.files.keys import Cells, Item, Make, Test
from skeldir.ingest.files.layout import Row
from skeldir.ingest.files.mapping import FileMapping
from skeldir.ingest.rejections import UnreadableItem

MOST_BATCH_BYTES: Final = 32 * 1024 * 1024
"""About how many bytes the rows of a batch have, if they are so long that the number of rows says nothing."""
_LOOKED_AT: Final = 20  # rows


@dataclass(slots=True)
class Items:
    """Items of one kind, and for each the number of its row.

    Where a row makes several, each has a place of its own, ascending, and `part` names what the places number.
    """

    items: list[Item] = field(default_factory=list)
    rows: list[int] = field(default_factory=list)
    places: list[int] | None = None
    part: str = ""

    def row_of(self, place: int) -> int:
        """Return the row of the item at a place."""
        return place if self.places is None else self.rows[bisect_left(self.places, place)]


@dataclass(slots=True)
class Batch:
    """The items of consecutive rows, up to `last_row`.

    A row that could not be read appears once: among the touches, or among the orders of a file that
    has no touches. `skipped` counts the rows that are neither touch nor order. `unrefunded` are refunds
    of 0: these move no money, but contradict a refund that was posted before. `unread` are rows that could not be
    read, where the items of others have places that are not their rows.
    """

    last_row: int
    touches: Items = field(default_factory=Items)
    orders: Items = field(default_factory=Items)
    refunds: Items = field(default_factory=Items)
    unrefunded: Items = field(default_factory=Items)
    unread: Items = field(default_factory=Items)
    skipped: int = 0


class ItemMaker:
    """Turns rows into items with the canonical fields, by a mapping and the secret of a tenant."""

    def __init__(self, mapping: FileMapping, *, secret: bytes, cells_are_text: bool) -> None:
        """Compile `mapping` for rows whose cells are in the order of `mapping.wanted`."""
        compiler = MappingCompiler(mapping, secret=secret, cells_are_text=cells_are_text)
        has_touches, has_orders = mapping.kind != "conversions", mapping.kind != "touches"
        self._unread = "touches" if has_touches else "orders"
        self.names_orders = has_orders and compiler.names_orders
        self._sorts: list[tuple[str, Test | None, Make]] = []
        if has_touches:
            self._sorts.append(("touches", compiler.test(mapping.touch_when), compiler.touch()))
        if has_orders:
            is_order, state = compiler.test(mapping.order_when), compiler.state()
            is_order = _but_not(is_order, compiler.is_no_kind())
            make_order = compiler.refuse_unknown_states(compiler.order())
            self._sorts.append(("orders", _in_state(is_order, state, but="nothing"), make_order))
            if mapping.refund is not None:
                is_refund = _in_state(is_order, state, but="nothing", is_known=True)
                if (mapping.refund.amount,) == mapping.columns["amount"]:
                    is_refund = _in_state(is_order, state, only="refunded")
                self._sorts.append(("refunds", is_refund, compiler.refund(mapping.refund)))

    def next_batch(
        self, rows: Iterator[Row], size: int, bytes_read: Callable[[], int] | None = None
    ) -> Batch | None:
        """Return the items of the next `size` rows, or None after the last row; of fewer rows if they are long.

        `bytes_read` says how many bytes the rows have that were read.
        """
        batch = Batch(0)
        unread: Items = getattr(batch, self._unread)
        # Looked up once, since a large import spends its time in the loop below.
        sorts = [
            (test, make, getattr(batch, name).items.append, getattr(batch, name).rows.append)
            for name, test, make in self._sorts
        ]
        number = 0
        for number, cells in _next_rows(rows, size, bytes_read):
            if isinstance(cells, UnreadableItem):
                unread.items.append(cells)
                unread.rows.append(number)
                continue
            is_skipped = True
            for test, make, add_item, add_row in sorts:
                if test is None or test(cells):
                    is_skipped = False
                    item = make(cells)
                    if item is not None:
                        add_item(item)
                        add_row(number)
            batch.skipped += is_skipped
        batch.last_row = number
        batch.refunds, batch.unrefunded = _part(batch.refunds)
        return batch if number else None


def _next_rows(
    rows: Iterator[Row], size: int, bytes_read: Callable[[], int] | None
) -> Iterator[Row]:
    if bytes_read is None:
        yield from islice(rows, size)
        return
    most = bytes_read() + MOST_BATCH_BYTES
    for begin in range(0, size, _LOOKED_AT):
        yield from islice(rows, min(_LOOKED_AT, size - begin))
        if bytes_read() > most:
            return


def _but_not(test: Test | None, excluded: Test | None) -> Test | None:
    if excluded is None:
        return test
    return lambda cells: (test is None or test(cells)) and not excluded(cells)


def _in_state(
    test: Test | None,
    state: Callable[[Cells], str | None] | None,
    *,
    but: str | None = None,
    only: str | None = None,
    is_known: bool = False,
) -> Test | None:
    """Return the test narrowed to a state, or to all states but one; an undecided state passes unless `is_known`."""
    if state is None:
        return test

    def test_state(cells: Cells) -> bool:
        if test is not None and not test(cells):
            return False
        found = state(cells)
        if only is not None:
            return found == only
        return found != but and not (is_known and found is None)

    return test_state


def _part(refunds: Items) -> tuple[Items, Items]:
    """Return the refunds with money, or with a reason to be rejected, and those of 0."""
    kept, empty = Items(), Items()
    for item, row in zip(refunds.items, refunds.rows, strict=True):
        part = empty if isinstance(item, dict) and item["amount_cents"] == 0 else kept
        part.items.append(item)
        part.rows.append(row)
    return kept, empty
