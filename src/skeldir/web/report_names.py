"""What an address of a report says, in the words of its readers: which page, and which days."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

from skeldir.web.evidence import EVIDENCE

if TYPE_CHECKING:
    from skeldir.web.frames import Frame


def name_page(frame: Frame, path: str) -> str:
    """Return the name of a report's page in the frame's language, as the navigation has it."""
    return frame.phrases(f"page.{path.removeprefix('/')}")


def name_days(frame: Frame, address: str) -> str:
    """Return which days the report at an address of this site has: the two it names, or the latest.

    Empty for *Evidence*, which has no days, and for an address that names one day alone, or no day of the calendar.
    """
    split = urlsplit(address)
    given = parse_qs(split.query)
    if split.path == EVIDENCE:
        return ""
    if not given.keys() & {"from", "to"}:
        return frame.phrases("saved.latest")
    try:
        first, last = (date.fromisoformat(given[name][0]) for name in ("from", "to"))
    except (KeyError, ValueError):
        return ""
    return frame.phrases(
        "saved.fixed", first=frame.formats.day(first), last=frame.formats.day(last)
    )
