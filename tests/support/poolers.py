"""PgBouncer in front of a clone, started for a test when Debian's package is there."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.conftest import Clone
from tests.support.service import free_port, wait_until

IGNORING = (
    "ignore_startup_parameters = search_path, statement_timeout, lock_timeout, options,"
    " idle_in_transaction_session_timeout, client_connection_check_interval"
)


@dataclass(frozen=True, slots=True)
class Pooler:
    """A running PgBouncer."""

    port: int

    def url(self, user: str) -> str:
        """Return the URL of the clone as `user`: app_user or migrator."""
        return f"postgresql://{user}@127.0.0.1:{self.port}/{user}"

    def is_there(self) -> bool:
        with suppress(OSError):
            socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
            return True
        return False


@contextmanager
def running_pgbouncer(clone: Clone, *, mode: str, options: str = "") -> Iterator[Pooler]:
    """Run PgBouncer in `mode` on a free port; the test is skipped where it is not installed."""
    program = shutil.which("pgbouncer", path=f"/usr/sbin:{os.defpath}")
    if program is None:
        pytest.skip("pgbouncer is not installed (Debian: apt-get install pgbouncer)")
    pooler = Pooler(free_port())
    sockets = clone.server.socket_dir
    databases = "\n".join(
        f"{user} = host={sockets} port=5432 dbname={clone.name} user={user}"
        for user in ("app_user", "migrator")
    )
    # It refuses to run as root, and only the account of the server may use its socket.
    account = pwd.getpwuid(sockets.stat().st_uid).pw_name
    words = ["-u", account] if os.geteuid() == 0 else []
    with tempfile.TemporaryDirectory(prefix="skeldir-pgbouncer-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        (folder / "pgbouncer.ini").write_text(
            f"[databases]\n{databases}\n[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {pooler.port}\n"
            f"unix_socket_dir =\nauth_type = any\npool_mode = {mode}\ndefault_pool_size = 4\n{options}\n"
        )
        process = subprocess.Popen(
            [program, "--quiet", *words, str(folder / "pgbouncer.ini")],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            wait_until(pooler.is_there, 10, "pgbouncer answers")
            yield pooler
        finally:
            process.kill()
            process.wait()
