"""Restoring a backup into a new home, up to a moment; the home gets its name when the recovery has ended."""

from __future__ import annotations

import gzip
import os
import re
import shlex
import shutil
import tarfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import IO

import psycopg

from skeldir.backups.faults import (
    ArchiveIncomplete,
    MomentUnreachable,
    RestoreFailed,
)
from skeldir.backups.folder import BackupFolder, holding, open_folder, sync_directory
from skeldir.backups.records import BASE, MANIFEST, WAL, Backup, BackupFacts, choose_backup, damaged
from skeldir.backups.segments import Reach, read_lsn, read_reach, require_reach
from skeldir.backups.server import read_recovery
from skeldir.backups.target import NO_ROOM_FOR_HOME, claimed_home
from skeldir.backups.verifying import compare_with_manifest, verify_backup
from skeldir.clock import utc_now
from skeldir.db import (
    Cluster,
    DiskFull,
    EmbeddedServer,
    MajorVersionDiffers,
    ServerNotStarted,
    disk_full,
    embedded_server,
    home_errors,
    is_server_alive,
)
from skeldir.errors import InputInvalid

_PAUSE_S = 0.2
_END_S = 10.0
# The log of the recovery: what PostgreSQL says if the moment is not in the archive.
_UNREACHABLE = re.compile(
    r"recovery ended before configured recovery target|requested recovery stop point is before consistent"
    r"|archive file .+ has wrong size"
)
_LAST_SEEN = re.compile(r"last completed transaction was at log time (.+)")


@dataclass(frozen=True, slots=True)
class Moment:
    """Up to where changes are restored: exactly one of the four."""

    # Every transaction that committed before or at this time, by the server's clock.
    until: datetime | None = None
    # Everything that was written before this position of the log.
    until_lsn: str | None = None
    # Everything that is archived.
    is_latest: bool = False
    # The end of the backup; needs no archive.
    is_as_taken: bool = False


@dataclass(frozen=True, slots=True)
class Restored:
    """What was restored, and how far."""

    home: Path
    backup: Backup
    last_commit_at: datetime | None
    took_s: float


def read_moment(
    *, until: str | None, until_lsn: str | None, is_latest: bool, is_as_taken: bool
) -> Moment:
    """Read the moment as the command line gives it.

    Raises:
        InputInvalid: not exactly one is given, a time has no zone or is in the future, or a position is malformed.
    """
    given = [until is not None, until_lsn is not None, is_latest, is_as_taken].count(True)
    if given != 1:
        raise InputInvalid(
            "More than one moment to restore was given."
            if given
            else "Up to which moment to restore was not stated, and none is assumed.",
            cure="Give one of --until TIME, --until-lsn POSITION, --latest and --as-taken.",
        )
    if until_lsn is not None:
        try:
            read_lsn(until_lsn)
        except ValueError:
            raise InputInvalid(
                f"{until_lsn!r} is not a position in the write-ahead log.",
                cure="Write it as PostgreSQL does, such as 0/16B3748.",
            ) from None
    return Moment(None if until is None else _read_time(until), until_lsn, is_latest, is_as_taken)


