"""Which jobs may run beside each other."""

from __future__ import annotations

from uuid import UUID

from skeldir.attribution.kinds import CREDIT
from skeldir.db.pool import Database
from skeldir.jobs import NO_TENANT, JobKind
from skeldir.jobs.claiming import claim_next_job
from skeldir.matviews.kinds import REFRESH
from tests.jobs.test_work import claim, do_nothing, enqueue_job, kind_of, let_lease_run_out


async def test_of_a_tenants_jobs_of_one_kind_one_is_done_at_a_time_and_other_tenants_go_on(
    db: Database, tenant: UUID, other_tenant: UUID
) -> None:
    first = await enqueue_job(db, tenant)
    assert (await claim(db, kind_of())).job_id == first
    second = await enqueue_job(db, tenant)
    third = await enqueue_job(db, other_tenant)
    assert (await claim(db, kind_of())).job_id == third
    assert await claim_next_job(db, {CREDIT: kind_of()}) is None
    await let_lease_run_out(db, tenant)
    again = await claim(db, kind_of())
    assert again.job_id == first
    async with db.tenant(tenant) as connection:
        await again.finish(connection)
    assert (await claim(db, kind_of())).job_id == second


async def test_jobs_of_no_tenant_run_beside_each_other(db: Database) -> None:
    for number in range(2):
        await enqueue_job(db, NO_TENANT, REFRESH, arguments={"number": number})
    refresh = JobKind(REFRESH, do_nothing)
    claimed = [await claim(db, refresh) for _ in range(2)]
    assert [job.arguments for job in claimed] == [{"number": 0}, {"number": 1}]
