"""The contract as data: which faults a revenue backend can have, what refutes each, and which gates must be shut."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from proof.stage.proving import Proof


@dataclass(frozen=True, slots=True)
class Check:
    """One claim, and what proves it.

    `name` is the hypothesis' id, a slash and a word or two (`H-MIG-01/row-counts`); `claim` is a sentence that holds
    when the fault is absent. `prove` does the steps; it neither judges nor returns anything.
    """

    name: str
    claim: str
    prove: Callable[[Proof], None]

    @property
    def hypothesis(self) -> str:
        """The id of the hypothesis that the check belongs to."""
        return self.name.partition("/")[0]


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """A fault that the system could have. It is REFUTED when all of its checks are proven."""

    name: str
    fault: str
    checks: tuple[Check, ...]
