"""Batches on a real database with real commits: good items are recorded, bad ones kept, none lost or duplicated."""

from __future__ import annotations

import asyncio
from dataclasses import astuple
from uuid import UUID

import asyncpg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from skeldir.clock import utc_now
from skeldir.db.pool import Database
from skeldir.ingest import receive_conversions, receive_touches
from skeldir.ingest.canonical import hash_journey_key, read_touch
from skeldir.ingest.fields import CONVERSION_FIELDS, TOUCH_FIELDS
from skeldir.ingest.rejections import CURES, UnreadableItem
from skeldir.settings import plain_postgres_url
from skeldir.tenants import load_profile
from tests.conftest import Clone
from tests.support.credit import assert_ledger_is_credited, credit_until_complete, sum_by_channel
from tests.support.hostile import json_items
from tests.support.interleave import HandDriven, by_hand, settle
from tests.support.make import (
    at,
    make_conversion,
    make_tenant,
    make_touch,
    send_conversions,
    send_touches,
)

pytestmark = pytest.mark.shares_clone

BAD_TOUCHES: dict[str, object] = {
    "item_not_an_object": ["touch"],
    "json_invalid": UnreadableItem("json_invalid", "The line is not JSON.", {"bytes": 3}),
    "idempotency_key_missing": make_touch(idempotency_key=None),
    "idempotency_key_invalid": make_touch(idempotency_key="a\x00b"),
    "occurred_at_missing": make_touch(occurred_at=""),
    "occurred_at_invalid": make_touch(occurred_at="yesterday"),
    "occurred_at_without_offset": make_touch(occurred_at="2026-03-01T12:00:00"),
    "occurred_at_in_the_future": make_touch(occurred_at="2999-01-01T00:00:00Z"),
    "occurred_at_too_early": make_touch(occurred_at="1970-01-01T00:00:00Z"),
    "journey_key_missing": make_touch(journey_key=None),
    "journey_key_invalid": make_touch(journey_key=17),
    "channel_unknown": make_touch(channel="carrier_pigeon"),
    "channel_reserved": make_touch(channel="unattributed"),
    "click_ids_invalid": make_touch(click_ids={"gclid": "x"}),
    "field_invalid": make_touch(source="half \ud800"),
    "field_too_long": make_touch(campaign="c" * 301),
}
BAD_CONVERSIONS: dict[str, object] = {
    "item_not_an_object": 12,
    "order_id_missing": make_conversion(order_id=None),
    "order_id_invalid": make_conversion(order_id={}),
    "kind_missing": make_conversion(kind=""),
    "kind_unknown": make_conversion(kind="purchase"),
    "amount_missing": make_conversion(amount_cents=None),
    "amount_invalid": make_conversion(amount_cents="100"),
    "amount_fractional": make_conversion(amount_cents=99.5),
    "amount_negative": make_conversion(amount_cents=-1),
    "amount_zero": make_conversion(amount_cents=0, kind="refund"),
    "amount_too_large": make_conversion(amount_cents=10**40),
    "currency_missing": make_conversion(currency=None),
    "currency_invalid": make_conversion(currency=840),
    "currency_unknown": make_conversion(currency="ABC"),
    "occurred_at_without_offset": make_conversion(occurred_at="2026-03-01 12:00"),
}


STORED_AS_READ = (
    "occurred_at",
    "session_id",
    "channel_code",
    "channel_rule",
    "source",
    "medium",
    "campaign",
    "referrer_host",
    "landing_path",
)


async def count(db: Database, tenant: UUID, query: str) -> int:
    async with db.tenant(tenant) as connection:
        return int(await connection.fetchval(query))


async def count_touches(db: Database, tenant: UUID) -> int:
    return await count(db, tenant, "SELECT count(*) FROM attribution_events")


async def count_entries(db: Database, tenant: UUID) -> int:
    return await count(db, tenant, "SELECT count(*) FROM revenue_ledger")


async def dead_events(db: Database, tenant: UUID) -> list[tuple[str, str, str, str, str]]:
    """Return (item kind, origin, code, detail, cure) of each dead event, by its place."""
    async with db.tenant(tenant) as connection:
        rows = await connection.fetch(
            "SELECT item_kind, origin, code, detail, cure FROM dead_events"
            " ORDER BY item_kind, split_part(origin, ':', 2)::integer"
        )
    return [tuple(row) for row in rows]


