"""Dates and times as people and programs write them, taken apart; which number is the day is a setting.

Understood are numbers apart by points, slashes or hyphens, names of months in English, RFC 2822
(`Tue, 20 Oct 2026 09:15:00 +0200`), and `Oct 20, 2026, 9:15 AM`; a time of day with or without
seconds, fractions, AM or PM; and a zone behind it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal, TypeAlias

DateOrder: TypeAlias = Literal["day_first", "month_first", "year_first", "month_name"]
DATE_ORDERS: Final[tuple[DateOrder, ...]] = ("day_first", "month_first", "year_first", "month_name")
"""Time formats for dates that are not ISO 8601: which part comes first, or that the month has a name."""

NUMBER: Final = re.compile(r"-?[0-9]{1,20}(\.[0-9]{1,20})?")
_LONGEST: Final = 64
_MONTHS: Final[Mapping[str, int]] = {
    name: number
    for number, names in enumerate(
        (
            "jan january", "feb february", "mar march", "apr april", "may", "jun june", "jul july",
            "aug august", "sep sept september", "oct october", "nov november", "dec december",
        ),
        1,
    )
    for name in names.split()
}  # fmt: skip
_ZONE: Final = re.compile(
    r"(?P<rest>.*[0-9](?:\s?[AaPp]\.?[Mm]\.?)?)\s*"
    r"(?P<zone>\(?(?:(?:UTC|GMT)?[+-][0-9]{1,2}(?::?[0-9]{2})?|[A-Za-z]{1,5}|[A-Z][A-Za-z_]+(?:/[A-Za-z0-9_+-]+){1,2})\)?"
    r"|[A-Z][A-Za-z]+ Time \([A-Za-z& ]+\))",
    re.DOTALL,
)
_WEEKDAY: Final = re.compile(r"(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*\.?,?\s+", re.IGNORECASE)
# "GMT+0200 (Central European Summer Time)", as JavaScript writes it.
_COMMENT: Final = re.compile(r"(?<=[0-9]) \([^()]*\)$")
_CLOCK: Final = (
    r"(?:(?:,?\s+|T|\s+at\s+|\s+-\s+)(?P<hour>[0-9]{1,2})[:.](?P<minute>[0-9]{2})"
    r"(?:[:.](?P<second>[0-9]{2})(?:[.,](?P<fraction>[0-9]{1,9}))?)?"
    r"(?:\s?(?P<half>[ap])\.?m\.?)?)?"
)
_NUMBERS: Final = re.compile(
    r"(?P<a>[0-9]{1,4})(?P<mark>[./-])(?P<b>[0-9]{1,2})(?P=mark)(?P<c>[0-9]{1,4}),?" + _CLOCK,
    re.IGNORECASE,
)
_NAMED: Final = re.compile(
    r"(?:(?P<day>[0-9]{1,2})(?:st|nd|rd|th|\.)?[\s-]+(?P<month>[a-z]{3,9})\.?[\s,-]+(?P<year>[0-9]{4})"
    r"|(?P<month2>[a-z]{3,9})\.?\s+(?P<day2>[0-9]{1,2})(?:st|nd|rd|th)?,?\s+(?P<year2>[0-9]{4}))"
    + _CLOCK,
    re.IGNORECASE,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class WrittenTime:
    """A local time as it was written; `zone` is the text beside it, and `has_time` is False for a day alone."""

    local: datetime
    zone: str | None
    has_time: bool


@dataclass(frozen=True, slots=True)
class _Parts:
    found: re.Match[str]
    zone: str | None


def split_zone(text: str) -> tuple[str, str | None]:
    """Return a written time without the zone behind it, and that zone."""
    found = _ZONE.fullmatch(text.strip()) if len(text) <= _LONGEST else None
    if found is None:
        return text, None
    return found["rest"], found["zone"]


def read_written(text: str, order: DateOrder) -> WrittenTime | None:
    """Return the local time that a text gives with its date in `order`, or None if it gives none."""
    parts = _take_apart(text)
    if parts is None:
        return None
    day = _named_day(parts.found) or _numbered_day(parts.found, order)
    if day is None:
        return None
    try:
        return _at_time(day, parts)
    except ValueError:
        return None


def possible_orders(text: str) -> frozenset[DateOrder]:
    """Return the orders in which a text is a date; more than one for 03/04/2026, none for what is no date."""
    return frozenset(order for order in DATE_ORDERS if read_written(text, order) is not None)


def _take_apart(text: str) -> _Parts | None:
    if len(text) > 2 * _LONGEST:
        return None
    # Newer locale data put a narrow no-break space before AM and PM.
    tidy = _COMMENT.sub("", _WEEKDAY.sub("", " ".join(text.split()), count=1))
    for written, zone in ((tidy, None), split_zone(tidy)):
        found = _NUMBERS.fullmatch(written) or _NAMED.fullmatch(written)
        if found is not None:
            if zone is not None and found["hour"] is None:
                return None
            return _Parts(found, zone)
    return None


def _named_day(found: re.Match[str]) -> tuple[int, int, int] | None:
    names = found.groupdict()
    month = _MONTHS.get((names.get("month") or names.get("month2") or "").casefold())
    if month is None:
        return None
    return int(found["year"] or found["year2"]), month, int(found["day"] or found["day2"])


def _numbered_day(found: re.Match[str], order: DateOrder) -> tuple[int, int, int] | None:
    names = found.groupdict()
    if names.get("a") is None or order == "month_name":
        return None
    a, b, c = names["a"], names["b"], names["c"]
    if order == "year_first":
        return (int(a), int(b), int(c)) if len(a) == 4 and len(c) <= 2 else None
    if len(a) > 2 or len(c) != 4:
        return None
    return (int(c), int(b), int(a)) if order == "day_first" else (int(c), int(a), int(b))


def _at_time(day: tuple[int, int, int], parts: _Parts) -> WrittenTime:
    """Return the time of a day. Raises ValueError for a day or a time that there is not."""
    found = parts.found
    if found["hour"] is None:
        return WrittenTime(datetime(*day), None, has_time=False)  # noqa: DTZ001 - a local time
    hour, half = int(found["hour"]), (found["half"] or "").casefold()
    if half:
        if not 1 <= hour <= 12:
            raise ValueError("With AM or PM, an hour is from 1 to 12.")
        hour = hour % 12 + (12 if half == "p" else 0)
    local = datetime(  # noqa: DTZ001 - the zone is beside it
        *day,
        hour,
        int(found["minute"]),
        int(found["second"] or 0),
        int((found["fraction"] or "")[:6].ljust(6, "0")),
    )
    return WrittenTime(local, parts.zone, has_time=True)
