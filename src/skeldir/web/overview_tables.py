"""The tables of the overview: the bridge, the days, and the channels of one currency."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Final

from skeldir.attribution import ChannelRow, ModelName
from skeldir.web.addresses import across_pages
from skeldir.web.balances import Balance
from skeldir.web.formats import Unknown
from skeldir.web.naming import ChannelNames
from skeldir.web.periods import ShownDays
from skeldir.web.reports import Report
from skeldir.web.tables import Cell, Column, Table

CHANNELS: Final = "/channels"
_MOST_DAYS: Final = 400
ORDERS: Final = "/orders"


def label_of(report: Report, step: str) -> str:
    """Return the name of a movement of the bridge."""
    if step == "awaiting_capture":
        return report.say("overview.awaiting_capture")
    return report.say(f"bridge.{step}")


def steps_table(report: Report, balance: Balance) -> Table:
    """Return the bridge as a table."""
    say, currency = report.say, balance.currency
    columns = (
        Column(say("overview.step")),
        Column(say("overview.amount"), "money", currency),
        Column(say("overview.entries"), "number"),
    )
    nothing = Unknown(say("overview.balance_has_none"))
    moved = tuple(
        (Cell(label_of(report, step)), Cell(movement.cents), Cell(movement.entries))
        for step, movement in balance.steps.items()
        if step != "awaiting_capture" or movement.entries
    )
    opening = (Cell(say("bridge.opening")), Cell(balance.opening_cents), Cell(nothing))
    closing = (Cell(say("bridge.closing")), Cell(balance.closing_cents), Cell(nothing))
    return _table(
        report, f"bridge-{currency}", say("overview.bridge_table", currency=currency), columns,
        (opening, *moved), closing,
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class NetByTime:
    """The net money of each day, or of each month if there are more than 400 days, by its first day shown."""

    days: tuple[date, ...]
    values: tuple[int, ...]
    are_months: bool

    @staticmethod
    def of(shown: ShownDays, net: Mapping[date, int]) -> NetByTime:
        """Add the net money of days up; days without entries have 0."""
        days = shown.all()
        if len(days) <= _MOST_DAYS:
            return NetByTime(days, tuple(net.get(day, 0) for day in days), are_months=False)
        months: dict[date, int] = {}
        for day in days:
            first = max(day.replace(day=1), shown.first)
            months[first] = months.get(first, 0) + net.get(day, 0)
        return NetByTime(tuple(months), tuple(months.values()), are_months=True)

    def title(self, report: Report, currency: str) -> str:
        """Return the title of the picture and the table."""
        name = "overview.by_month" if self.are_months else "overview.by_day"
        return report.say(name, currency=currency)


def days_table(report: Report, currency: str, net: NetByTime) -> Table:
    """Return the net money of each day or month."""
    say = report.say
    columns = (
        Column(say("overview.month" if net.are_months else "overview.day"), "date"),
        Column(say("overview.net_of_day"), "money", currency),
    )
    rows = tuple((Cell(day), Cell(cents)) for day, cents in zip(net.days, net.values, strict=True))
    total = (Cell(say("table.total")), Cell(sum(net.values)))
    return _table(report, f"days-{currency}", net.title(report, currency), columns, rows, total)


def channels_table(
    report: Report,
    currency: str,
    rows: list[ChannelRow],
    model: ModelName | None,
    names: ChannelNames,
) -> Table:
    """Return the credit of channels by one model, the largest first."""
    say = report.say
    columns = (
        Column(say("overview.channel")),
        Column(say("overview.credit"), "money", currency),
        Column(say("overview.share"), "percent"),
        Column(say("overview.conversions"), "ratio", note=say("overview.conversions_note")),
        Column(say("overview.spend"), "money", currency),
        Column(say("overview.roas_short"), "ratio"),
    )
    shown = [] if model is None else [(row.channel, row.models[model]) for row in rows]
    shown.sort(key=lambda each: (-each[1].credited_cents, each[0]))
    total = sum(credit.credited_cents for _, credit in shown)
    spent = sum(credit.spend_cents for _, credit in shown)
    no_spend, no_share = Unknown(say("overview.no_spend")), Unknown(say("overview.not_positive"))

    def leading(path: str, channel: str | None) -> str | None:
        if channel is None:
            return None
        by = {"model": str(model)} if path == ORDERS else {}
        return across_pages(report.request, path, currency=currency, channel=channel, **by)

    def cells(
        name: str, cents: int, conversions: Decimal, spend: int, channel: str | None
    ) -> tuple[Cell, ...]:
        share = Fraction(cents, total) if total > 0 else None
        return (
            Cell(name, href=leading(CHANNELS, channel)),
            Cell(cents, href=leading(ORDERS, channel)),
            Cell(no_share if share is None else share, share=share),
            Cell(conversions),
            Cell(spend or no_spend),
            Cell(Fraction(cents, spend) if spend else no_spend),
        )

    table_rows = tuple(
        cells(
            names(channel),
            credit.credited_cents,
            Decimal(credit.conversions),
            credit.spend_cents,
            channel,
        )
        for channel, credit in shown
    )
    conversions = sum((Decimal(credit.conversions) for _, credit in shown), Decimal(0))
    totals = cells(say("table.total"), total, conversions, spent, None)
    return _table(
        report, f"channels-{currency}", say("overview.by_channel", currency=currency), columns,
        table_rows, totals,
    )  # fmt: skip


def _table(
    report: Report,
    key: str,
    caption: str,
    columns: tuple[Column, ...],
    rows: tuple[tuple[Cell, ...], ...],
    totals: tuple[Cell, ...],
) -> Table:
    return Table(
        key,
        caption,
        columns,
        rows,
        report.say("table.empty"),
        totals,
        report.download_of(key),
    )
