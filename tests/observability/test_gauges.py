"""What the gauges show for a database in a known state, and what no series may ever hold."""

from __future__ import annotations

import asyncio
import re
import socket
from collections.abc import AsyncIterator
from math import inf
from uuid import UUID

import asyncpg
import httpx2
import psycopg
import pytest
from prometheus_client import REGISTRY
from prometheus_client.parser import text_string_to_metric_families
from starlette.routing import Route

from skeldir.attribution import credit_dirty_orders
from skeldir.attribution.gauges import sample_credit
from skeldir.clock import utc_now
from skeldir.collect.wires import DOCUMENTS, WIRES
from skeldir.db.embedded import EmbeddedServer
from skeldir.db.gauges import sample_archive, sample_lock_waits
from skeldir.db.pool import Database, open_database
from skeldir.jobs import NO_TENANT, enqueue
from skeldir.jobs.gauges import OTHER, sample_jobs
from skeldir.matviews import refresh_view
from skeldir.matviews.gauges import sample_views
from skeldir.matviews.kinds import REFRESH
from skeldir.observability import metrics
from skeldir.observability.metrics import serve_metrics
from skeldir.rollups import roll_up_dirty_days
from skeldir.tenants import issue_key
from skeldir.wakeups.gauges import sample_processes
from skeldir.web.routes import routers
from tests.conftest import TEMPLATE, Clone, scratch_database
from tests.support.api import make_app
from tests.support.make import make_conversion, make_touch, send_conversions
from tests.support.metric_labels import LABELS, VIEWS


def value(name: str, **labels: str) -> float:
    """Return the value of a series of the default registry."""
    found = REGISTRY.get_sample_value(name, labels)
    assert found is not None, (name, labels)
    return found


def change(clone: Clone, statement: str) -> None:
    with psycopg.connect(clone.superuser_url, autocommit=True) as admin:
        admin.execute(statement)


async def test_jobs_are_counted_by_kind_and_state_and_the_oldest_due_is_found(
    db: Database, clone: Clone
) -> None:
    await sample_jobs(db)
    assert value("skeldir_jobs_count", kind=REFRESH, state="ready") == 0
    assert value("skeldir_jobs_oldest_ready_seconds") == 0
    async with db.tenant(NO_TENANT) as connection:
        for number in range(3):
            await enqueue(connection, NO_TENANT, REFRESH, {"number": number})
        await enqueue(connection, NO_TENANT, REFRESH, {"later": True}, delay_s=600)
    change(
        clone,
        "UPDATE jobs SET run_at = now() - interval '100 s' WHERE arguments @> '{\"number\": 1}'",
    )
    change(
        clone,
        "UPDATE jobs SET state = 'dead', finished_at = now() WHERE arguments @> '{\"number\": 2}'",
    )
    change(
        clone, "UPDATE jobs SET kind = 'elsewhere.unheard_of' WHERE arguments @> '{\"number\": 0}'"
    )
    await sample_jobs(db)
    assert value("skeldir_jobs_count", kind=REFRESH, state="ready") == 2
    assert value("skeldir_jobs_count", kind=REFRESH, state="dead") == 1
    assert value("skeldir_jobs_count", kind=OTHER, state="ready") == 1
    assert 100 <= value("skeldir_jobs_oldest_ready_seconds") < 130


async def test_a_job_that_is_due_later_is_not_late(db: Database) -> None:
    async with db.tenant(NO_TENANT) as connection:
        await enqueue(connection, NO_TENANT, REFRESH, delay_s=600)
    await sample_jobs(db)
    assert value("skeldir_jobs_oldest_ready_seconds") == 0


