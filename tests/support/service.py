"""The service as a user starts it, for a test: its log is shown when the test fails."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from bench import service as started
from bench.service import SKELDIR, Service, free_port, log_of_up, processes_of, wait_until

__all__ = [
    "SKELDIR",
    "Service",
    "free_port",
    "log_of_up",
    "processes_of",
    "running_service",
    "wait_until",
]


@contextmanager
def running_service(
    home: Path, environment: Mapping[str, str] = {}, *, words: tuple[str, ...] = ()
) -> Iterator[Service]:
    """Run `skeldir up` during the block, and pass its log to pytest, which shows it after a failure."""
    try:
        with started.running_service(home, environment, words=words) as service:
            yield service
    finally:
        sys.stderr.write(log_of_up(home).read_text(encoding="utf-8", errors="replace"))
