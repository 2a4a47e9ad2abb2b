"""`skeldir report`: the credit of each channel beside the ledger, or divided by source or campaign."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Annotated, Literal

import typer
from rich.table import Table

from skeldir.attribution import (
    MODEL_NAMES,
    MOST_VALUES,
    UNATTRIBUTED,
    ChannelTotal,
    OriginsAsked,
    SetAsideTotal,
    channel_totals,
    count_dirty_orders,
    models_in_force,
    set_aside_totals,
)
from skeldir.cli.console import err, out
from skeldir.cli.keys import TenantArgument
from skeldir.cli.origins import show_origins
from skeldir.cli.runtime import Runtime, run_with_runtime
from skeldir.money import format_minor
from skeldir.revenue import LedgerTotal, ledger_totals

_ABOUT_SET_ASIDE = (
    "(uncredited) is the money of orders that could not be credited (set aside). "
    "An order whose journey is too long has its money under unattributed."
)

JsonOption = Annotated[
    bool,
    typer.Option("--json", help="Print JSON, with credited_cents and conversions of each model."),
]
ByOption = Annotated[
    Literal["channel", "source", "campaign"],
    typer.Option(help="Divide each channel by the source or the campaign of its touches."),
]
FromOption = Annotated[
    datetime | None,
    typer.Option(
        "--from",
        formats=["%Y-%m-%d"],
        help="With --by: the first day, in the tenant's time zone.",
    ),
]
ToOption = Annotated[
    datetime | None,
    typer.Option("--to", formats=["%Y-%m-%d"], help="With --by: the day after the last one."),
]
TopOption = Annotated[
    int, typer.Option(min=1, max=MOST_VALUES, help="With --by: values shown of each channel.")
]


@dataclass(frozen=True, slots=True)
class _Report:
    totals: list[ChannelTotal]
    ledger: list[LedgerTotal]
    aside: list[SetAsideTotal]
    models: list[str]
    awaiting: int


def show_channels(
    tenant: TenantArgument,
    as_json: JsonOption = False,
    by: ByOption = "channel",
    first_day: FromOption = None,
    end_day: ToOption = None,
    top: TopOption = 10,
) -> None:
    """Show the credited revenue of each channel, all models side by side, and the ledger total.

    The row `(uncredited)` is the money of orders that could not be credited (set aside). The money of those whose
    journey is too long is credited to `unattributed`, so they add nothing to that row.
    """
    if by != "channel":
        days = (None if day is None else day.date() for day in (first_day, end_day))
        show_origins(tenant, OriginsAsked(by, (next(days), next(days)), top=top), as_json=as_json)
        return
    if first_day is not None or end_day is not None:
        raise typer.BadParameter("--from and --to are only for --by source and --by campaign.")

    async def work(runtime: Runtime) -> _Report:
        return await _read(runtime, tenant)

    report = run_with_runtime(work)
    if as_json:
        _print_json(report)
    elif not report.ledger:
        err.print("The tenant's ledger is empty: no conversion has been imported or received yet.")
    else:
        _print_report(report)


async def _read(runtime: Runtime, tenant: str) -> _Report:
    tenant_id = await runtime.tenant_id(tenant)
    async with (
        runtime.database(pool_size=1) as database,
        database.tenant(tenant_id, is_read_only=True) as connection,
    ):
        return _Report(
            await channel_totals(connection, tenant_id),
            await ledger_totals(connection, tenant_id),
            await set_aside_totals(connection, tenant_id),
            [one.model for one in await models_in_force(connection, tenant_id)],
            await count_dirty_orders(connection, tenant_id),
        )


def _print_json(report: _Report) -> None:
    channels = [asdict(total) | {"conversions": str(total.conversions)} for total in report.totals]
    shown = {
        "channels": channels,
        "ledger": [asdict(total) for total in report.ledger],
        "set_aside": [asdict(total) for total in report.aside],
        "orders_awaiting_credit": report.awaiting,
    }
    typer.echo(json.dumps(shown, indent=1))


def _print_report(report: _Report) -> None:
    """Print the tables and what is wrong with them; exit with 1 if the models differ from the ledger."""
    is_balanced = print_channels(report.totals, report.ledger, report.models, report.aside)
    if report.awaiting:
        err.print(
            f"{report.awaiting:,} {'order awaits' if report.awaiting == 1 else 'orders await'} credit. Workers"
            " are on it; `skeldir credit` does it now. Until then a model may show too little, and differ from"
            " the ledger.",
            soft_wrap=True,
        )
    elif not is_balanced:
        err.print(
            "The models do not add up to the ledger, and no order awaits credit. Recompute it with"
            " `skeldir credit --tenant TENANT --rebuild`.",
            soft_wrap=True,
        )
    if not is_balanced:
        raise typer.Exit(1)


def print_channels(
    totals: list[ChannelTotal],
    ledger: list[LedgerTotal],
    models: Sequence[str],
    aside: Sequence[SetAsideTotal],
) -> bool:
    """Print a table per currency; return whether the total of every model in force equals the ledger's.

    A tenant that has no models yet is shown with all of them, by which it will be credited.

    The money of orders that await capture, and of orders set aside without credit, has no credit; each is in a row of
    its own, so that the total is the ledger. The money of an order whose journey is too long is
    credited to `unattributed`, and so is in that row.
    """
    is_balanced = True
    shown = models or MODEL_NAMES
    for total in ledger:
        credited: dict[str, dict[str, ChannelTotal]] = defaultdict(dict)
        for row in totals:
            if row.currency == total.currency:
                credited[row.channel_code][row.model] = row
        left = {row.model: row for row in aside if row.currency == total.currency}
        is_balanced &= _print_currency(total, credited, shown, left)
    if aside:
        out.print(_ABOUT_SET_ASIDE, style="dim", soft_wrap=True)
    return is_balanced


def _print_currency(
    total: LedgerTotal,
    credited: dict[str, dict[str, ChannelTotal]],
    models: Sequence[str],
    aside: dict[str, SetAsideTotal],
) -> bool:
    title = (
        f"{total.currency}: {total.entries:,} ledger entries, {total.captures:,} of them captures"
    )
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
        f"ledger ({verdict})", *([format_minor(total.net_cents, total.currency)] * len(models))
    )
    out.print(table)
    return is_balanced
