"""`skeldir serve --processes N`: several processes on one address, kept running, stopped together."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from time import sleep

import httpx2
import orjson
import psutil
import psycopg
import pytest

from skeldir.db.pool import open_database
from tests.conftest import Clone
from tests.support.api import bearer
from tests.support.command import run_here
from tests.support.make import make_tenant, make_touch
from tests.support.service import SKELDIR, free_port, wait_until

pytestmark = [pytest.mark.slow, pytest.mark.worker, pytest.mark.xdist_group("serving")]


class Several:
    """A running `skeldir serve --processes 2`, and what it has printed."""

    def __init__(self, process: subprocess.Popen[str], port: int, metrics_port: int) -> None:
        self.process = process
        self.port = port
        self.metrics_port = metrics_port
        self.base = f"http://127.0.0.1:{port}"

    def members(self) -> dict[int, psutil.Process]:
        """Return the running processes by their number."""
        found = {}
        with suppress(psutil.NoSuchProcess):
            for child in psutil.Process(self.process.pid).children():
                with suppress(psutil.NoSuchProcess):
                    if number := re.search(r"--member (\d)", " ".join(child.cmdline())):
                        found[int(number[1])] = child
        return found

    def own_address(self, member: int) -> str:
        return f"http://127.0.0.1:{self.metrics_port + member}"

    def answers(self, member: int) -> bool:
        with suppress(httpx2.TransportError):
            return httpx2.get(self.own_address(member) + "/health", timeout=2).status_code == 200
        return False

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=20)

    def holders(self, clients: list[socket.socket]) -> set[int]:
        """Return which members have accepted one of these connections."""
        ports = {client.getsockname()[1] for client in clients}
        return {
            number
            for number, process in self.members().items()
            for one in process.net_connections(kind="tcp4")
            if one.raddr and one.laddr.port == self.port and one.raddr.port in ports
        }


@contextmanager
def started(clone: Clone, variables: Mapping[str, str] = {}) -> Iterator[Several]:
    """Start two processes; they need not have started when the block begins."""
    port, metrics_port = free_port(), two_free_ports()
    environment = os.environ | {
        "DATABASE_URL": clone.app_url,
        "SKELDIR_POOL_SIZE": "4",
        "SKELDIR_SHUTDOWN_TIMEOUT_S": "10",
        "SKELDIR_API_METRICS_PORT": str(metrics_port),
        **variables,
    }
    process = subprocess.Popen(
        [*SKELDIR, "serve", "--processes", "2", "--port", str(port)],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    several = Several(process, port, metrics_port)
    try:
        yield several
    finally:
        members = list(several.members().values())
        process.kill()
        said, logged = process.communicate()
        psutil.wait_procs(members, timeout=5)
        sys.stderr.write(said + logged)


@contextmanager
def serving_with_two(clone: Clone) -> Iterator[Several]:
    with started(clone) as several:
        wait_until(lambda: several.answers(0) and several.answers(1), 30, "both answer")
        yield several


def two_free_ports() -> int:
    """Return the first of two free ports that follow each other."""
    while True:
        first = free_port()
        with suppress(OSError), socket.create_server(("127.0.0.1", first + 1)):
            return first


def counted(several: Several, member: int) -> float:
    """Return how many requests for /health a member counts, by its own metrics."""
    text = httpx2.get(several.own_address(member) + "/metrics").text
    assert "python_gc_objects_collected_total" in text
    assert "skeldir_database_up 1.0" in text
    found = re.search(
        r'^skeldir_http_request_seconds_count\{[^}]*route="/health"[^}]*\} ([\d.]+)$',
        text,
        re.MULTILINE,
    )
    return float(found[1]) if found else 0.0


def test_both_processes_get_connections_and_count_only_their_own_requests(clone: Clone) -> None:
    with serving_with_two(clone) as several, ExitStack() as stack:
        clients = [stack.enter_context(several.connect()) for _ in range(30)]
        for client in clients:
            client.sendall(b"GET /health/ready HTTP/1.1\r\nHost: test\r\n\r\n")
        answers = [client.recv(65536) for client in clients]
        assert all(answer.startswith(b"HTTP/1.1 200 ") for answer in answers)
        assert several.holders(clients) == {0, 1}
        before = [counted(several, member) for member in (0, 1)]
        for _ in range(3):
            httpx2.get(several.own_address(1) + "/health")
        after = [counted(several, member) for member in (0, 1)]
        assert [new - old for new, old in zip(after, before, strict=True)] == [0, 3]
        # A second program must not share the address unnoticed.
        for words in (("serve",), ("serve", "--processes", "2"), ("up",)):
            said = run_here(clone.app_url, *words, "--port", str(several.port), status=1)
            assert "address_unusable" in said


def test_one_that_is_killed_is_started_again_and_the_other_answers_meanwhile(
    clone: Clone,
) -> None:
    with serving_with_two(clone) as several:
        killed = several.members()[0]
        killed.kill()
        killed.wait(5)
        answered = 0
        while not several.answers(0):
            # Each request on a new connection.
            assert httpx2.get(several.base + "/health", timeout=5).status_code == 200
            answered += 1
        assert answered
        assert several.members()[0].pid != killed.pid
        several.process.terminate()
        assert several.process.wait(20) == 0


@pytest.mark.parametrize("sign", [signal.SIGTERM, signal.SIGINT])
def test_all_finish_what_they_began_before_they_stop(clone: Clone, sign: signal.Signals) -> None:
    key = asyncio.run(make_key(clone))
    body = orjson.dumps([make_touch()])
    with (
        serving_with_two(clone) as several,
        psycopg.connect(clone.superuser_url) as lock,
        psycopg.connect(clone.superuser_url, autocommit=True) as watcher,
        ExitStack() as stack,
    ):
        lock.execute("LOCK TABLE attribution_events IN ACCESS EXCLUSIVE MODE")
        # One request at each member: at its own address, because the shared one chooses.
        clients = [
            stack.enter_context(
                socket.create_connection(("127.0.0.1", several.metrics_port + member), timeout=20)
            )
            for member in (0, 1)
        ]
        for client in clients:
            client.sendall(
                b"POST /v1/touches HTTP/1.1\r\nHost: test\r\nContent-Type: application/json\r\n"
                + key
                + f"Content-Length: {len(body)}\r\n\r\n".encode()
                + body
            )
        wait_until(lambda: waiting(watcher) == 2, 10, "both requests wait")
        several.process.send_signal(sign)
        wait_until(lambda: not accepts(several), 5, "no more connections are accepted")
        assert several.process.poll() is None
        lock.rollback()
        answers = [client.recv(65536) for client in clients]
        assert [answer.split(b"\r\n")[0] for answer in answers] == [b"HTTP/1.1 200 OK"] * 2
        assert several.process.wait(15) == 0


def test_a_second_ctrl_c_stops_all_at_once(clone: Clone) -> None:
    with serving_with_two(clone) as several:
        for member in several.members().values():
            member.suspend()
        several.process.send_signal(signal.SIGINT)
        # Signals of the same kind that arrive together count as one.
        sleep(0.5)  # time in which the first must have arrived, and nobody can stop
        assert several.process.poll() is None
        several.process.send_signal(signal.SIGINT)
        assert several.process.wait(5) == 1
        assert several.members() == {}


def test_one_that_cannot_start_ends_all_with_its_message(clone: Clone) -> None:
    held = [psycopg.connect(clone.app_url) for _ in range(5)]
    with psycopg.connect(clone.superuser_url, autocommit=True) as admin:
        # Enough for the check of the command, and for one of the processes.
        admin.execute(f"ALTER DATABASE {clone.name} CONNECTION LIMIT 6".encode())
    with started(clone, {"SKELDIR_POOL_SIZE": "1"}) as several:
        assert several.process.wait(30) == 1
        assert several.process.stdout is not None
        assert several.process.stderr is not None
        said, logged = several.process.stdout.read(), several.process.stderr.read()
        assert re.search("api-. ended with status . before it had started; all are stopped", said)
        assert "too many connections for database" in logged
        assert "Warning: these processes take up to 6 connections" in logged
        assert "admits 6 of this role and has " in said
    for connection in held:
        connection.close()


def test_more_connections_than_the_server_admits_are_refused(
    clone: Clone, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = ("--port", str(free_port()))
    said = run_here(clone.app_url, "serve", "--processes", "20", *port, status=1)
    assert "connections_too_few: These processes take up to 240 connections" in said
    assert "which admits 197 of this role" in said
    with psycopg.connect(clone.superuser_url, autocommit=True) as admin:
        admin.execute(f"ALTER DATABASE {clone.name} CONNECTION LIMIT 10".encode())
    for words, needed in (
        (("serve", *port), 12),
        (("worker", "--processes", "3"), 21),
        (("beat",), 11),
        (("up", "--api-processes", "2", "--processes", "2", *port), 49),
    ):
        said = run_here(clone.app_url, *words, status=1)
        assert f"up to {needed} connections to PostgreSQL, which admits 10 of this role" in said
    monkeypatch.setenv("CELERY_BROKER_URL", "redis://127.0.0.1:1/0")
    monkeypatch.setenv("CELERY_RESULT_BACKEND", "redis://127.0.0.1:1/0")
    said = run_here(clone.app_url, "worker", "--processes", "3", status=1)
    assert "up to 12 connections" in said


async def make_key(clone: Clone) -> bytes:
    """Return the header with a key of a new tenant."""
    async with open_database(clone.app_url, pool_size=1, statement_timeout_ms=30_000) as db:
        header = await bearer(db, await make_tenant(db, "A"), "ingest")
    return f"Authorization: {header['Authorization']}\r\n".encode()


def waiting(watcher: psycopg.Connection[tuple[object, ...]]) -> object:
    row = watcher.execute(
        "SELECT count(DISTINCT l.pid) FROM pg_locks l JOIN pg_stat_activity a USING (pid)"
        " WHERE NOT l.granted AND a.datname = current_database()"
    ).fetchone()
    assert row is not None
    return row[0]


def accepts(several: Several) -> bool:
    try:
        several.connect().close()
    except (ConnectionRefusedError, ConnectionResetError):
        return False
    return True
