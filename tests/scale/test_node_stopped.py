"""A node is stopped and started under traffic: what was acknowledged is there, and nobody else notices.

`SKELDIR_TESTS_CITUS_NODE` is a command that stops and starts one node with shards: it is run with `stop` or `start`.
"""

from __future__ import annotations

import asyncio
import os
import shlex
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from time import monotonic
from uuid import UUID

import httpx2
import psycopg
import pytest

from skeldir.attribution import credit_dirty_orders
from skeldir.audit import audit_tenant
from skeldir.db.pool import Database
from skeldir.rollups import roll_up_dirty_days
from tests.conftest import Clone
from tests.support.api import asking, bearer
from tests.support.make import make_conversion, make_tenant, make_touch

COMMAND = os.environ.get("SKELDIR_TESTS_CITUS_NODE")
TENANTS = 12
AWAY_S = 3.0
BACK_WITHIN_S = 20.0

pytestmark = [
    pytest.mark.citus,
    pytest.mark.slow,
    pytest.mark.skipif(COMMAND is None, reason="SKELDIR_TESTS_CITUS_NODE names no command"),
]


@dataclass
class Writer:
    """One tenant's client: it sends an event at a time, and counts what it was told."""

    client: httpx2.AsyncClient
    tenant: UUID
    headers: dict[str, str]
    acknowledged: dict[str, set[str]] = field(
        default_factory=lambda: {"touches": set(), "conversions": set()}
    )
    answers: Counter[tuple[int, str]] = field(default_factory=Counter)
    last_refused_at: float = 0.0
    last_served_at: float = 0.0

    async def run(self, until: asyncio.Event) -> None:
        number = 0
        while not until.is_set():
            number += 1
            what = "conversions" if number % 3 == 0 else "touches"
            key = f"{what}-{number}"
            item = (
                make_conversion(idempotency_key=key, order_id=key)
                if what == "conversions"
                else make_touch(idempotency_key=key)
            )
            answer = await self.client.post(f"/v1/{what}", json=[item], headers=self.headers)
            code = "" if answer.status_code == 200 else answer.json()["code"]
            self.answers[answer.status_code, code] += 1
            if answer.status_code == 200:
                self.last_served_at = monotonic()
                self.acknowledged[what].add(key)
            else:
                self.last_refused_at = monotonic()
                await asyncio.sleep(0.05)


@asynccontextmanager
async def node_stopped() -> AsyncIterator[None]:
    await turn("stop")
    try:
        yield
    finally:
        await turn("start")


async def turn(word: str) -> None:
    assert COMMAND is not None
    process = await asyncio.create_subprocess_exec(
        *shlex.split(COMMAND), word, stdout=asyncio.subprocess.DEVNULL
    )
    assert await process.wait() == 0


async def until_true(condition: Callable[[], bool], within_s: float) -> None:
    end = monotonic() + within_s
    while not condition():
        assert monotonic() < end, "it did not happen in time"
        await asyncio.sleep(0.05)


def keys_of(clone: Clone, tenant: UUID) -> dict[str, set[str]]:
    with psycopg.connect(clone.superuser_url) as admin:
        touches = admin.execute(
            "SELECT idempotency_key FROM public.attribution_events WHERE tenant_id = %s", (tenant,)
        ).fetchall()
        entries = admin.execute(
            "SELECT business_key FROM public.revenue_ledger WHERE tenant_id = %s", (tenant,)
        ).fetchall()
    return {
        "touches": {str(key) for (key,) in touches},
        "conversions": {str(key) for (key,) in entries},
    }


@asynccontextmanager
async def traffic(writers: list[Writer]) -> AsyncIterator[None]:
    """Let all writers send during the block."""
    ended = asyncio.Event()
    tasks = [asyncio.create_task(writer.run(ended)) for writer in writers]
    try:
        yield
    finally:
        ended.set()
        await asyncio.gather(*tasks)


async def test_nothing_acknowledged_is_lost_and_only_its_tenants_wait(
    clone: Clone, db: Database
) -> None:
    tenants = [await make_tenant(db, f"Tenant {number}") for number in range(TENANTS)]
    async with asking(clone.app_url) as (_, client):
        writers = [Writer(client, tenant, await bearer(db, tenant)) for tenant in tenants]
        async with traffic(writers):
            await until_true(lambda: all(sum(w.answers.values()) >= 5 for w in writers), 60)
            async with node_stopped():
                stopped_at = monotonic()
                await until_true(lambda: monotonic() > stopped_at + AWAY_S, 2 * AWAY_S)
                nodes = (await client.get("/health/ready")).json()["nodes"]
                away = [writer for writer in writers if writer.last_refused_at > stopped_at]
                others = [writer for writer in writers if writer not in away]
                seen = monotonic()
                await until_true(
                    lambda: all(w.last_served_at > seen for w in others), BACK_WITHIN_S
                )
                during = await credit_dirty_orders(db)
                await roll_up_dirty_days(db)
            started_at = monotonic()
            await until_true(
                lambda: all(w.last_served_at > started_at for w in writers), BACK_WITHIN_S
            )
            assert max(w.last_refused_at for w in away) < started_at + BACK_WITHIN_S
        after = (await client.get("/health/ready")).json()["nodes"]

    with psycopg.connect(clone.superuser_url, autocommit=True) as admin:
        # Citus does so every minute: it finishes what was prepared on the node when it stopped.
        admin.execute("SELECT recover_prepared_transactions()")
    assert away
    assert others
    assert nodes.startswith("No answer from ")
    assert after == "ok"
    answers = {answer for writer in writers for answer in writer.answers}
    assert answers == {(200, ""), (503, "node_unreachable")}
    assert all(set(writer.answers) == {(200, "")} for writer in others)
    assert during.orders > 0
    assert not during.is_complete
    for writer in writers:
        stored = keys_of(clone, writer.tenant)
        assert all(keys <= stored[what] for what, keys in writer.acknowledged.items())
    assert (await credit_dirty_orders(db)).is_complete
    await roll_up_dirty_days(db)
    for tenant in tenants:
        assert (await audit_tenant(db, tenant)).differences == 0
