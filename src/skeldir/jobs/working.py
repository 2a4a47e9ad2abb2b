"""The processes behind Celery: a worker that does jobs when it is woken, and beat, which wakes it now and then."""

from __future__ import annotations

import logging
import threading
import warnings
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from time import sleep
from typing import TYPE_CHECKING, Any

import asyncpg
from celery import signals
from celery.apps.beat import Beat
from celery.exceptions import SecurityWarning
from celery.utils.log import current_process_index
from celery.worker.consumer import Consumer

from skeldir.db.pool import DatabaseBusy, DatabaseUnreachable, open_database
from skeldir.jobs.beat import BeatTurn, make_scheduler
from skeldir.jobs.celery_app import make_celery
from skeldir.jobs.kinds import QUEUES, JobKind, Pulse
from skeldir.jobs.life import Life
from skeldir.jobs.loop import WorkLoop
from skeldir.jobs.wake import Waker
from skeldir.jobs.work import do_jobs
from skeldir.observability.logs import configure_logging
from skeldir.observability.metrics import serve_metrics
from skeldir.observability.tracing import close_tracing, configure_tracing
from skeldir.settings import Settings, broker_url_of, is_postgres_broker

if TYPE_CHECKING:
    from celery import Celery

    from skeldir.db.pool import Database

logger = logging.getLogger(__name__)

# One for the job's effect, one for its lease or heartbeat, one for a task that has to read beside its transaction.
_POOL_SIZE = 3
# After so long a task makes way for what else waits, and asks to be called again.
_BUDGET_S = 1.0
_SIGN_S = 1.0
_LONGEST_EXPIRY_S = 60.0


@dataclass(slots=True)
class _Hands:
    """What a process that runs tasks has: a loop with a pool, a waker, its metrics. Forked children get their own.

    `metrics_port` is this process's, or the first one of the children's; 0: none.
    """

    settings: Settings
    database_url: str
    role: str
    life: Life
    metrics_port: int = 0
    waker: Waker = field(init=False)
    loop: WorkLoop = field(init=False)
    stop_metrics: Callable[[], None] = field(init=False)
    is_ready: bool = False

    def make_ready(self, **_signal: Any) -> None:
        # Celery numbers the children that it forks; the successor of a lost one has its number.
        number = current_process_index(base=0) or 0
        self.stop_metrics = serve_metrics(self.metrics_port and self.metrics_port + number)
        self.waker = Waker(self.settings, self.database_url)
        self.loop = WorkLoop(self._open_pool, role=self.role, life=self.life)
        self.loop.start()
        self.is_ready = True

    def put_away(self, **_signal: Any) -> None:
        if self.is_ready:
            self.is_ready = False
            self.loop.stop()
            self.waker.close()
            self.stop_metrics()

    def _open_pool(self) -> AbstractAsyncContextManager[Database]:
        return open_database(
            self.database_url,
            pool_size=_POOL_SIZE,
            statement_timeout_ms=self.settings.skeldir_statement_timeout_ms,
            wake=self.waker.wake,
        )


@dataclass(frozen=True, slots=True)
class Post:
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
    post: Post,
) -> int:
    """Work until SIGTERM or SIGINT, which let the running job finish; return the exit status."""
    _begin(settings, "worker")
    life = Life(post.life_pipe)
    is_forking = post.children > 0
    port = settings.skeldir_worker_metrics_port
    hands = _Hands(
        settings,
        database_url,
        "worker",
        Life(is_watched=False) if is_forking else life,
        metrics_port=port and port + post.index,
    )
    celery = make_celery(settings, database_url)
    celery.conf.worker_consumer = _watched_consumer(life)
    if is_postgres_broker(broker_url_of(settings, database_url)):
        celery.conf.broker_transport_options = {"on_turn": life.note}
    _add_tasks(celery, hands, kinds, pulses)
    # Its modules would otherwise be loaded after the first task, and make the second one wait.
    _ = celery.backend
    # Celery sends this in the process itself when it runs solo, and in each child when it forks.
    signals.worker_process_init.connect(hands.make_ready, weak=False)
    signals.worker_process_shutdown.connect(hands.put_away, weak=False)
    if is_forking:
        threading.Thread(target=_show_for_ever, args=(life,), name="life", daemon=True).start()
    worker = celery.Worker(
        pool="prefork" if is_forking else "solo",
        concurrency=post.children or 1,
        queues=list(post.queues),
        hostname=f"worker-{post.index}@%h",
        loglevel=settings.skeldir_log_level.upper(),
        without_gossip=True,
        without_mingle=True,
        without_heartbeat=True,
        quiet=True,
    )
    try:
        worker.start()
    finally:
        hands.put_away()
        close_tracing()
    return worker.exitcode or 0


