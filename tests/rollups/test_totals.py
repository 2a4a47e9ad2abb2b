"""The totals of revenue equal the sums of its days."""

from __future__ import annotations

from asyncio import to_thread
from collections.abc import AsyncIterator, Sequence
from dataclasses import asdict
from datetime import timedelta
from time import monotonic
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from skeldir.db.pool import Database
from skeldir.revenue.reports import read_realtime_revenue
from skeldir.rollups import (
    mark_all_revenue,
    mark_days,
    roll_up_dirty_days,
    roll_up_in_turn,
    summing,
)
from tests.conftest import Clone
from tests.support.command import run
from tests.support.make import DAY_0, at, make_conversion, make_tenant, send_conversions
from tests.support.refreshing import superuser_of
from tests.support.rolled_up import Superuser
from tests.support.syntax import named_text, statement

_TOTALS = """
    SELECT currency, state, amount_cents, entries, orders FROM rollup_revenue_total
    WHERE tenant_id = $1 AND entries <> 0 ORDER BY 1, 2"""
_SUMS_OF_DAYS = """
    SELECT currency, state, sum(amount_cents) AS amount_cents, sum(entries) AS entries, sum(orders) AS orders
    FROM rollup_revenue_day WHERE tenant_id = $1 GROUP BY 1, 2 ORDER BY 1, 2"""
_REALTIME_OF_DAYS = """
    SELECT currency,
           coalesce(sum(amount_cents) FILTER (WHERE state = 'captured'), 0) AS captured_cents,
           coalesce(sum(amount_cents) FILTER (
               WHERE state IN ('refunded', 'refund_reversed', 'awaiting_capture')), 0) AS refunded_cents,
           coalesce(sum(amount_cents) FILTER (
               WHERE state IN ('disputed', 'dispute_reversed', 'dispute_awaiting_capture')), 0) AS disputed_cents,
           sum(amount_cents) AS net_cents, sum(orders)::bigint AS orders, max(last_entry_at) AS last_entry_at
    FROM rollup_revenue_day WHERE tenant_id = $1 GROUP BY currency ORDER BY currency"""

_OF_ALL = (
    "SELECT * FROM rollup_revenue_day ORDER BY 1, 2, 3, 4",
    """SELECT tenant_id, currency, state, amount_cents, entries, orders,
              max(last_entry_at) OVER (PARTITION BY tenant_id, currency)
       FROM rollup_revenue_total WHERE entries <> 0 ORDER BY 1, 2, 3""",
)


@pytest.fixture
async def superuser(clone: Clone) -> AsyncIterator[Superuser]:
    async with superuser_of(clone) as connection:
        yield connection


async def assert_totals_are_sums(db: Database, superuser: Superuser, tenant: UUID) -> None:
    totals = [tuple(row) for row in await superuser.fetch(_TOTALS, tenant)]
    assert totals == [tuple(row) for row in await superuser.fetch(_SUMS_OF_DAYS, tenant)]
    async with db.tenant(tenant, is_read_only=True) as connection:
        shown = await read_realtime_revenue(connection, tenant)
    expected = [dict(row) for row in await superuser.fetch(_REALTIME_OF_DAYS, tenant)]
    assert [asdict(row) for row in shown.data] == expected


orders = st.sampled_from(["order-1", "order-2", "order-3", "order-4"])
kinds = st.sampled_from(
    ["capture", "capture", "refund", "refund_reversal", "dispute", "dispute_reversal"]
)
currencies = st.sampled_from(["USD", "USD", "EUR", "JPY"])
# An order's capture often arrives after its refund, though it is earlier in time.
moments = st.integers(0, 10).map(lambda halves: at(halves / 2))
steps = st.one_of(
    st.tuples(st.just("post"), orders, kinds, st.integers(1, 300), currencies, moments),
    st.tuples(st.just("post"), orders, kinds, st.integers(1, 300), currencies, moments),
    st.just(("all",)),
    st.just(("in turn",)),
)


async def take_step(db: Database, tenant: UUID, step: Sequence[object]) -> None:
    match step:
        case ("post", order_id, kind, cents, currency, moment):
            item = make_conversion(
                order_id=order_id,
                kind=kind,
                amount_cents=cents,
                currency=currency,
                occurred_at=moment,
            )
            await send_conversions(db, tenant, item)
        case ("all",):
            await roll_up_dirty_days(db, tenant_id=tenant)
        case ("in turn",):
            assert await roll_up_in_turn(db, deadline=monotonic() + 10)


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(story=st.lists(steps, min_size=4, max_size=18))
async def test_after_any_entries_and_roll_ups_the_totals_are_the_sums_of_the_days(
    db: Database, superuser: Superuser, story: list[tuple[object, ...]]
) -> None:
    tenant, other = await make_tenant(db, "any"), await make_tenant(db, "other")
    await send_conversions(db, other, make_conversion(amount_cents=7))
    with pytest.MonkeyPatch.context() as patch:
        # A turn ends before all days are done.
        patch.setattr(summing, "DAYS_PER_TURN", 2)
        patch.setattr(summing, "DAYS_PER_TRANSACTION", 3)
        for step in [*story, ("all",)]:
            await take_step(db, tenant, step)
            await assert_totals_are_sums(db, superuser, tenant)
        await roll_up_dirty_days(db)
    assert [tuple(row) for row in await superuser.fetch(_TOTALS, other)] == [
        ("USD", "captured", 7, 1, 1)
    ]
    await assert_totals_are_sums(db, superuser, other)


