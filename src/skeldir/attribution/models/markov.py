"""Markov chains of journeys: by how much conversions fall when a channel is removed, exactly.

With s the start's probabilities, Q those between the other states, r those of converting and N the inverse of I - Q, a
journey converts with probability p = s N r. Without the states S that end in a channel, a share of
(sN)_S (N_SS)^-1 (Nr)_S / p of that is lost: the removal effect of the channel. One inverse serves all channels. For
the value of conversions, r has what converting in a state is worth on average, times its probability. Source: Anderl
et al., "Mapping the customer journey", 2016; the closed form follows from an update of rank 1.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from skeldir.attribution.models.chains import Floats, Transitions

LARGEST_INVERSE: Final = 2_000
_MOST_STEPS: Final = 200_000
# Some 64 MB of matrices at a time.
_NUMBERS_AT_A_TIME: Final = 8_000_000


@dataclass(frozen=True, slots=True)
class RemovalEffects:
    """The removal effect of each channel, from 0 to 1; a row per draw, and a column per channel.

    `probabilities` has the probability that a journey converts. `values` has the effects on the value of each
    currency. Where nothing converts, or is worth nothing, the effects are not a number.
    """

    probabilities: Floats
    conversions: Floats
    values: Mapping[str, Floats]


def removal_effects(chain: Transitions) -> RemovalEffects:
    """Return the effects of the journeys as they were counted: one row."""
    sums = {currency: cells.sum(axis=0)[np.newaxis] for currency, cells in chain.values.items()}
    return effects_of_draws(chain, chain.total[np.newaxis], sums)


def effects_of_draws(
    chain: Transitions,
    counts: NDArray[np.int64] | Floats,
    values: Mapping[str, NDArray[np.int64] | Floats],
) -> RemovalEffects:
    """Return the effects for other counts of the same cells, and values of those that convert; a row per draw.

    They need not be whole. A state that does not occur in a draw has no effect there.
    """
    draws, states = len(counts), len(chain.states)
    if states - 1 > LARGEST_INVERSE:
        return join_effects([_by_steps(chain, counts, values, draw) for draw in range(draws)])
    step = max(1, _NUMBERS_AT_A_TIME // states**2)
    return join_effects(
        [
            _by_inverse(
                chain,
                counts[some : some + step].astype(np.float64),
                {name: cells[some : some + step] for name, cells in values.items()},
            )
            for some in range(0, draws, step)
        ]
    )


def join_effects(parts: list[RemovalEffects]) -> RemovalEffects:
    """Return the rows of all parts, which have the same currencies."""
    if len(parts) == 1:
        return parts[0]
    return RemovalEffects(
        np.concatenate([part.probabilities for part in parts]),
        np.concatenate([part.conversions for part in parts]),
        {name: np.concatenate([part.values[name] for part in parts]) for name in parts[0].values},
    )


def _by_inverse(
    chain: Transitions, counts: Floats, values: Mapping[str, NDArray[np.int64] | Floats]
) -> RemovalEffects:
    draws, states = len(counts), len(chain.states)
    goes_on = chain.targets >= 0
    between = np.zeros((draws, states, states))
    between[:, chain.origins[goes_on], chain.targets[goes_on]] = counts[:, goes_on]
    ends = _sums_by_state(chain, counts, chain.nexts >= chain.channels)
    totals = between.sum(axis=2) + ends
    scale = np.divide(1.0, totals, out=np.zeros_like(totals), where=totals > 0)
    between *= scale[:, :, np.newaxis]
    inverse: Floats = np.linalg.inv(np.eye(states - 1) - between[:, 1:, 1:]).astype(np.float64)
    visits: Floats = np.matmul(between[:, :1, 1:], inverse)[:, 0]
    reached = {
        name: np.matmul(inverse, (_gains(chain, gains) * scale)[:, 1:, np.newaxis])[:, :, 0]
        for name, gains in {"": counts[:, chain.converting], **values}.items()
    }
    first = _first_visits(chain, visits, inverse)
    starts = between[:, 0, 1:]
    totals_of = {name: (starts * ahead).sum(axis=1) for name, ahead in reached.items()}
    effects = {
        name: _shares_lost(chain, first * ahead, totals_of[name]) for name, ahead in reached.items()
    }
    return RemovalEffects(totals_of[""], effects.pop(""), effects)


def _sums_by_state(
    chain: Transitions, cells: NDArray[np.int64] | Floats, which: NDArray[np.bool_]
) -> Floats:
    """Return the sums of some cells by their state; a state has few of them."""
    sums = np.zeros((len(cells), len(chain.states)))
    for following in np.unique(chain.nexts[which]):
        some = chain.nexts == following
        sums[:, chain.origins[some]] += cells[:, some]
    return sums


def _gains(chain: Transitions, of_cells: NDArray[np.int64] | Floats) -> Floats:
    """Return by state what its cell that converts has."""
    gains = np.zeros((len(of_cells), len(chain.states)))
    gains[:, chain.origins[chain.converting]] = of_cells
    return gains


def _first_visits(chain: Transitions, visits: Floats, inverse: Floats) -> Floats:
    """Return the probability that a journey's first state of its last channel is this one, for each state."""
    last = chain.last_channels[1:]
    if chain.order == 1:
        diagonal: Floats = np.diagonal(inverse, axis1=1, axis2=2)
        return visits / diagonal
    first = np.zeros_like(visits)
    for channel in range(chain.channels):
        own = np.flatnonzero(last == channel)
        if len(own):
            block = inverse[:, own[:, np.newaxis], own]
            transposed = np.swapaxes(block, 1, 2)
            first[:, own] = np.linalg.solve(transposed, visits[:, own, np.newaxis])[:, :, 0]
    return first


