"""Batches with bad and repeated messages, of two tenants at once: everything is counted, and found where it went."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from uuid import UUID

from prometheus_client import REGISTRY

from skeldir.clock import utc_now
from skeldir.collect.routes import make_intake
from skeldir.db.pool import Database
from skeldir.inbox import set_sdk_basis
from skeldir.observability.metrics import COLLECT_OUTCOMES
from skeldir.tenants import KeyTerms, issue_key
from tests.conftest import Clone
from tests.support.api import asking

SHOP = "https://shop.example"
URL = f"{SHOP}/shoes?utm_source=google&gclid=secret"
BAD: list[object] = [5, None, [], {"type": "page", "messageId": "b", "timestamp": "tomorrow"}]


async def make_key(db: Database, tenant: UUID, scope: str) -> str:
    origins = frozenset({SHOP} if scope == "collect" else ())
    async with db.tenant(tenant) as connection:
        key = await issue_key(
            connection,
            tenant,
            name=scope,
            scopes=[scope],
            expires_at=None,
            terms=KeyTerms(origins),
        )
    return key.secret


def make_batch() -> list[object]:
    """Return 12 pages of which 5 differ, 6 orders of which 3 differ, and what cannot be read."""
    at = (utc_now() - timedelta(hours=1)).isoformat()
    message = {"anonymousId": "visitor", "timestamp": at}
    page = message | {"type": "page", "context": {"page": {"url": URL}}}
    order = message | {"type": "track", "event": "Order Completed"}
    money = {"total": "10.125", "currency": "KWD"}
    return [
        *(page | {"messageId": f"p-{number % 5}"} for number in range(12)),
        *(
            order | {"messageId": f"o-{n % 3}", "properties": {"order_id": f"R-{n % 3}", **money}}
            for n in range(6)
        ),
        *BAD,
    ]


def counted() -> dict[str, int]:
    return {
        name: int(
            REGISTRY.get_sample_value(
                "skeldir_collect_messages_total", {"protocol": "segment", "outcome": name}
            )
            or 0
        )
        for name in COLLECT_OUTCOMES
    }


async def read(db: Database, tenant: UUID, statement: str) -> list[tuple[object, ...]]:
    async with db.tenant(tenant) as connection:
        return [tuple(row) for row in await connection.fetch(statement)]


async def test_tenants_with_equal_messages_at_once_get_each_message_once(
    clone: Clone, db: Database, tenant: UUID, other_tenant: UUID
) -> None:
    keys = []
    for one in (tenant, other_tenant):
        async with db.tenant(one) as connection:
            await set_sdk_basis(connection, one, "total")
        keys += [await make_key(db, one, scope) for scope in ("ingest", "collect", "ingest")]
    batch, before = make_batch(), counted()
    async with asking(clone.app_url) as (_, client):

        async def send(key: str) -> int:
            body = {"writeKey": key, "batch": batch}
            return (await client.post("/v1/batch", json=body)).status_code

        assert set(await asyncio.gather(*(send(key) for key in keys * 2))) == {200}
    for one in (tenant, other_tenant):
        assert await read(db, one, "SELECT count(*) FROM standing_touches") == [(5,)]
        entries = "SELECT order_id, amount_cents FROM standing_entries ORDER BY 1"
        assert await read(db, one, entries) == [("R-0", 10_125), ("R-1", 10_125), ("R-2", 10_125)]
        claims = "SELECT order_id, total_cents FROM claimed_orders ORDER BY 1"
        assert await read(db, one, claims) == [("R-0", 10_125), ("R-1", 10_125), ("R-2", 10_125)]
    made = {name: count - before[name] for name, count in counted().items() if count}
    assert sum(made.values()) == 12 * len(batch)
    assert (made["touch"], made["order"], made["claimed"]) == (10, 6, 6)
    assert made["rejected"] == 12 * len(BAD)


async def test_an_address_that_sends_too_much_is_refused_in_a_way_that_pages_can_read(
    clone: Clone, db: Database, tenant: UUID
) -> None:
    page = {"type": "page", "writeKey": await make_key(db, tenant, "collect")}
    other = page | {"writeKey": await make_key(db, tenant, "collect")}
    async with asking(clone.app_url) as (app, client):
        app.state.collect = make_intake(1, None)
        answers = [
            await client.post("/v1/page", json=page, headers={"origin": SHOP}) for _ in range(6)
        ]
        refused = answers[-1]
        assert (answers[0].status_code, refused.status_code) == (200, 429)
        assert int(refused.headers["retry-after"]) >= 1
        assert refused.headers["access-control-allow-origin"] == SHOP
        assert refused.headers["access-control-expose-headers"] == "Retry-After"
        # Its limit is for each key, so that a page does not use up that of another tenant.
        assert (await client.post("/v1/page", json=other)).status_code == 200
