"""What can be taken back or restated, what that would move, and the requests to do it: who, when and why are kept."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import TYPE_CHECKING, Final
from uuid import UUID

from skeldir.days import UTC_NAME
from skeldir.db import new_id, wait_for_lock
from skeldir.ingest.kinds import UNDO
from skeldir.ingest.store import queries
from skeldir.ingest.undo_refusals import (
    NothingToRedo,
    NothingToUndo,
    ReasonMissing,
    TargetUnknown,
    UndoingUnderWay,
)
from skeldir.ingest.undo_targets import (
    MOST_SHOWN,
    KnownImport,
    Target,
    list_repeating_imports,
    target_of_import,
)
from skeldir.ingest.undoing import FACTS_PER_TRANSACTION
from skeldir.ingest.withdrawals import find_touches_to_withdraw
from skeldir.jobs import enqueue
from skeldir.revenue import (
    Dependent,
    Span,
    find_entries_to_reverse,
    last_entry_id,
    list_dependents,
    sum_entries,
)
from skeldir.rollups import ingest_lock, read_time_zone

if TYPE_CHECKING:
    from skeldir.db import Connection

LONGEST_REASON: Final = 500


@dataclass(frozen=True, slots=True)
class Undoing:
    """Who took back (or, with `redoes`, put back) what, when and why, and how far it has come."""

    id: UUID
    target_kind: str
    target: str
    redoes: UUID | None
    reason: str
    requested_by: str
    requested_at: datetime
    phase: str
    entries: int
    touches: int
    ended_at: datetime | None


@dataclass(slots=True)
class UndoPreview:
    """What taking a target back would move. `money` is what leaves the sums, by currency, month and kind.

    The months are of `time_zone`, the tenant's. `dependents` are at most MOST_SHOWN entries that stand and came another
    way, of the same orders. `repeating` are imports whose rows may have repeated what is taken back. `kept` counts
    entries that stay although they are meant: the credit of their orders was kept when touches were forgotten.
    """

    entries: int = 0
    touches: int = 0
    time_zone: str = UTC_NAME
    money: Counter[tuple[str, date, str]] = field(default_factory=Counter)
    dependents: list[Dependent] = field(default_factory=list)
    repeating: list[KnownImport] = field(default_factory=list)
    kept: int = 0


async def list_undoings(
    connection: Connection,
    tenant_id: UUID,
    *,
    target: Target | None = None,
    most: int = MOST_SHOWN,
) -> list[Undoing]:
    """Return the undoings of the transaction's tenant, or of one target, the latest first."""
    rows = await queries.select_undoings(
        connection,
        tenant_id=tenant_id,
        target_kind=None if target is None else target.kind,
        target=None if target is None else target.name,
        most=most,
    )
    return [
        Undoing(
            row["id"],
            row["target_kind"],
            row["target"],
            row["redoes"],
            row["reason"],
            row["requested_by"],
            row["requested_at"],
            row["phase"],
            row["entries"],
            row["touches"],
            row["ended_at"],
        )
        for row in rows
    ]


async def has_facts(connection: Connection, tenant_id: UUID) -> bool:
    """Return whether the transaction's tenant has a touch or an entry, whatever its age."""
    return (await _last_id(connection, tenant_id)).int > 0


async def preview_undo(
    connection: Connection,
    tenant_id: UUID,
    target: Target,
    *,
    most: int = FACTS_PER_TRANSACTION,
    progress: Callable[[UndoPreview], None] = lambda _: None,
) -> UndoPreview:
    """Return what taking `target` back would move now. Use a read-only transaction, which is one snapshot.

    `progress` is called with what has been found so far.
    """
    preview = UndoPreview(time_zone=await read_time_zone(connection, tenant_id))
    span: Span | None = Span(target.first_id, await _last_id(connection, tenant_id), most)
    while span is not None:
        page = await find_entries_to_reverse(
            connection,
            tenant_id,
            span,
            deliveries=target.deliveries,
            order_id=target.name if target.kind == "order" else None,
        )
        preview.kept += page.kept
        if page.wanted:
            preview.entries += len(page.wanted)
            for sums in await sum_entries(connection, tenant_id, page.wanted):
                preview.money[sums.currency, sums.month, sums.kind] -= sums.amount_cents
            room = MOST_SHOWN - len(preview.dependents)
            if room and target.kind != "order":
                preview.dependents += await list_dependents(
                    connection, tenant_id, page.wanted, deliveries=target.deliveries, most=room
                )
        progress(preview)
        span = None if page.last_id is None else Span(page.last_id, span.until, most)
    if target.kind != "order":
        await _count_touches(connection, tenant_id, target, most, preview, progress)
    if preview.entries or preview.touches:
        preview.repeating = await list_repeating_imports(connection, tenant_id, target)
    return preview


async def _count_touches(
    connection: Connection,
    tenant_id: UUID,
    target: Target,
    most: int,
    preview: UndoPreview,
    progress: Callable[[UndoPreview], None],
) -> None:
    after, until = target.first_id, await _last_id(connection, tenant_id)
    while True:
        page = await find_touches_to_withdraw(
            connection, tenant_id, Span(after, until, most), deliveries=target.deliveries
        )
        if page.last_id is None:
            return
        preview.touches += len(page.ids)
        progress(preview)
        after = page.last_id


