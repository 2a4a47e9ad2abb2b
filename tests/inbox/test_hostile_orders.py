"""What a buyer, another payment or an operator does to one order moves no money of another, and loses none."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import UUID

import pytest

from skeldir.clock import utc_now
from skeldir.db.pool import Database
from skeldir.inbox import memory, recording
from skeldir.inbox.endpoints import find_endpoint
from skeldir.inbox.receiving import arrive
from skeldir.inbox.sealing import new_key
from skeldir.inbox.sealing_keys import FILE_NAME, load_sealer
from skeldir.inbox.settling import inbox_lock
from skeldir.inbox.signatures import Verdict
from skeldir.rollups import ingest_lock
from skeldir.settings import Settings
from skeldir.tenants import profile_from
from tests.conftest import Clone
from tests.support.inbox import Post, inbox_of, make_post
from tests.support.webhooks import sign
from tests.support.woocommerce import make_order


@pytest.fixture
async def post(
    clone: Clone, db: Database, tenant: UUID, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Post]:
    async with inbox_of(clone, monkeypatch) as (_app, client):
        yield await make_post(client, clone, db, tenant, "standard")


def report(kind: str, order: str, amount: str = "10.00", **ids: str) -> dict[str, object]:
    data = {"order_id": order, "amount": amount, "currency": "EUR", **ids}
    return {"type": f"payment.{kind}", "timestamp": "2026-11-02T10:00:00Z", "data": data}


async def record_together(post: Post, db: Database, *deliveries: tuple[str, object]) -> list[str]:
    """Record deliveries, each with its signed id, in one transaction; return their outcomes."""
    async with db.statement() as connection:
        endpoint = await find_endpoint(connection, post.endpoint.token)
    assert endpoint is not None
    arrivals = [
        arrive(
            endpoint,
            {},
            json.dumps(body).encode(),
            verdict=Verdict("accepted", event_id=event_id),
            now=utc_now(),
        )
        for event_id, body in deliveries
    ]
    opened = db.known_tenant(
        post.tenant, shared=ingest_lock(post.tenant), locked=inbox_lock(post.tenant)
    )
    async with opened as (connection, known):
        assert known is not None
        profile = profile_from(post.tenant, known)
        recorded = await recording.record_arrivals(connection, profile, arrivals)
    return [one.outcome for one in recorded]


async def test_a_delivery_that_is_not_booked_joins_no_payments(
    post: Post, db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recording, "MOST_REPORTS", 5)
    for order in ("A", "B"):
        for number in range(3):
            await post.send(report("captured", order, payment_id=f"{order}{number}"))
    before = post.entries()
    joining = report("refunded", "B", "1.00", refund_id="r1", payment_id="A0")
    other = report("captured", "Z", payment_id="Z0")
    assert await record_together(post, db, ("m1", joining), ("m2", other)) == ["dead", "recorded"]
    assert post.entries() == [*before, ("Z", "capture", 1000, "EUR")]
    # Nor does one that repeats the id of another.
    again = report("refunded", "A", "1.00", refund_id="r2", payment_id="B0")
    third = report("captured", "Y", payment_id="Y0")
    assert await record_together(post, db, ("m2", again), ("m3", third)) == ["repeated", "recorded"]
    assert post.entries() == [*before, ("Y", "capture", 1000, "EUR"), ("Z", "capture", 1000, "EUR")]


async def test_a_reference_cannot_be_the_name_of_another_payment(post: Post) -> None:
    unnamed = report("captured", "", payment_id="p1")
    await post.send(unnamed)
    assert post.entries() == [("standard:payment:p1", "capture", 1000, "EUR")]
    await post.send(report("captured", "standard:payment:p1", "1.00", payment_id="p2"))
    assert post.entries() == [
        ("standard:payment:p1", "capture", 1000, "EUR"),
        ("standard:payment:p2", "capture", 100, "EUR"),
    ]


@pytest.mark.parametrize(
    "note", ['"' + "[" * 5_000 + '"', "1e9999999999999999999999", "-1e-9999999999999999999"]
)
async def test_what_a_buyer_writes_does_not_keep_an_order_out_of_the_ledger(
    post: Post, clone: Clone, db: Database, tenant: UUID, note: str
) -> None:
    shop = await make_post(post.client, clone, db, tenant, "woocommerce")
    body = json.dumps(make_order(order_key="key") | {"customer_note": "NOTE"})
    answer = await shop.send(body.replace('"NOTE"', note).encode())
    assert answer.status_code == 200
    assert post.entries() == [("723", "capture", 3900, "USD")]


async def test_deeper_nesting_than_can_be_read_is_dead_and_no_fault(post: Post) -> None:
    answer = await post.send(b'{"data":' + b"[" * 200_000 + b"]" * 200_000 + b"}")
    assert answer.status_code == 200
    assert post.ask("SELECT trouble FROM webhook_deliveries") == [("body_unreadable",)]


async def test_the_kind_of_a_delivery_does_not_follow_from_the_name_of_an_unsigned_header(
    post: Post, clone: Clone, db: Database, tenant: UUID
) -> None:
    shop = await make_post(post.client, clone, db, tenant, "shopify")
    body = json.dumps(
        {
            "id": 60, "admin_graphql_api_id": "gid://shopify/OrderTransaction/60", "order_id": 59, "kind": "sale",
            "status": "success", "gateway": "manual", "amount": "49.99", "currency": "USD",
            "processed_at": "2026-11-02T04:59:58-05:00", "test": False,
        }
    ).encode()  # fmt: skip
    headers = sign("shopify", body, shop.secret, now=utc_now())
    renamed = {name.removeprefix("x-"): value for name, value in headers.items()}
    assert (await post.client.post(shop.path, content=body, headers=renamed)).status_code == 200
    assert (await shop.send(body)).status_code == 200
    assert post.entries() == [("59", "capture", 4999, "USD")]


async def test_a_process_goes_on_after_the_key_that_it_began_with_is_removed(
    post: Post, db: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SKELDIR_SEALING_KEYS")
    monkeypatch.setenv("SKELDIR_HOME", str(tmp_path))
    file = tmp_path / FILE_NAME
    file.write_text(new_key())
    sealer = load_sealer(Settings())
    known = memory.EndpointMemory(sealer)
    assert (await known.look_up(db, "A" * 43)).endpoint is None
    file.write_text(new_key())
    # What was sealed with the new key makes the process read the file again.
    assert sealer.open(load_sealer(Settings()).seal("secret")) == "secret"
    assert (await known.look_up(db, "B" * 43)).endpoint is None
