"""Breaking things on purpose, and recording when that began and ended."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic
from uuid import UUID

import psutil
import psycopg

from bench.service import Service
from bench.soak.plan import KINDS, Fault
from bench.soak.records import ERRORS, HOT, Window
from skeldir.db.locks import lock_key
from skeldir.rollups import ingest_lock

_IDLE = 2_000
_SLOW = 100
_DRIP_S = 0.5
_AGAIN_S = 3.0
# Longer than the disk is full plus the time the service is away after that.
_PATIENCE_S = 60.0
_LOOK_S = 0.5
_RECOVERY_S = 30.0
_DRIPPED = b"POST /v1/touches HTTP/1.1\r\nHost: soak\r\nX-Drip: " + b"a" * 4_000
_LEAST_DISK_BYTES = 64 * 2**20


@dataclass(slots=True)
class Disk:
    """An in-memory file system of a given size: when it is full, the disk is full."""

    home: Path
    bytes: int
    is_mounted: bool = False
    _mount: str = field(default_factory=lambda: shutil.which("mount") or "")
    _umount: str = field(default_factory=lambda: shutil.which("umount") or "")

    @contextmanager
    def mounted(self) -> Iterator[None]:
        """Mount it at the home, if that is allowed, until the end of the block."""
        if os.geteuid() == 0 and self._mount and self._umount:
            options = f"size={self.bytes},mode=711"
            made = subprocess.run(
                [self._mount, "-t", "tmpfs", "-o", options, "skeldir-soak", str(self.home)],
                check=False,
                capture_output=True,
            )
            self.is_mounted = made.returncode == 0
        try:
            yield
        finally:
            if self.is_mounted:
                subprocess.run([self._umount, "--lazy", str(self.home)], check=False)

    def fill(self) -> None:
        """Fill all free space."""
        self._resize(max(_LEAST_DISK_BYTES, shutil.disk_usage(self.home).used))

    def free(self) -> None:
        """Free the space again."""
        self._resize(self.bytes)

    def _resize(self, size: int) -> None:
        subprocess.run(
            [self._mount, "-o", f"remount,size={size}", str(self.home)],
            check=True,
            capture_output=True,
        )


@dataclass(slots=True)
class Breaker:
    """Causes the faults of a plan, from a separate thread, and records their windows."""

    service: Service
    disk: Disk
    tenants: dict[str, UUID]
    begins: float
    windows: list[Window]
    skipped: list[str]
    failed: list[str]
    stopped: threading.Event = field(default_factory=threading.Event)
    _turns: int = 0

    def run(self, faults: tuple[Fault, ...]) -> None:
        """Cause the faults, each at its time, until all are done or the run is stopped."""
        for fault in faults:
            if self._wait_until(self.begins + fault.at):
                return
            if fault.kind == "fill disk" and not self.disk.is_mounted:
                self.skipped.append("fill disk: it needs root, to mount a file system")
                continue
            self._do(fault)

    def _do(self, fault: Fault) -> None:
        kind, began = KINDS[fault.kind], monotonic()
        who = HOT if fault.kind == "hold lock" else ""
        while True:
            try:
                self._act_of(fault.kind)(fault.lasts_s)
                break
            except (OSError, psycopg.Error, psutil.Error, subprocess.CalledProcessError) as error:
                # Another fault may have removed the target of this one for a while.
                if monotonic() > began + _PATIENCE_S or self.stopped.wait(_AGAIN_S):
                    self.failed.append(f"{fault.kind}: {type(error).__name__} {error}")
                    break
        if ERRORS in kind.explains and not who:
            self._wait_until_ready()
        self.windows.append(
            Window(fault.kind, began, monotonic(), kind.grace_s, kind.explains, who)
        )

    def _wait_until_ready(self) -> None:
        """Let a fault last until the service is ready again, up to a limit."""
        end = monotonic() + _RECOVERY_S
        while not self.service.is_ready() and monotonic() < end and not self.stopped.wait(_LOOK_S):
            pass

    def _act_of(self, kind: str) -> Callable[[float], None]:
        return {
            "kill api": lambda _: self._kill("api"),
            "kill beat": lambda _: self._kill("beat"),
            "kill worker": lambda _: self._kill("worker"),
            "kill database": lambda _: self._signal_database(signal.SIGKILL),
            "interrupt database": lambda _: self._signal_database(signal.SIGINT),
            "stop worker": self._stop_worker,
            "fill disk": self._fill_disk,
            "hold lock": self._hold_lock,
            "idle connections": self._sit_idle,
            "slow connections": self._drip,
        }[kind]

    def _pick(self, role: str) -> psutil.Process:
        """Return the role's processes in turn, so that each kind of worker is hit."""
        found = sorted(self.service.processes(role), key=lambda process: process.cmdline())
        if not found:
            raise ProcessLookupError(role)
        self._turns += 1
        return found[self._turns % len(found)]

    def _kill(self, role: str) -> None:
        self._pick(role).kill()

    def _signal_database(self, number: signal.Signals) -> None:
        os.kill(self.service.postmaster(), number)

    def _stop_worker(self, seconds: float) -> None:
        process = self._pick("worker")
        process.suspend()
        try:
            self.stopped.wait(seconds)
        finally:
            with suppress(psutil.NoSuchProcess):
                process.resume()

    def _fill_disk(self, seconds: float) -> None:
        self.disk.fill()
        try:
            self.stopped.wait(seconds)
        finally:
            self.disk.free()

    def _hold_lock(self, seconds: float) -> None:
        """Hold the lock under which the hot tenant's facts are written, like a forgotten session."""
        key = lock_key(ingest_lock(self.tenants[HOT]))
        with closing(psycopg.connect(self.service.url, connect_timeout=5)) as connection:
            connection.execute("SELECT pg_advisory_xact_lock(%s)", [key])
            self.stopped.wait(seconds)

    def _sit_idle(self, seconds: float) -> None:
        with self._connections(_IDLE):
            self.stopped.wait(seconds)

    def _drip(self, seconds: float) -> None:
        """Send a byte every half second on each of many connections."""
        end, sent = monotonic() + seconds, 0
        with self._connections(_SLOW) as connections:
            while monotonic() < end and not self.stopped.wait(_DRIP_S):
                for connection in connections:
                    with suppress(OSError):  # the server may have closed it
                        connection.send(_DRIPPED[sent : sent + 1])
                sent += 1

    @contextmanager
    def _connections(self, count: int) -> Iterator[list[socket.socket]]:
        port = int(self.service.base.rpartition(":")[2])
        connections: list[socket.socket] = []
        try:
            for number in range(count):
                connections.append(socket.create_connection(("127.0.0.1", port), timeout=5))
                if number % 50 == 0 and self.stopped.wait(0.02):
                    break
            yield connections
        finally:
            for connection in connections:
                connection.close()

    def _wait_until(self, moment: float) -> bool:
        """Wait, and return whether the run was stopped."""
        return self.stopped.wait(max(0.0, moment - monotonic()))
