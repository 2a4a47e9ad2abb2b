"""What a proof leaves behind: steps with their complete output, and which of them are as expected."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from proof.stage.kinds import Expectation, Named

StepKind: TypeAlias = Literal["sql", "command", "http", "reading"]


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that was done in a proof.

    `kind` says how: a SQL statement, a command, an HTTP request, or a reading (something that the proof worked out
    itself, from what it says in `text`). `name` is "" unless another step refers to this one. `role` is the database
    role that acted, or "" when none did. The output must meet each expectation in `expected`; without one the step only
    prepares others, or shows something. `began_at` is ISO 8601 in UTC, `seconds` how long it took. `digest` is the
    SHA-256 of the UTF-8 output, as hex.
    """

    kind: StepKind
    name: str
    role: str
    text: str
    output: str
    expected: tuple[Expectation, ...]
    began_at: str
    seconds: float
    digest: str


def digest_of(text: str) -> str:
    """Return the SHA-256 of the UTF-8 text, as hex."""
    return hashlib.sha256(text.encode()).hexdigest()


def unmet(step: Step, earlier: Sequence[Step]) -> list[Expectation]:
    """Return the expectations that the step's output does not meet; `earlier` are the steps of its check before it."""
    named = outputs_by_name(earlier)
    return [expected for expected in step.expected if not expected.is_met(step.output, named)]


def outputs_by_name(steps: Sequence[Step]) -> Named:
    """Return the outputs of the steps that have a name; a name that stands twice names none."""
    times = Counter(step.name for step in steps)
    return {step.name: step.output for step in steps if step.name and times[step.name] == 1}


def failing_steps(steps: Sequence[Step]) -> list[int]:
    """Return the numbers, from 1, of the steps whose output is not as expected."""
    return [
        number for number, step in enumerate(steps, start=1) if unmet(step, steps[: number - 1])
    ]


def is_proven(steps: Sequence[Step]) -> bool:
    """Say whether a check holds: something was expected of at least one step, and every expectation is met."""
    return any(step.expected for step in steps) and not failing_steps(steps)
