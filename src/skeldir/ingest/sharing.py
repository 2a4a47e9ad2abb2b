"""Requests of a tenant that wait share a commit: while one transaction is under way, the next one's gather."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from contextvars import Context, copy_context
from dataclasses import dataclass, field
from uuid import UUID

from skeldir.attribution import ingest_lock
from skeldir.db import (
    Database,
    DatabaseBusy,
    DatabaseUnreachable,
    RetriedLater,
    TenantBusy,
    TenantLocked,
)
from skeldir.errors import SkeldirError
from skeldir.http import Caller, TenantTransaction, tenant_transaction
from skeldir.ingest.deliveries import Delivery, Receipt

Record = Callable[[TenantTransaction, Sequence[Delivery]], Awaitable[Sequence[Receipt]]]
"""Records deliveries in a transaction, and returns a receipt for each."""

MOST_WAITING = 1_000
"""Requests of a tenant that may wait for their turn."""
MOST_ITEMS = 500
"""Items after which a transaction takes in no further request: they are read on the loop while it is open."""

# These befall a transaction whatever is in it: trying its requests one by one would only add load.
_FAULTS_OF_ALL = (DatabaseUnreachable, DatabaseBusy, TenantBusy)


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

    def fail(self, fault: BaseException) -> None:
        if not self.receipt.done():  # else its client has left
            self.receipt.set_exception(fault)


@dataclass(slots=True)
class _Line:
    """The requests of a tenant that wait, parts of a transaction that broke, and the transaction that is under way."""

    waiting: deque[_Waiting] = field(default_factory=deque)
    parts: deque[Sequence[_Waiting]] = field(default_factory=deque)
    under_way: asyncio.Task[Sequence[Receipt]] | None = None

    def take(self) -> Sequence[_Waiting]:
        """Take the requests of the next transaction: a part of one that broke, or the first up to MOST_ITEMS items."""
        if self.parts:
            return self.parts.popleft()
        group: list[_Waiting] = []
        items = 0
        while self.waiting and (not group or items + self.waiting[0].size <= MOST_ITEMS):
            group.append(self.waiting.popleft())
            items += group[-1].size
        return group

    def take_all(self) -> list[_Waiting]:
        """Take everybody out of the line, in order."""
        requests = [request for part in self.parts for request in part]
        requests += self.waiting
        self.parts.clear()
        self.waiting.clear()
        return requests


class SharedCommits:
    """Records small deliveries of one kind: at once when the tenant has no transaction under way, else with the next.

    A transaction holds deliveries of one tenant only, and nobody waits for a timer. A delivery whose items break
    the transaction is found by halving it. A client that leaves takes nothing back: its delivery was accepted,
    or will be.
    """

    def __init__(self, record: Record) -> None:
        self._record = record
        self._lines: dict[UUID, _Line] = {}

    async def deliver(self, database: Database, caller: Caller, delivery: Delivery) -> Receipt:
        """Return the delivery's receipt once the transaction that holds it is committed.

        Raises:
            IntakeBusy: MOST_WAITING requests of the tenant wait already.
            SkeldirError: as the transaction did; nothing of the delivery is kept.
        """
        line = self._lines.setdefault(caller.tenant_id, _Line())
        if len(line.waiting) >= MOST_WAITING:
            raise IntakeBusy(
                f"{MOST_WAITING} requests of the tenant wait already.",
                cure="Wait as long as Retry-After says; send many items in one request.",
            )
        receipt: asyncio.Future[Receipt] = asyncio.get_running_loop().create_future()
        line.waiting.append(_Waiting(caller, delivery, receipt, copy_context()))
        if line.under_way is None:
            self._go_on(database, caller.tenant_id, line)
        return await receipt

    def _go_on(self, database: Database, tenant_id: UUID, line: _Line) -> None:
        """Begin the next transaction, in the name of the first request that it holds."""
        group = line.take()
        if not group:
            del self._lines[tenant_id]
            return

        def end(transaction: asyncio.Task[Sequence[Receipt]]) -> None:
            _answer(line, group, transaction)
            self._go_on(database, tenant_id, line)

        committing = self._commit(database, group)
        line.under_way = asyncio.create_task(committing, context=group[0].context)
        line.under_way.add_done_callback(end)

    async def _commit(self, database: Database, group: Sequence[_Waiting]) -> Sequence[Receipt]:
        callers = [request.caller for request in group]
        shared = ingest_lock(callers[0].tenant_id)
        async with tenant_transaction(database, *callers, shared=shared) as transaction:
            return await self._record(transaction, [request.delivery for request in group])


def _answer(
    line: _Line, group: Sequence[_Waiting], transaction: asyncio.Task[Sequence[Receipt]]
) -> None:
    """Tell the requests of a transaction what became of it, or have it tried again in halves."""
    if transaction.cancelled():
        # The process ends.
        for request in (*group, *line.take_all()):
            request.receipt.cancel()
        return
    fault = transaction.exception()
    if fault is None:
        for request, receipt in zip(group, transaction.result(), strict=True):
            if not request.receipt.done():
                request.receipt.set_result(receipt)
    elif isinstance(fault, TenantLocked):
        # Whoever stood in line has waited for the same lock, and as long as a request may.
        for request in (*group, *line.take_all()):
            request.fail(fault)
    elif len(group) == 1 or isinstance(fault, _FAULTS_OF_ALL):
        for request in group:
            request.fail(fault)
    else:
        half = len(group) // 2
        line.parts.extendleft((group[half:], group[:half]))
