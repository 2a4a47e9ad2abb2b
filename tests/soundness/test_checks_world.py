"""The checks on the running service hold on a real ground, and each seeded fault turns red the check that names it."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import LiteralString

import psycopg
import pytest

from skeldir.soundness.checks import bounds, grants, isolation, ledger, observability, views
from skeldir.soundness.contract import Check
from skeldir.soundness.evidence import failing_steps, is_proven
from skeldir.soundness.ground import Ground, open_ground
from skeldir.soundness.proof import Proof
from skeldir.soundness.world import ServiceNotProvable
from tests.support.faulty import compile_once

ROOT = Path(__file__).parents[2]
_SLOW = ("commands", "errors", "keyless", "override", "routes", "scopes", "traces")
# What starts many processes or sends many requests sees nothing of these faults.
SLOW = {f"ISOLATION/{name}" for name in _SLOW}
INSIDE = [
    check for check in (*views.CHECKS, *ledger.CHECKS, *isolation.CHECKS) if check.name not in SLOW
]


# One process of a test run has the one ground.
pytestmark = [pytest.mark.worker, pytest.mark.slow, pytest.mark.xdist_group("world")]


@pytest.fixture(scope="module")
def ground() -> Iterator[Ground]:
    with open_ground(ROOT) as ground:
        compile_once(ground)
        processes = ground.world.processes()
        yield ground
    assert [process.poll() is None for process in processes] == [False] * 3


def prove(ground: Ground, check: Check) -> Proof:
    proof = Proof(ground)
    check.prove(proof)
    return proof


def red(ground: Ground) -> set[str]:
    """Return the names of the checks inside the service that do not hold now."""
    return {check.name for check in INSIDE if not is_proven(prove(ground, check).steps)}


@contextmanager
def owner(ground: Ground) -> Iterator[psycopg.Connection[tuple[object, ...]]]:
    url = ground.url(ground.admin, ground.world.database)
    with psycopg.connect(url, autocommit=True) as connection:
        yield connection


@pytest.mark.parametrize(
    "check",
    [*views.CHECKS, *ledger.CHECKS, *isolation.CHECKS, *observability.CHECKS],
    ids=lambda check: str(check.name),
)
def test_the_check_is_proven_on_a_sound_service_and_names_no_key(
    ground: Ground, check: Check
) -> None:
    steps = prove(ground, check).steps
    assert [(steps[n - 1].text, steps[n - 1].output) for n in failing_steps(steps)] == []
    assert is_proven(steps)
    world = ground.world
    told = "".join(step.text + step.output for step in steps)
    assert world.key_a not in told
    assert world.key_b not in told


_READER = """
    CREATE OR REPLACE VIEW public.realtime_revenue WITH (security_barrier) AS
    SELECT * FROM public.mv_realtime_revenue WHERE tenant_id = (SELECT public.current_tenant_id())"""


@pytest.mark.parametrize(
    ("set_role", "fault", "cure", "names"),
    [
        (
            "SET ROLE skeldir_owner",
            """ALTER POLICY tenant_isolation ON public.dirty_orders
               USING (public.current_tenant_id() IS NOT NULL)""",
            """ALTER POLICY tenant_isolation ON public.dirty_orders
               USING (tenant_id = (SELECT public.current_tenant_id()))""",
            {"ISOLATION/policies"},
        ),
        (
            "SET ROLE skeldir_owner",
            """CREATE FUNCTION public.revenue_of(t uuid) RETURNS bigint LANGUAGE sql STABLE SECURITY DEFINER
               SET search_path = pg_catalog
               AS $$ SELECT sum(amount_cents)::bigint FROM public.revenue_ledger WHERE tenant_id = t $$""",
            "DROP FUNCTION public.revenue_of(uuid)",
            {"ISOLATION/definers"},
        ),
        (
            "SET ROLE skeldir_owner",
            "GRANT UPDATE (business_key), DELETE ON public.revenue_ledger TO app_user",
            "REVOKE UPDATE (business_key), DELETE ON public.revenue_ledger FROM app_user",
            {"ISOLATION/append-only"},
        ),
        (
            "SET ROLE skeldir_owner",
            "ALTER TABLE public.api_keys DISABLE TRIGGER keys_end_once",
            "ALTER TABLE public.api_keys ENABLE TRIGGER keys_end_once",
            {"ISOLATION/key-ends"},
        ),
        (
            "SET ROLE skeldir_owner",
            """CREATE TABLE celery.exports (tenant uuid, amount_cents bigint);
               GRANT SELECT ON celery.exports TO app_user""",
            "DROP TABLE celery.exports",
            {"ISOLATION/policies"},
        ),
        (
            "SET ROLE NONE",
            "ALTER ROLE matview_owner LOGIN",
            "ALTER ROLE matview_owner NOLOGIN",
            {"ISOLATION/owners"},
        ),
        (
            "SET ROLE matview_owner",
            f"{_READER} OR currency = 'EUR'",
            _READER,
            {"H-MV-01/contents", "ISOLATION/policies"},
        ),
    ],
    ids=["policy", "definer", "grant", "key that lives again", "nobodys table", "login", "reader"],
)
def test_what_the_catalogue_says_otherwise_is_named(
    ground: Ground,
    set_role: LiteralString,
    fault: LiteralString,
    cure: LiteralString,
    names: set[str],
) -> None:
    contents = next(check for check in views.CHECKS if check.name == "H-MV-01/contents")
    with owner(ground) as connection:
        connection.execute("GRANT CREATE ON SCHEMA public TO matview_owner")
        connection.execute(set_role)
        try:
            connection.execute(fault)
            found = {
                check.name
                for check in (*bounds.CHECKS, *grants.CHECKS, contents)
                if not is_proven(prove(ground, check).steps)
            }
        finally:
            connection.execute(cure)
            connection.execute("RESET ROLE")
            connection.execute("REVOKE CREATE ON SCHEMA public FROM matview_owner")
    assert found == names


def test_row_level_security_that_is_not_forced_is_named(ground: Ground) -> None:
    with owner(ground) as connection:
        connection.execute("ALTER TABLE public.spend NO FORCE ROW LEVEL SECURITY")
        try:
            assert red(ground) == {"ISOLATION/policies"}
        finally:
            connection.execute("ALTER TABLE public.spend FORCE ROW LEVEL SECURITY")


def test_a_table_without_row_level_security_gives_b_away(ground: Ground) -> None:
    with owner(ground) as connection:
        connection.execute("ALTER TABLE public.dead_events DISABLE ROW LEVEL SECURITY")
        try:
            assert {f"ISOLATION/{name}" for name in ("policies", "relations", "no-tenant")} <= red(
                ground
            )
        finally:
            connection.execute("ALTER TABLE public.dead_events ENABLE ROW LEVEL SECURITY")


def test_a_function_that_reads_past_the_policies_is_found(ground: Ground) -> None:
    with owner(ground) as connection:
        connection.execute("SET ROLE skeldir_owner")
        connection.execute(
            """CREATE FUNCTION public.names() RETURNS SETOF text LANGUAGE sql STABLE SECURITY DEFINER
               SET search_path = pg_catalog AS $$ SELECT name FROM public.tenants $$"""
        )
        try:
            assert red(ground) == {"ISOLATION/functions", "ISOLATION/definers"}
        finally:
            connection.execute("DROP FUNCTION public.names()")


def test_a_cent_too_much_is_named_though_every_sum_follows_from_it(ground: Ground) -> None:
    for cents in (1, -1):
        with owner(ground) as connection:
            connection.execute("SET ROLE skeldir_owner")
            connection.execute(
                "SELECT set_config('app.current_tenant_id', %s, false)", (str(ground.world.b),)
            )
            changed = connection.execute(
                """UPDATE public.attribution_allocations SET allocated_cents = allocated_cents + %s
                   WHERE order_id = 'no-journey' AND model_version = 'linear@1'""",
                (cents,),
            )
            assert changed.rowcount == 1
            connection.execute(
                """INSERT INTO public.dirty_days (tenant_id, day)
                   SELECT DISTINCT tenant_id, entry_date FROM public.attribution_allocations
                   WHERE order_id = 'no-journey'"""
            )
        done = subprocess.run(
            ground.skeldir("refresh"),
            env=ground.world.environment(),
            capture_output=True,
            check=True,
        )
        assert done.stdout.count(b"success") + done.stdout.count(b"skipped_already_running") == 5
        wrong = {"LEDGER/credits", "LEDGER/drift", "LEDGER/models"}
        assert red(ground) == (wrong if cents == 1 else set())


def test_a_refresh_that_empties_a_view_is_named_though_it_reports_success(ground: Ground) -> None:
    """Without its policy the views' owner sees no row; the contents are whole until somebody refreshes."""
    with owner(ground) as connection:
        connection.execute("DROP POLICY matview_owner_reads ON public.rollup_revenue_day")
        try:
            assert red(ground) == {"H-MV-01/refresh", "ISOLATION/policies"}
            assert red(ground) == {"H-MV-01/contents", "H-MV-01/refresh", "ISOLATION/policies"}
        finally:
            connection.execute(
                """CREATE POLICY matview_owner_reads ON public.rollup_revenue_day
                   FOR SELECT TO matview_owner USING (true)"""
            )
    assert "H-MV-01/contents" in red(ground)
    assert red(ground) == set()


