"""Killed runs: a launcher of processes that die as directed, and the state of a database afterwards."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

import orjson
import psycopg

from tests.conftest import Clone
from tests.support.deleting import make_all_due
from tests.support.dying_worker import Directions, Sent

_ROOT = Path(__file__).resolve().parents[2]
# Times, the number of steps, and the ids of new rows may differ.
_VOLATILE = ["changed_at", "began_at", "created_at", "since", "withdrawn_at", "ended_at"]
_LEFT_OUT = [
    "jobs",
    "rollup_changes",
    "model_changes",
    "credit_journal",
    "credit_turns",
    "time_zones",
    "attribution_events",
]
# Other things that differ between runs: when and by whom a job was claimed, and the ids of the rows that a run inserts.
_OF_CLAIMS = ["run_at", "lease_until", "token", "correlation_id", "finished_at", "marked_at"]
_NUMBERED_BY_THE_RUN = {
    **dict.fromkeys(
        ("jobs", "model_changes", "dirty_days", "dirty_orders", "dirty_journeys"), "id"
    ),
    "rollup_changes": "changed_by",
}
# A table of no size has no rows, and most have none. On Citus a table may have its rows in shards, elsewhere.
_TABLES = """
    SELECT relname, pg_relation_size(oid) > 0 OR to_regclass('pg_catalog.pg_dist_partition') IS NOT NULL
    FROM pg_class
    WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND relname <> ALL (%s) ORDER BY 1"""
_OTHERS = {
    "jobs": "SELECT tenant_id, kind, state, count(*) FROM jobs GROUP BY 1, 2, 3",
    "credit_journal": """
        SELECT tenant_id, basis, revenue_date, model_version, channel_code, currency, sum(conversion_ppt),
               sum(credited_cents), sum(allocations)
        FROM credit_journal GROUP BY 1, 2, 3, 4, 5, 6
        HAVING (sum(conversion_ppt), sum(credited_cents), sum(allocations)) <> (0, 0, 0)""",
    "model_changes": "SELECT tenant_id, changed_by, model, from_version, to_version FROM model_changes",
    "attribution_events": "SELECT (to_jsonb(e) - ARRAY['id', 'recorded_at'])::text FROM attribution_events e",
    "ad_days": "SELECT (to_jsonb(d) - ARRAY['id', 'load_id', 'recorded_at'])::text FROM ad_days d",
    "ad_loads": "SELECT (to_jsonb(l) - ARRAY['id', 'recorded_at'])::text FROM ad_loads l",
    "spend": "SELECT (to_jsonb(s) - ARRAY['id', 'recorded_at', 'business_key'])::text FROM spend s",
    "time_zones": "SELECT tenant_id, time_zone, changed_by FROM time_zones",
}
_MOST_TURNS = 5

State = dict[str, list[str]]
"""The rows of each table as texts, sorted, without what differs between runs."""


class Launcher:
    """Starts runs, and waits for their end."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def run(self, directions: Directions) -> Sent | None:
        """Return what a run sent, or None when it was killed as directed."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(orjson.dumps(asdict(directions)).decode() + "\n")
        self._process.stdin.flush()
        ended = orjson.loads(self._process.stdout.readline())
        assert ended["exit_code"] in (0, -9), ended
        return None if ended["exit_code"] else Sent(**ended["sent"])


@contextmanager
def launching() -> Iterator[Launcher]:
    """Yield a launcher, which ends with the block."""
    with subprocess.Popen(
        [sys.executable, "-m", "tests.support.dying_worker"],
        cwd=_ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield Launcher(process)
        finally:
            process.kill()


def finish(launcher: Launcher, clone: Clone, directions: Directions) -> Sent:
    """Finish the work, as workers do after one that died; return what the first of them sent.

    The work is at its end when no job is open, or when it has nothing to do with those that are.
    """
    first: Sent | None = None
    for _ in range(_MOST_TURNS):
        make_all_due(clone)
        before = _open_jobs(clone)
        sent = launcher.run(directions)
        assert sent is not None
        first = first or sent
        if _open_jobs(clone) in ([], before):
            return first
    raise AssertionError("jobs are left")


def _open_jobs(clone: Clone) -> list[tuple[object, ...]]:
    with psycopg.connect(clone.superuser_url, autocommit=True) as admin:
        return admin.execute("SELECT id, attempts FROM jobs WHERE state <> 'done'").fetchall()


def wait_until_nobody_is_connected(clone: Clone) -> None:
    """Wait until the server has noticed that its client is gone, which ends the client's transaction and locks."""
    with psycopg.connect(clone.server.url(), autocommit=True) as admin:
        _wait_until_nobody_is_connected(admin, clone)


def _wait_until_nobody_is_connected(
    admin: psycopg.Connection[tuple[object, ...]], clone: Clone
) -> None:
    question = "SELECT count(*) FROM pg_stat_activity WHERE datname = %s AND usename = 'app_user'"
    end = time.monotonic() + 10
    while admin.execute(question, (clone.name,)).fetchone() != (0,):
        assert time.monotonic() < end, "a connection of the dead is left"
        time.sleep(0.001)


def read_state(clone: Clone) -> State:
    """Return the state of the database, of all tenants, as a superuser."""
    with psycopg.connect(clone.superuser_url, autocommit=True) as admin:
        state = _read_tables(admin, _LEFT_OUT, lambda _table: _VOLATILE)
        state |= {
            name: sorted(map(str, admin.execute(question.encode())))
            for name, question in _OTHERS.items()
        }
    return state


def read_remains(clone: Clone) -> State:
    """Return all that a dead run has committed, every table included: from equal remains, work goes on alike.

    It is read once the server has noticed that the run is dead.
    """
    with psycopg.connect(clone.superuser_url, autocommit=True) as admin:
        _wait_until_nobody_is_connected(admin, clone)
        return _read_tables(
            admin,
            [],
            lambda table: [*_VOLATILE, *_OF_CLAIMS, _NUMBERED_BY_THE_RUN.get(table, "")],
        )


def _read_tables(
    admin: psycopg.Connection[tuple[object, ...]],
    left_out: list[str],
    without: Callable[[str], list[str]],
) -> State:
    """Return the rows of all tables but those left out, each row without the columns that `without` names."""
    tables = admin.execute(_TABLES, (left_out,)).fetchall()
    return {
        str(table): _read_rows(admin, str(table), without(str(table))) if may_have_rows else []
        for table, may_have_rows in tables
    }


def _read_rows(
    admin: psycopg.Connection[tuple[object, ...]], table: str, without: list[str]
) -> list[str]:
    rows = admin.execute(
        f"SELECT (to_jsonb(t) - %s::text[])::text FROM {table} t".encode(), (without,)
    )
    return sorted(str(text) for (text,) in rows)


def differences(state: State, expected: State) -> dict[str, tuple[list[str], list[str]]]:
    """Return, by table, the rows that are only in one of the two states."""
    return {
        name: (
            sorted(set(state[name]) - set(expected[name])),
            sorted(set(expected[name]) - set(state[name])),
        )
        for name in expected
        if state[name] != expected[name]
    }
