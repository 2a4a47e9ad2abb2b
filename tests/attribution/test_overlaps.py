"""Facts that arrive in transactions which cannot see each other, with a credit run at any point between them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from skeldir.attribution import credit_dirty_orders, define_models
from skeldir.db.pool import Database
from skeldir.ingest import receive_conversions, receive_touches
from skeldir.settings import plain_postgres_url
from skeldir.tenants import load_profile
from tests.conftest import Clone
from tests.support.credit import (
    assert_ledger_is_credited,
    credit_until_complete,
    read_credits,
    rebuild_credits,
    sum_by_channel,
)
from tests.support.interleave import Actor, HandDriven, by_hand, interleavings, open_runner, settle
from tests.support.make import (
    at,
    make_conversion,
    make_touch,
    send_conversions,
    send_touches,
)

Write = Callable[[HandDriven], Awaitable[object]]


@dataclass(frozen=True, slots=True)
class Stage:
    """A clone, and a credit run that a test can hold up between choosing its orders and crediting them."""

    db: Database
    admin: asyncpg.Connection[asyncpg.Record]
    runner: Database
    run: Actor

    async def start_run(self, tenant: UUID) -> None:
        await self.run.begin(lambda: credit_dirty_orders(self.runner, tenant_id=tenant))

    async def start_run_and_hold_it_up(self, tenant: UUID) -> None:
        """Start a run that stops where it takes its marks, because their rows are locked; without marks it ends."""
        await self.admin.execute("BEGIN")
        await self.admin.execute("SELECT FROM dirty_orders WHERE tenant_id = $1 FOR UPDATE", tenant)
        await self.start_run(tenant)

    async def let_run_go(self) -> None:
        await self.admin.execute("ROLLBACK")

    async def play(self, tenant: UUID, order: str, first: Write, second: Write) -> None:
        """Play one interleaving.

        A first and B second are transactions that write, and commit when their letter comes again. R is a run that is
        held up before it takes its marks, and goes on when its letter comes again; r is a run that nobody holds up.
        """
        async with by_hand(self.db, tenant) as a, by_hand(self.db, tenant) as b:
            steps: dict[str, list[Callable[[], Awaitable[object]]]] = {
                "A": [lambda: a.begin(lambda: first(a)), lambda: a.begin(a.commit)],
                "B": [lambda: b.begin(lambda: second(b)), lambda: b.begin(b.commit)],
                "R": [lambda: self.start_run_and_hold_it_up(tenant), self.let_run_go],
                "r": [lambda: self.start_run(tenant)],
            }
            for letter in order:
                await steps[letter].pop(0)()
                await settle(self.admin, self.run, a, b)
            for actor in (a, b, self.run):
                await actor.finish()


@pytest.fixture
async def stage(clone: Clone, db: Database) -> AsyncIterator[Stage]:
    async with open_runner(clone.app_url) as (runner, actor):
        admin = await asyncpg.connect(plain_postgres_url(clone.superuser_url))
        try:
            yield Stage(db, admin, runner, actor)
        finally:
            await admin.close()


def touching(**fields: object) -> Write:
    async def write(actor: HandDriven) -> None:
        profile = await load_profile(actor.connection, actor.tenant)
        await receive_touches(actor.connection, profile, [make_touch(**fields)], origin="hand")

    return write


def ordering(**fields: object) -> Write:
    async def write(actor: HandDriven) -> None:
        profile = await load_profile(actor.connection, actor.tenant)
        items = [make_conversion(**fields)]
        await receive_conversions(actor.connection, profile, items, origin="hand")

    return write


def defining(**parameters: Any) -> Write:
    async def write(actor: HandDriven) -> None:
        await define_models(actor.connection, actor.tenant, **parameters)

    return write


async def refund_ahead(db: Database, tenant: UUID, *order_ids: str) -> None:
    """Refund 30.00 of orders whose captures have not come, so that a run finds marks of them from the start."""
    refunds = (
        make_conversion(order_id=order_id, kind="refund", amount_cents=3_000, occurred_at=at(80))
        for order_id in order_ids
    )
    await send_conversions(db, tenant, *refunds)


async def assert_credited(stage: Stage, tenant: UUID, order: str, **cents: int) -> None:
    """Finish the work; after this interleaving the channels must have these cents by the linear model."""
    await credit_until_complete(stage.db, tenant)
    totals = await sum_by_channel(stage.db, tenant, "linear")
    assert totals == cents, f"after {order}"


async def assert_same_as_rebuilt(stage: Stage, tenant: UUID) -> None:
    await assert_ledger_is_credited(stage.db, tenant)
    incremental = await read_credits(stage.db, tenant)
    assert incremental == await rebuild_credits(stage.db, tenant)


async def test_a_touch_and_its_order_that_overlap_find_each_other(
    stage: Stage, tenant: UUID
) -> None:
    for count, order in enumerate(interleavings("AABBRR"), 1):
        journey, name = f"visitor-{count}", f"X{count}"
        await refund_ahead(stage.db, tenant, name)
        touch, capture = touching(journey_key=journey), ordering(order_id=name, journey_key=journey)
        await stage.play(tenant, order, touch, capture)
        await assert_credited(stage, tenant, order, email=7_000 * count)
    await assert_same_as_rebuilt(stage, tenant)


async def test_an_order_that_cuts_the_journey_of_one_it_overlaps_is_seen(
    stage: Stage, tenant: UUID
) -> None:
    await redefine(stage, tenant, after_conversion="reset")
    for count, order in enumerate(interleavings("AABBr"), 1):
        journey = f"visitor-{count}"
        await refund_ahead(stage.db, tenant, f"X{count}", f"Y{count}")
        await send_touches(stage.db, tenant, make_touch(journey_key=journey))
        earlier = ordering(order_id=f"X{count}", journey_key=journey)
        later = ordering(order_id=f"Y{count}", journey_key=journey, occurred_at=at(2))
        await stage.play(tenant, order, earlier, later)
        cents = 7_000 * count
        await assert_credited(stage, tenant, order, email=cents, unattributed=cents)
    await assert_same_as_rebuilt(stage, tenant)


async def test_an_order_that_overlaps_a_change_of_the_models_is_credited_by_the_new_ones(
    stage: Stage, tenant: UUID
) -> None:
    for count, order in enumerate(interleavings("AABBr"), 1):
        journey, name = f"visitor-{count}", f"X{count}"
        await redefine(stage, tenant, lookback_days=30)
        await refund_ahead(stage.db, tenant, name)
        await send_touches(stage.db, tenant, make_touch(journey_key=journey))
        late = ordering(order_id=name, journey_key=journey, occurred_at=at(45))
        await stage.play(tenant, order, defining(lookback_days=60), late)
        await assert_credited(stage, tenant, order, email=7_000 * count)
    await assert_same_as_rebuilt(stage, tenant)


async def test_a_touch_that_overlaps_a_change_of_the_models_is_credited_by_the_new_ones(
    stage: Stage, tenant: UUID
) -> None:
    for count, order in enumerate(interleavings("AABBr"), 1):
        journey = f"visitor-{count}"
        await redefine(stage, tenant, lookback_days=30)
        late = make_conversion(journey_key=journey, occurred_at=at(45))
        await send_conversions(stage.db, tenant, late)
        await stage.play(tenant, order, defining(lookback_days=60), touching(journey_key=journey))
        await assert_credited(stage, tenant, order, email=10_000 * count)
    await assert_same_as_rebuilt(stage, tenant)


async def redefine(stage: Stage, tenant: UUID, **parameters: Any) -> None:
    async with stage.db.tenant(tenant) as connection:
        await define_models(connection, tenant, **parameters)
