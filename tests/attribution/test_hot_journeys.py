"""One journey key that a tenant sends for everything: bounded, exact, delaying no one."""

from __future__ import annotations

import asyncio
import tracemalloc
from dataclasses import replace
from typing import TYPE_CHECKING
from uuid import UUID

import pytest

from skeldir.attribution import RULE_MODELS, count_dirty_orders, credit_dirty_orders, define_models
from skeldir.attribution.bounds import Bounds
from skeldir.attribution.kinds import CREDIT
from skeldir.attribution.marks import MOST_ORDERS_MARKED
from skeldir.attribution.store import queries
from skeldir.attribution.tasks import enqueue_stranded_credit
from skeldir.db.pool import Database, open_database
from tests.conftest import Clone
from tests.support.credit import (
    assert_ledger_is_credited,
    count_dirty,
    credit_until_complete,
    read_credits,
    rebuild_credits,
    sum_by_channel,
)
from tests.support.loops import longest_stretch
from tests.support.make import at, make_conversion, make_touch, send_conversions, send_touches

if TYPE_CHECKING:
    from skeldir.db.pool import Connection

CHANNELS = ("email", "paid_search", "display", "direct")
MOST_MEMORY = 24 * 2**20
LONGEST_STRETCH_S = 0.2
"""Under tracemalloc, which makes everything several times as slow."""
SMALL = Bounds(
    touches_of_light_journey=10,
    touches_of_order=200,
    touches_at_once=400,
    touches_of_page=90,
    touches_of_part=1_000,
    shares_of_part=100,
    orders_of_expansion=15,
)


async def send_hot_touches(db: Database, tenant: UUID, number: int, days: float) -> None:
    """Send touches of the shared key, spread evenly over the first `days`."""
    for first in range(0, number, 5_000):
        touches = (
            make_touch(
                journey_key="everybody",
                channel=CHANNELS[place % 4],
                occurred_at=at(place * days / number),
            )
            for place in range(first, min(first + 5_000, number))
        )
        await send_touches(db, tenant, *touches, origin=f"touches from {first}")


async def send_hot_orders(
    db: Database, tenant: UUID, number: int, first_day: float, days: float
) -> None:
    """Send captures of the shared key, spread evenly over `days` from `first_day` on."""
    orders = (
        make_conversion(
            journey_key="everybody",
            order_id=f"hot-{place}",
            occurred_at=at(first_day + place * days / number),
        )
        for place in range(number)
    )
    await send_conversions(db, tenant, *orders)


async def send_other_order(db: Database, tenant: UUID) -> None:
    """Send an order of another journey, whose id sorts last."""
    await send_touches(db, tenant, make_touch(journey_key="mine", channel="sms"))
    await send_conversions(db, tenant, make_conversion(journey_key="mine", order_id="mine"))


class Observer:
    """A fence that records which orders each transaction of a run has credited."""

    def __init__(self) -> None:
        self.seen: list[set[str]] = []

    async def __call__(self, connection: Connection) -> None:
        rows = await connection.fetch("SELECT order_id FROM order_journeys")
        self.seen.append({row["order_id"] for row in rows})


@pytest.mark.slow
async def test_thousands_of_touches_and_hundreds_of_orders_of_one_key_are_credited_within_bounds(
    clone: Clone, db: Database, tenant: UUID
) -> None:
    await send_hot_touches(db, tenant, 4_000, 10)
    await send_hot_orders(db, tenant, 200, 10, 10)
    await send_other_order(db, tenant)
    observer = Observer()
    async with open_database(clone.app_url, pool_size=2, statement_timeout_ms=5_000) as hurried:
        tracemalloc.start()
        try:
            async with longest_stretch() as stretch:
                report = await credit_dirty_orders(hurried, tenant_id=tenant, fence=observer)
            _, most_memory = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert (report.orders, report.is_complete, report.set_aside) == (201, True, 0)
    assert most_memory < MOST_MEMORY
    assert stretch() < LONGEST_STRETCH_S
    credited = [seen for seen in observer.seen if seen]
    assert credited[0] == {"mine"}
    assert len(credited[-1]) == 201
    await assert_ledger_is_credited(db, tenant)
    # Each of the hot orders sees all touches: the four channels have the same weight in the linear model.
    assert await sum_by_channel(db, tenant) == {"sms": 10_000} | dict.fromkeys(
        CHANNELS, 2_500 * 200
    )


