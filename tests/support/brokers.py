"""Redis and RabbitMQ, started for a test when Debian's packages are there."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from kombu import Connection
from kombu.exceptions import OperationalError

from tests.support.service import free_port, wait_until


def _answers(url: str) -> bool:
    try:
        with Connection(url, connect_timeout=1) as connection:
            connection.ensure_connection(max_retries=1, timeout=2)
    except OperationalError:
        return False
    return True


@contextmanager
def _running(words: list[str], environment: dict[str, str], url: str) -> Iterator[str]:
    process = subprocess.Popen(
        words,
        env=os.environ | environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        wait_until(lambda: _answers(url), 60, f"{words[0]} answers")
        yield url
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            process.wait(15)
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


@contextmanager
def running_redis(folder: Path) -> Iterator[str]:
    """Yield the URL of a separate Redis; the test is skipped where it is not installed."""
    program = shutil.which("redis-server")
    if program is None:
        pytest.skip("redis-server is not installed (Debian: apt-get install redis-server)")
    port = free_port()
    words = [
        program,
        "--port",
        str(port),
        "--bind",
        "127.0.0.1",
        "--save",
        "",
        "--dir",
        str(folder),
    ]
    with _running(words, {}, f"redis://127.0.0.1:{port}/0") as url:
        yield url


@contextmanager
def running_rabbitmq() -> Iterator[str]:
    """Yield the URL of a separate RabbitMQ; the test is skipped where it is not installed."""
    program = shutil.which("rabbitmq-server", path=f"/usr/lib/rabbitmq/bin:/usr/sbin:{os.defpath}")
    if program is None:
        pytest.skip("rabbitmq-server is not installed (Debian: apt-get install rabbitmq-server)")
    if os.geteuid() != 0 and program.startswith("/usr/sbin"):
        pytest.skip("Debian's rabbitmq-server starts as root or rabbitmq only")
    port, far, mapper = free_port(), free_port(), free_port()
    with tempfile.TemporaryDirectory(prefix="skeldir-rabbit-") as name:
        folder = Path(name)
        folder.chmod(0o777)
        (folder / "advanced.config").write_text("[].\n")
        environment = {
            "HOME": name,
            "RABBITMQ_NODENAME": f"skeldir{port}@localhost",
            "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODE_PORT": str(port),
            "RABBITMQ_DIST_PORT": str(far),
            "ERL_EPMD_PORT": str(mapper),
            "RABBITMQ_MNESIA_BASE": name,
            "RABBITMQ_LOG_BASE": name,
            "RABBITMQ_PID_FILE": f"{name}/pid",
            "RABBITMQ_CONFIG_FILE": f"{name}/none",
            "RABBITMQ_ENABLED_PLUGINS_FILE": f"{name}/plugins",
        }
        try:
            with _running([program], environment, f"amqp://guest:guest@127.0.0.1:{port}//") as url:
                yield url
        finally:
            # Erlang's port mapper outlives its nodes.
            if epmd := shutil.which("epmd"):
                subprocess.run(
                    [epmd, "-port", str(mapper), "-kill"],
                    check=False,
                    capture_output=True,
                    timeout=10,
                )
