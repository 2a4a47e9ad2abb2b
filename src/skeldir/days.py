"""Local days: which day a moment belongs to in a time zone, by rules that are stored beside the sums.

The rules of a zone change with the releases of its data, and every machine has its own release. Sums that were made by
one set of rules must be changed by the same, so the rules are read from the zone's data once, when a tenant's zone is
set, and stored; whoever needs a day, here or in SQL, works it out from the stored rules.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Annotated, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

import numpy as np
import numpy.typing as npt
from pydantic import Field

from skeldir.errors import SkeldirError

Int64s = npt.NDArray[np.int64]

TimeZone = Annotated[
    str, Field(description="the time zone of the days: an IANA name, such as Europe/Berlin")
]
"""The name of the zone whose days a response shows."""

UTC_NAME: Final = "UTC"
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_FIRST_DAY: Final = date(1970, 1, 1).toordinal()
_FIRST_MOMENT: Final = datetime.min.replace(tzinfo=UTC)
_SECOND: Final = timedelta(seconds=1)
_MICROSECOND: Final = timedelta(microseconds=1)
_DAY_US: Final = 86_400 * 10**6
# No fact is older than the year 2000, and none is in the future.
_FROM: Final = datetime(1999, 12, 1, tzinfo=UTC)
_UNTIL: Final = datetime(2100, 1, 1, tzinfo=UTC)
_STEP: Final = timedelta(hours=12)
# Zones that name no place or no fixed rule: the machine's own, and one that means that none was set.
_NO_ZONES: Final = frozenset({"localtime", "Factory", "posixrules"})


class TimeZoneUnknown(SkeldirError):
    """The text is no name of a time zone in the IANA database."""

    code = "time_zone_unknown"
    status = 422
    title = "The time zone is not known"


@dataclass(frozen=True, slots=True)
class ZoneRules:
    """The rules of a zone: from `changes[i]` on, local time is `offsets_s[i + 1]` seconds ahead of UTC.

    Before the first change it is `offsets_s[0]`. The changes are aware, in UTC, ascending.
    """

    name: str = UTC_NAME
    changes: tuple[datetime, ...] = ()
    offsets_s: tuple[int, ...] = (0,)

    @property
    def is_utc(self) -> bool:
        """Whether every day is the UTC day."""
        return not any(self.offsets_s)


UTC_RULES: Final = ZoneRules()


class LocalDays:
    """Works out the days of moments by a zone's rules."""

    def __init__(self, rules: ZoneRules = UTC_RULES) -> None:
        """Take the rules; those of UTC cost nothing."""
        self.rules: Final = rules
        self._changes = np.array([_to_us(moment) for moment in rules.changes], np.int64)
        self._offsets = np.array(rules.offsets_s, np.int64) * 10**6
        self._is_utc = rules.is_utc

    def day_of(self, moment: datetime) -> date:
        """Return the local day of an aware moment."""
        if self._is_utc:
            return moment.astimezone(UTC).date()
        us = _to_us(moment)
        offset = int(self._offsets[np.searchsorted(self._changes, us, side="right")])
        # Beside UTC, moments of the calendar's first and last day may be of days before and after it.
        number = _FIRST_DAY + (us + offset) // _DAY_US
        return date.fromordinal(min(max(number, 1), date.max.toordinal()))

    def numbers_of(self, moments_us: Int64s) -> Int64s:
        """Return the local days, in days since 1970-01-01, of moments in microseconds since 1970 UTC."""
        if self._is_utc:
            return moments_us // _DAY_US
        places = np.searchsorted(self._changes, moments_us, side="right")
        return (moments_us + self._offsets[places]) // _DAY_US

    def start_of(self, day: date) -> datetime:
        """Return the first moment of a local day, aware, in UTC; of a day that the zone left out, of the next.

        The first day of the calendar begins with the calendar, wherever its midnight was earlier in UTC.
        """
        midnight = datetime(day.year, day.month, day.day, tzinfo=UTC)
        near = [c for c in self.rules.changes if abs(c - midnight) <= 2 * timedelta(days=1)]
        since_first = midnight - _FIRST_MOMENT
        shifts = {timedelta(seconds=offset) for offset in self.rules.offsets_s}
        moments = [midnight - shift for shift in shifts if shift <= since_first]
        return min(
            (one for one in (*moments, *near) if self.day_of(one) >= day), default=_FIRST_MOMENT
        )

    def end_of(self, day: date) -> datetime:
        """Return the moment from which on no moment is of a local day or an earlier one, aware, in UTC.

        It is the first moment of the next day, unless clocks have gone back over midnight since.
        """
        after = day + timedelta(days=1)
        end = self.start_of(after)
        midnight = datetime(after.year, after.month, after.day, tzinfo=UTC)
        shifts = {timedelta(seconds=offset) for offset in self.rules.offsets_s}
        for change in self.rules.changes:
            if end <= change <= end + timedelta(days=1) and self.day_of(change) <= day:
                later = (midnight - shift for shift in shifts)
                end = min(one for one in later if one > change and self.day_of(one) > day)
        return end


UTC_DAYS: Final = LocalDays()


@lru_cache(maxsize=64)
def days_by(rules: ZoneRules) -> LocalDays:
    """Return the days by these rules; those used last are kept."""
    return LocalDays(rules)


def stored_days(
    name: str | None, changes: Sequence[datetime] | None, offsets_s: Sequence[int] | None
) -> LocalDays:
    """Return the days by stored rules; without any, those of UTC."""
    if name is None or changes is None or offsets_s is None:
        return UTC_DAYS
    return days_by(ZoneRules(name, tuple(changes), tuple(offsets_s)))


def read_rules(name: str) -> ZoneRules:
    """Return the rules of a zone by its IANA name, from this machine's data: for the years 2000 to 2099.

    Raises:
        TimeZoneUnknown: there is no zone of this name.
    """
    if name == UTC_NAME:
        return UTC_RULES
    if name not in available_timezones() or name in _NO_ZONES:
        raise TimeZoneUnknown(
            f"{name[:60]!r} is not the name of a time zone.",
            cure="Give a name of the IANA database, such as Europe/Berlin, America/New_York or UTC.",
        )
    try:
        zone = ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise TimeZoneUnknown(
            f"The rules of the time zone {name} cannot be read.",
            cure="Reinstall the Python package tzdata.",
        ) from error
    changes, offsets = [], [_offset(zone, _FROM)]
    moment = _FROM
    while moment < _UNTIL:
        later = moment + _STEP
        if (offset := _offset(zone, later)) != offsets[-1]:
            changes.append(_find_change(zone, moment, later))
            offsets.append(offset)
        moment = later
    return ZoneRules(name, tuple(changes), tuple(offsets))


def _find_change(zone: ZoneInfo, before: datetime, after: datetime) -> datetime:
    """Return the first full second with the offset of `after`; only one change lies between the two."""
    offset = _offset(zone, after)
    while after - before > _SECOND:
        middle = before + (after - before) // (2 * _SECOND) * _SECOND
        if _offset(zone, middle) == offset:
            after = middle
        else:
            before = middle
    return after


def _offset(zone: ZoneInfo, moment: datetime) -> int:
    offset = moment.astimezone(zone).utcoffset()
    assert offset is not None  # noqa: S101 - a zone always gives one
    return offset // _SECOND


def _to_us(moment: datetime) -> int:
    return (moment - _EPOCH) // _MICROSECOND
