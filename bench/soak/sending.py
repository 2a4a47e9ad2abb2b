"""Sending like a careful sender: repeatedly, with the same keys, until it is acknowledged."""

from __future__ import annotations

import asyncio
import gzip
import random
import re
import signal
import time
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from time import monotonic
from typing import Any

import orjson
import uvloop

from bench.soak.records import Attempt, Operation, Sent, Tally
from bench.soak.shop import Shop, as_array
from bench.wire import Answer, Unanswered, Wire, make_request

_MARKERS = re.compile(rb"\b(q\d\d|hot|hos)-[tcov]-")
_LONGEST_PAUSE_S = 3.0
_NDJSON, _JSON = "application/x-ndjson", "application/json"
# Statuses after which a sender tries again later.
_AGAIN = frozenset({0, 408, 429, 500, 502, 503, 504})


@dataclass(frozen=True, slots=True)
class Account:
    """A tenant as its sender sees it."""

    who: str
    group: str
    key: str


@dataclass(frozen=True, slots=True)
class Orders:
    """The orders of a process of senders: address, tenants, times, rates, seed."""

    port: int
    accounts: Sequence[Account]
    begins: float
    ends: float
    gives_up: float
    rate: float
    seed: int
    is_short: bool


@dataclass(slots=True)
class Sender:
    """One tenant's sender; all senders of a process share `sent`."""

    account: Account
    wire: Wire
    sent: Sent
    shop: Shop
    chance: random.Random
    gives_up: float
    recorded: list[bytes] = field(default_factory=list)
    """Acknowledged requests, to send again."""
    orders: list[int] = field(default_factory=list)
    """Numbers of the conversions acknowledged last."""
    tag: bytes = b""

    async def send(
        self, operation: str, items: str, lines: bytes, numbers: range, due: float, bad: int = 0
    ) -> None:
        """Send `touches` or `conversions` until they are acknowledged; the last `bad` lines are not valid items."""
        request = self.pack(f"/v1/{items}", lines)
        answer = await self._insist(operation, request, due)
        if answer is None:
            return
        if not self._is_receipt(answer, len(numbers), bad):
            return
        acknowledged = (
            self.shop.tally.touches_acknowledged
            if items == "touches"
            else self.shop.tally.conversions_acknowledged
        )
        for number in numbers:
            acknowledged[number] = 1
        if len(request) < 20_000:
            self.recorded = [*self.recorded[-9:], request]
        if items == "conversions":
            self.orders = [*self.orders[-20:], *numbers][-20:]

    async def send_again(self, due: float) -> None:
        """Send an acknowledged request once more."""
        if self.recorded:
            await self._insist("again", self.chance.choice(self.recorded), due)

    async def read(self, operation: str, path: str, due: float) -> None:
        """Read something of the tenant, and look for another tenant's data in the answer."""
        headers = (
            ("If-None-Match: " + self.tag.decode(),) if "realtime" in path and self.tag else ()
        )
        answer = await self._insist(
            operation, make_request("GET", path, self.account.key, headers=headers), due
        )
        if answer is not None:
            self.tag = answer.tag or self.tag
            found = {marker.decode() for marker in _MARKERS.findall(answer.body)}
            self.shop.tally.foreign += sorted(found - {self.account.who})

    def pack(self, path: str, lines: bytes) -> bytes:
        """Return a request with lines of JSON, in one of the accepted formats."""
        form, body = self.chance.random(), lines
        headers: tuple[str, ...] = (f"Content-Type: {_NDJSON}",)
        if form < 0.4:
            headers = (f"Content-Type: {_JSON}",)
            body = as_array(lines) if b"\n" in lines else lines
        if form > 0.7 and len(body) > 2_000:
            headers = (*headers, "Content-Encoding: gzip")
            body = gzip.compress(body, 1)
        return make_request("POST", path, self.account.key, body, headers)

    async def try_once(self, operation: str, request: bytes) -> Answer | None:
        """Send a request once, and record the answer; None if there was none."""
        began, answer = monotonic(), None
        try:
            answer = await self.wire.ask(request)
        except Unanswered as fault:
            status, code = 0, str(fault)
        else:
            status, code = answer.status, answer.code
        who, group = self.account.who, self.account.group
        self.sent.statuses[group, operation, status] += 1
        if status == 0 or status >= 400:
            attempt = Attempt(who, group, operation, began, monotonic(), status, code)
            self.sent.attempts.append(attempt)
        return answer

    async def _insist(self, operation: str, request: bytes, due: float) -> Answer | None:
        sent_at, pause_s = monotonic(), 0.2
        while True:
            answer = await self.try_once(operation, request)
            status = 0 if answer is None else answer.status
            if status not in _AGAIN:
                break
            if monotonic() > self.gives_up:
                # It counts among the latencies too: a request without an answer took at least this long.
                self._note(operation, due, sent_at)
                self.shop.tally.abandoned += 1
                return None
            wait_s = max(pause_s, 0 if answer is None else answer.retry_after_s)
            await asyncio.sleep(min(wait_s, _LONGEST_PAUSE_S) * self.chance.uniform(0.8, 1.2))
            pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)
        self._note(operation, due, sent_at)
        if status >= 400:
            self.shop.tally.refused.append(f"{operation} {status} {answer.code if answer else ''}")
            return None
        return answer

    def _note(self, operation: str, due: float, sent_at: float) -> None:
        who, group = self.account.who, self.account.group
        self.sent.operations.append(Operation(who, group, operation, due, sent_at, monotonic()))

    def _is_receipt(self, answer: Answer, good: int, bad: int) -> bool:
        receipt = orjson.loads(answer.body)
        rejected = [fault for fault in receipt["rejected"] if fault["index"] < good]
        self.shop.tally.refused += [fault["code"] for fault in rejected]
        is_whole = receipt["accepted"] + receipt["duplicates"] == good
        is_whole = is_whole and len(receipt["rejected"]) == bad
        if not is_whole:
            self.shop.tally.refused.append("a receipt that does not add up")
        return is_whole and not rejected


