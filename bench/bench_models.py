"""Claim: in memory, data-driven models cost little more than reading the touches.

A generated 1,000,000 journeys with 4.3 million touches of 12 channels; 5 % convert. The touches are in the order of
time, as they were recorded, with a journey number and a channel each, so that those of a journey are not together:
putting them together is part of what is measured. Each figure is the median of five runs, in a process of its own,
whose largest memory above that of the data is shown too. A thousand draws of the posterior of 12 channels must take at
most 50 ms.
"""

from __future__ import annotations

import multiprocessing
import resource
import statistics
import time
from argparse import Namespace
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from bench.support import make_parser, show_ratio, show_table
from skeldir.attribution import (
    SHARDS,
    JourneyColumns,
    Transitions,
    bootstrap_effects,
    bootstrap_shapley,
    count_sets,
    count_transitions,
    posterior_effects,
    removal_effects,
    shapley_values,
)

JOURNEYS = 1_000_000
CHANNELS = 12
TOUCHES_OF_JOURNEY = 4.3
LONGEST = 60
DAYS_S = 90 * 86_400
DRAWS = 1_000
MOST_MS_OF_DRAWS = 50
REPEATS = 5
_PLACE_BITS = 27
_CHANNEL_BITS = 4


@dataclass(frozen=True, slots=True)
class RawTouches:
    """Touches in time order, by journey number and channel number; and of each journey, how it ended."""

    journeys: npt.NDArray[np.int64]
    channels: npt.NDArray[np.uint8]
    converted: npt.NDArray[np.bool_]
    values: npt.NDArray[np.int64]


def make_touches(journeys: int) -> RawTouches:
    """Generate touches: channels are rare and common, and depend on the one before; the seed is fixed."""
    random = np.random.default_rng(17)
    lengths = np.minimum(random.geometric(1 / TOUCHES_OF_JOURNEY, journeys), LONGEST)
    starts = np.cumsum(lengths) - lengths
    owners = np.repeat(np.arange(journeys), lengths)
    places = np.arange(len(owners)) - starts[owners]
    common = random.dirichlet(np.full(CHANNELS, 0.8))
    drawn = random.choice(CHANNELS, len(owners), p=common)
    channels = np.where(random.random(len(owners)) < 0.4, np.roll(drawn, 1), drawn)
    moments = random.integers(0, DAYS_S, journeys)[owners] + places * 3600
    order = np.argsort(moments, kind="stable")
    converted = random.random(journeys) < 0.05
    values = np.where(converted, np.rint(random.lognormal(8.5, 0.8, journeys)), 0).astype(np.int64)
    return RawTouches(owners[order], channels.astype(np.uint8)[order], converted, values)


def group_touches(touches: RawTouches) -> JourneyColumns:
    """Put the touches of each journey together, in their order: one sort of journey, place and channel in 64 bits."""
    places = np.arange(len(touches.journeys))
    keys = touches.journeys << _PLACE_BITS | places << _CHANNEL_BITS | touches.channels
    keys.sort()
    lengths = np.bincount(touches.journeys, minlength=len(touches.converted))
    channels = (keys & ((1 << _CHANNEL_BITS) - 1)).astype(np.int16)
    return JourneyColumns(
        [f"channel_{number:02}" for number in range(CHANNELS)],
        channels,
        np.concatenate(([0], np.cumsum(lengths))),
        touches.converted,
        (np.arange(len(lengths)) % SHARDS).astype(np.int16),
        {"EUR": touches.values},
    )


def fit_markov(touches: RawTouches) -> None:
    """From raw touches to the removal effects for conversions and value."""
    removal_effects(count_transitions(group_touches(touches)))


def fit_markov_and_shapley(touches: RawTouches) -> None:
    """The same, and Shapley values of the same journeys."""
    columns = group_touches(touches)
    removal_effects(count_transitions(columns))
    shapley_values(count_sets(columns).conversions.sum(axis=0))


def _counts(touches: RawTouches, order: int = 1) -> Transitions:
    return count_transitions(group_touches(touches), order)


Prepared = Callable[[], object]
"""What is measured, with everything before it done."""

MEASURED: dict[str, Callable[[RawTouches], Prepared]] = {
    "raw touches to Markov, conversions and value": lambda raw: lambda: fit_markov(raw),
    "raw touches to Markov and Shapley": lambda raw: lambda: fit_markov_and_shapley(raw),
    "journeys together to counts of order 1": lambda raw: (
        lambda columns: lambda: count_transitions(columns)
    )(group_touches(raw)),
    "journeys together to counts of order 4": lambda raw: (
        lambda columns: lambda: count_transitions(columns, 4)
    )(group_touches(raw)),
    "counts of order 1 to effects": lambda raw: (lambda counts: lambda: removal_effects(counts))(
        _counts(raw)
    ),
    "counts of order 2 to effects": lambda raw: (lambda counts: lambda: removal_effects(counts))(
        _counts(raw, 2)
    ),
    "1,000 draws of the posterior": lambda raw: (
        lambda counts: lambda: posterior_effects(counts, DRAWS, 1)
    )(_counts(raw)),
    "1,000 draws of the bootstrap, conversions and value": lambda raw: (
        lambda counts: lambda: bootstrap_effects(counts, DRAWS, 1)
    )(_counts(raw)),
    "1,000 draws of the bootstrap of Shapley values": lambda raw: (
        lambda sets: lambda: bootstrap_shapley(sets, DRAWS, 1)
    )(count_sets(group_touches(raw))),
}


@dataclass(frozen=True, slots=True)
class Measured:
    """Medians of the elapsed and the processor time, in seconds, and memory above what was there before, in bytes."""

    elapsed_s: float
    processor_s: float
    memory: int


def measure_one(name: str, journeys: int) -> Measured:
    """Measure in this process, which does nothing else."""
    prepared = MEASURED[name](make_touches(journeys))
    before = _peak_memory()
    elapsed, processor = [], []
    for _ in range(REPEATS):
        began, began_processor = time.perf_counter(), time.process_time()
        prepared()
        elapsed.append(time.perf_counter() - began)
        processor.append(time.process_time() - began_processor)
    return Measured(
        statistics.median(elapsed), statistics.median(processor), _peak_memory() - before
    )


def _peak_memory() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def measure(options: Namespace) -> None:
    """Measure everything, one after another, and print the figures."""
    journeys = 20_000 if options.quick else options.journeys
    context = multiprocessing.get_context("spawn")
    found = {}
    for name in MEASURED:
        with ProcessPoolExecutor(1, mp_context=context) as process:
            found[name] = process.submit(measure_one, name, journeys).result()
    rows = [
        [
            name,
            f"{one.elapsed_s * 1e3:,.1f}",
            f"{one.processor_s * 1e3:,.1f}",
            f"{one.memory / 2**20:,.0f}",
        ]
        for name, one in found.items()
    ]
    columns = ["", "elapsed, ms", "processor, ms", "memory peak above the data, MiB"]
    show_table(f"{journeys:,} journeys, medians of {REPEATS}", columns, rows)
    draws = found["1,000 draws of the posterior"].elapsed_s * 1e3
    asked = f"at most {MOST_MS_OF_DRAWS}"
    show_ratio("Draws of the posterior, ms", draws, asked, is_met=draws <= MOST_MS_OF_DRAWS)


def main() -> None:
    """Read the options and measure."""
    parser = make_parser(__doc__)
    parser.add_argument("--journeys", type=int, default=JOURNEYS)
    measure(parser.parse_args())


if __name__ == "__main__":
    main()
