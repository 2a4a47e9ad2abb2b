"""The embedded PostgreSQL: one private server per home, shared by every process that uses it.

Nothing here trusts a list of process ids. Three files in the home carry kernel locks (`flock`),
which the kernel drops with the last process that holds them, however that process ends:

- `postgres.start.lock`, exclusive, while a process joins, starts, leaves or stops: one at a time;
- `postgres.users.lock`, shared, held by each user while it is inside the context: a user that could
  lock it exclusively on leaving is the last one, and stops the server;
- `postgres.server.lock`, exclusive, inherited by the server itself (and by initdb): while any of
  its processes lives, even a backend that outlived its postmaster, the lock is held; once it is
  free, the contents of `postmaster.pid` are stale.

A user that is killed leaves no trace, except that nobody stops the server if it was the only one;
the next user joins that server and stops it on leaving. A forked child is not a user of its own:
one that outlives its parent enters the context itself.

The cluster authenticates nobody (`trust`). That is acceptable because it listens on no network
address, and its only socket is in a directory that only its owner, and root, may enter.
"""

from __future__ import annotations

import fcntl
import logging
import os
import re
import shlex
import shutil
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from skeldir.db.embedded_archive import archive_settings
from skeldir.db.embedded_cluster import (
    PORT,
    SOCKET,
    Cluster,
    MajorVersionDiffers,
    ServerNotStarted,
    disk_full,
    find_answering_socket,
    home_errors,
    open_cluster,
    open_parents,
    prepare_socket_dir,
)
from skeldir.db.embedded_memory import memory, shared_buffers
from skeldir.errors import SkeldirError

logger = logging.getLogger(__name__)

_OLDEST_SUPPORTED = 170_000
START_S = 120  # long enough for crash recovery of as much WAL as max_wal_size allows
TURN_S = START_S + 60  # longer than the process before us may take
_LEAVE_S = 10
_STOP_S = 60
_PAUSE_S = 0.05
LARGEST_LOG_BYTES = 10 * 2**20
_OLD_LOG_S = 30 * 24 * 3_600
_FULL_BELOW_BYTES = 2**20

_DEFAULTS = {
    # What is acknowledged is on the disk, whatever a postgresql.conf says.
    **dict.fromkeys(("fsync", "synchronous_commit", "full_page_writes"), "on"),
    "effective_cache_size": "1GB",
    "work_mem": "16MB",
    "maintenance_work_mem": "128MB",
    "max_wal_size": "2GB",
    "max_connections": "200",
    "random_page_cost": "1.1",
    "log_checkpoints": "off",
    # DETAIL and CONTEXT quote rows, and parameters are values: a log must not keep them longer than the tables do.
    "log_error_verbosity": "terse",
    "log_parameter_max_length": "0",
    "log_parameter_max_length_on_error": "0",
    "timezone": "UTC",
    "log_timezone": "UTC",
}
_INITDB = (
    "--username=postgres",
    "--auth-local=trust",
    "--auth-host=reject",
    "--encoding=UTF8",
    "--locale-provider=builtin",
    "--builtin-locale=C.UTF-8",
    "--locale=C",
    "--data-checksums",
    "--no-instructions",
)


class ServerTooOld(SkeldirError):
    """The server is older than PostgreSQL 17, which introduced the MAINTAIN privilege."""

    code = "server_too_old"
    status = 500
    title = "The PostgreSQL server is too old"


def require_supported_server(version_num: int) -> None:
    """Raise ServerTooOld if `version_num` (as in `SHOW server_version_num`) is below 17."""
    if version_num < _OLDEST_SUPPORTED:
        major, rest = divmod(version_num, 10_000)
        found = f"{major}.{rest}" if major >= 10 else f"{major}.{rest // 100}.{rest % 100}"
        raise ServerTooOld(
            f"The server is PostgreSQL {found}; skeldir refreshes its views by the MAINTAIN "
            "privilege, which PostgreSQL 17 introduced.",
            cure="Point DATABASE_URL at PostgreSQL 17 or newer, or unset it to use the embedded "
            "server.",
        )


@dataclass(frozen=True, slots=True)
class EmbeddedServer:
    """A running server, known by the absolute path of the directory that holds its socket."""

    socket_dir: Path

    def url(self, *, user: str = "postgres", database: str = "postgres") -> str:
        """Return the URL of `database` as `user`, read alike by asyncpg, psycopg and libpq."""
        who, where, host = (
            quote(user, safe=""),
            quote(database, safe=""),
            quote(str(self.socket_dir)),
        )
        # The port is only a part of the socket's name; without it, PGPORT would decide.
        return f"postgresql://{who}@/{where}?host={host}&port={PORT}"


