"""The listed causes of what changed between two moments add up to the difference, to the cent."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import combinations
from random import Random
from uuid import UUID

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from skeldir.attribution.cause_schemas import ChangesReport
from skeldir.attribution.causes import ChangesAsked, report_changes
from skeldir.clock import utc_now
from skeldir.db.pool import Database
from tests.conftest import Clone
from tests.support.make import make_tenant
from tests.support.passing import STEPS, History, compact, let_time_pass


async def list_changes(db: Database, tenant: UUID, asked: ChangesAsked) -> ChangesReport:
    async with db.tenant(tenant, is_read_only=True) as connection:
        return await report_changes(connection, tenant, asked)


@settings(
    max_examples=4,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    derandomize=True,
    report_multiple_bugs=False,
)
@given(
    steps=st.lists(st.sampled_from(STEPS), min_size=6, max_size=10),
    seed=st.integers(0, 2**32),
    pause=st.sampled_from((timedelta(minutes=7), timedelta(hours=9))),
)
async def test_causes_add_up(
    clone: Clone, db: Database, steps: list[str], seed: int, pause: timedelta
) -> None:
    tenant = await make_tenant(db, f"shop {seed} {len(steps)} {utc_now()}")
    history = History(db, tenant, Random(seed))
    moments: list[datetime] = []
    for step in ("touch", "sell", *steps):
        await history.take(step)
        await let_time_pass(clone, tenant, pause)
        moments = [moment - pause for moment in (*moments, utc_now() + pause / 2)]
    await compact(db, tenant)
    for since, until in (*combinations(moments[::3], 2), (moments[0], None)):
        report = await list_changes(db, tenant, ChangesAsked(since, until))
        for row in report.data:
            for change in row.models.values():
                assert change.rest_cents == 0, report
                assert change.after_cents - change.before_cents == sum(change.causes.values())
