"""Claims against verified money: the lines of a comparison, their reasons and their sums. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Final, Literal

from skeldir.spend import AdKey

Reason = Literal[
    "none",
    "unknown",
    "timing",
    "currency",
    "missing_in_ledger",
    "missing_at_platform",
    "amount",
]
"""Why a line differs; the first that applies, in this order, but `unknown` yields to `timing` and `currency`."""

WHOLE_BP: Final = 10_000
"""The difference when something is claimed and nothing is verified."""
_DAY: Final = timedelta(days=1)
_CENT: Final = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class Claim:
    """What the platform says of a key; `cents` is None if it says nothing of the value."""

    cents: int | None
    name: str | None = None
    claim_type: str | None = None
    setting: str | None = None


@dataclass(frozen=True, slots=True)
class Verified:
    """What the ledger confirms of a key: captured money, and what later entries took from it."""

    captured_cents: int = 0
    reversed_cents: int = 0


@dataclass(frozen=True, slots=True)
class Line:
    """A claim beside what the ledger confirms; account and campaign are empty if touches could mean several campaigns.

    `timing_cents` is the part that a neighbouring day has.
    """

    key: AdKey
    claim: Claim
    verified: Verified
    timing_cents: int = 0
    reason: Reason = "none"

    @property
    def difference(self) -> int | None:
        """Claimed less verified; None if the claim is not known."""
        return None if self.claim.cents is None else self.claim.cents - self.verified.captured_cents

    @property
    def ghost_cents(self) -> int | None:
        """What is claimed and not verified."""
        return None if self.difference is None else max(0, self.difference)

    @property
    def missed_cents(self) -> int | None:
        """What is verified and not claimed."""
        return None if self.difference is None else max(0, -self.difference)

    @property
    def difference_bp(self) -> Decimal | None:
        """The difference in basis points of the verified money."""
        if self.claim.cents is None:
            return None
        return basis_points(self.claim.cents, self.verified.captured_cents)


@dataclass(frozen=True, slots=True)
class PlatformSum:
    """The sums of a platform's lines in one currency whose claims are known, and what was verified on the others."""

    platform: str
    currency: str
    lines: int
    claimed_cents: int
    verified_cents: int
    reversed_cents: int
    ghost_cents: int
    missed_cents: int
    timing_cents: int
    unknown_lines: int
    unknown_verified_cents: int

    @property
    def state(self) -> Literal["matched", "differs", "unknown"]:
        """Whether every known claim equals the verified money; `unknown` without a known claim."""
        if not self.lines:
            return "unknown"
        return "differs" if self.ghost_cents or self.missed_cents else "matched"


def basis_points(claimed: int, verified: int) -> Decimal:
    """Return the difference in hundredths of a percent of `verified`: WHOLE_BP if that is 0 and the claim is not."""
    if verified == 0:
        return Decimal(WHOLE_BP if claimed else 0)
    share = Decimal(claimed - verified) * WHOLE_BP / Decimal(verified)
    return share.quantize(_CENT, ROUND_HALF_UP)


def compare(
    claims: Mapping[AdKey, Claim],
    verified: Mapping[AdKey, Verified],
    absent: AbstractSet[AdKey] = frozenset(),
) -> list[Line]:
    """Return a line for each key of either side, in the order of the keys, with its reason.

    Where only the ledger has a key, the claim is unknown: that a platform says nothing is not a claim of 0. But what it
    claims too much beside a day of `absent`, of which it has no row between days of which it has, may be that day's.
    """
    nothing = Verified()
    lines = [
        Line(key, claims.get(key, Claim(None)), verified.get(key, nothing))
        for key in sorted({*claims, *verified})
    ]
    timing = find_timing(lines, absent)
    elsewhere = _find_other_currencies(lines)
    return [
        replace(
            line,
            timing_cents=timing.get(line.key, 0),
            reason=_reason_of(line, timing.get(line.key, 0), is_elsewhere=line.key in elsewhere),
        )
        for line in lines
    ]


