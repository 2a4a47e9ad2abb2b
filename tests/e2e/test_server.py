"""The HTTP server and the embedded PostgreSQL as real processes."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2
import psutil
import pytest

from tests.conftest import Clone
from tests.support.command import SKELDIR, run_here
from tests.support.make import make_conversion, make_touch


@contextmanager
def serving(
    words: list[str], environment: dict[str, str]
) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    """Run a server on a free port until the end of the block."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = subprocess.Popen([*words, "--port", str(port)], env=os.environ | environment)
    base = f"http://127.0.0.1:{port}"
    try:
        for _ in range(200):
            try:
                httpx2.get(base + "/health", timeout=1)
                break
            except httpx2.TransportError:
                time.sleep(0.1)
        yield process, base
    finally:
        process.kill()
        process.wait()


def test_uvicorn_serves_the_application_of_the_environment(clone: Clone) -> None:
    words = [sys.executable, "-m", "uvicorn", "skeldir.app:app"]
    with serving(
        words, {"DATABASE_URL": clone.app_url.replace("postgresql", "postgresql+asyncpg", 1)}
    ) as (
        _,
        base,
    ):
        health = httpx2.get(base + "/health")
        assert (health.status_code, health.json()) == (200, {"status": "healthy"})
        assert httpx2.post(base + "/v1/touches", json=[]).status_code == 401


@pytest.mark.slow
def test_facts_sent_over_http_are_credited_on_the_embedded_server_that_all_commands_share(
    tmp_path: Path,
) -> None:
    environment = {"SKELDIR_HOME": str(tmp_path / "home")}
    here = os.environ | environment

    def skeldir(*words: str) -> str:
        return subprocess.run(
            [*SKELDIR, *words], env=here, capture_output=True, text=True, check=True, timeout=60
        ).stdout

    skeldir("tenants", "create", "Shop")
    key = {
        "Authorization": "Bearer " + skeldir("keys", "create", "Shop", "--scope", "ingest").strip()
    }
    with serving([*SKELDIR, "serve"], environment) as (server, base):
        assert (
            httpx2.post(base + "/v1/touches", json=[make_touch()], headers=key).json()["accepted"]
            == 1
        )
        order = make_conversion()
        for expected in ({"accepted": 1, "duplicates": 0}, {"accepted": 0, "duplicates": 1}):
            answer = httpx2.post(base + "/v1/conversions", json=[order], headers=key).json()
            assert answer.items() >= expected.items()
        skeldir("credit")
        skeldir("refresh")
        assert "100.00" in skeldir("report", "Shop")
        server.send_signal(signal.SIGKILL)
        server.wait()
    # What was committed is there, and the last user stops the server.
    assert "100.00" in skeldir("report", "Shop")
    left = [
        p
        for p in psutil.process_iter(["cmdline"])
        if str(tmp_path) in " ".join(p.info["cmdline"] or [])
    ]
    assert not left


@pytest.mark.slow
def test_a_server_stops_on_a_signal(clone: Clone) -> None:
    with serving([*SKELDIR, "serve"], {"DATABASE_URL": clone.app_url}) as (server, _):
        server.send_signal(signal.SIGINT)
        assert server.wait(timeout=10) in (0, 130)
    assert "credited" in run_here(clone.app_url, "credit").lower()
