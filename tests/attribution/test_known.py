"""A report of an earlier moment is what the report was at that moment, whatever has been recorded since."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from skeldir.attribution.known_pages import report_channels_known
from skeldir.attribution.reports import report_channels
from skeldir.attribution.schemas import ChannelsQuery
from skeldir.clock import utc_now
from skeldir.db.pool import Database
from skeldir.revenue.reports import list_daily_revenue, read_realtime_revenue
from skeldir.revenue.schemas import DailyQuery
from skeldir.rollups import MomentNotKnown
from tests.conftest import Clone
from tests.support.make import DAY_0, make_tenant
from tests.support.passing import STEPS, History, compact, let_time_pass

QUERIES: Sequence[dict[str, Any]] = (
    {},
    {"granularity": "day", "from": "2026-03-02", "to": "2026-03-09"},
    {"granularity": "week", "currency": "USD", "model": ["linear"]},
    {"renewals": "exclude"},
)


async def read_reports(db: Database, tenant: UUID, known_at: datetime | None) -> list[Any]:
    """Return all reports, without what an earlier moment leaves open."""
    found: list[Any] = []
    async with db.tenant(tenant, is_read_only=True) as connection:
        for filters in QUERIES:
            query = ChannelsQuery.model_validate(filters | {"known_at": known_at})
            report = report_channels if known_at is None else report_channels_known
            page = asdict(await report(connection, tenant, query))
            found.append([page["time_zone"], page["model_versions"], page["data"]])
        for filters in ({}, {"from": "2026-03-02", "to": "2026-03-05", "currency": "USD"}):
            days = await list_daily_revenue(
                connection, tenant, DailyQuery.model_validate(filters | {"known_at": known_at})
            )
            found.append([days.time_zone, days.data])
        totals = await read_realtime_revenue(connection, tenant, known_at=known_at)
        found.append(totals.data)
    return found


@settings(
    max_examples=4,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    derandomize=True,
)
@given(
    steps=st.lists(st.sampled_from(STEPS), min_size=8, max_size=14),
    seed=st.integers(0, 2**32),
    pace=st.sampled_from((timedelta(minutes=7), timedelta(hours=9), timedelta(days=20))),
)
async def test_an_earlier_moment_is_reported_as_it_was(
    clone: Clone, db: Database, steps: list[str], seed: int, pace: timedelta
) -> None:
    tenant = await make_tenant(db, f"shop {seed} {len(steps)} {utc_now()}")
    history = History(db, tenant, Random(seed))
    # The next full hour, or day, lies between two steps.
    pause = max(pace, timedelta(hours=1, minutes=1)) if pace > timedelta(minutes=7) else pace
    noted: list[tuple[datetime, list[Any]]] = []
    for step in ("touch", "sell", *steps):
        await history.take(step)
        noted.append((utc_now(), await read_reports(db, tenant, None)))
        await let_time_pass(clone, tenant, pause)
        noted = [(moment - pause, reports) for moment, reports in noted]
    await compact(db, tenant)
    for moment, reports in noted:
        # Late enough to be distinguished, and before the next step.
        later = min(pause, timedelta(days=1, minutes=1)) - timedelta(seconds=30)
        asked = moment + later if pause > timedelta(hours=1) else moment
        assert await read_reports(db, tenant, asked) == reports
    assert len({repr(reports) for _, reports in noted}) > 1


async def test_nothing_is_known_of_the_future_or_before_the_tenant(
    db: Database, tenant: UUID
) -> None:
    async with db.tenant(tenant, is_read_only=True) as connection:
        for moment in (utc_now() + timedelta(minutes=5), DAY_0 - timedelta(days=4_000)):
            query = ChannelsQuery.model_validate({"known_at": moment})
            with pytest.raises(MomentNotKnown):
                await report_channels_known(connection, tenant, query)
