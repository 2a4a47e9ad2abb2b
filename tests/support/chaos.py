"""Traffic into a running service whose processes are killed at random, and the checks afterwards."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import time
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx2
import psutil

from bench.reckoning import (
    count_to_do,
    do_views_show_everything,
    list_dead_jobs,
    list_locks,
    list_uncredited,
)
from tests.support.service import (
    Service,
    log_of_up,
    processes_of,
    running_service,
    wait_until,
)

EVENTS_PER_REQUEST = 10
# The database is unreachable for a moment when it is killed, and a request may wait for it.
_PATIENCE_S = 60.0
_LONG_S = 60.0
# How long the workers may need for the remaining jobs after the traffic and the kills.
_DRAIN_S = 90.0
_RATE = 200  # events a second


@dataclass(slots=True)
class Traffic:
    """What was sent and accepted, and which processes were killed."""

    touches: set[str] = field(default_factory=set)
    entries: dict[str, tuple[str, int]] = field(default_factory=dict)
    repeated: int = 0
    kills: Counter[str] = field(default_factory=Counter)


class Sender:
    """A site and a shop: every batch is sent again until it is accepted, as a careful sender does."""

    def __init__(self, service: Service, key: str, chance: random.Random, traffic: Traffic) -> None:
        self._service = service
        self._headers = {"Authorization": f"Bearer {key}"}
        self._chance = chance
        self._traffic = traffic
        self._number = 0

    def _batch(self) -> tuple[list[dict[str, object]], list[dict[str, object]]]:
        touches: list[dict[str, object]] = []
        conversions: list[dict[str, object]] = []
        for _ in range(EVENTS_PER_REQUEST // 2):
            self._number += 1
            visitor = f"visitor-{self._chance.randrange(300)}"
            moment = datetime.now(UTC) - timedelta(seconds=self._chance.randrange(1, 3000))
            touches.append(
                {
                    "idempotency_key": f"t-{self._number}",
                    "occurred_at": moment.isoformat(),
                    "journey_key": visitor,
                    "channel": self._chance.choice(("email", "paid_search", "organic_search")),
                }
            )
            kind = "capture" if self._number % 4 else "refund"
            order = self._number if kind == "capture" else self._number - 1
            conversions.append(
                {
                    "idempotency_key": f"c-{self._number}",
                    "order_id": f"o-{order}",
                    "kind": kind,
                    "amount_cents": 1_000 + order % 997 if kind == "capture" else 333,
                    "currency": "USD",
                    "occurred_at": datetime.now(UTC).isoformat(),
                    "journey_key": visitor,
                }
            )
        return touches, conversions

    async def send(self, client: httpx2.AsyncClient) -> None:
        """Send one batch of touches and one of conversions until both were accepted."""
        touches, conversions = self._batch()
        await self._insist(client, "/v1/touches", touches)
        self._traffic.touches |= {str(item["idempotency_key"]) for item in touches}
        await self._insist(client, "/v1/conversions", conversions)
        for item in conversions:
            amount = int(str(item["amount_cents"])) * (-1 if item["kind"] == "refund" else 1)
            self._traffic.entries[str(item["idempotency_key"])] = (str(item["order_id"]), amount)

    async def _insist(
        self, client: httpx2.AsyncClient, path: str, items: list[dict[str, object]]
    ) -> None:
        end = time.monotonic() + _PATIENCE_S
        while True:
            with suppress(httpx2.TransportError):
                answer = await client.post(
                    self._service.base + path, json=items, headers=self._headers, timeout=15
                )
                if answer.status_code == 200:
                    assert answer.json()["rejected"] == [], answer.text
                    return
                # A good request may only be refused with "try again later".
                assert answer.status_code in (429, 500, 503), answer.text
            assert time.monotonic() < end, f"{path} was not accepted for {_PATIENCE_S} s"
            self._traffic.repeated += 1
            await asyncio.sleep(0.2)


async def _send(events: int, senders: list[Sender], chance: random.Random) -> None:
    """Start `events` events, `_RATE` per second or as fast as possible, whatever the result of earlier ones."""
    pause = EVENTS_PER_REQUEST / _RATE
    under_way: set[asyncio.Task[None]] = set()
    async with httpx2.AsyncClient(limits=httpx2.Limits(max_connections=20)) as client:
        turn = time.monotonic()
        for _ in range(events // EVENTS_PER_REQUEST):
            under_way.add(asyncio.create_task(chance.choice(senders).send(client)))
            turn += pause
            await asyncio.sleep(max(0.0, turn - time.monotonic()))
            for task in [task for task in under_way if task.done()]:
                under_way.remove(task)
                task.result()
        await asyncio.gather(*under_way)


async def _kill_for(
    seconds: float, service: Service, chance: random.Random, traffic: Traffic
) -> None:
    """Kill a process every second or two, and the database once, after a third of the time."""
    began = time.monotonic()
    is_database_due = True
    while time.monotonic() < began + seconds:
        await asyncio.sleep(chance.uniform(0.7, 2.0))
        if is_database_due and time.monotonic() > began + seconds / 3:
            is_database_due = False
            os.kill(service.postmaster(), signal.SIGKILL)
            traffic.kills["database"] += 1
            continue
        role = chance.choice(("worker", "worker", "worker", "api", "beat"))
        if victims := service.processes(role):
            with suppress(psutil.NoSuchProcess):
                chance.choice(victims).kill()
                traffic.kills[role] += 1


def _is_drained(service: Service) -> bool:
    assert list_dead_jobs(service.ask) == []
    return not any(count_to_do(service.ask).values())


def _reckon(service: Service, tenants: Mapping[str, Traffic]) -> None:
    """Compare what was accepted with what is stored, tenant by tenant."""
    for tenant, traffic in tenants.items():
        touches = service.ask(
            "SELECT idempotency_key FROM attribution_events WHERE tenant_id = %s", tenant
        )
        assert len(touches) == len(traffic.touches)
        assert {str(row[0]) for row in touches} == traffic.touches
        entries = service.ask(
            "SELECT business_key, order_id, amount_cents FROM revenue_ledger WHERE tenant_id = %s",
            tenant,
        )
        assert len(entries) == len(traffic.entries)
        assert {str(key): (order, cents) for key, order, cents in entries} == traffic.entries
        assert list_uncredited(service.ask, tenant) == []
        ((conversions,),) = service.ask(
            """SELECT sum(conversion_ppt) / 1000000000000 FROM rollup_channel_day
               WHERE tenant_id = %s AND basis = 'entry'""",
            tenant,
        )
        captures = sum(1 for _, cents in traffic.entries.values() if cents > 0)
        assert conversions == 6 * captures
        total = sum(cents for _, cents in traffic.entries.values())
        assert service.ask(
            "SELECT net_cents FROM mv_realtime_revenue WHERE tenant_id = %s", tenant
        ) == [(total,)]
        assert (
            service.ask(
                """SELECT model_version, sum(ledger_cents - awaiting_capture_cents - allocated_cents)
                   FROM mv_allocation_summary WHERE tenant_id = %s GROUP BY 1
                   HAVING sum(ledger_cents - awaiting_capture_cents - allocated_cents) <> 0""",
                tenant,
            )
            == []
        )


def run_chaos(
    home: Path,
    seconds: float,
    *,
    environment: Mapping[str, str] = {},
) -> dict[str, int]:
    """Send traffic of two tenants while processes are killed; return figures once everything is accounted for."""
    chance = random.Random(0)
    began = time.monotonic()
    with running_service(home, environment) as service:
        tenants: dict[str, Traffic] = {}
        senders = []
        for name in ("A", "B"):
            tenant = service.skeldir("tenants", "create", name).strip()
            key = service.skeldir("keys", "create", tenant, "--scope", "ingest").strip()
            tenants[tenant] = Traffic()
            senders.append(Sender(service, key, chance, tenants[tenant]))
        traffic = next(iter(tenants.values()))

        async def storm() -> None:
            await asyncio.gather(
                _send(round(seconds * _RATE), senders, chance),
                _kill_for(seconds, service, chance, traffic),
            )

        asyncio.run(storm())
        assert traffic.kills["database"] == 1
        ended = time.monotonic()
        wait_until(service.is_ready, 30, "ready again")
        wait_until(lambda: _is_drained(service), _DRAIN_S, "no job, no mark")
        drained = time.monotonic()
        # The slow class of views is refreshed once a minute; a short run does not wait for it.
        if seconds < _LONG_S:
            service.skeldir("refresh", "--if-changed")
        wait_until(lambda: do_views_show_everything(service.ask), 60, "all views show everything")
        _reckon(service, tenants)
        wait_until(lambda: list_locks(service.ask) == [], 10, "no lock is left")
        assert service.stop() == 0
    try:
        wait_until(lambda: processes_of(home) == [], 15, "no process is left")
    except AssertionError as error:
        error.add_note(_what_is_left(home))
        raise
    return {
        "seconds": round(time.monotonic() - began),
        "drained_after_s": round(drained - ended),
        "touches": sum(len(t.touches) for t in tenants.values()),
        "entries": sum(len(t.entries) for t in tenants.values()),
        "sent_again": sum(t.repeated for t in tenants.values()),
        **{f"killed_{role}": count for role, count in sorted(traffic.kills.items())},
    }


def _what_is_left(home: Path) -> str:
    """Return the processes that are left, who holds the home's locks, and what was said at the end."""
    locks = {str(path.stat().st_ino): path.name for path in home.glob("*.lock")}
    listed = Path("/proc/locks")  # Linux has it
    held = [
        f"{locks[inode]}: {line.strip()}"
        for line in (listed.read_text().splitlines() if listed.exists() else ())
        if (inode := line.split()[-3].rpartition(":")[2]) in locks
    ]
    known = home / "postgres" / "postmaster.pid"
    said = log_of_up(home).read_text(encoding="utf-8", errors="replace").splitlines()
    logged = (home / "postgres.log").read_text(encoding="utf-8", errors="replace").splitlines()
    return "\n".join(
        [
            *processes_of(home),
            *held,
            repr(known.read_text()) if known.exists() else "no postmaster.pid",
            *[line for line in said if not line.startswith("{")][-20:],
            *[line for line in logged if "FATAL" not in line and "DETAIL" not in line][-20:],
        ]
    )
