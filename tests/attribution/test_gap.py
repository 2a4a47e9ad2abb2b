"""What may happen between the reading of a credit run and its writing, while it computes with no transaction open."""

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
    """A run that stops in front of its first writing transaction, until it is told to go on."""

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
        self._is_there = asyncio.Event()
        self._may_go_on = asyncio.Event()
        database = GatedDatabase(pool=db.pool, gate=self._pass)
        self.task = asyncio.create_task(
            credit_dirty_orders(database, tenant_id=tenant, fence=fence, bounds=bounds)
        )

    async def _pass(self) -> None:
        if self._left == 0:
            self._is_there.set()
            await self._may_go_on.wait()
        self._left = max(0, self._left - 1)

    async def come(self) -> None:
        await asyncio.wait_for(self._is_there.wait(), 30)

    async def go_on(self) -> CreditReport:
        self._may_go_on.set()
        return await self.task


async def make_order(db: Database, tenant: UUID) -> None:
    """An order of 100.00 with a touch of email."""
    await send_touches(db, tenant, make_touch(occurred_at=ago(20)))
    await send_conversions(db, tenant, make_conversion(order_id="X", occurred_at=ago(10)))


async def test_what_another_worker_wrote_from_newer_facts_is_not_written_over(
    db: Database, tenant: UUID
) -> None:
    await make_order(db, tenant)
    gap = Gap(db, tenant)
    await gap.come()
    await send_touches(db, tenant, make_touch(channel="sms", occurred_at=ago(15)))
    await credit_until_complete(db, tenant)
    report = await gap.go_on()
    assert (report.orders, report.is_complete) == (0, False)
    assert await count_dirty(db, tenant) == 0
    assert await sum_by_channel(db, tenant) == {"email": 5_000, "sms": 5_000}
    assert await read_credits(db, tenant) == await rebuild_credits(db, tenant)


async def test_a_part_that_was_written_before_does_not_stop_the_next_one_of_its_own_run(
    db: Database, tenant: UUID
) -> None:
    for number in range(3):
        await send_conversions(
            db, tenant, make_conversion(order_id=f"X{number}", occurred_at=ago(10))
        )
    one_by_one = Bounds(shares_of_part=1)
    gap = Gap(db, tenant, transactions=TRANSACTIONS_BEFORE_THE_GAP + 2, bounds=one_by_one)
    await gap.come()
    assert await count_dirty(db, tenant) == 1
    assert (await gap.go_on()).orders == 3
    await assert_ledger_is_credited(db, tenant)


async def test_another_worker_between_two_parts_stops_the_second(
    db: Database, tenant: UUID
) -> None:
    await send_touches(db, tenant, make_touch(occurred_at=ago(20)))
    for order_id in "XY":
        await send_conversions(db, tenant, make_conversion(order_id=order_id, occurred_at=ago(10)))
    one_by_one = Bounds(shares_of_part=1)
    # Its channel is numbered, and the first part is written.
    gap = Gap(db, tenant, transactions=TRANSACTIONS_BEFORE_THE_GAP + 2, bounds=one_by_one)
    await gap.come()
    await send_touches(db, tenant, make_touch(channel="sms", occurred_at=ago(15)))
    await credit_until_complete(db, tenant)
    report = await gap.go_on()
    assert (report.orders, report.is_complete) == (1, False)
    assert await sum_by_channel(db, tenant) == {"email": 10_000, "sms": 10_000}


async def test_a_fact_that_comes_meanwhile_leaves_a_mark_that_is_not_taken(
    db: Database, tenant: UUID
) -> None:
    await make_order(db, tenant)
    gap = Gap(db, tenant)
    await gap.come()
    await send_touches(db, tenant, make_touch(channel="sms", occurred_at=ago(15)))
    await send_conversions(
        db, tenant, make_conversion(order_id="X", kind="refund", amount_cents=50)
    )
    assert (await gap.go_on()).orders == 1
    assert await sum_by_channel(db, tenant) == {"email": 10_000}
    assert await count_dirty(db, tenant) == 1
    await credit_until_complete(db, tenant)
    assert await sum_by_channel(db, tenant) == {"email": 4_975, "sms": 4_975}
    await assert_ledger_is_credited(db, tenant)


