"""H-MIG-01 and H-REPO-01 hold for this program, and a seeded fault turns exactly its own check red."""

from __future__ import annotations

from pathlib import Path

import pytest

from proof.checks import migration, repository
from proof.contract import Check
from proof.stage.ground import Ground
from proof.stage.steps import is_proven
from tests.support.faulty import Fault, copy_program, failures, red_checks, run, seed
from tests.support.proving import git, make_checkout

BACK_FILL = "migrations/versions/202511151410_idempotency_key.py"
JOURNEYS = "migrations/versions/202611280900_journeys.py"
LIFTED = (
    '    connection.execute("ALTER TABLE public.attribution_events NO FORCE ROW LEVEL SECURITY")\n'
)
COUNTED = "    if row != (updated, 0):"
COMPARED = "    if row is not None:"
COUNTING = "    row = connection.execute(\n"
FILLED = "|| id::text WHERE idempotency_key IS NULL"
REQUIRED = "ALTER COLUMN idempotency_key SET NOT NULL,"
FAULTS = {
    "a back-fill under row-level security": (
        (
            Fault(BACK_FILL, LIFTED, ""),
            Fault(BACK_FILL, COUNTED, "    if False:"),
            Fault(BACK_FILL, REQUIRED, ""),
        ),
        {"H-MIG-01/null-keys", "H-MIG-01/failed-back-fill", "H-MIG-01/many-rows"},
    ),
    "a back-fill that is committed bit by bit, and changes that are added to no sum": (
        (
            Fault(BACK_FILL, LIFTED, f"{LIFTED}    connection.commit()\n"),
            Fault(
                "migrations/sql/202611280900_sums.sql",
                "FROM public.credit_changes c\n",
                "FROM (SELECT * FROM public.credit_changes WHERE false) c\n",
            ),
            Fault(JOURNEYS, COMPARED, "    if False:"),
        ),
        {
            "H-MIG-01/failed-back-fill",
            "H-MIG-01/credit-sums",
            "H-MIG-01/credit-contradicted",
        },
    ),
    "a back-fill of the first thousand rows alone, and sums that are compared with nothing": (
        (
            Fault(JOURNEYS, COMPARED, "    if False:"),
            Fault(
                BACK_FILL,
                FILLED,
                f"{FILLED} AND ctid IN (SELECT ctid FROM public.attribution_events LIMIT 1000)",
            ),
            Fault(
                BACK_FILL,
                COUNTING,
                '    connection.execute("DELETE FROM public.attribution_events '
                f'WHERE idempotency_key IS NULL")\n{COUNTING}',
            ),
        ),
        {"H-MIG-01/many-rows", "H-MIG-01/credit-contradicted"},
    ),
    "a key of session and moment, and sums that are not marked": (
        (
            Fault(BACK_FILL, "'event:' || id::text", "concat('event:', session_id, occurred_at)"),
            Fault(
                "migrations/versions/202611231300_credit_changes.py",
                "    _mark_every_day()\n\n",
                "\n",
            ),
        ),
        {"H-MIG-01/many-rows", "H-MIG-01/later-revisions"},
    ),
}


# One worker, so that there is one ground.
pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("migration")]


@pytest.mark.parametrize("check", migration.CHECKS, ids=lambda check: str(check.name))
def test_the_check_is_proven(ground: Ground, check: Check) -> None:
    proof = run(ground, check)
    assert failures(proof) == []
    assert is_proven(proof.steps)


def test_a_check_that_is_proven_alone_shows_how_its_database_came_about(ground: Ground) -> None:
    proof = run(ground, next(c for c in migration.CHECKS if c.name == "H-MIG-01/row-counts"))
    commands = [step.text for step in proof.steps if step.kind == "command"]
    assert [text.rpartition("alembic ")[2] for text in commands] == [
        "upgrade 202511151400",
        "upgrade head",
    ]
    assert sum("INSERT INTO" in step.text for step in proof.steps) == 2


def test_the_back_fill_is_refused_in_the_middle_of_its_rows(ground: Ground) -> None:
    proof = run(ground, next(c for c in migration.CHECKS if c.name == "H-MIG-01/failed-back-fill"))
    reached = [step.output for step in proof.steps if "rows_reached" in step.text]
    assert reached == ["rows_reached\n4\n(1 row)"]


@pytest.mark.parametrize("fault", list(FAULTS))
def test_a_seeded_fault_turns_its_own_check_red_and_no_other(tmp_path: Path, fault: str) -> None:
    faults, seen_by = FAULTS[fault]
    seed(copy_program(tmp_path), *faults)
    assert red_checks(tmp_path, migration.CHECKS) == seen_by


def test_a_commit_is_proven_until_something_lies_beside_it(tmp_path: Path) -> None:
    root = make_checkout(copy_program(tmp_path))
    assert red_checks(root, repository.CHECKS) == set()
    (root / "beside").touch()
    assert red_checks(root, repository.CHECKS) == {"H-REPO-01/clean-tree"}


def test_a_change_that_git_was_told_to_overlook_is_seen(tmp_path: Path) -> None:
    root = make_checkout(copy_program(tmp_path))
    git(root, "update-index", "--assume-unchanged", "src/skeldir/money.py")
    with (root / "src/skeldir/money.py").open("a") as file:
        file.write("\n")
    assert red_checks(root, repository.CHECKS) == {
        "H-REPO-01/clean-tree",
        "H-REPO-01/running-source",
    }
