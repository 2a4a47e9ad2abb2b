"""API and database are killed while a sender delivers and repeats, as providers do: each delivery is booked once."""

from __future__ import annotations

import asyncio
import json
import os
import random
import re
import signal
from contextlib import suppress
from pathlib import Path

import httpx2
import psutil
import pytest

from skeldir.clock import utc_now
from skeldir.inbox.signing import sign
from tests.support.service import Service, running_service

DELIVERIES = 2_000
EVENTS_OF_AN_ORDER = 5
AT_ONCE = 20


def make_deliveries(order: str) -> list[tuple[str, bytes]]:
    """Return the deliveries of an order, each with its id: a capture, two refunds, a dispute that is won."""
    kinds = (
        ("payment.captured", {"payment_id": f"pay-{order}", "amount": "50.00"}),
        ("payment.refunded", {"refund_id": f"ref-{order}-1", "amount": "10.00"}),
        ("payment.refunded", {"refund_id": f"ref-{order}-2", "amount": "7.00"}),
        ("payment.disputed", {"dispute_id": f"dis-{order}", "amount": "30.00"}),
        ("payment.dispute_won", {"dispute_id": f"dis-{order}", "amount": "30.00"}),
    )
    made = []
    for number, (kind, fields) in enumerate(kinds):
        data = {"order_id": order, "currency": "EUR", **fields}
        body = {"type": kind, "timestamp": f"2026-11-02T10:00:0{number}Z", "data": data}
        made.append((f"msg-{order}-{number}", json.dumps(body).encode()))
    return made


class Sender:
    """Delivers until a delivery is answered with 200; sometimes once more."""

    def __init__(self, address: str, secret: str) -> None:
        self._address, self._secret = address, secret
        self._free = asyncio.Semaphore(AT_ONCE)
        self.answered = self.repeated = 0

    async def deliver(self, client: httpx2.AsyncClient, event_id: str, body: bytes) -> None:
        async with self._free:
            while True:
                with suppress(httpx2.TransportError):
                    headers = sign("standard", body, self._secret, now=utc_now(), event_id=event_id)
                    answer = await client.post(self._address, content=body, headers=headers)
                    if answer.status_code == 200:
                        self.answered += 1
                        return
                    assert answer.status_code in (429, 500, 503), answer.text
                self.repeated += 1
                await asyncio.sleep(0.2)


async def kill_meanwhile(service: Service, sender: Sender) -> int:
    """Kill the API process at a tenth, the third and two thirds of the deliveries, and the database at the half."""
    kills = 0
    for share, role in ((0.1, "api"), (0.33, "api"), (0.5, "database"), (0.66, "api")):
        async with asyncio.timeout(120):
            while sender.answered < share * DELIVERIES:  # noqa: ASYNC110 - nothing signals it
                await asyncio.sleep(0.01)
        if role == "database":
            os.kill(service.postmaster(), signal.SIGKILL)
        else:
            with suppress(psutil.NoSuchProcess):
                service.processes("api")[0].kill()
        kills += 1
    return kills


@pytest.mark.slow
def test_each_delivery_is_booked_once_although_api_and_database_are_killed(tmp_path: Path) -> None:
    chance = random.Random(1)
    orders = [f"o-{number}" for number in range(DELIVERIES // EVENTS_OF_AN_ORDER)]
    deliveries = [one for order in orders for one in make_deliveries(order)]
    chance.shuffle(deliveries)
    with running_service(tmp_path / "home") as service:
        tenant = service.skeldir("tenants", "create", "Shop").strip()
        printed = service.skeldir("webhooks", "create", tenant, "standard", "--url", service.base)
        address = re.search(r"http\S+/v1/webhooks/standard/\S+", printed)
        secret = re.search(r"whsec_\S+", printed)
        assert address is not None
        assert secret is not None
        sender = Sender(address[0], secret[0])

        async def storm() -> int:
            async with httpx2.AsyncClient(timeout=15) as client:
                killing = asyncio.create_task(kill_meanwhile(service, sender))
                again = [*deliveries, *chance.sample(deliveries, DELIVERIES // 10)]
                await asyncio.gather(*(sender.deliver(client, *one) for one in again))
                return await killing

        assert asyncio.run(storm()) == 4
        assert sender.repeated > 0
        assert service.ask("SELECT count(*) FROM webhook_deliveries") == [(DELIVERIES,)]
        booked = service.ask(
            "SELECT kind, count(*), count(DISTINCT order_id), sum(amount_cents)::bigint FROM standing_entries"
            " GROUP BY 1 ORDER BY 1"
        )
        count = len(orders)
        assert booked == [
            ("capture", count, count, 5_000 * count),
            ("dispute", count, count, -3_000 * count),
            ("dispute_reversal", count, count, 3_000 * count),
            ("refund", 2 * count, count, -1_700 * count),
        ]
        assert service.ask("SELECT DISTINCT state, flags, waiting::text FROM payments") == [
            ("partially_refunded", [], "[]")
        ]
        assert service.stop() == 0
