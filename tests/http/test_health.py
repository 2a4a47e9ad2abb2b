"""What the health routes and the metrics report of a process, its database, and the workers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from time import monotonic

import httpx2
import psycopg
import pytest
from fastapi import FastAPI

from skeldir.db import NodeUnreachable
from skeldir.db.pool import Database, open_database
from skeldir.http.health import Needs, ProcessesSeen, Watch
from skeldir.matviews import CANONICAL_VIEWS
from skeldir.migrations.revision import head_revision
from skeldir.wakeups.heartbeats import last_heartbeats
from tests.conftest import Clone
from tests.support.api import PROBLEM_FIELDS, asking

ALL_WELL = dict.fromkeys(("database", "schema", "views", "role"), "ok")
Change = Callable[[str], None]


@pytest.fixture
async def asked(clone: Clone) -> AsyncIterator[tuple[FastAPI, httpx2.AsyncClient]]:
    async with asking(clone.app_url) as pair:
        yield pair


@pytest.fixture
def client(asked: tuple[FastAPI, httpx2.AsyncClient]) -> httpx2.AsyncClient:
    return asked[1]


@pytest.fixture
def change(clone: Clone) -> Change:
    """Change the test's database as a superuser."""

    def execute(statement: str) -> None:
        with psycopg.connect(clone.superuser_url, autocommit=True) as admin:
            admin.execute(statement.encode())

    return execute


def take_away(clone: Clone) -> None:
    """Make the test's database unreachable for its program."""
    with psycopg.connect(clone.server.url(), autocommit=True) as admin:
        admin.execute(f"ALTER DATABASE {clone.name} ALLOW_CONNECTIONS false")
        admin.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = %s",
            (clone.name,),
        )


def give_back(clone: Clone) -> None:
    with psycopg.connect(clone.server.url(), autocommit=True) as admin:
        admin.execute(f"ALTER DATABASE {clone.name} ALLOW_CONNECTIONS true")


async def failing_checks(client: httpx2.AsyncClient) -> dict[str, str]:
    """Return the failed checks; the problem's detail names them too."""
    answer = await client.get("/health/ready")
    assert (answer.status_code, answer.json()["code"]) == (503, "not_ready")
    assert answer.headers["content-type"] == "application/problem+json"
    assert int(answer.headers["retry-after"]) >= 1
    assert set(answer.json()) == PROBLEM_FIELDS | {"checks"}
    checks: dict[str, str] = answer.json()["checks"]
    assert set(checks) == set(ALL_WELL)
    failing = {check: sentence for check, sentence in checks.items() if sentence != "ok"}
    assert answer.json()["detail"] == f"Failed checks: {', '.join(failing)}."
    return failing


@pytest.mark.parametrize("path", ["/health", "/health/live"])
async def test_a_process_that_answers_reports_only_that(
    client: httpx2.AsyncClient, clone: Clone, path: str
) -> None:
    answer = await client.get(path)
    assert (answer.status_code, answer.content) == (200, b'{"status":"healthy"}')
    take_away(clone)
    answer = await client.get(path)
    assert (answer.status_code, answer.content) == (200, b'{"status":"healthy"}')


async def test_a_process_that_can_work_is_ready(client: httpx2.AsyncClient) -> None:
    answer = await client.get("/health/ready")
    body = answer.json()
    assert body.pop("nodes", "ok") == "ok"  # on Citus alone
    assert (answer.status_code, body) == (200, {"status": "ready", "checks": ALL_WELL})


async def test_an_unreachable_database_is_named_and_its_return_soon_noticed(
    client: httpx2.AsyncClient, clone: Clone
) -> None:
    take_away(clone)
    began = monotonic()
    failing = await failing_checks(client)
    assert failing["database"] == "The database does not answer."
    assert set(failing) == set(ALL_WELL)
    give_back(clone)
    assert (await client.get("/health/ready")).status_code == 200
    assert monotonic() - began < 5


async def test_a_schema_of_another_revision_is_named(
    client: httpx2.AsyncClient, change: Change
) -> None:
    change("UPDATE alembic_version SET version_num = 'elsewhere'")
    failing = await failing_checks(client)
    assert set(failing) == {"schema"}
    assert "elsewhere" in failing["schema"]
    assert head_revision() in failing["schema"]


async def test_a_missing_view_and_an_extra_one_are_named(
    client: httpx2.AsyncClient, change: Change
) -> None:
    gone = CANONICAL_VIEWS[0].name
    change(f"DROP MATERIALIZED VIEW {gone} CASCADE")
    change("CREATE MATERIALIZED VIEW public.one_too_many AS SELECT 1 AS one")
    failing = await failing_checks(client)
    assert set(failing) == {"views"}
    assert gone in failing["views"]
    assert "one_too_many" in failing["views"]


