"""`skeldir reconcile`: what platforms claim, against the money that the ledger confirms."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import typer
from rich.table import Column, Table

from skeldir.attribution import describe_command
from skeldir.cli.console import err, out
from skeldir.cli.keys import TenantArgument
from skeldir.cli.reconcile_orders import compare_file
from skeldir.cli.reconcile_payouts import compare_report
from skeldir.cli.runtime import Runtime, run_with_runtime
from skeldir.cli.spend_reports import UNKNOWN, money
from skeldir.clock import utc_now
from skeldir.errors import InputInvalid
from skeldir.reconcile import (
    START,
    LineReport,
    PlatformReport,
    ReconciliationReport,
    list_lines,
    list_reconciliations,
    read_reconciliation,
    request_reconciliation,
    run_reconciliation,
)
from skeldir.spend import BY_NAME

if TYPE_CHECKING:
    from skeldir.db import Database
    from skeldir.reconcile import Reconciliation

_DEFAULT_DAYS = 30

reconcile_app = typer.Typer(
    no_args_is_help=True,
    help="""Compare what platforms claim with the money that the ledger confirms.

A platform's claim is made by its own attribution setting, and is not wrong because it is larger. \
Comparisons are kept, and can be read later, unchanged.""",
)


reconcile_app.command("orders")(compare_file)
reconcile_app.command("payouts")(compare_report)


@reconcile_app.command("run")
def run(
    tenant: TenantArgument,
    first: Annotated[
        str | None,
        typer.Option(
            "--from", help="The first day (2026-09-01). Default: 29 days before the last."
        ),
    ] = None,
    last: Annotated[
        str | None, typer.Option("--to", help="The last day. Default: yesterday (UTC).")
    ] = None,
    platform: Annotated[
        str | None, typer.Option(help="Only this platform, such as google_ads. Default: all.")
    ] = None,
    model: Annotated[
        str | None,
        typer.Option(help="Whose credit counts as verified; needed if several are in force."),
    ] = None,
) -> None:
    """Compare the claims of some days, and show the sums by platform. A tenant has one comparison at a time."""
    end = utc_now().date() - timedelta(days=1) if last is None else _day(last)
    begin = end - timedelta(days=_DEFAULT_DAYS - 1) if first is None else _day(first)

    async def work(runtime: Runtime) -> None:
        tenant_id = await runtime.tenant_id(tenant)
        async with runtime.database(pool_size=1) as database:
            async with database.tenant(tenant_id) as connection:
                made = await request_reconciliation(
                    connection,
                    tenant_id,
                    first=begin,
                    last=end,
                    platform=platform,
                    model=model,
                    requested_by=await describe_command(connection),
                )
            # If this process is killed, a worker makes the comparison.
            await run_reconciliation(database, tenant_id, made)
            _show(await _read(database, tenant_id, made))

    run_with_runtime(work)


@reconcile_app.command("list")
def show_list(
    tenant: TenantArgument,
    most: Annotated[int, typer.Option(min=1, max=100_000, help="The most rows to show.")] = 50,
) -> None:
    """List the comparisons, the latest first."""

    async def work(runtime: Runtime) -> None:
        tenant_id = await runtime.tenant_id(tenant)
        async with (
            runtime.database(pool_size=1) as database,
            database.tenant(tenant_id, is_read_only=True) as connection,
        ):
            found = await list_reconciliations(connection, tenant_id, most=most)
        if not found:
            err.print("Nothing was compared.")
            return
        table = Table(
            Column("comparison", no_wrap=True),
            Column("requested"),
            Column("days"),
            Column("platform"),
            Column("model"),
            Column("state"),
            Column("error", overflow="fold"),
        )
        for one in found:
            table.add_row(
                str(one.id),
                f"{one.requested_at:%Y-%m-%d %H:%M}",
                f"{one.first_day} to {one.last_day}",
                one.platform or "all",
                one.model_version,
                one.state,
                one.error or "",
            )
        out.print(table)

    run_with_runtime(work)


@reconcile_app.command("show")
def show_one(
    tenant: TenantArgument,
    comparison: Annotated[UUID, typer.Argument(help="The comparison's id, from `reconcile list`.")],
    lines: Annotated[
        bool, typer.Option("--lines", help="Show each campaign and day that differs.")
    ] = False,
    most: Annotated[int, typer.Option(min=1, max=100_000, help="The most lines to show.")] = 1_000,
) -> None:
    """Show a comparison as it was made: its sums and, with --lines, each campaign and day that differs."""

    async def work(runtime: Runtime) -> None:
        tenant_id = await runtime.tenant_id(tenant)
        async with runtime.database(pool_size=1) as database:
            _show(await _read(database, tenant_id, comparison))
            if lines:
                await _show_lines(database, tenant_id, comparison, most)

    run_with_runtime(work)


