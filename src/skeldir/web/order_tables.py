"""The list of orders as tables, and the totals of its days beside it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction
from typing import TYPE_CHECKING, Final

from skeldir.rollups import read_revenue_days
from skeldir.web.balances import STEPS, step_of_state
from skeldir.web.formats import Unknown
from skeldir.web.order_addresses import address_of_order
from skeldir.web.tables import Cell, Column, Table

if TYPE_CHECKING:
    from uuid import UUID

    from skeldir.attribution import ModelName, OrderLine, OriginWanted
    from skeldir.db import Connection
    from skeldir.web.naming import ChannelNames
    from skeldir.web.order_rows import OrderRow
    from skeldir.web.reports import Report

_MOST_DAYS: Final = 92
_MOST_SUMS: Final = 100_000
_MOST_NAMED: Final = 2
_WHOLE: Final = 10**12


@dataclass(frozen=True, slots=True)
class ListLayout:
    """How a table of orders looks: its currency, model and channel, and whether some money is before a capture.

    `origin` is how the source or campaign is named whose credit it shows beside that of the channel.
    """

    currency: str
    model: ModelName | None
    channel: str | None
    has_awaiting: bool
    origin: str | None = None
    all_days: bool = False
    """Whether the money is that of all days, and not of those shown."""

    @property
    def steps(self) -> tuple[str, ...]:
        """The columns of money, named as the steps of the bridge."""
        return tuple(step for step in STEPS if step != "awaiting_capture" or self.has_awaiting)


def orders_table(
    report: Report,
    rows: Sequence[OrderRow],
    layout: ListLayout,
    names: ChannelNames,
    *,
    caption: str,
    is_whole: bool,
) -> Table:
    """Return the table of some orders; with totals if these are all orders of the list."""
    say, key = report.say, f"orders-{layout.currency}"
    first_at = "orders.first_of_all" if layout.all_days else "orders.first_at"
    columns = [Column(say("orders.order")), Column(say(first_at), "moment")]
    columns += [Column(say("orders.state"))]
    columns += [Column(_title(report, step), "money", layout.currency) for step in layout.steps]
    columns += [Column(say("orders.net"), "money", layout.currency)]
    if layout.channel is not None:
        title = say("orders.credit_of", channel=names(layout.channel))
        columns.append(Column(title, "money", layout.currency))
    if layout.origin is not None:
        title = say("orders.credit_of", channel=layout.origin)
        columns.append(Column(title, "money", layout.currency))
    columns += [Column(say("orders.touches"), "number"), Column(_channels_title(report, layout))]
    return Table(
        key,
        caption,
        tuple(columns),
        tuple(tuple(_cells(report, row, layout, names)) for row in rows),
        say("orders.none_match"),
        tuple(_totals(report, rows, layout)) if is_whole and rows else None,
        report.download_of(key),
    )


def name_origin(report: Report, origin: OriginWanted) -> str:
    """Return how a source, a campaign, or both are named."""
    named = []
    for name, of_value in (("source", origin.of_source), ("campaign", origin.of_campaign)):
        if of_value is not None:
            (value,) = of_value
            text = f"orders.no_{name}" if value is None else f"orders.{name}"
            named.append(report.say(text, **({} if value is None else {"value": value})))
    return ", ".join(named)


def _title(report: Report, step: str) -> str:
    if step == "awaiting_capture":
        return report.say("overview.awaiting_capture")
    return report.say(f"bridge.{step}")


def _channels_title(report: Report, layout: ListLayout) -> str:
    if layout.model is None:
        return report.say("orders.channels")
    return report.say("orders.channels_by", model=report.say(f"model.{layout.model}"))


def _cells(
    report: Report, row: OrderRow, layout: ListLayout, names: ChannelNames
) -> Iterable[Cell]:
    say = report.say
    yield Cell(
        row.order_id,
        href=address_of_order(row.order_id, model=report.parameter("model")),
        note=say("orders.renewal") if row.standing.is_renewal else None,
    )
    yield Cell(row.movements.first_at)
    yield Cell(say(f"orders.state_{row.standing.state}"), note=_flag(report, row))
    for step in layout.steps:
        yield Cell(row.cents_of(step))
    yield Cell(row.movements.net_cents)
    missing = Unknown(_why_missing(report, row))
    if layout.channel is not None:
        key = layout.currency, layout.channel
        yield Cell(missing if row.line is None else row.line.credited.get(key, 0))
    if layout.origin is not None:
        yield Cell(missing if row.of_origin is None else row.of_origin)
    if row.line is None:
        yield Cell(missing)
        yield Cell(missing)
    else:
        not_stored = Unknown(say("orders.touches_forgotten"))
        yield Cell(not_stored if row.line.touches is None else row.line.touches)
        yield Cell(_channels(report, row.line, names))


def _flag(report: Report, row: OrderRow) -> str | None:
    if row.credit is None:
        return None
    if row.credit.reason is not None:
        return report.say(f"orders.aside_{row.credit.reason}")
    return report.say("orders.awaits_credit")


def _why_missing(report: Report, row: OrderRow) -> str:
    if row.awaits_capture:
        return report.say("orders.no_capture")
    if row.credit is not None and row.credit.awaits_credit:
        return report.say("orders.awaits_credit")
    return report.say("orders.not_computed")


def _channels(report: Report, line: OrderLine, names: ChannelNames) -> str:
    """Name the channels with the largest parts of the conversion, each with its part."""
    parts = sorted(line.parts.items(), key=lambda each: (-each[1], each[0]))
    if not parts:
        # Only entries that came after the conversion's credit was kept.
        return ", ".join(sorted({names(channel) for _, channel in line.credited}))
    named = [
        names(channel)
        if len(parts) == 1
        else f"{names(channel)} {report.formats.percent(Fraction(part, _WHOLE), 0)}"
        for channel, part in parts[:_MOST_NAMED]
    ]
    if len(parts) > _MOST_NAMED:
        rest = len(parts) - _MOST_NAMED
        named.append(report.say.counted("orders.more_channels", rest, report.formats.number(rest)))
    return ", ".join(named)


def _totals(report: Report, rows: Sequence[OrderRow], layout: ListLayout) -> Iterable[Cell]:
    yield Cell(report.say("table.total"))
    no_sum = Unknown(report.say("orders.no_sum"))
    yield Cell(no_sum)
    yield Cell(no_sum)
    for step in layout.steps:
        yield Cell(sum(row.cents_of(step) for row in rows))
    yield Cell(sum(row.movements.net_cents for row in rows))
    if layout.channel is not None:
        key = layout.currency, layout.channel
        yield Cell(sum(row.line.credited.get(key, 0) for row in rows if row.line is not None))
    if layout.origin is not None:
        yield Cell(sum(row.of_origin or 0 for row in rows))
    lines = [row.line for row in rows if row.line is not None and row.line.touches is not None]
    yield Cell(sum(line.touches or 0 for line in lines))
    yield Cell(no_sum)


Sums = dict[date, dict[str, int]]
"""The money of days, or of months by their first day, by step of the bridge, in signed minor units."""


async def read_sums_by_day(
    connection: Connection,
    tenant_id: UUID,
    first_day: date,
    end_day: date,
    *,
    currency: str | None,
) -> dict[str, Sums]:
    """Return the sums of the ledger, of one currency or by currency, and by day; of more than 92 days, by month."""
    rows = await read_revenue_days(
        connection,
        tenant_id,
        first_day=first_day,
        end_day=end_day,
        currency=currency,
        state=None,
        after=None,
        most=_MOST_SUMS,
    )
    by_month = is_by_month(first_day, end_day)
    found: dict[str, Sums] = {}
    for row in rows:
        day = row["date"].replace(day=1) if by_month else row["date"]
        sums = found.setdefault(row["currency"], {}).setdefault(day, {})
        step = step_of_state(row["state"])
        sums[step] = sums.get(step, 0) + row["amount_cents"]
    return found


def is_by_month(first_day: date, end_day: date) -> bool:
    """Return whether there are too many days to show singly, so that sums are shown by month."""
    return (end_day - first_day).days > _MOST_DAYS


def days_table(report: Report, sums: Mapping[date, Mapping[str, int]], currency: str) -> Table:
    """Return the sums of the ledger by day or month, the latest first; each leads to its orders."""
    say, key = report.say, f"days-{currency}"
    has_awaiting = any("awaiting_capture" in of_day for of_day in sums.values())
    steps = [step for step in STEPS if step != "awaiting_capture" or has_awaiting]
    by_month = is_by_month(report.days.first, report.days.end)
    columns = (
        Column(say("orders.month")) if by_month else Column(say("orders.day"), "date"),
        *(Column(_title(report, step), "money", currency) for step in steps),
        Column(say("orders.net"), "money", currency),
    )

    def cells(
        title: str | date, days: Iterable[Mapping[str, int]], href: str | None
    ) -> tuple[Cell, ...]:
        listed = list(days)
        amounts = [sum(one.get(step, 0) for one in listed) for step in steps]
        return Cell(title, href=href), *map(Cell, amounts), Cell(sum(amounts))

    rows = []
    for day in sorted(sums, reverse=True):
        first, last = _span_of(report, day) if by_month else (day, day)
        title = _month(report, day) if by_month else day
        href = report.link(from_=first.isoformat(), to=last.isoformat(), currency=currency)
        rows.append(cells(title, [sums[day]], href))
    caption = "orders.by_month" if by_month else "orders.by_day"
    return Table(
        key,
        say(caption, currency=currency),
        columns,
        tuple(rows),
        say("table.empty"),
        cells(say("table.total"), sums.values(), None),
        report.download_of(key),
    )


def _month(report: Report, day: date) -> str:
    return f"{report.formats.locale.months[day.month - 1]} {day.year}"


def _span_of(report: Report, month: date) -> tuple[date, date]:
    """Return the days of a month that are shown."""
    last = (month + timedelta(days=31)).replace(day=1) - timedelta(days=1)
    return max(month, report.days.first), min(last, report.days.last)
