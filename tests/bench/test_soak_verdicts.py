"""Each verdict of a soak holds when all went well, and turns red for what it is about, and only for that."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace

import pytest

from bench.soak.records import (
    ERRORS,
    HOSTILE,
    HOT,
    LATENCY,
    PULSES,
    QUIET,
    Attempt,
    DeadJob,
    Found,
    Look,
    Memory,
    Operation,
    PulseAge,
    Run,
    Sent,
    Tally,
    ViewAge,
    Window,
)
from bench.soak.verdicts import (
    VERDICTS,
    Verdict,
    did_it_stop,
    did_senders_keep_up,
    do_hold,
    do_pulses_keep_time,
    do_views_agree,
    do_views_keep_time,
    growths,
    is_all_acknowledged,
    is_all_worked_off,
    is_always_ready,
    is_credit_the_ledger,
    is_every_error_explained,
    is_loop_free,
    is_memory_bounded,
    is_no_job_dead,
    is_nobody_quiet_set_aside,
    is_nothing_doubled,
    is_nothing_foreign,
    is_nothing_left_over,
    is_nothing_lost,
    is_nothing_refused,
    is_process_alive,
    is_quiet_undisturbed,
    judge,
    uncovered_s,
    were_faults_done,
)

MIB = 2**20
KILLED_AT = 300.0
NOBODY_QUIET = Found("hos", HOSTILE, 0, 0, 0, 0, 3, 0, 10, 10)


def make_run(seconds: float = 600.0) -> Run:
    """Make a run of ten minutes, in which the database was killed once and all held."""
    run = Run(seconds, (5.0, 60.0), (60.0, seconds))
    run.windows = [
        Window("kill database", KILLED_AT, KILLED_AT, 20.0, frozenset({ERRORS, LATENCY, PULSES})),
        Window("hold lock", 100.0, 130.0, 5.0, frozenset({ERRORS, LATENCY}), "hot"),
    ]
    sent = Sent(processor_s=10.0, wall_s=600.0)
    sent.tallies = [Tally("q00", QUIET), Tally("hot", HOT), Tally("hos", HOSTILE)]
    sent.operations = [
        Operation("q00", QUIET, "touch", at, at + 0.001, at + 0.010 + at % 7 / 1_000)
        for at in range(5, 600)
    ]
    sent.attempts = [failed(at=KILLED_AT + 3)]
    run.sent = [sent]
    run.pulses = [PulseAge("jobs.sweep", float(at), 1.2, 1.0) for at in range(600)]
    run.views = [ViewAge("mv_realtime_revenue", float(at), 3.0, 5.0) for at in range(600)]
    run.looks = [
        Look(path, float(at), 0.01, 200)
        for path in ("/health/live", "/health/ready")
        for at in range(600)
    ]
    run.memory = [Memory("api", 1, float(at), 100 * MIB) for at in range(0, 600, 5)]
    run.stalls = Counter({("program", "0.1"): 3, ("program", "+Inf"): 0, ("machine", "5.0"): 1})
    run.found = [Found("q00", QUIET, 0, 0, 0, 0, 0, 0, 10, 10), NOBODY_QUIET]
    run.drained_after_s = 4.0
    run.stopped_with = 0
    return run


def failed(
    *,
    at: float,
    status: int = 503,
    who: str = "q00",
    group: str = QUIET,
    code: str = "database_busy",
) -> Attempt:
    return Attempt(who, group, "touch", at, at + 0.5, status, code)


def finding(**wrong: int) -> Callable[[Run], None]:
    def change(run: Run) -> None:
        run.found[0] = replace(run.found[0], **wrong)

    return change


def telling(change: Callable[[Tally], object]) -> Callable[[Run], None]:
    return lambda run: change(run.sent[0].tallies[0]) and None


def adding(name: str, *records: object) -> Callable[[Run], None]:
    return lambda run: getattr(run, name).extend(records)


def attempting(*attempts: Attempt) -> Callable[[Run], None]:
    return lambda run: run.sent[0].attempts.extend(attempts)


def setting(name: str, value: object) -> Callable[[Run], None]:
    return lambda run: setattr(run, name, value)


def slow_down(run: Run) -> None:
    """Let what a quiet tenant does take half as long again when the others send, too."""
    run.sent[0].operations = [
        op if op.due < run.together[0] else op._replace(ended=op.due + 1.5 * (op.ended - op.due))
        for op in run.sent[0].operations
    ]


def send_late(run: Run) -> None:
    run.sent[0].operations = [op._replace(sent=op.due + 0.008) for op in run.sent[0].operations]
    run.sent[0].operations[-7:] = [
        op._replace(sent=op.due + 0.2, ended=op.ended) for op in run.sent[0].operations[-7:]
    ]


def grow(run: Run) -> None:
    run.memory = [
        look._replace(bytes=int(look.bytes * (1 + look.at / 1_500))) for look in run.memory
    ]


FAULTS: list[tuple[Callable[[Run], Verdict], Callable[[Run], None]]] = [
    (is_nothing_lost, finding(lost=1)),
    (is_nothing_doubled, finding(doubled=1)),
    (is_nothing_foreign, finding(unknown=1)),
    (is_nothing_foreign, telling(lambda tally: tally.foreign.append("q01") or True)),
    (is_nothing_refused, telling(lambda tally: tally.refused.append("json_invalid") or True)),
    (is_all_acknowledged, telling(lambda tally: setattr(tally, "abandoned", 1) or True)),
    (is_all_worked_off, setting("drained_after_s", None)),
    (is_all_worked_off, setting("drained_after_s", 121.0)),
    (is_credit_the_ledger, finding(uncredited=1)),
    (is_nobody_quiet_set_aside, finding(set_aside=1)),
    (do_views_agree, finding(wrong_views=1)),
    (is_every_error_explained, attempting(failed(at=KILLED_AT - 10))),
    (is_every_error_explained, attempting(failed(at=KILLED_AT + 21))),
    (is_every_error_explained, attempting(failed(at=200.0, status=0))),
    # The lock of one tenant explains nothing that another meets.
    (is_every_error_explained, attempting(failed(at=110.0))),
    # To be told to wait is right for who asks for too much, and for nobody else.
    (is_every_error_explained, attempting(failed(at=200.0, code="tenant_locked"))),
    (is_every_error_explained, attempting(failed(at=200.0, who="hos", group=HOSTILE))),
    (do_pulses_keep_time, adding("pulses", PulseAge("jobs.sweep", 200.0, 2.1, 1.0))),
    # A fault that ended long ago explains nothing any more.
    (do_pulses_keep_time, adding("pulses", PulseAge("jobs.sweep", 330.0, 40.0, 1.0))),
    (do_pulses_keep_time, setting("pulses", [])),
    (do_views_keep_time, adding("views", ViewAge("mv_daily_revenue_summary", 200.0, 10.5, 5.0))),
    (is_quiet_undisturbed, slow_down),
    (is_process_alive, adding("looks", Look("/health/live", 200.0, 2.5, 200))),
    (is_process_alive, adding("looks", Look("/health/live", 200.0, 0.1, 0))),
    (is_always_ready, adding("looks", Look("/health/ready", 115.0, 0.1, 503))),
    (is_loop_free, setting("stalls", Counter({("program", "0.5"): 1}))),
    (did_senders_keep_up, send_late),
    (is_memory_bounded, grow),
    (is_no_job_dead, adding("dead_jobs", DeadJob("hos", "attribution.credit", 200.0, "lease_expired"))),
    (were_faults_done, adding("failed", "kill api: ProcessLookupError")),
    (is_nothing_left_over, adding("left_over", "a process")),
    (did_it_stop, setting("stopped_with", 1)),
]  # fmt: skip


def failing(run: Run) -> set[str]:
    return {verdict.name for verdict in judge(run) if verdict.holds is False}


def test_all_verdicts_hold_on_a_run_in_which_all_went_well() -> None:
    verdicts = judge(make_run())
    assert [verdict for verdict in verdicts if verdict.holds is not True] == []
    assert do_hold(verdicts)


@pytest.mark.parametrize(("verdict", "change"), FAULTS)
def test_a_verdict_turns_red_for_what_it_is_about_and_no_other_does(
    verdict: Callable[[Run], Verdict], change: Callable[[Run], None]
) -> None:
    run = make_run()
    change(run)
    assert failing(run) == {verdict(make_run()).name}
    assert not do_hold(judge(run))


def test_every_verdict_has_been_seen_red() -> None:
    assert {verdict for verdict, _ in FAULTS} == set(VERDICTS)


@pytest.mark.parametrize(
    "change",
    [
        attempting(failed(at=KILLED_AT + 19)),
        # It began before the kill, and the kill ended it.
        attempting(Attempt("q00", QUIET, "touch", KILLED_AT - 5, KILLED_AT + 0.1, 0, "")),
        attempting(failed(at=110.0, who="hot", group=HOT)),
        attempting(failed(at=200.0, who="hot", group=HOT, code="tenant_locked")),
        # A server may hang up on who sends too much.
        attempting(failed(at=200.0, who="hos", group=HOSTILE, status=0)),
        attempting(failed(at=200.0, status=429)),
        # While the database was away no pulse could come: 21 s, all of them explained but the last.
        adding("pulses", PulseAge("jobs.sweep", KILLED_AT + 21, 22.0, 1.0)),
        adding("looks", Look("/health/live", KILLED_AT, 15.0, 0)),
        adding("looks", Look("/health/ready", KILLED_AT + 5, 0.1, 503)),
        adding("dead_jobs", DeadJob("q00", "attribution.credit", KILLED_AT + 1, "")),
    ],
)
def test_what_a_fault_explains_is_held_against_nobody(change: Callable[[Run], None]) -> None:
    run = make_run()
    change(run)
    assert failing(run) == set()


def test_what_a_fault_delayed_does_not_count_as_the_others_doing() -> None:
    run = make_run()
    delayed = [op for op in run.operations if KILLED_AT <= op.due < KILLED_AT + 20]
    for place, op in enumerate(run.sent[0].operations):
        if op in delayed:
            run.sent[0].operations[place] = op._replace(ended=op.due + 15.0)
    assert len(delayed) > 0.05 * len(run.operations) / 2
    assert failing(run) == set()


@pytest.mark.parametrize("change", [slow_down, send_late, grow])
def test_a_short_run_shows_what_it_does_not_judge(change: Callable[[Run], None]) -> None:
    run = make_run(seconds=90.0)
    change(run)
    assert do_hold(judge(run))
    assert any("not judged below 10 minutes" in verdict.note for verdict in judge(run))


def test_a_short_run_judges_loss_errors_and_pulses_all_the_same() -> None:
    run = make_run(seconds=90.0)
    finding(lost=1, doubled=1, unknown=1, uncredited=1)(run)
    attempting(failed(at=200.0))(run)
    run.pulses.append(PulseAge("jobs.sweep", 200.0, 5.1, 1.0))
    assert len(failing(run)) == 6


def test_a_process_that_was_started_again_is_compared_with_its_own_start() -> None:
    run = make_run()
    run.memory = [Memory("api", 1, float(at), 50 * MIB) for at in range(0, 200, 5)]
    run.memory += [Memory("api", 2, float(at), 100 * MIB) for at in range(200, 600, 5)]
    assert growths(run) == [("api", 0.0)]


def test_what_a_process_needs_for_the_load_is_no_growth() -> None:
    run = make_run()
    run.memory = [
        Memory("api", 1, float(at), (50 if at < 60 else 100) * MIB) for at in range(-180, 300, 5)
    ]
    assert growths(run) == [("api", 0.0)]


def test_only_time_that_no_fault_covers_counts() -> None:
    assert uncovered_s([(10.0, 20.0)], 8.0, 23.0) == 3.0
    assert uncovered_s([(10.0, 20.0), (21.0, 30.0)], 15.0, 29.0) == 1.0
    assert uncovered_s([], 5.0, 6.5) == 1.5
    assert uncovered_s([(0.0, 9.0)], 1.0, 2.0) == 0.0
