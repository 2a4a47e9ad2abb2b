"""Unknown keys are limited before the database is queried, and known keys are not affected."""

from __future__ import annotations

import asyncio
import gc
import secrets
import time
import tracemalloc
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from math import inf
from typing import Any
from uuid import UUID, uuid4

import httpx2
import psycopg
import pytest
from fastapi import FastAPI
from prometheus_client import REGISTRY

from skeldir.db.listening import Subscription
from skeldir.db.pool import Database
from skeldir.http.limits import KeyLimits, UnknownKeyLimits, UnknownKeysLimited
from skeldir.observability.metrics import KEY_REFUSALS
from skeldir.tenants import KeyMemory, revoke_key
from tests.conftest import Clone
from tests.support.api import PROBLEM_FIELDS, asking, bearer, serving_on_loopback

pytestmark = pytest.mark.shares_clone

HERE, ELSEWHERE = "192.0.2.1", "198.51.100.7"
READING = "/v1/jobs"
PER_SECOND = 20
BURST = 5 * PER_SECOND


def some_key(prefix: str = "") -> str:
    return ("skd_" + prefix + secrets.token_urlsafe(32))[:47]


@dataclass
class Tries:
    """Keys that are tried against a limit, with a clock that the test controls."""

    limits: UnknownKeyLimits = field(default_factory=lambda: UnknownKeyLimits(PER_SECOND))
    now_s: float = 0.0
    waits_s: set[int] = field(default_factory=set)

    async def fail(self, how_many: int, client: str | None = HERE, prefix: str = "") -> int:
        """Try `how_many` unknown keys; return how many would have been looked up."""
        keys = [some_key(prefix) for _ in range(how_many)]
        return await self.look_up_all(keys, client, is_valid=False)

    async def look_up_all(
        self, keys: list[str], client: str | None = HERE, *, is_valid: bool = True
    ) -> int:
        return sum([await self.look_up(key, client, is_valid=is_valid) for key in keys])

    async def look_up(self, key: str, client: str | None = HERE, *, is_valid: bool = True) -> bool:
        """Return whether a key is looked up; `is_valid` is the result of the look-up."""
        try:
            trial = await self.limits.admit(key, client, self.now_s)
        except UnknownKeysLimited as refusal:
            self.waits_s.add(refusal.retry_after_s)
            return False
        if is_valid:
            self.limits.succeed(trial, self.now_s)
        else:
            self.limits.fail(trial)
        return True


async def test_an_address_may_try_five_seconds_worth_and_its_bucket_refills() -> None:
    tries = Tries()
    assert await tries.fail(1_000) == BURST
    assert await tries.fail(1_000, ELSEWHERE) == BURST
    tries.now_s = 1.0
    assert await tries.fail(1_000) == PER_SECOND
    tries.now_s = 1_000.0
    assert await tries.fail(1_000) == BURST
    assert tries.waits_s == {1, 2, 3}


async def test_a_prefix_may_be_tried_a_tenth_as_often_wherever_it_comes_from() -> None:
    tries = Tries()
    networks = [f"10.0.{number}.1" for number in range(100)]
    assert sum([await tries.fail(1, client, "abcdefgh") for client in networks]) == 50
    # Nor do refused keys cost their addresses tokens.
    assert await tries.fail(1_000, networks[-1]) == BURST
    tries.now_s = 3.0
    assert await tries.fail(100, ELSEWHERE, "abcdefgh") == 3 * PER_SECOND / 10


async def test_all_addresses_together_may_try_ten_times_as_much() -> None:
    tries = Tries()
    networks = [f"10.{a}.{b}.1" for a in range(10) for b in range(200)]
    assert sum([await tries.fail(1, client) for client in networks]) == 10 * BURST
    tries.now_s = 1.0
    assert sum([await tries.fail(1, client) for client in networks]) == 10 * PER_SECOND


async def test_a_key_in_force_costs_no_token_and_is_never_limited_again() -> None:
    tries = Tries()
    known = [some_key() for _ in range(3 * BURST)]
    assert await tries.look_up_all(known) == len(known)
    assert await tries.fail(1_000) == BURST
    for client in (HERE, ELSEWHERE, None):
        assert await tries.look_up_all(known, client) == len(known)
    assert await tries.fail(1) == 0


async def test_a_key_that_is_no_longer_in_force_is_unknown_again() -> None:
    tries = Tries()
    key = some_key()
    assert await tries.look_up(key)
    await tries.fail(1_000)
    assert await tries.look_up(key, is_valid=False)
    assert not await tries.look_up(key, is_valid=False)


async def test_a_key_first_seen_during_an_attack_is_served_when_it_is_sent_again() -> None:
    tries = Tries()
    owners = [some_key() for _ in range(3 * BURST)]
    await tries.fail(1_000)
    assert await tries.look_up_all(owners) == 0
    tries.now_s = 1.0
    await tries.fail(1_000)
    assert await tries.look_up_all(owners) == len(owners)


