"""The stage: a durable server, two tenants with data of every kind, keys of every sort, and the real API process."""

from __future__ import annotations

import asyncio
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx2
import psutil

from bench.bench_http import wait_until_ready
from bench.fuzz.attempts import NOBODY, Holder, Stage
from bench.fuzz.targets import PAGED
from bench.support import Place, Superuser, make_tenant, open_superuser
from bench.traffic import bearer
from skeldir.attribution import credit_dirty_orders, define_models
from skeldir.clock import utc_now
from skeldir.db.pool import Database
from skeldir.ingest import receive_conversions, receive_touches
from skeldir.matviews import CANONICAL_VIEWS, refresh_view
from skeldir.rollups import roll_up_dirty_days
from skeldir.settings import environment_on
from skeldir.tenants import issue_key, load_profile, revoke_key

RECEIVE_TIMEOUT_S = 4.0
LONG_JOURNEY = 9_000
_EXPIRES_IN = timedelta(seconds=1)
_HEARTBEAT_S = 5.0
_SCOPES = {
    "": ["ingest", "read"],
    " read": ["read"],
    " ingest": ["ingest"],
    " manage": ["manage"],
}


async def fill(database: Database) -> tuple[dict[str, UUID], dict[str, Holder]]:
    """Create the tenants `alpha` and `bravo` with data and keys; return their ids, and the keys by name."""
    tenants: dict[str, UUID] = {}
    holders: dict[str, Holder] = {}
    for name in ("alpha", "bravo"):
        tenants[name] = tenant_id = await make_tenant(database, name)
        async with database.tenant(tenant_id) as connection:
            await define_models(connection, tenant_id, lookback_days=45, after_conversion="reset")
        await _load(database, tenant_id, name)
        holders |= await _make_keys(database, tenant_id, name)
    await settle(database)
    for tenant_id, name in zip(tenants.values(), tenants, strict=True):
        # Some orders await credit, so that there are jobs and marks too.
        await _send(
            database, tenant_id, [], [_conversion(name, number) for number in range(200, 205)]
        )
    return tenants, holders


async def settle(database: Database) -> None:
    """Credit, roll up and refresh everything."""
    await credit_dirty_orders(database)
    await roll_up_dirty_days(database)
    for view in CANONICAL_VIEWS:
        await refresh_view(database, view.name, requested_at=utc_now())


async def _make_keys(database: Database, tenant_id: UUID, tenant: str) -> dict[str, Holder]:
    holders: dict[str, Holder] = {}
    of_tenant = frozenset({tenant})
    async with database.tenant(tenant_id) as connection:
        for suffix, scopes in _SCOPES.items():
            key = await issue_key(
                connection, tenant_id, name=f"k{suffix}", scopes=scopes, expires_at=None
            )
            holders[tenant + suffix] = Holder(tenant + suffix, key.secret, of_tenant)
        for suffix in (" revoked", " expired"):
            expires_at = utc_now() + _EXPIRES_IN if suffix == " expired" else None
            key = await issue_key(
                connection, tenant_id, name=suffix, scopes=["ingest", "read"], expires_at=expires_at
            )
            holders[tenant + suffix] = Holder(tenant + suffix, key.secret, NOBODY)
            if suffix == " revoked":
                await revoke_key(connection, tenant_id, key.key_id)
    await asyncio.sleep(_EXPIRES_IN.total_seconds())
    return holders


def _mark(tenant: str) -> str:
    return f"kept-{tenant}-7e1f"


def _order_id(tenant: str, number: int) -> str:
    return f"o-{number}" if number % 2 else f"o-{tenant}-{number}"


def _moment(number: int) -> str:
    return (utc_now() - timedelta(days=1 + number % 60, hours=1)).isoformat()


def _conversion(tenant: str, number: int) -> dict[str, object]:
    return {
        "idempotency_key": f"{_mark(tenant)}-c{number}",
        "order_id": _order_id(tenant, number),
        "kind": "capture",
        "amount_cents": 1_000 + number,
        "currency": ("USD", "EUR", "JPY", "ISK")[number % 4],
        "occurred_at": _moment(number),
        "journey_key": f"private-{tenant}-{number}",
    }


def _touch(tenant: str, number: int, visit: int) -> dict[str, object]:
    early = timedelta(days=1 + number % 60, hours=2 + visit)
    return {
        "idempotency_key": f"{_mark(tenant)}-t{number}-{visit}",
        "occurred_at": (utc_now() - early).isoformat(),
        "journey_key": f"private-{tenant}-{number}",
        "source": ("google", "facebook", "newsletter")[visit % 3],
        "medium": ("cpc", "paid_social", "email")[visit % 3],
        "campaign": f"{_mark(tenant)}-campaign",
    }


