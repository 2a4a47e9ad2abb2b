"""The journal of credit gives the sums at any moment, and still does when it is compacted."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

import psycopg

from skeldir.attribution.kinds import CREDIT
from skeldir.db.pool import Database
from skeldir.jobs import JobKind, do_jobs, enqueue
from skeldir.jobs.leases import Job
from skeldir.rollups import compact_journal
from tests.conftest import Clone
from tests.support.credit import assert_sums_are_of_credits, credit_until_complete
from tests.support.make import make_conversion, make_touch, send_conversions, send_touches

_SUMS = """
    SELECT revenue_date, model_version, channel_code, currency, sum(conversion_ppt), sum(credited_cents),
           sum(allocations)
    FROM credit_journal WHERE basis = 'entry' AND changed_at < $1 GROUP BY 1, 2, 3, 4
    HAVING (sum(conversion_ppt), sum(credited_cents), sum(allocations)) <> (0, 0, 0) ORDER BY 1, 2, 3, 4
"""


async def sums_at(db: Database, tenant: UUID, moment: datetime) -> list[tuple[object, ...]]:
    async with db.tenant(tenant) as connection:
        return [tuple(row) for row in await connection.fetch(_SUMS, moment)]


async def test_the_journal_gives_the_sums_after_each_run(db: Database, tenant: UUID) -> None:
    seen = []
    await send_touches(db, tenant, make_touch())
    for number in range(3):
        kind = "capture" if number == 0 else "refund"
        await send_conversions(
            db, tenant, make_conversion(order_id="X", kind=kind, amount_cents=1_000 + number)
        )
        await credit_until_complete(db, tenant)
        await assert_sums_are_of_credits(db, tenant)
        now = datetime.now(UTC)
        seen.append((now, await sums_at(db, tenant, now)))
    await send_touches(db, tenant, make_touch(channel="sms"))
    await credit_until_complete(db, tenant)
    for moment, sums in seen:
        assert await sums_at(db, tenant, moment) == sums
    assert len({str(sums) for _, sums in seen}) == 3


async def test_old_hours_and_days_become_one_change_each_with_the_same_sums_at_their_ends(
    clone: Clone, db: Database, tenant: UUID, other_tenant: UUID
) -> None:
    for owner in (tenant, other_tenant):
        await send_touches(db, owner, make_touch())
        for number in range(6):
            await send_conversions(db, owner, make_conversion(order_id=f"{number}"))
            await credit_until_complete(db, owner)
    now = datetime(2026, 6, 1, 15, 30, tzinfo=UTC)
    with psycopg.connect(clone.superuser_url, autocommit=True) as admin:
        # Two runs in an hour of a day ago, two in one of three days ago, two on a day 100 days ago.
        for turn, age in enumerate(
            (
                timedelta(days=100, hours=9),
                timedelta(days=100, hours=2),
                timedelta(days=3, minutes=10),
                timedelta(days=3, minutes=5),
                timedelta(days=1, minutes=10),
                timedelta(days=1, minutes=5),
            ),
            start=2,  # the first was that of the models
        ):
            admin.execute(
                "UPDATE credit_journal SET changed_at = %s WHERE turn = %s AND tenant_id = %s",
                (now - age, turn, tenant),
            )
    ends = [now - timedelta(days=99, hours=12), now - timedelta(days=2, hours=12), now]
    before = [await sums_at(db, tenant, end) for end in ends]
    gone: list[int] = []

    async def compact(database: Database, job: Job) -> None:
        compacted = await compact_journal(database, job, now=now)
        gone.append(compacted if job.tenant_id == tenant else 0)
        async with database.tenant(job.tenant_id) as connection:
            await job.finish(connection)

    for _ in range(2):
        async with db.tenant(tenant) as connection:
            await enqueue(connection, tenant, CREDIT)
        await do_jobs(db, {CREDIT: JobKind(CREDIT, compact)})
    assert sum(gone) == 2 * 6  # a row of each model for the hour, and for the day
    assert gone[-1] == 0
    assert [await sums_at(db, tenant, end) for end in ends] == before
    await assert_sums_are_of_credits(db, tenant)
    async with db.tenant(other_tenant) as connection:
        assert await connection.fetchval("SELECT count(*) FROM credit_journal") == 6 * 6
