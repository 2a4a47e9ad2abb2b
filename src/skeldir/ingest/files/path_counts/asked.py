"""What an import of counted paths is asked to do: what the file does not say, and how it is read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Final

import orjson

from skeldir.ingest.files.amounts import DecimalMark

SEPARATOR: Final = " > "
STEP: Final = timedelta(minutes=1)
MOST_TOUCHES: Final = 1_000
"""Of a path."""
LONGEST_SPAN: Final = timedelta(days=1)
"""From a journey's first touch to its end: within every lookback, which has a day at least."""


@dataclass(frozen=True, slots=True)
class PathColumns:
    """The names of the columns; None where the file has none, which must be stated."""

    path: str = "path"
    conversions: str = "total_conversions"
    value: str | None = "total_conversion_value"
    nulls: str | None = "total_null"

    @property
    def wanted(self) -> tuple[str, ...]:
        """Return the columns that are read."""
        every = (self.path, self.conversions, self.value, self.nulls)
        return tuple(name for name in every if name is not None)

    def by_field(self) -> dict[str, tuple[str, ...]]:
        """Return the columns of the fields that rejections name."""
        named = {"path": self.path, "count": self.conversions, "amount": self.value}
        return {name: (column,) for name, column in named.items() if column is not None}


@dataclass(frozen=True, slots=True)
class PathsAsked:
    """How a file that counts paths becomes journeys.

    All journeys end on `day`, the tenant's, and their touches are `step` apart. `channels` gives the channel of names
    that are no codes. `rounds` lets values be finer than `currency`. Journeys of another `series` are others, even if
    their path and day are the same.
    """

    currency: str
    day: date
    columns: PathColumns = field(default_factory=PathColumns)
    separator: str = SEPARATOR
    step: timedelta = STEP
    decimal_mark: DecimalMark = "."
    rounds: bool = False
    channels: Mapping[str, str] = field(default_factory=dict)
    series: str = ""

    def settings(self) -> bytes:
        """Return all of it as bytes: an import is recognised by them and by its file."""
        columns = self.columns
        return orjson.dumps(
            [
                "paths", self.currency, self.day, columns.path, columns.conversions, columns.value, columns.nulls,
                self.separator, self.step.total_seconds(), self.decimal_mark, self.rounds, dict(self.channels),
                self.series,
            ],
            option=orjson.OPT_SORT_KEYS,
        )  # fmt: skip
