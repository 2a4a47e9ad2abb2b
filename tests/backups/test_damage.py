"""One flipped byte is found, wherever it is; and a hole in the archive is no silent end of a restore."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from skeldir.backups import ArchiveIncomplete, Moment, read_reach, restore_backup, verify_backup
from skeldir.backups.faults import BackupDamaged, MomentUnreachable
from skeldir.backups.records import FACTS
from skeldir.backups.segments import list_segments
from skeldir.db.embedded import embedded_server
from skeldir.db.embedded_cluster import Cluster
from tests.conftest import FAST_SERVER
from tests.support.backups import Origin, copied, flipped, orders_of

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("backups")]

FILES = [FACTS, "backup_manifest", "base.tar.gz", "pg_wal.tar.gz"]
MIDDLE = 2**23 + 4_000  # within a page


@pytest.fixture
def origin(unharmed: Origin) -> Iterator[Origin]:
    with copied(unharmed) as copy:
        yield copy


@pytest.mark.parametrize("name", FILES)
def test_a_flipped_byte_of_a_backup_is_found(origin: Origin, cluster: Cluster, name: str) -> None:
    verify_backup(cluster, origin.backup.path)
    path = origin.backup.path / name
    size = path.stat().st_size
    chance = random.Random(0)
    for offset in (0, -1, *(chance.randrange(size) for _ in range(20))):
        with flipped(path, offset), pytest.raises(BackupDamaged, match=origin.backup.path.name):
            verify_backup(cluster, origin.backup.path)
    verify_backup(cluster, origin.backup.path)


def test_a_flipped_byte_stops_the_restore_before_anything_is_left(
    origin: Origin, target: Path
) -> None:
    with flipped(origin.backup.path / "base.tar.gz", -100), pytest.raises(BackupDamaged):
        restore_backup(origin.folder, origin.backup.facts.name, target, Moment(is_as_taken=True))
    assert list(target.parent.iterdir()) == []


@pytest.mark.parametrize("name", FILES)
def test_a_missing_an_added_and_a_cut_file_are_found(
    origin: Origin, cluster: Cluster, name: str
) -> None:
    path = origin.backup.path / name
    aside = origin.folder / name
    path.rename(aside)
    with pytest.raises(BackupDamaged, match=f"{name} is missing"):
        verify_backup(cluster, origin.backup.path)
    path.write_bytes(aside.read_bytes()[:-1])
    with pytest.raises(BackupDamaged, match=r"does not have the size|cannot be read"):
        verify_backup(cluster, origin.backup.path)
    path.unlink()
    aside.rename(path)
    (path.parent / "extra").touch()
    with pytest.raises(BackupDamaged, match="extra does not belong to it"):
        verify_backup(cluster, origin.backup.path)


def records_of(cluster: Cluster, segment: Path) -> int:
    """Return the offset in a segment of its last record but one."""
    shown = cluster.run("pg_waldump", str(segment)).stdout
    lsn = shown.splitlines()[-2].partition("lsn: ")[2].partition(",")[0]
    return int(lsn.partition("/")[2], 16) % 2**24


def test_a_flipped_byte_at_the_end_of_the_archive_is_found(
    origin: Origin, cluster: Cluster, target: Path
) -> None:
    last = list_segments(origin.archive, origin.backup.facts)[-1]
    offset = records_of(cluster, last)
    for damage in (offset, offset + 12, offset + 23):
        with flipped(last, damage):
            with pytest.raises(ArchiveIncomplete, match="cannot be read to its end"):
                read_reach(cluster, origin.archive, origin.backup.facts)
            with pytest.raises(ArchiveIncomplete):
                restore_backup(
                    origin.folder, origin.backup.facts.name, target, Moment(is_latest=True)
                )
    assert read_reach(cluster, origin.archive, origin.backup.facts) is not None


def late_segment(origin: Origin) -> Path:
    """Return the last segment that is full of records, which is behind the early moment, and not the last of all."""
    segments = list_segments(origin.archive, origin.backup.facts)
    full = [one for one in segments[:-1] if one.read_bytes()[MIDDLE : MIDDLE + 1] == b"x"]
    return full[-1]


def require_early_moment_alone(origin: Origin, target: Path, fault: type[Exception]) -> None:
    with pytest.raises(fault):
        restore_backup(origin.folder, origin.backup.facts.name, target, Moment(is_latest=True))
    assert list(target.parent.iterdir()) == []
    restore_backup(
        origin.folder, origin.backup.facts.name, target, Moment(until_lsn=origin.lsn_after_first)
    )
    with embedded_server(target, server_settings=FAST_SERVER) as server:
        assert orders_of(server, origin.tenants[0]) == {"first"}


def test_a_flipped_byte_within_the_archive_fails_what_lies_behind_it_and_nothing_else(
    origin: Origin, target: Path
) -> None:
    with flipped(late_segment(origin), MIDDLE):
        require_early_moment_alone(origin, target, MomentUnreachable)


def test_a_missing_segment_fails_what_lies_behind_it_and_nothing_else(
    origin: Origin, target: Path
) -> None:
    late_segment(origin).unlink()
    require_early_moment_alone(origin, target, ArchiveIncomplete)


def test_a_cut_segment_fails_what_lies_behind_it_and_nothing_else(
    origin: Origin, target: Path
) -> None:
    with late_segment(origin).open("r+b") as file:
        file.truncate(MIDDLE)
    require_early_moment_alone(origin, target, ArchiveIncomplete)
