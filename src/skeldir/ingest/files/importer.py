"""The import of a file: batches of rows, each committed together with the progress so far."""

from __future__ import annotations

import asyncio
import hashlib
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final
from uuid import UUID

from skeldir.attribution import fewer_collections
from skeldir.clock import utc_now
from skeldir.ingest.files.layout import FileLayout, FileUnreadable
from skeldir.ingest.files.left_out import find_left_out
from skeldir.ingest.files.mapping import FileMapping
from skeldir.ingest.files.outcome import ImportProgress, ImportReport
from skeldir.ingest.files.readers import look_at_file
from skeldir.ingest.files.runs import (
    BATCH_ROWS,
    ImportBeingTakenBack,
    ImportRun,
    Transactions,
    lock_import,
)
from skeldir.ingest.files.sources import MappedFile, Source
from skeldir.ingest.files.store import queries
from skeldir.ingest.own_channels import add_channels
from skeldir.tenants import TenantProfile, load_profile

if TYPE_CHECKING:
    from skeldir.db import Connection

_SWITCH_S: Final = 0.0001


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
    if layout is None:
        layout = await asyncio.to_thread(
            look_at_file,
            path,
            form=mapping.format,
            delimiter=mapping.delimiter,
            encoding=mapping.encoding,
            sheet=mapping.sheet,
            one_page=mapping.one_page,
        )
    mapping.check_columns(layout.header_with(mapping.wanted))
    source = MappedFile(path, mapping, layout)
    report, profile = await import_source(
        db,
        tenant_id,
        source,
        fingerprint=await asyncio.to_thread(fingerprint_file, path, mapping),
        prepare=partial(_prepare_channels, tenant_id=tenant_id, mapping=mapping),
        progress=progress,
        batch_rows=batch_rows,
    )
    if not report.done.skipped:
        return report
    secret = profile.journey_secret
    left_out = await find_left_out(db, tenant_id, path, mapping, layout, secret=secret)
    return replace(report, left_out=left_out)


async def import_source(
    db: Transactions,
    tenant_id: UUID,
    source: Source,
    *,
    fingerprint: str,
    prepare: Callable[[Connection], Awaitable[TenantProfile]],
    progress: Callable[[ImportProgress], None],
    batch_rows: int = BATCH_ROWS,
) -> tuple[ImportReport, TenantProfile]:
    """Import what a source reads, as `import_file` does; `prepare` adds what is needed first, such as channels."""
    started_at = utc_now()
    async with db.tenant(tenant_id) as connection:
        profile = await prepare(connection)
        # A name may have bytes that are no text.
        name = source.name.encode(errors="backslashreplace").decode()
        await queries.begin_import(
            connection, tenant_id=tenant_id, fingerprint=fingerprint, file_name=name[:255]
        )
        done, was_complete = await _begin(connection, tenant_id, fingerprint)
    run = ImportRun(db, profile, fingerprint, source, batch_rows)
    resumed_after = done.rows_done
    if not was_complete:
        with fewer_collections(), _short_turns():
            done = await run.import_rows(done, progress)
    report = run.report(
        replace(done, share_read=1.0),
        started_at,
        resumed_after=resumed_after,
        was_complete=was_complete,
    )
    return report, profile


def fingerprint_file(path: Path, mapping: FileMapping) -> str:
    """Return the SHA-256 of a file's content and mapping, by which a repeated import is recognised."""
    return digest_file(path, mapping.fingerprint())


def digest_file(path: Path, settings: bytes) -> str:
    """Return the SHA-256 of a file's content and of the settings by which it is read."""
    try:
        with path.open("rb") as file:
            content = hashlib.file_digest(file, "sha256")
    except OSError as error:
        raise FileUnreadable(
            f"{path} cannot be read: {error.strerror}.", cure="Check the path and its permissions."
        ) from error
    content.update(settings)
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
    connection: Connection, *, tenant_id: UUID, mapping: FileMapping
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
    """Return how far the file has been imported; one that was taken back, in part or whole, begins again."""
    row = await queries.lock_import(connection, tenant_id=tenant_id, fingerprint=fingerprint)
    is_undone = row["undone_by"] is not None or row["repeats_undone"]
    if is_undone and not await queries.restart_import(
        connection, tenant_id=tenant_id, fingerprint=fingerprint
    ):
        raise ImportBeingTakenBack(
            "The earlier import of this file is being taken back or put back.",
            cure="Wait for it: `skeldir imports list` shows its progress. Then run the same command.",
        )
    return await lock_import(connection, tenant_id, fingerprint)
