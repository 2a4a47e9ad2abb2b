"""`skeldir collect coverage`: what browsers keep of the collector's keys."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Final

import orjson
import typer
from rich.table import Column, Table

from skeldir.cli.console import err, out
from skeldir.cli.keys import TenantArgument
from skeldir.cli.runtime import Runtime, run_with_runtime
from skeldir.clock import utc_now
from skeldir.collect import CollectCoverageReport, report_collect_coverage
from skeldir.inbox import choose_days

# Nobody else waits for a command, so it may read more days than a request.
_MOST_DAYS: Final = 36_525


def show_coverage(
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
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Show the collector's landings by what browsers keep of their keys, and the orders that they led to, by day.

    `kept` are landings of visitors who agreed to be recognized later, in browsers that allow it. `capped`: they agreed,
    and the browser deletes the key early, as Safari does after 7 days. `session` and `session, capped`: the key ends
    with the visit. `short` are the orders without a landing under `kept`: their earlier visits may be missing.
    """
    if first_day is not None and end_day is not None and end_day <= first_day:
        raise typer.BadParameter("--to must be later than --from.")
    days = choose_days(
        None if first_day is None else first_day.date(),
        None if end_day is None else end_day.date(),
        today=utc_now().date(),
        most=_MOST_DAYS,
    )

    async def work(runtime: Runtime) -> CollectCoverageReport:
        tenant_id = await runtime.tenant_id(tenant)
        async with (
            runtime.database(pool_size=1) as database,
            database.tenant(tenant_id, is_read_only=True) as connection,
        ):
            return await report_collect_coverage(connection, tenant_id, *days)

    report = run_with_runtime(work)
    if as_json:
        typer.echo(orjson.dumps(asdict(report), option=orjson.OPT_INDENT_2))
    elif report.data:
        out.print(_table(report))
    else:
        err.print("The collector reported no landing on these days.")


def _table(report: CollectCoverageReport) -> Table:
    names = ("kept", "capped", "session", "session, capped", "orders", "short", "share")
    table = Table("day", *(Column(name, justify="right", overflow="fold") for name in names))
    for row in report.data:
        counts = (
            row.granted_kept,
            row.granted_capped,
            row.session_kept,
            row.session_capped,
            row.orders,
            row.short_lived_orders,
        )
        share = f"{100 * row.short_lived_orders // row.orders} %" if row.orders else "-"
        table.add_row(f"{row.date}", *(f"{count:,}" for count in counts), share)
    return table
