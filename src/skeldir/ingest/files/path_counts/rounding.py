"""The value of each row in whole minor units, exactly or by largest remainder over the file."""

from __future__ import annotations

from array import array
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_HALF_EVEN, Decimal, localcontext
from typing import Final

from skeldir.money import LARGEST_MINOR_UNITS

# Values have at most 119 digits before the point and 139 after it, and their sum a few more: all are exact.
_PRECISION: Final = 300
# Remainders are compared in parts of a unit of 10 ** -18, which fit 64 bits.
_PARTS: Final = 18


def in_units(value: Decimal, places: int) -> tuple[int, int]:
    """Return a value as whole minor units, and what is left over in parts of 10 ** 18, rounded up."""
    with localcontext(prec=_PRECISION):
        units = value.scaleb(places)
        whole = int(units)
        return whole, int((units - whole).scaleb(_PARTS).to_integral_value(ROUND_CEILING))


@dataclass(frozen=True, slots=True)
class Rounding:
    """Which rows get one more unit: those with a remainder above `above`, and the first `ties` with just that."""

    above: int
    ties: int


NO_ROUNDING: Final = Rounding(10**_PARTS, 0)


class FileSum:
    """Adds up the values of rows: exactly, with what is needed to round them so that the sum stays."""

    def __init__(self, places: int) -> None:
        self._places = places
        self._whole = 0
        self._remainders = array("q")
        self.exact = Decimal(0)

    def add(self, value: Decimal) -> bool:
        """Add the value of a row; return whether it has a remainder."""
        with localcontext(prec=_PRECISION):
            self.exact += value
        whole, left = in_units(value, self._places)
        self._whole += whole
        if left:
            self._remainders.append(left)
        return left > 0

    @property
    def units(self) -> int:
        """The sum in minor units, rounded once."""
        with localcontext(prec=_PRECISION):
            return int(self.exact.scaleb(self._places).quantize(Decimal(1), ROUND_HALF_EVEN))

    @property
    def is_too_large(self) -> bool:
        """Whether the sum is larger than an amount may be."""
        return self.units > LARGEST_MINOR_UNITS

    def rounding(self) -> Rounding:
        """Return how the rows are rounded, so that they add up to the sum; each is less than a unit from its value."""
        more = min(max(self.units - self._whole, 0), len(self._remainders))
        if more == 0:
            return NO_ROUNDING
        last = sorted(self._remainders, reverse=True)[more - 1]
        return Rounding(last, more - sum(one > last for one in self._remainders))


class RowUnits:
    """Gives the rows of a file their minor units, in their order."""

    def __init__(self, places: int, rounding: Rounding) -> None:
        self._places, self._rounding = places, rounding
        self._ties = rounding.ties

    def of(self, value: Decimal) -> int:
        """Return the minor units of the next row."""
        whole, left = in_units(value, self._places)
        if left == self._rounding.above and self._ties:
            self._ties -= 1
            return whole + 1
        return whole + (left > self._rounding.above)
