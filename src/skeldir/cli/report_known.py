"""`skeldir report` with `--known-at` or `--compare`: channels at an earlier moment, or beside other figures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Annotated, Final, TypeAlias

import orjson
import typer
from rich.table import Table

from skeldir.attribution import (
    ChannelRow,
    ChannelsAsked,
    Compare,
    ComparedCredit,
    Comparison,
    ComparisonAsked,
    Match,
    Standing,
    find_other,
    find_standing,
    pair_rows,
    read_rows,
    with_shares,
)
from skeldir.cli.console import err, out
from skeldir.cli.runtime import Runtime, run_with_runtime
from skeldir.money import format_minor

# Channels are few, and periods are not shown apart.
_MOST_ROWS: Final = 1_000_000
_UNKNOWN: Final = "–"  # noqa: RUF001 - a dash, as in tables of figures

KnownAtOption: TypeAlias = Annotated[
    str | None,
    typer.Option(help="By channel: what was known at this moment, ISO 8601 with an offset."),
]

CompareOption: TypeAlias = Annotated[
    Compare | None, typer.Option(help="By channel: show what changed since other days or a moment.")
]
MatchOption: TypeAlias = Annotated[
    Match, typer.Option(help="Compare with the days before by date, or by full weeks.")
]
CompareFromOption: TypeAlias = Annotated[
    datetime | None,
    typer.Option(formats=["%Y-%m-%d"], help="First day to compare with, for --compare custom."),
]
CompareToOption: TypeAlias = Annotated[
    datetime | None, typer.Option(formats=["%Y-%m-%d"], help="The day after the last of these.")
]
CompareKnownAtOption: TypeAlias = Annotated[
    str | None, typer.Option(help="The moment to compare with, for --compare known_at.")
]


def read_moment(text: str) -> datetime:
    """Return the moment that an option names; a usage error if it has no offset from UTC."""
    try:
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is not None:
            moment = moment.astimezone(UTC)  # An offset may lead out of the calendar.
    except (ValueError, OverflowError) as error:
        raise typer.BadParameter(
            f"{text!r} is not a moment such as 2026-06-01T12:30:00Z."
        ) from error
    if moment.tzinfo is None:
        raise typer.BadParameter(f"Add the offset from UTC to {text}, such as Z or +02:00.")
    return moment


def days_of(
    first_day: datetime | None, end_day: datetime | None
) -> tuple[date | None, date | None]:
    """Return the days that two options name."""
    return (
        None if first_day is None else first_day.date(),
        None if end_day is None else end_day.date(),
    )


def require_no_days(days: tuple[date | None, date | None]) -> None:
    """Raise a usage error if days are asked for."""
    if days != (None, None):
        raise typer.BadParameter(
            "--from and --to need --ratios, --convert, --known-at, --compare or another --by."
        )


def require_channels_alone(by: str, *others: str | None) -> None:
    """Raise a usage error if the report is not by channel, or if another form of it is asked for."""
    if by != "channel" or any(other is not None for other in others):
        raise typer.BadParameter(
            "--known-at and --compare are for reports by channel, without --ratios and --convert."
        )


def ask_to_compare(
    compare: Compare | None,
    match: Match,
    days: tuple[date | None, date | None],
    compare_known_at: str | None,
) -> ComparisonAsked | None:
    """Return what the options compare with; a usage error if they say with what, but not how."""
    if compare is None:
        if match != "date" or days != (None, None) or compare_known_at is not None:
            raise typer.BadParameter(
                "Add --compare, or leave the other options of a comparison out."
            )
        return None
    moment = None if compare_known_at is None else read_moment(compare_known_at)
    return ComparisonAsked(compare, match, days, moment)


def show_known_channels(
    tenant: str,
    asked: ChannelsAsked,
    known_at: str | None,
    comparison: ComparisonAsked | None,
    *,
    as_json: bool,
) -> None:
    """Print the report, as of a moment and compared if asked, as a table for each currency or as JSON."""
    moment = None if known_at is None else read_moment(known_at)

    async def work(runtime: Runtime) -> tuple[Standing, Comparison | None, list[ChannelRow]]:
        tenant_id = await runtime.tenant_id(tenant)
        async with (
            runtime.database(pool_size=1) as database,
            database.tenant(tenant_id, is_read_only=True) as connection,
        ):
            standing = await find_standing(connection, tenant_id, asked.models, moment)
            rows = await read_rows(connection, tenant_id, asked, standing, most=_MOST_ROWS)
            if comparison is None:
                return standing, None, rows
            other = await find_other(connection, tenant_id, asked, comparison, standing)
            others = await other.read(connection, tenant_id, most=_MOST_ROWS)
            known = other.standing.versions
            paired = pair_rows(rows, others, list(standing.versions), known)
            return standing, other.described, paired

    standing, compared, rows = run_with_runtime(work)
    if as_json:
        report = {
            "known_at": standing.moment,
            "time_zone": standing.time_zone,
            "renewals": "exclude" if asked.without_renewals else "include",
            "model_versions": standing.versions,
            "comparison": compared,
            "data": [asdict(row) for row in with_shares(rows)],
        }
        typer.echo(orjson.dumps(report, option=orjson.OPT_INDENT_2 | orjson.OPT_UTC_Z))
        return
    if standing.moment is not None:
        _note(f"As known at {_write(standing.moment)}, by days of {standing.time_zone}.")
    if compared is not None:
        days = f"{compared.first_day or '…'} to before {compared.end_day or '…'}"
        then = "" if compared.known_at is None else f", as known at {_write(compared.known_at)}"
        _note(f"In parentheses the change from {days}{then}.")
    if not rows:
        err.print("No channel had credit or spend on these days.")
    for currency in sorted({row.currency for row in rows}):
        _print_currency(standing, currency, [row for row in rows if row.currency == currency])


def _print_currency(standing: Standing, currency: str, rows: Sequence[ChannelRow]) -> None:
    table = Table("channel", *standing.versions, "spend", title=currency, title_justify="left")
    for column in table.columns[1:]:
        column.justify = "right"
        column.overflow = "fold"
    for row in rows:
        table.add_row(row.channel, *_cells(row))
    out.print(table)


def _cells(row: ChannelRow) -> list[str]:
    shown = list(row.models.items())
    cells: list[str] = []
    for model, credit in [*shown, shown[0]]:
        is_spend = len(cells) == len(shown)
        cents = credit.spend_cents if is_spend else credit.credited_cents
        # Whether nothing was spent is not known, as in the other reports: nobody may have recorded it.
        text = _UNKNOWN if is_spend and not cents else format_minor(cents, row.currency)
        if row.compared is not None:
            other = row.compared[model]
            text += f" ({_write_change(other, row.currency, is_spend=is_spend)})"
        cells.append(text)
    return cells


def _write_change(other: ComparedCredit | None, currency: str, *, is_spend: bool) -> str:
    """Return a change as `+2.00, +20.0 %`; a dash stands for what is not known."""
    if other is None:
        return _UNKNOWN
    cents = other.change.spend_cents if is_spend else other.change.credited_cents
    if is_spend and not cents and not other.spend_cents:
        return _UNKNOWN
    share = other.relative.spend_cents if is_spend else other.relative.credited_cents
    sign = "+" if cents >= 0 else ""
    percent = _UNKNOWN if share is None else f"{Decimal(share) * 100:+.1f} %"
    return f"{sign}{format_minor(cents, currency)}, {percent}"


def _note(text: str) -> None:
    out.print(text, style="dim", soft_wrap=True)


def _write(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC"
