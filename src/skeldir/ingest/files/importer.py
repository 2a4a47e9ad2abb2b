"""The import of a file: batches of rows, each committed together with the progress so far."""

from __future__ import annotations

import asyncio
import hashlib
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol
from uuid import UUID

from skeldir.attribution import fewer_collections
from skeldir.clock import utc_now
from skeldir.errors import SkeldirError
from skeldir.ingest.deliveries import NO_REJECTIONS, Delivery, Receipt, origins_of_file
from skeldir.ingest.files.items import ItemMaker
from skeldir.ingest.files.layout import FileLayout, FileUnreadable, Row
from skeldir.ingest.files.mapping import FileMapping
from skeldir.ingest.files.outcome import (
    ImportProgress,
    ImportReport,
    RowRejection,
    Tally,
    name_column,
)
from skeldir.ingest.files.readers import look_at_file, open_rows
from skeldir.ingest.files.refunds import post_differences
from skeldir.ingest.files.store import queries
from skeldir.ingest.own_channels import add_channels
from skeldir.ingest.receive import (
    PreparedConversions,
    PreparedTouches,
    prepare_conversions,
    prepare_touches,
    record_delivery,
    record_touches,
)
from skeldir.tenants import TenantProfile, load_profile

if TYPE_CHECKING:
    from skeldir.db import Connection

BATCH_ROWS: Final = 10_000
_SWITCH_S: Final = 0.0001


class ImportOvertaken(SkeldirError):
    """Another process is importing the same file."""

    code = "import_overtaken"
    status = 409
    title = "The file is being imported already"


class ImportBeingTakenBack(SkeldirError):
    """Somebody takes the import of the same file back, or puts it back."""

    code = "import_being_taken_back"
    status = 409
    title = "The import is being taken back"


class Transactions(Protocol):
    """What an import needs of a database: transactions of a tenant."""

    def tenant(self, tenant_id: UUID, /) -> AbstractAsyncContextManager[Connection]:
        """Open a transaction bound to one tenant."""


async def import_file(
    db: Transactions,
    tenant_id: UUID,
    path: Path,
    mapping: FileMapping,
    *,
    progress: Callable[[ImportProgress], None],
    layout: FileLayout | None = None,
    batch_rows: int = BATCH_ROWS,
) -> ImportReport:
    """Import a file for a tenant, by the same rules as the API, and report the outcome of its rows.

    Each batch commits together with the number of its last row. After an interruption (Ctrl-C,
    `kill -9`, a lost connection) the next call continues after that row, and the rows' idempotency
    keys prevent duplicates even if that number is lost. `progress` is called after each commit. New
    channels of the mapping are added first. `layout` is the file's, if it is known already: to find it takes a reading
    of the whole file.

    Raises:
        FileUnreadable: the file cannot be read, or ends early; the rows before may be imported.
        MappingInvalid: the mapping does not fit the file or the tenant's channels.
        ImportOvertaken: another process is importing the same file.
        TenantUnknown: the tenant does not exist.
    """
    started_at = utc_now()
    if layout is None:
        layout = await asyncio.to_thread(
            look_at_file,
            path,
            form=mapping.format,
            delimiter=mapping.delimiter,
            encoding=mapping.encoding,
            sheet=mapping.sheet,
        )
    mapping.check_columns(layout.header_with(mapping.wanted))
    fingerprint = await asyncio.to_thread(fingerprint_file, path, mapping)
    async with db.tenant(tenant_id) as connection:
        profile = await _prepare_channels(connection, tenant_id, mapping)
        await queries.begin_import(
            connection, tenant_id=tenant_id, fingerprint=fingerprint, file_name=path.name[:255]
        )
        done, was_complete = await _begin(connection, tenant_id, fingerprint)
    run = _Run(db, profile, fingerprint, path, mapping, layout, batch_rows)
    resumed_after = done.rows_done
    if not was_complete:
        with fewer_collections(), _short_turns():
            done = await run.import_rows(done, progress)
    return ImportReport(
        path.name,
        replace(done, share_read=1.0),
        resumed_after,
        was_complete,
        dict(run.tally.codes.most_common()),
        tuple(run.tally.examples),
        tuple(run.tally.flagged),
        run.tally.journeys.find_crowded(),
        (utc_now() - started_at).total_seconds(),
        mapping.describe_conditions(),
    )


