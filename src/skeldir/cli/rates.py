"""`skeldir rates`: exchange rates from files or by hand, and what is recorded."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Column, Table

from skeldir.attribution import describe_command
from skeldir.cli.console import err, out
from skeldir.cli.keys import TenantArgument
from skeldir.cli.runtime import Runtime, run_with_runtime
from skeldir.rates import (
    DecimalMark,
    RateRevision,
    RatesRecorded,
    StatedRates,
    list_rates,
    one_rate,
    plain,
    read_rates_file,
    record_rates,
)

rates_app = typer.Typer(
    no_args_is_help=True,
    help="Record exchange rates, by which reports convert money of other currencies.",
)

_BY_HAND = "manual"

SourceOption = Annotated[
    str, typer.Option("--source", help="Whose rates they are: ecb, or a name of your own.")
]
MarkOption = Annotated[
    str | None,
    typer.Option("--decimal-mark", help="The decimal mark of the rates: . or , (default: .)"),
]
JumpsOption = Annotated[
    bool,
    typer.Option("--accept-jumps", help="Record rates that are twice or half those before."),
]


@rates_app.command("import")
def import_file(
    tenant: TenantArgument,
    file: Annotated[Path, typer.Argument(help="A CSV file, or a ZIP archive with one.")],
    source: SourceOption,
    base: Annotated[
        str | None,
        typer.Option("--base", help="The currency that the rates are for one unit of."),
    ] = None,
    decimal_mark: MarkOption = None,
    accept_jumps: JumpsOption = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would be recorded; nothing is.")
    ] = False,
) -> None:
    """Import the ECB's rates, or a file with the columns day, base, quote and rate."""

    async def work(runtime: Runtime) -> None:
        tenant_id = await runtime.tenant_id(tenant)
        stated = read_rates_file(file, source, base=base, mark=_read_mark(decimal_mark))
        async with (
            runtime.database(pool_size=1) as database,
            database.tenant(tenant_id) as connection,
        ):
            recorded = await record_rates(
                connection,
                tenant_id,
                source,
                stated.base,
                stated.rates,
                reason=f"import of {file.name[:200]}",
                recorded_by=await describe_command(connection),
                accepts_jumps=accept_jumps,
                is_tried=dry_run,
            )
        _show_stated(stated)
        _show_recorded(recorded, is_tried=dry_run)

    run_with_runtime(work)


@rates_app.command("set")
def set_rate(
    tenant: TenantArgument,
    day: Annotated[str, typer.Argument(help="The day, as 2026-09-01.")],
    base: Annotated[str, typer.Argument(help="One unit of this currency is ...")],
    quote: Annotated[str, typer.Argument(help="... of this one ...")],
    rate: Annotated[str, typer.Argument(help="... this many units, such as 1.0850.")],
    reason: Annotated[str, typer.Option("--reason", help="Why; it is kept with the rate.")],
    source: SourceOption = _BY_HAND,
    decimal_mark: MarkOption = None,
    accept_jumps: JumpsOption = False,
) -> None:
    """Set the rate of one day. A report uses one source: name it to correct or add to its rates."""

    async def work(runtime: Runtime) -> None:
        tenant_id = await runtime.tenant_id(tenant)
        wanted = one_rate(quote, day, rate, _read_mark(decimal_mark))
        if not reason.strip() or len(reason) > 500:
            raise typer.BadParameter("give up to 500 characters", param_hint="--reason")
        async with (
            runtime.database(pool_size=1) as database,
            database.tenant(tenant_id) as connection,
        ):
            recorded = await record_rates(
                connection,
                tenant_id,
                source,
                base,
                [wanted],
                reason=reason.strip(),
                recorded_by=await describe_command(connection),
                accepts_jumps=accept_jumps,
            )
        out.print(f"{source}: 1 {base} = {plain(wanted.rate)} {quote} on {wanted.day}.")
        _show_recorded(recorded, is_tried=False)

    run_with_runtime(work)


@rates_app.command("list")
def list_recorded(
    tenant: TenantArgument,
    source: Annotated[str | None, typer.Option("--source", help="Only of this source.")] = None,
    quote: Annotated[str | None, typer.Option("--quote", help="Only of this currency.")] = None,
    first_day: Annotated[
        datetime | None, typer.Option("--from", formats=["%Y-%m-%d"], help="The first day.")
    ] = None,
    end_day: Annotated[
        datetime | None,
        typer.Option("--to", formats=["%Y-%m-%d"], help="The day after the last one."),
    ] = None,
    revisions: Annotated[
        bool, typer.Option("--revisions", help="Every rate that was ever recorded of a day.")
    ] = False,
    most: Annotated[int, typer.Option(min=1, max=100_000, help="The most rows to show.")] = 100,
) -> None:
    """List rates by source, currency and day, the latest of each day."""

    async def work(runtime: Runtime) -> None:
        tenant_id = await runtime.tenant_id(tenant)
        async with (
            runtime.database(pool_size=1) as database,
            database.tenant(tenant_id, is_read_only=True) as connection,
        ):
            found = await list_rates(
                connection,
                tenant_id,
                source=source,
                quote=quote,
                first_day=_day_of(first_day),
                end_day=_day_of(end_day),
                has_all=revisions,
                most=most + 1,
            )
        if not found:
            err.print("No rates are recorded.")
            return
        out.print(_table_of(found[:most]))
        if len(found) > most:
            out.print(f"There are more than these {most:,}: see --from, --quote and --most.")

    run_with_runtime(work)


def _table_of(rates: Sequence[RateRevision]) -> Table:
    table = Table(
        "source",
        "day",
        "base",
        "quote",
        Column("rate", justify="right"),
        Column("revision", justify="right"),
        Column("recorded"),
        Column("by", overflow="fold"),
        Column("reason", overflow="fold"),
    )
    for one in rates:
        table.add_row(
            one.source,
            str(one.day),
            one.base,
            one.quote,
            one.rate,
            str(one.revision),
            f"{one.recorded_at:%Y-%m-%d %H:%M}",
            one.recorded_by,
            one.reason,
        )
    return table


def _day_of(moment: datetime | None) -> date | None:
    return None if moment is None else moment.date()


def _read_mark(text: str | None) -> DecimalMark | None:
    if text is None:
        return None
    if text == ".":
        return "."
    if text == ",":
        return ","
    raise typer.BadParameter("give . or ,", param_hint="--decimal-mark")


def _show_stated(stated: StatedRates) -> None:
    days = [rate.day for rate in stated.rates]
    quotes = sorted({rate.quote for rate in stated.rates})
    out.print(
        f"{len(stated.rates):,} rates for 1 {stated.base}, of {len(set(days)):,} days from {min(days)} to {max(days)}:"
        f" {', '.join(quotes)}.",
        soft_wrap=True,
    )
    if stated.empty:
        out.print(f"{stated.empty:,} cells say that there is no rate, and stay without one.")
    if stated.left_out:
        out.print(f"Left out, since no amount is in them: {', '.join(stated.left_out)}.")


def _show_recorded(recorded: RatesRecorded, *, is_tried: bool) -> None:
    for one in recorded.examples:
        now = one.now
        out.print(
            f"Restated: {now.quote} on {now.day}, {plain(one.before)} before, {plain(now.rate)} now."
        )
    counts = f"{recorded.new:,} new rates, {recorded.restated:,} restated, {recorded.unchanged:,} as they were."
    out.print(f"Nothing was recorded (--dry-run): {counts}" if is_tried else f"Recorded: {counts}")
