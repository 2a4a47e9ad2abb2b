"""Traffic of sites: touches and conversions at a steady rate, sent from a separate process."""

from __future__ import annotations

import asyncio
import random
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from time import monotonic

import orjson
import uvloop

from bench.wire import Unanswered, Wire, make_request
from skeldir.clock import utc_now

_JSON = ("Content-Type: application/json",)
CHANNELS = ("email", "paid_search", "organic_search", "paid_social", "direct")

Item = dict[str, object]


@dataclass(frozen=True, slots=True)
class Sent:
    """The result of the traffic: accepted events, answers by status (0: no answer), its duration, and that of each
    request that was answered 200, from when it was due."""

    accepted: int
    statuses: dict[int, int]
    seconds: float
    latencies: list[float]

    @property
    def rate(self) -> float:
        """Accepted events a second."""
        return self.accepted / self.seconds

    @property
    def unanswered(self) -> float:
        """The share of the requests that did not get 200."""
        return 1 - self.statuses.get(200, 0) / max(1, sum(self.statuses.values()))


@dataclass(slots=True)
class Site:
    """Visitors who visit about nine times before one of them buys; one order in ten is partly refunded."""

    chance: random.Random
    touches: int = 0
    conversions: int = 0

    def make_batch(self) -> tuple[str, list[Item]]:
        """Return a path and the items to post there: one request in ten has conversions."""
        size = self.chance.randint(10, 50)
        if self.chance.random() < 0.1:
            return "/v1/conversions", [self._make_conversion() for _ in range(size)]
        return "/v1/touches", [self._make_touch() for _ in range(size)]

    def make_one(self) -> tuple[str, list[Item]]:
        """Return a path and the one item to post there: one request in five has a conversion."""
        if self.chance.random() < 0.2:
            return "/v1/conversions", [self._make_conversion()]
        return "/v1/touches", [self._make_touch()]

    def _make_touch(self) -> Item:
        self.touches += 1
        moment = utc_now() - timedelta(seconds=self.chance.uniform(0, 3))
        return {
            "idempotency_key": f"t-{self.touches}",
            "occurred_at": moment.isoformat(),
            "journey_key": self._pick_visitor(),
            "channel": self.chance.choice(CHANNELS),
        }

    def _make_conversion(self) -> Item:
        self.conversions += 1
        number = self.conversions
        item: Item = {
            "idempotency_key": f"c-{number}",
            "order_id": f"o-{number}",
            "kind": "capture",
            "amount_cents": 1_000 + number % 9_973,
            "currency": "USD",
            "occurred_at": utc_now().isoformat(),
            "journey_key": self._pick_visitor(),
        }
        if number % 10 == 0:
            refund: Item = {"order_id": f"o-{number - 1}", "kind": "refund", "amount_cents": 500}
            item |= refund
        return item

    def _pick_visitor(self) -> str:
        return f"visitor-{self.touches // 9 - self.chance.randrange(500)}"


Request = tuple[str, str, list[Item]]
"""A key, a path, and the items to post there."""


def send_traffic(port: int, secret: str, seconds: float, rate: float, first: int = 0) -> Sent:
    """Send `rate` events a second for `seconds`, without waiting for earlier answers; runs in its own process.

    Touches and conversions are numbered after `first`: a tenant that gets traffic again needs other numbers.
    """
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(_send(port, _batches(secret, first), seconds, rate))


def send_single_events(
    port: int, secrets: Sequence[str], seconds: float, rate: float, first: int = 0
) -> Sent:
    """Send `rate` one-event requests a second, each for a random tenant by its key; otherwise as `send_traffic`."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(_send(port, _single_events(secrets, first), seconds, rate))


def _batches(secret: str, first: int) -> Iterator[Request]:
    site = Site(_chance(), first, first)
    while True:
        yield secret, *site.make_batch()


def _single_events(secrets: Sequence[str], first: int) -> Iterator[Request]:
    chance = _chance()
    sites = [(secret, Site(chance, first, first)) for secret in secrets]
    while True:
        secret, site = chance.choice(sites)
        yield secret, *site.make_one()


def _chance() -> random.Random:
    return random.Random(0)  # noqa: S311 - the same traffic in every run, nothing secret


async def _send(port: int, requests: Iterator[Request], seconds: float, rate: float) -> Sent:
    statuses: dict[int, int] = defaultdict(int)
    latencies: list[float] = []
    accepted = 0
    under_way: set[asyncio.Task[None]] = set()
    wire = Wire(port, timeout_s=30.0)

    async def post(due: float, secret: str, path: str, items: list[Item]) -> None:
        nonlocal accepted
        status = 0
        with suppress(Unanswered):
            answer = await wire.ask(make_request("POST", path, secret, orjson.dumps(items), _JSON))
            status = answer.status
            if status == 200:
                accepted += orjson.loads(answer.body)["accepted"]
                latencies.append(monotonic() - due)
        statuses[status] += 1

    began = turn = monotonic()
    while turn < began + seconds:
        secret, path, items = next(requests)
        task = asyncio.create_task(post(turn, secret, path, items))
        under_way.add(task)
        task.add_done_callback(under_way.discard)
        turn += len(items) / rate
        await asyncio.sleep(max(0.0, turn - monotonic()))
    await asyncio.gather(*under_way)
    return Sent(accepted, dict(statuses), monotonic() - began, latencies)


def bearer(secret: str) -> dict[str, str]:
    """Return the headers of a request with a key."""
    return {"Authorization": f"Bearer {secret}"}
