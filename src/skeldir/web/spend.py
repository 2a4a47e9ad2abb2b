"""Spend and claims: what ads cost by day, channel, platform and campaign, and what platforms claim they brought."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from fastapi import APIRouter, Request, Response
from markupsafe import Markup

from skeldir.money import decimals
from skeldir.spend import (
    CampaignCost,
    ClaimSum,
    SpendOfDay,
    find_spend_span,
    list_campaign_costs,
    list_spend_days,
    sum_claims,
)
from skeldir.web.access import ViewerPage, Visit
from skeldir.web.answers import PageRoute
from skeldir.web.charts import DayChart, Series, draw_stack
from skeldir.web.naming import ChannelNames, read_channel_names
from skeldir.web.reports import open_report, send_report
from skeldir.web.scales import NARROW, WIDE
from skeldir.web.sending import work_aside
from skeldir.web.spend_tables import (
    SPEND,
    Periods,
    lay_out_campaigns,
    lay_out_channels,
    lay_out_claims,
    lay_out_days,
    lay_out_platforms,
    name_by_period,
    tabs_of_spend,
)

if TYPE_CHECKING:
    from skeldir.web.reports import Report
    from skeldir.web.tables import Table

router = APIRouter(include_in_schema=False, route_class=PageRoute)

_MOST_SERIES: Final = 7


@dataclass(frozen=True, slots=True)
class SpendBlock:
    """The spend and the claims of one currency, as the page shows them."""

    currency: str
    title: str
    spent: int | None
    campaigns: int
    campaign_days: int
    unknown_days: int
    chart: tuple[Markup, Markup]
    legend: tuple[Series, ...]
    by_day: Table
    channels: Table
    platforms: Table
    campaign_table: Table
    claims: Table

    def tables(self) -> tuple[Table, ...]:
        """Return all tables."""
        return (self.by_day, self.channels, self.platforms, self.campaign_table, self.claims)


@router.get(SPEND)
async def show_spend(request: Request, page: ViewerPage) -> Response:
    """Show what ads cost on some days, and what platforms claim of them, each currency apart."""
    return await send_spend(request, page)


async def send_spend(request: Request, page: Visit) -> Response:
    """Return the page, for members and by links to it."""
    report = await open_report(request, page, "spend")
    connection, tenant_id = page.connection, page.profile.tenant_id
    first, last = report.days.first, report.days.last
    days = await list_spend_days(connection, tenant_id, first=first, last=last)
    costs = await list_campaign_costs(connection, tenant_id, first=first, last=last)
    claims = await sum_claims(connection, tenant_id, first=first, last=last)
    names = await read_channel_names(report)
    currencies = sorted({day.currency for day in days})
    asked = report.parameter("currency")
    blocks = await work_aside(
        lambda: [
            _block(
                report,
                names,
                currency,
                [day for day in days if day.currency == currency],
                [cost for cost in costs if cost.currency == currency],
                [claim for claim in claims if claim.currency == currency],
            )
            for currency in currencies
            if asked in (None, currency)
        ]
    )
    span = None if blocks else await find_spend_span(connection, tenant_id)
    return send_report(
        "spend.html",
        report,
        [table for block in blocks for table in block.tables()],
        blocks=blocks,
        tabs=tabs_of_spend(report, SPEND),
        span=span,
        span_link=None
        if span is None
        else report.link(from_=span[0].isoformat(), to=span[1].isoformat(), currency=None),
        tenant_id=str(tenant_id),
        currencies=report.choices(
            "currency",
            [(None, report.say("overview.all_currencies")), *((one, one) for one in currencies)],
        )
        if len(currencies) > 1
        else (),
    )


def _block(
    report: Report,
    names: ChannelNames,
    currency: str,
    days: list[SpendOfDay],
    costs: list[CampaignCost],
    claims: list[ClaimSum],
) -> SpendBlock:
    known = [day.cost_cents for day in days if day.cost_cents is not None]
    periods = Periods.of(report.days)
    series = _series(names, report.say("spend.others"), days, periods)
    return SpendBlock(
        currency=currency,
        title=name_by_period(report, periods, currency),
        spent=sum(known) if known else None,
        campaigns=len(costs),
        campaign_days=sum(day.campaign_days for day in days),
        unknown_days=sum(day.unknown_days for day in days),
        chart=_charts(report, currency, series, periods),
        legend=series,
        by_day=lay_out_days(report, currency, series, periods),
        channels=lay_out_channels(report, names, currency, days),
        platforms=lay_out_platforms(report, currency, days),
        campaign_table=lay_out_campaigns(report, currency, costs),
        claims=lay_out_claims(report, currency, claims),
    )


def _series(
    names: ChannelNames, others: str, days: list[SpendOfDay], periods: Periods
) -> tuple[Series, ...]:
    """Return the spend of each channel by period, the dearest first, and of the others together from the eighth on.

    A period of a channel is unknown if no cost of any of its campaigns is, and so is one of which nothing is recorded.
    """
    totals: Counter[str] = Counter()
    cents: Counter[tuple[str, int]] = Counter()
    known: set[tuple[str, int]] = set()
    recorded: dict[int, set[str]] = {}
    for day in days:
        at = periods.index_of(day.day)
        recorded.setdefault(at, set()).add(day.channel)
        totals[day.channel] += day.cost_cents or 0
        if day.cost_cents is not None:
            known.add((day.channel, at))
            cents[day.channel, at] += day.cost_cents
    ordered = sorted(totals, key=lambda channel: (-totals[channel], channel))
    shown = ordered if len(ordered) <= _MOST_SERIES + 1 else ordered[:_MOST_SERIES]
    groups = [(names(channel), [channel]) for channel in shown]
    if len(shown) < len(ordered):
        groups.append((others, ordered[_MOST_SERIES:]))

    def value(channels: list[str], at: int) -> int | None:
        if at not in recorded:
            return None
        of_group = recorded[at].intersection(channels)
        # A channel without campaigns in a period cost nothing there; if their costs are not known, it is unknown.
        if of_group and not any((channel, at) in known for channel in of_group):
            return None
        return sum(cents[channel, at] for channel in channels)

    return tuple(
        Series(name, tuple(value(channels, at) for at in range(periods.count)), tone)
        for tone, (name, channels) in enumerate(groups, 1)
    )


def _charts(
    report: Report, currency: str, series: tuple[Series, ...], periods: Periods
) -> tuple[Markup, Markup]:
    say, formats = report.say, report.formats
    title = name_by_period(report, periods, currency)
    totals = ", ".join(
        f"{one.name} {formats.money_with_code(sum(filter(None, one.values)), currency)}"
        for one in series
    )
    text = say(
        "chart.series",
        first=formats.day(report.days.first),
        last=formats.day(report.days.last),
        lines=totals,
    )
    wide, narrow = (
        DayChart(
            f"spend-{currency}-{size}",
            title,
            text,
            periods.first_days(),
            series,
            say("chart.empty"),
            decimals(currency),
            currency,
        )
        for size in ("wide", "narrow")
    )
    return draw_stack(wide, formats, WIDE), draw_stack(narrow, formats, NARROW)
