"""A route's signature: a read key reads, in a transaction that cannot write, and its use is recorded."""

from __future__ import annotations

from collections.abc import AsyncIterator
from uuid import UUID

import asyncpg
import httpx2
import pytest
from fastapi import FastAPI

from skeldir.db.listening import Subscription
from skeldir.db.pool import Database
from skeldir.http.access import ReadTransaction
from skeldir.http.api import Api
from skeldir.http.limits import KeyLimits, UnknownKeyLimits
from skeldir.tenants import KeyMemory, list_keys
from tests.support.api import bearer


@pytest.fixture
def app(db: Database) -> FastAPI:
    """An application with one route of the real API, which uses the transaction as the query asks."""
    app = Api()
    app.state.database = db
    app.state.limits = KeyLimits(1_000)
    app.state.unknown_keys = UnknownKeyLimits(1_000)
    app.state.key_memory = KeyMemory(Subscription())
    app.state.receive_timeout_s = 1.0

    @app.get("/v1/jobs")
    async def read(what: str, transaction: ReadTransaction) -> dict[str, str]:
        connection, tenant_id = transaction.connection, transaction.profile.tenant_id
        if what == "write":
            with pytest.raises(asyncpg.ReadOnlySQLTransactionError):
                await connection.execute(
                    "INSERT INTO channels (tenant_id, code, label) VALUES ($1, 'radio', 'Radio')",
                    tenant_id,
                )
            return {"refused": "yes"}
        return {"bound": await connection.fetchval("SELECT public.current_tenant_id()::text")}

    return app


@pytest.fixture
async def client(app: FastAPI) -> AsyncIterator[httpx2.AsyncClient]:
    transport = httpx2.ASGITransport(app=app, raise_app_exceptions=False)
    async with httpx2.AsyncClient(transport=transport, base_url="http://test") as client:
        yield client


async def test_a_reading_transaction_is_bound_to_the_tenant_of_the_key(
    client: httpx2.AsyncClient, db: Database, tenant: UUID, other_tenant: UUID
) -> None:
    for owner in (tenant, other_tenant):
        answer = await client.get("/v1/jobs?what=read", headers=await bearer(db, owner, "read"))
        assert answer.json() == {"bound": str(owner)}


async def test_a_reading_transaction_cannot_write(
    client: httpx2.AsyncClient, db: Database, tenant: UUID
) -> None:
    headers = await bearer(db, tenant, "read")
    # An error within a transaction ends it; nothing is committed, and the response stays.
    assert (await client.get("/v1/jobs?what=write", headers=headers)).json() == {"refused": "yes"}
    async with db.tenant(tenant) as connection:
        assert await connection.fetchval("SELECT count(*) FROM channels") == 0


async def test_reading_notes_the_use_of_the_key(
    client: httpx2.AsyncClient, db: Database, tenant: UUID
) -> None:
    headers = await bearer(db, tenant, "read")
    noted = []
    for _ in range(2):
        assert (await client.get("/v1/jobs?what=read", headers=headers)).status_code == 200
        async with db.tenant(tenant) as connection:
            (key,) = await list_keys(connection, tenant)
        noted.append(key.last_used_at)
    assert noted[0] is not None
    assert noted[0] == noted[1]
