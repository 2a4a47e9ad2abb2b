"""Whether the process answers, whether it can do its work, whether workers do theirs, and what it has counted."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Annotated, Literal

import asyncpg
from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import PlainTextResponse
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from pydantic import BaseModel

from skeldir.http.direct import DirectRoute
from skeldir.http.probes import Probe
from skeldir.http.problems import Problem, answer_problem, make_problem
from skeldir.http.store import queries
from skeldir.observability import DATABASE_UP, READY, READY_CHECKS

if TYPE_CHECKING:
    from skeldir.db import Connection, Database

# Whoever watches asks often, and many do at once.
router = APIRouter(tags=["health"], route_class=DirectRoute)

_HOLDS = "ok"


class Health(BaseModel):
    """The process is up."""

    status: Literal["healthy"]


class Readiness(BaseModel):
    """The process can do its work: each check says `ok`."""

    status: Literal["ready"]
    checks: dict[str, str]


class NotReady(Problem):
    """The process cannot do its work; the checks that do not say `ok` say why."""

    checks: dict[str, str]


class ProcessesSeen(BaseModel):
    """How many processes of a role were heard of in the last 15 seconds, and when one last was."""

    alive: int
    seen_at: datetime


class WorkerHealth(BaseModel):
    """Some worker works; the processes by their role, `worker` or `beat`."""

    status: Literal["healthy"]
    processes: dict[str, ProcessesSeen]


class WorkerGone(Problem):
    """No worker was heard of; the processes that once were, by their role."""

    processes: dict[str, ProcessesSeen]


@dataclass(frozen=True, slots=True)
class Needs:
    """What the rooms above hand down: what must hold, who tells of the workers, and who sets the gauges."""

    revision: str
    view_names: frozenset[str]
    heartbeats: Callable[[Connection], Awaitable[Mapping[str, tuple[int, datetime]]]]
    samplers: Sequence[Callable[[Database], Awaitable[None]]]


class Watch:
    """The questions that the routes of this module put to the database."""

    def __init__(self, database: Database, needs: Needs) -> None:
        self._database = database
        self._needs = needs
        self._readiness = Probe(self._check)
        self._heartbeats = Probe(self._hear)
        self._samples = Probe(self._sample, keep_s=1.0)
        self._exposition = Probe(partial(asyncio.to_thread, generate_latest))

    async def checks(self) -> dict[str, str]:
        """Return `ok`, or one sentence, for each of READY_CHECKS, and set the gauge READY."""
        told = await self._readiness.answer()
        if told is None:
            told = dict.fromkeys(READY_CHECKS, "It could not be looked at.")
            told["database"] = "The database does not answer."
        for check, sentence in told.items():
            READY.labels(check).set(sentence == _HOLDS)
        DATABASE_UP.set(told["database"] == _HOLDS)
        return told

    async def heartbeats(self) -> Mapping[str, tuple[int, datetime]] | None:
        """Return how many are alive of each role, and when one was last seen; None when nobody could be asked."""
        return await self._heartbeats.answer()

    async def expose(self) -> bytes:
        """Return the metrics as Prometheus reads them; gauges of a database that does not answer stay as they were.

        Writing takes some tens of milliseconds. A thread does it, and requests that arrive meanwhile share the result.
        """
        await asyncio.gather(self.checks(), self._samples.answer())
        written = await self._exposition.answer()
        return await asyncio.to_thread(generate_latest) if written is None else written

    async def close(self) -> None:
        """Stop asking."""
        for probe in (self._readiness, self._heartbeats, self._samples, self._exposition):
            await probe.close()

    async def _check(self) -> dict[str, str]:
        async with self._database.statement() as connection:
            return {
                "database": _HOLDS,
                "schema": await self._check_schema(connection),
                "views": await self._check_views(connection),
                "role": await self._check_role(connection),
            }

    async def _check_schema(self, connection: Connection) -> str:
        try:
            found = await queries.select_readiness_revision(connection)
        except (asyncpg.UndefinedTableError, asyncpg.InsufficientPrivilegeError):
            found = None
        if found == self._needs.revision:
            return _HOLDS
        return f"The schema is at revision {found or 'none'}, the program needs {self._needs.revision}."

    async def _check_views(self, connection: Connection) -> str:
        found = {row["name"] for row in await queries.select_readiness_views(connection)}
        differing = sorted(found ^ self._needs.view_names)
        return (
            f"The registry and the database differ in {', '.join(differing)}."
            if differing
            else _HOLDS
        )

    async def _check_role(self, connection: Connection) -> str:
        row = await queries.select_readiness_role(connection)
        return "The role bypasses row-level security." if row["is_unbound"] else _HOLDS

    async def _hear(self) -> Mapping[str, tuple[int, datetime]]:
        async with self._database.statement() as connection:
            return await self._needs.heartbeats(connection)

    async def _sample(self) -> None:
        for sampler in self._needs.samplers:
            await sampler(self._database)


async def _watch_of(request: Request) -> Watch:
    watch: Watch = request.app.state.watch
    return watch


AppWatch = Annotated[Watch, Depends(_watch_of)]


@router.get("/health", response_model=Health, summary="The process answers")
async def health() -> Response:
    """Say that the process answers; it does not ask the database."""
    return _answer(Health(status="healthy"))


@router.get("/health/live", response_model=Health, summary="The process need not be restarted")
async def live() -> Response:
    """Say that the process answers; a database that is away is no reason to restart it."""
    return _answer(Health(status="healthy"))


@router.get(
    "/health/ready",
    response_model=Readiness,
    responses={503: {"model": NotReady}},
    summary="The process can do its work",
)
async def ready(watch: AppWatch) -> Response:
    """Look at the database, its revision, its views and the program's role; 503 names what does not hold."""
    checks = await watch.checks()
    failing = [check for check, sentence in checks.items() if sentence != _HOLDS]
    if not failing:
        return _answer(Readiness(status="ready", checks=checks))
    problem = make_problem(
        503,
        "Not ready",
        "not_ready",
        f"What does not hold: {', '.join(failing)}.",
        "See to what the checks name; the process goes on by itself when they hold.",
    )
    return answer_problem(NotReady(**dict(problem), checks=checks))


@router.get(
    "/health/worker",
    response_model=WorkerHealth,
    responses={503: {"model": WorkerGone}},
    summary="Some worker works",
)
async def worker(watch: AppWatch) -> Response:
    """Say which processes were heard of in the last 15 seconds; 503 when no worker was."""
    heard = await watch.heartbeats()
    processes = {
        role: ProcessesSeen(alive=alive, seen_at=seen_at)
        for role, (alive, seen_at) in (heard or {}).items()
    }
    if "worker" in processes and processes["worker"].alive:
        return _answer(WorkerHealth(status="healthy", processes=processes))
    problem = make_problem(
        503,
        "No worker works",
        "worker_gone",
        "The database does not answer."
        if heard is None
        else "No worker was heard of in the last 15 seconds.",
        "Start one with `skeldir worker`; what is to be done stays until then.",
    )
    return answer_problem(WorkerGone(**dict(problem), processes=processes))


@router.get(
    "/metrics",
    response_class=PlainTextResponse,
    summary="What the process has counted, as Prometheus reads it",
)
async def metrics(watch: AppWatch) -> Response:
    """Return what this process has counted, and gauges of the database, as Prometheus reads them."""
    return Response(await watch.expose(), headers={"Content-Type": CONTENT_TYPE_LATEST})


def _answer(said: BaseModel) -> Response:
    return Response(said.model_dump_json(), media_type="application/json")
