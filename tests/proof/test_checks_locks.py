"""H-LOCK-01 holds for this program, and a seeded fault turns exactly its own check red."""

from __future__ import annotations

from pathlib import Path

import pytest

from proof.checks import locks
from proof.contract import Check
from proof.stage.ground import Ground
from proof.stage.steps import is_proven
from tests.support.faulty import Fault, copy_program, failures, red_checks, run, seed

TAKEN = '    taken: bool = await connection.fetchval("SELECT pg_try_advisory_xact_lock($1)", lock_key(name))\n'
KEPT = TAKEN.replace("_xact_lock", "_lock")
RESET = "COMMIT; SELECT pg_advisory_unlock_all(); CLOSE ALL; UNLISTEN *; RESET ALL"
NAMED = "    is_ours = "
TRIED = 'await try_lock(connection, f"matview_refresh:{view.name}:GLOBAL")\n'
OURS = f"{NAMED}{TRIED}"
FAULTS = {
    "a lock that is not taken": (
        (Fault("db/locks.py", TAKEN, "    taken = True\n"),),
        {"H-LOCK-01/one-at-a-time", "H-LOCK-01/each-view"},
    ),
    "a lock that only one view takes": (
        (Fault("matviews/refresh.py", OURS, f'{NAMED}view.name != "{locks.VIEW}" or {TRIED}'),),
        {"H-LOCK-01/each-view"},
    ),
    "a lock that four views share": (
        (
            Fault(
                "matviews/refresh.py",
                OURS,
                f'    shared = 0 if view.name != "{locks.VIEW}" else view.name\n'
                f"{OURS.replace('{view.name}', '{shared}')}",
            ),
        ),
        {"H-LOCK-01/each-view"},
    ),
    # A commit resets its connection, and so does the pool; either would release the lock, so the fault turns both off.
    "a lock that is kept after an error": (
        (
            Fault("db/locks.py", TAKEN, KEPT),
            Fault(
                "db/pool.py",
                "            connection_class=_Connection,\n",
                "            connection_class=_Connection,\n            reset=_keep,\n",
            ),
            Fault("db/pool.py", RESET, "COMMIT"),
            Fault(
                "db/pool.py",
                "class _Connection(asyncpg.Connection):\n",
                "async def _keep(_connection: object) -> None: ...\n\n\n"
                "class _Connection(asyncpg.Connection):\n",
            ),
        ),
        {"H-LOCK-01/after-error"},
    ),
}


# The others are about one view's lock, or hold two at once: they saw nothing of the faults in which view takes which.
EACH_VIEW = [check for check in locks.CHECKS if check.name == "H-LOCK-01/each-view"]
# One worker, so that there is one ground.
pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("locks")]


@pytest.mark.parametrize("check", locks.CHECKS, ids=lambda check: str(check.name))
def test_the_check_is_proven(ground: Ground, check: Check) -> None:
    proof = run(ground, check)
    assert failures(proof) == []
    assert is_proven(proof.steps)


@pytest.mark.parametrize("fault", list(FAULTS))
def test_a_seeded_fault_turns_its_own_check_red_and_no_other(tmp_path: Path, fault: str) -> None:
    faults, seen_by = FAULTS[fault]
    seed(copy_program(tmp_path), *faults)
    asked = EACH_VIEW if seen_by == {"H-LOCK-01/each-view"} else locks.CHECKS
    assert red_checks(tmp_path, asked) == seen_by
