"""The records of a run. Every time is in seconds of the machine's monotonic clock, which all processes share."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import NamedTuple

QUIET, HOT, HOSTILE, PROBE = "quiet", "hot", "hostile", "probe"
"""The groups of tenants; `probe` is the prober of health. The marker of the hot tenant is also `hot`."""

ERRORS, LATENCY, PULSES = "errors", "latency", "pulses"


class Window(NamedTuple):
    """A fault from `began` to `ended`, and how long recovery may take after it.

    Within this window, failures of the kinds in `explains` are excused: for one tenant, or for all if `who` is empty.
    """

    fault: str
    began: float
    ended: float
    grace_s: float
    explains: frozenset[str] = frozenset()
    who: str = ""

    def covers(self, what: str, began: float, ended: float, who: str = "") -> bool:
        """Return whether something of `who` between `began` and `ended` overlapped this fault."""
        return (
            what in self.explains
            and (not self.who or self.who == who)
            and began <= self.ended + self.grace_s
            and ended >= self.began
        )


class Attempt(NamedTuple):
    """One failed request: status 0 means that no complete answer arrived."""

    who: str
    group: str
    operation: str
    began: float
    ended: float
    status: int
    code: str


class Operation(NamedTuple):
    """One operation of a sender, from the moment it was due to its final answer, however many tries it took."""

    who: str
    group: str
    operation: str
    due: float
    sent: float
    ended: float


class PulseAge(NamedTuple):
    """The age of a pulse at a moment, and its period, both in seconds."""

    name: str
    at: float
    age_s: float
    every_s: float


class ViewAge(NamedTuple):
    """The age of the oldest change that a view did not show, and the age that it promises, in seconds."""

    name: str
    at: float
    age_s: float
    promised_s: float


class Look(NamedTuple):
    """One probe of `/health/live` or `/health/ready`: how long it took, in seconds, and its status (0: no answer)."""

    path: str
    at: float
    took_s: float
    status: int


class Memory(NamedTuple):
    """Use of a process and its descendants at a moment: proportional set size in bytes, processor time so far."""

    name: str
    process_id: int
    at: float
    bytes: int
    processor_s: float = 0.0


@dataclass(slots=True)
class Tally:
    """The numbers of the items that one tenant sent, and which of them were acknowledged."""

    who: str
    group: str
    touches_sent: int = 0
    conversions_sent: int = 0
    touches_acknowledged: bytearray = field(default_factory=bytearray)
    conversions_acknowledged: bytearray = field(default_factory=bytearray)
    refused: list[str] = field(default_factory=list)
    """Good items that were rejected, with the code."""
    foreign: list[str] = field(default_factory=list)
    """Markers of other tenants in answers to this one."""
    abandoned: int = 0
    """Operations that were not acknowledged before the run ended."""


@dataclass(slots=True)
class Sent:
    """The records of a process of senders."""

    tallies: list[Tally] = field(default_factory=list)
    attempts: list[Attempt] = field(default_factory=list)
    operations: list[Operation] = field(default_factory=list)
    statuses: Counter[tuple[str, str, int]] = field(default_factory=Counter)
    """Answers by group, operation and status."""
    processor_s: float = 0.0
    wall_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Found:
    """What the tables of one tenant hold after the end, compared with its receipts."""

    who: str
    group: str
    lost: int
    doubled: int
    unknown: int
    """Rows whose key this tenant never sent: those of another tenant, or of nobody."""
    uncredited: int
    """(order, currency, model)s whose credit differs from the ledger."""
    set_aside: int
    """Orders that the service has set aside."""
    wrong_views: int
    """(view, currency)s whose sum differs from the ledger."""
    touches: int
    entries: int


@dataclass(frozen=True, slots=True)
class DeadJob:
    """A dead job, when it died, and why."""

    who: str
    kind: str
    at: float
    error: str


@dataclass(slots=True)
class Run:
    """All records of a run; the verdicts are computed from these and nothing else."""

    seconds: float
    alone: tuple[float, float]
    together: tuple[float, float]
    ended: float = 0.0
    windows: list[Window] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)
    """Faults that this machine does not permit."""
    failed: list[str] = field(default_factory=list)
    """Planned faults that could not be caused."""
    sent: list[Sent] = field(default_factory=list)
    pulses: list[PulseAge] = field(default_factory=list)
    views: list[ViewAge] = field(default_factory=list)
    looks: list[Look] = field(default_factory=list)
    memory: list[Memory] = field(default_factory=list)
    cores: int = 1
    busy: list[tuple[float, float]] = field(default_factory=list)
    """How busy all cores of the machine were since the previous probe, from 0 to 1, by time."""
    stalls: Counter[tuple[str, str]] = field(default_factory=Counter)
    """Stalls of the API's loop that it counted itself, by cause and bucket (upper bound, in seconds)."""
    sizes: dict[str, dict[str, int]] = field(default_factory=dict)
    """Bytes of the largest tables at the start, in the middle, at the end."""
    found: list[Found] = field(default_factory=list)
    dead_jobs: list[DeadJob] = field(default_factory=list)
    drained_after_s: float | None = None
    """Time from the last request until no work was left; None if some still was."""
    left_to_do: str = ""
    left_over: list[str] = field(default_factory=list)
    """Locks, processes and files that were left after the end."""
    stopped_with: int | None = None

    @property
    def operations(self) -> list[Operation]:
        """All operations, of all senders."""
        return [operation for sent in self.sent for operation in sent.operations]

    @property
    def attempts(self) -> list[Attempt]:
        """Every failed request."""
        return [attempt for sent in self.sent for attempt in sent.attempts]

    @property
    def tallies(self) -> list[Tally]:
        """The items of each tenant."""
        return [tally for sent in self.sent for tally in sent.tallies]

    def explained(self, what: str, began: float, ended: float, who: str = "") -> bool:
        """Return whether some fault explains `what` between two moments."""
        return any(window.covers(what, began, ended, who) for window in self.windows)
