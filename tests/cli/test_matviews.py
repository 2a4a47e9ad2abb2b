"""`skeldir matviews` shows why a view was not refreshed."""

from __future__ import annotations

import psycopg

from tests.conftest import Clone
from tests.support.command import run_here

VIEW = "mv_realtime_revenue"


def log_refresh(clone: Clone, *, error: str | None) -> None:
    """Write a refresh of the view into the log, failed if there is an error."""
    with psycopg.connect(clone.app_url) as connection:
        connection.execute(
            """INSERT INTO matview_refreshes (id, view_name, outcome, requested_at, started_at, finished_at, error)
               VALUES (gen_random_uuid(), %s, %s, now(), now(), now(), %s)""",
            (VIEW, "success" if error is None else "failed", error),
        )


def test_the_error_of_the_last_refresh_is_shown_until_one_succeeds(clone: Clone) -> None:
    log_refresh(clone, error="InsufficientPrivilegeError: permission denied")
    shown = run_here(clone.migrator_url, "matviews")
    assert f"\n{VIEW}: InsufficientPrivilegeError: permission denied\n" in shown
    log_refresh(clone, error=None)
    assert "permission denied" not in run_here(clone.migrator_url, "matviews")
