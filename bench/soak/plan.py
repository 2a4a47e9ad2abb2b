"""The schedule of faults, made from a seed: the same for the same seed and length."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import NamedTuple

from bench.soak.records import ERRORS, LATENCY, PULSES

LONG_S = 600.0
"""A run of this length or more judges what a shorter one only shows: latencies, memory, ages of views."""

_ALL = frozenset({ERRORS, LATENCY, PULSES})


class Kind(NamedTuple):
    """A kind of fault: how long it lasts in a long and in a short run, and what it explains until `grace_s` later.

    One that stops the service for everybody lasts until it is ready again, but half a minute at most.
    """

    lasts_s: float
    lasts_short_s: float
    grace_s: float
    explains: frozenset[str]
    says: str


KINDS = {
    "kill api": Kind(0, 0, 10, _ALL - {PULSES}, "kill -9 of the API"),
    "kill beat": Kind(0, 0, 10, frozenset({PULSES}), "kill -9 of beat"),
    "kill worker": Kind(0, 0, 10, frozenset({PULSES}), "kill -9 of each worker in turn"),
    "kill database": Kind(0, 0, 20, _ALL, "kill -9 of the postmaster"),
    "interrupt database": Kind(0, 0, 20, _ALL, "SIGINT to the postmaster"),
    "stop worker": Kind(35, 35, 10, frozenset({PULSES}), "SIGSTOP of a worker, beyond its lease"),
    "fill disk": Kind(15, 5, 20, _ALL, "no space left for the database's data"),
    "hold lock": Kind(30, 10, 5, frozenset({ERRORS, LATENCY}), "the hot tenant's ingest lock held"),
    "idle connections": Kind(20, 6, 0, frozenset(), "2,000 idle connections"),
    "slow connections": Kind(20, 6, 0, frozenset(), "100 slow connections"),
}
# Hard faults affect everybody, and follow one another. Soft faults must disturb nobody, and overlap with them.
HARD = ("kill api", "kill beat", "kill worker", "kill worker", "kill database", "interrupt database",
        "stop worker", "fill disk")  # fmt: skip
SOFT = ("hold lock", "idle connections", "slow connections")
_HARD_SHORT = ("kill worker", "fill disk", "kill beat", "kill api", "kill database", "kill worker")
# Share of the time together. In the rest nothing is killed, so that processes live long enough to show growth.
_BROKEN_SHARE = 0.6
_CALM_S = 15.0
_CALM_SHORT_S = 2.0
_FIRST_S = 5.0


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault: `at` seconds after all tenants began to send."""

    kind: str
    at: float
    lasts_s: float


@dataclass(frozen=True, slots=True)
class Plan:
    """How long the quiet tenants send alone, how long all send together, and the faults during that."""

    seconds: float
    alone_s: float
    hard: tuple[Fault, ...]
    soft: tuple[Fault, ...]

    @property
    def together_s(self) -> float:
        """How long all tenants send, in seconds."""
        return self.seconds - self.alone_s


def is_long(seconds: float) -> bool:
    """Return whether a run of this length also judges latencies, memory and ages of views."""
    return seconds >= LONG_S


def make_plan(seconds: float, seed: int) -> Plan:
    """Return the plan of a run of `seconds`; shorter runs than 60 seconds show nothing."""
    chance = random.Random(seed)  # noqa: S311 - a schedule is no secret
    alone_s = max(20.0, seconds / 10)
    together_s = seconds - alone_s
    if not is_long(seconds):
        hard = _lay_out(_HARD_SHORT, together_s - 10.0, _CALM_SHORT_S, is_short=True)
        soft = _lay_out(SOFT, together_s, _CALM_SHORT_S, is_short=True)
        return Plan(seconds, alone_s, hard, soft)
    hard_end = together_s * _BROKEN_SHARE
    hard = _repeat(HARD, hard_end, chance)
    return Plan(seconds, alone_s, hard, _repeat(SOFT, together_s - 30.0, chance))


def _lay_out(
    kinds: tuple[str, ...], end: float, calm_s: float, *, is_short: bool, begin: float = _FIRST_S
) -> tuple[Fault, ...]:
    """Place faults one after another, each after the grace period of the one before, as long as there is time."""
    faults: list[Fault] = []
    at = begin
    for name in kinds:
        kind = KINDS[name]
        lasts_s = kind.lasts_short_s if is_short else kind.lasts_s
        if at + lasts_s > end:
            break
        faults.append(Fault(name, at, lasts_s))
        at += lasts_s + (kind.grace_s / 2 if is_short else kind.grace_s) + calm_s
    return tuple(faults)


def _repeat(kinds: tuple[str, ...], end: float, chance: random.Random) -> tuple[Fault, ...]:
    """Fill the time until `end` with rounds of all the kinds, each round in a new random order."""
    faults: list[Fault] = []
    at = _FIRST_S
    while True:
        turn = list(kinds)
        chance.shuffle(turn)
        calm_s = _CALM_S + chance.uniform(0, _CALM_S / 3)
        laid = _lay_out(tuple(turn), end, calm_s, is_short=False, begin=at)
        faults += laid
        if len(laid) < len(turn):
            return tuple(faults)
        last = laid[-1]
        at = last.at + last.lasts_s + KINDS[last.kind].grace_s + calm_s