async def test_an_attack_that_tries_each_key_twice_is_limited_as_well() -> None:
    tries = Tries()
    keys = [some_key() for _ in range(1_000)]
    looked_up = [await tries.look_up_all(keys, is_valid=False) for _ in range(3)]
    assert looked_up == [BURST, BURST, 0]


async def test_tokens_of_a_failed_look_up_are_returned() -> None:
    tries = Tries()
    for _ in range(10 * BURST):
        tries.limits.abandon(await tries.limits.admit(some_key(), HERE, 0.0), 0.0)
    assert await tries.fail(1_000) == BURST


@pytest.mark.parametrize("is_valid", [True, False])
async def test_of_requests_with_the_same_new_key_one_is_tried_and_the_others_wait_for_it(
    is_valid: bool,
) -> None:
    tries = Tries()
    key = some_key()
    first = await tries.limits.admit(key, HERE, 0.0)
    looking = [asyncio.create_task(tries.look_up(key, is_valid=is_valid)) for _ in range(3 * BURST)]
    await asyncio.sleep(0)
    looking.pop().cancel()
    assert not any(task.done() for task in looking)
    tries.limits.succeed(first, 0.0) if is_valid else tries.limits.abandon(first, 0.0)
    looked_up = sum(await asyncio.wait_for(asyncio.gather(*looking), 5))
    # An unknown key may be tried as often as its prefix, and as often again after it was refused.
    assert looked_up == (len(looking) if is_valid else 100)


