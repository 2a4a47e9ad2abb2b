"""What a run of something took: time, processor time, and memory."""

from __future__ import annotations

import resource
import statistics
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Measured:
    """Medians of the elapsed and the processor time, in seconds, and memory above what was there before, in bytes."""

    elapsed_s: float
    processor_s: float
    memory: int

    @classmethod
    def of(cls, run: Callable[[], object], repeats: int) -> Measured:
        """Run it, in a process that does nothing else."""
        runs = Runs()
        for _ in range(repeats):
            with runs.measuring():
                run()
        return runs.measured

    @classmethod
    def of_peer(cls, answer: Mapping[str, Any], task: str) -> Measured:
        """Read what a peer's script returned."""
        return cls(answer[task]["elapsed"], answer[task]["processor"], answer["memory"])

    @property
    def figures(self) -> list[str]:
        """Return them as a row of a table."""
        return [
            f"{self.elapsed_s * 1e3:,.1f}",
            f"{self.processor_s * 1e3:,.1f}",
            f"{self.memory / 2**20:,.0f}",
        ]


def peak_memory() -> int:
    """Return the largest memory of this process so far, in bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


@dataclass(slots=True)
class Runs:
    """Repeated runs of one thing in this process."""

    elapsed: list[float] = field(default_factory=list)
    processor: list[float] = field(default_factory=list)
    before: int = field(default_factory=peak_memory)

    @contextmanager
    def measuring(self) -> Iterator[None]:
        """Measure the block."""
        began, began_processor = time.perf_counter(), time.process_time()
        yield
        self.elapsed.append(time.perf_counter() - began)
        self.processor.append(time.process_time() - began_processor)

    @property
    def measured(self) -> Measured:
        """Return the medians."""
        return Measured(
            statistics.median(self.elapsed),
            statistics.median(self.processor),
            peak_memory() - self.before,
        )