async def test_models_that_change_meanwhile_are_those_that_count_in_the_end(
    db: Database, tenant: UUID
) -> None:
    await make_order(db, tenant)
    gap = Gap(db, tenant)
    await gap.come()
    async with db.tenant(tenant) as connection:
        await define_models(connection, tenant, lookback_days=5)
    await gap.go_on()
    await credit_until_complete(db, tenant)
    assert await sum_by_channel(db, tenant) != {}
    active = [row for row in await read_credits(db, tenant) if row[1].endswith("@2")]
    assert {row[3] for row in active} == {"unattributed"}
    assert await read_credits(db, tenant) == await rebuild_credits(db, tenant)


async def test_touches_that_are_forgotten_meanwhile_have_earned(db: Database, tenant: UUID) -> None:
    await send_touches(
        db,
        tenant,
        make_touch(occurred_at=ago(50)),
        make_touch(channel="sms", occurred_at=ago(35)),
    )
    await send_conversions(db, tenant, make_conversion(order_id="X", occurred_at=ago(30)))
    gap = Gap(db, tenant)
    await gap.come()
    async with db.tenant(tenant) as connection:
        await retain_touches(connection, tenant, 40)
        assert await connection.fetchval("SELECT public.forget_touches(10)") == 1
    assert (await gap.go_on()).is_complete
    assert await sum_by_channel(db, tenant) == {"email": 5_000, "sms": 5_000}
    await send_conversions(
        db, tenant, make_conversion(order_id="X", kind="refund", amount_cents=10_000)
    )
    await credit_until_complete(db, tenant)
    assert await sum_by_channel(db, tenant) == {"email": 0, "sms": 0}
    await assert_ledger_is_credited(db, tenant)


async def test_a_run_that_dies_meanwhile_leaves_everything_to_the_next(
    db: Database, tenant: UUID
) -> None:
    await make_order(db, tenant)
    gap = Gap(db, tenant)
    await gap.come()
    gap.task.cancel()
    with suppress(asyncio.CancelledError):
        await gap.task
    assert await count_dirty(db, tenant) == 1
    assert await read_credits(db, tenant) == []
    assert (await credit_until_complete(db, tenant)).orders == 1
    await assert_ledger_is_credited(db, tenant)


async def test_a_lease_that_is_lost_meanwhile_lets_nothing_be_written(
    db: Database, tenant: UUID
) -> None:
    async def lose(_connection: object) -> None:
        raise LeaseLost("It was claimed by another.", cure="Nothing.")

    await make_order(db, tenant)
    gap = Gap(db, tenant, fence=lose)
    await gap.come()
    with pytest.raises(LeaseLost):
        await gap.go_on()
    assert await count_dirty(db, tenant) == 1
    assert await read_credits(db, tenant) == []


async def test_no_transaction_is_open_while_a_run_computes(db: Database, tenant: UUID) -> None:
    await make_order(db, tenant)
    gap = Gap(db, tenant)
    await gap.come()
    async with db.statement() as connection:
        others = await connection.fetchval(
            """SELECT count(*) FROM pg_stat_activity
               WHERE datname = current_database() AND xact_start IS NOT NULL AND pid <> pg_backend_pid()"""
        )
    assert others == 0
    await gap.go_on()


async def test_a_rebuild_that_is_enqueued_meanwhile_is_done(db: Database, tenant: UUID) -> None:
    await make_order(db, tenant)
    gap = Gap(db, tenant)
    await gap.come()
    async with db.tenant(tenant) as connection:
        await mark_all_orders(connection, tenant)
    assert (await gap.go_on()).orders == 1
    assert await count_dirty(db, tenant) == 1
