"""`skeldir report --convert`: the channels in one currency, with the rates, and what could not be converted."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import date

import typer
from rich.table import Table

from skeldir.attribution import (
    ChannelAmounts,
    ConvertAsked,
    ConvertedSums,
    conversions_as_text,
    convert_channels,
    cost_per_conversion,
    count_dirty_orders,
    models_in_force,
    return_on_spend,
)
from skeldir.cli.console import err, out
from skeldir.cli.runtime import Runtime, run_with_runtime
from skeldir.money import format_minor
from skeldir.rates import ConvertedBy, target_of

_UNKNOWN = "\u2013"
_RATES_SHOWN = 5


def ask_to_convert(
    currency: str | None,
    rate_source: str | None,
    days: tuple[date | None, date | None],
    *,
    by: str,
    without_renewals: bool,
) -> ConvertAsked | None:
    """Return what `--convert` asks for, or None without it. Raises ConvertOpen for a source of rates alone."""
    target = target_of(convert=currency is not None, currency=currency, rate_source=rate_source)
    if target is None:
        return None
    if by != "channel":
        raise typer.BadParameter("--convert is only for the report by channel.")
    return ConvertAsked(target, rate_source, days=days, without_renewals=without_renewals)


def show_converted(tenant: str, asked: ConvertAsked, *, as_json: bool) -> None:
    """Print the credit of each channel in one currency."""

    async def work(runtime: Runtime) -> tuple[ConvertedSums, dict[str, str], int]:
        tenant_id = await runtime.tenant_id(tenant)
        async with (
            runtime.database(pool_size=1) as database,
            database.tenant(tenant_id, is_read_only=True) as connection,
        ):
            in_force = await models_in_force(connection, tenant_id)
            names: dict[str, str] = {one.model: one.model_version for one in in_force}
            sums = await convert_channels(connection, tenant_id, asked, list(names.values()))
            return sums, names, await count_dirty_orders(connection, tenant_id)

    sums, names, awaiting = run_with_runtime(work)
    by = sums.converter.describe()
    channels = {channel: of_versions for (_, channel), of_versions in sums.converted.items()}
    if as_json:
        report = {
            "renewals": "exclude" if asked.without_renewals else "include",
            "channels": [
                {"currency": asked.target, "channel_code": code} | _as_json(of_versions, names)
                for code, of_versions in sorted(channels.items())
            ],
            "totals": _as_json(sums.totals(), names)["models"],
            "not_converted": [
                {"currency": currency, "channel_code": code} | _as_json(of_versions, names)
                for (currency, code), of_versions in sorted(sums.left.items())
            ],
            "converted_by": asdict(by),
            "orders_awaiting_credit": awaiting,
        }
        typer.echo(json.dumps(report, indent=1, default=str))
        return
    limit = " without renewals" if asked.without_renewals else ""
    out.print(_table_of(f"{asked.target}{limit}, converted", asked.target, channels, names))
    for currency in sorted({currency for currency, _ in sums.left}):
        some = {code: sums.left[currency, code] for of, code in sorted(sums.left) if of == currency}
        out.print(_table_of(f"{currency}, without a rate and in no sum", currency, some, names))
    _print_rates(by)
    if awaiting:
        err.print(f"{awaiting:,} orders await credit; until then a model may show too little.")


def _as_json(
    of_versions: Mapping[str, ChannelAmounts], names: Mapping[str, str]
) -> dict[str, object]:
    return {
        "models": {
            model: {
                "credited_cents": amounts.credited_cents,
                "conversions": conversions_as_text(amounts.conversion_ppt),
                "spend_cents": amounts.spend_cents,
                "roas": return_on_spend(amounts.credited_cents, amounts.spend_cents),
                "cpa_cents": cost_per_conversion(amounts.spend_cents, amounts.conversion_ppt),
            }
            for model, version in names.items()
            for amounts in (of_versions.get(version, ChannelAmounts()),)
        }
    }


def _table_of(
    title: str,
    currency: str,
    channels: Mapping[str, Mapping[str, ChannelAmounts]],
    names: Mapping[str, str],
) -> Table:
    table = Table("channel", *names, "spend", title=title, title_justify="left")
    for column in table.columns[1:]:
        column.justify = "right"
        column.overflow = "fold"

    def cells(amounts: Sequence[ChannelAmounts]) -> list[str]:
        spend = max((one.spend_cents for one in amounts), key=abs, default=0)
        shown = [format_minor(one.credited_cents, currency) for one in amounts]
        return [*shown, format_minor(spend, currency) if spend else _UNKNOWN]

    rows = {
        code: [of_versions.get(version, ChannelAmounts()) for version in names.values()]
        for code, of_versions in channels.items()
    }
    for code in sorted(rows, key=lambda code: (-max((r[0] for r in rows[code]), default=0), code)):
        table.add_row(code, *cells(rows[code]))
    totals = [
        ChannelAmounts(*map(sum, zip(*of_model, strict=True))) if of_model else ChannelAmounts()
        for of_model in zip(*rows.values(), strict=True)
    ]
    table.add_section()
    table.add_row("total", *cells(totals or [ChannelAmounts()] * len(names)), style="bold")
    return table


def _print_rates(by: ConvertedBy) -> None:
    out.print(
        f"Rates of {by.source}, for 1 {by.base}. A day is converted by the rate of that day or of the last one before,"
        f" at most {by.days_old_at_most} days old.",
        style="dim",
        soft_wrap=True,
    )
    for one in by.rates[-_RATES_SHOWN:]:
        days = (
            f"{one.first_day}"
            if one.first_day == one.last_day
            else f"{one.first_day} to {one.last_day}"
        )
        out.print(
            f"{days}: 1 {one.currency} = {one.rate} {by.currency}, of {one.rate_day}",
            style="dim",
            soft_wrap=True,
        )
    more = by.rates_left_out + max(0, len(by.rates) - _RATES_SHOWN)
    if more:
        out.print(
            f"And {more:,} more rates; --json and `skeldir rates list` show them.", style="dim"
        )
    for missing in by.missing:
        days = "1 day" if missing.days == 1 else f"{missing.days:,} days"
        err.print(
            f"No rate of {missing.currency} is known for {days} with money between {missing.first_day} and"
            f" {missing.last_day}. Import it with `skeldir rates import`, or set it with `skeldir rates set`.",
            soft_wrap=True,
        )
