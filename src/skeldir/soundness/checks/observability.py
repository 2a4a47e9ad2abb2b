"""H-OBS-01: the running service cannot be seen, or shows what it must not. Stops the database, so it comes last."""

from __future__ import annotations

import re
from time import monotonic, sleep
from typing import TYPE_CHECKING, Any, Final

import httpx
import orjson
from prometheus_client.parser import text_string_to_metric_families

from skeldir.soundness.contract import Check
from skeldir.soundness.evidence import equals, matches
from skeldir.soundness.planting import PLAN_A, PLAN_B
from skeldir.soundness.proof import Proof

if TYPE_CHECKING:
    from skeldir.soundness.world import World

_NOTICED_WITHIN_S: Final = 5.0
_BACK_WITHIN_S: Final = 30.0
_OWN_SERIES: Final = "python_gc_objects_collected_total"
_READY: Final = (
    'HTTP 200\napplication/json\n\n{"status":"ready","checks":'
    '{"database":"ok","schema":"ok","views":"ok","role":"ok"}}'
)
_ID: Final = re.compile(
    r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.IGNORECASE
)
_E_MAIL: Final = re.compile(r"[\w.+-]+(?:@|%40)[\w-]+\.[\w.-]+")


def _prove_health(proof: Proof) -> None:
    proof.fetch(
        "GET",
        f"{proof.ground.world.base}/health",
        expect=equals('HTTP 200\napplication/json\n\n{"status":"healthy"}'),
    )


def _prove_metrics(proof: Proof) -> None:
    world = proof.ground.world
    for process, url in _metrics_of(world):
        answer = httpx.get(url, timeout=30)
        lines = [
            line
            for line in answer.text.splitlines()
            if line.startswith(("# TYPE skeldir_", f"{_OWN_SERIES}{{"))
        ]
        proof.read(
            f"GET /metrics of the {process}: the status, its own series, and the families it tells",
            "\n".join([f"HTTP {answer.status_code}", *lines]),
            expect=matches(
                rf'HTTP 200\n.*{_OWN_SERIES}\{{generation="0"\}} \d.*# TYPE skeldir_\w+ \w+.*'
            ),
        )


def _prove_labels(proof: Proof) -> None:
    world = proof.ground.world
    planted = _planted()
    for process, url in _metrics_of(world):
        text = httpx.get(url, timeout=30).text
        values = {
            (name, value)
            for family in text_string_to_metric_families(text)
            for sample in family.samples
            for name, value in sample.labels.items()
        }
        foreign = sorted(
            f"{name}={value}"
            for name, value in values
            if _ID.search(value) or _E_MAIL.search(value) or _stands_in(value, planted)
        )
        names = " ".join(sorted({name for name, _ in values}))
        proof.read(
            f"GET /metrics of the {process}: the labels' names, and the values that hold an id, an e-mail address "
            "or a text of a tenant",
            "\n".join([f"labels: {names}", *foreign, f"{len(foreign)} of them foreign"]),
            expect=matches(r"labels: \w[\w ]*\n0 of them foreign"),
        )


def _prove_logs(proof: Proof) -> None:
    """Tenant ids may stand in a line's own field, which says whose work it was, and nowhere else."""
    world = proof.ground.world
    planted = _planted()
    for process, log in world.logs.items():
        lines = log.read_text(errors="replace").splitlines()
        events = {event for line in lines if (event := _fields(line).get("event"))}
        foreign = sorted(line for line in lines if _tells_too_much(line, world, planted))
        proof.read(
            f"every line that the {process} wrote: the kinds of events, and the lines with an e-mail address, a text "
            "of a tenant, a key, or a tenant's id elsewhere than in the line's field tenant_id",
            "\n".join(
                [f"events: {' '.join(sorted(events))}", *foreign, f"{len(foreign)} of them foreign"]
            ),
            expect=matches(rf"events: .*{_EVENT_OF[process]}.*\n0 of them foreign"),
        )


