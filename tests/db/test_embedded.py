"""One server for all its users, stopped with the last one, and restarted after any crash."""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from pathlib import Path

import psycopg
import pytest

from skeldir.db import embedded
from skeldir.db.embedded import ServerTooOld, embedded_server, require_supported_server
from skeldir.db.embedded_cluster import MajorVersionDiffers, ServerNotStarted
from tests.support.embedded import (
    User,
    copy_data,
    crash,
    is_running,
    read_postmaster,
    short_place,
    wait_until,
)

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def template() -> Iterator[Path]:
    with short_place() as place:
        with embedded_server(place / "home") as server, psycopg.connect(server.url()) as connection:
            connection.execute("CREATE TABLE kept (n int)")
        yield place / "home"


@pytest.fixture
def place() -> Iterator[Path]:
    with short_place() as made:
        yield made


@pytest.fixture
def home(place: Path, template: Path) -> Path:
    return copy_data(template, place / "home")


def count_kept(url: str) -> int:
    with psycopg.connect(url) as connection:
        row = connection.execute("SELECT count(*) FROM kept").fetchone()
    assert row is not None
    return int(row[0])


def keep_a_row(url: str) -> None:
    with psycopg.connect(url) as connection:
        connection.execute("INSERT INTO kept VALUES (1)")


def test_three_processes_share_one_server_that_stops_with_the_last(home: Path) -> None:
    with User(home) as first, User(home) as second, User(home) as third:
        assert len({user.read_url() for user in (first, second, third)}) == 1
        postmaster = read_postmaster(home)
        for leaver, stayer in ((first, second), (second, third)):
            leaver.leave()
            assert stayer.poll() is None
            assert read_postmaster(home) == postmaster
            assert is_running(home)
        third.leave()
    assert not (home / "postgres/postmaster.pid").exists()
    wait_until(lambda: not is_running(home))


def test_a_killed_user_does_not_keep_the_server_running(home: Path) -> None:
    with User(home) as killed, User(home) as last:
        killed.read_url()
        url = last.read_url()
        killed.kill()
        killed.wait()
        assert count_kept(url) == 0
        last.leave()
    wait_until(lambda: not is_running(home))


def test_the_server_of_a_killed_only_user_is_joined_and_stopped_by_the_next(home: Path) -> None:
    with User(home) as killed:
        keep_a_row(killed.read_url())
        killed.kill()
        killed.wait()
    left_behind = read_postmaster(home)
    assert is_running(home)
    with embedded_server(home) as server:
        assert read_postmaster(home) == left_behind
        assert count_kept(server.url()) == 1
    wait_until(lambda: not is_running(home))


@pytest.mark.slow
def test_ten_processes_that_start_at_once_on_a_fresh_home_all_connect(place: Path) -> None:
    with ExitStack() as stack:
        users = [stack.enter_context(User(place / "home")) for _ in range(10)]
        for user in users:
            with psycopg.connect(user.read_url()) as connection:
                connection.execute("SELECT 1")
        with ThreadPoolExecutor(10) as threads:
            list(threads.map(User.leave, users))
    wait_until(lambda: not is_running(place / "home"))


def test_contexts_nest_and_run_side_by_side_in_one_process(home: Path) -> None:
    def use(_: int) -> int:
        with embedded_server(home) as server:
            return count_kept(server.url())

    with ThreadPoolExecutor(4) as threads:
        assert list(threads.map(use, range(8))) == [0] * 8
        with embedded_server(home) as outer:
            with embedded_server(home) as inner:
                assert inner == outer
            assert list(threads.map(use, range(4))) == [0] * 4
            assert count_kept(outer.url()) == 0
    wait_until(lambda: not is_running(home))


def test_a_forked_child_that_leaves_does_not_take_the_server_with_it(home: Path) -> None:
    script = """
import os, sys
from pathlib import Path
from skeldir.db.embedded import embedded_server

with embedded_server(Path(sys.argv[1])) as server:
    if (child := os.fork()) == 0:
        sys.exit()
    assert os.waitpid(child, 0)[1] == 0
    print(server.url(), flush=True)
    sys.stdin.readline()
"""
    with User(home, script) as parent:
        assert count_kept(parent.read_url()) == 0
        parent.leave()
    wait_until(lambda: not is_running(home))


