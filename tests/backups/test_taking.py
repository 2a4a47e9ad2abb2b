"""A backup is complete, private and verified, or there is none."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest

from skeldir import db as db_room
from skeldir.backups import list_backups, read_archive_state, start_archiving, take_backup
from skeldir.backups.archiving import stop_archiving
from skeldir.backups.faults import (
    BackupBusy,
    BackupFailed,
    BackupFolderUnusable,
    NothingToBackUp,
)
from skeldir.backups.folder import holding, open_folder
from skeldir.backups.records import NAME_FORMAT
from skeldir.cli.durations import read_duration
from skeldir.db.embedded import embedded_server
from skeldir.db.embedded_archive import Archive, find_archive
from skeldir.db.embedded_cluster import DiskFull, open_cluster
from skeldir.errors import ConfigurationInvalid
from tests.backups.conftest import resize
from tests.conftest import FAST_SERVER
from tests.support.embedded import copy_data, fill, read_postmaster, short_place, wait_until

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("backups")]


@pytest.fixture(scope="module")
def template() -> Iterator[Path]:
    with short_place() as place:
        with embedded_server(place / "home", server_settings=FAST_SERVER):
            pass
        yield place / "home"


@pytest.fixture
def home(template: Path) -> Iterator[Path]:
    with short_place() as place:
        yield copy_data(template, place / "home")


@pytest.fixture
def folder(home: Path) -> Path:
    return home.with_name("back ups & 100%d 'quoted'")


def modes(path: Path) -> set[tuple[bool, int, int]]:
    return {
        (one.is_dir(), one.stat().st_mode & 0o777, one.stat().st_uid)
        for one in (path, *path.rglob("*"))
    }


def test_a_backup_is_private_and_says_what_it_is(home: Path, folder: Path) -> None:
    backup = take_backup(home, folder, database="postgres")
    facts = backup.facts
    assert [found.path for found in list_backups(folder / "base")] == [backup.path]
    assert facts.home == str(home)
    assert facts.ended_at > facts.began_at
    assert facts.revision is None
    assert facts.archive is None
    assert facts.postgres.startswith("18.")
    assert facts.size == sum(path.stat().st_size for path in backup.path.glob("*[!n]"))
    uid = open_cluster(home).uid
    assert modes(folder) == {(True, 0o700, uid), (False, 0o600, uid)}


def test_a_home_without_data_is_not_backed_up_and_not_made(home: Path, folder: Path) -> None:
    other = home.with_name("typo")
    with pytest.raises(NothingToBackUp, match="typo has no data"):
        take_backup(other, folder, database="postgres")
    assert not other.exists()
    assert not folder.exists()


def test_a_folder_that_others_may_enter_is_refused(home: Path, folder: Path) -> None:
    folder.mkdir()
    (folder / "something").touch()
    folder.chmod(0o755)
    with pytest.raises(BackupFolderUnusable, match="holds secrets"):
        take_backup(home, folder, database="postgres")
    shutil.rmtree(folder)
    folder.mkdir(mode=0o755)  # an empty one of our own is made private
    take_backup(home, folder, database="postgres")
    assert folder.stat().st_mode & 0o777 == 0o700


def test_a_folder_on_a_missing_disk_or_within_the_home_is_refused(home: Path) -> None:
    with pytest.raises(BackupFolderUnusable, match="is not a directory"):
        take_backup(home, home.with_name("unmounted") / "backups", database="postgres")
    for inside in (home, home / "backups", home / "postgres" / "backups"):
        with pytest.raises(BackupFolderUnusable, match="is inside"):
            take_backup(home, inside, database="postgres")
        with pytest.raises(BackupFolderUnusable, match="is inside"):
            start_archiving(home, inside, read_duration("5m"))
        assert inside == home or not inside.exists()


def test_a_folder_that_cannot_be_written_is_named_and_not_the_home(
    home: Path, folder: Path
) -> None:
    take_backup(home, folder, database="postgres")
    (folder / ".lock").unlink()
    (folder / ".lock").symlink_to(home)
    with pytest.raises(BackupFolderUnusable, match=r"\.lock: Too many levels") as refused:
        take_backup(home, folder, database="postgres")
    assert "--folder" in refused.value.cure
    assert "SKELDIR_HOME" not in refused.value.cure


def test_a_folder_in_use_is_refused_and_what_a_killed_backup_left_is_removed(
    home: Path, folder: Path
) -> None:
    take_backup(home, folder, database="postgres")
    left = folder / "base" / ".taking-1"
    left.mkdir()
    (left / "base.tar.gz").touch()
    cluster = open_cluster(home)
    with holding(cluster, open_folder(cluster, folder)), pytest.raises(BackupBusy):
        take_backup(home, folder, database="postgres")
    assert left.exists()
    assert len(list(list_backups(folder / "base"))) == 1
    take_backup(home, folder, database="postgres")
    assert not left.exists()


def occupy(folder: Path, seconds: range) -> set[str]:
    """Make backups' directories for seconds from now on; return their names."""
    now = datetime.now(UTC)
    names = {(now + timedelta(seconds=one)).strftime(NAME_FORMAT) for one in seconds}
    for name in names:
        (folder / "base" / name).mkdir(mode=0o700, exist_ok=True)
    return names


