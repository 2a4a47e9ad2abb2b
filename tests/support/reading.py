"""A client of the reading endpoints, on the real application and database."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import httpx2
import psycopg

from skeldir.attribution import credit_dirty_orders
from skeldir.db.pool import Database
from skeldir.rollups import roll_up_dirty_days
from skeldir.tenants import issue_key
from tests.conftest import Clone
from tests.support.api import make_app


@asynccontextmanager
async def open_client(clone: Clone) -> AsyncIterator[httpx2.AsyncClient]:
    """Serve the application on the clone during the block."""
    app = make_app(clone.app_url)
    transport = httpx2.ASGITransport(app=app, raise_app_exceptions=False)
    async with (
        app.router.lifespan_context(app),
        httpx2.AsyncClient(transport=transport, base_url="http://test") as client,
    ):
        yield client


async def key_of(db: Database, tenant: UUID, scope: str = "read") -> dict[str, str]:
    """Return the header of a new key of the tenant."""
    async with db.tenant(tenant) as connection:
        key = await issue_key(connection, tenant, name="test", scopes=[scope], expires_at=None)
    return {"Authorization": f"Bearer {key.secret}"}


async def settle(db: Database) -> None:
    """Credit and roll up, so that what was sent can be read. No view is refreshed."""
    await credit_dirty_orders(db)
    await roll_up_dirty_days(db)


def forget_before(clone: Clone, tenant: UUID, moment: str) -> None:
    """Forget the tenant's touches from before a moment, as its retention would."""
    with psycopg.connect(clone.superuser_url) as admin:
        admin.execute(
            "INSERT INTO retention (tenant_id, touch_days, touches_forgotten_before) VALUES (%s, 40, %s)",
            (tenant, moment),
        )
        admin.execute(
            "DELETE FROM attribution_events WHERE tenant_id = %s AND occurred_at < %s",
            (tenant, moment),
        )


async def get(
    client: httpx2.AsyncClient, path: str, key: dict[str, str], **parameters: object
) -> dict[str, Any]:
    """Return the body of a successful response; `from_` is the parameter `from`."""
    sent = {name.rstrip("_"): value for name, value in parameters.items() if value is not None}
    answer = await client.get(path, headers=key, params=sent)  # type: ignore[arg-type]  # plain values
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


async def read_all(
    client: httpx2.AsyncClient, path: str, key: dict[str, str], **parameters: object
) -> list[dict[str, Any]]:
    """Return the rows of all pages."""
    rows: list[dict[str, Any]] = []
    cursor = None
    for _ in range(1_000):
        page = await get(client, path, key, **parameters, cursor=cursor)
        rows += page["data"]
        cursor = page["next_cursor"]
        if cursor is None:
            return rows
    raise AssertionError("the pages have no end")
