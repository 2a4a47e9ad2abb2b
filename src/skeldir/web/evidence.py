"""Evidence: whether credit equals the ledger now, what the daily audits found, and how anybody checks it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Final

from fastapi import APIRouter, Request, Response

from skeldir.attribution import channel_totals, count_dirty_orders, models_in_force
from skeldir.audit import DATA_CHECKS, AuditRecord, list_audits
from skeldir.web.access import ViewerPage, Visit
from skeldir.web.answers import PageRoute
from skeldir.web.balances import read_creditable_totals
from skeldir.web.reports import Report, open_report, send_report
from skeldir.web.tables import Cell, Column, Table

router = APIRouter(include_in_schema=False, route_class=PageRoute)

EVIDENCE: Final = "/evidence"
_AUDITS_SHOWN: Final = 30


@router.get(EVIDENCE)
async def show_evidence(request: Request, page: ViewerPage) -> Response:
    """Compare the credit of all days with the ledger's totals, and show the recorded audits."""
    return await send_evidence(request, page)


async def send_evidence(request: Request, page: Visit) -> Response:
    """Return the page, for members and by links to it."""
    report = await open_report(request, page, "evidence")
    connection, tenant_id = page.connection, page.profile.tenant_id
    ledger = await read_creditable_totals(connection, tenant_id)
    credited: Counter[tuple[str, str]] = Counter()
    for total in await channel_totals(connection, tenant_id):
        credited[total.currency, total.model] += total.credited_cents
    models = [each.model for each in await models_in_force(connection, tenant_id)]
    comparisons = [
        _compare(report, currency, cents, models, credited) for currency, cents in ledger.items()
    ]
    audits = await list_audits(connection, tenant_id, most=_AUDITS_SHOWN)
    tables = [*comparisons, _audits(report, audits)]
    return send_report(
        "evidence.html",
        report,
        tables,
        comparisons=comparisons,
        tables_shown={table.key: table for table in tables},
        are_equal=all(
            credited[currency, model] == cents
            for currency, cents in ledger.items()
            for model in models
        ),
        has_money=bool(ledger) and bool(models),
        awaiting=await count_dirty_orders(connection, tenant_id),
        latest=audits[0] if audits else None,
        checks=[(name, report.say(f"evidence.check.{name}")) for name in DATA_CHECKS],
        failed=frozenset(audits[0].checks if audits else ()),
    )


def _compare(
    report: Report,
    currency: str,
    cents: int,
    models: Sequence[str],
    credited: Counter[tuple[str, str]],
) -> Table:
    say = report.say
    columns = (
        Column(say("evidence.model")),
        Column(say("evidence.credit"), "money", currency),
        Column(say("evidence.ledger"), "money", currency),
        Column(say("evidence.difference"), "money", currency),
    )
    rows = tuple(
        (
            Cell(say(f"model.{model}")),
            Cell(credited[currency, model]),
            Cell(cents),
            Cell(credited[currency, model] - cents),
        )
        for model in models
    )
    key = f"ledger-{currency}"
    caption = say("evidence.all_days", currency=currency)
    return Table(
        key,
        caption,
        columns,
        rows,
        say("evidence.no_models"),
        download=report.download_of(key),
    )


def _audits(report: Report, audits: list[AuditRecord]) -> Table:
    say = report.say
    columns = (
        Column(say("evidence.as_of"), "moment"),
        Column(say("evidence.differences"), "number"),
        Column(say("evidence.failed")),
        Column(say("evidence.orders"), "number"),
        Column(say("evidence.awaiting"), "number"),
        Column(say("evidence.digest")),
    )
    rows = tuple(
        (
            Cell(audit.as_of),
            Cell(audit.differences),
            Cell(", ".join(audit.checks) or say("evidence.none")),
            Cell(audit.orders),
            Cell(audit.awaiting_orders),
            Cell(audit.digest),
        )
        for audit in audits
    )
    return Table(
        "audits",
        say("evidence.audits"),
        columns,
        rows,
        say("evidence.no_audits"),
        download=report.download_of("audits"),
    )
