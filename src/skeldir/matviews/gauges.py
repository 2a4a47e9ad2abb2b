"""How old the canonical views are, read from the database when the metrics are scraped."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING

from skeldir.matviews.registry import CANONICAL_VIEWS
from skeldir.matviews.store import queries
from skeldir.observability import REFRESH_OUTCOMES, REFRESH_SECONDS, VIEW_AGE

if TYPE_CHECKING:
    from skeldir.db import Database

_VIEW_NAMES = [view.name for view in CANONICAL_VIEWS]

for _labels in product(_VIEW_NAMES, REFRESH_OUTCOMES):
    REFRESH_SECONDS.labels(*_labels)


async def sample_views(database: Database) -> None:
    """Set VIEW_AGE of each canonical view, in seconds.

    Raises:
        DatabaseUnreachable: the gauges keep their values.
    """
    async with database.statement() as connection:
        rows = await queries.select_view_ages(connection, view_names=_VIEW_NAMES)
    for row in rows:
        VIEW_AGE.labels(row["view_name"]).set(max(0.0, row["age_s"] or 0.0))
