"""The stored form of one order: everything its credit is computed from, in two short byte strings.

Both consist of little-endian records of a fixed size, so that the concatenated strings of many orders are columns.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from operator import attrgetter
from types import MappingProxyType
from typing import Final
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from skeldir.attribution.splits import CAPTURE, LedgerEntry

NO_CONVERSION: Final = -1
"""The age of the previous conversion when there was none."""

AGE_BITS: Final = 49
OLDEST_AGE: Final = (1 << AGE_BITS) - 1
"""The largest age that a path holds, in microseconds: almost 18 years."""
WHOLE_JOURNEY: Final = OLDEST_AGE
"""The reach of an order without a journey, which can lack no touch."""
LARGEST_CHANNEL_NUMBER: Final = (1 << (64 - AGE_BITS)) - 1

TOUCH_BYTES: Final = 8
_ENTRY: Final = struct.Struct("<16sqq3sc")
ENTRY_BYTES: Final = _ENTRY.size
ENTRY_COLUMNS: Final = np.dtype(
    [("id", "V16"), ("moment", "<i8"), ("amount", "<i8"), ("currency", "u1", 3), ("letter", "u1")]
)
"""The same record for numpy."""

CAPTURE_LETTER: Final = b"c"
_LETTERS: Final[Mapping[str, bytes]] = MappingProxyType(
    {
        CAPTURE: CAPTURE_LETTER,
        "refund": b"r",
        "refund_reversal": b"v",
        "dispute": b"d",
        "dispute_reversal": b"w",
    }
)
_KINDS: Final[Mapping[bytes, str]] = MappingProxyType(
    {letter: kind for kind, letter in _LETTERS.items()}
)


def letters_of(kinds: Iterable[str]) -> list[int]:
    """Return the letters of kinds of entries in packed entries, as numbers."""
    return [_LETTERS[kind][0] for kind in kinds]


_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_BEYOND_64_BITS: Final = 1 << 63
_by_ledger = attrgetter("occurred_at", "business_key")


@dataclass(frozen=True, slots=True)
class PackedOrder:
    """An order that has a capture, as it is stored.

    `converted_at` is the moment of the earliest capture, aware. `previous_age` is how many microseconds before it the
    journey's previous conversion was: `NO_CONVERSION` if there was none, None if it was not read because no model in
    force resets. `path` holds every touch at most `reach` microseconds older than the conversion, see `pack_path`;
    `entries` is the result of `pack_entries`. Versions that came into force after `generation` do not count.
    """

    order_id: str
    converted_at: datetime
    previous_age: int | None
    reach: int
    generation: int
    path: bytes
    entries: bytes


def pack_path(touches: Iterable[tuple[int, int]]) -> bytes:
    """Pack the touches of a journey, (channel number, microseconds before the conversion) each, the oldest first.

    A touch is 8 bytes: the number in the upper 15 bits and the age in the lower 49, little-endian; read as a signed
    integer, numbers from 16,384 on are negative. Touches of the same moment keep their order.

    Raises `ValueError` for a number or an age that does not fit, and when a touch is older than the one before.
    """
    words = []
    before = OLDEST_AGE
    for number, age in touches:
        if not 0 <= number <= LARGEST_CHANNEL_NUMBER:
            raise ValueError(
                f"A channel number is from 0 to {LARGEST_CHANNEL_NUMBER}, not {number}."
            )
        if not 0 <= age <= OLDEST_AGE:
            raise ValueError(f"An age is from 0 to {OLDEST_AGE} microseconds, not {age}.")
        if age > before:
            raise ValueError("The touches of a path must be in time order, the oldest first.")
        words.append(number << AGE_BITS | age)
        before = age
    return struct.pack(f"<{len(words)}Q", *words)


def pack_columns(numbers: Sequence[int], ages: Sequence[int]) -> bytes:
    """Pack as `pack_path` does, from numbers and ages; the caller guarantees that the oldest is first.

    Raises `ValueError` for a number or an age that does not fit.
    """
    if not numbers:
        return b""
    if not (ages[-1] >= 0 and ages[0] <= OLDEST_AGE):
        raise ValueError(f"An age is from 0 to {OLDEST_AGE} microseconds.")
    if not (min(numbers) >= 0 and max(numbers) <= LARGEST_CHANNEL_NUMBER):
        raise ValueError(f"A channel number is from 0 to {LARGEST_CHANNEL_NUMBER}.")
    words = [number << AGE_BITS | age for number, age in zip(numbers, ages, strict=True)]
    return struct.pack(f"<{len(words)}Q", *words)


@dataclass(frozen=True, slots=True)
class PathColumns:
    """The touches of a journey, the oldest first, from which the paths of all its orders are cut.

    `numbers` are already shifted to their bits in a word of a path; `moments` are in microseconds since 1970.
    """

    numbers: NDArray[np.uint64]
    moments: NDArray[np.int64]

    @classmethod
    def of(cls, numbers: Sequence[int], moments: Sequence[int]) -> PathColumns:
        """Return the columns; `ValueError` for a number that does not fit."""
        if numbers and not (min(numbers) >= 0 and max(numbers) <= LARGEST_CHANNEL_NUMBER):
            raise ValueError(f"A channel number is from 0 to {LARGEST_CHANNEL_NUMBER}.")
        return cls(np.array(numbers, np.uint64) << np.uint64(AGE_BITS), np.array(moments, np.int64))

    def pack(self, window: slice, converted_at: int) -> bytes:
        """Return the path of an order from the touches in `window`, as `pack_path` does.

        Raises `ValueError` for an age that does not fit.
        """
        ages = converted_at - self.moments[window]
        if len(ages) and not (ages[-1] >= 0 and ages[0] <= OLDEST_AGE):
            raise ValueError(f"An age is from 0 to {OLDEST_AGE} microseconds.")
        return (self.numbers[window] | ages.astype(np.uint64)).astype("<u8").tobytes()


def unpack_path(path: bytes) -> list[tuple[int, int]]:
    """Return the (channel number, age in microseconds) of each touch; `ValueError` for an incomplete touch."""
    count, rest = divmod(len(path), TOUCH_BYTES)
    if rest:
        raise ValueError(
            f"A path of {len(path)} bytes does not consist of {TOUCH_BYTES} bytes per touch."
        )
    words = struct.unpack(f"<{count}Q", path)
    return [(word >> AGE_BITS, word & OLDEST_AGE) for word in words]


def rebase(path: bytes, by: int) -> bytes:
    """Return the path as seen from a conversion `by` microseconds later, or earlier when `by` is negative.

    Each touch gets that much older; touches after the new conversion are left out. The caller must add the touches
    between the two conversions, which the path never had.

    Raises `ValueError` when an age no longer fits.
    """
    return pack_path((number, age + by) for number, age in unpack_path(path) if age + by >= 0)


def oldest_age(path: bytes) -> int:
    """Return the age of the first touch of a path, which is the oldest; -1 for an empty path."""
    return int.from_bytes(path[:TOUCH_BYTES], "little") & OLDEST_AGE if path else -1


def older_part(path: bytes, age: int) -> bytes:
    """Return the part of a path whose touches are older than `age` microseconds before the conversion."""
    older = sum(1 for _, of_touch in unpack_path(path) if of_touch > age)
    return path[: older * TOUCH_BYTES]


def pack_entries(entries: Iterable[LedgerEntry]) -> bytes:
    """Pack the entries of an order, given in any order, in ledger order: (occurred_at, business_key).

    An entry is 36 bytes: its id (16), the microseconds since 1970 UTC and the amount in minor units (8 each, signed,
    little-endian), the currency (3, ASCII) and a letter for its kind.

    Raises `ValueError` for an invalid kind or currency, `OverflowError` for an amount beyond 64 bits.
    """
    return b"".join(map(_pack_entry, sorted(entries, key=_by_ledger)))


def unpack_entries(entries: bytes) -> list[LedgerEntry]:
    """Return the entries, in ledger order.

    Business keys are not stored: each entry gets its index in nine digits instead, which sorts entries of the same
    moment as the keys did. Raises `ValueError` for an incomplete entry and for an unknown kind, `OverflowError` for an
    impossible date.
    """
    _letters_of(entries)
    unpacked = []
    for place, fields in enumerate(_ENTRY.iter_unpack(entries)):
        entry_id, moment, amount, currency, letter = fields
        unpacked.append(
            LedgerEntry(
                UUID(bytes=entry_id),
                f"{place:09}",
                us_to_moment(moment),
                _KINDS[letter],
                currency.decode("ascii"),
                amount,
            )
        )
    return unpacked


def first_capture_of(entries: bytes) -> UUID | None:
    """Return the id of the first capture in ledger order, if there is one, without unpacking the entries.

    Raises `ValueError` for an incomplete entry and for an unknown kind.
    """
    place = _letters_of(entries).find(CAPTURE_LETTER)
    if place < 0:
        return None
    entry_id, *_ = _ENTRY.unpack_from(entries, place * ENTRY_BYTES)
    return UUID(bytes=entry_id)


def _letters_of(entries: bytes) -> bytes:
    if len(entries) % ENTRY_BYTES:
        raise ValueError(f"{len(entries)} bytes are not entries of {ENTRY_BYTES} bytes each.")
    letters = entries[ENTRY_BYTES - 1 :: ENTRY_BYTES]
    unknown = letters.translate(None, b"".join(_KINDS))
    if unknown:
        raise ValueError(f"No kind of entry has the letter {unknown[:1]!r}.")
    return letters


def moment_to_us(moment: datetime) -> int:
    """Return the microseconds from 1970 UTC to the aware `moment`, negative before."""
    span = moment - _EPOCH
    return (span.days * 86_400 + span.seconds) * 1_000_000 + span.microseconds


def us_to_moment(microseconds: int) -> datetime:
    """Return the UTC moment of a number of microseconds since 1970; `OverflowError` outside the years 1 to 9999."""
    try:
        return _EPOCH + timedelta(microseconds=microseconds)
    except OverflowError as error:
        raise OverflowError(
            f"{microseconds} microseconds from 1970 are outside the years 1 to 9999."
        ) from error


def _pack_entry(entry: LedgerEntry) -> bytes:
    letter = _LETTERS.get(entry.kind)
    if letter is None:
        raise ValueError(
            f'"{entry.kind}" is not a kind of entry; use one of {", ".join(_LETTERS)}.'
        )
    if len(entry.currency) != 3 or not entry.currency.isascii():
        raise ValueError("The currency of an entry is not a code of three ASCII letters.")
    if not -_BEYOND_64_BITS <= entry.amount_cents < _BEYOND_64_BITS:
        raise OverflowError("The amount of an entry does not fit in 64 bits.")
    return _ENTRY.pack(
        entry.entry_id.bytes,
        moment_to_us(entry.occurred_at),
        entry.amount_cents,
        entry.currency.encode("ascii"),
        letter,
    )
