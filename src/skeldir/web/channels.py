"""Channels: the same money by all models, beside other days or moments, and what each channel's credit is made of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import TYPE_CHECKING, Final, Literal

from fastapi import APIRouter, Request, Response

from skeldir.attribution import (
    MOST_VALUES,
    ComparisonInvalid,
    ModelNotInForce,
    OriginsAsked,
    models_in_force,
    report_kinds,
    report_origins,
)
from skeldir.errors import InputInvalid, ReportTooLarge, SkeldirError
from skeldir.rates import RateSourceOpen, RateSourceUnknown
from skeldir.rollups import MomentNotKnown, read_revenue_totals, revenue_span
from skeldir.users import Role
from skeldir.web.access import Membership, ViewerPage, Visit
from skeldir.web.answers import PageRoute
from skeldir.web.channel_charts import Picture, credit_by_period, require_drawable
from skeldir.web.channel_claims import claims_table, find_comparison
from skeldir.web.channel_compare import compare_table
from skeldir.web.channel_controls import make_controls
from skeldir.web.channel_converted import converted_tables, read_converted
from skeldir.web.channel_origins import origins_table
from skeldir.web.channel_parts import changes_table, kinds_table, undoings_table
from skeldir.web.channel_tables import (
    Shown,
    differences,
    models_table,
    what_lacks,
)
from skeldir.web.channels_asked import ChannelsChoice, read_choice
from skeldir.web.channels_reading import (
    Points,
    read_changes,
    read_credit,
    read_ledger,
    read_points,
)
from skeldir.web.frames import Link
from skeldir.web.import_tables import NEW_IMPORT
from skeldir.web.naming import ChannelNames, read_channel_names
from skeldir.web.order_addresses import address_of_order
from skeldir.web.reports import Report, open_report, send_report
from skeldir.web.sending import work_aside

if TYPE_CHECKING:
    from skeldir.attribution import ChangesReport, ModelName
    from skeldir.reconcile import ReconciliationReport
    from skeldir.web.channels_reading import Credit
    from skeldir.web.tables import Table

router = APIRouter(include_in_schema=False, route_class=PageRoute)

CHANNELS: Final = "/channels"
# What the page explains instead of an error page, by a text for each code.
_EXPLAINED: Final = (
    ReportTooLarge,
    MomentNotKnown,
    ModelNotInForce,
    ComparisonInvalid,
    RateSourceOpen,
    RateSourceUnknown,
)


@dataclass(frozen=True, slots=True)
class Block:
    """What the page shows of one currency. `differences` from the ledger are by model, None if it was not read.

    Parts of the credit are not compared: the ledger does not know them.
    """

    currency: str
    tables: tuple[Table, ...]
    differences: dict[str, int] | None = None
    is_whole: bool = False
    picture: Picture | None = None
    changes: Table | None = None
    by_day: str | None = None

    @property
    def all_tables(self) -> tuple[Table, ...]:
        """All tables of the block, which can be had as files."""
        more = (self.picture.table if self.picture is not None else None, self.changes)
        return (*self.tables, *(table for table in more if table is not None))


@dataclass(frozen=True, slots=True)
class Answer:
    """What the page shows: blocks by currency; notes that say what is missing; or why there is nothing, with its code.

    `orders` is how many orders were credited again for the report.
    """

    blocks: tuple[Block, ...] = ()
    credit: Credit | None = None
    changes: ChangesReport | None = None
    undoings: Table | None = None
    notes: tuple[str, ...] = ()
    refusal: SkeldirError | None = None
    orders: int | None = None

    @property
    def named_orders(self) -> tuple[tuple[str, tuple[Link, ...]], ...]:
        """By cause of changes, orders that they are of."""
        if self.changes is None:
            return ()
        return tuple(
            (cause, tuple(Link(order, address_of_order(order)) for order in orders))
            for cause, orders in self.changes.named_orders.items()
        )

    @property
    def last_compared(self) -> date | None:
        """The last of the days that those shown are compared with."""
        comparison = None if self.credit is None else self.credit.page.comparison
        if comparison is None or comparison.end_day is None:
            return None
        return comparison.end_day - timedelta(days=1)


@router.get(CHANNELS)
async def show_channels(request: Request, page: ViewerPage) -> Response:
    """Show the credit of channels: by all models, by kinds of money, or one channel by source or campaign."""
    return await send_channels(request, page)


async def send_channels(request: Request, page: Visit) -> Response:
    """Return the page, for members and by links to it."""
    report = await open_report(request, page, "channels")
    choice = read_choice(report)
    names = await read_channel_names(report)
    connection, tenant_id = page.connection, page.profile.tenant_id
    models = await models_in_force(connection, tenant_id)
    in_force: dict[str, str] = {row.model: row.model_version for row in models}
    try:
        if choice.basis is not None:
            answer = await _show_kinds(report, choice, names, in_force)
        elif choice.channel is None and choice.convert is not None:
            answer = await _show_converted(report, choice, names, choice.convert)
        elif choice.channel is not None:
            answer = await _show_origins(report, choice, names, in_force)
        else:
            answer = await _show_models(report, choice, names)
    except _EXPLAINED as error:
        answer = Answer(refusal=error)
    money = await read_revenue_totals(connection, tenant_id)
    tables = [table for block in answer.blocks for table in block.all_tables]
    return send_report(
        "channels.html",
        report,
        [*tables, *([answer.undoings] if answer.undoings is not None else [])],
        answer=answer,
        choice=choice,
        names=names,
        model=choice.model_of(list(in_force)),
        controls=make_controls(report, choice, list(in_force), [row["currency"] for row in money]),
        span=None if answer.blocks else await revenue_span(connection, tenant_id, None, None),
        new_import=NEW_IMPORT if _may_import(page) else None,
        whole=report.link(channel=None, by=None, basis=None, sort=None),
    )


def _may_import(page: Visit) -> bool:
    return isinstance(page, Membership) and page.role.covers(Role.MANAGER)


async def _show_models(report: Report, choice: ChannelsChoice, names: ChannelNames) -> Answer:
    credit = await read_credit(report, choice)
    versions = credit.page.model_versions
    model = _model_of(choice, versions)
    if model is None or not credit.currencies:
        return Answer(credit=credit)
    shown = Shown(report, choice, names, versions, model)
    notes = []
    points: Points = {}
    try:
        require_drawable(report.days, choice.grain)
        points = await read_points(report, choice, model)
    except ReportTooLarge:
        notes.append("channels.too_many_points")
    changes, fault = await _find_changes(report, choice, model)
    claims = await find_comparison(report, choice)
    blocks = await work_aside(
        lambda: tuple(
            _block(shown, credit, currency, points, changes, claims)
            for currency in credit.currencies
        )
    )
    return Answer(
        blocks,
        credit,
        changes,
        None if changes is None or not changes.undoings else undoings_table(shown, changes),
        tuple(notes if fault is None else [*notes, fault]),
    )


async def _show_converted(
    report: Report, choice: ChannelsChoice, names: ChannelNames, target: str
) -> Answer:
    converted = await read_converted(report, choice, target)
    versions = converted.page.model_versions
    model = _model_of(choice, versions)
    if model is None or not converted.credit.rows:
        return Answer(credit=converted.credit)
    shown = Shown(report, choice, names, versions, model)
    block = Block(target, converted_tables(shown, converted))
    return Answer((block,), converted.credit)


def _block(
    shown: Shown,
    credit: Credit,
    currency: str,
    points: Points,
    changes: ChangesReport | None,
    claims: ReconciliationReport | None,
) -> Block:
    tables = [models_table(shown, credit, currency)]
    if credit.page.comparison is not None:
        tables.append(compare_table(shown, credit, currency))
    if claims is not None and (compared := claims_table(shown, claims, currency)) is not None:
        tables.append(compared)
    return Block(
        currency,
        tuple(tables),
        differences(credit, currency, list(shown.versions)),
        is_whole=True,
        picture=credit_by_period(shown, currency, points[currency]) if currency in points else None,
        changes=None if changes is None else changes_table(shown, changes, currency),
        by_day=shown.by_day(currency),
    )


async def _show_kinds(
    report: Report, choice: ChannelsChoice, names: ChannelNames, in_force: Mapping[str, str]
) -> Answer:
    model, basis = _model_of(choice, in_force), choice.basis
    if model is None or basis is None:
        return Answer()
    asked = replace(_asked_of(choice, "kind"), models=[model])
    kinds = await report_kinds(report.page.connection, report.page.profile.tenant_id, asked, basis)
    shown = Shown(report, choice, names, kinds.model_versions, model)
    is_whole = basis == "entry_day" and choice.channel is None
    ledger = await read_ledger(report, choice) if is_whole else None
    blocks = []
    for currency in sorted({row.currency for row in kinds.data}):
        net = sum(row.models[model].net_cents for row in kinds.data if row.currency == currency)
        lacking = None if ledger is None else what_lacks(ledger, currency, {model: net})
        table = kinds_table(shown, kinds.data, currency)
        blocks.append(Block(currency, (table,), lacking, is_whole))
    return Answer(tuple(blocks), orders=kinds.orders)


async def _show_origins(
    report: Report, choice: ChannelsChoice, names: ChannelNames, in_force: Mapping[str, str]
) -> Answer:
    model = _model_of(choice, in_force)
    if model is None:
        return Answer()
    origins = await report_origins(
        report.page.connection, report.page.profile.tenant_id, _asked_of(choice, choice.by)
    )
    shown = Shown(report, choice, names, origins.model_versions, model)
    blocks = [Block(row.currency, (origins_table(shown, row),)) for row in origins.data]
    return Answer(tuple(blocks), orders=origins.orders)


def _asked_of(choice: ChannelsChoice, by: Literal["source", "campaign", "kind"]) -> OriginsAsked:
    return OriginsAsked(
        by,
        choice.days,
        None,
        choice.currency,
        choice.channel,
        MOST_VALUES,
        without_renewals=choice.without_renewals,
    )


def _model_of(choice: ChannelsChoice, versions: Mapping[str, str]) -> ModelName | None:
    model = choice.model_of(list(versions))
    if versions and model not in versions:
        raise ModelNotInForce(
            f"The model {model} was not in force.", cure="Choose one of those that were."
        )
    return model


async def _find_changes(
    report: Report, choice: ChannelsChoice, model: ModelName
) -> tuple[ChangesReport | None, str | None]:
    """Return what changed between the moments that the page names, or the text that says why that is not shown."""
    comparison = choice.comparison
    moments = [choice.known_at, None if comparison is None else comparison.known_at]
    named = sorted(moment for moment in moments if moment is not None)
    if not named:
        return None, None
    until = named[1] if len(named) > 1 else None
    try:
        return await read_changes(report, choice, model, named[0], until), None
    except ReportTooLarge:
        return None, "channels.changes_too_many"
    except InputInvalid:
        return None, "channels.changes_one_moment"
