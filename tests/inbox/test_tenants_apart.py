"""Two tenants with the same ids at the same provider stay apart; two processes at once book as one."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

import asyncpg
import pytest

from skeldir.db.pool import Database
from skeldir.inbox.saying import EndpointProvider
from skeldir.inbox.settling import inbox_lock
from tests.conftest import Clone
from tests.support.inbox import Post, inbox_of, make_post
from tests.support.waiting import until_waiting_for_a_lock

TABLES = (
    "webhook_endpoints",
    "webhook_secrets",
    "webhook_deliveries",
    "payments",
    "standing_entries",
)
PROVIDER: EndpointProvider = "standard"


def delivery(
    kind: str, second: int, amount: str, order: str = "1001", **ids: str
) -> dict[str, object]:
    data = {"order_id": order, "amount": amount, "currency": "EUR", **ids}
    return {"type": f"payment.{kind}", "timestamp": f"2026-11-02T10:00:{second:02}Z", "data": data}


async def seen_by(db: Database, tenant: UUID, table: str) -> list[UUID]:
    """Return the tenants of the rows that app_user sees as a tenant, without a condition."""
    async with db.tenant(tenant) as connection:
        return [row[0] for row in await connection.fetch(f"SELECT tenant_id FROM {table}")]


async def test_tenants_with_the_same_ids_have_ledgers_of_their_own(
    clone: Clone, db: Database, tenant: UUID, other_tenant: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with inbox_of(clone, monkeypatch) as (_app, client):
        ours = await make_post(client, clone, db, tenant, PROVIDER)
        theirs = await make_post(client, clone, db, other_tenant, PROVIDER)
        # The same ids of delivery, payment, refund and order; only the amounts tell whose they are.
        sent = [
            (post, body, event_id)
            for post, paid, back in ((ours, "50.00", "10.00"), (theirs, "70.00", "20.00"))
            for event_id, body in (
                ("msg_1", delivery("captured", 1, paid, payment_id="pay_1")),
                ("msg_2", delivery("refunded", 2, back, payment_id="pay_1", refund_id="re_1")),
            )
        ]
        answers = await asyncio.gather(
            *(post.send(body, event_id=event_id) for post, body, event_id in sent * 3)
        )
        assert {answer.status_code for answer in answers} == {200}
    assert ours.entries() == [("1001", "capture", 5000, "EUR"), ("1001", "refund", -1000, "EUR")]
    assert theirs.entries() == [("1001", "capture", 7000, "EUR"), ("1001", "refund", -2000, "EUR")]
    for table in TABLES:
        total = ours.ask(f"SELECT count(DISTINCT tenant_id) FROM {table}")
        assert total == [(2,)], table
        for one in (tenant, other_tenant):
            assert set(await seen_by(db, one, table)) == {one}, table


async def deliver_in_parts(posts: Sequence[Post], bodies: list[dict[str, object]]) -> None:
    """Send each body through every process, all at once."""
    answers = await asyncio.gather(
        *(
            post.send(body, event_id=f"msg_{number}")
            for number, body in random.Random(5).sample(list(enumerate(bodies)), len(bodies))
            for post in posts
        )
    )
    assert {answer.status_code for answer in answers} == {200}, [one.text for one in answers][:1]


async def test_two_processes_that_record_at_once_end_in_one_ledger(
    clone: Clone, db: Database, tenant: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    orders = [f"order-{number}" for number in range(10)]
    bodies = [
        body
        for order in orders
        for body in (
            delivery("captured", 1, "50.00", order, payment_id=f"pay_{order}"),
            delivery("refunded", 2, "10.00", order, refund_id=f"re_{order}_1"),
            delivery("refunded", 3, "7.00", order, refund_id=f"re_{order}_2"),
        )
    ]
    async with (
        inbox_of(clone, monkeypatch) as (_one, client),
        inbox_of(clone, monkeypatch) as (_two, other_client),
    ):
        post = await make_post(client, clone, db, tenant, PROVIDER)
        await deliver_in_parts([post, replace(post, client=other_client)], bodies)
    assert sorted(post.entries()) == sorted(
        (order, kind, cents, "EUR")
        for order in orders
        for kind, cents in (("capture", 5000), ("refund", -1000), ("refund", -700))
    )
    assert post.ask("SELECT count(*) FROM webhook_deliveries") == [(len(bodies),)]
    assert post.ask("SELECT DISTINCT state, flags FROM payments") == [("partially_refunded", [])]
    assert post.ask("SELECT count(*) FROM payments") == [(len(orders),)]


async def test_a_delivery_waits_for_another_process_that_records_one_and_sees_what_it_did(
    clone: Clone, db: Database, tenant: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with inbox_of(clone, monkeypatch) as (_app, client):
        post = await make_post(client, clone, db, tenant, PROVIDER)
        await post.send(delivery("captured", 1, "50.00", payment_id="pay_1"))
        first, second = (
            delivery("refunded", n, "10.00", payment_id="pay_1", refund_id=f"re_{n}")
            for n in (2, 3)
        )
        async with db.tenant(tenant, locked=inbox_lock(tenant)):
            # Both wait, and are then recorded one after the other.
            sending = [asyncio.create_task(post.send(body)) for body in (first, second)]
            await until_waiting_for_a_lock(db)
            assert not any(one.done() for one in sending)
        assert {(await one).status_code for one in sending} == {200}
        assert [cents for *_, cents, _ in post.entries()] == [5000, -1000, -1000]
        assert post.ask("SELECT state, reports FROM payments") == [("partially_refunded", 3)]


async def test_no_tenant_can_write_a_delivery_of_another(
    clone: Clone, db: Database, tenant: UUID, other_tenant: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with inbox_of(clone, monkeypatch) as (_app, client):
        post = await make_post(client, clone, db, tenant, PROVIDER)
        body = delivery("captured", 1, "50.00", payment_id="pay_1")
        assert (await post.send(body)).status_code == 200
    with pytest.raises(asyncpg.InsufficientPrivilegeError, match="row-level security"):
        async with db.tenant(other_tenant) as connection:
            await connection.execute(
                "INSERT INTO payments (tenant_id, id, state, flags, providers, reports, waiting, evidence, parts)"
                " VALUES ($1, gen_random_uuid(), 'captured', '{}', '{}', 1, '[]', '[]', '{}')",
                tenant,
            )
