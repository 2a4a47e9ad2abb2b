"""`skeldir report`, by channel, source or campaign, and what the credit of each channel is made of."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Final

import orjson
import typer
from rich.table import Table

from skeldir.attribution import (
    ChannelsAsked,
    ChannelTotal,
    OriginCredit,
    OriginRow,
    OriginsAsked,
    OriginsReport,
    SetAsideTotal,
    channel_totals,
    count_dirty_orders,
    models_in_force,
    report_origins,
    set_aside_totals,
)
from skeldir.cli.console import err, out
from skeldir.cli.converted_report import ask_to_convert, show_converted
from skeldir.cli.keys import TenantArgument
from skeldir.cli.kinds_report import basis_of, show_kinds
from skeldir.cli.pipeline import print_channels
from skeldir.cli.ratios_report import origin_ratios, show_ratios
from skeldir.cli.report_changes import (
    ChangesSinceOption,
    ChangesUntilOption,
    ask_for_changes,
    show_changes,
)
from skeldir.cli.report_known import (
    CompareFromOption,
    CompareKnownAtOption,
    CompareOption,
    CompareToOption,
    KnownAtOption,
    MatchOption,
    ask_to_compare,
    days_of,
    require_channels_alone,
    require_no_days,
    show_known_channels,
)
from skeldir.cli.report_options import (
    BasisOption,
    ByOption,
    ConvertOption,
    EndDayOption,
    FirstDayOption,
    JsonOption,
    RateSourceOption,
    RatiosOption,
    TopOption,
    WithoutRenewalsOption,
)
from skeldir.cli.runtime import Runtime, run_with_runtime
from skeldir.cli.spend_reports import UNKNOWN, money
from skeldir.money import format_minor
from skeldir.revenue import LedgerTotal, RenewalTotal, ledger_totals, renewal_totals

# Nobody else waits for a command, so it may read more orders than a request.
_MOST_ORDERS: Final = 200_000

_ABOUT_RENEWALS = (
    "Renewals are left out, of the channels and of the ledger: later payments of subscriptions, with their refunds and "
    "disputes."
)


def report(
    tenant: TenantArgument,
    as_json: JsonOption = False,
    by: ByOption = "channel",
    basis: BasisOption = None,
    first_day: FirstDayOption = None,
    end_day: EndDayOption = None,
    top: TopOption = 10,
    without_renewals: WithoutRenewalsOption = False,
    ratios: RatiosOption = None,
    convert: ConvertOption = None,
    rate_source: RateSourceOption = None,
    known_at: KnownAtOption = None,
    compare: CompareOption = None,
    match: MatchOption = "date",
    compare_from: CompareFromOption = None,
    compare_to: CompareToOption = None,
    compare_known_at: CompareKnownAtOption = None,
    changes_since: ChangesSinceOption = None,
    changes_until: ChangesUntilOption = None,
) -> None:
    """Show the credited revenue of each channel, all models side by side, and the ledger total.

    The row `(uncredited)` is the money of orders that could not be credited (set aside). The money of those whose
    journey is too long is credited to `unattributed`, so they add nothing to that row.
    """
    days = days_of(first_day, end_day)
    whose_day = basis_of(by, basis)
    moments = ask_for_changes(changes_since, changes_until)
    if moments is not None:
        require_channels_alone(by, convert, known_at, compare)
        show_changes(tenant, moments, days, ratios, as_json=as_json, most_orders=_MOST_ORDERS)
        return
    comparison = ask_to_compare(compare, match, days_of(compare_from, compare_to), compare_known_at)
    wanted = ask_to_convert(convert, rate_source, days, by=by, without_renewals=without_renewals)
    if known_at is not None or comparison is not None:
        require_channels_alone(by, ratios, convert)
        channels = ChannelsAsked(days, without_renewals=without_renewals)
        show_known_channels(tenant, channels, known_at, comparison, as_json=as_json)
        return
    if wanted is not None:
        if ratios is not None:
            raise typer.BadParameter("--ratios and --convert exclude each other; see --json.")
        show_converted(tenant, wanted, as_json=as_json)
        return
    if by == "channel" and ratios is not None:
        show_ratios(tenant, ratios, days, as_json=as_json, without_renewals=without_renewals)
        return
    if by == "channel":
        require_no_days(days)
        show_channels(tenant, as_json=as_json, without_renewals=without_renewals)
        return
    models = None if ratios is None else [ratios]
    asked = OriginsAsked(by, days, models, top=top, without_renewals=without_renewals)
    if by == "kind":
        show_kinds(tenant, asked, whose_day, as_json=as_json, most_orders=_MOST_ORDERS)
        return
    show_origins(tenant, asked, as_json=as_json, ratios=ratios)


def show_channels(tenant: str, *, as_json: bool, without_renewals: bool = False) -> None:
    """Print the report of channels; exit with status 1 if it does not add up to the ledger.

    Without renewals, those are missing from both, and the report says how much that is.
    """

    async def work(
        runtime: Runtime,
    ) -> tuple[
        list[ChannelTotal],
        list[LedgerTotal],
        list[SetAsideTotal],
        list[str],
        int,
        list[RenewalTotal],
    ]:
        tenant_id = await runtime.tenant_id(tenant)
        async with (
            runtime.database(pool_size=1) as database,
            database.tenant(tenant_id, is_read_only=True) as connection,
        ):
            return (
                await channel_totals(connection, tenant_id, without_renewals=without_renewals),
                await ledger_totals(connection, tenant_id, without_renewals=without_renewals),
                await set_aside_totals(connection, tenant_id, without_renewals=without_renewals),
                [one.model for one in await models_in_force(connection, tenant_id)],
                await count_dirty_orders(connection, tenant_id),
                await renewal_totals(connection, tenant_id) if without_renewals else [],
            )

    totals, ledger, aside, models, awaiting, left_out = run_with_runtime(work)
    if as_json:
        channels = [asdict(total) | {"conversions": str(total.conversions)} for total in totals]
        report = {
            "renewals": "exclude" if without_renewals else "include",
            "channels": channels,
            "ledger": [asdict(total) for total in ledger],
            "left_out": [asdict(total) for total in left_out],
            "set_aside": [asdict(total) for total in aside],
            "orders_awaiting_credit": awaiting,
        }
        typer.echo(json.dumps(report, indent=1))
        return
    is_balanced = True
    if not ledger:
        err.print(
            "The tenant's ledger holds nothing but renewals, if anything."
            if without_renewals
            else "The tenant's ledger is empty: no conversion has been imported or received yet."
        )
    else:
        is_balanced = print_channels(
            totals, ledger, models, aside, without_renewals=without_renewals
        )
    if without_renewals:
        _print_left_out(left_out)
    if ledger:
        _explain_difference(awaiting, is_balanced=is_balanced)
    if not is_balanced:
        raise typer.Exit(1)


def _print_left_out(left_out: Sequence[RenewalTotal]) -> None:
    out.print(_ABOUT_RENEWALS, style="dim", soft_wrap=True)
    for total in left_out:
        orders = f"{total.orders:,} {'order' if total.orders == 1 else 'orders'}"
        amount = format_minor(total.net_cents, total.currency)
        out.print(f"Left out: {amount} {total.currency} of {orders}", style="dim", soft_wrap=True)


def _explain_difference(awaiting: int, *, is_balanced: bool) -> None:
    """Say why a model may differ from the ledger, if it does or may."""
    if awaiting:
        err.print(
            f"{awaiting:,} {'order awaits' if awaiting == 1 else 'orders await'} credit. Workers"
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


def show_origins(
    tenant: str, asked: OriginsAsked, *, as_json: bool, ratios: str | None = None
) -> None:
    """Print the report, as a table for each channel and currency or as the JSON that the API returns.

    With `ratios`, the name of the only model asked for, the tables show its credit beside the spend.
    """

    async def work(runtime: Runtime) -> OriginsReport:
        tenant_id = await runtime.tenant_id(tenant)
        async with (
            runtime.database(pool_size=1) as database,
            database.tenant(tenant_id, is_read_only=True) as connection,
        ):
            return await report_origins(connection, tenant_id, asked, most_orders=_MOST_ORDERS)

    result = run_with_runtime(work)
    if as_json:
        typer.echo(orjson.dumps(asdict(result), option=orjson.OPT_INDENT_2))
        return
    if not result.data:
        err.print("No channel has credit on these days.")
    for row in result.data:
        if ratios is None:
            _print_row(row, asked)
        else:
            limit = ", without renewals" if asked.without_renewals else ""
            out.print(origin_ratios(row, ratios, asked.by, limit))


def _print_row(row: OriginRow, asked: OriginsAsked) -> None:
    limit = ", without renewals" if asked.without_renewals else ""
    title = f"{row.channel}, {row.currency}{limit}"
    table = Table(asked.by, *row.models, "spend", title=title, title_justify="left")
    for column in table.columns[1:]:
        column.justify = "right"
        column.overflow = "fold"

    def cents(models: Mapping[str, OriginCredit]) -> list[str]:
        return [
            format_minor(models[model].credited_cents, row.currency) if models else UNKNOWN
            for model in row.models
        ]

    def add(
        label: str, models: Mapping[str, OriginCredit], spend: int | None, style: str | None = None
    ) -> None:
        table.add_row(label, *cents(models), money(spend, row.currency), style=style)

    for part in row.parts:
        add("(none)" if part.value is None else part.value, part.models, part.spend_cents)
    if row.others.values:
        add(f"({row.others.values:,} others)", row.others.models, row.others.spend_cents, "dim")
    if any(credit.credited_cents for credit in row.not_known.values()):
        add("(not known)", row.not_known, None, "dim")
    if row.unmatched_spend_cents:
        add("(unmatched)", {}, row.unmatched_spend_cents, "dim")
    table.add_section()
    add("total", row.models, row.spend_cents or None, "bold")
    out.print(table)
