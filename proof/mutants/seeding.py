"""What a negative twin is: the program with one fault in it, and the checks that must see that."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from proof.evidence.records import Evidence


@dataclass(frozen=True, slots=True)
class Patch:
    """A text that stands exactly once in the file `path` of a checkout, and what stands there instead."""

    path: str
    text: str
    instead: str


@dataclass(frozen=True, slots=True)
class Twin:
    """The program with one fault in it.

    `runs` are the hypotheses and checks that are proven of it, `red` exactly those that must not be; more than one
    only where the fault breaks several claims, and then `because` says why. With `is_committed` False the patches are
    left lying in the tree. `edit` changes the evidence after the proof, and `red` are what `verify` must say then.
    """

    name: str
    fault: str
    patches: tuple[Patch, ...]
    runs: tuple[str, ...]
    red: frozenset[str]
    because: str = ""
    is_committed: bool = True
    edit: Callable[[Evidence], Evidence] | None = None


OF_SERVICE = ("H-MV-01", "LEDGER", "ISOLATION")
"""All that is proven of what the running service made of two tenants' facts."""
