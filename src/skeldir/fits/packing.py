"""The stored form of the journeys that ended on one day: a small header, then column by column.

Numbers are little-endian, and as wide as the largest of the day needs, so that whole days are read without a loop over
journeys. A journey takes about 10 bytes, and one or two for each of its touches; its key takes 16 beside.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final

import numpy as np

from skeldir.fits.columns import Journeys, Money

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Ints = NDArray[np.int64]

KEYS: Final = np.dtype("S16")
"""A journey key. numpy ignores zeros at its end only between keys that differ in nothing else: all have 16 bytes."""

_HEADER: Final = struct.Struct("<BBxxIII")
_MONEY: Final = struct.Struct("<3sBI")
_IS_CONVERTED: Final = 0x8000
_SHARD: Final = 0x7FFF
_COUNTS: Final = ("<u1", "<u2", "<u4")
_CENTS: Final = ("<i4", "<i8")


def pack_journeys(journeys: Journeys) -> bytes:
    """Return the stored form of journeys."""
    lengths = _narrow(journeys.lengths, _COUNTS)
    touches = _narrow(journeys.touches.astype(np.int64), _COUNTS)
    ends = journeys.shards.astype("<u2") | np.where(journeys.converted, _IS_CONVERTED, 0).astype(
        "<u2"
    )
    parts = [
        _HEADER.pack(
            lengths.itemsize,
            touches.itemsize,
            len(lengths),
            len(touches),
            len(journeys.money),
        ),
        ends.tobytes(),
        lengths.tobytes(),
        touches.tobytes(),
    ]
    for currency, money in sorted(journeys.money.items()):
        cents = _narrow(money.cents, _CENTS)
        parts += [
            _MONEY.pack(currency.encode("ascii"), cents.itemsize, len(cents)),
            money.journeys.astype("<u4").tobytes(),
            cents.tobytes(),
        ]
    return b"".join(parts)


def unpack_journeys(packed: bytes) -> Journeys:
    """Return the journeys of a stored form; its columns are as narrow as they were stored."""
    length_bytes, touch_bytes, journeys, touches, currencies = _HEADER.unpack_from(packed)
    columns = _Columns(packed, _HEADER.size)
    ends = columns.take("<u2", journeys)
    lengths = columns.take(f"<u{length_bytes}", journeys)
    channels = columns.take(f"<u{touch_bytes}", touches).astype(np.int16)
    money = {}
    for _ in range(currencies):
        currency, cents_bytes, orders = _MONEY.unpack_from(packed, columns.place)
        columns.place += _MONEY.size
        places = columns.take("<u4", orders)
        cents = columns.take(f"<i{cents_bytes}", orders)
        money[currency.decode("ascii")] = Money(places.astype(np.int64), cents.astype(np.int64))
    return Journeys(channels, lengths, ends >= _IS_CONVERTED, ends & _SHARD, money)


class _Columns:
    def __init__(self, packed: bytes, place: int) -> None:
        self._packed = packed
        self.place = place

    def take(self, dtype: str, count: int) -> Ints:
        column = np.frombuffer(self._packed, dtype, count, self.place)
        self.place += column.nbytes
        return column


def _narrow(column: Ints, dtypes: tuple[str, ...]) -> Ints:
    """Return a column in the first type that holds all of it."""
    least, most = int(column.min(initial=0)), int(column.max(initial=0))
    for dtype in dtypes:
        limits = np.iinfo(dtype)
        if limits.min <= least and most <= limits.max:
            return column.astype(dtype)
    return column.astype(dtypes[-1])
