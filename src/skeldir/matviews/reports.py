"""How fresh the canonical views are, as a reader of them may know it."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from skeldir.clock import utc_now
from skeldir.matviews.registry import CANONICAL_VIEWS
from skeldir.matviews.store import queries

if TYPE_CHECKING:
    from skeldir.db import Connection

_KIND = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class ViewReport:
    """What became of a view's refreshes; times are when they began, UTC.

    `age_seconds` is worked out when it is read: what the view shows is at least that old, unless `last_outcome` is
    `skipped_unchanged`, which says that there was nothing newer to show. `last_result` leaves out what was skipped.
    `error_kind` is the kind of the error when that failed: the database's own sentence may quote a row.
    """

    name: str
    says: str
    age_seconds: float | None
    last_success_at: datetime | None
    last_outcome: str | None
    last_outcome_at: datetime | None
    last_result: str | None
    last_result_at: datetime | None
    error_kind: str | None


async def report_views(connection: Connection) -> list[ViewReport]:
    """Return the freshness of every canonical view, in the order of the registry."""
    rows = await queries.select_latest_outcomes(
        connection, view_names=[view.name for view in CANONICAL_VIEWS]
    )
    now = utc_now()
    latest_first = defaultdict(list)
    for row in rows:
        latest_first[row["view_name"]].append(row)
    reports = []
    for view in CANONICAL_VIEWS:
        outcomes = latest_first[view.name]
        last = next(iter(outcomes), None)
        result = next((row for row in outcomes if row["outcome"] in ("success", "failed")), None)
        success_at = next(
            (row["started_at"] for row in outcomes if row["outcome"] == "success"), None
        )
        reports.append(
            ViewReport(
                name=view.name,
                says=view.says,
                age_seconds=None
                if success_at is None
                else max(0.0, (now - success_at).total_seconds()),
                last_success_at=success_at,
                last_outcome=last and last["outcome"],
                last_outcome_at=last and last["started_at"],
                last_result=result and result["outcome"],
                last_result_at=result and result["started_at"],
                error_kind=_kind_of(result and result["error"]),
            )
        )
    return reports


def _kind_of(error: str | None) -> str | None:
    kind = _KIND.match(error or "")
    return kind and kind.group()
