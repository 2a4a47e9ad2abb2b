"""What is recorded: revisions that stay, sums that are the latest costs, and nothing of another tenant's."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from skeldir.db.pool import Database
from skeldir.errors import SkeldirError
from skeldir.rollups import roll_up_dirty_days
from skeldir.spend import (
    AdDay,
    AdKey,
    Load,
    Recorded,
    find_rivals,
    keep_given,
    list_loads,
    list_revisions,
    match_campaigns,
    read_given_channels,
    record_days,
    withdraw_load,
)
from tests.conftest import Clone
from tests.support.make import at, make_tenant, make_touch, send_touches

pytestmark = pytest.mark.shares_clone

FIRST = date(2026, 9, 1)
LOAD = Load("file", "export.csv", "0" * 64, "test", rows=1)


def make_day(
    cost: int | None = 1_000, *, day: int = 0, campaign: str = "1042", **fields: Any
) -> AdDay:
    key = AdKey("google_ads", "877", campaign, FIRST + timedelta(days=day), "EUR")
    made = AdDay(key, "Brand", {"cost_cents": cost}, "paid_search", "utm.paid_search")
    return replace(made, **fields)


async def record(db: Database, tenant: UUID, *days: AdDay) -> Recorded:
    async with db.tenant(tenant) as connection:
        return await record_days(connection, tenant, LOAD, days)


async def ask(db: Database, tenant: UUID, statement: str) -> list[tuple[object, ...]]:
    async with db.tenant(tenant) as connection:
        return [tuple(row) for row in await connection.fetch(statement)]


async def spent(db: Database, tenant: UUID) -> dict[tuple[object, object], object]:
    """Return the cost by day and channel, as reports sum it, without what sums to nothing."""
    rows = await ask(
        db,
        tenant,
        "SELECT spend_date, channel_code, sum(amount_cents)::bigint FROM spend"
        " GROUP BY 1, 2 HAVING sum(amount_cents) <> 0",
    )
    return {(day, channel): cents for day, channel, cents in rows}


async def test_an_equal_repetition_writes_nothing(db: Database, tenant: UUID) -> None:
    first = await record(db, tenant, make_day(), make_day(500, day=1))
    counts = "SELECT (SELECT count(*) FROM ad_days), (SELECT count(*) FROM ad_loads), (SELECT count(*) FROM spend)"
    before = await ask(db, tenant, counts)
    again = await record(db, tenant, make_day(), make_day(500, day=1))
    assert (first.new, first.restated, first.unchanged) == (2, 0, 0)
    assert (again.load_id, again.new, again.restated, again.unchanged) == (None, 0, 0, 2)
    assert await ask(db, tenant, counts) == before == [(2, 1, 2)]


async def test_a_restated_day_replaces_the_cost_and_the_old_one_stays_readable(
    db: Database, tenant: UUID
) -> None:
    await record(db, tenant, make_day(1_000))
    done = await record(db, tenant, make_day(900))
    assert (done.restated, done.spent_before, done.spent_after) == (1, {"EUR": 1_000}, {"EUR": 900})
    assert await spent(db, tenant) == {(FIRST, "paid_search"): 900}
    async with db.tenant(tenant) as connection:
        found = await list_revisions(
            connection, tenant, platform="google_ads", campaign="1042", first=FIRST, last=FIRST
        )
    assert [(one.number, one.cost_cents) for one in found] == [(1, 1_000), (2, 900)]


async def test_a_changed_channel_moves_the_whole_cost(db: Database, tenant: UUID) -> None:
    await record(db, tenant, make_day(1_000))
    await record(db, tenant, make_day(1_200, channel="display", rule="given"))
    assert await spent(db, tenant) == {(FIRST, "display"): 1_200}


async def test_a_chosen_channel_stays_when_the_campaign_is_imported_again(
    db: Database, tenant: UUID
) -> None:
    await record(db, tenant, make_day(1_000, channel="display", rule="given"))
    async with db.tenant(tenant) as connection:
        chosen = await read_given_channels(connection, tenant, {"google_ads"})
    later = keep_given([make_day(70, day=1), make_day(80, day=1, campaign="7")], chosen)
    assert [day.channel for day in later] == ["display", "paid_search"]


async def test_an_unknown_cost_is_no_spend_and_claims_leave_the_cost_as_it_is(
    db: Database, tenant: UUID
) -> None:
    claims = {"claim_type": "purchases", "claims_millionths": 2_500_000, "claimed_cents": 900}
    await record(db, tenant, make_day(None), make_day(700, day=1))
    await record(db, tenant, make_day(day=1, figures=claims))
    assert await spent(db, tenant) == {(FIRST + timedelta(days=1), "paid_search"): 700}
    rows = await ask(
        db, tenant, "SELECT cost_cents, claims_millionths FROM ad_days ORDER BY day, revision"
    )
    assert rows == [(None, None), (700, None), (700, 2_500_000)]


async def test_a_new_kind_of_claims_takes_no_value_of_the_kind_before(
    db: Database, tenant: UUID
) -> None:
    first = {"claim_type": "purchases", "claims_millionths": 1, "claimed_cents": 900}
    await record(db, tenant, make_day(figures=first))
    await record(db, tenant, make_day(figures={"claim_type": "leads", "claims_millionths": 5}))
    rows = await ask(db, tenant, "SELECT claim_type, claimed_cents FROM ad_days ORDER BY revision")
    assert rows == [("purchases", 900), ("leads", None)]


async def test_the_days_are_rolled_up_for_the_reports(db: Database, tenant: UUID) -> None:
    await record(db, tenant, make_day(1_000))
    await roll_up_dirty_days(db, tenant_id=tenant)
    await record(db, tenant, make_day(1_100))
    await roll_up_dirty_days(db, tenant_id=tenant)
    rows = await ask(
        db,
        tenant,
        "SELECT DISTINCT revenue_date, channel_code, currency, spend_cents FROM rollup_channel_day",
    )
    assert rows == [(FIRST, "paid_search", "EUR", 1_100)]


days_said = st.tuples(
    st.integers(0, 2),
    st.sampled_from(["1042", "1043"]),
    st.one_of(st.none(), st.integers(-50, 5_000)),
    st.sampled_from(["paid_search", "display", "paid_social"]),
)
batches = st.lists(st.lists(days_said, max_size=4, unique_by=lambda day: day[:2]), max_size=6)


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(story=batches)
async def test_after_any_restatements_and_repetitions_spend_sums_to_the_latest_costs(
    db: Database, story: list[list[tuple[int, str, int | None, str]]]
) -> None:
    tenant, bystander = await make_tenant(db, "any"), await make_tenant(db, "other")
    await record(db, bystander, make_day(77))
    latest: dict[tuple[int, str], tuple[int | None, str]] = {}
    said: dict[tuple[int, str], list[int | None]] = {}
    for batch in [same for one in story for same in (one, one)]:
        await record(
            db,
            tenant,
            *(make_day(cost, day=d, campaign=c, channel=channel) for d, c, cost, channel in batch),
        )
        for d, c, cost, channel in batch:
            if latest.get((d, c)) != (cost, channel):
                said.setdefault((d, c), []).append(cost)
            latest[d, c] = (cost, channel)
    expected: dict[tuple[object, object], int] = {}
    for (d, _), (cost, channel) in latest.items():
        place = (FIRST + timedelta(days=d), channel)
        expected[place] = expected.get(place, 0) + (cost or 0)
    assert await spent(db, tenant) == {place: cents for place, cents in expected.items() if cents}
    assert await spent(db, bystander) == {(FIRST, "paid_search"): 77}
    rows = await ask(db, tenant, "SELECT day, campaign, cost_cents FROM ad_days ORDER BY revision")
    kept: dict[tuple[int, str], list[object]] = {}
    for day, campaign, cost in rows:
        assert isinstance(day, date)
        kept.setdefault(((day - FIRST).days, str(campaign)), []).append(cost)
    assert kept == said


@pytest.mark.parametrize(
    "other",
    [
        {"campaign": "name:Brand"},
        {"account": "878"},
        {"currency": "USD"},
    ],
)
async def test_a_day_that_would_count_twice_under_another_key_is_found(
    db: Database, tenant: UUID, other_tenant: UUID, other: dict[str, Any]
) -> None:
    await record(db, tenant, make_day())
    day = make_day()
    rival = replace(day, key=replace(day.key, **other))
    for whose, count in ((tenant, 1), (other_tenant, 0)):
        async with db.tenant(whose) as connection:
            found = await find_rivals(connection, whose, [rival, make_day(day=1)])
            assert await find_rivals(connection, whose, [day]) == {}
        assert list(found) == [rival.key][:count]
        assert all("Brand" in one.describe() for one in found.values())


async def test_campaigns_of_one_name_with_ids_of_their_own_are_no_rivals(
    db: Database, tenant: UUID
) -> None:
    await record(db, tenant, make_day())
    async with db.tenant(tenant) as connection:
        assert await find_rivals(connection, tenant, [make_day(campaign="1043")]) == {}


async def test_a_load_is_withdrawn_to_what_was_there_before(
    db: Database, tenant: UUID, other_tenant: UUID
) -> None:
    await record(db, tenant, make_day(1_000))
    wrong = await record(db, tenant, make_day(9_999), make_day(5_000, day=1))
    assert wrong.load_id is not None
    async with db.tenant(other_tenant) as connection:
        with pytest.raises(SkeldirError) as caught:
            await withdraw_load(connection, other_tenant, wrong.load_id, recorded_by="test")
    assert caught.value.code == "load_unknown"
    async with db.tenant(tenant) as connection:
        done = await withdraw_load(connection, tenant, wrong.load_id, recorded_by="test")
        loads = await list_loads(connection, tenant)
    assert (done.restated, done.new) == (2, 0)
    assert await spent(db, tenant) == {(FIRST, "paid_search"): 1_000}
    assert [one.kind for one in loads] == ["withdrawal", "file", "file"]
    await record(db, tenant, make_day(4_000, day=1))
    assert (await spent(db, tenant))[FIRST + timedelta(days=1), "paid_search"] == 4_000


async def test_two_tenants_say_the_same_and_see_only_their_own(
    db: Database, tenant: UUID, other_tenant: UUID
) -> None:
    await record(db, tenant, make_day(1_000))
    theirs = await record(db, other_tenant, make_day(2_000))
    assert theirs.new == 1
    assert await spent(db, tenant) == {(FIRST, "paid_search"): 1_000}
    assert await ask(db, tenant, "SELECT count(*) FROM ad_days") == [(1,)]
    async with db.tenant(tenant) as connection:
        assert len(await list_loads(connection, tenant)) == 1


def test_revisions_are_facts_that_the_program_cannot_change(clone: Clone) -> None:
    with psycopg.connect(clone.app_url) as connection:
        for statement in (
            "UPDATE ad_days SET cost_cents = 0",
            "DELETE FROM ad_days",
            "UPDATE ad_loads SET source = ''",
            "DELETE FROM ad_loads",
            "TRUNCATE ad_days",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege), connection.transaction():
                connection.execute(statement)


async def test_campaigns_are_matched_with_touches_by_id_or_name(
    db: Database, tenant: UUID, other_tenant: UUID
) -> None:
    first = date.fromisoformat(at(0)[:10])
    named = make_day(800, key=replace(make_day().key, day=first))
    silent = make_day(200, key=replace(make_day().key, day=first, campaign="7"), name="Silent")
    await record(db, tenant, named, silent)
    for whose, campaign in ((tenant, " brand"), (tenant, "Lost"), (other_tenant, "silent")):
        await send_touches(
            db,
            whose,
            make_touch(
                idempotency_key=str(uuid4()),
                channel=None,
                source="google",
                medium="cpc",
                campaign=campaign,
            ),
        )
    async with db.tenant(tenant) as connection:
        report = await match_campaigns(connection, tenant, first=first, last=first)
    touches: Sequence[tuple[str | None, int]] = [
        (one.name, one.touches) for one in report.campaigns
    ]
    assert touches == [("Brand", 1), ("Silent", 0)]
    assert report.without_spend == [("Lost", 1)]
    assert (report.matched, report.spent) == ({"EUR": 800}, {"EUR": 1_000})


async def test_imports_at_the_same_time_record_each_day_once(db: Database, tenant: UUID) -> None:
    days = [make_day(100 + n, day=n) for n in range(5)]
    done = await asyncio.gather(
        *(record(db, tenant, *some) for some in (days, days[::-1], days, days[::-1]))
    )
    assert sorted((one.new, one.unchanged) for one in done) == [(0, 5)] * 3 + [(5, 0)]
    assert sum((await spent(db, tenant)).values()) == sum(range(100, 105))  # type: ignore[arg-type]  # cents


async def test_loads_that_are_withdrawn_one_after_the_other_leave_nothing(
    db: Database, tenant: UUID
) -> None:
    loads = [(await record(db, tenant, make_day(cost))).load_id for cost in (100, 120, 130)]

    async def withdraw(load_id: UUID | None) -> Recorded:
        assert load_id is not None
        async with db.tenant(tenant) as connection:
            return await withdraw_load(connection, tenant, load_id, recorded_by="test")

    first = await withdraw(loads[0])
    assert (first.load_id, first.covered) == (None, 1)
    sums = []
    for load_id in reversed(loads):
        done = await withdraw(load_id)
        assert (done.restated, done.covered) == (1, 0)
        assert (await withdraw(load_id)).load_id is None
        sums.append(sum((await spent(db, tenant)).values()))  # type: ignore[arg-type]  # cents
    assert sums == [120, 100, 0]
    again = await withdraw(done.load_id)
    assert sum((await spent(db, tenant)).values()) == 100  # type: ignore[arg-type]  # cents
    assert again.restated == 1
    assert (await withdraw(loads[0])).restated == 1
    assert await spent(db, tenant) == {}


async def test_a_campaign_that_comes_without_its_name_is_still_found_by_it(
    db: Database, tenant: UUID
) -> None:
    await record(db, tenant, make_day())
    await record(db, tenant, make_day(2_000, name=None))
    by_name = make_day(key=replace(make_day().key, campaign="name:Brand"))
    async with db.tenant(tenant) as connection:
        assert list(await find_rivals(connection, tenant, [by_name])) == [by_name.key]
    names = await ask(db, tenant, "SELECT campaign_name FROM ad_days ORDER BY revision")
    assert names == [("Brand",), ("Brand",)]


async def test_days_that_come_together_are_compared_with_each_other(
    db: Database, tenant: UUID
) -> None:
    day = make_day()
    rivals = [
        replace(day, key=replace(day.key, **other))
        for other in ({"campaign": "name:Brand"}, {"account": "878"}, {"currency": "USD"})
    ]
    async with db.tenant(tenant) as connection:
        for rival in rivals:
            assert list(await find_rivals(connection, tenant, [day, rival])) == [rival.key]
        other = make_day(campaign="1043")
        assert await find_rivals(connection, tenant, [day, other, make_day(day=1)]) == {}
