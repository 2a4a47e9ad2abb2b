"""What columns show of the times in them: their format, which number is the day, and what has to be asked.

03/04/2026 does not show its day, most columns do: a format counts only if some time proves it and none
contradicts.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Final

from skeldir.ingest.files.amount_evidence import Answers
from skeldir.ingest.files.moments import moment_reader
from skeldir.ingest.files.written_times import (
    DATE_ORDERS,
    DateOrder,
    possible_orders,
    read_written,
)
from skeldir.ingest.files.zones import find_zone, is_zone
from skeldir.ingest.rejections import ItemRejected

_EPOCH_DIGITS: Final = {10: "epoch_seconds", 13: "epoch_milliseconds", 16: "epoch_microseconds"}
_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_CLOCK: Final = re.compile(
    r"[0-9]{1,2}[:.][0-9]{2}(?:[:.][0-9]{2}(?:[.,][0-9]+)?)?(?:\s?[ap]\.?m\.?)?", re.IGNORECASE
)
_DATES: Final = ["date", "datum", "fecha", "data", "day", "dag", "dato", "jour"]
_CLOCKS: Final = ["time", "time_of_day", "uhrzeit", "zeit", "heure", "hora", "ora", "tijd", "tid"]
_ZONES: Final = [
    "timezone",
    "time_zone",
    "tz",
    "zone",
    "zeitzone",
    "fuseau_horaire",
    "zona_horaria",
    "fuso_orario",
    "tijdzone",
]
_MOST_DAYS: Final = 10_000
_MOST_ZONES: Final = 10


def find_moment_columns(
    column: str, spelled: Mapping[str, str], values_of: Callable[[str], Sequence[str]]
) -> list[str]:
    """Return the columns that make up a moment with `column`: its date, its time of day and its zone.

    `spelled` has the file's columns by their plain names. A column counts only if all of its first
    values are of that sort, and a zone only beside a date and a time that are apart: next to whole
    times it may be the visitor's, with times in UTC.
    """
    find = partial(_find_column, spelled, values_of, column)
    values = values_of(column)
    date = clock = None
    if values and all(map(_is_clock, values)):
        date, clock = find(_DATES, _is_day), column
    elif values and all(map(_is_day, values)):
        date, clock = column, find(_CLOCKS, _is_clock)
    if date is None or clock is None:
        return [column]
    zone = find_zone_column(column, spelled, values_of)
    return [date, clock] if zone is None else [date, clock, zone]


def find_zone_column(
    column: str, spelled: Mapping[str, str], values_of: Callable[[str], Sequence[str]]
) -> str | None:
    """Return a column beside `column` that is called a time zone, and has only zones."""
    return _find_column(spelled, values_of, column, _ZONES, is_zone)


def _find_column(
    spelled: Mapping[str, str],
    values_of: Callable[[str], Sequence[str]],
    other_than: str,
    names: Sequence[str],
    is_one: Callable[[str], bool],
) -> str | None:
    for name in names:
        column = spelled.get(name)
        values = values_of(column) if column is not None and column != other_than else ()
        if values and all(map(is_one, values)):
            return column
    return None


def settle_times(
    label: str,
    sample: Sequence[str],
    whole: Callable[[], Iterable[str]] | None,
    given: Mapping[str, object],
    zone_column: str | None = None,
) -> Answers:
    """Return the format of the times in a file, and what has to be asked about it.

    `label` names their columns; `whole` yields the times of all rows, and is None when the sample has
    them; `given` are settings in the shape of a mapping file. `zone_column` may have their zones.
    """
    answers = Answers()
    if not sample or "time_format" in given:
        return answers
    if all(value.isascii() and value.isdigit() for value in sample):
        form = _EPOCH_DIGITS.get(max(map(len, sample)))
        if form is None:
            answers.questions.append(
                f"What are the times in {label}? Set time_format in a mapping."
            )
        else:
            answers.settings["time_format"] = form
            answers.choices.append(f"times: {form}")
        return answers
    bare = [value for value in sample if _zone_of(value) is None and not _is_iso_moment(value)]
    if len(bare) * 2 <= len(sample):
        # The few exceptions are rejected row by row.
        written_otherwise = [value for value in sample if not _is_iso(value)]
        typical = written_otherwise if len(written_otherwise) * 2 > len(sample) else []
    else:
        typical = [] if _DAY.match(bare[0]) else bare
    if typical:
        _settle_order(label, typical, whole, answers)
    _ask_for_zones(label, sample, given, answers)
    if len(bare) * 2 > len(sample) and not answers.questions:
        _ask_for_bare(label, bare[0], given, zone_column, answers)
    return answers


def _settle_order(
    label: str, sample: Sequence[str], whole: Callable[[], Iterable[str]] | None, answers: Answers
) -> None:
    evidence = _OrderEvidence()
    evidence.add_all(sample if whole is None else whole())
    orders = evidence.orders
    if "month_name" in orders:
        orders = {"month_name"}
    example = evidence.example or sample[0]
    if len(orders) == 1:
        (order,) = orders
        answers.settings["time_format"] = order
        answers.choices.append(f'times: {order.replace("_", " ")}, as "{example}" shows')
    elif orders:
        answers.questions.append(
            f'Which number in "{sample[0]}" is the day? No time in {label} shows it: set'
            ' time_format = "day_first" or "month_first" in a mapping.'
        )
    elif evidence.is_contradicted:
        answers.questions.append(
            f'The times in {label} are written in different orders, as "{evidence.example}" and'
            f' "{evidence.other}" show: set time_format to "day_first", "month_first" or "year_first" in a'
            " mapping; the others are rejected."
        )
    else:
        answers.questions.append(
            f"How are the times in {label} written? Set the format in a mapping, such as"
            ' time_format = "%d.%m.%Y %H:%M".'
        )


@dataclass(slots=True)
class _OrderEvidence:
    """The orders in which every date so far can be read; texts that are no dates prove nothing."""

    orders: set[DateOrder] = field(default_factory=set)
    example: str = ""
    other: str = ""
    is_contradicted: bool = False
    _has_dates: bool = False
    _days: set[str] = field(default_factory=set)

    def add_all(self, texts: Iterable[str]) -> None:
        for text in texts:
            day = text.partition(" ")[0]
            if day in self._days:
                continue
            possible = possible_orders(text)
            if possible:
                if len(self._days) >= _MOST_DAYS:
                    self._days.clear()
                self._days.add(day)
                self._add(text, possible)

    def _add(self, text: str, possible: frozenset[DateOrder]) -> None:
        if self.is_contradicted:
            return
        before = set(self.orders) if self._has_dates else set(DATE_ORDERS)
        self._has_dates = True
        self.orders = before & possible
        if not self.orders:
            self.is_contradicted, self.other = True, text
        elif len(self.orders) < len(before) or not self.example:
            self.example = text


def _ask_for_zones(
    label: str, sample: Sequence[str], given: Mapping[str, object], answers: Answers
) -> None:
    zones = given.get("zones", {})
    meanings = {
        name: str(meaning)
        for name, meaning in (zones.items() if isinstance(zones, Mapping) else ())
    }
    names = {zone for zone in map(_zone_of, sample) if zone is not None}
    found = [find_zone(name, meanings) for name in sorted(names)]
    undecided = [sentence for sentence in found if isinstance(sentence, str)]
    answers.questions += [f"{sentence} It is in {label}." for sentence in undecided[:_MOST_ZONES]]


def _ask_for_bare(
    label: str,
    bare: str,
    given: Mapping[str, object],
    zone_column: str | None,
    answers: Answers,
) -> None:
    """Ask about times without a zone, and about days that are no moments."""
    if _is_day(bare):
        answers.questions.append(
            f'{label} holds days, such as {bare}, not moments: set time_format = "%Y-%m-%d" (as they are written) and'
            " each becomes midnight in its time zone, --time-zone; or name a column of times behind it, as"
            " columns.occurred_at = [date, time]."
        )
    elif "time_zone" not in given:
        beside = f' If "{zone_column}" has it: occurred_at = [{label}, "{zone_column}"].'
        answers.questions.append(
            f"The times in {label} have no offset from UTC: set --time-zone, or"
            f' time_zone = "Europe/Berlin" in a mapping.{beside if zone_column else ""}'
        )


# ---------------------------------------------------------------- one value

_READ_ISO: Final = moment_reader("iso", None, "refuse")


def _is_iso_moment(text: str) -> bool:
    """Return whether a text is an ISO moment with an offset or a zone."""
    try:
        return isinstance(_READ_ISO(text), datetime)
    except ItemRejected:
        return True


def _is_iso(text: str) -> bool:
    return _DAY.match(text) is not None or _is_iso_moment(text)


def _is_clock(text: str) -> bool:
    return _CLOCK.fullmatch(text) is not None


def _is_day(text: str) -> bool:
    if _DAY.fullmatch(text):
        return True
    for order in DATE_ORDERS:
        written = read_written(text, order)
        if written is not None:
            return not written.has_time
    return False


def _zone_of(text: str) -> str | None:
    """Return the zone beside a written time, or None; those of plain ISO moments are not looked at."""
    for order in DATE_ORDERS:
        written = read_written(text, order)
        if written is not None:
            return written.zone
    return None
