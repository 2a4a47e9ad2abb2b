"""Erasing what leads from orders to persons: touches, keys and deliveries go; amounts, credit and a receipt stay."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator
from datetime import timedelta
from uuid import UUID

import pytest

from skeldir.attribution.explain import explain_order
from skeldir.attribution.explanations import OrderExplanation
from skeldir.attribution.order_facts import read_order
from skeldir.clock import utc_now
from skeldir.db.pool import Database
from skeldir.errors import InputInvalid
from skeldir.inbox import (
    ErasureTargetUnknown,
    answer_request,
    erase_journey,
    erase_order,
    find_journey,
    find_order,
    list_deliveries,
    list_erasures,
    list_requests,
    preview_erasure,
    rebook_all,
)
from skeldir.inbox.tasks import ERASE_KIND
from skeldir.jobs import do_jobs
from tests.conftest import Clone
from tests.support.audited import settle
from tests.support.credit import sum_by_channel
from tests.support.inbox import SHOP, Post, inbox_of, make_post
from tests.support.make import make_tenant, make_touch, send_touches
from tests.support.taking_back import assert_sound

NOW = utc_now().replace(microsecond=0)
WHY = {"reason": "A test", "requested_by": "test"}


def when(days: float) -> str:
    return (NOW - timedelta(days=days)).isoformat().replace("+00:00", "Z")


def payment(order: str, kind: str = "captured", **data: object) -> dict[str, object]:
    return {
        "type": f"payment.{kind}",
        "timestamp": when(1),
        "data": {
            "payment_id": f"pay_{order}",
            "order_id": order,
            "amount": "49.99",
            "currency": "EUR",
            "skeldir_journey": "visitor-1",
            **data,
        },
    }


def transaction(number: int, order: int) -> dict[str, object]:
    return {
        "id": number,
        "order_id": order,
        "parent_id": None,
        "kind": "sale",
        "status": "success",
        "amount": "20.00",
        "currency": "EUR",
        "processed_at": when(1),
        "gateway": "shopify_payments",
        "test": False,
    }


@pytest.fixture
async def post(
    clone: Clone, db: Database, tenant: UUID, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Post]:
    """An endpoint of a tenant with a journey of two touches, which led to the orders 1001 and 1002."""
    async with inbox_of(clone, monkeypatch) as (_app, client):
        made = await make_post(client, clone, db, tenant, "standard")
        await send_touches(
            db,
            tenant,
            make_touch(journey_key="visitor-1", idempotency_key="t1", occurred_at=when(3)),
            make_touch(journey_key="visitor-1", idempotency_key="t2", occurred_at=when(2)),
            make_touch(journey_key="visitor-2", idempotency_key="t3", occurred_at=when(2)),
        )
        for order in ("1001", "1002"):
            assert (await made.send(payment(order), event_id=f"msg_{order}")).status_code == 200
        other = payment("2001", skeldir_journey="visitor-2")
        assert (await made.send(other, event_id="msg_2001")).status_code == 200
        yield made


def keys_of(post: Post) -> list[tuple[object, ...]]:
    return post.ask(
        "SELECT order_id, bool_or(journey_key IS NOT NULL) FROM revenue_ledger GROUP BY 1 ORDER BY 1"
    )


def touches_of(post: Post) -> list[tuple[object, ...]]:
    return post.ask("SELECT idempotency_key FROM attribution_events ORDER BY 1")


async def test_an_erased_order_loses_its_journey_and_keeps_its_money_and_credit(
    post: Post, db: Database
) -> None:
    await settle(db, post.tenant)
    money, credit = post.entries(), await sum_by_channel(db, post.tenant)
    before = await explained(db, post.tenant, "1001")
    receipt = await erase_order(db, post.tenant, "1001", **WHY)
    assert receipt.counts == {
        "touches": 2,
        "journey_keys": 2,
        "orders": 2,
        "deliveries": 2,
        "payments": 2,
        "rejected_items": 0,
    }
    assert keys_of(post) == [("1001", False), ("1002", False), ("2001", True)]
    assert touches_of(post) == [("t3",)]
    await settle(db, post.tenant)
    assert post.entries() == money
    assert await sum_by_channel(db, post.tenant) == credit
    await assert_sound(db, post.tenant)
    after = await explained(db, post.tenant, "1001")
    assert [one.channel for one in after.touches] == [one.channel for one in before.touches]
    assert all(one.is_forgotten and one.occurred_at is None for one in after.touches)
    for version, other in zip(after.versions, before.versions, strict=True):
        assert version.touches_forgotten
        assert (version.shares, version.allocations) == (other.shares, other.allocations)


async def explained(db: Database, tenant: UUID, order: str) -> OrderExplanation:
    async with db.tenant(tenant, is_read_only=True) as connection:
        return explain_order(await read_order(connection, tenant, order))


async def test_credit_given_again_after_an_erasure_is_that_of_the_stored_journey(
    post: Post, db: Database
) -> None:
    await erase_order(db, post.tenant, "1001", **WHY)
    refund = payment("1001", "refunded", refund_id="re_1", amount="10.00")
    assert (await post.send(refund, event_id="msg_refund")).status_code == 200
    await settle(db, post.tenant)
    by_channel = await sum_by_channel(db, post.tenant)
    assert by_channel
    assert not any("unattributed" in str(channel) for channel in by_channel)
    await assert_sound(db, post.tenant)


async def test_erasing_by_token_finds_what_erasing_by_order_does(post: Post, db: Database) -> None:
    receipt = await erase_journey(db, post.tenant, "visitor-1", **WHY)
    assert (receipt.counts["touches"], receipt.counts["orders"]) == (2, 2)
    assert keys_of(post) == [("1001", False), ("1002", False), ("2001", True)]


async def test_a_delivery_after_an_erasure_brings_no_journey_back(post: Post, db: Database) -> None:
    await erase_order(db, post.tenant, "1001", **WHY)
    later = payment("1001", "refunded", refund_id="re_1", amount="10.00")
    assert (await post.send(later, event_id="msg_2")).status_code == 200
    again = payment("1001", note="again")
    assert (await post.send(again, event_id="msg_3")).status_code == 200
    assert keys_of(post)[0] == ("1001", False)
    assert sorted(post.entries()[:2]) == [
        ("1001", "capture", 4999, "EUR"),
        ("1001", "refund", -1000, "EUR"),
    ]
    kept = post.ask(
        "SELECT count(*), count(*) FILTER (WHERE kept = '{}' AND headers = '{}' AND NOT report ? 'journey_hash')"
        " FROM webhook_deliveries d JOIN payments p ON p.id = d.payment_id WHERE p.order_id = '1001'"
    )
    assert kept == [(3, 3)]
    assert post.ask("SELECT journey FROM payments WHERE order_id = '1001'") == [("erased",)]
    assert post.ask("SELECT count(*) FROM revenue_ledger WHERE generation < 0") == [(0,)]


async def test_a_payment_that_turns_out_to_be_an_erased_one_is_erased_too(
    post: Post, db: Database
) -> None:
    await erase_order(db, post.tenant, "1001", **WHY)
    alone = payment("1001", payment_id="pay_other", skeldir_journey="visitor-2")
    data = alone["data"]
    assert isinstance(data, dict)
    del data["order_id"]
    assert (await post.send(alone, event_id="msg_alone")).status_code == 200
    link = payment("1001", payment_id="pay_other", skeldir_journey="visitor-2", note="link")
    assert (await post.send(link, event_id="msg_link")).status_code == 200
    # Booking again before the job brings nothing back either.
    await rebook_all(db, post.tenant, is_of_both=False)
    assert keys_of(post)[0] == ("1001", False)
    await do_jobs(db, {ERASE_KIND.name: ERASE_KIND})
    hashes = post.ask(
        "SELECT count(*) FROM webhook_deliveries d JOIN payments p ON p.id = d.payment_id"
        " WHERE p.order_id = '1001' AND report ? 'journey_hash'"
    )
    assert hashes == [(0,)]
    assert keys_of(post)[0] == ("1001", False)


async def test_booking_again_brings_no_journey_back(post: Post, db: Database) -> None:
    await erase_order(db, post.tenant, "1001", **WHY)
    money = post.entries()
    await rebook_all(db, post.tenant, is_of_both=False)
    assert post.entries() == money
    assert keys_of(post) == [("1001", False), ("1002", False), ("2001", True)]
    assert post.ask("SELECT DISTINCT journey FROM payments WHERE order_id < '2'") == [("erased",)]


async def test_another_tenant_with_the_same_order_and_token_loses_nothing(
    post: Post, db: Database
) -> None:
    other = await make_tenant(db, "Other")
    await send_touches(db, other, make_touch(journey_key="visitor-1", idempotency_key="o1"))
    assert (await erase_journey(db, other, "visitor-1", **WHY)).counts["touches"] == 1
    with pytest.raises(ErasureTargetUnknown):
        await erase_order(db, other, "1001", **WHY)
    assert keys_of(post) == [("1001", True), ("1002", True), ("2001", True)]
    assert touches_of(post) == [("t1",), ("t2",), ("t3",)]
    async with db.tenant(post.tenant) as connection:
        assert await list_erasures(connection, post.tenant, most=10) == []


async def test_a_preview_counts_what_the_erasure_then_does_and_changes_nothing(
    post: Post, db: Database
) -> None:
    for target in (
        await find_order(db, post.tenant, "1001"),
        await find_journey(db, post.tenant, "visitor-1"),
    ):
        before = post.ask("SELECT to_jsonb(d) FROM webhook_deliveries d ORDER BY id")
        counts = await preview_erasure(db, post.tenant, target)
        assert counts["deliveries"] == 2
        assert post.ask("SELECT to_jsonb(d) FROM webhook_deliveries d ORDER BY id") == before
        assert keys_of(post) == [("1001", True), ("1002", True), ("2001", True)]
        assert len(touches_of(post)) == 3
    assert post.ask("SELECT count(*) FROM erasures") == [(0,)]
    assert (await erase_order(db, post.tenant, "1001", **WHY)).counts == counts


async def test_what_is_not_known_is_refused_without_a_receipt(post: Post, db: Database) -> None:
    with pytest.raises(ErasureTargetUnknown, match="Nothing is held of this order") as refused:
        await erase_order(db, post.tenant, "no-such", **WHY)
    assert "webhooks payments" in refused.value.cure
    with pytest.raises(ErasureTargetUnknown, match="of this journey"):
        await erase_journey(db, post.tenant, "never-seen", **WHY)
    for target in (
        await find_order(db, post.tenant, "no-such"),
        await find_journey(db, post.tenant, "never-seen"),
    ):
        with pytest.raises(ErasureTargetUnknown):
            await preview_erasure(db, post.tenant, target)
    assert post.ask("SELECT count(*) FROM erasures") == [(0,)]


async def test_an_order_can_be_erased_twice_but_not_its_journey(post: Post, db: Database) -> None:
    await erase_order(db, post.tenant, "1001", **WHY)
    again = await erase_order(db, post.tenant, "1001", **WHY)
    assert (again.counts["orders"], again.counts["touches"]) == (1, 0)
    with pytest.raises(ErasureTargetUnknown, match="journey"):
        await erase_journey(db, post.tenant, "visitor-1", **WHY)


async def test_a_receipt_can_be_checked_and_shows_no_token(post: Post, db: Database) -> None:
    receipt = await erase_journey(db, post.tenant, "visitor-1", **WHY)
    lines = [
        str(post.tenant),
        str(receipt.id),
        receipt.target_kind,
        receipt.target_digest,
        receipt.reason,
        receipt.requested_by,
        f"{receipt.erased_at:%Y-%m-%dT%H:%M:%S.%fZ}",
        *(f"{name} {receipt.counts[name]}" for name in sorted(receipt.counts)),
    ]
    assert receipt.digest == hashlib.sha256("\n".join(lines).encode()).hexdigest()
    stored = str(post.ask("SELECT to_jsonb(e) FROM erasures e"))
    assert receipt.digest in stored
    assert "visitor-1" not in stored


async def test_an_erasure_needs_a_reason(post: Post, db: Database) -> None:
    with pytest.raises(InputInvalid):
        await erase_order(db, post.tenant, "1001", reason=" ", requested_by="test")
    assert len(touches_of(post)) == 3


@pytest.fixture
async def shop(
    clone: Clone, db: Database, tenant: UUID, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Post]:
    """A shop's endpoint with the orders 1 and 2, which have journeys of their own."""
    async with inbox_of(clone, monkeypatch) as (_app, client):
        made = await make_post(client, clone, db, tenant, "shopify")
        for order in (1, 2):
            await made.send(
                {
                    "id": order,
                    "admin_graphql_api_id": f"gid://shopify/Order/{order}",
                    "updated_at": when(1),
                    "created_at": when(1),
                    "currency": "EUR",
                    "total_price": "20.00",
                    "line_items": [],
                    "financial_status": "paid",
                    "note_attributes": [{"name": "skeldir_journey", "value": f"visitor-{order}"}],
                }
            )
            await made.send(transaction(10 + order, order))
        assert keys_of(made) == [("1", True), ("2", True)]
        yield made


