"""The import of a file that counts paths: its journeys as touches and captures, by the rules of all imports."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING
from uuid import UUID

from skeldir.ingest.files.dry_run import rehearse
from skeldir.ingest.files.importer import digest_file, import_source
from skeldir.ingest.files.layout import RowStream
from skeldir.ingest.files.outcome import ImportProgress, ImportReport
from skeldir.ingest.files.path_counts.making import JourneyMaker, Journeys
from skeldir.ingest.files.path_counts.reading import read_paths
from skeldir.ingest.files.path_counts.rounding import RowUnits
from skeldir.ingest.files.path_counts.surveying import ChosenPaths
from skeldir.ingest.files.readers import open_rows
from skeldir.ingest.files.runs import BATCH_ROWS, Transactions
from skeldir.ingest.files.sources import Maker
from skeldir.ingest.own_channels import add_channels
from skeldir.money import CURRENCIES
from skeldir.revenue import MoneyOfMonth
from skeldir.tenants import TenantProfile, load_profile

if TYPE_CHECKING:
    from skeldir.db import Connection, Database


@dataclass(frozen=True, slots=True)
class CountedPaths:
    """The journeys that a file counts, for the tenant with this secret."""

    chosen: ChosenPaths
    secret: bytes
    unit: str = "journeys"

    @property
    def name(self) -> str:
        """The name of the file."""
        return self.chosen.path.name

    @property
    def columns(self) -> Mapping[str, Sequence[str]]:
        """The columns of each field."""
        return self.chosen.asked.columns.by_field()

    @property
    def refund_columns(self) -> Mapping[str, Sequence[str]]:
        """None: a path has no refund."""
        return {}

    @property
    def conditions(self) -> tuple[str, ...]:
        """None: every row is read."""
        return ()

    @contextmanager
    def open(self, *, skip: int = 0) -> Iterator[RowStream]:
        """Open the journeys after the first `skip`; the rows before them are read again, and counted."""
        chosen = self.chosen
        units = RowUnits(CURRENCIES[chosen.asked.currency], chosen.rounding)
        journeys = Journeys(chosen.asked, units, self.secret)
        with open_rows(chosen.path, chosen.layout, chosen.asked.columns.wanted) as stream:
            yield replace(stream, rows=journeys.read(read_paths(stream.rows, chosen.asked), skip))

    def make_maker(self, secret: bytes) -> Maker:  # noqa: ARG002 - journeys have their keys already
        """Return the maker of items."""
        return JourneyMaker(self.chosen.asked, self.chosen.end, self.chosen.codes)


async def import_paths(
    db: Transactions,
    tenant_id: UUID,
    chosen: ChosenPaths,
    *,
    progress: Callable[[ImportProgress], None],
    batch_journeys: int = BATCH_ROWS,
) -> ImportReport:
    """Import the journeys that a file counts, as `import_file` imports rows, and with what it promises.

    Raises:
        FileUnreadable: the file cannot be read, or ends early; what came before may be imported.
        ImportOvertaken: another process is importing the same file.
        TenantUnknown: the tenant does not exist.
    """
    fingerprint = await asyncio.to_thread(digest_file, chosen.path, chosen.asked.settings())
    async with db.tenant(tenant_id) as connection:
        secret = (await load_profile(connection, tenant_id)).journey_secret
    report, _ = await import_source(
        db,
        tenant_id,
        CountedPaths(chosen, secret),
        fingerprint=fingerprint,
        prepare=partial(_add_channels, tenant_id=tenant_id, chosen=chosen),
        progress=progress,
        batch_rows=batch_journeys,
    )
    return report


async def preview_paths(
    db: Database, tenant_id: UUID, chosen: ChosenPaths
) -> tuple[ImportReport, tuple[MoneyOfMonth, ...]]:
    """Import as `import_paths` does, roll everything back, and return the report and the entries by month."""
    return await rehearse(
        db,
        tenant_id,
        lambda transactions: import_paths(transactions, tenant_id, chosen, progress=lambda _: None),
    )


async def _add_channels(
    connection: Connection, *, tenant_id: UUID, chosen: ChosenPaths
) -> TenantProfile:
    await add_channels(connection, tenant_id, {code: code for code in chosen.new_channels})
    return await load_profile(connection, tenant_id)
