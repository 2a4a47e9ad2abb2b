"""Deliveries to an endpoint: recorded once, booked, and refused alike."""

from __future__ import annotations

from collections.abc import AsyncIterator
from uuid import UUID

import pytest

from skeldir.db.pool import Database
from tests.conftest import Clone
from tests.support.inbox import Post, inbox_of, make_post

CAPTURE: dict[str, object] = {
    "type": "payment.captured",
    "timestamp": "2026-11-02T10:00:00Z",
    "data": {
        "payment_id": "pay_1",
        "order_id": "1001",
        "amount": "49.99",
        "currency": "EUR",
        "skeldir_journey": "visitor-1",
    },
}


@pytest.fixture
async def post(
    clone: Clone, db: Database, tenant: UUID, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Post]:
    async with inbox_of(clone, monkeypatch) as (_app, client):
        yield await make_post(client, clone, db, tenant, "standard")


async def test_a_signed_delivery_is_booked_once_however_often_it_comes(post: Post) -> None:
    for _ in range(3):
        answer = await post.send(CAPTURE, event_id="msg_1")
        assert answer.status_code == 200, answer.text
    assert post.entries() == [("1001", "capture", 4999, "EUR")]
    assert post.ask("SELECT count(*) FROM webhook_deliveries") == [(1,)]


async def test_a_delivery_with_another_secret_is_refused_and_nothing_is_kept(post: Post) -> None:
    answer = await post.send(CAPTURE, secret="whsec_b3RoZXIgc2VjcmV0IG9mIHRlc3Rz")
    assert answer.status_code == 401
    assert answer.json()["code"] == "delivery_refused"
    assert post.entries() == []
    assert post.ask("SELECT count(*) FROM webhook_deliveries") == [(0,)]
