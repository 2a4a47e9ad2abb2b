"""Taking facts back, putting them back, and restating channels, batch by batch.

Each batch commits with its progress, so the process can be killed.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from math import inf
from time import monotonic
from typing import TYPE_CHECKING, Final
from uuid import UUID

from skeldir.attribution import mark_orders_of_conversions, mark_orders_reached_by_touches
from skeldir.clock import utc_now
from skeldir.db import new_ids, plan_for_each_list, share_lock, wait_for_lock
from skeldir.errors import SkeldirError
from skeldir.ingest.kinds import UNDO
from skeldir.ingest.refund_totals import find_refunds_to_cut
from skeldir.ingest.restating import restate_page
from skeldir.ingest.store import queries
from skeldir.ingest.withdrawals import find_touches_to_restore, find_touches_to_withdraw
from skeldir.jobs import enqueue
from skeldir.revenue import (
    Span,
    find_entries_to_restore,
    find_entries_to_reverse,
    restore_entries,
    reverse_entries,
)
from skeldir.rollups import ingest_lock

if TYPE_CHECKING:
    from datetime import datetime

    from skeldir.db import Connection, Database
    from skeldir.ingest.store import LockUndoingRow
    from skeldir.jobs import Job

FACTS_PER_TRANSACTION: Final = 10_000
# How long a job may work before other tenants' jobs have their turn.
LONGEST_TURN_S: Final = 5.0


class UndoingUnknown(SkeldirError):
    """The tenant has no undoing with this id."""

    code = "undoing_unknown"
    status = 404
    title = "Nothing is being taken back under this id"


@dataclass(frozen=True, slots=True)
class UndoingProgress:
    """How many entries and touches an undoing, or a redoing, has taken or put back, and whether it has ended.

    If it `may_end`, nothing is left, and it ends with the next step.
    """

    entries: int
    touches: int
    is_done: bool
    may_end: bool = False


async def run_undoing(
    database: Database,
    tenant_id: UUID,
    undoing_id: UUID,
    *,
    progress: Callable[[UndoingProgress], None] = lambda _progress: None,
    fence: Callable[[Connection], Awaitable[None]] | None = None,
    most: int = FACTS_PER_TRANSACTION,
    deadline: float = inf,
) -> UndoingProgress:
    """Carry an undoing on from where it stands until it has ended; several processes may do so at once.

    Each transaction moves up to `most` facts, looks at some 100,000, and is fenced by `fence`. Memory does not
    grow with their number. After `deadline` (of `time.monotonic`) no further transaction is begun.

    Raises:
        UndoingUnknown: there is no such undoing.
    """
    may_end = False
    while True:
        async with database.tenant(tenant_id) as connection:
            done = await _take_step(connection, tenant_id, undoing_id, most, may_end=may_end)
            if fence is not None:
                await fence(connection)
        progress(done)
        may_end = done.may_end
        if done.is_done or (monotonic() >= deadline and not may_end):
            return done


async def undo_for_tenant(database: Database, job: Job) -> None:
    """Carry on the undoing that the job names; when its turn is over, another job does."""
    undoing_id = UUID(str(job.arguments["undoing_id"]))
    done = await run_undoing(
        database,
        job.tenant_id,
        undoing_id,
        fence=job.hold,
        deadline=monotonic() + LONGEST_TURN_S,
    )
    async with database.tenant(job.tenant_id) as connection:
        if not done.is_done:
            await enqueue(connection, job.tenant_id, UNDO, job.arguments)
        await job.finish(connection)


async def _take_step(
    connection: Connection, tenant_id: UUID, undoing_id: UUID, most: int, *, may_end: bool
) -> UndoingProgress:
    """Take a step. An undoing begins and ends while no facts are recorded (`may_end`).

    So whoever records facts sees the same undoings from the beginning of its transaction to the end.
    """
    await (wait_for_lock if may_end else share_lock)(connection, ingest_lock(tenant_id))
    undoing = await queries.lock_undoing(connection, tenant_id=tenant_id, id=undoing_id)
    if undoing is None:
        raise UndoingUnknown(
            "There is no undoing with this id.", cure="See `skeldir imports list`."
        )
    if undoing["phase"] == "done":
        return UndoingProgress(undoing["entries"], undoing["touches"], is_done=True)
    step = _Step(connection, tenant_id, undoing_id, undoing, most)
    if undoing["phase"] == "entries":
        last_id, entries, touches = await step.move_entries(), step.moved, 0
    else:
        last_id, entries, touches = await step.move_touches(), 0, step.moved
    phase: str = undoing["phase"]
    after, ended_at = last_id, None
    if last_id is None:
        phase, after, ended_at = await step.begin_next_phase()
    if phase == "done" and undoing["redoes"] is None and not may_end:
        return UndoingProgress(undoing["entries"], undoing["touches"], is_done=False, may_end=True)
    await queries.advance_undoing(
        connection,
        tenant_id=tenant_id,
        id=undoing_id,
        phase=phase,
        after_id=after or undoing["first_id"],
        entries=undoing["entries"] + entries,
        touches=undoing["touches"] + touches,
        ended_at=ended_at or utc_now(),
    )
    return UndoingProgress(
        undoing["entries"] + entries, undoing["touches"] + touches, is_done=phase == "done"
    )


@dataclass(slots=True)
class _Step:
    """One batch. `moved` is how many facts it has taken or put back."""

    connection: Connection
    tenant_id: UUID
    undoing_id: UUID
    undoing: LockUndoingRow
    most: int
    moved: int = 0

    async def move_entries(self) -> UUID | None:
        """Reverse or restore the entries of a page; return its last id, None if it is empty."""
        undoing, connection, tenant_id = self.undoing, self.connection, self.tenant_id
        if undoing["target_kind"] == "channels":
            return None
        span = Span(undoing["after_id"], undoing["until_id"], self.most)
        redoes = undoing["redoes"]
        if redoes is not None:
            page = await find_entries_to_restore(connection, tenant_id, span, undoing_id=redoes)
            cut = await find_refunds_to_cut(connection, tenant_id, page.wanted)
            orders = await restore_entries(connection, tenant_id, page.wanted, cut=cut)
        else:
            page = await find_entries_to_reverse(
                connection,
                tenant_id,
                span,
                deliveries=undoing["deliveries"],
                order_id=undoing["target"] if undoing["target_kind"] == "order" else None,
            )
            orders = await reverse_entries(
                connection, tenant_id, page.wanted, undoing_id=self.undoing_id
            )
        await mark_orders_of_conversions(connection, tenant_id, sorted(set(orders)))
        self.moved = len(orders)
        return page.last_id

    async def move_touches(self) -> UUID | None:
        """Withdraw or restore the touches of a page, as for entries, or restate their channels."""
        undoing, connection, tenant_id = self.undoing, self.connection, self.tenant_id
        if undoing["target_kind"] == "channels":
            span = Span(undoing["after_id"], undoing["until_id"], self.most)
            last_id, self.moved = await restate_page(connection, tenant_id, self.undoing_id, span)
            return last_id
        span = Span(undoing["after_id"], undoing["until_id"], self.most)
        redoes = undoing["redoes"]
        if redoes is not None:
            page = await find_touches_to_restore(connection, tenant_id, span, undoing_id=redoes)
        else:
            page = await find_touches_to_withdraw(
                connection, tenant_id, span, deliveries=undoing["deliveries"]
            )
        ids = page.ids
        if ids:
            await plan_for_each_list(connection, len(ids), may_sort=True)
            if redoes is None:
                moved = len(
                    await queries.withdraw_touches(
                        connection,
                        tenant_id=tenant_id,
                        undoing_id=self.undoing_id,
                        ids=ids,
                        first_id=ids[0],
                        last_id=ids[-1],
                    )
                )
            else:
                moved = await self._restore_touches(ids)
            self.moved = moved
            await mark_orders_reached_by_touches(connection, tenant_id, page.keyed)
        return page.last_id

    async def _restore_touches(self, ids: list[UUID]) -> int:
        """Record withdrawn touches again; those that are placed otherwise since follow that."""
        connection, tenant_id, added = self.connection, self.tenant_id, new_ids(len(ids))
        restored = await queries.restore_touches(
            connection,
            tenant_id=tenant_id,
            ids=ids,
            first_id=ids[0],
            last_id=ids[-1],
            new_ids=added,
        )
        if await queries.may_be_placed_otherwise(connection, tenant_id=tenant_id):
            span = Span(UUID(int=min(added).int - 1), max(added), self.most)
            last_id: UUID | None = span.after
            while last_id is not None:
                span = Span(last_id, span.until, self.most)
                last_id, _ = await restate_page(connection, tenant_id, self.undoing_id, span)
        return len(restored)

    async def begin_next_phase(self) -> tuple[str, UUID, datetime | None]:
        """Return the phase after this one, where it begins, and when the undoing ended, if it has."""
        undoing = self.undoing
        if undoing["phase"] == "entries" and undoing["target_kind"] != "order":
            return "touches", undoing["first_id"], None
        if undoing["redoes"] is not None and undoing["target_kind"] == "import":
            await queries.note_import_redone(
                self.connection,
                tenant_id=self.tenant_id,
                fingerprint=undoing["target"],
                undoing_id=undoing["redoes"],
            )
        return "done", undoing["after_id"], utc_now()
