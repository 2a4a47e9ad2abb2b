"""The application's own /metrics, in a deliberately bad state, fire the alerts for that state."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from uuid import UUID

import httpx2
import psycopg
import pytest
from prometheus_client.parser import text_string_to_metric_families

from skeldir.db.pool import Database
from skeldir.jobs import NO_TENANT, enqueue
from skeldir.matviews.kinds import REFRESH
from skeldir.observability.metrics import PULSES
from skeldir.rollups import roll_up_dirty_days
from tests.conftest import Clone
from tests.ops.test_alerts import WELL, evaluate, needs_promtool, steady
from tests.support.api import make_app
from tests.support.make import make_conversion, send_conversions

pytestmark = needs_promtool


@pytest.fixture
async def client(clone: Clone) -> AsyncIterator[httpx2.AsyncClient]:
    app = make_app(clone.app_url)
    async with (
        app.router.lifespan_context(app),
        httpx2.AsyncClient(
            transport=httpx2.ASGITransport(app=app), base_url="http://test"
        ) as client,
    ):
        yield client


async def scrape(client: httpx2.AsyncClient) -> dict[str, str]:
    """Return the program's current gauges as constant series, for an API and a worker that are up."""
    target = {"job": "skeldir-api", "instance": "127.0.0.1:8000"}
    series = {name: values for name, values in WELL.items() if name.startswith("up{")}
    for family in text_string_to_metric_families((await client.get("/metrics")).text):
        if family.name.startswith("skeldir_") and family.type == "gauge":
            for sample in family.samples:
                labels = ",".join(f'{k}="{v}"' for k, v in (target | sample.labels).items())
                series[f"{sample.name}{{{labels}}}"] = steady(sample.value)
    assert len(series) > 20
    return series


def change(clone: Clone, *statements: str) -> None:
    with psycopg.connect(clone.superuser_url, autocommit=True) as admin:
        for statement in statements:
            admin.execute(statement)


def beat_the_hearts(clone: Clone) -> None:
    change(
        clone,
        "INSERT INTO heartbeats (process_id, role) VALUES"
        " (gen_random_uuid(), 'worker'), (gen_random_uuid(), 'beat')",
        *(f"INSERT INTO pulses (name, every_s) VALUES ('{name}', 1)" for name in PULSES),
    )


async def test_an_idle_service_fires_no_alert(
    client: httpx2.AsyncClient, clone: Clone, tmp_path: Path
) -> None:
    beat_the_hearts(clone)
    assert evaluate(tmp_path, await scrape(client), set()) == ""


async def test_a_service_without_workers_fires_the_alerts_on_processes_jobs_credit_and_views(
    client: httpx2.AsyncClient, db: Database, clone: Clone, tenant: UUID, tmp_path: Path
) -> None:
    await send_conversions(db, tenant, make_conversion())
    async with db.tenant(NO_TENANT) as connection:
        await enqueue(connection, NO_TENANT, REFRESH, {"staleness_s": 5})
        await enqueue(connection, NO_TENANT, REFRESH, {"staleness_s": 60})
    change(
        clone,
        "UPDATE jobs SET run_at = now() - interval '5 min'",
        "UPDATE jobs SET state = 'dead', finished_at = now() WHERE arguments @> '{\"staleness_s\": 60}'",
        "UPDATE waiting_tenants SET since = now() - interval '5 min' WHERE work = 'credit'",
        "UPDATE waiting_tenants SET since = now() - interval '10 min' WHERE work = 'days'",
    )
    expected = {
        "SkeldirWorkerGone",
        "SkeldirBeatGone",
        "SkeldirPulseLate",
        "SkeldirJobsLate",
        "SkeldirJobsDead",
        "SkeldirCreditLate",
        "SkeldirSumsLate",
        "SkeldirFastViewStale",
        "SkeldirSlowViewStale",
    }
    assert evaluate(tmp_path, await scrape(client), expected) == ""


async def test_a_refresh_that_hangs_fires_the_alert_on_the_fast_views_first(
    client: httpx2.AsyncClient, db: Database, clone: Clone, tenant: UUID, tmp_path: Path
) -> None:
    beat_the_hearts(clone)
    await send_conversions(db, tenant, make_conversion())
    change(clone, "DELETE FROM dirty_orders", "DELETE FROM jobs")
    await roll_up_dirty_days(db)
    change(clone, "UPDATE rollup_changes SET changed_at = now() - interval '100 s'")
    assert evaluate(tmp_path, await scrape(client), {"SkeldirFastViewStale"}) == ""


async def test_a_missing_view_is_reported_as_not_ready(
    client: httpx2.AsyncClient, clone: Clone, tmp_path: Path
) -> None:
    beat_the_hearts(clone)
    change(clone, "ALTER MATERIALIZED VIEW mv_realtime_revenue RENAME TO mv_gone")
    assert evaluate(tmp_path, await scrape(client), {"SkeldirNotReady"}) == ""


async def test_an_unreachable_database_is_reported_as_such_and_nothing_else(
    client: httpx2.AsyncClient, clone: Clone, tmp_path: Path
) -> None:
    beat_the_hearts(clone)
    await scrape(client)
    with psycopg.connect(clone.server.url(), autocommit=True) as admin:
        admin.execute(f"ALTER DATABASE {clone.name} ALLOW_CONNECTIONS false")
        admin.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s",
            (clone.name,),
        )
    try:
        assert evaluate(tmp_path, await scrape(client), {"SkeldirDatabaseDown"}) == ""
    finally:
        with psycopg.connect(clone.server.url(), autocommit=True) as admin:
            admin.execute(f"ALTER DATABASE {clone.name} ALLOW_CONNECTIONS true")
