"""The captures that a file says, read as an import would read them, and recorded nowhere: to be compared."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Final

from skeldir.clock import utc_now
from skeldir.errors import SkeldirError
from skeldir.ingest.canonical import Conversion, read_conversion
from skeldir.ingest.files.choosing import ChosenMapping
from skeldir.ingest.files.items import ItemMaker, Items
from skeldir.ingest.files.readers import open_rows
from skeldir.ingest.rejections import CURES, ItemRejected, UnreadableItem

MOST_ROWS: Final = 300_000
_ROWS_AT_ONCE: Final = 5_000
_CAPTURE: Final = "capture"


class OrdersUnreadable(SkeldirError):
    """A row of the file cannot be read as an order, so that a comparison would call its order missing."""

    code = "orders_unreadable"
    status = 422
    title = "The file has rows that cannot be read"


@dataclass(slots=True)
class FileCaptures:
    """The captures of a file with their rows.

    `others` counts rows of other movements, such as refunds, `skipped` those that are no movement of money by their
    state or condition.
    """

    captures: list[tuple[int, Conversion]] = field(default_factory=list)
    others: int = 0
    skipped: int = 0


def read_captures(path: Path, chosen: ChosenMapping, *, secret: bytes) -> FileCaptures:
    """Return the captures of a file by its mapping; `secret` is the tenant's, for ids that are made of columns.

    Raises:
        FileUnreadable: the file cannot be read, or not to its end.
        OrdersUnreadable: a row cannot be read, or there are more rows than MOST_ROWS.
    """
    mapping, layout = chosen.mapping, chosen.layout
    maker = ItemMaker(mapping, secret=secret, cells_are_text=layout.cells_are_text)
    found = FileCaptures()
    faults: list[tuple[int, str, str]] = []
    with open_rows(path, layout, mapping.wanted) as stream:
        next_batch = partial(maker.next_batch, stream.rows, _ROWS_AT_ONCE, stream.bytes_read)
        while (batch := next_batch()) is not None:
            for row, read in _read(batch.orders, faults):
                if read.kind == _CAPTURE:
                    found.captures.append((row, read))
                else:
                    found.others += 1
            found.others += len(batch.refunds.items)
            found.skipped += batch.skipped
            if len(found.captures) + found.others + found.skipped > MOST_ROWS:
                raise OrdersUnreadable(
                    f"{path.name} has more than {MOST_ROWS:,} rows.",
                    cure="Export fewer days at a time.",
                )
    if faults:
        row, code, detail = faults[0]
        raise OrdersUnreadable(
            f"{len(faults):,} rows of {path.name} cannot be read; the first is row {row}: {detail}",
            cure=CURES[code],
        )
    return found


def _read(items: Items, faults: list[tuple[int, str, str]]) -> Iterator[tuple[int, Conversion]]:
    now = utc_now()
    for row, item in zip(items.rows, items.items, strict=True):
        if isinstance(item, UnreadableItem):
            faults.append((row, item.code, item.detail))
            continue
        try:
            yield row, read_conversion(item, now=now)
        except ItemRejected as error:
            faults.append((row, error.item_code, error.detail))
