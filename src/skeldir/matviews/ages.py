"""How old the canonical views are: since when they lack a change."""

from __future__ import annotations

from typing import TYPE_CHECKING

from skeldir.matviews.registry import CANONICAL_VIEWS
from skeldir.matviews.store import queries

if TYPE_CHECKING:
    from skeldir.db import Connection

_NAMES = [view.name for view in CANONICAL_VIEWS]


async def view_ages(connection: Connection) -> dict[str, float]:
    """Return for how many seconds each canonical view lacks a change of some tenant; 0 if it lacks none."""
    rows = await queries.select_view_ages(connection, view_names=_NAMES)
    return {row["view_name"]: max(0.0, row["age_s"] or 0.0) for row in rows}
