"""A CSV file of lift tests: each row has an experiment, a channel, days, and what was measured with its interval."""

from __future__ import annotations

import csv
import io
import re
from codecs import BOM_UTF8
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Final, TypeVar

from skeldir.errors import SkeldirError
from skeldir.lifts.refusals import LiftTestsInvalid
from skeldir.lifts.stating import (
    HIGHEST_LEVEL,
    LEAST_LEVEL,
    LONGEST_EXPERIMENT,
    MILLION,
    LiftKey,
    Measure,
    Measured,
)
from skeldir.money import CURRENCIES, LARGEST_MINOR_UNITS, minor_units

ALWAYS: Final = (
    "experiment",
    "channel",
    "first_day",
    "last_day",
    "lower",
    "upper",
    "level_percent",
)
CONVERSIONS: Final = "incremental_conversions"
VALUE: Final = "incremental_value"
CURRENCY: Final = "currency"
COLUMNS: Final = (*ALWAYS[:4], CONVERSIONS, VALUE, CURRENCY, *ALWAYS[4:])
MOST_BYTES: Final = 4 * 1024 * 1024
MOST_ROWS: Final = 10_000
_MOST_FAULTS: Final = 20
_CONVERSIONS: Final = re.compile(r"-?[0-9]{1,9}(?:\.[0-9]{1,6})?")
_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_SHOWN: Final = 40
_T = TypeVar("_T")


class _Wrong(Exception):
    """A cell cannot be read: the column, what is wrong, and what would be right."""

    def __init__(self, column: str, what: str, cure: str) -> None:
        super().__init__(what)
        self.column, self.what, self.cure = column, what, cure


def read_lift_file(path: Path, *, channels: frozenset[str], today: date) -> list[Measured]:
    """Return the measurements of a file. `channels` are those that a test can be of.

    Raises:
        LiftTestsInvalid: something is wrong; the error names the rows, their columns and what would be right.
    """
    header, rows = _read(path)
    _check_header(header)
    found: dict[LiftKey, Measured] = {}
    faults: list[str] = []
    cures: dict[str, None] = {}
    for line, cells in rows:
        try:
            if len(cells) != len(header):
                raise _Wrong(
                    "",
                    f"it has {len(cells)} cells, the header {len(header)}",
                    "Give each row all cells.",
                )
            row = {name: cell.strip() for name, cell in zip(header, cells, strict=True)}
            one = _read_row(row, channels, today)
            if one.key in found:
                raise _Wrong(
                    "experiment",
                    "the experiment has this channel and measure twice",
                    "Give each once.",
                )
        except _Wrong as wrong:
            where = f"line {line}" + (f", {wrong.column}" if wrong.column else "")
            faults.append(f"{where}: {wrong.what}")
            cures[wrong.cure] = None
        else:
            found[one.key] = one
    if faults:
        more = len(faults) - _MOST_FAULTS
        shown = "; ".join(faults[:_MOST_FAULTS]) + (f"; and {more} more" if more > 0 else "")
        raise LiftTestsInvalid(
            f"{path.name}: {shown}.",
            cure=" ".join([*cures][:_MOST_FAULTS]) + " Nothing was recorded.",
        )
    if not found:
        raise LiftTestsInvalid(f"{path.name} has no rows.", cure="Give a row for each experiment.")
    return list(found.values())


def _read(path: Path) -> tuple[list[str], list[tuple[int, list[str]]]]:
    try:
        data = path.read_bytes()[: MOST_BYTES + 1]
        text = data.removeprefix(BOM_UTF8).decode()
    except OSError as error:
        raise LiftTestsInvalid(
            f"{path} cannot be read: {error.strerror}.", cure="Check the path and its permissions."
        ) from error
    except UnicodeDecodeError as error:
        raise LiftTestsInvalid(f"{path.name} is not UTF-8.", cure="Save it as UTF-8.") from error
    if len(data) > MOST_BYTES:
        raise LiftTestsInvalid(
            f"{path.name} has more than {MOST_BYTES // 1024**2} MiB.", cure="Give fewer rows."
        )
    first = text.partition("\n")[0]
    delimiter = max(",;\t", key=first.count)
    reader = csv.reader(io.StringIO(text), delimiter=delimiter)
    try:
        rows = [(reader.line_num, cells) for cells in reader if any(map(str.strip, cells))]
    except csv.Error as error:
        raise LiftTestsInvalid(
            f"{path.name} is not CSV, in line {reader.line_num}: {error}.",
            cure="Give a CSV file with a header.",
        ) from error
    if not rows or len(rows) > MOST_ROWS + 1:
        raise LiftTestsInvalid(
            f"{path.name} has {len(rows)} rows.", cure=f"Give a header and 1 to {MOST_ROWS:,} rows."
        )
    return [cell.strip().lower() for cell in rows[0][1]], rows[1:]


