"""Orders: those with money on the days shown, each currency apart, beside the sums of the ledger; and finding one."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final

from fastapi import APIRouter, Request, Response

from skeldir.revenue import list_orders_that_begin
from skeldir.rollups import revenue_span
from skeldir.web.access import ViewerPage, Visit
from skeldir.web.addresses import with_parameters
from skeldir.web.answers import PageRoute
from skeldir.web.balances import Balance, read_balances
from skeldir.web.frames import Link, Option
from skeldir.web.model_choice import ModelChoice, read_model_choice
from skeldir.web.naming import ChannelNames, read_channel_names
from skeldir.web.order_addresses import ORDERS, address_of_order
from skeldir.web.order_rows import KINDS, RowsPage, RowsWanted, make_rows, read_rows
from skeldir.web.order_tables import (
    ListLayout,
    Sums,
    days_table,
    name_origin,
    orders_table,
    read_sums_by_day,
)
from skeldir.web.orders_asked import ROWS, ROWS_OF_SEVERAL, OrdersAsked, read_asked
from skeldir.web.reports import Report, open_report, send_report
from skeldir.web.sending import work_aside

if TYPE_CHECKING:
    from skeldir.web.tables import Table

router = APIRouter(include_in_schema=False, route_class=PageRoute)

_MOST_CURRENCIES: Final = 6
_MOST_CHANNELS: Final = 500


@dataclass(frozen=True, slots=True)
class Card:
    """What moved on the days in one step of the bridge, with a link to the orders of it."""

    label: str
    value: str
    note: str
    href: str


@dataclass(frozen=True, slots=True)
class Block:
    """The orders of one currency, and the sums of its days.

    `difference` is what the orders shown lack of the ledger's sums, known only if all orders of the days are shown.
    """

    currency: str
    cards: tuple[Card, ...]
    orders: Table
    by_day: Table | None
    shown: str
    next: str | None
    difference: int | None


@router.get(ORDERS)
async def show_orders(request: Request, page: ViewerPage) -> Response:
    """Show the orders with money on some days, or those whose ids begin with a text."""
    return await send_orders(request, page)


async def send_orders(request: Request, page: Visit) -> Response:
    """Return the page, for members and by links to it."""
    report = await open_report(request, page, "orders")
    asked = await read_asked(report)
    if asked.beginning is not None:
        return await _send_found(report, asked, asked.beginning)
    connection, tenant_id = page.connection, page.profile.tenant_id
    balances = await read_balances(connection, tenant_id, report.days.first, report.days.end)
    if not balances:
        return send_report("orders_empty.html", report)
    choice = await read_model_choice(report)
    names = await read_channel_names(report)
    shown = [b for b in balances if b.entries and asked.currency in (None, b.currency)]
    sums = await read_sums_by_day(
        connection, tenant_id, report.days.first, report.days.end, currency=asked.currency
    )
    most = ROWS if len(shown) == 1 else ROWS_OF_SEVERAL
    model = None if choice.shown is None else choice.shown.model
    blocks = []
    for balance in shown[:_MOST_CURRENCIES]:
        wanted = RowsWanted(
            asked.days,
            balance.currency,
            asked.kind,
            asked.channel,
            model,
            asked.origin,
            asked.without_renewals,
        )
        is_only = asked.currency == balance.currency or len(shown) == 1
        before = asked.place(model, balance.currency) if is_only else None
        rows = await read_rows(connection, tenant_id, wanted, before=before, most=most)
        block = partial(_block, report, asked, balance, rows, sums, names, wanted, is_only=is_only)
        blocks.append(await work_aside(block))
    span = await revenue_span(connection, tenant_id, None, None)
    tables = [table for block in blocks for table in (block.orders, block.by_day) if table]
    return send_report(
        "orders.html",
        report,
        tables,
        blocks=blocks,
        currencies=_currencies(report, balances),
        kinds=_kinds(report),
        channels=_channel_options(report, names, asked.channel),
        models=_model_options(report, choice),
        channel=asked.channel or "",
        channel_name=None if asked.channel is None else names(asked.channel),
        origin=None if asked.origin is None else name_origin(report, asked.origin),
        whole_channel=report.link(source=None, campaign=None, without=None),
        with_renewals=report.link(renewals=None) if asked.without_renewals else None,
        model=choice.shown,
        kept=_kept(report),
        left_out=[balance.currency for balance in shown[_MOST_CURRENCIES:]],
        span=span,
        span_link=None
        if span is None
        else with_parameters(
            request, from_=span[0].isoformat(), to=span[1].isoformat(), currency=None
        ),
    )


def _block(
    report: Report,
    asked: OrdersAsked,
    balance: Balance,
    rows: RowsPage,
    sums: dict[str, Sums],
    names: ChannelNames,
    wanted: RowsWanted,
    *,
    is_only: bool,
) -> Block:
    currency, model = balance.currency, wanted.model
    is_first = report.parameter("cursor") is None
    is_whole = is_first and rows.next is None
    layout = ListLayout(
        currency,
        model,
        asked.channel,
        any(row.awaits_capture for row in rows.rows),
        origin=None if asked.origin is None else name_origin(report, asked.origin),
    )
    table = orders_table(
        report,
        rows.rows,
        layout,
        names,
        caption=report.say("orders.caption", currency=currency),
        is_whole=is_whole,
    )
    listed = sum(row.movements.net_cents for row in rows.rows)
    days = (report.days.first.isoformat(), report.days.last.isoformat())
    next_link = None
    # By a link to the report, another currency cannot be asked for.
    if rows.next is not None and (not report.is_shared or is_only):
        cursor = asked.cursor_at(rows.next, model, currency)
        next_link = report.link(from_=days[0], to=days[1], currency=currency, cursor=cursor)
    return Block(
        currency,
        _cards(report, balance),
        table,
        days_table(report, sums[currency], currency) if currency in sums else None,
        _shown(report, rows, is_whole=is_whole, is_filtered=wanted.is_filtered),
        next_link,
        balance.net_cents - listed if is_whole and not wanted.is_filtered else None,
    )


def _shown(report: Report, rows: RowsPage, *, is_whole: bool, is_filtered: bool) -> str:
    say, formats = report.say, report.formats
    count = formats.number(len(rows.rows))
    if rows.searched_back_to is not None:
        moment = formats.moment(rows.searched_back_to)
        return say("orders.searched", count=count, moment=moment)
    if is_whole:
        name = "orders.all_matching" if is_filtered else "orders.all_shown"
        return say.counted(name, len(rows.rows), count)
    return say.counted("orders.some_shown", len(rows.rows), count)


def _cards(report: Report, balance: Balance) -> tuple[Card, ...]:
    say, formats = report.say, report.formats

    def card(label: str, cents: int, note: str, kind: str | None) -> Card:
        href = report.link(kind=kind, currency=balance.currency)
        return Card(label, formats.money_with_code(cents, balance.currency), note, href)

    def entries(count: int) -> str:
        return say.counted("orders.entries", count, formats.number(count))

    cards = [
        card(
            say(f"bridge.{step}"),
            balance.steps[step].cents,
            entries(balance.steps[step].entries),
            step,
        )
        for step in KINDS
    ]
    note = entries(balance.entries)
    if balance.steps["awaiting_capture"].entries:
        awaiting = formats.money(balance.steps["awaiting_capture"].cents, balance.currency)
        note = f"{note}; {say('orders.of_it_awaiting', amount=awaiting)}"
    net = card(say("orders.net"), balance.net_cents, note, None)
    return (*cards, net)


def _currencies(report: Report, balances: list[Balance]) -> tuple[Link, ...]:
    if len(balances) < 2:
        return ()
    every = (None, report.say("overview.all_currencies"))
    return report.choices("currency", [every, *((b.currency, b.currency) for b in balances)])


def _kinds(report: Report) -> tuple[Link, ...]:
    every = (None, report.say("orders.all_kinds"))
    return report.choices(
        "kind", [every, *((kind, report.say(f"bridge.{kind}")) for kind in KINDS)]
    )


def _channel_options(report: Report, names: ChannelNames, asked: str | None) -> list[Option]:
    every = Option("", report.say("orders.all_channels"))
    # One that was asked for may have been removed from the tenant's own.
    known = names.codes() | ({asked} if asked else set())
    codes = sorted(known, key=names)[:_MOST_CHANNELS]
    return [every, *(Option(code, names(code)) for code in codes)]


def _model_options(report: Report, choice: ModelChoice) -> list[Option]:
    return [Option(each.model, report.say(f"model.{each.model}")) for each in choice.in_force]


def _kept(report: Report) -> list[tuple[str, str]]:
    """Return what the form of filters keeps of the address: all that it does not ask for itself."""
    asked = {"channel", "model", "q", "cursor", "download", "done"}
    items = report.request.query_params.multi_items()
    return [pair for pair in items if pair[0] not in asked]


async def _send_found(report: Report, asked: OrdersAsked, beginning: str) -> Response:
    """Send the orders whose ids begin with a text, whatever days they are of."""
    connection, tenant_id = report.page.connection, report.page.profile.tenant_id
    ids = await list_orders_that_begin(
        connection, tenant_id, beginning, after=asked.found_after(), most=ROWS + 1
    )
    choice = await read_model_choice(report)
    model = None if choice.shown is None else choice.shown.model
    names = await read_channel_names(report)
    rows = await make_rows(connection, tenant_id, ids[:ROWS], model)
    is_whole = len(ids) <= ROWS and report.parameter("cursor") is None
    tables = []
    for currency in sorted({row.currency for row in rows}):
        of_currency = [row for row in rows if row.currency == currency]
        awaits = any(row.awaits_capture for row in of_currency)
        layout = ListLayout(currency, model, None, awaits, all_days=True)
        caption = report.say("orders.caption", currency=currency)
        tables.append(
            orders_table(report, of_currency, layout, names, caption=caption, is_whole=is_whole)
        )
    cursor = asked.cursor_after(ids[ROWS - 1]) if len(ids) > ROWS else None
    return send_report(
        "orders_found.html",
        report,
        tables,
        found=tables,
        beginning=beginning,
        exact=address_of_order(beginning),
        next=None if cursor is None else report.link(cursor=cursor),
        first=report.link() if report.parameter("cursor") else None,
        back=report.link(q=None),
    )
