"""A worker claims its next job by one statement, and learns nothing but that job."""

from __future__ import annotations

from uuid import UUID

import pytest

from skeldir.attribution.kinds import CREDIT
from skeldir.db.pool import Connection, Database, open_database
from skeldir.ingest.kinds import SCAN_PERSONAL_DATA
from skeldir.jobs import NO_TENANT, JobKind, do_jobs
from skeldir.jobs.claiming import claim_next_job, list_claimable_kinds
from skeldir.matviews.kinds import REFRESH
from tests.conftest import Clone
from tests.jobs.test_work import claim, do_nothing, enqueue_job, kind_of, let_lease_run_out, rows
from tests.support.deleting import ask_for_deletion

CLAIM = "SELECT * FROM claim_next_job($1, '{5}', '{30}', gen_random_uuid())"


async def claim_by_hand(connection: Connection) -> list[UUID]:
    return [row["id"] for row in await connection.fetch(CLAIM, [CREDIT])]


async def test_a_job_is_fetched_by_one_statement_and_ended_by_one_transaction(
    clone: Clone, tenant: UUID
) -> None:
    sent: list[str] = []
    async with open_database(clone.app_url, pool_size=1, statement_timeout_ms=5_000) as database:
        # The driver asks once for each connection what the types of the arguments are.
        assert await claim_next_job(database, {CREDIT: kind_of()}) is None
        await enqueue_job(database, tenant)
        async with database.statement() as connection:
            connection.add_query_logger(lambda logged: sent.append(logged.query))
        sent.clear()
        assert await claim_next_job(database, {CREDIT: kind_of()}) is not None
        assert len(sent) == 1
        await let_lease_run_out(database, tenant)
        sent.clear()
        await do_jobs(database, {CREDIT: kind_of()})
    claims = [place for place, text in enumerate(sent) if "claim_next_job" in text]
    # The job, then that there is none left; between them it is ended, and bound to its tenant for that.
    assert claims == [0, len(sent) - 1]
    assert [text.split()[0] for text in sent[1:-1]] == ["BEGIN", "SELECT", "WITH", "COMMIT;"]


async def test_whoever_is_bound_to_a_tenant_claims_nothing(
    db: Database, tenant: UUID, other_tenant: UUID
) -> None:
    await enqueue_job(db, tenant)
    for bound_to in (tenant, other_tenant, NO_TENANT):
        async with db.tenant(bound_to) as connection:
            assert await claim_by_hand(connection) == []
    assert [row["state"] for row in await rows(db, tenant)] == ["ready"]


async def test_a_transaction_is_bound_to_nobody_after_a_claim(db: Database, tenant: UUID) -> None:
    job_id = await enqueue_job(db, tenant)
    async with db.unbound() as connection:
        for expected in ([job_id], []):
            assert await claim_by_hand(connection) == expected
            assert await connection.fetchval("SELECT current_tenant_id()") is None
            assert await connection.fetchval("SELECT count(*) FROM jobs") == 0


async def test_jobs_that_somebody_else_claims_at_this_moment_are_passed_over(
    db: Database, tenant: UUID, other_tenant: UUID
) -> None:
    first = await enqueue_job(db, tenant)
    second = await enqueue_job(db, other_tenant)
    async with db.unbound() as connection:
        assert await claim_by_hand(connection) == [first]
        assert (await claim(db, kind_of())).job_id == second
        assert await claim_next_job(db, {CREDIT: kind_of()}) is None


async def test_beside_a_job_that_is_being_claimed_no_other_of_its_tenant_and_kind_is(
    db: Database, tenant: UUID
) -> None:
    first = await enqueue_job(db, tenant, arguments={"number": 1})
    await enqueue_job(db, tenant, arguments={"number": 2})
    other_kind = await enqueue_job(db, tenant, REFRESH)
    kinds = {CREDIT: kind_of(), REFRESH: JobKind(REFRESH, do_nothing)}
    async with db.unbound() as connection:
        assert await claim_by_hand(connection) == [first]
        claimed = await claim_next_job(db, kinds)
        assert claimed is not None
        assert claimed.job_id == other_kind
        assert await claim_next_job(db, kinds) is None
    assert [row["state"] for row in await rows(db, tenant)] == ["running", "ready", "running"]


