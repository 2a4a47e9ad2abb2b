"""Facts that are sent again while they are being taken back are refused, and not answered as stored duplicates."""

from __future__ import annotations

import asyncio
from uuid import UUID

from skeldir.db import share_lock
from skeldir.db.pool import Database
from skeldir.ingest import (
    Target,
    request_undo,
    run_undoing,
    target_of_key,
    target_of_order,
)
from skeldir.rollups import ingest_lock
from tests.conftest import Clone
from tests.support.api import asking, bearer
from tests.support.make import make_conversion, make_touch, send_conversions, send_touches
from tests.support.taking_back import assert_sound
from tests.support.waiting import until_waiting_for_a_lock

ORDERS = [
    make_conversion(idempotency_key=f"c{number}", order_id=f"o{number}", amount_cents=100)
    for number in (1, 2)
]
TOUCHES = [make_touch(idempotency_key=f"t{number}") for number in (1, 2)]
OTHERS = {
    "conversions": make_conversion(idempotency_key="c3", order_id="o3"),
    "touches": make_touch(idempotency_key="t3"),
}


async def begin(db: Database, tenant: UUID, target: Target) -> UUID:
    async with db.tenant(tenant) as connection:
        return await request_undo(
            connection, tenant, target, reason="wrong", requested_by="command:tester"
        )


async def test_what_repeats_a_fact_that_is_being_taken_back_is_refused_and_goes_in_afterwards(
    clone: Clone, db: Database, tenant: UUID
) -> None:
    await send_touches(db, tenant, *TOUCHES, origin="api:wrong")
    await send_conversions(db, tenant, *ORDERS, origin="api:wrong")
    await send_touches(db, tenant, OTHERS["touches"], origin="api:other")
    await send_conversions(db, tenant, OTHERS["conversions"], origin="api:other")
    async with db.tenant(tenant) as connection:
        undoing = await begin(db, tenant, await target_of_key(connection, tenant, "c1"))
    headers = await bearer(db, tenant)
    async with asking(clone.app_url) as (_, client):

        async def post(kind: str, *items: object) -> tuple[int, object]:
            answer = await client.post(f"/v1/{kind}", json=list(items), headers=headers)
            body = answer.json()
            if answer.status_code != 200:
                assert int(answer.headers["retry-after"]) > 0
                return answer.status_code, body["code"]
            return body["accepted"], body["duplicates"]

        refused = (503, "facts_being_taken_back")
        for kind, items in (("conversions", ORDERS), ("touches", TOUCHES)):
            new = make_conversion() if kind == "conversions" else make_touch()
            assert await post(kind, items[0], new) == refused
            assert await post(kind, OTHERS[kind]) == (0, 1)
            assert await post(kind, new, new) == (1, 1)
        assert await post("conversions", ORDERS[0] | {"amount_cents": 5}) == refused
        # One entry a step: the first order is taken back, the second is not.
        await run_undoing(db, tenant, undoing, most=1, deadline=0.0)
        assert await post("conversions", ORDERS[0] | {"amount_cents": 5}) == (1, 0)
        assert await post("conversions", ORDERS[0] | {"amount_cents": 5}) == (0, 1)
        assert await post("conversions", ORDERS[1]) == refused
        await run_undoing(db, tenant, undoing)
        assert await post("conversions", *ORDERS) == (1, 0)
        assert await post("touches", *TOUCHES) == (2, 0)
    async with db.tenant(tenant) as connection:
        standing = await connection.fetch(
            "SELECT business_key, amount_cents FROM standing_entries WHERE order_id IN ('o1', 'o2')"
        )
    assert {(row[0], row[1]) for row in standing} == {("c1", 5), ("c2", 100)}
    await assert_sound(db, tenant)


async def test_an_entry_of_an_order_that_is_being_taken_back_is_refused(
    clone: Clone, db: Database, tenant: UUID
) -> None:
    await send_conversions(db, tenant, *ORDERS, origin="api:wrong")
    await begin(db, tenant, target_of_order("o1"))
    headers = await bearer(db, tenant)
    async with asking(clone.app_url) as (_, client):
        answers = [
            await client.post("/v1/conversions", json=[order], headers=headers) for order in ORDERS
        ]
    assert [answer.status_code for answer in answers] == [503, 200]


async def test_an_undoing_begins_and_ends_only_while_nobody_records_facts(
    db: Database, tenant: UUID
) -> None:
    await send_conversions(db, tenant, *ORDERS, origin="api:wrong")
    async with db.tenant(tenant) as recording:
        await share_lock(recording, ingest_lock(tenant))
        beginning = asyncio.create_task(begin(db, tenant, target_of_order("o1")))
        await until_waiting_for_a_lock(db)
    undoing = await beginning
    async with db.tenant(tenant) as recording:
        await share_lock(recording, ingest_lock(tenant))
        ending = asyncio.create_task(run_undoing(db, tenant, undoing))
        await until_waiting_for_a_lock(db)
        phase = await recording.fetchval("SELECT phase || entries FROM undoings")
        assert phase == "entries1"
    assert (await ending).is_done
