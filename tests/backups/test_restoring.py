"""A restored home is the backed-up one at a moment: its data, roles, passwords and rights; or there is none."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest

from skeldir.attribution import credit_dirty_orders
from skeldir.audit import audit_tenant
from skeldir.backups import (
    BackupUnknown,
    Moment,
    choose_backup,
    list_backups,
    read_moment,
    restore_backup,
    take_backup,
)
from skeldir.backups.faults import BackupBusy, MomentUnreachable, RestoreTargetNotEmpty
from skeldir.backups.records import FACTS, pack_facts
from skeldir.db.embedded import embedded_server
from skeldir.db.embedded_archive import find_archive
from skeldir.db.embedded_cluster import DiskFull, MajorVersionDiffers
from skeldir.db.pool import open_database
from skeldir.errors import InputInvalid
from skeldir.rollups import roll_up_dirty_days
from tests.backups.conftest import resize
from tests.conftest import FAST_SERVER
from tests.support.backups import DATABASE, Origin, ask, copied, orders_of, receive
from tests.support.embedded import is_running

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("backups")]

ROLES = """
    SELECT rolname, rolsuper, rolbypassrls, rolcanlogin, rolpassword FROM pg_authid
    WHERE rolname !~ '^pg_' ORDER BY 1"""
ACLS = """
    SELECT oid::regclass::text, relowner::regrole::text, relacl::text, relrowsecurity, relforcerowsecurity FROM pg_class
    WHERE relnamespace = 'public'::regnamespace ORDER BY 1"""
POLICIES = (
    "SELECT tablename, policyname, roles::text, qual, with_check FROM pg_policies ORDER BY 1, 2"
)
ALL = {"first", "second", "third"}


@pytest.fixture
def origin(unharmed: Origin) -> Origin:
    return unharmed


def restore(origin: Origin, target: Path, moment: Moment) -> None:
    restored = restore_backup(origin.folder, origin.backup.facts.name, target, moment)
    assert restored.home == target
    assert not is_running(target)


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("is_as_taken", set()),
        ("until", {"first"}),
        ("until_lsn", {"first"}),
        ("is_latest", ALL),
    ],
)
def test_what_was_committed_by_the_moment_is_there_and_nothing_later(
    origin: Origin, target: Path, words: str, expected: set[str]
) -> None:
    value = {"until": origin.after_first, "until_lsn": origin.lsn_after_first}.get(words, True)
    restore(origin, target, Moment(**{words: value}))  # type: ignore[arg-type]  # as its name says
    with embedded_server(target, server_settings=FAST_SERVER) as server:
        assert orders_of(server, origin.tenants[0]) == expected
        assert orders_of(server, origin.tenants[1]) == set()
        # It was committed right after the moment.
        ((is_there,),) = ask(server, "SELECT to_regnamespace('behind_the_moment') IS NOT NULL")
        assert is_there == (expected == ALL)
    assert find_archive(target) is None


def test_roles_passwords_rights_and_policies_are_as_before_and_isolate(
    origin: Origin, target: Path
) -> None:
    restore(origin, target, Moment(is_latest=True))
    with (
        embedded_server(origin.home, server_settings=FAST_SERVER) as before,
        embedded_server(target, server_settings=FAST_SERVER) as after,
    ):
        for question in (ROLES, ACLS, POLICIES):
            assert ask(after, question) == ask(before, question) != []
        assert any(str(row[4]).startswith("SCRAM-SHA-256") for row in ask(after, ROLES))
        a, b = origin.tenants
        with psycopg.connect(after.url(user="app_user", database=DATABASE)) as connection:
            assert connection.execute("SELECT count(*) FROM revenue_ledger").fetchone() == (0,)
            connection.execute("SELECT set_config('app.current_tenant_id', %s, false)", (str(b),))
            seen = connection.execute("SELECT DISTINCT tenant_id FROM revenue_ledger").fetchall()
            assert seen == [(b,)]
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(
                    "INSERT INTO dirty_days (tenant_id, day) VALUES (%s, '2026-01-01')", (a,)
                )


def test_a_restored_home_goes_on_and_can_be_backed_up_and_restored_again(
    origin: Origin, target: Path
) -> None:
    restore(origin, target, Moment(until=origin.after_first))
    with embedded_server(target, server_settings=FAST_SERVER) as server:
        receive(server, origin.tenants[0], "second")
        assert orders_of(server, origin.tenants[0]) == {"first", "second"}
        ((timeline,),) = ask(server, "SELECT timeline_id FROM pg_control_checkpoint()")
        again = take_backup(target, target.with_name("backups"), database=DATABASE)
    assert (origin.backup.facts.timeline, again.facts.timeline) == (1, timeline) == (1, 2)
    second = target.with_name("second")
    restore_backup(target.with_name("backups"), None, second, Moment(is_as_taken=True))
    with embedded_server(second, server_settings=FAST_SERVER) as server:
        assert orders_of(server, origin.tenants[0]) == {"first", "second"}
    # The copy went its own way; the archive of the origin has nothing of it.
    assert [path.name for path in origin.archive.glob("00000002*")] == []


def test_the_data_audit_clean_after_a_restore(origin: Origin, target: Path) -> None:
    restore(origin, target, Moment(is_latest=True))

    async def audit(url: str) -> None:
        async with open_database(url, pool_size=2, statement_timeout_ms=30_000) as db:
            # What waited at that moment is worked through as usual.
            assert (await credit_dirty_orders(db)).orders > 0
            await roll_up_dirty_days(db)
            for tenant in origin.tenants:
                done = await audit_tenant(db, tenant)
                assert done.differences == 0, done
                assert done.awaiting_orders == 0

    with embedded_server(target, server_settings=FAST_SERVER) as server:
        asyncio.run(audit(server.url(user="app_user", database=DATABASE)))


@pytest.mark.parametrize("has_name", [True, False])
def test_a_target_with_anything_in_it_is_not_touched(
    origin: Origin, target: Path, has_name: bool
) -> None:
    place = target if has_name else target.with_name("restored.restoring")
    place.mkdir()
    (place / "mine").write_text("precious")
    with pytest.raises(RestoreTargetNotEmpty, match="not touched"):
        restore(origin, target, Moment(is_as_taken=True))
    assert (place / "mine").read_text() == "precious"
    assert len(list(target.parent.iterdir())) == 1


def test_what_a_restore_left_that_was_killed_while_its_server_ran_is_named_with_the_cure(
    origin: Origin, target: Path
) -> None:
    dies = f"""
