"""What is known about a backup: `backup.json` in its directory, written last and never changed."""

from __future__ import annotations

import hashlib
import os
import re
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal

import orjson
from pydantic import AwareDatetime, BaseModel, ConfigDict, ValidationError

from skeldir.backups.faults import BackupDamaged, BackupUnknown
from skeldir.errors import InputInvalid

FACTS = "backup.json"
# What pg_basebackup writes; everything else in a backup's directory is a fault.
BASE, WAL, MANIFEST = "base.tar.gz", "pg_wal.tar.gz", "backup_manifest"
NAME_FORMAT = "%Y%m%dT%H%M%SZ"
_NAME = re.compile(r"\d{8}T\d{6}Z")
_PIECE = 2**20


class FileFacts(BaseModel):
    """Size and digest of one file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    size: int
    sha256: str


class BackupFacts(BaseModel):
    """What a backup is of, which moments it can lead to, and the digests of its files."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    format: Literal[1] = 1
    name: str
    # By the clock of the server. The state of the backup is that of a moment between the two.
    began_at: AwareDatetime
    ended_at: AwareDatetime
    home: str
    postgres: str
    system_identifier: int
    timeline: int
    start_lsn: str
    end_lsn: str
    segment_size: int
    # Of the data directory, unpacked.
    data_size: int
    # Of the schema; None if the database was never migrated.
    revision: str | None
    # The directory under `wal` to which the server archived at that time; None if it archived nothing.
    archive: str | None
    files: dict[str, FileFacts]

    @property
    def major(self) -> str:
        """The major version of PostgreSQL, which alone can read the data."""
        return self.postgres.partition(".")[0]

    @property
    def origin(self) -> tuple[str, int]:
        """Which home it is of: a restored copy elsewhere, or other data at the same place, is another one."""
        return self.home, self.system_identifier

    @property
    def size(self) -> int:
        """Bytes on disk, without the archive."""
        return sum(file.size for file in self.files.values())


@dataclass(frozen=True, slots=True)
class Backup:
    """A complete backup and where it is."""

    path: Path
    facts: BackupFacts


@dataclass(frozen=True, slots=True)
class BrokenBackup:
    """A directory that should be a backup and is not, with the reason."""

    path: Path
    reason: str

    @property
    def may_be_newest(self) -> bool:
        """Whether its name is one that the program gives, by which backups are ordered."""
        return _NAME.fullmatch(self.path.name) is not None


def pack_facts(facts: BackupFacts) -> bytes:
    """Return the contents of `backup.json`: the facts, and a digest of them."""
    body = facts.model_dump(mode="json")
    return orjson.dumps(
        {**body, "sha256": _digest_of(body)}, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS
    )


def read_backup(path: Path) -> Backup:
    """Read the facts of the backup at `path`, and check names and sizes of its files, not their contents.

    Raises:
        BackupDamaged: something is missing, added or changed.
    """
    try:
        kept = orjson.loads((path / FACTS).read_bytes())
        claimed = kept.pop("sha256", None) if isinstance(kept, dict) else None
        if claimed is None or claimed != _digest_of(kept):
            raise damaged(path, f"{FACTS} was changed")
        facts = BackupFacts.model_validate(kept)
        found = {entry.name: entry.stat(follow_symlinks=False) for entry in os.scandir(path)}
    except FileNotFoundError:
        raise damaged(path, f"{FACTS} is missing") from None
    except OSError as error:
        raise damaged(path, f"{FACTS} cannot be read: {error.strerror}") from error
    except (orjson.JSONDecodeError, ValidationError):
        raise damaged(path, f"{FACTS} cannot be read") from None
    for name in sorted({*found, *facts.files} - {FACTS}):
        if name not in found:
            raise damaged(path, f"{name} is missing")
        if name not in facts.files:
            raise damaged(path, f"{name} does not belong to it")
        if not stat.S_ISREG(found[name].st_mode) or found[name].st_size != facts.files[name].size:
            raise damaged(path, f"{name} does not have the size that it was written with")
    return Backup(path, facts)


def _read_named(path: Path) -> Backup:
    """Read the backup at `path`, which is a directory of the backup's own name: no link to one, and no copy.

    A link, counted as a backup, would be kept in the place of the backup itself.

    Raises:
        BackupDamaged: it is something else.
    """
    if path.is_symlink() or not path.is_dir():
        raise damaged(path, "it is not a directory")
    backup = read_backup(path)
    if backup.facts.name != path.name:
        raise damaged(path, f"it is a copy of the backup {backup.facts.name}")
    return backup


def list_backups(base: Path) -> Iterator[Backup | BrokenBackup]:
    """Yield what is in the directory of backups, oldest first."""
    for path in sorted(base.iterdir()):
        if path.name.startswith("."):
            continue
        try:
            yield _read_named(path)
        except BackupDamaged as fault:
            yield BrokenBackup(path, fault.detail)


def choose_backup(
    base: Path, name: str | None, *, ended_by: datetime | None = None, is_of_any_home: bool = True
) -> Backup:
    """Return the backup of this name, or the newest that had ended by a moment.

    Raises:
        BackupUnknown: there is none.
        BackupDamaged: the named one is damaged, or the newest of all is: then a name must be given.
        InputInvalid: no name is given, nor `is_of_any_home`, and the directory has backups of more than one home.
    """
    if name is not None:
        if name not in {path.name for path in base.iterdir() if not path.name.startswith(".")}:
            raise BackupUnknown(
                f"There is no backup {name} in {base.parent}.",
                cure="`skeldir backup list` shows the backups.",
            )
        return _read_named(base / name)
    every = list(list_backups(base))
    newest = {one.facts.origin: one.facts for one in every if isinstance(one, Backup)}
    if len(newest) > 1 and not is_of_any_home:
        shown = ", ".join(f"{facts.home} (newest {facts.name})" for facts in newest.values())
        raise InputInvalid(
            f"{base.parent} has backups of several homes, and no backup was named: {shown}.",
            cure="Name the backup; `skeldir backup list` shows of which home each is.",
        )
    for found in reversed(every):
        if isinstance(found, BrokenBackup):
            if found.may_be_newest:
                raise damaged(found.path, found.reason)
            continue
        if ended_by is None or found.facts.ended_at <= ended_by:
            return found
    when = "" if ended_by is None else f" that had ended by {ended_by.isoformat()}"
    raise BackupUnknown(
        f"There is no backup{when} in {base.parent}.",
        cure="`skeldir backup list` shows the backups; a moment must be later than the end of one.",
    )


def digest_of_file(path: Path) -> str:
    """Return the SHA-256 of a file's contents."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(_PIECE):
            digest.update(piece)
    return digest.hexdigest()


def damaged(path: Path, what: str) -> BackupDamaged:
    """Return the error for a fault of the backup at `path`."""
    return BackupDamaged(
        f"The backup {path.name} is not usable: {what.removesuffix('.')}.",
        cure="Name another backup, which `skeldir backup list` shows; keep this one aside until one is restored.",
    )


def _digest_of(body: object) -> str:
    return hashlib.sha256(orjson.dumps(body, option=orjson.OPT_SORT_KEYS)).hexdigest()
