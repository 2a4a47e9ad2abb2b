"""The figures of one end: reports, latency, memory, and processor time at rest, with the service running."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from time import monotonic

from bench.memory import processor_seconds, used_by
from bench.probing import CURRENCIES, DAYS, PROBE_EVERY_S, Effects, Running, Sums, probe_for
from bench.scale.loading import Plan, postmaster
from bench.scale.saying import say
from bench.scale.shops import Shop, Span
from bench.support import Place, Superuser, console, percentile, show_table
from bench.traffic import Sent, send_single_events
from bench.wire import Wire, make_request
from skeldir.clock import utc_now
from skeldir.db.pool import Database

REPORTS = 100
AT_REST_S = 10.0
_OF_ALL_DAYS = "largest, all days"
_TRAFFIC_BEGINS = 1_000_000_000
_REFRESHES = """
    SELECT view_name::text AS name, count(*) AS runs,
           percentile_disc(0.5) WITHIN GROUP (ORDER BY finished_at - started_at) AS median
    FROM matview_refreshes WHERE outcome = 'success' AND started_at >= $1 GROUP BY 1 ORDER BY 1"""


@dataclass(frozen=True, slots=True)
class Setting:
    """What is measured, and with what: the database, the running service, and a process for the traffic."""

    place: Place
    database: Database
    admin: Superuser
    shops: Sequence[Shop]
    secrets: Sequence[str]
    other_process: Executor
    seconds: float
    rate: float

    def some(self) -> dict[str, int]:
        """Return the places of the largest, the median and the smallest shop."""
        last = len(self.shops) - 1
        return {"largest": 0, "median": last // 2, "smallest": last}


@dataclass(frozen=True, slots=True)
class End:
    """The figures of one end, in seconds and bytes."""

    reports: dict[str, list[float]]
    effects: dict[str, Effects]
    sent: Sent
    refreshes: list[tuple[str, int, float]]
    memory: list[tuple[str, int, int]]
    at_rest: dict[str, float]
    busy: dict[str, float]
    """Processors used by each process while the events arrived."""

    @property
    def event_cpu_s(self) -> float:
        """Processor time of all processes for an event, without what they use at rest, and with its credit."""
        extra = sum(share - self.at_rest.get(name, 0.0) for name, share in self.busy.items())
        return extra * self.sent.seconds / max(1, self.sent.accepted)

    def report_p95(self) -> float:
        """The slowest tenant's, of the days of a round: as many days at both ends."""
        return max(
            percentile(seconds, 95)
            for name, seconds in self.reports.items()
            if name != _OF_ALL_DAYS
        )

    def latency_p95(self) -> float:
        """The slowest effect's of the slowest tenant."""
        return max(
            percentile(seconds, 95)
            for effects in self.effects.values()
            for seconds in (effects.revenue, effects.credit, effects.touch)
        )

    def figures(self) -> dict[str, object]:
        """Return the figures for the book."""
        return {
            "reports_s": {name: _of(seconds) for name, seconds in self.reports.items()},
            "effects_s": {
                name: {
                    effect: _of(getattr(effects, effect))
                    for effect in ("revenue", "credit", "touch")
                }
                for name, effects in self.effects.items()
            },
            "sent": {"accepted": self.sent.accepted, "statuses": self.sent.statuses},
            "request_s": _of(self.sent.latencies),
            "refreshes": self.refreshes,
            "memory": self.memory,
            "at_rest": self.at_rest,
            "busy": self.busy,
            "event_cpu_s": self.event_cpu_s,
        }


async def measure_end(setting: Setting, running: Running, number: int, plan: Plan) -> End:
    """Measure one end, 0 or 1, while no order waits. The reports are of the days of the round that was loaded last."""
    began = utc_now()
    at_rest = await measure_rest(setting, running)
    say("reports")
    days = plan.span.parts(plan.rounds)[-number]
    reports = await measure_reports(setting, running, days, plan.span)
    say(f"latency, with {setting.rate:g} events/s of all tenants")
    before = processor_seconds(running.pid, postmaster(setting.place))
    sent, effects = await measure_latency(setting, running, number)
    after = processor_seconds(running.pid, postmaster(setting.place))
    busy = {name: (used - before.get(name, 0.0)) / sent.seconds for name, used in after.items()}
    memory = [(u.name, u.rss, u.pss) for u in used_by(running.pid, postmaster(setting.place))]
    rows = await setting.admin.fetch(_REFRESHES, began)
    refreshes = [(row["name"], row["runs"], row["median"].total_seconds()) for row in rows]
    return End(reports, effects, sent, refreshes, memory, at_rest, busy)