def test_a_backup_waits_for_a_second_of_its_own(home: Path, folder: Path) -> None:
    with embedded_server(home, server_settings=FAST_SERVER):
        take_backup(home, folder, database="postgres")
        occupied = occupy(folder, range(-1, 3))
        again = take_backup(home, folder, database="postgres")
        assert again.path.name not in occupied
        assert again.facts.began_at.strftime(NAME_FORMAT) == again.path.name
        occupy(folder, range(60))
        before = set((folder / "base").iterdir())
        with pytest.raises(BackupFailed, match="clock was set back"):
            take_backup(home, folder, database="postgres")
    assert set((folder / "base").iterdir()) == before


def test_a_failed_backup_leaves_nothing(home: Path, folder: Path) -> None:
    with (
        embedded_server(home, server_settings={**FAST_SERVER, "max_wal_senders": "0"}),
        pytest.raises(BackupFailed, match="max_wal_senders"),
    ):
        take_backup(home, folder, database="postgres")
    assert list((folder / "base").iterdir()) == []


def test_a_server_with_tablespaces_is_refused(home: Path, folder: Path) -> None:
    space = home.with_name("space")
    open_cluster(home).make_private(space)
    with embedded_server(home, server_settings=FAST_SERVER) as server:
        with psycopg.connect(server.url(), autocommit=True) as admin:
            admin.execute(f"CREATE TABLESPACE elsewhere LOCATION '{space}'".encode())
        with pytest.raises(BackupFailed, match="tablespaces"):
            take_backup(home, folder, database="postgres")
    assert list((folder / "base").iterdir()) == []


def test_a_backup_that_does_not_fit_is_named_and_leaves_nothing(
    home: Path, small_disk: Path
) -> None:
    fill(small_disk, leaving=2**20)
    with pytest.raises(DiskFull, match="No space left") as full:
        take_backup(home, small_disk / "backups", database="postgres")
    assert "--folder" in full.value.cure
    assert "new database" not in full.value.cure
    assert list((small_disk / "backups/base").iterdir()) == []


def test_a_full_archive_keeps_everything_until_there_is_room_again(
    home: Path, small_disk: Path
) -> None:
    archive = start_archiving(home, small_disk / "backups", read_duration("5m"))
    cluster = open_cluster(home)
    fill(small_disk, leaving=17 * 2**20)
    switch = "SELECT pg_logical_emit_message(true, 'x', 'x'), pg_switch_wal()"
    with embedded_server(home, server_settings=FAST_SERVER) as server:
        with psycopg.connect(server.url(), autocommit=True) as admin:
            for _ in range(3):
                admin.execute(switch.encode())
            wait_until(lambda: read_archive_state(cluster, server).failed_at is not None, 20)
            assert seconds_of_failing(admin) > 0
            # The service goes on, and nothing that is not archived is removed.
            admin.execute(b"CREATE TABLE goes_on (n int); CHECKPOINT")
        state = read_archive_state(cluster, server)
        assert state.waiting >= 2
        waiting = {path.stem for path in (cluster.data / "pg_wal/archive_status").glob("*.ready")}
        assert waiting <= {path.name for path in (cluster.data / "pg_wal").iterdir()}
        (small_disk / "filler").unlink()
        resize(small_disk, 500 * 2**20)
    # A stop archives what waits.
    assert waiting <= {path.name for path in archive.segments.iterdir()}


