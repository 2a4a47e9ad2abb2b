"""Backups of the embedded server: physical copies, the archive of its write-ahead log, and restores. The door."""

from skeldir.backups.archiving import (
    ArchiveState,
    read_archive_state,
    start_archiving,
    stop_archiving,
)
from skeldir.backups.faults import ArchiveIncomplete, BackupUnknown
from skeldir.backups.folder import BackupFolder, holding, open_folder
from skeldir.backups.pruning import Pruned, prune_backups
from skeldir.backups.records import Backup, BackupFacts, BrokenBackup, choose_backup, list_backups
from skeldir.backups.restoring import Moment, Restored, read_moment, restore_backup
from skeldir.backups.segments import Reach, read_reach
from skeldir.backups.taking import require_data, take_backup
from skeldir.backups.verifying import verify_backup

__all__ = [
    "ArchiveIncomplete",
    "ArchiveState",
    "Backup",
    "BackupFacts",
    "BackupFolder",
    "BackupUnknown",
    "BrokenBackup",
    "Moment",
    "Pruned",
    "Reach",
    "Restored",
    "choose_backup",
    "holding",
    "list_backups",
    "open_folder",
    "prune_backups",
    "read_archive_state",
    "read_moment",
    "read_reach",
    "require_data",
    "restore_backup",
    "start_archiving",
    "stop_archiving",
    "take_backup",
    "verify_backup",
]
