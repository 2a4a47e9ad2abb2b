"""What can go wrong with a backup or a restore, each with its code."""

from __future__ import annotations

from skeldir.errors import SkeldirError


class NothingToBackUp(SkeldirError):
    """The home has no data: mostly the wrong directory."""

    code = "nothing_to_back_up"
    status = 404
    title = "There is nothing to back up"


class BackupFolderUnusable(SkeldirError):
    """The folder is missing, was never one, is inside the data, or others than the server's account may enter it."""

    code = "backup_folder_unusable"
    status = 422
    title = "The folder cannot hold backups"


class BackupBusy(SkeldirError):
    """Another process makes, deletes or restores a backup in the same folder, or restores into the same home."""

    code = "backup_busy"
    status = 409
    title = "The folder of backups is in use"


class BackupFailed(SkeldirError):
    """PostgreSQL could not make the backup; nothing was kept."""

    code = "backup_failed"
    status = 500
    title = "The backup was not made"


class BackupUnknown(SkeldirError):
    """No backup has this name, or none fits."""

    code = "backup_unknown"
    status = 404
    title = "There is no such backup"


class BackupDamaged(SkeldirError):
    """A file of the backup is missing or is not what was written."""

    code = "backup_damaged"
    status = 500
    title = "The backup is damaged"


class ArchiveIncomplete(SkeldirError):
    """The archive of the write-ahead log has a gap, or a part that cannot be read."""

    code = "archive_incomplete"
    status = 500
    title = "The archive has a gap"


class RestoreTargetNotEmpty(SkeldirError):
    """Something is already where the restored home would be."""

    code = "restore_target_not_empty"
    status = 409
    title = "The target of the restore is not empty"


class MomentUnreachable(SkeldirError):
    """The moment is before the end of the backup, or after the last commit that is archived."""

    code = "moment_unreachable"
    status = 422
    title = "The moment cannot be restored"


class RestoreFailed(SkeldirError):
    """PostgreSQL did not finish the recovery; the target was removed."""

    code = "restore_failed"
    status = 500
    title = "The restore failed"
