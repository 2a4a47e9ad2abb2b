"""Places, users and crashes for the tests of the embedded PostgreSQL. Every process is real."""

from __future__ import annotations

import fcntl
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psycopg
import pytest

IS_ROOT = os.geteuid() == 0
MEMORY = Path("/dev/shm")  # noqa: S108 - files there are in a folder of their own
ROOM_IN_MEMORY = 4 * 2**30
SOURCES = Path(__file__).resolve().parents[2] / "src"
_PACKAGES = Path(psycopg.__file__).parents[1]
SEARCH_PATH = os.pathsep.join([str(SOURCES), str(_PACKAGES)])

STAYS = """
import sys
from pathlib import Path
from skeldir.db.embedded import embedded_server

with embedded_server(Path(sys.argv[1])) as server:
    print(server.url(), flush=True)
    sys.stdin.readline()
"""


class User(subprocess.Popen[str]):
    """A process that runs `script` with the home as its argument, in its own process group."""

    def __init__(
        self, home: Path, script: str = STAYS, *, python: str = sys.executable, **options: object
    ) -> None:
        arguments: dict[str, object] = {
            "stdin": subprocess.PIPE,
            "stdout": subprocess.PIPE,
            "stderr": subprocess.PIPE,
            "text": True,
            "start_new_session": True,
            "cwd": "/",
            "env": {"PYTHONPATH": SEARCH_PATH, "PATH": os.defpath},
        }
        super().__init__([python, "-c", script, str(home)], **{**arguments, **options})

    def read_url(self) -> str:
        """Wait until the user is inside the context; return its URL."""
        assert self.stdout is not None
        url = self.stdout.readline().strip()
        assert url.startswith("postgresql://"), self.communicate()
        return url

    def leave(self) -> None:
        """Make the user leave its context and end."""
        _, errors = self.communicate("\n", timeout=30)
        assert self.returncode == 0, errors


def wait_until(holds: Callable[[], bool], seconds: float = 10) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "what was waited for did not come"
        time.sleep(0.01)


def is_running(home: Path) -> bool:
    """Return whether any process of a server of this home is alive."""
    with suppress(FileNotFoundError), (home / "postgres.server.lock").open("rb") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def read_postmaster(home: Path) -> int:
    return int((home / "postgres/postmaster.pid").read_text().split()[0])


def crash(home: Path) -> None:
    """Kill the postmaster with -9 and wait until its children have noticed."""
    os.kill(read_postmaster(home), signal.SIGKILL)
    wait_until(lambda: not is_running(home))


def fast_place() -> Path:
    """Return where files are in memory, if the system has room for them there, else where temporary files are.

    A clone is 300 files, and a server that is to lose nothing waits for the disk at each of its commits.
    """
    if os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free > ROOM_IN_MEMORY:
        return MEMORY
    return Path("/tmp")  # noqa: S108 - short, as a socket's path must be


@contextmanager
def short_place() -> Iterator[Path]:
    """A directory with a short path that any user may pass through; nothing may run in it after."""
    place = Path(tempfile.mkdtemp(prefix="sk-", dir=fast_place())).resolve()
    place.chmod(0o711)
    try:
        yield place
        for lock in place.glob("**/postgres.server.lock"):
            wait_until(lambda home=lock.parent: not is_running(home))
    finally:
        for pid_file in place.glob("**/postmaster.pid"):
            with suppress(ProcessLookupError, PermissionError):
                if is_running(pid_file.parents[1]):
                    os.kill(read_postmaster(pid_file.parents[1]), signal.SIGKILL)
        shutil.rmtree(place, ignore_errors=True)


def copy_data(template: Path, home: Path) -> Path:
    """Make `home` with a copy of the template's data, owners kept."""
    home.mkdir(mode=0o711)
    subprocess.run(["cp", "-a", template / "postgres", home / "postgres"], check=True)  # noqa: S607 - fixed arguments
    return home


@contextmanager
def small_file_system(place: Path, size: str) -> Iterator[Path]:
    """Mount an in-memory file system of a size such as "34m" under `place`; skip the test if that is impossible."""
    disk = place / "disk"
    disk.mkdir()
    mount, umount = shutil.which("mount"), shutil.which("umount")
    if not (IS_ROOT and mount and umount and sys.platform == "linux"):
        pytest.skip("mounting a small file system needs root on Linux")
    options = ["-t", "tmpfs", "-o", f"size={size},mode=711", "tmpfs", str(disk)]
    if subprocess.run([mount, *options], check=False).returncode:
        pytest.skip("this root may not mount")
    try:
        yield disk
    finally:
        subprocess.run([umount, str(disk)], check=True)


def fill(disk: Path, *, leaving: int) -> None:
    """Leave only so many bytes free on a disk."""
    with (disk / "filler").open("wb") as filler:
        os.posix_fallocate(filler.fileno(), 0, shutil.disk_usage(disk).free - leaving)