def _check_header(header: Sequence[str]) -> None:
    missing = [name for name in ALWAYS if name not in header]
    if CONVERSIONS not in header and VALUE not in header:
        missing.append(f"{CONVERSIONS} or {VALUE}")
    if VALUE in header and CURRENCY not in header:
        missing.append(CURRENCY)
    unknown = [name for name in header if name not in COLUMNS]
    repeated = sorted({name for name in header if header.count(name) > 1})
    said = [
        f"{what}: {', '.join(repr(name[:_SHOWN]) for name in names)}"
        for what, names in (
            ("missing columns", missing),
            ("unknown columns", unknown),
            ("repeated columns", repeated),
        )
        if names
    ]
    if said:
        raise LiftTestsInvalid(
            f"The header has {'; '.join(said)}.",
            cure=f"Name the columns {', '.join(COLUMNS)}; one of {CONVERSIONS} and {VALUE} is enough, and"
            f" {CURRENCY} is for {VALUE}.",
        )


def _read_row(row: Mapping[str, str], channels: frozenset[str], today: date) -> Measured:
    experiment = row["experiment"]
    if not 1 <= len(experiment) <= LONGEST_EXPERIMENT or not experiment.isprintable():
        raise _Wrong(
            "experiment",
            "it has no name that can be kept",
            "Name each experiment, in up to 200 characters.",
        )
    if row["channel"] not in channels:
        raise _Wrong(
            "channel",
            f"{_shown(row['channel'])} is no channel",
            "Use the code of a channel, or add your own with `skeldir channels add`.",
        )
    first, last = _day(row, "first_day"), _day(row, "last_day")
    if not first <= last <= today:
        raise _Wrong(
            "last_day",
            f"{last} is before the first day, or not yet over",
            "Give days that are over.",
        )
    measure, column, currency = _measure_of(row)
    read = _conversions if measure == "conversions" else _money(currency)
    incremental, lower, upper = (_cell(row, name, read) for name in (column, "lower", "upper"))
    if not lower <= incremental <= upper:
        raise _Wrong(
            column,
            "it lies outside its interval",
            "Give lower, what was measured, and upper in this order.",
        )
    level = _cell(row, "level_percent", _level)
    key = LiftKey(experiment, row["channel"], measure, currency)
    return Measured(key, first, last, incremental, lower, upper, level)


def _measure_of(row: Mapping[str, str]) -> tuple[Measure, str, str]:
    """Return what a row measures, its column, and the currency."""
    conversions, value = row.get(CONVERSIONS, ""), row.get(VALUE, "")
    currency = row.get(CURRENCY, "")
    if bool(conversions) == bool(value):
        raise _Wrong(
            f"{CONVERSIONS} and {VALUE}",
            "both are given" if conversions else "neither is given",
            "Give one of the two in each row; lower and upper are of the same.",
        )
    if conversions:
        if currency:
            raise _Wrong(CURRENCY, "conversions have none", f"Give it with {VALUE} only.")
        return "conversions", CONVERSIONS, ""
    if currency not in CURRENCIES:
        raise _Wrong(
            CURRENCY,
            f"{_shown(currency)} is no currency",
            "Give the ISO 4217 code of each value, such as EUR.",
        )
    return "value", VALUE, currency


def _cell(row: Mapping[str, str], column: str, read: Callable[[str], _T]) -> _T:
    try:
        return read(row[column])
    except ValueError as error:
        what, _, cure = str(error).partition("|")
        raise _Wrong(column, f"{_shown(row[column])} {what}", cure) from error


def _conversions(text: str) -> int:
    if not _CONVERSIONS.fullmatch(text):
        raise ValueError(
            "is no number of conversions|Write conversions as 12.5, with up to 6 decimals."
        )
    whole, _, fraction = text.lstrip("-").partition(".")
    units = int(whole) * MILLION + int(fraction.ljust(6, "0"))
    return -units if text.startswith("-") else units


def _money(currency: str) -> Callable[[str], int]:
    def read(text: str) -> int:
        try:
            return minor_units(text, currency)
        except SkeldirError as error:
            raise ValueError(
                f"is no amount in {currency}|Write amounts as 1250.00, with no more decimals than the currency has,"
                f" up to {LARGEST_MINOR_UNITS:,} of its smallest unit."
            ) from error

    return read


def _level(text: str) -> int:
    number = text.removesuffix("%").strip()
    if not (number.isascii() and number.isdigit() and len(number) == 2) or not (
        LEAST_LEVEL <= int(number) <= HIGHEST_LEVEL
    ):
        raise ValueError(
            f"is no level|Give the level of the interval in percent, {LEAST_LEVEL} to {HIGHEST_LEVEL}."
        )
    return int(number)


def _day(row: Mapping[str, str], column: str) -> date:
    text = row[column]
    if _DAY.fullmatch(text):
        try:
            return date.fromisoformat(text)
        except ValueError:
            pass
    raise _Wrong(column, f"{_shown(text)} is no day", "Write days as 2026-06-30.")


def _shown(text: str) -> str:
    return repr(text) if len(text) <= _SHOWN else f"a text of {len(text)} characters"