async def test_a_customers_redaction_erases_the_named_orders(shop: Post, db: Database) -> None:
    body: dict[str, object] = {
        "shop_id": 9,
        "shop_domain": SHOP,
        "customer": {"id": 7, "email": "a@example.org"},
        "orders_to_redact": [1],
    }
    for _ in range(2):
        assert (await shop.send(body)).status_code == 200
    await do_jobs(db, {ERASE_KIND.name: ERASE_KIND})
    assert keys_of(shop) == [("1", False), ("2", True)]
    assert [row[2] for row in shop.entries()] == [2000, 2000]
    async with db.tenant(shop.tenant) as connection:
        (request,) = await list_requests(connection, shop.tenant, most=10)
        (receipt,) = await list_erasures(connection, shop.tenant, most=10)
        shown = await list_deliveries(connection, shop.tenant, is_dead=False, most=10)
    assert (shown[0].type, shown[0].outcome) == ("customers_redact", "recorded")
    assert (request.kind, request.orders) == ("redact_customer", 1)
    assert request.answered_at is not None
    assert (receipt.request_id, receipt.target_kind) == (request.id, "customer")


async def test_a_customers_redaction_of_orders_that_are_not_known_has_a_receipt(
    shop: Post, db: Database
) -> None:
    body: dict[str, object] = {
        "shop_id": 9,
        "shop_domain": SHOP,
        "customer": {"id": 7},
        "orders_to_redact": [404],
    }
    assert (await shop.send(body)).status_code == 200
    await do_jobs(db, {ERASE_KIND.name: ERASE_KIND})
    async with db.tenant(shop.tenant) as connection:
        (receipt,) = await list_erasures(connection, shop.tenant, most=10)
        (request,) = await list_requests(connection, shop.tenant, most=10)
    assert set(receipt.counts.values()) == {0}
    assert request.answered_at is not None


