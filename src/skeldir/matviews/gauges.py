"""How old the canonical views are, read from the database when the metrics are scraped."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING

from skeldir.matviews.ages import view_ages
from skeldir.matviews.registry import CANONICAL_VIEWS
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
        ages = await view_ages(connection)
    for name, age_s in ages.items():
        VIEW_AGE.labels(name).set(age_s)
