"""A first reading of a file that counts paths: what it holds, and what must be answered before anything is recorded."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Final, NamedTuple

from skeldir.days import LocalDays
from skeldir.ingest.channels import COMMON_CHANNELS, RESERVED_CHANNELS
from skeldir.ingest.fields import EARLIEST
from skeldir.ingest.files.amounts import DecimalMark
from skeldir.ingest.files.layout import FileLayout
from skeldir.ingest.files.mapping import MappingInvalid, listed, nearest
from skeldir.ingest.files.path_counts.asked import (
    LONGEST_SPAN,
    SEPARATOR,
    STEP,
    PathColumns,
    PathsAsked,
)
from skeldir.ingest.files.path_counts.reading import BadRow, CountedPath, read_paths
from skeldir.ingest.files.path_counts.rounding import FileSum, Rounding
from skeldir.ingest.files.readers import look_at_file, open_rows
from skeldir.money import CURRENCIES, format_minor

MOST_ROWS: Final = 500_000
"""Of a file: for each, how often its path came before is in memory."""
MOST_NAMES: Final = 2_000
"""Of a file: with more, names are something else, such as whole paths."""
_CODE: Final = re.compile(r"[a-z][a-z0-9_]{0,62}")
_NOON: Final = timedelta(hours=12)
_SHOWN: Final = 60


@dataclass(frozen=True, slots=True)
class PathsGiven:
    """What somebody says of a file that counts paths; None is open."""

    currency: str | None = None
    day: date | None = None
    path_column: str | None = None
    conversions_column: str | None = None
    value_column: str | None = None
    null_column: str | None = None
    has_no_values: bool = False
    has_no_nulls: bool = False
    separator: str = SEPARATOR
    step: timedelta = STEP
    decimal_mark: DecimalMark = "."
    rounds: bool = False
    channels: Mapping[str, str] = field(default_factory=dict)
    series: str = ""
    encoding: str | None = None
    sheet: str | None = None


@dataclass(slots=True)
class Survey:
    """What a file holds: rows that can be read and others, and what the first ones count together."""

    total: FileSum
    rows: int = 0
    bad_rows: int = 0
    conversions: int = 0
    nulls: int = 0
    touches: int = 0
    finer: int = 0
    first_finer: int = 0
    names: dict[str, None] = field(default_factory=dict)

    def add(self, path: CountedPath) -> None:
        """Count a row."""
        self.rows += 1
        self.conversions += path.conversions
        self.nulls += path.nulls
        self.touches += path.journeys * len(path.names)
        if self.total.add(path.value):
            self.finer += 1
            self.first_finer = self.first_finer or path.row
        if len(self.names) <= MOST_NAMES:
            self.names.update(dict.fromkeys(path.names))


@dataclass(frozen=True, slots=True)
class ChosenPaths:
    """How a file that counts paths is imported, and what it holds, in `choices` line by line.

    All journeys end at `end`; `codes` has the channel of each name, of which `new_channels` are added.
    """

    asked: PathsAsked
    path: Path
    layout: FileLayout
    end: datetime
    codes: Mapping[str, str]
    new_channels: tuple[str, ...]
    rounding: Rounding
    choices: tuple[str, ...]


def choose_paths(
    path: Path,
    given: PathsGiven,
    *,
    days: LocalDays,
    now: datetime,
    own_channels: Iterable[str] = (),
) -> ChosenPaths:
    """Read a file once, and return how it is imported. Nothing is assumed of money, days and channels.

    Raises:
        FileUnreadable: the file cannot be read.
        MappingInvalid: something must be answered first; the error has all of it.
    """
    layout = look_at_file(path, encoding=given.encoding, sheet=given.sheet)
    columns, questions = _columns(layout, given)
    questions += _open_questions(given, days, now)
    if questions or given.currency is None or given.day is None:
        raise _ask(path, questions)
    asked = PathsAsked(
        given.currency, given.day, columns, given.separator, given.step, given.decimal_mark, given.rounds,
        given.channels, given.series,
    )  # fmt: skip
    survey = _survey(path, layout, asked)
    codes, questions = _codes(survey.names, given)
    questions += _of_money(survey, asked)
    if questions:
        raise _ask(path, questions)
    known = {*COMMON_CHANNELS, *own_channels}
    new = tuple(dict.fromkeys(code for code in codes.values() if code not in known))
    end = _end_of(days, asked.day)
    return ChosenPaths(
        asked,
        path,
        layout,
        end,
        codes,
        new,
        survey.total.rounding(),
        tuple(_describe(survey, asked, days, codes, new)),
    )


def _ask(path: Path, questions: Sequence[_Question]) -> MappingInvalid:
    """Return the error with all questions and their answers; nothing is imported."""
    return MappingInvalid(
        f"{path.name}: " + " ".join(one.about for one in questions),
        cure="Add " + " ".join(one.answer for one in questions),
    )


class _Question(NamedTuple):
    """What is open or wrong, and the options that answer it."""

    about: str
    answer: str


_Questions = list[_Question]


def _columns(layout: FileLayout, given: PathsGiven) -> tuple[PathColumns, _Questions]:
    usual = PathColumns()
    named = {
        "--path-column": given.path_column or usual.path,
        "--conversions-column": given.conversions_column or usual.conversions,
        "--value-column": None if given.has_no_values else given.value_column or usual.value,
        "--null-column": None if given.has_no_nulls else given.null_column or usual.nulls,
    }
    instead = {
        "--value-column": ", or --no-values if conversions have none",
        "--null-column": ", or --no-nulls if no journey without a conversion is counted",
    }
    header = layout.header
    questions = [
        _Question(
            f'There is no column "{name}".{nearest(name, header)} Columns: {listed(header)}.',
            f'{option} "…"{instead.get(option, "")}.',
        )
        for option, name in named.items()
        if name is not None and name not in header
    ]
    used = [name for name in named.values() if name is not None]
    if len(set(used)) < len(used):
        questions.append(_Question("Two of the columns are the same.", "one column for each."))
    path, conversions, value, nulls = named.values()
    return PathColumns(path or "", conversions or "", value, nulls), questions


def _open_questions(given: PathsGiven, days: LocalDays, now: datetime) -> _Questions:
    questions: _Questions = []
    if given.currency is None:
        questions.append(
            _Question("The file names no currency.", "--currency EUR, or another one.")
        )
    elif given.currency not in CURRENCIES:
        questions.append(
            _Question(
                "The currency is not the code of one.",
                "--currency with an ISO 4217 code, such as EUR.",
            )
        )
    if given.day is None:
        questions.append(
            _Question(
                "The file has no times.",
                "--day 2026-06-30, on which its journeys end, in the tenant's zone.",
            )
        )
    elif not EARLIEST.date() < given.day <= now.date() + LONGEST_SPAN or not (
        EARLIEST + LONGEST_SPAN <= _end_of(days, given.day) <= now
    ):
        questions.append(
            _Question(
                f"Nothing can have ended on {given.day} yet, or it is too long ago.",
                f"--day with a day in the past, from {EARLIEST:%Y}-01-02 on.",
            )
        )
    if not timedelta(seconds=1) <= given.step <= LONGEST_SPAN:
        questions.append(
            _Question(
                "Touches cannot be so far apart.", "--step with a time from 1s to 1d, such as 1m."
            )
        )
    if not given.separator.strip() and given.separator != " ":
        questions.append(
            _Question(
                "Nothing separates the channels.",
                "--separator with what stands between two of them.",
            )
        )
    for option, text in (("--separator", given.separator), ("--series", given.series)):
        if text.encode(errors="ignore").decode() != text:
            questions.append(_Question(f"{option} is no UTF-8.", f"{option} in UTF-8."))
    return questions


def _end_of(days: LocalDays, day: date) -> datetime:
    """Return when journeys of a day end: in its middle."""
    return days.start_of(day) + _NOON


def _survey(path: Path, layout: FileLayout, asked: PathsAsked) -> Survey:
    survey = Survey(FileSum(CURRENCIES[asked.currency]))
    with open_rows(path, layout, asked.columns.wanted) as stream:
        for row in read_paths(stream.rows, asked):
            if survey.rows + survey.bad_rows == MOST_ROWS:
                raise MappingInvalid(
                    f"{path.name} has more than {MOST_ROWS:,} rows.",
                    cure="Divide it into several files, and import each with a --series of its own.",
                )
            if isinstance(row, BadRow):
                survey.bad_rows += 1
            else:
                survey.add(row)
    return survey


def _codes(names: Iterable[str], given: PathsGiven) -> tuple[dict[str, str], _Questions]:
    """Return the channel of each name: what was given for it, or the name itself if it is a code."""
    codes = {name: given.channels.get(name, name) for name in names}
    unknown = [name for name in given.channels if name not in codes]
    invalid = [
        name
        for name, code in codes.items()
        if not _CODE.fullmatch(code) or code in RESERVED_CHANNELS
    ]
    questions: _Questions = []
    if invalid and len(codes) > MOST_NAMES:
        questions.append(
            _Question(
                f"The paths have more than {MOST_NAMES:,} different names, such as {listed(invalid[:3])}.",
                f'--separator, if channels are not separated by "{given.separator}".',
            )
        )
    elif invalid:
        shown = listed(name[:_SHOWN] for name in invalid)
        questions.append(
            _Question(
                f"These names are no channel codes: {shown}.",
                f"--channel 'NAME=CODE' for each, such as --channel '{invalid[0][:_SHOWN]}=paid_search';"
                " or --separator, if channels are separated by something else than"
                f' "{given.separator}".',
            )
        )
    if unknown:
        questions.append(
            _Question(
                f"No path has {listed(unknown)}.", "--channel only for names that the file has."
            )
        )
    return codes, questions


def _of_money(survey: Survey, asked: PathsAsked) -> _Questions:
    questions: _Questions = []
    places = CURRENCIES[asked.currency]
    if survey.finer and not asked.rounds:
        questions.append(
            _Question(
                f"In {survey.finer:,} rows, first in row {survey.first_finer:,} below the header, the value has more"
                f" than the {places} decimals of {asked.currency}.",
                "--round, which rounds these by less than a unit each, so that the sum of all rows stays.",
            )
        )
    if survey.total.is_too_large:
        questions.append(
            _Question(
                "The values add up to more than can be recorded.",
                "another column with --value-column.",
            )
        )
    return questions


def _describe(
    survey: Survey,
    asked: PathsAsked,
    days: LocalDays,
    codes: Mapping[str, str],
    new: Sequence[str],
) -> Iterable[str]:
    """Say what the file holds and how it is read."""
    named = asked.columns
    value = f'"{named.value}"' if named.value else "none"
    nulls = f'"{named.nulls}"' if named.nulls else "none"
    yield (
        f'columns: path "{named.path}" (between channels "{asked.separator}"), conversions "{named.conversions}",'
        f" value {value}, journeys without a conversion {nulls}"
    )
    money = format_minor(survey.total.units, asked.currency)
    yield (
        f"{survey.rows:,} rows: {survey.conversions:,} conversions of {money} {asked.currency} and {survey.nulls:,}"
        f" journeys without one, with {survey.touches:,} touches"
    )
    if survey.bad_rows:
        yield f"{survey.bad_rows:,} more rows cannot be read, and will be refused"
    if survey.finer:
        yield (
            f"rounded: {survey.finer:,} rows by less than a unit each; they add up to {survey.total.exact:f} in the"
            f" file, and to {money} {asked.currency} here"
        )
    seconds = int(asked.step.total_seconds())
    yield (
        f"all journeys end on {asked.day} ({days.rules.name}), in the middle of the day; their touches are"
        f" {seconds:,} seconds apart"
    )
    renamed = [f'"{name}" → {code}' for name, code in codes.items() if name != code]
    if renamed:
        yield f"channels: {', '.join(renamed)}"
    if new:
        yield f"channels that are added, named as their codes: {', '.join(new)}"
