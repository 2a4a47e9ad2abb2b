"""One run over the rows of a file: batches of rows, each committed together with the progress so far."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Final, Protocol
from uuid import UUID

from skeldir.clock import utc_now
from skeldir.db import share_lock
from skeldir.errors import SkeldirError
from skeldir.ingest.deliveries import NO_REJECTIONS, Delivery, Receipt, origins_of_file
from skeldir.ingest.files.items import Batch, Items
from skeldir.ingest.files.layout import RowStream
from skeldir.ingest.files.outcome import (
    ImportProgress,
    ImportReport,
    RowRejection,
    Tally,
    cure_in_file,
    name_column,
)
from skeldir.ingest.files.refunds import post_differences, refuse_unrefunded
from skeldir.ingest.files.sources import Maker, Source
from skeldir.ingest.files.store import queries
from skeldir.ingest.receive import (
    PreparedConversions,
    PreparedTouches,
    prepare_conversions,
    prepare_touches,
    record_delivery,
    record_touches,
)
from skeldir.rollups import ingest_lock
from skeldir.tenants import TenantProfile, load_profile

if TYPE_CHECKING:
    from skeldir.db import Connection

BATCH_ROWS: Final = 10_000
# Codes of items that differ from a fact with the same key.
_REPEATS: Final = frozenset({"idempotency_key_reused", "refund_smaller"})


class ImportOvertaken(SkeldirError):
    """Another process is importing the same file."""

    code = "import_overtaken"
    status = 409
    title = "The file is being imported already"


class ImportBeingTakenBack(SkeldirError):
    """Somebody takes the import of the same file back, or puts it back, or takes back what the file repeats."""

    code = "import_being_taken_back"
    status = 409
    title = "The import is being taken back"


class Transactions(Protocol):
    """What an import needs of a database: transactions of a tenant."""

    def tenant(self, tenant_id: UUID, /) -> AbstractAsyncContextManager[Connection]:
        """Open a transaction bound to one tenant."""


async def lock_import(
    connection: Connection, tenant_id: UUID, fingerprint: str
) -> tuple[ImportProgress, bool]:
    row = await queries.lock_import(connection, tenant_id=tenant_id, fingerprint=fingerprint)
    if row["undone_by"] is not None:
        raise ImportBeingTakenBack(
            "The import was taken back while it ran.",
            cure="`skeldir imports list` shows by whom and why.",
        )
    if row["repeats_undone"]:
        raise ImportBeingTakenBack(
            "Facts that the file repeated were taken back since its import began.",
            cure="Import the file: it is read again from its first row, and what is missing goes in.",
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
    """A batch of rows that was read and prepared ahead, by the profile that the tenant had.

    Conversions keep their items: the database may have reasons to reject some. Refunds are totals so
    far, of which only the database knows how much is new.
    """

    batch: Batch
    read_touches: Delivery
    profile: TenantProfile
    touches: PreparedTouches | None
    conversions: Sequence[tuple[Items, Delivery, PreparedConversions]]
    refunds: Delivery | None
    unrefunded: Delivery | None


@dataclass(slots=True)
class ImportRun:
    """One run over the rows of a file that are not imported yet."""

    db: Transactions
    profile: TenantProfile
    fingerprint: str
    source: Source
    batch_rows: int
    tally: Tally = field(default_factory=Tally)
    line_of: Callable[[int], int] | None = None
    number: int | None = None
    """Of a replay; None for an import."""

    async def import_rows(
        self, done: ImportProgress, progress: Callable[[ImportProgress], None]
    ) -> ImportProgress:
        """Record the rows after `done.rows_done`; read each batch while the one before it is written."""
        maker = self.source.make_maker(self.profile.journey_secret)
        loop = asyncio.get_running_loop()
        with self.source.open(skip=done.rows_done) as stream:
            self.line_of = stream.line_of
            read_batch = partial(loop.run_in_executor, None, self._read_ahead, maker, stream)
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

    def _read_ahead(self, maker: Maker, stream: RowStream) -> _Ahead | None:
        """Read and prepare the next batch, in a thread, while the database writes the one before it."""
        batch = maker.next_batch(stream.rows, self.batch_rows, stream.bytes_read)
        if batch is None:
            return None
        origin, of_refunds = origins_of_file(self.fingerprint)
        brought_by, refunds_brought_by = origins_of_file(self.fingerprint, replay=self.number)

        def deliver(items: Items, *, is_by_order: bool = False) -> Delivery:
            places = items.rows if items.places is None else items.places
            return Delivery(items.items, origin + items.part, places, is_by_order, brought_by)

        touches = deliver(batch.touches)
        orders = [
            (items, deliver(items, is_by_order=maker.names_orders))
            for items in (batch.orders, batch.unread)
            if items.items
        ]
        # A row may hold an order and its refund: each has an origin of its own.
        refunds, unrefunded = (
            Delivery(some.items, of_refunds, some.rows, brought_by=refunds_brought_by)
            for some in (batch.refunds, batch.unrefunded)
        )
        return _Ahead(
            batch,
            touches,
            profile := self.profile,
            prepare_touches(profile, [touches]) if touches.items else None,
            [(items, one, prepare_conversions(profile, [one])) for items, one in orders],
            refunds if refunds.items else None,
            unrefunded if unrefunded.items else None,
        )

    async def replay(self, refused: Collection[int]) -> ImportProgress:
        """Record the rows with these numbers again, as the import's next replay; return what became of them.

        The import's counts grow by what is accepted now, and its rejections become those that are left.
        """
        maker = self.source.make_maker(self.profile.journey_secret)
        done = ImportProgress()
        async with self.db.tenant(self.profile.tenant_id) as connection:
            await self._lock_complete(connection)
            self.number = await queries.count_replay(
                connection, tenant_id=self.profile.tenant_id, fingerprint=self.fingerprint
            )
        with self.source.open() as stream:
            self.line_of = stream.line_of
            some = replace(stream, rows=(row for row in stream.rows if row[0] in refused))
            while (ahead := await asyncio.to_thread(self._read_ahead, maker, some)) is not None:
                async with self.db.tenant(self.profile.tenant_id) as connection:
                    await self._share_ingest(connection)
                    before = await self._lock_complete(connection)
                    now = await self._post(connection, await self._keep_up(connection, ahead), done)
                    await self._advance(
                        connection,
                        replace(
                            before,
                            touches_accepted=before.touches_accepted
                            + now.touches_accepted
                            - done.touches_accepted,
                            conversions_accepted=before.conversions_accepted
                            + now.conversions_accepted
                            - done.conversions_accepted,
                        ),
                        is_complete=True,
                    )
                    done = now
        async with self.db.tenant(self.profile.tenant_id) as connection:
            before = await self._lock_complete(connection)
            await self._advance(
                connection, replace(before, rejected=done.rejected), is_complete=True
            )
        return replace(done, rows_done=len(refused))

    async def _lock_complete(self, connection: Connection) -> ImportProgress:
        found, is_complete = await lock_import(connection, self.profile.tenant_id, self.fingerprint)
        if not is_complete:
            raise ImportOvertaken(
                f"{self.source.name} is not imported to its end.", cure="Import it first."
            )
        return found

    def report(
        self,
        done: ImportProgress,
        started_at: datetime,
        *,
        resumed_after: int = 0,
        was_complete: bool = False,
    ) -> ImportReport:
        """Return the outcome of a run that began at `started_at`."""
        return ImportReport(
            self.source.name,
            done,
            resumed_after,
            was_complete,
            dict(self.tally.codes.most_common()),
            tuple(self.tally.examples),
            tuple(self.tally.flagged),
            self.tally.journeys.find_crowded(),
            (utc_now() - started_at).total_seconds(),
            self.source.conditions,
            self.fingerprint,
            self.number,
            unit=self.source.unit,
        )

    async def _record(self, ahead: _Ahead, done: ImportProgress) -> ImportProgress:
        """Record one batch in one transaction, and return the progress after it."""
        async with self.db.tenant(self.profile.tenant_id) as connection:
            await self._share_ingest(connection)
            await self._lock(connection, done)
            done = await self._post(connection, await self._keep_up(connection, ahead), done)
            await self._advance(connection, done, is_complete=False)
        return done

    async def _keep_up(self, connection: Connection, ahead: _Ahead) -> _Ahead:
        """Return the batch by the tenant's hosts, channels and rules of now, under the lock of those who record facts.

        What is restated afterwards then finds nothing that follows earlier ones.
        """
        if ahead.touches is None:
            return ahead
        now = await load_profile(connection, self.profile.tenant_id)
        if now == ahead.profile:
            return ahead
        self.profile = now
        touches = await asyncio.to_thread(prepare_touches, now, [ahead.read_touches])
        return replace(ahead, profile=now, touches=touches)

    async def _post(
        self, connection: Connection, ahead: _Ahead, done: ImportProgress
    ) -> ImportProgress:
        """Record the facts of a batch, and return the progress after it."""
        is_taking_back = await queries.is_taking_back(connection, tenant_id=self.profile.tenant_id)
        batch, columns = ahead.batch, self.source.columns
        touches = Receipt(0, 0, NO_REJECTIONS, ())
        if ahead.touches is not None:
            (touches,) = await record_touches(connection, self.profile, ahead.touches)
            self.tally.journeys.add(ahead.touches.journeys)
            self._count(touches, columns, batch.touches)
        conversions = list[Receipt]()
        for items, delivery, prepared in ahead.conversions:
            conversions.append(
                await record_delivery(connection, self.profile, delivery, prepared, source="file")
            )
            self._count(conversions[-1], columns, items)
        if ahead.unrefunded is not None and any(receipt.duplicates for receipt in conversions):
            # Only an order that was known before can have a refund that is known.
            conversions.append(await refuse_unrefunded(connection, self.profile, ahead.unrefunded))
            self._count(conversions[-1], self.source.refund_columns, batch.unrefunded)
        if ahead.refunds is not None:
            conversions.append(await post_differences(connection, self.profile, ahead.refunds))
            self._count(conversions[-1], self.source.refund_columns, batch.refunds)
        if is_taking_back:
            _require_no_repeats([touches, *conversions])
        return replace(
            done,
            rows_done=batch.last_row,
            touches_accepted=done.touches_accepted + touches.accepted,
            touches_duplicate=done.touches_duplicate + touches.duplicates,
            conversions_accepted=done.conversions_accepted + sum(r.accepted for r in conversions),
            conversions_duplicate=done.conversions_duplicate
            + sum(r.duplicates for r in conversions),
            rejected=done.rejected + sum(len(r.rejected) for r in (touches, *conversions)),
            skipped=done.skipped + batch.skipped,
        )

    def _count(self, receipt: Receipt, columns: Mapping[str, Sequence[str]], items: Items) -> None:
        """Count the rejected items; in these receipts an index is the place of an item in the file."""
        rejections = (
            RowRejection(
                row := items.row_of(rejection.index),
                self.line_of(row) if self.line_of is not None else None,
                rejection.code,
                name_column(rejection.code, rejection.detail, columns),
                cure_in_file(rejection.code, rejection.cure, columns),
            )
            for rejection in receipt.rejected
        )
        self.tally.add(rejections, receipt.flagged)

    async def _share_ingest(self, connection: Connection) -> None:
        """Take the lock of those who record facts, before the import's row: an undoing takes them in this order.

        While it is held, no undoing begins or ends.
        """
        await share_lock(connection, ingest_lock(self.profile.tenant_id))

    async def _lock(self, connection: Connection, done: ImportProgress) -> None:
        found, is_complete = await lock_import(connection, self.profile.tenant_id, self.fingerprint)
        if is_complete or found.rows_done != done.rows_done:
            raise ImportOvertaken(
                f"Another process has brought in {found.rows_done} {self.source.unit} of {self.source.name}.",
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


def _require_no_repeats(receipts: Sequence[Receipt]) -> None:
    """Refuse a batch that repeats facts while facts are being taken back: in the end nothing might be left of them.

    Raises:
        ImportBeingTakenBack: a row is a duplicate, or differs from a fact with its key.
    """
    if any(
        receipt.duplicates or any(one.code in _REPEATS for one in receipt.rejected)
        for receipt in receipts
    ):
        raise ImportBeingTakenBack(
            "The file repeats facts while facts are being taken back; these may be among them.",
            cure="Let that end, or run the same undo again. Then run this command again: it goes on.",
        )
