"""The server's side of a connection, before there is a request and after there is a response."""

from __future__ import annotations

import asyncio
import signal
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from time import monotonic
from typing import TYPE_CHECKING

import orjson
import pytest

from skeldir.http.api import Api
from skeldir.http.serving import ApiServer, make_server
from tests.http.test_edge import SAFE
from tests.support.api import PROBLEM_FIELDS
from tests.support.stalls import longest_stall

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

PATIENCE_S = 0.5
LARGE = b"x" * 8_000_000
GET = b"GET / HTTP/1.1\r\nHost: test\r\n\r\n"


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    """Respond at once, slowly or at length, depending on the path."""
    if scope["type"] != "http":
        return
    if scope["path"] == "/slow":
        await asyncio.sleep(2 * PATIENCE_S)  # a slow response
    body = LARGE if scope["path"] == "/large" else scope["path"].encode()
    headers = [(b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body[:1000], "more_body": True})
    await send({"type": "http.response.body", "body": body[1000:]})


@asynccontextmanager
async def serving(
    served: ASGIApp = app, *, shutdown_timeout_s: int = 5
) -> AsyncIterator[tuple[ApiServer, int]]:
    server = make_server(
        served,
        host="127.0.0.1",
        port=0,
        receive_timeout_s=PATIENCE_S,
        shutdown_timeout_s=shutdown_timeout_s,
    )
    server.config.lifespan = "off"
    running = asyncio.create_task(server.serve())
    await until(lambda: server.started)
    try:
        yield server, server.servers[0].sockets[0].getsockname()[1]
    finally:
        server.should_exit = server.force_exit = True
        with suppress(asyncio.CancelledError):
            await running


async def until(holds: Callable[[], bool], seconds: float = 10) -> None:
    end = monotonic() + seconds
    while not holds():
        assert monotonic() < end, "what was waited for did not come"
        await asyncio.sleep(0.01)


@pytest.fixture(autouse=True)
def caught() -> Iterator[list[int]]:
    """Catch the signals that a server raises again, which would end the tests."""
    numbers: list[int] = []
    signs = (signal.SIGTERM, signal.SIGINT)
    before = [signal.signal(sign, lambda number, _: numbers.append(number)) for sign in signs]
    yield numbers
    for sign, handler in zip(signs, before, strict=True):
        signal.signal(sign, handler)


@pytest.fixture
async def port() -> AsyncIterator[int]:
    async with serving() as (_, port):
        yield port


@asynccontextmanager
async def connected(port: int) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=2**16)
    try:
        yield reader, writer
    finally:
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()


async def in_time(awaitable: Awaitable[bytes], times: float = 4) -> bytes:
    return await asyncio.wait_for(awaitable, times * PATIENCE_S)


async def read_answer(reader: asyncio.StreamReader) -> tuple[bytes, bytes]:
    """Return headers and body of one response that states its length."""
    head = await in_time(reader.readuntil(b"\r\n\r\n"))
    length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
    return head, await in_time(reader.readexactly(length))


def is_a_problem(head: bytes, body: bytes, status: int, code: str) -> bool:
    fields = orjson.loads(body)
    assert head.startswith(f"HTTP/1.1 {status} ".encode())
    assert b"content-type: application/problem+json\r\n" in head
    assert f"x-correlation-id: {fields['correlation_id']}\r\n".encode() in head
    for name, value in SAFE.items():
        assert f"\r\n{name}: {value}\r\n".encode() in head
    assert (fields["status"], fields["code"]) == (status, code)
    return set(fields) == PROBLEM_FIELDS


