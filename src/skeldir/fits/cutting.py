"""Journeys cut out of the touches and conversions of some keys.

A journey ends with an order, or with nothing. Touches of one key belong to one journey until an order ends it, or
until none follows within the lookback. It counts on the days of its end: the moment of the order's first capture, or
of its last touch where no order came. Touches further back than the lookback from that moment do not count.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from skeldir.attribution import SHARDS
from skeldir.fits.columns import Journeys, Money
from skeldir.fits.packing import KEYS
from skeldir.fits.refusals import JourneyKeysUnreadable

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Ints = NDArray[np.int64]
    Flags = NDArray[np.bool_]

_TOUCH: Final = np.dtype([("key", "V16"), ("moment", ">i8"), ("channel", ">i2")])
_CONVERSION: Final = np.dtype([("key", "V16"), ("moment", ">i8")])
_MONEY: Final = np.dtype([("place", ">i4"), ("currency", "S3"), ("cents", ">i8")])


@dataclass(frozen=True, slots=True)
class Span:
    """The moments in microseconds, as the database counts them: journeys that end in [first, end) count."""

    first: int
    end: int
    lookback: int


@dataclass(frozen=True, slots=True)
class Cut:
    """Journeys that count, with the key of each and the moment on which it ended."""

    keys: NDArray[np.bytes_]
    ends: Ints
    journeys: Journeys


def cut_journeys(touches: bytes, conversions: bytes, money: bytes, span: Span) -> Cut:
    """Cut journeys out of the records of `select_touches_of_keys` and `select_conversions_of_keys`.

    Raises:
        JourneyKeysUnreadable: a key has not 16 bytes.
    """
    if len(touches) % _TOUCH.itemsize or len(conversions) % _CONVERSION.itemsize:
        raise JourneyKeysUnreadable(
            "A journey key has not 16 bytes.",
            cure="Something else than the program wrote touches or orders; `skeldir audit` shows what differs.",
        )
    events = _Events.of(np.frombuffer(touches, _TOUCH), np.frombuffer(conversions, _CONVERSION))
    ends = _ends_of(events, span)
    left = _money_of(np.frombuffer(money, _MONEY), events, ends)
    keeps, lengths = _touches_of(events, ends, span)
    return Cut(
        events.keys[ends.events],
        events.moments[ends.events],
        Journeys(
            events.channels[keeps],
            lengths,
            events.orders[ends.events] >= 0,
            events.shards[ends.events],
            left,
        ),
    )


@dataclass(frozen=True, slots=True)
class _Events:
    """Touches and conversions by key and moment, a conversion after the touches of its moment.

    `numbers` are those of the keys, from 1 in their order. `orders` is the place of a conversion among those that were
    read, and -1 for a touch.
    """

    keys: NDArray[np.bytes_]
    numbers: Ints
    moments: Ints
    channels: NDArray[np.int16]
    orders: Ints
    shards: NDArray[np.int16]

    @classmethod
    def of(
        cls,
        touches: NDArray[np.void],
        conversions: NDArray[np.void],
    ) -> _Events:
        keys = np.concatenate([touches["key"], conversions["key"]])
        words = keys.view(">u8").reshape(-1, 2)
        moments = np.concatenate([touches["moment"], conversions["moment"]]).astype(np.int64)
        count = len(touches)
        orders = np.full(len(moments), -1, np.int64)
        orders[count:] = np.arange(len(conversions))
        # Both came in their order, which a stable sort keeps where key and moment are equal.
        place = np.lexsort((orders >= 0, moments, words[:, 1], words[:, 0]))
        words = words[place]
        is_new = np.ones(len(place), np.bool_)
        is_new[1:] = (words[1:] != words[:-1]).any(axis=1)
        channels = np.zeros(len(place), np.int16)
        channels[:count] = touches["channel"]
        shards = (words[:, 1] % SHARDS).astype(np.int16)
        return cls(
            keys.view(KEYS)[place],
            np.cumsum(is_new),
            moments[place],
            channels[place],
            orders[place],
            shards,
        )


@dataclass(frozen=True, slots=True)
class _Ends:
    """The journeys that count: the event that ends each, and the first event that may belong to it."""

    events: Ints
    firsts: Ints


def _ends_of(events: _Events, span: Span) -> _Ends:
    count = len(events.numbers)
    is_order = events.orders >= 0
    follows = np.zeros(count, np.bool_)
    follows[1:] = (
        (events.numbers[1:] == events.numbers[:-1])
        & ~is_order[:-1]
        & (events.moments[1:] - events.moments[:-1] <= span.lookback)
    )
    begins = np.flatnonzero(~follows)
    ends = np.append(begins[1:], count) - 1 if count else begins
    counts = (events.moments[ends] >= span.first) & (events.moments[ends] < span.end)
    return _Ends(ends[counts], begins[counts])


def _touches_of(events: _Events, ends: _Ends, span: Span) -> tuple[Ints, Ints]:
    """Return the events that are touches of the journeys, in their order, and how many each journey has."""
    lengths = ends.events - ends.firsts + 1
    of = np.repeat(np.arange(len(lengths)), lengths)
    offsets = np.arange(len(of)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    places = ends.firsts[of] + offsets
    ages = events.moments[ends.events][of] - events.moments[places]
    counts = (events.orders[places] < 0) & (ages <= span.lookback)
    return places[counts], np.bincount(of[counts], minlength=len(lengths))


def _money_of(money: NDArray[np.void], events: _Events, ends: _Ends) -> dict[str, Money]:
    orders = events.orders[ends.events]
    journeys = np.full(int(events.orders.max(initial=-1)) + 1, -1, np.int64)
    journeys[orders[orders >= 0]] = np.flatnonzero(orders >= 0)
    left = {}
    for currency in np.unique(money["currency"]):
        some = money[money["currency"] == currency]
        journey = journeys[some["place"]]
        counts = np.flatnonzero(journey >= 0)
        in_order = counts[np.argsort(journey[counts])]
        if len(in_order):
            left[currency.decode("ascii")] = Money(
                journey[in_order], some["cents"][in_order].astype(np.int64)
            )
    return left
