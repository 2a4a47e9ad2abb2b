"""What an update changes in kept days, and writing it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import numpy as np

from skeldir.fits.columns import join_journeys
from skeldir.fits.kinds import KEEP_JOURNEYS
from skeldir.fits.packing import KEYS, pack_journeys, unpack_journeys
from skeldir.fits.store import queries
from skeldir.jobs import enqueue

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date, datetime
    from uuid import UUID

    from numpy.typing import NDArray

    from skeldir.db import Database
    from skeldir.fits.reading import Ended

KEEP_EVERY_S: Final = 3_600.0
"""How long after an update the next one is made, by a job."""

IDLE_EVERY_S: Final = 6 * 3_600.0
"""The same after one that found nothing new."""

_BYTES_AT_A_TIME: Final = 8 * 2**20
_MARKED_BITS: Final = 22

Packed = tuple[bytes, bytes]
"""The keys and the stored form of the journeys of a day."""


@dataclass(frozen=True, slots=True)
class Update:
    """What the facts change in kept days: those that changed, and those that are left without journeys.

    `number` is that of the lookback in the snapshot. All facts that were recorded before `facts_until` are counted.
    """

    number: int
    first_day: date
    facts_until: datetime
    zone_sha256: bytes
    channels: list[str]
    changed: Mapping[date, Packed] = field(default_factory=dict)
    emptied: frozenset[date] = frozenset()
    is_news: bool = True

    async def write(
        self, database: Database, tenant_id: UUID, lookback_days: int, *, has_job: bool
    ) -> None:
        """Write it, unless another update or an erasure came first; without a job, enqueue the one that follows."""
        async with database.tenant(tenant_id) as connection:
            taken = await queries.take_lookback(
                connection,
                tenant_id=tenant_id,
                lookback_days=lookback_days,
                number=self.number,
                first_day=self.first_day,
                facts_until=self.facts_until,
                zone_sha256=self.zone_sha256,
                channels=self.channels,
            )
            if taken is None:
                return
            await queries.delete_kept_days(
                connection,
                tenant_id=tenant_id,
                lookback_days=lookback_days,
                first_day=self.first_day,
                days=list(self.emptied),
            )
            for days in self._parts():
                await queries.put_kept_days(
                    connection,
                    tenant_id=tenant_id,
                    lookback_days=lookback_days,
                    days=days,
                    keys=[self.changed[day][0] for day in days],
                    journeys=[self.changed[day][1] for day in days],
                )
            if not has_job:
                await enqueue(connection, tenant_id, KEEP_JOURNEYS, delay_s=KEEP_EVERY_S)

    def _parts(self) -> list[list[date]]:
        """Return the changed days in parts of some megabytes."""
        parts: list[list[date]] = []
        room = 0
        for day in sorted(self.changed):
            if not parts or room <= 0:
                parts.append([])
                room = _BYTES_AT_A_TIME
            parts[-1].append(day)
            room -= sum(map(len, self.changed[day]))
        return parts


@dataclass(frozen=True, slots=True)
class Left:
    """The keys of the journeys of a kept day, and which of these are of keys that did not change."""

    keys: NDArray[np.bytes_]
    stays: NDArray[np.bool_]

    def replace(self, packed: bytes, found: Ended | None) -> Ended | None:
        """Return the day with the journeys that were found in the place of those that do not stay.

        None if these are the same, as they are where journeys of a key changed on other days, or not at all.
        """
        kept = unpack_journeys(packed)
        gone = np.flatnonzero(~self.stays)
        gone = gone[np.argsort(self.keys[gone], kind="stable")]
        if (
            found is not None
            and np.array_equal(self.keys[gone], found[0])
            and pack_journeys(kept.take(gone)) == pack_journeys(found[1])
        ):
            return None
        stay = np.flatnonzero(self.stays)
        parts = [(self.keys[stay], kept.take(stay)), *([found] if found else [])]
        return (
            np.concatenate([keys for keys, _ in parts]),
            join_journeys([journeys for _, journeys in parts]),
        )


class Unchanged:
    """Finds the keys that are not among some, most of them by their first bits alone."""

    def __init__(self, keys: NDArray[np.bytes_]) -> None:
        """Take the keys that changed, of which there is one at least."""
        self._keys = np.sort(keys)
        self._marked = np.zeros(1 << _MARKED_BITS, np.bool_)
        self._marked[self._marks(keys)] = True

    @staticmethod
    def _marks(keys: NDArray[np.bytes_]) -> NDArray[np.uint32]:
        words = np.frombuffer(keys.tobytes(), np.uint32)[:: KEYS.itemsize // 4]
        return words & np.uint32((1 << _MARKED_BITS) - 1)

    def of(self, keys: NDArray[np.bytes_]) -> NDArray[np.bool_]:
        """Return which keys are not among these."""
        maybe = np.flatnonzero(self._marked[self._marks(keys)])
        near = np.minimum(np.searchsorted(self._keys, keys[maybe]), len(self._keys) - 1)
        stays = np.ones(len(keys), np.bool_)
        stays[maybe[self._keys[near] == keys[maybe]]] = False
        return stays
