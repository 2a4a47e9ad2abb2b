"""What every upgrade of H-MIG-01 begins with: the earliest revision, the two tenants, and the command."""

from __future__ import annotations

from proof.stage.proving import Proof
from proof.stage.steps import Expectation, matches

EARLIEST = "202511151400"
TENANT_A = "0a0a0a0a-0000-4000-8000-000000000001"
TENANT_B = "0b0b0b0b-0000-4000-8000-000000000002"
_DONE = matches("(.*\n)?exit status 0")


def upgrade(
    proof: Proof, database: str, revision: str = "head", *, expect: Expectation = _DONE
) -> str:
    """Run `alembic upgrade` as the migrating role, recorded; return what it said."""
    ground = proof.ground
    return proof.run(
        *ground.alembic_words(revision),
        role=ground.admin,
        environment=ground.on(ground.admin, database),
        expect=expect,
    )