async def _last_id(connection: Connection, tenant_id: UUID) -> UUID:
    return max(
        await last_entry_id(connection, tenant_id),
        await queries.select_last_touch(connection, tenant_id=tenant_id),
    )


async def request_undo(
    connection: Connection, tenant_id: UUID, target: Target, *, reason: str, requested_by: str
) -> UUID:
    """Record that `target` is to be taken back, and enqueue the job; return the id of the undoing.

    One that is still under way is returned again. Until it has ended, the same file cannot be imported, and whoever
    repeats one of its facts is refused. So it begins when no facts are being recorded. Imports that may have repeated
    its facts before are read again when they are run again.

    Raises:
        NothingToUndo: it was taken back already.
        ReasonMissing: the reason is empty or too long.
        UndoingUnderWay: it is being put back; or channels are being restated, and this is not that, or the reverse.
    """
    require_reason(reason)
    await wait_for_lock(connection, f"undoings:{tenant_id}")
    await wait_for_lock(connection, ingest_lock(tenant_id))
    row = None
    if target.kind == "import":
        row = await queries.lock_import_to_undo(
            connection, tenant_id=tenant_id, fingerprint=target.name
        )
        if row is None:
            raise TargetUnknown("There is no such import.", cure="See `skeldir imports list`.")
        # Another replay may have begun since it was looked at.
        target = await target_of_import(connection, tenant_id, target.name)
    known = await list_undoings(connection, tenant_id, target=target)
    for one in known:
        if one.phase != "done" and one.redoes is not None:
            raise UndoingUnderWay(
                "It is being put back.",
                cure="Nothing was changed. Let that end, by a worker or `skeldir imports redo`; then take it back.",
            )
        if one.phase != "done":
            return one.id
    if row is not None and row["undone_by"] is not None:
        by = next(one for one in known if one.id == row["undone_by"])
        raise NothingToUndo(
            f"The import was taken back on {by.requested_at:%Y-%m-%d %H:%M} UTC by {by.requested_by}: {by.reason}",
            cure="Nothing was changed. `skeldir imports redo` puts it back.",
        )
    undoing_id = new_id()
    await _insert(connection, tenant_id, undoing_id, target, None, reason, requested_by)
    if target.kind == "import":
        await queries.note_import_undone(
            connection, tenant_id=tenant_id, fingerprint=target.name, undoing_id=undoing_id
        )
    if target.kind in ("import", "delivery"):
        await queries.mark_repeating_imports(
            connection, tenant_id=tenant_id, fingerprint=target.fingerprint, since=target.since
        )
    return undoing_id


async def request_redo(
    connection: Connection, tenant_id: UUID, target: Target, *, reason: str, requested_by: str
) -> UUID:
    """Record that what the latest undoing of `target` took back is to be put back; return the id of this redoing.

    Facts whose keys have come back since are left as they are.

    Raises:
        NothingToRedo: it stands, or its undoing has not ended.
        ReasonMissing: the reason is empty or too long.
        UndoingUnderWay: channels are being restated.
    """
    require_reason(reason)
    await wait_for_lock(connection, f"undoings:{tenant_id}")
    if target.kind == "import":
        row = await queries.lock_import_to_undo(
            connection, tenant_id=tenant_id, fingerprint=target.name
        )
        if row is None or row["undone_by"] is None:
            raise NothingToRedo(
                "The import stands, or has been imported again since it was taken back.",
                cure="Nothing was changed. `skeldir imports show` lists what was done.",
            )
    known = await list_undoings(connection, tenant_id, target=target)
    # An undoing that found nothing left to take back has nothing to put back either.
    known = [one for one in known if one.phase != "done" or one.entries or one.touches]
    if known and known[0].redoes is not None and known[0].phase != "done":
        return known[0].id
    if not known or known[0].redoes is not None or known[0].phase != "done":
        raise NothingToRedo(
            "It stands, or is still being taken back.",
            cure="Nothing was changed. `skeldir imports show` lists what was done.",
        )
    redoing_id = new_id()
    await _insert(connection, tenant_id, redoing_id, target, known[0].id, reason, requested_by)
    return redoing_id


async def _insert(
    connection: Connection,
    tenant_id: UUID,
    undoing_id: UUID,
    target: Target,
    redoes: UUID | None,
    reason: str,
    requested_by: str,
) -> None:
    # A restated touch has a new id, beyond those that an undoing which is under way visits.
    if await queries.has_other_undoings(
        connection, tenant_id=tenant_id, restates_channels=target.kind == "channels"
    ):
        raise UndoingUnderWay(
            "Facts are being taken back, put back, or given other channels.",
            cure="Nothing was changed. Try again when that has ended.",
        )
    await queries.insert_undoing(
        connection,
        tenant_id=tenant_id,
        id=undoing_id,
        target_kind=target.kind,
        target=target.name,
        deliveries=list(target.deliveries),
        redoes=redoes,
        reason=reason.strip(),
        requested_by=requested_by,
        first_id=target.first_id,
        until_id=await _last_id(connection, tenant_id),
    )
    await enqueue(connection, tenant_id, UNDO, {"undoing_id": str(undoing_id)})


def require_reason(reason: str) -> None:
    """Raise ReasonMissing for a reason that is empty or too long."""
    if not reason.strip() or len(reason) > LONGEST_REASON:
        raise ReasonMissing(
            f"The reason is empty, or longer than {LONGEST_REASON} characters.",
            cure="Say in a sentence why, with --reason.",
        )
