"""What a touch, an order, an event and a process cost, each with the bench that measured it.

The figures are of two shared cores and 24 GB of memory; see docs/scale.md. Whoever measures again replaces them here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Cost:
    """A measured cost: its unit, and the bench that measures it."""

    value: float
    unit: str
    what: str
    bench: str


@dataclass(frozen=True, slots=True)
class Room:
    """An assumption of a plan, which no bench can measure."""

    value: float
    what: str


_SCALE: Final = "bench_scale"

COSTS: Final = {
    "touch_table_bytes": Cost(177, "bytes", "a touch, in its table", _SCALE),
    "touch_index_bytes": Cost(249, "bytes", "a touch, in its indexes", _SCALE),
    "order_table_bytes": Cost(303, "bytes", "an order: entries and journey, in their tables", _SCALE),
    "order_index_bytes": Cost(454, "bytes", "an order: entries and journey, in the indexes", _SCALE),
    "event_cpu_ms": Cost(11, "ms", "processor time of an event sent alone, with its credit; in batches less", _SCALE),
    "api_mib": Cost(216, "MiB", "an API process with its helpers", _SCALE),
    "worker_mib": Cost(103, "MiB", "a worker process", _SCALE),
    "beat_mib": Cost(79, "MiB", "beat", _SCALE),
}  # fmt: skip
"""Measured costs by name."""

ROOM: Final = {
    "peak": Room(5, "times the average rate of these days arrive at the busiest time"),
    "busy": Room(0.5, "of a processor may be used at the busiest time"),
    "free_disk": Room(0.5, "of the data is kept free, for WAL, vacuum and growth"),
}
"""Assumptions by name."""
