"""`skeldir serve` as a process: how it treats slow clients, and how it stops."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from time import monotonic, sleep

import orjson
import psycopg
import pytest

from skeldir.db.embedded import EmbeddedServer
from skeldir.db.pool import open_database
from tests.conftest import TEMPLATE, Clone, scratch_database
from tests.support.api import PROBLEM_FIELDS, bearer
from tests.support.make import make_tenant, make_touch
from tests.support.service import SKELDIR, free_port, wait_until

PATIENCE_S = 1.0
# One worker, so that most share one server.
pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("serving")]
HEAD = b"POST /v1/touches HTTP/1.1\r\nHost: test\r\nContent-Type: application/json\r\n"


class Serving:
    """A running `skeldir serve` on a clone."""

    def __init__(self, process: subprocess.Popen[bytes], port: int, clone: Clone) -> None:
        self.process = process
        self.port = port
        self.clone = clone

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=10)

    def is_there(self) -> bool:
        try:
            self.connect().close()
        except ConnectionRefusedError:
            return False
        return True


@contextmanager
def serving(clone: Clone) -> Iterator[Serving]:
    """Serve on a free port until the end of the block."""
    port = free_port()
    environment = os.environ | {
        "DATABASE_URL": clone.app_url,
        "SKELDIR_RECEIVE_TIMEOUT_S": f"{PATIENCE_S:g}",
        "SKELDIR_SHUTDOWN_TIMEOUT_S": "10",
    }
    process = subprocess.Popen([*SKELDIR, "serve", "--port", str(port)], env=environment)
    server = Serving(process, port, clone)
    try:
        wait_until(lambda: server.is_there() or process.poll() is not None, 30, "it listens")
        yield server
    finally:
        process.kill()
        process.wait()


@pytest.fixture(scope="module")
def lasting(server: EmbeddedServer) -> Iterator[Serving]:
    """A server for all tests that do not stop it."""
    with scratch_database(server, template=TEMPLATE) as database, serving(database) as running:
        yield running


@pytest.fixture(scope="module")
def key(lasting: Serving) -> bytes:
    return asyncio.run(make_key(lasting.clone))


@pytest.fixture
def ending(clone: Clone) -> Iterator[Serving]:
    """A server that a test stops."""
    with serving(clone) as running:
        yield running


async def make_key(clone: Clone) -> bytes:
    """Return the header with a key of a new tenant."""
    async with open_database(clone.app_url, pool_size=1, statement_timeout_ms=30_000) as db:
        header = await bearer(db, await make_tenant(db, "A"), "ingest")
    return f"Authorization: {header['Authorization']}\r\n".encode()


def read_to_the_end(client: socket.socket) -> bytes:
    """Return what is sent until the server closes; fail after the socket's time-out."""
    received = b""
    while part := client.recv(65536):
        received += part
    return received


