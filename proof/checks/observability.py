"""H-OBS-01: the running service cannot be seen, or shows what it must not. Stops the database, so it comes last."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any, Final

import httpx2
import orjson

from proof.checks import labels, readiness
from proof.contract import Check
from proof.stage.expectations import contains, equals, has_row, no_rows
from proof.stage.planting import PLAN_A, PLAN_B
from proof.stage.proving import Proof
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
            f"GET /metrics of the {process}: the status, its own series, and the families it shows",
            "\n".join([f"HTTP {answer.status_code}", *lines]),
            expect=contains(
                f'\n{_OWN_SERIES}{{generation="0"}} <decimal>',
                "\n# TYPE skeldir_<word> <word>",
                begins="HTTP 200",
            ),
        )


def _prove_logs(proof: Proof) -> None:
    """Tenant ids may stand in a line's field `tenant_id`, which names whose work it was, and nowhere else."""
    world = proof.world
    planted = _planted()
    for process, log in world.logs.items():
        lines = log.read_text(errors="replace").splitlines()
        events = Counter(str(_fields(line).get("event") or "no event") for line in lines)
        proof.tabulate(
            f"every line that the {process} wrote: how many of each event",
            ("event", "lines"),
            sorted(events.items()),
            expect=has_row(event=_EVENT_OF[process]),
        )
        proof.tabulate(
            "those with an e-mail address, a text of a tenant, a key, or a tenant's id elsewhere than in the line's "
            "field tenant_id",
            ("line",),
            [(line,) for line in lines if _shows_too_much(line, world, planted)],
            expect=no_rows(),
        )


_EVENT_OF: Final = {
    "api": "http.answered",
    "worker": "jobs.ended",
    "beat": "jobs.beat_began",
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


def _shows_too_much(line: str, world: World, planted: tuple[str, ...]) -> bool:
    fields = _fields(line)
    fields.pop("tenant_id", None)
    rest = orjson.dumps(fields).decode() if fields else line
    ids = any(str(own) in rest for own in (world.a, world.b, world.key_a, world.key_b))
    return ids or _E_MAIL.search(rest) is not None or _stands_in(rest, planted)


CHECKS: Final = (
    Check("H-OBS-01/health", "The running service answers that it is healthy.", _prove_health),
    Check(
        "H-OBS-01/metrics",
        "API and worker both show their metrics, the process's own series among them.",
        _prove_metrics,
    ),
    *labels.CHECKS,
    *readiness.CHECKS,
    Check(
        "H-OBS-01/logs",
        "No line of a log, even of when the database was away, holds personal data, a key or a text of a tenant.",
        _prove_logs,
    ),
)
