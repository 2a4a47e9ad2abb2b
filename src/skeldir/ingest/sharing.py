"""Waiting requests of a tenant share a commit: while one transaction runs, the next one's requests gather."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from contextvars import Context, copy_context
from dataclasses import dataclass, field
from uuid import UUID

from skeldir.db import (
    Database,
    DatabaseBusy,
    DatabaseUnreachable,
    NodeUnreachable,
    RetriedLater,
    TenantBusy,
    TenantLocked,
)
from skeldir.errors import SkeldirError
from skeldir.http import Caller, TenantTransaction, tenant_transaction
from skeldir.ingest.deliveries import Delivery, Receipt
from skeldir.rollups import ingest_lock

Record = Callable[[TenantTransaction, Sequence[Delivery]], Awaitable[Sequence[Receipt]]]
"""Records deliveries in a transaction, and returns a receipt for each."""

MOST_WAITING = 1_000
"""How many requests of a tenant may wait."""
MOST_ITEMS = 500
"""Items after which a transaction accepts no further request: they are read on the loop while it is open."""

# These fail a transaction whatever its items are: retrying its requests one by one would only add load.
_NOT_ABOUT_ITEMS = (DatabaseUnreachable, DatabaseBusy, NodeUnreachable, TenantBusy)


class IntakeBusy(RetriedLater, SkeldirError):
    """Too many requests of the tenant wait to be recorded."""

    code = "intake_busy"
    status = 503
    title = "Too many requests wait"


@dataclass(frozen=True, slots=True)
class _Waiting:
    caller: Caller
    delivery: Delivery
    receipt: asyncio.Future[Receipt]
    context: Context

    @property
    def size(self) -> int:
        return len(self.delivery.items)

    def fail(self, error: BaseException) -> None:
        if not self.receipt.done():  # otherwise its client has left
            self.receipt.set_exception(error)


@dataclass(slots=True)
class _Line:
    """A tenant's waiting requests, the parts of a transaction that failed, and the running transaction."""

    waiting: deque[_Waiting] = field(default_factory=deque)
    parts: deque[Sequence[_Waiting]] = field(default_factory=deque)
    running: asyncio.Task[Sequence[Receipt]] | None = None

    def take(self) -> Sequence[_Waiting]:
        """Remove and return the requests of the next transaction: a part of a failed one, or up to MOST_ITEMS items."""
        if self.parts:
            return self.parts.popleft()
        group: list[_Waiting] = []
        items = 0
        while self.waiting and (not group or items + self.waiting[0].size <= MOST_ITEMS):
            group.append(self.waiting.popleft())
            items += group[-1].size
        return group

    def take_all(self) -> list[_Waiting]:
        """Remove and return all requests, in order."""
        requests = [request for part in self.parts for request in part]
        requests += self.waiting
        self.parts.clear()
        self.waiting.clear()
        return requests


class SharedCommits:
    """Records small deliveries of one kind: at once when no transaction of the tenant is running, else with the next.

    A transaction holds deliveries of one tenant only, and none waits for a timer. A delivery whose items fail the
    transaction is found by halving it. The delivery of a client that disconnects is recorded like any other.
    """

    def __init__(self, record: Record) -> None:
        self._record = record
        self.lines: dict[UUID, _Line] = {}

    async def deliver(self, database: Database, caller: Caller, delivery: Delivery) -> Receipt:
        """Return the delivery's receipt once the transaction that holds it is committed.

        Raises:
            IntakeBusy: MOST_WAITING requests of the tenant wait already.
            SkeldirError: the transaction raised it; nothing of the delivery is kept.
        """
        line = self.lines.setdefault(caller.tenant_id, _Line())
        if len(line.waiting) >= MOST_WAITING:
            raise IntakeBusy(
                f"{MOST_WAITING} requests of the tenant are waiting already.",
                cure="Wait as long as Retry-After states, and send many items in one request.",
            )
        receipt: asyncio.Future[Receipt] = asyncio.get_running_loop().create_future()
        line.waiting.append(_Waiting(caller, delivery, receipt, copy_context()))
        if line.running is None:
            self._start_next(database, caller.tenant_id, line)
        return await receipt

    def _start_next(self, database: Database, tenant_id: UUID, line: _Line) -> None:
        """Start the next transaction, in the context of the first request that it holds."""
        group = line.take()
        if not group:
            del self.lines[tenant_id]
            return

        def end(transaction: asyncio.Task[Sequence[Receipt]]) -> None:
            _settle(line, group, transaction)
            self._start_next(database, tenant_id, line)

        committing = self._commit(database, group)
        line.running = asyncio.create_task(committing, context=group[0].context)
        line.running.add_done_callback(end)

    async def _commit(self, database: Database, group: Sequence[_Waiting]) -> Sequence[Receipt]:
        callers = [request.caller for request in group]
        shared = ingest_lock(callers[0].tenant_id)
        async with tenant_transaction(database, *callers, shared=shared) as transaction:
            return await self._record(transaction, [request.delivery for request in group])


def _settle(
    line: _Line, group: Sequence[_Waiting], transaction: asyncio.Task[Sequence[Receipt]]
) -> None:
    """Give the requests of a transaction its outcome, or queue its halves to be tried again."""
    if transaction.cancelled():
        # The process is stopping.
        for request in (*group, *line.take_all()):
            request.receipt.cancel()
        return
    error = transaction.exception()
    if error is None:
        for request, receipt in zip(group, transaction.result(), strict=True):
            if not request.receipt.done():
                request.receipt.set_result(receipt)
    elif isinstance(error, TenantLocked):
        # The waiting requests have waited for the same lock, as long as a request may.
        for request in (*group, *line.take_all()):
            request.fail(error)
    elif len(group) == 1 or isinstance(error, _NOT_ABOUT_ITEMS):
        for request in group:
            request.fail(error)
    else:
        half = len(group) // 2
        line.parts.extendleft((group[half:], group[:half]))
