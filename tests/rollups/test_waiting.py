"""No mark is ever without a row of the list of waiting tenants, whatever overlaps; and the list becomes empty again."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from inspect import iscoroutinefunction
from itertools import count
from uuid import UUID

import asyncpg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from skeldir.attribution import credit_dirty_orders, define_models
from skeldir.attribution.kinds import CREDIT
from skeldir.attribution.tasks import CREDIT_KIND, enqueue_stranded_credit
from skeldir.db import share_lock, wait_for_lock
from skeldir.db.pool import Database
from skeldir.ingest import receive_conversions, receive_touches
from skeldir.jobs import do_jobs
from skeldir.rollups import (
    add_credit,
    credit_lock,
    has_dirty_days,
    ingest_lock,
    mark_all_revenue,
    mark_days,
    review_waiting,
    roll_up_dirty_days,
    roll_up_in_turn,
)
from skeldir.settings import plain_postgres_url
from skeldir.tenants import load_profile
from tests.conftest import Clone
from tests.support.interleave import HandDriven, by_hand, interleavings, settle
from tests.support.make import (
    DAY_0,
    make_conversion,
    make_tenant,
    make_touch,
    send_conversions,
    send_touches,
)

_TURNS = count(1_000)
Write = Callable[[HandDriven], Awaitable[object]]

# Asked one after the other, as on Citus they are on different nodes.
_MARKED = """
    SELECT tenant_id, 'credit' AS work FROM dirty_orders
    UNION SELECT tenant_id, 'credit' FROM dirty_journeys
    UNION SELECT tenant_id, 'credit' FROM restatements WHERE after_order_id IS NOT NULL
    UNION SELECT tenant_id, 'days' FROM dirty_days"""
_LISTED = "SELECT tenant_id, work FROM waiting_tenants"


async def order(actor: HandDriven) -> None:
    profile = await load_profile(actor.connection, actor.tenant)
    await receive_conversions(actor.connection, profile, [make_conversion()], origin="hand")


async def touch(actor: HandDriven) -> None:
    profile = await load_profile(actor.connection, actor.tenant)
    await receive_touches(actor.connection, profile, [make_touch()], origin="hand")


async def credit(actor: HandDriven) -> None:
    """Add credit as a run does, which marks its day."""
    await wait_for_lock(actor.connection, credit_lock(actor.tenant))
    change = {(DAY_0.date(), "linear@1", "email", "USD"): (1, 1, 1)}
    await add_credit(actor.connection, actor.tenant, next(_TURNS), change)


async def define(actor: HandDriven) -> None:
    await define_models(actor.connection, actor.tenant, lookback_days=7)


async def mend(actor: HandDriven) -> None:
    await mark_all_revenue(actor.connection, actor.tenant)


WRITERS: dict[str, Write] = {
    "an order": order,
    "a touch of an order": touch,
    "credit": credit,
    "a change of models": define,
    "all of the revenue": mend,
}


@dataclass(frozen=True, slots=True)
class Stage:
    """A clone, and a connection that sees the rows of all tenants."""

    db: Database
    watcher: asyncpg.Connection[asyncpg.Record]

    async def play(self, tenant: UUID, steps: str, **writers: Write) -> None:
        """Play one interleaving: each letter first begins and then commits; R is a review, the others are writers.

        The tenant is listed and has no mark, so a writer relies on the row that the review deletes.
        """
        await self.watcher.execute("DELETE FROM dirty_orders; DELETE FROM dirty_days")
        await self.watcher.execute("DELETE FROM restatements; DELETE FROM waiting_tenants")
        await self.watcher.execute(
            """INSERT INTO waiting_tenants (tenant_id, work, since)
               SELECT $1, work, now() - interval '1 hour' FROM unnest(ARRAY['credit', 'days']) AS work""",
            tenant,
        )
        actors: dict[str, HandDriven] = {}
        async with (
            by_hand(self.db, tenant) as a,
            by_hand(self.db, tenant) as b,
            by_hand(self.db, tenant) as r,
        ):
            actors = {"A": a, "B": b, "R": r}
            writes = {**writers, "R": lambda one: review_waiting(one.connection, one.tenant)}
            begun: set[str] = set()
            for letter in steps:
                actor = actors[letter]
                if letter in begun:
                    await actor.begin(actor.commit)
                else:
                    begun.add(letter)
                    await actor.begin(lambda actor=actor, letter=letter: writes[letter](actor))
                await settle(self.watcher, a, b, r)
                await self.assert_all_marks_are_listed(steps)
            for actor in actors.values():
                await actor.finish()
        await self.assert_all_marks_are_listed(steps)

    async def assert_all_marks_are_listed(self, when: object = "") -> None:
        marked = {tuple(row) for row in await self.watcher.fetch(_MARKED)}
        assert marked - {tuple(row) for row in await self.watcher.fetch(_LISTED)} == set(), when

    async def list_waiting(self) -> set[str]:
        return {row["work"] for row in await self.watcher.fetch("SELECT work FROM waiting_tenants")}


@pytest.fixture
async def stage(clone: Clone, db: Database) -> AsyncIterator[Stage]:
    watcher = await asyncpg.connect(plain_postgres_url(clone.superuser_url))
    try:
        yield Stage(db, watcher)
    finally:
        await watcher.close()


@pytest.mark.parametrize("name", list(WRITERS))
async def test_a_writer_and_a_review_leave_no_mark_unlisted_in_any_order(
    stage: Stage, tenant: UUID, name: str
) -> None:
    await send_conversions(stage.db, tenant, make_conversion())
    await credit_dirty_orders(stage.db)
    await roll_up_dirty_days(stage.db)
    for steps in interleavings("AARR"):
        await stage.play(tenant, steps, A=WRITERS[name])
        await credit_dirty_orders(stage.db)
        await roll_up_dirty_days(stage.db)
        assert await stage.list_waiting() == set(), steps


@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    steps=st.permutations("AABBRR").map("".join),
    first=st.sampled_from(list(WRITERS)),
    second=st.sampled_from(list(WRITERS)),
)
async def test_two_writers_and_a_review_leave_no_mark_unlisted(
    stage: Stage, steps: str, first: str, second: str
) -> None:
    tenant = await make_tenant(stage.db, "A")
    await send_conversions(stage.db, tenant, make_conversion())
    await credit_dirty_orders(stage.db)
    await roll_up_dirty_days(stage.db)
    await stage.play(tenant, steps, A=WRITERS[first], B=WRITERS[second])
    await credit_dirty_orders(stage.db)
    await roll_up_dirty_days(stage.db)
    assert await stage.list_waiting() == set()


@dataclass
class Doer:
    """Does work of one tenant by its name."""

    db: Database
    tenant: UUID
    lookbacks: Iterator[int] = field(default_factory=lambda: count(2))

    async def order(self) -> object:
        return await send_conversions(self.db, self.tenant, make_conversion())

    async def touch(self) -> object:
        return await send_touches(self.db, self.tenant, make_touch())

    async def define(self) -> None:
        async with self.db.tenant(self.tenant) as connection:
            await define_models(connection, self.tenant, lookback_days=next(self.lookbacks))

    async def credit(self) -> object:
        return await credit_dirty_orders(self.db)

    async def roll_up(self) -> object:
        return await roll_up_dirty_days(self.db)

    async def roll_up_in_turn(self) -> object:
        return await roll_up_in_turn(self.db, deadline=0.0)

    async def job(self) -> None:
        await do_jobs(self.db, {CREDIT: CREDIT_KIND})

    async def sweep(self) -> None:
        await enqueue_stranded_credit(self.db)

    async def review(self) -> None:
        async with self.db.tenant(self.tenant) as connection:
            await review_waiting(connection, self.tenant)


_WORK = [name for name, one in vars(Doer).items() if iscoroutinefunction(one)]


@settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(work=st.lists(st.sampled_from(_WORK), min_size=1, max_size=8))
async def test_whatever_is_done_in_whatever_order_every_mark_is_listed(
    stage: Stage, work: list[str]
) -> None:
    doer = Doer(stage.db, await make_tenant(stage.db, "A"))
    for name in work:
        await getattr(doer, name)()
        await stage.assert_all_marks_are_listed(name)
    await doer.credit()
    await doer.roll_up()
    assert await stage.list_waiting() == set()


async def test_a_job_leaves_no_row_when_it_leaves_no_mark(stage: Stage, tenant: UUID) -> None:
    await send_touches(stage.db, tenant, make_touch())
    assert await stage.list_waiting() == set()
    await send_conversions(stage.db, tenant, make_conversion())
    assert await stage.list_waiting() == {"credit", "days"}
    await do_jobs(stage.db, {CREDIT: CREDIT_KIND})
    assert await stage.list_waiting() == set()


async def test_a_second_writer_adds_no_row_and_a_concurrent_one_waits_for_nobody(
    stage: Stage, tenant: UUID
) -> None:
    async with by_hand(stage.db, tenant) as a, by_hand(stage.db, tenant) as b:
        await order(a)
        await order(b)
    rows = "SELECT count(*) FROM waiting_tenants"
    assert await stage.watcher.fetchval(rows) == 4
    await send_conversions(stage.db, tenant, make_conversion())
    assert await stage.watcher.fetchval(rows) == 4
    await do_jobs(stage.db, {CREDIT: CREDIT_KIND})
    assert await stage.watcher.fetchval(rows) == 0


async def test_a_row_that_stays_says_how_long_the_oldest_mark_has_waited(
    stage: Stage, tenant: UUID
) -> None:
    await send_conversions(stage.db, tenant, make_conversion())
    long_ago = datetime.now(UTC) - timedelta(hours=1)
    await stage.watcher.execute("UPDATE waiting_tenants SET since = $1", long_ago)
    await stage.watcher.execute(
        "UPDATE dirty_orders SET marked_at = $1", long_ago + timedelta(minutes=7)
    )
    async with by_hand(stage.db, tenant) as writer:
        await share_lock(writer.connection, ingest_lock(tenant))
        # Everything is summed, but the writer may have marked a day: the row stays, and nothing has waited.
        await roll_up_dirty_days(stage.db)
        since = dict(await stage.watcher.fetch("SELECT work, since FROM waiting_tenants"))
        assert since["credit"] == long_ago + timedelta(minutes=7)
        assert since["days"] > long_ago + timedelta(minutes=59)
        async with stage.db.unbound() as connection:
            assert await has_dirty_days(connection)
    await roll_up_dirty_days(stage.db)
    assert await stage.list_waiting() == {"credit"}


async def test_a_review_beside_a_roll_up_does_nothing(stage: Stage, tenant: UUID) -> None:
    async with stage.db.tenant(tenant) as rolling:
        await mark_days(rolling, tenant, [])
        await mark_all_revenue(rolling, tenant)
        async with stage.db.tenant(tenant) as connection:
            assert await review_waiting(connection, tenant) is False
        await stage.watcher.execute(
            "INSERT INTO waiting_tenants (tenant_id, work) VALUES ($1, 'days')", tenant
        )
        async with stage.db.tenant(tenant) as connection:
            assert await review_waiting(connection, tenant) is None
    assert "days" in await stage.list_waiting()


async def test_the_sweep_takes_tenants_off_the_list_that_only_seem_to_wait(
    stage: Stage, tenant: UUID, other_tenant: UUID
) -> None:
    for owner in (tenant, other_tenant):
        await send_conversions(stage.db, owner, make_conversion())
    await stage.watcher.execute("DELETE FROM jobs")
    await stage.watcher.execute("DELETE FROM dirty_orders WHERE tenant_id = $1", tenant)
    await stage.watcher.execute("DELETE FROM dirty_days WHERE tenant_id = $1", tenant)
    await enqueue_stranded_credit(stage.db)
    rows = await stage.watcher.fetch("SELECT DISTINCT tenant_id FROM waiting_tenants")
    assert [row["tenant_id"] for row in rows] == [other_tenant]
    assert await stage.watcher.fetchval("SELECT array_agg(tenant_id) FROM jobs") == [other_tenant]
