"""What every upgrade of H-MIG-01 begins with: the earliest revision, the two tenants, and the command."""

from __future__ import annotations

from proof.stage.expectations import exits
from proof.stage.proving import Expected, Proof

EARLIEST = "202511151400"
TENANT_A = "0a0a0a0a-0000-4000-8000-000000000001"
TENANT_B = "0b0b0b0b-0000-4000-8000-000000000002"


def upgrade(
    proof: Proof, database: str, revision: str = "head", *, expect: Expected = exits(0)
) -> str:
    """Run `alembic upgrade` as the migrating role, recorded; return its output."""
    ground = proof.ground
    return proof.run(
        *ground.alembic_words(revision),
        role=ground.admin,
        environment=ground.on(ground.admin, database),
        expect=expect,
    )