async def test_processes_are_as_old_as_their_last_heartbeat(db: Database, clone: Clone) -> None:
    await sample_processes(db)
    assert value("skeldir_jobs_process_seen_seconds", role="worker") == inf
    change(
        clone,
        "INSERT INTO heartbeats (process_id, role, seen_at) VALUES"
        " (gen_random_uuid(), 'worker', now() - interval '5 s'),"
        " (gen_random_uuid(), 'worker', now() - interval '1 h')",
    )
    await sample_processes(db)
    assert 5 <= value("skeldir_jobs_process_seen_seconds", role="worker") < 35
    assert value("skeldir_jobs_process_seen_seconds", role="beat") == inf


@pytest.fixture
async def elsewhere(server: EmbeddedServer) -> AsyncIterator[Database]:
    """Another database of the same server, whose waits do not count for the first."""
    with scratch_database(server, template=TEMPLATE) as clone:
        async with open_database(clone.app_url, pool_size=1, statement_timeout_ms=30_000) as other:
            yield other


async def test_the_longest_wait_for_a_lock_of_whatever_kind_is_seen_by_the_programs_own_role(
    db: Database, elsewhere: Database, clone: Clone, tenant: UUID
) -> None:
    await sample_lock_waits(db)
    assert value("skeldir_database_longest_lock_wait_seconds") == 0
    for holds, waits in (
        ("LOCK TABLE jobs", "SELECT count(*) FROM jobs"),
        ("SELECT FROM registered_tenants FOR UPDATE",) * 2,
        ("SELECT pg_advisory_xact_lock(7)", "SELECT pg_advisory_xact_lock(7)"),
    ):
        with psycopg.connect(clone.superuser_url) as holder:
            holder.execute(holds.encode())
            waiter = asyncio.create_task(wait_for(clone, waits))
            found = 0.0
            async with asyncio.timeout(20):
                while found < 0.05:
                    await sample_lock_waits(db)
                    assert found <= value("skeldir_database_longest_lock_wait_seconds"), holds
                    found = value("skeldir_database_longest_lock_wait_seconds")
            await sample_lock_waits(elsewhere)
            assert value("skeldir_database_longest_lock_wait_seconds") == 0, holds
        await waiter
        await sample_lock_waits(db)
        assert value("skeldir_database_longest_lock_wait_seconds") == 0


async def wait_for(clone: Clone, statement: str) -> None:
    """Run a statement in a session of its own, as a role whose statements app_user may not read."""
    connection = await asyncpg.connect(clone.superuser_url)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


async def test_the_lag_of_the_credit_is_the_longest_wait_of_a_tenant(
    db: Database, clone: Clone, tenant: UUID, other_tenant: UUID
) -> None:
    await sample_credit(db)
    assert value("skeldir_attribution_credit_lag_seconds") == 0
    assert value("skeldir_attribution_credit_backlog_marks") == 0
    await send_conversions(db, tenant, make_conversion())
    await send_conversions(db, other_tenant, make_conversion())
    change(
        clone,
        f"UPDATE waiting_tenants SET since = now() - interval '50 s' WHERE tenant_id = '{other_tenant}'",
    )
    await sample_credit(db)
    assert value("skeldir_attribution_credit_backlog_marks") == 2
    assert 50 <= value("skeldir_attribution_credit_lag_seconds") < 80
    await credit_dirty_orders(db)
    await sample_credit(db)
    assert value("skeldir_attribution_credit_lag_seconds") == 0


async def ages(db: Database) -> dict[str, float]:
    await sample_views(db)
    return {name: value("skeldir_matviews_view_age_seconds", view=name) for name in VIEWS}


async def test_a_view_ages_from_the_first_change_that_it_does_not_show(
    db: Database, clone: Clone, tenant: UUID
) -> None:
    assert set((await ages(db)).values()) == {0}
    await send_conversions(db, tenant, make_conversion())
    await credit_dirty_orders(db)
    change(clone, "UPDATE waiting_tenants SET since = now() - interval '90 s'")
    assert all(90 <= age < 120 for age in (await ages(db)).values())
    await roll_up_dirty_days(db)
    change(clone, "UPDATE rollup_changes SET changed_at = now() - interval '40 s'")
    assert all(40 <= age < 70 for age in (await ages(db)).values())
    assert (
        await refresh_view(db, "mv_realtime_revenue", requested_at=utc_now())
    ).outcome == "success"
    lags = await ages(db)
    assert lags.pop("mv_realtime_revenue") == 0
    assert all(40 <= age < 70 for age in lags.values())
    for name in lags:
        await refresh_view(db, name, requested_at=utc_now())
    assert set((await ages(db)).values()) == {0}
    # An hour without a change is not an hour of staleness.
    change(clone, "UPDATE matview_refreshes SET started_at = started_at - interval '1 h'")
    assert set((await ages(db)).values()) == {0}


