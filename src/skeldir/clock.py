"""The only place that reads the clock."""

from __future__ import annotations

import sys
import time
from datetime import UTC, datetime

import psutil


def utc_now() -> datetime:
    """Return the present moment, aware, in UTC."""
    return datetime.now(UTC)


def process_started_at() -> datetime:
    """Return when this process was started, aware, in UTC.

    Precise on Linux to the kernel's tick (10 ms): a process's start is kept as the time since the boot, and psutil adds
    the moment of the boot, which is kept in full seconds only (proc(5): btime).
    """
    started_at = psutil.Process().create_time()
    if sys.platform == "linux":
        age_s = time.clock_gettime(time.CLOCK_BOOTTIME) - (started_at - psutil.boot_time())
        started_at = time.time() - age_s
    return datetime.fromtimestamp(started_at, UTC)