async def _load(database: Database, tenant_id: UUID, tenant: str) -> None:
    """Load orders with touches, refunds and disputes, one with a long journey, and a hundred rejected items."""
    touches = [_touch(tenant, number, visit) for number in range(200) for visit in range(3)]
    conversions = [_conversion(tenant, number) for number in range(200)]
    for number in range(0, 200, 5):
        later = conversions[number] | {
            "idempotency_key": f"{_mark(tenant)}-r{number}",
            "amount_cents": 500,
        }
        conversions.append(later | {"kind": ("refund", "dispute")[number % 2]})
    refused = [
        _touch(tenant, number, 7) | {"occurred_at": None if number % 2 else "yesterday"}
        for number in range(100)
    ]
    await _send(database, tenant_id, touches + refused, conversions)
    long = [
        _touch(tenant, 300, 0) | {"idempotency_key": f"{_mark(tenant)}-l{n}"}
        for n in range(LONG_JOURNEY)
    ]
    await _send(database, tenant_id, long, [_conversion(tenant, 300)])


async def _send(
    database: Database, tenant_id: UUID, touches: list[Any], conversions: list[Any]
) -> None:
    async with database.tenant(tenant_id) as connection:
        profile = await load_profile(connection, tenant_id)
        await receive_touches(connection, profile, touches, origin=f"stage-{uuid4()}")
        await receive_conversions(connection, profile, conversions, origin=f"stage-{uuid4()}")


async def make_stage(
    admin: Superuser, port: int, tenants: dict[str, UUID], holders: dict[str, Holder]
) -> Stage:
    """Get cursors from the API, and from the database the texts that an answer to the other tenant must not contain."""
    cursors: dict[str, list[str]] = {path: [] for path in PAGED}
    marks: dict[str, tuple[bytes, ...]] = {}
    for tenant, tenant_id in tenants.items():
        async with httpx2.AsyncClient(headers=bearer(holders[tenant].secret)) as client:
            for path in PAGED:
                for limit in (1, 2):
                    answer = await client.get(f"http://127.0.0.1:{port}{path}?limit={limit}")
                    cursor = answer.raise_for_status().json()["next_cursor"]
                    cursors[path] += [cursor] if cursor else []
        ids = await admin.fetch(
            "SELECT id FROM dead_events WHERE tenant_id = $1 UNION SELECT id FROM jobs WHERE tenant_id = $1",
            tenant_id,
        )
        texts = [
            _mark(tenant),
            f"private-{tenant}",
            str(tenant_id),
            *(str(row["id"]) for row in ids),
        ]
        marks[tenant] = tuple(text.encode() for text in texts)
    order_ids = [
        _order_id(tenant, number) for tenant in tenants for number in (0, 1, 2, 3, 200, 300)
    ]
    return Stage(holders, cursors, tuple(order_ids), marks, RECEIVE_TIMEOUT_S)


@contextmanager
def api(place: Place) -> Iterator[tuple[int, psutil.Process, Path]]:
    """Run `skeldir serve`; yield its port, its process, and the path of its log."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    variables = environment_on(place.app_url) | {
        "SKELDIR_REQUESTS_PER_SECOND": "1000000",
        "SKELDIR_RECEIVE_TIMEOUT_S": str(RECEIVE_TIMEOUT_S),
        "SKELDIR_LOG_LEVEL": "warning",
    }
    words = [sys.executable, "-m", "skeldir.cli", "serve", "--port", str(port)]
    log = place.home / "api.log"
    with (
        log.open("wb") as output,
        subprocess.Popen(words, env=variables, stdout=output, stderr=output) as process,
    ):
        try:
            wait_until_ready(f"http://127.0.0.1:{port}/health/ready", process)
            yield port, psutil.Process(process.pid), log
        finally:
            process.terminate()


@asynccontextmanager
async def worker_heartbeat(place: Place) -> AsyncIterator[None]:
    """Fake a worker's heartbeat, so that `/health/worker` returns 200; a real one would disturb the measurement."""
    process_id = uuid4()

    async def go_on() -> None:
        async with open_superuser(place) as admin:
            while True:
                await admin.execute(
                    """INSERT INTO heartbeats (process_id, role) VALUES ($1, 'worker')
                       ON CONFLICT (process_id) DO UPDATE SET seen_at = now()""",
                    process_id,
                )
                await asyncio.sleep(_HEARTBEAT_S)

    task = asyncio.create_task(go_on())
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
