"""The processes: a worker, which does jobs when Celery wakes it, and beat, which runs the pulses."""

from __future__ import annotations

import logging
import os
import signal
import threading
import warnings
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import CancelledError
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from time import sleep
from typing import TYPE_CHECKING, Any

import asyncpg
from celery import signals
from celery.exceptions import SecurityWarning
from celery.utils.log import current_process_index
from celery.worker.consumer import Consumer

from skeldir.db import DatabaseBusy, DatabaseUnreachable, NodeUnreachable, open_database
from skeldir.jobs import QUEUES, JobKind, Pulse, do_jobs
from skeldir.observability import close_tracing, configure_logging, configure_tracing, serve_metrics
from skeldir.processes import BEAT_POOL_SIZE, WORKER_POOL_SIZE, Liveness
from skeldir.settings import Settings, broker_url_of, is_postgres_broker
from skeldir.wakeups.celery_app import make_celery
from skeldir.wakeups.lanes import JobLane
from skeldir.wakeups.loop import Chore, Deadline, WorkLoop
from skeldir.wakeups.pulses import PulseRunner
from skeldir.wakeups.waker import Waker

if TYPE_CHECKING:
    from skeldir.db import Database

logger = logging.getLogger(__name__)

# A worker takes over a pulse that is half a period late: beat is away, or stopped.
_WORKER_PATIENCE = 0.5
# After this time a task makes way for other kinds of jobs, and wakes itself again.
_BUDGET_S = 1.0
_SIGN_S = 1.0
# Where an API runs on the same machine its clients come first; on a machine of their own workers lose nothing.
_NICENESS = 10


@dataclass(slots=True)
class WorkerResources:
    """What a worker or beat has: a loop with a pool, a waker, its metrics. Forked children get their own.

    Only the deadline is shared with them: their parent alone gets the signal that sets it. `metrics_port` is this
    process's, or the first one of the children's; 0: none. `wake_own` gets kinds of jobs, wakes what does them in this
    process, and returns the others.
    """

    settings: Settings
    database_url: str
    role: str
    liveness: Liveness
    pool_size: int = WORKER_POOL_SIZE
    metrics_port: int = 0
    chores: Sequence[Chore] = ()
    wake_own: Callable[[frozenset[str]], frozenset[str]] = lambda kinds: kinds
    deadline: Deadline = field(default_factory=Deadline)
    waker: Waker = field(init=False)
    loop: WorkLoop = field(init=False)
    stop_metrics: Callable[[], None] = field(init=False)
    is_ready: bool = False

    def make_ready(self, **_signal: Any) -> None:
        # Celery numbers the children that it forks; the successor of a lost one has its number.
        number = current_process_index(base=0) or 0
        self.stop_metrics = serve_metrics(self.metrics_port and self.metrics_port + number)
        self.waker = Waker(self.settings, self.database_url)
        self.loop = WorkLoop(
            self._open_pool,
            role=self.role,
            liveness=self.liveness,
            chores=self.chores,
            deadline=self.deadline,
        )
        self.loop.start()
        self.is_ready = True

    def close(self, **_signal: Any) -> None:
        if self.is_ready:
            self.is_ready = False
            self.loop.stop()
            self.waker.close()
            self.stop_metrics()

    def stop_soon(self, **_signal: Any) -> None:
        """Give the running job SKELDIR_SHUTDOWN_TIMEOUT_S to finish, here or in a child that this process forked."""
        self.deadline.set_in(self.settings.skeldir_shutdown_timeout_s)

    def _open_pool(self) -> AbstractAsyncContextManager[Database]:
        return open_database(
            self.database_url,
            pool_size=self.pool_size,
            statement_timeout_ms=self.settings.skeldir_statement_timeout_ms,
            wake=self._wake,
        )

    def _wake(self, kinds: frozenset[str]) -> None:
        if others := self.wake_own(kinds):
            self.waker.wake(others)


@dataclass(frozen=True, slots=True)
class WorkerSlot:
    """Which of the workers a process is: its number, what it is woken for, how many children it forks (0: none)."""

    index: int = 0
    queues: Sequence[str] = QUEUES
    children: int = 0
    life_pipe: int | None = None


