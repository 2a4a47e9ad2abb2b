"""`skeldir credit`, `refresh` and `matviews`: from facts to proven views."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Annotated
from uuid import UUID

import asyncpg
import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from skeldir.attribution import (
    RULE_MODELS,
    UNATTRIBUTED,
    ChannelTotal,
    CreditReport,
    SetAsideTotal,
    count_dirty_orders,
    credit_dirty_orders,
    rebuild_credit,
)
from skeldir.cli.console import err, out
from skeldir.cli.keys import TENANT_HELP
from skeldir.cli.runtime import OperatorNeeded, Runtime, run_with_runtime
from skeldir.clock import process_started_at, utc_now
from skeldir.db import Database
from skeldir.matviews import CANONICAL_VIEWS, RefreshResult, find_view, refresh_view, view_statuses
from skeldir.money import format_minor
from skeldir.revenue import LedgerTotal
from skeldir.rollups import mark_all_revenue, roll_up_dirty_days

_ABOUT_SET_ASIDE = (
    "(uncredited) is the money of orders that could not be credited (set aside). "
    "An order whose journey is too long has its money under unattributed."
)


@contextmanager
def progress_bar() -> Iterator[Progress]:
    """Show progress on a terminal, and nothing without one."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=err, transient=True, disable=not err.is_terminal) as bar:
        yield bar


def credit(
    tenant: Annotated[str | None, typer.Option(help=f"Only this tenant. {TENANT_HELP}")] = None,
    rebuild: Annotated[
        bool,
        typer.Option(
            "--rebuild",
            help="Recompute all credit of --tenant, and its sums, from the facts.",
        ),
    ] = False,
) -> None:
    """Credit the orders that await credit, and update the sums of the days they change."""
    if rebuild and tenant is None:
        raise typer.BadParameter("--rebuild needs --tenant.")

    async def work(runtime: Runtime) -> None:
        tenant_id = None if tenant is None else await runtime.tenant_id(tenant)
        async with runtime.database() as database:
            if rebuild and tenant_id is not None:
                async with database.tenant(tenant_id) as connection:
                    await rebuild_credit(connection, tenant_id)
                    await mark_all_revenue(connection, tenant_id)
            total = None
            if tenant_id is not None:
                async with database.tenant(tenant_id) as connection:
                    total = await count_dirty_orders(connection, tenant_id)
            with progress_bar() as bar:
                task = bar.add_task("Crediting orders", total=total)
                report = await credit_dirty_orders(
                    database, tenant_id=tenant_id, progress=lambda orders: bar.advance(task, orders)
                )
                await _roll_up(database, bar, tenant_id)
        print_credit(report)

    run_with_runtime(work)


def print_credit(report: CreditReport) -> None:
    """Print what a credit run did."""
    out.print(f"Credited {report.orders:,} orders with {report.allocations:,} allocations.")
    if report.set_aside:
        out.print(
            f"Of these, {report.set_aside:,} were set aside: `skeldir report` shows their money without credit.",
            soft_wrap=True,
        )
    if not report.is_complete:
        out.print("Another worker is crediting a tenant; it will finish those orders.")


def refresh(
    views: Annotated[
        list[str] | None, typer.Argument(help="Canonical views. Default: all five.")
    ] = None,
    if_changed: Annotated[
        bool, typer.Option("--if-changed", help="Skip a view whose rollups have not changed.")
    ] = False,
) -> None:
    """Roll up the changed days, then refresh views CONCURRENTLY; exit status 1 if one fails."""
    names = views or [view.name for view in CANONICAL_VIEWS]
    for name in names:
        find_view(name)
    # A refresh that began after this process counts as its own.
    requested_at = process_started_at()

    async def work(runtime: Runtime) -> list[RefreshResult]:
        async with runtime.database() as database:
            return await refresh_views(
                database,
                names,
                requested_at=requested_at,
                only_if_changed=if_changed,
                timeout_ms=runtime.settings.skeldir_refresh_timeout_ms,
            )

    results = run_with_runtime(work)
    for result in results:
        out.print(f"{result.view_name}  {result.outcome}  {result.seconds:.2f} s", soft_wrap=True)
        if result.error is not None:
            err.print(f"  {result.error}", soft_wrap=True)
    if any(result.outcome == "failed" for result in results):
        raise typer.Exit(1)


async def refresh_views(
    database: Database,
    names: list[str],
    *,
    requested_at: datetime,
    only_if_changed: bool,
    timeout_ms: int,
) -> list[RefreshResult]:
    """Roll up the dirty days, then refresh the named views one after another."""
    with progress_bar() as bar:
        await _roll_up(database, bar)
        task = bar.add_task("Refreshing views", total=len(names))
        results = []
        for name in names:
            results.append(
                await refresh_view(
                    database,
                    name,
                    requested_at=requested_at,
                    only_if_changed=only_if_changed,
                    timeout_ms=timeout_ms,
                )
            )
            bar.advance(task)
    return results


async def _roll_up(database: Database, bar: Progress, tenant_id: UUID | None = None) -> None:
    task = bar.add_task("Rolling up days", total=None)
    await roll_up_dirty_days(
        database, tenant_id=tenant_id, progress=lambda days: bar.advance(task, days)
    )


