"""No body, however hostile, blocks the loop: the process keeps answering while it refuses or records it."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import AsyncIterator, Iterable
from uuid import UUID

import httpx2
import orjson
import psycopg
import pytest
from fastapi import Request
from starlette.types import Message

from skeldir.db.pool import Database
from skeldir.http.bodies import (
    MAX_BODY_BYTES,
    MAX_HELD_BYTES,
    MAX_HELD_BYTES_OF_TENANT,
    BodiesBusy,
    HeldBytes,
    Holding,
    TooMuchAtOnce,
    read_body,
)
from skeldir.ingest.batches import MAX_ITEMS, MAX_VALUES
from tests.conftest import Clone
from tests.support.api import asking, bearer
from tests.support.make import make_conversion, make_touch
from tests.support.stalls import longest_stall

pytestmark = pytest.mark.slow

TOUCHES, CONVERSIONS = "/v1/touches", "/v1/conversions"
NDJSON = {"Content-Type": "application/x-ndjson"}
GZIP = {"Content-Encoding": "gzip"}
MOST_S = 0.05
FULL = make_touch() | {
    "session_id": "s" * 40, "source": "google", "medium": "cpc", "campaign": "spring sale " * 6,
    "referrer_host": "https://www.google.com/search?q=shoes", "landing_path": "/shoes/running" * 6,
    "click_ids": ["gclid", "fbclid"], "journey_key": "visitor-0123456789",
}  # fmt: skip
Case = tuple[str, dict[str, str], bytes, int]


def numbered(item: dict[str, object], count: int = MAX_ITEMS) -> list[dict[str, object]]:
    return [item | {"idempotency_key": f"{n}", "order_id": f"o-{n}"} for n in range(count)]


def lines(items: Iterable[object]) -> bytes:
    return b"\n".join(map(orjson.dumps, items))


def fill(unit: bytes, *, begin: bytes = b"[", end: bytes = b"]") -> bytes:
    """Repeat `unit`, separated by commas, as often as a body has room for it."""
    times = (MAX_BODY_BYTES - len(begin) - len(end)) // (len(unit) + 1)
    return begin + b",".join([unit] * times) + end


def many_keys(*, begin: bytes = b"[{", most: int = 400_000) -> bytes:
    return begin + b",".join(b'"%x":1' % n for n in range(most)) + b"}]"


def refused_bodies() -> dict[str, Case]:
    return {
        "bad lines, packed": (TOUCHES, NDJSON | GZIP, gzip.compress(b"x\n" * 2_600_000), 413),
        "bad lines": (TOUCHES, NDJSON, b"x\n" * (MAX_BODY_BYTES // 2), 413),
        "empty lines": (TOUCHES, NDJSON, b"\n" * MAX_BODY_BYTES, 413),
        "carriage returns": (TOUCHES, NDJSON, b"\r" * MAX_BODY_BYTES, 413),
        "lines of brackets": (TOUCHES, NDJSON, (b"[" * 500 + b"\n") * 10_000, 413),
        "a line of lists": (TOUCHES, NDJSON, fill(b"[]"), 413),
        "lists": (TOUCHES, {}, fill(b"[]"), 413),
        "objects": (TOUCHES, {}, fill(b"{}"), 413),
        "items of lists": (TOUCHES, {}, fill(b'{"a":[' + b"[]," * 150 + b"[]]}"), 413),
        "one object of many keys": (TOUCHES, {}, many_keys(), 413),
        "the same, and half a pair": (TOUCHES, {}, many_keys(begin=rb'[{"a":"\ud800",'), 413),
        "numbers beyond all bounds": (TOUCHES, {}, fill(b"1e400"), 413),
        "numbers of 4,300 digits": (TOUCHES, {}, fill(b"9" * 4_300), 400),
        "a number of all digits": (TOUCHES, {}, fill(b"9" * 5_000_000), 400),
        "depth": (TOUCHES, {}, b'{"a":' * (MAX_BODY_BYTES // 5), 413),
        "less depth": (TOUCHES, {}, b"[" * 100_000, 400),
        "spaces": (TOUCHES, {}, b" " * MAX_BODY_BYTES, 400),
        "zeros, packed": (TOUCHES, GZIP, gzip.compress(bytes(200_000_000), 1), 413),
        "packed twice": (TOUCHES, GZIP, gzip.compress(gzip.compress(bytes(50_000_000))), 400),
        "packed in two members": (TOUCHES, GZIP, gzip.compress(b"[]") + gzip.compress(bytes(9_000_000)), 400),
        "packed and cut off": (TOUCHES, GZIP, gzip.compress(b"[]" + b" " * 5_000_000)[:-1], 400),
    }  # fmt: skip


def taken_bodies() -> dict[str, Case]:
    return {
        "10,000 touches": (TOUCHES, {}, orjson.dumps(numbered(FULL)), MAX_ITEMS),
        "10,000 lines": (TOUCHES, NDJSON, lines(numbered(FULL)), MAX_ITEMS),
        "10,000 conversions": (CONVERSIONS, {}, orjson.dumps(numbered(make_conversion())), MAX_ITEMS),
        "10,000 bad lines": (TOUCHES, NDJSON, b"x\n" * MAX_ITEMS, 0),
        "10,000 empty objects": (TOUCHES, {}, b"[" + b",".join([b"{}"] * MAX_ITEMS) + b"]", 0),
        "10,000 bad touches": (TOUCHES, {}, orjson.dumps(numbered(FULL | {"campaign": "\x01 a@b.example " * 3})), 0),
        "10,000 bad conversions": (CONVERSIONS, {}, orjson.dumps(numbered(make_conversion(amount_cents=-1))), 0),
        "one item of 5 MB": (TOUCHES, {}, orjson.dumps([FULL | {"campaign": "a@b " * 1_300_000}]), 0),
        "one journey of 5 MB": (TOUCHES, {}, orjson.dumps([FULL | {"journey_key": "\u20ac" * 1_700_000}]), 0),
    }  # fmt: skip


class Asked:
    """The application with a key, and other requests sent while a body was read."""

    def __init__(self, client: httpx2.AsyncClient, key: dict[str, str]) -> None:
        self.client = client
        self.key = key

    async def send(self, path: str, headers: dict[str, str], body: bytes) -> httpx2.Response:
        """Send a body; check that the loop is not blocked, and that the process answers during that time."""
        async with longest_stall() as stall:
            sending = asyncio.create_task(
                self.client.post(path, content=body, headers=self.key | headers)
            )
            while not sending.done():
                assert (await self.client.get("/health/live")).status_code == 200
                await asyncio.sleep(0.01)
        assert stall.seconds < MOST_S, body[:60]
        return await sending


@pytest.fixture
async def asked(clone: Clone, db: Database, tenant: UUID) -> AsyncIterator[Asked]:
    key = await bearer(db, tenant)
    async with asking(clone.app_url) as (_, client):
        # Work that is done only once, such as the description of the routes' parameters, is done before.
        await client.post(TOUCHES, content=b"[]", headers=key)
        yield Asked(client, key)


@pytest.mark.slow
async def test_each_bomb_is_refused_while_the_process_answers(asked: Asked) -> None:
    cases = refused_bodies()
    refusals: dict[str, tuple[int, str]] = {}
    for name, (path, headers, body, _) in cases.items():
        assert len(body) <= MAX_BODY_BYTES
        answer = await asked.send(path, headers, body)
        assert answer.json()["cure"].endswith("."), name
        refusals[name] = answer.status_code, answer.json()["code"]
    codes = {400: "body_unreadable", 413: "body_too_large"}
    assert refusals == {name: (case[3], codes[case[3]]) for name, case in cases.items()}


@pytest.mark.slow
async def test_each_large_batch_is_accepted_while_the_process_answers(
    clone: Clone, asked: Asked
) -> None:
    cases = taken_bodies()
    taken: dict[str, list[int]] = {}
    for name, (path, headers, body, _) in cases.items():
        answers = [await asked.send(path, headers, body) for _ in range(2)]
        assert {answer.status_code for answer in answers} == {200}, name
        first, second = [answer.json() for answer in answers]
        taken[name] = [first["accepted"], second["duplicates"]]
        with psycopg.connect(clone.superuser_url) as admin:
            admin.execute("TRUNCATE attribution_events, revenue_ledger, dead_events")
    assert taken == {name: [case[3]] * 2 for name, case in cases.items()}


async def test_ten_thousand_keys_that_are_used_again_are_refused_while_the_process_answers(
    asked: Asked,
) -> None:
    items = numbered(make_conversion())
    await asked.send(CONVERSIONS, {}, orjson.dumps(items))
    other = [item | {"amount_cents": 7} for item in items]
    answer = (await asked.send(CONVERSIONS, {}, orjson.dumps(other))).json()
    assert {fault["code"] for fault in answer["rejected"]} == {"idempotency_key_reused"}
    assert [fault["index"] for fault in answer["rejected"]] == list(range(MAX_ITEMS))


@pytest.mark.parametrize("headers", [{}, NDJSON], ids=["array", "lines"])
async def test_one_item_more_than_ten_thousand_is_refused(
    asked: Asked, headers: dict[str, str]
) -> None:
    items = numbered({}, MAX_ITEMS + 1)
    write = lines if headers else orjson.dumps
    answer = await asked.send(TOUCHES, headers, write(items))
    assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large")
    answer = await asked.send(TOUCHES, headers, write(items[:-1]))
    assert (answer.status_code, len(answer.json()["rejected"])) == (200, MAX_ITEMS)


async def test_items_with_all_fields_and_many_more_are_accepted(asked: Asked) -> None:
    """The limit on values leaves room for three times the known fields."""
    more = {f"x{n}": n for n in range(25)}
    body = orjson.dumps(numbered(FULL | more)[: MAX_ITEMS // 2])
    assert MAX_VALUES // 3 < 2 * body.count(b",") < MAX_VALUES
    assert (await asked.send(TOUCHES, {}, body)).json()["accepted"] == MAX_ITEMS // 2


async def test_a_tenant_whose_bodies_fill_its_share_waits_and_another_does_not(
    clone: Clone, db: Database, tenant: UUID, other_tenant: UUID
) -> None:
    keys = [await bearer(db, each) for each in (tenant, other_tenant)]
    async with asking(clone.app_url) as (app, client):
        held: HeldBytes = app.state.held_bytes
        with held.of(tenant) as holding:
            holding.grow(MAX_HELD_BYTES_OF_TENANT - 10)
            refused, taken = [
                await client.post(TOUCHES, json=[make_touch()], headers=key) for key in keys
            ]
        assert (refused.status_code, refused.json()["code"]) == (429, "too_much_at_once")
        assert int(refused.headers["retry-after"]) >= 1
        assert taken.json()["accepted"] == 1
        again = await client.post(TOUCHES, json=[make_touch()], headers=keys[0])
        assert again.json()["accepted"] == 1


async def test_others_continue_while_a_small_body_is_decompressed() -> None:
    packed, turns = gzip.compress(b"x\n" * (MAX_BODY_BYTES // 2)), 0

    async def receive() -> Message:
        return {"type": "http.request", "body": packed, "more_body": False}

    async def go_on() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    request = Request({"type": "http", "headers": [(b"content-encoding", b"gzip")]}, receive)
    other = asyncio.create_task(go_on())
    body = await read_body(request, Holding(HeldBytes(), UUID(int=0)))
    other.cancel()
    assert len(body) == MAX_BODY_BYTES
    assert turns >= 10


def test_all_bodies_together_have_a_bound_and_released_bytes_are_free_again() -> None:
    held = HeldBytes()
    tenants = [UUID(int=n) for n in range(5)]
    with held.of(tenants[4]) as last:
        for tenant in tenants[:4]:
            held.take(tenant, MAX_HELD_BYTES_OF_TENANT)
            with pytest.raises(TooMuchAtOnce):
                held.take(tenant, 1)
        with pytest.raises(BodiesBusy):
            last.grow(1)
    held = HeldBytes()
    for _ in range(10):
        with held.of(tenants[0]) as holding:
            holding.grow(MAX_HELD_BYTES_OF_TENANT)
    held.take(tenants[1], MAX_HELD_BYTES - 3 * MAX_HELD_BYTES_OF_TENANT)
