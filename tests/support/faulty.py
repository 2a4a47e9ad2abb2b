"""Copies of the program with a seeded fault, and the checks that find it."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from proof.contract import Check
from proof.stage.ground import Ground, open_ground
from proof.stage.proving import Proof
from proof.stage.steps import failing_steps, is_proven

ROOT = Path(__file__).resolve().parents[2]
# Another process may be compiling: it writes to a name that ends with a number, and renames it.
_BEING_WRITTEN = "*.pyc.*"


@dataclass(frozen=True, slots=True)
class Fault:
    """A text of one source file under `src/skeldir`, and its replacement."""

    path: str
    text: str
    instead: str


def copy_program(root: Path, top: Path = ROOT) -> Path:
    """Copy what is needed to run the program at `top` from `root`, with what Python has compiled of it.

    Whatever is changed in the copy later is compiled again: Python compares a file's time and size.
    """
    for folder in ("src", "proof"):
        shutil.copytree(
            top / folder,
            root / folder,
            ignore=shutil.ignore_patterns(_BEING_WRITTEN),
            dirs_exist_ok=True,
        )
    for name in ("alembic.ini", "pyproject.toml"):
        shutil.copy2(top / name, root / name)
    return root.resolve()


def seed(root: Path, *faults: Fault) -> None:
    """Put the faults into the copy at `root`; each text must occur there exactly once."""
    for fault in faults:
        path = root / "src" / "skeldir" / fault.path
        before = path.read_text(encoding="utf-8")
        assert before.count(fault.text) == 1, fault
        path.write_text(before.replace(fault.text, fault.instead), encoding="utf-8")


def compile_once(ground: Ground) -> None:
    """Let commands use what Python keeps beside the source: a proof compiles everything again, which takes seconds."""
    del ground.environment["PYTHONPYCACHEPREFIX"]


def run(ground: Ground, check: Check) -> Proof:
    """Run a check."""
    proof = Proof(ground)
    check.prove(proof)
    return proof


def failures(proof: Proof) -> list[tuple[str, str]]:
    """Return text and output of the steps that failed."""
    return [
        (proof.steps[n - 1].text, proof.steps[n - 1].output) for n in failing_steps(proof.steps)
    ]


def red_checks(root: Path, checks: Iterable[Check]) -> set[str]:
    """Return the names of the checks that are not proven for the program at `root`, on a separate ground."""
    with open_ground(root) as ground:
        compile_once(ground)
        return {check.name for check in checks if not is_proven(run(ground, check).steps)}
