"""The home that a restore makes: under another name until it is finished, and used by one restore only."""

from __future__ import annotations

import fcntl
import os
import shlex
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from skeldir.backups.faults import BackupBusy, RestoreTargetNotEmpty
from skeldir.db import Cluster, find_cluster, home_errors, is_server_alive, open_cluster

NO_ROOM_FOR_HOME: Final = (
    "Free some space there, or restore into a home on another disk, and run it again. Nothing was left there, and the "
    "backup is as it was."
)


@contextmanager
def claimed_home(home: Path) -> Iterator[Cluster]:
    """Yield a fresh home beside `home`, which no other restore uses; remove it if the block fails.

    Raises:
        RestoreTargetNotEmpty: one of the two is not empty; it was not touched.
        BackupBusy: another restore is making this home.
    """
    _require_empty(home)  # also "/", which has no neighbour
    fresh = home.with_name(f"{home.name}.restoring")
    with home_errors(home, when_full=NO_ROOM_FOR_HOME):
        if fresh.exists():
            _require_no_leftover(home, fresh)
        cluster = open_cluster(fresh)
        claim = os.open(fresh, os.O_RDONLY | os.O_DIRECTORY)
    try:
        _lock(claim, home)
        # It may have ended between the two looks.
        _require_empty(home)
        _require_empty(fresh)
        try:
            yield cluster
        except BaseException:
            shutil.rmtree(fresh, ignore_errors=True)
            raise
    finally:
        os.close(claim)


def _lock(claim: int, home: Path) -> None:
    try:
        fcntl.flock(claim, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise BackupBusy(
            f"Another process is restoring into {home}.", cure="Wait until it has ended."
        ) from None


def _require_empty(path: Path) -> None:
    if path.exists() and (not path.is_dir() or any(path.iterdir())):
        raise RestoreTargetNotEmpty(
            f"{path} is not empty; it was not touched.",
            cure="Name another directory, or move this one away; a restore never writes over data.",
        )


def _require_no_leftover(home: Path, fresh: Path) -> None:
    """Refuse what a killed restore left, and say how to remove it: its server may still be replaying the log."""
    if not (fresh / "postgres").is_dir():
        _require_empty(fresh)
        return
    claim = os.open(fresh, os.O_RDONLY | os.O_DIRECTORY)
    try:
        _lock(claim, home)
    finally:
        os.close(claim)
    pid_file = fresh / "postgres" / "postmaster.pid"
    delete = f"rm -r {shlex.quote(str(fresh))}"
    if pid_file.exists() and is_server_alive(find_cluster(fresh)):
        pid = pid_file.read_text(encoding="utf-8", errors="replace").partition("\n")[0]
        detail = f"its server still runs, as process {pid}"
        cure = f"Run `kill -INT {pid}`, wait until that process has ended, then `{delete}`, and restore again."
    else:
        detail, cure = "no server runs in it", f"Run `{delete}`, and restore again."
    raise RestoreTargetNotEmpty(
        f"{fresh} is what a killed restore left, unfinished data; it was not touched, and {detail}.",
        cure=cure,
    )
