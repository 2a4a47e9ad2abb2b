"""A hot standby of the database, from which reports are read while it is close behind.

How old its data are is an upper bound. Twice a second, a background task asks the primary how far its log is flushed,
and then the standby how far it has replayed that log. Once the standby has passed a position, it shows everything that
was committed before the primary named it. So a standby does not look late when the primary has no traffic, as it would
by the time of the last replayed transaction, and no report costs another round trip.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from dataclasses import dataclass, field
from math import inf
from time import monotonic
from typing import TYPE_CHECKING, Protocol
from uuid import UUID

import asyncpg

from skeldir.db.pool import (
    Connection,
    Database,
    DatabaseBusy,
    DatabaseUnreachable,
    Prove,
    QueryTooSlow,
    TenantLocked,
)
from skeldir.db.requirements import PoolerRefused, RuntimeRoleUnsafe
from skeldir.db.store import queries
from skeldir.errors import SkeldirError
from skeldir.observability import REPLICA_LAG, REPLICA_STATE, REPLICA_STATES

if TYPE_CHECKING:
    from datetime import datetime

    from skeldir.db.store import OpenTenantRow, SelectReplayedRow, SelectWrittenRow

logger = logging.getLogger(__name__)

PAUSE_S = 0.5
_ANSWER_S = 2.0
_LONGEST_PAUSE_S = 5.0
_MOST_MARKS = 1_000
_MISSED = (DatabaseUnreachable, DatabaseBusy, QueryTooSlow, asyncpg.PostgresError)
_SENTENCES = {
    "used": "Reports are read from it.",
    "late": "It is further behind than SKELDIR_READ_LAG_S allows, or has not shown yet how far.",
    "unreachable": "It does not answer, or refuses the role.",
    "not_standby": "It is no standby: it was promoted, or is the primary itself.",
    "other_timeline": "It is not known to follow the primary since that one was promoted.",
    "other_database": "It is another cluster, database or role than that of DATABASE_URL.",
}


class Opening(Protocol):
    """Opens a pool on the standby; `prove` is as in `open_database`."""

    def __call__(self, *, prove: Prove | None = None) -> AbstractAsyncContextManager[Database]: ...


class ReplicaUnfit(SkeldirError):
    """SKELDIR_READ_URL names a server whose answers would be wrong."""

    code = "replica_unfit"
    status = 500
    title = "The read replica does not belong to the database"


class ReplicaUnused(Exception):
    """A report is not to be read from the replica, or was not read to its end; `reason` is one of READ_FALLBACKS."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(slots=True)
