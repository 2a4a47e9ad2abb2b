"""The verdicts: each a pure function of what a run recorded."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from statistics import median

from bench.soak.plan import LONG_S, is_long
from bench.soak.records import (
    ERRORS,
    HOSTILE,
    HOT,
    LATENCY,
    PULSES,
    QUIET,
    Attempt,
    Memory,
    Operation,
    Run,
    Window,
)
from bench.support import percentile

MOST_PERIODS = 2.0
# In a short run on a busy machine, a pulse with a period of a second may be this old.
LEAST_SHORT_S = 5.0
MOST_RATIO = 1.3
MOST_GROWTH = 0.10
MOST_LIVE_S = 2.0
MOST_STALL_S = 0.25
MOST_LAG_S = 0.05
DRAIN_S = 120.0
_WARM_S = 300.0
_WARM_SHARE = 0.6
_LIVES_LONG_S = 180.0
# 503s that make a tenant that sends too much wait: correct for such tenants, and for nobody else.
TOLD_TO_WAIT = frozenset({"tenant_locked", "bodies_busy", "intake_busy"})
_NOT_JUDGED = f"not judged below {LONG_S / 60:.0f} minutes"


@dataclass(frozen=True, slots=True)
class Verdict:
    """A promise, its bound, the measurement, and whether it holds; None: shown but not judged in this run."""

    name: str
    bound: str
    measured: str
    holds: bool | None
    note: str = ""

    def as_json(self) -> dict[str, object]:
        """Return the fields by name."""
        return asdict(self)


def judge(run: Run) -> list[Verdict]:
    """Return every verdict on a run."""
    return [verdict(run) for verdict in VERDICTS]


def do_hold(verdicts: Iterable[Verdict]) -> bool:
    """Return whether no judged verdict fails."""
    return all(verdict.holds is not False for verdict in verdicts)


def is_nothing_lost(run: Run) -> Verdict:
    """Every acknowledged event is stored."""
    lost = {found.who: found.lost for found in run.found if found.lost}
    return _none("acknowledged events that are lost", lost, is_known=bool(run.found))


def is_nothing_doubled(run: Run) -> Verdict:
    """No event is stored twice, however often it was sent."""
    doubled = {found.who: found.doubled for found in run.found if found.doubled}
    return _none("events that are stored twice", doubled, is_known=bool(run.found))


def is_nothing_foreign(run: Run) -> Verdict:
    """No tenant has, or was shown, another tenant's data."""
    foreign = Counter({found.who: found.unknown for found in run.found if found.unknown})
    foreign += Counter({tally.who: len(tally.foreign) for tally in run.tallies if tally.foreign})
    return _none("rows or answers with another tenant's data", foreign, is_known=bool(run.found))


def is_nothing_refused(run: Run) -> Verdict:
    """Good items are accepted, also among bad ones."""
    refused = Counter(f"{t.who}: {code}" for t in run.tallies for code in t.refused)
    return _none("good items that were rejected", refused)


def is_all_acknowledged(run: Run) -> Verdict:
    """A sender that keeps sending is acknowledged in the end."""
    abandoned = {tally.who: tally.abandoned for tally in run.tallies if tally.abandoned}
    return _none("operations never acknowledged", abandoned)


def is_all_worked_off(run: Run) -> Verdict:
    """When no more requests arrive, soon no work is left."""
    measured = run.left_to_do if run.drained_after_s is None else f"{run.drained_after_s:.0f} s"
    holds = run.drained_after_s is not None and run.drained_after_s <= DRAIN_S
    return Verdict("no work is left after the last request", f"≤ {DRAIN_S:.0f} s", measured, holds)


def is_credit_the_ledger(run: Run) -> Verdict:
    """For each order, currency and model the credit equals the ledger; orders set aside are left out."""
    wrong = {found.who: found.uncredited for found in run.found if found.uncredited}
    return _none("(order, currency, model)s whose credit ≠ ledger", wrong, is_known=bool(run.found))


def is_nobody_quiet_set_aside(run: Run) -> Verdict:
    """Only tenants that send orders that cannot be credited have orders set aside."""
    quiet = {f.who: f.set_aside for f in run.found if f.set_aside and f.group == QUIET}
    others = {f.who: f.set_aside for f in run.found if f.set_aside and f.group != QUIET}
    verdict = _none("orders of quiet tenants set aside", quiet, is_known=bool(run.found))
    return Verdict(*_first(verdict), note=f"others: {_list(others)}" if others else "")