def parse(answer: bytes) -> tuple[int, dict[str, str], bytes]:
    """Return status, headers (in lower case) and body."""
    head, _, body = answer.partition(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
    return int(first.split()[1]), headers, body


def is_a_408(answer: bytes, code: str) -> bool:
    status, headers, body = parse(answer)
    problem = orjson.loads(body)
    assert (status, problem["code"]) == (408, code)
    assert headers["content-type"] == "application/problem+json"
    assert headers["connection"] == "close"
    assert headers["x-correlation-id"] == problem["correlation_id"]
    return set(problem) == PROBLEM_FIELDS


def test_a_client_that_does_not_finish_its_headers_is_closed(lasting: Serving) -> None:
    all_sent = (b"", b"POST /v1/tou", HEAD)
    with ExitStack() as stack:
        began = monotonic()
        clients = [stack.enter_context(lasting.connect()) for _ in all_sent]
        for client, sent in zip(clients, all_sent, strict=True):
            client.sendall(sent)
        answers = [read_to_the_end(client) for client in clients]
        assert PATIENCE_S * 0.8 < monotonic() - began < PATIENCE_S * 3
    assert answers[0] == b""
    assert all(is_a_408(answer, "request_timeout") for answer in answers[1:])


def test_a_client_that_drips_its_headers_is_closed_too(lasting: Serving) -> None:
    with lasting.connect() as client:
        began = monotonic()
        client.sendall(HEAD)
        client.settimeout(0.2)
        answer = b""
        while monotonic() - began < 5 and not answer:
            client.sendall(b"X-More: 1\r\n")
            try:
                answer = client.recv(65536)
            except TimeoutError:
                continue
        assert monotonic() - began < PATIENCE_S * 3
    assert is_a_408(answer, "request_timeout")


def test_a_client_that_stops_within_its_body_gets_a_problem(lasting: Serving, key: bytes) -> None:
    with lasting.connect() as client:
        began = monotonic()
        client.sendall(HEAD + key + b"Content-Length: 1000\r\n\r\n[{")
        answer = read_to_the_end(client)
        assert PATIENCE_S * 0.8 < monotonic() - began < PATIENCE_S * 4
    assert is_a_408(answer, "body_too_slow")


@pytest.mark.slow
def test_a_client_that_drips_its_body_gets_a_problem(lasting: Serving, key: bytes) -> None:
    with lasting.connect() as client:
        began = monotonic()
        client.sendall(HEAD + key + b"Content-Length: 1000\r\n\r\n[")
        client.settimeout(0.3)
        answer = b""
        while monotonic() - began < 10 and not answer:
            client.sendall(b" ")
            try:
                answer = client.recv(65536)
            except TimeoutError:
                continue
        assert PATIENCE_S * 2 < monotonic() - began < PATIENCE_S * 6
        # The headers of a response may arrive before its body.
        client.settimeout(5)
        answer += read_to_the_end(client)
    assert is_a_408(answer, "body_too_slow")


def test_slow_clients_do_not_delay_others(lasting: Serving, key: bytes) -> None:
    slow = [lasting.connect() for _ in range(30)]
    for client in slow:
        client.sendall(HEAD + key + b"Content-Length: 1000\r\n\r\n[{")
    with lasting.connect() as client:
        began = monotonic()
        client.sendall(whole_request(key))
        assert parse(client.recv(65536))[0] == 200
        assert monotonic() - began < PATIENCE_S
    for client in slow:
        client.close()


def whole_request(key: bytes) -> bytes:
    body = orjson.dumps([make_touch()])
    return HEAD + key + f"Content-Length: {len(body)}\r\n\r\n".encode() + body


@pytest.mark.parametrize("sign", [signal.SIGTERM, signal.SIGINT])
def test_a_server_that_is_stopping_finishes_what_it_began(
    ending: Serving, sign: signal.Signals
) -> None:
    key = asyncio.run(make_key(ending.clone))
    with (
        psycopg.connect(ending.clone.superuser_url) as lock,
        psycopg.connect(ending.clone.superuser_url, autocommit=True) as watcher,
        ending.connect() as client,
    ):
        lock.execute("LOCK TABLE attribution_events IN ACCESS EXCLUSIVE MODE")
        client.sendall(whole_request(key))
        wait_until(lambda: is_waiting(watcher), 10, "the request waits for the lock")
        ending.process.send_signal(sign)
        wait_until(lambda: not ending.is_there(), 5, "it accepts no more connections")
        sleep(0.5)  # time in which it must not stop
        assert ending.process.poll() is None
        lock.rollback()
        status, _, body = parse(read_to_the_end(client))
        assert (status, orjson.loads(body)["accepted"]) == (200, 1)
        assert ending.process.wait(10) == 0
        kept = watcher.execute("SELECT count(*) FROM attribution_events").fetchone()
        assert kept == (1,)


def is_waiting(watcher: psycopg.Connection[tuple[object, ...]]) -> bool:
    row = watcher.execute(
        "SELECT EXISTS (SELECT FROM pg_locks l JOIN pg_stat_activity a USING (pid)"
        " WHERE NOT l.granted AND a.datname = current_database())"
    ).fetchone()
    return row == (True,)
