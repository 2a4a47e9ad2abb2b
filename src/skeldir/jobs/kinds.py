"""What a kind of job is. Each room declares its own kinds: this room knows none."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from skeldir.db import Database
    from skeldir.jobs.leases import Job

QUEUES = ("attribution", "maintenance", "ingest")
QUEUE_OF: dict[str, str] = {}
"""Through which queue a worker is woken for a kind of job, by the kind's name: what the rooms have declared."""


def declare_kind(name: str, *, queue: str) -> str:
    """Declare a kind of job and return its name. The room whose work it is calls this once, when it is imported.

    A process knows the kinds of the rooms that it has imported, so nothing can be enqueued that is not declared.
    """
    assert queue in QUEUES and name not in QUEUE_OF  # noqa: S101, PT018 - both are written in the program, never input
    QUEUE_OF[name] = queue
    return name


@dataclass(frozen=True, slots=True)
class JobKind:
    """How a kind of job is done.

    `run` gets the pool and the job, and calls `job.finish` in the transaction of its last effect. It may be run
    again after a fault, `attempts` times in all. A job that was done is kept for `keep_done_s` seconds.
    """

    name: str
    run: Callable[[Database, Job], Awaitable[None]]
    attempts: int = 5
    lease_s: float = 30.0
    keep_done_s: float = 3_600.0


@dataclass(frozen=True, slots=True)
class Pulse:
    """A periodic task for all tenants: its name, its period, and the work itself, which must be short."""

    name: str
    every_s: float
    run: Callable[[Database], Awaitable[None]]
