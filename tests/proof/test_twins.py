"""Every seeded fault fits the program as it is, some are proven for real, and a twin that stays green is a failure."""

from __future__ import annotations

import ast
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

import pytest

from proof.checkout import python_path
from proof.evidence.verifying import FAULTS
from proof.mutants.faults import TWINS
from proof.mutants.seeding import Patch, Twin
from proof.mutants.twins import Outcome, TwinUnmade, apply, choose_twins, prove_twins
from proof.registry import GATES, HYPOTHESES
from skeldir.errors import InputInvalid
from tests.support.embedded import SEARCH_PATH, short_place, wait_until
from tests.support.faulty import ROOT, copy_program
from tests.support.proving import git, make_checkout

BY_NAME = {twin.name: twin for twin in TWINS}
CHECKS = {check.name for hypothesis in HYPOTHESES for check in hypothesis.checks}
DIRTY = BY_NAME["dirty-tree"]
# As in the contract and the issue: each of these faults has its twin.
ASKED_FOR = {
    *("policy-dropped", "force-off", "unique-index-dropped", "name-not-quoted", "lock-not-taken"),
    *("lock-kept-after-error", "view-owner-without-policy", "refresh-that-empties"),
    *("back-fill-under-rls", "cross-tenant-aggregate", "credit-off-by-one-cent"),
    *("health-that-lies", "dirty-tree", "edited-output", "edited-verdict"),
}


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A commit of the program as it is now."""
    root = tmp_path / "checkout"
    copy_program(root)
    shutil.copy2(ROOT / "README.md", root / "README.md")
    return make_checkout(root)


def test_every_fault_that_must_be_seen_has_a_twin_of_its_own() -> None:
    assert BY_NAME.keys() >= ASKED_FOR
    assert len(BY_NAME) == len(TWINS)


def test_every_hypothesis_and_every_gate_is_failed_by_a_twin() -> None:
    failed = {name.partition("/")[0] for twin in TWINS for name in twin.red}
    assert failed >= {hypothesis.name for hypothesis in HYPOTHESES}
    for gate in GATES:
        assert failed & {*gate.requires}, gate.name


@pytest.mark.parametrize("twin", TWINS, ids=lambda twin: str(twin.name))
def test_the_patches_of_a_twin_fit_the_program_as_it_is(tmp_path: Path, twin: Twin) -> None:
    for patch in twin.patches:
        place = tmp_path / patch.path
        if not place.exists():
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / patch.path, place)
        before = place.read_text()
        apply(patch, tmp_path)
        assert place.read_text() != before
        if place.suffix == ".py":
            ast.parse(place.read_text())
    assert twin.patches or twin.edit


@pytest.mark.parametrize("twin", TWINS, ids=lambda twin: str(twin.name))
def test_what_must_turn_red_is_run_and_said_to_be_several_things_with_a_reason(twin: Twin) -> None:
    ran = {name for name in CHECKS for run in twin.runs if run in (name, name.partition("/")[0])}
    known = {f"verify: {code}" for code in FAULTS} if twin.edit else ran
    assert twin.red
    assert twin.red <= known
    assert ran
    assert {name for name in twin.runs if "/" in name} <= CHECKS
    assert bool(twin.because) == (len(twin.red) > 1)


def test_a_twin_is_caught_by_exactly_its_checks_and_their_gates() -> None:
    gates = frozenset({"S0", "S4"})
    caught = Outcome(DIRTY, DIRTY.red, gates)
    assert caught.is_caught
    green = replace(caught, red=frozenset(), gates=frozenset())
    too_much = replace(caught, red=DIRTY.red | {"H-REPO-01/commit"})
    another = replace(caught, red=frozenset({"H-REPO-01/commit"}))
    open_gate = replace(caught, gates=frozenset({"S4"}))
    other_gate = replace(caught, gates=gates | {"S1"})
    trouble = replace(caught, trouble="It took too long.")
    for outcome in (green, too_much, another, open_gate, other_gate, trouble):
        assert not outcome.is_caught


def test_an_unknown_twin_is_named() -> None:
    assert choose_twins(["dirty-tree"]) == [DIRTY]
    assert choose_twins([]) == list(TWINS)
    with pytest.raises(InputInvalid, match="There is no twin another"):
        choose_twins(["dirty-tree", "another"])


def test_a_patch_must_find_its_text_once(tmp_path: Path) -> None:
    (tmp_path / "x").write_text("one two two")
    for text, times in (("three", "0 times"), ("two", "2 times")):
        with pytest.raises(TwinUnmade, match=times):
            apply(Patch("x", text, ""), tmp_path)
    assert (tmp_path / "x").read_text() == "one two two"


@pytest.mark.slow
def test_twins_are_proven_in_copies_and_a_green_one_is_not_caught(
    checkout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    head = git(checkout, "rev-parse", "HEAD")
    unfit = replace(DIRTY, name="unfit", patches=(Patch("README.md", "no such text", ""),))
    twins = [
        DIRTY,
        BY_NAME["edited-output"],
        # Committed, so that nothing is dirty and the fault is none.
        replace(DIRTY, name="harmless", is_committed=True),
        unfit,
    ]
    lines: list[str] = []
    with short_place() as place:
        monkeypatch.setattr(tempfile, "tempdir", str(place))
        outcomes = prove_twins(checkout, twins, report=lines.append)
        assert list(place.iterdir()) == []
    assert [outcome.twin for outcome in outcomes] == twins
    assert [outcome.is_caught for outcome in outcomes] == [True, True, False, False], lines
    assert outcomes[2].red == frozenset()
    assert "README.md holds the text of a patch 0 times" in outcomes[3].trouble
    assert sum("NOT CAUGHT" in line for line in lines) == 2
    assert git(checkout, "rev-parse", "HEAD") == head
    assert git(checkout, "status", "--porcelain", "--untracked-files=all") == ""


def environment_of(root: Path) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": f"{python_path(root)}{os.pathsep}{SEARCH_PATH}",
    }


def start_twins(root: Path, place: Path, *only: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [
            sys.executable,
            "-m",
            "skeldir.cli",
            "prove",
            "--twins",
            *(f"--only={one}" for one in only),
        ],
        cwd=root,
        env={**environment_of(root), "TMPDIR": str(place)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


@pytest.mark.slow
def test_the_command_fails_when_a_twin_stays_green(checkout: Path) -> None:
    apply(Patch("proof/mutants/faults.py", "is_committed=False,", ""), checkout)
    git(checkout, "commit", "--quiet", "--all", "--message=A fault that is none")
    with short_place() as place, start_twins(checkout, place, "dirty-tree") as command:
        said, _ = command.communicate(timeout=120)
        assert command.returncode == 1, said
        assert "dirty-tree: NOT CAUGHT AS IT MUST BE; red: nothing" in said
        assert said.endswith("Not caught by exactly the checks that must: dirty-tree\n")


@pytest.mark.slow
def test_an_interrupted_run_leaves_nothing(checkout: Path) -> None:
    with short_place() as place, start_twins(checkout, place, "lock-not-taken") as command:
        wait_until(lambda: any(place.glob("skp-*/pg/postgres/postmaster.pid")), 60)
        command.send_signal(signal.SIGTERM)
        said, _ = command.communicate(timeout=120)
        assert command.returncode == 128 + signal.SIGTERM, said
        assert list(place.iterdir()) == []


def test_twins_go_with_no_option_of_a_pack(checkout: Path, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "skeldir.cli", "prove", "--twins", "--out", str(tmp_path / "pack")],
        cwd=checkout,
        env=environment_of(checkout),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr.startswith("input_invalid")
