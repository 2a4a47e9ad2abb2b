"""Several rows of one order in a file: its lines, or the same order again? The whole file is read to know."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final, TypeAlias

import numpy as np

from skeldir.ingest.files.layout import FileLayout
from skeldir.ingest.files.mapping import STATE_COLUMN, cell_text, listed
from skeldir.ingest.files.order_states import known_state
from skeldir.ingest.files.readers import open_rows
from skeldir.ingest.rejections import UnreadableItem

LookForLines: TypeAlias = Callable[[Mapping[str, object]], "str | None"]
"""From the columns of an order's row to the question about the rows of one order, or None."""

_MOST_ROWS_SHOWN: Final = 50


def ask_about_lines(path: Path, layout: FileLayout, columns: Mapping[str, object]) -> str | None:
    """Return the question about orders with several rows that are not the same sale reported again; else None.

    Rows of one order that differ in nothing but their moment are the same sale. Eight bytes are kept
    of each row, and the rows of one order that has several.
    """
    order_id = columns.get("order_id")
    if not isinstance(order_id, str):
        return None
    wanted = list(dict.fromkeys([order_id, *layout.header]))
    moment = columns.get("occurred_at")
    ignored = {wanted.index(name) for name in (moment,) if isinstance(name, str)}
    state = columns.get(STATE_COLUMN)
    state_place = wanted.index(state) if isinstance(state, str) else None
    orders, rows = array("q"), array("q")
    for cells in _rows(path, layout, wanted):
        # An attempt to pay that failed is no row of the order's money.
        if state_place is not None and known_state(cell_text(cells[state_place])) == "nothing":
            continue
        if (name := cell_text(cells[0])) != "":
            texts = cells if layout.cells_are_text else [cell_text(cell) for cell in cells]
            orders.append(hash(name))
            rows.append(hash(tuple(t for place, t in enumerate(texts) if place not in ignored)))
    ids, bodies = np.frombuffer(orders, np.int64), np.frombuffer(rows, np.int64)
    place = np.lexsort((bodies, ids))
    ids, bodies = ids[place], bodies[place]
    differing = np.flatnonzero((ids[1:] == ids[:-1]) & (bodies[1:] != bodies[:-1]))
    if not len(differing):
        return None
    return _question(
        path, layout, wanted, int(ids[differing[0]]), len(set(ids[differing].tolist()))
    )


def _question(path: Path, layout: FileLayout, wanted: list[str], example: int, count: int) -> str:
    found: list[list[str]] = []
    for cells in _rows(path, layout, wanted):
        texts = [cell_text(cell) for cell in cells]
        if hash(texts[0]) == example:
            found.append(texts)
        if len(found) == _MOST_ROWS_SHOWN:
            break
    differ = [
        name for place, name in enumerate(wanted) if len({texts[place] for texts in found}) > 1
    ]
    key = ", ".join(f'"{name}"' for name in [wanted[0], *differ])
    return (
        f'Orders have several rows, {count:,} in all, such as {len(found)} of "{found[0][0]}", which differ in'
        f" {listed(differ)}. If they are lines that add up to the order, write idempotency_key = [{key}]"
        f' under [columns]; if each repeats the order\'s total, idempotency_key = "{wanted[0]}".'
    )


def _rows(path: Path, layout: FileLayout, wanted: list[str]) -> Iterator[Sequence[object]]:
    with open_rows(path, layout, tuple(wanted)) as stream:
        for _, cells in stream.rows:
            if not isinstance(cells, UnreadableItem):
                yield cells
