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
# In a short run on a machine that does other things as well, a pulse of a second may be this old.
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
# 503s by which a tenant that asks for too much is told to wait: right for those who do, and for nobody else.
TOLD_TO_WAIT = frozenset({"tenant_locked", "bodies_busy", "intake_busy"})
_NOT_JUDGED = f"not judged below {LONG_S / 60:.0f} minutes"


@dataclass(frozen=True, slots=True)
class Verdict:
    """A promise, its bound, what was measured, and whether it holds; None: shown, and not judged in this run."""

    name: str
    bound: str
    measured: str
    holds: bool | None
    note: str = ""

    def as_json(self) -> dict[str, object]:
        """Return the fields by their names."""
        return asdict(self)


def judge(run: Run) -> list[Verdict]:
    """Return every verdict on a run."""
    return [verdict(run) for verdict in VERDICTS]


def do_hold(verdicts: Iterable[Verdict]) -> bool:
    """Say whether none of the judged ones fails."""
    return all(verdict.holds is not False for verdict in verdicts)


def is_nothing_lost(run: Run) -> Verdict:
    """Every acknowledged event is there."""
    lost = {found.who: found.lost for found in run.found if found.lost}
    return _none("acknowledged events that are lost", lost, is_known=bool(run.found))


def is_nothing_doubled(run: Run) -> Verdict:
    """No event is there twice, however often it was sent."""
    doubled = {found.who: found.doubled for found in run.found if found.doubled}
    return _none("events that are there twice", doubled, is_known=bool(run.found))


def is_nothing_foreign(run: Run) -> Verdict:
    """No tenant has, or was shown, what is another's."""
    foreign = Counter({found.who: found.unknown for found in run.found if found.unknown})
    foreign += Counter({tally.who: len(tally.foreign) for tally in run.tallies if tally.foreign})
    return _none("rows or answers with what is another's", foreign, is_known=bool(run.found))


def is_nothing_refused(run: Run) -> Verdict:
    """Good items are taken in, also between bad ones."""
    refused = Counter(f"{t.who}: {code}" for t in run.tallies for code in t.refused)
    return _none("good items that were refused", refused)


def is_all_acknowledged(run: Run) -> Verdict:
    """Who keeps sending is acknowledged in the end."""
    abandoned = {tally.who: tally.abandoned for tally in run.tallies if tally.abandoned}
    return _none("operations never answered well", abandoned)


def is_all_worked_off(run: Run) -> Verdict:
    """When nothing more comes, nothing is left to do soon."""
    measured = run.left_to_do if run.drained_after_s is None else f"{run.drained_after_s:.0f} s"
    holds = run.drained_after_s is not None and run.drained_after_s <= DRAIN_S
    return Verdict(
        "all is worked off after the last request", f"≤ {DRAIN_S:.0f} s", measured, holds
    )


def is_credit_the_ledger(run: Run) -> Verdict:
    """For each order, currency and model the credit is what the ledger says; orders set aside are left out."""
    wrong = {found.who: found.uncredited for found in run.found if found.uncredited}
    return _none("(order, currency, model)s whose credit ≠ ledger", wrong, is_known=bool(run.found))


def is_nobody_quiet_set_aside(run: Run) -> Verdict:
    """Only who sends what cannot be credited has orders set aside."""
    quiet = {f.who: f.set_aside for f in run.found if f.set_aside and f.group == QUIET}
    others = {f.who: f.set_aside for f in run.found if f.set_aside and f.group != QUIET}
    verdict = _none("orders of quiet tenants set aside", quiet, is_known=bool(run.found))
    return Verdict(*_first(verdict), note=f"others: {_list(others)}" if others else "")


def do_views_agree(run: Run) -> Verdict:
    """What the views sum up is what the ledger does."""
    wrong = {found.who: found.wrong_views for found in run.found if found.wrong_views}
    return _none("sums of views ≠ ledger", wrong, is_known=bool(run.found))


def is_every_error_explained(run: Run) -> Verdict:
    """A 5xx, or no answer, comes only when a process or the database was taken away."""
    strange = [attempt for attempt in run.attempts if _is_unexplained(run, attempt)]
    kinds = Counter(f"{a.group} {a.operation} {a.status} {a.code}".rstrip() for a in strange)
    failed = sum(1 for attempt in run.attempts if _is_error(attempt))
    verdict = _none("5xx, or no answer, unexplained", kinds)
    return Verdict(*_first(verdict), note=f"explained: {failed - len(strange):,}")


def do_pulses_keep_time(run: Run) -> Verdict:
    """No pulse is older than twice its period, but while what does it was taken away."""
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
    return Verdict("the oldest a pulse was", bound, name, not fails)


def do_views_keep_time(run: Run) -> Verdict:
    """No view hides a change for longer than twice what it promises."""
    worst, name = 0.0, "none was seen"
    gaps = run_windows(run, PULSES)
    for view in run.views:
        age_s = uncovered_s(gaps, view.at - view.age_s, view.at)
        if age_s / view.promised_s >= worst:
            worst = age_s / view.promised_s
            name = f"{age_s:.1f} s of {view.promised_s:g} s ({view.name})"
    holds = bool(run.views) and worst <= 2.0
    return _judged_when_long(
        run, "the longest a view hid a change", "≤ twice what it promises", name, holds
    )


