"""The figures of an export's rows, as exact numbers, compared with the file's own totals."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final

from skeldir.ingest.files import AmountEvidence
from skeldir.money import decimals
from skeldir.spend.days import MILLION
from skeldir.spend.files.accounts import Belonging, text_at, text_of
from skeldir.spend.files.cells import NumberReader, find_mark, number_reader, read_days
from skeldir.spend.files.options import Options
from skeldir.spend.files.presets import OTHER, Columns, plain_column
from skeldir.spend.files.refusals import (
    DaysMissing,
    EndOpen,
    ExportRefused,
    RowsRepeated,
    RowUnreadable,
    UnitOpen,
)
from skeldir.spend.files.tables import Cell, Table, TableRow
from skeldir.spend.files.totals import check_rows, check_totals, says_total

ACTIONS: Final = ("omni_purchase", "purchase", "offsite_conversion.fb_pixel_purchase")
"""Kinds of conversions that hold each other: the first that occurs is taken."""

BELOW_CAMPAIGNS: Final = frozenset(
    plain_column(name)
    for name in (
        *(
            "Ad set name",
            "Ad set ID",
            "Ad name",
            "Ad ID",
            "Ad group",
            "Ad group name",
            "Ad group ID",
            "adset_name",
        ),
        *(
            "Nom de l'ensemble de publicités",
            "Nom de la publicité",
            "Anzeigengruppenname",
            "Anzeigengruppe",
        ),
        *(
            "Name der Anzeige",
            "Nombre del conjunto de anuncios",
            "Nome do conjunto de anúncios",
            "Line item",
        ),
    )
)
"""Columns of the parts of a campaign."""


@dataclass(frozen=True, slots=True)
class Line:
    """A row's day and figures; money in major units, None for what the row calls unknown."""

    day: date
    cost: Decimal | None
    impressions: int | None
    clicks: int | None
    claims: Decimal | None
    value: Decimal | None
    setting: str | None


@dataclass(frozen=True, slots=True)
class Figures:
    """The figures of all rows, the kind of the claims, and whether the file's own totals or number of rows agreed."""

    lines: list[Line]
    claim_type: str | None
    is_checked: bool


def split_rows(table: Table, name: str) -> tuple[list[TableRow], list[TableRow]]:
    """Return the rows of days and those of totals. Raises RowUnreadable for a row that may be either."""
    columns = table.columns
    days: list[TableRow] = []
    totals: list[TableRow] = []
    for row in table.rows:
        day, campaign_id = text_at(row, columns, "day"), text_at(row, columns, "campaign_id")
        campaign = text_at(row, columns, "campaign")
        has_day = (day is not None and not says_total([day])) or (
            "day" not in columns.places and text_at(row, columns, "first_day") is not None
        )
        is_total = says_total(row.cells) or says_total([campaign])
        if has_day and is_total and campaign_id is None:
            raise RowUnreadable(
                f"Line {row.line} of {name} has a day, and says that it is a total.",
                cure="Export it without subtotals, and with the campaigns' ids.",
            )
        is_summary = not has_day and campaign is None and campaign_id is None
        (totals if not has_day and (is_total or is_summary) else days).append(row)
    if not days:
        raise ExportRefused(
            f"{name} has no rows of days.",
            cure="Check that the export has finished, and its period.",
        )
    return days, totals


def read_figures(
    table: Table,
    rows: Sequence[TableRow],
    totals: Sequence[TableRow],
    belongings: Sequence[Belonging],
    options: Options,
    name: str,
) -> Figures:
    """Return the figures of the rows.

    Raises:
        ExportOpen: a mark, an order of dates or the end of the file is open.
        ExportRefused: a cell is no number or day, or the file's totals are not the sums of its rows.
    """
    columns = table.columns
    days = _read_days(rows, columns, options, name)
    readers = _Readers(table, options, {belonging.currency for belonging in belongings})
    claim_type, action = _claim_type(rows, columns)
    lines = []
    for row, day, belonging in zip(rows, days, belongings, strict=True):
        claims, value = readers.claims(row, belonging.currency, action)
        lines.append(
            Line(
                day,
                readers.cost(row, belonging.currency),
                readers.whole(row, "impressions"),
                readers.whole(row, "clicks"),
                claims,
                value,
                text_at(row, columns, "attribution"),
            )
        )
    is_checked = check_rows(table.before, len(rows), name)
    if len({belonging.currency for belonging in belongings}) == 1:
        sums = {
            "cost": sum((line.cost for line in lines if line.cost is not None), Decimal()),
            "impressions": Decimal(sum(line.impressions or 0 for line in lines)),
            "clicks": Decimal(sum(line.clicks or 0 for line in lines)),
        }
        stated = [readers.total(row, belongings[0].currency) for row in totals]
        is_checked |= check_totals(stated, sums, name)
    elif totals:
        raise ExportRefused(
            f"{name} has costs in several currencies, and a total that cannot be compared with them.",
            cure="Export each ad account by itself.",
        )
    if not is_checked:
        _refuse_repetitions(rows, lines, name)
        _refuse_two_levels(rows, lines, belongings, columns, name)
        _refuse_open_end(table, rows, options, name)
    return Figures(lines, claim_type, is_checked)


