"""Recomputes an order's credit as a reader would: balance times weight, rounded, and what each entry changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import lcm
from typing import TYPE_CHECKING

from skeldir.money import split

if TYPE_CHECKING:
    from skeldir.attribution import ExplainedEntry, VersionExplanation


@dataclass(frozen=True, slots=True)
class HandLine:
    """One channel's part of the balance after an entry, in minor units, and what the entry so credits it.

    `exact` is the balance times the weight; `rounded` the same towards zero; `extra` the unit that is left over and
    falls to this channel. `stored` is what the sums of credit include.
    """

    channel: str
    weight: str
    exact: Fraction
    rounded: int
    extra: int
    before: int
    stored: int

    @property
    def part(self) -> int:
        """The channel's part of the balance."""
        return self.rounded + self.extra

    @property
    def allocated(self) -> int:
        """What the entry credits to the channel."""
        return self.part - self.before


@dataclass(frozen=True, slots=True)
class HandEntry:
    """An entry, the balance of its currency after it, and the parts of the channels."""

    entry: ExplainedEntry
    balance: int
    lines: tuple[HandLine, ...]

    @property
    def is_equal(self) -> bool:
        """Whether each channel's stored credit is the one computed here."""
        return all(line.allocated == line.stored for line in self.lines)


def recompute(
    entries: Sequence[ExplainedEntry], explained: VersionExplanation
) -> tuple[HandEntry, ...]:
    """Divide the balance after each entry over the channels of a model version, as its explanation says.

    Without shares, as before a capture, nothing is divided.
    """
    if not explained.shares:
        return ()
    codes = [share.channel for share in explained.shares]
    texts = [share.weight for share in explained.shares]
    weights = [Fraction(text) for text in texts]
    common = lcm(*(weight.denominator for weight in weights))
    whole = [int(weight * common) for weight in weights]
    stored = _stored(explained)
    balances: dict[str, int] = {}
    held: dict[str, list[int]] = {}
    made = []
    for entry in entries:
        currency = entry.currency
        balance = balances[currency] = balances.get(currency, 0) + entry.amount_cents
        before = held.get(currency, [0] * len(codes))
        parts = held[currency] = split(balance, whole)
        lines = []
        for code, text, weight, was, part in zip(codes, texts, weights, before, parts, strict=True):
            exact = balance * weight
            rounded = int(exact)
            of_entry = stored.get((entry.business_key, code), 0)
            lines.append(HandLine(code, text, exact, rounded, part - rounded, was, of_entry))
        made.append(HandEntry(entry, balance, tuple(lines)))
    return tuple(made)


def _stored(explained: VersionExplanation) -> Mapping[tuple[str, str], int]:
    return {(one.business_key, one.channel): one.allocated_cents for one in explained.allocations}
