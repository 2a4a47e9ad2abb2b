"""The tables of pages about imports: files, refused rows, money by month, and who took back what."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Final, Literal
from uuid import UUID

from skeldir.web.formats import Unknown
from skeldir.web.tables import Cell, Column, Table

if TYPE_CHECKING:
    from skeldir.ingest import DeadEvent, KnownImport, Undoing
    from skeldir.ingest.files import ImportReport
    from skeldir.web.reports import Report

HEALTH: Final = "/data-health"
IMPORTS: Final = "/imports"
NEW_IMPORT: Final = f"{IMPORTS}/new"
_ALIVE: Final = timedelta(seconds=90)

State = Literal["imported", "running", "stopped", "undoing", "undone", "redoing", "repeats"]


@dataclass(frozen=True, slots=True)
class MonthRow:
    """The money of a kind in a month, signed, in minor units; `entries` is None if they were not counted."""

    currency: str
    month: date
    kind: str
    cents: int
    entries: int | None = None


def state_of(
    known: KnownImport, undoings: Mapping[UUID, Undoing], now: datetime, *, is_running: bool
) -> State:
    """Return how an import stands. One whose process died is `stopped` when it has not moved for a while."""
    undoing = None if known.undone_by is None else undoings.get(known.undone_by)
    if known.undone_by is not None:
        if any(one.redoes == known.undone_by and one.phase != "done" for one in undoings.values()):
            return "redoing"
        return "undone" if undoing is None or undoing.phase == "done" else "undoing"
    if not known.is_complete:
        return "running" if is_running or now - known.updated_at < _ALIVE else "stopped"
    return "repeats" if known.repeats_undone else "imported"


def list_of_imports(
    report: Report,
    imports: Sequence[KnownImport],
    states: Mapping[str, State],
    actors: Mapping[str, str],
) -> Table:
    """Return the table of imported files."""
    say = report.say
    columns = (
        Column(say("imports.file")),
        Column(say("imports.started"), "moment"),
        Column(say("imports.by")),
        Column(say("imports.rows"), "number"),
        Column(say("imports.touches"), "number"),
        Column(say("imports.entries"), "number", note=say("imports.entries_note")),
        Column(say("imports.known"), "number", note=say("imports.known_note")),
        Column(say("imports.refused"), "number"),
        Column(say("imports.state")),
    )
    nobody = Unknown(say("imports.by_unknown"))
    rows = tuple(
        (
            Cell(one.file_name, address_of(one.fingerprint), one.fingerprint[:16]),
            Cell(one.started_at),
            Cell(actors.get(one.fingerprint, nobody)),
            Cell(one.rows_done),
            Cell(one.touches_accepted),
            Cell(one.conversions_accepted),
            Cell(one.touches_duplicate + one.conversions_duplicate),
            Cell(
                one.rejected,
                f"{address_of(one.fingerprint)}#refused" if one.rejected else None,
            ),
            Cell(say(f"imports.is_{states[one.fingerprint]}")),
        )
        for one in imports
    )
    return _table(report, "imports", say("imports.caption"), columns, rows, say("imports.none"))


def refused_items(report: Report, events: Iterable[DeadEvent]) -> Table:
    """Return the table of the refused rows of an import, as they were stored."""
    say = report.say
    columns = (
        Column(say("imports.row"), "number"),
        Column(say("imports.code")),
        Column(say("imports.why")),
        Column(say("imports.cure")),
    )
    rows = tuple(
        (Cell(one.place), Cell(one.code), Cell(one.detail), Cell(one.cure))
        for one in sorted(events, key=lambda event: event.place)
    )
    return _table(report, "refused", say("imports.refused_rows"), columns, rows, say("table.empty"))


def refused_examples(report: Report, outcome: ImportReport) -> Table:
    """Return the table of what a dry run refused: up to three rows of each code, and how many have it."""
    say = report.say
    columns = (
        Column(say("imports.line"), "number"),
        Column(say("imports.code")),
        Column(say("imports.of_code"), "number"),
        Column(say("imports.why")),
        Column(say("imports.cure")),
    )
    rows = tuple(
        (
            Cell(one.row if one.line is None else one.line),
            Cell(one.code),
            Cell(outcome.rejected_by_code.get(one.code, 1)),
            Cell(one.detail),
            Cell(one.cure),
        )
        for one in outcome.examples
    )
    caption = say("imports.would_refuse")
    return _table(report, "refused", caption, columns, rows, say("imports.none_refused"))


def money_by_month(report: Report, months: Iterable[MonthRow], caption: str) -> tuple[Table, ...]:
    """Return a table for each currency; `caption` names a text with the currency."""
    say = report.say
    by_currency: dict[str, list[MonthRow]] = {}
    for one in sorted(months, key=lambda row: (row.currency, row.month, row.kind)):
        by_currency.setdefault(one.currency, []).append(one)
    tables = []
    for currency, rows in by_currency.items():
        is_counted = all(row.entries is not None for row in rows)
        number = (Column(say("imports.entries"), "number"),) if is_counted else ()
        columns = (
            Column(say("imports.month")),
            Column(say("imports.kind")),
            *number,
            Column(say("imports.amount"), "money", currency),
        )
        cells = tuple(
            (
                Cell(f"{row.month:%Y-%m}"),
                Cell(name_kind(report, row.kind)),
                *((Cell(row.entries or 0),) if is_counted else ()),
                Cell(row.cents),
            )
            for row in rows
        )
        totals = (
            Cell(say("table.total")),
            Cell(""),
            *((Cell(sum(row.entries or 0 for row in rows)),) if is_counted else ()),
            Cell(sum(row.cents for row in rows)),
        )
        tables.append(
            _table(
                report,
                f"money-{currency}",
                say(caption, currency=currency),
                columns,
                cells,
                say("table.empty"),
                totals,
            )
        )
    return tuple(tables)


def history_of(report: Report, undoings: Sequence[Undoing]) -> Table:
    """Return the table of who took an import back or put it back."""
    say = report.say
    columns = (
        Column(say("imports.what")),
        Column(say("imports.at"), "moment"),
        Column(say("imports.by")),
        Column(say("imports.reason")),
        Column(say("imports.entries"), "number"),
        Column(say("imports.touches"), "number"),
    )
    rows = tuple(
        (
            Cell(
                say("imports.took_back" if one.redoes is None else "imports.put_back"),
                note=None if one.phase == "done" else say("imports.under_way"),
            ),
            Cell(one.requested_at),
            Cell(one.requested_by),
            Cell(one.reason),
            Cell(one.entries),
            Cell(one.touches),
        )
        for one in undoings
    )
    return _table(report, "history", say("imports.history"), columns, rows, say("imports.never"))


def name_kind(report: Report, kind: str) -> str:
    """Return a kind of entry in the language of the page; one without a name as it is."""
    return report.say.texts.get(f"imports.kind_{kind}", kind)


def address_of(fingerprint: str) -> str:
    """Return the address of an import's page."""
    return f"{IMPORTS}/{fingerprint}"


def _table(
    report: Report,
    key: str,
    caption: str,
    columns: tuple[Column, ...],
    rows: tuple[tuple[Cell, ...], ...],
    empty: str,
    totals: tuple[Cell, ...] | None = None,
) -> Table:
    return Table(key, caption, columns, rows, empty, totals, report.download_of(key))
