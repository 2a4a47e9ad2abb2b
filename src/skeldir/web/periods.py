"""The days that a page shows, in the tenant's zone. In a page's address both days are shown: `to` is the last one."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Final

from skeldir.web.addresses import with_parameters
from skeldir.web.frames import Link

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from fastapi import Request

    from skeldir.web.phrases import Phrases

_PLAIN: Final = re.compile(r"\d{4}-\d{2}-\d{2}")
_FIRST, _LAST = date(1970, 1, 2), date(2999, 12, 30)
_USUAL: Final = 28
_LONGEST: Final = 3_660  # days; ten years
SPANS: Final = (7, 28, 90, 365)


@dataclass(frozen=True, slots=True)
class ShownDays:
    """The first and the last day shown; both are shown. `is_wrong` if the address asks for days that are none.

    `are_usual` if the address asks for none, so that they move on with the days.
    """

    first: date
    last: date
    is_wrong: bool = False
    are_usual: bool = False

    @property
    def end(self) -> date:
        """The day after the last one, as reports want it."""
        return self.last + timedelta(days=1)

    @property
    def count(self) -> int:
        """How many days are shown."""
        return (self.end - self.first).days

    def all(self) -> tuple[date, ...]:
        """Return the days in order."""
        return tuple(self.first + timedelta(days=index) for index in range(self.count))


def read_days(parameters: Mapping[str, str], now: datetime, zone: ZoneInfo) -> ShownDays:
    """Return the days that an address asks for: the last 28 days, today among them, unless it has `from` and `to`.

    With one of both, the other is the usual one. What cannot be read, ends before it begins, or is longer than ten
    years is marked as wrong, and the usual days are shown.
    """
    today = now.astimezone(zone).date()
    usual = ShownDays(today - timedelta(days=_USUAL - 1), today)
    asked = [parameters.get(name, "").strip() for name in ("from", "to")]
    if not any(asked):
        return ShownDays(usual.first, usual.last, are_usual=True)
    first = _read(asked[0]) if asked[0] else usual.first
    last = _read(asked[1]) if asked[1] else usual.last
    if first is None or last is None or not 0 <= (last - first).days < _LONGEST:
        return ShownDays(usual.first, usual.last, is_wrong=True)
    return ShownDays(first, last)


def _read(text: str) -> date | None:
    if not _PLAIN.fullmatch(text):
        return None
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if _FIRST <= day <= _LAST else None


def usual_spans(request: Request, say: Phrases, days: ShownDays, today: date) -> tuple[Link, ...]:
    """Return links to spans of days that end today."""

    def link(count: int, to: Callable[..., str]) -> Link:
        first = today - timedelta(days=count - 1)
        return Link(
            say(f"range.last_{count}"),
            to(request, from_=first.isoformat(), to=today.isoformat()),
            (days.first, days.last) == (first, today),
        )

    return tuple(link(count, with_parameters) for count in SPANS)
