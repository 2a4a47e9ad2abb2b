"""A report of the collector's script is recorded once, and answered with nothing."""

from __future__ import annotations

from uuid import UUID

import httpx2
import orjson

from skeldir.db.pool import Database
from skeldir.tenants import KeyTerms, issue_key
from tests.conftest import Clone
from tests.support.api import asking

SHOP = "https://shop.example"
REPORT = {
    "j": "a1" * 16,
    "i": "0b" * 16,
    "o": "granted",
    "w": 0,
    "p": f"{SHOP}/shoes",
    "r": "www.google.com",
    "g": ["gclid"],
}


async def make_key(db: Database, tenant: UUID) -> str:
    async with db.tenant(tenant) as connection:
        key = await issue_key(
            connection,
            tenant,
            name="site",
            scopes=["collect"],
            expires_at=None,
            terms=KeyTerms(frozenset({SHOP})),
        )
    return key.secret


async def post(
    client: httpx2.AsyncClient, report: dict[str, object], origin: str = SHOP
) -> httpx2.Response:
    headers = {"content-type": "text/plain;charset=UTF-8", "origin": origin}
    return await client.post("/c/v1", content=orjson.dumps(report), headers=headers)


async def read(db: Database, tenant: UUID, statement: str) -> list[tuple[object, ...]]:
    async with db.tenant(tenant) as connection:
        return [tuple(row) for row in await connection.fetch(statement)]


async def test_a_report_is_recorded_once_for_its_own_tenant(
    clone: Clone, db: Database, tenant: UUID, other_tenant: UUID
) -> None:
    key, theirs = await make_key(db, tenant), await make_key(db, other_tenant)
    async with asking(clone.app_url) as (_, client):
        answers = [
            await post(client, REPORT | {"k": key}),
            await post(client, REPORT | {"k": key}),
            await post(client, REPORT | {"k": theirs, "o": "session", "w": 1}),
            await post(client, REPORT | {"k": key, "i": "1c" * 16, "o": "denied"}),
            await post(client, REPORT | {"k": key, "i": "1c" * 16, "j": None}),
        ]
        refused = await post(client, REPORT | {"k": key}, origin="https://other.example")
        keyless = await post(client, REPORT)
    for answer in answers:
        assert (answer.status_code, answer.content) == (202, b"")
        assert answer.headers["access-control-allow-origin"] == SHOP
        assert "set-cookie" not in answer.headers
    assert (refused.status_code, refused.json()["code"]) == (403, "origin_refused")
    assert keyless.status_code == 401
    touches = """SELECT idempotency_key, channel_code, referrer_host, landing_path, click_id_kinds
                 FROM standing_touches"""
    for owner, kind in ((tenant, "granted:kept"), (other_tenant, "session:capped")):
        assert await read(db, owner, touches) == [
            (
                f"collector:{kind}:{REPORT['i']}",
                "paid_search",
                "www.google.com",
                "/shoes",
                ["gclid"],
            )
        ]


async def test_a_report_that_cannot_be_read_becomes_a_dead_event_without_its_text(
    clone: Clone, db: Database, tenant: UUID
) -> None:
    key = await make_key(db, tenant)
    async with asking(clone.app_url) as (_, client):
        answer = await post(client, REPORT | {"k": key, "i": "anna@shop.example"})
    assert answer.status_code == 202
    ((code, kept),) = await read(db, tenant, "SELECT code, item::text || detail FROM dead_events")
    assert code == "idempotency_key_missing"
    assert "anna" not in f"{kept}"
