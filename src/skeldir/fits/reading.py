"""Cutting journeys out of a tenant's facts, range of keys by range, in one snapshot and bounded memory."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Final
from uuid import UUID

import numpy as np

from skeldir.fits.columns import Journeys, join_journeys
from skeldir.fits.cutting import Cut, Span, cut_journeys
from skeldir.fits.store import queries

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from skeldir.days import LocalDays
    from skeldir.db import Connection
    from skeldir.fits.store import SelectConversionsOfKeysRow, SelectTouchesOfKeysRow

TOUCHES_AT_A_TIME: Final = 100_000
KEYS_AT_A_TIME: Final = 10_000
_PROBED: Final = b"\x01"
_PARTS_PROBED: Final = 256
_MOST_RANGES: Final = 65_536
_AFTER_ALL: Final = b"\xff" * 17
_EPOCH: Final = datetime(2000, 1, 1, tzinfo=UTC)
_EPOCH_US: Final = 946_684_800 * 10**6
_MICROSECOND: Final = timedelta(microseconds=1)
# No fact is of the future.
_END: Final = datetime(2200, 1, 1, tzinfo=UTC)
_FIRST_DAY: Final = date(1970, 1, 1).toordinal()

Ended = tuple["NDArray[np.bytes_]", Journeys]
"""The journeys that ended on a day, and the key of each."""


@dataclass(frozen=True, slots=True)
class Facts:
    """The facts of a tenant in the transaction's snapshot, for journeys that end on `first_day` or later.

    `channels` are those known so far, and get what else occurs. `lookback_days` is that of the journeys.
    """

    connection: Connection
    tenant_id: UUID
    days: LocalDays
    first_day: date
    lookback_days: int
    channels: list[str] = field(default_factory=list)

    async def cut_all(self) -> dict[date, Ended]:
        """Cut all journeys, by the day on which they ended; channels are in the order of their texts then.

        Raises:
            JourneyKeysUnreadable: something else than the program has written journey keys.
        """
        ranges = await self._ranges()
        parts = [
            await self._cut_range(first_key, end_key)
            for first_key, end_key in zip(ranges, [*ranges[1:], _AFTER_ALL], strict=True)
        ]
        return await asyncio.to_thread(_merge, parts, self._sort_channels())

    async def cut_some(self, keys: Sequence[bytes]) -> dict[date, Ended]:
        """Cut the journeys of some keys, by day; channels that were not known come after the others."""
        parts = [
            await self._cut_named(keys[first : first + KEYS_AT_A_TIME])
            for first in range(0, len(keys), KEYS_AT_A_TIME)
        ]
        return await asyncio.to_thread(_merge, parts, None)

    @property
    def _first_moment(self) -> datetime:
        return self.days.start_of(self.first_day) - timedelta(days=self.lookback_days)

    async def _ranges(self) -> list[bytes]:
        """Return where ranges of keys begin: each has 100,000 touches at most if keys are spread evenly."""
        probed = await queries.count_touches_of_keys(
            self.connection,
            tenant_id=self.tenant_id,
            end_key=_PROBED,
            first_moment=self._first_moment,
            end_moment=_END,
        )
        wanted = min(_MOST_RANGES, max(1, -(-probed * _PARTS_PROBED // TOUCHES_AT_A_TIME)))
        step = _MOST_RANGES // wanted
        return [place.to_bytes(2, "big") for place in range(0, _MOST_RANGES, step)]

    async def _cut_range(self, first_key: bytes, end_key: bytes) -> dict[date, Ended]:
        touches = await queries.select_touches_of_keys(
            self.connection,
            tenant_id=self.tenant_id,
            channels=self.channels,
            first_key=first_key,
            end_key=end_key,
            first_moment=self._first_moment,
            end_moment=_END,
        )
        if touches["others"]:
            self.channels.extend(touches["others"])
            return await self._cut_range(first_key, end_key)
        found = await queries.select_conversions_of_keys(
            self.connection,
            tenant_id=self.tenant_id,
            first_key=first_key,
            end_key=end_key,
            first_moment=self._first_moment,
            end_moment=_END,
        )
        return await self._cut(touches, found)

    async def _cut_named(self, keys: Sequence[bytes]) -> dict[date, Ended]:
        touches = await queries.select_touches_of_named_keys(
            self.connection,
            tenant_id=self.tenant_id,
            channels=self.channels,
            keys=keys,
            first_moment=self._first_moment,
            end_moment=_END,
        )
        if touches["others"]:
            self.channels.extend(touches["others"])
            return await self._cut_named(keys)
        found = await queries.select_conversions_of_named_keys(
            self.connection,
            tenant_id=self.tenant_id,
            keys=keys,
            first_moment=self._first_moment,
            end_moment=_END,
        )
        return await self._cut(touches, found)

    async def _cut(
        self, touches: SelectTouchesOfKeysRow, found: SelectConversionsOfKeysRow
    ) -> dict[date, Ended]:
        first = (self.days.start_of(self.first_day) - _EPOCH) // _MICROSECOND
        end = (_END - _EPOCH) // _MICROSECOND
        span = Span(first, end, timedelta(days=self.lookback_days) // _MICROSECOND)
        records = (touches["touches"] or b"", found["conversions"] or b"", found["money"] or b"")
        return await asyncio.to_thread(lambda: self._by_day(cut_journeys(*records, span)))

    def _by_day(self, cut: Cut) -> dict[date, Ended]:
        numbers = self.days.numbers_of(cut.ends + _EPOCH_US)
        places = np.argsort(numbers, kind="stable")
        # Where clocks go back over midnight, moments of the day before come after its end.
        before = int((numbers < self.first_day.toordinal() - _FIRST_DAY).sum())
        places = places[before:]
        found, edges = np.unique(numbers[places], return_index=True)
        bounds = [*edges.tolist(), len(places)]
        keys, parts = cut.keys[places], cut.journeys.take(places).divide(bounds)
        return {
            date.fromordinal(_FIRST_DAY + number): (keys[first:end], part)
            for number, first, end, part in zip(
                found.tolist(), bounds, bounds[1:], parts, strict=False
            )
        }

    def _sort_channels(self) -> NDArray[np.int16]:
        """Put the channels in order, and return the new place of each."""
        order = sorted(range(len(self.channels)), key=self.channels.__getitem__)
        places = np.zeros(len(order) + 1, np.int16)
        places[np.array(order, np.int64) + 1] = np.arange(1, len(order) + 1)
        self.channels.sort()
        return places


def _merge(
    parts: Sequence[Mapping[date, Ended]], places: NDArray[np.int16] | None
) -> dict[date, Ended]:
    """Return the journeys of all parts by day; with `places`, a channel gets the place that stands at its own."""
    merged = {}
    for day in sorted({day for part in parts for day in part}):
        some = [part[day] for part in parts if day in part]
        journeys = join_journeys([each for _, each in some])
        if places is not None:
            journeys = replace(journeys, touches=places[journeys.touches])
        merged[day] = np.concatenate([keys for keys, _ in some]), journeys
    return merged
