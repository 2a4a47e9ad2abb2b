"""Orders of SDKs in the database: recorded once, booked with a gateway's payment, and of one tenant."""

from __future__ import annotations

from dataclasses import fields, replace
from itertools import cycle
from typing import get_args
from uuid import UUID, uuid4

import psycopg
import pytest

from skeldir.db.pool import Database
from skeldir.inbox import SdkOrder, rebook_all, recording, set_precedence, set_sdk_basis
from skeldir.inbox.sdk_orders import SdkOrderKind
from skeldir.inbox.standings import SdkBasis
from tests.conftest import Clone
from tests.support.inbox import inbox_of, make_post
from tests.support.persons import PERSONS, cells_with_persons
from tests.support.sdk_orders import make_order, record_orders

ORDER = make_order("completed", 100, revenue=80, journey="visitor-1")
CAPTURED = {
    "type": "payment.captured",
    "timestamp": "2026-11-02T10:02:00Z",
    "data": {"payment_id": "pay_1", "order_id": "1001", "amount": "100.00", "currency": "USD"},
}


async def choose(db: Database, tenant: UUID, basis: SdkBasis) -> None:
    async with db.tenant(tenant) as connection:
        await set_sdk_basis(connection, tenant, basis)


async def standing(db: Database, tenant: UUID) -> list[tuple[str, str, int]]:
    """Return (order, kind, minor units) of the standing entries, as app_user sees them."""
    async with db.tenant(tenant, is_read_only=True) as connection:
        rows = await connection.fetch(
            "SELECT order_id, kind, amount_cents FROM standing_entries ORDER BY order_id, occurred_at, business_key"
        )
    return [(row["order_id"], row["kind"], row["amount_cents"]) for row in rows]


async def test_tenants_with_equal_messages_have_orders_of_their_own(
    clone: Clone, db: Database, tenant: UUID, other_tenant: UUID
) -> None:
    for one, total in ((tenant, 100), (other_tenant, 70)):
        await choose(db, one, "total")
        orders = [replace(ORDER, total=total), make_order("refunded", 20, minute=1)]
        found = await record_orders(db, one, orders)
        assert [recorded.outcome for recorded in found] == ["recorded", "recorded"]
    assert await standing(db, tenant) == [("1001", "capture", 10_000), ("1001", "refund", -2000)]
    assert await standing(db, other_tenant) == [
        ("1001", "capture", 7000), ("1001", "refund", -2000),
    ]  # fmt: skip
    with psycopg.connect(clone.superuser_url) as admin:
        rows = admin.execute("SELECT digest, provider FROM webhook_deliveries").fetchall()
    assert len({digest for digest, _ in rows}) == 4
    assert {provider for _, provider in rows} == {"segment"}


async def test_a_message_is_recorded_once_whichever_key_brings_it(
    db: Database, tenant: UUID
) -> None:
    await choose(db, tenant, "total")
    outcomes = []
    for orders in ([ORDER, ORDER], [ORDER]):
        found = await record_orders(db, tenant, orders, key=uuid4())
        outcomes += [one.outcome for one in found]
    # The same id in another protocol is another message.
    assert outcomes == ["recorded", "repeated", "repeated"]
    await record_orders(db, tenant, [replace(ORDER, provider="ga4", order_id="2002")])
    assert await standing(db, tenant) == [
        ("1001", "capture", 10_000), ("2002", "capture", 10_000),
    ]  # fmt: skip


async def test_what_is_unreadable_is_a_dead_delivery_with_what_may_be_kept(
    clone: Clone, db: Database, tenant: UUID
) -> None:
    (found,) = await record_orders(db, tenant, [replace(ORDER, currency="points", revenue="?")])
    assert found.outcome == "dead"
    with psycopg.connect(clone.superuser_url) as admin:
        row = admin.execute("SELECT type, trouble, kept, report FROM webhook_deliveries").fetchone()
    kept = {"order_id": "1001", "currency": "points", "total": "100"}
    assert row == ("order_completed", "currency_unknown", kept, None)