def test_ctrl_c_in_the_terminal_of_a_user_does_not_reach_the_server(home: Path) -> None:
    with User(home) as starter, User(home) as other:
        url = starter.read_url()
        other.read_url()
        postmaster = read_postmaster(home)
        os.killpg(starter.pid, signal.SIGINT)
        _, errors = starter.communicate(timeout=30)
        assert "KeyboardInterrupt" in errors
        keep_a_row(url)
        assert read_postmaster(home) == postmaster
        other.leave()
    wait_until(lambda: not is_running(home))


def test_ctrl_c_while_the_server_is_starting_leaves_none_running(home: Path) -> None:
    with User(home) as hasty:
        wait_until((home / "postgres/postmaster.pid").exists)
        os.killpg(hasty.pid, signal.SIGINT)
        _, errors = hasty.communicate(timeout=30)
        assert "KeyboardInterrupt" in errors
    wait_until(lambda: not is_running(home))


@pytest.mark.parametrize("signal_number", [signal.SIGINT, signal.SIGKILL])
def test_the_next_start_repairs_a_first_start_that_was_cut_short(
    place: Path, signal_number: int
) -> None:
    home = place / "home"
    with User(home) as cut_short:
        wait_until((home / "postgres.new/base").exists)
        os.killpg(cut_short.pid, signal_number)
        cut_short.wait(30)
    assert not (home / "postgres").exists()
    with embedded_server(home) as server, psycopg.connect(server.url()) as connection:
        connection.execute("SELECT 1")
    assert not (home / "postgres.new").exists()


def test_a_user_whose_output_is_piped_ends_the_pipe_even_if_the_server_lives_on(home: Path) -> None:
    script = """
import os, signal, sys
from pathlib import Path
from skeldir.db.embedded import embedded_server

with embedded_server(Path(sys.argv[1])):
    os.kill(os.getpid(), signal.SIGKILL)
"""
    with User(home, script) as user:
        user.communicate(timeout=10)  # returns at the end of both pipes
    assert is_running(home)
    with embedded_server(home):
        pass


def test_a_committed_row_survives_the_postmaster_being_killed(home: Path) -> None:
    with embedded_server(home) as server:
        keep_a_row(server.url())
        crash(home)
        assert (server.socket_dir / ".s.PGSQL.5432").is_socket()  # stale, and no obstacle
        with embedded_server(home) as again:
            assert again == server
            assert count_kept(server.url()) == 1
            keep_a_row(again.url())
        # The inner user left first: the outer one still has its server.
        assert count_kept(server.url()) == 2
    wait_until(lambda: not is_running(home))


def name_instead(pid_file: Path, pid: int) -> None:
    _, *others = pid_file.read_text().splitlines(keepends=True)
    pid_file.write_text("".join([f"{pid}\n", *others]))


def test_a_stale_pid_that_now_belongs_to_another_program_harms_neither(home: Path) -> None:
    with embedded_server(home) as server:
        crash(home)
    owner = (home / "postgres").stat()
    as_owner = {"user": owner.st_uid, "group": owner.st_gid} if os.geteuid() == 0 else {}
    with subprocess.Popen(["sleep", "60"], **as_owner) as stranger:  # noqa: S607 - any program does
        try:
            name_instead(home / "postgres/postmaster.pid", stranger.pid)
            name_instead(server.socket_dir / ".s.PGSQL.5432.lock", stranger.pid)
            with embedded_server(home) as again:
                assert count_kept(again.url()) == 0
                # Nor is the stranger stopped in place of a server that has died.
                crash(home)
                name_instead(home / "postgres/postmaster.pid", stranger.pid)
            assert stranger.poll() is None
        finally:
            stranger.kill()


