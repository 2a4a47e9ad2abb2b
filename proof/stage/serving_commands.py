"""Runs commands of the program, each in a process forked from this one, which has imported the program.

Most of the time of a short command is spent on imports. The standard input has the words of a command in each line, as
JSON; the answer to each is its exit status and all that it printed.
"""

from __future__ import annotations

import gc
import os
import pkgutil
import signal
import sys
from functools import cache
from importlib import import_module
from typing import Final

import orjson
import typer.main

import skeldir
from skeldir.cli import app, main

LONGEST_S: Final = 120


def _serve() -> None:
    """Run the command of each line of the standard input, until it ends."""
    for module in pkgutil.iter_modules(skeldir.__path__):
        if module.ispkg:
            import_module(f"skeldir.{module.name}")
    # Typer makes all commands for each that is run, which takes longer than most of them take to run.
    typer.main.get_group = cache(typer.main.get_group)
    list(typer.main.get_group(app).commands.values())  # loads the module of each
    # A collection in a child would copy every page of what was imported.
    gc.freeze()
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
    try:
        main()
    except SystemExit as ended:
        if not isinstance(ended.code, int | None):
            raise
        sys.stdout.flush()
        sys.stderr.flush()
        # To take apart what was imported would take longer than most commands take.
        os._exit(ended.code or 0)


if __name__ == "__main__":
    _serve()
