"""Small hypotheses, checkouts and evidence for the tests of the harness itself."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

from proof.contract import Check, Hypothesis
from proof.evidence.records import (
    CheckRecord,
    EnvironmentRecord,
    Evidence,
    HypothesisRecord,
    RoleRecord,
)
from proof.evidence.verdicts import judge
from proof.registry import GATES
from proof.stage.expectations import equals, same_as
from proof.stage.kinds import Expectation
from proof.stage.proving import Proof
from proof.stage.steps import Step, digest_of

IDENTITY = ("-c", "user.name=A", "-c", "user.email=a@example.org")


def make_step(
    output: str,
    *expected: Expectation,
    name: str = "",
    role: str = "app_user",
    text: str = "SELECT 1",
) -> Step:
    """Return a step as a proof records it."""
    return Step(
        kind="sql",
        name=name,
        role=role,
        text=text,
        output=output,
        expected=expected,
        began_at="2026-06-01T12:00:00+00:00",
        seconds=0.25,
        digest=digest_of(output),
    )


def make_role(name: str, *, is_superuser: bool = False, bypasses_rls: bool = False) -> RoleRecord:
    """Return a role that may log in."""
    return RoleRecord(
        name=name,
        can_login=True,
        is_superuser=is_superuser,
        bypasses_rls=bypasses_rls,
        may_create_roles=False,
        may_create_databases=False,
    )


def make_evidence(
    *hypotheses: HypothesisRecord, commit: str = "a" * 40, tree: str = "b" * 40, **others: object
) -> Evidence:
    """Return judged evidence of a run as `app_user` on a clean tree."""
    fields = {
        "commit": commit,
        "tree": tree,
        "branch": "main",
        "is_clean": True,
        "is_ci": False,
        "began_at": "2026-06-01T12:00:00+00:00",
        "ended_at": "2026-06-01T12:03:00+00:00",
        "environment": EnvironmentRecord(
            python="CPython 3.11.7",
            platform="Linux",
            packages={"psycopg": "3.3.9"},
            postgresql="PostgreSQL 18",
            server="embedded",
            roles=(make_role("app_user"),),
        ),
        "previous": None,
        "only": (),
        "hypotheses": hypotheses,
        "log": (),
    }
    return judge(Evidence.model_validate(fields | others))


def make_record(name: str, *steps: Step, not_run: tuple[str, ...] = ()) -> HypothesisRecord:
    """Return a hypothesis with one check of these steps."""
    check = CheckRecord(name=f"{name}/only", claim=f"{name} does not hold.", steps=steps)
    return HypothesisRecord(name=name, fault=f"{name} holds.", not_run=not_run, checks=(check,))


def make_records(*, without: str = "", failing: str = "") -> list[HypothesisRecord]:
    """Return all hypotheses that the gates know, proven except `failing`, and without `without`."""
    return [
        make_record(name, make_step("1", equals("2" if name == failing else "1")))
        for name in GATES[-1].requires
        if name != without
    ]


def prove_counting(proof: Proof) -> None:
    """Record three steps of which the last two say something."""
    proof.read("the number one", "1", expect=(), name="one")
    proof.read("the number one again", "1", expect=equals("1"))
    proof.read("the number of the first step", "1", expect=same_as("one"))


def make_hypotheses(
    prove: Callable[[Proof], None] = prove_counting,
) -> tuple[Hypothesis, ...]:
    """Return two hypotheses of two checks and one; `prove` is the last one."""
    return (
        Hypothesis(
            "H-REPO-01",
            "One is not one.",
            (
                Check("H-REPO-01/counting", "One is one.", prove_counting),
                Check("H-REPO-01/again", "One is still one.", prove_counting),
            ),
        ),
        Hypothesis("H-MIG-01", "Two.", (Check("H-MIG-01/last", "It holds.", prove),)),
    )


def git(root: Path, *words: str) -> str:
    """Run git in a checkout that a test made."""
    done = subprocess.run(
        ["git", *IDENTITY, *words],  # noqa: S607 - the git of the machine
        cwd=root,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()


def make_checkout(root: Path) -> Path:
    """Make a repository with one commit, which ignores the folder of packs."""
    root.mkdir(parents=True, exist_ok=True)
    git(root, "init", "--quiet", "--initial-branch=main")
    (root / ".gitignore").write_text("/evidence/\n__pycache__/\n")
    git(root, "add", ".")
    git(root, "commit", "--quiet", "--message=One")
    return root.resolve()
