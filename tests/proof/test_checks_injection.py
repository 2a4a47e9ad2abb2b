"""H-INJ-01 and H-QUAL-01 hold for this program, and a seeded fault turns exactly its own check red."""

from __future__ import annotations

from pathlib import Path

import pytest

from proof.checks import injection
from proof.checks.syntax import Findings, examine_module
from proof.contract import Check
from proof.stage.ground import Ground
from proof.stage.steps import is_proven
from tests.support.faulty import Fault, copy_program, failures, red_checks, run, seed

FAULTS = {
    "a name is read in any case": (
        Fault("matviews/registry.py", "if view.name == name:", "if view.name == name.lower():"),
        {"H-INJ-01/upper-case"},
    ),
    "a name is not quoted": (
        Fault(
            "matviews/registry.py",
            """'REFRESH MATERIALIZED VIEW CONCURRENTLY public."mv_realtime_revenue"'""",
            "'REFRESH MATERIALIZED VIEW CONCURRENTLY public.mv_realtime_revenue'",
        ),
        {"H-QUAL-01/quoted-name"},
    ),
    "a statement is put together": (
        Fault(
            "matviews/refresh.py",
            "await connection.execute(view.refresh_statement,",
            "await connection.execute("
            """f'REFRESH MATERIALIZED VIEW CONCURRENTLY public."{view.name}"',""",
        ),
        {"H-INJ-01/no-composed-sql"},
    ),
}
# Of the refusals two are enough to show that the others would stay green.
SOME = [
    check
    for check in injection.CHECKS
    if check.name
    not in {
        f"H-INJ-01/{name}"
        for name in ("unregistered", "statement", "quotes", "look-alikes", "empty", "schema")
    }
]


pytestmark = pytest.mark.xdist_group("injection")  # one worker, so that there is one ground


@pytest.mark.slow
@pytest.mark.parametrize("check", injection.CHECKS, ids=lambda check: str(check.name))
def test_the_check_is_proven(ground: Ground, check: Check) -> None:
    proof = run(ground, check)
    assert failures(proof) == []
    assert is_proven(proof.steps)


@pytest.mark.slow
@pytest.mark.parametrize("fault", list(FAULTS))
def test_a_seeded_fault_turns_its_own_check_red_and_no_other(tmp_path: Path, fault: str) -> None:
    change, seen_by = FAULTS[fault]
    seed(copy_program(tmp_path), change)
    assert red_checks(tmp_path, SOME) == seen_by


def found_in(code: str) -> Findings:
    findings = Findings()
    examine_module("x.py", code, findings)
    return findings


@pytest.mark.parametrize("code", injection.SEEDED)
def test_the_examination_sees_what_composes_a_statement(code: str) -> None:
    assert found_in(code).offenders != []


@pytest.mark.parametrize(
    "code",
    [
        'connection.execute("SELECT 1 FROM x")',
        "connection.execute(view.refresh_statement, timeout=5)",
        'admin.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))',
        'detail = f"Select {name} from the list."',
        'CanonicalView("mv_x", "x", "says", 5, "REFRESH", "SELECT", "SELECT")',
        'CanonicalView(name="mv_x", staleness_s=5, refresh_statement="REFRESH")',
    ],
)
def test_the_examination_lets_fixed_statements_pass(code: str) -> None:
    assert found_in(code).offenders == []
