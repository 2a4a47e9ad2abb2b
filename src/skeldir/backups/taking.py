"""Making a backup of the embedded server while it works: a physical copy, verified before it gets its name."""

from __future__ import annotations

import json
import os
import shutil
import time
from datetime import datetime
from pathlib import Path
from typing import Final

import psycopg

from skeldir.backups.faults import BackupFailed, NothingToBackUp
from skeldir.backups.folder import (
    NO_ROOM_FOR_BACKUPS,
    UNFINISHED,
    BackupFolder,
    folder_errors,
    holding,
    prepare_folder,
    remove_unfinished,
    sync_directory,
)
from skeldir.backups.records import (
    BASE,
    FACTS,
    MANIFEST,
    NAME_FORMAT,
    WAL,
    Backup,
    BackupFacts,
    FileFacts,
    digest_of_file,
    pack_facts,
)
from skeldir.backups.server import Admin, read_archiver, read_clock, read_revision, read_version
from skeldir.backups.verifying import verify_backup
from skeldir.db import (
    Cluster,
    EmbeddedServer,
    disk_full,
    embedded_server,
    find_archive,
    open_cluster,
)

_MOST_SECONDS: Final = 5
"""How long a backup waits for a second of its own."""


def take_backup(home: Path, path: Path, *, database: str) -> Backup:
    """Make a backup of the embedded server of `home` in the folder at `path`, and verify it.

    The server goes on working; it is started for the backup if it does not run. No migration is run. `database` is
    the one whose revision is recorded.

    Raises:
        NothingToBackUp: the home has no data.
        BackupFolderUnusable, BackupBusy: the folder cannot be used, or not now.
        BackupFailed, BackupDamaged: the copy could not be made, or is not what the server sent; nothing is kept.
        DiskFull: it does not fit.
    """
    cluster = require_data(home)
    folder = prepare_folder(cluster, path)
    with holding(cluster, folder) as lock, embedded_server(cluster.home) as server:
        remove_unfinished(folder)
        fresh = folder.base / f"{UNFINISHED}{os.getpid()}"
        with folder_errors(folder.path):
            try:
                cluster.make_private(fresh)
                return _fill(cluster, server, folder, fresh, database=database, lock=lock)
            except BaseException:
                shutil.rmtree(fresh, ignore_errors=True)
                raise


def require_data(home: Path) -> Cluster:
    """Return the cluster of a home that has data.

    Raises:
        NothingToBackUp: it has none.
    """
    home = home.expanduser().resolve()
    if not (home / "postgres" / "PG_VERSION").exists():
        raise NothingToBackUp(
            f"{home} has no data of an embedded PostgreSQL.",
            cure="If it is to be a new home, make its database first: `skeldir up`, or `skeldir migrate`. Otherwise "
            "set SKELDIR_HOME as it is set where skeldir runs.",
        )
    return open_cluster(home)


def _fill(
    cluster: Cluster,
    server: EmbeddedServer,
    folder: BackupFolder,
    fresh: Path,
    *,
    database: str,
    lock: int,
) -> Backup:
    with psycopg.connect(server.url(), autocommit=True) as admin:
        began_at = _read_free_second(admin, folder)
        archive = _archive_in_use(cluster, admin, folder)
        copied = cluster.run(
            *("pg_basebackup", "--dbname", server.url(), "--no-password", "--pgdata", str(fresh)),
            *("--format=tar", "--compress=client-gzip:1", "--wal-method=stream"),
            *("--checkpoint=fast", "--manifest-checksums=SHA256", f"--label=skeldir {began_at}"),
            keep=lock,
        )
        if copied.returncode != 0:
            raise _failure(folder, copied.stderr)
        ended_at = read_clock(admin)
        postgres, segment_size = read_version(admin)
    extra = sorted({entry.name for entry in os.scandir(fresh)} - {BASE, WAL, MANIFEST})
    if extra:
        raise BackupFailed(
            f"The server has tablespaces ({', '.join(extra)}), which a restored home would share with this one.",
            cure="Move their tables to the default tablespace and drop them: skeldir makes none.",
        )
    manifest = json.loads((fresh / MANIFEST).read_bytes())
    (reach,) = manifest["WAL-Ranges"]
    facts = BackupFacts(
        name=began_at.strftime(NAME_FORMAT),
        began_at=began_at,
        ended_at=ended_at,
        home=str(cluster.home),
        postgres=postgres,
        system_identifier=manifest["System-Identifier"],
        timeline=reach["Timeline"],
        start_lsn=reach["Start-LSN"],
        end_lsn=reach["End-LSN"],
        segment_size=segment_size,
        data_size=sum(file["Size"] for file in manifest["Files"]),
        revision=read_revision(server, database),
        archive=archive,
        files={
            name: FileFacts(size=(fresh / name).stat().st_size, sha256=digest_of_file(fresh / name))
            for name in (BASE, WAL, MANIFEST)
        },
    )
    _write_facts(cluster, fresh / FACTS, facts)
    verify_backup(cluster, fresh)
    return _name(folder, fresh, facts)


def _read_free_second(admin: Admin, folder: BackupFolder) -> datetime:
    """Return the server's time, in a second for which no backup is named.

    The folder's lock is held, so a name that is free stays free.

    Raises:
        BackupFailed: the server's clock was set back to a time of earlier backups.
    """
    for _ in range(_MOST_SECONDS):
        began_at = read_clock(admin)
        if not (folder.base / began_at.strftime(NAME_FORMAT)).exists():
            return began_at
        time.sleep(1 - began_at.microsecond / 1_000_000)
    raise BackupFailed(
        f"There are backups of each of the last {_MOST_SECONDS} seconds: the server's clock was set back.",
        cure="Set the clock right, and run it again.",
    )


def _name(folder: BackupFolder, fresh: Path, facts: BackupFacts) -> Backup:
    """Give a finished backup its name, which `_read_free_second` found free."""
    path = folder.base / facts.name
    sync_directory(fresh)
    fresh.rename(path)
    sync_directory(folder.base)
    return Backup(path, facts)


def _write_facts(cluster: Cluster, path: Path, facts: BackupFacts) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        if cluster.account is not None:
            os.fchown(file.fileno(), *cluster.account)
        file.write(pack_facts(facts))
        file.flush()
        os.fsync(file.fileno())


def _archive_in_use(cluster: Cluster, admin: Admin, folder: BackupFolder) -> str | None:
    """Return the archive that the running server writes, if it is in this folder."""
    archive, archiver = find_archive(cluster.home), read_archiver(admin)
    if archive is None or archive.folder != folder.path or not archiver.is_on:
        return None
    return archive.name if archiver.directory == str(archive.segments) else None


def _failure(folder: BackupFolder, output: str) -> Exception:
    last_lines = "\n".join(output.strip().splitlines()[-8:])
    if "No space left on device" in output or "Disk quota exceeded" in output:
        return disk_full(
            folder.path, f"pg_basebackup printed:\n{last_lines}\n", cure=NO_ROOM_FOR_BACKUPS
        )
    return BackupFailed(
        f"pg_basebackup made no backup. It printed:\n{last_lines}\n",
        cure="Remove the cause that these lines name, and run it again; nothing was kept.",
    )
