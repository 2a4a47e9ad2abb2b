"""Waiting requests of a tenant are committed together, and each gets the response that it would get alone."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import httpx2
import psycopg
import pytest
from fastapi import FastAPI
from psycopg.rows import TupleRow

from skeldir.db.lock_keys import lock_key
from skeldir.db.pool import Database
from skeldir.http import sharing
from skeldir.http.sharing import SharedCommits
from skeldir.rollups import ingest_lock
from tests.conftest import Clone
from tests.support.api import asking, bearer
from tests.support.embedded import wait_until
from tests.support.make import DAY_0, make_conversion, make_tenant, make_touch, post_plainly

Answers = list[asyncio.Task[httpx2.Response]]
MOST_CENTS = 10**15


@dataclass(frozen=True)
class Shop:
    """Two tenants of one application, and their rows in the database."""

    app: FastAPI
    client: httpx2.AsyncClient
    clone: Clone
    a: UUID
    b: UUID
    keys: dict[UUID, dict[str, str]]

    def post(self, what: str, *items: object, tenant: UUID | None = None) -> Answers:
        """Start a request, and return it in a list, to be added to others."""
        headers = self.keys[tenant or self.a]
        request = self.client.post(f"/v1/{what}", json=list(items), headers=headers)
        return [asyncio.create_task(request)]

    async def queue(self, what: str, *items: object, tenant: UUID | None = None) -> Answers:
        """Start a request, and return it once it is queued behind the earlier ones."""
        before = self.count_waiting()
        answers = self.post(what, *items, tenant=tenant)
        async with asyncio.timeout(20):
            while self.count_waiting() == before:  # noqa: ASYNC110 - nothing signals it
                await asyncio.sleep(0.001)
        return answers

    def count_waiting(self) -> int:
        commits: dict[str, SharedCommits[Any, Any]] = self.app.state.shared_commits
        return sum(len(line.waiting) for kind in commits.values() for line in kind.lines.values())

    @contextmanager
    def locked(self, *tenants: UUID) -> Iterator[None]:
        """Make the first transaction of each tenant wait until the end of the block, and the others behind it."""
        with psycopg.connect(self.clone.superuser_url) as holder:
            for tenant in tenants:
                key = lock_key(ingest_lock(tenant))
                holder.execute("SELECT pg_advisory_xact_lock(%s)", (key,))
            yield

    async def begin(self, answers: Answers, waiters: int = 1) -> Answers:
        """Wait until this number of transactions waits for the lock."""
        query = (
            "SELECT count(*) FROM pg_stat_activity"
            " WHERE datname = current_database() AND wait_event = 'advisory'"
        )
        await asyncio.to_thread(wait_until, lambda: self.ask(query) == [(waiters,)])
        return answers

    def ask(self, query: str) -> list[TupleRow]:
        with psycopg.connect(self.clone.superuser_url, autocommit=True) as admin:
            return admin.execute(query.encode()).fetchall()

    def commits(self, table: str = "attribution_events") -> list[tuple[UUID, int, int]]:
        """Return, for each tenant, how many transactions wrote its rows, and how many rows there are."""
        rows = self.ask(
            f"SELECT tenant_id, count(DISTINCT xmin::text), count(*) FROM {table} GROUP BY 1 ORDER BY 1"
        )
        return [(tenant, commits, count) for tenant, commits, count in rows]


@pytest.fixture
async def shop(clone: Clone, db: Database, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Shop]:
    monkeypatch.setenv("SKELDIR_LOCK_TIMEOUT_MS", "20000")
    a, b = sorted([await make_tenant(db, "A"), await make_tenant(db, "B")])
    keys = {tenant: await bearer(db, tenant, "ingest") for tenant in (a, b)}
    async with asking(clone.app_url) as (app, client):
        yield Shop(app, client, clone, a, b, keys)


async def outcomes(answers: Answers) -> list[tuple[int, ...]]:
    """Return, for each response, how many items were accepted, duplicates, and rejected."""
    bodies = []
    for answer in await asyncio.gather(*answers):
        assert answer.status_code == 200, answer.text
        body = answer.json()
        bodies.append((body["accepted"], body["duplicates"], len(body["rejected"])))
    return bodies


async def test_requests_that_wait_are_committed_together_and_never_with_another_tenants(
    shop: Shop,
) -> None:
    with shop.locked(shop.a, shop.b):
        answers = await shop.begin(
            shop.post("touches", make_touch()) + shop.post("touches", make_touch(), tenant=shop.b),
            waiters=2,
        )
        for number in range(20):
            answers += await shop.queue(
                "touches", make_touch(), tenant=(shop.a, shop.b)[number % 2]
            )
    assert await outcomes(answers) == [(1, 0, 0)] * 22
    assert shop.commits() == [(shop.a, 2, 11), (shop.b, 2, 11)]


async def test_a_request_with_none_before_it_is_committed_at_once(shop: Shop) -> None:
    for _ in range(3):
        assert await outcomes(shop.post("touches", make_touch())) == [(1, 0, 0)]
    assert shop.commits() == [(shop.a, 3, 3)]


async def test_each_delivery_gets_the_receipt_of_its_own_items(shop: Shop) -> None:
    known, new, late = make_touch(), make_touch(), make_touch()
    await outcomes(shop.post("touches", known))
    with shop.locked(shop.a):
        answers = await shop.begin(shop.post("touches", make_touch()))
        answers += await shop.queue("touches", new, known, {"idempotency_key": "bad"})
        answers += await shop.queue("touches", new, late, new)
        answers += await shop.queue("touches", {"no": "touch"}, late, "nothing")
        answers += await shop.queue("touches")
    assert await outcomes(answers) == [(1, 0, 0), (1, 1, 1), (1, 2, 0), (0, 1, 2), (0, 0, 0)]
    places = [
        [fault["index"] for fault in answer.result().json()["rejected"]] for answer in answers
    ]
    assert places == [[], [2], [], [0, 2], []]
    origins = shop.ask(
        "SELECT count(*), count(DISTINCT split_part(origin, ':', 2)) FROM dead_events"
    )
    assert origins == [(3, 2)]
    assert shop.commits() == [(shop.a, 3, 4)]


async def test_each_delivery_gets_only_its_own_flagged_orders(shop: Shop) -> None:
    refunds = [make_conversion(kind="refund", order_id=f"early-{n}") for n in range(3)]
    with shop.locked(shop.a):
        answers = await shop.begin(shop.post("conversions", make_conversion()))
        for refund in refunds:
            answers += await shop.queue("conversions", refund, make_conversion())
        answers += await shop.queue("conversions", refunds[0])
    assert await outcomes(answers) == [(1, 0, 0), (2, 0, 0), (2, 0, 0), (2, 0, 0), (0, 1, 0)]
    flagged = [
        [order["order_id"] for order in answer.result().json()["flagged"]] for answer in answers
    ]
    assert flagged == [[], ["early-0"], ["early-1"], ["early-2"], []]
    assert shop.commits("revenue_ledger") == [(shop.a, 2, 7)]


async def test_only_the_delivery_that_fails_the_transaction_is_refused(
    shop: Shop, db: Database
) -> None:
    await post_plainly(db, shop.a, "huge", 9_223 * MOST_CENTS, DAY_0.date())
    with shop.locked(shop.a):
        answers = await shop.begin(shop.post("conversions", make_conversion()))
        answers += await shop.queue("conversions", make_conversion())
        too_much = make_conversion(order_id="huge", amount_cents=MOST_CENTS)
        poison = await shop.queue("conversions", make_conversion(), too_much)
        answers += await shop.queue("conversions", make_conversion())
    (refused,) = await asyncio.gather(*poison)
    assert (refused.status_code, refused.json()["code"]) == (422, "order_sum_too_large")
    assert await outcomes(answers) == [(1, 0, 0)] * 3
    assert shop.ask("SELECT count(*) FROM revenue_ledger WHERE order_id <> 'huge'") == [(3,)]


async def test_two_clients_that_use_one_key_for_two_conversions_are_answered_one_after_the_other(
    shop: Shop,
) -> None:
    first = make_conversion(amount_cents=1)
    second = first | {"amount_cents": 2}
    with shop.locked(shop.a):
        answers = await shop.begin(shop.post("conversions", make_conversion()))
        answers += await shop.queue("conversions", make_conversion())
        answers += await shop.queue("conversions", first)
        answers += await shop.queue("conversions", make_conversion(), second)
        answers += await shop.queue("conversions", first)
    assert await outcomes(answers) == [(1, 0, 0), (1, 0, 0), (1, 0, 0), (1, 0, 1), (0, 1, 0)]
    (fault,) = answers[3].result().json()["rejected"]
    assert (fault["index"], fault["code"]) == (1, "idempotency_key_reused")
    cents = shop.ask(
        f"SELECT amount_cents FROM revenue_ledger WHERE business_key = '{first['idempotency_key']}'"
    )
    assert cents == [(1,)]


async def test_a_key_that_already_names_another_conversion_is_rejected_in_its_own_delivery(
    shop: Shop,
) -> None:
    known = make_conversion(amount_cents=1)
    await outcomes(shop.post("conversions", known))
    with shop.locked(shop.a):
        answers = await shop.begin(shop.post("conversions", make_conversion()))
        answers += await shop.queue("conversions", make_conversion())
        answers += await shop.queue("conversions", known | {"amount_cents": 2})
        answers += await shop.queue("conversions", known)
    assert await outcomes(answers) == [(1, 0, 0), (1, 0, 0), (0, 0, 1), (0, 1, 0)]


async def test_the_delivery_of_a_client_that_leaves_is_recorded(shop: Shop) -> None:
    with shop.locked(shop.a):
        answers = await shop.begin(shop.post("touches", make_touch()))
        for _ in range(6):
            answers += await shop.queue("touches", make_touch())
        for answer in answers[::2]:
            answer.cancel()
    assert await outcomes(answers[1::2]) == [(1, 0, 0)] * 3
    assert await outcomes(shop.post("touches", make_touch())) == [(1, 0, 0)]
    assert shop.commits() == [(shop.a, 3, 8)]


async def test_requests_over_the_limit_are_refused_with_a_retry_after(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sharing, "MOST_WAITING", 3)
    with shop.locked(shop.a):
        answers = await shop.begin(shop.post("touches", make_touch()))
        for _ in range(3):
            answers += await shop.queue("touches", make_touch())
        (refused,) = await asyncio.gather(*shop.post("touches", make_touch()))
        assert (refused.status_code, refused.json()["code"]) == (503, "intake_busy")
        assert 1 <= int(refused.headers["retry-after"]) <= 3
        assert await outcomes(shop.post("touches", make_touch(), tenant=shop.b)) == [(1, 0, 0)]
    assert await outcomes(answers) == [(1, 0, 0)] * 4


async def test_a_transaction_takes_a_limited_number_of_items_and_leaves_the_rest(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sharing, "MOST_ITEMS", 5)
    with shop.locked(shop.a):
        answers = await shop.begin(shop.post("touches", make_touch()))
        for size in (2, 2, 2, 9, 1):
            answers += await shop.queue("touches", *[make_touch() for _ in range(size)])
    assert await outcomes(answers) == [
        (1, 0, 0),
        (2, 0, 0),
        (2, 0, 0),
        (2, 0, 0),
        (9, 0, 0),
        (1, 0, 0),
    ]
    assert shop.commits() == [(shop.a, 5, 17)]
