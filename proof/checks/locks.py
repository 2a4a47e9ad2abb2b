"""H-LOCK-01: of the refreshes of one view at most one runs, and its lock never outlives it."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from time import monotonic, sleep
from typing import LiteralString

from proof.contract import Check
from proof.stage.expectations import (
    done,
    equals,
    every,
    one_row,
    reads,
    rows,
    shows,
)
from proof.stage.ground import APP_USER
from proof.stage.prepared import Prepared
from proof.stage.proving import Expected, Proof, Started
from proof.stage.steps import failing_steps

_DATABASE = "skeldir_locks"
_REFRESHES = 10
# Long enough for ten processes to start on a busy machine; a refresh that waits for its turn never ends by itself.
_PATIENCE_S = 90
_STANDSTILL_S = 1
# The server looks every second whether a client is still there.
_NOTICED_WITHIN_S = 10
_PAUSE_S = 0.05

VIEW = "mv_reconciliation_status"
OTHERS = (
    "mv_allocation_summary",
    "mv_channel_performance",
    "mv_daily_revenue_summary",
    "mv_realtime_revenue",
)
# The first eight bytes of the SHA-256 of `matview_refresh:<view>:GLOBAL`, big-endian and signed.
KEYS = {
    "mv_allocation_summary": -641721766565052858,
    "mv_channel_performance": 2330774945995011650,
    "mv_daily_revenue_summary": 8241959155944980479,
    "mv_realtime_revenue": 7920967774874353777,
    "mv_reconciliation_status": -4567346351645162642,
}

# Every advisory lock of the database, as the number that was locked.
_LOCKS: LiteralString = """
    SELECT (classid::bigint << 32) | objid::bigint AS key, mode, granted FROM pg_locks
    WHERE locktype = 'advisory' AND objsubid = 1
      AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
    ORDER BY 1"""
_COLUMNS = ("key", "mode", "granted")
_NO_LOCK = shows(_COLUMNS)
_ONE_LOCK = shows(_COLUMNS, (KEYS[VIEW], "ExclusiveLock", True))
_ALL_LOCKS = shows(_COLUMNS, *((key, "ExclusiveLock", True) for key in sorted(KEYS.values())))
_HELD_UP: LiteralString = """
    SELECT count(*) AS refreshes_held_up FROM pg_locks
    WHERE relation = 'public.reconciliation_runs'::regclass AND NOT granted"""
_ONE_HELD_UP = one_row(refreshes_held_up=1)
_NONE_HELD_UP = one_row(refreshes_held_up=0)
_FAILED: LiteralString = """
    SELECT outcome, error FROM public.matview_refreshes
    WHERE view_name = 'mv_reconciliation_status' ORDER BY finished_at DESC, id DESC LIMIT 1"""

_WAITING: LiteralString = """
    SELECT count(DISTINCT pid) AS waiting FROM pg_locks
    WHERE NOT granted AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"""

# A refresh of VIEW reads the first table; a refresh of any view reads one of the others, or it.
_TABLE_OF_VIEW: LiteralString = "LOCK TABLE public.reconciliation_runs IN ACCESS EXCLUSIVE MODE"
_TABLES_OF_ALL: LiteralString = """
    LOCK TABLE public.reconciliation_runs, public.rollup_channel_day, public.rollup_revenue_day
    IN ACCESS EXCLUSIVE MODE"""

# Its process continues after the error, as a worker's does; it ends when its input does.
_FAILS_AND_STAYS = """\
import asyncio, sys
from skeldir.clock import utc_now
from skeldir.db.pool import open_database
from skeldir.matviews import refresh_view
from skeldir.settings import load_settings

async def refresh():
    url = load_settings().database_url.get_secret_value()
    async with open_database(url, pool_size=2, statement_timeout_ms=30_000) as database:
        result = await refresh_view(
            database, "mv_reconciliation_status", requested_at=utc_now(), timeout_ms=300
        )
        print(result.outcome, result.error)
        await asyncio.to_thread(sys.stdin.readline)

asyncio.run(refresh())
"""
_KEY_BY_PROGRAM = """\
import sys
from skeldir.db.locks import lock_key
for view in sys.argv[1:]:
    print(view, lock_key(f"matview_refresh:{view}:GLOBAL"))
"""
_KEY_BY_HASHLIB = """\
import hashlib, sys
for view in sys.argv[1:]:
    digest = hashlib.sha256(f"matview_refresh:{view}:GLOBAL".encode()).digest()
    print(view, int.from_bytes(digest[:8], "big", signed=True))
