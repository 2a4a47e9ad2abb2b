"""Counted paths become journeys: touches with a time each, and one capture where the journey converted."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from typing import Final, NamedTuple

import orjson

from skeldir.ingest.files.items import Batch, Items
from skeldir.ingest.files.layout import Row
from skeldir.ingest.files.path_counts.asked import PathsAsked
from skeldir.ingest.files.path_counts.reading import BadRow, CountedPath
from skeldir.ingest.files.path_counts.rounding import RowUnits

TOUCHES_AT_ONCE: Final = 10_000
"""About how many touches are recorded in a transaction."""


class CountedJourney(NamedTuple):
    """One of the journeys that a row counts: its key, and the minor units of its capture or None."""

    path: CountedPath
    key: str
    units: int | None
    first_touch: int
    """The number of its first touch in the file, from 1."""


class Division:
    """A row's minor units over its conversions, by largest remainder: the first ones get a unit more."""

    def __init__(self, units: int, conversions: int) -> None:
        self._each, self._more = divmod(units, conversions) if conversions else (0, 0)

    def of(self, number: int) -> int:
        """Return what the conversion with this number, from 0, is worth."""
        return self._each + (number < self._more)


class Journeys:
    """The journeys of a file, one after another, each with a number from 1; a row that cannot be read has one, too.

    The key of a journey follows from the path, the day, the series and the journey's number among those of the same
    path that ended the same way. So the same file makes the same journeys, and a corrected one only those that are new.
    """

    def __init__(self, asked: PathsAsked, units: RowUnits, secret: bytes) -> None:
        self._asked, self._units = asked, units
        label = orjson.dumps(["path", asked.day, asked.series])
        self._start = hashlib.blake2b(label, key=secret, digest_size=16).copy
        # Of each path, how many conversions and nulls the rows before had.
        self._known: dict[bytes, tuple[int, int]] = {}

    def read(self, paths: Iterator[CountedPath | BadRow], skip: int) -> Iterator[Row]:
        """Yield the journeys after the first `skip`."""
        done = touches = 0
        for path in paths:
            if isinstance(path, BadRow):
                done += 1
                if done > skip:
                    yield done, path
                continue
            digest = self._start()
            digest.update(orjson.dumps(path.names))
            conversions, nulls = self._known.get(digest.digest(), (0, 0))
            division = Division(self._units.of(path.value), path.conversions)
            begin = max(skip - done, 0)
            for number in range(begin, path.journeys):
                is_null = number >= path.conversions
                after = nulls - path.conversions if is_null else conversions
                key = f"path-{digest.hexdigest()}-{'n' if is_null else 'c'}{after + number + 1}"
                units = None if is_null else division.of(number)
                first = touches + number * len(path.names) + 1
                yield done + number + 1, CountedJourney(path, key, units, first)
            done += path.journeys
            touches += path.journeys * len(path.names)
            self._known[digest.digest()] = (conversions + path.conversions, nulls + path.nulls)


@dataclass(slots=True)
class JourneyMaker:
    """Makes touches and captures of counted journeys, which all end at `end`."""

    asked: PathsAsked
    end: datetime
    codes: Mapping[str, str]
    names_orders: bool = False
    _moments: list[datetime] = field(default_factory=list)

    def next_batch(
        self,
        rows: Iterator[Row],
        size: int,
        bytes_read: Callable[[], int] | None = None,  # noqa: ARG002 - touches are counted instead
    ) -> Batch | None:
        """Return the items of the next journeys: `size` of them, or fewer with TOUCHES_AT_ONCE touches."""
        batch = Batch(
            0, touches=Items(places=[], part=":touch"), orders=Items(places=[], part=":journey")
        )
        for number, journey in islice(rows, size):
            batch.last_row = number
            if isinstance(journey, BadRow):
                batch.unread.items.append(journey.reason)
                batch.unread.rows.append(journey.row)
            elif isinstance(journey, CountedJourney):
                self._add(batch, number, journey)
            if len(batch.touches.items) >= TOUCHES_AT_ONCE:
                break
        return batch if batch.last_row else None

    def _add(self, batch: Batch, number: int, journey: CountedJourney) -> None:
        row, names, _, _, _ = journey.path
        touches, key = batch.touches, journey.key
        # A journey without a capture ends with its last touch, on the same day as the others.
        last = 0 if journey.units is None else 1
        for place, name in enumerate(names):
            touches.items.append(
                {
                    "idempotency_key": f"{key}-{place + 1}",
                    "occurred_at": self._moment(len(names) - 1 - place + last),
                    "journey_key": key,
                    "channel": self.codes[name],
                }
            )
        touches.rows += [row] * len(names)
        _places(touches).extend(range(journey.first_touch, journey.first_touch + len(names)))
        if journey.units is not None:
            batch.orders.items.append(
                {
                    "idempotency_key": key,
                    "order_id": key,
                    "kind": "capture",
                    "amount_cents": journey.units,
                    "currency": self.asked.currency,
                    "occurred_at": self.end,
                    "journey_key": key,
                }
            )
            batch.orders.rows.append(row)
            _places(batch.orders).append(number)

    def _moment(self, steps: int) -> datetime:
        """Return the moment that lies this number of steps before the end."""
        moments = self._moments
        while len(moments) <= steps:
            moments.append(self.end - len(moments) * self.asked.step)
        return moments[steps]


def _places(items: Items) -> list[int]:
    assert items.places is not None  # noqa: S101 - made with places
    return items.places
