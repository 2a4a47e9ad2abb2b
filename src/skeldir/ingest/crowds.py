"""Noticing a journey key that many visitors share: mostly a placeholder for nothing that nobody knew of.

The rule: a journey with more than a tenth of the touches among which it was counted, if there are at
least 100 journeys. It is reported, never refused: a key alone does not show whose it is.
"""

from __future__ import annotations

import logging
from collections import Counter, OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

from skeldir.observability import INGEST_CROWDED

logger = logging.getLogger(__name__)

LARGEST_SHARE: Final = 0.1
FEWEST_JOURNEYS: Final = 100
WINDOW: Final = 10_000
"""Touches of a tenant that a process counts before it judges them."""

_BUSIEST: Final = 100
"""A journey is busy with more than a hundredth of a batch, so there are fewer than this."""
_MOST_COUNTED: Final = 2_000
_MOST_TENANTS: Final = 1_000


@dataclass(frozen=True, slots=True)
class JourneyCounts:
    """How many touches and journeys a batch has, and how many touches each of its busiest journeys."""

    touches: int = 0
    journeys: int = 0
    busiest: tuple[tuple[str, int], ...] = ()


NO_JOURNEYS: Final = JourneyCounts()


@dataclass(frozen=True, slots=True)
class CrowdedJourney:
    """A journey with a suspicious share of the touches that were counted."""

    touches: int
    counted: int


def count_journeys(hashes: Iterable[str]) -> JourneyCounts:
    """Return the counts of a batch by the hashes of its journey keys, one for each touch."""
    counts = Counter(hashes)
    touches = counts.total()
    busy = touches // _BUSIEST
    busiest = tuple(journey for journey in counts.items() if journey[1] > busy)
    return JourneyCounts(touches, len(counts), busiest)


@dataclass(slots=True)
class JourneyCensus:
    """The counts of many batches; bounded, however many journeys there are."""

    touches: int = 0
    journeys: int = 0
    _counts: Counter[str] = field(default_factory=Counter)

    def add(self, batch: JourneyCounts) -> None:
        """Add the counts of another batch."""
        self.touches += batch.touches
        self._counts.update(dict(batch.busiest))
        self.journeys = max(self.journeys, batch.journeys, len(self._counts))
        if len(self._counts) > _MOST_COUNTED:
            self._counts = Counter(dict(self._counts.most_common(_MOST_COUNTED // 2)))

    def find_crowded(self) -> tuple[CrowdedJourney, ...]:
        """Return the journeys that too large a part of all touches shares, the busiest first."""
        if self.journeys < FEWEST_JOURNEYS:
            return ()
        return tuple(
            CrowdedJourney(count, self.touches)
            for _, count in self._counts.most_common(int(1 / LARGEST_SHARE))
            if count > LARGEST_SHARE * self.touches
        )


class CrowdWatch:
    """Counts the touches that a process receives, tenant by tenant, and reports crowded journeys."""

    def __init__(self) -> None:
        self._censuses: OrderedDict[UUID, JourneyCensus] = OrderedDict()

    def add(self, tenant_id: UUID, batch: JourneyCounts) -> None:
        """Count a batch; after WINDOW touches of its tenant, judge them and start again."""
        census = self._censuses.setdefault(tenant_id, JourneyCensus())
        self._censuses.move_to_end(tenant_id)
        census.add(batch)
        if census.touches >= WINDOW:
            del self._censuses[tenant_id]
            for journey in census.find_crowded():
                INGEST_CROWDED.inc()
                logger.warning(
                    "ingest.journey_crowded %d of %d touches have one journey key",
                    journey.touches,
                    journey.counted,
                )
        elif len(self._censuses) > _MOST_TENANTS:
            self._censuses.popitem(last=False)