@contextmanager
def embedded_server(
    home: Path, *, server_settings: Mapping[str, str] = {}
) -> Iterator[EmbeddedServer]:
    """Join the server of `home`, starting it if necessary; stop it on leaving as the last user.

    The data are in `home/postgres`, the log in `home/postgres.log`. `server_settings` are
    PostgreSQL settings by name; they override ours (which leave durability on), but not those
    that keep the server private, and have no effect on a server that is already running.

    Raises HomeNotWritable, DiskFull, BinariesUnusable, MajorVersionDiffers, SocketPathTooLong,
    SocketDirectoryUnsafe, SystemAccountMissing or ServerNotStarted (`skeldir.db.embedded_cluster`).
    """
    entered_by = os.getpid()
    with home_errors(home):
        cluster = open_cluster(home)
        users_lock = cluster.open_private("postgres.users.lock")
    try:
        with home_errors(home), _turn(cluster):
            fcntl.flock(users_lock, fcntl.LOCK_SH)
            try:
                socket_dir = _join_or_start(cluster, server_settings)
            except BaseException:
                _leave(cluster, users_lock)
                raise
        try:
            yield EmbeddedServer(socket_dir)
        finally:
            # A forked child shares the lock of its parent and must not drop it.
            if os.getpid() == entered_by:
                with home_errors(home), _turn(cluster):
                    _leave(cluster, users_lock)
    finally:
        os.close(users_lock)


def revive_server(home: Path, *, server_settings: Mapping[str, str] = {}) -> bool:
    """Start the server again, at its old socket, if no process of it is left; return whether it was started.

    For callers inside `embedded_server(home)`. Raises what `embedded_server` raises.
    """
    with home_errors(home):
        cluster = open_cluster(home)
        if is_server_alive(cluster):
            return False
        with _turn(cluster):
            if is_server_alive(cluster):
                return False
            _join_or_start(cluster, server_settings)
    return True


@contextmanager
def _turn(cluster: Cluster) -> Iterator[None]:
    """Hold the start lock: no other process joins, starts, leaves or stops during the block."""
    start_lock = cluster.open_private("postgres.start.lock")
    try:
        for _ in _pauses(TURN_S):
            if _could_lock(start_lock):
                break
        else:
            raise ServerNotStarted(
                f"Another process has been starting or stopping the server of {cluster.home} for "
                f"{TURN_S} s.",
                cure="Resume or end the skeldir process that is suspended, and start again.",
            )
        yield
    finally:
        _unlock(start_lock)
        os.close(start_lock)


def _join_or_start(cluster: Cluster, settings: Mapping[str, str]) -> Path:
    """Return the socket directory of a server that answers."""
    for _ in _pauses(START_S):
        server_lock = cluster.open_private("postgres.server.lock")
        try:
            if _could_lock(server_lock):
                return _start_server(cluster, settings, server_lock)
        finally:
            # Only closed, not unlocked: the server that was started has a copy.
            os.close(server_lock)
        if (socket_dir := find_answering_socket(cluster)) is not None:
            return socket_dir
    raise ServerNotStarted(
        f"For {START_S} s a process of an earlier server has had the data in {cluster.data} open, "
        "and no server has answered.",
        cure="Wait for it, or end the processes that have "
        f"{cluster.home / 'postgres.server.lock'} open (lsof names them), and start again.",
    )


def _leave(cluster: Cluster, users_lock: int) -> None:
    """Drop our share of the users' lock, and stop the server if nobody else has one."""
    _unlock(users_lock)
    if not _could_lock(users_lock):
        return
    _unlock(users_lock)
    for _ in _pauses(_LEAVE_S):
        if not is_server_alive(cluster):
            return
        # Only a server that answers is stopped: then the process id in its file is its own, and
        # a long recovery that nobody waits for any more may finish.
        if (socket_dir := find_answering_socket(cluster)) is not None:
            _stop_server(cluster)
            with suppress(OSError):
                socket_dir.rmdir()
            return
    logger.warning("db.server_left_running %s: it does not answer", cluster.data)


def _start_server(cluster: Cluster, settings: Mapping[str, str], server_lock: int) -> Path:
    """Start the server, on new data if there are none; return the directory of its socket.

    `server_lock` is an open and locked file that the server inherits. No process of an earlier
    server that inherited it is alive.
    """
    if find_answering_socket(cluster) is not None:
        raise ServerNotStarted(
            f"A PostgreSQL that skeldir did not start is using {cluster.data}.",
            cure=f"Stop it: {cluster.binaries / 'pg_ctl'} stop -D {cluster.data}",
        )
    socket_dir = prepare_socket_dir(cluster)
    if cluster.account is not None:
        open_parents(cluster, socket_dir)
    if not cluster.data.exists():
        _make_data(cluster, server_lock)
    _require_same_major(cluster)
    # The process ids in these files may belong to other programs by now, and PostgreSQL would
    # refuse to start because of them.
    for stale in (
        cluster.data / "postmaster.pid",
        socket_dir / SOCKET,
        socket_dir / f"{SOCKET}.lock",
    ):
        stale.unlink(missing_ok=True)
    log = _prepare_log(cluster)
    offset = log.stat().st_size
    chosen = {**archive_settings(cluster.home), **settings}
    options = shlex.join(_server_options(chosen, socket_dir))
    # Relative names, because pg_ctl hands them to a shell in double quotes.
    place = ["--pgdata", cluster.data.name, "--log", log.name, "--options", options]
    started = cluster.run(
        "pg_ctl", "start", "--wait", f"--timeout={START_S}", *place, keep=server_lock
    )
    if started.returncode != 0:
        with log.open("rb") as lines:
            lines.seek(offset)
            output = lines.read().decode("utf-8", "replace")
        raise _start_error(cluster, output or started.stderr)
    logger.info("db.server_started %s", cluster.data)
    return socket_dir


