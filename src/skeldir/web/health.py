"""Data health: which orders have touches and which not and why, what was refused, what is silent, and what is late."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, time
from typing import Final, TypeVar

from fastapi import APIRouter, Request, Response
from pydantic import ValidationError

from skeldir.collect import list_claims, report_collect_coverage
from skeldir.errors import InputInvalid
from skeldir.http import PageQuery
from skeldir.inbox import (
    count_flags,
    find_silences,
    list_deliveries,
    list_endpoints,
    report_coverage,
)
from skeldir.ingest import (
    TOUCHES_LOOKED_AT,
    DeadEventsQuery,
    count_dead_events,
    list_imports,
    list_unknown_sources,
    origins_of_file,
    page_dead_events,
)
from skeldir.jobs import JobsQuery, list_jobs
from skeldir.matviews import report_views
from skeldir.notices import list_open_alerts
from skeldir.spend import match_campaigns
from skeldir.users import Role
from skeldir.web.access import Membership, ViewerPage
from skeldir.web.alert_letters import figures_of
from skeldir.web.answers import PageRoute
from skeldir.web.frames import Link
from skeldir.web.health_claims import claims_table
from skeldir.web.health_landings import landings_table
from skeldir.web.health_tables import (
    coverage_by_day,
    coverage_by_provider,
    jobs_table,
    matched_spend,
    refused_by_code,
    refused_items,
    unknown_sources,
    views_table,
)
from skeldir.web.health_webhooks import (
    dead_deliveries,
    endpoints_table,
    flags_table,
    refusals_table,
)
from skeldir.web.import_tables import HEALTH, IMPORTS, NEW_IMPORT
from skeldir.web.reports import Report, open_report, send_report
from skeldir.web.tables import Table

PageQueryT = TypeVar("PageQueryT", bound=PageQuery)

router = APIRouter(include_in_schema=False, route_class=PageRoute)

_ROWS: Final = 50
_CLAIMS: Final = 10
_MOST_FILES: Final = 1_000
_LONGEST_DAYS: Final = 366


@dataclass(frozen=True, slots=True)
class Part:
    """What a part of the page shows: `main` tables, and `beside` those that are their details."""

    main: tuple[Table, ...] = ()
    beside: tuple[Table, ...] = ()
    values: Mapping[str, object] = field(default_factory=dict)
    next_cursor: str | None = None
    has_days: bool = True
    is_set_up: bool = True
    """False if nothing that the part is about was set up: the page then shows how to do it."""


@dataclass(frozen=True, slots=True)
class OpenAlert:
    """What is wrong now, in words: what, why with its figures, what to do, and since when."""

    what: str
    why: str
    cure: str
    since: str


@router.get(HEALTH)
async def show_health(request: Request, page: ViewerPage) -> Response:
    """Show one part of the health of the data: coverage, landings, sources, refused items, webhooks, or work."""
    report = await open_report(request, page, "health")
    name = report.parameter("part") or "coverage"
    if name not in _PARTS:
        raise InputInvalid(
            "The address asks for a part of Data health that the page does not have.",
            cure=f"Use one of {', '.join(_PARTS)}, or leave part= out.",
        )
    part = await _PARTS[name](report)
    tabs = tuple(
        Link(
            report.say(f"health.part_{each}"),
            report.link(part=each, code=None, kind=None, state=None),
            each == name,
        )
        for each in _PARTS
    )
    return send_report(
        "health.html",
        report,
        (*part.main, *part.beside),
        part=name,
        alerts=await _open_alerts(report),
        tabs=(*tabs, Link(report.say("imports.title"), IMPORTS)),
        shown=part,
        action=HEALTH,
        next_page=None if part.next_cursor is None else report.link(cursor=part.next_cursor),
        first_page=None if report.parameter("cursor") is None else report.link(),
        new_import=NEW_IMPORT if _covers(report, Role.MANAGER) else None,
        tenant=str(page.profile.tenant_id),
        **part.values,
    )


async def _open_alerts(report: Report) -> list[OpenAlert]:
    say, formats = report.say, report.formats
    connection, tenant_id = report.page.connection, report.page.profile.tenant_id
    alerts = []
    for one in await list_open_alerts(connection, tenant_id):
        figures = figures_of(one, formats)
        alerts.append(
            OpenAlert(
                say(f"alert.what.{one.kind}", **figures),
                say(f"alert.why.{one.kind}", **figures),
                say(f"alert.cure.{one.kind}"),
                say("alert.since", moment=formats.moment(one.opened_at)),
            )
        )
    return alerts


async def _coverage(report: Report) -> Part:
    connection, tenant_id = report.page.connection, report.page.profile.tenant_id
    _require_few_days(report)
    found = await report_coverage(connection, tenant_id, report.days.first, report.days.end)
    by_day = (coverage_by_day(report, found.data),) if found.data else ()
    return Part(coverage_by_provider(report, found.data), by_day)


async def _landings(report: Report) -> Part:
    connection, tenant_id = report.page.connection, report.page.profile.tenant_id
    _require_few_days(report)
    days = report.days.first, report.days.end
    found = await report_collect_coverage(connection, tenant_id, *days)
    return Part((landings_table(report, found.data),))


async def _match(report: Report) -> Part:
    connection, tenant_id = report.page.connection, report.page.profile.tenant_id
    _require_few_days(report)
    match = await match_campaigns(
        connection, tenant_id, first=report.days.first, last=report.days.last
    )
    return Part(matched_spend(report, match))


async def _sources(report: Report) -> Part:
    connection, tenant_id = report.page.connection, report.page.profile.tenant_id
    found = await list_unknown_sources(connection, tenant_id)
    table = unknown_sources(report, found, may_rule=_covers(report, Role.MANAGER))
    latest = report.formats.number(TOUCHES_LOOKED_AT)
    return Part((table,), values={"latest": latest}, has_days=False)


async def _refused(report: Report) -> Part:
    connection, tenant_id = report.page.connection, report.page.profile.tenant_id
    asked = _read(
        DeadEventsQuery,
        {
            "limit": _ROWS,
            "code": report.parameter("code"),
            "item_kind": report.parameter("kind"),
            "cursor": report.parameter("cursor"),
        },
    )
    files = {
        origins_of_file(one.fingerprint)[0]: (one.file_name, one.fingerprint)
        for one in await list_imports(connection, tenant_id, most=_MOST_FILES)
    }
    items = await page_dead_events(connection, tenant_id, asked)
    is_chosen = asked.code is not None or asked.cursor is not None
    codes = (
        ()
        if is_chosen
        else (refused_by_code(report, await count_dead_events(connection, tenant_id), files),)
    )
    return Part(
        (*codes, refused_items(report, items.data, files)),
        values={"code": asked.code, "all_codes": report.link(code=None, kind=None)},
        next_cursor=items.next_cursor,
        has_days=False,
    )


async def _webhooks(report: Report) -> Part:
    connection, tenant_id = report.page.connection, report.page.profile.tenant_id
    since = datetime.combine(report.days.first, time(), report.formats.zone)
    endpoints = await list_endpoints(connection, tenant_id, since=since)
    silences = await find_silences(connection, tenant_id, report.freshness.as_of)
    silent = frozenset(one.endpoint_id for one in silences.silent)
    dead = await list_deliveries(connection, tenant_id, is_dead=True, most=_ROWS, since=since)
    flags = await count_flags(connection, tenant_id)
    of_endpoints = (
        (
            endpoints_table(report, endpoints, silent, report.freshness.as_of),
            refusals_table(report, endpoints),
        )
        if endpoints
        else ()
    )
    # SDKs report orders without an address.
    of_orders = (dead_deliveries(report, dead), flags_table(report, flags))
    claims = await list_claims(connection, tenant_id, most=_CLAIMS)
    claimed = (claims_table(report, claims),) if claims else ()
    is_set_up = bool(endpoints or dead or flags)
    return Part(
        (*of_endpoints, *of_orders, *claimed) if is_set_up else claimed, is_set_up=is_set_up
    )


async def _work(report: Report) -> Part:
    connection, tenant_id = report.page.connection, report.page.profile.tenant_id
    asked = _read(
        JobsQuery,
        {
            "limit": _ROWS,
            "state": report.parameter("state"),
            "cursor": report.parameter("cursor"),
        },
    )
    jobs = await list_jobs(connection, tenant_id, asked)
    views = (await report_views(connection)).data if asked.cursor is None else []
    tables = (views_table(report, views),) if views else ()
    states: list[tuple[str | None, str]] = [(None, report.say("health.all_states"))]
    states += [(one, report.say(f"health.job_{one}")) for one in _JOB_STATES]
    return Part(
        (*tables, jobs_table(report, jobs.data)),
        values={"states": report.choices("state", states)},
        next_cursor=jobs.next_cursor,
        has_days=False,
    )


_JOB_STATES: Final = ("ready", "running", "done", "dead")
_PARTS: Final[Mapping[str, Callable[[Report], Awaitable[Part]]]] = {
    "coverage": _coverage,
    "landings": _landings,
    "match": _match,
    "sources": _sources,
    "refused": _refused,
    "webhooks": _webhooks,
    "work": _work,
}


def _read(query: type[PageQueryT], values: Mapping[str, object]) -> PageQueryT:
    """Return the query that an address asks for, as the API reads it. Raises `InputInvalid`."""
    try:
        return query.model_validate(values)
    except ValidationError as error:
        raise InputInvalid(
            "A part of the address is not a value that this page knows.",
            cure="Open the page again and follow its links.",
        ) from error


def _require_few_days(report: Report) -> None:
    if report.days.count > _LONGEST_DAYS:
        raise InputInvalid(
            f"The page shows at most {_LONGEST_DAYS} days at once.", cure="Choose fewer days."
        )


def _covers(report: Report, role: Role) -> bool:
    page = report.page
    return isinstance(page, Membership) and page.role.covers(role)
