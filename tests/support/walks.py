"""Journeys as lists, drawn or from a file, for tests of what channels earn."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from hypothesis import strategies as st

from skeldir.attribution import SHARDS, JourneyColumns

DATA = Path(__file__).parents[3] / "shared" / "data"
PATH_DATA = DATA / "pathdata.csv"


@dataclass(frozen=True, slots=True)
class Walk:
    """A journey: numbers of channels, what its order is worth in cents, None without one, and its shard."""

    channels: tuple[int, ...]
    cents: int | None
    shard: int = 0


def walks(channels: int = 4, longest: int = 6) -> st.SearchStrategy[list[Walk]]:
    """Draw one or more journeys."""
    one = st.builds(
        Walk,
        st.lists(st.integers(0, channels - 1), min_size=1, max_size=longest).map(tuple),
        st.none() | st.integers(0, 10_000),
        st.integers(0, SHARDS - 1),
    )
    return st.lists(one, min_size=1, max_size=20)


def columns(walked: Sequence[Walk], channels: int = 4, currency: str = "EUR") -> JourneyColumns:
    """Return the journeys as columns, in their order."""
    lengths = [len(walk.channels) for walk in walked]
    return JourneyColumns(
        [f"channel_{number}" for number in range(channels)],
        np.array([c for walk in walked for c in walk.channels], np.int16),
        np.concatenate(([0], np.cumsum(lengths))).astype(np.int64),
        np.array([walk.cents is not None for walk in walked]),
        np.array([walk.shard for walk in walked], np.int16),
        {currency: np.array([walk.cents or 0 for walk in walked], np.int64)},
    )


def read_path_data() -> JourneyColumns:
    """Return the journeys of pathdata.csv; the value of a path, in thousandths, is that of its first order."""
    with PATH_DATA.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    paths = [tuple(row["path"].split(" > ")) for row in rows]
    names = sorted({channel for path in paths for channel in path})
    numbers = {name: number for number, name in enumerate(names)}
    walked = []
    for row, path in zip(rows, paths, strict=True):
        steps = tuple(numbers[channel] for channel in path)
        cents = round(float(row["total_conversion_value"]) * 1_000)
        orders, others = int(row["total_conversions"]), int(row["total_null"])
        for number in range(orders + others):
            own = None if number >= orders else cents if number == 0 else 0
            walked.append(Walk(steps, own, len(walked) % SHARDS))
    return replace(columns(walked, len(names)), channels=names)
