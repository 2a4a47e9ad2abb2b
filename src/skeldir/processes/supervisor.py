"""Keeping processes running: dead ones are started again, stuck ones killed, and none outlives its supervisor."""

from __future__ import annotations

import os
import selectors
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from time import monotonic
from types import FrameType

STUCK_AFTER_S = 60.0
_SOON_S = 5.0  # a child that dies sooner than this is started again after longer and longer pauses
_FIRST_PAUSE_S = 0.5
_LONGEST_PAUSE_S = 3.0
_LONGEST_WAIT_S = 1.0
_STOPS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)

# What a child runs before it becomes the program that it is to be: on Linux the kernel then kills it with its parent.
_TIE_TO_PARENT = """
import ctypes, os, signal, sys
if sys.platform == "linux":
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)
    if os.getppid() != int(sys.argv[1]):
        sys.exit("The parent has ended.")
os.execv(sys.argv[2], sys.argv[2:])
"""


@dataclass(frozen=True, slots=True)
class Child:
    """A process to keep running. One that `shows_life` gets `--life-pipe N`, and is stuck when it falls silent.

    Those with a lower `stop_rank` have ended before the next are asked to stop. If one that `must_start` ends before
    its first sign of life, all others are stopped: its own message says why, and another attempt would say the same.
    """

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    shows_life: bool = False
    stop_rank: int = 0
    must_start: bool = False


@dataclass(slots=True)
class _ChildState:
    """A child that runs, or waits to be started."""

    child: Child
    process: subprocess.Popen[bytes] | None = None
    life_pipe: int | None = None
    has_lived: bool = False
    started_at: float = 0.0
    seen_at: float = 0.0
    start_at: float = 0.0
    pause_s: float = 0.0


