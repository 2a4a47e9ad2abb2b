"""What a run records. Every moment is a second of the machine's monotonic clock, which all its processes share."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import NamedTuple

QUIET, HOT, HOSTILE, PROBE = "quiet", "hot", "hostile", "probe"
"""The groups of tenants; `probe` is who asks for health. The marker of the hot tenant is `hot`, too."""

ERRORS, LATENCY, PULSES = "errors", "latency", "pulses"


class Window(NamedTuple):
    """A fault from `began` to `ended`, and for how long after it recovery may take.

    Within it `explains` is not held against the service: for one tenant, or for all when `who` is empty.
    """

    fault: str
    began: float
    ended: float
    grace_s: float
    explains: frozenset[str] = frozenset()
    who: str = ""

    def covers(self, what: str, began: float, ended: float, who: str = "") -> bool:
        """Say whether something of `who` that went on from `began` to `ended` met this fault."""
        return (
            what in self.explains
            and (not self.who or self.who == who)
            and began <= self.ended + self.grace_s
            and ended >= self.began
        )


class Attempt(NamedTuple):
    """One request that was not answered well: status 0 means that no whole answer came."""

    who: str
    group: str
    operation: str
    began: float
    ended: float
    status: int
    code: str


class Operation(NamedTuple):
    """What a sender wanted, from the moment it was due to the answer that ended it, however many tries it took."""

    who: str
    group: str
    operation: str
    due: float
    sent: float
    ended: float


class PulseAge(NamedTuple):
    """How old a pulse was at a moment, and how often it is promised, both in seconds."""

    name: str
    at: float
    age_s: float
    every_s: float


class ViewAge(NamedTuple):
    """For how long a view had not shown a change that was there, and what it promises, in seconds."""

    name: str
    at: float
    age_s: float
    promised_s: float


class Look(NamedTuple):
    """One look at `/health/live` or `/health/ready`: how long it took, in seconds, and its status (0: no answer)."""

    path: str
    at: float
    took_s: float
    status: int


class Memory(NamedTuple):
    """What a process with its descendants had at a moment: proportional set size in bytes, processor time so far."""

    name: str
    process_id: int
    at: float
    bytes: int
    processor_s: float = 0.0


@dataclass(slots=True)
class Tally:
    """What one tenant sent, by the numbers of its items, and which of them were acknowledged."""

    who: str
    group: str
    touches_sent: int = 0
    conversions_sent: int = 0
    touches_acknowledged: bytearray = field(default_factory=bytearray)
    conversions_acknowledged: bytearray = field(default_factory=bytearray)
    refused: list[str] = field(default_factory=list)
    """Good items that were refused, with the code."""
    foreign: list[str] = field(default_factory=list)
    """Markers of other tenants that answers to this one carried."""
    abandoned: int = 0
    """Operations that were never acknowledged: the run ended first."""


@dataclass(slots=True)
class Sent:
    """What a process of senders hands back."""

    tallies: list[Tally] = field(default_factory=list)
    attempts: list[Attempt] = field(default_factory=list)
    operations: list[Operation] = field(default_factory=list)
    statuses: Counter[tuple[str, str, int]] = field(default_factory=Counter)
    """Answers by group, operation and status."""
    processor_s: float = 0.0
    wall_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Found:
    """What the tables of one tenant hold after the end, beside what it was told."""

    who: str
    group: str
    lost: int
    doubled: int
    unknown: int
    """Rows whose key this tenant never sent: another's, or nobody's."""
    uncredited: int
    """(order, currency, model)s whose credit is not what the ledger says."""
    set_aside: int
    """Orders that the service says it could not credit."""
    wrong_views: int
    """(view, currency)s whose sum is not that of the ledger."""
    touches: int
    entries: int


@dataclass(frozen=True, slots=True)
class DeadJob:
    """A job that was given up, the moment of it, and why."""

    who: str
    kind: str
    at: float
    error: str


@dataclass(slots=True)
class Run:
    """All that was recorded: what the verdicts are computed from, and nothing else."""

    seconds: float
    alone: tuple[float, float]
    together: tuple[float, float]
    ended: float = 0.0
    windows: list[Window] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)
    """Faults that this machine does not allow."""
    failed: list[str] = field(default_factory=list)
    """Faults that were to be done, and could not be."""
    sent: list[Sent] = field(default_factory=list)
    pulses: list[PulseAge] = field(default_factory=list)
    views: list[ViewAge] = field(default_factory=list)
    looks: list[Look] = field(default_factory=list)
    memory: list[Memory] = field(default_factory=list)
    cores: int = 1
    busy: list[tuple[float, float]] = field(default_factory=list)
    """How busy all cores of the machine were since the look before, from 0 to 1, by the moment."""
    stalls: Counter[tuple[str, str]] = field(default_factory=Counter)
    """Stalls of the API's loop that it counted itself, by their cause and bucket (the most it was, in seconds)."""
    sizes: dict[str, dict[str, int]] = field(default_factory=dict)
    """Bytes of the largest tables at the start, in the middle, at the end."""
    found: list[Found] = field(default_factory=list)
    dead_jobs: list[DeadJob] = field(default_factory=list)
    drained_after_s: float | None = None
    """From the last request until nothing was left to do; None when something still was."""
    left_to_do: str = ""
    left_over: list[str] = field(default_factory=list)
    """Locks, processes and files that were there after the end."""
    stopped_with: int | None = None

    @property
    def operations(self) -> list[Operation]:
        """Everything that was asked for, by all senders."""
        return [operation for sent in self.sent for operation in sent.operations]

    @property
    def attempts(self) -> list[Attempt]:
        """Every request that was not answered well."""
        return [attempt for sent in self.sent for attempt in sent.attempts]

    @property
    def tallies(self) -> list[Tally]:
        """What each tenant sent."""
        return [tally for sent in self.sent for tally in sent.tallies]

    def explained(self, what: str, began: float, ended: float, who: str = "") -> bool:
        """Say whether some fault explains `what` between two moments."""
        return any(window.covers(what, began, ended, who) for window in self.windows)
