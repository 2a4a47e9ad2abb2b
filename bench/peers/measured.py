"""What a run of something took: time, processor time, and memory. The scripts of peers use it too."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
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
    def of_peer(cls, answer: Mapping[str, Any]) -> Measured:
        """Read what a peer's script returned, of `as_answer`."""
        return cls(**answer)

    def as_answer(self) -> dict[str, Any]:
        """Return it as a script writes it."""
        return asdict(self)

    @property
    def figures(self) -> list[str]:
        """Return them as a row of a table."""
        return [
            f"{self.elapsed_s * 1e3:,.1f}",
            f"{self.processor_s * 1e3:,.1f}",
            f"{self.memory / 2**20:,.0f}",
        ]


def _memory(of: str) -> int:
    """Return a figure of this process's memory in bytes: VmRSS now, or VmHWM at most since it was reset."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(of)) * 1024


def _reset_peak() -> int:
    """Let the largest memory of this process begin again; return what it uses now."""
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    return _memory("VmRSS")


@dataclass(slots=True)
class Runs:
    """Repeated runs of one thing in this process."""

    elapsed: list[float] = field(default_factory=list)
    processor: list[float] = field(default_factory=list)
    before: int = field(default_factory=_reset_peak)

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
            _memory("VmHWM") - self.before,
        )