def matviews(
    tenant: Annotated[
        str | None, typer.Option(help=f"Count only its rows, not all tenants'. {TENANT_HELP}")
    ] = None,
) -> None:
    """Show the five canonical views: rows, last refresh, age and outcome, with the error of a failed refresh."""

    async def work(runtime: Runtime) -> None:
        tenant_id = None if tenant is None else await runtime.tenant_id(tenant)
        async with runtime.database() as database:
            if tenant_id is not None:
                async with database.tenant(tenant_id) as connection:
                    rows = {
                        v.name: await connection.fetchval(v.count_statement)
                        for v in CANONICAL_VIEWS
                    }
            else:
                rows = await _count_all_rows(runtime)
            await print_views(database, rows)

    run_with_runtime(work)


async def _count_all_rows(runtime: Runtime) -> dict[str, int]:
    async with runtime.operator() as operator:
        try:
            return {v.name: await operator.fetchval(v.total_statement) for v in CANONICAL_VIEWS}
        except asyncpg.InsufficientPrivilegeError as error:
            raise OperatorNeeded(
                "The role in DATABASE_URL may not count the rows of all tenants.",
                cure="Give --tenant, or use a role that may act as matview_owner, such as the one that migrates.",
            ) from error


async def print_views(database: Database, rows: dict[str, int]) -> None:
    """Print the table of the five views, with the row counts given by name, and the errors of failed refreshes."""
    async with database.statement() as connection:
        statuses = await view_statuses(connection)
    table = Table("view", "rows", "last refresh", "age", "outcome")
    table.columns[1].justify = table.columns[3].justify = "right"
    for status in statuses:
        refreshed = age = "never"
        if status.last_success_at is not None:
            refreshed = f"{status.last_success_at:%Y-%m-%d %H:%M:%S} UTC"
            age = f"{(utc_now() - status.last_success_at).total_seconds():,.1f} s"
        table.add_row(
            status.view_name,
            f"{rows[status.view_name]:,}",
            refreshed,
            age,
            status.last_outcome or "never",
        )
    out.print(table)
    for status in statuses:
        if status.last_error is not None:
            out.print(f"{status.view_name}: {status.last_error}", soft_wrap=True)


def print_channels(
    totals: list[ChannelTotal],
    ledger: list[LedgerTotal],
    models: Sequence[str],
    aside: Sequence[SetAsideTotal],
    *,
    without_renewals: bool = False,
) -> bool:
    """Print a table per currency; return whether the total of every model in force equals the ledger's.

    A tenant that has no models yet is shown with all of them, by which it will be credited.

    The money of orders that await capture, and of orders set aside without credit, has no credit; each is in a row of
    its own, so that the total is the ledger. The money of an order whose journey is too long is
    credited to `unattributed`, and so is in that row.
    """
    is_balanced = True
    shown = models or RULE_MODELS
    for total in ledger:
        credited: dict[str, dict[str, ChannelTotal]] = defaultdict(dict)
        for row in totals:
            if row.currency == total.currency:
                credited[row.channel_code][row.model] = row
        left = {row.model: row for row in aside if row.currency == total.currency}
        is_balanced &= _print_currency(
            total, credited, shown, left, " without renewals" if without_renewals else ""
        )
    if aside:
        out.print(_ABOUT_SET_ASIDE, style="dim", soft_wrap=True)
    return is_balanced


def _print_currency(
    total: LedgerTotal,
    credited: dict[str, dict[str, ChannelTotal]],
    models: Sequence[str],
    aside: dict[str, SetAsideTotal],
    limit: str,
) -> bool:
    title = f"{total.currency}{limit}: {total.entries:,} ledger entries, {total.captures:,} of them captures"
    if aside:
        orders = max(row.orders for row in aside.values())
        title += f"; {orders:,} {'order is' if orders == 1 else 'orders are'} set aside"
    table = Table(
        "channel",
        *models,
        title=title,
        title_justify="left",
    )
    for column in table.columns[1:]:
        column.justify = "right"
        column.overflow = "fold"

    def cents(code: str, model: str) -> int:
        row = credited[code].get(model)
        return 0 if row is None else row.credited_cents

    for code in sorted(credited, key=lambda code: (-max(cents(code, m) for m in models), code)):
        style = "dim" if code == UNATTRIBUTED else None
        table.add_row(
            code, *(format_minor(cents(code, m), total.currency) for m in models), style=style
        )
    if total.awaiting_cents:
        waiting = format_minor(total.awaiting_cents, total.currency)
        table.add_row("(awaiting capture)", *([waiting] * len(models)), style="dim")
    left = [aside[m].uncredited_cents if m in aside else 0 for m in models]
    if aside:
        amounts = (format_minor(amount, total.currency) for amount in left)
        table.add_row("(uncredited)", *amounts, style="dim")
    sums = [
        sum(cents(code, m) for code in credited) + total.awaiting_cents + uncredited
        for m, uncredited in zip(models, left, strict=True)
    ]
    table.add_section()
    table.add_row("total", *(format_minor(amount, total.currency) for amount in sums), style="bold")
    is_balanced = all(amount == total.net_cents for amount in sums)
    verdict = "equal" if is_balanced else "NOT EQUAL"
    table.add_row(
        f"ledger ({verdict})",
        *([format_minor(total.net_cents, total.currency)] * len(models)),
    )
    out.print(table)
    return is_balanced
