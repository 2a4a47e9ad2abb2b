"""A tenant with renewals beside one that received everything else, and the reports that must then be alike."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

import pytest

from skeldir.db.pool import Database
from skeldir.rollups import mark_days
from tests.conftest import Clone
from tests.support.audited import settle
from tests.support.inbox import Post, inbox_of, make_post
from tests.support.make import make_tenant, make_touch, send_touches
from tests.support.reading import get, key_of
from tests.support.taking_back import assert_sound

REPORTS: tuple[tuple[str, dict[str, object]], ...] = (
    ("/v1/attribution/channels", {"granularity": "total"}),
    ("/v1/attribution/channels", {"granularity": "day"}),
    ("/v1/attribution/channels", {"granularity": "month", "currency": "EUR", "model": "linear"}),
    ("/v1/attribution/channels", {"granularity": "week", "from_": "2026-11-02", "limit": 1}),
    ("/v1/attribution/origins", {"by": "source"}),
    ("/v1/attribution/origins", {"by": "campaign", "from_": "2026-11-02", "to": "2026-11-04"}),
    ("/v1/revenue/daily", {}),
    ("/v1/revenue/daily", {"currency": "USD", "state": "captured"}),
    ("/v1/revenue/daily", {"limit": 1}),
    ("/v1/revenue/realtime", {}),
)


@dataclass(frozen=True)
class Pair:
    """A tenant with renewals, and one that gets everything but these."""

    db: Database
    all: Post
    others: Post

    async def send(self, *events: dict[str, object], is_renewal: bool = False) -> None:
        for event in events:
            for post in [self.all] if is_renewal else [self.all, self.others]:
                answer = await post.send(event)
                assert answer.status_code == 200, answer.text

    async def settle(self) -> None:
        for post in (self.all, self.others):
            await settle(self.db, post.tenant)


def event(order: str, kind: str = "captured", *, day: int, **data: object) -> dict[str, object]:
    about = {
        "payment_id": f"pay_{order}",
        "order_id": order,
        "amount": "49.99",
        "currency": "EUR",
        "skeldir_journey": "visitor-1",
    }
    return {
        "type": f"payment.{kind}",
        "timestamp": f"2026-11-{day:02}T10:00:00Z",
        "data": about | data,
    }


FIRST = event("first", day=2, agreement="sub_1", is_renewal=False)
SINGLE = event("single", day=3, amount="10.01", currency="USD", skeldir_journey="visitor-2")
OTHERS = (
    FIRST,
    SINGLE,
    event("direct", day=3, amount="7.77", skeldir_journey="nobody"),
    event("first", "refunded", day=4, refund_id="re_first", amount="3.33"),
)
RENEWALS = (
    event("second", day=3, agreement="sub_1", is_renewal=True, amount="33.34"),
    event("third", day=4, agreement="sub_1", is_renewal=True),
    event("foreign", day=3, is_renewal=True, amount="5.01", currency="USD"),
    event("lone", day=5, is_renewal=True, amount="1.00", currency="CHF"),
    event("second", "refunded", day=5, refund_id="re_second", amount="11.11"),
    event("third", "disputed", day=6, dispute_id="dp_third"),
)


@asynccontextmanager
async def pair_of(
    clone: Clone, db: Database, tenant: UUID, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Pair]:
    """Two tenants with the same journeys and spend; nothing is sold yet."""
    other = await make_tenant(db, "twin")
    async with inbox_of(clone, monkeypatch) as (_app, client):
        for one in (tenant, other):
            await visit(db, one)
        posts = [await make_post(client, clone, db, one, "standard") for one in (tenant, other)]
        yield Pair(db, *posts)


async def visit(db: Database, tenant: UUID) -> None:
    seen = (("visitor-1", "email"), ("visitor-1", "display"), ("visitor-2", "sms"))
    touches = (
        make_touch(
            idempotency_key=f"t{number}",
            journey_key=journey,
            channel=channel,
            source=f"source-{channel}",
            campaign="autumn",
            occurred_at=f"2026-11-01T0{number}:00:00Z",
        )
        for number, (journey, channel) in enumerate(seen)
    )
    await send_touches(db, tenant, *touches)
    async with db.tenant(tenant) as connection:
        await connection.execute(
            """INSERT INTO spend (tenant_id, id, business_key, spend_date, channel_code, currency, amount_cents)
               VALUES ($1, gen_random_uuid(), 'spend-1', '2026-11-03', 'display', 'EUR', 500)""",
            tenant,
        )
        await mark_days(connection, tenant, [date(2026, 11, 3)])


async def read_all(db: Database, post: Post, **more: object) -> list[dict[str, Any]]:
    """Return every report, all pages of it; each says whether it counts renewals, and that is left out."""
    key = await key_of(db, post.tenant)
    read: list[dict[str, Any]] = []
    for path, parameters in REPORTS:
        asked = {**parameters, **more}
        while True:
            page = await get(post.client, path, key, **asked)
            cursor = page.pop("next_cursor", None)
            assert page.pop("renewals") == more.get("renewals", "include")
            read.append(page)
            if cursor is None:
                break
            asked["cursor"] = cursor
    return read


async def assert_alike(pair: Pair) -> None:
    """Without renewals the first tenant shows what the second one shows in any case."""
    await pair.settle()
    shown = await read_all(pair.db, pair.all, renewals="exclude")
    assert without_moments(shown) == without_moments(await read_all(pair.db, pair.others))
    assert shown != await read_all(pair.db, pair.all)
    await assert_sound(pair.db, pair.all.tenant)


def without_moments(pages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Leave out the latest moments: with the money of renewals, their moments are not left out."""
    return [
        page
        | {"data": [{n: v for n, v in row.items() if n != "last_entry_at"} for row in page["data"]]}
        for page in pages
    ]
