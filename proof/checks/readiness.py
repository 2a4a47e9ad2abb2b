"""H-OBS-01, how the service reports its health: whatever fails is named, and after its repair all is well again."""

from __future__ import annotations

from time import monotonic, sleep
from typing import Final, LiteralString

import httpx2

from proof.contract import Check
from proof.stage.expectations import done, equals, has_row, shows
from proof.stage.ground import APP_USER
from proof.stage.proving import Proof
from proof.stage.tables import print_table

_NOTICED_WITHIN_S: Final = 5.0
_BACK_WITHIN_S: Final = 30.0
_HEALTHY: Final = 'HTTP 200\napplication/json\n\n{"status":"healthy"}'
_READY: Final = (
    'HTTP 200\napplication/json\n\n{"status":"ready","checks":'
    '{"database":"ok","schema":"ok","views":"ok","role":"ok"}}'
)
_PROBLEM: Final = "application/problem+json"

# A part of the readiness, what breaks it and what repairs it, the command tag of both, and the answer about the part.
_OTHER_REVISION: Final[LiteralString] = (
    "UPDATE public.alembic_version SET version_num = reverse(version_num)"
)
_VIEW_GOES: Final[LiteralString] = (
    "ALTER MATERIALIZED VIEW public.mv_realtime_revenue RENAME TO mv_of_another_name"
)
_VIEW_COMES: Final[LiteralString] = (
    "ALTER MATERIALIZED VIEW public.mv_of_another_name RENAME TO mv_realtime_revenue"
)
_BREAKS: Final[tuple[tuple[str, LiteralString, LiteralString, str, str], ...]] = (
    (
        "schema",
        _OTHER_REVISION,
        _OTHER_REVISION,
        "UPDATE 1",
        "The schema is at revision <word>, the program needs <word>.",
    ),
    (
        "views",
        _VIEW_GOES,
        _VIEW_COMES,
        "ALTER MATERIALIZED VIEW",
        "The registry and the database differ in mv_of_another_name, mv_realtime_revenue.",
    ),
)
_COLUMNS: Final = ("part", "answer")
_NO_WORKER: Final = shows(
    _COLUMNS,
    ("status", 503),
    ("code", "worker_gone"),
    ("detail", "No worker sent a heartbeat in the last 15 seconds."),
)
_FORGET_WORKERS: Final[LiteralString] = "DELETE FROM public.heartbeats WHERE role = 'worker'"


def _prove_readiness(proof: Proof) -> None:
    world = proof.world
    ready = f"{world.base}/health/ready"
    proof.fetch("GET", ready, expect=equals(_READY))
    for broken in _BREAKS:
        _prove_named(proof, *broken)
    try:
        proof.ground.stop_database(world.database)
        proof.read(
            f"GET {ready}, for up to {_NOTICED_WITHIN_S:g} s after the database was stopped: the last answer in short",
            _poll(ready, 503, _NOTICED_WITHIN_S)[0],
            expect=(
                has_row(part="status", answer="503"),
                has_row(
                    part="detail",
                    answer=tuple(f"Failed checks: database{end}" for end in (".", ", <text>")),
                ),
                has_row(part="database", answer="The database does not answer."),
            ),
        )
        proof.fetch("GET", f"{world.base}/health", expect=equals(_HEALTHY))
    finally:
        proof.ground.start_database(world.database)
    proof.read(
        f"GET {ready}, for up to {_BACK_WITHIN_S:g} s after the database was started: the last answer in short",
        _poll(ready, 200, _BACK_WITHIN_S)[0],
        expect=equals(_READY),
    )
    _prove_worker_is_heard(proof)


def _prove_named(
    proof: Proof,
    part: str,
    breaking: LiteralString,
    repairing: LiteralString,
    tag: str,
    says: str,
) -> None:
    """See that the readiness names one part, and no other, while it is broken."""
    world = proof.world
    ready = f"{world.base}/health/ready"
    checks = dict.fromkeys(("database", "schema", "views", "role"), "ok") | {part: says}
    with proof.session(proof.ground.admin, world.database) as session:
        try:
            session.ask(breaking, expect=done(tag))
            proof.read(
                f"GET {ready}, for up to {_NOTICED_WITHIN_S:g} s after that: the last answer in short",
                _poll(ready, 503, _NOTICED_WITHIN_S)[0],
                expect=shows(
                    _COLUMNS,
                    ("status", 503),
                    ("code", "not_ready"),
                    ("detail", f"Failed checks: {part}."),
                    *checks.items(),
                ),
            )
        finally:
            session.ask(repairing, expect=done(tag))
    proof.read(
        f"GET {ready}, for up to {_NOTICED_WITHIN_S:g} s after its repair: the last answer in short",
        _poll(ready, 200, _NOTICED_WITHIN_S)[0],
        expect=equals(_READY),
    )


def _prove_worker(proof: Proof) -> None:
    """The worker beats every few seconds, perhaps between the deletion and the question: so both are repeated."""
    world = proof.world
    worker = f"{world.base}/health/worker"
    _prove_worker_is_heard(proof)
    end = monotonic() + _NOTICED_WITHIN_S
    with world.connect() as connection:
        while True:
            connection.execute(_FORGET_WORKERS)
            answered, is_gone = _poll(worker, 503, 1.0)
            if is_gone or monotonic() > end:
                break
    proof.read(
        f"GET {worker} right after {APP_USER} did `{_FORGET_WORKERS}`, both until it says 503, for up to "
        f"{_NOTICED_WITHIN_S:g} s: the last answer in short",
        answered,
        expect=_NO_WORKER,
    )
    _prove_worker_is_heard(proof)


def _prove_worker_is_heard(proof: Proof) -> None:
    worker = f"{proof.world.base}/health/worker"
    proof.read(
        f"GET {worker}, for up to {_BACK_WITHIN_S:g} s: the status of the last answer",
        _poll(worker, 200, _BACK_WITHIN_S)[0].partition("\n")[0],
        expect=equals("HTTP 200"),
    )


def _poll(url: str, status: int, seconds: float) -> tuple[str, bool]:
    """Ask until the answer has the status, or time is up; return the last answer, and whether it has.

    Of a problem only the status, code, detail and checks, as a table: the rest is another for each request.
    """
    end = monotonic() + seconds
    while True:
        try:
            # A late answer does not count.
            answer = httpx2.get(url, timeout=max(0.1, end - monotonic()))
            written = _write(answer)
            if answer.status_code == status:
                return written, True
        except httpx2.TransportError as fault:
            written = f"no answer: {type(fault).__name__}"
        if monotonic() > end:
            return written, False
        sleep(0.1)


def _write(answer: httpx2.Response) -> str:
    content_type = answer.headers.get("content-type")
    if content_type != _PROBLEM:
        return f"HTTP {answer.status_code}\n{content_type}\n\n{answer.text}"
    problem = answer.json()
    head = [
        ("status", answer.status_code),
        ("code", problem.get("code")),
        ("detail", problem.get("detail")),
    ]
    return print_table(_COLUMNS, [*head, *(problem.get("checks") or {}).items()])


CHECKS: Final = (
    Check(
        "H-OBS-01/worker",
        "/health/worker is 503 when no worker was heard of, and 200 again from a worker's next heartbeat.",
        _prove_worker,
    ),
    Check(
        "H-OBS-01/readiness",
        "Readiness is 200 while all is well; it names a wrong schema, wrong views and within 5 s the database's end "
        "with 503, and recovers.",
        _prove_readiness,
    ),
)
