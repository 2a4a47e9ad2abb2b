"""Making a fit: what each channel earns of the conversions, and of their money, by what journeys show."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from math import ceil, floor
from typing import TYPE_CHECKING, Final

import numpy as np

from skeldir.attribution import (
    bootstrap_effects,
    bootstrap_shapley,
    choose_order,
    count_journeys,
    count_sets,
    count_transitions,
    interval,
    posterior_effects,
    removal_effects,
    shapley_by_sets,
    shapley_values,
    shares_of_sum,
)
from skeldir.fits.asking import MARKOV
from skeldir.fits.refusals import FitTooLong, FitTooSmall
from skeldir.fits.schemas import ChannelEarning, ChannelFit, FitResult, Part
from skeldir.money import split

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from skeldir.attribution import (
        ChannelSets,
        Floats,
        JourneyColumns,
        OrderLikelihood,
        Transitions,
    )
    from skeldir.fits.asking import FitAsked

    Ints = NDArray[np.int64]
    Flags = NDArray[np.bool_]

FEWEST_JOURNEYS: Final = 500
FEWEST_CONVERSIONS: Final = 100
"""Of journeys with a touch; a fit of fewer is refused."""

FEWEST_OF_CHANNEL: Final = 50
"""A channel on fewer journeys that converted has no interval: it could not be trusted."""

_PARTS: Final = 10**12
"""Of the money of a currency, by which it is divided to the minor unit."""


@dataclass(frozen=True, slots=True)
class Fitted:
    """A fit that is not stored yet."""

    journeys: int
    conversions: int
    touches: int
    chain_order: int | None
    data_sha256: bytes
    result: FitResult


def require_enough(journeys: JourneyColumns) -> None:
    """Raise FitTooSmall for fewer journeys or conversions than FEWEST_JOURNEYS and FEWEST_CONVERSIONS."""
    conversions = int(np.count_nonzero(journeys.converted))
    if len(journeys) < FEWEST_JOURNEYS or conversions < FEWEST_CONVERSIONS:
        raise FitTooSmall(
            f"On these days {len(journeys)} journeys with a touch ended, {conversions} of them with an order.",
            cure=f"A fit needs {FEWEST_JOURNEYS} journeys and {FEWEST_CONVERSIONS} orders at least: "
            "choose more days, or wait for more data.",
        )


def make_fit(journeys: JourneyColumns, asked: FitAsked, *, most_steps: int | None = None) -> Fitted:
    """Make a fit of journeys; the same journeys in any order give the same, to the last bit.

    `most_steps` limits the draws of a chain, each of which inverts a matrix: draws times the cube of its states.

    Raises:
        FitTooSmall: there are too few journeys, see `require_enough`.
        FitTooLong: there are too many states for the draws.
        ChannelsTooMany: there are too many channels.
    """
    require_enough(journeys)
    counted = {name: int(cents.sum()) for name, cents in journeys.values.items()}
    worth = {name: cents for name, cents in counted.items() if cents > 0}
    if asked.model == MARKOV:
        return _fit_chain(journeys, asked, worth, most_steps)
    return _fit_sets(journeys, asked, worth)


def _fit_chain(
    journeys: JourneyColumns, asked: FitAsked, worth: Mapping[str, int], most_steps: int | None
) -> Fitted:
    collapse, order = bool(asked.collapse_repeats), asked.chain_order
    figures: list[OrderLikelihood] = []
    if order is None:
        order, figures = choose_order(journeys, collapse_repeats=collapse)
    chain = count_transitions(journeys, order, collapse_repeats=collapse)
    if most_steps is not None and asked.draws * len(chain.states) ** 3 > most_steps:
        raise FitTooLong(
            f"The chain has {len(chain.states)} states, of which {asked.draws} draws would take too long.",
            cure="Ask for fewer draws or a smaller order; `skeldir models fit` has no such limit.",
        )
    exact = removal_effects(chain)
    draws = bootstrap_effects(chain, asked.draws, asked.seed)
    conversions = _Estimate(exact.conversions, draws.conversions)
    money = {name: _Estimate(exact.values[name], draws.values[name]) for name in worth}
    posterior = interval(
        shares_of_sum(posterior_effects(chain, asked.draws, asked.seed).conversions),
        asked.level_percent / 100,
    )
    probability = interval(draws.probabilities[:, np.newaxis], asked.level_percent / 100)
    result = FitResult(
        channels=_channels(
            journeys,
            conversions,
            money,
            worth,
            asked,
            has_effects=True,
            posterior=(posterior.lower, posterior.upper),
        ),
        conversion_probability=Part(
            float(exact.probabilities[0]), float(probability.lower[0]), float(probability.upper[0])
        ),
        orders=figures,
        largest_difference=None,
        without_touch=0,
        without_key=0,
        over_refunded=0,
    )
    return _fitted(journeys, order, _digest_chain(journeys, chain), result)


def _fit_sets(journeys: JourneyColumns, asked: FitAsked, worth: Mapping[str, int]) -> Fitted:
    sets = count_sets(journeys)
    drawn, drawn_money = bootstrap_shapley(sets, asked.draws, asked.seed)
    exact = shapley_values(sets.conversions.sum(axis=0))
    conversions = _Estimate(exact[np.newaxis], drawn)
    money = {
        name: _Estimate(
            shapley_values(sets.values[name].sum(axis=0))[np.newaxis], drawn_money[name]
        )
        for name in worth
    }
    difference = None
    if sets.sets is not None and sets.in_sets is not None:
        by_sets = shapley_by_sets(sets.channels, sets.sets, sets.in_sets)
        difference = float(np.abs(by_sets - exact).max())
    result = FitResult(
        channels=_channels(journeys, conversions, money, worth, asked, has_effects=False),
        conversion_probability=None,
        orders=[],
        largest_difference=difference,
        without_touch=0,
        without_key=0,
        over_refunded=0,
    )
    return _fitted(journeys, None, _digest_sets(journeys, sets), result)


@dataclass(frozen=True, slots=True)
class _Estimate:
    """Amounts per channel: the exact ones in one row, and those of the draws in a row each."""

    exact: Floats
    drawn: Floats

    def shares(self, level: float, enough: Flags) -> list[Part]:
        """Return the share of each channel, with its interval."""
        ends = interval(shares_of_sum(self.drawn), level)
        return _parts(shares_of_sum(self.exact)[0], ends.lower, ends.upper, enough)

    def effects(self, level: float, enough: Flags) -> list[Part]:
        """Return the amounts themselves."""
        ends = interval(self.drawn, level)
        return _parts(self.exact[0], ends.lower, ends.upper, enough)


def _parts(exact: Floats, lower: Floats, upper: Floats, enough: Flags) -> list[Part]:
    # An interval holds its estimate, also where a skewed draw would leave it just outside.
    return [
        Part(value, min(low, value), max(high, value)) if is_enough else Part(value, None, None)
        for value, low, high, is_enough in zip(
            exact.tolist(), lower.tolist(), upper.tolist(), enough.tolist(), strict=True
        )
    ]


def _channels(
    journeys: JourneyColumns,
    conversions: _Estimate,
    money: Mapping[str, _Estimate],
    worth: Mapping[str, int],
    asked: FitAsked,
    *,
    has_effects: bool,
    posterior: tuple[Floats, Floats] | None = None,
) -> list[ChannelFit]:
    counted = _Counted.of(journeys)
    enough = counted.converted >= FEWEST_OF_CHANNEL
    total = int(np.count_nonzero(journeys.converted))
    of_conversions = conversions.shares(asked.level_percent / 100, enough)
    effects: Sequence[Part | None] = (
        conversions.effects(asked.level_percent / 100, enough)
        if has_effects
        else [None] * len(enough)
    )
    own = (
        _parts(np.array([part.value for part in of_conversions]), *posterior, enough)
        if posterior
        else None
    )
    earnings = _earnings(money, worth, asked.level_percent / 100, counted)
    return [
        ChannelFit(
            channel=channel,
            journeys=int(counted.touched[place]),
            converted=int(counted.converted[place]),
            has_enough_data=bool(enough[place]),
            removal_effect=effects[place],
            share=of_conversions[place],
            posterior=None if own is None else own[place],
            conversions=_times(of_conversions[place], total),
            earnings=[earning[place] for earning in earnings],
        )
        for place, channel in enumerate(journeys.channels)
    ]


def _earnings(
    money: Mapping[str, _Estimate], worth: Mapping[str, int], level: float, counted: _Counted
) -> list[list[ChannelEarning]]:
    """Return for each currency what each channel earns; the minor units add up to all that there is."""
    found = []
    for currency, estimate in money.items():
        total = worth[currency]
        parts = estimate.shares(level, counted.paid[currency] >= FEWEST_OF_CHANNEL)
        cents = split(total, [round(part.value * _PARTS) for part in parts])
        found.append(
            [
                ChannelEarning(
                    currency=currency,
                    share=part,
                    cents=own,
                    lower_cents=None if part.lower is None else min(own, floor(total * part.lower)),
                    upper_cents=None if part.upper is None else max(own, ceil(total * part.upper)),
                )
                for part, own in zip(parts, cents, strict=True)
            ]
        )
    return found


def _times(part: Part, total: int) -> Part:
    if part.lower is None or part.upper is None:
        return Part(part.value * total, None, None)
    return Part(part.value * total, part.lower * total, part.upper * total)


@dataclass(frozen=True, slots=True)
class _Counted:
    """On how many journeys each channel is, on how many that converted, and that left money of each currency."""

    touched: Ints
    converted: Ints
    paid: Mapping[str, Ints]

    @classmethod
    def of(cls, journeys: JourneyColumns) -> _Counted:
        return cls(
            count_journeys(journeys),
            count_journeys(journeys.only(journeys.converted)),
            {
                currency: count_journeys(journeys.only(cents > 0))
                for currency, cents in journeys.values.items()
            },
        )


def _fitted(
    journeys: JourneyColumns, chain_order: int | None, digest: bytes, result: FitResult
) -> Fitted:
    return Fitted(
        len(journeys),
        int(np.count_nonzero(journeys.converted)),
        len(journeys.touches),
        chain_order,
        digest,
        result,
    )


def _digest_chain(journeys: JourneyColumns, chain: Transitions) -> bytes:
    digest = _begin_digest(journeys)
    for array in (chain.states, chain.origins, chain.nexts, chain.counts):
        _add_rows(digest, array.shape, array)
    for name in sorted(chain.values):
        _add_rows(digest, chain.counts.shape, _by_cell(chain, chain.values[name]))
    return digest.digest()


def _by_cell(chain: Transitions, of_converting: Ints) -> Iterator[Ints]:
    """Return by part what each cell has, of which only those that convert have any."""
    for sums in of_converting:
        every = np.zeros(len(chain.nexts), np.int64)
        every[chain.converting] = sums
        yield every


def _digest_sets(journeys: JourneyColumns, sets: ChannelSets) -> bytes:
    digest = _begin_digest(journeys)
    for array in (sets.conversions, *(sets.values[name] for name in sorted(sets.values))):
        _add_rows(digest, array.shape, array)
    return digest.digest()


def _begin_digest(journeys: JourneyColumns) -> hashlib._Hash:
    """Begin the SHA-256 of channels, currencies and counts, which are the same whichever order the facts came in."""
    digest = hashlib.sha256()
    digest.update("\n".join([*journeys.channels, "", *sorted(journeys.values)]).encode())
    return digest


def _add_rows(
    digest: hashlib._Hash, shape: tuple[int, ...], rows: Iterable[NDArray[np.integer]]
) -> None:
    digest.update(str(shape).encode())
    for row in rows:
        digest.update(row.astype("<i8").tobytes())
