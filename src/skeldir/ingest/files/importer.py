"""The import of a file: batches of rows, each committed together with how far the file has come."""

from __future__ import annotations

import asyncio
import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final
from uuid import UUID

from skeldir.clock import utc_now
from skeldir.db import Database, load_queries
from skeldir.errors import SkeldirError
from skeldir.ingest.deliveries import NO_REJECTIONS, Delivery, Receipt
from skeldir.ingest.files.items import Batch, ItemMaker, Items
from skeldir.ingest.files.layout import FileLayout, FileUnreadable, Row
from skeldir.ingest.files.mapping import FileMapping
from skeldir.ingest.files.readers import look_at_file, open_rows
from skeldir.ingest.own_channels import add_channels
from skeldir.ingest.receive import (
    PreparedTouches,
    prepare_touches,
    receive_conversions,
    record_touches,
)
from skeldir.revenue import FlaggedOrder
from skeldir.tenants import TenantProfile, load_profile

if TYPE_CHECKING:
    from skeldir.db import Connection

BATCH_ROWS: Final = 10_000
_EXAMPLES_OF_A_CODE: Final = 3
_MOST_FLAGGED: Final = 1_000
_queries = load_queries("skeldir.ingest.files")


class ImportOvertaken(SkeldirError):
    """Another process imports the same file at this moment."""

    code = "import_overtaken"
    status = 409
    title = "The file is being imported already"


@dataclass(frozen=True, slots=True)
class RowFault:
    """One refused row: its number from 1 (a header and blank lines not counted), why, and the cure."""

    row: int
    code: str
    detail: str
    cure: str


@dataclass(frozen=True, slots=True)
class ImportProgress:
    """What has been committed of a file, over all its runs; refunds count as conversions.

    `share_read` is how much of the file has been read, from 0 to 1.
    """

    rows_done: int = 0
    touches_accepted: int = 0
    touches_duplicate: int = 0
    conversions_accepted: int = 0
    conversions_duplicate: int = 0
    rejected: int = 0
    share_read: float = 0.0

    def describe_stop(self) -> str:
        """Return the sentence for a run that was interrupted here."""
        return (
            f"Stopped. {self.rows_done} rows are in; the same command goes on with row"
            f" {self.rows_done + 1}, and nothing comes in twice."
        )


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What became of a file: `done` over all runs, the rest in this run.

    `resumed_after` is the row after which this run went on, 0 from the start. `was_complete` says
    that the file had been imported before with the same mapping, so that nothing was done.
    `flagged` names at most 1,000 orders that are `awaiting_capture` or `over_refunded`.
    """

    file_name: str
    done: ImportProgress
    resumed_after: int
    was_complete: bool
    skipped: int
    rejected_by_code: Mapping[str, int]
    examples: tuple[RowFault, ...]
    flagged: tuple[FlaggedOrder, ...]
    seconds: float


@dataclass(slots=True)
class _Tally:
    """What this run has seen; bounded, however many rows are refused."""

    skipped: int = 0
    codes: Counter[str] = field(default_factory=Counter)
    examples: list[RowFault] = field(default_factory=list)
    flagged: dict[FlaggedOrder, None] = field(default_factory=dict)

    def add(self, faults: Iterable[RowFault], flagged: Iterable[FlaggedOrder]) -> None:
        for fault in faults:
            self.codes[fault.code] += 1
            if self.codes[fault.code] <= _EXAMPLES_OF_A_CODE:
                self.examples.append(fault)
        for order in flagged:
            if len(self.flagged) < _MOST_FLAGGED:
                self.flagged[order] = None


async def import_file(
    db: Database,
    tenant_id: UUID,
    path: Path,
    mapping: FileMapping,
    *,
    progress: Callable[[ImportProgress], None],
    batch_rows: int = BATCH_ROWS,
) -> ImportReport:
    """Import a file for a tenant, by the same rules as the API, and report what became of its rows.

    Each batch commits together with the number of its last row. So a run that was interrupted
    (Ctrl-C, `kill -9`, a lost connection) goes on after that row when it is called again, and the
    rows' idempotency keys keep everything single even if that number were lost. `progress` is told
    after each commit. New channels of the mapping are added first.

    Raises:
        FileUnreadable: the file cannot be read, or breaks off; the rows before may be in.
        MappingInvalid: the mapping does not fit the file or the tenant's channels.
        ImportOvertaken: another process imports the same file.
        TenantUnknown: the tenant does not exist.
    """
    started_at = utc_now()
    layout = await asyncio.to_thread(
        look_at_file, path, form=mapping.format, delimiter=mapping.delimiter
    )
    mapping.check_columns(layout.header)
    fingerprint = await asyncio.to_thread(fingerprint_file, path, mapping)
    async with db.tenant(tenant_id) as connection:
        profile = await _prepare_channels(connection, tenant_id, mapping)
        await _queries.begin_import(
            connection, tenant_id=tenant_id, fingerprint=fingerprint, file_name=path.name[:255]
        )
        done, was_complete = await _lock_import(connection, tenant_id, fingerprint)
    run = _Run(db, profile, fingerprint, path, mapping, layout, batch_rows)
    resumed_after = done.rows_done
    if not was_complete:
        done = await run.import_rows(done, progress)
    return ImportReport(
        path.name,
        replace(done, share_read=1.0),
        resumed_after,
        was_complete,
        run.tally.skipped,
        dict(run.tally.codes.most_common()),
        tuple(run.tally.examples),
        tuple(run.tally.flagged),
        (utc_now() - started_at).total_seconds(),
    )


def fingerprint_file(path: Path, mapping: FileMapping) -> str:
    """Return the SHA-256 of a file's content and mapping: what an import is known by again."""
    try:
        with path.open("rb") as file:
            content = hashlib.file_digest(file, "sha256")
    except OSError as error:
        raise FileUnreadable(
            f"{path} cannot be read: {error.strerror}.", cure="Check the path and its rights."
        ) from error
    content.update(mapping.fingerprint())
    return content.hexdigest()


