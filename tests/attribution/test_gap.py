"""What may happen between a credit run's reading and its writing, while it computes without an open transaction."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import timedelta
from uuid import UUID

import pytest

from skeldir.attribution import (
    CreditReport,
    credit_dirty_orders,
    define_models,
    mark_all_orders,
    retain_touches,
)
from skeldir.attribution.bounds import BOUNDS, Bounds
from skeldir.clock import utc_now
from skeldir.db.pool import Database
from skeldir.jobs import LeaseLost
from tests.support.credit import (
    assert_ledger_is_credited,
    count_dirty,
    credit_until_complete,
    read_credits,
    rebuild_credits,
    sum_by_channel,
)
from tests.support.interleave import GatedDatabase
from tests.support.make import make_conversion, make_touch, send_conversions, send_touches

TRANSACTIONS_BEFORE_THE_GAP = 2
"""A run chooses marks, and reads."""


def ago(days: float) -> str:
    return (utc_now() - timedelta(days=days)).isoformat()


class Gap:
    """A run that stops before its first writing transaction, until it is resumed."""

    def __init__(
        self,
        db: Database,
        tenant: UUID,
        *,
        transactions: int = TRANSACTIONS_BEFORE_THE_GAP,
        fence: Callable[[object], Awaitable[None]] | None = None,
        bounds: Bounds = BOUNDS,
    ) -> None:
        self._left = transactions
        self._reached = asyncio.Event()
        self._may_resume = asyncio.Event()
        database = GatedDatabase(pool=db.pool, gate=self._pass)
        self.task = asyncio.create_task(
            credit_dirty_orders(database, tenant_id=tenant, fence=fence, bounds=bounds)
        )

    async def _pass(self) -> None:
        if self._left == 0:
            self._reached.set()
            await self._may_resume.wait()
        self._left = max(0, self._left - 1)

    async def reach(self) -> None:
        await asyncio.wait_for(self._reached.wait(), 30)

    async def resume(self) -> CreditReport:
        self._may_resume.set()
        return await self.task


async def make_order(db: Database, tenant: UUID) -> None:
    """An order of 100.00 with a touch of email."""
    await send_touches(db, tenant, make_touch(occurred_at=ago(20)))
    await send_conversions(db, tenant, make_conversion(order_id="X", occurred_at=ago(10)))


async def test_credit_that_another_worker_wrote_from_newer_facts_is_not_overwritten(
    db: Database, tenant: UUID
) -> None:
    await make_order(db, tenant)
    gap = Gap(db, tenant)
    await gap.reach()
    await send_touches(db, tenant, make_touch(channel="sms", occurred_at=ago(15)))
    await credit_until_complete(db, tenant)
    report = await gap.resume()
    assert (report.orders, report.is_complete) == (0, False)
    assert await count_dirty(db, tenant) == 0
    assert await sum_by_channel(db, tenant) == {"email": 5_000, "sms": 5_000}
    assert await read_credits(db, tenant) == await rebuild_credits(db, tenant)


async def test_writing_one_part_does_not_stop_the_next_part_of_the_same_run(
    db: Database, tenant: UUID
) -> None:
    for number in range(3):
        await send_conversions(
            db, tenant, make_conversion(order_id=f"X{number}", occurred_at=ago(10))
        )
    one_by_one = Bounds(shares_of_part=1)
    gap = Gap(db, tenant, transactions=TRANSACTIONS_BEFORE_THE_GAP + 2, bounds=one_by_one)
    await gap.reach()
    assert await count_dirty(db, tenant) == 1
    assert (await gap.resume()).orders == 3
    await assert_ledger_is_credited(db, tenant)


async def test_another_worker_between_two_parts_stops_the_second(
    db: Database, tenant: UUID
) -> None:
    await send_touches(db, tenant, make_touch(occurred_at=ago(20)))
    for order_id in "XY":
        await send_conversions(db, tenant, make_conversion(order_id=order_id, occurred_at=ago(10)))
    one_by_one = Bounds(shares_of_part=1)
    # One transaction numbers the channel, and one writes the first part.
    gap = Gap(db, tenant, transactions=TRANSACTIONS_BEFORE_THE_GAP + 2, bounds=one_by_one)
    await gap.reach()
    await send_touches(db, tenant, make_touch(channel="sms", occurred_at=ago(15)))
    await credit_until_complete(db, tenant)
    report = await gap.resume()
    assert (report.orders, report.is_complete) == (1, False)
    assert await sum_by_channel(db, tenant) == {"email": 10_000, "sms": 10_000}


async def test_a_fact_that_arrives_during_a_run_leaves_a_mark_that_the_run_does_not_take(
    db: Database, tenant: UUID
) -> None:
    await make_order(db, tenant)
    gap = Gap(db, tenant)
    await gap.reach()
    await send_touches(db, tenant, make_touch(channel="sms", occurred_at=ago(15)))
    await send_conversions(
        db, tenant, make_conversion(order_id="X", kind="refund", amount_cents=50)
    )
    assert (await gap.resume()).orders == 1
    assert await sum_by_channel(db, tenant) == {"email": 10_000}
    assert await count_dirty(db, tenant) == 1
    await credit_until_complete(db, tenant)
    assert await sum_by_channel(db, tenant) == {"email": 4_975, "sms": 4_975}
    await assert_ledger_is_credited(db, tenant)


async def test_models_that_change_during_a_run_are_the_ones_that_count_in_the_end(
    db: Database, tenant: UUID
) -> None:
    await make_order(db, tenant)
    gap = Gap(db, tenant)
    await gap.reach()
    async with db.tenant(tenant) as connection:
        await define_models(connection, tenant, lookback_days=5)
    await gap.resume()
    await credit_until_complete(db, tenant)
    assert await sum_by_channel(db, tenant) != {}
    active = [row for row in await read_credits(db, tenant) if row[1].endswith("@2")]
    assert {row[3] for row in active} == {"unattributed"}
    assert await read_credits(db, tenant) == await rebuild_credits(db, tenant)


async def test_touches_that_are_forgotten_during_a_run_still_earn(
    db: Database, tenant: UUID
) -> None:
    await send_touches(
        db,
        tenant,
        make_touch(occurred_at=ago(50)),
        make_touch(channel="sms", occurred_at=ago(35)),
    )
    await send_conversions(db, tenant, make_conversion(order_id="X", occurred_at=ago(30)))
    gap = Gap(db, tenant)
    await gap.reach()
    async with db.tenant(tenant) as connection:
        await retain_touches(connection, tenant, 40)
    async with db.tenant(tenant) as connection:
        assert await connection.fetchval("SELECT public.forget_touches(10)") == 1
    assert (await gap.resume()).is_complete
    assert await sum_by_channel(db, tenant) == {"email": 5_000, "sms": 5_000}
    await send_conversions(
        db, tenant, make_conversion(order_id="X", kind="refund", amount_cents=10_000)
    )
    await credit_until_complete(db, tenant)
    assert await sum_by_channel(db, tenant) == {"email": 0, "sms": 0}
    await assert_ledger_is_credited(db, tenant)


async def test_a_run_that_dies_before_writing_leaves_everything_to_the_next(
    db: Database, tenant: UUID
) -> None:
    await make_order(db, tenant)
    gap = Gap(db, tenant)
    await gap.reach()
    gap.task.cancel()
    with suppress(asyncio.CancelledError):
        await gap.task
    assert await count_dirty(db, tenant) == 1
    assert await read_credits(db, tenant) == []
    assert (await credit_until_complete(db, tenant)).orders == 1
    await assert_ledger_is_credited(db, tenant)


async def test_a_run_that_loses_its_lease_writes_nothing(db: Database, tenant: UUID) -> None:
    async def lose(_connection: object) -> None:
        raise LeaseLost("It was claimed by another.", cure="Nothing.")

    await make_order(db, tenant)
    gap = Gap(db, tenant, fence=lose)
    await gap.reach()
    with pytest.raises(LeaseLost):
        await gap.resume()
    assert await count_dirty(db, tenant) == 1
    assert await read_credits(db, tenant) == []


async def test_no_transaction_is_open_while_a_run_computes(db: Database, tenant: UUID) -> None:
    await make_order(db, tenant)
    gap = Gap(db, tenant)
    await gap.reach()
    async with db.statement() as connection:
        others = await connection.fetchval(
            """SELECT count(*) FROM pg_stat_activity
               WHERE datname = current_database() AND xact_start IS NOT NULL AND pid <> pg_backend_pid()"""
        )
    assert others == 0
    await gap.resume()


async def test_a_rebuild_that_is_enqueued_during_a_run_is_done(db: Database, tenant: UUID) -> None:
    await make_order(db, tenant)
    gap = Gap(db, tenant)
    await gap.reach()
    async with db.tenant(tenant) as connection:
        await mark_all_orders(connection, tenant)
    assert (await gap.resume()).orders == 1
    assert await count_dirty(db, tenant) == 1
