"""Kept journeys are those that the facts make, whatever happens to the facts, and an update reads only what is new."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import date, timedelta
from random import Random
from uuid import UUID

import pytest

from skeldir.attribution import set_time_zone
from skeldir.clock import utc_now
from skeldir.days import read_rules
from skeldir.db.pool import Database, open_database
from skeldir.fits import Fit, FitAsked, TouchesForgotten, find_fit, fit_model, read_journeys
from skeldir.fits.keeping import RECORDED_BEFORE, keep_journeys
from skeldir.fits.kinds import KEEP_JOURNEYS
from skeldir.fits.reading import Ended, Facts
from skeldir.fits.tasks import KEEP_KIND, MOST_LOOKBACKS
from skeldir.fits.updates import Update
from skeldir.inbox import erase_order
from skeldir.ingest import (
    receive_touches,
)
from skeldir.jobs import do_jobs, is_enqueued
from skeldir.tenants import load_profile, set_retention
from tests.conftest import Clone
from tests.support.changing_shop import Shop
from tests.support.fitted import ASKED, make_journeys, send_journeys
from tests.support.kept import forget_kept, list_kept, recount
from tests.support.make import at, make_conversion, make_touch, send_conversions, send_touches
from tests.support.refreshing import superuser_of

pytestmark = pytest.mark.shares_clone

FIRST_DAY = date(2026, 3, 1)
LAST_DAY = date(2026, 6, 30)


@pytest.fixture(autouse=True)
def no_margins(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let an update read only what was recorded since the last one: within a margin it would read everything again."""
    monkeypatch.setattr("skeldir.fits.keeping.RECORDED_BEFORE", timedelta(0))
    monkeypatch.setattr("skeldir.fits.keeping.ID_BEFORE", timedelta(0))


async def read(db: Database, tenant: UUID, first_day: date = FIRST_DAY) -> None:
    await read_journeys(db, tenant, first_day, LAST_DAY, 30)


async def fit(db: Database, tenant: UUID, asked: FitAsked) -> Fit:
    version = await fit_model(db, tenant, asked, made_by="test")
    async with db.tenant(tenant, is_read_only=True) as connection:
        return await find_fit(connection, tenant, version)


async def assert_kept_as_counted(db: Database, tenant: UUID, first_day: date = FIRST_DAY) -> None:
    assert await list_kept(db, tenant) == await recount(db, tenant, first_day)


@pytest.mark.parametrize("seed", range(6))
async def test_kept_journeys_are_those_of_the_facts_whatever_happens_to_these(
    db: Database, tenant: UUID, other_tenant: UUID, seed: int
) -> None:
    shop, other = (Shop(db, one, Random(seed)) for one in (tenant, other_tenant))
    await shop.visit()
    await other.visit()
    await read(db, tenant)
    steps: list[Callable[[], Awaitable[None]]] = [
        *(shop.visit, shop.visit, shop.visit, shop.buy, shop.buy, shop.buy_again, shop.refund),
        *(shop.take_back, shop.correct, shop.erase, other.visit),
    ]
    sizes = []
    for number in range(48):
        await shop.chance.choice(steps)()
        if number % 4 == 3:
            await keep_journeys(db, tenant, 30)
            await assert_kept_as_counted(db, tenant)
            sizes.append(sum(map(len, (await list_kept(db, tenant)).values())))
    assert max(sizes) > 20
    assert await list_kept(db, other_tenant) == {}


async def test_a_fit_of_kept_journeys_is_to_the_bit_that_of_the_facts(
    db: Database, tenant: UUID, other_tenant: UUID
) -> None:
    touches, conversions = make_journeys()
    await send_journeys(db, other_tenant)
    await send_journeys(db, tenant, (touches[:-150], conversions[:120]))
    version = await fit_model(db, tenant, ASKED, made_by="test")
    await send_journeys(db, tenant, (touches[-150:], conversions[120:]))
    await send_conversions(
        db,
        tenant,
        make_conversion(order_id="order-0", kind="refund", amount_cents=100, currency="EUR"),
        make_conversion(order_id="nobody", journey_key="nobody", currency="SEK"),
        make_conversion(order_id="no key", journey_key=None),
    )
    shapley = replace(ASKED, model="shapley", chain_order=None, collapse_repeats=None)
    for asked in (ASKED, shapley, replace(ASKED, last_day=date(2026, 4, 8))):
        kept = await fit(db, tenant, asked)
        await forget_kept(db, tenant)
        counted = await fit(db, tenant, asked)
        assert kept.result == counted.result
        assert kept.fit.data_sha256 == counted.fit.data_sha256
        assert kept.result.without_key == 1
        assert kept.result.without_touch == 1
    assert version == "markov@1"