async def _prepare_channels(
    connection: Connection, tenant_id: UUID, mapping: FileMapping
) -> TenantProfile:
    profile = await load_profile(connection, tenant_id)
    mapping.check_channels(profile.own_channels)
    if not mapping.new_channels:
        return profile
    await add_channels(connection, tenant_id, mapping.new_channels)
    return await load_profile(connection, tenant_id)


async def _lock_import(
    connection: Connection, tenant_id: UUID, fingerprint: str
) -> tuple[ImportProgress, bool]:
    row = dict(await _queries.lock_import(connection, tenant_id=tenant_id, fingerprint=fingerprint))
    is_complete: bool = row.pop("is_complete")
    return ImportProgress(**row), is_complete


@dataclass(slots=True)
class _Run:
    """One run over the rows of a file that are not in yet."""

    db: Database
    profile: TenantProfile
    fingerprint: str
    path: Path
    mapping: FileMapping
    layout: FileLayout
    batch_rows: int
    tally: _Tally = field(default_factory=_Tally)

    async def import_rows(
        self, done: ImportProgress, progress: Callable[[ImportProgress], None]
    ) -> ImportProgress:
        """Record the rows after `done.rows_done`, reading each batch while the last one is written."""
        maker = ItemMaker(
            self.mapping,
            secret=self.profile.journey_secret,
            cells_are_text=self.layout.cells_are_text,
        )
        loop = asyncio.get_running_loop()
        with open_rows(self.path, self.layout, self.mapping.wanted, skip=done.rows_done) as stream:
            read_batch = partial(loop.run_in_executor, None, self._read_ahead, maker, stream.rows)
            upcoming = read_batch()
            try:
                while (ahead := await asyncio.shield(upcoming)) is not None:
                    upcoming = read_batch()
                    done = replace(await self._record(*ahead, done), share_read=stream.share_read())
                    progress(done)
            finally:
                # The file must stay open until the thread that reads it has ended.
                await asyncio.gather(upcoming, return_exceptions=True)
        async with self.db.tenant(self.profile.tenant_id) as connection:
            await self._lock(connection, done)
            await self._advance(connection, done, is_complete=True)
        return done

    def _read_ahead(
        self, maker: ItemMaker, rows: Iterator[Row]
    ) -> tuple[Batch, PreparedTouches] | None:
        """Read and prepare the next batch, in a thread: the processor's part, while the database has its own."""
        batch = maker.next_batch(rows, self.batch_rows)
        if batch is None:
            return None
        touches = batch.touches
        delivery = Delivery(touches.items, self._origin, touches.rows)
        prepared = prepare_touches(self.profile, [delivery])
        return batch, prepared

    async def _record(
        self, batch: Batch, prepared: PreparedTouches, done: ImportProgress
    ) -> ImportProgress:
        """Record one batch in one transaction, and return what is done with it."""
        async with self.db.tenant(self.profile.tenant_id) as connection:
            await self._lock(connection, done)
            touches = Receipt(0, 0, NO_REJECTIONS)
            if batch.touches.items:
                (touches,) = await record_touches(connection, self.profile, prepared)
                self._tell(touches)
            conversions = [
                await self._receive_conversions(connection, batch.orders, self._origin),
                # A row may hold an order and its refund: each has an origin of its own.
                await self._receive_conversions(
                    connection, batch.refunds, f"{self._origin}:refund"
                ),
            ]
            done = replace(
                done,
                rows_done=batch.last_row,
                touches_accepted=done.touches_accepted + touches.accepted,
                touches_duplicate=done.touches_duplicate + touches.duplicates,
                conversions_accepted=done.conversions_accepted
                + sum(r.accepted for r in conversions),
                conversions_duplicate=done.conversions_duplicate
                + sum(r.duplicates for r in conversions),
                rejected=done.rejected + sum(len(r.rejected) for r in (touches, *conversions)),
            )
            await self._advance(connection, done, is_complete=False)
        self.tally.skipped += batch.skipped
        return done

    @property
    def _origin(self) -> str:
        return f"file:{self.fingerprint[:16]}"

    async def _receive_conversions(
        self, connection: Connection, items: Items, origin: str
    ) -> Receipt:
        if not items.items:
            return Receipt(0, 0, NO_REJECTIONS)
        receipt = await receive_conversions(
            connection,
            self.profile,
            items.items,
            origin=origin,
            places=items.rows,
            source="file",
        )
        self._tell(receipt)
        return receipt

    def _tell(self, receipt: Receipt) -> None:
        """Tally the refused rows; a receipt names them by the numbers that they have in the file."""
        faults = (
            RowFault(fault.index, fault.code, fault.detail, fault.cure)
            for fault in receipt.rejected
        )
        self.tally.add(faults, receipt.flagged)

    async def _lock(self, connection: Connection, done: ImportProgress) -> None:
        found, is_complete = await _lock_import(
            connection, self.profile.tenant_id, self.fingerprint
        )
        if is_complete or found.rows_done != done.rows_done:
            raise ImportOvertaken(
                f"Another process has come to row {found.rows_done} of {self.path.name}.",
                cure="Let it finish; this one has written nothing twice.",
            )

    async def _advance(
        self, connection: Connection, done: ImportProgress, *, is_complete: bool
    ) -> None:
        await _queries.advance_import(
            connection,
            tenant_id=self.profile.tenant_id,
            fingerprint=self.fingerprint,
            rows_done=done.rows_done,
            touches_accepted=done.touches_accepted,
            touches_duplicate=done.touches_duplicate,
            conversions_accepted=done.conversions_accepted,
            conversions_duplicate=done.conversions_duplicate,
            rejected=done.rejected,
            is_complete=is_complete,
        )
