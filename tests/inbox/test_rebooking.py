"""Rules that change apply to whatever is booked from then on, whichever process remembers the endpoint."""

from __future__ import annotations

import asyncio
from uuid import UUID

import pytest

from skeldir.db.pool import Database
from skeldir.inbox import rebook, rebook_all, set_precedence
from skeldir.rollups import ingest_lock
from skeldir.tenants import profile_from
from tests.conftest import Clone
from tests.support.inbox import Post, inbox_of, make_post
from tests.support.webhook_commands import make_charge
from tests.support.woocommerce import make_order


async def send_pair(shop: Post, gateway: Post, number: int) -> None:
    """Let a shop and its gateway report a payment at once: 40.00 USD says the shop, 39.00 the gateway."""
    order = make_order(id=number, total="40.00", transaction_id=f"ch_{number}")
    answers = await asyncio.gather(
        shop.send(order, event_id=f"order_{number}"), gateway.send(make_charge(id=f"ch_{number}"))
    )
    assert [answer.status_code for answer in answers] == [200, 200]


async def test_what_comes_after_a_change_is_booked_by_it_though_the_endpoint_is_remembered(
    clone: Clone, db: Database, tenant: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with inbox_of(clone, monkeypatch) as (_, client):
        shop = await make_post(client, clone, db, tenant, "woocommerce")
        gateway = await make_post(client, clone, db, tenant, "stripe")
        await send_pair(shop, gateway, 1)
        async with db.tenant(tenant) as connection:
            await set_precedence(connection, tenant, "shop")
        await send_pair(shop, gateway, 2)
        assert shop.entries() == [("1", "capture", 3900, "USD"), ("2", "capture", 4000, "USD")]
        assert await rebook_all(db, tenant, is_of_both=True) == 2
        assert [minor for _, _, minor, _ in shop.entries()] == [4000, 4000]


async def test_deliveries_during_a_rebooking_end_by_the_new_rule(
    clone: Clone, db: Database, tenant: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with inbox_of(clone, monkeypatch) as (_, client):
        shop = await make_post(client, clone, db, tenant, "woocommerce")
        gateway = await make_post(client, clone, db, tenant, "stripe")

        async def change() -> None:
            async with db.tenant(tenant) as connection:
                await set_precedence(connection, tenant, "shop")
            await rebook_all(db, tenant, is_of_both=True)

        numbers = range(10, 22)
        sending = [send_pair(shop, gateway, number) for number in numbers]
        await asyncio.gather(*sending[:6], change(), *sending[6:])
        assert shop.entries() == [(str(number), "capture", 4000, "USD") for number in numbers]


async def test_another_tenants_payments_are_left_alone(
    clone: Clone,
    db: Database,
    tenant: UUID,
    other_tenant: UUID,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with inbox_of(clone, monkeypatch) as (_, client):
        shop = await make_post(client, clone, db, other_tenant, "woocommerce")
        gateway = await make_post(client, clone, db, other_tenant, "stripe")
        await send_pair(shop, gateway, 1)
        async with db.tenant(other_tenant) as connection:
            await set_precedence(connection, other_tenant, "shop")
        ((payment_id,),) = shop.ask("SELECT id FROM payments")
        opened = db.known_tenant(tenant, shared=ingest_lock(tenant))
        async with opened as (connection, known):
            assert known is not None
            await rebook(connection, profile_from(tenant, known), [payment_id])
        assert await rebook_all(db, tenant, is_of_both=False) == 0
        assert shop.entries() == [("1", "capture", 3900, "USD")]
