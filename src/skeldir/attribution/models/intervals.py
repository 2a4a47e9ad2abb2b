"""Intervals of what channels earn by a fit: how far other journeys of the same kind might have moved it.

Two ways. The bootstrap draws the shards of journeys again, with replacement: it knows that the steps of one journey
belong together, and what the money of single orders does to a sum. The posterior draws the probabilities of each state
from a Dirichlet distribution around its counts, and is quicker; it covers conversions only, and is a little too
narrow.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, TypeVar

import numpy as np

from skeldir.attribution.models.chains import Floats, Ints, Transitions
from skeldir.attribution.models.markov import RemovalEffects, effects_of_draws, join_effects
from skeldir.attribution.models.shapley import ChannelSets, shapley_values

PRIOR: Final = 0.05
"""What is added to each count of the posterior: 1 would move rare channels by two standard deviations."""

_NUMBERS_AT_A_TIME: Final = 4_000_000

_Draws = TypeVar("_Draws", Ints, Floats)


@dataclass(frozen=True, slots=True)
class Interval:
    """The lower and the upper end of the interval of each channel's share or effect."""

    lower: Floats
    upper: Floats


def resample(shards: int, draws: int, seed: int) -> Floats:
    """Return how often each shard is drawn: a row per draw, a column per shard."""
    random = np.random.Generator(np.random.PCG64(seed))
    return random.multinomial(shards, np.full(shards, 1 / shards), size=draws).astype(np.float64)


def bootstrap_effects(chain: Transitions, draws: int, seed: int) -> RemovalEffects:
    """Return the removal effects of journeys that are drawn again, shard by shard."""
    # Products of whole numbers below 2 ** 53 are exact, in whichever order they are added.
    counts = chain.counts.astype(np.float64)
    values = {name: cells.astype(np.float64) for name, cells in chain.values.items() if cells.any()}
    return join_effects(
        [
            effects_of_draws(
                chain, weights @ counts, {name: weights @ cells for name, cells in values.items()}
            )
            for weights in _in_parts(resample(len(counts), draws, seed), counts.shape[1])
        ]
    )


def bootstrap_shapley(
    sets: ChannelSets, draws: int, seed: int
) -> tuple[Floats, Mapping[str, Floats]]:
    """Return the Shapley values of journeys that are drawn again: of conversions, and of each currency's money."""
    drawn = resample(len(sets.conversions), draws, seed)

    def draw(by_shard: Ints) -> Floats:
        shards, *shape = by_shard.shape
        flat = by_shard.reshape(shards, -1).astype(np.float64)
        return np.concatenate(
            [
                shapley_values((weights @ flat).reshape(len(weights), *shape))
                for weights in _in_parts(drawn, flat.shape[1])
            ]
        )

    return draw(sets.conversions), {
        name: draw(sums) for name, sums in sets.values.items() if sums.any()
    }


def posterior_effects(chain: Transitions, draws: int, seed: int) -> RemovalEffects:
    """Return the removal effects for probabilities drawn around the counts; those of conversions only.

    At order 1 each channel may follow each, even where it never did; of longer states only what occurred.
    """
    random = np.random.Generator(np.random.PCG64(seed))
    spread = _every_cell(chain) if chain.order == 1 else chain
    around = spread.total.astype(np.float64) + PRIOR
    return join_effects(
        [
            effects_of_draws(spread, random.standard_gamma(around, (len(part), len(around))), {})
            for part in _in_parts(np.arange(draws), len(around))
        ]
    )


def _in_parts(draws: _Draws, numbers_of_each: int) -> list[_Draws]:
    """Return the draws in parts of which each has some million numbers."""
    step = max(1, _NUMBERS_AT_A_TIME // numbers_of_each)
    return [draws[first : first + step] for first in range(0, len(draws), step)]


def _every_cell(chain: Transitions) -> Transitions:
    """Return the counts of all cells of a chain of order 1; a journey does not end at its start."""
    channels = chain.channels
    full = np.zeros((len(chain.states), channels + 2), np.int32)
    full[chain.origins, chain.nexts] = chain.total
    possible = np.ones(full.shape, np.bool_)
    # Only states that occur are followed by anything.
    possible[:, :channels] = np.isin(np.arange(channels) + 1, chain.states)
    possible[0, channels:] = False
    origins, nexts = np.nonzero(possible)
    return Transitions(1, channels, chain.states, origins, nexts, full[possible][np.newaxis], {})


def shares_of_sum(amounts: Floats) -> Floats:
    """Return the amounts of the channels as shares of their sum; a row without any is not a number."""
    sums = amounts.sum(axis=1, keepdims=True)
    result = np.full_like(amounts, np.nan)
    np.divide(amounts, sums, out=result, where=sums > 0)
    return result


def interval(of_draws: Floats, level: float) -> Interval:
    """Return the interval that leaves out equal parts of the draws on both sides.

    Draws that are no number do not count.
    """
    usable = of_draws[~np.isnan(of_draws).any(axis=1)]
    if not len(usable):
        nothing = np.full(of_draws.shape[1], np.nan)
        return Interval(nothing, nothing.copy())
    lower, upper = np.quantile(usable, [(1 - level) / 2, (1 + level) / 2], axis=0)
    return Interval(lower, upper)