def _make_data(cluster: Cluster, server_lock: int) -> None:
    """Run initdb in a directory beside the data directory, and rename the result when it is complete."""
    fresh = cluster.home / "postgres.new"
    if fresh.exists():
        shutil.rmtree(fresh)
    cluster.make_private(fresh)
    made = cluster.run("initdb", *_INITDB, "--pgdata", fresh.name, keep=server_lock)
    if made.returncode != 0:
        shutil.rmtree(fresh, ignore_errors=True)
        raise _start_error(cluster, made.stderr)
    fresh.rename(cluster.data)
    folder = os.open(cluster.home, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _require_same_major(cluster: Cluster) -> None:
    reported = cluster.run("postgres", "--version").stdout
    ours = found[0] if (found := re.findall(r"\d+", reported)) else reported
    kept = cluster.data / "PG_VERSION"
    theirs = kept.read_text().strip() if kept.exists() else "(unknown version)"
    if theirs != ours:
        raise MajorVersionDiffers(
            f"{cluster.data} was made by PostgreSQL {theirs}; this skeldir contains {ours}.",
            cure=f"Use the skeldir that made it, or dump it with pg_dumpall of that version, move "
            f"it away, and load the dump into the empty database that {ours} makes.",
        )


def _prepare_log(cluster: Cluster) -> Path:
    log = cluster.home / "postgres.log"
    aside = log.with_suffix(".log.1")
    if aside.exists() and time.time() - aside.stat().st_mtime > _OLD_LOG_S:
        aside.unlink()
    if log.exists() and log.stat().st_size > LARGEST_LOG_BYTES:
        log.replace(aside)
    os.close(cluster.open_private(log.name, os.O_APPEND))
    return log


def _server_options(settings: Mapping[str, str], socket_dir: Path) -> list[str]:
    quoted = str(socket_dir).replace('"', '""')
    private = {
        "listen_addresses": "",
        "port": str(PORT),
        "unix_socket_directories": f'"{quoted}"',
        "unix_socket_permissions": "0700",
    }
    chosen = {**_DEFAULTS, "shared_buffers": shared_buffers(memory()), **settings, **private}
    return [f"--{name}={value}" for name, value in chosen.items()]


def _start_error(cluster: Cluster, output: str) -> SkeldirError:
    """Return the error for the reason that made initdb or the server fail."""
    last_lines = "\n".join(output.strip().splitlines()[-12:])
    is_full = "No space left on device" in output or "Disk quota exceeded" in output
    # On a full disk the log itself may have stayed empty.
    if is_full or shutil.disk_usage(cluster.home).free < _FULL_BELOW_BYTES:
        return disk_full(cluster.home, f"PostgreSQL printed:\n{last_lines}\n")
    return ServerNotStarted(
        f"PostgreSQL did not start on {cluster.data}. It printed:\n{last_lines}\n",
        cure="Remove the cause that these lines name (the full log: "
        f"{cluster.home / 'postgres.log'}); wait if it is recovering; then start again.",
    )


def _stop_server(cluster: Cluster) -> None:
    """Stop the server, which must be answering; a failure is logged, the server is left alone."""
    stopped = cluster.run(
        *("pg_ctl", "stop", "--wait", "--mode=fast"),
        *(f"--timeout={_STOP_S}", "--pgdata", cluster.data.name),
    )
    if stopped.returncode != 0:
        logger.warning("db.server_not_stopped %s: %s", cluster.data, stopped.stderr.strip())
        return
    logger.info("db.server_stopped %s", cluster.data)


def is_server_alive(cluster: Cluster) -> bool:
    """Return whether any process of the server of a home is left."""
    server_lock = cluster.open_private("postgres.server.lock")
    try:
        if _could_lock(server_lock):
            _unlock(server_lock)
            return False
        return True
    finally:
        os.close(server_lock)


def _could_lock(opened: int) -> bool:
    """Try to lock an open file exclusively, without waiting."""
    try:
        fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _unlock(opened: int) -> None:
    """Unlock an open file for all that share it: a child forked since then has a copy."""
    fcntl.flock(opened, fcntl.LOCK_UN)


def _pauses(seconds: float) -> Iterator[None]:
    """Yield now, and then repeatedly until `seconds` have passed."""
    end = time.monotonic() + seconds
    while True:
        yield
        if time.monotonic() > end:
            return
        time.sleep(_PAUSE_S)
