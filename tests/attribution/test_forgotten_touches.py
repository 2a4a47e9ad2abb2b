"""Credit whose touches were forgotten: journeys stay, and credit is the same as if the touches still existed."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from skeldir.attribution import RULE_MODELS, ModelVersion, define_models, retain_touches
from skeldir.attribution.models import ModelVersionInvalid
from skeldir.clock import utc_now
from skeldir.db.pool import Database
from skeldir.tenants import RetentionInvalid, load_retention
from tests.support.credit import (
    CreditRow,
    assert_ledger_is_credited,
    credit_until_complete,
    read_credits,
    rebuild_credits,
    sum_by_channel,
)
from tests.support.make import (
    make_conversion,
    make_tenant,
    make_touch,
    send_conversions,
    send_touches,
)
from tests.support.waiting import until_waiting_for_a_lock

pytestmark = pytest.mark.shares_clone

NOON = datetime(2025, 6, 30, 12, tzinfo=UTC)
NAMESPACE = UUID(int=0x52)
VERSIONS = [ModelVersion(f"{model}@1", model) for model in RULE_MODELS]
WHOLE = 10**12
KEPT_DAYS = 40


def ago(days: float) -> str:
    return (utc_now() - timedelta(days=days)).isoformat()


async def keep_touches(db: Database, tenant: UUID, days: int | None) -> None:
    async with db.tenant(tenant) as connection:
        await retain_touches(connection, tenant, days)


async def forget(db: Database, tenant: UUID, days: int = KEPT_DAYS) -> int:
    await keep_touches(db, tenant, days)
    async with db.tenant(tenant) as connection:
        gone: int = await connection.fetchval("SELECT public.forget_touches(10000)")
    return gone


def refund_of(order_id: str, cents: int, **fields: object) -> dict[str, object]:
    return make_conversion(
        order_id=order_id, kind="refund", amount_cents=cents, occurred_at=ago(1), **fields
    )


async def make_old_order(db: Database, tenant: UUID, cents: int = 1_001) -> list[CreditRow]:
    """An order of 50 days ago, with three touches before it, credited."""
    for number, channel in enumerate(["email", "sms", "display"]):
        await send_touches(
            db, tenant, make_touch(channel=channel, occurred_at=ago(60 - number)), origin=channel
        )
    await send_conversions(
        db, tenant, make_conversion(order_id="old", amount_cents=cents, occurred_at=ago(50))
    )
    await credit_until_complete(db, tenant)
    return await read_credits(db, tenant)


async def test_forgetting_and_rebuilding_leave_the_credit_as_it_was(
    db: Database, tenant: UUID
) -> None:
    before = await make_old_order(db, tenant)
    assert await forget(db, tenant) == 3
    assert await rebuild_credits(db, tenant) == before
    await assert_ledger_is_credited(db, tenant)


async def test_a_late_refund_follows_the_split_of_forgotten_touches(
    db: Database, tenant: UUID
) -> None:
    before = await make_old_order(db, tenant)
    await forget(db, tenant)
    await send_conversions(db, tenant, refund_of("old", 500))
    await credit_until_complete(db, tenant)
    after = await read_credits(db, tenant)
    assert set(before) < set(after)
    assert await sum_by_channel(db, tenant) == {"display": 167, "email": 167, "sms": 167}
    await send_conversions(db, tenant, refund_of("old", 501))
    await credit_until_complete(db, tenant)
    assert await sum_by_channel(db, tenant) == {"display": 0, "email": 0, "sms": 0}
    assert await rebuild_credits(db, tenant) == await read_credits(db, tenant)


async def test_a_touch_that_is_sent_again_after_it_was_forgotten_earns_no_more(
    db: Database, tenant: UUID
) -> None:
    before = await make_old_order(db, tenant)
    await forget(db, tenant)
    again = make_touch(channel="paid_search", occurred_at=ago(55))
    assert (await send_touches(db, tenant, again)).accepted == 1
    assert (await credit_until_complete(db, tenant)).orders == 1
    assert await read_credits(db, tenant) == before


async def test_an_order_without_earlier_credit_is_credited_from_the_remaining_touches(
    db: Database, tenant: UUID
) -> None:
    await send_touches(
        db,
        tenant,
        make_touch(occurred_at=ago(50)),
        make_touch(channel="sms", occurred_at=ago(30)),
    )
    assert await forget(db, tenant) == 1
    await send_conversions(db, tenant, make_conversion(occurred_at=ago(25)))
    await credit_until_complete(db, tenant)
    assert await sum_by_channel(db, tenant) == {"sms": 10_000}
    await assert_ledger_is_credited(db, tenant)


async def test_an_order_none_of_whose_touches_are_forgotten_still_gains_from_late_touches(
    db: Database, tenant: UUID
) -> None:
    await send_touches(db, tenant, make_touch(occurred_at=ago(5)))
    await send_conversions(db, tenant, make_conversion(occurred_at=ago(1)))
    await credit_until_complete(db, tenant)
    await forget(db, tenant)
    await send_touches(db, tenant, make_touch(channel="sms", occurred_at=ago(4)))
    await credit_until_complete(db, tenant)
    assert await sum_by_channel(db, tenant) == {"email": 5_000, "sms": 5_000}


async def test_a_shorter_lookback_and_then_the_longer_one_again_still_count_the_forgotten_touches(
    db: Database, tenant: UUID
) -> None:
    await make_old_order(db, tenant)
    await forget(db, tenant, days=55)
    async with db.tenant(tenant) as connection:
        await define_models(connection, tenant, lookback_days=4)
    await send_touches(db, tenant, make_touch(channel="paid_search", occurred_at=ago(51)))
    await credit_until_complete(db, tenant)
    assert await sum_by_channel(db, tenant) == {"paid_search": 1_001}
    async with db.tenant(tenant) as connection:
        await define_models(connection, tenant, lookback_days=30)
    await credit_until_complete(db, tenant)
    assert await sum_by_channel(db, tenant) == {
        "display": 251,
        "email": 250,
        "paid_search": 250,
        "sms": 250,
    }
    await assert_ledger_is_credited_by_active_versions(db, tenant)


async def assert_ledger_is_credited_by_active_versions(db: Database, tenant: UUID) -> None:
    totals: dict[str, int] = defaultdict(int)
    for row in await read_credits(db, tenant):
        totals[row[1]] += row[6]
    assert set(totals.values()) == {1_001}
    assert len(totals) == len(RULE_MODELS)


async def test_a_longer_retention_restores_no_touch_and_keeps_the_credit(
    db: Database, tenant: UUID
) -> None:
    before = await make_old_order(db, tenant)
    await forget(db, tenant)
    await keep_touches(db, tenant, None)
    assert await rebuild_credits(db, tenant) == before


async def test_whatever_happens_later_is_credited_as_if_no_touch_had_been_forgotten(
    db: Database,
) -> None:
    """Two tenants get the same facts, and one forgets: refunds, disputes, an earlier capture, other models."""
    forgetful, other = await make_tenant(db, "forgetful"), await make_tenant(db, "other")

    async def send(*conversions: dict[str, object]) -> None:
        for tenant in (forgetful, other):
            await send_conversions(db, tenant, *conversions)

    async def change_models(**parameters: object) -> None:
        for tenant in (forgetful, other):
            async with db.tenant(tenant) as connection:
                await define_models(connection, tenant, **parameters)  # type: ignore[arg-type]

    async def compare() -> None:
        for tenant in (forgetful, other):
            await credit_until_complete(db, tenant)
            await assert_ledger_is_credited(db, tenant)
        expected = await read_credits(db, other)
        assert expected
        assert await read_credits(db, forgetful) == expected

    touches = [
        make_touch(channel=channel, occurred_at=ago(75 - 3 * number))
        for number, channel in enumerate(["email", "sms", "direct", "email", "display", "sms"])
    ]
    for tenant in (forgetful, other):
        await send_touches(db, tenant, *touches)
    await send(
        make_conversion(order_id="first", amount_cents=333, occurred_at=ago(66)),
        make_conversion(order_id="old", amount_cents=1_001, occurred_at=ago(50)),
    )
    await change_models(after_conversion="reset")
    await compare()
    assert await forget(db, forgetful) == len(touches)
    await send(refund_of("old", 300))
    await compare()
    await send(
        make_conversion(order_id="old", kind="dispute", amount_cents=701, occurred_at=ago(2))
    )
    await compare()
    await change_models(after_conversion="keep")
    await compare()
    await change_models(lookback_days=9)
    await compare()
    await change_models(lookback_days=30, half_life_days=2)
    await compare()
    await send(make_conversion(order_id="old", amount_cents=77, occurred_at=ago(59)))
    await compare()
    await change_models(after_conversion="reset")
    await compare()


@pytest.mark.parametrize("is_refunded_meanwhile", [False, True])
async def test_touches_forgotten_while_outside_every_lookback_are_not_lost(
    db: Database, tenant: UUID, other_tenant: UUID, is_refunded_meanwhile: bool
) -> None:
    refund = refund_of("old", 300)
    found = []
    for owner, is_forgetful in ((tenant, True), (other_tenant, False)):
        for channel, days in (("email", 60), ("sms", 50), ("display", 42)):
            await send_touches(
                db, owner, make_touch(channel=channel, occurred_at=ago(days)), origin=channel
            )
        capture = make_conversion(order_id="old", amount_cents=900, occurred_at=ago(40))
        await send_conversions(db, owner, capture)
        await credit_until_complete(db, owner)
        if is_forgetful:
            await forget(db, owner, days=55)
        for days in (5, 30):
            async with db.tenant(owner) as connection:
                await define_models(connection, owner, lookback_days=days)
            await credit_until_complete(db, owner)
            if days == 5 and is_refunded_meanwhile:
                await send_conversions(db, owner, refund)
                await credit_until_complete(db, owner)
            if days == 5 and is_forgetful:
                await forget(db, owner, days=30)
                await keep_touches(db, owner, None)
        if not is_refunded_meanwhile:
            await send_conversions(db, owner, refund)
            await credit_until_complete(db, owner)
        await assert_ledger_is_credited(db, owner)
        found.append(await sum_by_channel(db, owner))
    assert found == [{"email": 200, "sms": 200, "display": 200}] * 2


@settings(
    max_examples=20,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    channels=st.lists(st.sampled_from(["email", "sms", "display"]), min_size=1, max_size=4),
    parts=st.lists(st.integers(1, 400), min_size=1, max_size=4),
    runs=st.lists(st.booleans(), min_size=4, max_size=4),
)
async def test_refunds_after_forgetting_are_exact_in_any_parts(
    db: Database, channels: list[str], parts: list[int], runs: list[bool]
) -> None:
    tenant = await make_tenant(db, "any")
    await send_touches(
        db,
        tenant,
        *(
            make_touch(channel=channel, occurred_at=ago(75 - n), idempotency_key=f"t{n}")
            for n, channel in enumerate(channels)
        ),
    )
    await send_conversions(
        db,
        tenant,
        make_conversion(order_id="old", amount_cents=sum(parts), occurred_at=ago(50)),
    )
    await credit_until_complete(db, tenant)
    assert await forget(db, tenant) == len(channels)
    for number, (part, is_run) in enumerate(zip(parts, runs, strict=False)):
        moment = ago(50 - 60 * number % 49)
        await send_conversions(
            db, tenant, refund_of("old", part) | {"occurred_at": moment}, origin=f"r{number}"
        )
        if is_run:
            await credit_until_complete(db, tenant)
            await assert_ledger_is_credited(db, tenant)
    await credit_until_complete(db, tenant)
    await assert_ledger_is_credited(db, tenant)
    for model in RULE_MODELS:
        assert set((await sum_by_channel(db, tenant, model)).values()) == {0}


async def test_touches_cannot_be_kept_for_less_than_a_model_looks_back(
    db: Database, tenant: UUID
) -> None:
    with pytest.raises(RetentionInvalid, match="look"):
        await keep_touches(db, tenant, 29)
    with pytest.raises(RetentionInvalid):
        await keep_touches(db, tenant, 0)
    await keep_touches(db, tenant, 30)
    async with db.tenant(tenant) as connection:
        await define_models(connection, tenant, lookback_days=10)
    await keep_touches(db, tenant, 10)
    async with db.tenant(tenant) as connection:
        assert (await load_retention(connection, tenant)).touch_days == 10


async def test_a_model_cannot_look_back_further_than_touches_are_kept(
    db: Database, tenant: UUID
) -> None:
    await keep_touches(db, tenant, 30)
    with pytest.raises(ModelVersionInvalid, match="kept for 30 days"):
        async with db.tenant(tenant) as connection:
            await define_models(connection, tenant, lookback_days=31)
    await keep_touches(db, tenant, None)
    async with db.tenant(tenant) as connection:
        await define_models(connection, tenant, lookback_days=31)


async def test_a_longer_lookback_and_a_shorter_retention_at_the_same_time_cannot_both_succeed(
    db: Database, tenant: UUID
) -> None:
    async with db.tenant(tenant) as connection:
        await define_models(connection, tenant, lookback_days=60)
        shorter = asyncio.create_task(keep_touches(db, tenant, 45))
        await until_waiting_for_a_lock(db)
        assert not shorter.done()
    with pytest.raises(RetentionInvalid):
        await shorter