def do_views_agree(run: Run) -> Verdict:
    """The sums of the views equal the ledger."""
    wrong = {found.who: found.wrong_views for found in run.found if found.wrong_views}
    return _none("sums of views ≠ ledger", wrong, is_known=bool(run.found))


def is_every_error_explained(run: Run) -> Verdict:
    """A 5xx, or no answer, occurs only when a process or the database was down."""
    strange = [attempt for attempt in run.attempts if _is_unexplained(run, attempt)]
    kinds = Counter(f"{a.group} {a.operation} {a.status} {a.code}".rstrip() for a in strange)
    failed = sum(1 for attempt in run.attempts if _is_error(attempt))
    verdict = _none("5xx, or no answer, unexplained", kinds)
    return Verdict(*_first(verdict), note=f"explained: {failed - len(strange):,}")


def do_pulses_keep_time(run: Run) -> Verdict:
    """No pulse is older than twice its period, except while the process that runs it was down."""
    worst, name = 0.0, "none was seen"
    fails = not run.pulses
    gaps = run_windows(run, PULSES)
    for pulse in run.pulses:
        bound_s = MOST_PERIODS * pulse.every_s
        if not is_long(run.seconds):
            bound_s = max(bound_s, LEAST_SHORT_S)
        age_s = uncovered_s(gaps, pulse.at - pulse.age_s, pulse.at)
        fails = fails or age_s > bound_s
        if age_s / pulse.every_s > worst:
            worst = age_s / pulse.every_s
            name = f"{worst:.1f} periods ({pulse.name}, {age_s:.1f} s)"
    bound = f"≤ {MOST_PERIODS:g} periods"
    if not is_long(run.seconds):
        bound += f", or {LEAST_SHORT_S:g} s"
    return Verdict("greatest age of a pulse", bound, name, not fails)


def do_views_keep_time(run: Run) -> Verdict:
    """No view lacks a change for longer than twice its promised age."""
    worst, name = 0.0, "none was seen"
    gaps = run_windows(run, PULSES)
    for view in run.views:
        age_s = uncovered_s(gaps, view.at - view.age_s, view.at)
        if age_s / view.promised_s >= worst:
            worst = age_s / view.promised_s
            name = f"{age_s:.1f} s of {view.promised_s:g} s ({view.name})"
    holds = bool(run.views) and worst <= 2.0
    return _judged_when_long(
        run, "longest time a view lacked a change", "≤ twice its promised age", name, holds
    )


def is_quiet_undisturbed(run: Run) -> Verdict:
    """Quiet tenants hardly notice the others: 95 of 100 of their operations take at most 1.3 times as long."""
    alone, together = quiet_seconds(run)
    name = "quiet tenants' p95, together : alone"
    if not alone or not together:
        return _judged_when_long(run, name, f"≤ {MOST_RATIO}", "nothing measured", holds=False)
    ratio = percentile(together, 95) / percentile(alone, 95)
    measured = f"{ratio:.2f} ({_ms(percentile(together, 95))} : {_ms(percentile(alone, 95))})"
    return _judged_when_long(run, name, f"≤ {MOST_RATIO}", measured, ratio <= MOST_RATIO)


def is_process_alive(run: Run) -> Verdict:
    """The API always answers `/health/live`, whatever anybody sends."""
    looks = [look for look in run.looks if look.path == "/health/live"]
    seen = [x for x in looks if not run.explained(ERRORS, x.at, x.at + x.took_s)]
    bad = [look for look in seen if look.took_s > MOST_LIVE_S or look.status != 200]
    longest = max((look.took_s for look in seen), default=0.0)
    measured = f"{longest:.2f} s at most; {len(bad)} of {len(seen):,} longer or not 200"
    return Verdict("/health/live answers", f"≤ {MOST_LIVE_S:g} s", measured, bool(seen) and not bad)


