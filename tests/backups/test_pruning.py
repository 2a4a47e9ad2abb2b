"""Pruning deletes what no remaining backup needs, and never the last means to restore."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from skeldir.backups import (
    Backup,
    BackupUnknown,
    Moment,
    choose_backup,
    list_backups,
    prune_backups,
    restore_backup,
    take_backup,
)
from skeldir.backups.faults import BackupDamaged
from skeldir.backups.records import FACTS, pack_facts
from skeldir.backups.segments import list_segments
from skeldir.db.embedded import embedded_server
from skeldir.db.embedded_cluster import Cluster
from skeldir.errors import InputInvalid
from tests.conftest import FAST_SERVER
from tests.support.backups import DATABASE, Origin, copied, flipped, orders_of
from tests.support.embedded import short_place

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("backups")]


@pytest.fixture
def origin(unharmed: Origin) -> Iterator[Origin]:
    with copied(unharmed) as copy:
        yield copy


def backups_of(origin: Origin) -> list[Backup]:
    return [one for one in list_backups(origin.folder / "base") if isinstance(one, Backup)]


def contents(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.name != ".lock"}


def test_what_the_kept_backup_needs_stays_and_leads_to_the_end(
    origin: Origin, cluster: Cluster
) -> None:
    old, new = backups_of(origin)
    needed = {path.name for path in list_segments(origin.archive, new.facts)}
    history = origin.archive / "00000002.history"
    half_copied = origin.archive / "archtemp.0000.1.2"
    being_copied = origin.archive / "archtemp.0000.1.3"
    for path in (history, half_copied, being_copied):
        path.touch()
    os.utime(half_copied, (0, 0))
    pruned = prune_backups(cluster, origin.folder, keep=1)
    assert (pruned.deleted, pruned.kept) == ([old.facts.name], [new.facts.name])
    assert pruned.segments > 3
    assert backups_of(origin) == [new]
    left = {path.name for path in origin.archive.iterdir()}
    assert needed | {history.name, being_copied.name} <= left
    assert {name for name in left if len(name) == 24} == needed
    assert half_copied.name not in left
    with short_place() as place:
        restore_backup(origin.folder, None, place / "restored", Moment(is_latest=True))
        with embedded_server(place / "restored", server_settings=FAST_SERVER) as server:
            assert orders_of(server, origin.tenants[0]) == {"first", "second", "third"}


def test_nothing_is_deleted_if_all_are_kept(origin: Origin, cluster: Cluster) -> None:
    before = contents(origin.folder)
    assert prune_backups(cluster, origin.folder, keep=2).deleted == []
    assert {name for name in before - contents(origin.folder) if len(Path(name).name) == 24} == {
        f"wal/{origin.archive.name}/000000010000000000000001"
    }


def test_all_stay_if_there_are_fewer_than_are_to_be_kept(origin: Origin, cluster: Cluster) -> None:
    names = [one.facts.name for one in backups_of(origin)]
    pruned = prune_backups(cluster, origin.folder, keep=7)
    assert (pruned.deleted, pruned.kept) == ([], names)


def test_without_a_complete_backup_nothing_is_deleted(origin: Origin, cluster: Cluster) -> None:
    for one in backups_of(origin):
        (one.path / "base.tar.gz").unlink()
    before = contents(origin.folder)
    with pytest.raises(BackupUnknown, match="has no complete backup"):
        prune_backups(cluster, origin.folder, keep=1)
    assert contents(origin.folder) == before


def test_nothing_is_deleted_while_the_newest_is_damaged(origin: Origin, cluster: Cluster) -> None:
    _, new = backups_of(origin)
    before = contents(origin.folder)
    for name in ("base.tar.gz", "backup.json"):
        with flipped(new.path / name, -50), pytest.raises(BackupDamaged):
            prune_backups(cluster, origin.folder, keep=1)
    assert contents(origin.folder) == before


def test_a_damaged_backup_is_neither_counted_nor_deleted(origin: Origin, cluster: Cluster) -> None:
    old, new = backups_of(origin)
    (old.path / "base.tar.gz").unlink()
    assert prune_backups(cluster, origin.folder, keep=1).kept == [new.facts.name]
    assert old.path.exists()


def test_an_archive_whose_backups_are_gone_is_emptied_and_one_that_never_had_any_stays(
    origin: Origin, cluster: Cluster
) -> None:
    other = origin.archive.with_name("other")
    shutil.copytree(origin.archive, other)
    _, new = backups_of(origin)
    # As after `skeldir backup archive --off`.
    facts = new.facts.model_copy(update={"archive": None})
    (new.path / FACTS).write_bytes(pack_facts(facts))
    assert len(prune_backups(cluster, origin.folder, keep=1).deleted) == 1
    assert list(origin.archive.glob("0000*")) == []
    assert len(list(other.iterdir())) > 5


@pytest.mark.parametrize("killed_in", ["os.remove", "os.rmdir"])
def test_a_pruning_that_is_killed_is_finished_by_the_next(
    origin: Origin, cluster: Cluster, killed_in: str
) -> None:
    _, new = backups_of(origin)
    facts = new.facts.model_copy(update={"archive": None})
    (new.path / FACTS).write_bytes(pack_facts(facts))
    # It dies at the second file of the archive, or when the files of the old backup are gone.
    dies = f"""