async def test_a_role_with_too_many_privileges_is_named(clone: Clone) -> None:
    role = f"r_{clone.name}"
    with psycopg.connect(clone.superuser_url, autocommit=True) as admin:
        admin.execute(f"CREATE ROLE {role} LOGIN IN ROLE app_user")
        try:
            url = clone.server.url(user=role, database=clone.name)
            async with asking(url) as (_, client):
                assert (await client.get("/health/ready")).status_code == 200
                admin.execute(f"ALTER ROLE {role} BYPASSRLS")
                failing = await failing_checks(client)
                assert failing == {"role": "The role bypasses row-level security."}
        finally:
            admin.execute(f"DROP ROLE {role}")


async def test_without_a_heartbeat_no_worker_is_running(
    client: httpx2.AsyncClient, change: Change
) -> None:
    answer = await client.get("/health/worker")
    assert (answer.status_code, answer.json()["code"]) == (503, "worker_gone")
    assert set(answer.json()) == PROBLEM_FIELDS | {"processes"}
    assert answer.json()["processes"] == {}
    change("INSERT INTO heartbeats (process_id, role) VALUES (gen_random_uuid(), 'beat')")
    answer = await client.get("/health/worker")
    assert (answer.status_code, set(answer.json()["processes"])) == (503, {"beat"})


async def test_a_worker_is_running_as_long_as_it_sends_heartbeats(
    client: httpx2.AsyncClient, change: Change
) -> None:
    change("INSERT INTO heartbeats (process_id, role) VALUES (gen_random_uuid(), 'worker')")
    answer = await client.get("/health/worker")
    assert (answer.status_code, answer.json()["status"]) == (200, "healthy")
    assert ProcessesSeen.model_validate(answer.json()["processes"]["worker"]).alive == 1
    change("UPDATE heartbeats SET seen_at = now() - interval '14 s'")
    assert (await client.get("/health/worker")).status_code == 200
    change("UPDATE heartbeats SET seen_at = now() - interval '16 s'")
    answer = await client.get("/health/worker")
    assert (answer.status_code, answer.json()["processes"]["worker"]["alive"]) == (503, 0)


async def test_without_a_database_nothing_is_reported_of_workers(
    client: httpx2.AsyncClient, clone: Clone, change: Change
) -> None:
    change("INSERT INTO heartbeats (process_id, role) VALUES (gen_random_uuid(), 'worker')")
    take_away(clone)
    answer = await client.get("/health/worker")
    assert (answer.status_code, answer.json()["code"]) == (503, "worker_gone")
    assert "database" in answer.json()["detail"]


async def test_the_metrics_are_served_with_and_without_a_database(
    client: httpx2.AsyncClient, clone: Clone
) -> None:
    for state in ("1.0", "0.0", "1.0"):
        answer = await client.get("/metrics")
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/plain; version=")
        lines = answer.text.splitlines()
        assert any(line.startswith("python_gc_objects_collected_total{") for line in lines)
        assert f"skeldir_database_up {state}" in lines
        assert f'skeldir_http_ready{{check="database"}} {state}' in lines
        take_away(clone) if state == "1.0" else give_back(clone)
    give_back(clone)


async def test_the_gauges_are_sampled_once_a_second_at_most(clone: Clone) -> None:
    times: list[float] = []

    async def sample(_database: Database) -> None:
        times.append(monotonic())

    async with open_database(clone.app_url, pool_size=1, statement_timeout_ms=1_000) as database:
        watch = Watch(database, Needs(head_revision(), frozenset(), last_heartbeats, (sample,)))
        began = monotonic()
        while monotonic() < began + 2.2:
            await asyncio.gather(watch.expose(), watch.expose())
        await watch.close()
    assert len(times) == 3


async def test_a_gauge_that_needs_a_node_that_is_away_keeps_no_other_from_being_sampled(
    clone: Clone,
) -> None:
    sampled: list[str] = []

    async def meet(_database: Database) -> None:
        raise NodeUnreachable("It does not answer.", cure="Wait.")

    async def sample(_database: Database) -> None:
        sampled.append("the next one")

    async with open_database(clone.app_url, pool_size=1, statement_timeout_ms=1_000) as database:
        watch = Watch(
            database, Needs(head_revision(), frozenset(), last_heartbeats, (meet, sample))
        )
        await watch.expose()
        await watch.close()
    assert sampled == ["the next one"]