@pytest.mark.parametrize(
    "sent", [b"NONSENSE\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"\x16\x03\x01\x02\x00\x01", b"{}\r\n"]
)
async def test_input_that_is_not_http_is_a_problem_and_ends_the_connection(
    port: int, sent: bytes
) -> None:
    async with connected(port) as (reader, writer):
        writer.write(sent)
        assert is_a_problem(*await read_answer(reader), 400, "bad_request")
        assert await in_time(reader.read()) == b""


async def test_headers_without_an_end_are_refused_before_they_fill_the_memory(port: int) -> None:
    async with connected(port) as (reader, writer):
        writer.write(GET[:-2])
        for number in range(8):
            writer.write(f"X-{number}: {'y' * 10_000}\r\n".encode())
            await writer.drain()
            await asyncio.sleep(0.01)
        assert is_a_problem(*await read_answer(reader), 431, "request_header_fields_too_large")


async def test_sequential_and_pipelined_requests_are_all_answered(port: int) -> None:
    async with connected(port) as (reader, writer):
        for _ in range(3):
            writer.write(GET)
            assert (await read_answer(reader))[1] == b"/"
            await asyncio.sleep(0.4 * PATIENCE_S)
        writer.write(GET * 5)
        assert [(await read_answer(reader))[1] for _ in range(5)] == [b"/"] * 5


@pytest.mark.parametrize("behind", [b"NONSENSE\r\n\r\n", GET * 20_000], ids=["nonsense", "many"])
async def test_requests_before_nonsense_or_too_many_requests_are_answered_and_are_the_last(
    port: int, behind: bytes
) -> None:
    async with connected(port) as (reader, writer):
        writer.write(GET * 5 + behind)
        assert [(await read_answer(reader))[1] for _ in range(5)] == [b"/"] * 5
        rest = await in_time(reader.read(), 10)
        assert rest.count(b"HTTP/1.1 200 OK") == rest.count(b"HTTP/1.1") < 200


async def test_many_requests_on_a_connection_do_not_block_the_loop(port: int) -> None:
    async with longest_stall() as stall, connected(port) as (reader, writer):
        writer.write(GET * 20_000)
        await in_time(reader.read(), 10)
    assert stall.seconds < 0.05


async def test_the_rest_of_a_body_that_was_answered_early_is_not_a_header(port: int) -> None:
    """A client that is still sending must be able to read why it was refused, and may continue."""
    async with connected(port) as (reader, writer):
        for _ in range(2):
            writer.write(b"POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 5000000\r\n\r\n")
            await asyncio.sleep(0.05)
            for _ in range(50):
                writer.write(b"x" * 100_000)
                await writer.drain()
            assert (await read_answer(reader))[1] == b"/"
        writer.write(GET)
        assert (await read_answer(reader))[1] == b"/"


async def test_a_body_that_never_ends_keeps_no_connection_once_it_is_answered(port: int) -> None:
    async with connected(port) as (reader, writer):
        writer.write(b"POST / HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n")
        assert (await read_answer(reader))[1] == b"/"
        began = monotonic()
        end = asyncio.create_task(reader.read())
        while not end.done() and monotonic() - began < 10 * PATIENCE_S:
            with suppress(OSError):
                writer.write(b"1\r\nx\r\n")
            await asyncio.sleep(0.05)
        assert end.done()
        assert monotonic() - began < 4 * PATIENCE_S


async def test_empty_lines_between_requests_do_not_keep_a_connection(port: int) -> None:
    async with connected(port) as (reader, writer):
        writer.write(GET)
        await read_answer(reader)
        began = monotonic()
        end = asyncio.create_task(reader.read())
        while not end.done() and monotonic() - began < 10 * PATIENCE_S:
            with suppress(OSError):
                writer.write(b"\r\n")
            await asyncio.sleep(0.05)
        assert end.done()
        assert 0.5 * PATIENCE_S < monotonic() - began < 4 * PATIENCE_S


async def test_slow_headers_after_a_slow_response_do_not_cancel_the_response(port: int) -> None:
    async with connected(port) as (reader, writer):
        writer.write(GET.replace(b"/", b"/slow", 1) + GET[:10])
        assert (await read_answer(reader))[1] == b"/slow"
        assert await in_time(reader.read()) == b""


async def test_a_client_that_does_not_read_its_response_is_disconnected(port: int) -> None:
    async with serving() as (server, port), connected(port) as (reader, writer):
        writer.write(GET.replace(b"/", b"/large", 1))
        await until(lambda: bool(server.server_state.connections))
        began = monotonic()
        # Only what fits in the sockets and the reader's own 128 KiB is taken.
        await until(lambda: not server.server_state.connections)
        assert monotonic() - began > 0.5 * PATIENCE_S
        assert len(await reader.read()) < len(LARGE)


async def test_a_client_that_reads_slowly_gets_all_of_its_answer(port: int) -> None:
    async with connected(port) as (reader, writer):
        writer.write(GET.replace(b"/", b"/large", 1))
        began, received = monotonic(), 0
        await reader.readuntil(b"\r\n\r\n")
        while received < len(LARGE):
            part = await reader.read(2**16)
            assert part, f"the end came after {received} bytes"
            received += len(part)
            # The kernel buffers megabytes, so the server sees slow reading in steps.
            await asyncio.sleep(0.01)
        assert monotonic() - began > 2 * PATIENCE_S


async def test_the_first_signal_waits_for_answers_and_a_second_ctrl_c_does_not() -> None:
    async with serving(shutdown_timeout_s=30) as (server, port), connected(port) as (_, writer):
        writer.write(GET.replace(b"/", b"/slow", 1))
        await until(lambda: bool(server.server_state.tasks))
        server.handle_exit(signal.SIGTERM, None)
        server.handle_exit(signal.SIGTERM, None)
        assert (server.should_exit, server.force_exit) == (True, False)
        server.handle_exit(signal.SIGINT, None)
        assert server.force_exit
        server.handle_exit(signal.SIGTERM, None)
        assert server.force_exit


async def test_a_stopping_server_does_not_raise_the_signal_again(
    caught: list[int],
) -> None:
    async with serving() as (_, port):
        signal.raise_signal(signal.SIGTERM)
        await until(lambda: not is_listening(port))
    assert caught == []


@pytest.mark.parametrize("line", [b"HEAD /\xff HTTP/1.1", b"\r\nHEAD %2Fv1 HTTP/1.1"])
async def test_the_answer_to_a_head_that_cannot_be_read_has_no_body(port: int, line: bytes) -> None:
    async with connected(port) as (reader, writer):
        writer.write(line + b"\r\nHost: x\r\n\r\n")
        head, _, body = (await in_time(reader.read())).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 400 ")
    assert body == b""


async def test_a_request_that_outlives_the_server_gets_a_problem() -> None:
    api = Api(title="slow")
    api.state.receive_timeout_s = PATIENCE_S
    began = asyncio.Event()

    @api.get("/health")
    async def never() -> None:
        began.set()
        await asyncio.Event().wait()

    async with (
        serving(api, shutdown_timeout_s=1) as (server, port),
        connected(port) as (reader, writer),
    ):
        writer.write(GET.replace(b"/", b"/health", 1))
        await asyncio.wait_for(began.wait(), 10)
        server.should_exit = True
        head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 10)
        assert is_a_problem(head, await reader.read(), 503, "shutting_down")


def is_listening(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


async def test_tests_run_on_the_event_loop_of_the_server() -> None:
    make_loop = make_server(
        app, host="127.0.0.1", port=0, receive_timeout_s=PATIENCE_S, shutdown_timeout_s=1
    ).config.get_loop_factory()
    assert make_loop is not None
    of_server = make_loop()
    try:
        assert type(asyncio.get_running_loop()) is type(of_server)
    finally:
        of_server.close()
