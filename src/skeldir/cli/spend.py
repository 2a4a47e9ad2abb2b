"""`skeldir spend`: importing what ads cost and what platforms claim, and which campaigns have touches."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal
from uuid import UUID

import typer
from rich.table import Column, Table

from skeldir.attribution import describe_command
from skeldir.cli.console import out
from skeldir.cli.import_flags import EncodingOption, SheetOption
from skeldir.cli.keys import TenantArgument
from skeldir.cli.runtime import Runtime, run_with_runtime
from skeldir.cli.spend_reports import (
    UNKNOWN,
    money,
    show_campaigns,
    show_loads,
    show_revisions,
)
from skeldir.ingest import list_channels, rules_in_force
from skeldir.money import decimals
from skeldir.spend import (
    AdDay,
    DayStoredOtherwise,
    Load,
    Recorded,
    Rival,
    check_channels,
    find_rivals,
    keep_given,
    place_by_rules,
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

PlatformOption = Annotated[
    str | None,
    typer.Option(
        help="google_ads, meta, tiktok, linkedin, microsoft_ads, reddit, pinterest, amazon_dsp, or a name of your own"
        " for another one."
    ),
]
AccountOption = Annotated[
    str | None, typer.Option(help="The ad account's id, if the file does not name it.")
]
MoneyOption = Annotated[
    str | None, typer.Option(help="The ad account's currency, if the file does not name it.")
]
MarkOption = Annotated[
    str | None, typer.Option(help="The decimal mark, . or , if no amount shows it.")
]
UnitOption = Annotated[
    Literal["major", "minor"] | None,
    typer.Option(help="Another platform's amounts: 12.50 is major, 1250 is minor."),
]
OrderOption = Annotated[
    Literal["day-first", "month-first", "year-first"] | None,
    typer.Option(help="How the days are written, if none shows it."),
]
DaysZoneOption = Annotated[
    str | None, typer.Option(help="The zone of the account's days, to be kept with the import.")
]
ChannelOption = Annotated[
    str | None, typer.Option(help="The channel of all campaigns, instead of the rules'.")
]
ChannelsOption = Annotated[
    Path | None,
    typer.Option(
        exists=True, dir_okay=False, help="Channels by campaign and type (TOML); see docs/spend.md."
    ),
]
WholeOption = Annotated[
    bool, typer.Option("--whole", help="The last line is whole, though it has no end.")
]
TryOption = Annotated[
    bool, typer.Option("--dry-run", help="Show what would be recorded; record nothing.")
]
FileArgument = Annotated[
    Path,
    typer.Argument(
        exists=True, dir_okay=False, help="An export: CSV, XLSX, JSON or Parquet; may be in a zip."
    ),
]

spend_app.command("list")(show_loads)
spend_app.command("campaigns")(show_campaigns)
spend_app.command("revisions")(show_revisions)


@spend_app.command("import")
def import_spend(
    tenant: TenantArgument,
    file: FileArgument,
    platform: PlatformOption = None,
    account: AccountOption = None,
    currency: MoneyOption = None,
    decimal_mark: MarkOption = None,
    amount_unit: UnitOption = None,
    date_order: OrderOption = None,
    time_zone: DaysZoneOption = None,
    channel: ChannelOption = None,
    channels: ChannelsOption = None,
    encoding: EncodingOption = None,
    sheet: SheetOption = None,
    whole: WholeOption = False,
    dry_run: TryOption = False,
) -> None:
    """Import an export of an ad platform."""
    from skeldir.spend.files import Options, read_channel_file

    by_campaign, by_type = ({}, {}) if channels is None else read_channel_file(channels)
    options = Options(
        platform=platform,
        account=account,
        currency=currency,
        decimal_mark=_read_mark(decimal_mark),
        amount_unit=amount_unit,
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
    given = {*options.campaigns.values(), *options.types.values()}
    given.update(day.channel for day in export.days)
    check_channels(given, await list_channels(connection, tenant_id))
    rivals = await find_rivals(connection, tenant_id, export.days)
    if rivals:
        raise _stored_otherwise(list(rivals.values()))
    chosen = await read_given_channels(connection, tenant_id, {export.platform})
    rules = await rules_in_force(connection, tenant_id)
    days = [place_by_rules(day, rules) for day in keep_given(export.days, chosen)]
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
    out.print(
        f"{export.platform}: {export.rows:,} rows, {_count_campaigns(days):,} campaigns, {len(days):,} campaign days"
        f" from {first} to {last}.",
        soft_wrap=True,
    )
    zone = export.time_zone or "that of the ad account, which the file does not name"
    out.print(f"Time zone of the days: {zone}.", soft_wrap=True)
    _show_channels(days)
    totals = totals_of(days)
    for currency, exact in export.exact.items():
        recorded = Decimal(totals.get(currency, 0)).scaleb(-decimals(currency))
        text = f"Total {currency} {money(totals.get(currency), currency)}"
        if exact != recorded:
            text += f"; the file has {exact:f}, with fractions of the smallest unit"
        if export.is_checked:
            text += ", confirmed by the file's own total or number of rows"
        out.print(f"{text}.", soft_wrap=True)
    unknown = sum(1 for day in days if day.figures.get("cost_cents") is None)
    if unknown:
        out.print(f"{unknown:,} campaign days have no known cost ({UNKNOWN}, not 0).")
    if any(day.channel == "unknown" for day in days):
        out.print(
            "No rule knows a channel for some campaigns: they are under unknown. --channels gives them one.",
            soft_wrap=True,
        )
    if export.claim_type is not None:
        out.print(f"Claimed conversions: {export.claim_type}.")
    if export.is_incomplete:
        out.print("The platform says that data may be missing; import the period again later.")
    for note in export.notes:
        out.print(note, soft_wrap=True)


def _show_channels(days: list[AdDay]) -> None:
    table = Table(
        "currency", "channel", Column("campaigns", justify="right"), Column("cost", justify="right")
    )
    for currency in sorted({day.key.currency for day in days}):
        of_currency = [day for day in days if day.key.currency == currency]
        for channel in sorted({day.channel for day in of_currency}):
            some = [day for day in of_currency if day.channel == channel]
            cost = money(totals_of(some).get(currency), currency)
            table.add_row(currency, channel, f"{_count_campaigns(some):,}", cost)
        cost = money(totals_of(of_currency).get(currency), currency)
        table.add_row(currency, "all", f"{_count_campaigns(of_currency):,}", cost)
    out.print(table)


def _count_campaigns(days: list[AdDay]) -> int:
    return len({(day.key.account, day.key.campaign) for day in days})


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
                f"{currency} of these days: {money(before, currency)} before, {money(after, currency)} now."
            )
    if recorded.covered:
        out.print(
            f"{recorded.covered:,} campaign days stay as they are: later loads restated them. To take back all,"
            " withdraw those loads first, the latest first.",
            soft_wrap=True,
        )
    if recorded.load_id is not None:
        out.print(f"Load {recorded.load_id}.")


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
