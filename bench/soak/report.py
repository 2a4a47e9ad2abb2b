"""The report of a run: for people, and as JSON to compare runs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from itertools import pairwise, zip_longest
from statistics import median
from typing import Any

from rich.console import Console
from rich.table import Table

from bench.soak.plan import KINDS, Plan
from bench.soak.records import LATENCY, PULSES, Memory, Operation, Run
from bench.soak.verdicts import (
    Verdict,
    did_senders_keep_up,
    do_hold,
    growths,
    run_windows,
    took,
    uncovered_s,
)
from bench.support import percentile

_NARROWEST = 150
_LARGEST_TABLES = 10
_MANY_CORES = 0.3
_MARKS = {True: "[green]holds[/]", False: "[bold red]DOES NOT HOLD[/]", None: "not judged"}
console = Console(highlight=False, width=max(_NARROWEST, Console().width))


def show_plan(plan: Plan, seed: int) -> None:
    """Print the plan."""
    console.print(
        f"Seed {seed}: quiet tenants alone for {plan.alone_s:.0f} s, then all tenants for {plan.together_s:.0f} s."
    )
    rows = [
        [f"{f.at:.0f} s", f.kind, KINDS[f.kind].says, f"{f.lasts_s:g} s", f"{KINDS[f.kind].grace_s:g} s",
         ", ".join(sorted(KINDS[f.kind].explains)) or "nothing"]
        for f in sorted(plan.hard + plan.soft, key=lambda fault: fault.at)
    ]  # fmt: skip
    show(
        "Planned faults, by seconds since all tenants send",
        ("at", "fault", "", "lasts", "grace", "explains"),
        rows,
    )


def show_run(run: Run, verdicts: Sequence[Verdict]) -> None:
    """Print the measurements and the verdicts."""
    _show_traffic(run)
    _show_latencies(run)
    _show_faults(run)
    _show_pulses(run)
    _show_memory(run)
    _show_sizes(run)
    for skipped in run.skipped:
        console.print(f"Not done: {skipped}.")
    rows = [
        [v.name, v.bound, v.measured, _MARKS[v.holds] + (f" ({v.note})" if v.note else "")]
        for v in verdicts
    ]
    show("Verdicts", ("what", "bound", "measured", ""), rows)
    console.print(
        "All verdicts hold." if do_hold(verdicts) else "[bold red]Some verdicts do not hold.[/]"
    )


def _show_traffic(run: Run) -> None:
    groups: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0])
    for tally in run.tallies:
        figures = groups[tally.group]
        figures[0] += tally.touches_sent + tally.conversions_sent
        figures[1] += sum(tally.touches_acknowledged) + sum(tally.conversions_acknowledged)
    for found in run.found:
        groups[found.group][2] += found.touches + found.entries
    rows = [
        [name, *(f"{figure:,}" for figure in figures)] for name, figures in sorted(groups.items())
    ]
    show("Events", ("tenants", "sent", "acknowledged", "there"), rows)
    answers = [
        [f"{group} {operation}", f"{status or 'none'}", f"{count:,}"]
        for sent in run.sent
        for (group, operation, status), count in sorted(sent.statuses.items())
    ]
    show("Answers", ("to", "status", "requests"), answers)
    console.print(f"{did_senders_keep_up(run).name}: {did_senders_keep_up(run).measured}")


def _show_latencies(run: Run) -> None:
    kinds: dict[tuple[str, str], list[Operation]] = defaultdict(list)
    for operation in run.operations:
        kinds[operation.group, operation.operation].append(operation)
        kinds[operation.group, "(all)"].append(operation)
    rows = []
    for (group, name), operations in sorted(kinds.items()):
        alone, together = took(run, operations, run.alone), took(run, operations, run.together)
        all_s = [op.ended - op.due for op in operations if op.due >= run.together[0]]
        ratio = (
            f"{percentile(together, 95) / percentile(alone, 95):.2f}" if alone and together else ""
        )
        spread = (figures_of(seconds) for seconds in (alone, together, all_s))
        rows.append([f"{group} {name}", *(f for figures in spread for f in figures), ratio])
    heads = ("n", "p50", "p95", "p99") * 3
    title = (
        "Milliseconds from due time to end: alone, together without faults, together with faults"
    )
    show(title, ("", *heads, "ratio of p95"), rows)


def figures_of(seconds: Sequence[float]) -> list[str]:
    """Return the count, and p50, p95 and p99 in milliseconds."""
    if not seconds:
        return ["0", "", "", ""]
    return [f"{len(seconds):,}", *(f"{1_000 * percentile(seconds, p):,.0f}" for p in (50, 95, 99))]


def _show_faults(run: Run) -> None:
    rows = []
    ordered = sorted(run.windows, key=lambda window: window.began)
    for window, then in zip_longest(ordered, ordered[1:]):
        until = window.ended + window.grace_s
        if then is not None:
            until = min(until, then.began)
        bad = [
            look.at + look.took_s - window.began
            for look in run.looks
            if look.path == "/health/ready"
            and window.began <= look.at <= until
            and look.status != 200
        ]
        rows.append([
            window.fault, f"{window.began - run.together[0]:.0f} s", f"{window.ended - window.began:.1f} s",
            f"{window.grace_s:g} s", ", ".join(sorted(window.explains)) or "nothing",
            f"{max(bad):.1f} s" if bad else "never",
        ])  # fmt: skip
    show(
        "Actual faults",
        ("", "at", "lasted", "grace", "explains", "last seen not ready after"),
        sorted(rows),
    )


def _show_pulses(run: Run) -> None:
    ages: dict[str, list[float]] = defaultdict(list)
    unexplained: dict[str, float] = defaultdict(float)
    gaps = run_windows(run, PULSES)
    for pulse in run.pulses:
        ages[f"{pulse.name}, {pulse.every_s:g} s"].append(pulse.age_s)
        age_s = uncovered_s(gaps, pulse.at - pulse.age_s, pulse.at)
        name = f"{pulse.name}, {pulse.every_s:g} s"
        unexplained[name] = max(unexplained[name], age_s)
    rows = [
        [name, *(f"{percentile(seconds, p):.1f}" for p in (50, 95, 99, 100)), f"{unexplained[name]:.1f}"]
        for name, seconds in sorted(ages.items())
    ]  # fmt: skip
    show(
        "Ages of pulses, s",
        ("pulse, period", "p50", "p95", "p99", "most", "most unexplained"),
        rows,
    )


def _show_memory(run: Run) -> None:
    series: dict[str, list[Memory]] = defaultdict(list)
    for memory in run.memory:
        series[memory.name].append(memory)
    grown = dict(growths(run))
    rows = []
    for name, looks in sorted(series.items()):
        sizes = [look.bytes for look in looks]
        figures = (median(sizes[:3]), sizes[len(sizes) // 2], median(sizes[-3:]), max(sizes))
        growth = f"{grown[name]:+.1%}" if name in grown else "too young"
        cores = [f"{cores_of(looks, *phase):.2f}" for phase in (run.alone, run.together)]
        rows.append([name, *(f"{figure / 2**20:,.0f}" for figure in figures), growth, *cores])
    heads = ("process", "start", "middle", "end", "most", "growth", "cores alone", "cores together")
    show("Memory, MiB, and processor", heads, rows)
    for name, phase in (("alone", run.alone), ("together", run.together)):
        all_cores, others = cores_of_machine(run, phase)
        console.print(
            f"Cores in use {name}: {all_cores:.2f}, of these by programs outside the soak: {others:.2f}."
        )
        if others > _MANY_CORES:
            console.print(
                "[bold]Other programs keep this machine busy, which affects the latencies.[/]"
            )


def cores_of_machine(run: Run, phase: tuple[float, float]) -> tuple[float, float]:
    """Return how many cores were in use in a phase, and how many of them neither by the service nor its senders."""
    shares = [share for at, share in run.busy if phase[0] <= at < phase[1]]
    in_use = run.cores * sum(shares) / max(1, len(shares))
    names = {look.name for look in run.memory}
    ours = sum(
        cores_of([look for look in run.memory if look.name == name], *phase) for name in names
    )
    ours += sum(sent.processor_s / max(1.0, sent.wall_s) for sent in run.sent)
    return in_use, max(0.0, in_use - ours)


def cores_of(looks: Sequence[Memory], began: float, ended: float) -> float:
    """Return how many cores a process used between two moments; a restarted one counts from its restart."""
    within = [look for look in looks if began <= look.at < ended]
    used_s = sum(
        max(0.0, then.processor_s - first.processor_s)
        for first, then in pairwise(within)
        if first.process_id == then.process_id
    )
    return used_s / (within[-1].at - within[0].at) if len(within) > 1 else 0.0


def _show_sizes(run: Run) -> None:
    last = run.sizes.get("end", {})
    largest = sorted(last, key=lambda name: -last[name])[:_LARGEST_TABLES]
    rows = [
        [name, *(f"{sizes.get(name, 0) / 2**20:,.1f}" for sizes in run.sizes.values())]
        for name in largest
    ]
    show("Sizes with indexes, MiB", ("table", *run.sizes), rows)


def show(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a table, with the first column aligned to the left."""
    table = Table(title=title, title_justify="left")
    is_prose = title == "Verdicts"
    for place, column in enumerate(columns):
        table.add_column(
            column, justify="left" if is_prose or place == 0 else "right", overflow="fold"
        )
    for row in rows:
        table.add_row(*row)
    console.print(table)