async def test_an_update_reads_the_touches_of_changed_journeys_only(
    db: Database, tenant: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    await send_journeys(db, tenant)
    await read(db, tenant)
    read_keys: list[bytes] = []
    cut_some = Facts.cut_some

    async def note(facts: Facts, keys: Sequence[bytes]) -> dict[date, Ended]:
        read_keys.extend(keys)
        return await cut_some(facts, keys)

    async def refuse(_facts: Facts) -> dict[date, Ended]:
        raise AssertionError("all touches are read")

    monkeypatch.setattr(Facts, "cut_some", note)
    monkeypatch.setattr(Facts, "cut_all", refuse)
    await read(db, tenant)
    assert read_keys == []
    await send_touches(db, tenant, make_touch(journey_key="visitor-3", occurred_at=at(50)))
    await read(db, tenant)
    assert len(read_keys) == 1
    monkeypatch.undo()
    await assert_kept_as_counted(db, tenant)


async def test_if_much_changed_or_earlier_days_are_asked_all_is_counted_from_the_facts(
    db: Database, tenant: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    await send_journeys(db, tenant, make_journeys(50))
    await read(db, tenant, date(2026, 3, 20))
    await assert_kept_as_counted(db, tenant, date(2026, 3, 20))
    await read(db, tenant, FIRST_DAY)
    await assert_kept_as_counted(db, tenant)
    monkeypatch.setattr("skeldir.fits.keeping.MOST_CHANGED", 10)
    await send_journeys(db, tenant, make_journeys(50, first=50))
    await read(db, tenant, date(2026, 3, 20))
    await assert_kept_as_counted(db, tenant)


async def test_keys_are_gone_with_an_erasure_and_the_rest_is_counted_again(
    db: Database, tenant: UUID, other_tenant: UUID
) -> None:
    for one in (tenant, other_tenant):
        await send_journeys(db, one, make_journeys(20))
        await read(db, one)
    others = await list_kept(db, other_tenant)
    await erase_order(db, tenant, "order-3", reason="asked", requested_by="command:ann")
    assert await list_kept(db, tenant) == {}
    assert await list_kept(db, other_tenant) == others
    await keep_journeys(db, tenant, 30)
    await assert_kept_as_counted(db, tenant)
    assert sum(map(len, (await list_kept(db, tenant)).values())) == 19


async def test_an_update_from_before_an_erasure_writes_nothing(
    db: Database, tenant: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    await send_journeys(db, tenant, make_journeys(20))
    await read(db, tenant)
    write = Update.write

    async def erase_first(update: Update, *rest: object, **more: bool) -> None:
        await erase_order(db, tenant, "order-3", reason="asked", requested_by="command:ann")
        await write(update, *rest, **more)  # type: ignore[arg-type]

    await send_touches(db, tenant, make_touch(journey_key="visitor-4"))
    monkeypatch.setattr(Update, "write", erase_first)
    await keep_journeys(db, tenant, 30)
    assert await list_kept(db, tenant) == {}
    monkeypatch.undo()
    await keep_journeys(db, tenant, 30)
    await assert_kept_as_counted(db, tenant)


async def test_another_time_zone_makes_other_days_of_the_same_journeys(
    db: Database, tenant: UUID
) -> None:
    await send_journeys(db, tenant, make_journeys(40))
    await read(db, tenant)
    before = await list_kept(db, tenant)
    async with db.tenant(tenant) as connection:
        await set_time_zone(connection, tenant, read_rules("Pacific/Auckland"), changed_by="test")
    await keep_journeys(db, tenant, 30)
    assert await list_kept(db, tenant) != before
    await assert_kept_as_counted(db, tenant)


async def test_days_whose_touches_were_forgotten_are_dropped(db: Database, tenant: UUID) -> None:
    now = utc_now()
    first_day = (now - timedelta(days=80)).date()
    moments = [now - timedelta(days=days) for days in range(1, 75)]
    await send_touches(
        db,
        tenant,
        *(
            make_touch(journey_key=f"visitor-{number}", occurred_at=moment.isoformat())
            for number, moment in enumerate(moments)
        ),
    )
    await read_journeys(db, tenant, first_day, now.date(), 30)
    async with db.tenant(tenant) as connection:
        await set_retention(connection, tenant, 40)
        await connection.fetchval("SELECT public.forget_touches(1000)")
    await keep_journeys(db, tenant, 30)
    first_left = (now - timedelta(days=10)).date()
    assert min(await list_kept(db, tenant)) == first_left
    await assert_kept_as_counted(db, tenant, first_left)
    with pytest.raises(TouchesForgotten):
        await read_journeys(db, tenant, first_left - timedelta(days=1), now.date(), 30)
    read_now = await read_journeys(db, tenant, first_left, now.date(), 30)
    assert len(read_now.journeys) == 10


async def test_an_update_waits_for_facts_that_are_being_written(db: Database, tenant: UUID) -> None:
    await send_journeys(db, tenant, make_journeys(20))
    await read(db, tenant)
    async with db.tenant(tenant) as connection:
        profile = await load_profile(connection, tenant)
        late = make_touch(journey_key="visitor-1", occurred_at=at(50))
        await receive_touches(connection, profile, [late], origin="test")
        update = asyncio.create_task(keep_journeys(db, tenant, 30))
        await asyncio.wait([update], timeout=0.3)
        assert not update.done()
    await update
    await assert_kept_as_counted(db, tenant)


@pytest.mark.parametrize("statement_s", [30, 90])
async def test_what_a_writer_recorded_after_waiting_for_two_locks_is_seen(
    clone: Clone, tenant: UUID, monkeypatch: pytest.MonkeyPatch, statement_s: int
) -> None:
    monkeypatch.setattr("skeldir.fits.keeping.RECORDED_BEFORE", RECORDED_BEFORE)
    url, longest_ms = clone.app_url, statement_s * 1_000
    async with open_database(url, pool_size=2, statement_timeout_ms=longest_ms) as db:
        before = utc_now()
        await read(db, tenant)
        async with db.tenant(tenant, is_read_only=True) as connection:
            until = await connection.fetchval("SELECT facts_until FROM kept_lookbacks")
    waited = before - (until - RECORDED_BEFORE)
    assert waited >= timedelta(seconds=2 * statement_s - 5)


async def test_two_at_once_and_ingestion_beside_them_lose_nothing(
    db: Database, tenant: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("RECORDED_BEFORE", "ID_BEFORE"):
        monkeypatch.setattr(f"skeldir.fits.keeping.{name}", timedelta(seconds=1))
    await send_journeys(db, tenant, make_journeys(60))
    await read(db, tenant)

    async def arrive(first: int) -> None:
        for number in range(first, first + 60, 5):
            await send_journeys(db, tenant, make_journeys(5, first=number), size=4)

    async def update() -> None:
        for _ in range(10):
            await keep_journeys(db, tenant, 30)

    await asyncio.gather(arrive(60), arrive(120), update(), update())
    await keep_journeys(db, tenant, 30)
    await assert_kept_as_counted(db, tenant)


@pytest.mark.own_clone
async def test_a_job_keeps_them_up_to_date_until_no_fit_has_asked_for_90_days(
    clone: Clone, db: Database, tenant: UUID
) -> None:
    await send_journeys(db, tenant, make_journeys(20))
    await read(db, tenant)
    await send_journeys(db, tenant, make_journeys(20, first=20))

    async def run_job() -> None:
        async with superuser_of(clone) as superuser:
            await superuser.execute(
                "UPDATE jobs SET run_at = now() WHERE tenant_id = $1 AND kind = $2",
                tenant,
                KEEP_JOURNEYS,
            )
        await do_jobs(db, {KEEP_JOURNEYS: KEEP_KIND})

    await run_job()
    await assert_kept_as_counted(db, tenant)
    assert sum(map(len, (await list_kept(db, tenant)).values())) == 40
    async with superuser_of(clone) as superuser:
        await superuser.execute(
            "UPDATE kept_lookbacks SET asked_at = now() - interval '91 days' WHERE tenant_id = $1",
            tenant,
        )
    await run_job()
    assert await list_kept(db, tenant) == {}
    async with db.tenant(tenant) as connection:
        assert not await is_enqueued(connection, tenant, KEEP_JOURNEYS)


@pytest.mark.own_clone
async def test_a_job_keeps_the_lookbacks_that_were_asked_for_last(
    clone: Clone, db: Database, tenant: UUID
) -> None:
    await send_journeys(db, tenant, make_journeys(20))
    for lookback_days in range(10, 10 + MOST_LOOKBACKS + 2):
        await read_journeys(db, tenant, FIRST_DAY, LAST_DAY, lookback_days)
    async with superuser_of(clone) as superuser:
        await superuser.execute("UPDATE jobs SET run_at = now() WHERE tenant_id = $1", tenant)
    await do_jobs(db, {KEEP_JOURNEYS: KEEP_KIND})
    async with db.tenant(tenant) as connection:
        kept = await connection.fetch("SELECT lookback_days FROM kept_lookbacks ORDER BY 1")
        of_journeys = await connection.fetchval(
            "SELECT count(DISTINCT lookback_days) FROM kept_journeys"
        )
    assert [row["lookback_days"] for row in kept] == list(range(12, 12 + MOST_LOOKBACKS))
    assert of_journeys == MOST_LOOKBACKS
