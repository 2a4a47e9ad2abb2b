"""Which jobs may run beside each other."""

from __future__ import annotations

from uuid import UUID

from skeldir.attribution.kinds import CREDIT
from skeldir.db.pool import Database
from skeldir.jobs import NO_TENANT, JobKind
from skeldir.jobs.claiming import claim, list_claimable
from skeldir.matviews.kinds import REFRESH
from tests.jobs.test_work import ask, claim_only, do_nothing, kind_of, let_lease_run_out


async def test_of_a_tenants_jobs_of_one_kind_one_is_done_at_a_time_and_other_tenants_go_on(
    db: Database, tenant: UUID, other_tenant: UUID
) -> None:
    await ask(db, tenant)
    await claim_only(db, kind_of())
    second = await ask(db, tenant)
    third = await ask(db, other_tenant)
    assert second is not None
    assert await list_claimable(db, [CREDIT], most=10) == [(other_tenant, third, CREDIT)]
    assert await claim(db, kind_of(), tenant, second) is None
    await let_lease_run_out(db, tenant)
    assert await claim(db, kind_of(), tenant, second) is not None


async def test_jobs_of_no_tenant_run_beside_each_other(db: Database) -> None:
    for number in range(2):
        await ask(db, NO_TENANT, REFRESH, arguments={"number": number})
    refresh = JobKind(REFRESH, do_nothing)
    for _, job_id, _ in await list_claimable(db, [REFRESH], most=10):
        assert await claim(db, refresh, NO_TENANT, job_id) is not None
