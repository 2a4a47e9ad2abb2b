"""The folder of backups: `base/` has one directory for each backup, `wal/` one for each home that archives."""

from __future__ import annotations

import fcntl
import os
import shlex
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from skeldir.backups.faults import BackupBusy, BackupFolderUnusable
from skeldir.db import Cluster, disk_errors, open_parents

UNFINISHED = ".taking-"
BEING_DELETED = ".deleting-"
NO_ROOM_FOR_BACKUPS: Final = (
    "Free some space on the disk of the backups (`skeldir backup prune` deletes old ones), or name a folder on another "
    "disk by --folder, and run it again. No backup was changed, and the database goes on."
)
_LOCK = ".lock"


@dataclass(frozen=True, slots=True)
class BackupFolder:
    """A folder that only the server's account may enter."""

    path: Path

    @property
    def base(self) -> Path:
        """Where the backups are."""
        return self.path / "base"

    @property
    def wal(self) -> Path:
        """Where the archives are."""
        return self.path / "wal"


def prepare_folder(cluster: Cluster, path: Path) -> BackupFolder:
    """Create the folder, but not the directories above it, or check that it is private to the server's account.

    Raises:
        BackupFolderUnusable: it cannot be used; a missing directory above it may be a disk that is not mounted.
    """
    path = path.expanduser().resolve()
    home = cluster.home.resolve()
    if home in (path, *path.parents):
        raise BackupFolderUnusable(
            f"{path} is inside {home}, and would be lost or moved away with it.",
            cure="Name a folder outside SKELDIR_HOME, on another disk if there is one.",
        )
    if not path.parent.is_dir():
        raise BackupFolderUnusable(
            f"{path.parent} is not a directory.",
            cure="Mount the disk that should be there, or create the directory.",
        )
    with folder_errors(path):
        if not path.exists():
            cluster.make_private(path)
        elif not any(path.iterdir()) and path.stat().st_uid == os.geteuid():
            path.chmod(0o700)
            if cluster.account is not None:
                os.chown(path, *cluster.account)
        folder = _open_private(cluster, path)
        for part in (folder.base, folder.wal):
            if not part.exists():
                cluster.make_private(part)
        if cluster.account is not None:
            open_parents(cluster, folder.base)
    return folder


def open_folder(cluster: Cluster, path: Path) -> BackupFolder:
    """Return a folder of backups that exists.

    Raises:
        BackupFolderUnusable: it does not exist, was never one, or is not private to the server's account.
    """
    folder = _open_private(cluster, path)
    if not folder.base.is_dir():
        raise BackupFolderUnusable(
            f"{folder.path} was never made a folder of backups: it has no directory `base`.",
            cure="Name the folder that `skeldir backup` or `skeldir backup archive` was given.",
        )
    return folder


def _open_private(cluster: Cluster, path: Path) -> BackupFolder:
    path = path.expanduser().resolve()
    if not path.is_dir():
        raise BackupFolderUnusable(
            f"{path} is not a directory.",
            cure="Mount its disk, or name another folder by --folder.",
        )
    facts = path.stat()
    if facts.st_uid != cluster.uid or facts.st_mode & 0o077:
        quoted = shlex.quote(str(path))
        raise BackupFolderUnusable(
            f"{path} holds secrets, and is not private to the account {cluster.user}, which runs PostgreSQL.",
            cure=f"If it has nothing but backups, run: chown -R {cluster.user} {quoted}; chmod 700 {quoted}. Otherwise "
            "name another folder.",
        )
    return BackupFolder(path)


@contextmanager
def folder_errors(path: Path) -> Iterator[None]:
    """Translate an OSError about the folder into DiskFull or BackupFolderUnusable."""
    cure = (
        "Mend what this names (whether its disk is mounted and may be written, and who owns it), or name another "
        "folder by --folder."
    )
    with disk_errors(path, BackupFolderUnusable, cure=cure, when_full=NO_ROOM_FOR_BACKUPS):
        yield


@contextmanager
def holding(cluster: Cluster, folder: BackupFolder, *, is_reader: bool = False) -> Iterator[int]:
    """Keep others from changing the folder during the block; yield the lock, which children may inherit.

    Raises:
        BackupBusy: another process holds it.
    """
    path = folder.path / _LOCK
    with folder_errors(folder.path):
        lock = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        if cluster.account is not None:
            os.fchown(lock, *cluster.account)
    try:
        try:
            fcntl.flock(lock, (fcntl.LOCK_SH if is_reader else fcntl.LOCK_EX) | fcntl.LOCK_NB)
        except BlockingIOError:
            raise BackupBusy(
                f"Another process makes, deletes or restores a backup in {folder.path}.",
                cure="Wait until it has ended, and run this again.",
            ) from None
        yield lock
    finally:
        os.close(lock)


def remove_unfinished(folder: BackupFolder) -> int:
    """Remove what killed backups left, and return how many there were; for callers that hold the folder."""
    left = list(folder.base.glob(f"{UNFINISHED}*"))
    for path in left:
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()
    return len(left)


def sync_directory(path: Path) -> None:
    """Write a directory's entries through to the disk."""
    opened = os.open(path, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
