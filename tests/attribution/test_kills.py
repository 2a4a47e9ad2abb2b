"""`kill -9` between any two statements of a run loses and repeats nothing."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from random import Random
from uuid import UUID

import pytest

from skeldir.attribution import ModelParameters, credit_dirty_orders, retire_model, set_models
from skeldir.attribution.marks import MOST_ORDERS_MARKED
from skeldir.db.embedded import EmbeddedServer
from skeldir.db.pool import Database, open_database
from skeldir.ingest import CHANNELS, add_hosts, request_undo, target_of_order
from skeldir.ingest.kinds import UNDO
from skeldir.ingest.tasks import UNDO_KIND
from skeldir.jobs import do_jobs
from skeldir.rollups import roll_up_dirty_days
from skeldir.rollups.summing import DAYS_PER_TURN
from tests.conftest import TEMPLATE, Clone, scratch_database
from tests.rollups.test_rollups import spend_money
from tests.spend.test_recording import make_day, record
from tests.support.credit import (
    assert_ledger_is_credited,
    assert_sums_are_of_credits,
    keep_as_before_packing,
    read_credits,
    rebuild_credits,
)
from tests.support.deleting import make_all_due
from tests.support.dying_worker import FEW_AT_ONCE, KINDS, Directions, Sent
from tests.support.kills import (
    Launcher,
    State,
    differences,
    finish,
    launching,
    read_remains,
    read_state,
    wait_until_nobody_is_connected,
)
from tests.support.make import (
    DAY_0,
    at,
    make_conversion,
    make_tenant,
    make_touch,
    send_conversions,
    send_touches,
)
from tests.support.own_rules import apply, request, store
from tests.support.refreshing import superuser_of
from tests.support.rolled_up import assert_rolled_up
from tests.support.taking_back import undo

ORDERS = (6, 2)
"""How many credited orders, of a visitor each, the two tenants have before: the first more than a restatement takes."""
DEATHS = 3
"""How many runs in a row die with a commit unanswered; a job is attempted five times."""
HOT = MOST_ORDERS_MARKED + 1
"""One order more of a visitor than a touch marks one by one: it marks the journey instead."""

Fill = Callable[[Clone, Database, UUID], Awaitable[None]]


async def make_orders(db: Database, tenant: UUID, count: int) -> None:
    """Make orders of visitors with three touches each, 35, 8 and 2 days before."""
    for number in range(count):
        key = f"visitor-{number}"
        days = (("email", 35), ("sms", 8), ("direct", 2))
        await send_touches(
            db,
            tenant,
            *(
                make_touch(journey_key=key, channel=channel, occurred_at=at(-before))
                for channel, before in days
            ),
        )
        await send_conversions(
            db,
            tenant,
            make_conversion(order_id=f"order-{number}", journey_key=key, occurred_at=at(0)),
        )


async def make_marks(clone: Clone, db: Database, tenant: UUID) -> None:
    """Have orders of every kind marked: new, changed, crowded, too large, without a capture, of a hot journey."""
    changes = [
        make_conversion(order_id="order-0", kind="refund", amount_cents=3_333, occurred_at=at(3)),
        make_conversion(order_id="order-1", kind="refund", amount_cents=10_000, occurred_at=at(2)),
        make_conversion(order_id="order-2", kind="dispute", amount_cents=1, currency="JPY"),
        make_conversion(order_id="awaiting", kind="refund", amount_cents=5),
        make_conversion(order_id="of nobody", journey_key=None),
        make_conversion(order_id="crowded", journey_key="crowd", occurred_at=at(4)),
        *(make_conversion(order_id=f"new-{n}", journey_key=f"visitor-{n}") for n in range(4)),
        *(make_conversion(order_id="too large", amount_cents=n) for n in range(1, 7)),
        *(
            make_conversion(order_id=f"hot-{n:02}", journey_key="hot", occurred_at=at(1 + n / 100))
            for n in range(HOT)
        ),
    ]
    await send_conversions(db, tenant, *changes)
    touches = [
        make_touch(journey_key="visitor-0", channel="affiliates", occurred_at=at(-1)),
        make_touch(journey_key="visitor-3", channel="display", occurred_at=at(-3)),
        make_touch(journey_key="hot", channel="organic_search", occurred_at=at(0)),
        *(make_touch(journey_key="crowd", occurred_at=at(n / 2)) for n in range(5)),
    ]
    await send_touches(db, tenant, *touches)


async def make_marks_of_kept_credit(clone: Clone, db: Database, tenant: UUID) -> None:
    """Have two orders marked that were credited before journeys were packed."""
    await keep_as_before_packing(clone, db, tenant)
    refund = make_conversion(order_id="order-0", kind="refund", amount_cents=1_000)
    await send_conversions(db, tenant, refund)
    await send_touches(db, tenant, make_touch(journey_key="visitor-1", occurred_at=at(-4)))


async def make_dirty_days(clone: Clone, db: Database, tenant: UUID) -> None:
    """Have more days marked than a turn takes: with credited revenue, revenue that awaits credit, and spend."""
    for day in range(DAYS_PER_TURN + 2):
        kind = "refund" if day % 3 == 1 else "capture"
        order = f"order-{day}" if day % 3 == 2 else "order-0"
        item = make_conversion(order_id=order, kind=kind, amount_cents=day + 1, occurred_at=at(day))
        await send_conversions(db, tenant, item)
        if day % 2:
            await spend_money(db, tenant, (DAY_0 + timedelta(days=day)).date(), 100 + day)
    await credit_dirty_orders(db, tenant_id=tenant)


async def make_few_dirty_days(clone: Clone, db: Database, tenant: UUID) -> None:
    await send_conversions(db, tenant, make_conversion(order_id="order-0", kind="refund"))
    await spend_money(db, tenant, DAY_0.date(), 700)
    await credit_dirty_orders(db, tenant_id=tenant)


async def make_marks_beside_what_was_taken_back(clone: Clone, db: Database, tenant: UUID) -> None:
    """Have an order taken back for good, and of others not yet credited: one taken back, one new, one refunded."""
    await undo(db, tenant, target_of_order("order-1"))
    await credit_dirty_orders(db, tenant_id=tenant)
    await roll_up_dirty_days(db, tenant_id=tenant)
    await undo(db, tenant, target_of_order("order-2"))
    await do_jobs(db, {UNDO: UNDO_KIND})
    await send_conversions(
        db,
        tenant,
        make_conversion(order_id="order-0", kind="refund", amount_cents=3_333, occurred_at=at(3)),
        make_conversion(order_id="new", journey_key="visitor-3", occurred_at=at(0.5)),
    )
    await spend_money(db, tenant, DAY_0.date(), 700)


async def make_models_half_changed(clone: Clone, db: Database, tenant: UUID) -> None:
    """Have a change of the models half done, after a model was retired; some orders are marked as well."""
    async with db.tenant(tenant) as connection:
        await retire_model(connection, tenant, "last_touch", changed_by="test")
        wanted = {"first_touch": ModelParameters(lookback_days=5)}
        await set_models(connection, tenant, wanted, changed_by="test")
    await credit_dirty_orders(db, tenant_id=tenant, deadline=0.0, bounds=FEW_AT_ONCE)
    await send_conversions(
        db,
        tenant,
        make_conversion(order_id="order-4", kind="refund", amount_cents=2_500),
        make_conversion(order_id="new", journey_key="visitor-3", occurred_at=at(0.5)),
    )


async def make_channels_to_restate(clone: Clone, db: Database, tenant: UUID) -> None:
    """Have the channels of three touches move, one of them of no order, among others that stay."""
    visits = [
        make_touch(journey_key=f"visitor-{n}", channel=None, referrer_host=host, occurred_at=at(-1))
        for n, host in enumerate(("pay.example", "news.example", "secure.pay.example"))
    ]
    stray = make_touch(journey_key="nobody", channel=None, referrer_host="pay.example")
    await send_touches(db, tenant, *visits, stray)
    await do_jobs(db, KINDS)
    async with db.tenant(tenant) as connection:
        await add_hosts(connection, tenant, ["pay.example"], "payment")
        await request_undo(connection, tenant, CHANNELS, reason="we pay there", requested_by="test")


async def make_rules_to_apply(clone: Clone, db: Database, tenant: UUID) -> None:
    """Have rules of the tenant's own move three touches and two campaign days, and other rules before them."""
    visits = [
        make_touch(journey_key=f"visitor-{n}", channel=None, source=source, occurred_at=at(-1))
        for n, source in enumerate(("Partner", "news", "partner"))
    ]
    await send_touches(
        db, tenant, *visits, make_touch(journey_key="x", channel=None, source="partner")
    )
    await record(
        db, tenant, make_day(100), make_day(200, day=1), make_day(300, campaign="7", name="x")
    )
    rules = '[[rule]]\nid = "r"\nchannel = "display"\n{}\n'
    await apply(db, tenant, await store(db, tenant, rules.format('source.is = "news"')))
    await do_jobs(db, KINDS)
    both = rules.format('source.is = "partner"') + rules.replace('"r"', '"s"').format(
        'campaign.is = "brand"'
    )
    await request(db, tenant, await store(db, tenant, both))


