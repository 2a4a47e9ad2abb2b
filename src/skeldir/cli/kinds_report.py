"""`skeldir report --by kind`: what each channel earned, and what was refunded and disputed of it."""

from __future__ import annotations

from dataclasses import asdict

import orjson
import typer
from rich.table import Table

from skeldir.attribution import Basis, KindCredit, KindsReport, OriginsAsked, report_kinds
from skeldir.cli.console import err, out
from skeldir.cli.runtime import Runtime, run_with_runtime
from skeldir.money import format_minor

_COLUMNS = {
    "gross": "gross_cents",
    "refunded": "refunded_cents",
    "disputed": "disputed_cents",
    "(not known)": "not_known_cents",
    "net": "net_cents",
}


def basis_of(by: str, basis: Basis | None) -> Basis:
    """Return the basis that was chosen or goes without saying; a usage error if the report has none to choose."""
    if basis is not None and by != "kind":
        raise typer.BadParameter("--basis needs --by kind.")
    return basis or "entry_day"


def show_kinds(
    tenant: str, asked: OriginsAsked, basis: Basis, *, as_json: bool, most_orders: int
) -> None:
    """Print the report, as a table for each currency and model or as the JSON that the API returns."""

    async def work(runtime: Runtime) -> KindsReport:
        tenant_id = await runtime.tenant_id(tenant)
        async with (
            runtime.database(pool_size=1) as database,
            database.tenant(tenant_id, is_read_only=True) as connection,
        ):
            return await report_kinds(connection, tenant_id, asked, basis, most_orders=most_orders)

    report = run_with_runtime(work)
    if as_json:
        typer.echo(orjson.dumps(asdict(report), option=orjson.OPT_INDENT_2).decode())
        return
    if not report.data:
        err.print("No channel has credit on these days.")
    limit = "" if basis == "entry_day" else f", by the day of the {basis.removesuffix('_day')}"
    limit += ", without renewals" if asked.without_renewals else ""
    for currency in sorted({row.currency for row in report.data}):
        for model in report.model_versions:
            credit = {
                row.channel: row.models[model] for row in report.data if row.currency == currency
            }
            out.print(_table_of(f"{currency}, {model}{limit}", currency, credit))


def _table_of(title: str, currency: str, credit: dict[str, KindCredit]) -> Table:
    has_unknown = any(one.not_known_cents for one in credit.values())
    columns = {
        label: name for label, name in _COLUMNS.items() if has_unknown or name != "not_known_cents"
    }
    table = Table("channel", *columns, title=title, title_justify="left")
    for column in table.columns[1:]:
        column.justify = "right"
        column.overflow = "fold"
    amounts = {
        channel: [getattr(one, name) for name in columns.values()]
        for channel, one in credit.items()
    }
    for channel in sorted(amounts, key=lambda channel: (-amounts[channel][-1], channel)):
        table.add_row(channel, *(format_minor(cents, currency) for cents in amounts[channel]))
    table.add_section()
    totals = [sum(cents) for cents in zip(*amounts.values(), strict=True)]
    table.add_row("total", *(format_minor(cents, currency) for cents in totals), style="bold")
    return table
