"""What the lines before an export's header say: its time zone, its unit of time, and whether data may be missing."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from skeldir.spend.files.presets import Preset
from skeldir.spend.files.refusals import DaysMissing

_STATEMENT: Final = re.compile(r"\s*([^:]{3,40}):\s*(.*?)\s*", re.DOTALL)
_IN_UTC: Final = re.compile(r".*\(in utc\)\s*", re.IGNORECASE)
_DAILY: Final = frozenset({"daily", "day"})


@dataclass(frozen=True, slots=True)
class Preamble:
    """The zone of the days as the file states it, and whether the platform says that data may be missing."""

    time_zone: str | None = None
    is_incomplete: bool = False


def read_preamble(before: Sequence[str], preset: Preset, name: str) -> Preamble:
    """Return what the lines before the header say. Raises DaysMissing if their unit of time is no day."""
    zone, is_incomplete = None, False
    for line in before:
        if _IN_UTC.fullmatch(line):
            zone = "UTC"
        found = _STATEMENT.fullmatch(line)
        if found is None:
            continue
        what, said = found[1].casefold().strip(), found[2]
        if what == "report aggregation" and said.casefold() not in _DAILY:
            raise DaysMissing(
                f'{name} is aggregated by "{said[:20]}", not by day.', cure=preset.days_cure
            )
        if what == "time zone" and said:
            zone = said[:100]
        if what == "potential incomplete data":
            is_incomplete = said.casefold() == "true"
    return Preamble(zone, is_incomplete)
