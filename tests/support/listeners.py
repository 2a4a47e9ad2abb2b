"""The sessions that listen for the program."""

from __future__ import annotations

import psycopg

from tests.conftest import Clone


def listeners_of(clone: Clone) -> list[int]:
    """Return the process ids of the sessions that listen on a clone and have been checked."""
    with psycopg.connect(clone.superuser_url) as admin:
        rows = admin.execute(
            "SELECT pid FROM pg_stat_activity WHERE datname = current_database()"
            " AND (usename, application_name) = ('app_user', 'skeldir listener')"
            " AND query LIKE '%pg_listening_channels%' ORDER BY pid"
        ).fetchall()
    return [row[0] for row in rows]