_EVENT_OF: Final = {
    "api": r"\bhttp\.answered\b",
    "worker": r"\bjobs\.ended\b",
    "beat": r"\bjobs\.beat_began\b",
}


def _prove_readiness(proof: Proof) -> None:
    world = proof.ground.world
    ready = f"{world.base}/health/ready"
    proof.fetch("GET", ready, expect=equals(_READY))
    try:
        proof.ground.stop_database(world.database)
        proof.read(
            f"GET {ready}, for up to {_NOTICED_WITHIN_S:g} s after the database was stopped: the last answer",
            _poll(ready, 503, _NOTICED_WITHIN_S),
            expect=matches(
                r"HTTP 503\n.*What does not hold: database\b.*\"database\":\"The database does not answer\.\".*"
            ),
        )
        proof.fetch(
            "GET",
            f"{world.base}/health",
            expect=equals('HTTP 200\napplication/json\n\n{"status":"healthy"}'),
        )
    finally:
        proof.ground.start_database(world.database)
    proof.read(
        f"GET {ready}, for up to {_BACK_WITHIN_S:g} s after the database was started: the last answer",
        _poll(ready, 200, _BACK_WITHIN_S),
        expect=equals(_READY),
    )
    worker = f"{world.base}/health/worker"
    proof.read(
        f"GET {worker}, for up to {_BACK_WITHIN_S:g} s: the status of the last answer",
        _poll(worker, 200, _BACK_WITHIN_S).partition("\n")[0],
        expect=equals("HTTP 200"),
    )


def _poll(url: str, status: int, seconds: float) -> str:
    """Ask until the answer has the status, or time is up; return the last answer."""
    end = monotonic() + seconds
    while True:
        try:
            # A late answer does not count.
            answer = httpx.get(url, timeout=max(0.1, end - monotonic()))
            said = (
                f"HTTP {answer.status_code}\n{answer.headers.get('content-type')}\n\n{answer.text}"
            )
            if answer.status_code == status:
                return said
        except httpx.TransportError as fault:
            said = f"no answer: {type(fault).__name__}"
        if monotonic() > end:
            return said
        sleep(0.1)


def _metrics_of(world: World) -> tuple[tuple[str, str], ...]:
    return ("api", f"{world.base}/metrics"), ("worker", world.worker_metrics)


def _planted() -> tuple[str, ...]:
    """Return the texts of both tenants, of which nothing may show."""
    return tuple(text for plan in (PLAN_A, PLAN_B) for text in (plan.word, plan.channel))


def _stands_in(text: str, planted: tuple[str, ...]) -> bool:
    return any(one in text.lower() for one in planted)


def _fields(line: str) -> dict[str, Any]:
    try:
        fields = orjson.loads(line)
    except orjson.JSONDecodeError:
        return {}
    return fields if isinstance(fields, dict) else {}


def _tells_too_much(line: str, world: World, planted: tuple[str, ...]) -> bool:
    fields = _fields(line)
    fields.pop("tenant_id", None)
    rest = orjson.dumps(fields).decode() if fields else line
    ids = any(str(own) in rest for own in (world.a, world.b, world.key_a, world.key_b))
    return ids or _E_MAIL.search(rest) is not None or _stands_in(rest, planted)


CHECKS: Final = (
    Check("H-OBS-01/health", "The running service answers that it is healthy.", _prove_health),
    Check(
        "H-OBS-01/metrics",
        "API and worker both tell their metrics, the process's own series among them.",
        _prove_metrics,
    ),
    Check(
        "H-OBS-01/labels",
        "No label of a metric holds a tenant's id, personal data or any text of a tenant.",
        _prove_labels,
    ),
    Check(
        "H-OBS-01/readiness",
        "Readiness says 200 while all is well, names the database with 503 within 5 s of its end, and recovers.",
        _prove_readiness,
    ),
    Check(
        "H-OBS-01/logs",
        "No line of a log, also of when the database was away, holds personal data, a key or a text of a tenant.",
        _prove_logs,
    ),
)
