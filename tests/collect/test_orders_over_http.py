"""Orders that come with a private key are entries of the ledger; with a write key they are only claimed."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from skeldir.clock import utc_now
from skeldir.db.pool import Database
from skeldir.inbox import rebook_all, set_sdk_basis
from skeldir.tenants import KeyTerms, issue_key
from tests.collect.test_routes import SHOP, basic, make_keys, read
from tests.conftest import Clone
from tests.support.api import asking

LEDGER = "SELECT order_id, kind, amount_cents, currency FROM standing_entries ORDER BY 1, 2, 3"
CLAIMS = (
    "SELECT order_id, kind, total_cents, revenue_cents, currency FROM claimed_orders ORDER BY 1, 2"
)


def order(event: str, number: str, **properties: object) -> dict[str, Any]:
    """Return a message of Segment about order 1001."""
    return {
        "type": "track",
        "event": f"Order {event}",
        "messageId": f"m-{number}",
        "anonymousId": "visitor-1",
        "timestamp": utc_now().isoformat(),
        "properties": {"order_id": "1001", "currency": "EUR", **properties},
    }


async def test_a_servers_orders_wait_for_the_sum_that_counts_and_follow_refunds(
    clone: Clone, db: Database, tenant: UUID
) -> None:
    _, server = await make_keys(db, tenant)
    messages = [
        order("Refunded", "2", total=10),
        order("Completed", "1", total=119.0, revenue=100, tax="19.00"),
        order("Cancelled", "3"),
    ]
    async with asking(clone.app_url) as (_, client):
        for message in (*messages, messages[0]):
            answer = await client.post("/v1/track", json=message, headers=basic(server))
            assert answer.status_code == 200
    assert await read(db, tenant, LEDGER) == []
    async with db.tenant(tenant) as connection:
        await set_sdk_basis(connection, tenant, "total")
    await rebook_all(db, tenant, is_of_both=False, is_of_sdks=True)
    assert await read(db, tenant, LEDGER) == [
        ("1001", "capture", 11900, "EUR"),
        ("1001", "refund", -10900, "EUR"),
        ("1001", "refund", -1000, "EUR"),
    ]


async def test_orders_of_pages_are_claimed_once_and_books_stay_as_they_are(
    clone: Clone, db: Database, tenant: UUID, other_tenant: UUID
) -> None:
    pages, _ = await make_keys(db, tenant)
    async with db.tenant(tenant) as connection:
        await set_sdk_basis(connection, tenant, "total")
        booking = await issue_key(
            connection,
            tenant,
            name="page that books",
            scopes=["collect"],
            expires_at=None,
            terms=KeyTerms(frozenset({SHOP}), books_orders=True),
        )
        reading = await issue_key(
            connection, tenant, name="analyst", scopes=["read"], expires_at=None
        )
    async with asking(clone.app_url) as (_, client):
        batch = [
            order("Completed", "1", total=119, revenue=100),
            order("Refunded", "2"),
            order("Completed", "3", order_id="1002", total="no sum"),
            order("Completed", "4", order_id="visitor@shop.example", total=1),
        ]
        for _ in range(2):
            answer = await client.post(
                "/v1/b", json={"batch": batch, "writeKey": pages}, headers={"origin": SHOP}
            )
            assert answer.json() == {"success": True}
        assert await read(db, tenant, LEDGER) == []
        await client.post(
            "/v1/track", json=order("Completed", "5", total=90), headers=basic(booking.secret)
        )
        shown = await client.get(
            "/v1/collect/claimed-orders", headers={"authorization": f"Bearer {reading.secret}"}
        )
    assert await read(db, tenant, LEDGER) == [("1001", "capture", 9000, "EUR")]
    assert await read(db, tenant, CLAIMS) == [
        ("1001", "completed", 11900, 10000, "EUR"),
        ("1001", "refunded", None, None, None),
    ]
    dead = "SELECT code, item ->> 'order_id' FROM dead_events ORDER BY 1"
    assert await read(db, tenant, dead) == [("amount_invalid", "1002"), ("order_id_missing", None)]
    claims = shown.json()["data"]
    assert sorted((one["kind"], one["total_cents"], one["captured_cents"]) for one in claims) == [
        ("completed", 11900, 9000),
        ("refunded", None, None),
    ]
    for statement in (LEDGER, CLAIMS):
        assert await read(db, other_tenant, statement) == []


async def test_a_trial_says_what_messages_become_and_records_nothing(
    clone: Clone, db: Database, tenant: UUID
) -> None:
    _, server = await make_keys(db, tenant)
    page = {
        "type": "page",
        "messageId": "m-9",
        "anonymousId": "visitor-1",
        "context": {"page": {"url": "https://shop.example/?utm_source=news&utm_medium=email"}},
    }
    batch = [page, order("Completed", "1", total=5), {"type": "identify", "userId": "u"}, 17]
    async with asking(clone.app_url) as (_, client):
        answer = await client.post(
            "/v1/batch",
            json={"batch": batch},
            headers=basic(server) | {"skeldir-dry-run": "1"},
        )
    said = answer.json()
    becomes = [(one["place"], one["becomes"]) for one in said["messages"]]
    assert becomes == [(0, "touch"), (1, "order"), (3, "dead_event")]
    assert said["messages"][0]["channel"] == "email"
    assert said["dropped"] == {"of_a_person": 1}
    for table in ("attribution_events", "webhook_deliveries", "dead_events"):
        assert await read(db, tenant, f"SELECT count(*) FROM {table}") == [(0,)]
