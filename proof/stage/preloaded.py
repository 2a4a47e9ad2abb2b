"""Commands of the program by the dozen: each in a process of its own, forked from one that has imported the program."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from types import TracebackType
from typing import Self

import orjson

from proof.stage.ground import Ground
from proof.stage.serving_commands import LONGEST_S


class PreloadedProgram:
    """A process that has imported the program; its commands run one after another, with one environment."""

    def __init__(self, ground: Ground, environment: Mapping[str, str]) -> None:
        self._process = subprocess.Popen(
            (sys.executable, "-m", "proof.stage.serving_commands"),
            cwd=ground.root,
            env={**ground.environment, **environment},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        fault: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._process.communicate(timeout=LONGEST_S)

    def run(self, *words: str) -> tuple[int, str]:
        """Run `skeldir` with these words; return its exit status, negative for a signal, and all that it printed."""
        process = self._process
        if process.stdin is None or process.stdout is None:
            raise RuntimeError("The process was started without pipes.")
        process.stdin.write(orjson.dumps(words) + b"\n")
        process.stdin.flush()
        status, printed = orjson.loads(process.stdout.readline())
        return status, printed
