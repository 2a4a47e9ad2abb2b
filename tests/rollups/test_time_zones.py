"""The sums of a tenant are of the days of its reporting time zone, and stay so whatever is changed."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from skeldir.attribution import credit_dirty_orders, set_time_zone
from skeldir.audit import audit_tenant
from skeldir.days import ZoneRules, read_rules
from skeldir.db.pool import Database, open_database
from skeldir.ingest import NothingToRedo, target_of_order
from skeldir.rollups import (
    list_zone_changes,
    preview_time_zone,
    put_time_zone,
    roll_up_dirty_days,
)
from tests.conftest import Clone
from tests.support.credit import credit_until_complete
from tests.support.make import (
    make_conversion,
    make_tenant,
    make_touch,
    send_conversions,
    send_touches,
)
from tests.support.refreshing import superuser_of
from tests.support.rolled_up import Superuser, assert_rolled_up, read_rollups
from tests.support.taking_back import redo, undo
from tests.support.zones import set_zone

BERLIN = "Europe/Berlin"
ZONES = (
    BERLIN,
    "America/Havana",
    "America/St_Johns",
    "Asia/Kolkata",
    "Pacific/Apia",
    "Pacific/Kiritimati",
    "Etc/GMT+12",
    "UTC",
)


@pytest.fixture
async def superuser(clone: Clone) -> AsyncIterator[Superuser]:
    async with superuser_of(clone) as connection:
        yield connection


async def sell(db: Database, tenant: UUID, cents: int, moment: datetime, name: str) -> None:
    await send_touches(
        db,
        tenant,
        make_touch(
            journey_key=name, channel="email", occurred_at=(moment - timedelta(days=2)).isoformat()
        ),
        make_touch(
            journey_key=name, channel="sms", occurred_at=(moment - timedelta(hours=1)).isoformat()
        ),
    )
    await send_conversions(
        db,
        tenant,
        make_conversion(
            order_id=name, journey_key=name, amount_cents=cents, occurred_at=moment.isoformat()
        ),
    )


async def settle(db: Database, tenant: UUID) -> None:
    await credit_until_complete(db, tenant)
    await roll_up_dirty_days(db, tenant_id=tenant)


async def read_days(superuser: Superuser, tenant: UUID, table: str) -> dict[date, int]:
    column = {"rollup_revenue_day": "amount_cents", "rollup_allocation_day": "allocated_cents"}
    rows = await superuser.fetch(
        f"SELECT DISTINCT revenue_date, {column[table]} FROM {table} WHERE tenant_id = $1", tenant
    )
    return {row[0]: row[1] for row in rows}


# 2026-10-20 from 0:00 to 23:59:59 in Berlin, and the 25 hours of 2026-10-25.
LOCAL = (
    ("L-1", 1_000, datetime(2026, 10, 19, 22, 30, tzinfo=UTC)),
    ("L-2", 2_000, datetime(2026, 10, 20, 10, 0, tzinfo=UTC)),
    ("L-3", 4_000, datetime(2026, 10, 20, 21, 59, 59, tzinfo=UTC)),
    ("L-4", 100, datetime(2026, 10, 24, 22, 30, tzinfo=UTC)),
    ("L-5", 200, datetime(2026, 10, 25, 0, 30, tzinfo=UTC)),
    ("L-6", 400, datetime(2026, 10, 25, 22, 30, tzinfo=UTC)),
)


async def test_a_day_is_the_tenants_and_may_have_25_hours(
    db: Database, tenant: UUID, superuser: Superuser
) -> None:
    async with db.tenant(tenant) as connection:
        await put_time_zone(connection, tenant, read_rules(BERLIN), changed_by="test")
    for name, cents, moment in LOCAL:
        await sell(db, tenant, cents, moment, name)
    await settle(db, tenant)
    expected = {date(2026, 10, 20): 7_000, date(2026, 10, 25): 700}
    assert await read_days(superuser, tenant, "rollup_revenue_day") == expected
    assert await read_days(superuser, tenant, "rollup_allocation_day") == expected
    await assert_rolled_up(superuser, tenant)


async def test_two_tenants_with_the_same_facts_have_the_days_of_their_own_zones(
    db: Database, tenant: UUID, other_tenant: UUID, superuser: Superuser
) -> None:
    assert await set_zone(db, tenant, "Pacific/Kiritimati")
    for one in (tenant, other_tenant):
        await sell(db, one, 100, datetime(2026, 10, 20, 10, tzinfo=UTC), "order")
        await settle(db, one)
        await assert_rolled_up(superuser, one)
    assert await read_days(superuser, tenant, "rollup_revenue_day") == {date(2026, 10, 21): 100}
    assert await read_days(superuser, other_tenant, "rollup_revenue_day") == {
        date(2026, 10, 20): 100
    }


async def test_there_and_back_gives_the_same_sums(
    db: Database, tenant: UUID, superuser: Superuser
) -> None:
    for name, cents, moment in LOCAL:
        await sell(db, tenant, cents, moment, name)
    await settle(db, tenant)
    before = await read_rollups(superuser, tenant)
    assert await set_zone(db, tenant, "Asia/Kolkata")
    await settle(db, tenant)
    assert await read_rollups(superuser, tenant) != before
    await assert_rolled_up(superuser, tenant)
    assert await set_zone(db, tenant, "UTC")
    await settle(db, tenant)
    assert await read_rollups(superuser, tenant) == before


async def test_a_change_shows_all_money_by_the_new_days_at_once_and_no_credit_by_the_old(
    db: Database, tenant: UUID, superuser: Superuser
) -> None:
    for name, cents, moment in LOCAL:
        await sell(db, tenant, cents, moment, name)
    await settle(db, tenant)
    await set_zone(db, tenant, BERLIN)
    shown = await read_rollups(superuser, tenant)
    assert {row[0]: row[3] for row in shown["revenue"]} == {
        date(2026, 10, 20): 7_000,
        date(2026, 10, 25): 700,
    }
    assert shown["channel"] == set()
    assert {row[1] for row in shown["allocation"]} == {date(2026, 10, 20), date(2026, 10, 25)}
    assert {row[2] for row in shown["total"]} == {7_700}
    await settle(db, tenant)
    await assert_rolled_up(superuser, tenant)


async def test_the_same_rules_change_nothing_and_new_rules_of_a_zone_do(
    db: Database, tenant: UUID
) -> None:
    assert await set_zone(db, tenant, BERLIN)
    assert not await set_zone(db, tenant, BERLIN)
    rules = read_rules(BERLIN)
    async with db.tenant(tenant) as connection:
        later = ZoneRules(BERLIN, rules.changes[:-2], rules.offsets_s[:-2])
        assert await set_time_zone(connection, tenant, later, changed_by="test")
        changes = await list_zone_changes(connection, tenant)
    assert [change.time_zone for change in changes] == [BERLIN, BERLIN]
    assert changes[0].turn > changes[1].turn


async def test_the_journal_tells_the_days_of_one_zone_from_those_of_the_other(
    db: Database, tenant: UUID, superuser: Superuser
) -> None:
    for name, cents, moment in LOCAL:
        await sell(db, tenant, cents, moment, name)
    await settle(db, tenant)
    await set_zone(db, tenant, BERLIN)
    await settle(db, tenant)
    turn = await superuser.fetchval("SELECT turn FROM time_zones WHERE tenant_id = $1", tenant)
    rows = await superuser.fetch(
        "SELECT turn, revenue_date, credited_cents FROM credit_journal WHERE tenant_id = $1", tenant
    )
    before: Counter[date] = Counter()
    after: Counter[date] = Counter()
    for row in rows:
        (before if row["turn"] < turn else after)[row["revenue_date"]] += row["credited_cents"]
    assert set(before.values()) == {0}
    models = 6
    assert after == {date(2026, 10, 20): models * 7_000, date(2026, 10, 25): models * 700}


async def test_a_preview_says_what_moves_and_writes_nothing(
    db: Database, tenant: UUID, superuser: Superuser
) -> None:
    for name, cents, moment in LOCAL:
        await sell(db, tenant, cents, moment, name)
    await settle(db, tenant)
    before = await read_rollups(superuser, tenant)
    async with db.tenant(tenant, is_read_only=True) as connection:
        preview = await preview_time_zone(connection, tenant, read_rules(BERLIN))
        of_utc = await preview_time_zone(connection, tenant, read_rules("UTC"))
        in_pieces = await preview_time_zone(connection, tenant, read_rules(BERLIN), at_once=1)
    assert (preview.entries, preview.changed_days) == (2, 4)
    assert in_pieces == preview
    moved = {day.day: (day.leaving_cents, day.coming_cents) for day in preview.days}
    assert moved == {
        date(2026, 10, 19): (1_000, 0),
        date(2026, 10, 20): (0, 1_000),
        date(2026, 10, 24): (100, 0),
        date(2026, 10, 25): (0, 100),
    }
    assert (of_utc.entries, of_utc.days) == (0, [])
    assert await read_rollups(superuser, tenant) == before


async def test_an_audit_finds_no_difference_and_names_the_zone(db: Database, tenant: UUID) -> None:
    for name, cents, moment in LOCAL:
        await sell(db, tenant, cents, moment, name)
    await set_zone(db, tenant, BERLIN)
    await settle(db, tenant)
    audit = await audit_tenant(db, tenant, exact_every=1)
    assert audit.time_zone == BERLIN
    assert [check.name for check in audit.checks if check.count] == []


# Around the changes of the clocks of 2026, and where a year begins elsewhere.
moments = st.one_of(
    st.sampled_from([(3, 28), (3, 29), (10, 24), (10, 25), (11, 1), (3, 8), (6, 30)]).flatmap(
        lambda day: st.integers(-2_000, 2_000).map(
            lambda minutes: datetime(2026, *day, 1, tzinfo=UTC) + timedelta(minutes=minutes)
        )
    ),
    st.datetimes(datetime(2010, 1, 1), datetime(2026, 11, 1), timezones=st.just(UTC)),  # noqa: DTZ001 - hypothesis adds the zone
).filter(lambda moment: moment < datetime(2026, 11, 20, tzinfo=UTC))
steps = st.lists(
    st.one_of(
        st.tuples(st.just("sell"), st.integers(0, 10_000), moments),
        st.tuples(st.just("zone"), st.sampled_from(ZONES), st.none()),
        st.tuples(st.sampled_from(["undo", "redo"]), st.integers(0, 5), st.none()),
        st.tuples(st.just("run"), st.none(), st.none()),
    ),
    min_size=1,
    max_size=14,
)


@settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(steps=steps)
async def test_whatever_is_sold_taken_back_and_changed_the_sums_are_those_of_the_zones_clock(
    clone: Clone, steps: list[tuple[str, object, object]]
) -> None:
    async with (
        open_database(clone.app_url, pool_size=2, statement_timeout_ms=30_000) as db,
        superuser_of(clone) as superuser,
    ):
        tenant = await make_tenant(db, "A")
        zone = "UTC"
        sold: dict[str, tuple[datetime, int]] = {}
        standing: set[str] = set()
        for number, (step, what, when) in enumerate(steps):
            if step == "sell":
                assert isinstance(what, int)
                assert isinstance(when, datetime)
                order = f"order-{number}"
                await sell(db, tenant, what, when, order)
                sold[order] = when, what
                standing.add(order)
            elif step == "zone":
                zone = str(what)
                await set_zone(db, tenant, zone)
            elif step == "undo":
                await undo(db, tenant, target_of_order(f"order-{what}"))
                standing.discard(f"order-{what}")
            elif step == "redo":
                with suppress(NothingToRedo):
                    await redo(db, tenant, target_of_order(f"order-{what}"))
                    standing.add(f"order-{what}")
            else:
                await credit_dirty_orders(db, tenant_id=tenant)
                await roll_up_dirty_days(db, tenant_id=tenant)
        await settle(db, tenant)
        await assert_rolled_up(superuser, tenant)
        days: Counter[date] = Counter()
        for when, cents in (sold[order] for order in standing):
            days[when.astimezone(ZoneInfo(zone)).date()] += cents
        shown = await read_days(superuser, tenant, "rollup_revenue_day")
        assert shown == dict(days)