async def test_beside_a_job_whose_lease_is_extended_late_no_other_of_its_tenant_and_kind_is_claimed(
    db: Database, tenant: UUID
) -> None:
    """Its worker was held up, and goes on as soon as its extension is committed."""
    await enqueue_job(db, tenant)
    late = await claim(db, kind_of())
    await enqueue_job(db, tenant, arguments={"number": 2})
    await let_lease_run_out(db, tenant)
    async with db.tenant(tenant) as connection:
        await late.hold(connection)
        assert await claim_next_job(db, {CREDIT: kind_of()}) is None
    assert [row["state"] for row in await rows(db, tenant)] == ["running", "ready"]


async def test_a_tenant_whose_job_is_being_claimed_is_passed_over_with_all_of_its_jobs(
    db: Database, tenant: UUID, other_tenant: UUID
) -> None:
    """One by one, each found behind all those before it, 2,000 jobs would take many seconds."""
    async with db.tenant(tenant) as connection:
        await connection.execute(
            """INSERT INTO jobs (tenant_id, id, kind, arguments, correlation_id)
               SELECT $1, gen_random_uuid(), $2, '{}', gen_random_uuid() FROM generate_series(1, 2000)""",
            tenant, CREDIT,
        )  # fmt: skip
    last = await enqueue_job(db, other_tenant)
    async with db.unbound() as first, db.unbound() as second:
        assert await claim_by_hand(first) != []
        await second.execute("SET LOCAL statement_timeout = '2s'")
        assert await claim_by_hand(second) == [last]


async def test_of_several_kinds_the_longest_due_job_comes_first_with_what_its_kind_says(
    db: Database, tenant: UUID
) -> None:
    kinds = {
        CREDIT: kind_of(lease_s=10.0),
        REFRESH: JobKind(REFRESH, do_nothing, lease_s=100.0),
        SCAN_PERSONAL_DATA: JobKind(SCAN_PERSONAL_DATA, do_nothing, lease_s=1_000.0),
    }
    due = [REFRESH, SCAN_PERSONAL_DATA, CREDIT]
    for kind in due:
        await enqueue_job(db, tenant, kind)
    assert await list_claimable_kinds(db, [CREDIT, REFRESH]) == {CREDIT, REFRESH}
    claimed = [await claim_next_job(db, kinds) for _ in due]
    assert [job and job.kind for job in claimed] == due
    async with db.tenant(tenant) as connection:
        leases = await connection.fetch(
            "SELECT kind, round(extract(epoch FROM lease_until - now()) / 10)::int * 10 AS lease_s FROM jobs"
        )
    assert dict(leases) == {CREDIT: 10, REFRESH: 100, SCAN_PERSONAL_DATA: 1_000}
    assert await list_claimable_kinds(db, due) == frozenset()


async def test_jobs_that_die_do_not_hold_up_the_next_one(db: Database, tenant: UUID) -> None:
    kind = JobKind(REFRESH, do_nothing, attempts=1)
    for number in range(30):
        await enqueue_job(db, NO_TENANT, REFRESH, arguments={"number": number})
        await claim(db, kind)
    await let_lease_run_out(db, NO_TENANT)
    last = await enqueue_job(db, NO_TENANT, REFRESH, arguments={"number": 30})
    assert (await claim(db, kind)).job_id == last
    states = [row["state"] for row in await rows(db, NO_TENANT)]
    assert states == ["dead"] * 30 + ["running"]


@pytest.mark.parametrize("is_ready", [True, False])
async def test_no_job_of_a_tenant_that_is_being_deleted_is_claimed(
    db: Database, clone: Clone, tenant: UUID, is_ready: bool
) -> None:
    await enqueue_job(db, tenant)
    if not is_ready:
        await claim(db, kind_of())
        await let_lease_run_out(db, tenant)
    await ask_for_deletion(clone, tenant)
    assert await claim_next_job(db, {CREDIT: kind_of()}) is None
    assert await list_claimable_kinds(db, [CREDIT]) == frozenset()
