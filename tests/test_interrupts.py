"""Children of tests can be interrupted, whatever the shell that started the tests ignores."""

from __future__ import annotations

import signal
import subprocess
import sys

from tests.conftest import pytest_sessionstart


def test_a_child_of_a_test_can_be_interrupted_though_the_shell_ignores_interrupts() -> None:
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        pytest_sessionstart()
        with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as child:
            child.send_signal(signal.SIGINT)
            assert child.wait(10) != 0
    finally:
        signal.signal(signal.SIGINT, before)