import os, signal, threading
from pathlib import Path
from skeldir.backups import Moment, restore_backup
def die():
    pid_file = Path({str(target)!r} + ".restoring/postgres/postmaster.pid")
    while not pid_file.exists() or len(pid_file.read_text().splitlines()) < 8:
        pass
    os.kill(os.getpid(), signal.SIGKILL)
def say(what):
    if what.startswith("Recovering"):
        threading.Thread(target=die).start()
restore_backup(Path({str(origin.folder)!r}), {origin.backup.facts.name!r}, Path({str(target)!r}),
               Moment(is_latest=True), say=say)
"""
    killed = subprocess.run([sys.executable, "-c", dies], check=False, capture_output=True)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    with pytest.raises(RestoreTargetNotEmpty, match="its server still runs") as refused:
        restore(origin, target, Moment(is_latest=True))
    (pid,) = re.findall(r"`kill -INT (\d+)`", refused.value.cure)
    os.kill(int(pid), signal.SIGINT)
    while Path(f"/proc/{pid}").exists():
        time.sleep(0.05)
    with pytest.raises(RestoreTargetNotEmpty, match="no server runs in it") as refused:
        restore(origin, target, Moment(is_latest=True))
    (left,) = re.findall(r"`rm -r (.+?)`", refused.value.cure)
    shutil.rmtree(left)
    restore(origin, target, Moment(is_latest=True))


def test_the_root_of_the_file_system_is_no_home(origin: Origin) -> None:
    with pytest.raises(RestoreTargetNotEmpty):
        restore(origin, Path("/"), Moment(is_as_taken=True))


def test_a_second_restore_into_the_same_home_is_refused_and_does_not_harm_the_first(
    origin: Origin, target: Path
) -> None:
    refused = []

    def restore_beside(said: str) -> None:
        # At first the new home is empty, while the backup is verified.
        if said.startswith("Verifying"):
            with pytest.raises(BackupBusy, match="restoring into") as busy:
                restore(origin, target, Moment(is_as_taken=True))
            refused.append(busy)

    moment = Moment(is_as_taken=True)
    restore_backup(origin.folder, origin.backup.facts.name, target, moment, say=restore_beside)
    assert len(refused) == 1
    assert [path.name for path in target.parent.iterdir()] == [target.name]
    assert (target / "postgres/PG_VERSION").exists()


def test_an_empty_directory_becomes_the_restored_home(origin: Origin, target: Path) -> None:
    target.mkdir()
    restore(origin, target, Moment(is_as_taken=True))
    assert (target / "postgres/PG_VERSION").exists()


def test_a_moment_that_is_not_in_the_archive_is_refused_and_leaves_nothing(
    origin: Origin, target: Path
) -> None:
    early = origin.backup.facts.ended_at - timedelta(microseconds=1)
    for moment in (
        Moment(until=early),
        Moment(until=datetime.now(UTC)),
        Moment(until_lsn="0/1"),
        Moment(until_lsn="FF/0"),
    ):
        with pytest.raises(MomentUnreachable, match=r"before|No commit after|is not between"):
            restore(origin, target, moment)
    with pytest.raises(BackupUnknown, match="no backup that had ended by"):
        restore_backup(origin.folder, None, target, Moment(until=early))
    with pytest.raises(InputInvalid, match="belongs to one server"):
        restore_backup(origin.folder, None, target, Moment(until_lsn=origin.lsn_after_first))
    assert list(target.parent.iterdir()) == []


@pytest.mark.parametrize("has_room_for_data", [False, True])
def test_a_restore_that_does_not_fit_is_named_and_leaves_nothing(
    origin: Origin, small_disk: Path, has_room_for_data: bool
) -> None:
    # With the log the data need more than without.
    resize(small_disk, origin.backup.facts.data_size + (2**20 if has_room_for_data else -(2**20)))
    match = "No space left" if has_room_for_data else "The data need"
    with pytest.raises(DiskFull, match=match) as full:
        restore(origin, small_disk / "restored", Moment(is_as_taken=True))
    assert "restore into a home on another disk" in full.value.cure
    assert list(small_disk.iterdir()) == []


def test_a_backup_of_another_major_version_is_refused(origin: Origin, target: Path) -> None:
    with copied(origin) as other:
        facts = other.backup.facts.model_copy(update={"postgres": "17.4"})
        (other.backup.path / FACTS).write_bytes(pack_facts(facts))
        with pytest.raises(
            MajorVersionDiffers, match=r"PostgreSQL 17\.4; this skeldir contains 18"
        ):
            restore(other, target, Moment(is_as_taken=True))
    assert list(target.parent.iterdir()) == []


def test_the_newest_backup_that_had_ended_is_chosen(origin: Origin) -> None:
    base = origin.folder / "base"
    first, second = (found.path for found in list_backups(base))
    assert first == origin.backup.path
    assert choose_backup(base, None).path == second
    assert choose_backup(base, first.name).path == first
    assert choose_backup(base, None, ended_by=origin.after_first).path == origin.backup.path
    with pytest.raises(BackupUnknown, match="There is no backup nameless"):
        choose_backup(base, "nameless")


def moment_of(**given: object) -> Moment:
    words = {"until": None, "until_lsn": None, "is_latest": False, "is_as_taken": False}
    return read_moment(**{**words, **given})  # type: ignore[arg-type]  # as their names say


def test_a_time_has_a_zone_or_is_refused() -> None:
    expected = Moment(until=datetime(2026, 3, 1, 10, tzinfo=UTC))
    assert moment_of(until="2026-03-01T12:00:00+02:00") == expected
    assert moment_of(until="2026-03-01T10:00:00Z") == expected
    with pytest.raises(InputInvalid, match="has no time zone") as refused:
        moment_of(until="2026-03-01T12:00:00")
    assert "2026-03-01T12:00:00Z" in refused.value.cure


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"is_latest": True, "is_as_taken": True},
        {"until": "yesterday"},
        {"until": "2999-01-01T00:00:00Z"},
        {"until_lsn": "16B3748"},
    ],
)
def test_exactly_one_moment_that_can_be_read_is_required(given: dict[str, object]) -> None:
    with pytest.raises(InputInvalid):
        moment_of(**given)


def test_no_moment_and_two_moments_are_told_apart() -> None:
    with pytest.raises(InputInvalid, match="none is assumed"):
        moment_of()
    with pytest.raises(InputInvalid, match="More than one"):
        moment_of(until_lsn="0/16B3748", is_latest=True)
