"""`skeldir spend`: importing what ads cost and what platforms claim, and which campaigns have touches."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal
from uuid import UUID

import typer
from rich.table import Column, Table

from skeldir.attribution import describe_command
from skeldir.cli.console import err, out
from skeldir.cli.import_flags import EncodingOption, SheetOption
from skeldir.cli.keys import TenantArgument
from skeldir.cli.runtime import Runtime, run_with_runtime
from skeldir.clock import utc_now
from skeldir.errors import InputInvalid
from skeldir.ingest import list_channels
from skeldir.money import decimals, format_minor
from skeldir.spend import (
    BY_NAME,
    AdDay,
    CampaignSpend,
    DayStoredOtherwise,
    Load,
    Recorded,
    Rival,
    check_channels,
    find_rivals,
    keep_given,
    list_loads,
    list_revisions,
    match_campaigns,
    read_given_channels,
    record_days,
    totals_of,
    withdraw_load,
)

if TYPE_CHECKING:
    from skeldir.db import Connection
    from skeldir.spend.files import Export, Options

spend_app = typer.Typer(
    no_args_is_help=True,
    help="""Import what ads cost and what platforms claim, per campaign and day.

An export goes in as a whole, or not at all: what it leaves open is asked for, and a total that differs is refused. \
A day that is imported again is restated; what it said before stays readable.""",
)

_DEFAULT_DAYS = 30
_UNKNOWN = "\u2013"

FileArgument = Annotated[
    Path,
    typer.Argument(
        exists=True, dir_okay=False, help="An export: CSV, XLSX, JSON or Parquet; may be in a zip."
    ),
]
FromOption = Annotated[
    str | None,
    typer.Option("--from", help="The first day (2026-09-01). Default: 30 days before the last."),
]
ToOption = Annotated[str | None, typer.Option("--to", help="The last day. Default: today (UTC).")]


@spend_app.command("import")
def import_spend(
    tenant: TenantArgument,
    file: FileArgument,
    platform: Annotated[
        str | None,
        typer.Option(
            help="google_ads, meta, tiktok, linkedin, microsoft_ads, reddit, pinterest,"
            " amazon_dsp, or a name of your own for another one."
        ),
    ] = None,
    account: Annotated[
        str | None, typer.Option(help="The ad account's id, if the file does not name it.")
    ] = None,
    currency: Annotated[
        str | None, typer.Option(help="The ad account's currency, if the file does not name it.")
    ] = None,
    decimal_mark: Annotated[
        str | None, typer.Option(help="The decimal mark, . or , if no amount shows it.")
    ] = None,
    date_order: Annotated[
        Literal["day-first", "month-first", "year-first"] | None,
        typer.Option(help="How the days are written, if none shows it."),
    ] = None,
    time_zone: Annotated[
        str | None, typer.Option(help="The zone of the account's days, to be kept with the import.")
    ] = None,
    channel: Annotated[
        str | None, typer.Option(help="The channel of all campaigns, instead of the rules'.")
    ] = None,
    channels: Annotated[
        Path | None,
        typer.Option(
            exists=True,
            dir_okay=False,
            help="Channels by campaign and type (TOML); see docs/spend.md.",
        ),
    ] = None,
    encoding: EncodingOption = None,
    sheet: SheetOption = None,
    whole: Annotated[
        bool, typer.Option("--whole", help="The last line is whole, though it has no end.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would be recorded; record nothing.")
    ] = False,
) -> None:
    """Import an export of an ad platform."""
    from skeldir.spend.files import Options, read_channel_file

    by_campaign, by_type = ({}, {}) if channels is None else read_channel_file(channels)
    options = Options(
        platform=platform,
        account=account,
        currency=currency,
        decimal_mark=_read_mark(decimal_mark),
        date_order=_ORDERS[date_order] if date_order is not None else None,
        time_zone=time_zone,
        channel=channel,
        campaigns=by_campaign,
        types=by_type,
        encoding=encoding,
        sheet=sheet,
        is_whole=whole,
    )

    async def work(runtime: Runtime) -> None:
        tenant_id = await runtime.tenant_id(tenant)
        export = _read(file, options)
        async with (
            runtime.database(pool_size=1) as database,
            database.tenant(tenant_id) as connection,
        ):
            await _record(connection, tenant_id, file, export, options, dry_run=dry_run)

    run_with_runtime(work)


_ORDERS: dict[str, Literal["day_first", "month_first", "year_first"]] = {
    "day-first": "day_first",
    "month-first": "month_first",
    "year-first": "year_first",
}


def _read_mark(text: str | None) -> Literal[".", ","] | None:
    if text is None:
        return None
    if text == ".":
        return "."
    if text == ",":
        return ","
    raise typer.BadParameter("give . or ,", param_hint="--decimal-mark")


def _read(file: Path, options: Options) -> Export:
    from skeldir.spend.files import read_export

    return read_export(file, options)


async def _record(
    connection: Connection,
    tenant_id: UUID,
    file: Path,
    export: Export,
    options: Options,
    *,
    dry_run: bool,
) -> None:
    given = {*options.campaigns.values(), *options.types.values(), options.channel or "display"}
    given.update(day.channel for day in export.days)
    check_channels(given, await list_channels(connection, tenant_id))
    rivals = await find_rivals(connection, tenant_id, export.days)
    if rivals:
        raise _stored_otherwise(list(rivals.values()))
    chosen = await read_given_channels(connection, tenant_id, {export.platform})
    days = keep_given(export.days, chosen)
    _show_export(export, days)
    if dry_run:
        out.print("Nothing was recorded (--dry-run).")
        return
    load = Load(
        "file",
        file.name[:300],
        export.digest,
        await describe_command(connection),
        export.rows,
        export.time_zone,
        export.is_incomplete,
    )
    _show_recorded(await record_days(connection, tenant_id, load, days))


def _stored_otherwise(rivals: list[Rival]) -> DayStoredOtherwise:
    return DayStoredOtherwise(
        f"{rivals[0].describe()} {len(rivals):,} days of the file would count twice.",
        cure="Export it as before (with the same account, currency and ids); or take the earlier load back with"
        " `skeldir spend withdraw`, and import this one.",
    )


def _show_export(export: Export, days: list[AdDay]) -> None:
    first, last = min(day.key.day for day in days), max(day.key.day for day in days)
    campaigns = {(day.key.account, day.key.campaign) for day in days}
    out.print(
        f"{export.platform}: {export.rows:,} rows, {len(campaigns):,} campaigns, {len(days):,} campaign days from"
        f" {first} to {last}.",
        soft_wrap=True,
    )
    zone = export.time_zone or "that of the ad account, which the file does not name"
    out.print(f"Time zone of the days: {zone}.", soft_wrap=True)
    totals = totals_of(days)
    table = Table(
        "currency", "channel", Column("campaigns", justify="right"), Column("cost", justify="right")
    )
    for currency in sorted({day.key.currency for day in days}):
        for channel in sorted({day.channel for day in days if day.key.currency == currency}):
            some = [d for d in days if d.key.currency == currency and d.channel == channel]
            cost = totals_of(some).get(currency)
            names = {(day.key.account, day.key.campaign) for day in some}
            table.add_row(currency, channel, f"{len(names):,}", _money(cost, currency))
        table.add_row(
            currency, "all", f"{len(campaigns):,}", _money(totals.get(currency), currency)
        )
    out.print(table)
    for currency, exact in export.exact.items():
        recorded = Decimal(totals.get(currency, 0)).scaleb(-decimals(currency))
        checked = "as the file's own total says" if export.is_checked else "as its rows sum to"
        if exact == recorded:
            out.print(f"Total {currency} {_money(totals.get(currency), currency)}, {checked}.")
        else:
            out.print(
                f"Total {currency} {recorded:f}; the file has {exact:f}, in fractions of the smallest unit."
            )
    unknown = sum(1 for day in days if day.figures.get("cost_cents") is None)
    if unknown:
        out.print(f"{unknown:,} campaign days have no known cost ({_UNKNOWN}, not 0).")
    if any(day.channel == "unknown" for day in days):
        out.print(
            "No rule knows a channel for some campaigns: they are under unknown. --channels gives them one."
        )
    if export.claim_type is not None:
        out.print(f"Claimed conversions: {export.claim_type}.")
    if export.is_incomplete:
        out.print("The platform says that data may be missing; import the period again later.")
    for note in export.notes:
        out.print(note, soft_wrap=True)


def _show_recorded(recorded: Recorded) -> None:
    out.print(
        f"Recorded: {recorded.new:,} new campaign days, {recorded.restated:,} restated, {recorded.unchanged:,} as they"
        " were.",
        soft_wrap=True,
    )
    if recorded.restated:
        for currency in sorted({*recorded.spent_before, *recorded.spent_after}):
            before, after = recorded.spent_before.get(currency), recorded.spent_after.get(currency)
            out.print(
                f"{currency} of these days: {_money(before, currency)} before, {_money(after, currency)} now."
            )
    if recorded.load_id is not None:
        out.print(f"Load {recorded.load_id}.")


@spend_app.command("list")
def show_loads(
    tenant: TenantArgument,
    most: Annotated[int, typer.Option(min=1, max=100_000, help="The most rows to show.")] = 50,
) -> None:
    """List the loads of spend and claims, the latest first."""

    async def work(runtime: Runtime) -> None:
        tenant_id = await runtime.tenant_id(tenant)
        async with (
            runtime.database(pool_size=1) as database,
            database.tenant(tenant_id, is_read_only=True) as connection,
        ):
            loads = await list_loads(connection, tenant_id, most=most)
        if not loads:
            err.print("Nothing was recorded of any ad platform.")
            return
        table = Table(
            Column("load", no_wrap=True),
            Column("recorded"),
            Column("platforms"),
            Column("source", overflow="fold"),
            Column("rows", justify="right"),
            Column("new", justify="right"),
            Column("restated", justify="right"),
            Column("totals", justify="right"),
            Column("state"),
        )
        for one in loads:
            totals = "\n".join(
                f"{code} {_money(cents, code)}" for code, cents in one.totals.items()
            )
            table.add_row(
                str(one.id),
                f"{one.recorded_at:%Y-%m-%d %H:%M}",
                ", ".join(one.platforms),
                one.source,
                f"{one.rows:,}",
                f"{one.new:,}",
                f"{one.restated:,}",
                totals or _UNKNOWN,
                "incomplete" if one.is_incomplete else "",
            )
        out.print(table)

    run_with_runtime(work)


@spend_app.command("campaigns")
def show_campaigns(tenant: TenantArgument, first: FromOption = None, last: ToOption = None) -> None:
    """Show campaigns with their touches: those with spend and no touches, and touches whose campaign has no spend."""
    begin, end = _days(first, last)

    async def work(runtime: Runtime) -> None:
        tenant_id = await runtime.tenant_id(tenant)
        async with (
            runtime.database(pool_size=1) as database,
            database.tenant(tenant_id, is_read_only=True) as connection,
        ):
            report = await match_campaigns(connection, tenant_id, first=begin, last=end)
        table = Table(
            "platform",
            "campaign",
            Column("cost", justify="right"),
            Column("claimed", justify="right"),
            Column("claimed value", justify="right"),
            Column("touches", justify="right"),
            title=f"{begin} to {end}",
            title_justify="left",
        )
        for one in report.campaigns:
            table.add_row(*_row_of(one))
        out.print(table)
        for currency, spent in report.spent.items():
            rate = f"{100 * report.matched[currency] / spent:.1f} %" if spent > 0 else _UNKNOWN
            out.print(
                f"{currency}: {_money(report.matched[currency], currency)} of {_money(spent, currency)} is of campaigns"
                f" with touches ({rate}).",
                soft_wrap=True,
            )
        if report.without_spend:
            left = Table("campaign of touches without spend", Column("touches", justify="right"))
            for name, touches in report.without_spend[:100]:
                left.add_row(name, f"{touches:,}")
            out.print(left)

    run_with_runtime(work)


def _row_of(one: CampaignSpend) -> tuple[str, ...]:
    claims = one.claims_millionths
    return (
        one.platform,
        one.name or one.campaign.removeprefix(BY_NAME),
        f"{one.currency} {_money(one.cost_cents, one.currency)}",
        _UNKNOWN if claims is None else f"{Decimal(claims).scaleb(-6).normalize():f}",
        _money(one.claimed_cents, one.currency),
        f"{one.touches:,}" if one.touches else "none",
    )


@spend_app.command("revisions")
def show_revisions(
    tenant: TenantArgument,
    platform: Annotated[str, typer.Argument(help="The platform's code, such as google_ads.")],
    campaign: Annotated[
        str, typer.Argument(help="The campaign's id, or name: and its name if it has no id.")
    ],
    first: FromOption = None,
    last: ToOption = None,
) -> None:
    """Show everything that was ever recorded of a campaign's days, and when."""
    begin, end = _days(first, last)

    async def work(runtime: Runtime) -> None:
        tenant_id = await runtime.tenant_id(tenant)
        async with (
            runtime.database(pool_size=1) as database,
            database.tenant(tenant_id, is_read_only=True) as connection,
        ):
            found = await list_revisions(
                connection, tenant_id, platform=platform, campaign=campaign, first=begin, last=end
            )
        table = Table(
            "day", "account", "revision", "cost", "claimed value", "channel", "rule", "recorded"
        )
        for one in found:
            table.add_row(
                str(one.day),
                one.account,
                str(one.number),
                f"{one.currency} {_money(one.cost_cents, one.currency)}",
                _money(one.claimed_cents, one.currency),
                one.channel,
                one.rule,
                f"{one.recorded_at:%Y-%m-%d %H:%M:%S}",
            )
        out.print(table)

    run_with_runtime(work)


@spend_app.command("withdraw")
def withdraw(
    tenant: TenantArgument,
    load: Annotated[UUID, typer.Argument(help="The load's id, from `spend list`.")],
) -> None:
    """Put the days that a load brought back to what they were before. Nothing is deleted."""

    async def work(runtime: Runtime) -> None:
        tenant_id = await runtime.tenant_id(tenant)
        async with (
            runtime.database(pool_size=1) as database,
            database.tenant(tenant_id) as connection,
        ):
            recorded_by = await describe_command(connection)
            _show_recorded(
                await withdraw_load(connection, tenant_id, load, recorded_by=recorded_by)
            )

    run_with_runtime(work)


def _days(first: str | None, last: str | None) -> tuple[date, date]:
    end = utc_now().date() if last is None else _day(last)
    begin = end - timedelta(days=_DEFAULT_DAYS) if first is None else _day(first)
    if begin > end:
        raise InputInvalid("The first day is after the last.", cure="Exchange --from and --to.")
    return begin, end


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise InputInvalid(f"{text!r:.20} is no day.", cure="Write it as 2026-09-01.") from error


def _money(cents: int | None, currency: str) -> str:
    return _UNKNOWN if cents is None else format_minor(cents, currency)
