"""Powers of one half in whole numbers, the same to the last bit on every machine.

`math.exp2` and `**` call the C library, whose results differ in the last bit between systems and
releases; credit rebuilt on another machine would then not agree row by row. Here the fraction of the
exponent has 56 bits: the powers of its three high digits, of ten bits each, are looked up, and the
26 bits that remain are so small that 2^-x is 1 - x ln 2, with an error under 2^-61.
"""

from __future__ import annotations

from math import isqrt
from typing import Final

_DIGIT_BITS: Final = 10
_DIGIT_MASK: Final = (1 << _DIGIT_BITS) - 1
_REST_BITS: Final = 26
_REST_MASK: Final = (1 << _REST_BITS) - 1
_FRACTION_BITS: Final = 3 * _DIGIT_BITS + _REST_BITS
_SCALE_BITS: Final = 64
_ROOM_BITS: Final = 56
_LN2: Final = 0xB17217F7D1CF79AB
"""The natural logarithm of 2, times 2**64."""

UNIT: Final = 1 << (_SCALE_BITS + _ROOM_BITS)
"""What `halved` returns for age 0: 2**120 represents 1."""


def halved(age: int, half_life: int) -> int:
    """Return `UNIT` x 2^(-age / half_life), for whole `age` >= 0 and `half_life` > 0 of one unit.

    Up to 56 halvings the relative error is under 2^-54; beyond, the absolute error is at most one
    in `UNIT`, and after 120 halvings the result is 0. An older age never gives a larger result,
    and a whole number of halvings (to 56) is exact.
    """
    halvings, rest = divmod(age, half_life)
    fraction = (rest << _FRACTION_BITS) // half_life
    high = _HIGH[fraction >> 46]
    power = high * _MIDDLE[fraction >> 36 & _DIGIT_MASK] >> _SCALE_BITS
    power = power * _LOW[fraction >> _REST_BITS & _DIGIT_MASK] >> _SCALE_BITS
    power -= power * (fraction & _REST_MASK) * _LN2 >> (_SCALE_BITS + _FRACTION_BITS)
    return power << _ROOM_BITS >> halvings


def _make_powers() -> list[tuple[int, ...]]:
    """Return for each digit position, highest first, the powers 2^(-digit / 1024^position), times 2**64.

    The roots are computed by repeated square roots of one half, with 64 extra bits.
    """
    guard = 2 * _SCALE_BITS
    root = 1 << (guard - 1)
    tables = []
    for _place in range(3):
        for _ in range(_DIGIT_BITS):
            root = isqrt(root << guard)
        power, powers = 1 << guard, []
        for _ in range(1 << _DIGIT_BITS):
            powers.append(power >> (guard - _SCALE_BITS))
            power = power * root >> guard
        tables.append(tuple(powers))
    return tables


_HIGH, _MIDDLE, _LOW = _make_powers()
