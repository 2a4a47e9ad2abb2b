"""What a backup and a restore ask a server, as its superuser: by hand, since its schema may be of another version."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import psycopg

from skeldir.db import EmbeddedServer

Admin = psycopg.Connection[tuple[object, ...]]


@dataclass(frozen=True, slots=True)
class Archiver:
    """Whether a server archives, where to, and when it last did and failed to."""

    is_on: bool
    directory: str | None
    archived_at: datetime | None
    failed_at: datetime | None


def read_clock(admin: Admin) -> datetime:
    """Return the server's time."""
    (moment,) = _row(admin.execute("SELECT clock_timestamp()"))
    if not isinstance(moment, datetime):
        raise TypeError(moment)
    return moment


def read_version(admin: Admin) -> tuple[str, int]:
    """Return PostgreSQL's version, and the size of a segment of the log in bytes."""
    version, size = _row(
        admin.execute(
            "SELECT current_setting('server_version'), pg_size_bytes(current_setting('wal_segment_size'))"
        )
    )
    return str(version).split()[0], int(str(size))


def read_archiver(admin: Admin) -> Archiver:
    """Return how the server archives."""
    is_on, directory, archived_at, failed_at = _row(
        admin.execute(
            """SELECT current_setting('archive_mode') = 'on',
                      current_setting('basic_archive.archive_directory', true), last_archived_time, last_failed_time
               FROM pg_stat_archiver"""
        )
    )
    return Archiver(
        is_on is True,
        None if directory is None else str(directory),
        archived_at if isinstance(archived_at, datetime) else None,
        failed_at if isinstance(failed_at, datetime) else None,
    )


def read_revision(server: EmbeddedServer, database: str) -> str | None:
    """Return the revision of a database's schema; None if it does not exist or was never migrated."""
    try:
        with psycopg.connect(server.url(database=database)) as connection:
            (revision,) = _row(
                connection.execute("SELECT max(version_num) FROM public.alembic_version")
            )
    except (psycopg.OperationalError, psycopg.errors.UndefinedTable):
        return None
    return None if revision is None else str(revision)


def read_recovery(server: EmbeddedServer) -> tuple[bool, datetime | None]:
    """Return whether the server still recovers, and the time of the last commit that it recovered.

    Raises:
        psycopg.OperationalError: it does not answer.
    """
    with psycopg.connect(server.url(), autocommit=True) as admin:
        recovers, committed_at = _row(
            admin.execute("SELECT pg_is_in_recovery(), pg_last_xact_replay_timestamp()")
        )
    return recovers is True, committed_at if isinstance(committed_at, datetime) else None


def _row(cursor: psycopg.Cursor[tuple[object, ...]]) -> tuple[object, ...]:
    row = cursor.fetchone()
    if row is None:
        raise TypeError(cursor)
    return row