"""
_TAKE_ALL: LiteralString = """
    SELECT count(pg_advisory_lock(key)::text) AS locks
    FROM unnest(ARRAY[-641721766565052858, 2330774945995011650, 8241959155944980479,
                      7920967774874353777, -4567346351645162642]) AS key"""
_KEY_BY_POSTGRESQL: LiteralString = """
    SELECT view,
           ('x' || left(encode(sha256(convert_to('matview_refresh:' || view || ':GLOBAL', 'UTF8')), 'hex'), 16))
           ::bit(64)::bigint AS key
    FROM unnest(ARRAY['mv_allocation_summary', 'mv_channel_performance', 'mv_daily_revenue_summary',
                      'mv_realtime_revenue', 'mv_reconciliation_status']) AS view ORDER BY view"""


def _prepare(proof: Proof) -> None:
    ground = proof.ground
    proof.run(
        *ground.alembic_words(),
        role=ground.admin,
        environment=ground.on(ground.admin, _DATABASE),
        expect=equals("exit status 0"),
    )


_migrated = Prepared(_DATABASE, _prepare)


def prove_one_at_a_time(proof: Proof) -> None:
    """Start ten refreshes of a view, hold up the one that got the lock, and see how the others end."""
    _migrated.begin(proof)
    _change_a_rollup(proof)
    admin = proof.ground.admin
    with ExitStack() as stack:
        with _held_up(proof):
            started = [stack.enter_context(_start_refresh(proof)) for _ in range(_REFRESHES)]
            _wait_until_all_wait(proof, started)
            running = [refresh.is_running() for refresh in started]
            ended = [refresh for refresh, runs in zip(started, running, strict=True) if not runs]
            for refresh in ended:
                refresh.finish(expect=_outcomes("skipped_already_running", VIEW))
            proof.ask(admin, _DATABASE, _HELD_UP, expect=_ONE_HELD_UP)
            proof.ask(admin, _DATABASE, _LOCKS, expect=_ONE_LOCK)
        left = [refresh for refresh, runs in zip(started, running, strict=True) if runs]
        for number, refresh in enumerate(left):
            outcome = "skipped_already_running" if number else "success"
            refresh.finish(expect=_outcomes(outcome, VIEW))
    proof.tabulate(
        "how many of the refreshes ended while one was held up, and how many after that",
        ("ended", "left"),
        [(len(ended), len(left))],
        expect=one_row(ended=_REFRESHES - 1, left=1),
    )
    _ask_until(proof, _LOCKS, expect=_NO_LOCK, within_s=_NOTICED_WITHIN_S)


def prove_each_view(proof: Proof) -> None:
    """Refresh all views while another session holds their locks, and then check that each view has its own lock.

    For the second part, start one refresh per view, and hold all up at once.
    """
    _migrated.begin(proof)
    _change_a_rollup(proof)
    ground = proof.ground
    with proof.session(APP_USER, _DATABASE) as holder:
        holder.ask(_TAKE_ALL, expect=one_row(locks=5))
        _refresh(proof, "skipped_already_running", *KEYS)
    _ask_until(proof, _LOCKS, expect=_NO_LOCK, within_s=_NOTICED_WITHIN_S)
    with ExitStack() as stack:
        with _held_up(proof, _TABLES_OF_ALL):
            started = {view: stack.enter_context(_start_refresh(proof, view)) for view in KEYS}
            _wait_until_all_wait(proof, list(started.values()))
            proof.ask(ground.admin, _DATABASE, _WAITING, expect=one_row(waiting=len(KEYS)))
            proof.ask(ground.admin, _DATABASE, _LOCKS, expect=_ALL_LOCKS)
        for view, refresh in started.items():
            refresh.finish(expect=_outcomes("success", view))


def prove_independence(proof: Proof) -> None:
    """Hold up one view's refresh, and refresh the others during that."""
    _migrated.begin(proof)
    _change_a_rollup(proof)
    ground = proof.ground
    with ExitStack() as stack:
        with _held_up(proof):
            first = stack.enter_context(_start_refresh(proof))
            _ask_until(proof, _HELD_UP, expect=_ONE_HELD_UP)
            _refresh(proof, "success", *OTHERS)
            proof.ask(ground.admin, _DATABASE, _HELD_UP, expect=_ONE_HELD_UP)
        first.finish(expect=_outcomes("success", VIEW))


def prove_gone_after_error(proof: Proof) -> None:
    """Let a refresh run into its time-out, in a process that continues, and look for its lock."""
    _migrated.begin(proof)
    _change_a_rollup(proof)
    ground = proof.ground
    with proof.start(
        *(sys.executable, "-c", _FAILS_AND_STAYS),
        role=APP_USER,
        environment=ground.on(APP_USER, _DATABASE),
    ) as failing:
        with _held_up(proof):
            has_failed = (
                rows(exactly=1),
                every("outcome", "failed"),
                every("error", "<text>timeout"),
            )
            _ask_until(proof, _FAILED, expect=has_failed)
        proof.ask(ground.admin, _DATABASE, _LOCKS, expect=_NO_LOCK)
        _refresh(proof, "success", VIEW)
        failing.finish(
            expect=equals(
                "failed QueryCanceledError: canceling statement due to statement timeout\nexit status 0"
            )
        )


