"""The original document's own steps, by the commands that it names, with the outputs that the contract states."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import httpx2
import psycopg
import pytest

from skeldir.db.embedded import EmbeddedServer
from skeldir.migrations.revision import head_revision
from tests.conftest import Clone
from tests.support.service import free_port, wait_until

ROOT = Path(__file__).resolve().parents[2]
PROBE = "skeldir_migprobe"
# One worker, so that there is one probe.
pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("replay")]
TENANTS = ("11111111-1111-4111-8111-111111111111", "22222222-2222-4222-8222-222222222222")
VIEWS = (
    "mv_allocation_summary",
    "mv_channel_performance",
    "mv_daily_revenue_summary",
    "mv_realtime_revenue",
    "mv_reconciliation_status",
)
SKELDIR = (sys.executable, "-m", "skeldir.cli")


def environment(variables: Mapping[str, str]) -> dict[str, str]:
    return {"PATH": os.defpath, "PYTHONPATH": str(ROOT / "src"), **variables}


def alembic(database: Clone, *words: str) -> str:
    """Run the command from the top of the checkout, as the migrating role."""
    done = subprocess.run(
        [sys.executable, "-m", "alembic", *words],
        cwd=ROOT,
        env=environment({"DATABASE_URL": database.migrator_url}),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def ask(url: str, statement: str) -> list[tuple[object, ...]]:
    with psycopg.connect(url, autocommit=True) as connection:
        return connection.execute(statement.encode()).fetchall()


@pytest.fixture(scope="module")
def probe(server: EmbeddedServer) -> Iterator[Clone]:
    """The scratch database, with a row of each of two tenants from before idempotency keys, upgraded to head."""
    with psycopg.connect(server.url(), autocommit=True) as admin:
        # The name is the document's; another process of the run that wants it waits for this one's end.
        admin.execute("SELECT pg_advisory_lock(hashtext(%s))", (PROBE,))
        admin.execute(f"CREATE DATABASE {PROBE} OWNER migrator TEMPLATE template0".encode())
        database = Clone(server, PROBE)
        try:
            alembic(database, "upgrade", "202511151400")
            for number, tenant in enumerate(TENANTS, start=1):
                insert_the_two_rows(database, tenant, number)
            alembic(database, "upgrade", "head")
            yield database
        finally:
            admin.execute(f"DROP DATABASE {PROBE} WITH (FORCE)".encode())


def insert_the_two_rows(database: Clone, tenant: str, number: int) -> None:
    with psycopg.connect(database.migrator_url, autocommit=True) as connection:
        connection.execute(f"SET app.current_tenant_id = '{tenant}'".encode())
        connection.execute(
            "INSERT INTO tenants (id, name, api_key_hash, notification_email) VALUES (%s, %s, %s, %s)",
            (tenant, f"Tenant {number}", f"hash-{number}", f"owner-{number}@example.invalid"),
        )
        connection.execute(
            """INSERT INTO attribution_events
                   (id, tenant_id, occurred_at, session_id, revenue_cents, raw_payload)
               VALUES (gen_random_uuid(), %s, now(), 'session', %s, '{}')""",
            (tenant, 1_000 * number),
        )


def test_the_migrating_role_and_the_runtime_role_are_bound_by_row_level_security(
    probe: Clone,
) -> None:
    roles = ask(
        probe.migrator_url,
        """SELECT rolname, rolcanlogin, rolsuper, rolbypassrls FROM pg_roles
           WHERE rolname IN ('migrator', 'app_user') ORDER BY rolname""",
    )
    assert roles == [("app_user", True, False, False), ("migrator", True, False, False)]
    owned = "SELECT count(*) FROM pg_class WHERE relowner = 'app_user'::regrole"
    assert ask(probe.migrator_url, owned) == [(0,)]
    with psycopg.connect(probe.app_url) as connection:
        for statement in ("CREATE TABLE public.x ()", "CREATE SCHEMA x", "CREATE TEMP TABLE x ()"):
            with (
                pytest.raises(psycopg.errors.InsufficientPrivilege),
                connection.transaction(),
            ):
                connection.execute(statement.encode())


def test_the_database_with_rows_is_at_head_and_no_key_is_null(probe: Clone) -> None:
    assert alembic(probe, "current").strip() == f"{head_revision()} (head)"
    for tenant in TENANTS:
        with psycopg.connect(probe.migrator_url, autocommit=True) as connection:
            connection.execute(f"SET app.current_tenant_id = '{tenant}'".encode())
            counted = connection.execute(
                """SELECT count(*), count(*) FILTER (WHERE idempotency_key IS NULL) AS null_idempotency_key
                   FROM attribution_events"""
            ).fetchall()
        assert counted == [(1, 0)]


def test_both_flags_are_on_for_every_table_with_a_tenant(probe: Clone) -> None:
    flags = ask(
        probe.migrator_url,
        """SELECT c.relname, c.relrowsecurity, c.relforcerowsecurity FROM pg_class c
           JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'tenant_id'
           WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r'
           UNION SELECT relname, relrowsecurity, relforcerowsecurity FROM pg_class
           WHERE oid = 'public.tenants'::regclass""",
    )
    assert {"tenants", "attribution_events", "revenue_ledger"} <= {name for name, _, _ in flags}
    assert {(enabled, forced) for _, enabled, forced in flags} == {(True, True)}


def test_the_five_views_are_there_each_with_its_unique_index(probe: Clone) -> None:
    listed = "SELECT matviewname FROM pg_matviews WHERE schemaname = 'public' ORDER BY 1"
    assert ask(probe.app_url, listed) == [(view,) for view in VIEWS]
    indexes = ask(
        probe.app_url,
        """SELECT i.relname, x.indisunique AND x.indisvalid AND x.indpred IS NULL
           FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid
           WHERE i.relname LIKE 'idx\\_mv\\_%' ORDER BY 1""",
    )
    assert indexes == [(f"idx_{view}", True) for view in VIEWS]


def test_app_user_refreshes_each_view_concurrently(probe: Clone) -> None:
    with psycopg.connect(probe.app_url, autocommit=True) as connection:
        for view in VIEWS:
            done = connection.execute(
                f'REFRESH MATERIALIZED VIEW CONCURRENTLY public."{view}"'.encode()
            )
            assert done.statusmessage == "REFRESH MATERIALIZED VIEW"
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(f'SELECT * FROM public."{view}"'.encode())


def test_of_two_refreshes_at_once_one_succeeds_and_one_is_skipped(probe: Clone) -> None:
    both = [
        subprocess.Popen(
            [*SKELDIR, "refresh", "mv_realtime_revenue"],
            env=environment({"DATABASE_URL": probe.app_url}),
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    said = [process.communicate(timeout=60)[0] for process in both]
    assert [process.returncode for process in both] == [0, 0]
    assert sorted(line.split()[1] for line in said) == ["skipped_already_running", "success"]
    refused = subprocess.run(
        [*SKELDIR, "refresh", "public.mv_realtime_revenue"],
        env=environment({"DATABASE_URL": probe.app_url}),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (refused.returncode, "view_unknown" in refused.stderr) == (1, True)


@contextmanager
def uvicorn(variables: Mapping[str, str]) -> Iterator[str]:
    """Serve on a free port of the loopback until the end of the block."""
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", "uvicorn", "skeldir.app:app", "--port", str(port)],
        cwd=ROOT,
        env=environment(variables),
    )
    base = f"http://127.0.0.1:{port}"

    def answers() -> bool:
        assert process.poll() is None
        try:
            return httpx2.get(f"{base}/health", timeout=1).is_success
        except httpx2.TransportError:
            return False

    try:
        wait_until(answers, 30, "uvicorn answers")
        yield base
    finally:
        process.kill()
        process.wait()


def curl(url: str) -> tuple[str, str]:
    """Return status and body, by the command itself."""
    command = shutil.which("curl")
    if command is None:
        pytest.skip("curl is not installed")
    done = subprocess.run(
        [command, "--silent", "--write-out", "\n%{http_code}", url],
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
    )
    body, _, status = done.stdout.rpartition("\n")
    return status, body


@pytest.mark.slow
@pytest.mark.parametrize("scheme", ["postgresql", "postgresql+psycopg", "postgresql+asyncpg"])
def test_uvicorn_with_its_three_variables_answers_health_and_metrics(
    probe: Clone, scheme: str
) -> None:
    variables = {
        "DATABASE_URL": probe.app_url.replace("postgresql", scheme, 1),
        "CELERY_BROKER_URL": f"sqla+{probe.app_url}",
        "CELERY_RESULT_BACKEND": f"db+{probe.app_url}",
    }
    with uvicorn(variables) as base:
        assert curl(f"{base}/health") == ("200", '{"status":"healthy"}')
        status, metrics = curl(f"{base}/metrics")
        assert status == "200"
        series = re.compile(
            r'^python_gc_objects_collected_total\{generation="0"\} [\d.e+]+$', re.MULTILINE
        )
        assert series.search(metrics)
        assert not any(tenant in metrics for tenant in TENANTS)