async def measure_reports(
    setting: Setting, running: Running, days: Span, all_days: Span
) -> dict[str, list[float]]:
    """Ask for channel reports by HTTP, again and again, and return the seconds of each."""
    wire = Wire(running.port)
    found: dict[str, list[float]] = {}
    asked = {name: (place, days) for name, place in setting.some().items()}
    for name, (place, span) in {**asked, _OF_ALL_DAYS: (0, all_days)}.items():
        path = f"/v1/attribution/channels?from={span.start}&to={span.end}"
        request = make_request("GET", path, setting.secrets[place])
        found[name] = []
        for _ in range(REPORTS):
            began = monotonic()
            answer = await wire.ask(request)
            found[name].append(monotonic() - began)
            assert answer.status == 200, answer.body
    wire.close()
    return found


async def measure_latency(
    setting: Setting, running: Running, number: int
) -> tuple[Sent, dict[str, Effects]]:
    """Probe the largest and the smallest shop at once, while single events of all shops arrive."""
    probes = int(setting.seconds / PROBE_EVERY_S)
    arriving = asyncio.get_running_loop().run_in_executor(
        setting.other_process, send_single_events, running.port, setting.secrets, setting.seconds,
        setting.rate, _TRAFFIC_BEGINS * (number + 1),
    )  # fmt: skip
    some = setting.some()
    found = await asyncio.gather(
        *(
            probe_for(
                setting.seconds,
                running.base,
                setting.secrets[some[name]],
                Sums(setting.database, setting.shops[some[name]].tenant_id),
                first=number * probes,
            )
            for name in ("largest", "smallest")
        )
    )
    return await arriving, dict(zip(("largest", "smallest"), found, strict=True))


async def measure_rest(setting: Setting, running: Running) -> dict[str, float]:
    """Return how many processors each process uses while nothing arrives."""
    say("at rest")
    before = processor_seconds(running.pid, postmaster(setting.place))
    await asyncio.sleep(AT_REST_S)
    after = processor_seconds(running.pid, postmaster(setting.place))
    return {name: (now - before[name]) / AT_REST_S for name, now in after.items()}


def show_end(title: str, end: End) -> None:
    """Print the figures of one end."""
    rows = [[f"channel report, {name}", *_shown(seconds)] for name, seconds in end.reports.items()]
    for name, effects in end.effects.items():
        rows += [
            [f"{effect} visible, {name} tenant", *_shown(getattr(effects, effect))]
            for effect in ("revenue", "credit", "touch")
        ]
    rows.append(["answer to a single event", *_shown(end.sent.latencies)])
    show_table(title, ("milliseconds", "count", "p50", "p95", "max"), rows)
    show_table(
        "",
        ("process", "RSS MiB", "PSS MiB", "processors at rest", "with events"),
        [
            [
                name,
                f"{rss / 2**20:,.0f}",
                f"{pss / 2**20:,.0f}",
                f"{end.at_rest.get(name, 0):.3f}",
                f"{end.busy.get(name, 0):.3f}",
            ]
            for name, rss, pss in end.memory
        ],
    )
    console.print(
        f"Processor time of a single event, with its credit: {1_000 * end.event_cpu_s:.2f} ms"
    )
    show_table(
        "",
        ("refresh of", "runs", "median s"),
        [[name, str(runs), f"{seconds:.3f}"] for name, runs, seconds in end.refreshes],
    )


def _shown(seconds: Sequence[float]) -> list[str]:
    if not seconds:
        return ["0", "", "", ""]
    figures = (f"{1_000 * percentile(seconds, share):,.1f}" for share in (50, 95, 100))
    return [f"{len(seconds):,}", *figures]


def _of(seconds: Sequence[float]) -> dict[str, float]:
    if not seconds:
        return {"count": 0}
    shares = {f"p{share}": percentile(seconds, share) for share in (50, 95, 100)}
    return {"count": len(seconds)} | shares


def most_seconds() -> float:
    """Return how long an end may be probed: both ends need days and currencies of their own."""
    return DAYS * len(CURRENCIES) * PROBE_EVERY_S / 2


def as_summary(first: End, last: End) -> list[list[str]]:
    """Return what changed between the ends, as rows of a table."""
    pairs = (
        ("channel report p95, ms", first.report_p95(), last.report_p95()),
        ("latency p95, ms", first.latency_p95(), last.latency_p95()),
        ("processor time of an event, ms", first.event_cpu_s, last.event_cpu_s),
    )
    return [
        [name, f"{1_000 * a:,.1f}", f"{1_000 * b:,.1f}", f"{b / a:.2f}"] for name, a, b in pairs
    ]
