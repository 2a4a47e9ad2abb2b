"""Packs of a forger who knows how to write a complete one again, and what gives them away."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from proof.checkout import read_commit
from proof.contract import Check, Hypothesis
from proof.evidence.pack import write_pack
from proof.evidence.records import Evidence
from proof.evidence.running import prove
from proof.evidence.verifying import verify_pack
from proof.registry import HYPOTHESES as REAL
from proof.stage.expectations import (
    answers,
    contains,
    equals,
    every,
    exits,
    fails,
    lines,
    no_rows,
    one_row,
    reads,
    refused,
    rows,
    same_as,
    some_rows_of_each,
)
from proof.stage.kinds import KINDS, Expectation
from proof.stage.proving import Proof
from proof.stage.steps import Step
from tests.proof.test_verifying import (
    HYPOTHESES,
    change_data,
    codes,
    evidence_of,
    first_step,
    pack,
    proven,
    rewrite,
    root,
)
from tests.support.faulty import copy_program
from tests.support.proving import git, make_checkout

_TWO = "x\n2\n(1 row)"
# Of each kind: an output, what it does not meet, and what a forger could write there instead.
WEAKENED: dict[str, tuple[str, Expectation, Expectation]] = {
    "equals": ("2", equals("1"), equals("2")),
    "reads": ("a", reads("<number>"), reads("<word>")),
    "contains": ("2", contains("1"), contains("2")),
    "lines": ("a\nend", lines("a", at_least=2, last="end"), lines("a", at_least=1, last="end")),
    "exits": ("exit status 1", exits(0), fails()),
    "refused": ("ERROR 42501: no", refused("23514"), refused("42501")),
    "answers": ("HTTP 500\nNone\n\n", answers(200), answers(500)),
    "shows": (_TWO, one_row(x=1), one_row(x="<number>")),
    "rows": (_TWO, no_rows(), rows(at_least=1)),
    "every": (_TWO, every("x", 1), every("x", at_least=1)),
    "some_of_each": (_TWO, some_rows_of_each(2), some_rows_of_each(1)),
    "same_as": ("2", same_as("first"), equals("2")),
}

__all__ = ["pack", "proven", "root"]
# One worker, so that there is one proof.
pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("verifying")]


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
        "H-REPO-01/commit, step `the hash of HEAD`",
        "H-REPO-01/running-source, step `the files of the commit`",
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


@pytest.mark.parametrize(
    "expected",
    [
        {"kind": "matches", "value": ".*"},
        {"kind": "anything"},
        {"kind": "rows", "at_least": 0, "at_most": None, "where": []},
        {"kind": "rows", "at_least": -1, "at_most": None, "where": []},
        {"kind": "every", "column": "x", "allowed": [], "where": []},
        {"kind": "every", "column": "x", "allowed": ["1"], "at_least": 1, "where": []},
        {"kind": "contains", "texts": [], "begins": "", "ends": ""},
        {"kind": "contains", "texts": [""], "begins": "", "ends": ""},
        {"kind": "lines", "each": "<text>", "last": "", "at_least": "many"},
        {"kind": "shows", "columns": [], "rows": [[]]},
        {"kind": "shows", "columns": ["x"], "rows": [["1", "2"]]},
        {"kind": "rows", "at_most": 0, "where": [{"column": "x", "allowed": []}]},
        {"kind": "same_as"},
        "equals",
    ],
    ids=str,
)
def test_an_expectation_that_is_none_makes_the_pack_unreadable(
    pack: Path, root: Path, expected: object
) -> None:
    change_data(pack, lambda fields: first_step(fields).update(expected=[expected]))
    assert codes(pack, root) == {"pack_unreadable"}


def prove_that_fails(kind: str, proof: Proof) -> None:
    """Record an output that does not meet an expectation of this kind."""
    output, expected, _ = WEAKENED[kind]
    proof.read("something", "1", expect=(), name="first")
    proof.read("something else", output, expect=expected)


FAILING = (
    Hypothesis(
        "H-MIG-01",
        "Nothing is as expected.",
        tuple(
            Check(f"H-MIG-01/{kind}", "It is.", partial(prove_that_fails, kind))
            for kind in WEAKENED
        ),
    ),
)


def test_expectations_that_were_weakened_are_named_by_a_second_run(
    root: Path, tmp_path: Path
) -> None:
    """A forger who makes failed checks look proven has to change what they expect."""
    evidence = prove(root, hypotheses=FAILING)
    (hypothesis,) = evidence.hypotheses
    assert {check.verdict for check in hypothesis.checks} == {"NOT PROVEN"}
    checks = []
    for check, (_, _, weaker) in zip(hypothesis.checks, WEAKENED.values(), strict=True):
        steps = (check.steps[0], replace(check.steps[1], expected=(weaker,)))
        checks.append(check.model_copy(update={"steps": steps}))
    forged = hypothesis.model_copy(update={"checks": tuple(checks)})
    rewrite(tmp_path / "pack", evidence.model_copy(update={"hypotheses": (forged,)}))
    assert evidence_of(tmp_path / "pack").result == "PASSED"
    faults = verify_pack(tmp_path / "pack", root, rerun=True, hypotheses=FAILING)
    assert [fault.detail for fault in faults if fault.code == "rerun_differs"] == [
        said
        for kind in WEAKENED
        for said in (
            f"H-MIG-01/{kind} was PROVEN, and is NOT PROVEN now.",
            f"H-MIG-01/{kind} does, or expects, something else now.",
        )
    ]


def test_every_kind_of_expectation_is_forged() -> None:
    assert {type(expected) for _, expected, _ in WEAKENED.values()} == set(KINDS)
    assert all(expected.kind == kind for kind, (_, expected, _) in WEAKENED.items())


def test_a_step_of_the_commit_under_another_name_is_named(tmp_path: Path) -> None:
    root = make_checkout(copy_program(tmp_path))
    hypotheses = tuple(one for one in REAL if one.name == "H-REPO-01")
    evidence = prove(root, hypotheses=hypotheses)
    (hypothesis,) = evidence.hypotheses
    checks = tuple(
        check.model_copy(
            update={"steps": tuple(replace(step, name=f"{step.name} ") for step in check.steps)}
        )
        for check in hypothesis.checks
    )
    forged = hypothesis.model_copy(update={"checks": checks})
    rewrite(tmp_path / "pack", evidence.model_copy(update={"hypotheses": (forged,)}))
    faults = verify_pack(tmp_path / "pack", root, hypotheses=hypotheses)
    assert sum(fault.code == "commit_differs" for fault in faults) == 2


def with_step(evidence: Evidence, step: Step) -> Evidence:
    """Return `evidence` with its very first step replaced."""
    hypothesis, *others = evidence.hypotheses
    check, *more = hypothesis.checks
    check = check.model_copy(update={"steps": (step, *check.steps[1:])})
    changed = hypothesis.model_copy(update={"checks": (check, *more)})
    return evidence.model_copy(update={"hypotheses": (changed, *others)})
