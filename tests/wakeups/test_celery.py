"""Workers and beat as real processes, on the tables of PostgreSQL: woken at once, stopped in order."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, closing, contextmanager, suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx2
import psutil
import psycopg
import pytest
from pydantic import SecretStr

from skeldir.attribution.kinds import CREDIT
from skeldir.db.pool import Database, open_database
from skeldir.errors import ConfigurationInvalid
from skeldir.jobs import NO_TENANT, enqueue
from skeldir.settings import Settings, broker_url_of, is_postgres_broker, result_backend_of
from skeldir.wakeups.celery_app import make_celery
from skeldir.wakeups.waker import Waker
from tests.conftest import Clone
from tests.support.supervised import ROOT, supervising
from tests.wakeups.test_transport import drop_connections

TOY = [sys.executable, "-m", "tests.support.toy_worker"]
QUIET = {"SKELDIR_WORKER_METRICS_PORT": "0", "SKELDIR_LOG_LEVEL": "warning"}
SCHEMA = "options=-csearch_path%3Dcelery"


@contextmanager
def toy(clone: Clone, *words: str) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(
        [*TOY, *words], env=QUIET | os.environ | {"DATABASE_URL": clone.app_url}, cwd=ROOT
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def ask(clone: Clone, question: str) -> Any:
    with psycopg.connect(clone.superuser_url) as connection:
        row = connection.execute(question).fetchone()
    return None if row is None else row[0]


def until(holds: Callable[[], object], seconds: float = 60) -> float:
    """Wait until `holds()`, and return how long that took.

    Unless a test is about `seconds`, they only end it when it has failed: on a busy machine processes start slowly.
    """
    began = time.monotonic()
    while not holds():
        assert time.monotonic() - began < seconds, "it did not come about"
        time.sleep(0.02)
    return time.monotonic() - began


def count_jobs(clone: Clone, state: str) -> int:
    with psycopg.connect(clone.superuser_url) as connection:
        row = connection.execute(
            "SELECT count(*) FROM public.jobs WHERE state = %s", [state]
        ).fetchone()
    assert row is not None
    return int(row[0])


def is_ready(clone: Clone, role: str = "worker", many: int = 1) -> bool:
    return bool(
        ask(clone, f"SELECT count(*) = {many} FROM public.heartbeats WHERE role = '{role}'")
    )


@asynccontextmanager
async def enqueueing(clone: Clone) -> AsyncIterator[Callable[..., Awaitable[None]]]:
    """Give what enqueues a toy job as the running program does: a row, and a wake-up after the commit."""
    with closing(Waker(Settings(), clone.app_url)) as waker:
        async with open_database(
            clone.app_url, pool_size=1, statement_timeout_ms=5_000, wake=waker.wake
        ) as database:

            async def enqueue_toy(**arguments: object) -> None:
                async with database.tenant(NO_TENANT) as connection:
                    await enqueue(connection, NO_TENANT, CREDIT, arguments)

            yield enqueue_toy


async def enqueue_toy(clone: Clone, **arguments: object) -> None:
    """Enqueue one toy job."""
    async with enqueueing(clone) as enqueue_it:
        await enqueue_it(**arguments)


@pytest.mark.parametrize(
    ("given", "database", "broker", "backend"),
    [
        (None, "postgresql://u:p@h:1/d", "sqla+postgresql+psycopg://u:p@h:1/d", "db+"),
        (None, "postgresql+asyncpg://h/d?ssl=1", "sqla+postgresql+psycopg://h/d?ssl=1", "db+"),
        (
            None,
            "postgresql://app_user@/d?host=/a%20b/run&port=5432",
            "sqla+postgresql+psycopg://app_user@/d?host=/a%20b/run&port=5432",
            "db+",
        ),
        ("sqla+postgresql://u@h/d", "postgresql://other/d", "sqla+postgresql+psycopg://u@h/d", ""),
        (
            "sqla+postgresql+psycopg://u@h/d?x=1",
            "postgresql://other/d",
            "sqla+postgresql+psycopg://u@h/d?x=1",
            "",
        ),
    ],
)
def test_celery_keeps_its_tables_in_the_schema_celery_of_the_database(
    given: str | None, database: str, broker: str, backend: str
) -> None:
    settings = Settings(celery_broker_url=SecretStr(given) if given else None)
    url = broker_url_of(settings, database)
    assert is_postgres_broker(url)
    assert url == broker + ("&" if "?" in broker else "?") + SCHEMA
    if backend:
        assert result_backend_of(settings, database) == url.replace("sqla+", "db+", 1)


def test_options_that_a_url_brings_are_kept() -> None:
    own = "sqla+postgresql://h/d?options=-csearch_path%3Dmine"
    assert broker_url_of(Settings(celery_broker_url=SecretStr(own)), "") == own.replace(
        "postgresql", "postgresql+psycopg"
    )
    other = Settings(celery_broker_url=SecretStr("sqla+postgresql://h/d?options=-cjit%3Doff"))
    assert broker_url_of(other, "").endswith(f"?options=-cjit%3Doff%20{SCHEMA[8:]}")


@pytest.mark.parametrize("broker", ["redis://h:1/0", "rediss://h/0", "amqp://u:p@h//", "pyamqp://"])
def test_another_broker_is_chosen_by_its_url_alone(broker: str) -> None:
    settings = Settings(
        celery_broker_url=SecretStr(broker), celery_result_backend=SecretStr("rpc://")
    )
    assert broker_url_of(settings, "postgresql://h/d") == broker
    assert not is_postgres_broker(broker)
    assert result_backend_of(settings, "postgresql://h/d") == "rpc://"
    assert make_celery(settings, "postgresql://h/d").conf.worker_enable_remote_control


@pytest.mark.parametrize("broker", ["sqla+mysql://secret@h/d", "sqs://secret@", "memory://", "?"])
def test_a_broker_that_the_program_does_not_use_is_refused_without_showing_its_url(
    broker: str,
) -> None:
    with pytest.raises(ConfigurationInvalid) as refused:
        make_celery(Settings(celery_broker_url=SecretStr(broker)), "postgresql://h/d")
    assert "CELERY_BROKER_URL" in str(refused.value)
    assert "secret" not in str(refused.value)
    with pytest.raises(ConfigurationInvalid, match="CELERY_RESULT_BACKEND"):
        make_celery(Settings(celery_result_backend=SecretStr(broker)), "postgresql://h/d")


def test_only_json_is_read() -> None:
    assert make_celery(Settings(), "postgresql://h/d").conf.accept_content == ["json"]


async def do_soon(clone: Clone) -> None:
    """Enqueue four jobs, one after another; each but the first, which opens connections, is done within 0.9 s.

    By the times in the rows: how fast this process looks does not count.
    """
    async with enqueueing(clone) as enqueue_it:
        for number in range(4):
            await enqueue_it(number=number)
            until(lambda: count_jobs(clone, "done") == number + 1)  # noqa: B023 - used at once
    taken = ask(
        clone,
        "SELECT max(finished_at - created_at) FROM public.jobs WHERE arguments->>'number' <> '0'",
    )
    assert taken < timedelta(seconds=0.9)


@pytest.mark.slow
@pytest.mark.worker
async def test_a_worker_does_a_job_as_soon_as_it_is_enqueued(clone: Clone) -> None:
    with toy(clone, "worker") as worker:
        until(lambda: is_ready(clone))
        await do_soon(clone)
        drop_connections(clone)
        await enqueue_toy(clone, number=4)
        until(lambda: count_jobs(clone, "done") == 5)
        worker.terminate()
        assert worker.wait(10) == 0
    assert ask(clone, "SELECT count(*) FROM public.heartbeats") == 0
    assert ask(clone, "SELECT count(*) FROM celery.kombu_message") == 0


@pytest.mark.slow
@pytest.mark.worker
async def test_a_worker_that_is_asked_to_stop_finishes_its_job(clone: Clone) -> None:
    with toy(clone, "worker") as worker:
        until(lambda: is_ready(clone))
        await enqueue_toy(clone, sleep_s=1)
        until(lambda: count_jobs(clone, "running") == 1)
        worker.terminate()
        assert worker.wait(10) == 0
    assert (count_jobs(clone, "done"), count_jobs(clone, "running")) == (1, 0)


@pytest.mark.slow
@pytest.mark.worker
@pytest.mark.parametrize("children", [0, 1], ids=["solo", "forking"])
async def test_a_worker_that_is_asked_to_stop_lets_go_of_a_job_that_takes_too_long(
    clone: Clone, monkeypatch: pytest.MonkeyPatch, children: int
) -> None:
    monkeypatch.setenv("SKELDIR_SHUTDOWN_TIMEOUT_S", "1")
    with toy(clone, "worker", "--children", str(children)) as worker:
        until(lambda: is_ready(clone))
        await enqueue_toy(clone, sleep_s=600)
        until(lambda: count_jobs(clone, "running") == 1)
        worker.terminate()
        assert worker.wait(10) == 0
    assert (
        ask(clone, "SELECT state || attempts || coalesce(error, '') FROM public.jobs") == "ready0"
    )


def count_ticks(clone: Clone) -> int:
    """Return how many jobs that a pulse enqueued are done."""
    return int(
        ask(
            clone,
            "SELECT count(*) FROM public.jobs WHERE kind = 'matviews.refresh' AND state = 'done'",
        )
    )


@pytest.mark.slow
@pytest.mark.worker
async def test_pulses_and_what_they_enqueue_keep_their_pace_while_all_workers_are_busy(
    clone: Clone,
) -> None:
    with toy(clone, "worker"), toy(clone, "beat") as beat:
        until(lambda: is_ready(clone) and is_ready(clone, "beat"))
        await enqueue_toy(clone, sleep_s=600)
        until(lambda: count_jobs(clone, "running") == 1)
        before, began = count_ticks(clone), time.monotonic()
        until(lambda: count_ticks(clone) >= before + 6, 6)
        assert time.monotonic() - began > 2, "two a second, not more"
        beat.terminate()
        assert beat.wait(10) == 0
    assert ask(clone, "SELECT count(*) FROM public.heartbeats WHERE role = 'beat'") == 0


@pytest.mark.slow
@pytest.mark.worker
def test_two_beats_keep_the_pace_of_one_and_one_goes_on_when_the_other_is_killed(
    clone: Clone,
) -> None:
    with toy(clone, "beat") as first, toy(clone, "beat"):
        until(lambda: is_ready(clone, "beat", 2))
        before, began = count_ticks(clone), time.monotonic()
        until(lambda: count_ticks(clone) >= before + 5)
        assert time.monotonic() - began > 1.5, "two a second, not four"
        first.kill()
        first.wait()
        before = count_ticks(clone)
        until(lambda: count_ticks(clone) >= before + 4, 5)
        error, late = (
            ask(clone, f"SELECT {what} FROM public.pulses WHERE name = 'toy.fail'")
            for what in ("error", "began_at > ended_at")
        )
        assert (error, late) == ("ValueError", True)


@pytest.mark.slow
@pytest.mark.worker
def test_workers_run_the_pulses_while_beat_is_away(
    clone: Clone, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOY_TICKS", "1")
    with toy(clone, "worker"):
        until(lambda: is_ready(clone))
        until(lambda: count_ticks(clone) >= 3)


@pytest.mark.worker
@pytest.mark.slow
@pytest.mark.begins_early
async def test_a_worker_is_stuck_when_its_loop_is_not_when_its_job_is_long(
    clone: Clone, db: Database
) -> None:
    words = ("worker", [*TOY, "worker"], True, 0)
    environment = QUIET | {"DATABASE_URL": clone.app_url}
    # Long enough for a process to start on a busy machine, and shorter than the job.
    with supervising([words], stuck_after_s=8, environment=environment) as supervised:
        until(lambda: is_ready(clone))
        await enqueue_toy(clone, sleep_s=10)
        until(lambda: count_jobs(clone, "done") == 1)
        assert not [line for line in supervised.lines if "ended" in line]
        await enqueue_toy(clone, block_s=60)
        supervised.wait_for("worker has given no sign of life", seconds=30)
        supervised.wait_for("worker started", times=2)


@pytest.mark.slow
@pytest.mark.worker
def test_the_worker_shows_neither_password_nor_url(clone: Clone) -> None:
    url = clone.app_url.replace("app_user@", "app_user:hush-hush@")
    process = subprocess.Popen(
        [*TOY, "worker"],
        env=QUIET | os.environ | {"DATABASE_URL": url, "SKELDIR_LOG_LEVEL": "info"},
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert process.stdout is not None
    output = ""
    while "ready" not in output and (line := process.stdout.readline()):
        output += line
    until(lambda: is_ready(clone))
    process.terminate()
    output += process.communicate(timeout=10)[0]
    assert "ready" in output
    assert "hush-hush" not in output
    assert "SecurityWarning" not in output


def read_metrics(port: int) -> str:
    return httpx2.get(f"http://127.0.0.1:{port}/metrics").text


def two_free_ports() -> int:
    """Return the first of two free ports that follow each other."""
    while True:
        with socket.socket() as first, socket.socket() as second:
            first.bind(("127.0.0.1", 0))
            port: int = first.getsockname()[1]
            with suppress(OSError, OverflowError):
                second.bind(("127.0.0.1", port + 1))
                return port


@pytest.mark.slow
@pytest.mark.worker
@pytest.mark.skipif(
    not Path("/proc/self").exists(), reason="only Linux kills a child with its parent"
)
async def test_a_worker_on_redis_forks_and_its_children_end_with_it(
    clone: Clone, tmp_path: Path
) -> None:
    from tests.support.brokers import running_redis  # noqa: PLC0415 - only this test needs it

    with running_redis(tmp_path) as broker, pytest.MonkeyPatch.context() as patch:
        patch.setenv("CELERY_BROKER_URL", broker)
        port = two_free_ports()
        patch.setenv("SKELDIR_WORKER_METRICS_PORT", str(port))
        with toy(clone, "worker", "--children", "2") as worker:
            until(lambda: is_ready(clone, many=2))
            assert all("skeldir_jobs_run_seconds" in read_metrics(port + child) for child in (0, 1))
            await do_soon(clone)
            await enqueue_toy(clone, sleep_s=600)
            until(lambda: count_jobs(clone, "running") == 1)
            children = psutil.Process(worker.pid).children(recursive=True)
            assert len(children) >= 2
            worker.kill()
            worker.wait()
            _, alive = psutil.wait_procs(children, timeout=5)
            left = [one for one in alive if one.status() != psutil.STATUS_ZOMBIE]
            for one in left:
                one.kill()
            assert left == []