@pytest.mark.parametrize(
    ("first", "second", "is_one"),
    [
        ("2001:db8::1", "2001:db8::ffff:1", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("::ffff:192.0.2.1", "192.0.2.1", True),
        ("::ffff:192.0.2.1", "::ffff:192.0.2.2", False),
        ("192.0.2.1", "192.0.2.2", False),
        ("fe80::1%eth0", "fe80::2", True),
        (None, "a name", True),
        ("", None, True),
    ],
)
async def test_an_ipv6_network_counts_as_one_and_so_do_all_without_an_address(
    first: str | None, second: str | None, is_one: bool
) -> None:
    tries = Tries()
    assert await tries.fail(1_000, first) == BURST
    assert await tries.fail(1_000, second) == (0 if is_one else BURST)


async def test_memory_is_bounded_however_many_addresses_prefixes_and_keys_arrive() -> None:
    counted, tries = KeyLimits(1, most=20), Tries(UnknownKeyLimits(PER_SECOND, most=20))

    async def memory_after(turns: range) -> int:
        for turn in turns:
            tries.now_s = turn / 50
            counted.take(uuid4(), tries.now_s)
            await tries.look_up(some_key(), f"2001:db8:{turn:x}::1", is_valid=turn % 3 == 0)
            await tries.fail(1, HERE)
        # Objects that wait for the garbage collector are not retained; when it runs depends on earlier tests.
        gc.collect()
        return tracemalloc.get_traced_memory()[0]

    tracemalloc.start()
    try:
        full = await memory_after(range(200))
        assert await memory_after(range(200, 1_000)) < 1.2 * full
    finally:
        tracemalloc.stop()


@dataclass
class Door:
    """The application, called for the jobs of a key's tenant, and the statements that this causes."""

    app: FastAPI
    client: httpx2.AsyncClient
    statements: Counter[str]

    @property
    def look_ups(self) -> int:
        return sum(times for text, times in self.statements.items() if "find_api_key" in text)

    async def ask(self, headers: dict[str, str]) -> httpx2.Response:
        return await self.client.get(READING, headers=headers)

    async def knock(self, how_many: int) -> Counter[tuple[int, str]]:
        """Send requests with `how_many` unknown keys, some at a time; return the statuses."""
        outcomes: Counter[tuple[int, str]] = Counter()
        for _ in range(how_many // 10):
            headers = [{"Authorization": f"Bearer {some_key()}"} for _ in range(10)]
            for answer in await asyncio.gather(*map(self.ask, headers)):
                assert set(answer.json()) == PROBLEM_FIELDS
                outcomes[answer.status_code, answer.json()["code"]] += 1
                assert ("retry-after" in answer.headers) == (answer.status_code == 429)
        return outcomes


@pytest.fixture
async def door(clone: Clone, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Door]:
    monkeypatch.setenv("SKELDIR_LOCK_TIMEOUT_MS", "200")
    async with asking(clone.app_url) as (app, client):
        statements: Counter[str] = Counter()
        await listen_to_all(app.state.database, statements)
        yield Door(app, client, statements)


async def listen_to_all(database: Database, statements: Counter[str]) -> None:
    """Count every later statement on each of the pool's connections."""
    connections = [await database.pool.acquire() for _ in range(database.pool.get_max_size())]
    for connection in connections:
        connection.add_query_logger(lambda text: statements.update([text.query]))
    for connection in connections:
        await database.pool.release(connection)


def refused() -> dict[str, float]:
    return {
        reason: REGISTRY.get_sample_value("skeldir_http_keys_refused_total", {"reason": reason})
        or 0.0
        for reason in KEY_REFUSALS
    }


async def test_a_thousand_unknown_keys_cost_few_queries_while_a_valid_one_keeps_working(
    door: Door, db: Database, tenant: UUID
) -> None:
    valid = await bearer(db, tenant, "read")
    assert (await door.ask(valid)).status_code == 200
    door.app.state.key_memory = KeyMemory(Subscription(current_until_s=inf))
    # With this the bucket does not refill while the test runs.
    door.app.state.unknown_keys = limits = UnknownKeyLimits(1)
    limits.succeed(await limits.admit(valid["Authorization"].split()[1], None))
    before, counted = door.look_ups, refused()
    outcomes: Counter[tuple[int, str]] = Counter()
    for _ in range(10):
        outcomes += await door.knock(100)
        assert (await door.ask(valid)).status_code == 200
    tried = outcomes[401, "key_invalid"]
    assert outcomes == {(401, "key_invalid"): tried, (429, "unknown_keys_limited"): 1_000 - tried}
    assert 5 <= tried < 60
    assert door.look_ups - before == tried + 1
    assert {reason: times - counted[reason] for reason, times in refused().items()} == {
        "malformed": 0, "unknown": tried, "prefix": 0, "address": 1_000 - tried, "process": 0,
    }  # fmt: skip


@pytest.mark.parametrize(
    "secret",
    [
        "skd_", "skd_" + "A" * 42, "skd_" + "A" * 44, "SKD_" + "A" * 43, "skd_" + "A" * 42 + "=",
        "skd_" + "A" * 42 + "é", "sk_" + "A" * 44, "x" * 20_000, "skd_" + "A" * 40 + " BC",
    ],
)  # fmt: skip
async def test_a_text_without_the_shape_of_a_key_is_refused_like_any_key_without_a_query(
    door: Door, secret: str
) -> None:
    counted = refused()
    answers = [
        await door.ask({"Authorization": b"Bearer " + each.encode("latin-1")})  # type: ignore[dict-item]  # httpx2 takes bytes
        for each in (some_key(), secret)
    ]
    unknown, malformed = (
        (answer.status_code, answer.json() | {"correlation_id": None}) for answer in answers
    )
    assert unknown == malformed
    assert answers[1].headers["www-authenticate"] == "Bearer"
    assert door.look_ups == 1
    assert refused()["malformed"] - counted["malformed"] == 1


async def test_a_client_that_starts_with_many_requests_at_once_is_served(
    door: Door, db: Database, tenant: UUID
) -> None:
    valid = await bearer(db, tenant, "read")
    answers = await asyncio.gather(*[door.ask(valid) for _ in range(80)])
    assert {answer.status_code for answer in answers} == {200}


async def test_a_key_that_was_revoked_is_refused_within_a_second_though_it_was_known(
    door: Door, db: Database, tenant: UUID
) -> None:
    valid = await bearer(db, tenant, "read")
    assert (await door.ask(valid)).status_code == 200
    async with db.tenant(tenant) as connection:
        await revoke_all(connection, tenant)
    # The notification takes a moment to arrive.
    end = time.monotonic() + 1
    while (await door.ask(valid)).status_code != 401:
        assert time.monotonic() < end
        await asyncio.sleep(0.005)


async def revoke_all(connection: Any, tenant: UUID) -> None:
    for row in await connection.fetch("SELECT id FROM api_keys"):
        await revoke_key(connection, tenant, row["id"])


@pytest.mark.own_clone
async def test_a_look_up_that_the_database_did_not_answer_costs_no_token(
    door: Door, db: Database, tenant: UUID, clone: Clone
) -> None:
    valid = await bearer(db, tenant, "read")
    door.app.state.unknown_keys = UnknownKeyLimits(1)
    with psycopg.connect(clone.superuser_url) as admin:
        admin.execute("LOCK TABLE api_keys IN ACCESS EXCLUSIVE MODE")
        for _ in range(2):
            answers = await asyncio.gather(*[door.ask(valid) for _ in range(5)])
            assert {(a.status_code, a.json()["code"]) for a in answers} == {(503, "query_too_slow")}
    assert (await door.knock(10))[401, "key_invalid"] == 5


async def test_no_header_makes_one_client_look_like_many(door: Door) -> None:
    door.app.state.unknown_keys = UnknownKeyLimits(1)
    async with (
        serving_on_loopback(door.app) as port,
        httpx2.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client,
    ):
        for number in range(20):
            headers = {
                "Authorization": f"Bearer {some_key()}",
                "X-Forwarded-For": f"10.0.0.{number}",
                "Forwarded": f"for=10.0.0.{number}",
            }
            await client.get(READING, headers=headers)
    assert 5 <= door.look_ups < 15
