"""An order that cannot be credited by its journey is set aside with a reason, while the others are credited."""

from __future__ import annotations

from uuid import UUID

import psycopg
from prometheus_client import REGISTRY

from skeldir.attribution import (
    credit_dirty_orders,
    define_models,
    mark_all_orders,
    set_aside_totals,
)
from skeldir.attribution.bounds import Bounds
from skeldir.attribution.gauges import sample_credit
from skeldir.db.pool import Database
from skeldir.rollups import roll_up_dirty_days
from tests.conftest import Clone
from tests.support.credit import (
    assert_ledger_is_credited,
    count_dirty,
    credit_until_complete,
    keep_as_before_packing,
    read_credits,
    sum_by_channel,
)
from tests.support.make import at, make_conversion, make_touch, send_conversions, send_touches

TOO_LONG = "More than 3 touches are in reach."
THREE_TOUCHES = Bounds(touches_of_order=3, touches_at_once=6, touches_of_light_journey=1)


async def set_aside(db: Database, tenant: UUID) -> dict[str, tuple[str, str]]:
    async with db.tenant(tenant) as connection:
        rows = await connection.fetch("SELECT order_id, reason, detail FROM orders_set_aside")
    return {row["order_id"]: (row["reason"], row["detail"]) for row in rows}


async def channels_of(db: Database, tenant: UUID, order_id: str) -> set[str]:
    return {row[3] for row in await read_credits(db, tenant) if row[0] == order_id}


async def rebuild(db: Database, tenant: UUID) -> None:
    async with db.tenant(tenant) as connection:
        await mark_all_orders(connection, tenant)
    await credit_until_complete(db, tenant)


async def test_an_order_with_too_many_touches_in_reach_is_unattributed_and_the_others_are_not(
    db: Database, tenant: UUID, other_tenant: UUID
) -> None:
    for owner in (tenant, other_tenant):
        await send_touches(db, owner, *(make_touch(occurred_at=at(n)) for n in (0, 0.1, 0.2, 0.3)))
    await send_conversions(
        db,
        tenant,
        make_conversion(order_id="long"),
        make_conversion(order_id="edge", occurred_at=at(0.2)),
        make_conversion(order_id="late", occurred_at=at(30.1)),
        make_conversion(order_id="keyless", journey_key="nobody"),
    )
    report = await credit_dirty_orders(db, tenant_id=tenant, bounds=THREE_TOUCHES)
    assert (report.orders, report.is_complete, report.set_aside) == (4, True, 1)
    assert await set_aside(db, tenant) == {"long": ("journey_too_long", TOO_LONG)}
    assert await set_aside(db, other_tenant) == {}
    assert await channels_of(db, tenant, "long") == {"unattributed"}
    # Both ends of a window are included: three touches are not too many.
    assert await channels_of(db, tenant, "edge") == {"email"}
    assert await channels_of(db, tenant, "late") == {"email"}
    await assert_ledger_is_credited(db, tenant)


async def test_orders_in_the_dense_part_of_a_journey_are_set_aside_and_those_before_and_after_are_not(
    db: Database, tenant: UUID
) -> None:
    async with db.tenant(tenant) as connection:
        await define_models(connection, tenant, lookback_days=1)
    await send_touches(db, tenant, *(make_touch(occurred_at=at(5 + n / 50)) for n in range(50)))
    await send_touches(db, tenant, make_touch(occurred_at=at(1)), make_touch(occurred_at=at(9)))
    orders = (make_conversion(order_id=f"o{n:02}", occurred_at=at(1 + n / 5)) for n in range(41))
    await send_conversions(db, tenant, *orders)
    report = await credit_dirty_orders(db, tenant_id=tenant, bounds=THREE_TOUCHES)
    assert (report.orders, report.is_complete) == (41, True)
    aside = await set_aside(db, tenant)
    # There is a touch every 0.02 days from day 5 on; a window of one day has more than three from 5.06 to 6.92.
    expected = {f"o{n:02}" for n in range(41) if 5.06 <= 1 + n / 5 <= 6.92}
    assert set(aside) == expected
    assert len(expected) == report.set_aside > 5
    await assert_ledger_is_credited(db, tenant)
    await rebuild(db, tenant)
    assert await set_aside(db, tenant) == {}


