"""Claim: an export of millions of touches is quick, needs little memory, and continues after a kill.

One tenant has all touches. `skeldir export` writes them as a process of its own, by turns in each format. Its rows a
second, and the most memory that it was resident in, are those of the whole command, start included. Then an export of
each format is killed in the middle of its file and continued: CSV and NDJSON must have the same bytes as the others,
Parquet, which begins again, the same rows. Targets, at 5 million touches: at most 150 MiB, 100,000 rows a second as CSV
and 200,000 as Parquet.
"""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import subprocess
import sys
import time
from argparse import Namespace
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from uuid import UUID

import orjson
from pyarrow import parquet

from bench.facts import Size, load_facts
from bench.support import (
    Place,
    checkpoint,
    console,
    durable_place,
    make_parser,
    open_program,
    open_superuser,
    show_ratio,
    show_table,
)

MOST_MIB = 150.0
LEAST_RATES = {"csv": 100_000, "parquet": 200_000}
FORMATS = ("csv", "ndjson", "parquet")
TOUCHES_OF_ORDER = 50
# The kernel's figure for an ended child begins with the memory of its parent, so the command says its own.
PROGRAM = """
import atexit, pathlib, sys
atexit.register(lambda: sys.stderr.write(pathlib.Path("/proc/self/status").read_text()))
from skeldir.cli import main
main()
"""
_PEAK = re.compile(r"^VmHWM:\s+(\d+) kB", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Run:
    """A complete export: its seconds, its peak of resident memory, its rows, and its file with the SHA-256."""

    seconds: float
    mib: float
    rows: int
    file: Path
    sha256: str


def start(
    place: Place, tenant: UUID, folder: Path, format_: str, *more: str
) -> subprocess.Popen[str]:
    """Start an export of the touches of a tenant."""
    words = ("export", str(tenant), str(folder), "--what", "touches", "--format", format_, *more)
    return subprocess.Popen(
        (sys.executable, "-c", PROGRAM, *words),
        env={**os.environ, "DATABASE_URL": place.app_url},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )


def export(place: Place, tenant: UUID, folder: Path, format_: str, *more: str) -> Run:
    """Export the touches of a tenant into `folder`."""
    began = time.perf_counter()
    process = start(place, tenant, folder, format_, *more)
    _, said = process.communicate()
    seconds = time.perf_counter() - began
    if process.returncode:
        raise SystemExit(said)
    file = folder / f"touches.{format_}"
    sums = orjson.loads(file.with_name(f"{file.name}.sums.json").read_bytes())
    peak = _PEAK.search(said)
    return Run(seconds, int(peak[1]) / 1024 if peak else 0.0, sums["rows"], file, sums["sha256"])


def kill(place: Place, tenant: UUID, folder: Path, whole: Run) -> None:
    """Kill an export when its file has half the size of a whole one."""
    half = whole.file.stat().st_size // 2
    unfinished = folder / f"{whole.file.name}.part"
    process = start(place, tenant, folder, whole.file.suffix[1:])
    while not (unfinished.exists() and unfinished.stat().st_size >= half):
        if process.poll() is not None:
            raise SystemExit("The export ended before it was killed; measure with more touches.")
        time.sleep(0.01)
    process.kill()
    process.communicate()


def are_the_same(one: Run, other: Run) -> bool:
    """Return whether two files have the same bytes or, as Parquet, which has the moment of its export in it, rows."""
    if one.file.suffix != ".parquet":
        return one.sha256 == other.sha256
    left, right = parquet.ParquetFile(one.file), parquet.ParquetFile(other.file)
    return left.num_row_groups == right.num_row_groups and all(
        left.read_row_group(number).equals(right.read_row_group(number))
        for number in range(left.num_row_groups)
    )


def compare(place: Place, tenant: UUID, repeat: int) -> None:
    """Export by turns, kill and continue; print the figures."""
    runs: dict[str, list[Run]] = defaultdict(list)
    continued: dict[str, bool] = {}
    for number in range(repeat):
        for format_ in FORMATS:
            folder = place.home / f"{format_}-{number}"
            runs[format_].append(export(place, tenant, folder, format_))
    for format_ in FORMATS:
        folder, whole = place.home / f"{format_}-killed", runs[format_][0]
        kill(place, tenant, folder, whole)
        continued[format_] = are_the_same(export(place, tenant, folder, format_, "--resume"), whole)
        shutil.rmtree(folder)
    rates = {name: median(run.rows / run.seconds for run in of) for name, of in runs.items()}
    peaks = {name: max(run.mib for run in of) for name, of in runs.items()}
    rows = [
        [
            name,
            f"{rates[name]:,.0f}",
            f"{median(run.seconds for run in runs[name]):.1f}",
            f"{peaks[name]:.0f}",
            f"{runs[name][0].file.stat().st_size / 2**20:,.0f}",
            "the same" if continued[name] else "another",
        ]
        for name in FORMATS
    ]
    columns = ("", "rows/s", "seconds", "peak MiB", "MiB of file", "killed and continued")
    show_table(f"{runs['csv'][0].rows:,} touches", columns, rows)
    for name, least in LEAST_RATES.items():
        is_met = rates[name] >= least
        show_ratio(f"Rows/s as {name}", rates[name], f"≥ {least:,}", is_met=is_met)
    peak = max(peaks.values())
    show_ratio("Peak MiB", peak, f"≤ {MOST_MIB:g}", is_met=peak <= MOST_MIB)


async def load(place: Place, touches: int) -> UUID:
    """Make a tenant with touches; return it."""
    async with open_superuser(place) as admin, open_program(place) as database:
        size = Size(tenants=1, orders=touches // TOUCHES_OF_ORDER, touches=touches, days=365)
        (tenant,) = await load_facts(database, admin, size)
        await checkpoint(admin)
        return tenant


def measure(options: Namespace) -> None:
    """Load, export, and compare."""
    with durable_place() as place:
        with console.status(f"Loading {options.touches:,} touches"):
            tenant = asyncio.run(load(place, options.touches))
        compare(place, tenant, options.repeat)


def main() -> None:
    """Read the sizes and measure."""
    parser = make_parser(__doc__)
    parser.add_argument("--touches", type=int, default=5_000_000)
    parser.add_argument("--repeat", type=int, default=2, help="exports in each format")
    options = parser.parse_args()
    if options.quick:
        options.touches, options.repeat = 200_000, 1
    measure(options)


if __name__ == "__main__":
    main()