def test_a_folder_that_is_gone_stops_neither_the_start_nor_the_work_and_is_not_made(
    home: Path, folder: Path
) -> None:
    archive = start_archiving(home, folder, read_duration("5m"))
    cluster = open_cluster(home)
    folder.rename(folder.with_name("unmounted"))
    with (
        embedded_server(home, server_settings=FAST_SERVER) as server,
        psycopg.connect(server.url(), autocommit=True) as admin,
    ):
        admin.execute(b"SELECT pg_logical_emit_message(true, 'x', 'x'), pg_switch_wal()")
        wait_until(lambda: read_archive_state(cluster, server).failed_at is not None, 20)
        assert not folder.exists()
        (cluster.home.with_name("unmounted")).rename(folder)
    assert len(list(archive.segments.glob("0000*"))) >= 2


def seconds_of_failing(admin: psycopg.Connection[tuple[object, ...]]) -> float:
    """Return what the gauge would show."""
    text = (Path(db_room.__file__).parent / "queries.sql").read_text(encoding="utf-8")
    row = admin.execute(text.partition("-- name: select_archive_failing$")[2].encode()).fetchone()
    assert row is not None
    return float(str(row[0]))


def test_any_process_that_starts_the_server_archives(home: Path, folder: Path) -> None:
    archive = start_archiving(home, folder, read_duration("90s"))
    with (
        embedded_server(home, server_settings=FAST_SERVER) as server,
        psycopg.connect(server.url(), autocommit=True) as admin,
    ):
        shown = [
            admin.execute(f"SHOW {name}".encode()).fetchone()
            for name in ("archive_mode", "archive_timeout")
        ]
        assert shown == [("on",), ("90s",)]
        cluster = open_cluster(home)
        assert read_archive_state(cluster, server).failed_at is None
        backup = take_backup(home, folder, database="postgres")
    assert backup.facts.archive == archive.name
    assert len(list(archive.segments.glob("0000*"))) >= 2
    # Only the interval changes: another name would be a gap.
    assert start_archiving(home, folder, read_duration("30s")).name == archive.name
    assert stop_archiving(home) == Archive(folder, archive.name, 30)
    assert find_archive(home) is None
    with (
        embedded_server(home, server_settings=FAST_SERVER) as server,
        psycopg.connect(server.url()) as admin,
    ):
        assert admin.execute("SHOW archive_mode").fetchone() == ("off",)
    assert start_archiving(home, folder, read_duration("5m")).name != archive.name


def test_an_unreadable_note_about_the_archive_stops_the_start(home: Path) -> None:
    (home / "postgres.archive").write_text("{}")
    with (
        pytest.raises(ConfigurationInvalid, match="does not say where"),
        embedded_server(home, server_settings=FAST_SERVER),
    ):
        pass


def test_a_server_that_is_killed_while_it_archives_leaves_no_gap(home: Path, folder: Path) -> None:
    archive = start_archiving(home, folder, read_duration("5m"))
    for _ in range(3):
        with (
            embedded_server(home, server_settings=FAST_SERVER) as server,
            psycopg.connect(server.url(), autocommit=True) as admin,
        ):
            for _ in range(3):
                admin.execute(b"SELECT pg_logical_emit_message(true, 'x', 'x'), pg_switch_wal()")
            os.kill(read_postmaster(home), 9)
    with embedded_server(home, server_settings=FAST_SERVER):
        pass
    numbers = sorted(int(path.name, 16) for path in archive.segments.glob("00000001" + "?" * 16))
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
    assert len(numbers) >= 9
