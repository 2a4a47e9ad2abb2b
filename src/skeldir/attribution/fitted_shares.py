"""The shares of a fit for thousands of orders at once: those of `models.fitted`, exactly.

Most totals are divided by floats whose error is known; those that this leaves uncertain are divided in whole numbers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import lcm
from typing import Final

import numpy as np

from skeldir.attribution.columns import Flags, Floats, Ints, Window
from skeldir.attribution.dividing import Bucket, split_by_floats
from skeldir.attribution.models import channel_of
from skeldir.money import split

_ERROR: Final = 2.0**-49
"""A weight goes through a product, a quotient and a sum of its order's, each rounded; a total is rounded too."""


@dataclass(frozen=True, slots=True)
class FittedWeights:
    """The weight of each code by its number, 0 if the fit does not know its channel; and its channel's own number."""

    weights: Ints
    channels: Ints

    @classmethod
    def of(cls, codes: Sequence[str], weights: Mapping[str, int]) -> FittedWeights:
        """Look the weights of codes up; codes may name a channel and an origin."""
        channels = [channel_of(code) for code in codes]
        numbers = {channel: number for number, channel in enumerate(dict.fromkeys(channels))}
        return cls(
            np.array([weights.get(channel, 0) for channel in channels], np.int64),
            np.array([numbers[channel] for channel in channels], np.int64),
        )

    @property
    def is_known(self) -> Flags:
        """Whether each code counts."""
        return self.weights > 0


@dataclass(frozen=True, slots=True)
class FittedShares:
    """The share of each group: the weight of its channel, in the part that its touches are of those of the channel.

    `counts` are the touches of each group, and `of_channel` those of its channel in its order.
    """

    weights: Ints
    counts: Ints
    of_channel: Ints
    floats: Floats

    @classmethod
    def of(cls, window: Window, fitted: FittedWeights) -> FittedShares:
        """Weigh the groups of a window that holds touches of known channels only."""
        weights = fitted.weights[window.group_channels]
        # `unattributed`, in an order without a touch, is alone.
        weights[weights == 0] = 1
        counts = np.bincount(window.groups, minlength=len(weights))
        of_channel = counts
        if len(np.unique(fitted.channels)) < len(fitted.channels):
            width = int(fitted.channels.max()) + 1
            orders = np.repeat(np.arange(len(window.starts)), np.diff(window.group_starts))
            keys = orders * width + fitted.channels[window.group_channels]
            _, places = np.unique(keys, return_inverse=True)
            of_channel = np.bincount(places, counts)[places].astype(np.int64)
        return cls(weights, counts, of_channel, weights * (counts / of_channel))

    def split(self, bucket: Bucket, sizes: Ints) -> tuple[Ints, Flags]:
        """See `Shares`; nothing is left uncertain."""
        floats = self.floats[bucket.groups]
        shares = (floats / floats.sum(axis=0))[:, bucket.order_of]
        parts, is_uncertain = split_by_floats(
            sizes, shares, np.full(len(sizes), _ERROR + len(floats) * 2.0**-53)
        )
        for place in np.flatnonzero(is_uncertain).tolist():
            groups = bucket.groups[:, bucket.order_of[place]]
            parts[:, place] = split(int(sizes[place]), self._whole_weights(groups))
        return parts, np.zeros(len(sizes), np.bool_)

    def _whole_weights(self, groups: Ints) -> list[int]:
        of_channel = self.of_channel[groups].tolist()
        common = lcm(*of_channel)
        return [
            weight * count * (common // whole)
            for weight, count, whole in zip(
                self.weights[groups].tolist(), self.counts[groups].tolist(), of_channel, strict=True
            )
        ]
