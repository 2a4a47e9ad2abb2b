"""Dirty orders become allocations, on a real database, with real commits."""

from __future__ import annotations

from collections import Counter
from random import Random
from uuid import UUID

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from skeldir.attribution import (
    RULE_MODELS,
    ChannelTotal,
    channel_totals,
    credit_dirty_orders,
    define_models,
)
from skeldir.db.pool import Database
from skeldir.revenue import ledger_totals
from skeldir.rollups import roll_up_dirty_days
from tests.support.credit import (
    assert_ledger_is_credited,
    count_dirty,
    credit_until_complete,
    read_credits,
    rebuild_credits,
    sum_by_channel,
)
from tests.support.make import (
    at,
    make_conversion,
    make_tenant,
    make_touch,
    send_conversions,
    send_touches,
)


async def test_an_order_is_credited_to_the_touches_of_its_journey(
    db: Database, tenant: UUID
) -> None:
    await send_touches(
        db,
        tenant,
        make_touch(channel="email"),
        make_touch(channel="paid_search", occurred_at=at(0.5)),
    )
    await send_conversions(db, tenant, make_conversion(amount_cents=101))
    report = await credit_dirty_orders(db)
    assert (report.orders, report.is_complete) == (1, True)
    assert await sum_by_channel(db, tenant) == {"email": 51, "paid_search": 50}


async def test_a_run_without_work_does_nothing(db: Database, tenant: UUID) -> None:
    report = await credit_dirty_orders(db)
    assert (report.orders, report.allocations, report.is_complete) == (0, 0, True)


async def test_an_order_marked_many_times_is_credited_once(db: Database, tenant: UUID) -> None:
    order = make_conversion(order_id="X")
    await send_conversions(db, tenant, order)
    await send_conversions(db, tenant, make_conversion(order_id="X", kind="refund", amount_cents=1))
    await send_touches(db, tenant, make_touch(), make_touch())
    assert (await credit_dirty_orders(db)).orders == 1
    assert await count_dirty(db, tenant) == 0


async def test_a_run_reports_its_progress_and_takes_all_tenants(
    db: Database, tenant: UUID, other_tenant: UUID
) -> None:
    for owner in (tenant, other_tenant):
        await send_conversions(db, owner, make_conversion(), make_conversion())
    finished: list[int] = []
    assert (await credit_dirty_orders(db, progress=finished.append)).orders == 4
    assert finished == [2, 2]


async def test_a_late_touch_credits_again_only_the_orders_it_can_reach(
    db: Database, tenant: UUID
) -> None:
    before = make_conversion(occurred_at=at(4.99))
    first = make_conversion(occurred_at=at(5))
    last = make_conversion(occurred_at=at(35))
    far = make_conversion(occurred_at=at(35.01))
    stranger = make_conversion(occurred_at=at(10), journey_key="visitor-2")
    await send_conversions(db, tenant, before, first, last, far, stranger)
    await credit_dirty_orders(db)
    await send_touches(db, tenant, make_touch(occurred_at=at(5)))
    async with db.tenant(tenant) as connection:
        marked = await connection.fetch("SELECT order_id FROM dirty_orders")
    assert {row["order_id"] for row in marked} == {first["order_id"], last["order_id"]}
    await credit_dirty_orders(db)
    assert await sum_by_channel(db, tenant) == {"email": 20_000, "unattributed": 30_000}


async def test_a_repeated_touch_marks_nothing(db: Database, tenant: UUID) -> None:
    touch = make_touch()
    await send_touches(db, tenant, touch)
    await send_conversions(db, tenant, make_conversion())
    await credit_dirty_orders(db)
    await send_touches(db, tenant, touch)
    assert await count_dirty(db, tenant) == 0


async def test_with_reset_only_touches_after_the_previous_order_earn(
    db: Database, tenant: UUID
) -> None:
    async with db.tenant(tenant) as connection:
        await define_models(connection, tenant, after_conversion="reset")
    await send_touches(
        db,
        tenant,
        make_touch(channel="email"),
        make_touch(channel="display", occurred_at=at(1)),
        make_touch(channel="sms", occurred_at=at(1.5)),
    )
    # Z and a convert at the same moment: Z is first, by the bytes of its id. The touch of that moment belongs to Z.
    await send_conversions(db, tenant, make_conversion(order_id="a", amount_cents=300))
    await send_conversions(db, tenant, make_conversion(order_id="Z", amount_cents=50))
    await send_conversions(
        db, tenant, make_conversion(order_id="B", amount_cents=7, occurred_at=at(2))
    )
    await credit_dirty_orders(db)
    assert await sum_by_channel(db, tenant) == {
        "email": 25,
        "display": 25,
        "unattributed": 300,
        "sms": 7,
    }


