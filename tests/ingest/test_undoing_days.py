"""What is taken back or put back leaves and enters the days of the tenant's zone, whenever the zone changes."""

from __future__ import annotations

from datetime import date
from uuid import UUID

import pytest

from skeldir.db.pool import Database
from skeldir.ingest import preview_undo, target_of_origin
from tests.conftest import Clone
from tests.support.make import at, make_conversion, send_conversions
from tests.support.mistakes import MISTAKE, make_shop, send_mistake
from tests.support.refreshing import superuser_of
from tests.support.rolled_up import read_rollups
from tests.support.taking_back import assert_sound, outcome, redo, undo
from tests.support.zones import set_zone

# The facts of the shop are of noon and midnight, UTC: here of 2 in the morning and in the afternoon of the next day.
FAR = "Pacific/Kiritimati"


async def shown_money(clone: Clone, tenant: UUID) -> dict[str, object]:
    async with superuser_of(clone) as superuser:
        rollups = await read_rollups(superuser, tenant)
    return {name: rollups[name] for name in ("revenue", "orders", "total")}


@pytest.mark.parametrize("is_settled", [True, False])
async def test_a_change_of_zone_moves_no_money_that_was_taken_back(
    clone: Clone, db: Database, is_settled: bool
) -> None:
    shop, twin = await make_shop(db, "shop"), await make_shop(db, "twin")
    of_utc = await outcome(db, twin)
    await send_mistake(db, shop)
    latest = make_conversion(order_id="E", occurred_at=at(12))
    await send_conversions(db, shop, latest, origin=MISTAKE)
    await outcome(db, shop)
    await undo(db, shop, target_of_origin(MISTAKE))
    if is_settled:
        assert await outcome(db, shop) == of_utc
    for tenant in (shop, twin):
        assert await set_zone(db, tenant, FAR)
    # At once, before any roll-up.
    assert await shown_money(clone, shop) == await shown_money(clone, twin)
    right = await outcome(db, twin)
    assert {row[0] for row in right["days"]}.isdisjoint(row[0] for row in of_utc["days"])
    assert await outcome(db, shop) == right
    await assert_sound(db, shop)


async def test_what_is_put_back_and_taken_back_again_moves_on_the_days_of_the_new_zone(
    db: Database,
) -> None:
    shop, twin = await make_shop(db, "shop"), await make_shop(db, "twin")
    await send_mistake(db, shop)
    await undo(db, shop, target_of_origin(MISTAKE))
    for tenant in (shop, twin):
        await set_zone(db, tenant, FAR)
    right = await outcome(db, twin)
    await send_mistake(db, twin)
    await redo(db, shop, target_of_origin(MISTAKE))
    assert await outcome(db, shop) == await outcome(db, twin) != right
    await undo(db, shop, target_of_origin(MISTAKE))
    assert await outcome(db, shop) == right
    await assert_sound(db, shop)


async def test_a_preview_shows_the_months_of_the_tenants_zone(db: Database, tenant: UUID) -> None:
    item = make_conversion(occurred_at="2026-06-30T22:30:00Z", amount_cents=700)
    await send_conversions(db, tenant, item, origin=MISTAKE)
    months = {}
    for zone in ("UTC", "Europe/Berlin"):
        await set_zone(db, tenant, zone)
        async with db.tenant(tenant, is_read_only=True) as connection:
            preview = await preview_undo(connection, tenant, target_of_origin(MISTAKE))
        assert preview.time_zone == zone
        months[zone] = dict(preview.money)
    assert months == {
        "UTC": {("USD", date(2026, 6, 1), "capture"): -700},
        "Europe/Berlin": {("USD", date(2026, 7, 1), "capture"): -700},
    }
