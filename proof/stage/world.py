"""Two tenants and the real service: API, worker and beat as processes, filled over HTTP until all views are current."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from time import monotonic, sleep
from typing import Any, Final

import httpx2
import psycopg
from psycopg import sql

from proof.stage.batches import COMPARISON, Batch, batches_of, corrections_of, rates_of, rules_of
from proof.stage.fits import put_fits_in_force
from proof.stage.ground import Ground
from proof.stage.keeping import keep_journeys
from proof.stage.noting import NotedReport, note_reports
from proof.stage.people import let_in
from proof.stage.planting import (
    MARKER_B,
    PLAN_A,
    PLAN_B,
    Item,
    Plan,
    conversions_between,
    conversions_of,
    insert_plain_rows,
    late_conversions_of,
    late_touches_of,
    touches_after_rules,
    touches_between,
    touches_of,
)
from proof.stage.preloaded import PreloadedProgram
from proof.words import TENANTS
from skeldir.attribution import define_models
from skeldir.db import open_database
from skeldir.errors import SkeldirError
from skeldir.inbox import new_key
from skeldir.ingest import add_channels
from skeldir.tenants import create_tenant

DATABASE: Final = "skeldir_prove"
_START_S: Final = 60.0
_SETTLE_S: Final = 60.0
_STOP_S: Final = 15.0
_HIGHEST_PORT: Final = 65_000
_TAIL: Final = 2_000
_SCOPES: Final = ("ingest", "read", "manage")

_CREDIT_IS_DONE: Final = """
    SELECT public.credit_backlog() = 0
       AND NOT EXISTS (SELECT FROM public.job_counts() WHERE kind = 'attribution.credit')"""
_JOBS_ARE_DONE: Final = """
    SELECT public.credit_backlog() = 0
       AND NOT EXISTS (SELECT FROM public.job_counts() WHERE kind <> 'fits.keep_journeys')"""
_BEAT_HAS_ASKED: Final = """
    SELECT EXISTS (SELECT FROM public.matview_refreshes WHERE outcome = 'success')
       AND NOT EXISTS (SELECT FROM public.tenants_without_job('ingest.scan_personal_data', now() - interval '1 day'))"""
_VIEWS_ARE_CURRENT: Final = """
    SELECT public.credit_backlog() = 0
       AND NOT EXISTS (SELECT FROM public.tenants_with_dirty_days())
       AND NOT EXISTS (SELECT FROM public.job_counts() WHERE kind <> 'fits.keep_journeys')
       AND NOT EXISTS (SELECT FROM public.tenants_without_job('ingest.scan_personal_data', now() - interval '1 day'))
       AND NOT EXISTS (SELECT FROM public.tenants_without_job('audit.tenant', now() - interval '1 day'))
       AND (SELECT count(*) = 5 FROM (
                SELECT DISTINCT ON (view_name) view_name, seen FROM public.matview_refreshes
                WHERE outcome = 'success' ORDER BY view_name, started_at DESC, id DESC) last
            WHERE NOT EXISTS (SELECT FROM public.rollup_changes c
                              WHERE NOT pg_visible_in_snapshot(c.changed_by, last.seen)))"""


class ServiceNotProvable(SkeldirError):
    """The service of the proof did not start, take its facts or finish its work."""

    code = "service_not_provable"
    status = 500
    title = "The service could not be brought to where it can be proven"


class World:
    """The service on the database `skeldir_prove`, as a user would run it: three processes as `app_user`.

    `base` is the API's address, `worker_metrics` that of the worker's `/metrics`, `logs` where each process writes.
    `tenants` are `a` and `b` by the names that steps give them. `key_a` and `key_b` have all scopes; `key_read` and
    `key_ingest` are A's as well, and have that scope alone.
    `cookies` are of sessions of A's and B's admins; `sealing_keys` encrypt the secrets of webhook endpoints.
    `noted` are the channel reports as they were while the service was being filled.
    `markers_b` are the texts that stand in every free text of tenant `b`, and in nothing that is `a`'s.
    """

    def __init__(self, ground: Ground) -> None:
        self.ground = ground
        self.database = DATABASE
        self.plans = (PLAN_A, PLAN_B)
        self.a, self.b = PLAN_A.tenant_id, PLAN_B.tenant_id
        self.tenants = dict(zip(TENANTS, (self.a, self.b), strict=True))
        self.markers_b = (MARKER_B, PLAN_B.channel)
        self._port, self._metrics_port = _free_ports()
        self.base = f"http://127.0.0.1:{self._port}"
        self.worker_metrics = f"http://127.0.0.1:{self._metrics_port}/metrics"
        self.logs: dict[str, Path] = {}
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        self._program: PreloadedProgram | None = None
        self.noted: list[NotedReport] = []
        self.cookies: list[str] = []
        self._url = ""
        self.key_a = self.key_b = self.key_read = self.key_ingest = ""
        self.sealing_keys = new_key()
        ground.keep_secret(self.sealing_keys)

    def begin(self) -> None:
        """Start the service and fill it; `close` must follow, also when this fails."""
        self._make_database()
        self._start("api", "serve", "--port", str(self._port))
        self._start("worker", "worker", "--processes", "1")
        self.key_a, self.key_b, self.key_read, self.key_ingest = self._make_keys()
        self._wait(self._is_up, _START_S, "The API and the worker answer.")
        self.cookies = let_in(self.ground, self.base, DATABASE, self.plans)
        self._fill()

    def processes(self) -> list[subprocess.Popen[bytes]]:
        """Return the processes that run: API, worker and beat."""
        return list(self._processes.values())

    def close(self) -> None:
        """End the processes, and wait until they have."""
        for process in self._processes.values():
            process.terminate()
        end = monotonic() + _STOP_S
        for process in self._processes.values():
            with suppress(subprocess.TimeoutExpired):
                process.wait(max(0.1, end - monotonic()))
        for process in self._processes.values():
            # Also what a process left behind: each is the first of a group of its own.
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        self._processes.clear()

    def environment(self) -> Mapping[str, str]:
        """Return the environment of the service's commands: the database as `app_user`, and nothing of the caller's."""
        return {
            **self.ground.environment,
            "DATABASE_URL": self._url,
            "SKELDIR_WORKER_METRICS_PORT": str(self._metrics_port),
            "SKELDIR_SEALING_KEYS": self.sealing_keys,
            "SKELDIR_SHUTDOWN_TIMEOUT_S": "5",
        }

    def connect(self, tenant: object = None) -> psycopg.Connection[Any]:
        """Open a session as `app_user` that commits each statement by itself, bound to `tenant` if one is given."""
        connection = psycopg.connect(self._url, autocommit=True)
        if tenant is not None:
            own = sql.SQL("SET app.current_tenant_id = {}").format(sql.Literal(str(tenant)))
            connection.execute(own)
        return connection

    def run(self, *words: str) -> str:
        """Run a command of the program, and return what it printed.

        Raises:
            ServiceNotProvable: it failed.
        """
        if self._program is None:
            self._program = self.ground.endings.enter_context(
                PreloadedProgram(self.ground, self.environment())
            )
        status, printed = self._program.run(*words)
        if status:
            raise _not_provable(f"`skeldir {' '.join(words[:2])}` failed", printed)
        return printed

    def _make_database(self) -> None:
        self.ground.make_database(DATABASE)
        self.ground.migrate(DATABASE)
        self._url = self.ground.url("app_user", DATABASE)
        asyncio.run(_make_tenants(self._url, self.plans))
        for plan in self.plans:
            with self.connect(plan.tenant_id) as connection:
                insert_plain_rows(connection, plan)

    def _start(self, name: str, *words: str) -> None:
        log = self.ground.scratch / f"{name}.log"
        self.logs[name] = log
        with log.open("ab") as file:
            self._processes[name] = subprocess.Popen(  # noqa: S603 - our own command
                self.ground.skeldir(*words),
                cwd=self.ground.scratch,
                env=self.environment(),
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def _make_keys(self) -> list[str]:
        """Have `skeldir keys create` make a key of all scopes for each tenant, and two of one scope each for A."""
        plans = (*self.plans, PLAN_A, PLAN_A)
        keys = []
        for plan, allowed in zip(plans, (_SCOPES, _SCOPES, ("read",), ("ingest",)), strict=True):
            scopes = (word for scope in allowed for word in ("--scope", scope))
            words = ("keys", "create", str(plan.tenant_id), "--name", f"{plan.word} key", *scopes)
            # Beside the key it says what the key is for.
            keys.append(self.run(*words).rstrip().rpartition("\n")[2])
            self.ground.keep_secret(keys[-1])
        return keys

    def _is_up(self) -> bool:
        return all(
            _status(f"{self.base}/health/{part}") == httpx2.codes.OK for part in ("ready", "worker")
        )

    def _fill(self) -> None:
        """Send both tenants' facts, let the worker credit them, let beat ask for work, and refresh all views.

        In between other models are in force for a while, in which more facts come, and more come after it: so credit is
        taken off, worked out again from what is stored of the orders, and replaced. A fit is put in force beside them.
        """
        keys = (self.key_a, self.key_b)
        for plan, key in zip(self.plans, keys, strict=True):
            self._send("touches", touches_of(plan), key, refused=2)
            self._send("conversions", conversions_of(plan), key, refused=2)
            self._send_batches(key, [*batches_of(plan)[:2], rates_of(plan)])
        with self.connect() as connection:
            self._wait(lambda: _holds(connection, _CREDIT_IS_DONE), _SETTLE_S, "All is credited.")
        self._credit()
        self._note_reports("after the first facts")
        self._change_models(lookback_days=20)
        for plan, key in zip(self.plans, keys, strict=True):
            self._send("touches", touches_between(plan), key)
            self._send("conversions", conversions_between(plan), key)
        self._credit()
        self._note_reports("while models looked back 20 days")
        for plan, key in zip(self.plans, keys, strict=True):
            self._send_batches(key, batches_of(plan)[2:])
        self._change_models()
        asyncio.run(put_fits_in_force(self._url, self.plans))
        for plan, key in zip(self.plans, keys, strict=True):
            self._send("touches", late_touches_of(plan), key)
            self._send("conversions", late_conversions_of(plan), key)
        self._credit()
        for key in keys:
            self._send_batches(key, [COMPARISON])
        self._note_reports("before it had rules of its own")
        for plan, key in zip(self.plans, keys, strict=True):
            self._send_batches(key, [*corrections_of(plan)[:2], *rules_of(plan)])
            self._send("touches", touches_after_rules(plan), key)
            self._send_batches(key, corrections_of(plan)[2:])
        self._start("beat", "beat")
        with self.connect() as connection:
            self._wait(lambda: _holds(connection, _BEAT_HAS_ASKED), _SETTLE_S, "Beat asks.")
        self.refresh()

    def _change_models(self, **parameters: Any) -> None:
        """Put models with other parameters in force, the default ones without any, and have the orders credited."""
        asyncio.run(_define_models(self._url, self.plans, parameters))
        self._credit()

    def _credit(self) -> None:
        """Run `skeldir credit` on what waits, as a change of models from here wakes no worker, and keep journeys."""
        self.run("credit")
        keep_journeys(self._url, self.tenants.values())

    def refresh(self) -> None:
        """Refresh all views as soon as no job waits; beat would let them reach half of their permitted age first."""
        with self.connect() as connection:
            self._wait(lambda: _holds(connection, _JOBS_ARE_DONE), _SETTLE_S, "No job waits.")
        self.run("refresh")
        self.settle()

    def settle(self) -> None:
        """Wait until no job waits and all views show what there is.

        Raises:
            ServiceNotProvable: that takes too long.
        """
        with self.connect() as connection:
            self._wait(
                lambda: _holds(connection, _VIEWS_ARE_CURRENT),
                _SETTLE_S,
                "No job waits, and all views are current.",
            )

    def _send(self, path: str, items: list[Item], key: str, *, refused: int = 0) -> None:
        answer = httpx2.post(
            f"{self.base}/v1/{path}",
            json=items,
            headers={"Authorization": f"Bearer {key}"},
            timeout=30,
        )
        receipt = answer.json()
        if (
            answer.status_code != httpx2.codes.OK
            or receipt["accepted"] != len(items) - refused
            or len(receipt["rejected"]) != refused
        ):
            raise _not_provable(f"POST /v1/{path} answered otherwise than it should", answer.text)

    def _note_reports(self, when: str) -> None:
        self.noted += note_reports(self.base, self.tenants, (self.key_a, self.key_b), when)

    def _send_batches(self, key: str, batches: list[Batch]) -> None:
        for batch in batches:
            answer = httpx2.post(
                f"{self.base}/v1/{batch.path}",
                json=batch.items,
                headers={"Authorization": f"Bearer {key}"},
                timeout=30,
            )
            counts = tuple(answer.json().get(name) for name in ("new", "restated", "unchanged"))
            if not answer.is_success or counts != batch.counts:
                raise _not_provable(f"POST /v1/{batch.path} answered otherwise", answer.text)

    def _wait(self, holds: Callable[[], bool], seconds: float, what: str) -> None:
        end = monotonic() + seconds
        while not holds():
            for name, process in self._processes.items():
                if process.poll() is not None:
                    raise _not_provable(f"The process `{name}` ended", self._tail(name))
            if monotonic() > end:
                logs = "\n".join(self._tail(name) for name in self.logs)
                raise _not_provable(f"Not so within {seconds:g} s: {what}", logs)
            sleep(0.1)

    def _tail(self, name: str) -> str:
        text = self.logs[name].read_text(errors="replace")[-_TAIL:]
        return self.ground.without_secrets(text)


@contextmanager
def open_world(ground: Ground) -> Iterator[World]:
    """Start the service, fill it, and end it at the end of the block.

    Raises:
        ServiceNotProvable: it did not start, take its facts or finish its work; nothing of it is left then.
    """
    world = World(ground)
    try:
        world.begin()
        yield world
    finally:
        world.close()


def world_of(ground: Ground) -> World:
    """Return the world on this ground; it is opened on first use, and closed with the ground."""
    return ground.keep(open_world)


async def _make_tenants(url: str, plans: tuple[Plan, ...]) -> None:
    """Make the tenants with ids that stay the same from proof to proof, which no command gives."""
    async with open_database(url, pool_size=1, statement_timeout_ms=30_000) as database:
        for plan in plans:
            async with database.tenant(plan.tenant_id) as connection:
                await create_tenant(connection, plan.tenant_id, plan.name)
                await define_models(connection, plan.tenant_id)
                await add_channels(connection, plan.tenant_id, {plan.channel: plan.name})


async def _define_models(url: str, plans: tuple[Plan, ...], parameters: Mapping[str, Any]) -> None:
    async with open_database(url, pool_size=1, statement_timeout_ms=30_000) as database:
        for plan in plans:
            async with database.tenant(plan.tenant_id) as connection:
                await define_models(connection, plan.tenant_id, **parameters)


def _not_provable(what: str, printed: str) -> ServiceNotProvable:
    return ServiceNotProvable(
        f"{what}: {printed.strip() or 'it printed nothing'}",
        cure="Correct what it names; `skeldir up` shows whether the service runs by itself.",
    )


def _holds(connection: psycopg.Connection[Any], question: Any) -> bool:
    row = connection.execute(question).fetchone()
    return bool(row and row[0])


def _status(url: str) -> int:
    try:
        return httpx2.get(url, timeout=5).status_code
    except httpx2.TransportError:
        return 0


def _free_ports() -> tuple[int, int]:
    """Return two ports of the loopback that nobody listens on; the second may serve metrics."""
    with socket.create_server(("127.0.0.1", 0)) as one:
        while True:
            with socket.create_server(("127.0.0.1", 0)) as other:
                if other.getsockname()[1] <= _HIGHEST_PORT:
                    return one.getsockname()[1], other.getsockname()[1]