async def test_a_late_order_cuts_the_journeys_of_the_orders_it_can_reach(
    db: Database, tenant: UUID
) -> None:
    async with db.tenant(tenant) as connection:
        await define_models(connection, tenant, after_conversion="reset")
    await send_touches(db, tenant, make_touch(occurred_at=at(5)))
    for journey in ("visitor-1", "visitor-2"):
        await send_conversions(
            db,
            tenant,
            *(
                make_conversion(
                    journey_key=journey, order_id=f"{name} of {journey}", occurred_at=at(day)
                )
                for name, day in (("before", 4.99), ("same", 5), ("last", 35), ("far", 35.01))
            ),
        )
    await credit_dirty_orders(db)
    await send_conversions(db, tenant, make_conversion(order_id="late", occurred_at=at(5)))
    async with db.tenant(tenant) as connection:
        marked = await connection.fetch("SELECT order_id FROM dirty_orders")
    assert {row["order_id"] for row in marked} == {
        "late",
        "same of visitor-1",
        "last of visitor-1",
    }
    await credit_dirty_orders(db)
    assert await read_credits(db, tenant) == await rebuild_credits(db, tenant)


async def test_the_closest_previous_order_is_the_one_that_cuts(db: Database, tenant: UUID) -> None:
    async with db.tenant(tenant) as connection:
        await define_models(connection, tenant, after_conversion="reset")
    for day, channel in ((1, "email"), (2, "display"), (3, "sms")):
        await send_touches(db, tenant, make_touch(channel=channel, occurred_at=at(day - 0.5)))
        await send_conversions(db, tenant, make_conversion(amount_cents=day, occurred_at=at(day)))
    await credit_dirty_orders(db)
    assert await sum_by_channel(db, tenant) == {"email": 1, "display": 2, "sms": 3}


async def test_an_earlier_capture_moves_its_order_and_those_that_it_used_to_cut(
    db: Database, tenant: UUID
) -> None:
    async with db.tenant(tenant) as connection:
        await define_models(connection, tenant, after_conversion="reset")
    await send_touches(db, tenant, make_touch())
    await send_conversions(db, tenant, make_conversion(order_id="X", occurred_at=at(5)))
    await send_conversions(db, tenant, make_conversion(order_id="Y", occurred_at=at(6)))
    await credit_dirty_orders(db)
    assert await sum_by_channel(db, tenant) == {"email": 10_000, "unattributed": 10_000}
    await send_conversions(
        db, tenant, make_conversion(order_id="X", amount_cents=1, journey_key="visitor-2")
    )
    await credit_dirty_orders(db)
    assert await sum_by_channel(db, tenant) == {"email": 10_000, "unattributed": 10_001}
    assert await read_credits(db, tenant) == await rebuild_credits(db, tenant)


@settings(
    max_examples=15,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    st.lists(st.integers(1, 5_000), min_size=1, max_size=6),
    st.lists(st.sampled_from(["direct", "email", "display", "sms"]), max_size=7),
    st.randoms(use_true_random=False),
)
async def test_a_fully_refunded_order_leaves_nothing_on_any_channel(
    db: Database, refunds: list[int], channels: list[str], random: Random
) -> None:
    tenant = await make_tenant(db, "refunded")
    items = [make_conversion(order_id="X", amount_cents=sum(refunds), occurred_at=at(3))]
    for cents in refunds:
        moment = at(random.choice([2, 3, 4]))
        items.append(
            make_conversion(order_id="X", kind="refund", amount_cents=cents, occurred_at=moment)
        )
    random.shuffle(items)
    await send_touches(db, tenant, *(make_touch(channel=channel) for channel in channels))
    for item in items:
        await send_conversions(db, tenant, item)
        await credit_until_complete(db, tenant)
    await assert_ledger_is_credited(db, tenant)
    left: Counter[tuple[str, str]] = Counter()
    for row in await read_credits(db, tenant):
        left[row[1], row[3]] += row[6]
    assert {model.partition("@")[0] for model, _ in left} == set(RULE_MODELS)
    assert not any(left.values())


async def test_the_totals_of_every_model_equal_the_ledger_in_each_currency(
    db: Database, tenant: UUID
) -> None:
    await send_touches(
        db, tenant, make_touch(), make_touch(channel="sms"), make_touch(channel="display")
    )
    await send_conversions(
        db,
        tenant,
        make_conversion(order_id="X", amount_cents=100),
        make_conversion(order_id="X", amount_cents=7, currency="JPY"),
        make_conversion(order_id="X", kind="refund", amount_cents=50),
        make_conversion(order_id="Y", amount_cents=0),
        make_conversion(order_id="Z", amount_cents=1, journey_key=None),
        make_conversion(order_id="W", kind="refund", amount_cents=33),
    )
    await credit_until_complete(db, tenant)
    await roll_up_dirty_days(db, tenant_id=tenant)
    async with db.tenant(tenant) as connection:
        totals = await channel_totals(connection, tenant)
        ledger = {total.currency: total for total in await ledger_totals(connection, tenant)}
    for model in RULE_MODELS:
        for currency, total in ledger.items():
            own = [row for row in totals if (row.model, row.currency) == (model, currency)]
            assert sum_cents(own) == total.net_cents - total.awaiting_cents
            # X, Y and Z convert once each, in the currency of the first capture.
            assert sum(row.conversions for row in own) == (3 if currency == "USD" else 0)
    assert ledger["USD"].awaiting_cents == -33


def sum_cents(totals: list[ChannelTotal]) -> int:
    return sum(total.credited_cents for total in totals)
