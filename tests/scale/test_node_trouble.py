"""A node that is away is a 503 for the tenants on it, and nothing for the others, which sweeps and jobs go on with.

On one server a trigger reports what a coordinator reports of its node, for one tenant.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

import asyncpg
import psycopg
import pytest
from psycopg import sql

from skeldir.attribution import credit_dirty_orders
from skeldir.attribution.tasks import enqueue_stranded_credit
from skeldir.cli.runtime import Runtime
from skeldir.clock import utc_now
from skeldir.db import Connection, NodeUnreachable
from skeldir.db.nodes import node_unreachable
from skeldir.db.pool import Database
from skeldir.jobs import Job, JobKind, enqueue
from skeldir.jobs.claiming import claim_next_job
from skeldir.jobs.work import run_job
from skeldir.matviews import refresh_view
from skeldir.rollups import roll_up_dirty_days
from skeldir.settings import load_settings
from tests.conftest import Clone
from tests.support.api import asking, bearer
from tests.support.make import make_conversion, make_touch, send_conversions

of_one_server = pytest.mark.one_server("a distributed table has no triggers")
CREDIT = "attribution.credit"
_AWAY = """
    CREATE FUNCTION public.report_node() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF NEW.tenant_id = TG_ARGV[0]::uuid THEN
            RAISE EXCEPTION 'connection to the remote node app_user@node:5432 failed' USING ERRCODE = '08006';
        END IF;
        RETURN NEW;
    END $$"""


@contextmanager
def node_away(clone: Clone, tenant: UUID, *tables: str) -> Iterator[None]:
    """Have writes of a tenant to these tables fail as if their node were away."""
    with psycopg.connect(clone.superuser_url, autocommit=True) as admin:
        admin.execute(_AWAY.encode())
        for table in tables:
            admin.execute(
                sql.SQL(
                    "CREATE TRIGGER node_away BEFORE INSERT ON {} FOR EACH ROW EXECUTE FUNCTION public.report_node({})"
                ).format(sql.Identifier(table), sql.Literal(str(tenant)))
            )
        yield
        admin.execute("DROP FUNCTION public.report_node() CASCADE")


@pytest.mark.parametrize(
    ("state", "message"),
    [
        *((state, "connection failed") for state in ("08000", "08001", "08006", "57P01", "57P03")),
        ("XX000", "server closed the connection unexpectedly"),
        ("XX000", "failure on connection marked as essential: node:5432"),
        ("58030", "failed to COPY to shard 102088 on node:5432"),
    ],
)
async def test_what_a_live_coordinator_reports_of_a_node_leaves_the_connection_usable(
    db: Database, tenant: UUID, state: str, message: str
) -> None:
    raising = f"DO $$ BEGIN RAISE EXCEPTION '{message}' USING ERRCODE = '{state}'; END $$"
    with pytest.raises(NodeUnreachable) as caught:
        async with db.tenant(tenant) as connection:
            await connection.execute(raising)
    assert 1 <= caught.value.retry_after_s <= 3
    assert "node:" not in caught.value.detail
    async with db.tenant(tenant) as connection:
        assert await connection.fetchval("SELECT 1") == 1


@pytest.mark.parametrize("state", ["08P01", "40001", "53300", "58030", "XX000"])
async def test_other_errors_stay_what_they_are(db: Database, tenant: UUID, state: str) -> None:
    raising = f"DO $$ BEGIN RAISE EXCEPTION 'other' USING ERRCODE = '{state}'; END $$"
    with pytest.raises(asyncpg.PostgresError):
        async with db.tenant(tenant) as connection:
            await connection.execute(raising)
    assert node_unreachable(OSError("refused"), is_of_tenant=True) is None


_LOST = r"""
    DO $$ BEGIN
        RAISE EXCEPTION E'connection to the remote node app_user@node:5432 failed with the following error:\nRefused'
        USING ERRCODE = '08006';
    END $$"""


async def test_work_for_all_tenants_and_commands_are_told_which_node_it_is(
    clone: Clone, db: Database
) -> None:
    with pytest.raises(NodeUnreachable, match=r"app_user@node:5432 failed with .* error\. Start"):
        async with db.unbound() as connection:
            await connection.execute(_LOST)
    runtime = Runtime(load_settings(), clone.app_url, clone.migrator_url)
    with pytest.raises(NodeUnreachable, match="app_user@node:5432"):
        async with runtime.operator(must_see_all=True) as operator:
            await operator.execute(_LOST)
    with pytest.raises(asyncpg.UndefinedTableError):
        async with runtime.operator() as operator:
            await operator.execute("SELECT FROM nowhere")


@of_one_server
async def test_the_tenants_of_the_node_get_503_and_the_others_their_receipts(
    clone: Clone, db: Database, tenant: UUID, other_tenant: UUID
) -> None:
    keys = {one: await bearer(db, one) for one in (tenant, other_tenant)}
    async with asking(clone.app_url) as (_, client):
        with node_away(clone, tenant, "attribution_events"):
            refused = await client.post("/v1/touches", json=[make_touch()], headers=keys[tenant])
            served = await client.post(
                "/v1/touches", json=[make_touch()], headers=keys[other_tenant]
            )
        back = await client.post("/v1/touches", json=[make_touch()], headers=keys[tenant])
    assert (refused.status_code, refused.json()["code"]) == (503, "node_unreachable")
    assert 1 <= int(refused.headers["retry-after"]) <= 3
    assert "5432" not in refused.text
    assert (served.status_code, served.json()["accepted"]) == (200, 1)
    assert back.json()["accepted"] == 1


@of_one_server
async def test_credit_and_roll_up_go_on_with_the_other_tenants_and_come_back(
    clone: Clone, db: Database, tenant: UUID, other_tenant: UUID
) -> None:
    for one in (tenant, other_tenant):
        await send_conversions(db, one, make_conversion())
    with node_away(clone, tenant, "order_journeys", "rollup_revenue_day"):
        report = await credit_dirty_orders(db)
        assert (report.orders, report.is_complete) == (1, False)
        assert await roll_up_dirty_days(db) == 1
        with pytest.raises(NodeUnreachable):
            await credit_dirty_orders(db, tenant_id=tenant)
        with pytest.raises(NodeUnreachable):
            await roll_up_dirty_days(db, tenant_id=tenant)
    report = await credit_dirty_orders(db)
    assert (report.orders, report.is_complete) == (1, True)
    assert await roll_up_dirty_days(db) >= 1


@of_one_server
async def test_the_sweep_goes_on_with_the_other_tenants_whichever_comes_first(
    clone: Clone, db: Database, tenant: UUID, other_tenant: UUID
) -> None:
    for one in (tenant, other_tenant):
        await send_conversions(db, one, make_conversion())
    for away, served in ((tenant, other_tenant), (other_tenant, tenant)):
        for one in (tenant, other_tenant):
            async with db.tenant(one) as connection:
                await connection.execute("DELETE FROM jobs")
        with node_away(clone, away, "jobs"):
            await enqueue_stranded_credit(db)
        for one, jobs in ((away, 0), (served, 1)):
            async with db.tenant(one) as connection:
                assert await connection.fetchval("SELECT count(*) FROM jobs") == jobs


async def test_a_job_that_meets_a_node_away_is_tried_until_the_node_is_back(
    db: Database, tenant: UUID
) -> None:
    is_away = True

    async def work(_: Database, __: Job) -> None:
        if is_away:
            raise NodeUnreachable("It does not answer.", cure="Wait.")

    kind = JobKind(CREDIT, work, attempts=2)
    async with db.tenant(tenant) as connection:
        await enqueue(connection, tenant, CREDIT)
    for _ in range(4):
        job = await claim_next_job(db, {kind.name: kind})
        assert job is not None
        await run_job(db, kind, job)
        async with db.tenant(tenant) as connection:
            row = await connection.fetchrow(
                "SELECT state, attempts, error, extract(epoch FROM run_at - now())::float8 AS wait_s FROM jobs"
            )
            assert row is not None
            assert (row["state"], row["attempts"]) == ("ready", 0)
            assert row["error"].startswith("node_unreachable: ")
            assert 2 < row["wait_s"] < 8
            await connection.execute("UPDATE jobs SET run_at = now()")
    is_away = False
    job = await claim_next_job(db, {kind.name: kind})
    assert job is not None
    await run_job(db, kind, job)
    async with db.tenant(tenant) as connection:
        assert await connection.fetchval("SELECT state FROM jobs") == "done"


async def test_a_refresh_that_meets_a_node_away_is_logged_and_its_job_is_tried_again(
    db: Database,
) -> None:
    async def meet(_: Connection) -> None:
        raise NodeUnreachable("It does not answer.", cure="Wait.")

    with pytest.raises(NodeUnreachable):
        await refresh_view(
            db,
            "mv_realtime_revenue",
            requested_at=utc_now(),
            only_if_changed=False,
            timeout_ms=30_000,
            fence=meet,
        )
    async with db.unbound() as connection:
        outcomes = await connection.fetch("SELECT outcome FROM matview_refreshes")
    assert [row["outcome"] for row in outcomes] == ["failed"]


@of_one_server
async def test_on_one_server_readiness_says_nothing_of_nodes(clone: Clone) -> None:
    async with asking(clone.app_url) as (_, client):
        assert set((await client.get("/health/ready")).json()) == {"status", "checks"}
        metrics = await client.get("/metrics")
        assert "skeldir_database_nodes_up 1.0" in metrics.text.splitlines()


# What the program reads of Citus: two nodes, and whether the coordinator can connect to them.
_STAND_IN = """
    SET allow_system_table_mods = on;
    CREATE TABLE pg_catalog.pg_dist_node AS
        SELECT id AS nodeid, id AS groupid, true AS isactive, 'node' AS nodename, 5430 + id AS nodeport
        FROM generate_series(0, 2) AS id;
    GRANT SELECT ON pg_catalog.pg_dist_node TO PUBLIC"""
_CONNECTS = """
    SET allow_system_table_mods = on;
    CREATE OR REPLACE FUNCTION pg_catalog.citus_check_connection_to_node(host text, port int) RETURNS boolean
    LANGUAGE plpgsql AS 'BEGIN {} END'"""


@pytest.mark.one_server("Citus itself is there")
@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ("RETURN port <> 5432;", "No answer from node:5432."),
        ("PERFORM pg_sleep(3); RETURN true;", "They could not be asked."),
    ],
    ids=["refuses", "hangs"],
)
async def test_a_node_that_does_not_answer_is_in_readiness_and_in_a_gauge(
    clone: Clone, body: str, sentence: str
) -> None:
    with psycopg.connect(clone.superuser_url, autocommit=True) as admin:
        admin.execute(_STAND_IN.encode())
        admin.execute(_CONNECTS.format(body).encode())
        async with asking(clone.app_url) as (_, client):
            metrics = await client.get("/metrics")
            assert "skeldir_database_nodes_up 0.0" in metrics.text.splitlines()
            ready = await client.get("/health/ready")
            assert (ready.status_code, ready.json()["nodes"]) == (200, sentence)
            admin.execute(_CONNECTS.format("RETURN true;").encode())
        async with asking(clone.app_url) as (_, client):
            assert (await client.get("/health/ready")).json()["nodes"] == "ok"
            metrics = await client.get("/metrics")
            assert "skeldir_database_nodes_up 1.0" in metrics.text.splitlines()


@pytest.mark.citus
async def test_readiness_names_the_node_that_does_not_answer(clone: Clone) -> None:
    async with asking(clone.app_url) as (_, client):
        ready = await client.get("/health/ready")
        assert (ready.status_code, ready.json()["nodes"]) == (200, "ok")
    with psycopg.connect(clone.superuser_url) as admin:
        admin.execute("SELECT citus_add_inactive_node('127.0.0.1', 1)")
        admin.execute("UPDATE pg_dist_node SET isactive = true WHERE nodeport = 1")
    async with asking(clone.app_url) as (_, client):
        ready = await client.get("/health/ready")
        assert ready.status_code == 200
        assert ready.json()["nodes"] == "No answer from 127.0.0.1:1."
        metrics = await client.get("/metrics")
        assert "skeldir_database_nodes_up 0.0" in metrics.text.splitlines()
