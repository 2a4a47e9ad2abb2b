"""`skeldir` as people run it: as a process, or in this one, which has already imported the program."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from io import StringIO
from types import FrameType
from unittest.mock import patch

import pytest

from bench.service import SKELDIR
from skeldir.cli import main

__all__ = ["SKELDIR", "environment", "run", "run_here"]

_MOST_S = 120


def environment(url: str) -> dict[str, str]:
    return {k: v for k, v in os.environ.items() if k != "SKELDIR_HOME"} | {"DATABASE_URL": url}


def run(url: str, *words: str, status: int = 0) -> str:
    """Run a command as a process; return its output."""
    done = subprocess.run(
        [*SKELDIR, *words],
        env=environment(url),
        capture_output=True,
        text=True,
        timeout=_MOST_S,
        check=False,
    )
    assert done.returncode == status, done.stdout + done.stderr
    return done.stdout + done.stderr


def run_here(url: str, *words: str, status: int = 0) -> str:
    """Run a command in this process, errors reported as usual: for tests that need no separate process."""
    said = StringIO()
    with (
        _signals_as_before(),
        patch.object(sys, "argv", ["skeldir", *words]),
        patch.dict(os.environ, environment(url), clear=True),
        redirect_stdout(said),
        redirect_stderr(said),
        pytest.raises(SystemExit) as ended,
    ):
        main()
    assert (ended.value.code or 0) == status, said.getvalue()
    return said.getvalue()


@contextmanager
def _signals_as_before() -> Iterator[None]:
    """Stop a command that runs for longer than a process may; restore the signal handlers that it changes."""

    def give_up(_number: int, _frame: FrameType | None) -> None:
        raise TimeoutError("The command did not end.")

    before = {signal.SIGTERM: signal.getsignal(signal.SIGTERM)}
    before[signal.SIGALRM] = signal.signal(signal.SIGALRM, give_up)
    signal.alarm(_MOST_S)
    try:
        yield
    finally:
        signal.alarm(0)
        for number, handler in before.items():
            signal.signal(number, handler)
