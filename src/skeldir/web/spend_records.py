"""Spend as it was recorded: loads, each of which a manager can withdraw, campaigns beside touches, and revisions."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, Final

from fastapi import APIRouter, Request, Response

from skeldir.db import read_id
from skeldir.errors import InputInvalid
from skeldir.spend import (
    CampaignSpend,
    KnownLoad,
    LoadUnknown,
    MatchReport,
    StoredRevision,
    list_loads,
    list_revisions,
    match_campaigns,
    withdraw_load,
)
from skeldir.users import Role, note_action
from skeldir.web.access import Fields, ManagerForm, ViewerPage
from skeldir.web.addresses import across_pages
from skeldir.web.answers import PageRoute, go_to, say_in
from skeldir.web.formats import Unknown
from skeldir.web.frames import Link
from skeldir.web.naming import ChannelNames, read_channel_names
from skeldir.web.reports import open_report, send_report
from skeldir.web.spend_tables import (
    CAMPAIGN,
    MATCH,
    MOST_CAMPAIGNS,
    RECORDED,
    SPEND,
    link_campaign,
    name_campaign,
    name_platform,
    tabs_of_spend,
)
from skeldir.web.tables import Cell, Column, Table

if TYPE_CHECKING:
    from skeldir.web.reports import Report

router = APIRouter(include_in_schema=False, route_class=PageRoute)

_MOST_LOADS: Final = 100
MOST_REVISIONS: Final = 1_000
_LONGEST_ID: Final = 600
_DONE: Final = frozenset({"withdrawn"})


@router.get(MATCH)
async def show_match(request: Request, page: ViewerPage) -> Response:
    """Show campaigns beside the touches that name them: spend without touches, and touches without spend."""
    report = await open_report(request, page, "spend")
    found = await match_campaigns(
        page.connection,
        page.profile.tenant_id,
        first=report.days.first,
        last=report.days.last,
    )
    currencies = sorted({one.currency for one in found.campaigns})
    matches = [_lay_out_match(report, currency, found.campaigns) for currency in currencies]
    left = _lay_out_left(report, found.without_spend)
    rates = [
        (
            currency,
            report.formats.percent(Fraction(found.matched[currency], spent)) if spent > 0 else None,
            report.formats.money_with_code(found.matched[currency], currency),
            report.formats.money_with_code(spent, currency),
        )
        for currency, spent in found.spent.items()
    ]
    return send_report(
        "spend_match.html",
        report,
        [*matches, left],
        matches=matches,
        rates=rates,
        tabs=tabs_of_spend(report, MATCH),
        counts=_count_left(report, found),
    )


def _count_left(report: Report, found: MatchReport) -> str | None:
    """Say how many rows are not shown; None if all are."""
    more = max(0, len(found.without_spend) - MOST_CAMPAIGNS)
    if not more:
        return None
    return report.say.counted("spend.other_campaigns", more, report.formats.number(more))


@router.get(RECORDED)
async def show_recorded(request: Request, page: ViewerPage) -> Response:
    """Show what was loaded: from which file or key, when and by whom, and what it changed."""
    report = await open_report(request, page, "spend")
    loads = await list_loads(page.connection, page.profile.tenant_id, most=_MOST_LOADS)
    done = report.parameter("done")
    return send_report(
        "spend_recorded.html",
        report,
        [_lay_out_loads(report, loads)],
        tabs=tabs_of_spend(report, RECORDED),
        withdrawable=[
            (str(one.id), f"{report.formats.moment(one.recorded_at)} · {one.source}"[:120])
            for one in loads
            if one.kind != "rules"
        ],
        may_manage=page.role.covers(Role.MANAGER),
        action=RECORDED,
        done=done if done in _DONE else None,
        tenant_id=str(page.profile.tenant_id),
    )


@router.post(RECORDED)
async def withdraw(fields: Fields, form: ManagerForm) -> Response:
    """Put the days of a load back to what they were before it."""
    load_id = read_id(fields.get("load", ""))
    if load_id is None:
        raise LoadUnknown("No load was named.", cure="Choose one on the page of what was recorded.")
    tenant_id, by = form.profile.tenant_id, form.session.email
    done = await withdraw_load(form.connection, tenant_id, load_id, recorded_by=by)
    await note_action(
        form.connection, tenant_id, by, "spend.withdraw", f"{load_id}: {done.restated} days"
    )
    return go_to(RECORDED, done="withdrawn")


@router.get(CAMPAIGN)
async def show_campaign(request: Request, page: ViewerPage) -> Response:
    """Show every revision of a campaign's days: what was recorded of them, and when."""
    platform = request.query_params.get("platform", "")
    campaign = request.query_params.get("campaign", "")
    if not 0 < len(campaign) <= _LONGEST_ID or "\0" in platform + campaign or len(platform) > 40:
        raise InputInvalid(
            "No campaign of a platform is named.", cure="Follow a link in a table of campaigns."
        )
    crumbs = (
        Link(say_in(request)("page.spend"), across_pages(request, SPEND)),
        Link(name_campaign(campaign, None), request.url.path, is_current=True),
    )
    title = f"{name_platform(platform)}: {name_campaign(campaign, None)}"
    report = await open_report(request, page, "spend", title=title, breadcrumb=crumbs)
    revisions = await list_revisions(
        page.connection,
        page.profile.tenant_id,
        platform=platform,
        campaign=campaign,
        first=report.days.first,
        last=report.days.last,
    )
    names = await read_channel_names(report)
    tables = [
        _lay_out_revisions(
            report, names, currency, [one for one in revisions if one.currency == currency]
        )
        for currency in sorted({one.currency for one in revisions})
    ]
    return send_report(
        "spend_campaign.html",
        report,
        tables,
        all_tables=tables,
        title=title,
        are_all=all(len(table.rows) < MOST_REVISIONS for table in tables),
    )


