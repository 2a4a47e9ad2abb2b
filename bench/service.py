"""The complete service as a user starts it: `skeldir up` on its own embedded server, and its processes."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import httpx2
import psutil
import psycopg

SKELDIR = [sys.executable, "-c", "from skeldir.cli import main; main()"]
# Patterns that distinguish the processes of the service by their command lines. While `up` starts the embedded
# server, the server's own "io worker" is among its descendants too.
ROLES = {
    "api": re.compile(r"skeldir\.cli.* serve\b"),
    "worker": re.compile(r"skeldir\.worker worker\b"),
    "beat": re.compile(r"skeldir\.worker beat\b"),
}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def wait_until(holds: Callable[[], bool], seconds: float, what: str) -> None:
    """Wait until `holds()` returns true; fail after `seconds`."""
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, f"not within {seconds} s: {what}"
        time.sleep(0.05)


def ask(url: str, question: str, *values: object) -> list[tuple[object, ...]]:
    """Query a database, with `%s` for each value, or `%(name)s` for those of one mapping; return the rows."""
    bound = values[0] if values and isinstance(values[0], dict) else values or None
    with psycopg.connect(url, connect_timeout=5) as connection:
        return connection.execute(question.encode(), bound).fetchall()


@dataclass(frozen=True, slots=True)
class Service:
    """A running `skeldir up`."""

    process: subprocess.Popen[bytes]
    base: str
    home: Path
    environment: Mapping[str, str]

    def skeldir(self, *words: str) -> str:
        """Run a command while the service runs, on the same server."""
        done = subprocess.run(
            [*SKELDIR, *words],
            env=dict(self.environment),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    @property
    def url(self) -> str:
        """The database as an operator sees it."""
        return f"postgresql://postgres@/skeldir?host={self.home / 'postgres.run'}&port=5432"

    def ask(self, question: str, *values: object) -> list[tuple[object, ...]]:
        """Query as the operator, who sees all tenants; see `ask`."""
        return ask(self.url, question, *values)

    def processes(self, role: str) -> list[psutil.Process]:
        """Return the running processes of a role: api, worker or beat."""
        found = []
        with suppress(psutil.NoSuchProcess):
            for child in psutil.Process(self.process.pid).children(recursive=True):
                with suppress(psutil.NoSuchProcess):
                    line = " ".join(child.cmdline())
                    if child.status() != psutil.STATUS_ZOMBIE and ROLES[role].search(line):
                        found.append(child)
        return found

    def postmaster(self) -> int:
        return int((self.home / "postgres" / "postmaster.pid").read_text().split()[0])

    def is_ready(self) -> bool:
        try:
            return httpx2.get(self.base + "/health/ready", timeout=2).status_code == 200
        except httpx2.TransportError:
            return False

    def stop(self, seconds: float = 30) -> int:
        """Send what Ctrl-C sends, and return the exit status."""
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(seconds)


def processes_of(home: Path) -> list[str]:
    """Return the id, state and command line of every process that still uses a home."""
    left = []
    for process in psutil.process_iter():
        with suppress(psutil.NoSuchProcess, psutil.AccessDenied):
            line = " ".join(process.cmdline())
            environment = process.environ() if "skeldir" in line else {}
            is_zombie = process.status() == psutil.STATUS_ZOMBIE
            if (
                str(home) in line or environment.get("SKELDIR_HOME") == str(home)
            ) and not is_zombie:
                left.append(f"{process.pid} ({process.status()}) {line}")
    return left


def log_of_up(home: Path) -> Path:
    """Return the path of the log of `skeldir up` and its child processes."""
    return home.parent / "up.log"


@contextmanager
def running_service(
    home: Path, environment: Mapping[str, str] = {}, *, words: tuple[str, ...] = ()
) -> Iterator[Service]:
    """Start `skeldir up` on a free port, wait until it is ready, and make sure that it leaves nothing behind."""
    port = free_port()
    variables = {
        **{k: v for k, v in os.environ.items() if not k.startswith(("CELERY_", "DATABASE_URL"))},
        "SKELDIR_HOME": str(home),
        "SKELDIR_WORKER_METRICS_PORT": "0",
        "SKELDIR_API_METRICS_PORT": "0",
        **environment,
    }
    with log_of_up(home).open("wb") as log:
        process = subprocess.Popen(
            [*SKELDIR, "up", "--port", str(port), *words],
            env=variables,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    service = Service(process, f"http://127.0.0.1:{port}", home, variables)
    try:
        wait_until(lambda: service.is_ready() or process.poll() is not None, 60, "ready")
        assert process.poll() is None, "the service ended at once"
        yield service
    finally:
        if process.poll() is None:
            process.terminate()
            with suppress(subprocess.TimeoutExpired):
                process.wait(30)
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