def is_quiet_undisturbed(run: Run) -> Verdict:
    """Quiet tenants hardly notice the others: 95 of 100 of what they do takes at most 1.3 times as long."""
    alone, together = quiet_seconds(run)
    name = "quiet tenants' p95, together : alone"
    if not alone or not together:
        return _judged_when_long(run, name, f"≤ {MOST_RATIO}", "nothing measured", holds=False)
    ratio = percentile(together, 95) / percentile(alone, 95)
    measured = f"{ratio:.2f} ({_ms(percentile(together, 95))} : {_ms(percentile(alone, 95))})"
    return _judged_when_long(run, name, f"≤ {MOST_RATIO}", measured, ratio <= MOST_RATIO)


def is_process_alive(run: Run) -> Verdict:
    """The API always says that it lives; nothing that somebody sends keeps it from it."""
    looks = [look for look in run.looks if look.path == "/health/live"]
    seen = [x for x in looks if not run.explained(ERRORS, x.at, x.at + x.took_s)]
    bad = [look for look in seen if look.took_s > MOST_LIVE_S or look.status != 200]
    longest = max((look.took_s for look in seen), default=0.0)
    measured = f"{longest:.2f} s at most; {len(bad)} of {len(seen):,} longer or not 200"
    return Verdict("/health/live answers", f"≤ {MOST_LIVE_S:g} s", measured, bool(seen) and not bad)


def is_always_ready(run: Run) -> Verdict:
    """Readiness is lost only when a process or the database was taken away."""
    looks = [look for look in run.looks if look.path == "/health/ready"]
    seen = [x for x in looks if not run.explained(ERRORS, x.at, x.at + x.took_s)]
    bad = Counter(f"status {look.status}" for look in seen if look.status != 200)
    measured = f"{_list(bad)} of {len(seen):,}" if bad else f"0 of {len(seen):,}"
    return Verdict("not ready, unexplained", "0", measured, bool(seen) and not bad)


def is_loop_free(run: Run) -> Verdict:
    """The API's own watch over its loop counts no long stall that the program made."""
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
    """The load was sent when it was due: else the figures tell of the sender and not of the service."""
    late = [op.sent - op.due for op in run.operations if op.group == QUIET]
    share = sum(s.processor_s for s in run.sent) / max(1.0, *(s.wall_s for s in run.sent), 1.0)
    p99 = percentile(late, 99) if late else 0.0
    measured = f"{_ms(p99)}; the senders took {share:.0%} of a core"
    name = "the senders were late by (p99)"
    return _judged_when_long(run, name, f"≤ {_ms(MOST_LAG_S)}", measured, p99 <= MOST_LAG_S)


def is_memory_bounded(run: Run) -> Verdict:
    """No process grows for ever."""
    judged = {name: growth for name, growth in growths(run) if name != "postgres"}
    name, bound = "growth of a process after its first minutes", f"≤ {MOST_GROWTH:.0%}"
    if not judged:
        return _judged_when_long(run, name, bound, "no process lived long enough", holds=False)
    worst = max(judged, key=lambda process: judged[process])
    measured = f"{judged[worst]:+.1%} ({worst})"
    return _judged_when_long(run, name, bound, measured, judged[worst] <= MOST_GROWTH)


def is_no_job_dead(run: Run) -> Verdict:
    """No job is given up, but for want of a database."""
    dead = Counter(
        f"{job.who} {job.kind}: {job.error[:60]}"
        for job in run.dead_jobs
        if not run.explained(ERRORS, job.at, job.at)
    )
    return _none("dead jobs, unexplained", dead)


def were_faults_done(run: Run) -> Verdict:
    """What was to be broken was broken: a verdict on a storm that did not come would say nothing."""
    if not run.windows:
        return Verdict("faults that could not be done", "0", "none was done", holds=False)
    verdict = _none("faults that could not be done", Counter(run.failed))
    done = Counter(window.fault for window in run.windows)
    return Verdict(*_first(verdict), note=f"done: {_list(done, len(done))}")


def is_nothing_left_over(run: Run) -> Verdict:
    """After the end no lock is held, no process runs, no file is left."""
    return _none("locks, processes, files left over", Counter(run.left_over))


def did_it_stop(run: Run) -> Verdict:
    """Ctrl-C ends the service as one that was obeyed."""
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
    """Return the seconds, from when they were due, of a phase's operations that no fault explains."""
    return [
        op.ended - op.due
        for op in operations
        if phase[0] <= op.due < phase[1] and not run.explained(LATENCY, op.due, op.ended, op.who)
    ]


def growths(run: Run) -> list[tuple[str, float]]:
    """Return by how much each process grew since it was five minutes old, or three fifths of a shorter life.

    One that was there before is as old as the load: what it needs for that is no growth.
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
    """Return the times in which faults explain `what` for everybody, merged and in order."""
    return _merge(w for w in run.windows if what in w.explains and not w.who)


def uncovered_s(gaps: Sequence[tuple[float, float]], began: float, ended: float) -> float:
    """Return the longest time between two moments in which nothing is explained, in seconds."""
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
    # A server may hang up on who sends too much; from others it owes an answer.
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
    """Return the verdict on something of which there must be none."""
    if not is_known:
        return Verdict(name, "0", "not looked at", holds=False)
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
