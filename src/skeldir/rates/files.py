"""Files of rates: the ECB's table of days and currencies, its data portal's rows, and a plain table of rates."""

from __future__ import annotations

import csv
import io
import re
import zipfile
from codecs import BOM_UTF8, BOM_UTF16_BE, BOM_UTF16_LE
from collections.abc import Callable, Sequence
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Final

from skeldir.money import CURRENCIES
from skeldir.rates.refusals import RateBaseOpen, RateRepeated, RatesRefused, RateUnreadable
from skeldir.rates.stating import (
    DecimalMark,
    Rate,
    StatedRates,
    check_day,
    read_currency,
    read_day,
    read_rate,
)

ECB: Final = "ecb"
EURO: Final = "EUR"
MOST_FILE_BYTES: Final = 64 * 1024 * 1024

_CODE: Final = re.compile(r"[A-Z]{3}")
_LONG_DAY: Final = re.compile(r"\d{1,2} [A-Z][a-z]+ \d{4}")
_SERIES: Final = re.compile(r".*\(EXR\.D\.([A-Z]{3})\.EUR\.SP00\.A\)")
_EMPTY: Final = frozenset({"", "N/A", "NaN", "-"})
# Currencies in the ECB's history that no order is in any more.
_FORMER: Final = frozenset(
    ["CYP", "EEK", "GRD", "HRK", "LTL", "LVL", "MTL", "ROL", "SIT", "SKK", "TRL"]
)
_PORTAL: Final = ("FREQ", "CURRENCY", "CURRENCY_DENOM", "TIME_PERIOD", "OBS_VALUE")
_PLAIN: Final = ("day", "base", "quote", "rate")
_Row = tuple[int, list[str]]


def read_rates_file(
    path: Path, source: str, *, base: str | None = None, mark: DecimalMark | None = None
) -> StatedRates:
    """Return the rates of a CSV file, which may be in a ZIP archive. Nothing is guessed.

    Of the source `ecb` it is known that rates are for one euro; those of another table of days and currencies are for
    one unit of `base`.

    Raises:
        RatesRefused: it cannot be read as rates, or contradicts itself.
        RatesOpen: the base, or what a comma means, is not known.
    """
    lines = _rows_of(_text_of(path))
    if len(lines) < 2:
        raise RatesRefused(
            "The file has no rates.", cure="Give a file with a header and rates below it."
        )
    header = [cell.strip() for cell in lines[0][1]]
    lowered = [cell.lower() for cell in header]
    if lowered[:2] == ["date", "time period"]:
        return _read_series(header, lines[1:], base, mark)
    if lowered[0] == "date" and len(header) > 1:
        return _read_wide(header, lines[1:], _base_of_table(source, base), mark)
    if {"CURRENCY_DENOM", "OBS_VALUE"} & set(header):
        return _read_portal(header, lines[1:], base, mark)
    if set(_PLAIN) <= set(lowered):
        return _read_plain(lowered, lines[1:], base, mark)
    if "rate" in lowered and not {"base", "quote"} <= set(lowered):
        raise RateBaseOpen(
            "The columns do not say which currency a rate is for one unit of.",
            cure="Name the columns day, base, quote and rate: one unit of base is rate units of quote.",
        )
    raise RatesRefused(
        "The header is none that is known.",
        cure="Give the ECB's CSV, or a file with the columns day, base, quote and rate.",
    )


def _read_series(
    header: Sequence[str], lines: Sequence[_Row], base: str | None, mark: DecimalMark | None
) -> StatedRates:
    """Read a row per day and a column per series, which its key names, as the ECB's data portal shows them."""
    codes = []
    for name in header[2:]:
        found = _SERIES.fullmatch(name)
        if found is None:
            raise RatesRefused(
                f"The column {name[:60]!r} is no daily reference rate of the ECB's.",
                cure="Export series of the form EXR.D.USD.EUR.SP00.A only.",
            )
        codes.append(found[1])
    for number, cells in lines:
        _require_cells(number, cells, len(header))
    without_period = [(number, [cells[0], *cells[2:]]) for number, cells in lines]
    return _read_wide(["Date", *codes], without_period, _only_base({EURO}, base), mark)


