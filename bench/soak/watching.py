"""Watching a run from outside: pulses, views, health and stalls, memory, and the sizes of tables."""

from __future__ import annotations

import re
import threading
from collections import defaultdict
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from time import monotonic

import psutil
import psycopg

from bench.memory import name_of, processor_s_of, pss_of
from bench.service import Service
from bench.soak.records import Look, Memory, PulseAge, Run, ViewAge
from skeldir.matviews import CANONICAL_VIEWS
from skeldir.settings import load_settings

_PULSE_EVERY_S = 1.0
_LIVE_EVERY_S = 0.5
_MEMORY_EVERY_S = 5.0
_STALLS_EVERY_S = 10.0
# Longer than any answer may take, so that the length of a stall is measured.
_PATIENCE_S = 60.0
_STALL = re.compile(
    r'^skeldir_http_loop_stall_seconds_bucket\{(?:cause="(\w+)",)?le="([^"]+)"\} ([\d.e+]+)',
    re.MULTILINE,
)

# A pulse that never ended is aged from when it was due.
_PULSES = """SELECT name, every_s::float8, extract(epoch FROM clock_timestamp() - coalesce(ended_at, due_at))::float8
             FROM public.pulses"""
# The age of the oldest change that a view does not show, and how long its latest refresh took.
_VIEWS = """
    SELECT v.view_name, extract(epoch FROM clock_timestamp() - least(c.changed_at, d.marked_at))::float8,
           coalesce(extract(epoch FROM s.took)::float8, 0)
    FROM unnest(%s::text[]) AS v (view_name)
    CROSS JOIN (SELECT min(marked_at) AS marked_at FROM public.dirty_days) d
    LEFT JOIN LATERAL (SELECT r.seen, r.finished_at - r.started_at AS took FROM public.matview_refreshes r
                       WHERE r.view_name = v.view_name AND r.outcome = 'success'
                       ORDER BY r.started_at DESC, r.id DESC LIMIT 1) s ON true
    LEFT JOIN LATERAL (SELECT min(x.changed_at) AS changed_at FROM public.rollup_changes x
                       WHERE s.seen IS NULL OR NOT pg_visible_in_snapshot(x.changed_by, s.seen)) c ON true"""
_SIZES = """SELECT relname, pg_total_relation_size(oid) FROM pg_class
            WHERE relkind IN ('r', 'm') AND relnamespace IN ('public'::regnamespace, 'celery'::regnamespace)"""
_CLASS_OF = {view.name: view.staleness_s for view in CANONICAL_VIEWS}


def _promises(took: dict[str, float]) -> dict[str, float]:
    """Return for how many seconds each view may lack a change: the age of its class, or its pace if that is longer.

    `took` is how many seconds the latest refresh of each view took.
    """
    share = load_settings().skeldir_refresh_share
    of_class: dict[int, float] = defaultdict(float)
    for name, seconds in took.items():
        of_class[_CLASS_OF[name]] += seconds
    return {name: max(float(s), of_class[s] / share) for name, s in _CLASS_OF.items()}


@dataclass(slots=True)
class Watcher:
    """Probes repeatedly, from separate threads, until it is stopped."""

    service: Service
    run: Run
    stopped: threading.Event = field(default_factory=threading.Event)
    _threads: list[threading.Thread] = field(default_factory=list)
    _stalls_seen: dict[tuple[str, str], float] = field(default_factory=dict)

    def start(self) -> None:
        """Start probing."""
        for look, every_s in (
            (self._look_at_database, _PULSE_EVERY_S),
            (lambda: self._ask("/health/live"), _LIVE_EVERY_S),
            (lambda: self._ask("/health/ready"), 2 * _LIVE_EVERY_S),
            (self._look_at_memory, _MEMORY_EVERY_S),
            (self._look_at_stalls, _STALLS_EVERY_S),
        ):
            thread = threading.Thread(target=self._keep, args=(look, every_s), daemon=True)
            thread.start()
            self._threads.append(thread)

    def stop(self) -> None:
        """Stop probing."""
        self.stopped.set()
        for thread in self._threads:
            thread.join()

    def note_sizes(self, when: str) -> None:
        """Record the sizes of the tables; do not wait for a database that is down."""
        with suppress(psycopg.Error):
            self.run.sizes[when] = {
                str(name): int(str(size)) for name, size in self.service.ask(_SIZES)
            }

    def _keep(self, look: Callable[[], None], every_s: float) -> None:
        due = monotonic()
        while not self.stopped.wait(max(0.0, due - monotonic())):
            look()
            due = max(due + every_s, monotonic())

    def _look_at_database(self) -> None:
        with (
            suppress(psycopg.Error),
            psycopg.connect(self.service.url, connect_timeout=5, autocommit=True) as connection,
        ):
            has_pulses = connection.execute("SELECT to_regclass('public.pulses')").fetchone() != (
                None,
            )
            while not self.stopped.wait(_PULSE_EVERY_S):
                at = monotonic()
                rows = connection.execute(_VIEWS, [list(_CLASS_OF)]).fetchall()
                promised_s = _promises({name: took for name, _, took in rows})
                views = [
                    ViewAge(name, at, max(0.0, age or 0.0), promised_s[name])
                    for name, age, _ in rows
                ]
                self.run.views += views
                if has_pulses:
                    self.run.pulses += [
                        PulseAge(name, at, age, every)
                        for name, every, age in connection.execute(_PULSES)
                    ]
                else:  # the ages of the views, which the pulses keep low, if no table of pulses exists
                    self.run.pulses += [
                        PulseAge(v.name, v.at, v.age_s, v.promised_s) for v in views
                    ]

    def _ask(self, path: str) -> None:
        at = monotonic()
        status, _ = self._get(path)
        self.run.looks.append(Look(path, at, monotonic() - at, status))

    def _get(self, path: str) -> tuple[int, str]:
        """Return status and body; status 0 if there was no answer."""
        port = int(self.service.base.rpartition(":")[2])
        connection = HTTPConnection("127.0.0.1", port, timeout=_PATIENCE_S)
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        except (OSError, HTTPException):
            return 0, ""
        finally:
            connection.close()

    def _look_at_memory(self) -> None:
        at = monotonic()
        self.run.busy.append((at, psutil.cpu_percent() / 100))
        for name, process in self._processes():
            with suppress(psutil.Error, OSError):
                family = [process, *process.children(recursive=True)]
                size = sum(pss_of(member) for member in family)
                used_s = sum(processor_s_of(member) for member in family)
                self.run.memory.append(Memory(name, process.pid, at, size, used_s))

    def _processes(self) -> list[tuple[str, psutil.Process]]:
        """Return the supervised processes, the supervisor itself, and those of the database, with their names."""
        found = []
        with suppress(psutil.Error, OSError, ValueError, IndexError):
            supervisor = psutil.Process(self.service.process.pid)
            found = [(name_of(child), child) for child in supervisor.children()]
            found.append(("postgres", psutil.Process(self.service.postmaster())))
        return found

    def _look_at_stalls(self) -> None:
        """Add what the API's own histogram counted since the last probe; it restarts with the process."""
        below: dict[str, float] = defaultdict(float)
        for cause, le, text in _STALL.findall(self._get("/metrics")[1]):
            here, below[cause] = float(text) - below[cause], float(text)
            seen = self._stalls_seen.get((cause, le), 0.0)
            self.run.stalls[cause, le] += int(here - seen if here >= seen else here)
            self._stalls_seen[cause, le] = here
