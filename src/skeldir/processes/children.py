"""Which processes `skeldir serve`, `skeldir worker`, `skeldir beat` and `skeldir up` keep running."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from skeldir.errors import InputInvalid
from skeldir.jobs import QUEUES
from skeldir.processes.supervisor import Child
from skeldir.settings import (
    broker_url_of,
    environment_on,
    is_postgres_broker,
    result_backend_of,
)

if TYPE_CHECKING:
    from skeldir.settings import Settings

# -P: the directory in which the command was given is no place to import from.
_MODULE = (sys.executable, "-P", "-m", "skeldir.worker")
_MEMBER = (sys.executable, "-P", "-m", "skeldir.cli.member")
_COMMAND = (sys.executable, "-P", "-c", "from skeldir.cli import main; main()")
# Short work, which somebody waits for. One process does nothing else when there are several.
_SHORT_QUEUES = ("attribution", "maintenance")
_AFTER_THE_API = 1


def worker_children(
    settings: Settings,
    database_url: str,
    *,
    processes: int | None = None,
    queues: Sequence[str] | None = None,
) -> list[Child]:
    """Return the workers: solo processes on PostgreSQL, one that forks on any other broker.

    Raises:
        InputInvalid: a queue is not known.
        ConfigurationInvalid: the broker, or what keeps results, is of a kind that the program does not use.
    """
    if unknown := set(queues or ()) - set(QUEUES):
        raise InputInvalid(
            f"There is no queue called {', '.join(sorted(unknown))}.",
            cure=f"The queues are {', '.join(QUEUES)}.",
        )
    count = processes or settings.skeldir_worker_processes
    environment = environment_on(database_url)
    if not is_postgres_broker(_usable_broker(settings, database_url)):
        words = ["worker", "--queues", ",".join(queues or QUEUES), "--children", str(count)]
        return [Child("worker", [*_MODULE, *words], environment, True, _AFTER_THE_API)]
    return [
        Child(
            f"worker-{index}",
            [
                *_MODULE,
                *("worker", "--index", str(index)),
                *("--queues", ",".join(queues or _queues_of(index, count))),
            ],
            environment,
            shows_life=True,
            stop_rank=_AFTER_THE_API,
        )
        for index in range(count)
    ]


def beat_child(settings: Settings, database_url: str) -> Child:
    """Return beat, which runs what is periodic.

    Raises:
        ConfigurationInvalid: the broker, or what keeps results, is of a kind that the program does not use.
    """
    _usable_broker(settings, database_url)
    return Child("beat", [*_MODULE, "beat"], environment_on(database_url), True, _AFTER_THE_API)


def api_children(
    database_url: str, *, host: str, port: int, processes: int = 1, must_start: bool = False
) -> list[Child]:
    """Return the API, the first to be stopped: what it has accepted is then done by the others.

    Several processes share the address; each also has one of its own on the loopback, and shows that it is alive.
    """
    words = ["serve", "--host", host, "--port", str(port)]
    environment = environment_on(database_url)
    if processes == 1:
        return [Child("api", [*_COMMAND, *words, "--processes", "1"], environment)]
    return [
        Child(
            f"api-{index}",
            [*_MEMBER, *words, "--member", str(index)],
            environment,
            shows_life=True,
            must_start=must_start,
        )
        for index in range(processes)
    ]


def _usable_broker(settings: Settings, database_url: str) -> str:
    """Return the broker's URL; it and that of the results are checked here, once, instead of by children that die."""
    result_backend_of(settings, database_url)
    return broker_url_of(settings, database_url)


def _queues_of(index: int, count: int) -> tuple[str, ...]:
    return _SHORT_QUEUES if index == 0 and count > 1 else QUEUES