def _base_of_table(source: str, base: str | None) -> str:
    if source == ECB:
        if base not in (None, EURO):
            raise RatesRefused(
                "The ECB's rates are for one euro.",
                cure="Leave out --base, or import them under another --source.",
            )
        return EURO
    if base is None:
        raise RateBaseOpen(
            "Nothing says which currency the rates are for one unit of.",
            cure="Say it with --base, if one unit of it is as many units of each column as the rates say.",
        )
    return base


def _read_wide(
    header: Sequence[str], lines: Sequence[_Row], base: str, mark: DecimalMark | None
) -> StatedRates:
    """Read a row per day and a column per currency; the ECB ends each line with a comma."""
    codes = list(header[1:])
    if codes[-1] == "":
        codes.pop()
    for code in codes:
        if not _CODE.fullmatch(code) or (code not in CURRENCIES and code not in _FORMER):
            raise RateUnreadable(
                f"The column {code[:30]!r} is not the code of a currency.",
                cure="Give the file as it was published.",
            )
    _require_once(codes)
    wanted = [(place, code) for place, code in enumerate(codes, 1) if code not in _FORMER]
    rates, empty = [], 0
    days: set[date] = set()
    for number, cells in lines:
        _require_cells(number, cells, len(header))
        day = _read_any_day(cells[0].strip(), f"line {number}")
        if day in days:
            raise RateRepeated(
                f"Line {number} is a second one of {day}.", cure="Give each day once."
            )
        days.add(day)
        for place, code in wanted:
            text = cells[place].strip()
            if text in _EMPTY:
                empty += 1
                continue
            rates.append(Rate(code, day, read_rate(text, f"line {number}, {code}", mark)))
    return _stated(base, rates, tuple(sorted(_FORMER & set(codes))), empty)


def _read_portal(
    header: Sequence[str], lines: Sequence[_Row], base: str | None, mark: DecimalMark | None
) -> StatedRates:
    """Read a row per observation, as the ECB's data portal exports series."""
    missing = [name for name in _PORTAL if name not in header]
    if missing:
        raise RatesRefused(
            f"The file has no column {missing[0]}.", cure="Export it again with all columns."
        )
    _require_once(header)
    rates: list[Rate] = []
    empty = 0
    denominators: set[str] = set()
    for number, cells in lines:
        _require_cells(number, cells, len(header))
        row = {name: cell.strip() for name, cell in zip(header, cells, strict=True)}
        _check_series(row, f"line {number}")
        code = row["CURRENCY"]
        if code in _FORMER:
            continue
        denominators.add(read_currency(row["CURRENCY_DENOM"], f"line {number}, CURRENCY_DENOM"))
        day = read_day(row["TIME_PERIOD"], f"line {number}")
        if row["OBS_VALUE"] in _EMPTY:
            empty += 1
            continue
        rate = read_rate(row["OBS_VALUE"], f"line {number}, OBS_VALUE", mark)
        rates.append(Rate(read_currency(code, f"line {number}, CURRENCY"), day, rate))
    return _stated(_only_base(denominators, base), rates, (), empty)


def _check_series(row: dict[str, str], where: str) -> None:
    """Refuse series that are not daily spot rates, or whose key says otherwise than the columns."""
    wanted = {"FREQ": "D", "EXR_TYPE": "SP00", "EXR_SUFFIX": "A", "UNIT_MULT": "0"}
    for name, value in wanted.items():
        if row.get(name, value) != value:
            raise RatesRefused(
                f"{where}: {name} is {row[name][:20]!r}, not {value!r}.",
                cure="Export daily reference rates (EXR, D, SP00, A): others, such as means of months, are of no day.",
            )
    key = row.get("KEY", "").split(".")
    if len(key) > 3 and key[-4:-2] != [row["CURRENCY"], row["CURRENCY_DENOM"]]:
        raise RatesRefused(
            f"{where}: KEY names other currencies than the columns.",
            cure="Export the file again; rows were mixed up.",
        )


def _read_plain(
    header: Sequence[str], lines: Sequence[_Row], base: str | None, mark: DecimalMark | None
) -> StatedRates:
    _require_once(header)
    rates: list[Rate] = []
    bases: set[str] = set()
    for number, cells in lines:
        _require_cells(number, cells, len(header))
        row = {name: cell.strip() for name, cell in zip(header, cells, strict=True)}
        where = f"line {number}"
        bases.add(read_currency(row["base"], f"{where}, base"))
        quote = read_currency(row["quote"], f"{where}, quote")
        rates.append(Rate(quote, read_day(row["day"], where), read_rate(row["rate"], where, mark)))
    return _stated(_only_base(bases, base), rates, (), 0)


