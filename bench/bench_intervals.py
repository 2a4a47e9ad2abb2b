"""Claim: an interval of a fit holds the truth as often as it says.

Each of `--tenants` simulated tenants has a Markov chain of its own, drawn at random, with orders of known value, so
that what each channel earns is known. Journeys are drawn from the chain, and fitted as those of a tenant are. Of all
channels with enough data for an interval, 87 to 93 of 100 intervals of 90 % should hold the truth: for the shares of
the conversions, by the bootstrap and by the posterior, and for the shares of their value.

The truth of a Markov chain follows from its probabilities. For Shapley values it is that of 400,000 journeys more.
"""

from __future__ import annotations

from argparse import ArgumentParser
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from bench.support import show_ratio, show_table
from skeldir.attribution import (
    SHARDS,
    JourneyColumns,
    count_sets,
    shapley_values,
)
from skeldir.fits import MARKOV, SHAPLEY, FitAsked, FitTooSmall, make_fit

LEVEL_PERCENT = 90
LEAST, MOST = 0.87, 0.93
_DAY = date(2026, 1, 1)
_LONGEST = 200
_JOURNEYS_OF_TRUTH = 400_000
_BY_SIZE = (50, 200, 1_000)
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Chain:
    """A chain whose truth is known: probabilities from the start and each channel to channels, order and nothing."""

    steps: Floats
    value: Floats

    @classmethod
    def draw(cls, random: np.random.Generator) -> Chain:
        """Draw the number of channels, how likely each is, and what an order after each is worth on average."""
        channels = int(random.integers(3, 13))
        popular = random.dirichlet(np.full(channels, 1.0))
        steps = np.zeros((channels + 1, channels + 2))
        for row in range(channels + 1):
            steps[row, :channels] = random.dirichlet(20 * popular + 0.2)
        goes_on = random.uniform(0.5, 0.8, channels + 1)
        goes_on[0] = 1.0
        converts = random.uniform(0.02, 0.3, channels + 1)
        steps[:, :channels] *= goes_on[:, np.newaxis]
        steps[:, channels] = (1 - goes_on) * converts
        steps[:, channels + 1] = (1 - goes_on) * (1 - converts)
        return cls(steps, random.uniform(2_000, 20_000, channels + 1))

    def journeys(self, count: int, random: np.random.Generator) -> JourneyColumns:
        """Draw journeys, all of them one step further at a time."""
        channels = self.steps.shape[1] - 2
        edges = np.cumsum(self.steps, axis=1)
        edges[:, -1] = 1.0
        state = np.zeros(count, np.int64)
        walking, walked, ends = np.arange(count), [], np.full(count, channels + 1)
        while len(walking) and len(walked) < _LONGEST:
            ahead = (random.random(len(walking))[:, np.newaxis] >= edges[state[walking]]).sum(
                axis=1
            )
            is_end = ahead >= channels
            ends[walking[is_end]] = ahead[is_end]
            walking, ahead = walking[~is_end], ahead[~is_end]
            state[walking] = ahead + 1
            walked.append((walking, ahead))
        of = np.concatenate([who for who, _ in walked])
        order = np.argsort(of, kind="stable")
        touches = np.concatenate([where for _, where in walked])[order].astype(np.int16)
        starts = np.concatenate(([0], np.cumsum(np.bincount(of, minlength=count))))
        converted = ends == channels
        cents = np.zeros(count, np.int64)
        spread = random.lognormal(-0.5, 1.0, count)
        cents[converted] = np.round(self.value[state[converted]] * spread[converted])
        shards = random.integers(0, SHARDS, count).astype(np.int16)
        names = [f"channel_{number:02}" for number in range(channels)]
        return JourneyColumns(names, touches, starts, converted, shards, {"EUR": cents})

    def true_shares(self) -> tuple[Floats, Floats]:
        """Return the shares of the conversions and of their value that each channel earns by its removal effect."""
        channels = self.steps.shape[1] - 2
        inverse = np.linalg.inv(np.eye(channels) - self.steps[1:, :channels])
        reached = (self.steps[0, :channels] @ inverse) / np.diag(inverse)
        converts = self.steps[1:, channels]
        lost = reached * (inverse @ converts)
        lost_value = reached * (inverse @ (converts * self.value[1:]))
        return lost / lost.sum(), lost_value / lost_value.sum()


def cover(seed: int) -> Counter[tuple[str, int, bool]]:
    """Fit one tenant; return how many intervals of each kind, by size of the channel, hold the truth."""
    random = np.random.default_rng(seed)
    chain = Chain.draw(random)
    journeys = chain.journeys(int(10 ** random.uniform(3.2, 4.6)), random)
    found: Counter[tuple[str, int, bool]] = Counter()
    conversions, value = chain.true_shares()
    many = chain.journeys(_JOURNEYS_OF_TRUTH, random)
    sets = count_sets(many)
    by_sets = shapley_values(sets.conversions.sum(axis=0))
    value_by_sets = shapley_values(sets.values["EUR"].sum(axis=0))
    truths = {
        MARKOV: (conversions, value),
        SHAPLEY: (by_sets / by_sets.sum(), value_by_sets / value_by_sets.sum()),
    }
    for model, (shares, shares_of_value) in truths.items():
        asked = FitAsked(
            model,
            _DAY,
            _DAY,
            chain_order=1 if model == MARKOV else None,
            collapse_repeats=False if model == MARKOV else None,
            level_percent=LEVEL_PERCENT,
            draws=500,
            seed=seed,
        )
        try:
            result = make_fit(journeys, asked).result
        except FitTooSmall:
            return found
        for place, channel in enumerate(result.channels):
            size = next((most for most in _BY_SIZE if channel.converted < most), 0)
            parts = [
                (f"{model}, conversions", channel.share, shares[place]),
                (f"{model}, value", channel.earnings[0].share, shares_of_value[place]),
            ]
            if channel.posterior is not None:
                parts.append((f"{model}, conversions, posterior", channel.posterior, shares[place]))
            for kind, part, truth in parts:
                if part.lower is not None and part.upper is not None:
                    found[kind, size, part.lower <= truth <= part.upper] += 1
    return found


def main() -> None:
    """Simulate, fit and print how often intervals held the truth."""
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("--tenants", type=int, default=500)
    options = parser.parse_args()
    total: Counter[tuple[str, int, bool]] = Counter()
    with ProcessPoolExecutor() as pool:
        for found in pool.map(cover, range(options.tenants)):
            total += found
    rows = []
    for kind in sorted({kind for kind, _, _ in total}):
        for size in (*_BY_SIZE, 0, None):
            held, missed = (
                sum(
                    n
                    for (k, s, h), n in total.items()
                    if k == kind and h == is_held and size in (s, None)
                )
                for is_held in (True, False)
            )
            if size is None:
                share = held / (held + missed)
                show_ratio(kind, share, f"{LEAST:g} to {MOST:g}", is_met=LEAST <= share <= MOST)
            elif held + missed:
                name = f"below {size:,}" if size else f"{_BY_SIZE[-1]:,} and more"
                rows.append((kind, name, f"{held + missed:,}", f"{held / (held + missed):.1%}"))
    show_table(
        "Intervals of 90 % that hold the truth",
        ("what", "journeys of the channel that converted", "intervals", "hold it"),
        rows,
    )


if __name__ == "__main__":
    main()