async def test_a_basis_that_is_chosen_later_books_what_waited_of_this_tenant_alone(
    db: Database, tenant: UUID, other_tenant: UUID
) -> None:
    orders = [ORDER, make_order("refunded", 25, minute=1)]
    for one in (tenant, other_tenant):
        await record_orders(db, one, orders)
        assert await standing(db, one) == []
    for basis, captured, refunded in (("revenue", 8000, -2000), ("total", 10_000, -2500)):
        await choose(db, tenant, basis)  # type: ignore[arg-type]  # one of the two
        assert await rebook_all(db, tenant, is_of_sdks=True) == 1
        assert await standing(db, tenant) == [
            ("1001", "capture", captured), ("1001", "refund", refunded),
        ]  # fmt: skip
    assert await standing(db, other_tenant) == []
    async with db.tenant(other_tenant, is_read_only=True) as connection:
        (row,) = await connection.fetch("SELECT state, flags, providers FROM payments")
    assert tuple(row) == ("awaiting_capture", ["sdk_basis_open"], ["segment"])


async def test_a_webhook_of_the_same_order_counts_once_whichever_comes_first(
    clone: Clone,
    db: Database,
    tenant: UUID,
    other_tenant: UUID,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with inbox_of(clone, monkeypatch) as (_, client):
        for one, is_first in ((tenant, True), (other_tenant, False)):
            await choose(db, one, "revenue")
            post = await make_post(client, clone, db, one, "standard")
            if is_first:
                await record_orders(db, one, [ORDER])
                assert await standing(db, one) == [("1001", "capture", 8000)]
            assert (await post.send(CAPTURED)).status_code == 200
            if not is_first:
                await record_orders(db, one, [ORDER])
            assert await standing(db, one) == [("1001", "capture", 10_000)]
            async with db.tenant(one) as connection:
                await set_precedence(connection, one, "shop")
            assert await rebook_all(db, one, is_of_both=True) == 1
            assert await standing(db, one) == [("1001", "capture", 8000)]


async def test_a_flood_of_reports_of_an_order_keeps_no_webhook_of_it_out_of_the_ledger(
    clone: Clone, db: Database, tenant: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recording, "MOST_BEFORE_SDKS", 3)
    monkeypatch.setattr(recording, "MOST_REPORTS", 4)
    await choose(db, tenant, "total")
    async with inbox_of(clone, monkeypatch) as (_, client):
        flood = [make_order("completed", 9 + minute, minute=minute) for minute in range(8)]
        found = await record_orders(db, tenant, flood)
        assert [one.outcome for one in found] == ["recorded"] * 3 + ["dead"] * 5
        post = await make_post(client, clone, db, tenant, "standard")
        assert (await post.send(CAPTURED)).status_code == 200
    assert await standing(db, tenant) == [("1001", "capture", 10_000)]


async def test_a_person_in_any_field_of_an_order_is_stored_nowhere(
    clone: Clone, db: Database, tenant: UUID
) -> None:
    await choose(db, tenant, "total")
    names = [one.name for one in fields(SdkOrder) if one.name not in ("provider", "kind", "at")]
    kinds: tuple[SdkOrderKind, ...] = get_args(SdkOrderKind)
    orders = [
        replace(
            make_order(kind, 27.5, revenue=25, minute=number, order_id=f"{number}"),
            **{name: person.text},  # type: ignore[arg-type]  # names of fields
        )
        for number, (person, name, kind) in enumerate(
            zip(PERSONS, cycle(names), cycle(kinds), strict=False)
        )
    ]
    found = await record_orders(db, tenant, orders)
    assert {one.outcome for one in found} == {"recorded", "dead"}
    assert len(await standing(db, tenant)) > 50
    assert cells_with_persons(clone.superuser_url) == []
