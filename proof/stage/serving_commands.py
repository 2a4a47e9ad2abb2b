"""Runs commands of the program, each in a process forked from this one, which has imported the program.

Most of the time of a short command is spent on imports. The standard input has the words of a command in each line, as
JSON; the answer to each is its exit status and all that it printed.
"""

from __future__ import annotations

import os
import pkgutil
import signal
import sys
from importlib import import_module
from typing import Final

import orjson
from typer.main import get_group

import skeldir
from skeldir.cli import app, main

LONGEST_S: Final = 120


def _serve() -> None:
    """Run the command of each line of the standard input, until it ends."""
    for module in pkgutil.iter_modules(skeldir.__path__):
        if module.ispkg:
            import_module(f"skeldir.{module.name}")
    list(get_group(app).commands.values())  # loads the module of each
    answers = os.fdopen(os.dup(1), "wb")
    for line in sys.stdin.buffer:
        words = orjson.loads(line)
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:
            answers.close()
            os.close(reading)
            _become(words, writing)
            return
        os.close(writing)
        with os.fdopen(reading, "rb") as pipe:
            printed = pipe.read().decode(errors="replace")
        _, status = os.waitpid(child, 0)
        answers.write(orjson.dumps((os.waitstatus_to_exitcode(status), printed)) + b"\n")
        answers.flush()


def _become(words: list[str], output: int) -> None:
    """Let this process be the command: what it raises ends the process as it would end the command."""
    signal.alarm(LONGEST_S)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.dup2(output, 1)
    os.dup2(output, 2)
    sys.argv = ["skeldir", *words]
    main()


if __name__ == "__main__":
    _serve()
