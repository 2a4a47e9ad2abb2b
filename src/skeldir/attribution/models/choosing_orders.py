"""Choosing the order of a chain: the one that best foretells journeys it was not fitted to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from skeldir.attribution.models.chains import (
    LONGEST_ORDER,
    Floats,
    JourneyColumns,
    Transitions,
    count_transitions,
)

FOLDS: Final = 5
MOST_STATES: Final = 500
"""An order above 1 with more states is not chosen: its intervals would take minutes. It can still be asked for."""

_PRIOR: Final = 0.5


@dataclass(frozen=True, slots=True)
class OrderLikelihood:
    """How well a chain of an order foretells: the mean log-likelihood of a step, natural, and its standard error.

    The error is of the mean over the folds.
    """

    order: int
    states: int
    likelihood: float
    error: float


def choose_order(
    journeys: JourneyColumns, *, collapse_repeats: bool = False
) -> tuple[int, list[OrderLikelihood]]:
    """Return the chosen order, and the figures of all orders, by cross-validation over FOLDS parts of the journeys.

    The smallest order is chosen whose likelihood is within one standard error of the best: a longer memory that
    foretells no better only makes effects less certain. A part has the journeys of every fifth shard.
    """
    if collapse_repeats:
        journeys = journeys.collapsed()
    figures = []
    for order in range(1, LONGEST_ORDER + 1):
        chain = count_transitions(journeys, order, parts=FOLDS)
        if order > 1 and len(chain.states) > MOST_STATES:
            break
        folds = np.array([_likelihood(chain, fold) for fold in range(FOLDS)])
        folds = folds[~np.isnan(folds)]
        figures.append(
            OrderLikelihood(
                order,
                len(chain.states),
                float(folds.mean()),
                float(folds.std(ddof=1) / np.sqrt(len(folds))) if len(folds) > 1 else 0.0,
            )
        )
    best = max(figures, key=lambda figure: figure.likelihood)
    enough = best.likelihood - best.error
    return next(f.order for f in figures if f.likelihood >= enough), figures


def _likelihood(chain: Transitions, fold: int) -> float:
    """Return the mean log-likelihood of the steps of a fold by the counts of the others; NaN if the fold is empty."""
    held_out = chain.counts[fold]
    fitted = chain.total - held_out
    states = np.bincount(chain.origins, fitted.astype(np.float64), len(chain.states))
    choices = chain.channels + 2
    likely: Floats = (fitted + _PRIOR) / (states[chain.origins] + _PRIOR * choices)
    steps = int(held_out.sum())
    return float((held_out * np.log(likely)).sum() / steps) if steps else float("nan")