def as_json(run: Run, verdicts: Sequence[Verdict], plan: Plan, seed: int) -> dict[str, Any]:
    """Return the figures of the run: verdicts, faults, latencies, memory, sizes, pulses."""
    begins = run.together[0]
    latencies: dict[str, dict[str, list[float]]] = defaultdict(dict)
    for phase, span in (("alone", run.alone), ("together", run.together)):
        kinds: dict[str, list[Operation]] = defaultdict(list)
        for operation in run.operations:
            kinds[f"{operation.group} {operation.operation}"].append(operation)
            kinds[operation.group].append(operation)
        for name, operations in kinds.items():
            if seconds := took(run, operations, span):
                latencies[name][phase] = [percentile(seconds, p) for p in (50, 95, 99)]
    oldest: dict[str, float] = {}
    for pulse in run.pulses:
        oldest[pulse.name] = max(oldest.get(pulse.name, 0.0), pulse.age_s)
    return {
        "seed": seed,
        "seconds": plan.seconds,
        "holds": do_hold(verdicts),
        "verdicts": [verdict.as_json() for verdict in verdicts],
        "faults": [
            {"fault": w.fault, "began": w.began - begins, "ended": w.ended - begins, "grace_s": w.grace_s}
            for w in run.windows
        ],
        "skipped": run.skipped,
        "events": [
            {"who": f.who, "touches": f.touches, "entries": f.entries, "lost": f.lost, "doubled": f.doubled,
             "set_aside": f.set_aside, "uncredited": f.uncredited}
            for f in run.found
        ],
        "seconds_p50_p95_p99": latencies,
        "errors": [
            {"at": a.ended - begins, "took_s": a.ended - a.began, "who": a.who, "operation": a.operation,
             "status": a.status, "code": a.code, "explained": run.explained(LATENCY, a.began, a.ended, a.who)}
            for a in run.attempts if a.status == 0 or a.status >= 500
        ][:2_000],
        "oldest_pulse_s": oldest,
        "pulses": [(p.name, p.at - begins, p.age_s) for p in run.pulses if p.age_s > 2 * p.every_s][:5_000],
        "memory": [(m.name, m.process_id, m.at - begins, m.bytes) for m in run.memory],
        "growth": dict(growths(run)),
        "stalls": {f"{cause} {le}": n for (cause, le), n in run.stalls.items()},
        "slow_looks": [(look.path, look.at - begins, look.took_s, look.status)
                       for look in run.looks if look.took_s > 0.5 or look.status != 200],
        "sizes": run.sizes,
    }  # fmt: skip
