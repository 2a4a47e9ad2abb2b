"""Corrections of touches that are forgotten, or erased with a person, go with them; the credit stays."""

from __future__ import annotations

from datetime import timedelta

from skeldir.attribution import retain_touches
from skeldir.clock import utc_now
from skeldir.db.pool import Database
from skeldir.inbox import erase_journey
from skeldir.ingest import forget_now, list_corrections, list_undoings
from tests.conftest import Clone
from tests.ingest.test_correcting import correct, credit_of, revoke, sums_of, trial
from tests.spend.test_own_rules_of_spend import make_shop, visit
from tests.support.audited import settle
from tests.support.make import make_conversion, send_conversions, send_touches
from tests.support.taking_back import assert_sound, let_a_day_pass


async def test_a_correction_goes_when_its_touch_is_forgotten_and_the_credit_stays(
    db: Database, clone: Clone
) -> None:
    shop = await make_shop(db, "shop")
    moment = utc_now() - timedelta(days=60)
    for key, days in (("old", 0), ("late", 25)):
        sent = visit(key, 0, source="g", medium="cpc")
        when = (moment + timedelta(days=days)).isoformat()
        await send_touches(db, shop, sent | {"occurred_at": when})
    ordered = (moment + timedelta(days=26)).isoformat()
    await send_conversions(db, shop, make_conversion(order_id="A", occurred_at=ordered))
    await correct(db, shop, "old", "affiliates")
    await correct(db, shop, "late", "audio")
    credit = await credit_of(db, shop)
    await let_a_day_pass(clone)
    async with db.tenant(shop) as connection:
        await retain_touches(connection, shop, 40)
    assert (await forget_now(db, shop)).touches == 2
    async with db.tenant(shop) as connection:
        assert [one.touch for one in await list_corrections(connection, shop)] == ["late"]
    refund = make_conversion(
        order_id="A",
        idempotency_key="r",
        kind="refund",
        amount_cents=1,
        occurred_at=utc_now().isoformat(),
    )
    await send_conversions(db, shop, refund)
    assert (await credit_of(db, shop)).keys() == credit.keys()
    await assert_sound(db, shop)


async def test_a_late_touch_from_before_the_last_forgetting_is_corrected_as_its_dry_run_says(
    db: Database,
) -> None:
    shop = await make_shop(db, "shop")

    def old(key: str, days: float, medium: str) -> dict[str, object]:
        moment = utc_now() - timedelta(days=days)
        return visit(key, 0, source="g", medium=medium) | {"occurred_at": moment.isoformat()}

    await send_touches(db, shop, old("forgotten", 45, "cpc"), old("kept", 30, "cpc"))
    ordered = (utc_now() - timedelta(days=25)).isoformat()
    await send_conversions(
        db, shop, make_conversion(order_id="A", occurred_at=ordered, amount_cents=1_001)
    )
    await settle(db, shop)
    async with db.tenant(shop) as connection:
        await retain_touches(connection, shop, 40)
    assert (await forget_now(db, shop)).touches == 1
    await send_touches(db, shop, old("late", 44, "cpc"))
    credit = await credit_of(db, shop)
    found = await trial(db, shop, "late", "affiliates")
    assert found.orders_moved == 1
    done = await correct(db, shop, "late", "affiliates")
    corrected = await credit_of(db, shop)
    assert (sums_of(found, "now"), sums_of(found, "then")) == (credit, corrected)
    found = await trial(db, shop, done.id)
    await revoke(db, shop, done.id)
    assert await credit_of(db, shop) == sums_of(found, "then")
    assert sums_of(found, "now") == corrected
    await assert_sound(db, shop)


async def test_corrections_of_an_erased_person_s_touches_go_and_the_credit_stays(
    db: Database,
) -> None:
    shop = await make_shop(db, "shop")
    for person in ("jane", "john"):
        await send_touches(db, shop, visit(person, 0, medium="cpc", journey_key=person))
        await send_conversions(db, shop, make_conversion(order_id=person, journey_key=person))
        await correct(db, shop, person, "affiliates")
    credit = await credit_of(db, shop)
    await erase_journey(db, shop, "jane", reason="asked for", requested_by="test")
    async with db.tenant(shop) as connection:
        assert [one.touch for one in await list_corrections(connection, shop)] == ["john"]
        kept = await list_undoings(connection, shop)
    assert [one.target_kind for one in kept] == ["correction", "correction"]
    assert await credit_of(db, shop) == credit
    await assert_sound(db, shop)
