"""`skeldir import` and `orders`: importing facts, and listing orders."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import typer
from rich.table import Table

from skeldir.attribution import RULE_MODELS, set_models
from skeldir.cli.console import err, out
from skeldir.cli.import_flags import (
    ColumnOption,
    CurrencyOption,
    DryRunOption,
    EncodingOption,
    FileArgument,
    Kind,
    MapOption,
    SetOption,
    SheetOption,
    TenantOption,
    UnitOption,
    ZoneOption,
    settings_of_flags,
)
from skeldir.cli.keys import TenantArgument
from skeldir.cli.pipeline import progress_bar
from skeldir.cli.runtime import Runtime, run_with_runtime
from skeldir.db import Database
from skeldir.ingest import list_channels
from skeldir.money import format_minor

if TYPE_CHECKING:
    from skeldir.ingest.files import (
        ChosenMapping,
        FileLayout,
        FileMapping,
        ImportProgress,
        ImportReport,
        RowRejection,
    )

import_app = typer.Typer(
    no_args_is_help=True,
    help="""Import a file of touches, conversions, or both: CSV or JSON, also in .gz or .zip,
XLSX or Parquet.

Exports of known systems are recognised by their header, other columns by their names, or they are mapped by a
small TOML file (--map) or flags; --dry-run shows what would go in. Example mappings are in examples/mappings/
of a checkout and in share/skeldir/mappings/ of a virtual environment.
To continue an interrupted import, run the same command again. Exit status: 0 all in or known, 3 some refused,
4 all refused.""",
)

_SOME_REFUSED = 3
_ALL_REFUSED = 4


def _import(
    kind: Kind,
    file: Path,
    tenant: str,
    map_file: Path | None,
    flags: dict[str, object],
    *,
    dry_run: bool,
) -> None:
    from skeldir.ingest.files import choose_mapping

    async def work(runtime: Runtime) -> int:
        tenant_id = await runtime.tenant_id(tenant)
        async with runtime.database(pool_size=2) as database:
            async with database.tenant(tenant_id) as connection:
                own_channels = await list_channels(connection, tenant_id)
            chosen = choose_mapping(
                file, kind=kind, map_file=map_file, flags=flags, own_channels=own_channels
            )
            for choice in chosen.choices:
                out.print(choice, soft_wrap=True)
            if dry_run:
                report = await _try_import(database, tenant_id, file, chosen)
            else:
                report = await import_with_progress(
                    database, tenant_id, file, chosen.mapping, chosen.layout
                )
                print_import(report)
        return status_of(report)

    if status := run_with_runtime(work):
        raise typer.Exit(status)


def status_of(report: ImportReport) -> int:
    """Return the exit status: 0 if all is in or was known, 3 if some was refused, 4 if all was."""
    done = report.done
    if not done.rejected:
        return 0
    return _SOME_REFUSED if done.accepted or done.duplicate else _ALL_REFUSED


@import_app.command("touches")
def import_touches(
    file: FileArgument,
    tenant: TenantOption,
    map_file: MapOption = None,
    time_zone: ZoneOption = None,
    encoding: EncodingOption = None,
    sheet: SheetOption = None,
    column: ColumnOption = None,
    set_: SetOption = None,
    dry_run: DryRunOption = False,
) -> None:
    """Import a file whose rows are touches."""
    flags = settings_of_flags(None, None, time_zone, encoding, sheet, column, set_)
    _import("touches", file, tenant, map_file, flags, dry_run=dry_run)


@import_app.command("conversions")
def import_conversions(
    file: FileArgument,
    tenant: TenantOption,
    map_file: MapOption = None,
    currency: CurrencyOption = None,
    amount_unit: UnitOption = None,
    time_zone: ZoneOption = None,
    encoding: EncodingOption = None,
    sheet: SheetOption = None,
    column: ColumnOption = None,
    set_: SetOption = None,
    dry_run: DryRunOption = False,
) -> None:
    """Import a file whose rows are captures, refunds, disputes or their reversals."""
    flags = settings_of_flags(currency, amount_unit, time_zone, encoding, sheet, column, set_)
    _import("conversions", file, tenant, map_file, flags, dry_run=dry_run)


@import_app.command("mixed")
def import_mixed(
    file: FileArgument,
    tenant: TenantOption,
    map_file: MapOption = None,
    currency: CurrencyOption = None,
    amount_unit: UnitOption = None,
    time_zone: ZoneOption = None,
    encoding: EncodingOption = None,
    sheet: SheetOption = None,
    column: ColumnOption = None,
    set_: SetOption = None,
    dry_run: DryRunOption = False,
) -> None:
    """Import a file whose rows are touches; rows whose order columns are filled also record an order."""
    flags = settings_of_flags(currency, amount_unit, time_zone, encoding, sheet, column, set_)
    _import("mixed", file, tenant, map_file, flags, dry_run=dry_run)


async def _try_import(
    database: Database, tenant_id: UUID, file: Path, chosen: ChosenMapping
) -> ImportReport:
    from skeldir.ingest.files import preview_import

    preview = await preview_import(database, tenant_id, file, chosen)
    for meaning in preview.columns:
        out.print(meaning, soft_wrap=True)
    out.print("Dry run: nothing was imported. An import now would do this:", style="bold")
    print_import(preview.report)
    for state in preview.states:
        out.print(f"  {state}", soft_wrap=True)
    for total in preview.months:
        out.print(
            f"  {total.month:%Y-%m}  {total.kind}  {total.entries:,} entries "
            f" {format_minor(total.amount_cents, total.currency)} {total.currency}",
            soft_wrap=True,
        )
    return preview.report


async def import_with_progress(
    database: Database,
    tenant_id: UUID,
    file: Path,
    mapping: FileMapping,
    layout: FileLayout | None = None,
) -> ImportReport:
    """Import a file with a progress bar on a terminal; the models of its mapping are set first."""
    from skeldir.ingest.files import import_file

    if mapping.models is not None:
        async with database.tenant(tenant_id) as connection:
            versions = await set_models(
                connection,
                tenant_id,
                dict.fromkeys(RULE_MODELS, mapping.models),
                changed_by="import",
            )
        names = ", ".join(version.model_version for version in versions)
        out.print(
            f"The models of the mapping are in force: {names}.",
            soft_wrap=True,
        )
    last: list[ImportProgress] = []

    def show(done: ImportProgress) -> None:
        last[:] = [done]
        bar.update(
            task, completed=int(1000 * done.share_read), description=f"{done.rows_done:,} rows"
        )

    with progress_bar() as bar:
        task = bar.add_task(f"Importing {file.name}", total=1000)
        try:
            return await import_file(
                database, tenant_id, file, mapping, progress=show, layout=layout
            )
        except asyncio.CancelledError:
            if last:
                err.print(last[0].describe_stop())
            raise


def print_import(report: ImportReport) -> None:
    """Print what was read, what was rejected and why."""
    done = report.done
    if report.was_complete:
        out.print(
            f"{report.file_name} was imported before, and nothing was added now. That import:",
            soft_wrap=True,
        )
    elif report.resumed_after:
        out.print(f"{report.file_name}: continued after row {report.resumed_after:,}.")
    out.print(f"{report.file_name}: {_sum_up(report)}", soft_wrap=True)
    if done.touches_accepted and done.conversions_accepted:
        out.print(
            f"  accepted: {done.touches_accepted:,} touches and {done.conversions_accepted:,} entries of orders"
        )
    for code, count in sorted(report.rejected_by_code.items()):
        out.print(f"  refused {count:,} times {code}", soft_wrap=True)
        for example in (row for row in report.examples if row.code == code):
            out.print(
                f"    {_place(report, example)}: {example.detail} {example.cure}",
                soft_wrap=True,
            )
    if left_out := report.describe_left_out():
        out.print(f"  {left_out}", soft_wrap=True)
    for journey in report.crowded:
        out.print(
            f"  one journey key has {journey.touches:,} of {journey.counted:,} touches: it may stand for"
            " visitors without an id. Look at the column of the journey key.",
            soft_wrap=True,
        )
    for order in report.flagged[:5]:
        out.print(f"  flagged order {order.order_id}: {order.state}", soft_wrap=True)
    if len(report.flagged) > 5:
        out.print(f"  … and {len(report.flagged) - 5:,} more flagged; `skeldir orders` shows them.")


def _sum_up(report: ImportReport) -> str:
    """Return what became of the rows, as a sum that adds up."""
    done = report.done
    items = done.accepted + done.duplicate + done.rejected
    sum_of_items = (
        f"{done.accepted:,} accepted + {done.duplicate:,} duplicate + {done.rejected:,} refused"
    )
    skipped = f"{done.skipped:,} skipped"
    if done.skipped and report.conditions:
        skipped += f" (not {', not '.join(report.conditions)})"
    if items + done.skipped == done.rows_done:
        return f"{done.rows_done:,} rows read = {sum_of_items} + {skipped}."
    return (
        f"{done.rows_done:,} rows read, {skipped}; the others made {items:,} touches and entries "
        f"= {sum_of_items}."
    )


def _place(report: ImportReport, refused: RowRejection) -> str:
    """Return where a refused row stands, as an editor or a spreadsheet shows it."""
    if refused.line is None:
        return f"{report.file_name}, row {refused.row:,}"
    return f"{report.file_name}, line {refused.line:,}"


def list_orders(
    tenant: TenantArgument,
    state: Annotated[
        str | None,
        typer.Option(
            help="Only this state: paid, partially_refunded, refunded, over_refunded, disputed or awaiting_capture."
        ),
    ] = None,
    most: Annotated[int, typer.Option(min=1, max=100_000, help="The most rows to show.")] = 50,
) -> None:
    """Show orders with their balance and state, newest first."""
    from skeldir.revenue import ORDER_STATES, list_balances

    if state is not None and state not in ORDER_STATES:
        raise typer.BadParameter(f"use one of {', '.join(ORDER_STATES)}.", param_hint="--state")

    async def work(runtime: Runtime) -> None:
        tenant_id = await runtime.tenant_id(tenant)
        async with (
            runtime.database(pool_size=1) as database,
            database.tenant(tenant_id) as connection,
        ):
            balances = await list_balances(connection, tenant_id, state=state, most=most)
        table = Table(
            "order",
            "currency",
            "state",
            "captured",
            "refunded",
            "disputed",
            "balance",
            "last entry",
        )
        for column in table.columns[3:7]:
            column.justify = "right"
            column.overflow = "fold"
        for row in balances:
            amounts = (
                row.captured_cents,
                row.refunded_cents,
                row.disputed_cents,
                row.balance_cents,
            )
            table.add_row(
                row.order_id,
                row.currency,
                row.state,
                *(format_minor(cents, row.currency) for cents in amounts),
                f"{row.last_entry_at:%Y-%m-%d %H:%M} UTC",
            )
        out.print(table)

    run_with_runtime(work)