def is_always_ready(run: Run) -> Verdict:
    """Readiness is lost only when a process or the database was down."""
    looks = [look for look in run.looks if look.path == "/health/ready"]
    seen = [x for x in looks if not run.explained(ERRORS, x.at, x.at + x.took_s)]
    bad = Counter(f"status {look.status}" for look in seen if look.status != 200)
    measured = f"{_list(bad)} of {len(seen):,}" if bad else f"0 of {len(seen):,}"
    return Verdict("not ready, unexplained", "0", measured, bool(seen) and not bad)


def is_loop_free(run: Run) -> Verdict:
    """The API's own watch of its loop counts no long stall caused by the program."""
    name, bound = "stalls of the API's loop", f"none over {MOST_STALL_S:g} s by the program"
    if not run.stalls:
        return Verdict(name, bound, "not counted by this API", None)
    counted = {f"{cause} ≤ {le} s:": n for (cause, le), n in run.stalls.items() if n}
    long = [
        n
        for (cause, le), n in run.stalls.items()
        if n and float(le) > MOST_STALL_S and cause != "machine"
    ]
    return _judged_when_long(run, name, bound, _list(counted) or "none", not long)


def did_senders_keep_up(run: Run) -> Verdict:
    """The load was sent when it was due: otherwise the figures show the sender and not the service."""
    late = [op.sent - op.due for op in run.operations if op.group == QUIET]
    share = sum(s.processor_s for s in run.sent) / max(1.0, *(s.wall_s for s in run.sent), 1.0)
    p99 = percentile(late, 99) if late else 0.0
    measured = f"{_ms(p99)}; the senders took {share:.0%} of a core"
    name = "the senders were late by (p99)"
    return _judged_when_long(run, name, f"≤ {_ms(MOST_LAG_S)}", measured, p99 <= MOST_LAG_S)


def is_memory_bounded(run: Run) -> Verdict:
    """No process grows without limit."""
    judged = {name: growth for name, growth in growths(run) if name != "postgres"}
    name, bound = "growth of a process after its first minutes", f"≤ {MOST_GROWTH:.0%}"
    if not judged:
        return _judged_when_long(run, name, bound, "no process lived long enough", holds=False)
    worst = max(judged, key=lambda process: judged[process])
    measured = f"{judged[worst]:+.1%} ({worst})"
    return _judged_when_long(run, name, bound, measured, judged[worst] <= MOST_GROWTH)


def is_no_job_dead(run: Run) -> Verdict:
    """No job is dead, except because the database was down."""
    dead = Counter(
        f"{job.who} {job.kind}: {job.error[:60]}"
        for job in run.dead_jobs
        if not run.explained(ERRORS, job.at, job.at)
    )
    return _none("dead jobs, unexplained", dead)


def were_faults_done(run: Run) -> Verdict:
    """The planned faults happened: otherwise the other verdicts would mean nothing."""
    if not run.windows:
        return Verdict("faults that could not be caused", "0", "none was caused", holds=False)
    verdict = _none("faults that could not be caused", Counter(run.failed))
    done = Counter(window.fault for window in run.windows)
    return Verdict(*_first(verdict), note=f"done: {_list(done, len(done))}")


def is_nothing_left_over(run: Run) -> Verdict:
    """After the end no lock is held, no process runs, no file is left."""
    return _none("locks, processes, files left over", Counter(run.left_over))


def did_it_stop(run: Run) -> Verdict:
    """Ctrl-C ends the service with the exit status of a clean stop."""
    return Verdict("exit status after Ctrl-C", "0", f"{run.stopped_with}", run.stopped_with == 0)


VERDICTS: Sequence[Callable[[Run], Verdict]] = (
    is_nothing_lost,
    is_nothing_doubled,
    is_nothing_foreign,
    is_nothing_refused,
    is_all_acknowledged,
    is_all_worked_off,
    is_credit_the_ledger,
    is_nobody_quiet_set_aside,
    do_views_agree,
    is_every_error_explained,
    do_pulses_keep_time,
    do_views_keep_time,
    is_quiet_undisturbed,
    is_process_alive,
    is_always_ready,
    is_loop_free,
    did_senders_keep_up,
    is_memory_bounded,
    is_no_job_dead,
    were_faults_done,
    is_nothing_left_over,
    did_it_stop,
)


