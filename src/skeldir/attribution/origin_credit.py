"""The credit of orders by where their touches came from, exact for each order. Pure.

Each pair of channel and origin is credited as if it were a channel, and each channel as a whole. An order divided over
pairs is rounded otherwise than one divided over channels, so the parts of each order are moved to add up to its
channels. Then whatever is summed over orders adds up as well: parts to channels, and orders to parts.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING, Final, NamedTuple, TypeAlias

import numpy as np

from skeldir.attribution.bounds import BOUNDS
from skeldir.attribution.computing import pack_all
from skeldir.attribution.evaluating import Channels, SumKey, sum_credit
from skeldir.attribution.models import DIRECT, SEPARATOR, channel_of
from skeldir.attribution.packing import (
    AGE_BITS,
    ENTRY_BYTES,
    ENTRY_COLUMNS,
    LARGEST_CHANNEL_NUMBER,
    OLDEST_AGE,
    PackedOrder,
)
from skeldir.attribution.splits import UNATTRIBUTED
from skeldir.money import split

if TYPE_CHECKING:
    from skeldir.attribution.orders import Reading
    from skeldir.days import LocalDays

Amounts: TypeAlias = tuple[int, int]
"""Minor units, and parts per 10**12 of conversions."""

BEFORE_CAMPAIGN: Final = "\x1e"
ALWAYS: Final = -(2**31)

_DAY_US: Final = 86_400 * 10**6
_FIRST_DAY: Final = date(1970, 1, 1).toordinal()


class OriginPiece(NamedTuple):
    """What a version credits, of the entries of an order on a day, to touches of a channel with one code."""

    order_id: str
    day: date
    version: str
    currency: str
    channel: str
    code: str
    amounts: Amounts

    @property
    def is_known(self) -> bool:
        """Whether the origin is known: a touch that was forgotten is known by its channel only."""
        return SEPARATOR in self.code or self.channel in (DIRECT, UNATTRIBUTED)

    @property
    def source_and_campaign(self) -> tuple[str | None, str | None]:
        """What is behind the channel, if touches were read with both."""
        rest = self.code.partition(SEPARATOR)[2]
        source, _, campaign = rest.partition(BEFORE_CAMPAIGN)
        return source or None, campaign or None


def credit_pieces(reading: Reading, channel: str | None = None) -> Iterator[OriginPiece]:
    """Yield the credit of the reading's orders, whose touches have codes of channel and origin; of one channel, or all.

    The pieces of an order, day, version, channel and currency add up to what the channel gets of it. Takes a fraction
    of a second for a few hundred orders.
    """
    numbering = Numbering.of(reading)
    packed = numbering.with_channel(list(pack_all(reading, BOUNDS).values()), channel)
    orders = OrdersApart.of(packed, reading.days)
    of_codes = sum_credit(orders.orders, reading.versions, Channels(numbering.codes))
    of_channels = sum_credit(
        numbering.without_origins(orders.orders), reading.versions, Channels(numbering.channels)
    )
    divided: dict[SumKey, dict[str, Amounts]] = defaultdict(dict)
    for (number, version, code, currency), (ppt, cents, _) in of_codes.items():
        of_channel = channel_of(code)
        if channel in (None, of_channel):
            divided[number, version, of_channel, currency][code] = cents, ppt
    for key, of_code in divided.items():
        number, version, of_channel, currency = key
        order_id, day = orders.place_of(number)
        ppt, cents, _ = of_channels.get(key, (0, 0, 0))
        for code, amounts in _fit(of_code, (cents, ppt)).items():
            yield OriginPiece(order_id, day, version, currency, of_channel, code, amounts)


@dataclass(frozen=True, slots=True)
class OrdersApart:
    """Orders whose sums by day are sums by order and day: each order's entries of a day are on a day of their own."""

    orders: list[PackedOrder]
    places: list[tuple[str, int]]
    """By the number of that day: the order, and the local day, in days since 1970."""

    @classmethod
    def of(cls, orders: Sequence[PackedOrder], days: LocalDays) -> OrdersApart:
        """Move the entries; that changes neither their order nor what they credit."""
        entries = np.frombuffer(b"".join([order.entries for order in orders]), ENTRY_COLUMNS).copy()
        counts = np.array([len(order.entries) // ENTRY_BYTES for order in orders], np.int64)
        order_of = np.repeat(np.arange(len(orders)), counts)
        local = days.numbers_of(entries["moment"].astype(np.int64))
        pairs, numbers = np.unique(order_of << 32 | local + (1 << 31), return_inverse=True)
        entries["moment"] = numbers * _DAY_US
        ends = np.cumsum(counts).tolist()
        return cls(
            [
                replace(order, entries=entries[end - count : end].tobytes())
                for order, count, end in zip(orders, counts.tolist(), ends, strict=True)
            ],
            [
                (orders[pair >> 32].order_id, (pair & 0xFFFFFFFF) - (1 << 31))
                for pair in pairs.tolist()
            ],
        )

    def place_of(self, number: date) -> tuple[str, date]:
        """Return the order and the local day that a day of the sums stands for."""
        order_id, day = self.places[number.toordinal() - _FIRST_DAY]
        return order_id, date.fromordinal(_FIRST_DAY + day)


def _fit(of_code: Mapping[str, Amounts], total: Amounts) -> dict[str, Amounts]:
    """Return the parts, moved to add up to `total`: less than a unit each, in proportion to the parts."""
    if len(of_code) == 1:
        return dict.fromkeys(of_code, total)
    codes = sorted(of_code)
    fitted = []
    for which in (0, 1):
        sizes = [of_code[code][which] for code in codes]
        missing = total[which] - sum(sizes)
        if missing:
            weights = [abs(size) for size in sizes]
            moved = split(missing, weights if any(weights) else [1] * len(codes))
            sizes = [size + more for size, more in zip(sizes, moved, strict=True)]
        fitted.append(sizes)
    return dict(zip(codes, zip(*fitted, strict=True), strict=True))


@dataclass(frozen=True, slots=True)
class Numbering:
    """Numbers for the codes of a reading's touches, and for their channels alone, for this reading only."""

    codes: dict[str, int]
    channels: dict[str, int]

    @classmethod
    def of(cls, reading: Reading) -> Numbering:
        """Number all codes, in the reading too.

        Paths have room for 32,768 numbers. If there are more codes, the last ones count as their channel.
        """
        sent = sorted(reading.channels_met())
        channels = dict(reading.numbers)
        for channel in sorted({channel_of(code) for code in sent} - channels.keys()):
            channels[channel] = 1 + max(channels.values(), default=0)
        numbers = dict(channels)
        codes = dict(channels)
        free = 1 + max(channels.values(), default=0)
        for code in sent:
            if code in channels:
                continue
            if free <= LARGEST_CHANNEL_NUMBER:
                numbers[code] = codes[code] = free
                free += 1
            else:
                numbers[code] = channels[channel_of(code)]
        reading.numbers = numbers
        return cls(codes, channels)

    def with_channel(
        self, orders: Sequence[PackedOrder], channel: str | None
    ) -> Sequence[PackedOrder]:
        """Return the orders with a touch of the channel; what no touch earns may be of any."""
        if channel in (None, UNATTRIBUTED):
            return orders
        is_of = np.zeros(LARGEST_CHANNEL_NUMBER + 1, np.bool_)
        is_of[[number for code, number in self.codes.items() if channel_of(code) == channel]] = True
        return [
            order
            for order in orders
            if is_of[(np.frombuffer(order.path, "<u8") >> AGE_BITS).astype(np.int64)].any()
        ]

    def without_origins(self, orders: Sequence[PackedOrder]) -> list[PackedOrder]:
        """Return the orders with the numbers of channels in their paths."""
        number_of = np.zeros(LARGEST_CHANNEL_NUMBER + 1, np.uint64)
        for code, number in self.codes.items():
            number_of[number] = self.channels[channel_of(code)]
        moved = []
        for order in orders:
            words = np.frombuffer(order.path, "<u8")
            numbers = number_of[(words >> AGE_BITS).astype(np.int64)]
            path = numbers << AGE_BITS | words & OLDEST_AGE
            moved.append(replace(order, path=path.astype("<u8").tobytes()))
        return moved
