"""Real libraries of other analytics in tests: a service that dies and comes back, and a network that loses answers."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from http.client import HTTPConnection, HTTPException
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Self

import httpx2

from tests.support.house import ROOT
from tests.support.service import SKELDIR, free_port, wait_until

PACKAGES = ROOT / "tests" / "collect" / "sdks"
MODULES = PACKAGES / "node_modules"
_OF_A_HOP = {"connection", "keep-alive", "transfer-encoding"}


def missing_package(*names: str) -> str | None:
    """Return why libraries for Node or for browsers cannot be tried; None if they can."""
    if shutil.which("node") is None:
        return "Node is not installed"
    missing = [name for name in names if not (MODULES / name).exists()]
    return f"run `npm ci` in tests/collect/sdks for {', '.join(missing)}" if missing else None


class MortalService:
    """`skeldir serve` on one port, however often it is killed and started."""

    def __init__(self, database_url: str) -> None:
        self.port = free_port()
        self._environment = os.environ | {"DATABASE_URL": database_url}
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        words = [*SKELDIR, "serve", "--port", str(self.port)]
        self._process = subprocess.Popen(words, env=self._environment)
        wait_until(self._answers, 60, "the service answers")

    def _answers(self) -> bool:
        with suppress(httpx2.TransportError):
            return httpx2.get(f"http://127.0.0.1:{self.port}/health", timeout=1).is_success
        return False

    def kill(self) -> None:
        """End it at once, with SIGKILL."""
        if self._process is not None:
            self._process.send_signal(signal.SIGKILL)
            self._process.wait()
            self._process = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *error: object) -> None:
        self.kill()


class Network:
    """An address that passes requests on to a service, and loses the answer to the first POST.

    `sent` has the paths of the POST requests that came, `lost` how many of them got no answer.
    """

    def __init__(self, port: int) -> None:
        self.sent: list[str] = []
        self.lost = 0
        network = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def pass_on(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                answer = network.forward(self.command, self.path, dict(self.headers), body)
                if answer is None:
                    self.close_connection = True
                    return
                status, headers, content = answer
                self.send_response(status)
                for name, value in headers:
                    self.send_header(name, value)
                if not any(name.lower() == "content-length" for name, _ in headers):
                    self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(content)

            do_GET = do_POST = do_OPTIONS = do_HEAD = pass_on  # noqa: N815 - names of http.server

            def log_message(self, *_words: object) -> None:
                """Say nothing."""

        self._target = port
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.address = f"http://127.0.0.1:{self._server.server_port}"

    def forward(
        self, method: str, path: str, headers: dict[str, str], body: bytes
    ) -> tuple[int, list[tuple[str, str]], bytes] | None:
        """Return the service's status, headers and body; None if nobody answered, or the answer got lost."""
        is_first = method == "POST" and not self.sent
        if method == "POST":
            self.sent.append(path)
        connection = HTTPConnection("127.0.0.1", self._target, timeout=30)
        try:
            connection.request(method, path, body or None, headers)
            answer = connection.getresponse()
            content = answer.read()
        except (OSError, HTTPException):
            self.lost += 1
            return None
        finally:
            connection.close()
        if is_first:
            self.lost += 1
            return None
        kept = [(k, v) for k, v in answer.getheaders() if k.lower() not in _OF_A_HOP]
        return answer.status, kept, content

    def __enter__(self) -> Self:
        Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *error: object) -> None:
        self._server.shutdown()
        self._server.server_close()


class Sender:
    """A program with a library: each line that it reads makes it send once, and it says when all is delivered."""

    def __init__(self, words: list[str], cwd: Path) -> None:
        self._process = subprocess.Popen(
            words, cwd=cwd, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def send(self, word: str) -> None:
        """Have it send; see `await_delivery`."""
        assert self._process.stdin is not None
        self._process.stdin.write(word + "\n")
        self._process.stdin.flush()

    def await_delivery(self, word: str) -> None:
        """Wait until it has said that it delivered everything."""
        assert self._process.stdout is not None
        assert self._process.stdout.readline().split() == ["delivered", word]

    def stop(self) -> None:
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()


@contextmanager
def sending(words: list[str], cwd: Path = PACKAGES) -> Iterator[Sender]:
    """Run a program with a library during the block."""
    sender = Sender(words, cwd)
    try:
        yield sender
    finally:
        sender.stop()


class Pages:
    """A site of another origin than the service's, with given files by path; the query of a request is ignored."""

    def __init__(self, files: Mapping[str, bytes]) -> None:
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                path = self.path.partition("?")[0]
                content = files.get(path)
                self.send_response(404 if content is None else 200)
                self.send_header(
                    "Content-Type", "text/javascript" if path.endswith(".js") else "text/html"
                )
                self.end_headers()
                self.wfile.write(content or b"")

            def log_message(self, *_words: object) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.origin = f"http://localhost:{self._server.server_port}"

    def __enter__(self) -> Self:
        Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *error: object) -> None:
        self._server.shutdown()
        self._server.server_close()
