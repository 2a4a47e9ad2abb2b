"""A supervisor as a separate process, with children of a few lines each."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil

ROOT = Path(__file__).resolve().parents[2]

_SUPERVISOR = """
import json, os, sys
from skeldir.processes.supervisor import Child, Supervisor

options = json.loads(sys.argv[1])
children = [
    Child(name, command, dict(os.environ), shows_life=shows_life, stop_rank=rank, must_start=options["must_start"])
    for name, command, shows_life, rank in options["children"]
]

def report(what):
    sys.stdout.write(what + "\\n")
    sys.stdout.flush()

sys.exit(Supervisor(children, report, stop_s=options["stop_s"], stuck_after_s=options["stuck_after_s"]).run())
"""


class Supervised:
    """A running supervisor and the lines that it has reported so far."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.lines: list[str] = []
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.append(line.strip())

    def wait_for(self, words: str, *, times: int = 1, seconds: float = 10) -> str:
        """Return the last line with these words once it has been reported `times` times."""
        end = time.monotonic() + seconds
        while len(found := [line for line in self.lines if words in line]) < times:
            assert time.monotonic() < end, self.lines
            time.sleep(0.02)
        return found[-1]

    def children(self) -> list[psutil.Process]:
        return psutil.Process(self.process.pid).children(recursive=True)

    def stop(self, seconds: float = 15) -> int:
        self.process.terminate()
        status = self.process.wait(seconds)
        self.reader.join(5)
        return status


@contextmanager
def supervising(
    children: Sequence[tuple[str, Sequence[str], bool, int]],
    *,
    stop_s: float = 5,
    stuck_after_s: float = 60,
    must_start: bool = False,
    environment: Mapping[str, str] = {},
) -> Iterator[Supervised]:
    """Run a supervisor with (name, command, shows_life, stop_rank); nothing of it is left at the end."""
    options = {
        "children": [[name, list(command), *rest] for name, command, *rest in children],
        "stop_s": stop_s,
        "stuck_after_s": stuck_after_s,
        "must_start": must_start,
    }
    process = subprocess.Popen(
        [sys.executable, "-c", _SUPERVISOR, json.dumps(options)],
        env=os.environ | environment,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        start_new_session=True,
    )
    supervised = Supervised(process)
    try:
        yield supervised
    finally:
        left = supervised.children() if process.poll() is None else []
        for one in [process, *left]:
            with suppress(psutil.NoSuchProcess, ProcessLookupError):
                one.kill()
        process.wait()
        assert process.stdout is not None
        supervised.reader.join(5)
        process.stdout.close()


def python(lines: str) -> list[str]:
    """Return the command that runs these lines."""
    return [sys.executable, "-c", lines]
