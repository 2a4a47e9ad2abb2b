"""Health of the process, its readiness, the health of workers, and the metrics."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Annotated, Literal

import asyncpg
from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import PlainTextResponse
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from pydantic import BaseModel

from skeldir.db import NodeUnreachable, has_nodes, list_silent_nodes, refuses_writes
from skeldir.http.direct import DirectRoute
from skeldir.http.probes import Probe
from skeldir.http.problems import Problem, answer_problem, make_problem
from skeldir.http.store import queries
from skeldir.observability import DATABASE_UP, NODES_UP, READY, READY_CHECKS

if TYPE_CHECKING:
    from skeldir.db import Connection, Database, Replica

# Monitoring systems ask often, and several at once.
router = APIRouter(tags=["health"], route_class=DirectRoute)

_HOLDS = "ok"
_READ_ONLY = "It takes no writes: it is a standby, or read-only."


class Health(BaseModel):
    """The process is up."""

    status: Literal["healthy"]


class Readiness(BaseModel):
    """The process can do its work: every check is `ok`.

    `replica` is there if a read replica is set up: `ok`, or why reports are read from the primary.
    `nodes` is there on a Citus database: `ok`, or which nodes do not answer. Tenants on the others are served.
    """

    status: Literal["ready"]
    checks: dict[str, str]
    replica: str | None = None
    nodes: str | None = None


class NotReady(Problem):
    """The process cannot do its work; checks other than `ok` give the reason."""

    checks: dict[str, str]


class ProcessesSeen(BaseModel):
    """How many processes of a role sent a heartbeat in the last 15 seconds, and when the last one was."""

    alive: int
    seen_at: datetime


class WorkerHealth(BaseModel):
    """At least one worker is running; the processes by their role, `worker` or `beat`."""

    status: Literal["healthy"]
    processes: dict[str, ProcessesSeen]


class WorkerGone(Problem):
    """No worker sent a heartbeat; the processes that once did, by their role."""

    processes: dict[str, ProcessesSeen]


@dataclass(frozen=True, slots=True)
class Needs:
    """What the rooms above provide: the checks, the source of heartbeats, and the samplers of gauges."""

    revision: str
    view_names: frozenset[str]
    heartbeats: Callable[[Connection], Awaitable[Mapping[str, tuple[int, datetime]]]]
    samplers: Sequence[Callable[[Database], Awaitable[None]]]


class Watch:
    """The database queries of the routes of this module."""

    def __init__(self, database: Database, needs: Needs, replica: Replica | None = None) -> None:
        self._database = database
        self._replica = replica
        self._needs = needs
        self._readiness = Probe(self._check)
        self._nodes = Probe(self._ask_nodes, keep_s=1.0)
        self._has_nodes = False
        self._heartbeats = Probe(self._hear)
        self._samples = Probe(self._sample, keep_s=1.0)
        self._exposition = Probe(partial(asyncio.to_thread, generate_latest))

    async def checks(self) -> dict[str, str]:
        """Return `ok`, or a sentence, for each of READY_CHECKS; set the gauge READY."""
        results = await self._readiness.answer()
        if results is None:
            results = dict.fromkeys(READY_CHECKS, "It could not be checked.")
            results["database"] = "The database does not answer."
        for check, sentence in results.items():
            READY.labels(check).set(sentence == _HOLDS)
        DATABASE_UP.set(results["database"] == _HOLDS)
        return results

    def describe_replica(self) -> str | None:
        """Return `ok`, a sentence about why the read replica is not used, or None without one."""
        return None if self._replica is None else self._replica.describe()

    async def describe_nodes(self) -> str | None:
        """Return `ok`, or which nodes of a Citus database do not answer; None on one server. Set the gauge NODES_UP.

        It is a question of its own: a node that is cut off may keep the coordinator waiting for longer than the checks.
        """
        silent = await self._nodes.answer()
        sentence = None
        if self._has_nodes:
            sentence = "They could not be asked."
            if silent is not None:
                sentence = f"No answer from {', '.join(silent)}." if silent else _HOLDS
        NODES_UP.set(sentence in (None, _HOLDS))
        return sentence

    async def heartbeats(self) -> Mapping[str, tuple[int, datetime]] | None:
        """Return how many processes of each role are alive, and when one was last seen; None when the query failed."""
        return await self._heartbeats.answer()

    async def expose(self) -> bytes:
        """Return the metrics in the Prometheus format; gauges keep their values when the database does not answer.

        Rendering takes some tens of milliseconds. A thread does it; requests that arrive during that time share the
        result.
        """
        await asyncio.gather(self.checks(), self.describe_nodes(), self._samples.answer())
        written = await self._exposition.answer()
        return await asyncio.to_thread(generate_latest) if written is None else written

    async def close(self) -> None:
        """Stop asking."""
        for probe in (
            self._readiness,
            self._nodes,
            self._heartbeats,
            self._samples,
            self._exposition,
        ):
            await probe.close()

    async def _check(self) -> dict[str, str]:
        async with self._database.statement() as connection:
            return {
                "database": _READ_ONLY if refuses_writes(connection) else _HOLDS,
                "schema": await self._check_schema(connection),
                "views": await self._check_views(connection),
                "role": await self._check_role(connection),
            }

    async def _ask_nodes(self) -> list[str]:
        async with self._database.statement() as connection:
            # It is known also while no answer comes about the nodes.
            self._has_nodes = await has_nodes(connection)
            return await list_silent_nodes(connection) if self._has_nodes else []

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
            # What is asked of all nodes fails while one is away; what the coordinator knows does not.
            with suppress(NodeUnreachable):
                await sampler(self._database)


async def _watch_of(request: Request) -> Watch:
    watch: Watch = request.app.state.watch
    return watch


AppWatch = Annotated[Watch, Depends(_watch_of)]


@router.get("/health", response_model=Health, summary="The process answers")
async def health() -> Response:
    """Report that the process answers; the database is not queried."""
    return _answer(Health(status="healthy"))


@router.get("/health/live", response_model=Health, summary="The process does not need a restart")
async def live() -> Response:
    """Report that the process answers; an unreachable database is no reason to restart it."""
    return _answer(Health(status="healthy"))


@router.get(
    "/health/ready",
    response_model=Readiness,
    responses={503: {"model": NotReady}},
    summary="The process can do its work",
)
async def ready(watch: AppWatch) -> Response:
    """Check the database, its revision, its views and the program's role; 503 names the failed checks.

    A read replica is not needed: without it, reports are read from the primary. A node of a Citus database that does
    not answer is named, and is no failed check: other tenants are served.
    """
    checks, nodes = await asyncio.gather(watch.checks(), watch.describe_nodes())
    failing = [check for check, sentence in checks.items() if sentence != _HOLDS]
    if not failing:
        replica = watch.describe_replica()
        return _answer(Readiness(status="ready", checks=checks, replica=replica, nodes=nodes))
    problem = make_problem(
        503,
        "Not ready",
        "not_ready",
        f"Failed checks: {', '.join(failing)}.",
        "Fix what the checks name; the process continues by itself when they pass.",
    )
    return answer_problem(NotReady(**dict(problem), checks=checks))


@router.get(
    "/health/worker",
    response_model=WorkerHealth,
    responses={503: {"model": WorkerGone}},
    summary="A worker is running",
)
async def worker(watch: AppWatch) -> Response:
    """Report the processes that sent a heartbeat in the last 15 seconds; 503 when no worker did."""
    heard = await watch.heartbeats()
    processes = {
        role: ProcessesSeen(alive=alive, seen_at=seen_at)
        for role, (alive, seen_at) in (heard or {}).items()
    }
    if "worker" in processes and processes["worker"].alive:
        return _answer(WorkerHealth(status="healthy", processes=processes))
    problem = make_problem(
        503,
        "No worker is running",
        "worker_gone",
        "The database does not answer."
        if heard is None
        else "No worker sent a heartbeat in the last 15 seconds.",
        "Start one with `skeldir worker`; jobs are kept until then.",
    )
    return answer_problem(WorkerGone(**dict(problem), processes=processes))


@router.get(
    "/metrics",
    response_class=PlainTextResponse,
    summary="Metrics in the Prometheus format",
)
async def metrics(watch: AppWatch) -> Response:
    """Return the metrics of this process and gauges of the database, in the Prometheus format."""
    return Response(await watch.expose(), headers={"Content-Type": CONTENT_TYPE_LATEST})


def _answer(answer: BaseModel) -> Response:
    return Response(answer.model_dump_json(exclude_none=True), media_type="application/json")