@dataclass(slots=True)
class Supervisor:
    """Runs children until SIGTERM, SIGINT or SIGHUP, and calls `report` with a sentence for each thing that happens.

    A child that does not stop within `stop_s` is killed; a second signal kills all that are left at once.
    """

    children: Sequence[Child]
    report: Callable[[str], None]
    stop_s: float
    stuck_after_s: float = STUCK_AFTER_S
    _states: list[_ChildState] = field(init=False)
    _signals: int = field(default=0, init=False)
    _is_hopeless: bool = field(default=False, init=False)
    _events: selectors.BaseSelector = field(init=False)

    def run(self) -> int:
        """Run the children until a signal, then stop them; return 0, or 1 when one was killed or could not start."""
        self._states = [_ChildState(child) for child in self.children]
        with selectors.DefaultSelector() as self._events, self._listening():
            try:
                while not self._signals and not self._is_hopeless:
                    self._start_due()
                    self._wait(min(_LONGEST_WAIT_S, self._next_start_s()))
                    self._reap()
                    self._kill_stuck()
            except BaseException:
                self._kill(self._running())
                raise
            return 1 if self._stop_all() or self._is_hopeless else 0

    @contextmanager
    def _listening(self) -> Iterator[None]:
        """Let signals, and the deaths of children, end a wait."""
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        theirs.setblocking(False)
        self._events.register(ours, selectors.EVENT_READ)
        before = {number: signal.signal(number, self._note_signal) for number in _STOPS}
        if before[signal.SIGHUP] == signal.SIG_IGN:
            signal.signal(signal.SIGHUP, signal.SIG_IGN)  # started by nohup
        before[signal.SIGCHLD] = signal.signal(signal.SIGCHLD, _do_nothing)
        wakeup = signal.set_wakeup_fd(theirs.fileno(), warn_on_full_buffer=False)
        try:
            yield
        finally:
            signal.set_wakeup_fd(wakeup)
            for number, handler in before.items():
                signal.signal(number, handler)
            ours.close()
            theirs.close()

    def _note_signal(self, _number: int, _frame: FrameType | None) -> None:
        self._signals += 1

    def _next_start_s(self) -> float:
        now = monotonic()
        return min(
            (state.start_at - now for state in self._states if state.process is None),
            default=_LONGEST_WAIT_S,
        )

    def _wait(self, seconds: float) -> None:
        """Wait for a signal, a death or a sign of life, and note the signs."""
        for key, _ in self._events.select(max(0.0, seconds)):
            with suppress(BlockingIOError):
                is_sign = bool(os.read(key.fd, 4096))
                if isinstance(key.data, _ChildState) and is_sign:
                    key.data.seen_at = monotonic()
                    key.data.has_lived = True
                elif isinstance(key.data, _ChildState):
                    self._close_pipe(key.data)

    def _start_due(self) -> None:
        for state in self._states:
            if state.process is None and state.start_at <= monotonic():
                self._start(state)

    def _start(self, state: _ChildState) -> None:
        command = list(state.child.command)
        passed: tuple[int, ...] = ()
        if state.child.shows_life:
            state.life_pipe, theirs = os.pipe()
            os.set_blocking(state.life_pipe, False)
            os.set_blocking(theirs, False)
            self._events.register(state.life_pipe, selectors.EVENT_READ, state)
            command += ["--life-pipe", str(theirs)]
            passed = (theirs,)
        tied = [sys.executable, "-I", "-S", "-c", _TIE_TO_PARENT, str(os.getpid())]
        try:
            # A group of its own: Ctrl-C in a terminal is for the supervisor, which stops the children in order.
            process = subprocess.Popen(  # noqa: S603 - a fixed command, no shell
                [*tied, *command],
                env=dict(state.child.environment),
                stdin=subprocess.DEVNULL,
                pass_fds=passed,
                process_group=0,
            )
        except OSError as fault:
            self._close_pipe(state)
            state.start_at = monotonic() + _LONGEST_PAUSE_S
            self.report(f"{state.child.name} cannot be started now: {fault.strerror}.")
            return
        finally:
            for descriptor in passed:
                os.close(descriptor)
        state.process = process
        state.started_at = state.seen_at = monotonic()
        self.report(f"{state.child.name} started (process {process.pid}).")

    def _reap(self) -> None:
        for state in self._states:
            if state.process is None or state.process.poll() is None:
                continue
            how = _describe_end(state.process.returncode)
            if state.child.must_start and not self._has_lived(state):
                state.process = None
                self._close_pipe(state)
                self._is_hopeless = True
                self.report(
                    f"{state.child.name} ended {how} before it had started; all are stopped."
                )
                continue
            did_die_at_once = monotonic() - state.started_at < _SOON_S
            state.pause_s = (
                min(_LONGEST_PAUSE_S, max(_FIRST_PAUSE_S, 2 * state.pause_s))
                if did_die_at_once
                else 0.0
            )
            state.start_at = monotonic() + state.pause_s
            state.process = None
            self._close_pipe(state)
            when = f"in {state.pause_s:g} s" if state.pause_s else "now"
            self.report(f"{state.child.name} ended {how}; it is started again {when}.")

    def _has_lived(self, state: _ChildState) -> bool:
        """Return whether a child gave a sign of life, also if that is still in its pipe."""
        if state.life_pipe is not None and not state.has_lived:
            with suppress(BlockingIOError):
                state.has_lived = bool(os.read(state.life_pipe, 4096))
        return state.has_lived

    def _kill_stuck(self) -> None:
        for state in self._running():
            silent_s = monotonic() - state.seen_at
            if state.child.shows_life and silent_s > self.stuck_after_s:
                self.report(f"{state.child.name} has given no sign of life for {silent_s:.0f} s.")
                self._kill([state])
                state.seen_at = monotonic()

    def _stop_all(self) -> int:
        """Stop all, rank by rank; return how many had to be killed."""
        killed = 0
        for rank in sorted({state.child.stop_rank for state in self._states}):
            of_rank = [state for state in self._running() if state.child.stop_rank == rank]
            killed += self._stop(of_rank)
        return killed

    def _stop(self, running: list[_ChildState]) -> int:
        """Ask these to stop, wait, kill those that do not; return how many were killed."""
        deadline = monotonic() + self.stop_s
        for state in running:
            self._send(state, signal.SIGTERM)
        while left := [
            state for state in running if state.process and state.process.poll() is None
        ]:
            if monotonic() > deadline or self._signals > 1:
                names = ", ".join(state.child.name for state in left)
                self.report(f"Killed, because it did not stop: {names}.")
                self._kill(left)
                return len(left)
            self._wait(min(_LONGEST_WAIT_S, deadline - monotonic()))
        for state in running:
            self.report(f"{state.child.name} stopped.")
        return 0

    def _running(self) -> list[_ChildState]:
        return [state for state in self._states if state.process and state.process.poll() is None]

    def _kill(self, states: Sequence[_ChildState]) -> None:
        for state in states:
            self._send(state, signal.SIGKILL)
        for state in states:
            if state.process is not None:
                state.process.wait()

    def _send(self, state: _ChildState, number: signal.Signals) -> None:
        if state.process is not None:
            state.process.send_signal(number)

    def _close_pipe(self, state: _ChildState) -> None:
        if state.life_pipe is not None:
            self._events.unregister(state.life_pipe)
            os.close(state.life_pipe)
            state.life_pipe = None


def _describe_end(status: int) -> str:
    if status >= 0:
        return f"with status {status}"
    return f"by {signal.Signals(-status).name}"


def _do_nothing(_number: int, _frame: FrameType | None) -> None:
    """Handle SIGCHLD, so that it ends a wait."""