class _Readers:
    """Reads the numbers of a table's columns, with the one decimal mark that all of them show."""

    def __init__(self, table: Table, options: Options, currencies: Collection[str]) -> None:
        self._columns = columns = table.columns
        self._unit = columns.cost_field
        self._is_minor = self._unit == "cost" and _are_minor(table, options, currencies)
        amounts = {"cost": columns.places[self._unit]}
        counts = {f: columns.places[f] for f in ("impressions", "clicks") if f in columns.places}
        if columns.claims is not None:
            found = {"claims": columns.claims.count, "value": columns.claims.value}
            amounts |= {field: place for field, place in found.items() if place is not None}

        def cells(place: int) -> list[Cell]:
            return [row.cells[place] for row in table.rows]

        mark = find_mark(
            [cells(place) for place in amounts.values()],
            [cell for place in counts.values() for cell in cells(place)],
            options.decimal_mark,
        )
        self._places = amounts | counts
        self._readers: Mapping[str, NumberReader] = {
            field: number_reader(columns.header[place], mark, cells(place), options.decimal_mark)
            for field, place in self._places.items()
        }

    def cost(self, row: TableRow, currency: str) -> Decimal | None:
        """Return what a row cost, in major units."""
        number = self._read(row, "cost", currency)
        return None if number is None else self._in_major(number, self._unit, currency)

    def whole(self, row: TableRow, field: str) -> int | None:
        """Return a whole number of a row."""
        reader = self._readers.get(field)
        if reader is None:
            return None
        return reader.read_whole(row.line, row.cells[self._places[field]])

    def claims(
        self, row: TableRow, currency: str, action: str | None
    ) -> tuple[Decimal | None, Decimal | None]:
        """Return how many conversions a row claims, and their value in major units."""
        columns = self._columns
        if action is not None:
            places = columns.places
            return (
                _of_action(row, places.get("actions"), action),
                _of_action(row, places.get("action_values"), action),
            )
        count, value = self._read(row, "claims", None), self._read(row, "value", currency)
        if value is not None and columns.claims is not None:
            value = self._in_major(value, columns.claims.value_unit, currency)
        return count, value

    def total(self, row: TableRow, currency: str) -> dict[str, Decimal | None]:
        """Return the figures that a row of totals states."""
        found: dict[str, Decimal | None] = {"cost": self.cost(row, currency)}
        for field in ("impressions", "clicks"):
            number = self.whole(row, field)
            found[field] = None if number is None else Decimal(number)
        return found

    def _read(self, row: TableRow, field: str, currency: str | None) -> Decimal | None:
        reader = self._readers.get(field)
        if reader is None:
            return None
        return reader.read(row.line, row.cells[self._places[field]], currency)

    def _in_major(self, number: Decimal, unit: str, currency: str) -> Decimal:
        if unit.endswith("_micros"):
            return number / MILLION
        is_minor = unit.endswith("_cents") or self._is_minor
        return number.scaleb(-decimals(currency)) if is_minor else number


def _are_minor(table: Table, options: Options, currencies: Collection[str]) -> bool:
    """Return whether amounts are in the smallest unit: known platforms write major ones, as decimals show.

    Raises:
        UnitOpen: the platform is not known, and whole amounts may be in either.
    """
    if table.columns.preset.code != OTHER:
        return False
    if options.amount_unit is not None:
        return options.amount_unit == "minor"
    place = table.columns.places["cost"]
    evidence = AmountEvidence()
    evidence.add_all(row.cells[place] for row in table.rows)
    if not evidence.has_decimals and any(decimals(currency) for currency in currencies):
        raise UnitOpen(
            f'The costs in "{table.columns.header[place]}" are whole: 1250 may be 12.50.',
            cure="Set --amount-unit to major or minor; or call the column cost_cents.",
        )
    return False


