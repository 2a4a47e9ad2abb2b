"""How many of the pool's connections one tenant may hold at once, so that none can hold them all."""

from __future__ import annotations

import asyncio
import random
from collections import deque
from typing import Any
from uuid import UUID

from skeldir.errors import SkeldirError

_MOST_WAITING = 100
_LONGEST_RETRY_S = 3
_CURE_OF_BUSY = (
    "Wait as long as Retry-After states; send fewer requests at a time, and more items per request."
)
_chance = random.SystemRandom()


class RetriedLater:
    """An error that many clients may get at once: each instance has a random `retry_after_s`."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.retry_after_s = spread_retry_s()


class TenantBusy(RetriedLater, SkeldirError):
    """The tenant holds its share of the connections, and none of them became free in time."""

    code = "tenant_busy"
    status = 429
    title = "The tenant has too many requests under way"


def spread_retry_s() -> int:
    """Return a random number of seconds to wait, so that clients refused together do not return together."""
    return _chance.randint(1, _LONGEST_RETRY_S)


def reserved_of(pool_size: int) -> int:
    """Return how many of a pool's connections are reserved for work without a tenant, such as looking up keys.

    A pool of one or two reserves none.
    """
    return 0 if pool_size <= 2 else max(1, pool_size // 5)


class Shares:
    """Counts the connections that tenants hold, and lets a tenant take one more while it holds fewer than are free.

    This is the dynamic threshold by which network switches share their memory: a lone tenant may hold half of the
    connections, two busy ones a third each, and a tenant that holds none gets one as long as any is free. Above its
    threshold a tenant's requests wait in a queue of their own, in order of arrival, and other tenants overtake it.

    A caller must not take a second connection of a tenant while it holds one, or requests of the same tenant could
    wait for each other. Jobs do so, so the pools of workers have no shares.
    """

    def __init__(self, connections: int, *, most_waiting: int = _MOST_WAITING) -> None:
        self._free = connections
        self._most_waiting = most_waiting
        self._held: dict[UUID, int] = {}
        # No tenant in here may take a free connection: what is returned is granted at once to those that may.
        self._waiting: dict[UUID, deque[asyncio.Future[None]]] = {}

    async def take(self, tenant_id: UUID, timeout_s: float) -> None:
        """Count one more connection of the tenant's, now or when its turn comes; `give_back` must follow.

        Raises:
            TenantBusy: the tenant held its share for `timeout_s`, or too many of its requests wait already.
            TimeoutError: others held everything for `timeout_s`.
        """
        if self._may_take(tenant_id):
            self._count(tenant_id)
            return
        turn = self._queue_up(tenant_id)
        try:
            async with asyncio.timeout(timeout_s):
                await turn
        except BaseException as error:
            # A turn granted at the very moment of the time-out or of a cancellation is passed on.
            if turn.done() and not turn.cancelled():
                self.give_back(tenant_id)
            else:
                self._leave_queue(tenant_id, turn)
            if isinstance(error, TimeoutError) and tenant_id in self._held:
                raise TenantBusy(
                    f"The tenant's other requests held its share of the connections for {timeout_s:g} s.",
                    cure=_CURE_OF_BUSY,
                ) from error
            raise

    def give_back(self, tenant_id: UUID) -> None:
        """Count one connection of the tenant less, and let waiting requests take what is free now."""
        held = self._held.pop(tenant_id) - 1
        if held:
            self._held[tenant_id] = held
        self._free += 1
        while self._waiting and (next_id := self._next_tenant()) is not None:
            self._grant(next_id)

    def _may_take(self, tenant_id: UUID) -> bool:
        return self._held.get(tenant_id, 0) < self._free

    def _count(self, tenant_id: UUID) -> None:
        self._held[tenant_id] = self._held.get(tenant_id, 0) + 1
        self._free -= 1

    def _queue_up(self, tenant_id: UUID) -> asyncio.Future[None]:
        queue = self._waiting.setdefault(tenant_id, deque())
        if len(queue) >= self._most_waiting:
            raise TenantBusy(
                f"{self._most_waiting} requests of the tenant wait already.", cure=_CURE_OF_BUSY
            )
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        queue.append(turn)
        return turn

    def _leave_queue(self, tenant_id: UUID, turn: asyncio.Future[None]) -> None:
        queue = self._waiting.get(tenant_id)
        if queue is not None and turn in queue:
            queue.remove(turn)
            if not queue:
                del self._waiting[tenant_id]

    def _next_tenant(self) -> UUID | None:
        """Return the tenant that has waited longest for its turn, among those below their threshold.

        A tenant that holds none is always below it, so no more tenants are checked than there are connections.
        """
        return next(filter(self._may_take, self._waiting), None) if self._free else None

    def _grant(self, tenant_id: UUID) -> None:
        """Give a tenant's next request its turn, and put the tenant behind the others that wait."""
        queue = self._waiting.pop(tenant_id)
        turn = queue.popleft()
        if queue:
            self._waiting[tenant_id] = queue
        if not turn.done():  # otherwise it was cancelled a moment ago
            self._count(tenant_id)
            turn.set_result(None)