async def make_no_other_work(clone: Clone, db: Database, tenant: UUID) -> None:
    pass


# The work, and what there is to do for each tenant besides credited orders.
WORKS: dict[str, tuple[Fill, Fill]] = {
    "do_credit_jobs": (make_marks, make_marks_of_kept_credit),
    "roll_up_for_beat": (make_dirty_days, make_few_dirty_days),
    "roll_up_for_an_operator": (make_dirty_days, make_few_dirty_days),
    "change_models": (make_models_half_changed, make_no_other_work),
    "restate_channels": (make_channels_to_restate, make_rules_to_apply),
    "change_time_zones": (make_marks_beside_what_was_taken_back, make_marks_of_kept_credit),
}


KILLED_EVERYWHERE = [work for work in WORKS if work != "restate_channels"]


@pytest.fixture(scope="module")
def launcher() -> Iterator[Launcher]:
    with launching() as started:
        yield started


@pytest.fixture
async def begun(server: EmbeddedServer, work: str) -> AsyncIterator[tuple[Clone, list[UUID]]]:
    """A database as it is before the work, and its two tenants."""
    with scratch_database(server, template=TEMPLATE) as clone:
        async with open_database(clone.app_url, pool_size=4, statement_timeout_ms=30_000) as db:
            tenants = [await make_tenant(db, name) for name in "AB"]
            for tenant, count in zip(tenants, ORDERS, strict=True):
                await make_orders(db, tenant, count)
            await do_jobs(db, KINDS)
            for tenant, fill in zip(tenants, WORKS[work], strict=True):
                await fill(clone, db, tenant)
        wait_until_nobody_is_connected(clone)
        yield clone, tenants