def serve_beat(
    settings: Settings, database_url: str, pulses: Sequence[Pulse], *, life_pipe: int | None = None
) -> int:
    """Send the pulses until SIGTERM or SIGINT; while another beat does, wait for its end."""
    _begin(settings, "beat")
    life = Life(life_pipe)
    hands = _Hands(settings, database_url, "beat", life)
    celery = make_celery(settings, database_url)
    celery.conf.beat_schedule = {
        pulse.name: {
            "task": pulse.name,
            "schedule": pulse.every_s,
            "options": {
                "queue": pulse.queue,
                # A pulse that nobody came for is followed by the next.
                "expires": min(_LONGEST_EXPIRY_S, max(2.0, pulse.every_s)),
                "ignore_result": True,
            },
        }
        for pulse in pulses
    }
    turn = BeatTurn(database_url)
    hands.make_ready()
    try:
        Beat(
            app=celery,
            scheduler_cls=make_scheduler(turn, life.note),
            loglevel=settings.skeldir_log_level.upper(),
            max_interval=_SIGN_S,
            socket_timeout=None,
            quiet=True,
        ).run()
    finally:
        turn.give_up()
        hands.put_away()
        close_tracing()
    return 0


def _begin(settings: Settings, process: str) -> None:
    """Set up logs and traces; Celery, which would set up logs of its own, is told that it is done."""
    configure_logging(settings, process=process)
    configure_tracing(settings, process=process)
    signals.setup_logging.connect(_leave_logging_alone, weak=False)
    # It warns of running as root, for the sake of pickled messages; ours are JSON.
    warnings.filterwarnings("ignore", category=SecurityWarning)


def _leave_logging_alone(**_signal: Any) -> None:
    pass


def _add_tasks(
    celery: Celery, hands: _Hands, kinds: Sequence[JobKind], pulses: Sequence[Pulse]
) -> None:
    for kind in kinds:
        celery.task(_task_of_kind(hands, kind), name=kind.name, ignore_result=True)
    for pulse in pulses:
        celery.task(_task_of_pulse(hands, pulse), name=pulse.name, ignore_result=True)


def _task_of_kind(hands: _Hands, kind: JobKind) -> Callable[[], None]:
    def do_kind() -> None:
        may_be_left = _run(
            hands,
            kind.name,
            lambda database: do_jobs(database, {kind.name: kind}, budget_s=_BUDGET_S),
        )
        if may_be_left:
            hands.waker.wake(frozenset({kind.name}))

    return do_kind


def _task_of_pulse(hands: _Hands, pulse: Pulse) -> Callable[[], None]:
    async def run(database: Database) -> None:
        await pulse.run(database)

    def do_pulse() -> None:
        _run(hands, pulse.name, run)

    return do_pulse


def _run(hands: _Hands, name: str, work: Callable[[Database], Any]) -> Any:
    """Run on the loop. A database that is away, or too busy, is no fault of a task: it will be asked for again."""
    try:
        return hands.loop.run(work)
    except (DatabaseUnreachable, DatabaseBusy, asyncpg.PostgresConnectionError) as fault:
        logger.warning("jobs.task_given_up %s: %s", name, type(fault).__name__)
        return None


def _show_for_ever(life: Life) -> None:
    while True:
        life.show()
        sleep(_SIGN_S)


def _watched_consumer(life: Life) -> type[Consumer]:
    class WatchedConsumer(Consumer):  # type: ignore[misc]  # Celery has no types
        """A consumer that says that it lives, from its own event loop, and is excused while the broker is away."""

        def start(self) -> None:
            if self.hub is not None:
                self.timer.call_repeatedly(_SIGN_S, life.note)
            super().start()

        def ensure_connected(self, conn: Any) -> Any:
            with life.excused():
                return super().ensure_connected(conn)

    return WatchedConsumer
