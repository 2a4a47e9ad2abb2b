"""Waiting requests of a tenant share a commit: while one transaction runs, the next one's requests gather."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from contextvars import Context, copy_context
from dataclasses import dataclass, field
from typing import Generic, Protocol, TypeVar
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
from skeldir.http.access import TenantTransaction


class SmallRequest(Protocol):
    """A request that may share a transaction with others of its tenant."""

    @property
    def tenant_id(self) -> UUID:
        """The tenant whose transaction it needs."""

    @property
    def size(self) -> int:
        """How many items it holds."""


RequestT = TypeVar("RequestT", bound=SmallRequest)
ReceiptT = TypeVar("ReceiptT")
Open = Callable[[Database, Sequence[RequestT]], AbstractAsyncContextManager[TenantTransaction]]
"""Opens the transaction of some requests of one tenant; it is committed at the end of the block."""
Record = Callable[[TenantTransaction, Sequence[RequestT]], Awaitable[Sequence[ReceiptT]]]
"""Records requests in a transaction, and returns a receipt for each."""

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
class _Waiting(Generic[RequestT, ReceiptT]):
    request: RequestT
    receipt: asyncio.Future[ReceiptT]
    context: Context

    def fail(self, error: BaseException) -> None:
        if not self.receipt.done():  # otherwise its client has left
            self.receipt.set_exception(error)


@dataclass(slots=True)
class _Line(Generic[RequestT, ReceiptT]):
    """A tenant's waiting requests, the parts of a transaction that failed, and the running transaction."""

    waiting: deque[_Waiting[RequestT, ReceiptT]] = field(default_factory=deque)
    parts: deque[Sequence[_Waiting[RequestT, ReceiptT]]] = field(default_factory=deque)
    running: asyncio.Task[Sequence[ReceiptT]] | None = None

    def take(self) -> Sequence[_Waiting[RequestT, ReceiptT]]:
        """Remove and return the requests of the next transaction: a part of a failed one, or up to MOST_ITEMS items."""
        if self.parts:
            return self.parts.popleft()
        group: list[_Waiting[RequestT, ReceiptT]] = []
        items = 0
        while self.waiting and (not group or items + self.waiting[0].request.size <= MOST_ITEMS):
            group.append(self.waiting.popleft())
            items += group[-1].request.size
        return group

    def take_all(self) -> list[_Waiting[RequestT, ReceiptT]]:
        """Remove and return all requests, in order."""
        requests = [request for part in self.parts for request in part]
        requests += self.waiting
        self.parts.clear()
        self.waiting.clear()
        return requests


class SharedCommits(Generic[RequestT, ReceiptT]):
    """Records small requests of one kind: at once when no transaction of the tenant is running, else with the next.

    A transaction holds requests of one tenant only, and none waits for a timer. A request whose items fail the
    transaction is found by halving it. The request of a client that disconnects is recorded like any other.
    """

    def __init__(self, open_: Open[RequestT], record: Record[RequestT, ReceiptT]) -> None:
        self._open = open_
        self._record = record
        self.lines: dict[UUID, _Line[RequestT, ReceiptT]] = {}

    async def deliver(self, database: Database, request: RequestT) -> ReceiptT:
        """Return the request's receipt once the transaction that holds it is committed.

        Raises:
            IntakeBusy: MOST_WAITING requests of the tenant wait already.
            SkeldirError: the transaction raised it; nothing of the request is kept.
        """
        line = self.lines.setdefault(request.tenant_id, _Line())
        if len(line.waiting) >= MOST_WAITING:
            raise IntakeBusy(
                f"{MOST_WAITING} requests of the tenant are waiting already.",
                cure="Wait as long as Retry-After states, and send many items in one request.",
            )
        receipt: asyncio.Future[ReceiptT] = asyncio.get_running_loop().create_future()
        line.waiting.append(_Waiting(request, receipt, copy_context()))
        if line.running is None:
            self._start_next(database, request.tenant_id, line)
        return await receipt

    def _start_next(
        self, database: Database, tenant_id: UUID, line: _Line[RequestT, ReceiptT]
    ) -> None:
        """Start the next transaction, in the context of the first request that it holds."""
        group = line.take()
        if not group:
            del self.lines[tenant_id]
            return

        def end(transaction: asyncio.Task[Sequence[ReceiptT]]) -> None:
            _settle(line, group, transaction)
            self._start_next(database, tenant_id, line)

        committing = self._commit(database, group)
        line.running = asyncio.create_task(committing, context=group[0].context)
        line.running.add_done_callback(end)

    async def _commit(
        self, database: Database, group: Sequence[_Waiting[RequestT, ReceiptT]]
    ) -> Sequence[ReceiptT]:
        requests = [waiting.request for waiting in group]
        async with self._open(database, requests) as transaction:
            return await self._record(transaction, requests)


def _settle(
    line: _Line[RequestT, ReceiptT],
    group: Sequence[_Waiting[RequestT, ReceiptT]],
    transaction: asyncio.Task[Sequence[ReceiptT]],
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
