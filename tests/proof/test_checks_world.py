"""The checks on the running service hold on a real ground, and each seeded fault turns red the check that names it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import LiteralString

import psycopg
import pytest

from proof.checks import bounds, grants, isolation, ledger, observability, views
from proof.contract import Check
from proof.stage.expectations import no_rows
from proof.stage.ground import Ground, open_ground
from proof.stage.proving import Proof
from proof.stage.steps import failing_steps, is_proven
from proof.stage.world import ServiceNotProvable, world_of
from tests.support.faulty import compile_once

ROOT = Path(__file__).parents[2]
_SLOW = (
    "commands",
    "errors",
    "export",
    "keyless",
    "override",
    "pages",
    "routes",
    "scopes",
    "traces",
)
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
        processes = world_of(ground).processes()
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
    url = ground.url(ground.admin, world_of(ground).database)
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
    world = world_of(ground)
    recorded = "".join(step.text + step.output for step in steps)
    assert world.key_a not in recorded
    assert world.key_b not in recorded


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


@dataclass(frozen=True, slots=True)
class Tampering:
    """A change of one row, what reads its value before, what undoes the change with it, and who must name it."""

    change: LiteralString
    before: LiteralString
    undo: LiteralString
    names: frozenset[str]


_IN_SUMS = frozenset({"LEDGER/rollups", "H-MV-01/contents", "H-MV-01/refresh"})
_OF_ORDER: LiteralString = "WHERE order_id = 'part-refunded'"
_OF_SUM: LiteralString = (
    "WHERE basis = 'entry' AND model_version = 'linear@1' AND channel_code = 'email'"
    " AND revenue_date = '2025-06-02'"
)
_OF_TOTAL: LiteralString = "WHERE currency = 'USD' AND state = 'captured'"
_OF_CHANGE: LiteralString = f"{_OF_SUM} AND turn = (SELECT max(turn) FROM credit_journal {_OF_SUM})"
TAMPERINGS = {
    "a cent too much in a sum": Tampering(
        f"UPDATE rollup_channel_day SET credited_cents = credited_cents + 1 {_OF_SUM}",
        f"SELECT credited_cents FROM rollup_channel_day {_OF_SUM}",
        f"UPDATE rollup_channel_day SET credited_cents = %s {_OF_SUM}",
        _IN_SUMS | {"LEDGER/drift"},
    ),
    "a cent too much in a total": Tampering(
        f"UPDATE rollup_revenue_total SET amount_cents = amount_cents + 1 {_OF_TOTAL}",
        f"SELECT amount_cents FROM rollup_revenue_total {_OF_TOTAL}",
        f"UPDATE rollup_revenue_total SET amount_cents = %s {_OF_TOTAL}",
        frozenset({"LEDGER/rollups"}),
    ),
    "a cent too much in an entry that is counted": Tampering(
        f"UPDATE order_journeys SET entries = set_byte(entries, 24, get_byte(entries, 24) # 1) {_OF_ORDER}",
        f"SELECT entries FROM order_journeys {_OF_ORDER}",
        f"UPDATE order_journeys SET entries = %s {_OF_ORDER}",
        frozenset({"LEDGER/credits", "LEDGER/models"}),
    ),
    "an entry that is not counted": Tampering(
        f"UPDATE order_journeys SET entries = substr(entries, 1, 72) {_OF_ORDER}",
        f"SELECT entries FROM order_journeys {_OF_ORDER}",
        f"UPDATE order_journeys SET entries = %s {_OF_ORDER}",
        frozenset({"LEDGER/credits", "LEDGER/models"}),
    ),
    "a conversion that is a second late": Tampering(
        f"UPDATE order_journeys SET converted_at = converted_at + interval '1 second' {_OF_ORDER}",
        f"SELECT converted_at FROM order_journeys {_OF_ORDER}",
        f"UPDATE order_journeys SET converted_at = %s {_OF_ORDER}",
        frozenset({"LEDGER/credits"}),
    ),
    "a journey without its last touch": Tampering(
        f"UPDATE order_journeys SET path = substr(path, 1, length(path) - 8) {_OF_ORDER}",
        f"SELECT path FROM order_journeys {_OF_ORDER}",
        f"UPDATE order_journeys SET path = %s {_OF_ORDER}",
        frozenset({"LEDGER/models"}),
    ),
    "a cent too much in the journal": Tampering(
        f"UPDATE credit_journal SET credited_cents = credited_cents + 1 {_OF_CHANGE}",
        f"SELECT credited_cents FROM credit_journal {_OF_CHANGE}",
        f"UPDATE credit_journal SET credited_cents = %s {_OF_CHANGE}",
        frozenset({"LEDGER/rollups"}),
    ),
    "a change that is not noted": Tampering(
        f"UPDATE credit_journal SET revenue_date = revenue_date + 1000 {_OF_CHANGE}",
        f"SELECT revenue_date FROM credit_journal {_OF_CHANGE}",
        f"UPDATE credit_journal SET revenue_date = %s {_OF_CHANGE.replace('2025-06-02', '2028-02-27')}",
        frozenset({"LEDGER/rollups"}),
    ),
}


@pytest.mark.parametrize("what", list(TAMPERINGS))
def test_what_is_changed_in_stored_credit_is_named(ground: Ground, what: str) -> None:
    tampering = TAMPERINGS[what]
    with owner(ground) as connection:
        connection.execute("SET ROLE skeldir_owner")
        connection.execute(
            "SELECT set_config('app.current_tenant_id', %s, false)", (str(world_of(ground).b),)
        )
        (value,) = connection.execute(tampering.before).fetchone() or (None,)
        assert connection.execute(tampering.change).rowcount == 1
        try:
            refresh_all(ground, connection)
            assert red(ground) == tampering.names
        finally:
            assert connection.execute(tampering.undo, (value,)).rowcount == 1
            refresh_all(ground, connection)


def refresh_all(ground: Ground, connection: psycopg.Connection[tuple[object, ...]]) -> None:
    """Have every day of credit compared with the ledger, and every view show it."""
    connection.execute(
        """INSERT INTO public.dirty_days (tenant_id, day, sums)
           SELECT DISTINCT tenant_id, revenue_date, 'credit' FROM public.rollup_channel_day"""
    )
    connection.execute(
        "INSERT INTO public.waiting_tenants (tenant_id, work) SELECT public.current_tenant_id(), 'days'"
    )
    printed = world_of(ground).run("refresh")
    assert printed.count("success") + printed.count("skipped_already_running") == 5


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
    monkeypatch.setattr(world_of(ground), "key_a", world_of(ground).key_b)
    steps = prove(ground, routes).steps
    assert failing_steps(steps) == [3, 5]
    plain = {"route": "GET /v1/dead-events", "request": "plain", "status": "200"}
    assert not no_rows(plain | {"found of B": "<count>"}).is_met(steps[2].output, {})


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
    log = world_of(ground).logs["api"]
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
    world = world_of(ground)
    _, worker, _ = world.processes()
    worker.terminate()
    worker.wait(20)
    with world.connect(world.a) as connection:
        connection.execute(
            "INSERT INTO public.dirty_days (tenant_id, day) VALUES (%s, '2025-06-02')", (world.a,)
        )
        connection.execute(
            "INSERT INTO public.waiting_tenants (tenant_id, work) VALUES (%s, 'days')", (world.a,)
        )
    with pytest.raises(ServiceNotProvable, match=r"(?s)`worker` ended.*worker-0 stopped"):
        world.settle()
