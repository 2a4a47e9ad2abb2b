"""Packs of a forger who knows how to write all of one anew, and what gives them away."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from proof.checkout import read_commit
from proof.evidence.pack import write_pack
from proof.evidence.records import Evidence
from proof.evidence.running import prove
from proof.evidence.verifying import verify_pack
from proof.registry import HYPOTHESES as REAL
from proof.stage.steps import Step
from tests.proof.test_verifying import (
    HYPOTHESES,
    change_data,
    codes,
    first_step,
    pack,
    proven,
    rewrite,
    root,
)
from tests.support.faulty import copy_program
from tests.support.proving import git, make_checkout

__all__ = ["pack", "proven", "root"]
pytestmark = pytest.mark.xdist_group("verifying")  # one worker, so that there is one proof


def test_steps_that_show_another_commit_are_named(tmp_path: Path) -> None:
    """Whoever moves a pack to another commit would have to invent what git said of it."""
    root = make_checkout(copy_program(tmp_path))
    hypotheses = tuple(one for one in REAL if one.name == "H-REPO-01")
    evidence = prove(root, hypotheses=hypotheses)
    write_pack(tmp_path / "pack", evidence)
    assert verify_pack(tmp_path / "pack", root, hypotheses=hypotheses) == []
    (root / "src/skeldir/money.py").write_text("changed\n")
    git(root, "commit", "--quiet", "--all", "--message=other")
    other = read_commit(root)
    rewrite(
        tmp_path / "pack", evidence.model_copy(update={"commit": other.commit, "tree": other.tree})
    )
    faults = verify_pack(tmp_path / "pack", root, hypotheses=hypotheses)
    assert [
        fault.detail.partition(" does")[0] for fault in faults if fault.code == "commit_differs"
    ] == [
        "H-REPO-01/commit, step 1",
        "H-REPO-01/running-source, step 2",
    ]


def test_a_statement_without_a_role_is_named(
    pack: Path, root: Path, proven: tuple[Path, Evidence]
) -> None:
    step = replace(proven[1].hypotheses[0].checks[0].steps[0], kind="sql", role="")
    rewrite(pack, with_step(proven[1], step))
    assert "superuser_acted" in codes(pack, root)


@pytest.mark.parametrize(
    "change", [{"text": "something else"}, {"kind": "http"}, {"role": "nobody"}]
)
def test_a_step_that_did_something_else_is_named_by_a_second_run(
    pack: Path, root: Path, proven: tuple[Path, Evidence], change: dict[str, Any]
) -> None:
    step = replace(proven[1].hypotheses[0].checks[0].steps[0], **change)
    rewrite(pack, with_step(proven[1], step))
    faults = verify_pack(pack, root, rerun=True, hypotheses=HYPOTHESES)
    assert "rerun_differs" in {fault.code for fault in faults}


@pytest.mark.parametrize("value", ["(", "(?P<"])
def test_an_expectation_that_cannot_be_applied_makes_the_pack_unreadable(
    pack: Path, root: Path, value: str
) -> None:
    expected = {"kind": "matches", "value": value}
    change_data(pack, lambda fields: first_step(fields).update(expected=expected))
    assert codes(pack, root) == {"pack_unreadable"}


def with_step(evidence: Evidence, step: Step) -> Evidence:
    """Return `evidence` with its very first step replaced."""
    hypothesis, *others = evidence.hypotheses
    check, *more = hypothesis.checks
    check = check.model_copy(update={"steps": (step, *check.steps[1:])})
    changed = hypothesis.model_copy(update={"checks": (check, *more)})
    return evidence.model_copy(update={"hypotheses": (changed, *others)})
