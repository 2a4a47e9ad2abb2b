"""A system at work has no differences: pending work is counted, and everything else is compared."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import date, timedelta
from random import Random
from uuid import UUID

import psycopg
import pytest

from skeldir.attribution import (
    AfterConversion,
    ModelParameters,
    credit_dirty_orders,
    define_models,
    retain_touches,
    retire_model,
    set_models,
)
from skeldir.attribution.bounds import BOUNDS
from skeldir.audit import Audit, Period, audit_tenant
from skeldir.clock import utc_now
from skeldir.db.pool import Database
from skeldir.ingest import receive_conversions
from skeldir.rollups import roll_up_dirty_days
from skeldir.tenants import TenantUnknown, load_profile
from tests.conftest import Clone
from tests.support.audited import change, failed, make_shop, sentences, settle
from tests.support.credit import keep_as_before_packing
from tests.support.make import (
    at,
    make_conversion,
    make_tenant,
    make_touch,
    post_plainly,
    send_conversions,
    send_touches,
)
from tests.support.two_tenants import unknown_tenant


@pytest.fixture
async def shop(db: Database) -> UUID:
    return await make_shop(db, "Shop")


async def expect_no_difference(db: Database, tenant: UUID) -> Audit:
    audit = await audit_tenant(db, tenant)
    assert failed(audit) == set(), sentences(audit)
    assert all(account.difference_cents == 0 for account in audit.models)
    return audit


async def test_the_accounts_lead_from_opening_to_closing_in_each_currency(
    db: Database, shop: UUID
) -> None:
    audit = await audit_tenant(db, shop, period=Period(date(2026, 3, 3), date(2026, 3, 4)))
    assert failed(audit) == set()
    money = {account.currency: account for account in audit.money}
    assert list(money) == ["JPY", "KWD", "USD"]
    assert (money["JPY"].opening_cents, money["JPY"].closing_cents) == (3_333, 0)
    assert money["JPY"].moved_cents["refund"] == -3_333
    assert (money["KWD"].opening_cents, money["KWD"].closing_cents) == (7_777, 7_000)
    assert (money["USD"].opening_cents, money["USD"].closing_cents) == (10_556, 10_306)
    for account in audit.money:
        moved = sum(account.moved_cents.values())
        assert account.opening_cents + moved == account.closing_cents
    linear = {a.currency: a for a in audit.models if a.model_version == "linear@1"}
    assert (linear["USD"].ledger_cents, linear["USD"].awaiting_capture_cents) == (-250, -250)
    assert (linear["KWD"].ledger_cents, linear["KWD"].credited_cents) == (-777, -777)
    everything = await expect_no_difference(db, shop)
    of_usd = next(
        a for a in everything.models if (a.model_version, a.currency) == ("linear@1", "USD")
    )
    assert (of_usd.credited_cents, of_usd.unattributed_cents) == (10_556, 555)


async def test_a_tenant_without_anything_has_no_difference(db: Database, tenant: UUID) -> None:
    audit = await expect_no_difference(db, tenant)
    assert (audit.orders, audit.money, audit.models) == (0, [], [])


async def test_orders_that_await_credit_are_counted_and_their_money_is_not_a_difference(
    db: Database, shop: UUID
) -> None:
    await send_conversions(
        db,
        shop,
        make_conversion(order_id="paid", kind="refund", amount_cents=1_000, occurred_at=at(4)),
        make_conversion(order_id="new", amount_cents=400),
    )
    await send_touches(db, shop, make_touch(channel="email", occurred_at=at(0.7)))
    audit = await expect_no_difference(db, shop)
    # The touch reaches all orders of its visitor, the two conversions are of `paid` and of an order that is new.
    assert audit.awaiting_orders == 4
    linear = next(a for a in audit.models if (a.model_version, a.currency) == ("linear@1", "USD"))
    assert linear.awaiting_credit_cents == 400 - 1_000
    await credit_dirty_orders(db, tenant_id=shop)
    # Its days are not rolled up yet.
    assert (await expect_no_difference(db, shop)).awaiting_orders == 0
    await roll_up_dirty_days(db, tenant_id=shop)
    await expect_no_difference(db, shop)


async def test_a_falsification_is_found_even_while_orders_await_credit(
    db: Database, clone: Clone, shop: UUID
) -> None:
    await send_conversions(db, shop, make_conversion(order_id="new", amount_cents=400))
    change(
        clone,
        shop,
        "UPDATE rollup_channel_day SET credited_cents = credited_cents + 1 WHERE OURS AND currency = 'KWD'",
    )
    assert failed(await audit_tenant(db, shop)) >= {"credit_sums", "credit_equals_ledger"}


async def test_a_cent_of_a_day_whose_states_are_not_settled_is_found(
    db: Database, clone: Clone, shop: UUID
) -> None:
    # The touch has `refunded` and `disputed` await credit, with days that are summed up.
    await send_touches(db, shop, make_touch(channel="email", occurred_at=at(0.7)))
    await expect_no_difference(db, shop)
    change(
        clone,
        shop,
        "UPDATE rollup_revenue_day SET amount_cents = amount_cents + 1 WHERE OURS AND state = 'disputed'",
    )
    audit = await audit_tenant(db, shop)
    assert "2026-03-03 KWD in any state: amount_cents -776 instead of -777." in sentences(audit)


async def test_a_change_of_the_models_in_progress_is_not_a_difference(
    db: Database, shop: UUID
) -> None:
    changes: list[tuple[int, AfterConversion]] = [
        (10, "keep"),
        (40, "reset"),
        (20, "keep"),
        (60, "reset"),
    ]
    for days, conversion in changes:
        async with db.tenant(shop) as connection:
            await define_models(connection, shop, lookback_days=days, after_conversion=conversion)
        assert (await expect_no_difference(db, shop)).awaiting_orders >= 4
        await settle(db, shop)
        assert (await expect_no_difference(db, shop)).awaiting_orders == 0
    async with db.tenant(shop) as connection:
        await set_models(
            connection, shop, {"linear": ModelParameters(lookback_days=1)}, changed_by="test"
        )
        await retire_model(connection, shop, "first_touch", changed_by="test")
    await expect_no_difference(db, shop)
    await settle(db, shop)
    await expect_no_difference(db, shop)


async def test_forgotten_touches_stay_in_the_stored_journeys(db: Database) -> None:
    tenant = await make_tenant(db, "Old")
    now = utc_now()
    for number, channel in enumerate(("email", "sms", "display")):
        moment = now - timedelta(days=60 - 15 * number)
        touch = make_touch(channel=channel, occurred_at=moment.isoformat())
        await send_touches(db, tenant, touch, origin=channel)
    async with db.tenant(tenant) as connection:
        await define_models(connection, tenant, lookback_days=40)
    sold = (now - timedelta(days=25)).isoformat()
    await send_conversions(db, tenant, make_conversion(order_id="old", occurred_at=sold))
    await settle(db, tenant)
    async with db.tenant(tenant) as connection:
        await retain_touches(connection, tenant, 40)
    async with db.tenant(tenant) as connection:
        assert await connection.fetchval("SELECT public.forget_touches(100)") == 2
    await expect_no_difference(db, tenant)
    async with db.tenant(tenant) as connection:
        await connection.execute(
            "UPDATE order_journeys SET path = set_byte(path, length(path) - 1, 120) WHERE tenant_id = $1",
            tenant,
        )
    assert failed(await audit_tenant(db, tenant)) == {"journeys", "credit_sums"}


async def test_kept_credit_from_before_journeys_were_packed_is_counted(
    db: Database, clone: Clone, shop: UUID
) -> None:
    await keep_as_before_packing(clone, db, shop)
    async with db.tenant(shop) as connection:
        await connection.execute(
            "INSERT INTO retention (tenant_id, touch_days) VALUES ($1, 30)", shop
        )
    change(clone, shop, "UPDATE retention SET touches_forgotten_before = '2026-03-10' WHERE OURS")
    audit = await expect_no_difference(db, shop)
    assert audit.stored_orders == 4
    change(
        clone,
        shop,
        "UPDATE kept_allocations SET allocated_cents = allocated_cents + 1 WHERE OURS AND order_id = 'paid'",
    )
    audit = await audit_tenant(db, shop)
    assert failed(audit) == {"journeys", "credit_sums"}
    assert "order paid: the stored journey counts other money than the ledger." in sentences(audit)


async def test_orders_that_are_set_aside_are_not_a_difference(
    db: Database, clone: Clone, shop: UUID
) -> None:
    await send_conversions(db, shop, make_conversion(order_id="odd", amount_cents=77))
    change(
        clone,
        shop,
        """WITH taken AS (DELETE FROM dirty_orders WHERE OURS AND order_id = 'odd' RETURNING tenant_id)
           INSERT INTO orders_set_aside (tenant_id, order_id, reason, detail)
           SELECT DISTINCT tenant_id, 'odd', 'credit_failed', 'ValueError' FROM taken""",
    )
    audit = await expect_no_difference(db, shop)
    assert (audit.awaiting_orders, audit.orders_set_aside) == (0, 1)
    linear = next(a for a in audit.models if (a.model_version, a.currency) == ("linear@1", "USD"))
    assert linear.awaiting_credit_cents == 77


async def test_an_order_that_stays_set_aside_after_a_change_of_models_does_not_await_credit(
    db: Database, shop: UUID
) -> None:
    refund = make_conversion(order_id="paid", kind="refund", amount_cents=1_000, occurred_at=at(4))
    await send_conversions(db, shop, refund)
    small = replace(BOUNDS, entries_of_order=1)
    await credit_dirty_orders(db, tenant_id=shop, bounds=small)
    async with db.tenant(shop) as connection:
        await define_models(connection, shop, lookback_days=60)
    await credit_dirty_orders(db, tenant_id=shop, bounds=small)
    await roll_up_dirty_days(db, tenant_id=shop)
    audit = await expect_no_difference(db, shop)
    assert audit.orders_set_aside >= 1
    assert audit.awaiting_orders == 0


async def test_a_crowded_journey_is_compared_touch_by_touch(
    db: Database, clone: Clone, tenant: UUID
) -> None:
    touches = [make_touch(channel="sms", occurred_at=at(n / 2_000)) for n in range(1_200)]
    await send_touches(db, tenant, *touches)
    await send_conversions(db, tenant, make_conversion(order_id="long"))
    await settle(db, tenant)
    await expect_no_difference(db, tenant)
    change(clone, tenant, "UPDATE order_journeys SET path = substr(path, 9) WHERE OURS")
    assert "order long: the stored journey holds other touches." in sentences(
        await audit_tenant(db, tenant)
    )


async def test_sums_beyond_64_bits_are_compared(db: Database, tenant: UUID) -> None:
    for number in range(4):
        await post_plainly(db, tenant, f"order-{number}", 5 * 10**18, date(2026, 3, 1 + number))
    await roll_up_dirty_days(db, tenant_id=tenant)
    audit = await audit_tenant(db, tenant)
    assert audit.money[0].closing_cents == 2 * 10**19
    assert failed(audit) == {"journeys", "credit_equals_ledger"}


async def test_a_state_that_a_credit_run_will_have_summed_again_is_no_difference(
    db: Database, tenant: UUID
) -> None:
    """A refund is summed up while its capture is not committed: its day says so until the credit run marks it."""
    refund = make_conversion(order_id="both", kind="refund", amount_cents=40, occurred_at=at(3))
    async with db.tenant(tenant) as connection:
        capture = make_conversion(order_id="both", occurred_at=at(1))
        profile = await load_profile(connection, tenant)
        await receive_conversions(connection, profile, [capture], origin="slow")
        await send_conversions(db, tenant, refund)
        await roll_up_dirty_days(db)
        await expect_no_difference(db, tenant)
    await expect_no_difference(db, tenant)
    await roll_up_dirty_days(db)
    await expect_no_difference(db, tenant)
    await settle(db, tenant)
    await expect_no_difference(db, tenant)


async def test_a_system_that_is_audited_under_load_has_no_difference(
    db: Database, shop: UUID
) -> None:
    """Facts, credit, roll-ups and changes of models commit between and during the audits."""
    chance = Random(7)
    is_over = False

    async def send() -> None:
        number = 0
        while not is_over:
            number += 1
            order = f"busy-{chance.randrange(30)}"
            moment = at(chance.random() * 20)
            visitor = f"visitor-{chance.randrange(4)}"
            await send_touches(
                db,
                shop,
                make_touch(
                    idempotency_key=f"busy-{number}", occurred_at=moment, journey_key=visitor
                ),
            )
            kind = chance.choice(("capture", "refund", "dispute", "refund_reversal"))
            await send_conversions(
                db,
                shop,
                make_conversion(
                    idempotency_key=f"busy-{number}", order_id=order, kind=kind, occurred_at=moment,
                    amount_cents=1 + chance.randrange(9_999), journey_key=visitor,
                    currency=chance.choice(("USD", "JPY", "KWD")),
                ),
            )  # fmt: skip

    async def work() -> None:
        while not is_over:
            await credit_dirty_orders(db, tenant_id=shop)
            if chance.random() < 0.5:
                await roll_up_dirty_days(db, tenant_id=shop)
            if chance.random() < 0.1:
                async with db.tenant(shop) as connection:
                    days = chance.choice((5, 15, 30))
                    await define_models(
                        connection, shop, lookback_days=days,
                        after_conversion=chance.choice(("keep", "reset")),
                    )  # fmt: skip

    tasks = [asyncio.create_task(send()), asyncio.create_task(work())]
    try:
        for _ in range(25):
            await expect_no_difference(db, shop)
            await asyncio.sleep(0)
    finally:
        is_over = True
        await asyncio.gather(*tasks)
    await settle(db, shop)
    audit = await expect_no_difference(db, shop)
    assert audit.orders > 4
    assert audit.awaiting_orders == 0


async def test_an_audit_and_writers_do_not_wait_for_each_other(
    db: Database, clone: Clone, shop: UUID
) -> None:
    with psycopg.connect(clone.superuser_url) as writer:
        # Writers of facts, credit or sums hold no lock that an audit waits for, nor the other way round.
        writer.execute(
            "LOCK TABLE revenue_ledger, order_journeys, rollup_channel_day, dirty_orders IN ROW EXCLUSIVE MODE"
        )
        await expect_no_difference(db, shop)


async def test_an_unknown_tenant_cannot_be_audited(db: Database) -> None:
    with pytest.raises(TenantUnknown):
        await audit_tenant(db, unknown_tenant())


async def test_every_order_can_be_computed_exactly_and_listed(db: Database, shop: UUID) -> None:
    listed: dict[str, int] = {}
    audit = await audit_tenant(
        db,
        shop,
        exact_every=1,
        on_order=lambda order, credited: listed.update(
            {
                order.order_id: sum(
                    c.credited_cents for c in credited if c.model_version == "linear@1"
                )
            }
        ),
    )
    assert listed == {"paid": 10_001, "refunded": 0, "disputed": 7_777, "early": 0, "direct": 555}
    (exact,) = [check for check in audit.checks if check.name == "exact_credit"]
    assert (exact.compared, exact.count) == (4, 0)