@pytest.mark.slow
@pytest.mark.parametrize("work", KILLED_EVERYWHERE)
@pytest.mark.begins_early
async def test_a_run_killed_before_any_statement_loses_and_repeats_nothing(
    launcher: Launcher, begun: tuple[Clone, list[UUID]], work: str
) -> None:
    template, tenants = begun
    directions = Directions("", work, tuple(map(str, tenants)))
    expected, sent = await run_without_kills(launcher, template, directions)
    continued: list[State] = []
    for number in range(1, sent.statements + 1):
        dying = replace(directions, before_statement=number)
        assert_nothing_lost_or_repeated(launcher, template, dying, expected, continued)
    assert len(continued) > 1
    # One more is not sent.
    with scratch_database(template.server, template=template.name) as clone:
        beyond = replace(directions, url=clone.app_url, before_statement=sent.statements + 1)
        assert launcher.run(beyond) == sent


@pytest.mark.slow
@pytest.mark.parametrize("work", KILLED_EVERYWHERE)
async def test_runs_killed_before_a_commit_is_acknowledged_lose_and_repeat_nothing(
    launcher: Launcher, begun: tuple[Clone, list[UUID]], work: str
) -> None:
    template, tenants = begun
    directions = Directions("", work, tuple(map(str, tenants)))
    expected, sent = await run_without_kills(launcher, template, directions)
    for number in range(1, sent.commits + 1):
        dying = replace(directions, after_commit=number)
        assert_nothing_lost_or_repeated(launcher, template, dying, expected, [], deaths=DEATHS)
    # The commit succeeded nevertheless: after the last one nothing was left to do.
    with scratch_database(template.server, template=template.name) as clone:
        last = replace(directions, url=clone.app_url, after_commit=sent.commits)
        assert launcher.run(last) is None
        wait_until_nobody_is_connected(clone)
        assert differences(read_state(clone), expected) == {}


