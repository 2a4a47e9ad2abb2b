"""A crash that loses every write to the log that no finished fdatasync covers, as a loss of power may.

strace records what the server's processes write and sync. After all of them were killed, the pages of the log are
set back to what had been synced.
"""

from __future__ import annotations

import re
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

from tests.support.embedded import is_running, read_postmaster, wait_until

_PAGE = 8_192
_CALL = re.compile(
    r"^(?P<at>\d+\.\d+) (?P<call>\w+)\(\d+<(?P<path>(?:\\x[0-9a-f]{2})+)>(?P<rest>.*)$"
)
_SEGMENT = re.compile(r"/pg_wal/[0-9A-F]{24}$")
_WRITE = re.compile(r', "(?P<bytes>(?:\\x[0-9a-f]{2})*)", (?P<size>\d+), (?P<offset>\d+)\)')
_DONE = re.compile(r"= (?P<result>\d+)(?: \(DELAYED\))? <(?P<took>[\d.]+)>$")
# So slow a disk that a crash mostly meets writes that are not synced.
_DELAY_US = 10_000


@dataclass(frozen=True, slots=True)
class _Write:
    began: float
    ended: float
    path: str
    offset: int
    content: bytes


def require_strace() -> str:
    """Return the path of strace, or skip the test."""
    found = shutil.which("strace")
    if (
        found is None
        or subprocess.run(
            [found, "-o", "/dev/null", "true"], capture_output=True, check=False
        ).returncode
    ):
        pytest.skip("strace is not installed, or may not trace here")
    return found


@contextmanager
def traced(home: Path, folder: Path) -> Iterator[None]:
    """Record the writes and syncs of all processes of the server until they end."""
    shutil.copytree(home / "postgres/pg_wal", folder / "before")
    postmaster = psutil.Process(read_postmaster(home))
    pids = [postmaster.pid, *(child.pid for child in postmaster.children(recursive=True))]
    calls = "trace=pwrite64,fdatasync,fsync"
    words = [require_strace(), "-ff", "-ttt", "-T", "-y", "-xx", "-s", str(2**25), "-e", calls]
    words += ["-e", f"inject=fdatasync:delay_enter={_DELAY_US}", "-e", "signal=none"]
    words += ["-o", str(folder / "trace"), *(word for pid in pids for word in ("-p", str(pid)))]
    with subprocess.Popen(words, stderr=subprocess.PIPE, text=True) as tracer:
        assert tracer.stderr is not None
        for _ in pids:
            assert "attached" in tracer.stderr.readline()
        yield
        tracer.wait(30)


def kill_all(home: Path) -> None:
    """Stop all processes of the server at the same moment, then kill them."""
    postmaster = psutil.Process(read_postmaster(home))
    processes = [postmaster, *postmaster.children(recursive=True)]
    for number in (signal.SIGSTOP, signal.SIGKILL):
        for process in processes:
            with suppress(psutil.NoSuchProcess):
                process.send_signal(number)
    wait_until(lambda: not is_running(home))


def lose_unsynced(home: Path, folder: Path) -> int:
    """Set the log back to what was synced; return how many pages that changed."""
    writes, syncs = _read_trace(folder)
    changed = 0
    for path in {write.path for write in writes}:
        # A sync covers the writes that had ended when it began.
        synced = max((at for name, at in syncs if name == path), default=0.0)
        mine = sorted((one for one in writes if one.path == path), key=lambda one: one.began)
        before = folder / "before" / Path(path).name
        durable = bytearray(before.read_bytes() if before.exists() else bytes(2**24))
        for one in mine:
            if one.ended <= synced:
                durable[one.offset : one.offset + len(one.content)] = one.content
        live = Path(path)
        if not live.exists():
            continue
        now = live.read_bytes()
        for one in mine:
            place = slice(one.offset, one.offset + len(one.content))
            if one.ended > synced and now[place] != durable[place]:
                changed += len(one.content) // _PAGE
                with live.open("r+b") as file:
                    file.seek(one.offset)
                    file.write(durable[place])
    return changed


def _read_trace(folder: Path) -> tuple[list[_Write], list[tuple[str, float]]]:
    writes, syncs = [], []
    for trace in folder.glob("trace.*"):
        for line in trace.read_text(encoding="ascii").splitlines():
            if (called := _CALL.match(line)) is None:
                continue
            path = _decode(called["path"]).decode("utf-8", "surrogateescape")
            if not _SEGMENT.search(path):
                continue
            began, done = float(called["at"]), _DONE.search(line)
            if called["call"] == "pwrite64":
                written = _WRITE.match(called["rest"])
                assert written is not None, line[:200]
                content = _decode(written["bytes"])
                assert len(content) == int(written["size"])
                # A write that was not seen to end may have happened.
                ended = began + float(done["took"]) if done else float("inf")
                writes.append(_Write(began, ended, path, int(written["offset"]), content))
            elif done is not None and done["result"] == "0":
                # The delay comes before the call itself.
                delay = _DELAY_US / 1e6 if called["call"] == "fdatasync" else 0.0
                syncs.append((path, began + delay))
    return writes, syncs


def _decode(shown: str) -> bytes:
    return bytes.fromhex(shown.replace("\\x", ""))
