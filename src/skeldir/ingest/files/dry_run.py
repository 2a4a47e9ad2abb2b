"""A dry run: the import itself, in one transaction that is rolled back, and what it would have done."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final
from uuid import UUID

from skeldir.ingest.files.choosing import ChosenMapping
from skeldir.ingest.files.importer import import_file
from skeldir.ingest.files.mapping import STATE_COLUMN, cell_text
from skeldir.ingest.files.order_states import state_reader
from skeldir.ingest.files.outcome import ImportReport
from skeldir.ingest.files.readers import open_rows
from skeldir.ingest.files.runs import Transactions
from skeldir.ingest.rejections import UnreadableItem
from skeldir.revenue import MoneyOfMonth, read_months

if TYPE_CHECKING:
    from skeldir.db import Connection, Database

_MOST_STATES: Final = 100


@dataclass(frozen=True, slots=True)
class ImportPreview:
    """What an import would do: its report, the entries it would post by month, and the states it met.

    `columns` says what each column means, `states` what each state of an order means and how many
    rows have it.
    """

    report: ImportReport
    months: tuple[MoneyOfMonth, ...]
    columns: tuple[str, ...]
    states: tuple[str, ...]


class _RolledBack(Exception):
    """Ends the transaction of a dry run."""


@dataclass(frozen=True, slots=True)
class _OneTransaction:
    """Gives an import the same open transaction each time it asks for one."""

    connection: Connection

    @asynccontextmanager
    async def tenant(self, _tenant_id: UUID, /) -> AsyncIterator[Connection]:
        yield self.connection


async def preview_import(
    db: Database, tenant_id: UUID, path: Path, chosen: ChosenMapping
) -> ImportPreview:
    """Import a file as `import_file` does, roll everything back, and return what it did.

    Other writers of the same keys wait until it ends. Raises what `import_file` raises.
    """
    mapping = chosen.mapping
    report, months = await rehearse(
        db,
        tenant_id,
        lambda transactions: import_file(
            transactions,
            tenant_id,
            path,
            mapping,
            progress=lambda _: None,
            layout=chosen.layout,
        ),
    )
    states = await asyncio.to_thread(_count_states, path, chosen)
    columns = (
        tuple(f"{name}: {', '.join(columns)}" for name, columns in mapping.columns.items())
        if not chosen.choices
        else ()
    )
    return ImportPreview(report, months, columns, states)


async def rehearse(
    db: Database,
    tenant_id: UUID,
    importing: Callable[[Transactions], Awaitable[ImportReport]],
) -> tuple[ImportReport, tuple[MoneyOfMonth, ...]]:
    """Import in one transaction, roll it back, and return its report and the entries that it posted, by month."""
    report: ImportReport | None = None
    before: list[MoneyOfMonth] = []
    after: list[MoneyOfMonth] = []
    try:
        async with db.tenant(tenant_id) as connection:
            before = await read_months(connection, tenant_id)
            report = await importing(_OneTransaction(connection))
            after = await read_months(connection, tenant_id)
            raise _RolledBack
    except _RolledBack:
        pass
    if report is None:
        raise RuntimeError("A dry run ended without a report and without an error.")
    return report, tuple(_gained(before, after))


def _gained(before: Sequence[MoneyOfMonth], after: Sequence[MoneyOfMonth]) -> list[MoneyOfMonth]:
    known = {(one.kind, one.currency, one.month): one for one in before}
    gained = []
    for total in after:
        old = known.get((total.kind, total.currency, total.month))
        entries = total.entries - (old.entries if old else 0)
        if entries:
            cents = total.amount_cents - (old.amount_cents if old else 0)
            gained.append(replace(total, entries=entries, amount_cents=cents))
    return gained


def _count_states(path: Path, chosen: ChosenMapping) -> tuple[str, ...]:
    names = chosen.mapping.columns.get(STATE_COLUMN)
    if names is None:
        return ()
    counts: Counter[str] = Counter()
    with open_rows(path, chosen.layout, names) as stream:
        for _, cells in stream.rows:
            if not isinstance(cells, UnreadableItem):
                text = cell_text(cells[0]).strip()[:60]
                counts[text if text in counts or len(counts) < _MOST_STATES else "…"] += 1
    read = state_reader(chosen.mapping.states)
    return tuple(
        f'state "{text}": {read(text) or "undecided"}, {count:,} rows'
        if text
        else f"without a state: {count:,} rows"
        for text, count in counts.most_common()
    )
