"""Which week a digest is of, and when it is due. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from skeldir.days import LocalDays

_MORNING: Final = timedelta(hours=7)


@dataclass(frozen=True, slots=True)
class Week:
    """Seven days of a tenant, from a Monday, and the moment from which their digest is due."""

    first_day: date
    due_at: datetime

    @property
    def end_day(self) -> date:
        """The day after the last one."""
        return self.first_day + timedelta(days=7)

    @property
    def before(self) -> date:
        """The first day of the week before."""
        return self.first_day - timedelta(days=7)


def last_week(days: LocalDays, now: datetime) -> Week:
    """Return the last complete week. Its digest is due seven hours after the Monday that follows it has begun."""
    today = days.day_of(now)
    monday = today - timedelta(days=today.weekday())
    return Week(monday - timedelta(days=7), days.start_of(monday) + _MORNING)