async def test_a_refresh_is_measured_by_its_outcome(db: Database, clone: Clone) -> None:
    def count(outcome: str) -> float:
        labels = {"view": "mv_realtime_revenue", "outcome": outcome}
        return value("skeldir_matviews_refresh_seconds_count", **labels)

    before = {outcome: count(outcome) for outcome in metrics.REFRESH_OUTCOMES}
    for _ in range(2):
        await refresh_view(db, "mv_realtime_revenue", requested_at=utc_now(), only_if_changed=True)
    change(clone, "REVOKE MAINTAIN ON mv_realtime_revenue FROM app_user")
    await refresh_view(db, "mv_realtime_revenue", requested_at=utc_now())
    assert {o: count(o) - n for o, n in before.items()} == {
        "success": 1,
        "skipped_unchanged": 1,
        "skipped_already_running": 0,
        "failed": 1,
    }


@pytest.fixture
async def client(clone: Clone) -> AsyncIterator[httpx2.AsyncClient]:
    app = make_app(clone.app_url)
    transport = httpx2.ASGITransport(app=app, raise_app_exceptions=False)
    async with (
        app.router.lifespan_context(app),
        httpx2.AsyncClient(transport=transport, base_url="http://test") as client,
    ):
        yield client


async def bearer(db: Database, tenant: UUID) -> dict[str, str]:
    async with db.tenant(tenant) as connection:
        key = await issue_key(
            connection, tenant, name="test", scopes=("ingest", "read"), expires_at=None
        )
    return {"Authorization": f"Bearer {key.secret}"}


def items(kind: str) -> dict[str, float]:
    return {
        outcome: value("skeldir_ingest_items_total", item_kind=kind, outcome=outcome)
        for outcome in metrics.ITEM_OUTCOMES
    }


async def test_items_are_counted_by_outcome(
    client: httpx2.AsyncClient, db: Database, tenant: UUID
) -> None:
    headers = await bearer(db, tenant)
    before = items("touch")
    again = make_touch()
    body = [again, make_touch(), again, {"idempotency_key": "x"}]
    assert (await client.post("/v1/touches", json=body, headers=headers)).status_code == 200
    assert (await client.post("/v1/touches", json=[again], headers=headers)).status_code == 200
    after = items("touch")
    assert {o: after[o] - before[o] for o in before} == {
        "accepted": 2,
        "duplicate": 2,
        "rejected": 1,
    }


@pytest.mark.one_server("a distributed table has no triggers")
async def test_what_was_rolled_back_is_not_counted(
    client: httpx2.AsyncClient, db: Database, tenant: UUID, clone: Clone
) -> None:
    change(
        clone,
        "CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE ''no''; END'",
    )
    change(
        clone,
        "CREATE CONSTRAINT TRIGGER fail AFTER INSERT ON revenue_ledger"
        " DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION fail()",
    )
    before = items("conversion")
    headers = await bearer(db, tenant)
    answer = await client.post("/v1/conversions", json=[make_conversion()], headers=headers)
    assert answer.status_code == 500
    assert items("conversion") == before
    change(clone, "DROP TRIGGER fail ON revenue_ledger")
    await client.post("/v1/conversions", json=[make_conversion()], headers=headers)
    assert items("conversion") == before | {"accepted": before["accepted"] + 1}


