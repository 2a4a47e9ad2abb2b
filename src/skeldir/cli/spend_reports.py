"""`skeldir spend list`, `campaigns` and `revisions`: what was recorded of ads, and how it meets the touches."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Annotated

import typer
from rich.table import Column, Table

from skeldir.cli.console import err, out
from skeldir.cli.keys import TenantArgument
from skeldir.cli.runtime import Runtime, run_with_runtime
from skeldir.clock import utc_now
from skeldir.errors import InputInvalid
from skeldir.money import format_minor
from skeldir.spend import BY_NAME, CampaignSpend, list_loads, list_revisions, match_campaigns

UNKNOWN = "\u2013"
"""What stands for a number that nobody knows."""

_DEFAULT_DAYS = 30
_EARLIEST = date(2000, 1, 1)

FromOption = Annotated[
    str | None,
    typer.Option("--from", help="The first day (2026-09-01). Default: 30 days before the last."),
]
EarliestOption = Annotated[
    str | None, typer.Option("--from", help="The first day (2026-09-01). Default: the earliest.")
]
ToOption = Annotated[str | None, typer.Option("--to", help="The last day. Default: today (UTC).")]


def money(cents: int | None, currency: str) -> str:
    """Return an amount for people, a dash for one that is not known."""
    return UNKNOWN if cents is None else format_minor(cents, currency)


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
            totals = "\n".join(f"{code} {money(cents, code)}" for code, cents in one.totals.items())
            table.add_row(
                str(one.id),
                f"{one.recorded_at:%Y-%m-%d %H:%M}",
                ", ".join(one.platforms),
                one.source,
                f"{one.rows:,}",
                f"{one.new:,}",
                f"{one.restated:,}",
                totals or UNKNOWN,
                "incomplete" if one.is_incomplete else "",
            )
        out.print(table)

    run_with_runtime(work)


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
            rate = f"{100 * report.matched[currency] / spent:.1f} %" if spent > 0 else UNKNOWN
            out.print(
                f"{currency}: {money(report.matched[currency], currency)} of {money(spent, currency)} is of campaigns"
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
        f"{one.currency} {money(one.cost_cents, one.currency)}",
        UNKNOWN if claims is None else f"{Decimal(claims).scaleb(-6).normalize():f}",
        money(one.claimed_cents, one.currency),
        f"{one.touches:,}" if one.touches else "none",
    )


def show_revisions(
    tenant: TenantArgument,
    platform: Annotated[str, typer.Argument(help="The platform's code, such as google_ads.")],
    campaign: Annotated[
        str, typer.Argument(help="The campaign's id, or name: and its name if it has no id.")
    ],
    first: EarliestOption = None,
    last: ToOption = None,
) -> None:
    """Show everything that was ever recorded of a campaign's days, and when."""
    begin = _EARLIEST if first is None else _day(first)
    end = utc_now().date() + timedelta(days=1) if last is None else _day(last)

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
                f"{one.currency} {money(one.cost_cents, one.currency)}",
                money(one.claimed_cents, one.currency),
                one.channel,
                one.rule,
                f"{one.recorded_at:%Y-%m-%d %H:%M:%S}",
            )
        out.print(table)

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