def _read_time(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise InputInvalid(
            f"{text!r} is not a time.", cure="Write it as 2026-11-27T14:30:00Z."
        ) from None
    if moment.tzinfo is None:
        raise InputInvalid(
            f"{text!r} has no time zone, and none is assumed.",
            cure=f"Write {text}Z for UTC, or the offset, such as {text}+02:00.",
        )
    if moment > utc_now():
        raise InputInvalid(
            f"{text} is in the future.", cure="Give a time that has passed, or --latest."
        )
    return moment.astimezone(UTC)


def restore_backup(
    folder_path: Path,
    name: str | None,
    home: Path,
    moment: Moment,
    *,
    say: Callable[[str], None] = lambda _: None,
) -> Restored:
    """Restore a backup (the newest that fits if `name` is None) into `home`, which must not exist or be empty.

    Raises:
        InputInvalid: no backup is named, and the moment is a position, or the folder has backups of several homes.
        RestoreTargetNotEmpty: something is there; it was not touched.
        BackupUnknown, BackupDamaged, BackupFolderUnusable, BackupBusy, MajorVersionDiffers: the backup cannot be used.
        MomentUnreachable, ArchiveIncomplete: the archive does not lead to the moment.
        RestoreFailed, DiskFull: the recovery failed. In each case nothing is left at `home`.
    """
    if moment.until_lsn is not None and name is None:
        raise InputInvalid(
            "A position belongs to one server's log, and no backup was named.",
            cure="Name the backup too; `skeldir backup list` shows them.",
        )
    began = time.monotonic()
    home = home.expanduser().resolve()
    with claimed_home(home) as cluster:
        folder = open_folder(cluster, folder_path)
        with holding(cluster, folder, is_reader=True):
            backup = choose_backup(folder.base, name, ended_by=moment.until, is_of_any_home=False)
            _require_same_major(cluster, backup)
            settings = _recovery_settings(cluster, folder, backup, moment)
            with home_errors(cluster.home, when_full=NO_ROOM_FOR_HOME):
                say(f"Verifying and unpacking {backup.facts.name}.")
                verify_backup(cluster, backup.path)
                _unpack(cluster, backup)
            say("Recovering.")
            last_commit_at = _recover(cluster, backup, settings)
            _wait_until_ended(cluster, backup)
        with home_errors(home, when_full=NO_ROOM_FOR_HOME):
            cluster.home.rename(home)
            sync_directory(home.parent)
    return Restored(home, backup, last_commit_at, time.monotonic() - began)


def _recovery_settings(
    cluster: Cluster, folder: BackupFolder, backup: Backup, moment: Moment
) -> dict[str, str]:
    """Return PostgreSQL's settings for a recovery that fails unless it reaches the moment."""
    facts = backup.facts
    settings = {
        "archive_mode": "off",
        "recovery_target_action": "promote",
        # Never a branch that another restore began.
        "recovery_target_timeline": "current",
    }
    if moment.is_as_taken:
        return {**settings, "restore_command": "false", "recovery_target": "immediate"}
    if facts.archive is None:
        raise MomentUnreachable(
            f"Nothing was archived when the backup {facts.name} was made, so only its own end can be restored.",
            cure="Use --as-taken. `skeldir backup archive` makes later backups lead to any moment.",
        )
    archive = folder.wal / facts.archive
    reach = _read_reach(cluster, archive, backup, moment)
    if moment.until is not None:
        _require_between(moment.until, facts, reach)
        settings["recovery_target_time"] = f"{moment.until}"
    else:
        lsn = moment.until_lsn or (reach.last_lsn if reach is not None else facts.end_lsn)
        _require_lsn_between(lsn, facts, reach)
        settings["recovery_target_lsn"] = lsn
        # A position that pg_current_wal_lsn() returned is the end of what was written by then.
        settings["recovery_target_inclusive"] = "off" if moment.until_lsn else "on"
    quoted = shlex.quote(str(archive)).replace("%", "%%")
    return {**settings, "restore_command": f'cp {quoted}/%f "%p"'}


def _read_reach(cluster: Cluster, archive: Path, backup: Backup, moment: Moment) -> Reach | None:
    """Return how far the archive leads; None if that is unknown, because it is damaged somewhere.

    PostgreSQL still reaches an earlier moment, and fails if it does not.
    """
    try:
        return require_reach(read_reach(cluster, archive, backup.facts), backup.facts)
    except ArchiveIncomplete:
        if moment.is_latest:
            raise
        return None


def _require_between(until: datetime, facts: BackupFacts, reach: Reach | None) -> None:
    if until < facts.ended_at:
        raise MomentUnreachable(
            f"{until.isoformat()} is before the end of the backup {facts.name}, {facts.ended_at.isoformat()}.",
            cure="Name an older backup, which `skeldir backup list` shows.",
        )
    # PostgreSQL stops before the first commit after the time. Without one, a commit may be missing.
    if reach is not None and (reach.last_commit_at is None or until >= reach.last_commit_at):
        end = reach.last_commit_at
        shown = "none was found" if end is None else f"the last is of {end.isoformat()}"
        raise MomentUnreachable(
            f"No commit after {until.isoformat()} is archived ({shown}), so one before it may be missing.",
            cure="Wait until the archive reaches further (`skeldir backup list`), or stop skeldir, which archives "
            "everything; or use --latest.",
        )


def _require_lsn_between(lsn: str, facts: BackupFacts, reach: Reach | None) -> None:
    last = lsn if reach is None else reach.last_lsn
    if not read_lsn(facts.end_lsn) <= read_lsn(lsn) <= read_lsn(last):
        raise MomentUnreachable(
            f"{lsn} is not between {facts.end_lsn}, the end of the backup {facts.name}, and {last}, the end of its "
            "archive.",
            cure="Choose another backup (`skeldir backup list`), or stop skeldir, which archives everything.",
        )


def _require_same_major(cluster: Cluster, backup: Backup) -> None:
    reported = cluster.run("postgres", "--version").stdout
    ours = found[0] if (found := re.findall(r"\d+", reported)) else reported
    if backup.facts.major != ours:
        raise MajorVersionDiffers(
            f"The backup {backup.facts.name} is of PostgreSQL {backup.facts.postgres}; this skeldir contains {ours}.",
            cure="Restore it with the skeldir that made it.",
        )


def _unpack(cluster: Cluster, backup: Backup) -> None:
    """Unpack the backup as the cluster's data, and compare every file and the log with the manifest."""
    if shutil.disk_usage(cluster.home).free < backup.facts.data_size:
        raise disk_full(
            cluster.home,
            f"The data need {backup.facts.data_size / 1e6:,.0f} MB.",
            cure=NO_ROOM_FOR_HOME,
        )
    cluster.make_private(cluster.data)
    _extract(cluster, backup, BASE, cluster.data)
    _extract(cluster, backup, WAL, cluster.data / "pg_wal")
    with (backup.path / MANIFEST).open("rb") as source:
        _write(cluster, source, f"postgres/{MANIFEST}")
    compare_with_manifest(cluster, cluster.data, backup.path.name)
    (cluster.data / MANIFEST).unlink()
    _write(cluster, None, "postgres/recovery.signal")


def _extract(cluster: Cluster, backup: Backup, name: str, place: Path) -> None:
    """Unpack plain files and directories, and refuse everything else; all of it is private to the server's account."""
    try:
        # Not as a stream: the log is a chain of gzip members, which the streams of tarfile do not follow.
        with tarfile.open(backup.path / name, "r:gz") as archive:
            for member in archive:
                parts = PurePosixPath(member.name).parts
                if (
                    ".." in parts
                    or member.name.startswith("/")
                    or not (member.isdir() or member.isreg())
                ):
                    raise damaged(backup.path, f"{name} contains {member.name!r}")
                path = place.joinpath(*parts)
                if member.isdir():
                    if not path.exists():
                        cluster.make_private(path)
                elif (content := archive.extractfile(member)) is not None:
                    _write(cluster, content, str(path.relative_to(cluster.home)))
    except (tarfile.TarError, gzip.BadGzipFile, EOFError) as error:
        raise damaged(backup.path, f"{name} cannot be unpacked: {error}") from error


def _write(cluster: Cluster, content: IO[bytes] | None, name: str) -> None:
    with os.fdopen(cluster.open_private(name), "wb") as file:
        if content is not None:
            shutil.copyfileobj(content, file, 2**20)


def _recover(cluster: Cluster, backup: Backup, settings: dict[str, str]) -> datetime | None:
    """Run the recovery to its end; return the time of the last commit that was restored."""
    try:
        with embedded_server(cluster.home, server_settings=settings) as server:
            return _wait_until_recovered(cluster, server, backup)
    except ServerNotStarted as error:
        raise _failure(cluster, backup) from error
    except DiskFull as error:
        raise DiskFull(error.detail, cure=NO_ROOM_FOR_HOME) from error


def _wait_until_ended(cluster: Cluster, backup: Backup) -> None:
    """Wait for the last process of the server: it outlives the file by which a stop is recognised for a moment."""
    deadline = time.monotonic() + _END_S
    while is_server_alive(cluster):
        if time.monotonic() > deadline:
            raise _failure(cluster, backup)
        time.sleep(_PAUSE_S)


def _wait_until_recovered(
    cluster: Cluster, server: EmbeddedServer, backup: Backup
) -> datetime | None:
    while True:
        try:
            recovers, committed_at = read_recovery(server)
        except psycopg.OperationalError as error:
            if not is_server_alive(cluster):
                raise _failure(cluster, backup) from error
        else:
            if not recovers:
                return committed_at
        time.sleep(_PAUSE_S)


def _failure(cluster: Cluster, backup: Backup) -> Exception:
    """Return the error for a recovery that ended, by what PostgreSQL logged."""
    log = (cluster.home / "postgres.log").read_text(encoding="utf-8", errors="replace")
    if _UNREACHABLE.search(log):
        seen = _LAST_SEEN.findall(log)
        last = f" The last commit that it found is of {seen[-1]}." if seen else ""
        return MomentUnreachable(
            f"The archive does not lead from the backup {backup.facts.name} to the moment: a segment is missing or "
            f"damaged.{last}",
            cure="Bring an intact copy of the archive back, or restore an earlier moment.",
        )
    last_lines = "\n".join(log.strip().splitlines()[-12:])
    return RestoreFailed(
        f"PostgreSQL did not recover. It logged:\n{last_lines}\n",
        cure="Remove the cause that these lines name, and run it again; nothing was kept.",
    )
