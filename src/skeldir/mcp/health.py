"""The tools `coverage` and `data_health`: whether the figures can be relied on."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from pydantic import TypeAdapter

from skeldir.clock import utc_now
from skeldir.inbox import AWAIT_A_SUM, CoverageReport, TroublesReport
from skeldir.ingest import DeadEventsPage
from skeldir.jobs import JobsPage
from skeldir.matviews import ViewReports
from skeldir.mcp.answers import Answer, Rows, Standing, make_answer
from skeldir.mcp.credit import MOST_READ, read_standing

if TYPE_CHECKING:
    from skeldir.mcp.arguments import DaysArguments, HealthArguments
    from skeldir.mcp.asking import Ask

_PAGE: Final = "/data-health"
_COVERAGE: Final = TypeAdapter(CoverageReport)
_JOBS: Final = TypeAdapter(JobsPage)
_VIEWS: Final = TypeAdapter(ViewReports)
_TROUBLES: Final = TypeAdapter(TroublesReport)
_DEAD_EVENTS: Final = TypeAdapter(DeadEventsPage)
_STATES: Final = ("ready", "running", "dead")


async def answer_coverage(ask: Ask, asked: DaysArguments) -> Answer:
    """Report how many of the orders that webhooks paid have touches, by day, provider and currency."""
    first, end = asked.from_.isoformat(), asked.to.isoformat()
    report = await ask.read("/v1/coverage", _COVERAGE, from_=first, to=end)
    rows = Rows(asked.rows)
    data = {"days": [asdict(row) for row in rows.cut(report.data)]}
    standing = Standing(report.time_zone)
    currencies = (row.currency for row in report.data)
    page = ask.page(_PAGE, from_=first, to=end)
    return make_answer(ask, page, standing, currencies, rows, data)


async def answer_health(ask: Ask, asked: HealthArguments) -> Answer:
    """Report jobs, the age of the views, what was refused, payments that wait, and what needs somebody."""
    report = await read_standing(ask)
    rows = Rows(asked.rows)
    views = (await ask.read("/v1/views", _VIEWS)).data
    jobs: list[dict[str, object]] = []
    counts: dict[str, int] = {}
    for state in _STATES:
        found = await ask.read("/v1/jobs", _JOBS, state=state, limit=MOST_READ)
        counts[state] = len(found.data)
        kinds = Counter(job.kind for job in found.data)
        jobs += [
            {"state": state, "kind": kind, "count": count} for kind, count in kinds.most_common()
        ]
        rows.cut([], has_more=found.next_cursor is not None)
    since = utc_now() - timedelta(days=asked.days)
    dead = await ask.read("/v1/dead-events", _DEAD_EVENTS, from_=since.isoformat(), limit=MOST_READ)
    refused = Counter((event.item_kind, event.code) for event in dead.data)
    cures = {event.code: event.cure for event in dead.data}
    items = [
        {"kind": kind, "code": code, "count": count, "cure": cures[code]}
        for (kind, code), count in refused.most_common()
    ]
    inbox = await ask.read("/v1/payments/troubles", _TROUBLES, days=asked.days)
    trouble = {
        "jobs_dead": counts["dead"],
        "refreshes_failed": sum(view.last_result == "failed" for view in views),
        "items_refused": len(dead.data),
        "orders_set_aside": report.orders_set_aside or 0,
        "deliveries_dead": sum(one.deliveries for one in inbox.dead_deliveries),
        **{f"payments_{one.flag}": one.payments for one in inbox.flags if one.flag in AWAIT_A_SUM},
    }
    data = {
        "trouble": [{"what": what, "count": count} for what, count in trouble.items() if count],
        "orders_awaiting_credit": report.orders_awaiting_credit,
        "orders_set_aside": report.orders_set_aside,
        "jobs": rows.cut(jobs),
        "views": [asdict(view) for view in views],
        "refused_items_since": since,
        "refused_items": rows.cut(items, has_more=dead.next_cursor is not None),
        "dead_deliveries": rows.cut([asdict(one) for one in inbox.dead_deliveries]),
        "payment_flags": rows.cut([asdict(one) for one in inbox.flags]),
    }
    standing = Standing(report.time_zone, report.model_versions)
    return make_answer(ask, ask.page(_PAGE), standing, (), rows, data)
