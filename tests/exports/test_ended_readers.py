"""An export that is being sent is cut off once whoever reads it may not have it any more."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import UUID

import psycopg
import pytest

from skeldir.app import create_app
from skeldir.db.pool import Database
from skeldir.tenants import list_keys, revoke_key
from skeldir.users import Role
from tests.conftest import Clone
from tests.support.api import bearer, serving_on_loopback
from tests.support.people import sign_in

_PATH = "/exports/touches?format=ndjson"
_END = b"0\r\n\r\n"
# More than what the connection itself holds while nobody reads.
_FILL = """
    INSERT INTO attribution_events (tenant_id, id, idempotency_key, occurred_at, journey_key, channel_code,
                                    channel_rule, campaign)
    SELECT %s, gen_random_uuid(), 'touch-' || n, timestamptz '2026-03-01 00:00Z' + n * interval '1 second',
           sha256(n::text::bytea), 'email', 'given', repeat('long ', 40) || n
    FROM generate_series(1, 25000) AS n"""


async def begin(port: int, path: str, header: dict[str, str]) -> Any:
    """Ask for an export, read its beginning, and return the reader and writer of the connection."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=2**16)
    (said,) = header.items()
    lines = [f"GET {path} HTTP/1.1", f"Host: localhost:{port}", ": ".join(said)]
    writer.write(("\r\n".join(lines) + "\r\n\r\n").encode())
    await reader.readuntil(b"touch-")
    return reader, writer


async def is_whole(reader: Any, writer: Any) -> bool:
    rest: bytes = b""
    while not rest.endswith(_END) and (piece := await reader.read(2**20)):
        rest = rest[-len(_END) :] + piece
    writer.close()
    return rest.endswith(_END)


async def test_a_removed_member_and_a_revoked_key_are_cut_off_and_others_are_not(
    clone: Clone, db: Database, tenant: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("skeldir.exports.answers.LOOKS_AGAIN_S", 0.0)
    with psycopg.connect(clone.superuser_url, autocommit=True) as admin:
        admin.execute(_FILL, (tenant,))
    monkeypatch.setenv("SKELDIR_POOL_SIZE", "16")
    key = await bearer(db, tenant, "read")
    app = create_app(clone.app_url)
    async with app.router.lifespan_context(app), serving_on_loopback(app) as port:
        ada = await sign_in(clone, db, "ada@shop.example", tenant, Role.VIEWER)
        assert await is_whole(*await begin(port, _PATH, ada))
        member = await begin(port, _PATH, ada)
        holder = await begin(port, f"/v1{_PATH}", key)
        async with db.tenant(tenant) as connection:
            await connection.execute("DELETE FROM memberships WHERE tenant_id = $1", tenant)
            for each in await list_keys(connection, tenant):
                await revoke_key(connection, tenant, each.key_id)
        assert not await is_whole(*member)
        assert not await is_whole(*holder)
