"""Changed models are credited from the stored journeys, once each, whatever happens at the same time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from uuid import UUID

import psycopg
import pytest

from skeldir.attribution import define_models, runs
from skeldir.attribution.bounds import BOUNDS
from skeldir.attribution.restating import Restated, restate_page
from skeldir.attribution.runs import credit_dirty_orders
from skeldir.db.pool import Database
from tests.conftest import Clone
from tests.support.credit import (
    assert_ledger_is_credited,
    assert_sums_are_of_credits,
    count_dirty,
    credit_until_complete,
    read_credits,
    rebuild_credits,
    sum_by_channel,
)
from tests.support.make import at, make_conversion, make_touch, send_conversions, send_touches

pytestmark = pytest.mark.shares_clone

FEW_AT_ONCE = replace(BOUNDS, orders_of_restatement=2)
ORDERS = 5


@pytest.fixture
async def shop(db: Database, tenant: UUID) -> UUID:
    """Five credited orders of five people, with touches 12, 8 and 2 days before."""
    for number in range(ORDERS):
        key = f"visitor-{number}"
        await send_touches(
            db,
            tenant,
            *(
                make_touch(journey_key=key, channel=channel, occurred_at=at(-days))
                for channel, days in (("email", 12), ("sms", 8), ("direct", 2))
            ),
        )
        await send_conversions(
            db,
            tenant,
            make_conversion(order_id=f"order-{number}", journey_key=key, occurred_at=at(0)),
        )
    await credit_until_complete(db, tenant)
    return tenant


async def change(db: Database, tenant: UUID, **parameters: object) -> None:
    async with db.tenant(tenant) as connection:
        await define_models(connection, tenant, **parameters)  # type: ignore[arg-type]


@pytest.fixture
def without_touches(clone: Clone, shop: UUID) -> Iterator[UUID]:
    """The shop, where reading a touch fails."""
    with psycopg.connect(clone.superuser_url, autocommit=True) as admin:
        admin.execute("REVOKE SELECT ON attribution_events FROM app_user")
        yield shop
        admin.execute("GRANT SELECT ON attribution_events TO app_user")


@pytest.mark.own_clone
async def test_a_shorter_lookback_is_credited_without_reading_a_touch(
    db: Database, without_touches: UUID
) -> None:
    shop = without_touches
    await change(db, shop, lookback_days=10)
    assert await count_dirty(db, shop) == ORDERS
    report = await credit_until_complete(db, shop)
    assert report.orders == ORDERS
    assert await sum_by_channel(db, shop) == {"sms": 25_000, "direct": 25_000}
    await assert_ledger_is_credited(db, shop)
    assert await count_dirty(db, shop) == 0


async def test_a_longer_lookback_is_credited_from_the_touches(db: Database, shop: UUID) -> None:
    await change(db, shop, lookback_days=9)
    await credit_until_complete(db, shop)
    await rebuild_credits(db, shop)  # which stores no more than nine days
    await change(db, shop, lookback_days=20)
    await credit_until_complete(db, shop)
    assert await sum_by_channel(db, shop, "first_touch") == {"email": 50_000}
    await assert_ledger_is_credited(db, shop)


async def test_models_that_start_to_reset_read_the_previous_conversion(
    db: Database, shop: UUID
) -> None:
    await send_conversions(
        db, shop, make_conversion(journey_key="visitor-0", order_id="before", occurred_at=at(-5))
    )
    await credit_until_complete(db, shop)
    await change(db, shop, after_conversion="reset")
    await credit_until_complete(db, shop)
    first = await sum_by_channel(db, shop, "first_touch")
    assert first == {"email": 50_000, "direct": 10_000}
    await assert_ledger_is_credited(db, shop)


async def test_a_version_in_force_again_is_credited_once(db: Database, shop: UUID) -> None:
    before = await read_credits(db, shop)
    await change(db, shop, lookback_days=5)
    await credit_until_complete(db, shop)
    await change(db, shop)
    await credit_until_complete(db, shop)
    assert await read_credits(db, shop) == before
    await assert_ledger_is_credited(db, shop)


async def test_successive_changes_are_each_completed(db: Database, shop: UUID) -> None:
    """Each change is half done when the next one arrives; the models active at the end are credited once."""
    for days in (20, 10, 20, 5):
        await change(db, shop, lookback_days=days)
        report = await credit_dirty_orders(db, tenant_id=shop, deadline=0.0, bounds=FEW_AT_ONCE)
        assert not report.is_complete
        await assert_sums_are_of_credits(db, shop)
    await send_conversions(
        db,
        shop,
        make_conversion(order_id="order-4", kind="refund", amount_cents=5_000),
        make_conversion(order_id="new", journey_key="visitor-3", occurred_at=at(0.5)),
    )
    while not (await credit_dirty_orders(db, tenant_id=shop, bounds=FEW_AT_ONCE)).is_complete:
        await assert_sums_are_of_credits(db, shop)
    await assert_ledger_is_credited(db, shop)
    credited = await read_credits(db, shop)
    assert {row[1].partition("@")[0] for row in credited} == {
        "first_touch", "last_touch", "last_non_direct", "linear", "position_based", "time_decay",
    }  # fmt: skip
    assert credited == await rebuild_credits(db, shop)
    await assert_ledger_is_credited(db, shop)


async def test_an_order_that_is_credited_during_a_restatement_is_not_credited_twice(
    db: Database, shop: UUID
) -> None:
    await change(db, shop, lookback_days=10)
    await send_conversions(
        db, shop, make_conversion(order_id="order-2", kind="refund", amount_cents=2_500)
    )
    await credit_until_complete(db, shop)
    assert await sum_by_channel(db, shop) == {"sms": 23_750, "direct": 23_750}
    await assert_ledger_is_credited(db, shop)


@pytest.mark.own_clone
async def test_an_order_whose_stored_journey_is_damaged_is_credited_from_its_facts(
    clone: Clone, db: Database, shop: UUID
) -> None:
    with psycopg.connect(clone.superuser_url, autocommit=True) as admin:
        admin.execute(
            "UPDATE order_journeys SET path = decode(repeat('ff', 8), 'hex') WHERE order_id = 'order-1'"
        )
    await change(db, shop, lookback_days=10)
    while not (await credit_dirty_orders(db, tenant_id=shop, bounds=FEW_AT_ONCE)).is_complete:
        pass
    assert await count_dirty(db, shop) == 0
    assert await sum_by_channel(db, shop) == {"sms": 25_000, "direct": 25_000}
    await assert_ledger_is_credited(db, shop)


@pytest.mark.own_clone
async def test_pages_grow_again_after_the_order_for_which_they_became_small(
    clone: Clone, db: Database, shop: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes: list[int] = []

    async def restate(*given: Any, most: int, **named: Any) -> Restated | None:
        sizes.append(most)
        return await restate_page(*given, most=most, **named)

    monkeypatch.setattr(runs, "restate_page", restate)
    with psycopg.connect(clone.superuser_url, autocommit=True) as admin:
        admin.execute(
            "UPDATE order_journeys SET path = decode(repeat('ff', 8), 'hex') WHERE order_id = 'order-0'"
        )
    await change(db, shop, lookback_days=10)
    await credit_dirty_orders(db, tenant_id=shop, bounds=replace(BOUNDS, orders_of_restatement=3))
    assert sizes == [3, 1, 0, 1, 3, 3]


@pytest.mark.own_clone
async def test_an_order_whose_damaged_journey_must_be_subtracted_is_set_aside(
    clone: Clone, db: Database, shop: UUID
) -> None:
    before = await sum_by_channel(db, shop)
    with psycopg.connect(clone.superuser_url, autocommit=True) as admin:
        (path,) = admin.execute(
            "SELECT path FROM order_journeys WHERE order_id = 'order-1'"
        ).fetchone() or (b"",)
        admin.execute(
            "UPDATE order_journeys SET path = decode(repeat('ff', 8), 'hex') WHERE order_id = 'order-1'"
        )
    for number in range(ORDERS):
        refund = make_conversion(order_id=f"order-{number}", kind="refund", amount_cents=10_000)
        await send_conversions(db, shop, refund)
    report = await credit_until_complete(db, shop)
    assert (report.orders, report.set_aside) == (ORDERS, 1)
    async with db.tenant(shop) as connection:
        rows = await connection.fetch("SELECT order_id, reason FROM orders_set_aside")
        assert [tuple(row) for row in rows] == [("order-1", "credit_failed")]
        linear = await connection.fetchval(
            "SELECT sum(credited_cents) FROM rollup_channel_day"
            " WHERE basis = 'entry' AND model_version LIKE 'linear@%'"
        )
    assert linear == sum(before.values()) // ORDERS
    with psycopg.connect(clone.superuser_url, autocommit=True) as admin:
        admin.execute("UPDATE order_journeys SET path = %s WHERE order_id = 'order-1'", (path,))
    await rebuild_credits(db, shop)
    await assert_ledger_is_credited(db, shop)


async def test_a_touch_that_arrived_while_outside_every_lookback_counts_when_a_lookback_reaches_it_again(
    db: Database, shop: UUID
) -> None:
    await change(db, shop, lookback_days=5)
    await credit_until_complete(db, shop)
    late = make_touch(journey_key="visitor-0", channel="affiliates", occurred_at=at(-10))
    await send_touches(db, shop, late)
    await credit_until_complete(db, shop)
    await change(db, shop)
    await credit_until_complete(db, shop)
    restated = await read_credits(db, shop)
    assert {row[3] for row in restated if row[0] == "order-0"} >= {"affiliates"}
    assert restated == await rebuild_credits(db, shop)


async def test_a_conversion_that_arrived_while_no_model_reset_cuts_when_one_resets_again(
    db: Database, shop: UUID
) -> None:
    for after_conversion in ("reset", "keep"):
        await change(db, shop, after_conversion=after_conversion)
        await credit_until_complete(db, shop)
    before = make_conversion(journey_key="visitor-0", order_id="before", occurred_at=at(-5))
    await send_conversions(db, shop, before)
    await credit_until_complete(db, shop)
    await change(db, shop, after_conversion="reset")
    await credit_until_complete(db, shop)
    restated = await read_credits(db, shop)
    assert restated == await rebuild_credits(db, shop)