async def test_the_metrics_hold_nothing_of_a_tenant_and_only_known_labels(
    client: httpx2.AsyncClient, db: Database, tenant: UUID
) -> None:
    headers = await bearer(db, tenant)
    order = make_conversion(order_id="order-ann@example.com", journey_key="ann@example.com")
    touch = make_touch(journey_key="ann@example.com", campaign="for-ann@example.com")
    secret = headers["Authorization"].split()[1]
    for answer in (
        await client.post("/v1/conversions", json=[order], headers=headers),
        await client.post(
            "/v1/touches", json=[touch, {"email": "ann@example.com"}], headers=headers
        ),
        await client.get("/v1/attribution/orders/order-ann@example.com", headers=headers),
        await client.get(f"/v1/{tenant}/ann@example.com?email=ann@example.com", headers=headers),
        await client.request("ANN", "/health", headers={"X-Correlation-ID": str(tenant)}),
        await client.get("/v1/touches", headers={"Authorization": "Bearer skd_ann"}),
    ):
        assert answer.status_code in (200, 404, 405)
    text = (await client.get("/metrics")).text
    assert 'route="/v1/touches"' in text
    known = ("ann@", "ann%40", "order-ann", "ANN", "skd_", secret, str(tenant), tenant.hex)
    assert not [part for part in known if part in text]
    described = (await client.get("/openapi.json")).json()["paths"]
    # Other tests of the process may have opened pages and sent by other protocols, which the API does not describe.
    pages = {
        route.path_format
        for router in routers
        for route in router.routes
        if isinstance(route, Route)
    }
    others = {
        *(path.path for _, paths in WIRES for path in paths),
        *(document.path for document in DOCUMENTS),
        *("/c/v1.js", "/c/v1.{digest}.js"),
    }
    routes = {"unknown", "/metrics", "/mcp", *described, *pages, *others}
    found = 0
    for family in text_string_to_metric_families(text):
        if not family.name.startswith("skeldir_"):
            continue
        for sample in family.samples:
            for label, given in sample.labels.items():
                if label == "le":
                    continue
                found += 1
                assert is_known(family.name, label, given, routes), (family.name, label, given)
    assert found > 300


def is_known(name: str, label: str, given: str, routes: set[str]) -> bool:
    """Return whether a label may have this value; routes are without converters, as in the description."""
    if label == "route":
        return re.sub(r":\w+}", "}", given) in routes
    allowed = LABELS.get((name, label), set())
    return bool(allowed.fullmatch(given)) if isinstance(allowed, re.Pattern) else given in allowed


def test_a_worker_serves_its_own_series_and_not_those_that_only_the_api_samples() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    stop = serve_metrics(port)
    try:
        text = httpx2.get(f"http://127.0.0.1:{port}/metrics").text
        # The port is taken now; that stops nothing.
        serve_metrics(port)()
    finally:
        stop()
    names = {family.name for family in text_string_to_metric_families(text)}
    assert {
        "skeldir_jobs_run_seconds",
        "skeldir_matviews_refresh_seconds",
        "python_gc_objects_collected",
    } <= names
    sampled = {family.name for gauge in metrics.SAMPLED for family in gauge.describe()}
    assert len(sampled) == 18
    assert not names & sampled
    serve_metrics(0)()


def test_every_metric_is_named_by_room_thing_and_unit() -> None:
    names = {family.name for family in REGISTRY.collect() if family.name.startswith("skeldir_")}
    assert len(names) == 34
    for name in names:
        assert re.fullmatch(
            r"skeldir_(ingest|inbox|collect|http|mcp|matviews|rollups|attribution|audit|jobs|database)(_[a-z]+)*_(deliveries|messages|requests|set_ups|differences|items|journeys|seconds|periods|marks|count|failed|accepted|refused|up|ready|state|reads|fallbacks|set_aside)",
            name,
        ), name


async def test_a_server_that_archives_nothing_does_not_fail_to(db: Database) -> None:
    await sample_archive(db)
    assert value("skeldir_database_archive_failing_seconds") == 0