async def test_a_crowded_journey_is_read_once_for_all_of_its_orders(
    db: Database, tenant: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    await send_hot_touches(db, tenant, 300, 1)
    await send_hot_orders(db, tenant, 9, 1, 1)
    read, pages = queries.select_touches_of_journey, 0
    read_entries, asked_for = queries.select_entries, list[int]()

    async def read_page(*given: object, **asked: object) -> object:
        nonlocal pages
        pages += 1
        return await read(*given, **asked)

    async def read_some(*given: object, order_ids: list[str], **asked: object) -> object:
        asked_for.append(len(order_ids))
        return await read_entries(*given, order_ids=order_ids, **asked)

    monkeypatch.setattr(queries, "select_entries", read_some)
    monkeypatch.setattr(queries, "select_touches_of_journey", read_page)
    await credit_dirty_orders(
        db, tenant_id=tenant, bounds=replace(SMALL, touches_of_order=399, touches_of_part=700)
    )
    # Two orders are credited by one transaction.
    assert pages == 4
    # All are read twice before they are known to be crowded, and once with the journey; then two at a time.
    assert asked_for == [9, 9, 9, 2, 2, 2, 1]
    monkeypatch.undo()
    await assert_ledger_is_credited(db, tenant)


async def test_a_touch_that_arrives_between_two_readings_of_a_journey_earns_its_part(
    db: Database, tenant: UUID
) -> None:
    await send_hot_touches(db, tenant, 300, 1)
    await send_hot_orders(db, tenant, 9, 1, 1)
    late = [make_touch(journey_key="everybody", channel="sms", occurred_at=at(0.5))]

    async def send_late(_connection: Connection) -> None:
        while late:
            await send_touches(db, tenant, late.pop(), origin="late")

    bounds = replace(SMALL, touches_of_order=399, touches_of_part=700)
    await credit_dirty_orders(db, tenant_id=tenant, fence=send_late, bounds=bounds)
    await credit_until_complete(db, tenant)
    bounded = await read_credits(db, tenant)
    assert any("sms" in map(str, row) for row in bounded)
    await assert_ledger_is_credited(db, tenant)
    await rebuild_credits(db, tenant)
    assert await read_credits(db, tenant) == bounded


@pytest.mark.parametrize("after_conversion", ["keep", "reset"])
async def test_a_crowded_journey_is_credited_as_it_would_be_without_bounds(
    db: Database, tenant: UUID, after_conversion: str
) -> None:
    async with db.tenant(tenant) as connection:
        await define_models(connection, tenant, lookback_days=3, after_conversion=after_conversion)  # type: ignore[arg-type]
    await send_hot_touches(db, tenant, 600, 20)
    await send_hot_orders(db, tenant, 70, 0, 20)
    await send_other_order(db, tenant)
    observer = Observer()
    report = await credit_dirty_orders(db, tenant_id=tenant, fence=observer, bounds=SMALL)
    # Where orders cut the journey, each has marked the others, too.
    assert report.orders == (71 if after_conversion == "keep" else 141)
    assert (report.is_complete, report.set_aside) == (True, 0)
    assert next(seen for seen in observer.seen if seen) == {"mine"}
    assert len(observer.seen) > 10
    bounded = await read_credits(db, tenant)
    await assert_ledger_is_credited(db, tenant)
    assert bounded == await rebuild_credits(db, tenant)


async def test_when_time_is_up_no_more_short_journeys_are_begun_but_some_deferred_orders_are(
    db: Database, tenant: UUID
) -> None:
    await send_hot_touches(db, tenant, 100, 10)
    await send_hot_orders(db, tenant, 40, 10, 10)
    await send_other_order(db, tenant)
    bounds = Bounds(touches_of_light_journey=10, shares_of_part=1)
    over = await credit_dirty_orders(db, tenant_id=tenant, bounds=bounds, deadline=0)
    assert (over.orders, over.is_complete) == (0, False)
    assert (await credit_dirty_orders(db, tenant_id=tenant, bounds=bounds)).orders == 41
    # Only deferred orders are left now, and some of them are credited however late it is.
    await send_hot_touches(db, tenant, 1, 10)
    turns = 0
    while await count_dirty(db, tenant):
        turn = await credit_dirty_orders(db, tenant_id=tenant, bounds=bounds, deadline=0)
        assert turn.orders <= 1
        turns += 1
    assert turns >= 40
    assert await read_credits(db, tenant) == await rebuild_credits(db, tenant)


async def count_rows(db: Database, tenant: UUID) -> tuple[int, int]:
    """Return how many orders and how many journeys are marked."""
    async with db.tenant(tenant) as connection:
        row = await connection.fetchrow(
            "SELECT (SELECT count(*) FROM dirty_orders), (SELECT count(*) FROM dirty_journeys)"
        )
    assert row is not None
    return tuple(row)


async def test_a_touch_marks_a_journey_with_many_orders_in_one_row(
    db: Database, tenant: UUID, other_tenant: UUID
) -> None:
    for owner in (tenant, other_tenant):
        await send_hot_orders(db, owner, MOST_ORDERS_MARKED, 1, 1)
    await credit_dirty_orders(db)
    await send_hot_touches(db, tenant, 1, 1)
    assert await count_rows(db, tenant) == (MOST_ORDERS_MARKED, 0)
    await credit_dirty_orders(db)
    await send_conversions(
        db, tenant, make_conversion(journey_key="everybody", order_id="one more")
    )
    await credit_dirty_orders(db)
    await send_hot_touches(db, tenant, 3, 1)
    assert await count_rows(db, tenant) == (0, 1)
    assert await count_dirty(db, tenant) == MOST_ORDERS_MARKED + 1
    assert await count_rows(db, other_tenant) == (0, 0)
    report = await credit_dirty_orders(db)
    assert (report.orders, report.is_complete) == (MOST_ORDERS_MARKED + 1, True)
    assert await count_rows(db, tenant) == (0, 0)
    assert await read_credits(db, tenant) == await rebuild_credits(db, tenant)


async def test_a_capture_that_cuts_a_journey_with_many_orders_marks_it_in_one_row(
    db: Database, tenant: UUID
) -> None:
    async with db.tenant(tenant) as connection:
        await define_models(connection, tenant, after_conversion="reset")
    await send_hot_touches(db, tenant, 50, 10)
    await send_hot_orders(db, tenant, MOST_ORDERS_MARKED + 5, 5, 5)
    await credit_dirty_orders(db)
    await send_conversions(
        db, tenant, make_conversion(journey_key="everybody", order_id="cut", occurred_at=at(4))
    )
    assert await count_rows(db, tenant) == (1, 1)
    await credit_until_complete(db, tenant)
    assert await read_credits(db, tenant) == await rebuild_credits(db, tenant)


async def test_a_marked_journey_becomes_marks_of_its_orders_page_by_page(
    db: Database, tenant: UUID
) -> None:
    """Two captures at each moment, and pages of three: none is left out, and none is marked again and again."""
    orders = (
        make_conversion(
            journey_key="everybody", order_id=f"o{place}", occurred_at=at(1 + place // 2)
        )
        for place in range(24)
    )
    await send_conversions(db, tenant, *orders)
    await credit_dirty_orders(db)
    await send_hot_touches(db, tenant, 2, 5)
    reached: list[int] = []
    report = await credit_dirty_orders(
        db, tenant_id=tenant, progress=reached.append, bounds=Bounds(orders_of_expansion=3)
    )
    assert (sum(reached), report.orders) == (24, 24)
    assert set(reached) == {4}
    assert await count_rows(db, tenant) == (0, 0)
    assert await read_credits(db, tenant) == await rebuild_credits(db, tenant)


async def test_two_runs_over_a_crowded_journey_credit_every_order(
    clone: Clone, db: Database, tenant: UUID
) -> None:
    await send_hot_orders(db, tenant, 40, 5, 5)
    await credit_dirty_orders(db)
    await send_hot_touches(db, tenant, 100, 5)
    async with open_database(clone.app_url, pool_size=2, statement_timeout_ms=30_000) as other:
        await asyncio.gather(
            credit_dirty_orders(db, bounds=SMALL), credit_dirty_orders(other, bounds=SMALL)
        )
    await credit_until_complete(db, tenant)
    await assert_ledger_is_credited(db, tenant)
    assert await read_credits(db, tenant) == await rebuild_credits(db, tenant)


async def test_the_sweep_finds_a_marked_journey_without_a_job(
    db: Database, tenant: UUID, other_tenant: UUID
) -> None:
    await send_hot_orders(db, tenant, MOST_ORDERS_MARKED + 1, 1, 1)
    await credit_dirty_orders(db)
    await send_hot_touches(db, tenant, 1, 1)
    async with db.tenant(tenant) as connection:
        await connection.execute("DELETE FROM jobs")
    await enqueue_stranded_credit(db)
    async with db.tenant(tenant) as connection:
        assert await connection.fetchval("SELECT count(*) FROM jobs WHERE kind = $1", CREDIT) == 1
    async with db.tenant(other_tenant) as connection:
        assert await connection.fetchval("SELECT count(*) FROM jobs WHERE kind = $1", CREDIT) == 0
        assert await count_dirty_orders(connection, other_tenant) == 0


async def test_the_previous_conversion_is_found_among_many_captures_of_one_order(
    db: Database, tenant: UUID
) -> None:
    """An order of many captures cuts only once, however many orders look back over all of them."""
    async with db.tenant(tenant) as connection:
        await define_models(connection, tenant, after_conversion="reset")
    await send_hot_touches(db, tenant, 20, 2)
    parts = (
        make_conversion(
            order_id="parts", journey_key="everybody", occurred_at=at(1 + place / 1_000)
        )
        for place in range(150)
    )
    await send_conversions(db, tenant, *parts)
    await send_hot_orders(db, tenant, 30, 2, 1)
    crowded = Bounds(touches_of_light_journey=100)
    await credit_dirty_orders(db, tenant_id=tenant, bounds=crowded)
    await assert_ledger_is_credited(db, tenant)
    rows = await read_credits(db, tenant)
    assert rows == await rebuild_credits(db, tenant)
    # The first of the orders has the touches of the second day, the others have none.
    first = {row[3] for row in rows if row[0] == "hot-0"}
    others = {row[3] for row in rows if row[0] not in ("hot-0", "parts")}
    assert first <= set(CHANNELS)
    assert others == {"unattributed"}
    assert len({row[1] for row in rows}) == len(RULE_MODELS)


async def test_an_order_at_the_moment_where_a_reading_ends_waits_for_the_other_touches_of_that_moment(
    db: Database, tenant: UUID
) -> None:
    """The seventh touch has the moment of the sixth, which is the last one in the first order's reading."""
    async with db.tenant(tenant) as connection:
        await define_models(connection, tenant, lookback_days=1)
    days = (0, 0.3, 0.6, 1.9, 2.5, 3, 3)
    touches = (
        make_touch(journey_key="everybody", channel=channel, occurred_at=at(day))
        for day, channel in zip(days, ["email"] * 6 + ["sms"], strict=True)
    )
    await send_touches(db, tenant, *touches)
    for day in (1, 3):
        await send_conversions(
            db,
            tenant,
            make_conversion(journey_key="everybody", order_id=f"at {day}", occurred_at=at(day)),
        )
    bounds = Bounds(touches_of_order=3, touches_at_once=6, touches_of_light_journey=1)
    report = await credit_dirty_orders(db, tenant_id=tenant, bounds=bounds)
    assert (report.orders, report.set_aside) == (2, 0)
    assert await sum_by_channel(db, tenant) == {"email": 10_000 + 6_667, "sms": 3_333}