def _read_days(
    rows: Sequence[TableRow], columns: Columns, options: Options, name: str
) -> list[date]:
    def cells(field: str) -> list[tuple[int, Cell]]:
        return [(row.line, row.cells[columns.places[field]]) for row in rows]

    def read(field: str) -> list[date]:
        return read_days(cells(field), options.date_order, columns.preset.date_order)

    first = read("day" if "day" in columns.places else "first_day")
    if "last_day" in columns.places:
        for row, begin, end in zip(rows, first, read("last_day"), strict=True):
            if begin != end:
                raise DaysMissing(
                    f"Line {row.line} of {name} is of {begin} to {end}, not of one day.",
                    cure=columns.preset.days_cure,
                )
    return first


def _claim_type(rows: Sequence[TableRow], columns: Columns) -> tuple[str | None, str | None]:
    """Return the kind of the claims, and the same again if it is one of the actions that an API lists."""
    place = columns.places.get("actions")
    if place is not None and columns.claims is None:
        found = {
            str(part.get("action_type"))
            for row in rows
            if isinstance(listed := row.cells[place], list)
            for part in listed
            if isinstance(part, dict)
        }
        action = next((action for action in ACTIONS if action in found), None)
        return action, action
    return (None if columns.claims is None else columns.claims.type), None


def _of_action(row: TableRow, place: int | None, action: str) -> Decimal | None:
    listed = None if place is None else row.cells[place]
    for part in listed if isinstance(listed, list) else ():
        if isinstance(part, dict) and part.get("action_type") == action:
            return NumberReader(action, ".", is_fine=True).read(
                row.line, str(part.get("value", ""))
            )
    return None


def _refuse_repetitions(rows: Sequence[TableRow], lines: Sequence[Line], name: str) -> None:
    """Refuse a file in which whole rows that cost something are equal."""
    seen: dict[tuple[object, ...], int] = {}
    for row, line in zip(rows, lines, strict=True):
        if not line.cost:
            continue
        earlier = seen.setdefault(tuple(map(_comparable, row.cells)), row.line)
        if earlier != row.line:
            raise RowsRepeated(
                f"Lines {earlier} and {row.line} of {name} are equal.",
                cure="Export it with the ids of what its rows are of; or remove the rows that were pasted twice.",
            )


def _refuse_two_levels(
    rows: Sequence[TableRow],
    lines: Sequence[Line],
    belongings: Sequence[Belonging],
    columns: Columns,
    name: str,
) -> None:
    """Refuse a file in which one day of a campaign has rows of its ads and a row of all of them: that counts twice."""
    places = [at for at, text in enumerate(columns.header) if plain_column(text) in BELOW_CAMPAIGNS]
    seen: dict[tuple[object, ...], tuple[bool, int]] = {}
    for row, line, belonging in zip(rows, lines, belongings, strict=True):
        if not line.cost:
            continue
        for place in places:
            part = text_of(row.cells[place])
            is_part = part is not None and part.casefold() != "all"
            key = (place, belonging.account, belonging.campaign, line.day)
            other, earlier = seen.setdefault(key, (is_part, row.line))
            if other != is_part:
                raise ExportRefused(
                    f"Lines {earlier} and {row.line} of {name} are of one day of a campaign, and only one names an"
                    f' "{columns.header[place][:40]}": the other may be their sum.',
                    cure="Export it by campaign only, or by ads without subtotals.",
                )


def _comparable(cell: Cell) -> object:
    return repr(cell) if isinstance(cell, list) else cell


def _refuse_open_end(table: Table, rows: Sequence[TableRow], options: Options, name: str) -> None:
    last_is_read = len(table.columns.header) - 1 in table.columns.used()
    if table.ends_open and last_is_read and rows[-1] is table.rows[-1] and not options.is_whole:
        raise EndOpen(
            f"The last line of {name} has no end, so that it may have been cut off.",
            cure="Compare it with the platform; if it is whole, set --whole.",
        )
