"""`GET /v1/attribution/orders/{order_id}` for orders with thousands of touches or entries."""

from __future__ import annotations

from collections.abc import AsyncIterator
from fractions import Fraction
from uuid import UUID

import httpx2
import pytest

from skeldir.attribution import define_models
from skeldir.attribution.order_facts import MOST_SHOWN
from skeldir.db.pool import Database
from tests.conftest import Clone
from tests.support.loops import longest_stretch
from tests.support.make import at, make_conversion, make_touch, send_conversions, send_touches
from tests.support.reading import forget_before, get, key_of, open_client, settle

pytestmark = pytest.mark.shares_clone

PATH = "/v1/attribution/orders/"


@pytest.fixture
async def client(clone: Clone) -> AsyncIterator[httpx2.AsyncClient]:
    async with open_client(clone) as client:
        yield client


async def test_of_a_long_journey_the_newest_touches_are_shown_and_all_count(
    client: httpx2.AsyncClient, db: Database, tenant: UUID
) -> None:
    touches = [
        make_touch(occurred_at=at(number / 1e6), channel="sms" if number < MOST_SHOWN else "email")
        for number in range(MOST_SHOWN + 7)
    ]
    await send_touches(db, tenant, *touches[7:])
    await send_conversions(db, tenant, make_conversion(order_id="o"))
    key = await key_of(db, tenant)
    order = await get(client, PATH + "o", key)
    assert (len(order["touches"]), order["left_out"]["touches"]) == (MOST_SHOWN, 0)
    await send_touches(db, tenant, *touches[:7])
    await settle(db)
    order = await get(client, PATH + "o", key)
    assert order["left_out"] == {"touches": 7, "entries": 0, "allocations": 0}
    shown = [touch["idempotency_key"] for touch in order["touches"]]
    assert shown == [touch["idempotency_key"] for touch in touches[7:]]
    for version in order["versions"]:
        weights = {touch["place"]: Fraction(touch["weight"]) for touch in version["touches"]}
        assert list(weights) == list(range(MOST_SHOWN))
        earned = {row["channel"]: row["conversion_ppt"] for row in version["allocations"]}
        assert earned == {share["channel"]: share["conversion_ppt"] for share in version["shares"]}
    linear = next(version for version in order["versions"] if version["model"] == "linear")
    shares = {share["channel"]: Fraction(share["weight"]) for share in linear["shares"]}
    assert shares == {
        "sms": Fraction(MOST_SHOWN, MOST_SHOWN + 7),
        "email": Fraction(7, MOST_SHOWN + 7),
    }


@pytest.mark.own_clone
async def test_of_a_long_journey_forgotten_in_part_the_newest_touches_are_shown_and_all_count(
    client: httpx2.AsyncClient, db: Database, tenant: UUID, clone: Clone
) -> None:
    touches = [make_touch(occurred_at=at(number / 1e4)) for number in range(MOST_SHOWN + 7)]
    await send_touches(db, tenant, *touches)
    await send_conversions(db, tenant, make_conversion(order_id="o"))
    await settle(db)
    key = await key_of(db, tenant)
    before = await get(client, PATH + "o", key)
    forget_before(clone, tenant, at(107 / 1e4))
    order = await get(client, PATH + "o", key)
    assert order["left_out"] == before["left_out"]
    assert [touch["is_forgotten"] for touch in order["touches"]] == [True] * 100 + [False] * 900
    ages = [[touch["age_seconds"] for touch in one["touches"]] for one in (order, before)]
    assert ages[0] == ages[1]
    assert order["versions"] == [
        version | {"touches_forgotten": True} for version in before["versions"]
    ]


async def test_an_order_right_after_one_that_a_long_journey_ended_with_earns_nobody_anything(
    client: httpx2.AsyncClient, db: Database, tenant: UUID
) -> None:
    async with db.tenant(tenant) as connection:
        await define_models(connection, tenant, after_conversion="reset")
    touches = [make_touch(occurred_at=at(number / 1e6)) for number in range(MOST_SHOWN)]
    await send_touches(db, tenant, *touches)
    first, second = (
        make_conversion(order_id=name, occurred_at=at(day)) for name, day in (("a", 1), ("o", 2))
    )
    await send_conversions(db, tenant, first, second)
    await settle(db)
    order = await get(client, PATH + "o", await key_of(db, tenant))
    assert len(order["touches"]) == MOST_SHOWN
    assert {row["channel"] for v in order["versions"] for row in v["shares"]} == {"unattributed"}
    assert {row["channel"] for v in order["versions"] for row in v["allocations"]} == {
        "unattributed"
    }


async def test_of_an_order_with_many_entries_the_first_are_shown(
    client: httpx2.AsyncClient, db: Database, tenant: UUID
) -> None:
    entries = [
        make_conversion(order_id="o", occurred_at=at(number / 1e6))
        for number in range(MOST_SHOWN + 3)
    ]
    await send_conversions(db, tenant, *entries)
    await settle(db)
    order = await get(client, PATH + "o", await key_of(db, tenant))
    shown = [entry["business_key"] for entry in order["entries"]]
    assert shown == [entry["idempotency_key"] for entry in entries[:MOST_SHOWN]]
    assert order["left_out"] == {"touches": 0, "entries": 3, "allocations": 3 * 6}
    assert order["balances"][0]["captured_cents"] == 10_000 * len(entries)


async def test_explaining_a_long_journey_does_not_block_the_loop(
    client: httpx2.AsyncClient, db: Database, tenant: UUID
) -> None:
    await send_touches(db, tenant, make_touch())
    async with db.tenant(tenant) as connection:
        await connection.execute(
            """INSERT INTO attribution_events
                   (tenant_id, id, occurred_at, session_id, raw_payload, idempotency_key, journey_key, channel_code,
                    channel_rule)
               SELECT tenant_id, gen_random_uuid(), occurred_at + make_interval(secs => n), session_id, raw_payload,
                      idempotency_key || n, journey_key, channel_code, channel_rule
               FROM attribution_events, generate_series(1, 39999) AS n"""
        )
    await send_conversions(db, tenant, make_conversion(order_id="o"))
    await settle(db)
    key = await key_of(db, tenant)
    async with longest_stretch() as stretch:
        answer = await client.get(PATH + "o", headers=key)
    assert answer.json()["left_out"]["touches"] == 40_000 - MOST_SHOWN
    assert stretch() < 0.05