@pytest.mark.parametrize("kind", ["touch", "conversion"])
async def test_bad_items_of_every_kind_never_fail_the_batch(
    db: Database, tenant: UUID, kind: str
) -> None:
    bad, make_good, send, count_facts = (
        (BAD_TOUCHES, make_touch, send_touches, count_touches)
        if kind == "touch"
        else (BAD_CONVERSIONS, make_conversion, send_conversions, count_entries)
    )
    # Every second item is good, so that each bad one is between two good ones.
    items = [make_good()]
    for item in bad.values():
        items += [item, make_good()]
    receipt = await send(db, tenant, *items)

    assert [(fault.index, fault.code) for fault in receipt.rejected] == [
        (2 * number + 1, code) for number, code in enumerate(bad)
    ]
    assert all(fault.cure == CURES[fault.code] and fault.detail for fault in receipt.rejected)
    assert (receipt.accepted, receipt.duplicates) == (len(bad) + 1, 0)
    assert await count_facts(db, tenant) == len(bad) + 1
    assert await dead_events(db, tenant) == [
        (kind, f"test:{fault.index}", *astuple(fault)[1:]) for fault in receipt.rejected
    ]


async def test_a_conversion_is_one_entry_and_no_event(db: Database, tenant: UUID) -> None:
    await send_conversions(db, tenant, make_conversion())
    assert (await count_entries(db, tenant), await count_touches(db, tenant)) == (1, 0)


def test_more_than_twenty_kinds_of_rejection_are_tried() -> None:
    assert len(BAD_TOUCHES.keys() | BAD_CONVERSIONS.keys()) > 20


@settings(
    max_examples=30,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    touches=st.lists(json_items(make_touch(), TOUCH_FIELDS), max_size=6),
    conversions=st.lists(json_items(make_conversion(), CONVERSION_FIELDS), max_size=6),
)
async def test_every_item_is_recorded_or_kept_with_its_reason(
    db: Database, touches: list[object], conversions: list[object]
) -> None:
    tenant = await make_tenant(db, "any")
    of_touches = await send_touches(db, tenant, *touches)
    of_conversions = await send_conversions(db, tenant, *conversions)
    for receipt, items in ((of_touches, touches), (of_conversions, conversions)):
        assert receipt.accepted + receipt.duplicates + len(receipt.rejected) == len(items)
        assert min(receipt.accepted, receipt.duplicates) >= 0
    assert await count_touches(db, tenant) == of_touches.accepted
    assert await count_entries(db, tenant) == of_conversions.accepted
    kept = await dead_events(db, tenant)
    assert [letter[2] for letter in kept if letter[0] == "touch"] == [
        fault.code for fault in of_touches.rejected
    ]
    assert [letter[2] for letter in kept if letter[0] == "conversion"] == [
        fault.code for fault in of_conversions.rejected
    ]
    await credit_until_complete(db, tenant)
    await assert_ledger_is_credited(db, tenant)


optional_texts = st.none() | st.text(st.characters(exclude_categories=("Cc", "Cs")), max_size=20)
touches_with_or_without = st.fixed_dictionaries(
    {
        "journey_key": st.sampled_from(["a", "ключ", "x" * 500]),
        "occurred_at": st.sampled_from(
            ["2026-03-01T12:00:00.000001Z", "2026-03-01T12:00:00+05:30"]
        ),
        "session_id": optional_texts,
        "source": optional_texts,
        "medium": optional_texts,
        "campaign": optional_texts,
        "referrer_host": optional_texts,
        "landing_path": optional_texts,
        "click_ids": st.lists(st.sampled_from(["gclid", "fbclid"]), max_size=2),
        "channel": st.sampled_from([None, "sms"]),
    }
)


