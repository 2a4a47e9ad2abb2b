"""Touches that are taken back when they are older than the last forgetting: stored journeys lose them all the same."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from skeldir.audit import audit_tenant
from skeldir.clock import utc_now
from skeldir.db.pool import Database
from skeldir.ingest import (
    CHANNELS,
    add_hosts,
    forget_now,
    request_undo,
    run_undoing,
    target_of_origin,
)
from skeldir.tenants import set_retention
from tests.conftest import Clone
from tests.support.credit import credit_until_complete, sum_by_channel
from tests.support.make import (
    make_conversion,
    make_tenant,
    make_touch,
    send_conversions,
    send_touches,
)
from tests.support.refreshing import superuser_of
from tests.support.taking_back import assert_sound, let_a_day_pass, outcome, redo, undo

KEPT_DAYS = 40
WRONG = "file:wrong"


def ago(days: float) -> str:
    return (utc_now() - timedelta(days=days)).isoformat()


def old(key: str, channel: str | None, days: float, **fields: object) -> dict[str, object]:
    return make_touch(idempotency_key=key, channel=channel, occurred_at=ago(days), **fields)


async def forget(db: Database, tenant: UUID) -> int:
    async with db.tenant(tenant) as connection:
        await set_retention(connection, tenant, KEPT_DAYS)
    return (await forget_now(db, tenant)).touches


async def make_shop(db: Database, name: str, *touches: dict[str, object]) -> UUID:
    """A tenant that forgets, whose order of 30 days ago came in afterwards, with touches too old to be kept."""
    tenant = await make_tenant(db, name)
    await forget(db, tenant)
    for touch in (old("kept", "email", 50), old("new", "sms", 35)):
        await send_touches(db, tenant, touch, origin="file:right")
    await send_touches(db, tenant, *touches, origin=WRONG)
    await send_conversions(db, tenant, make_conversion(order_id="A", occurred_at=ago(30)))
    await credit_until_complete(db, tenant)
    return tenant


async def test_what_is_older_than_the_last_forgetting_earns_nothing_once_it_was_taken_back(
    db: Database,
) -> None:
    wrong = [old("w1", "display", 48), old("w2", "email", 45), old("w3", "display", 34)]
    shop = await make_shop(db, "shop", *wrong)
    before = await sum_by_channel(db, shop)
    assert before.keys() == {"email", "sms", "display"}
    assert (await undo(db, shop, target_of_origin(WRONG))).touches == 3
    await credit_until_complete(db, shop)
    assert await sum_by_channel(db, shop) == {"email": 5_000, "sms": 5_000}
    await assert_sound(db, shop)
    assert (await redo(db, shop, target_of_origin(WRONG))).touches == 3
    await credit_until_complete(db, shop)
    assert await sum_by_channel(db, shop) == before
    await assert_sound(db, shop)


async def test_the_corrected_touches_earn_instead(db: Database) -> None:
    shop = await make_shop(db, "shop", old("w1", "display", 48))
    await undo(db, shop, target_of_origin(WRONG))
    corrected = old("w1", "affiliates", 47)
    for is_credited in (True, False):
        if is_credited:
            await credit_until_complete(db, shop)
        await send_touches(db, shop, corrected, origin="file:corrected")
        await credit_until_complete(db, shop)
        shares = await sum_by_channel(db, shop)
        assert sorted(shares) == ["affiliates", "email", "sms"]
        assert set(shares.values()) <= {3_333, 3_334}
    await assert_sound(db, shop)


async def test_a_restated_touch_of_then_earns_for_its_new_channel(db: Database) -> None:
    shop = await make_shop(db, "shop", old("w1", None, 48, referrer_host="pay.example"))
    assert "referral" in await sum_by_channel(db, shop)
    async with db.tenant(shop) as connection:
        await add_hosts(connection, shop, ["pay.example"], "payment")
        restating = await request_undo(
            connection, shop, CHANNELS, reason="we pay there", requested_by="command:tester"
        )
    await run_undoing(db, shop, restating)
    await credit_until_complete(db, shop)
    assert (await sum_by_channel(db, shop)).keys() == {"email", "sms", "direct"}
    await assert_sound(db, shop)


async def test_an_audit_names_the_order_from_which_a_withdrawn_touch_still_earns(
    clone: Clone, db: Database
) -> None:
    shop = await make_shop(db, "shop", old("w1", "display", 48))
    await undo(db, shop, target_of_origin(WRONG))
    async with superuser_of(clone) as superuser:
        await superuser.execute("DELETE FROM dirty_orders WHERE tenant_id = $1", shop)
    audit = await audit_tenant(db, shop, exact_every=1)
    found = [difference.describe() for check in audit.checks for difference in check.differences]
    assert any("holds other touches" in one and "A" in one for one in found), found


async def test_a_touch_that_was_just_withdrawn_is_not_forgotten_before_it_was_taken_out_of_journeys(
    clone: Clone, db: Database
) -> None:
    shop = await make_tenant(db, "shop")
    await send_touches(db, shop, old("kept", "email", 50), origin="file:right")
    await send_touches(db, shop, old("w1", "display", 45), origin=WRONG)
    await send_conversions(db, shop, make_conversion(order_id="A", occurred_at=ago(30)))
    await credit_until_complete(db, shop)
    async with db.tenant(shop) as connection:
        await set_retention(connection, shop, KEPT_DAYS)
    await undo(db, shop, target_of_origin(WRONG))
    # The forgetting has credited what waited before the undoing, and goes on to delete.
    async with db.tenant(shop) as connection:
        gone = await connection.fetchval("SELECT public.forget_touches(10)")
    assert gone == 1
    await credit_until_complete(db, shop)
    assert await sum_by_channel(db, shop) == {"email": 10_000}
    await let_a_day_pass(clone)
    assert await forget(db, shop) == 1
    await outcome(db, shop)
    assert await sum_by_channel(db, shop) == {"email": 10_000}
    await assert_sound(db, shop)
