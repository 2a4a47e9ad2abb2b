"""Archiving the write-ahead log of a home: switching it on and off, and how it goes."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

import psycopg

from skeldir.backups.folder import prepare_folder
from skeldir.backups.server import read_archiver
from skeldir.backups.taking import require_data
from skeldir.clock import utc_now
from skeldir.db import Archive, Cluster, EmbeddedServer, find_archive, keep_archive


@dataclass(frozen=True, slots=True)
class ArchiveState:
    """How the running server's archiving goes."""

    is_on: bool
    waiting: int
    last_archived_at: datetime | None
    # Set if the newest attempt failed.
    failed_at: datetime | None


def start_archiving(home: Path, path: Path, interval: timedelta) -> Archive:
    """Let the server of `home` archive to the folder at `path`, from its next start on.

    If it archives there already, only the interval changes; otherwise the archive has a new name.

    Raises:
        NothingToBackUp: the home has no data.
        BackupFolderUnusable: the folder cannot be used.
    """
    cluster = require_data(home)
    folder = prepare_folder(cluster, path)
    interval_s = round(interval.total_seconds())
    before = find_archive(cluster.home)
    if before is not None and before.folder == folder.path and before.segments.is_dir():
        archive = replace(before, interval_s=interval_s)
    else:
        name = f"{utc_now():%Y%m%dT%H%M%SZ}-{secrets.token_hex(4)}"
        archive = Archive(folder.path, name, interval_s)
        cluster.make_private(archive.segments)
    keep_archive(cluster, archive)
    return archive


def stop_archiving(home: Path) -> Archive | None:
    """Archive nothing from the server's next start on; return the archive that ends, whose files stay."""
    cluster = require_data(home)
    archive = find_archive(cluster.home)
    keep_archive(cluster, None)
    return archive


def read_archive_state(cluster: Cluster, server: EmbeddedServer) -> ArchiveState:
    """Return how the archiving of a running server goes."""
    with psycopg.connect(server.url(), autocommit=True) as admin:
        archiver = read_archiver(admin)
    archived_at, failed_at = archiver.archived_at, archiver.failed_at
    status = cluster.data / "pg_wal" / "archive_status"
    return ArchiveState(
        is_on=archiver.is_on,
        waiting=sum(1 for _ in status.glob("*.ready")),
        last_archived_at=archived_at,
        failed_at=failed_at if failed_at and (not archived_at or failed_at > archived_at) else None,
    )