def prove_gone_after_kill(proof: Proof) -> None:
    """Kill a process in the middle of its refresh, and look for its lock while what held it up is still there."""
    _migrated.begin(proof)
    _change_a_rollup(proof)
    admin = proof.ground.admin
    with _held_up(proof):
        with _start_refresh(proof) as refresh:
            _ask_until(proof, _HELD_UP, expect=_ONE_HELD_UP)
            proof.ask(admin, _DATABASE, _LOCKS)
            refresh.kill()
            refresh.finish(expect=equals("exit status -9"))
        for statement, expected in ((_HELD_UP, _NONE_HELD_UP), (_LOCKS, _NO_LOCK)):
            _ask_until(proof, statement, expect=expected, within_s=_NOTICED_WITHIN_S)
    _refresh(proof, "success", VIEW)


def prove_key(proof: Proof) -> None:
    """Derive the keys by the program, by Python's hashlib and by PostgreSQL."""
    _migrated.begin(proof)
    keys = "".join(f"{view} {key}\n" for view, key in KEYS.items())
    for script in (_KEY_BY_PROGRAM, _KEY_BY_HASHLIB):
        proof.run(sys.executable, "-c", script, *KEYS, expect=equals(f"{keys}exit status 0"))
    proof.ask(APP_USER, _DATABASE, _KEY_BY_POSTGRESQL, expect=shows(("view", "key"), *KEYS.items()))


def _change_a_rollup(proof: Proof) -> None:
    """Note a change that no refresh has seen, so that none may be skipped because another has just ended."""
    proof.ask(
        APP_USER,
        _DATABASE,
        "INSERT INTO public.rollup_changes DEFAULT VALUES",
        expect=done("INSERT 0 1"),
    )


@contextmanager
def _held_up(proof: Proof, lock_tables: LiteralString = _TABLE_OF_VIEW) -> Iterator[None]:
    """Until the block ends, a refresh waits in the middle of its statement, for a table that it reads."""
    with proof.session(proof.ground.admin, _DATABASE) as session:
        session.ask(
            "BEGIN",
            lock_tables,
            expect=done("BEGIN", "LOCK TABLE"),
        )
        yield
        session.ask("ROLLBACK", expect=done("ROLLBACK"))


@contextmanager
def _start_refresh(proof: Proof, view: str = VIEW) -> Iterator[Started]:
    ground = proof.ground
    with proof.start(
        *ground.skeldir("refresh", view),
        role=APP_USER,
        environment=ground.on(APP_USER, _DATABASE),
    ) as started:
        yield started


def _refresh(proof: Proof, outcome: str, *views: str) -> None:
    """Refresh the views with one command, which must print this outcome of each."""
    ground = proof.ground
    proof.run(
        *ground.skeldir("refresh", *views),
        role=APP_USER,
        environment=ground.on(APP_USER, _DATABASE),
        expect=_outcomes(outcome, *views),
        timeout_s=_PATIENCE_S,
    )


def _outcomes(outcome: str, *views: str) -> Expected:
    lines = "".join(f"{view}  {outcome}  <decimal> s\n" for view in views)
    return reads(f"{lines}exit status 0")


def _ask_until(
    proof: Proof,
    statement: LiteralString,
    *,
    expect: Expected,
    within_s: float = _PATIENCE_S,
) -> None:
    """Repeat the question until the answer is as expected, or time is up; record the last answer."""
    end = monotonic() + within_s
    with proof.session(proof.ground.admin, _DATABASE) as session:
        while True:
            session.ask(statement, expect=expect)
            if not failing_steps(proof.steps[-1:]) or monotonic() > end:
                return
            proof.steps.pop()
            sleep(_PAUSE_S)


def _wait_until_all_wait(proof: Proof, started: Sequence[Started]) -> None:
    """Wait until all commands that still run have been waiting for a lock, for a second; or until time is up."""
    end = monotonic() + _PATIENCE_S
    advanced_at = monotonic()
    with Proof(proof.ground).session(proof.ground.admin, _DATABASE) as session:
        while monotonic() < min(end, advanced_at + _STANDSTILL_S):
            running = sum(command.is_running() for command in started)
            if session.ask(_WAITING) != f"waiting\n{running}\n(1 row)":
                advanced_at = monotonic()
            sleep(_PAUSE_S)


CHECKS: tuple[Check, ...] = (
    Check(
        "H-LOCK-01/one-at-a-time",
        f"Of {_REFRESHES} concurrent refreshes of a view exactly one is a success, under the lock "
        f"matview_refresh:<view>:GLOBAL; the other {_REFRESHES - 1} report skipped_already_running.",
        prove_one_at_a_time,
    ),
    Check(
        "H-LOCK-01/each-view",
        "Each of the five views is refreshed under a lock of its own, matview_refresh:<view>:GLOBAL, and is "
        "skipped_already_running while somebody else has that; all five run at once.",
        prove_each_view,
    ),
    Check(
        "H-LOCK-01/different-views",
        "Refreshes of different views do not block one another.",
        prove_independence,
    ),
    Check(
        "H-LOCK-01/after-error",
        "The lock is gone after an error, even while the process that held it continues.",
        prove_gone_after_error,
    ),
    Check(
        "H-LOCK-01/after-kill",
        "The lock is gone after kill -9 of the process that refreshes.",
        prove_gone_after_kill,
    ),
    Check(
        "H-LOCK-01/key",
        "The key of a lock has a fixed test vector, however it is derived.",
        prove_key,
    ),
)
