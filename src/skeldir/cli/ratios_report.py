"""`skeldir report --ratios`: what one model credits beside the spend: share, ROAS, and the cost of a conversion."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import date
from decimal import ROUND_HALF_EVEN, Decimal
from itertools import groupby
from operator import attrgetter

import typer
from rich.table import Table

from skeldir.attribution import (
    ChannelFigures,
    OriginRow,
    channel_figures,
    conversions_as_text,
    cost_per_conversion,
    return_on_spend,
    share_of,
)
from skeldir.cli.console import err, out
from skeldir.cli.report_options import Model
from skeldir.cli.runtime import Runtime, run_with_runtime
from skeldir.cli.spend_reports import UNKNOWN, money
from skeldir.money import format_minor

_COLUMNS = ("credited", "share", "conversions", "spend", "ROAS", "CPA")


def show_ratios(
    tenant: str,
    model: Model,
    days: tuple[date | None, date | None],
    *,
    as_json: bool,
    without_renewals: bool,
) -> None:
    """Print what each channel earned by a model and cost, a table per currency."""

    async def work(runtime: Runtime) -> list[ChannelFigures]:
        tenant_id = await runtime.tenant_id(tenant)
        async with (
            runtime.database(pool_size=1) as database,
            database.tenant(tenant_id, is_read_only=True) as connection,
        ):
            return await channel_figures(
                connection, tenant_id, model, days, without_renewals=without_renewals
            )

    figures = run_with_runtime(work)
    totals: dict[str, int] = {}
    for one in figures:
        totals[one.currency] = totals.get(one.currency, 0) + one.credited_cents
    if as_json:
        rows = [
            asdict(one)
            | {
                "conversions": conversions_as_text(one.conversion_ppt),
                "share": share_of(one.credited_cents, totals[one.currency]),
                "roas": return_on_spend(one.credited_cents, one.spend_cents),
                "cpa_cents": cost_per_conversion(one.spend_cents, one.conversion_ppt),
            }
            for one in figures
        ]
        renewals = "exclude" if without_renewals else "include"
        typer.echo(json.dumps({"renewals": renewals, "model": model, "channels": rows}, indent=1))
        return
    if not figures:
        err.print("No channel has credit or spend on these days.")
    limit = ", without renewals" if without_renewals else ""
    for currency, some in groupby(figures, key=attrgetter("currency")):
        out.print(_table_of(f"{currency}, {model}{limit}", currency, list(some)))


def _table_of(title: str, currency: str, figures: Sequence[ChannelFigures]) -> Table:
    table = _new_table("channel", title)
    total = ChannelFigures(
        currency,
        "total",
        sum(one.credited_cents for one in figures),
        sum(one.conversion_ppt for one in figures),
        sum(one.spend_cents for one in figures),
    )
    for one in (*figures, total):
        if one is total:
            table.add_section()
        table.add_row(
            one.channel,
            *_cells(
                currency,
                one.credited_cents,
                conversions_as_text(one.conversion_ppt),
                one.spend_cents or None,
                share_of(one.credited_cents, total.credited_cents),
                return_on_spend(one.credited_cents, one.spend_cents),
                cost_per_conversion(one.spend_cents, one.conversion_ppt),
            ),
            style="bold" if one is total else None,
        )
    return table


def origin_ratios(row: OriginRow, model: str, by: str, limit: str) -> Table:
    """Return a table of a channel's sources or campaigns by the only model of the row."""
    table = _new_table(by, f"{row.channel}, {row.currency}, {model}{limit}")
    others = f"({row.others.values:,} others)"
    lines = [
        *(("(none)" if p.value is None else p.value, p.models, p.spend_cents) for p in row.parts),
        *([(others, row.others.models, row.others.spend_cents)] if row.others.values else ()),
        ("(not known)", row.not_known, None),
        ("total", row.models, row.spend_cents or None),
    ]
    for label, models, spend in lines:
        if label == "total":
            if row.unmatched_spend_cents:
                unmatched = money(row.unmatched_spend_cents, row.currency)
                unknown = [UNKNOWN] * 3
                table.add_row("(unmatched)", *unknown, unmatched, UNKNOWN, UNKNOWN, style="dim")
            table.add_section()
        one = models.get(model)
        if one is None or (label == "(not known)" and one.credited_cents == 0):
            continue
        table.add_row(
            label,
            *_cells(
                row.currency,
                one.credited_cents,
                one.conversions,
                spend,
                one.share,
                one.roas,
                one.cpa_cents,
            ),
            style="bold" if label == "total" else None,
        )
    return table


def _new_table(first: str, title: str) -> Table:
    table = Table(first, *_COLUMNS, title=title, title_justify="left")
    for column in table.columns[1:]:
        column.justify = "right"
        column.overflow = "fold"
    return table


def _cells(
    currency: str,
    credited: int,
    conversions: str,
    spend: int | None,
    share: str | None,
    roas: str | None,
    cpa: str | None,
) -> tuple[str, ...]:
    return (
        format_minor(credited, currency),
        UNKNOWN if share is None else f"{_round(Decimal(share) * 100, 1)} %",
        f"{_round(Decimal(conversions), 2).normalize():f}",
        money(spend, currency),
        UNKNOWN if roas is None else str(_round(Decimal(roas), 2)),
        UNKNOWN if cpa is None else money(int(_round(Decimal(cpa), 0)), currency),
    )


def _round(number: Decimal, places: int) -> Decimal:
    return number.quantize(Decimal(1).scaleb(-places), ROUND_HALF_EVEN)