class Replica:
    """The standby, and what is known of it; it is used while its data are at most `most_lag_s` seconds old."""

    most_lag_s: float
    _standby: Database | None = None
    _fault: str = "unreachable"
    """One of REPLICA_STATES; `used` is without a fault, but may be late."""
    _current_at_s: float = -inf
    """What was committed before this moment of the monotonic clock, in seconds, can be read."""
    _current_position: int = 0
    """How far the primary's log was flushed at that moment."""
    _server_started_at: datetime | None = None
    """By this the server is known that the first connection of the pool leads to."""
    _written: SelectWrittenRow | None = None
    _marks: deque[tuple[float, int]] = field(default_factory=lambda: deque(maxlen=_MOST_MARKS))
    """Moments, and how far the primary's log was flushed then; the standby has not passed them."""

    @property
    def lag_s(self) -> float:
        """How old the data are at most, in seconds; infinite before that is known."""
        return monotonic() - self._current_at_s

    @property
    def state(self) -> str:
        """One of REPLICA_STATES."""
        is_late = self._fault == "used" and self.lag_s > self.most_lag_s
        return "late" if is_late else self._fault

    def describe(self) -> str:
        """Return `ok`, or a sentence about why reports are read from the primary."""
        state = self.state
        return "ok" if state == "used" else _SENTENCES[state]

    @asynccontextmanager
    async def known_tenant(
        self, tenant_id: UUID, *, most_lag_s: float
    ) -> AsyncIterator[tuple[Connection, OpenTenantRow | None, float]]:
        """Open a read-only transaction as `Database.known_tenant` does; also return how old its data are at most.

        Raises:
            ReplicaUnused: its data are older than allowed here or by the setting; or it failed, even within the block.
            TenantBusy, DatabaseBusy, QueryTooSlow: as on the primary, which is not to bear this load as well.
        """
        standby, current_at_s = self._standby, self._current_at_s
        if (state := self.state) != "used" or standby is None:
            raise ReplicaUnused(state)
        try:
            opened = standby.known_tenant(tenant_id, is_read_only=True)
            async with opened as (connection, known):
                # The snapshot is newer than what was known before it was taken, unless the standby was lost since.
                lag_s = monotonic() - current_at_s
                if lag_s > self.most_lag_s or self._current_at_s < current_at_s:
                    raise ReplicaUnused("late")
                if lag_s > most_lag_s:
                    raise ReplicaUnused("requested")
                yield connection, known, lag_s
        except DatabaseUnreachable as error:
            self.mark_lost()
            raise ReplicaUnused("unreachable") from error
        except (TenantLocked, asyncpg.PostgresError) as error:
            # Replay does not wait for long: it locks tables, and cancels statements that need removed rows. A newer
            # program may also need a migration that has not been replayed. Any other error, the primary repeats.
            logger.info("db.replica_conflict %s", type(error).__name__)
            raise ReplicaUnused("conflict") from error

    def note_written(self, asked_at_s: float, written: SelectWrittenRow) -> None:
        """Remember how far the primary's log was flushed when it was asked at `asked_at_s`."""
        if self._written is not None and self._written["timeline"] != written["timeline"]:
            self._marks.clear()
        self._written = written
        self._marks.append((asked_at_s, written["position"]))

    def note_replayed(self, standby: Database, replayed: SelectReplayedRow) -> None:
        """Find out from the standby's answer whether it may be used, and how old its data are at most."""
        fault = None if self._written is None else fault_of(self._written, replayed)
        passed = _passed(self._marks, replayed["position"])
        if fault is None and passed is not None:
            self._current_at_s = passed
            while self._marks and self._marks[0][0] <= passed:
                self._current_position = self._marks.popleft()[1]
        self._standby = standby
        self._fault = fault or "used"

    def mark_lost(self, fault: str = "unreachable") -> None:
        """Stop using the standby until it has answered again; it may not show what it has shown before."""
        self._fault = fault
        self._current_at_s = -inf

    def expect_any_server(self) -> None:
        """Let the next connection, the first of a new pool, decide which server the pool is for."""
        self._server_started_at = None

    async def prove(self, connection: Connection) -> None:
        """Check that a new connection leads to the server of the others, and shows at least what is known of it.

        Where one address leads to several standbys, each lags on its own, and only one is asked how far it is. A
        standby that has crashed, or was replaced by its backup, may be behind what it showed a moment ago.

        Raises:
            DatabaseUnreachable: it is another server.
        """
        replayed = await queries.select_replayed(connection)
        started_at = None if replayed is None else replayed["started_at"]
        if self._server_started_at is None:
            self._server_started_at = started_at
        elif started_at != self._server_started_at:
            raise DatabaseUnreachable(
                "A new connection leads to another server than the earlier ones.",
                cure="Let SKELDIR_READ_URL name one standby, not an address that leads to several.",
            )
        if self._written is None or self._current_at_s == -inf:
            return
        if replayed is None or fault_of(self._written, replayed) or self._is_ahead_of(replayed):
            self.mark_lost()

    def _is_ahead_of(self, replayed: SelectReplayedRow) -> bool:
        position = replayed["position"]
        return position is None or position < self._current_position


def fault_of(written: SelectWrittenRow, replayed: SelectReplayedRow) -> str | None:
    """Return why a standby is none of this primary, as one of REPLICA_STATES, or None."""
    if _identity(written) != _identity(replayed):
        return "other_database"
    if not replayed["is_in_recovery"]:
        return "not_standby"
    # Positions on different timelines cannot be compared.
    return None if written["timeline"] == replayed["timeline"] else "other_timeline"


def _identity(found: SelectWrittenRow | SelectReplayedRow) -> tuple[int, int, str]:
    return found["cluster"], found["database_oid"], found["role_name"]


def _passed(marks: deque[tuple[float, int]], position: int | None) -> float | None:
    """Return the latest moment whose mark is not after `position`."""
    if position is None:
        return None
    return next((at_s for at_s, marked in reversed(marks) if marked <= position), None)


@asynccontextmanager
async def open_replica(
    opening: Opening, primary: Database, *, most_lag_s: float
) -> AsyncIterator[Replica]:
    """Watch the standby whose pool `opening` opens, during the block; one that is down is looked for until it answers.

    Raises:
        ReplicaUnfit, PoolerRefused: as in `require_fit`.
    """
    await require_fit(opening, primary)
    replica = Replica(most_lag_s)
    task = asyncio.create_task(_keep_watching(replica, opening, primary))
    try:
        yield replica
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def require_fit(opening: Opening, primary: Database) -> None:
    """Check the standby, if it answers.

    Raises:
        ReplicaUnfit: it is none of this primary's database, or its role is unbound.
        PoolerRefused: a connection pooler is in between.
    """
    try:
        async with opening() as standby:
            written, replayed = await _ask_primary(primary), await _ask_standby(standby)
    except RuntimeRoleUnsafe as error:
        raise _unfit(error.detail) from error
    except PoolerRefused as error:
        raise error.of_variable("SKELDIR_READ_URL") from error
    except _MISSED as error:
        logger.warning("db.replica_unchecked %s", _cause(error))
        return
    if fault_of(written, replayed) == "other_database":
        raise _unfit(
            f"SKELDIR_READ_URL leads to {_name(replayed)}, and DATABASE_URL to {_name(written)}."
        )