def fingerprint_file(path: Path, mapping: FileMapping) -> str:
    """Return the SHA-256 of a file's content and mapping, by which a repeated import is recognised."""
    try:
        with path.open("rb") as file:
            content = hashlib.file_digest(file, "sha256")
    except OSError as error:
        raise FileUnreadable(
            f"{path} cannot be read: {error.strerror}.", cure="Check the path and its permissions."
        ) from error
    content.update(mapping.fingerprint())
    return content.hexdigest()


@contextmanager
def _short_turns() -> Iterator[None]:
    """Switch threads often: while the one that reads ahead has its turn, the database waits for its next statement."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(_SWITCH_S)
    try:
        yield
    finally:
        # It is kept in whole microseconds and cut down to one: without the half, 100 would come back as 99.
        sys.setswitchinterval(before + 0.5e-6)


async def _prepare_channels(
    connection: Connection, tenant_id: UUID, mapping: FileMapping
) -> TenantProfile:
    profile = await load_profile(connection, tenant_id)
    mapping.check_channels(profile.own_channels)
    if not mapping.new_channels:
        return profile
    await add_channels(connection, tenant_id, mapping.new_channels)
    return await load_profile(connection, tenant_id)


async def _begin(
    connection: Connection, tenant_id: UUID, fingerprint: str
) -> tuple[ImportProgress, bool]:
    """Return how far the file has been imported; one that was taken back begins again."""
    row = await queries.lock_import(connection, tenant_id=tenant_id, fingerprint=fingerprint)
    if row["undone_by"] is not None and not await queries.restart_import(
        connection, tenant_id=tenant_id, fingerprint=fingerprint
    ):
        raise ImportBeingTakenBack(
            "The earlier import of this file is being taken back or put back.",
            cure="Wait for it: `skeldir imports list` shows its progress. Then run the same command.",
        )
    return await _lock_import(connection, tenant_id, fingerprint)


async def _lock_import(
    connection: Connection, tenant_id: UUID, fingerprint: str
) -> tuple[ImportProgress, bool]:
    row = await queries.lock_import(connection, tenant_id=tenant_id, fingerprint=fingerprint)
    if row["undone_by"] is not None:
        raise ImportBeingTakenBack(
            "The import was taken back while it ran.",
            cure="`skeldir imports list` shows by whom and why.",
        )
    progress = ImportProgress(
        rows_done=row["rows_done"],
        touches_accepted=row["touches_accepted"],
        touches_duplicate=row["touches_duplicate"],
        conversions_accepted=row["conversions_accepted"],
        conversions_duplicate=row["conversions_duplicate"],
        rejected=row["rejected"],
        skipped=row["skipped"],
    )
    return progress, row["is_complete"]


@dataclass(frozen=True, slots=True)
class _Ahead:
    """A batch of rows, up to `last_row`, that was read and prepared ahead.

    Conversions keep their items: the database may have reasons to reject some. Refunds are totals so
    far, of which only the database knows how much is new.
    """

    last_row: int
    skipped: int
    touches: PreparedTouches | None
    conversions: Sequence[tuple[Delivery, PreparedConversions]]
    refunds: Delivery | None


@dataclass(slots=True)
class _Run:
    """One run over the rows of a file that are not imported yet."""

    db: Transactions
    profile: TenantProfile
    fingerprint: str
    path: Path
    mapping: FileMapping
    layout: FileLayout
    batch_rows: int
    tally: Tally = field(default_factory=Tally)
    line_of: Callable[[int], int] | None = None

    async def import_rows(
        self, done: ImportProgress, progress: Callable[[ImportProgress], None]
    ) -> ImportProgress:
        """Record the rows after `done.rows_done`; read each batch while the one before it is written."""
        maker = ItemMaker(
            self.mapping,
            secret=self.profile.journey_secret,
            cells_are_text=self.layout.cells_are_text,
        )
        loop = asyncio.get_running_loop()
        with open_rows(self.path, self.layout, self.mapping.wanted, skip=done.rows_done) as stream:
            self.line_of = stream.line_of
            read_batch = partial(loop.run_in_executor, None, self._read_ahead, maker, stream.rows)
            upcoming = read_batch()
            try:
                while (ahead := await asyncio.shield(upcoming)) is not None:
                    upcoming = read_batch()
                    done = replace(await self._record(ahead, done), share_read=stream.share_read())
                    progress(done)
            finally:
                # The file must stay open until the thread that reads it has ended.
                await asyncio.gather(upcoming, return_exceptions=True)
        async with self.db.tenant(self.profile.tenant_id) as connection:
            await self._lock(connection, done)
            await self._advance(connection, done, is_complete=True)
        return done

    def _read_ahead(self, maker: ItemMaker, rows: Iterator[Row]) -> _Ahead | None:
        """Read and prepare the next batch, in a thread, while the database writes the one before it."""
        batch = maker.next_batch(rows, self.batch_rows)
        if batch is None:
            return None
        origin, of_refunds = origins_of_file(self.fingerprint)
        touches = Delivery(batch.touches.items, origin, batch.touches.rows)
        orders = Delivery(
            batch.orders.items, origin, batch.orders.rows, is_by_order=maker.names_orders
        )
        # A row may hold an order and its refund: each has an origin of its own.
        refunds = Delivery(batch.refunds.items, of_refunds, batch.refunds.rows)
        return _Ahead(
            batch.last_row,
            batch.skipped,
            prepare_touches(self.profile, [touches]) if touches.items else None,
            [(orders, prepare_conversions(self.profile, [orders]))] if orders.items else [],
            refunds if refunds.items else None,
        )

    async def _record(self, ahead: _Ahead, done: ImportProgress) -> ImportProgress:
        """Record one batch in one transaction, and return the progress after it."""
        async with self.db.tenant(self.profile.tenant_id) as connection:
            await self._lock(connection, done)
            touches = Receipt(0, 0, NO_REJECTIONS, ())
            if ahead.touches is not None:
                (touches,) = await record_touches(connection, self.profile, ahead.touches)
                self.tally.journeys.add(ahead.touches.journeys)
            conversions = [
                await record_delivery(connection, self.profile, delivery, prepared, source="file")
                for delivery, prepared in ahead.conversions
            ]
            for receipt in (touches, *conversions):
                self._count(receipt, self.mapping.columns)
            if ahead.refunds is not None:
                conversions.append(await post_differences(connection, self.profile, ahead.refunds))
                self._count(conversions[-1], self.mapping.refund_columns)
            done = replace(
                done,
                rows_done=ahead.last_row,
                touches_accepted=done.touches_accepted + touches.accepted,
                touches_duplicate=done.touches_duplicate + touches.duplicates,
                conversions_accepted=done.conversions_accepted
                + sum(r.accepted for r in conversions),
                conversions_duplicate=done.conversions_duplicate
                + sum(r.duplicates for r in conversions),
                rejected=done.rejected + sum(len(r.rejected) for r in (touches, *conversions)),
                skipped=done.skipped + ahead.skipped,
            )
            await self._advance(connection, done, is_complete=False)
        return done

    def _count(self, receipt: Receipt, columns: Mapping[str, Sequence[str]]) -> None:
        """Count the rejected rows; in these receipts an index is the number of a row in the file."""
        rejections = (
            RowRejection(
                rejection.index,
                self.line_of(rejection.index) if self.line_of is not None else None,
                rejection.code,
                name_column(rejection.code, rejection.detail, columns),
                rejection.cure,
            )
            for rejection in receipt.rejected
        )
        self.tally.add(rejections, receipt.flagged)

    async def _lock(self, connection: Connection, done: ImportProgress) -> None:
        found, is_complete = await _lock_import(
            connection, self.profile.tenant_id, self.fingerprint
        )
        if is_complete or found.rows_done != done.rows_done:
            raise ImportOvertaken(
                f"Another process has reached row {found.rows_done} of {self.path.name}.",
                cure="Let it finish; nothing was imported twice.",
            )

    async def _advance(
        self, connection: Connection, done: ImportProgress, *, is_complete: bool
    ) -> None:
        await queries.advance_import(
            connection,
            tenant_id=self.profile.tenant_id,
            fingerprint=self.fingerprint,
            rows_done=done.rows_done,
            touches_accepted=done.touches_accepted,
            touches_duplicate=done.touches_duplicate,
            conversions_accepted=done.conversions_accepted,
            conversions_duplicate=done.conversions_duplicate,
            rejected=done.rejected,
            skipped=done.skipped,
            is_complete=is_complete,
        )
