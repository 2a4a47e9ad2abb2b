"""The archived write-ahead log: which segments there are, whether one is missing, and which commit is the last."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from skeldir.backups.faults import ArchiveIncomplete, MomentUnreachable
from skeldir.backups.records import BackupFacts
from skeldir.db import Cluster

_SEGMENT = re.compile(r"[0-9A-F]{24}")
_LSN = re.compile(r"[0-9A-F]{1,8}/[0-9A-F]{1,8}")
_RECORD = re.compile(r"\blsn: ([0-9A-F]+/[0-9A-F]+),")
_COMMIT = re.compile(
    r"desc: COMMIT(?: PREPARED)? (?:\w+: )?(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d+) UTC"
)
# What pg_waldump prints when it has read everything up to the end of the last file.
_NO_MORE_FILES = re.compile(r"could not (?:find|open) file|no such file", re.IGNORECASE)
# Without a commit for this many segments, the time is not looked for any further.
_MOST_LOOKED_AT = 16


@dataclass(frozen=True, slots=True)
class Reach:
    """How far an archive leads on from a backup without a gap."""

    segments: int
    size: int
    # The last record that can hold or end a transaction, and the time of the last commit that was found.
    last_lsn: str
    last_commit_at: datetime | None


def read_lsn(text: str) -> int:
    """Return a position in the log as a number.

    Raises:
        ValueError: it is not written as PostgreSQL writes it, such as `0/16B3748`.
    """
    if not _LSN.fullmatch(text):
        raise ValueError(text)
    high, low = text.split("/")
    return (int(high, 16) << 32) + int(low, 16)


def segment_of(facts: BackupFacts, lsn: str) -> str:
    """Return the name of the segment that holds a position of the backup's timeline."""
    number = read_lsn(lsn) // facts.segment_size
    each = 2**32 // facts.segment_size
    return f"{facts.timeline:08X}{number // each:08X}{number % each:08X}"


def list_segments(archive: Path, facts: BackupFacts) -> list[Path]:
    """Return the archived segments of the backup's timeline from its own first one on, without a gap.

    Raises:
        ArchiveIncomplete: one is missing before a later one, or is incomplete.
    """
    if not archive.is_dir():
        return []
    first = segment_of(facts, facts.start_lsn)
    names = sorted(
        path.name
        for path in archive.iterdir()
        if _SEGMENT.fullmatch(path.name) and path.name[:8] == first[:8] and path.name >= first
    )
    if names:
        _require_no_gap(archive, facts, names)
    return [archive / name for name in names]


def read_reach(cluster: Cluster, archive: Path, facts: BackupFacts) -> Reach | None:
    """Return how far the archive leads; None if nothing is archived since the backup began.

    Only the last segments are read. PostgreSQL reads all of them in a recovery, and stops at the first fault.

    Raises:
        ArchiveIncomplete: a segment is missing, or the last one cannot be read to its end.
    """
    try:
        return _read_reach(cluster, archive, facts)
    except FileNotFoundError as error:
        raise ArchiveIncomplete(
            f"{error.filename} was deleted while the archive was read.",
            cure="Wait until the prune has ended, and run this again.",
        ) from error


def _read_reach(cluster: Cluster, archive: Path, facts: BackupFacts) -> Reach | None:
    segments = list_segments(archive, facts)
    last_lsn: str | None = None
    for looked_at, segment in enumerate(reversed(segments)):
        lsn, commit_at = _read_end(cluster, segment, is_last=looked_at == 0)
        last_lsn = last_lsn or lsn
        if last_lsn is not None and (commit_at is not None or looked_at >= _MOST_LOOKED_AT):
            return _reach(segments, last_lsn, commit_at)
    return None if last_lsn is None else _reach(segments, last_lsn, None)


def require_reach(reach: Reach | None, facts: BackupFacts) -> Reach:
    """Return the reach.

    Raises:
        MomentUnreachable: the backup has no archive.
    """
    if reach is None:
        raise MomentUnreachable(
            f"Nothing that happened after the backup {facts.name} is archived.",
            cure="Use --as-taken, which restores the end of the backup.",
        )
    return reach


def _reach(segments: Sequence[Path], last_lsn: str, commit_at: datetime | None) -> Reach:
    size = sum(segment.stat().st_size for segment in segments)
    return Reach(len(segments), size, last_lsn, commit_at)


def _require_no_gap(archive: Path, facts: BackupFacts, names: list[str]) -> None:
    expected = segment_of(facts, facts.start_lsn)
    each = 2**32 // facts.segment_size
    for name in names:
        if name != expected:
            raise ArchiveIncomplete(
                f"The archive {archive} has {name}, but not {expected}.",
                cure="Bring the missing file back, or restore a moment before it: name the backup and the moment. "
                "Then make a new backup, since none before the gap leads beyond it.",
            )
        if (archive / name).stat().st_size != facts.segment_size:
            raise ArchiveIncomplete(
                f"{archive / name} does not have {facts.segment_size:,} bytes.",
                cure="Bring the complete file back, or restore a moment before it.",
            )
        number = int(name[8:16], 16) * each + int(name[16:], 16) + 1
        expected = f"{name[:8]}{number // each:08X}{number % each:08X}"


def _read_end(
    cluster: Cluster, segment: Path, *, is_last: bool
) -> tuple[str | None, datetime | None]:
    """Return the last record of a segment that matters and the time of its last commit."""
    shown = cluster.run("pg_waldump", "--rmgr=Transaction", "--rmgr=XLOG", str(segment))
    faults = [line for line in shown.stderr.splitlines() if "error:" in line]
    if is_last and any(not _NO_MORE_FILES.search(fault) for fault in faults):
        raise ArchiveIncomplete(
            f"{segment} cannot be read to its end: {faults[0].partition('error: ')[2]}.",
            cure="Bring an intact copy of the file back, or restore a moment before it by --until.",
        )
    lsns, commits = _RECORD.findall(shown.stdout), _COMMIT.findall(shown.stdout)
    at = datetime.fromisoformat(commits[-1]).replace(tzinfo=UTC) if commits else None
    return (_plain(lsns[-1]) if lsns else None), at


def _plain(lsn: str) -> str:
    """Return a position as PostgreSQL prints it elsewhere: pg_waldump pads the second half."""
    high, low = lsn.split("/")
    return f"{int(high, 16):X}/{int(low, 16):X}"