async def _read(database: Database, tenant_id: UUID, comparison: UUID) -> ReconciliationReport:
    async with database.tenant(tenant_id, is_read_only=True) as connection:
        return await read_reconciliation(connection, tenant_id, comparison)


def _show(report: ReconciliationReport) -> None:
    one = report.reconciliation
    out.print(
        f"{one.id}: {one.first_day} to {one.last_day}, {one.model_version}, {one.state}.",
        soft_wrap=True,
        highlight=False,
    )
    if one.error is not None:
        out.print(one.error, soft_wrap=True)
    if one.state != "done":
        return
    table = Table(
        "platform",
        "currency",
        Column("claimed", justify="right"),
        Column("verified", justify="right"),
        Column("reversed", justify="right"),
        Column("ghost", justify="right"),
        Column("missed", justify="right"),
        Column("of it timing", justify="right"),
        Column("basis points", justify="right"),
        Column("attribution setting", overflow="fold"),
    )
    for of_platform in report.platforms:
        table.add_row(*_row_of(of_platform))
    out.print(table)
    for of_platform in report.platforms:
        if of_platform.unknown_lines:
            out.print(
                f"{of_platform.platform}: on {of_platform.unknown_lines:,} campaign days no claim is known; "
                f"{of_platform.currency} {money(of_platform.unknown_verified_cents, of_platform.currency)} is"
                " verified on them, and is not in the table.",
                soft_wrap=True,
            )
    for pair in report.overlaps:
        out.print(
            f"{pair.platform} and {pair.other_platform} may both claim {pair.orders:,} orders of "
            f"{pair.currency} {money(pair.captured_cents, pair.currency)}: these have touches of both.",
            soft_wrap=True,
        )
    _show_rest(one)
    for words in report.words:
        err.print(words, soft_wrap=True)


def _show_rest(one: Reconciliation) -> None:
    for currency, cents in one.unplaced.items():
        out.print(
            f"{currency} {money(cents, currency)} is credited to paid touches that could be of several platforms,"
            " or whose campaign was forgotten.",
            soft_wrap=True,
        )
    out.print(
        f"{one.orders or 0:,} orders were read; days of orders are of {one.time_zone}.",
        soft_wrap=True,
    )
    if one.left_out_orders:
        out.print(
            f"{one.left_out_orders:,} orders are left out: their journeys could not be read.",
            soft_wrap=True,
        )


def _row_of(one: PlatformReport) -> tuple[str, ...]:
    return (
        one.platform,
        one.currency,
        money(one.claimed_cents, one.currency),
        money(one.verified_cents, one.currency),
        money(one.reversed_cents, one.currency),
        money(one.ghost_cents, one.currency),
        money(one.missed_cents, one.currency),
        money(one.timing_cents, one.currency),
        UNKNOWN if one.difference_bp is None else f"{one.difference_bp:,}",
        "; ".join(one.attribution_settings) or UNKNOWN,
    )


async def _show_lines(database: Database, tenant_id: UUID, comparison: UUID, most: int) -> None:
    table = Table(
        "platform",
        "account",
        Column("campaign", overflow="fold"),
        Column("campaign id", overflow="fold"),
        "day",
        Column("claimed", justify="right"),
        Column("verified", justify="right"),
        Column("ghost", justify="right"),
        Column("missed", justify="right"),
        "reason",
    )
    after = START
    shown = 0
    while shown < most:
        async with database.tenant(tenant_id, is_read_only=True) as connection:
            page = await list_lines(connection, tenant_id, comparison, after=after)
        if not page:
            break
        last = page[-1]
        after = (last.platform, last.account, last.campaign, last.day, last.currency)
        for line in [line for line in page if line.reason != "none"][: most - shown]:
            table.add_row(*_line_of(line))
            shown += 1
    out.print(table)


def _line_of(line: LineReport) -> tuple[str, ...]:
    has_id = bool(line.campaign) and not line.campaign.startswith(BY_NAME)
    name = line.campaign_name or line.campaign.removeprefix(BY_NAME)
    return (
        line.platform,
        line.account or UNKNOWN,
        name or "several campaigns",
        line.campaign if has_id else UNKNOWN,
        str(line.day),
        f"{line.currency} {money(line.claimed_cents, line.currency)}",
        money(line.verified_cents, line.currency),
        money(line.ghost_cents, line.currency),
        money(line.missed_cents, line.currency),
        line.reason,
    )


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise InputInvalid(f"{text!r:.20} is no day.", cure="Write it as 2026-09-01.") from error
