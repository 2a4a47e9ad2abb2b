"""A hot standby of a test's server, made by `pg_basebackup` from the embedded programs, and an API that reads there."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import httpx2
import psycopg
import pytest
from fastapi import FastAPI

from skeldir.db.embedded_cluster import open_cluster
from skeldir.db.pool import open_database
from tests.support.api import OwnServer, asking, bearer
from tests.support.make import make_conversion, make_tenant, send_conversions

MOST_LAG_S = 2.0
REALTIME = "/v1/revenue/realtime"


@contextmanager
def standby_of(primary: OwnServer, home: Path) -> Iterator[OwnServer]:
    """Copy a running server into `home`, and run the copy as its hot standby during the block."""
    cluster = open_cluster(home)
    cluster.make_private(cluster.data)
    copied = cluster.run(
        "pg_basebackup",
        *("--dbname", primary.superuser_url, "--pgdata", cluster.data.name),
        *("--write-recovery-conf", "--checkpoint=fast"),
    )
    assert copied.returncode == 0, copied.stderr
    with ExitStack() as stack:
        standby = OwnServer(home, stack)
        standby.start()
        yield standby


def stop(server: OwnServer) -> None:
    """Stop a server in order; `start` runs it again."""
    server.stack.close()


def as_superuser(server: OwnServer, *statements: str) -> None:
    with psycopg.connect(server.superuser_url, autocommit=True) as admin:
        for statement in statements:
            admin.execute(statement)


@contextmanager
def replay_paused(standby: OwnServer) -> Iterator[None]:
    """Let nothing new arrive at the standby during the block."""
    as_superuser(standby, "SELECT pg_wal_replay_pause()")
    try:
        with psycopg.connect(standby.superuser_url, autocommit=True) as admin:
            state = "SELECT pg_get_wal_replay_pause_state()"
            while admin.execute(state).fetchone() != ("paused",):
                pass
        yield
    finally:
        as_superuser(standby, "SELECT pg_wal_replay_resume()")


@dataclass(frozen=True, slots=True)
class Reader:
    """A tenant who asks for reports, of an API with a read replica."""

    primary: OwnServer
    app: FastAPI
    client: httpx2.AsyncClient
    tenant: UUID
    headers: dict[str, str]

    async def get(self, path: str = REALTIME, **headers: str) -> httpx2.Response:
        answer = await self.client.get(path, headers=self.headers | headers)
        assert answer.status_code == 200, answer.text
        return answer

    async def capture(self, **fields: object) -> None:
        """Record a capture of 100.00 USD on the primary."""
        async with open_database(
            self.primary.url, pool_size=1, statement_timeout_ms=30_000
        ) as database:
            await send_conversions(database, self.tenant, make_conversion(**fields))

    async def until(
        self, holds: Callable[[httpx2.Response], bool], *, most_s: float = 10
    ) -> httpx2.Response:
        """Ask for a report until the answer is as it should be; every answer is one."""
        async with asyncio.timeout(most_s):
            while not holds(answer := await self.get()):  # noqa: ASYNC110 - only the API knows
                await asyncio.sleep(0.02)
        return answer

    async def until_read_from(self, source: str, *, most_s: float = 10) -> httpx2.Response:
        return await self.until(lambda answer: source_of(answer) == source, most_s=most_s)


def source_of(answer: httpx2.Response) -> str:
    return str(answer.headers["X-Read-From"])


def lag_ms_of(answer: httpx2.Response) -> int:
    return int(answer.headers["X-Read-Lag-Ms"])


@asynccontextmanager
async def reading(
    monkeypatch: pytest.MonkeyPatch,
    primary: OwnServer,
    read_url: str,
    *,
    most_lag_s: float = MOST_LAG_S,
) -> AsyncIterator[Reader]:
    """Run the API on both servers, with a new tenant that may do everything."""
    monkeypatch.setenv("SKELDIR_READ_URL", read_url)
    monkeypatch.setenv("SKELDIR_READ_LAG_S", str(most_lag_s))
    async with open_database(primary.url, pool_size=1, statement_timeout_ms=30_000) as database:
        tenant = await make_tenant(database, "A")
        headers = await bearer(database, tenant, "read", "ingest", "manage")
    async with asking(primary.url) as (app, client):
        yield Reader(primary, app, client, tenant, headers)