def _cause(error: Exception) -> str:
    """Describe an error of the standby, without a cure that names DATABASE_URL."""
    what = error.detail if isinstance(error, SkeldirError) else error
    return f"SKELDIR_READ_URL: {type(error).__name__}: {what}"


def _name(found: SelectWrittenRow | SelectReplayedRow) -> str:
    cluster, database_oid, role_name = _identity(found)
    return f"the database {database_oid} of the cluster {cluster} as {role_name}"


def _unfit(detail: str) -> ReplicaUnfit:
    return ReplicaUnfit(
        detail,
        cure="Let SKELDIR_READ_URL name a hot standby of the server in DATABASE_URL, with the same database and role, "
        "or unset it.",
    )


async def _keep_watching(replica: Replica, opening: Opening, primary: Database) -> None:
    shown = _ShownState()
    failures = 0
    try:
        while True:
            replica.expect_any_server()
            try:
                async with opening(prove=replica.prove) as standby:
                    failures = 0
                    try:
                        await _watch(replica, standby, primary, shown)
                    finally:
                        # Reports that wait for it are read from the primary then.
                        replica.mark_lost()
                        standby.pool.terminate()
            except (SkeldirError, asyncpg.PostgresError) as error:
                is_unsafe = isinstance(error, RuntimeRoleUnsafe)
                replica.mark_lost("other_database" if is_unsafe else "unreachable")
                shown.show(replica, f" {_cause(error)}")
            await asyncio.sleep(min(_LONGEST_PAUSE_S, PAUSE_S * 2 ** min(failures, 10)))
            failures += 1
    finally:
        shown.remove()


async def _watch(
    replica: Replica, standby: Database, primary: Database, shown: _ShownState
) -> None:
    """Ask both servers until the standby does not answer.

    Raises:
        DatabaseUnreachable, QueryTooSlow: it did not answer.
    """
    marking: asyncio.Task[None] | None = None
    try:
        while True:
            if marking is None or marking.done():
                marking = asyncio.create_task(_mark(replica, primary))
            # A primary that hangs must not hide that the standby does too.
            await asyncio.wait({marking}, timeout=PAUSE_S)
            with suppress(DatabaseBusy):
                replica.note_replayed(standby, await _ask_standby(standby, replica.mark_lost))
            shown.show(replica)
            await asyncio.sleep(PAUSE_S)
    finally:
        if marking is not None:
            marking.cancel()
            await asyncio.wait({marking}, timeout=_ANSWER_S)


async def _mark(replica: Replica, primary: Database) -> None:
    asked_at_s = monotonic()
    try:
        replica.note_written(asked_at_s, await _ask_primary(primary))
    except _MISSED as error:
        # Without marks the standby gets too late for reports; the primary's outage is reported elsewhere.
        logger.debug("db.replica_unmarked %s", type(error).__name__)


async def _ask_primary(primary: Database) -> SelectWrittenRow:
    async with primary.statement(leaves_session_as_is=True) as connection:
        written = await queries.select_written(connection)
    if written is None:
        raise LookupError("a database that answers has a name")
    return written


async def _ask_standby(
    standby: Database, note_silence: Callable[[], None] = lambda: None
) -> SelectReplayedRow:
    """Ask; when there is no answer, cut all connections to the standby, so that no report waits for it any longer."""

    def cut_off() -> None:
        note_silence()
        standby.pool.terminate()

    async with standby.statement(leaves_session_as_is=True) as connection:
        silence = asyncio.get_running_loop().call_later(_ANSWER_S, cut_off)
        try:
            replayed = await queries.select_replayed(connection)
        finally:
            silence.cancel()
    if replayed is None:
        raise LookupError("a database that answers has a name")
    return replayed


@dataclass(slots=True)
class _ShownState:
    """The state that was logged last, so that each change is logged once; and the gauges."""

    state: str | None = None

    def show(self, replica: Replica, cause: str = "") -> None:
        state = replica.state
        REPLICA_LAG.set(replica.lag_s)
        for one in REPLICA_STATES:
            REPLICA_STATE.labels(one).set(one == state)
        if state != self.state:
            level = logging.INFO if state == "used" else logging.WARNING
            logger.log(level, "db.replica_%s %s%s", state, _SENTENCES[state], cause)
            self.state = state

    def remove(self) -> None:
        """Leave nothing of a replica that is no longer watched in the metrics."""
        REPLICA_LAG.set(0)
        REPLICA_STATE.clear()
