"""Whether a backup is what was written: its own digests, and PostgreSQL's manifest."""

from __future__ import annotations

from pathlib import Path

from skeldir.backups.records import FACTS, Backup, damaged, digest_of_file, read_backup
from skeldir.db import Cluster


def verify_backup(cluster: Cluster, path: Path) -> Backup:
    """Read every byte of the backup at `path` and compare it with the digests; return its facts.

    Raises:
        BackupDamaged: a file is missing, added or changed, or PostgreSQL's manifest does not fit the data.
    """
    backup = read_backup(path)
    for name, file in backup.facts.files.items():
        try:
            digest = digest_of_file(path / name)
        except OSError as error:
            raise damaged(path, f"{name} cannot be read: {error.strerror}") from error
        if digest != file.sha256:
            raise damaged(path, f"{name} was changed")
    compare_with_manifest(
        cluster, path, path.name, "--format=tar", "--no-parse-wal", f"--ignore={FACTS}"
    )
    return backup


def compare_with_manifest(cluster: Cluster, data: Path, name: str, *options: str) -> None:
    """Compare files with the manifest that PostgreSQL made of them.

    Raises:
        BackupDamaged: they differ; `name` is the backup's.
    """
    compared = cluster.run("pg_verifybackup", "--quiet", *options, str(data))
    if compared.returncode != 0:
        lines = (compared.stderr or compared.stdout).strip().splitlines()
        raise damaged(data.with_name(name), lines[0] if lines else "pg_verifybackup refuses it")