def _shares_lost(chain: Transitions, lost: Floats, total: Floats) -> Floats:
    """Return by channel which share of the total is lost with its states; rounding may not leave 0 to 1."""
    by_channel = np.zeros((len(lost), chain.channels))
    for place, channel in enumerate(chain.last_channels[1:].tolist()):
        by_channel[:, channel] += lost[:, place]
    shares = np.full_like(by_channel, np.nan)
    np.divide(by_channel, total[:, np.newaxis], out=shares, where=total[:, np.newaxis] > 0)
    return np.clip(shares, 0.0, 1.0, out=shares)


def _by_steps(
    chain: Transitions,
    counts: NDArray[np.int64] | Floats,
    values: Mapping[str, NDArray[np.int64] | Floats],
    draw: int,
) -> RemovalEffects:
    """Follow all journeys step by step: the inverse for this many states would not fit into memory.

    All terms are positive, so that the sums are as exact as an inverse would be.
    """
    states = len(chain.states)
    own = counts[draw].astype(np.float64)
    totals = np.bincount(chain.origins, own, states)
    shares = np.divide(
        own, totals[chain.origins], out=np.zeros_like(own), where=totals[chain.origins] > 0
    )
    goes_on = chain.targets >= 0
    origins, targets, along = chain.origins[goes_on], chain.targets[goes_on], shares[goes_on]

    def follow(is_open: NDArray[np.bool_]) -> Floats:
        """Return how often each state is reached by journeys that go on from open states only."""
        now: Floats = np.zeros(states)
        now[0] = 1.0
        reached = now.copy()
        for _ in range(_MOST_STEPS):
            now = np.bincount(targets, (now * is_open)[origins] * along, states).astype(np.float64)
            after = reached + now
            if np.array_equal(after, reached):
                return reached
            reached = after
        raise ArithmeticError("The journeys of a chain do not end.")

    everywhere = follow(np.ones(states, np.bool_))
    worth = {"": counts[draw : draw + 1, chain.converting]}
    worth |= {name: gains[draw : draw + 1] for name, gains in values.items()}
    per_visit = {
        name: np.divide(_gains(chain, gains)[0], totals, out=np.zeros(states), where=totals > 0)
        for name, gains in worth.items()
    }
    total = {name: float((everywhere * gain).sum()) for name, gain in per_visit.items()}
    effects = {name: np.full((1, chain.channels), np.nan) for name in worth}
    for channel in range(chain.channels):
        is_open = chain.last_channels != channel
        left = follow(is_open) * is_open
        for name, gain in per_visit.items():
            if total[name] > 0:
                effects[name][0, channel] = 1.0 - float((left * gain).sum()) / total[name]
    clipped = {name: np.clip(shares, 0.0, 1.0) for name, shares in effects.items()}
    return RemovalEffects(np.array([total[""]]), clipped.pop(""), clipped)
