"""The HTTP server: uvicorn with time limits for slow clients, and exit status 0 after a signal."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable
from types import FrameType
from typing import TYPE_CHECKING, Any, cast

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from skeldir.http.headers import SECURITY_HEADERS
from skeldir.http.problems import MEDIA_TYPE, make_problem

if TYPE_CHECKING:
    from starlette.types import ASGIApp
    from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

_MOST_HEADER_BYTES = 64 * 1024
_MOST_WAITING = 50
_SECURITY = "".join(f"{name}: {value}\r\n" for name, value in SECURITY_HEADERS.items())
_TITLES = {400: "Bad Request", 408: "Request Timeout", 431: "Request Header Fields Too Large"}


class ApiServer(uvicorn.Server):
    """A server that finishes accepted requests before it stops; a second Ctrl-C stops it at once."""

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:  # noqa: ARG002 - the signature of uvicorn
        """Stop; uvicorn itself would raise the signal again at the end, and so exit with a failure."""
        self.force_exit = self.force_exit or (self.should_exit and sig == signal.SIGINT)
        self.should_exit = True


def make_server(
    app: ASGIApp,
    *,
    host: str,
    port: int,
    receive_timeout_s: float,
    shutdown_timeout_s: int,
    show_life: Callable[[], None] = lambda: None,
) -> ApiServer:
    """Return the server of `app`, which waits `receive_timeout_s` for headers and `shutdown_timeout_s` for the end.

    While it serves, `show_life` is called about once a second on the event loop.
    """

    async def notify() -> None:
        show_life()

    class Protocol(PatientProtocol):
        """The protocol with the given time-out."""

        timeout_s = receive_timeout_s

    return ApiServer(
        uvicorn.Config(
            app,
            host=host,
            port=port,
            http=Protocol,
            ws="none",
            log_config=None,
            access_log=False,
            server_header=False,
            # Otherwise any program on this machine could forge the address of a client.
            proxy_headers=False,
            timeout_graceful_shutdown=shutdown_timeout_s,
            callback_notify=notify,
            timeout_notify=0,
        )
    )


class _TooManyWaiting(Exception):
    """A connection has more pipelined requests than are accepted."""


class PatientProtocol(HttpToolsProtocol):
    """One connection, closed when the headers of a request do not arrive in `timeout_s` seconds or are too large.

    It is closed too when the client reads nothing of its response for that time.
    Input that is not HTTP is answered here, before there is a request, in the same shape as every problem.
    """

    timeout_s = 20.0

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._header_timer: asyncio.TimerHandle | None = None
        self._header_bytes = 0
        self._is_in_body = False
        self._is_head = False
        self._unread_timer: asyncio.TimerHandle | None = None
        self._unread_bytes = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # the signature of uvicorn
        """Start waiting for the headers of the first request."""
        super().connection_made(transport)
        self._await_headers()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop waiting."""
        self._have_headers()
        self._stop_watching_reader()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Read more; between two requests any byte starts the wait for the next headers."""
        if not self._is_answering():
            self._await_headers()
            if not self._header_bytes and not self._is_in_body:
                self._is_head = data.lstrip(b"\r\n").startswith(b"HEAD ")
        # The rest of a body that was answered early is not a header, but has the same time limit.
        waiting = None if self._is_in_body else self._header_timer
        super().data_received(data)
        if waiting is not None and self._header_timer is waiting:
            self._header_bytes += len(data)
            if self._header_bytes > _MOST_HEADER_BYTES:
                self._refuse(431, "The headers are too large.", "Send fewer or shorter headers.")

    def on_message_begin(self) -> None:
        """Wait for the headers of a request, also of a pipelined one."""
        if len(self.pipeline) >= _MOST_WAITING:
            # The data of one read are parsed at once, and thousands of requests would block the loop.
            raise _TooManyWaiting
        super().on_message_begin()
        self._await_headers()

    def on_headers_complete(self) -> None:
        """Pass on the request."""
        self._have_headers()
        self._is_in_body = True
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """Treat what follows as the next request."""
        self._is_in_body = False
        super().on_message_complete()

    def pause_writing(self) -> None:
        """Watch a client that reads its response more slowly than it is sent."""
        super().pause_writing()
        self._watch_reader()

    def resume_writing(self) -> None:
        """Continue, since the client has read."""
        self._stop_watching_reader()
        super().resume_writing()

    def send_400_response(self, msg: str) -> None:
        """Answer input that is not HTTP; complete requests before it are answered first, and are the last."""
        if self.pipeline or (self._is_answering() and not self.cycle.more_body):
            self.cycle.keep_alive = False
            return
        self._refuse(400, msg, "Send a valid HTTP/1.1 request.")

    def _is_answering(self) -> bool:
        cycle = cast("RequestResponseCycle | None", self.cycle)  # None before the first request
        return cycle is not None and not cycle.response_complete

    def _await_headers(self) -> None:
        if self._header_timer is None:
            self._header_timer = self.loop.call_later(self.timeout_s, self._end_slow_headers)

    def _have_headers(self) -> None:
        if self._header_timer is not None:
            self._header_timer.cancel()
        self._header_timer = None
        self._header_bytes = 0

    def _end_slow_headers(self) -> None:
        self._header_timer = None
        if self._is_answering():
            # The response to the request before is not sent yet.
            self.cycle.keep_alive = False
        elif self._header_bytes:
            self._refuse(408, "The headers did not arrive in time.", "Send it again, at once.")
        else:
            self.transport.close()

    def _watch_reader(self) -> None:
        self._unread_bytes = self.transport.get_write_buffer_size()
        self._unread_timer = self.loop.call_later(self.timeout_s, self._drop_reader)

    def _stop_watching_reader(self) -> None:
        if self._unread_timer is not None:
            self._unread_timer.cancel()
        self._unread_timer = None

    def _drop_reader(self) -> None:
        if self.transport.get_write_buffer_size() < self._unread_bytes:
            self._watch_reader()
        else:
            self.transport.abort()

    def _refuse(self, status: int, detail: str, cure: str) -> None:
        title = _TITLES[status]
        code = title.lower().replace(" ", "_")
        problem = make_problem(status, title, code, detail, cure)
        body = problem.model_dump_json().encode()
        head = (
            f"HTTP/1.1 {status} {title}\r\ncontent-type: {MEDIA_TYPE}\r\ncontent-length: {len(body)}\r\n"
            f"x-correlation-id: {problem.correlation_id}\r\n{_SECURITY}connection: close\r\n\r\n"
        )
        self._have_headers()
        # A client would take the body of a response to HEAD for the next response.
        self.transport.write(head.encode() + (b"" if self._is_head else body))
        self.transport.close()