def find_timing(
    lines: Sequence[Line], absent: AbstractSet[AdKey] = frozenset()
) -> dict[AdKey, int]:
    """Return by key how much of a difference the day before or after compensates, each unit once, earlier days first.

    The days of a campaign and those of orders may be of two time zones, so money near midnight moves to a neighbour.
    After the known claims, the verified money of `absent` keys compensates what their neighbours claim too much.
    """
    left: dict[AdKey, int] = {}
    moved: dict[AdKey, int] = {}
    for line in sorted(lines, key=lambda line: line.key):
        difference = line.difference
        if not difference:
            continue
        left[line.key] = difference
        before = replace(line.key, day=line.key.day - _DAY) if line.key.day > date.min else line.key
        other = left.get(before, 0)
        if other * difference < 0:
            part = min(abs(other), abs(difference))
            left[before] += part if other < 0 else -part
            left[line.key] += part if difference < 0 else -part
            moved[before] = moved.get(before, 0) + part
            moved[line.key] = moved.get(line.key, 0) + part
    for line in sorted(lines, key=lambda line: line.key):
        if line.key in absent and line.claim.cents is None:
            _move_absent(line, left, moved)
    return moved


def _move_absent(line: Line, left: dict[AdKey, int], moved: dict[AdKey, int]) -> None:
    """Let the verified money of a line without a claim compensate what the day before or after claims too much."""
    verified = line.verified.captured_cents
    for days, edge in ((-_DAY, date.min), (_DAY, date.max)):
        if line.key.day == edge:
            continue
        neighbour = replace(line.key, day=line.key.day + days)
        part = min(verified, left.get(neighbour, 0))
        if part > 0:
            verified -= part
            left[neighbour] -= part
            moved[neighbour] = moved.get(neighbour, 0) + part
            moved[line.key] = moved.get(line.key, 0) + part


def sum_lines(lines: Iterable[Line]) -> list[PlatformSum]:
    """Return the sums by platform and currency, in this order; currencies are never added."""
    groups: dict[tuple[str, str], list[Line]] = defaultdict(list)
    for line in lines:
        groups[line.key.platform, line.key.currency].append(line)
    sums = []
    for (platform, currency), group in sorted(groups.items()):
        known = [line for line in group if line.claim.cents is not None]
        unknown = [line for line in group if line.claim.cents is None]
        sums.append(
            PlatformSum(
                platform,
                currency,
                len(known),
                sum(line.claim.cents or 0 for line in known),
                sum(line.verified.captured_cents for line in known),
                sum(line.verified.reversed_cents for line in known),
                sum(line.ghost_cents or 0 for line in known),
                sum(line.missed_cents or 0 for line in known),
                sum(line.timing_cents for line in known),
                len(unknown),
                sum(line.verified.captured_cents for line in unknown),
            )
        )
    return sums


def _find_other_currencies(lines: Iterable[Line]) -> set[AdKey]:
    """Return the lines of a campaign's day of which one currency has only a claim, and another only verified money."""
    claimed: dict[AdKey, list[AdKey]] = defaultdict(list)
    confirmed: dict[AdKey, list[AdKey]] = defaultdict(list)
    for line in lines:
        day = replace(line.key, currency="")
        if line.claim.cents and not line.verified.captured_cents:
            claimed[day].append(line.key)
        elif line.claim.cents is None and line.verified.captured_cents:
            confirmed[day].append(line.key)
    return {
        key for day in claimed.keys() & confirmed.keys() for key in claimed[day] + confirmed[day]
    }


def _reason_of(line: Line, timing: int, *, is_elsewhere: bool) -> Reason:
    difference = line.difference
    if difference is None:
        if timing and timing == line.verified.captured_cents:
            return "timing"
        return "currency" if is_elsewhere else "unknown"
    if difference == 0:
        return "none"
    if timing == abs(difference):
        return "timing"
    if is_elsewhere:
        return "currency"
    if not line.verified.captured_cents:
        return "missing_in_ledger"
    return "amount" if line.claim.cents else "missing_at_platform"
