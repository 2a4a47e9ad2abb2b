"""H-OBS-01: the running service cannot be seen, or shows what it must not. Stops the database, so it comes last."""

from __future__ import annotations

import re
from typing import Any, Final

import httpx2
import orjson

from proof.checks import labels, readiness
from proof.contract import Check
from proof.stage.planting import PLAN_A, PLAN_B
from proof.stage.proving import Proof
from proof.stage.steps import equals, matches
from proof.stage.world import World

_OWN_SERIES: Final = "python_gc_objects_collected_total"
_E_MAIL: Final = re.compile(r"[\w.+-]+(?:@|%40)[\w-]+\.[\w.-]+")


def _prove_health(proof: Proof) -> None:
    proof.fetch(
        "GET",
        f"{proof.world.base}/health",
        expect=equals('HTTP 200\napplication/json\n\n{"status":"healthy"}'),
    )


def _prove_metrics(proof: Proof) -> None:
    world = proof.world
    for process, url in _metrics_of(world):
        answer = httpx2.get(url, timeout=30)
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


def _prove_logs(proof: Proof) -> None:
    """Tenant ids may stand in a line's own field, which says whose work it was, and nowhere else."""
    world = proof.world
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
    *labels.CHECKS,
    *readiness.CHECKS,
    Check(
        "H-OBS-01/logs",
        "No line of a log, also of when the database was away, holds personal data, a key or a text of a tenant.",
        _prove_logs,
    ),
)