def serve_worker(
    settings: Settings,
    database_url: str,
    kinds: Sequence[JobKind],
    pulses: Sequence[Pulse],
    slot: WorkerSlot,
) -> int:
    """Work until SIGTERM or SIGINT, which let the running job finish; return the exit status."""
    _set_up(settings, "worker")
    if os.getpriority(os.PRIO_PROCESS, 0) < _NICENESS:
        os.setpriority(os.PRIO_PROCESS, 0, _NICENESS)
    liveness = Liveness(slot.life_pipe)
    is_forking = slot.children > 0
    port = settings.skeldir_worker_metrics_port
    resources = WorkerResources(
        settings,
        database_url,
        "worker",
        Liveness(is_watched=False) if is_forking else liveness,
        metrics_port=port and port + slot.index,
        chores=[_pulse_chore(pulses, _WORKER_PATIENCE)],
    )
    celery = make_celery(settings, database_url)
    celery.conf.worker_consumer = _watched_consumer(liveness)
    if is_postgres_broker(broker_url_of(settings, database_url)):
        celery.conf.broker_transport_options = {"on_turn": liveness.note}
    for kind in kinds:
        celery.task(_task_of_kind(resources, kind), name=kind.name, ignore_result=True)
    # Its modules would otherwise be loaded after the first task, and make the second one wait.
    _ = celery.backend
    # Celery sends this in the process itself when it runs solo, and in each child when it forks.
    signals.worker_process_init.connect(resources.make_ready, weak=False)
    signals.worker_process_shutdown.connect(resources.close, weak=False)
    signals.worker_shutting_down.connect(resources.stop_soon, weak=False)
    if is_forking:
        threading.Thread(target=_show_life, args=(liveness,), name="life", daemon=True).start()
    worker = celery.Worker(
        pool="prefork" if is_forking else "solo",
        concurrency=slot.children or 1,
        queues=list(slot.queues),
        hostname=f"worker-{slot.index}@%h",
        loglevel=settings.skeldir_log_level.upper(),
        without_gossip=True,
        without_mingle=True,
        without_heartbeat=True,
        quiet=True,
    )
    try:
        worker.start()
    finally:
        resources.close()
        close_tracing()
    return worker.exitcode or 0


def serve_beat(
    settings: Settings,
    database_url: str,
    pulses: Sequence[Pulse],
    lane_kinds: Sequence[JobKind],
    *,
    life_pipe: int | None = None,
) -> int:
    """Run the pulses and do the jobs of `lane_kinds` until SIGTERM or SIGINT; several of it share the work."""
    _set_up(settings, "beat")
    liveness = Liveness(life_pipe)
    lane = JobLane(lane_kinds)
    resources = WorkerResources(
        settings,
        database_url,
        "beat",
        liveness,
        pool_size=BEAT_POOL_SIZE,
        chores=[_pulse_chore(pulses, 0.0), lane.run],
        wake_own=lane.wake,
    )
    stopped = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopped.set())
    resources.make_ready()
    logger.info("jobs.beat_began")
    try:
        while not stopped.wait(_SIGN_S):
            liveness.note()
    finally:
        resources.close()
        close_tracing()
    return 0


def _pulse_chore(pulses: Sequence[Pulse], patience: float) -> Chore:
    """Return a chore that makes a runner in each process, since forked ones share nothing."""

    async def run_pulses(open_pool: Callable[[], Awaitable[Database]]) -> None:
        await PulseRunner(open_pool, pulses, patience=patience).run()

    return run_pulses


def _set_up(settings: Settings, process: str) -> None:
    """Set up logs and traces, and keep Celery from setting up logs of its own."""
    configure_logging(settings, process=process)
    configure_tracing(settings, process=process)
    signals.setup_logging.connect(_leave_logging_alone, weak=False)
    # It warns of running as root, for the sake of pickled messages; ours are JSON.
    warnings.filterwarnings("ignore", category=SecurityWarning)


def _leave_logging_alone(**_signal: Any) -> None:
    pass


def _task_of_kind(resources: WorkerResources, kind: JobKind) -> Callable[[], None]:
    def do_kind() -> None:
        may_be_left = _run_on_loop(
            resources,
            kind.name,
            lambda database: do_jobs(database, {kind.name: kind}, budget_s=_BUDGET_S),
        )
        if may_be_left:
            resources.waker.wake(frozenset({kind.name}))

    return do_kind


def _run_on_loop(resources: WorkerResources, name: str, work: Callable[[Database], Any]) -> Any:
    """Run on the loop. A database that is away, or too busy, is no fault of a task: the sweep wakes for it again."""
    try:
        return resources.loop.run(work)
    except CancelledError:
        logger.warning("jobs.task_cut_off %s", name)
        return None
    except (
        DatabaseUnreachable,
        DatabaseBusy,
        NodeUnreachable,
        asyncpg.PostgresConnectionError,
    ) as fault:
        logger.warning("jobs.task_given_up %s: %s", name, type(fault).__name__)
        return None


def _show_life(liveness: Liveness) -> None:
    while True:
        liveness.show()
        sleep(_SIGN_S)


def _watched_consumer(liveness: Liveness) -> type[Consumer]:
    class WatchedConsumer(Consumer):  # type: ignore[misc]  # Celery has no types
        """A consumer that notes that it is alive, from its own event loop, and may pause while the broker is away."""

        def start(self) -> None:
            if self.hub is not None:
                self.timer.call_repeatedly(_SIGN_S, liveness.note)
            super().start()

        def ensure_connected(self, conn: Any) -> Any:
            with liveness.paused():
                return super().ensure_connected(conn)

    return WatchedConsumer
