"""`skeldir up`: everything with one command, restarted after any death, stopped without a trace."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from bench.service import ask
from tests.conftest import Clone
from tests.support.command import run_here
from tests.support.service import (
    SKELDIR,
    Service,
    free_port,
    log_of_up,
    processes_of,
    running_service,
    wait_until,
)

pytestmark = [pytest.mark.slow, pytest.mark.worker]

TWO = ("--processes", "2")


@pytest.fixture
def home() -> Iterator[Path]:
    # A short path: it holds the server's socket.
    with tempfile.TemporaryDirectory(prefix="sk-", ignore_cleanup_errors=True) as folder:
        yield Path(folder) / "home"


def is_whole(service: Service) -> bool:
    counts = {role: len(service.processes(role)) for role in ("api", "worker", "beat")}
    return counts == {"api": 1, "worker": 2, "beat": 1}


def heard(service: Service) -> dict[object, object]:
    return dict(service.ask("SELECT role, count(*) FROM public.heartbeats GROUP BY role"))


@pytest.mark.slow
def test_ctrl_c_stops_everything_also_after_each_part_was_killed(home: Path) -> None:
    with running_service(home, words=TWO) as service:
        wait_until(lambda: heard(service) == {"worker": 2, "beat": 1}, 10, "heartbeats")
        (api,) = service.processes("api")
        # Requests that wait for a response come before background work.
        assert all(one.nice() > api.nice() for one in service.processes("worker"))
        killed = [one for role in ("api", "worker", "beat") for one in service.processes(role)]
        assert len(killed) == 4
        for process in killed:
            process.kill()
        psutil.wait_procs(killed, timeout=5)
        wait_until(lambda: is_whole(service) and service.is_ready(), 15, "whole again")
        assert service.stop() == 0
    assert processes_of(home) == []


@pytest.mark.slow
def test_several_api_processes_share_the_address_and_all_parts_keep_to_their_connections(
    home: Path,
) -> None:
    sessions = "SELECT application_name, count(*) FROM pg_stat_activity WHERE usename = 'app_user' GROUP BY 1"
    with running_service(home, words=(*TWO, "--api-processes", "2")) as service:
        wait_until(lambda: heard(service) == {"worker": 2, "beat": 1}, 30, "heartbeats")
        killed, _ = service.processes("api")
        killed.kill()
        psutil.wait_procs([killed], timeout=5)
        wait_until(lambda: len(service.processes("api")) == 2, 15, "two again")
        wait_until(
            lambda: dict(service.ask(sessions)).get("skeldir listener") == 2, 30, "both listen"
        )
        assert service.is_ready()
        taken = dict(service.ask(sessions))
        # Each of the two, and not more than the start has announced.
        assert set(taken) == {"skeldir", "skeldir listener", "skeldir broker"}
        assert sum(int(str(count)) for count in taken.values()) <= 49
        assert "Up to 49 connections to PostgreSQL" in log_of_up(home).read_text()
        assert service.stop() == 0
    assert processes_of(home) == []


@pytest.mark.slow
def test_a_killed_database_is_restarted_and_everything_continues(home: Path) -> None:
    with running_service(home, words=TWO) as service:
        processes = [one.pid for role in ("worker", "beat") for one in service.processes(role)]
        before = service.postmaster()
        os.kill(before, signal.SIGKILL)
        began = time.monotonic()

        def is_back() -> bool:
            with suppress(FileNotFoundError, IndexError):
                return service.postmaster() != before and service.is_ready()
            return False

        wait_until(is_back, 20, "ready again")
        assert time.monotonic() - began < 10
        moment = service.ask("SELECT now()")[0][0]
        wait_until(
            lambda: (
                service.ask("SELECT count(*) FROM heartbeats WHERE seen_at > %s", moment) == [(3,)]
            ),
            10,
            "heartbeats",
        )
        # Workers wait for the database; none has to be restarted for it.
        assert [
            one.pid for role in ("worker", "beat") for one in service.processes(role)
        ] == processes
        service.process.terminate()
        assert service.process.wait(20) == 0
    assert processes_of(home) == []


@pytest.mark.slow
def test_nothing_keeps_running_when_up_itself_is_killed(clone: Clone) -> None:
    with tempfile.TemporaryDirectory(prefix="sk-") as folder:
        home = Path(folder)
        port = free_port()
        process = subprocess.Popen(
            [*SKELDIR, "up", "--port", str(port), "--processes", "1"],
            env=os.environ
            | {
                "DATABASE_URL": clone.app_url,
                "SKELDIR_HOME": str(home),
                "SKELDIR_WORKER_METRICS_PORT": "0",
            },
        )
        service = Service(process, f"http://127.0.0.1:{port}", home, {})
        try:
            wait_until(service.is_ready, 20, "ready")
            # The API, its two processes for heavy work, a worker and beat.
            up = psutil.Process(process.pid)
            wait_until(lambda: len(up.children(recursive=True)) == 5, 20, "complete")
            children = up.children(recursive=True)
        finally:
            process.kill()
            process.wait()
        psutil.wait_procs(children, timeout=5)
        assert processes_of(home) == []


@pytest.mark.parametrize("command", ["up", "serve"])
def test_a_port_that_is_taken_is_reported_at_once(tmp_path: Path, command: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = subprocess.run(
            [*SKELDIR, command, "--port", str(port)],
            env=os.environ | {"SKELDIR_HOME": str(tmp_path / "home")},
            capture_output=True,
            text=True,
            timeout=20,
            check=False,
        )
    assert done.returncode == 1
    assert "address_unusable" in done.stderr
    assert not (tmp_path / "home").exists()


@pytest.mark.slow
def test_worker_and_beat_run_alone_beside_each_other(clone: Clone) -> None:
    environment = os.environ | {
        "DATABASE_URL": clone.app_url,
        "SKELDIR_WORKER_METRICS_PORT": "0",
    }
    commands = [
        subprocess.Popen([*SKELDIR, *words], env=environment, stdout=subprocess.PIPE, text=True)
        for words in (("worker", *TWO, "--queues", "ingest"), ("beat",))
    ]
    service = Service(commands[0], "", Path(), {})
    roles = "SELECT role, count(*) FROM public.heartbeats GROUP BY role"
    try:
        wait_until(lambda: len(service.processes("worker")) == 2, 10, "two workers")
        wait_until(
            lambda: dict(ask(clone.superuser_url, roles)) == {"worker": 2, "beat": 1}, 15, "at work"
        )
    finally:
        for command in commands:
            command.send_signal(signal.SIGINT)
    said = [command.communicate(timeout=15)[0] for command in commands]
    assert [command.returncode for command in commands] == [0, 0]
    assert "worker-1 stopped." in said[0]
    assert "beat stopped." in said[1]


@pytest.mark.parametrize("words", [("worker",), ("beat",), ("up",)])
@pytest.mark.parametrize("variable", ["CELERY_BROKER_URL", "CELERY_RESULT_BACKEND"])
def test_an_unusable_celery_url_is_reported_at_once(
    clone: Clone, words: tuple[str, ...], variable: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = ("--port", str(free_port())) if words == ("up",) else ()
    monkeypatch.setenv(variable, "zzz")
    said = run_here(clone.app_url, *words, *port, status=1)
    assert said.startswith("configuration_invalid")
    assert variable in said


@pytest.mark.parametrize("words", [("worker",), ("beat",), ("up",)])
def test_a_role_that_row_level_security_does_not_bind_is_reported_at_once(
    clone: Clone, words: tuple[str, ...]
) -> None:
    port = ("--port", str(free_port())) if words == ("up",) else ()
    done = subprocess.run(
        [*SKELDIR, *words, *port],
        env=os.environ | {"DATABASE_URL": clone.superuser_url, "SKELDIR_WORKER_METRICS_PORT": "0"},
        capture_output=True,
        text=True,
        timeout=10,
        check=False,
    )
    assert done.returncode == 1
    assert "runtime_role_unsafe" in done.stderr
    assert "started" not in done.stdout


@pytest.mark.parametrize("words", [("worker", "--processes", "1"), ("beat",)])
def test_workers_start_while_the_database_is_unreachable(words: tuple[str, ...]) -> None:
    environment = os.environ | {
        "DATABASE_URL": "postgresql://app_user@127.0.0.1:1/x",
        "SKELDIR_WORKER_METRICS_PORT": "0",
    }
    process = subprocess.Popen(
        [*SKELDIR, *words],
        env=environment | {"PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert "started (process" in process.stdout.readline()
    process.terminate()
    process.communicate(timeout=20)


def test_an_unknown_queue_is_refused(clone: Clone) -> None:
    assert "mail" in run_here(clone.app_url, "worker", "--queues", "ingest,mail", status=1)
