"""How fresh the canonical views are, without details that their readers must not see."""

from __future__ import annotations

import re
from collections import defaultdict
from typing import TYPE_CHECKING

from skeldir.clock import utc_now
from skeldir.matviews.registry import CANONICAL_VIEWS
from skeldir.matviews.schemas import ViewReport, ViewReports
from skeldir.matviews.store import queries

if TYPE_CHECKING:
    from skeldir.db import Connection

_KIND = re.compile(r"\w+")


async def report_views(connection: Connection) -> ViewReports:
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
        result, result_row = next(
            (
                (outcome, row)
                for row in outcomes
                if (outcome := row["outcome"]) in ("success", "failed")
            ),
            (None, None),
        )
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
                last_result=result,
                last_result_at=result_row and result_row["started_at"],
                error_kind=_kind_of(result_row and result_row["error"]),
            )
        )
    return ViewReports(reports)


def _kind_of(error: str | None) -> str | None:
    """Return only the type of an error: the database's message may quote a row."""
    kind = _KIND.match(error or "")
    return kind and kind.group()
