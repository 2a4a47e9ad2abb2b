"""Facts that arrive in transactions which cannot see each other, with a credit run at every point between them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
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
from tests.support.interleave import HandDriven, Runner, by_hand, interleavings, open_runner, settle
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
    """A clone, and a credit run that the test advances by one transaction at a time."""

    db: Database
    watcher: asyncpg.Connection[asyncpg.Record]
    run: Runner

    async def play(self, tenant: UUID, order: str, first: Write, second: Write) -> None:
        """Play one interleaving.

        A (`first`) and B (`second`) are transactions that write at their first letter and commit at their second. R is
        a run: at its first letter it chooses its marks, at its second it waits for the writers, and at its third it
        reads and writes; r is all of this at once. What may happen between reading and writing is in `test_gap.py`.
        """
        async with by_hand(self.db, tenant) as a, by_hand(self.db, tenant) as b:
            await self.run.begin(lambda: credit_dirty_orders(self.run.database, tenant_id=tenant))
            steps: dict[str, list[Callable[[], Awaitable[object]]]] = {
                "A": [lambda: a.begin(lambda: first(a)), lambda: a.begin(a.commit)],
                "B": [lambda: b.begin(lambda: second(b)), lambda: b.begin(b.commit)],
                "R": [self.run.let_go_on, self.run.let_go_on, self.read_and_write],
                "r": [self.run.let_all_go_on],
            }
            for letter in order:
                await steps[letter].pop(0)()
                await settle(self.watcher, self.run, a, b)
            for actor in (self.run, a, b):
                await actor.finish()

    async def read_and_write(self) -> None:
        await self.run.let_go_on()
        await self.run.let_go_on()


@pytest.fixture
async def stage(clone: Clone, db: Database) -> AsyncIterator[Stage]:
    watcher = await asyncpg.connect(plain_postgres_url(clone.superuser_url))
    try:
        async with open_runner(clone.app_url) as run:
            yield Stage(db, watcher, run)
    finally:
        await watcher.close()


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


def overlapping(steps: str) -> Iterator[str]:
    """Return the interleavings in which neither A nor B ends before the other begins.

    A run sees only what is committed: choosing or crediting just after a write is the same as just before it, and of
    two such orders only the latter is returned.
    """
    for order in interleavings(steps):
        overlaps = order.index("A") < order.rindex("B") and order.index("B") < order.rindex("A")
        if overlaps and not any(
            letter == "R" and order[:place].count("R") != 1 and is_write(order, place - 1)
            for place, letter in enumerate(order)
        ):
            yield order


def is_write(order: str, place: int) -> bool:
    return place >= 0 and order[place] in "AB" and order[place] not in order[:place]


async def refund_ahead(db: Database, tenant: UUID, *order_ids: str) -> None:
    """Refund 30.00 of orders whose captures have not come, so that a run finds marks of them from the start."""
    refunds = (
        make_conversion(order_id=order_id, kind="refund", amount_cents=3_000, occurred_at=at(80))
        for order_id in order_ids
    )
    await send_conversions(db, tenant, *refunds)


async def assert_credited(stage: Stage, tenant: UUID, order: str, **cents: int) -> None:
    """Finish the work, and compare the cents of the channels by the linear model."""
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
    for count, order in enumerate(overlapping("AABBRRR"), 1):
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
    for count, order in enumerate(overlapping("AABBr"), 1):
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
    for count, order in enumerate(overlapping("AABBr"), 1):
        journey, name = f"visitor-{count}", f"X{count}"
        await redefine(stage, tenant, lookback_days=30)
        await send_touches(stage.db, tenant, make_touch(journey_key=journey))
        late = ordering(order_id=name, journey_key=journey, occurred_at=at(45))
        await stage.play(tenant, order, defining(lookback_days=60), late)
        await assert_credited(stage, tenant, order, email=10_000 * count)
    await assert_same_as_rebuilt(stage, tenant)


async def test_a_touch_that_overlaps_a_change_of_the_models_is_credited_by_the_new_ones(
    stage: Stage, tenant: UUID
) -> None:
    for count, order in enumerate(overlapping("AABBr"), 1):
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
