"""What platforms claim beside what the ledger confirms, from a comparison of exactly the days that are shown."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Final

from skeldir.reconcile import list_reconciliations, read_reconciliation
from skeldir.web.addresses import across_pages
from skeldir.web.tables import Cell, Column, Table

if TYPE_CHECKING:
    from skeldir.reconcile import PlatformReport, ReconciliationReport
    from skeldir.web.channel_tables import Shown
    from skeldir.web.channels_asked import ChannelsChoice
    from skeldir.web.reports import Report

_LATEST: Final = 50
_BASIS_POINTS: Final = 10_000


async def find_comparison(report: Report, choice: ChannelsChoice) -> ReconciliationReport | None:
    """Return the latest comparison of all platforms' claims of these days, None if the latest ones are of others."""
    if choice.known_at is not None:
        return None
    connection, tenant_id = report.page.connection, report.page.profile.tenant_id
    days = (report.days.first, report.days.last)
    for each in await list_reconciliations(connection, tenant_id, most=_LATEST):
        if (
            each.state == "done"
            and each.platform is None
            and (each.first_day, each.last_day) == days
        ):
            return await read_reconciliation(connection, tenant_id, each.id)
    return None


def claims_table(shown: Shown, comparison: ReconciliationReport, currency: str) -> Table | None:
    """Return what platforms claim in a currency, and what of it the ledger confirms; None without known claims."""
    rows = [
        row
        for row in comparison.platforms
        if row.currency == currency and row.claimed_cents is not None
    ]
    if not rows:
        return None
    model = comparison.reconciliation.model_version.partition("@")[0]
    columns = (
        Column(shown.say("platform")),
        Column(shown.say("claimed"), "money", currency),
        Column(shown.say("verified"), "money", currency),
        Column(shown.say("ghost"), "money", currency),
        Column(shown.say("missed"), "money", currency),
        Column(shown.say("claims_difference"), "percent"),
    )
    return shown.table(
        f"claims-{currency}",
        shown.say("claims_compared", model=shown.model_name(model), currency=currency),
        columns,
        tuple(_cells(shown, row) for row in rows),
    )


def _cells(shown: Shown, row: PlatformReport) -> tuple[Cell, ...]:
    href = across_pages(shown.report.request, "/spend")
    unknown, points = shown.unknown("claims"), row.difference_bp
    amounts = (row.claimed_cents, row.verified_cents, row.ghost_cents, row.missed_cents)
    return (
        Cell(row.platform, href),
        *(Cell(unknown if cents is None else cents) for cents in amounts),
        Cell(unknown if points is None else Fraction(points) / _BASIS_POINTS),
    )
