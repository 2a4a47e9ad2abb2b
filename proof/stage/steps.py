"""What a check records: steps with their complete output, and the expectation of each that anyone can apply again."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal, TypeAlias

ExpectationKind: TypeAlias = Literal["anything", "equals", "matches", "same_as"]
StepKind: TypeAlias = Literal["sql", "command", "http", "reading"]


@dataclass(frozen=True, slots=True)
class Expectation:
    """What a step's output must be; a rule that can be applied to the recorded output at any later time.

    `anything`: the step only prepares. `equals`: the output is `value`. `matches`: the regular expression `value` fits
    all of the output, with `.` for line ends, too. `same_as`: the output equals that of the check's step with the
    number `value`, counted from 1.
    """

    kind: ExpectationKind
    value: str = ""

    def __post_init__(self) -> None:
        """Refuse what could never be applied.

        Raises:
            ValueError: `value` is no regular expression, or no number of a step.
        """
        try:
            if self.kind == "matches":
                re.compile(self.value, re.DOTALL)
            elif self.kind == "same_as":
                int(self.value)
        except re.error as fault:
            raise ValueError(f"{self.value!r:.80} is no regular expression: {fault}") from fault

    def is_met(self, output: str, earlier: Sequence[str]) -> bool:
        """Say whether `output` is as expected; `earlier` are the outputs of the steps before."""
        match self.kind:
            case "anything":
                return True
            case "equals":
                return output == self.value
            case "matches":
                return re.fullmatch(self.value, output, re.DOTALL) is not None
            case "same_as":
                number = int(self.value)
                return 1 <= number <= len(earlier) and output == earlier[number - 1]


ANYTHING = Expectation("anything")


def equals(value: str) -> Expectation:
    """Expect exactly this output."""
    return Expectation("equals", value)


def matches(pattern: str) -> Expectation:
    """Expect an output that the regular expression fits as a whole."""
    return Expectation("matches", pattern)


def same_as(step: int) -> Expectation:
    """Expect the output of the check's step with this number, counted from 1."""
    return Expectation("same_as", str(step))


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that was done in a proof.

    `kind` says how: a SQL statement, a command, an HTTP request, or a reading (something that the proof worked out
    itself, from what it says in `text`). `role` is the database role that acted, or "" when none did. `began_at` is
    ISO 8601 in UTC, `seconds` how long it took. `digest` is the SHA-256 of the UTF-8 output, as hex.
    """

    kind: StepKind
    role: str
    text: str
    output: str
    expected: Expectation
    began_at: str
    seconds: float
    digest: str

    @classmethod
    def from_json(cls, fields: dict[str, Any]) -> Step:
        """Read a step as `as_json` wrote it.

        Raises:
            TypeError, KeyError: a field is missing, or one too many.
        """
        return cls(**{**fields, "expected": Expectation(**fields["expected"])})

    def as_json(self) -> dict[str, Any]:
        """Return the step as JSON values."""
        return asdict(self)


def digest_of(text: str) -> str:
    """Return the SHA-256 of the UTF-8 text, as hex."""
    return hashlib.sha256(text.encode()).hexdigest()


def failing_steps(steps: Sequence[Step]) -> list[int]:
    """Return the numbers, from 1, of the steps whose output is not as expected."""
    outputs = [step.output for step in steps]
    return [
        number
        for number, step in enumerate(steps, start=1)
        if not step.expected.is_met(step.output, outputs[: number - 1])
    ]


def is_proven(steps: Sequence[Step]) -> bool:
    """Say whether a check holds: something was expected of at least one step, and every expectation is met."""
    return any(step.expected.kind != "anything" for step in steps) and not failing_steps(steps)