@pytest.mark.slow
@pytest.mark.parametrize("work", ["restate_channels"])
async def test_a_restating_killed_at_random_moments_ends_like_one_without_kills(
    launcher: Launcher, begun: tuple[Clone, list[UUID]], work: str
) -> None:
    template, tenants = begun
    directions = Directions("", work, tuple(map(str, tenants)))
    expected, sent = await run_without_kills(launcher, template, directions)
    chance = Random()
    for number in chance.sample(range(1, sent.statements + 1), 8):
        dying = replace(directions, before_statement=number)
        assert_nothing_lost_or_repeated(launcher, template, dying, expected, [])
    for number in chance.sample(range(1, sent.commits + 1), 4):
        dying = replace(directions, after_commit=number)
        assert_nothing_lost_or_repeated(launcher, template, dying, expected, [], deaths=DEATHS)


async def run_without_kills(
    launcher: Launcher, template: Clone, directions: Directions
) -> tuple[State, Sent]:
    """Return the state that a run leaves if it is not killed, which equals what the facts give, and what it sends."""
    with scratch_database(template.server, template=template.name) as clone:
        before = read_state(clone)
        sent = finish(launcher, clone, replace(directions, url=clone.app_url))
        after = read_state(clone)
        assert differences(after, before) != {}
        await assert_state_is_that_of_a_rebuild(clone, directions)
    return after, sent


async def assert_state_is_that_of_a_rebuild(clone: Clone, directions: Directions) -> None:
    """No mark is left; credit and sums equal those of a rebuild, and those computed from the facts."""
    state = read_state(clone)
    assert not any(state[name] for name in ("dirty_orders", "dirty_journeys", "dirty_days"))
    async with (
        open_database(clone.app_url, pool_size=4, statement_timeout_ms=30_000) as db,
        superuser_of(clone) as superuser,
    ):
        for tenant in map(UUID, directions.tenants):
            rows = await superuser.fetch(
                "SELECT order_id FROM orders_set_aside WHERE tenant_id = $1", tenant
            )
            aside = {row["order_id"] for row in rows}
            await assert_sums_are_of_credits(db, tenant)
            if not aside:
                await assert_rolled_up(superuser, tenant)
            credited = await read_credits(db, tenant)
            # No order is too large for it.
            rebuilt = await rebuild_credits(db, tenant)
            assert credited == [row for row in rebuilt if row[0] not in aside]
            await roll_up_dirty_days(db, tenant_id=tenant)
            await assert_rolled_up(superuser, tenant)
            await assert_ledger_is_credited(db, tenant)


def assert_nothing_lost_or_repeated(
    launcher: Launcher,
    template: Clone,
    dying: Directions,
    expected: State,
    continued: list[State],
    *,
    deaths: int = 1,
) -> None:
    """Kill a run, and the next ones that continue its work, up to `deaths` in total; the last one ends as expected.

    What remains is not continued again if it was before: a transaction leaves the same wherever in it the run dies.
    """
    with scratch_database(template.server, template=template.name) as clone:
        dying = replace(dying, url=clone.app_url)
        assert launcher.run(dying) is None
        for _ in range(1, deaths):
            wait_until_nobody_is_connected(clone)
            make_all_due(clone)
            if launcher.run(dying) is not None:
                break
        remains = read_remains(clone)
        if remains in continued:
            return
        continued.append(remains)
        finish(launcher, clone, replace(dying, before_statement=None, after_commit=None))
        assert differences(read_state(clone), expected) == {}, dying
