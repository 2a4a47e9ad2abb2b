"""Which processes are alive, and how late the pulses are, read from the database when the metrics are."""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING

from skeldir.observability import PROCESS_SEEN, PULSE_AGE, PULSES, ROLES
from skeldir.wakeups.store import queries

if TYPE_CHECKING:
    from skeldir.db import Database


async def sample_processes(database: Database) -> None:
    """Set PROCESS_SEEN and PULSE_AGE, in seconds and periods.

    Raises:
        DatabaseUnreachable: and then the gauges stay as they were.
    """
    async with database.statement() as connection:
        heartbeats = await queries.sample_heartbeats(connection)
        pulses = await queries.sample_pulses(connection)
    seen_s: dict[str, float] = {row["role"]: row["seen_s"] for row in heartbeats}
    for role in ROLES:
        PROCESS_SEEN.labels(role).set(seen_s.get(role, inf))
    ages = {row["name"]: row["age_periods"] for row in pulses}
    for name in PULSES:
        PULSE_AGE.labels(name).set(max(0.0, ages.get(name, inf)))