def quiet_seconds(run: Run) -> tuple[list[float], list[float]]:
    """Return how long the quiet tenants' operations took: alone, and together outside explained windows."""
    quiet = [op for op in run.operations if op.group == QUIET]
    return took(run, quiet, run.alone), took(run, quiet, run.together)


def took(run: Run, operations: Iterable[Operation], phase: tuple[float, float]) -> list[float]:
    """Return the seconds, from their due time, of a phase's operations that no fault explains."""
    return [
        op.ended - op.due
        for op in operations
        if phase[0] <= op.due < phase[1] and not run.explained(LATENCY, op.due, op.ended, op.who)
    ]


def growths(run: Run) -> list[tuple[str, float]]:
    """Return by how much each process grew since it was five minutes old, or since three fifths of a shorter life.

    For a process that already ran, age counts from the start of the load: memory needed for the load is not growth.
    """
    series: dict[tuple[str, int], list[Memory]] = defaultdict(list)
    for memory in run.memory:
        series[memory.name, memory.process_id].append(memory)
    grown: dict[str, float] = {}
    for (name, _), looks in series.items():
        began = max(looks[0].at, run.together[0])
        life_s = looks[-1].at - began
        if life_s < _LIVES_LONG_S:
            continue
        warm = began + min(_WARM_S, life_s * _WARM_SHARE)
        after = [look.bytes for look in looks if look.at >= warm]
        growth = median(after[-5:]) / median(after[:5]) - 1
        grown[name] = max(growth, grown.get(name, growth))
    return sorted(grown.items())


def run_windows(run: Run, what: str) -> list[tuple[float, float]]:
    """Return the windows in which faults explain `what` for everybody, merged and in order."""
    return _merge(w for w in run.windows if what in w.explains and not w.who)


def uncovered_s(gaps: Sequence[tuple[float, float]], began: float, ended: float) -> float:
    """Return the longest unexplained time between two moments, in seconds."""
    edges = [began]
    for gap_began, gap_ended in gaps:
        if gap_began < ended and gap_ended > began:
            edges += [max(began, gap_began), min(ended, gap_ended)]
    edges.append(ended)
    return max((b - a for a, b in list(pairwise(edges))[::2]), default=0.0)


def _merge(windows: Iterable[Window]) -> list[tuple[float, float]]:
    merged: list[tuple[float, float]] = []
    for began, ended in sorted((w.began, w.ended + w.grace_s) for w in windows):
        if merged and began <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(ended, merged[-1][1]))
        else:
            merged.append((began, ended))
    return merged


def _is_error(attempt: Attempt) -> bool:
    # A server may disconnect a client that sends too much; it must answer the others.
    is_hung_up_on = attempt.status == 0 and attempt.group == HOSTILE
    is_told_to_wait = attempt.code in TOLD_TO_WAIT and attempt.group in (HOT, HOSTILE)
    return (
        (attempt.status == 0 or attempt.status >= 500) and not is_hung_up_on and not is_told_to_wait
    )


def _is_unexplained(run: Run, attempt: Attempt) -> bool:
    return _is_error(attempt) and not run.explained(
        ERRORS, attempt.began, attempt.ended, attempt.who
    )


def _none(name: str, counted: dict[str, int], *, is_known: bool = True) -> Verdict:
    """Return the verdict on something that must not occur."""
    if not is_known:
        return Verdict(name, "0", "not measured", holds=False)
    total = sum(counted.values())
    measured = f"{total:,}: {_list(counted)}" if total else "0"
    return Verdict(name, "0", measured, total == 0)


def _judged_when_long(run: Run, name: str, bound: str, measured: str, holds: bool) -> Verdict:
    if is_long(run.seconds):
        return Verdict(name, bound, measured, holds)
    return Verdict(name, bound, measured, None, _NOT_JUDGED)


def _list(counted: dict[str, int], most: int = 6) -> str:
    ranked = sorted(counted.items(), key=lambda pair: -pair[1])
    rest = f", and {len(ranked) - most} more" if len(ranked) > most else ""
    return ", ".join(f"{name} {count:,}" for name, count in ranked[:most]) + rest


def _first(verdict: Verdict) -> tuple[str, str, str, bool | None]:
    return verdict.name, verdict.bound, verdict.measured, verdict.holds


def _ms(seconds: float) -> str:
    return f"{1_000 * seconds:,.0f} ms"