async def test_a_state_that_lost_all_its_entries_to_a_late_capture_is_not_shown(
    db: Database, superuser: Superuser, tenant: UUID
) -> None:
    refund = make_conversion(order_id="late", kind="refund", amount_cents=40, occurred_at=at(3))
    await send_conversions(db, tenant, refund)
    await roll_up_dirty_days(db)
    await assert_totals_are_sums(db, superuser, tenant)
    capture = make_conversion(order_id="late", amount_cents=100, occurred_at=at(1))
    await send_conversions(db, tenant, capture)
    await roll_up_dirty_days(db)
    await assert_totals_are_sums(db, superuser, tenant)
    shown = [tuple(row) for row in await superuser.fetch(_TOTALS, tenant)]
    assert shown == [("USD", "captured", 100, 1, 1), ("USD", "refunded", -40, 1, 0)]


async def test_money_without_any_remaining_entry_is_not_shown(
    db: Database, superuser: Superuser, tenant: UUID
) -> None:
    """The program deletes no entry; but after a partial restore of the ledger the sums follow its entries."""
    await send_conversions(db, tenant, make_conversion())
    await send_conversions(db, tenant, make_conversion(currency="EUR", occurred_at=at(2)))
    await roll_up_dirty_days(db)
    await superuser.execute("DELETE FROM revenue_ledger WHERE currency = 'EUR'")
    async with db.tenant(tenant) as connection:
        await mark_days(connection, tenant, [(DAY_0 + timedelta(days=2)).date()])
    await roll_up_dirty_days(db)
    await assert_totals_are_sums(db, superuser, tenant)
    assert [row["currency"] for row in await superuser.fetch(_TOTALS, tenant)] == ["USD"]


@pytest.mark.parametrize(
    "harm",
    [
        "UPDATE rollup_revenue_total SET amount_cents = amount_cents + 1, orders = orders - 1",
        "UPDATE rollup_revenue_total SET last_entry_at = '2040-01-01T00:00Z'",
        "DELETE FROM rollup_revenue_total WHERE currency = 'USD'",
        """INSERT INTO rollup_revenue_total
           SELECT DISTINCT tenant_id, 'JPY', 'captured', 1, 1, 1, now() FROM rollup_revenue_total""",
        "UPDATE rollup_revenue_day SET amount_cents = amount_cents + 1",
        "UPDATE rollup_revenue_day SET last_entry_at = '2040-01-01T00:00Z'",
        "DELETE FROM rollup_revenue_day WHERE currency = 'EUR'",
        """INSERT INTO rollup_revenue_day
           SELECT tenant_id, revenue_date + 100, 'JPY', state, 1, 1, 1, last_entry_at FROM rollup_revenue_day""",
    ],
)
async def test_falsified_sums_are_correct_again_after_a_rebuild(
    db: Database, superuser: Superuser, tenant: UUID, other_tenant: UUID, harm: str
) -> None:
    for owner in (tenant, other_tenant):
        await send_conversions(db, owner, make_conversion())
        await send_conversions(db, owner, make_conversion(currency="EUR", occurred_at=at(2)))
    await roll_up_dirty_days(db)
    before = [await superuser.fetch(table) for table in _OF_ALL]
    await superuser.execute(harm)
    assert [await superuser.fetch(table) for table in _OF_ALL] != before
    for owner in (tenant, other_tenant):
        async with db.tenant(owner) as connection:
            await mark_all_revenue(connection, owner)
        await roll_up_dirty_days(db, tenant_id=owner)
        await assert_totals_are_sums(db, superuser, owner)
    assert [await superuser.fetch(table) for table in _OF_ALL] == before


async def test_the_command_that_rebuilds_credit_sums_up_the_revenue_again(
    db: Database, clone: Clone, superuser: Superuser, tenant: UUID
) -> None:
    await send_conversions(db, tenant, make_conversion())
    await roll_up_dirty_days(db)
    for table in ("rollup_revenue_total", "rollup_revenue_day"):
        await superuser.execute(f"UPDATE {table} SET amount_cents = amount_cents * 3")
    await to_thread(run, clone.app_url, "credit", "--tenant", str(tenant), "--rebuild")
    shown = [tuple(row) for row in await superuser.fetch(_TOTALS, tenant)]
    assert shown == [("USD", "captured", 10_000, 1, 1)]
    await assert_totals_are_sums(db, superuser, tenant)


def test_the_money_so_far_is_read_only_from_the_totals() -> None:
    piece = statement("realtime", named_text("skeldir.rollups", "select_revenue_totals"))
    assert set(piece.relations) == {"rollup_revenue_total"}