async def test_a_shops_redaction_erases_all_orders_of_the_shop(shop: Post, db: Database) -> None:
    assert (await shop.send({"shop_id": 9, "shop_domain": SHOP})).status_code == 200
    await do_jobs(db, {ERASE_KIND.name: ERASE_KIND})
    assert keys_of(shop) == [("1", False), ("2", False)]
    assert [row[2] for row in shop.entries()] == [2000, 2000]


async def test_a_request_for_data_waits_until_it_is_answered_by_an_export(
    shop: Post, db: Database
) -> None:
    body: dict[str, object] = {
        "shop_id": 9,
        "shop_domain": SHOP,
        "customer": {"id": 7, "email": "a@example.org"},
        "data_request": {"id": 5},
        "orders_requested": [2],
    }
    assert (await shop.send(body)).status_code == 200
    await do_jobs(db, {ERASE_KIND.name: ERASE_KIND})
    async with db.tenant(shop.tenant) as connection:
        (request,) = await list_requests(connection, shop.tenant, most=10)
        assert request.answered_at is None
        assert timedelta(days=29) < request.due_at - NOW <= timedelta(days=31)
        held = await answer_request(connection, shop.tenant, request.id)
        (answered,) = await list_requests(connection, shop.tenant, most=10)
    assert held["orders"] == ["2"]
    assert [entry["amount_cents"] for entry in held["entries"]] == [2000]  # type: ignore[attr-defined]  # JSON
    assert answered.answered_at is not None
    assert "a@example.org" not in str(shop.ask("SELECT to_jsonb(d) FROM webhook_deliveries d"))
