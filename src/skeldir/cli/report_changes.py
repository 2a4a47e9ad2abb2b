"""`skeldir report --changes-since`: what changed in the channel report since an earlier moment, and why."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from datetime import date, datetime
from typing import Annotated, Final, TypeAlias

import orjson
import typer
from rich.table import Table

from skeldir.attribution import Cause, ChangesAsked, ChangesReport, report_changes
from skeldir.cli.console import out
from skeldir.cli.report_known import read_moment
from skeldir.cli.report_options import Model
from skeldir.cli.runtime import Runtime, run_with_runtime
from skeldir.money import format_minor

_CAUSES: Final[Mapping[Cause, str]] = {
    "captures": "new captures",
    "refunds": "refunds",
    "disputes": "disputes",
    "late_touches": "late touches",
    "taken_back": "taken back",
    "channels": "channels restated",
    "corrections": "touches corrected",
    "models": "another model version",
    "time_zone": "another time zone",
}

ChangesSinceOption: TypeAlias = Annotated[
    str | None,
    typer.Option(
        help="By channel: what changed since this moment, and why; ISO 8601 with an offset."
    ),
]
ChangesUntilOption: TypeAlias = Annotated[
    str | None, typer.Option(help="Only with --changes-since: the later moment; now when left out.")
]


def ask_for_changes(
    since: str | None, until: str | None
) -> tuple[datetime, datetime | None] | None:
    """Return the moments that the options name, None without any; a usage error for a later one alone."""
    if since is None:
        if until is not None:
            raise typer.BadParameter("--changes-until needs --changes-since.")
        return None
    return read_moment(since), None if until is None else read_moment(until)


def show_changes(
    tenant: str,
    moments: tuple[datetime, datetime | None],
    days: tuple[date | None, date | None],
    model: Model | None,
    *,
    as_json: bool,
    most_orders: int,
) -> None:
    """Print what changed between the moments, by cause, in a table for each currency and model, or as JSON."""
    asked = ChangesAsked(
        *moments,
        days,
        None if model is None else [model],
    )

    async def work(runtime: Runtime) -> ChangesReport:
        tenant_id = await runtime.tenant_id(tenant)
        async with (
            runtime.database(pool_size=1) as database,
            database.tenant(tenant_id, is_read_only=True) as connection,
        ):
            return await report_changes(connection, tenant_id, asked, most_orders=most_orders)

    report = run_with_runtime(work)
    if as_json:
        options = orjson.OPT_INDENT_2 | orjson.OPT_UTC_Z
        typer.echo(orjson.dumps(asdict(report), default=str, option=options))
        return
    out.print(
        f"Changes from {report.since:%Y-%m-%d %H:%M:%S} to {report.until:%Y-%m-%d %H:%M:%S} UTC; "
        f"{report.orders} orders were credited again to find their causes.",
        style="dim",
        soft_wrap=True,
    )
    if not report.data:
        out.print("No channel has other credit or spend.")
    for currency in sorted({row.currency for row in report.data}):
        for table in _tables(report, currency):
            out.print(table)
    for undoing in report.undoings:
        out.print(
            f"{undoing.target_kind} {undoing.target}: {undoing.reason} ({undoing.requested_by}, "
            f"{undoing.requested_at:%Y-%m-%d %H:%M} UTC)",
            soft_wrap=True,
            markup=False,
        )


def _tables(report: ChangesReport, currency: str) -> Iterator[Table]:
    rows = [row for row in report.data if row.currency == currency]
    for model in {name: None for row in rows for name in row.models}:
        changes = [(row.channel, row.models[model]) for row in rows if model in row.models]
        met = {cause for _, change in changes for cause in change.causes}
        causes = [cause for cause in _CAUSES if cause in met]
        table = Table("channel", "before", title=f"{currency}, {model}", title_justify="left")
        for name in (*(_CAUSES[cause] for cause in causes), "rest", "after"):
            table.add_column(name, justify="right", overflow="fold")
        table.columns[1].justify = "right"
        for channel, change in changes:
            parts = [change.causes.get(cause, 0) for cause in causes]
            cents = [change.before_cents, *parts, change.rest_cents, change.after_cents]
            table.add_row(channel, *(format_minor(amount, currency) for amount in cents))
        yield table
    spent = [row for row in rows if row.spend_before_cents != row.spend_after_cents]
    if spent:
        table = Table(
            "channel", "spend before", "spend after", title=currency, title_justify="left"
        )
        for row in spent:
            cents = [row.spend_before_cents, row.spend_after_cents]
            table.add_row(row.channel, *(format_minor(amount, currency) for amount in cents))
        yield table
