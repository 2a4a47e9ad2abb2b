"""Orders that a file leaves out as no revenue, though they were counted before: cancelled since, or a wrong state."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol

from skeldir.ingest.files.compiling import MappingCompiler
from skeldir.ingest.files.keys import Cells, as_text
from skeldir.ingest.files.layout import FileLayout
from skeldir.ingest.files.mapping import STATE_COLUMN, FileMapping
from skeldir.ingest.files.readers import open_rows
from skeldir.ingest.nothing import is_no_id
from skeldir.ingest.rejections import UnreadableItem
from skeldir.revenue import StandingOrder, read_standing_orders

if TYPE_CHECKING:
    from contextlib import AbstractAsyncContextManager
    from uuid import UUID

    from skeldir.db import Connection

_AT_ONCE: Final = 10_000
_MOST: Final = 1_000


class _Transactions(Protocol):
    def tenant(self, tenant_id: UUID, /) -> AbstractAsyncContextManager[Connection]: ...


async def find_left_out(
    db: _Transactions,
    tenant_id: UUID,
    path: Path,
    mapping: FileMapping,
    layout: FileLayout,
    *,
    secret: bytes,
) -> tuple[StandingOrder, ...]:
    """Return orders with money in the ledger of which the file has only rows that are no revenue; at most 1,000.

    Only of files whose rows are orders, by their states or a condition: a row of a payment that failed, or a visit,
    says nothing against its order.
    """
    is_by_order = STATE_COLUMN in mapping.columns or mapping.order_when is not None
    if mapping.kind != "conversions" or not is_by_order or "kind" in mapping.columns:
        return ()
    if len(mapping.columns["order_id"]) > 1:
        return ()
    rows = _Rows(path, mapping, layout, secret)
    wanted = iter(await asyncio.to_thread(rows.left_out))
    found: list[StandingOrder] = []
    while len(found) < _MOST and (part := list(islice(wanted, _AT_ONCE))):
        async with db.tenant(tenant_id) as connection:
            found += await read_standing_orders(connection, tenant_id, part)
    if found:
        sold = await asyncio.to_thread(rows.sold, {one.order_id for one in found})
        found = [one for one in found if one.order_id not in sold]
    return tuple(found[:_MOST])


class _Rows:
    """The ids of the orders in a file, with what its states and conditions make of their rows."""

    def __init__(self, path: Path, mapping: FileMapping, layout: FileLayout, secret: bytes) -> None:
        self._path, self._mapping, self._layout = path, mapping, layout
        compiler = MappingCompiler(mapping, secret=secret, cells_are_text=layout.cells_are_text)
        self._test, self._state = compiler.test(mapping.order_when), compiler.state()

    def left_out(self) -> dict[str, None]:
        """Return the ids of orders with a row that is no revenue."""
        return dict.fromkeys(order_id for order_id, is_sale in self._read() if not is_sale)

    def sold(self, among: set[str]) -> set[str]:
        """Return those of some ids that have a row which is revenue."""
        return {order_id for order_id, is_sale in self._read() if is_sale and order_id in among}

    def _read(self) -> Iterator[tuple[str, bool]]:
        place = self._mapping.wanted.index(self._mapping.columns["order_id"][0])
        with open_rows(self._path, self._layout, self._mapping.wanted) as stream:
            for _, cells in stream.rows:
                if isinstance(cells, UnreadableItem):
                    continue
                order_id = as_text(cells[place])
                if isinstance(order_id, str) and not is_no_id(order_id):
                    yield order_id.strip(), self._is_sale(cells)

    def _is_sale(self, cells: Cells) -> bool:
        if self._test is not None and not self._test(cells):
            return False
        return self._state is None or self._state(cells) != "nothing"
