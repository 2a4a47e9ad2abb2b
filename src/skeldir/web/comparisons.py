"""Comparisons of what platforms claim with the money that the ledger confirms: asked for, listed and shown."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Final

from fastapi import APIRouter, Query, Request, Response

from skeldir.attribution import models_in_force
from skeldir.db import read_id
from skeldir.errors import SkeldirError
from skeldir.http import PageQuery
from skeldir.reconcile import (
    Reconciliation,
    ReconciliationUnknown,
    page_lines,
    page_reconciliations,
    read_reconciliation,
    request_reconciliation,
)
from skeldir.spend import list_campaigns
from skeldir.users import Role, note_action
from skeldir.web.access import Fields, ManagerForm, Membership, ViewerPage
from skeldir.web.addresses import across_pages
from skeldir.web.answers import PageRoute, go_to, say_in, send_values
from skeldir.web.comparison_tables import lay_out_lines, lay_out_overlaps, lay_out_sums
from skeldir.web.formats import Unknown
from skeldir.web.forms import read_day
from skeldir.web.frames import Link, Option
from skeldir.web.reports import open_report, send_report
from skeldir.web.spend_tables import COMPARISONS, SPEND, name_platform, tabs_of_spend
from skeldir.web.tables import Cell, Column, Table

if TYPE_CHECKING:
    from skeldir.web.reports import Report

router = APIRouter(include_in_schema=False, route_class=PageRoute)

_LISTED: Final = 50
_LINES: Final = 200
Cursor = Annotated[str | None, Query(max_length=2000)]


@router.get(COMPARISONS)
async def show_comparisons(request: Request, page: ViewerPage, cursor: Cursor = None) -> Response:
    """Show the comparisons that were made, the newest first, and the form for another one."""
    return await _send_list(await open_report(request, page, "spend"), page, cursor)


@router.post(COMPARISONS)
async def ask_for_comparison(request: Request, fields: Fields, form: ManagerForm) -> Response:
    """Ask for a comparison, which a worker makes."""
    tenant_id, by = form.profile.tenant_id, form.session.email
    try:
        made = await request_reconciliation(
            form.connection,
            tenant_id,
            first=read_day(fields, "first"),
            last=read_day(fields, "last"),
            platform=fields.get("platform") or None,
            model=fields.get("model") or None,
            requested_by=by,
        )
    except SkeldirError as fault:
        if fault.status >= 500:
            raise
        report = await open_report(request, form, "spend")
        return await _send_list(report, form, None, fields=dict(fields), fault=fault)
    await note_action(form.connection, tenant_id, by, "reconciliation.request", str(made))
    return go_to(f"{COMPARISONS}/{made}")


@router.get(COMPARISONS + "/{comparison_id}")
async def show_comparison(
    request: Request, page: ViewerPage, comparison_id: str, cursor: Cursor = None
) -> Response:
    """Show a comparison as it was made: its sums by platform, overlaps, and its lines in pages."""
    connection, tenant_id = page.connection, page.profile.tenant_id
    known_id = read_id(comparison_id)
    if known_id is None:
        raise ReconciliationUnknown(
            "The tenant has no comparison with this id.",
            cure="Follow a link in the list of comparisons.",
        )
    found = await read_reconciliation(connection, tenant_id, known_id)
    about = found.reconciliation
    say = say_in(request)
    crumbs = (
        Link(say("page.spend"), across_pages(request, SPEND)),
        Link(say("spend.tab_comparisons"), across_pages(request, COMPARISONS)),
        Link(say("spend.comparison"), request.url.path, is_current=True),
    )
    report = await open_report(
        request, page, "spend", title=say("spend.comparison"), breadcrumb=crumbs
    )
    lines = await page_lines(
        connection, tenant_id, known_id, PageQuery(limit=_LINES, cursor=cursor)
    )
    sums = lay_out_sums(report, found.platforms)
    overlaps = lay_out_overlaps(report, found.overlaps)
    line_tables = lay_out_lines(report, lines.data, (about.first_day, about.last_day))
    next_cursor = lines.next_cursor
    return send_report(
        "comparison.html",
        report,
        [*sums, *overlaps, *line_tables],
        about=about,
        days=_days_of(report, about),
        platform=None if about.platform is None else name_platform(about.platform),
        sums=sums,
        overlaps=overlaps,
        lines=line_tables,
        shown=say.counted("table.rows", len(lines.data), report.formats.number(len(lines.data))),
        next=None if next_cursor is None else report.link(cursor=next_cursor),
        first=None if cursor is None else report.link(),
        here=request.url.path,
        unplaced=[
            report.formats.money_with_code(cents, currency)
            for currency, cents in sorted(about.unplaced.items())
        ],
    )


async def _send_list(
    report: Report,
    page: Membership,
    cursor: str | None,
    *,
    fields: dict[str, str] | None = None,
    fault: SkeldirError | None = None,
) -> Response:
    connection, tenant_id = page.connection, page.profile.tenant_id
    say = report.say
    found = await page_reconciliations(
        connection, tenant_id, PageQuery(limit=_LISTED, cursor=cursor)
    )
    platforms = sorted({one.platform for one in await list_campaigns(connection, tenant_id)})
    models = await models_in_force(connection, tenant_id)
    table = _lay_out_list(report, found.data)
    asked = {
        "first": report.days.first.isoformat(),
        "last": report.days.last.isoformat(),
        "platform": "",
        "model": "",
    } | (fields or {})
    values = {
        "tabs": tabs_of_spend(report, COMPARISONS),
        "table": table,
        "fault": fault,
        "asked": asked,
        "platforms": [
            Option("", say("spend.all_platforms")),
            *(Option(code, name_platform(code)) for code in platforms),
        ],
        "models": [
            Option("", say("spend.choose_model")),
            *(Option(one.model, say(f"model.{one.model}")) for one in models),
        ],
        "has_claims": bool(platforms),
        "may_manage": page.role.covers(Role.MANAGER),
        "action": COMPARISONS,
        "next": None if found.next_cursor is None else report.link(cursor=found.next_cursor),
        "first": None if cursor is None else report.link(),
        "shown": say.counted("table.rows", len(found.data), report.formats.number(len(found.data))),
        "tenant_id": str(tenant_id),
    }
    if fault is None:
        return send_report("comparisons.html", report, [table], **values)
    return send_values("comparisons.html", report.frame, {"report": report, **values}, fault.status)


def _days_of(report: Report, one: Reconciliation) -> str:
    return report.say(
        "spend.days_of",
        first=report.formats.day(one.first_day),
        last=report.formats.day(one.last_day),
    )


def _lay_out_list(report: Report, found: list[Reconciliation]) -> Table:
    say = report.say
    none = Unknown(say("spend.not_ended"))
    return Table(
        "comparisons",
        say("spend.comparisons"),
        (
            Column(say("spend.days")),
            Column(say("spend.state")),
            Column(say("spend.platform")),
            Column(say("spend.model_version")),
            Column(say("spend.orders"), "number"),
            Column(say("spend.asked_at"), "moment"),
            Column(say("spend.by")),
        ),
        tuple(
            (
                Cell(_days_of(report, one), href=f"{COMPARISONS}/{one.id}"),
                Cell(say(f"spend.state_{one.state}")),
                Cell(
                    say("spend.all_platforms")
                    if one.platform is None
                    else name_platform(one.platform)
                ),
                Cell(one.model_version),
                Cell(none if one.orders is None else one.orders),
                Cell(one.requested_at),
                Cell(one.requested_by),
            )
            for one in found
        ),
        say("spend.no_comparisons"),
        download=report.download_of("comparisons"),
    )
