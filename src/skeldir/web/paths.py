"""Paths: the most frequent journeys of orders as channels in order, how long they are, and the orders of one."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from fractions import Fraction
from typing import TYPE_CHECKING, Final

from fastapi import APIRouter, Request, Response

from skeldir.attribution import (
    MOST_ORDERS_OF_PATHS,
    ChannelPath,
    PathOrders,
    PathsAsked,
    PathsReport,
    report_paths,
)
from skeldir.errors import InputInvalid
from skeldir.money import decimals
from skeldir.rollups import revenue_span
from skeldir.web.access import ViewerPage, Visit
from skeldir.web.addresses import with_parameters
from skeldir.web.answers import PageRoute
from skeldir.web.formats import Unknown
from skeldir.web.frames import Link
from skeldir.web.model_choice import read_model_choice
from skeldir.web.naming import ChannelNames, read_channel_names
from skeldir.web.order_rows import make_rows
from skeldir.web.order_tables import ListLayout, orders_table
from skeldir.web.reports import Report, open_report, send_report
from skeldir.web.sending import work_aside
from skeldir.web.tables import Cell, Column, Table

if TYPE_CHECKING:
    from skeldir.attribution import ModelName

router = APIRouter(include_in_schema=False, route_class=PageRoute)

PATHS: Final = "/paths"
_MOST_CURRENCIES: Final = 6
_MOST_STEPS: Final = 8
_ENDS: Final = 3
_ARROW: Final = " \N{RIGHTWARDS ARROW} "
_BETWEEN: Final = ">"
_NO_TOUCH: Final = "-"
_LONGEST: Final = 1_500
_PATH: Final = re.compile(r"-|[a-z][a-z0-9_]{0,62}(>[a-z][a-z0-9_]{0,62})*")
_DAY: Final = timedelta(days=1) // timedelta(microseconds=1)

_TOUCHES: Final = (0, 1, 2, 3, 4, 5, 10, 20)
_DAYS: Final = (0, 1, 3, 7, 14, 30, 60)
"""The last number of each row of the distributions; the last row has what is beyond."""


@dataclass(frozen=True, slots=True)
class PathsPage:
    """What the tables are made of: the report, the orders that were read, and the names of channels."""

    report: Report
    found: PathsReport
    names: ChannelNames

    def name(self, path: ChannelPath) -> str:
        """Write a path; the middle of a long one is left out."""
        names = [self.names(code) for code in path]
        if not names:
            return self.report.say("paths.no_touch")
        if len(names) > _MOST_STEPS:
            left = len(names) - 2 * _ENDS
            count = self.report.formats.number(left)
            between = self.report.say.counted("paths.steps", left, count)
            names = [*names[:_ENDS], f"({between})", *names[-_ENDS:]]
        return _ARROW.join(names)

    def link(self, path: ChannelPath, currency: str) -> str | None:
        """Return the address of the orders of a path; None for one that no address holds."""
        text = _BETWEEN.join(path) or _NO_TOUCH
        if len(text) > _LONGEST:
            return None
        return self.report.link(path=text, currency=currency) + "#path"


@router.get(PATHS)
async def show_paths(request: Request, page: ViewerPage) -> Response:
    """Show the journeys of the orders that were first paid on some days."""
    return await send_paths(request, page)


async def send_paths(request: Request, page: Visit) -> Response:
    """Return the page, for members and by links to it."""
    report = await open_report(request, page, "paths")
    connection, tenant_id = page.connection, page.profile.tenant_id
    asked, currency = _read_path(report), report.parameter("currency")
    if currency is not None:
        decimals(currency)
    choice = await read_model_choice(report)
    found = PathsReport()
    if choice.shown is not None:
        first, last = report.days.first, report.days.last
        wanted = PathsAsked(first, last, choice.shown.model, asked, currency)
        found = await report_paths(connection, tenant_id, wanted)
    shown = PathsPage(report, found, await read_channel_names(report))
    currencies = sorted(found.currencies)
    chosen = [each for each in currencies if currency in (None, each)][:_MOST_CURRENCIES]
    blocks, lengths = await work_aside(lambda: _tables_of(shown, chosen))
    model = None if choice.shown is None else choice.shown.model
    listed = await _listed_tables(shown, model, chosen) if asked is not None else []
    span = await revenue_span(connection, tenant_id, None, None)
    return send_report(
        "paths.html",
        report,
        [*(table for _, table in blocks), *lengths, *listed],
        blocks=blocks,
        lengths=lengths,
        found=found,
        model=choice.shown,
        models=choice.links(report),
        currencies=_currency_links(report, currencies),
        asked=None if asked is None else shown.name(asked),
        listed=listed,
        back=report.link(path=None),
        note=_note(report, found),
        span=span,
        span_link=None
        if span is None
        else with_parameters(
            request, from_=span[0].isoformat(), to=span[1].isoformat(), currency=None, path=None
        ),
    )


def _tables_of(
    shown: PathsPage, currencies: Sequence[str]
) -> tuple[list[tuple[str, Table]], list[Table]]:
    """Return the table of paths of each currency, and those of lengths."""
    blocks = [(currency, _paths_table(shown, currency)) for currency in currencies]
    return blocks, [_touches_table(shown), _days_table(shown)] if shown.found.orders else []


def _read_path(report: Report) -> ChannelPath | None:
    """Return the path whose orders the address asks for. Raises `InputInvalid` for what is none."""
    text = report.parameter("path")
    if text is None:
        return None
    if len(text) > _LONGEST or not _PATH.fullmatch(text):
        raise InputInvalid(
            "The address asks for the orders of a path that cannot be one.",
            cure="Follow a link in the table of paths, or leave path= out.",
        )
    return () if text == _NO_TOUCH else tuple(text.split(_BETWEEN))


def _currency_links(report: Report, currencies: Sequence[str]) -> tuple[Link, ...]:
    if len(currencies) < 2:
        return ()
    every = (None, report.say("overview.all_currencies"))
    return report.choices("currency", [every, *((each, each) for each in currencies)])


def _note(report: Report, found: PathsReport) -> str:
    """Say which orders the numbers are of."""
    say, formats = report.say, report.formats
    count = formats.number(found.orders)
    if found.is_cut and found.earliest is not None:
        most = formats.number(MOST_ORDERS_OF_PATHS)
        moment = formats.moment(found.earliest)
        return say("paths.newest", count=count, most=most, moment=moment)
    return say.counted("paths.all", found.orders, count)


def _paths_table(shown: PathsPage, currency: str) -> Table:
    """Return the most frequent paths of orders in a currency, the rest of them, and all."""
    say = shown.report.say
    found = shown.found.paths[currency]
    columns = (
        Column(say("paths.journey")),
        Column(say("paths.orders"), "number"),
        Column(say("paths.share_of_orders"), "percent"),
        Column(say("paths.net"), "money", currency, note=say("paths.net_means")),
        Column(say("paths.share_of_net"), "percent"),
        Column(say("paths.touches"), "ratio", note=say("paths.average"), places=1),
        Column(say("paths.days"), "ratio", note=say("paths.median"), places=1),
    )
    rows = [_path_cells(shown, one, found.every, currency) for one in found.shown]
    if found.other_paths:
        left = found.other_paths
        name = say.counted("paths.others", left, shown.report.formats.number(left))
        rows.append(_path_cells(shown, found.others, found.every, currency, name))
    key = f"paths-{currency}"
    return Table(
        key,
        say("paths.caption", currency=currency),
        columns,
        tuple(rows),
        say("table.empty"),
        _path_cells(shown, found.every, found.every, currency, say("table.total")),
        shown.report.download_of(key),
    )


def _path_cells(
    shown: PathsPage, one: PathOrders, every: PathOrders, currency: str, name: str = ""
) -> tuple[Cell, ...]:
    """Return a row of paths; one of several paths has a name of its own."""
    say = shown.report.say
    orders = Fraction(one.orders, every.orders)
    part = Fraction(one.cents, every.cents) if every.cents > 0 else None
    days: Fraction | Unknown = Unknown(say("paths.no_touch_days"))
    if one.path is None:
        days = Unknown(say("paths.of_one_path"))
    elif one.median_age_us is not None:
        days = Fraction(one.median_age_us, _DAY)
    return (
        Cell(name)
        if one.path is None
        else Cell(shown.name(one.path), href=shown.link(one.path, currency)),
        Cell(one.orders),
        Cell(orders, share=orders),
        Cell(one.cents),
        Cell(Unknown(say("overview.not_positive")) if part is None else part),
        Cell(Fraction(one.touches, one.orders)),
        Cell(days),
    )


def _touches_table(shown: PathsPage) -> Table:
    """Return how many orders have how many touches."""
    counts = shown.found.by_touches
    return _distribution(shown, "lengths", _TOUCHES, counts, _name_of_touches, "paths.by_touches")


def _days_table(shown: PathsPage) -> Table:
    """Return how many orders have had their first touch how many days before."""
    counts = shown.found.by_days
    return _distribution(shown, "days", _DAYS, counts, _name_of_days, "paths.by_days")


def _name_of_touches(_last: int) -> str:
    return "paths.touch_count"


def _name_of_days(last: int) -> str:
    return "paths.same_day" if last == 0 else "paths.day_count"


def _distribution(
    shown: PathsPage,
    key: str,
    lasts: Sequence[int],
    counts: Counter[int],
    name_of: Callable[[int], str],
    caption: str,
) -> Table:
    """Return the orders by a number, which is put into rows; their shares add up to the whole."""
    report, say = shown.report, shown.report.say
    total = counts.total()
    rows = []
    for first, last in _rows_of(lasts):
        orders = sum(
            n
            for number, n in counts.items()
            if first <= number and (last is None or number <= last)
        )
        rows.append(
            (
                Cell(_row_name(report, first, last, name_of)),
                Cell(orders),
                Cell(
                    Fraction(orders, total) if total else Unknown(say("paths.no_touch_days")),
                    share=Fraction(orders, total) if total else None,
                ),
            )
        )
    columns = (
        Column(say(f"paths.{key}")),
        Column(say("paths.orders"), "number"),
        Column(say("paths.share_of_orders"), "percent"),
    )
    whole = Cell(Fraction(1)) if total else Cell(Unknown(say("paths.no_touch_days")))
    totals = (Cell(say("table.total")), Cell(total), whole)
    return Table(
        key, say(caption), columns, tuple(rows), say("table.empty"), totals, report.download_of(key)
    )


def _rows_of(lasts: Sequence[int]) -> Iterable[tuple[int, int | None]]:
    first = 0
    for last in lasts:
        yield first, last
        first = last + 1
    yield first, None


def _row_name(report: Report, first: int, last: int | None, name_of: Callable[[int], str]) -> str:
    say, formats = report.say, report.formats
    if last is None:
        return say("paths.or_more", number=formats.number(first))
    if first == last:
        return say.counted(name_of(last), last, formats.number(last))
    span = f"{formats.number(first)}\N{EN DASH}{formats.number(last)}"
    return say.counted(name_of(last), last, span)


async def _listed_tables(
    shown: PathsPage, model: ModelName | None, currencies: Sequence[str]
) -> list[Table]:
    """Return the newest orders of the path asked for, with all their money, a table per currency."""
    report = shown.report
    page = report.page
    rows = await make_rows(page.connection, page.profile.tenant_id, shown.found.listed, model)
    tables = []
    for currency in currencies:
        of_currency = [row for row in rows if row.currency == currency]
        if not of_currency:
            continue
        awaits = any(row.awaits_capture for row in of_currency)
        layout = ListLayout(currency, model, None, awaits, all_days=True)
        caption = report.say("orders.caption", currency=currency)
        tables.append(
            orders_table(report, of_currency, layout, shown.names, caption=caption, is_whole=False)
        )
    return tables
