"""Recording lift tests: what says something new is a revision; what was said before stays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

from skeldir.db import wait_for_lock
from skeldir.lifts.reading import read_measured
from skeldir.lifts.stating import Measured
from skeldir.lifts.store import queries

if TYPE_CHECKING:
    from skeldir.db import Connection


@dataclass(frozen=True, slots=True)
class RecordedTests:
    """How many tests are new, revised, or as they were."""

    new: int
    revised: int
    unchanged: int


async def record_lift_tests(
    connection: Connection,
    tenant_id: UUID,
    tests: Sequence[Measured],
    *,
    source: str,
    recorded_by: str,
) -> RecordedTests:
    """Record tests of the transaction's tenant, each key once; one with other figures is the key's next revision."""
    await wait_for_lock(connection, f"lift tests {tenant_id}")
    experiments = sorted({one.key.experiment for one in tests})
    known = {
        one.measured.key: one for one in await read_measured(connection, tenant_id, experiments)
    }
    changed = [
        (one, 1 if one.key not in known else known[one.key].revision + 1)
        for one in tests
        if one.key not in known or known[one.key].measured != one
    ]
    revisions: list[int] = []
    if changed:
        rows = await queries.insert_lift_tests(
            connection,
            tenant_id=tenant_id,
            source=source,
            recorded_by=recorded_by,
            experiments=[one.key.experiment for one, _ in changed],
            channels=[one.key.channel for one, _ in changed],
            measures=[one.key.measure for one, _ in changed],
            currencies=[one.key.currency for one, _ in changed],
            revisions=[revision for _, revision in changed],
            first_days=[one.first_day for one, _ in changed],
            last_days=[one.last_day for one, _ in changed],
            incrementals=[one.incremental for one, _ in changed],
            lower_ends=[one.lower for one, _ in changed],
            upper_ends=[one.upper for one, _ in changed],
            levels=[one.level_percent for one, _ in changed],
        )
        revisions = [row["revision"] for row in rows]
    revised = sum(revision > 1 for revision in revisions)
    return RecordedTests(len(revisions) - revised, revised, len(tests) - len(revisions))
