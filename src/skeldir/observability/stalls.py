"""Detects when an event loop was blocked: for how long, by which cause, and where in the program."""

from __future__ import annotations

import asyncio
import logging
import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import PurePath
from time import monotonic, process_time, thread_time
from traceback import walk_stack
from types import FrameType

from skeldir.observability.metrics import LOOP_STALL_SECONDS

logger = logging.getLogger(__name__)

STALL_S = 0.05
"""A loop that runs a timer this late was blocked."""

_BEAT_S = 0.025
_LOOK_S = 0.03
_LOG_EVERY_S = 1.0
_MOST_FRAMES = 6


@contextmanager
def watching_the_loop() -> Iterator[None]:
    """Watch the running event loop during the block; each process watches its loop once.

    A stall is counted by `LOOP_STALL_SECONDS` and logged as `http.loop_stalled`, with its seconds, the innermost
    lines that ran, and its cause: `program`, or `machine` when the process was not given a processor.
    """
    watchdog = _Watchdog(asyncio.get_running_loop())
    try:
        yield
    finally:
        watchdog.stop()


@dataclass(frozen=True, slots=True)
class _Clocks:
    """The clocks at a beat, in seconds.

    Time, processor time of the loop's thread and of the whole process, and how long the thread was ready to run and
    got no processor.
    """

    now_s: float
    own_s: float
    used_s: float
    unscheduled_s: float


@dataclass(frozen=True, slots=True)
class _Sight:
    """What the watching thread saw of the loop's thread after the beat with this number."""

    beat: int
    where: str
    is_in_time: bool


class _Watchdog:
    """A timer on the loop that measures delays, and a thread that finds out where the loop is while it is late."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._loop_thread = threading.get_ident()
        self._schedstat = _open_schedstat()
        self._beat_number = 0
        self._last = self._read_clocks()
        self._sight: _Sight | None = None
        self._logged_at = -_LOG_EVERY_S
        self._stopped = threading.Event()
        self._timer = loop.call_later(_BEAT_S, self._beat)
        self._thread = threading.Thread(target=self._look, name="loop-watchdog", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop watching."""
        self._stopped.set()
        self._timer.cancel()
        self._thread.join()
        if self._schedstat is not None:
            os.close(self._schedstat)

    def _beat(self) -> None:
        clocks = self._read_clocks()
        late_s = clocks.now_s - self._last.now_s - _BEAT_S
        if late_s >= STALL_S:
            self._report(late_s, clocks)
            clocks = self._read_clocks()
        self._last = clocks
        self._beat_number += 1
        self._timer = self._loop.call_later(_BEAT_S, self._beat)

    def _report(self, late_s: float, clocks: _Clocks) -> None:
        sight = self._sight
        if sight is not None and sight.beat != self._beat_number:
            sight = None
        cause = _cause(self._last, clocks, sight)
        LOOP_STALL_SECONDS.labels(cause).observe(late_s)
        if clocks.now_s - self._logged_at < _LOG_EVERY_S:
            return
        self._logged_at = clocks.now_s
        logger.log(
            logging.WARNING if cause == "program" else logging.INFO,
            "http.loop_stalled",
            extra={
                "seconds": round(late_s, 3),
                "cause": cause,
                "where": "unknown" if sight is None else sight.where,
            },
        )

    def _look(self) -> None:
        """Find out, in a separate thread, where a late loop is; needs the interpreter only briefly."""
        while True:
            expected = monotonic() + _LOOK_S
            if self._stopped.wait(_LOOK_S):
                return
            now = monotonic()
            beat = self._beat_number
            if now - self._last.now_s - _BEAT_S >= STALL_S:
                frame = sys._current_frames().get(self._loop_thread)  # noqa: SLF001 - documented, and the only way
                is_in_time = now - expected < STALL_S / 2
                if self._sight is not None and self._sight.beat == beat:
                    # If this thread was late once, it was held up like the loop.
                    is_in_time = is_in_time and self._sight.is_in_time
                self._sight = _Sight(beat, _describe(frame), is_in_time)

    def _read_clocks(self) -> _Clocks:
        return _Clocks(
            monotonic(), thread_time(), process_time(), _read_unscheduled(self._schedstat)
        )


def _cause(before: _Clocks, after: _Clocks, sight: _Sight | None) -> str:
    """Return whether the program or the machine delayed the loop between two beats."""
    half_s = (after.now_s - before.now_s) / 2
    if after.own_s - before.own_s >= STALL_S:
        return "program"  # It would have been a stall on an idle machine too.
    if after.unscheduled_s - before.unscheduled_s >= half_s:
        return "machine"
    if after.used_s - before.used_s >= half_s:
        return "program"  # Another thread held the interpreter.
    # Almost no processor time: either the loop waits in a call that blocks, while the watching thread runs as it
    # should, or the process as a whole was held.
    return "program" if sight is not None and sight.is_in_time else "machine"


def _describe(frame: FrameType | None) -> str:
    """Return the innermost frames, outermost first: file, line and function, without machine details or data."""
    if frame is None:
        return "unknown"
    frames: list[str] = []
    for inner, line in walk_stack(frame):
        if len(frames) == _MOST_FRAMES:
            break
        path = "/".join(PurePath(inner.f_code.co_filename).parts[-3:])
        frames.append(f"{path}:{line} {inner.f_code.co_name}")
    return " > ".join(reversed(frames))


def _open_schedstat() -> int | None:
    """Open the kernel's scheduling statistics of the calling thread; return None where there are none."""
    try:
        return os.open("/proc/thread-self/schedstat", os.O_RDONLY)
    except OSError:
        return None


def _read_unscheduled(descriptor: int | None) -> float:
    """Return how long the thread was ready to run but got no processor, in seconds; 0 where that is not counted."""
    if descriptor is None:
        return 0.0
    return int(os.pread(descriptor, 100, 0).split()[1]) / 1e9