import os, signal, sys
from pathlib import Path
from skeldir.backups import prune_backups
from skeldir.db import open_cluster
files = []
def die(event, arguments):
    if event == "os.remove" and "/wal/" in str(arguments[0]):
        files.append(arguments)
    if event == "{killed_in}" and (event == "os.rmdir" or len(files) > 1):
        os.kill(os.getpid(), signal.SIGKILL)
sys.addaudithook(die)
prune_backups(open_cluster(Path({str(cluster.home)!r})), Path({str(origin.folder)!r}), keep=1)
"""
    killed = subprocess.run([sys.executable, "-c", dies], check=False, capture_output=True)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert [one.facts.name for one in backups_of(origin)] == [facts.name]
    left = len(list(origin.archive.glob("0000*")))
    assert (left > 1) == (killed_in == "os.remove")
    pruned = prune_backups(cluster, origin.folder, keep=1)
    assert pruned.segments == left
    assert list(origin.archive.glob("0000*")) == []
    assert [path.name for path in (origin.folder / "base").iterdir()] == [facts.name]


def test_a_backup_of_a_trial_restore_replaces_none_of_the_home_it_came_from(
    origin: Origin, cluster: Cluster
) -> None:
    with short_place() as place:
        home = place / "trial"
        restore_backup(origin.folder, None, home, Moment(is_as_taken=True))
        trial = take_backup(home, origin.folder, database=DATABASE)
        old, new, _ = backups_of(origin)
        before = contents(origin.archive)
        with pytest.raises(InputInvalid, match=f"several homes.*newest {trial.facts.name}"):
            restore_backup(origin.folder, None, place / "other", Moment(is_latest=True))
        pruned = prune_backups(cluster, origin.folder, keep=1)
    assert (pruned.deleted, pruned.kept) == (
        [old.facts.name],
        [new.facts.name, trial.facts.name],
    )
    needed = {path.name for path in list_segments(origin.archive, new.facts)}
    assert needed <= before & contents(origin.archive)


def test_a_link_to_a_backup_or_a_copy_of_it_is_not_kept_in_its_place(
    origin: Origin, cluster: Cluster
) -> None:
    old, new = backups_of(origin)
    base = origin.folder / "base"
    (base / "latest").symlink_to(new.path.name)
    (base / "29991231T235959Z.txt").touch()
    shutil.copytree(new.path, base / f"{new.path.name}.copy")
    assert backups_of(origin) == [old, new]
    assert choose_backup(base, None) == new
    assert prune_backups(cluster, origin.folder, keep=1).kept == [new.facts.name]
    assert backups_of(origin) == [new]
    for name in ("latest", "29991231T235959Z.txt", f"{new.path.name}.copy"):
        with pytest.raises(BackupDamaged, match=name):
            choose_backup(base, name)


def test_what_killed_commands_left_is_removed_whatever_it_is(
    origin: Origin, cluster: Cluster
) -> None:
    outside = origin.folder / "precious"
    outside.mkdir()
    (outside / "mine").touch()
    (origin.folder / "base/.taking-1").symlink_to(outside)
    (origin.folder / "base/.taking-2").touch()
    prune_backups(cluster, origin.folder, keep=2)
    assert list((origin.folder / "base").glob(".taking*")) == []
    assert (outside / "mine").exists()