def test_a_backend_that_outlives_its_postmaster_is_waited_for_and_then_named(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with embedded_server(home) as server, ExitStack() as at_last:
        connection = at_last.enter_context(psycopg.connect(server.url()))
        backend = connection.info.backend_pid
        os.kill(backend, signal.SIGSTOP)
        at_last.callback(end_if_alive, backend)
        os.kill(read_postmaster(home), signal.SIGKILL)
        monkeypatch.setattr(embedded, "START_S", 0.3)
        with (
            pytest.raises(ServerNotStarted, match=r"postgres\.server\.lock"),
            embedded_server(home),
        ):
            pass
        monkeypatch.undo()
        with ThreadPoolExecutor(1) as thread:
            waiting = thread.submit(count_after_joining, home)
            os.kill(backend, signal.SIGCONT)
            assert waiting.result(30) == 0


def end_if_alive(pid: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def count_after_joining(home: Path) -> int:
    with embedded_server(home) as server:
        return count_kept(server.url())


def test_a_suspended_starter_is_named_after_a_bounded_wait(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedded, "TURN_S", 0.2)
    with (home / "postgres.start.lock").open("wb") as held_by_somebody:
        fcntl.flock(held_by_somebody, fcntl.LOCK_EX)
        with pytest.raises(ServerNotStarted, match="suspended"), embedded_server(home):
            pass
    assert not is_running(home)


def test_a_server_that_was_started_by_hand_is_left_alone(home: Path) -> None:
    with embedded_server(home) as server:
        pass
    cluster = embedded.open_cluster(home)
    cluster.make_private(server.socket_dir)
    options = f"-h '' -k {server.socket_dir}"
    by_hand = ("--pgdata", "postgres", "--log", "postgres.log", "--options", options)
    assert cluster.run("pg_ctl", "start", *by_hand).returncode == 0
    try:
        with pytest.raises(ServerNotStarted, match="did not start is using"), embedded_server(home):
            pass
        assert count_kept(server.url()) == 0
    finally:
        cluster.run("pg_ctl", "stop", "--pgdata", "postgres")


def test_data_of_another_major_version_are_refused_untouched(home: Path) -> None:
    (home / "postgres/PG_VERSION").write_text("16\n")
    with pytest.raises(MajorVersionDiffers, match=r"PostgreSQL 16; this skeldir contains 18"):
        embedded_server(home).__enter__()
    assert (home / "postgres/PG_VERSION").read_text() == "16\n"
    assert not is_running(home)


def test_a_server_that_refuses_its_settings_is_quoted(home: Path) -> None:
    wrong = {"shared_buffers": "a lot"}
    with (
        pytest.raises(ServerNotStarted, match='invalid value for parameter "shared_buffers"'),
        embedded_server(home, server_settings=wrong),
    ):
        pass
    assert not is_running(home)


def test_given_settings_override_ours_but_never_open_the_server_to_others(home: Path) -> None:
    wanted = {"work_mem": "5MB", "listen_addresses": "*", "unix_socket_permissions": "0777"}
    with (
        embedded_server(home, server_settings=wanted) as server,
        psycopg.connect(server.url()) as connection,
    ):
        for name, value in (
            ("work_mem", "5MB"),
            ("listen_addresses", ""),
            ("unix_socket_permissions", "0700"),
            ("fsync", "on"),
            ("full_page_writes", "on"),
            ("synchronous_commit", "on"),
            ("data_checksums", "on"),
            ("server_encoding", "UTF8"),
            ("timezone", "UTC"),
        ):
            assert connection.execute(f"SHOW {name}").fetchone() == (value,)


def test_a_large_log_is_set_aside_once(home: Path) -> None:
    log = home / "postgres.log"
    with log.open("wb") as old:
        old.truncate(embedded.LARGEST_LOG_BYTES + 1)
    with embedded_server(home):
        pass
    assert (home / "postgres.log.1").stat().st_size == embedded.LARGEST_LOG_BYTES + 1
    assert log.stat().st_size < 10_000


@pytest.mark.parametrize(("days", "is_there"), [(31, False), (29, True)])
def test_a_log_that_was_set_aside_is_deleted_after_30_days(
    home: Path, days: int, is_there: bool
) -> None:
    aside = home / "postgres.log.1"
    aside.write_text("old lines")
    written_at = time.time() - days * 86_400
    os.utime(aside, (written_at, written_at))
    with embedded_server(home):
        assert aside.exists() == is_there


@pytest.mark.parametrize(
    ("version_num", "name"), [(160_004, r"16\.4"), (169_999, r"16\."), (90_624, r"9\.6\.24")]
)
def test_a_server_older_than_17_is_refused_by_name(version_num: int, name: str) -> None:
    with pytest.raises(ServerTooOld, match=rf"PostgreSQL {name}.*MAINTAIN"):
        require_supported_server(version_num)


@pytest.mark.parametrize("version_num", [170_000, 170_002, 180_006])
def test_a_server_from_17_on_is_accepted(version_num: int) -> None:
    require_supported_server(version_num)
