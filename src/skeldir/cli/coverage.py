"""`skeldir coverage`: how many of the orders that webhooks paid have touches."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Annotated

import orjson
import typer
from rich.table import Column, Table

from skeldir.cli.console import err, out
from skeldir.cli.keys import TenantArgument
from skeldir.cli.runtime import Runtime, run_with_runtime
from skeldir.clock import utc_now
from skeldir.inbox import CoverageReport, CoverageRow, Covered, choose_days, report_coverage
from skeldir.money import format_minor

# Nobody else waits for a command, so it may read more days than a request.
_MOST_DAYS = 36_525


def coverage(
    tenant: TenantArgument,
    first_day: Annotated[
        datetime | None,
        typer.Option(
            "--from",
            formats=["%Y-%m-%d"],
            help="The first day, in the tenant's zone; without it, 31 days are shown.",
        ),
    ] = None,
    end_day: Annotated[
        datetime | None,
        typer.Option("--to", formats=["%Y-%m-%d"], help="The day after the last one."),
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print JSON, with the money of each group.")
    ] = False,
) -> None:
    """Show how many of the orders that webhooks paid have touches, by provider and day of the first capture.

    `0`, `1` and `2+` are touches in the stored journey; `awaiting` are orders that are not credited yet. `derived` are
    orders whose touch was derived from the order itself, `no token` those that came with nothing to join them by:
    for these the shop must pass on the journey's token. `renewals` are later payments of subscriptions.
    """
    if first_day is not None and end_day is not None and end_day <= first_day:
        raise typer.BadParameter("--to must be later than --from.")
    days = choose_days(
        None if first_day is None else first_day.date(),
        None if end_day is None else end_day.date(),
        today=utc_now().date(),
        most=_MOST_DAYS,
    )

    async def work(runtime: Runtime) -> CoverageReport:
        tenant_id = await runtime.tenant_id(tenant)
        async with (
            runtime.database(pool_size=1) as database,
            database.tenant(tenant_id, is_read_only=True) as connection,
        ):
            return await report_coverage(connection, tenant_id, *days)

    report = run_with_runtime(work)
    if as_json:
        typer.echo(orjson.dumps(asdict(report), option=orjson.OPT_INDENT_2))
    elif report.data:
        out.print(_table(report))
    else:
        err.print("No webhook reported an order on these days.")


def _table(report: CoverageReport) -> Table:
    names = ("orders", "money", "0", "1", "2+", "awaiting", "derived", "no token", "renewals")
    numbers = [Column(name, justify="right", overflow="fold") for name in names]
    table = Table("day", "provider", Column("currency"), *numbers)
    for row in report.data:
        table.add_row(f"{row.date}", row.provider, row.currency, *_cells(row))
    return table


def _cells(row: CoverageRow) -> list[str]:
    def count(covered: Covered) -> str:
        return f"{covered.orders:,}"

    return [
        count(row.total),
        format_minor(row.total.captured_cents, row.currency),
        count(row.unmatched),
        count(row.one_touch),
        count(row.more_touches),
        count(row.awaiting_credit),
        count(row.derived),
        count(row.without_token),
        count(row.renewals),
    ]
