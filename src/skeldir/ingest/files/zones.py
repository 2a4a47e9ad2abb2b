"""Zones as files write them beside a time: offsets, names of the IANA database, and abbreviations.

An abbreviation stands here only if files use it for one offset. Of those with several meanings somebody
is asked: `[zones] "CST" = "America/Chicago"` in a mapping says which.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta, timezone, tzinfo
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from skeldir.ingest.rejections import ItemRejected

# The American ones are those of RFC 2822, section 4.3, but for CST, which is China's and Cuba's as well.
ABBREVIATIONS: Final[Mapping[str, str]] = {
    "UTC": "+00:00", "GMT": "+00:00", "Z": "+00:00", "UT": "+00:00", "WET": "+00:00", "WEST": "+01:00",
    "BST": "+01:00", "CET": "+01:00", "CEST": "+02:00", "MET": "+01:00", "MEST": "+02:00",
    "MEZ": "+01:00", "MESZ": "+02:00", "EET": "+02:00", "EEST": "+03:00", "OEZ": "+02:00",
    "OESZ": "+03:00", "MSK": "+03:00", "TRT": "+03:00",
    "EST": "-05:00", "EDT": "-04:00", "CDT": "-05:00", "MST": "-07:00", "MDT": "-06:00", "PST": "-08:00",
    "PDT": "-07:00", "AKST": "-09:00", "AKDT": "-08:00", "HST": "-10:00", "NST": "-03:30",
    "NDT": "-02:30", "ADT": "-03:00", "BRT": "-03:00", "ART": "-03:00",
    "AEST": "+10:00", "AEDT": "+11:00", "ACST": "+09:30", "ACDT": "+10:30", "AWST": "+08:00",
    "NZST": "+12:00", "NZDT": "+13:00", "JST": "+09:00", "KST": "+09:00", "HKT": "+08:00",
    "SGT": "+08:00", "PHT": "+08:00", "WIB": "+07:00", "WITA": "+08:00", "WIT": "+09:00",
    "PKT": "+05:00", "SAST": "+02:00", "CAT": "+02:00", "EAT": "+03:00", "WAT": "+01:00",
}  # fmt: skip
"""Abbreviation to its offset from UTC."""

_SEVERAL: Final[Mapping[str, str]] = {
    "IST": "Asia/Kolkata, Europe/Dublin or Asia/Jerusalem",
    "CST": "America/Chicago (-06:00), Asia/Shanghai (+08:00) or America/Havana (-05:00)",
    "AST": "America/Halifax (-04:00) or Asia/Riyadh (+03:00)",
    "ADST": "several zones",
    "SST": "Pacific/Pago_Pago (-11:00) or Asia/Singapore (+08:00)",
    "GST": "Asia/Dubai (+04:00) or Atlantic/South_Georgia (-02:00)",
    "ECT": "America/Guayaquil (-05:00) or Europe/Paris (+01:00)",
    "AMT": "America/Manaus (-04:00) or Asia/Yerevan (+04:00)",
    "WST": "Australia/Perth (+08:00) or Pacific/Apia (+13:00)",
    "PYT": "America/Asuncion, before or after 2024",
}
# What Rails calls zones (ActiveSupport::TimeZone), and so the exports of programs written with it.
_CALLED: Final[Mapping[str, str]] = {
    "Eastern Time (US & Canada)": "America/New_York",
    "Central Time (US & Canada)": "America/Chicago",
    "Mountain Time (US & Canada)": "America/Denver",
    "Pacific Time (US & Canada)": "America/Los_Angeles",
    "Atlantic Time (Canada)": "America/Halifax",
}
_OFFSET: Final = re.compile(r"(?:UTC|GMT)?([+-])([0-9]{1,2})(?::?([0-9]{2}))?", re.IGNORECASE)
_LONGEST: Final = 64


@lru_cache(maxsize=1_024)
def fixed_zone(text: str) -> timezone | None:
    """Return the offset that a text such as +02:00, GMT+2 or Z states, or None if it states none."""
    found = _OFFSET.fullmatch(text)
    if found is None:
        return None
    hours, minutes = int(found[2]), int(found[3] or 0)
    if hours > 14 or minutes > 59:
        return None
    offset = timedelta(hours=hours, minutes=minutes)
    return timezone(offset if found[1] == "+" else -offset)


@lru_cache(maxsize=1_024)
def iana_zone(name: str) -> ZoneInfo | None:
    """Return a zone of the IANA database by a name with an area, such as Europe/Berlin, or None."""
    if "/" not in name or len(name) > _LONGEST:
        return None
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


def find_zone(text: str, given: Mapping[str, str]) -> tzinfo | str:
    """Return the zone that stands beside a time, or a sentence that says why it cannot be known.

    `given` has the meanings that a mapping states.
    """
    name = _bare(text)
    meaning = given.get(name, _CALLED.get(name, name))
    found = fixed_zone(meaning) or iana_zone(meaning) or _abbreviated(meaning)
    if found is not None:
        return found
    shown = f'"{name}"' if len(name) <= 8 else "beside the time"
    if name.upper() in _SEVERAL:
        return (
            f"The zone {shown} has several meanings: {_SEVERAL[name.upper()]}. A mapping says which: "
            f'"{name}" = "+00:00", or an IANA name, under [zones].'
        )
    return f"The zone {shown} is not known: a mapping may give its meaning under [zones]."


def zone_named(text: str, given: Mapping[str, str]) -> tzinfo:
    """Return the zone that stands beside a time. Raises `ItemRejected` where it cannot be known."""
    found = find_zone(text, given)
    if isinstance(found, str):
        raise ItemRejected("occurred_at_invalid", found)
    return found


def is_zone(text: str) -> bool:
    """Return whether a text is an offset, an abbreviation that is known, or a name of the IANA database."""
    name = _bare(text)
    known = name in _CALLED or name.upper() in _SEVERAL or _abbreviated(name) is not None
    return known or fixed_zone(name) is not None or iana_zone(name) is not None


def is_meaning(text: str) -> bool:
    """Return whether a mapping may give `text` as the meaning of a zone's name."""
    return (fixed_zone(text) or iana_zone(text) or _abbreviated(text)) is not None


def _bare(text: str) -> str:
    """Return a zone's name without the parentheses that may be around it."""
    name = text.strip()
    return name[1:-1].strip() if name.startswith("(") and name.endswith(")") else name


def _abbreviated(name: str) -> tzinfo | None:
    offset = ABBREVIATIONS.get(name.upper())
    return None if offset is None else fixed_zone(offset)
