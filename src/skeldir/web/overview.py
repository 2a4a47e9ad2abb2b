"""Overview: the money of some days from the balance before to the one after, and the channels that earned it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction
from typing import TYPE_CHECKING, Final

from fastapi import APIRouter, Request, Response
from markupsafe import Markup

from skeldir.attribution import (
    UNATTRIBUTED,
    ChannelRow,
    ChannelsQuery,
    ModelName,
    models_in_force,
    read_channel_page,
)
from skeldir.money import decimals
from skeldir.rollups import revenue_span
from skeldir.web.access import ViewerPage, Visit
from skeldir.web.addresses import across_pages, with_parameters
from skeldir.web.annotations import read_annotations
from skeldir.web.answers import PageRoute
from skeldir.web.balances import STEPS, Balance, read_balances, read_net_by_day
from skeldir.web.bridges import Bridge, Step, draw_bridge
from skeldir.web.charts import DayChart, Series, draw_area, draw_sparkline
from skeldir.web.first_run import send_without_money
from skeldir.web.formats import Unknown
from skeldir.web.forms import HOME
from skeldir.web.model_choice import USUAL_MODEL
from skeldir.web.naming import ChannelNames, read_channel_names
from skeldir.web.overview_tables import (
    CHANNELS,
    NetByTime,
    channels_table,
    days_table,
    label_of,
    steps_table,
)
from skeldir.web.reports import Report, open_report, send_report
from skeldir.web.scales import NARROW, WIDE
from skeldir.web.sending import work_aside
from skeldir.web.tables import Table

if TYPE_CHECKING:
    from skeldir.attribution import ChannelsPage

router = APIRouter(include_in_schema=False, route_class=PageRoute)

_ORDERS: Final = "/orders"


@dataclass(frozen=True, slots=True)
class Card:
    """A number of the page, what it is of, and where the rows are that make it."""

    label: str
    value: str | Unknown
    note: str | None = None
    href: str | None = None
    picture: Markup | None = None


@dataclass(frozen=True, slots=True)
class Block:
    """The money of one currency, as the page shows it."""

    currency: str
    cards: tuple[Card, ...]
    bridge: tuple[Markup, Markup]
    net: tuple[Markup, Markup]
    steps: Table
    by_day: Table
    channels: Table
    difference: int


@router.get(HOME)
async def show_overview(request: Request, page: ViewerPage) -> Response:
    """Show the money of some days, each currency apart, and its credit by one model."""
    return await send_overview(request, page)


async def send_overview(request: Request, page: Visit) -> Response:
    """Return the page, for members and by links to it."""
    report = await open_report(request, page, "overview")
    connection, tenant_id = page.connection, page.profile.tenant_id
    first, end = report.days.first, report.days.end
    balances = await read_balances(connection, tenant_id, first, end)
    if not balances:
        return await send_without_money(report)
    asked = report.parameter("currency")
    shown = [b for b in balances if b.entries and asked in (None, b.currency)]
    span = await revenue_span(connection, tenant_id, None, None)
    earlier = first - timedelta(days=report.days.count)
    net = await read_net_by_day(connection, tenant_id, earlier, end)
    models = [each.model for each in await models_in_force(connection, tenant_id)]
    model = _model_shown(report, models)
    credit = await _read_credit(report, model)
    names = await read_channel_names(report)
    annotations = await read_annotations(report)
    marked = tuple(sorted({each.day for each in annotations}))
    blocks = await work_aside(
        lambda: [
            _block(report, balance, net.get(balance.currency, {}), credit, model, names, marked)
            for balance in shown
        ]
    )
    tables = [table for block in blocks for table in (block.steps, block.by_day, block.channels)]
    return send_report(
        "overview.html",
        report,
        tables,
        blocks=blocks,
        annotations=annotations,
        credit=credit,
        span=span,
        span_link=None
        if span is None
        else with_parameters(
            request, from_=span[0].isoformat(), to=span[1].isoformat(), currency=None
        ),
        models=report.choices(
            "model",
            [(None if m == USUAL_MODEL else m, report.say(f"model.{m}")) for m in models],
        ),
        currencies=report.choices(
            "currency",
            [
                (None, report.say("overview.all_currencies")),
                *((b.currency, b.currency) for b in balances),
            ],
        )
        if len(balances) > 1
        else (),
    )


def _model_shown(report: Report, models: list[ModelName]) -> ModelName | None:
    """Return the model that the address asks for, else the usual one, else the first in force."""
    asked = report.parameter("model")
    wanted = [model for model in models if model == asked]
    usual = [model for model in models if model == USUAL_MODEL]
    return next(iter([*wanted, *usual, *models]), None)


async def _read_credit(report: Report, model: ModelName | None) -> ChannelsPage:
    query = ChannelsQuery.model_validate(
        {
            "from": report.days.first,
            "to": report.days.end,
            "limit": 1000,
            "model": None if model is None else [model],
        }
    )
    return await read_channel_page(report.page.connection, report.page.profile.tenant_id, query)


def _block(
    report: Report,
    balance: Balance,
    net: dict[date, int],
    credit: ChannelsPage,
    model: ModelName | None,
    names: ChannelNames,
    marked: tuple[date, ...],
) -> Block:
    currency = balance.currency
    rows = [row for row in credit.data if row.currency == currency]
    credited = sum(_cents_of(row, model) for row in rows)
    by_time = NetByTime.of(report.days, net)
    return Block(
        currency=currency,
        cards=_cards(report, balance, net, by_time, rows, model),
        bridge=_bridges(report, balance),
        net=_areas(report, currency, by_time, marked),
        steps=steps_table(report, balance),
        by_day=days_table(report, currency, by_time),
        channels=channels_table(report, currency, rows, model, names),
        difference=balance.creditable_cents - credited,
    )


def _cents_of(row: ChannelRow, model: ModelName | None) -> int:
    return 0 if model is None else row.models[model].credited_cents


def _cards(
    report: Report,
    balance: Balance,
    net: dict[date, int],
    by_time: NetByTime,
    rows: list[ChannelRow],
    model: ModelName | None,
) -> tuple[Card, ...]:
    say, formats, currency = report.say, report.formats, balance.currency
    captured = balance.steps["captured"]
    given_back = balance.net_cents - captured.cents
    unattributed = sum(_cents_of(row, model) for row in rows if row.channel == UNATTRIBUTED)
    credited = sum(_cents_of(row, model) for row in rows)
    spend = 0 if model is None else sum(row.models[model].spend_cents for row in rows)
    to_orders = across_pages(report.request, _ORDERS)
    return (
        Card(
            say("overview.net"),
            formats.money_with_code(balance.net_cents, currency),
            _change(report, balance, net),
            to_orders,
            draw_sparkline(by_time.values) if len(by_time.values) > 1 else None,
        ),
        Card(
            say("overview.captured"),
            formats.money_with_code(captured.cents, currency),
            say.counted("overview.orders", captured.orders, formats.number(captured.orders)),
            to_orders,
        ),
        Card(
            say("overview.given_back"),
            formats.money_with_code(given_back, currency),
            say(
                "overview.of_captured",
                part=formats.percent(Fraction(-given_back, captured.cents)),
            )
            if captured.cents > 0
            else say("overview.nothing_captured"),
            to_orders,
        ),
        Card(
            say("overview.unattributed"),
            formats.percent(Fraction(unattributed, balance.net_cents))
            if balance.net_cents > 0
            else Unknown(say("overview.not_positive")),
            None if model is None else say("overview.no_touch", model=say(f"model.{model}")),
            across_pages(report.request, CHANNELS),
        ),
        Card(
            say("overview.roas"),
            formats.ratio(Fraction(credited, spend))
            if spend > 0
            else Unknown(say("overview.spend_unknown")),
            say("overview.spend_known", spend=formats.money_with_code(spend, currency))
            if spend > 0
            else say("overview.spend_unknown"),
            across_pages(report.request, CHANNELS),
        ),
    )


def _change(report: Report, balance: Balance, net: dict[date, int]) -> str:
    """Say how the net money of the days differs from that of as many days before."""
    say, formats = report.say, report.formats
    first = report.days.first - timedelta(days=report.days.count)
    last = report.days.first - timedelta(days=1)
    before = sum(cents for day, cents in net.items() if day < report.days.first)
    written = {"first": formats.day_short(first), "last": formats.day(last)}
    if before <= 0:
        return say("overview.no_change", **written)
    part = Fraction(balance.net_cents - before, before)
    sign = "+" if part > 0 else ""
    return say("overview.change", part=sign + formats.percent(part), **written)


def _bridges(report: Report, balance: Balance) -> tuple[Markup, Markup]:
    say, formats, currency = report.say, report.formats, balance.currency
    steps = [
        Step(label_of(report, step), balance.steps[step].cents)
        for step in STEPS
        if step != "awaiting_capture" or balance.steps[step].entries
    ]
    whole = (
        Step(say("bridge.opening"), balance.opening_cents, is_balance=True),
        *steps,
        Step(say("bridge.closing"), balance.closing_cents, is_balance=True),
    )
    title = say("overview.bridge", currency=currency)
    text = say(
        "chart.bridge",
        opening=formats.money_with_code(balance.opening_cents, currency),
        closing=formats.money_with_code(balance.closing_cents, currency),
    )
    wide, narrow = (
        Bridge(f"bridge-{currency}-{size}", title, text, whole, currency, say("chart.cut"))
        for size in ("wide", "narrow")
    )
    return draw_bridge(wide, formats), draw_bridge(narrow, formats, NARROW)


def _areas(
    report: Report, currency: str, net: NetByTime, marked: tuple[date, ...]
) -> tuple[Markup, Markup]:
    say, formats = report.say, report.formats
    days, values = net.days, net.values
    title = net.title(report, currency)
    lowest, highest = (formats.money_with_code(end(values), currency) for end in (min, max))
    lines = say("chart.range", name=say("overview.net"), lowest=lowest, highest=highest)
    text = say("chart.series", first=formats.day(days[0]), last=formats.day(days[-1]), lines=lines)
    wide, narrow = (
        DayChart(
            f"net-{currency}-{size}",
            title,
            text,
            days,
            (Series(say("overview.net"), values),),
            say("chart.empty"),
            decimals(currency),
            currency,
            marked,
        )
        for size in ("wide", "narrow")
    )
    return draw_area(wide, formats, WIDE), draw_area(narrow, formats, NARROW)
