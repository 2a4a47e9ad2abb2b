"""`skeldir report --by source` and `--by campaign`: what the credit of each channel is made of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Final

import orjson
import typer
from rich.table import Table

from skeldir.attribution import OriginCredit, OriginRow, OriginsAsked, OriginsReport, report_origins
from skeldir.cli.console import err, out
from skeldir.cli.runtime import Runtime, run_with_runtime
from skeldir.money import format_minor

# Nobody else waits for a command, so it may read more orders than a request.
_MOST_ORDERS: Final = 200_000


def show_origins(tenant: str, asked: OriginsAsked, *, as_json: bool) -> None:
    """Print the report, as a table for each channel and currency or as the JSON that the API returns."""

    async def work(runtime: Runtime) -> OriginsReport:
        tenant_id = await runtime.tenant_id(tenant)
        async with (
            runtime.database(pool_size=1) as database,
            database.tenant(tenant_id, is_read_only=True) as connection,
        ):
            return await report_origins(connection, tenant_id, asked, most_orders=_MOST_ORDERS)

    report = run_with_runtime(work)
    if as_json:
        typer.echo(orjson.dumps(asdict(report), option=orjson.OPT_INDENT_2))
        return
    if not report.data:
        err.print("No channel has credit on these days.")
    for row in report.data:
        _print_row(row, asked)


def _print_row(row: OriginRow, asked: OriginsAsked) -> None:
    table = Table(
        asked.by, *row.models, title=f"{row.channel}, {row.currency}", title_justify="left"
    )
    for column in table.columns[1:]:
        column.justify = "right"
        column.overflow = "fold"

    def cents(models: Mapping[str, OriginCredit]) -> list[str]:
        return [format_minor(models[model].credited_cents, row.currency) for model in row.models]

    for part in row.parts:
        table.add_row("(none)" if part.value is None else part.value, *cents(part.models))
    if row.others.values:
        table.add_row(f"({row.others.values:,} others)", *cents(row.others.models), style="dim")
    if any(credit.credited_cents for credit in row.not_known.values()):
        table.add_row("(not known)", *cents(row.not_known), style="dim")
    table.add_section()
    table.add_row("total", *cents(row.models), style="bold")
    out.print(table)