@settings(
    max_examples=30,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(st.lists(touches_with_or_without, max_size=6))
async def test_every_touch_is_stored_field_by_field_as_it_was_read(
    db: Database, changes: list[dict[str, object]]
) -> None:
    tenant = await make_tenant(db, "any")
    items = [make_touch(**change) for change in changes]
    await send_touches(db, tenant, *items)
    async with db.tenant(tenant) as connection:
        profile = await load_profile(connection, tenant)
        stored = await connection.fetch("SELECT * FROM attribution_events")
    assert len(stored) == len(items)
    rows = {row["idempotency_key"]: row for row in stored}
    for item in items:
        touch = read_touch(item, now=utc_now(), own_channels=frozenset())
        row = rows[touch.idempotency_key]
        assert row["journey_key"] == hash_journey_key(profile.journey_secret, touch.journey_key)
        assert tuple(row["click_id_kinds"] or ()) == touch.click_id_kinds
        for name in STORED_AS_READ:
            assert row[name] == getattr(touch, name)


async def test_an_empty_batch_is_accepted(db: Database, tenant: UUID) -> None:
    for receipt in (await send_touches(db, tenant), await send_conversions(db, tenant)):
        assert (receipt.accepted, receipt.duplicates, len(receipt.rejected)) == (0, 0, 0)


async def test_a_repeated_delivery_is_recorded_once(db: Database, tenant: UUID) -> None:
    touches = [make_touch(), make_touch(source=1), make_touch()]
    conversions = [make_conversion(), make_conversion(currency="usd")]
    first = (
        await send_touches(db, tenant, *touches),
        await send_conversions(db, tenant, *conversions),
    )
    await credit_until_complete(db, tenant)
    kept = await dead_events(db, tenant)
    again = (
        await send_touches(db, tenant, *touches),
        await send_conversions(db, tenant, *conversions),
    )

    assert [(receipt.accepted, receipt.duplicates) for receipt in first] == [(2, 0), (1, 0)]
    assert [(receipt.accepted, receipt.duplicates) for receipt in again] == [(0, 2), (0, 1)]
    assert [receipt.rejected for receipt in again] == [receipt.rejected for receipt in first]
    assert (await count_touches(db, tenant), await count_entries(db, tenant)) == (2, 1)
    assert await dead_events(db, tenant) == kept
    assert len(kept) == 2
    assert await count(db, tenant, "SELECT count(*) FROM dirty_orders") == 0


async def test_the_same_item_twice_in_a_batch_is_one_duplicate(db: Database, tenant: UUID) -> None:
    touch, conversion = make_touch(), make_conversion()
    for receipt in (
        await send_touches(db, tenant, touch, touch),
        await send_conversions(db, tenant, conversion, conversion),
    ):
        assert (receipt.accepted, receipt.duplicates, len(receipt.rejected)) == (1, 1, 0)


async def test_the_same_instant_with_another_offset_is_the_same_conversion(
    db: Database, tenant: UUID
) -> None:
    conversion = make_conversion(occurred_at="2026-03-01T12:00:00Z")
    elsewhere = conversion | {"occurred_at": "2026-03-01T17:30:00+05:30"}
    await send_conversions(db, tenant, conversion)
    receipt = await send_conversions(db, tenant, elsewhere, elsewhere)
    assert (receipt.accepted, receipt.duplicates, len(receipt.rejected)) == (0, 2, 0)


async def test_an_item_that_reuses_a_key_for_other_content_is_rejected_and_kept(
    db: Database, tenant: UUID
) -> None:
    changes: list[dict[str, object]] = [
        {"amount_cents": 9_999},
        {"currency": "EUR"},
        {"order_id": "another"},
        {"kind": "refund"},
        {"occurred_at": at(2)},
        {"journey_key": "another"},
    ]
    for number, change in enumerate(changes):
        first = make_conversion()
        in_one_batch = await send_conversions(
            db, tenant, first, first | change, origin=f"one-{number}"
        )
        in_another = await send_conversions(
            db, tenant, make_conversion(), first | change, origin=f"two-{number}"
        )
        for receipt in (in_one_batch, in_another):
            assert receipt.accepted == 1
            assert [(fault.index, fault.code) for fault in receipt.rejected] == [
                (1, "idempotency_key_reused")
            ]
    assert await count_entries(db, tenant) == 2 * len(changes)
    assert {letter[1:3] for letter in await dead_events(db, tenant)} == {
        (f"{batch}-{number}:1", "idempotency_key_reused")
        for batch in ("one", "two")
        for number in range(len(changes))
    }


async def test_duplicates_of_an_item_with_a_reused_key_are_rejected_with_it(
    db: Database, tenant: UUID
) -> None:
    known = make_conversion()
    await send_conversions(db, tenant, known)
    other = known | {"amount_cents": 1}
    receipt = await send_conversions(db, tenant, other, make_conversion(), other, known)
    assert (receipt.accepted, receipt.duplicates) == (1, 0)
    assert [fault.index for fault in receipt.rejected] == [0, 2, 3]
    assert {letter[1] for letter in await dead_events(db, tenant)} == {
        "test:0", "test:2", "test:3"
    }  # fmt: skip


async def test_places_of_a_later_part_of_a_delivery_continue_the_count(
    db: Database, tenant: UUID
) -> None:
    async with db.tenant(tenant) as connection:
        profile = await load_profile(connection, tenant)
        batch = [make_touch(), make_touch(channel="?")]
        touches = await receive_touches(
            connection, profile, batch, origin="file", places=range(1_000, 1_000 + len(batch))
        )
        entries = [make_conversion(currency="?"), make_conversion()]
        conversions = await receive_conversions(
            connection, profile, entries, origin="file", places=range(2_000, 2_000 + len(entries))
        )
    assert [fault.index for fault in [*touches.rejected, *conversions.rejected]] == [1_001, 2_000]
    assert [letter[1] for letter in await dead_events(db, tenant)] == ["file:2000", "file:1001"]


async def test_two_tenants_may_use_the_same_keys(
    db: Database, tenant: UUID, other_tenant: UUID
) -> None:
    touch, order, bad = make_touch(), make_conversion(), make_conversion(amount_cents=1.5)
    for owner in (tenant, other_tenant):
        assert (await send_touches(db, owner, touch)).accepted == 1
        assert (await send_conversions(db, owner, order, bad)).accepted == 1
    for owner in (tenant, other_tenant):
        assert (await count_touches(db, owner), await count_entries(db, owner)) == (1, 1)
        assert len(await dead_events(db, owner)) == 1
        await credit_until_complete(db, owner)
        assert await sum_by_channel(db, owner) == {"email": 10_000}


async def test_a_journey_is_stored_only_as_a_hash_that_differs_from_tenant_to_tenant(
    db: Database, tenant: UUID, other_tenant: UUID
) -> None:
    stored = []
    for owner in (tenant, other_tenant):
        await send_touches(db, owner, make_touch(journey_key="visitor-jane"))
        await send_conversions(db, owner, make_conversion(journey_key="visitor-jane"))
        async with db.tenant(owner) as connection:
            profile = await load_profile(connection, owner)
            (touch,) = await connection.fetch("SELECT * FROM attribution_events")
            (entry,) = await connection.fetch("SELECT * FROM revenue_ledger")
        assert "visitor-jane" not in repr([*touch.values(), *entry.values()])
        hashed = hash_journey_key(profile.journey_secret, "visitor-jane")
        assert touch["journey_key"] == entry["journey_key"] == hashed
        stored.append(hashed)
    assert stored[0] != stored[1]


@pytest.mark.own_clone
@pytest.mark.parametrize("kind", ["touch", "conversion"])
async def test_deliveries_that_overlap_in_another_order_wait_and_never_deadlock(
    clone: Clone, db: Database, tenant: UUID, kind: str
) -> None:
    make, receive = (
        (make_touch, receive_touches) if kind == "touch" else (make_conversion, receive_conversions)
    )
    one_end, middle, other_end = make(), make(), make()
    watcher = await asyncpg.connect(plain_postgres_url(clone.superuser_url))
    try:
        async with (
            by_hand(db, tenant) as holder,
            by_hand(db, tenant) as forward,
            by_hand(db, tenant) as backward,
        ):
            profile = await load_profile(holder.connection, tenant)

            async def take(actor: HandDriven, *items: object) -> None:
                await receive(actor.connection, profile, items, origin="test")
                await actor.commit()

            # With the middle locked, a delivery stops half-way, holding the keys before it.
            await receive(holder.connection, profile, [middle], origin="test")
            await forward.begin(lambda: take(forward, one_end, middle, other_end))
            await backward.begin(lambda: take(backward, other_end, middle, one_end))
            assert len(await settle(watcher, forward, backward)) == 2
            await holder.commit()
            await asyncio.gather(forward.finish(), backward.finish())
    finally:
        await watcher.close()
    assert await (count_touches if kind == "touch" else count_entries)(db, tenant) == 3