async def test_a_new_fact_a_rebuild_and_other_models_try_an_order_again(
    db: Database, tenant: UUID
) -> None:
    await send_touches(db, tenant, *(make_touch(occurred_at=at(n / 4)) for n in range(4)))
    await send_conversions(db, tenant, make_conversion(order_id="X"))

    async def set_it_aside() -> None:
        await credit_dirty_orders(db, bounds=THREE_TOUCHES)
        assert set(await set_aside(db, tenant)) == {"X"}

    await set_it_aside()
    await credit_until_complete(db, tenant)
    assert set(await set_aside(db, tenant)) == {"X"}
    await send_touches(db, tenant, make_touch())
    await credit_until_complete(db, tenant)
    assert await set_aside(db, tenant) == {}
    await send_touches(db, tenant, make_touch())
    await set_it_aside()
    await rebuild(db, tenant)
    assert await set_aside(db, tenant) == {}
    await send_touches(db, tenant, make_touch())
    await set_it_aside()
    async with db.tenant(tenant) as connection:
        await define_models(connection, tenant, lookback_days=20)
    await credit_until_complete(db, tenant)
    assert await set_aside(db, tenant) == {}
    await assert_ledger_is_credited(db, tenant)


async def test_an_order_that_fails_again_keeps_its_first_time_and_takes_the_newer_reason(
    db: Database, tenant: UUID
) -> None:
    await send_touches(db, tenant, *(make_touch() for _ in range(4)))
    await send_conversions(db, tenant, *(make_conversion(order_id="X") for _ in range(3)))
    moments = []
    for bounds in (THREE_TOUCHES, Bounds(entries_of_order=2)):
        async with db.tenant(tenant) as connection:
            await mark_all_orders(connection, tenant)
        await credit_dirty_orders(db, bounds=bounds)
        async with db.tenant(tenant) as connection:
            moments.append(await connection.fetchval("SELECT since FROM orders_set_aside"))
    assert moments[0] == moments[1]
    assert (await set_aside(db, tenant))["X"][0] == "order_too_large"


async def test_an_order_with_too_many_entries_keeps_its_credit_and_the_rest_is_reported(
    db: Database, tenant: UUID
) -> None:
    await send_touches(db, tenant, make_touch())
    await send_conversions(db, tenant, make_conversion(order_id="X"), make_conversion(order_id="Y"))
    await credit_until_complete(db, tenant)
    more = (
        make_conversion(order_id="X", kind="refund", amount_cents=1, occurred_at=at(40 + n))
        for n in range(5)
    )
    await send_conversions(db, tenant, *more, make_conversion(order_id="Z"))
    report = await credit_dirty_orders(
        db, tenant_id=tenant, bounds=Bounds(entries_of_order=3, entries_at_once=4)
    )
    assert (report.orders, report.is_complete, report.set_aside) == (2, True, 1)
    assert (await set_aside(db, tenant))["X"][0] == "order_too_large"
    assert await sum_by_channel(db, tenant) == {"email": 30_000}
    async with db.tenant(tenant) as connection:
        totals = await set_aside_totals(connection, tenant)
    assert {(row.currency, row.orders, row.uncredited_cents) for row in totals} == {("USD", 1, -5)}
    assert len(totals) == 6
    # Its days are rolled up with the others nevertheless.
    await roll_up_dirty_days(db)
    async with db.tenant(tenant) as connection:
        refunded = await connection.fetchval(
            "SELECT sum(amount_cents) FROM rollup_revenue_day WHERE state = 'refunded'"
        )
    assert refunded == -5


async def test_an_order_that_would_have_too_many_allocations_is_set_aside(
    db: Database, tenant: UUID
) -> None:
    channels = ("email", "sms", "display", "referral")
    await send_touches(db, tenant, *(make_touch(channel=channel) for channel in channels))
    await send_conversions(
        db,
        tenant,
        *(make_conversion(order_id="X") for _ in range(5)),
        make_conversion(order_id="Y"),
    )
    report = await credit_dirty_orders(db, bounds=Bounds(allocations_of_order=5 * 4 * 6 - 1))
    assert (report.orders, report.set_aside) == (2, 1)
    assert (await set_aside(db, tenant))["X"][0] == "order_too_large"
    assert await channels_of(db, tenant, "Y") == set(channels)
    async with db.tenant(tenant) as connection:
        await mark_all_orders(connection, tenant)
    await credit_dirty_orders(db, bounds=Bounds(allocations_of_order=5 * 4 * 6))
    await assert_ledger_is_credited(db, tenant)
    assert await set_aside(db, tenant) == {}