def _only_base(found: set[str], base: str | None) -> str:
    if len(found) > 1 or (base is not None and found != {base}):
        named = ", ".join(sorted(found))
        raise RatesRefused(
            f"The rates are for one unit of {named}"
            + (f", not of {base}." if base is not None else "."),
            cure="Give the rates of one base currency at a time, each under a source of its own.",
        )
    return next(iter(found), base or "")


def _stated(base: str, rates: list[Rate], left_out: tuple[str, ...], empty: int) -> StatedRates:
    if not rates:
        raise RatesRefused(
            "The file has no rates.", cure="Give a file with rates below its header."
        )
    return StatedRates(base, rates, left_out, empty)


def _read_any_day(text: str, where: str) -> date:
    """Return a day as 2026-09-01, or as 1 September 2026, which the ECB's file of one day has."""
    if not _LONG_DAY.fullmatch(text):
        return read_day(text, where)
    try:
        return check_day(datetime.strptime(text, "%d %B %Y").date(), where)  # noqa: DTZ007 - a day has no zone
    except ValueError:
        return read_day(text, where)


def _require_once(names: Sequence[str]) -> None:
    for name in names:
        if name and names.count(name) > 1:
            raise RateRepeated(
                f"The column {name[:30]!r} comes twice.", cure="Give each column once."
            )


def _require_cells(number: int, cells: Sequence[str], wanted: int) -> None:
    if len(cells) != wanted:
        raise RatesRefused(
            f"Line {number} has {len(cells)} cells, and the header has {wanted}.",
            cure="Give the complete file; it is cut, or a decimal comma divides its cells.",
        )


def _rows_of(text: str) -> list[_Row]:
    first = text.partition("\n")[0]
    delimiter: Callable[[str], int] = first.count
    separator = max(",;\t", key=delimiter)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    try:
        return [(reader.line_num, row) for row in reader if any(cell.strip() for cell in row)]
    except csv.Error as error:
        raise RatesRefused(
            f"Line {reader.line_num} is not CSV.", cure="Give the file as it was published."
        ) from error


def _text_of(path: Path) -> str:
    """Return the text of a file or of the only CSV in an archive. Raises RatesRefused."""
    try:
        if zipfile.is_zipfile(path):
            raw = _unzip(path)
        elif path.stat().st_size > MOST_FILE_BYTES:
            raise _too_large()
        else:
            raw = path.read_bytes()
    except (OSError, zipfile.BadZipFile, EOFError, NotImplementedError, RuntimeError) as error:
        raise RatesRefused(
            f"{path.name} cannot be read.", cure="Check the path, and that the file is complete."
        ) from error
    encoding = "utf-16" if raw.startswith((BOM_UTF16_LE, BOM_UTF16_BE)) else "utf-8"
    try:
        return raw.removeprefix(BOM_UTF8).decode(encoding)
    except UnicodeDecodeError as error:
        raise RatesRefused(
            f"{path.name} is not text in UTF-8.", cure="Give the CSV file as it was published."
        ) from error


def _unzip(path: Path) -> bytes:
    with zipfile.ZipFile(path) as archive:
        names = [one for one in archive.infolist() if one.filename.lower().endswith(".csv")]
        if len(names) != 1:
            raise RatesRefused(
                f"{path.name} holds {len(names)} CSV files.", cure="Give an archive with one."
            )
        with archive.open(names[0]) as member:
            raw = member.read(MOST_FILE_BYTES + 1)
    if len(raw) > MOST_FILE_BYTES:
        raise _too_large()
    return raw


def _too_large() -> RatesRefused:
    return RatesRefused(
        f"The file is larger than {MOST_FILE_BYTES // 1024 // 1024} MiB.",
        cure="Give the rates in several files.",
    )


def one_rate(quote: str, day: str, rate: str, mark: DecimalMark | None = None) -> Rate:
    """Return a rate from what somebody typed. Raises RateUnreadable and RateMarkOpen."""
    value: Decimal = read_rate(rate, "the rate", mark)
    return Rate(read_currency(quote, "the quote"), read_day(day, "the day"), value)
