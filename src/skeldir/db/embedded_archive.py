"""Where the embedded server archives its write-ahead log (WAL): a fact of the home, not of a process.

Any command may be the one that starts the server. If an environment variable decided, one command without it would
leave a gap in the archive, so a file in the home decides for all of them.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path

from skeldir.db.embedded_cluster import Cluster
from skeldir.errors import ConfigurationInvalid

_FILE = "postgres.archive"


@dataclass(frozen=True, slots=True)
class Archive:
    """The archive of one home: `folder/wal/name`. No other home, such as a restored copy, writes to it."""

    folder: Path
    name: str
    # How old the oldest change may get that is not archived yet, in seconds.
    interval_s: int

    @property
    def segments(self) -> Path:
        """The directory of the archived files."""
        return self.folder / "wal" / self.name


def find_archive(home: Path) -> Archive | None:
    """Return the archive of a home; None if it archives nothing.

    Raises:
        ConfigurationInvalid: the file that says so cannot be read.
    """
    path = home / _FILE
    try:
        kept = json.loads(path.read_bytes())
        return Archive(Path(kept["folder"]), str(kept["name"]), int(kept["interval_s"]))
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError) as error:
        raise ConfigurationInvalid(
            f"{path} does not say where to archive.",
            cure="Run `skeldir backup archive FOLDER` or `skeldir backup archive --off`.",
        ) from error


def keep_archive(cluster: Cluster, archive: Archive | None) -> None:
    """Record where the server of a home archives from its next start on; None ends archiving."""
    path = cluster.home / _FILE
    if archive is None:
        path.unlink(missing_ok=True)
        return
    kept = {
        "folder": str(archive.folder),
        "name": archive.name,
        "interval_s": archive.interval_s,
    }
    fresh = cluster.home / f"{_FILE}.new"
    fresh.unlink(missing_ok=True)
    with os.fdopen(cluster.open_private(fresh.name), "w", encoding="utf-8") as file:
        file.write(json.dumps(kept))
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)


def archive_settings(home: Path) -> dict[str, str]:
    """Return PostgreSQL's settings for the archive of a home; none if it archives nothing.

    basic_archive copies a segment under a temporary name, writes it through to the disk, and renames it.
    """
    archive = find_archive(home)
    if archive is None:
        return {}
    return {
        "archive_mode": "on",
        "archive_library": "basic_archive",
        "basic_archive.archive_directory": str(archive.segments),
        "archive_timeout": f"{archive.interval_s}s",
    }