async def test_an_order_that_the_database_rejects_is_found_and_the_others_are_credited(
    db: Database, clone: Clone, tenant: UUID
) -> None:
    """The sum of its day exceeds a bigint. The program refuses such an order, but a restored row may be one."""
    for number in range(9):
        await send_conversions(db, tenant, make_conversion(order_id=f"o{number}"))
    change(
        clone,
        "UPDATE revenue_ledger SET amount_cents = 9e18 WHERE order_id = 'o4'",
        """INSERT INTO revenue_ledger
               (tenant_id, id, business_key, order_id, kind, amount_cents, currency, occurred_at, source)
           SELECT tenant_id, gen_random_uuid(), 'again', order_id, kind, amount_cents, currency, occurred_at, 'test'
           FROM revenue_ledger WHERE order_id = 'o4'""",
    )
    report = await credit_dirty_orders(db, tenant_id=tenant)
    assert (report.orders, report.is_complete, report.set_aside) == (9, True, 1)
    assert await set_aside(db, tenant) == {
        "o4": ("credit_failed", "NumericValueOutOfRangeError (SQLSTATE 22003)")
    }
    assert await count_dirty(db, tenant) == 0
    assert await sum_by_channel(db, tenant) == {"unattributed": 80_000}
    change(clone, "UPDATE revenue_ledger SET amount_cents = 1 WHERE order_id = 'o4'")
    await rebuild(db, tenant)
    assert await set_aside(db, tenant) == {}
    await assert_ledger_is_credited(db, tenant)


async def test_an_order_whose_kept_credit_cannot_be_continued_is_set_aside(
    db: Database, clone: Clone, tenant: UUID
) -> None:
    await send_conversions(db, tenant, make_conversion(order_id="X"), make_conversion(order_id="Y"))
    await credit_until_complete(db, tenant)
    kept = await read_credits(db, tenant)
    await keep_as_before_packing(clone, db, tenant)
    change(
        clone,
        "INSERT INTO retention (tenant_id, touches_forgotten_before) SELECT id, now() FROM tenants",
        "UPDATE kept_allocations SET conversion_ppt = 0 WHERE order_id = 'X'",
    )
    for order_id in "XY":
        await send_conversions(
            db, tenant, make_conversion(order_id=order_id, kind="refund", amount_cents=100)
        )
    report = await credit_dirty_orders(db, tenant_id=tenant)
    assert (report.orders, report.set_aside) == (2, 1)
    assert await set_aside(db, tenant) == {"X": ("credit_failed", "ValueError")}
    cents = {(row[0], row[2]): row[6] for row in await read_credits(db, tenant)}
    assert sum(cents.values()) == 2 * 10_000 - 100
    assert {row[:7] for row in kept} <= {row[:7] for row in await read_credits(db, tenant)}


async def test_the_gauge_counts_the_set_aside_orders_of_all_tenants_by_reason(
    db: Database, tenant: UUID, other_tenant: UUID
) -> None:
    def value(reason: str) -> float | None:
        return REGISTRY.get_sample_value("skeldir_attribution_orders_set_aside", {"reason": reason})

    await sample_credit(db)
    assert value("journey_too_long") == value("order_too_large") == value("credit_failed") == 0
    for owner in (tenant, other_tenant):
        await send_touches(db, owner, *(make_touch() for _ in range(4)))
        await send_conversions(db, owner, make_conversion())
    await credit_dirty_orders(db, bounds=THREE_TOUCHES)
    await sample_credit(db)
    assert (value("journey_too_long"), value("credit_failed")) == (2, 0)


def change(clone: Clone, *statements: str) -> None:
    with psycopg.connect(clone.superuser_url, autocommit=True) as admin:
        for statement in statements:
            admin.execute(statement)


async def test_orders_of_channels_without_a_number_are_set_aside_and_the_others_are_credited(
    clone: Clone, db: Database, tenant: UUID
) -> None:
    change(
        clone,
        """INSERT INTO channel_numbers (tenant_id, channel_code, number)
           SELECT t.id, 'c' || n, n FROM tenants t, generate_series(0, 32766) n""",
    )
    for channel in ("display", "email"):
        await send_touches(db, tenant, make_touch(channel=channel, journey_key=channel))
        await send_conversions(
            db, tenant, make_conversion(order_id=channel, journey_key=channel, occurred_at=at(1))
        )
    report = await credit_until_complete(db, tenant)
    assert (report.orders, report.set_aside) == (2, 1)
    assert await set_aside(db, tenant) == {"email": ("credit_failed", "KeyError")}
    assert {row[3] for row in await read_credits(db, tenant)} == {"display"}
