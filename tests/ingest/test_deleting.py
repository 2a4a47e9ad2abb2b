"""Deleting a tenant: locked out at once, deleted in steps whatever is killed; other tenants are not affected."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from uuid import UUID

import asyncpg
import orjson
import psycopg
import pytest

from skeldir.attribution.kinds import CREDIT
from skeldir.attribution.tasks import CREDIT_KIND, enqueue_stranded_credit
from skeldir.db.ids import new_id
from skeldir.db.pool import Database
from skeldir.ingest.deleting import delete_tenant
from skeldir.ingest.kinds import DELETE_TENANT
from skeldir.ingest.tasks import DELETE, FORGET, plan_daily
from skeldir.jobs import NO_TENANT, LeaseLost, do_jobs, enqueue, enqueue_daily, is_enqueued
from skeldir.jobs.claiming import claim_next_job
from skeldir.jobs.leases import Job
from skeldir.rollups import roll_up_dirty_days
from skeldir.tenants import (
    DeletionRefused,
    TenantUnknown,
    authenticate,
    create_tenant,
    delete_some_rows,
    issue_key,
    load_profile,
)
from tests.conftest import Clone
from tests.support.api import asking, bearer
from tests.support.deleting import (
    JOB_AND_RECEIPT,
    ask_for_deletion,
    do_deletions,
    make_all_due,
    read_deletions,
    read_everything,
    relations_with,
    rows_of_others,
)
from tests.support.make import make_conversion, make_touch, send_conversions, send_touches
from tests.support.two_tenants import fill_two_tenants


async def test_a_deleted_tenant_leaves_no_row_and_the_other_keeps_every_byte(
    db: Database, clone: Clone
) -> None:
    mine, theirs = await fill_two_tenants(db)
    before = read_everything(clone)
    assert len(relations_with(before, str(mine))) >= 20
    await ask_for_deletion(clone, mine)
    deletion = await do_deletions(db, clone, mine)
    assert deletion.ended_at is not None
    after = read_everything(clone)
    assert relations_with(after, str(mine)) <= JOB_AND_RECEIPT
    assert rows_of_others(after, mine) == rows_of_others(before, mine)
    assert [text for text in after["public.jobs"] if str(theirs) in text] == [
        text for text in before["public.jobs"] if str(theirs) in text
    ]


async def test_the_receipt_counts_the_deleted_rows_and_its_digest_matches(
    db: Database, clone: Clone
) -> None:
    mine, _ = await fill_two_tenants(db)
    before = {
        name.removeprefix("public."): sum(text.startswith(f"({mine},") for text in texts)
        for name, texts in read_everything(clone).items()
        if not name.startswith("public.mv_")
    }
    asked = await ask_for_deletion(clone, mine)
    assert (asked.ended_at, asked.is_intact) == (None, False)
    deletion = await do_deletions(db, clone, mine)
    assert deletion.row_counts == {name: rows for name, rows in before.items() if rows}
    assert (deletion.requested_by, deletion.ledger_rows_kept) == ("migrator", 0)
    assert deletion.began_at is not None
    assert deletion.ended_at is not None
    assert deletion.requested_at <= deletion.began_at <= deletion.ended_at
    assert deletion.is_intact
    assert not replace(deletion, keeps_ledger=True).is_intact
    assert not replace(deletion, row_counts={**deletion.row_counts, "spend": 0}).is_intact


async def test_a_ledger_that_is_kept_stays_without_its_links_to_people(
    db: Database, clone: Clone
) -> None:
    mine, _ = await fill_two_tenants(db)
    ledger = """SELECT id, business_key, order_id, kind, amount_cents, currency, occurred_at, recorded_at, source
                FROM revenue_ledger WHERE tenant_id = %s ORDER BY id"""
    with psycopg.connect(clone.superuser_url, autocommit=True) as admin:
        before = admin.execute(ledger, (mine,)).fetchall()
        await ask_for_deletion(clone, mine, keeps_ledger=True)
        deletion = await do_deletions(db, clone, mine)
        assert admin.execute(ledger, (mine,)).fetchall() == before
        assert admin.execute(
            "SELECT count(*) FROM revenue_ledger WHERE tenant_id = %s AND journey_key IS NOT NULL",
            (mine,),
        ).fetchone() == (0,)
        tombstone = "SELECT name, journey_secret, notification_email FROM tenants WHERE id = %s"
        assert admin.execute(tombstone, (mine,)).fetchone() == ("A", b"", None)
    assert deletion.ledger_rows_kept == len(before) == deletion.row_counts["journey_keys"]
    assert deletion.is_intact
    left = relations_with(read_everything(clone), str(mine))
    assert left == JOB_AND_RECEIPT | {"public.revenue_ledger", "public.tenants"}


async def test_no_daily_job_is_enqueued_for_a_tenant_of_which_only_the_ledger_is_left(
    db: Database, clone: Clone, tenant: UUID, other_tenant: UUID
) -> None:
    assert tenant < other_tenant, "the first in order would take the other one's place"
    await send_conversions(db, tenant, make_conversion())
    await ask_for_deletion(clone, tenant, keeps_ledger=True)
    await do_deletions(db, clone, tenant)
    assert await enqueue_daily(db, FORGET.name, most=1) == 1
    async with db.tenant(other_tenant) as connection:
        assert await is_enqueued(connection, other_tenant, FORGET.name)


async def test_a_kept_ledger_can_be_deleted_later_and_both_receipts_stay(
    db: Database, clone: Clone
) -> None:
    mine, _ = await fill_two_tenants(db)
    await ask_for_deletion(clone, mine, keeps_ledger=True)
    first = await do_deletions(db, clone, mine)
    with pytest.raises(DeletionRefused, match="deleted before"):
        await ask_for_deletion(clone, mine, keeps_ledger=True)
    await ask_for_deletion(clone, mine)
    second = await do_deletions(db, clone, mine)
    assert second.row_counts == {"revenue_ledger": first.ledger_rows_kept, "tenants": 1}
    assert await read_deletions(clone, mine) == [second, first]
    assert relations_with(read_everything(clone), str(mine)) <= JOB_AND_RECEIPT
    with pytest.raises(DeletionRefused, match="deleted before"):
        await ask_for_deletion(clone, mine)


async def test_the_opposite_choice_for_the_ledger_is_refused_while_the_deletion_runs(
    clone: Clone, tenant: UUID
) -> None:
    first = await ask_for_deletion(clone, tenant, keeps_ledger=True)
    with pytest.raises(DeletionRefused, match="ledger kept"):
        await ask_for_deletion(clone, tenant, keeps_ledger=False)
    assert await ask_for_deletion(clone, tenant, keeps_ledger=True) == first


async def test_a_tenant_that_never_existed_cannot_be_deleted(clone: Clone) -> None:
    with pytest.raises(TenantUnknown):
        await ask_for_deletion(clone, new_id())


async def test_after_the_request_the_tenant_is_locked_out(
    db: Database, clone: Clone, tenant: UUID, other_tenant: UUID
) -> None:
    await send_touches(db, tenant, make_touch())
    async with db.tenant(tenant) as connection:
        key = await issue_key(connection, tenant, name="site", scopes=["ingest"], expires_at=None)
    await ask_for_deletion(clone, tenant)
    async with db.statement() as connection:
        assert await authenticate(connection, key.secret) is None
    async with db.tenant(tenant) as connection:
        assert await connection.fetch("SELECT id FROM attribution_events") == []
        with pytest.raises(TenantUnknown):
            await load_profile(connection, tenant)
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        async with db.tenant(tenant) as connection:
            await connection.execute("INSERT INTO retention (tenant_id) VALUES ($1)", tenant)
    assert (await send_touches(db, other_tenant, make_touch())).accepted == 1


async def test_requests_are_refused_at_once_even_while_their_body_arrives(
    db: Database, clone: Clone, tenant: UUID
) -> None:
    headers = await bearer(db, tenant) | {"Content-Type": "application/x-ndjson"}

    async def body() -> AsyncIterator[bytes]:
        yield orjson.dumps(make_touch()) + b"\n"
        await ask_for_deletion(clone, tenant)
        yield orjson.dumps(make_touch()) + b"\n"

    async with asking(clone.app_url) as (_, client):
        underway = await client.post("/v1/touches", content=body(), headers=headers)
        later = await client.post("/v1/touches", json=[make_touch()], headers=headers)
    for answer in (underway, later):
        assert (answer.status_code, answer.json()["code"]) == (401, "key_invalid")
    assert relations_with(read_everything(clone), "touch-") == set()


async def test_a_deleted_id_never_comes_back(db: Database, clone: Clone, tenant: UUID) -> None:
    await ask_for_deletion(clone, tenant)
    await do_deletions(db, clone, tenant)
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        async with db.tenant(tenant) as connection:
            await create_tenant(connection, tenant, "A")


@pytest.mark.parametrize("keeps_ledger", [True, False])
async def test_a_session_that_binds_itself_adds_no_key_to_a_deleted_tenant(
    db: Database, clone: Clone, tenant: UUID, keeps_ledger: bool
) -> None:
    await send_conversions(db, tenant, make_conversion())
    await ask_for_deletion(clone, tenant, keeps_ledger=keeps_ledger)
    await do_deletions(db, clone, tenant)
    with psycopg.connect(clone.app_url) as connection:
        connection.execute("SELECT set_config('app.current_tenant_id', %s, true)", (str(tenant),))
        with pytest.raises(psycopg.errors.ForeignKeyViolation):
            connection.execute(
                """INSERT INTO api_keys (tenant_id, id, name, prefix, secret_sha256, scopes)
                   VALUES (%s, gen_random_uuid(), 'k', 'skd_1', sha256('k'), '{read}')""",
                (tenant,),
            )


async def test_a_key_that_is_added_while_its_tenant_is_deleted_is_deleted_too(
    db: Database, clone: Clone, tenant: UUID
) -> None:
    await ask_for_deletion(clone, tenant)
    async with db.tenant(NO_TENANT) as connection:
        while await delete_some_rows(connection, tenant, most=1):
            pass
    with psycopg.connect(clone.superuser_url) as admin:
        # A session that bound itself had both open when the rows were deleted.
        admin.execute("INSERT INTO registered_tenants VALUES (%s)", (tenant,))
        admin.execute(
            """INSERT INTO api_keys (tenant_id, id, name, prefix, secret_sha256, scopes)
               VALUES (%s, gen_random_uuid(), 'k', 'skd_1', sha256('k'), '{read}')""",
            (tenant,),
        )
    deletion = await do_deletions(db, clone, tenant)
    assert deletion.ended_at is not None
    assert (deletion.row_counts["api_keys"], deletion.row_counts["registered_tenants"]) == (1, 2)
    assert relations_with(read_everything(clone), str(tenant)) <= JOB_AND_RECEIPT


async def test_a_transaction_bound_before_is_waited_for_and_leaves_nothing(
    db: Database, clone: Clone, tenant: UUID
) -> None:
    async with db.tenant(tenant) as connection:
        await ask_for_deletion(clone, tenant)
        deletion = await do_deletions(db, clone, tenant)
        assert (deletion.began_at, deletion.ended_at) == (None, None)
        with psycopg.connect(clone.superuser_url) as admin:
            (error,) = admin.execute("SELECT error FROM jobs").fetchone() or ("",)
        assert error.startswith("deletion_held_up"), (
            "a lock that is held for ever makes a dead job, which alerts"
        )
        await connection.execute("INSERT INTO retention (tenant_id) VALUES ($1)", tenant)
    make_all_due(clone)
    deletion = await do_deletions(db, clone, tenant)
    assert deletion.ended_at is not None
    assert deletion.row_counts["retention"] == 1


async def test_the_rows_are_deleted_in_steps_of_bounded_size(
    db: Database, clone: Clone, tenant: UUID
) -> None:
    await send_touches(db, tenant, *(make_touch() for _ in range(7)))
    await ask_for_deletion(clone, tenant)
    steps = []
    while 0 not in steps:
        async with db.tenant(NO_TENANT) as connection:
            steps.append(await delete_some_rows(connection, tenant, most=4))
    # Seven touches, six models, their six changes, the turn of the first one, and the tenant's row in the list.
    assert steps == [4, 4, 4, 4, 4, 1, 0]
    deletion = await do_deletions(db, clone, tenant)
    assert deletion.row_counts == {
        "attribution_events": 7,
        "attribution_models": 6,
        "credit_turns": 1,
        "model_changes": 6,
        "registered_tenants": 1,
        "tenants": 1,
    }


async def test_a_turn_is_short_and_the_next_one_is_enqueued(
    db: Database, clone: Clone, tenant: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("skeldir.ingest.deleting.LONGEST_TURN_S", 0.0)
    await ask_for_deletion(clone, tenant)
    job = await claim_next_job(db, {DELETE.name: DELETE})
    assert job is not None
    await delete_tenant(db, job)
    assert job.is_finished
    following = await claim_next_job(db, {DELETE.name: DELETE})
    assert following is not None
    assert following.job_id != job.job_id


async def test_a_worker_that_lost_the_job_deletes_nothing_more(
    db: Database, clone: Clone, tenant: UUID
) -> None:
    await send_touches(db, tenant, make_touch())
    await ask_for_deletion(clone, tenant)
    lost = await claim_next_job(db, {DELETE.name: DELETE})
    assert lost is not None
    make_all_due(clone)
    assert await claim_next_job(db, {DELETE.name: DELETE}) is not None
    with pytest.raises(LeaseLost):
        await delete_tenant(db, lost)
    assert (await read_deletions(clone, tenant))[0].began_at is None


async def test_other_work_continues_beside_a_tenant_that_is_leaving(
    db: Database, clone: Clone
) -> None:
    """The first of two by id is leaving, with marks and a running job: nothing fails or is enqueued for it."""
    leaving, staying = await fill_two_tenants(db)
    async with db.tenant(leaving) as connection:
        await connection.execute("DELETE FROM jobs")
        assert await enqueue(connection, leaving, CREDIT)
    async with db.tenant(staying) as connection:
        await connection.execute("UPDATE jobs SET run_at = now() + interval '1 minute'")
    running = await claim_next_job(db, {CREDIT: CREDIT_KIND})
    assert running is not None
    assert running.tenant_id == leaving
    await ask_for_deletion(clone, leaving)
    await enqueue_stranded_credit(db)
    await plan_daily(db)
    await roll_up_dirty_days(db)
    with pytest.raises(LeaseLost):
        async with db.tenant(leaving) as connection:
            await running.finish(connection)
    with psycopg.connect(clone.superuser_url) as admin:
        kinds = admin.execute("SELECT kind FROM jobs WHERE tenant_id = %s", (leaving,)).fetchall()
        assert kinds == [(CREDIT,)]
        theirs = admin.execute("SELECT kind FROM jobs WHERE tenant_id = %s", (staying,)).fetchall()
        assert (FORGET.name,) in theirs
    await do_deletions(db, clone, leaving)
    await plan_daily(db)
    assert relations_with(read_everything(clone), str(leaving)) <= JOB_AND_RECEIPT


async def test_a_job_whose_tenant_leaves_while_it_runs_does_not_fail(
    db: Database, clone: Clone, tenant: UUID, caplog: pytest.LogCaptureFixture
) -> None:
    async def write(database: Database, job: Job) -> None:
        await ask_for_deletion(clone, job.tenant_id)
        await send_touches(database, job.tenant_id, make_touch())

    async with db.tenant(tenant) as connection:
        await enqueue(connection, tenant, CREDIT)
    caplog.set_level("INFO")
    await do_jobs(db, {CREDIT: replace(FORGET, run=write, name=CREDIT)})
    assert "jobs.tenant_leaves" in caplog.text
    assert not [record for record in caplog.records if record.levelname == "ERROR"]
    assert (await do_deletions(db, clone, tenant)).ended_at is not None


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT request_tenant_deletion($1, false, $1, $1, $1)",
        "SELECT delete_tenant_rows($1, 10)",
        "SELECT forget_statistics($1, 1)",
        "SELECT end_tenant_deletion($1)",
        "SELECT count_tenant_rows($1)",
        "SELECT hold_tenant_deletion($1)",
        "SELECT * FROM tenant_deletions WHERE tenant_id = $1",
        "INSERT INTO tenant_deletions (tenant_id, id, keeps_ledger, requested_by) VALUES ($1, $1, false, 'x')",
        "DELETE FROM tenant_deletions WHERE tenant_id = $1",
        "UPDATE tenant_deletions SET keeps_ledger = false WHERE tenant_id = $1",
    ],
)
async def test_the_runtime_role_can_begin_no_deletion(
    db: Database, clone: Clone, tenant: UUID, statement: str
) -> None:
    before = read_everything(clone)
    for one in (tenant, NO_TENANT):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            async with db.tenant(one) as connection:
                await connection.fetch(statement, tenant)
    assert read_everything(clone) == before


async def test_a_job_that_no_operator_has_requested_deletes_nothing(
    db: Database, clone: Clone, tenant: UUID
) -> None:
    async with db.tenant(NO_TENANT) as connection:
        await enqueue(connection, NO_TENANT, DELETE_TENANT, {"tenant_id": str(tenant)})
    await do_jobs(db, {DELETE.name: DELETE})
    async with db.tenant(tenant) as connection:
        assert (await load_profile(connection, tenant)).name == "A"
    with psycopg.connect(clone.superuser_url) as admin:
        assert admin.execute("SELECT error FROM jobs").fetchall() == [
            ("InsufficientPrivilegeError (SQLSTATE 42501)",)
        ]
