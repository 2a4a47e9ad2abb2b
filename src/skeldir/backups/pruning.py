"""Deleting old backups, and those parts of the archives that no remaining backup needs."""

from __future__ import annotations

import re
import shutil
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from skeldir.backups.faults import BackupDamaged, BackupUnknown
from skeldir.backups.folder import (
    BEING_DELETED,
    folder_errors,
    holding,
    open_folder,
    remove_unfinished,
    sync_directory,
)
from skeldir.backups.records import (
    Backup,
    BackupFacts,
    BrokenBackup,
    damaged,
    list_backups,
    read_backup,
)
from skeldir.backups.segments import segment_of
from skeldir.backups.verifying import verify_backup
from skeldir.db import Cluster

# A segment, also an incomplete one, or the note of where a backup began. Histories of timelines are small, and stay.
_OLD = re.compile(r"([0-9A-F]{24})(\.partial|\.[0-9A-F]{8}\.backup)?")
# What basic_archive leaves if the server is killed while it copies.
_LEFT = "archtemp.*"
_LEFT_FOR_S = 24 * 3_600


@dataclass(frozen=True, slots=True)
class Pruned:
    """What was deleted, and what remains."""

    deleted: list[str]
    kept: list[str]
    segments: int
    size: int


def prune_backups(cluster: Cluster, path: Path, *, keep: int) -> Pruned:
    """Delete all but the newest `keep` complete backups of each home, then what only they needed.

    The newest of a home is verified first. Homes share nothing: a backup of a trial restore replaces none of the home
    that it is a copy of. Damaged backups are neither counted nor deleted. An archive that never had a backup here
    stays.

    Raises:
        BackupUnknown: there is no complete backup; nothing was deleted.
        BackupDamaged: the newest one of a home, or of all, is damaged; nothing was deleted.
        BackupFolderUnusable: a file could not be deleted; run again, it goes on.
    """
    folder = open_folder(cluster, path)
    with holding(cluster, folder), folder_errors(folder.path):
        found = list(list_backups(folder.base))
        complete = [one for one in found if isinstance(one, Backup)]
        if not complete:
            raise BackupUnknown(
                f"{folder.path} has no complete backup; nothing was deleted.",
                cure="Make one: `skeldir backup`.",
            )
        newest = [one for one in found if isinstance(one, Backup) or one.may_be_newest][-1]
        if isinstance(newest, BrokenBackup):
            raise damaged(newest.path, newest.reason)
        old, kept = _divide(complete, keep)
        for one in {one.facts.origin: one for one in complete}.values():
            verify_backup(cluster, one.path)
        size = sum(one.facts.size for one in old)
        # What is half deleted is no backup any more, so each is renamed first. Its archive goes before it: once no
        # backup names an archive, nobody knows that it may go. The next pruning finishes one that was killed.
        for one in old:
            one.path.rename(one.path.with_name(f"{BEING_DELETED}{one.path.name}"))
        sync_directory(folder.base)
        gone = [path for path in folder.base.glob(f"{BEING_DELETED}*") if not path.is_symlink()]
        segments, more = _prune_archives(folder.wal, _archives_of(gone), kept)
        for path in gone:
            shutil.rmtree(path)
        remove_unfinished(folder)
    return Pruned(
        [one.path.name for one in old], [one.path.name for one in kept], segments, size + more
    )


def _divide(complete: list[Backup], keep: int) -> tuple[list[Backup], list[Backup]]:
    """Return the backups to delete and those to keep, the newest of each home, both oldest first."""
    old, kept = list[Backup](), list[Backup]()
    left = Counter(one.facts.origin for one in complete)
    for one in complete:
        (old if left[one.facts.origin] > keep else kept).append(one)
        left[one.facts.origin] -= 1
    return old, kept


def _archives_of(gone: list[Path]) -> set[str]:
    """Return the archives of renamed backups; of one that is half deleted the archive has gone already."""
    archives = set()
    for path in gone:
        with suppress(BackupDamaged):
            archives.add(read_backup(path).facts.archive)
    return {name for name in archives if name is not None}


def _prune_archives(wal: Path, of_old: set[str], kept: list[Backup]) -> tuple[int, int]:
    """Delete what is older than the first kept backup of each archive; return how many files, and their size."""
    first: dict[str, BackupFacts] = {}
    for one in kept:
        if one.facts.archive is not None:
            first.setdefault(one.facts.archive, one.facts)
    ended = of_old - set(first)
    files, size = 0, 0
    for name in {*first, *ended}:
        archive = wal / name
        needed = segment_of(first[name], first[name].start_lsn)[8:] if name in first else None
        for path in sorted(archive.iterdir()) if archive.is_dir() else ():
            if _is_old(path, needed):
                files += 1
                size += path.stat().st_size
                path.unlink()
    return files, size


def _is_old(path: Path, needed: str | None) -> bool:
    if path.match(_LEFT):
        return time.time() - path.stat().st_mtime > _LEFT_FOR_S
    matched = _OLD.fullmatch(path.name)
    # The first eight digits are the timeline, which does not order segments.
    return matched is not None and (needed is None or matched[1][8:] < needed)