def test_a_lost_index_and_an_open_view_are_named(ground: Ground) -> None:
    with owner(ground) as connection:
        connection.execute("SET ROLE matview_owner")
        connection.execute("GRANT SELECT ON public.mv_daily_revenue_summary TO app_user")
        try:
            assert {"H-MV-01/no-direct-reading", "ISOLATION/relations"} <= red(ground)
        finally:
            connection.execute("REVOKE SELECT ON public.mv_daily_revenue_summary FROM app_user")
        connection.execute("DROP INDEX public.idx_mv_realtime_revenue")
    assert {"H-MV-01/indexes", "H-MV-01/refresh"} == red(ground)


def test_whoever_has_the_key_of_b_is_seen_to_find_what_is_bs(
    ground: Ground, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The search of the routes is not blind."""
    routes = next(check for check in isolation.CHECKS if check.name == "ISOLATION/routes")
    monkeypatch.setattr(ground.world, "key_a", ground.world.key_b)
    steps = prove(ground, routes).steps
    assert failing_steps(steps) == [3, 4]
    assert "GET /v1/dead-events: plain 200 FOREIGN" in steps[2].output


@pytest.mark.parametrize(
    ("line", "names"),
    [
        ('{"event":"http.answered","detail":"order marker-b-7f3a91c2-order"}', {"logs", "traces"}),
        (
            '{"event":"http.answered","detail":"22222222-2222-4222-8222-222222222222"}',
            {"logs", "traces"},
        ),
        ('{"event":"http.answered","detail":"of north-star"}', {"logs"}),
        ('{"event":"http.answered","detail":"to jo@example.com"}', {"logs"}),
        ("Traceback: jo@example.com", {"logs"}),
        ('{"event":"http.answered","tenant_id":"22222222-2222-4222-8222-222222222222"}', set()),
    ],
)
def test_a_log_that_tells_too_much_is_named(ground: Ground, line: str, names: set[str]) -> None:
    log = ground.world.logs["api"]
    size = log.stat().st_size
    with log.open("a") as file:
        file.write(line + "\n")
    try:
        found = {
            check.name.partition("/")[2]
            for check in (*isolation.CHECKS, *observability.CHECKS)
            if check.name in ("H-OBS-01/logs", "ISOLATION/traces")
            and not is_proven(prove(ground, check).steps)
        }
    finally:
        os.truncate(log, size)
    assert found == names


def test_a_process_that_ended_is_named_with_what_it_said_last(ground: Ground) -> None:
    """The last test: the service does not work on."""
    world = ground.world
    _, worker, _ = world.processes()
    worker.terminate()
    worker.wait(20)
    with world.connect(world.a) as connection:
        connection.execute(
            "INSERT INTO public.dirty_days (tenant_id, day) VALUES (%s, '2025-06-02')", (world.a,)
        )
    with pytest.raises(ServiceNotProvable, match=r"(?s)`worker` ended.*worker-0 stopped"):
        world.settle()