def _lay_out_match(report: Report, currency: str, campaigns: Sequence[CampaignSpend]) -> Table:
    say = report.say
    none = Unknown(say("spend.no_cost"))
    rows = [one for one in campaigns if one.currency == currency]
    rows.sort(key=lambda one: (one.touches > 0, -(one.cost_cents or 0)))
    return Table(
        f"match-{currency}",
        say("spend.match_of", currency=currency),
        (
            Column(say("spend.campaign")),
            Column(say("spend.platform")),
            Column(say("spend.account")),
            Column(say("spend.cost"), "money", currency),
            Column(say("spend.touches"), "number"),
        ),
        tuple(
            (
                Cell(
                    name_campaign(one.campaign, one.name),
                    href=link_campaign(report, one.platform, one.campaign),
                ),
                Cell(name_platform(one.platform)),
                Cell(one.account),
                Cell(none if one.cost_cents is None else one.cost_cents),
                Cell(one.touches, note=None if one.touches else say("spend.unmatched")),
            )
            for one in rows[:MOST_CAMPAIGNS]
        ),
        say("spend.nothing_spent"),
        download=report.download_of(f"match-{currency}"),
    )


def _lay_out_left(report: Report, left: Sequence[tuple[str, int]]) -> Table:
    say = report.say
    return Table(
        "without-spend",
        say("spend.without_spend"),
        (Column(say("spend.campaign_of_touches")), Column(say("spend.touches"), "number")),
        tuple((Cell(name), Cell(touches)) for name, touches in left[:MOST_CAMPAIGNS]),
        say("spend.all_have_spend"),
        download=report.download_of("without-spend"),
    )


def _lay_out_loads(report: Report, loads: Sequence[KnownLoad]) -> Table:
    say, formats = report.say, report.formats

    def row(one: KnownLoad) -> tuple[Cell, ...]:
        totals = "; ".join(
            formats.money_with_code(cents, currency) for currency, cents in one.totals.items()
        )
        return (
            Cell(one.source, note=say("spend.incomplete") if one.is_incomplete else None),
            Cell(say(f"spend.kind_{one.kind}")),
            Cell(one.recorded_at),
            Cell(one.recorded_by),
            Cell(", ".join(name_platform(code) for code in one.platforms)),
            Cell(one.rows),
            Cell(one.new),
            Cell(one.restated),
            Cell(one.unchanged),
            Cell(totals or Unknown(say("spend.no_cost"))),
            Cell(str(one.id)),
        )

    return Table(
        "loads",
        say("spend.loads"),
        (
            Column(say("spend.source")),
            Column(say("spend.kind")),
            Column(say("spend.recorded_at"), "moment"),
            Column(say("spend.by")),
            Column(say("spend.platforms")),
            Column(say("spend.rows"), "number"),
            Column(say("spend.new"), "number"),
            Column(say("spend.restated"), "number"),
            Column(say("spend.unchanged"), "number"),
            Column(say("spend.totals")),
            Column(say("spend.load")),
        ),
        tuple(row(one) for one in loads),
        say("spend.nothing_recorded"),
        download=report.download_of("loads"),
    )


def _lay_out_revisions(
    report: Report, names: ChannelNames, currency: str, revisions: Sequence[StoredRevision]
) -> Table:
    say = report.say
    none, no_claim = Unknown(say("spend.no_cost")), Unknown(say("spend.no_claim"))
    return Table(
        f"revisions-{currency}",
        say("spend.revisions", currency=currency),
        (
            Column(say("spend.day"), "date"),
            Column(say("spend.account")),
            Column(say("spend.revision"), "number"),
            Column(say("spend.cost"), "money", currency),
            Column(say("spend.claimed_value"), "money", currency),
            Column(say("moved.channel")),
            Column(say("spend.rule")),
            Column(say("spend.recorded_at"), "moment"),
        ),
        tuple(
            (
                Cell(one.day),
                Cell(one.account),
                Cell(one.number),
                Cell(none if one.cost_cents is None else one.cost_cents),
                Cell(no_claim if one.claimed_cents is None else one.claimed_cents),
                Cell(names(one.channel)),
                Cell(one.rule),
                Cell(one.recorded_at),
            )
            for one in revisions[:MOST_REVISIONS]
        ),
        say("table.empty"),
        download=report.download_of(f"revisions-{currency}"),
    )