def make_senders(orders: Orders, wire: Wire, sent: Sent) -> list[Sender]:
    """Return a sender for each tenant."""
    senders = []
    for number, account in enumerate(orders.accounts):
        chance = random.Random(orders.seed * 1_000 + number)  # noqa: S311 - the same traffic for the same seed
        tally = Tally(account.who, account.group)
        sent.tallies.append(tally)
        shop = Shop(tally, chance)
        senders.append(Sender(account, wire, sent, shop, chance, orders.gives_up))
    return senders


async def keep_pace(
    begins: float, ends: float, every_s: float, start: Callable[[float], Awaitable[None]], most: int
) -> None:
    """Start something at each turn, without waiting for earlier ones, but at most `most` at a time.

    `start` gets the moment at which it was due. Returns when everything started has ended.
    """
    under_way: set[asyncio.Future[None]] = set()
    due = begins
    while due < ends:
        await asyncio.sleep(max(0.0, due - monotonic()))
        while len(under_way) >= most:
            await asyncio.wait(under_way, return_when=asyncio.FIRST_COMPLETED)
        task = asyncio.ensure_future(start(due))
        under_way.add(task)
        task.add_done_callback(under_way.discard)
        due += every_s
        if monotonic() >= ends and most < 1_000:
            break
    await asyncio.gather(*under_way)


def run_senders(
    traffic: Callable[[Orders, Sent], Coroutine[Any, Any, None]], orders: Orders, result: Connection
) -> None:
    """Run as a process of senders: send, and return the records."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent process ends this one
    sent, began, used = Sent(), monotonic(), time.process_time()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(traffic(orders, sent))
    sent.processor_s, sent.wall_s = time.process_time() - used, monotonic() - began
    result.send(sent)
    result.close()
