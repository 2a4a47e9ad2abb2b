"""`skeldir reconcile orders`: a file of orders, as a shop or an ad platform says them, against the ledger."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, Literal
from uuid import UUID

import typer
from rich.table import Column, Table

from skeldir.cli.console import err, out
from skeldir.cli.import_flags import (
    ColumnOption,
    CurrencyOption,
    EncodingOption,
    FileArgument,
    MapOption,
    SetOption,
    SheetOption,
    UnitOption,
    ZoneOption,
    settings_of_flags,
)
from skeldir.cli.keys import TenantArgument
from skeldir.cli.runtime import Runtime, run_with_runtime
from skeldir.cli.saved_lines import require_new, save_lines
from skeldir.cli.spend_reports import UNKNOWN, money
from skeldir.money import format_minor
from skeldir.reconcile import (
    ClaimedRow,
    OrderLine,
    OrdersAsked,
    OrdersComparison,
    compare_order_rows,
)
from skeldir.tenants import load_profile

if TYPE_CHECKING:
    from collections.abc import Sequence

    from skeldir.db import Database
    from skeldir.ingest.files import ChosenMapping, FileCaptures

_HEADER: Final = (
    "order_id", "reason", "currency", "claimed", "captured", "difference", "taken_since", "claimed_day", "ledger_day",
    "rows",
)  # fmt: skip
_WORDS: Final = (
    "Captured money is compared; refunds and disputes are not subtracted. A claim of an ad platform is made by its own"
    " attribution setting, and is not wrong because it is larger."
)


PlatformOption = Annotated[
    str,
    typer.Option(
        "--platform",
        help="Whose file it is: an ad platform such as google_ads, or shopify, stripe, …",
    ),
]
ExpectsOption = Annotated[
    Literal["all", "touched"] | None,
    typer.Option(
        help="Which orders of the days the file should have: all, or those with a touch of the platform."
        " Default: all for known shops and payment providers, touched for ad platforms."
    ),
]
LookbackOption = Annotated[
    str | None,
    typer.Option(
        "--model",
        help="Whose lookback decides which touches count; needed if several are in force.",
    ),
]
FirstOption = Annotated[
    datetime | None,
    typer.Option(
        "--from",
        formats=["%Y-%m-%d"],
        help="The first day that the file is of. Default: that of its first order.",
    ),
]
LastOption = Annotated[
    datetime | None,
    typer.Option(
        "--to", formats=["%Y-%m-%d"], help="The last day. Default: that of its last order."
    ),
]
LinesOption = Annotated[
    bool, typer.Option("--lines", help="Show each order that differs, and not only the sums.")
]
MostOption = Annotated[int, typer.Option(min=1, max=100_000, help="The most lines to show.")]
SaveOption = Annotated[
    Path | None,
    typer.Option(dir_okay=False, help="A new CSV file for all orders that were compared."),
]


def compare_file(
    tenant: TenantArgument,
    file: FileArgument,
    platform: PlatformOption,
    expects: ExpectsOption = None,
    model: LookbackOption = None,
    first_day: FirstOption = None,
    last_day: LastOption = None,
    map_file: MapOption = None,
    currency: CurrencyOption = None,
    amount_unit: UnitOption = None,
    time_zone: ZoneOption = None,
    encoding: EncodingOption = None,
    sheet: SheetOption = None,
    column: ColumnOption = None,
    set_: SetOption = None,
    lines: LinesOption = False,
    most: MostOption = 1_000,
    save: SaveOption = None,
) -> None:
    """Compare a file's orders with the ledger, order by order, and give each difference one reason.

    The file is read as `skeldir import conversions` reads it, and nothing is recorded.
    """
    flags = settings_of_flags(currency, amount_unit, time_zone, encoding, sheet, column, set_)
    days = (first_day and first_day.date(), last_day and last_day.date())
    asked = OrdersAsked(platform, expects, model, days)

    async def work(runtime: Runtime) -> None:
        tenant_id = await runtime.tenant_id(tenant)
        require_new(save)
        chosen = _choose(file, map_file, flags)
        async with runtime.database(pool_size=1) as database:
            found, read = await _compare(database, tenant_id, file, chosen, asked)
        for choice in chosen.choices:
            err.print(choice, soft_wrap=True)
        _show(found, read)
        if lines:
            _show_lines(found.lines, most)
        if save is not None:
            _save(found.lines, save)
        err.print(_WORDS, soft_wrap=True)

    run_with_runtime(work)


def _choose(file: Path, map_file: Path | None, flags: dict[str, object]) -> ChosenMapping:
    from skeldir.ingest.files import choose_mapping

    return choose_mapping(file, kind="conversions", map_file=map_file, flags=flags)


async def _compare(
    database: Database, tenant_id: UUID, file: Path, chosen: ChosenMapping, asked: OrdersAsked
) -> tuple[OrdersComparison, FileCaptures]:
    from skeldir.ingest.files import read_captures

    async with database.tenant(tenant_id, is_read_only=True) as connection:
        profile = await load_profile(connection, tenant_id)
    read = read_captures(file, chosen, secret=profile.journey_secret)
    rows = [
        ClaimedRow(row, one.order_id, one.amount_cents, one.currency, one.occurred_at)
        for row, one in read.captures
    ]
    asked = replace(asked, time_zone=chosen.mapping.time_zone)
    async with database.tenant(tenant_id, is_read_only=True) as connection:
        return await compare_order_rows(connection, tenant_id, asked, rows), read


def _show(found: OrdersComparison, read: FileCaptures) -> None:
    which = (
        "all orders of these days are expected"
        if found.expects == "all"
        else f"orders of these days with a touch of it are expected ({found.model_version}'s lookback)"
    )
    out.print(
        f"{found.platform}: {found.first} to {found.last}, days of {found.time_zone}; {which}.",
        soft_wrap=True,
        highlight=False,
    )
    for bridge in found.bridges:
        out.print(
            f"{bridge.currency}: the ledger captured {money(bridge.days_cents, bridge.currency)} of orders of these"
            f" days, and {money(bridge.others_cents, bridge.currency)} of claimed orders of other days;"
            f" {money(bridge.claimed_cents, bridge.currency)} is claimed, a difference of"
            f" {money(bridge.difference_cents, bridge.currency)}.",
            soft_wrap=True,
            highlight=False,
        )
    table = Table(
        "currency",
        "reason",
        Column("orders", justify="right"),
        Column("claimed", justify="right"),
        Column("captured", justify="right"),
        Column("difference", justify="right"),
    )
    for one in found.sums:
        table.add_row(
            one.currency,
            one.reason,
            f"{one.orders:,}",
            money(one.claimed_cents, one.currency),
            money(one.captured_cents, one.currency),
            money(one.difference_cents, one.currency),
        )
    out.print(table)
    for note in _notes(found, read):
        out.print(note, soft_wrap=True)


def _notes(found: OrdersComparison, read: FileCaptures) -> list[str]:
    notes = []
    if read.others:
        notes.append(f"{read.others:,} rows are refunds or disputes, and are not compared.")
    if read.skipped:
        notes.append(f"{read.skipped:,} rows are no movement of money, and claim nothing.")
    if found.untouched:
        shown = ", ".join(found.untouched[:5])
        notes.append(
            f"{len(found.untouched):,} claimed orders of these days have no touch of {found.platform} within the"
            f" lookback, such as {shown}."
        )
    if found.left_out:
        notes.append(
            f"The journeys of {found.left_out:,} orders could not be read; whether they have a touch of"
            f" {found.platform} is not known, and they are not expected."
        )
    claimed = [line for line in found.lines if line.claimed is not None]
    if all(line.ledger is None for line in claimed):
        notes.append(
            "The ledger has none of the file's orders: check that its ids are those of the ledger, which"
            " `skeldir orders` shows; --column order_id=… names another column."
        )
    return notes


def _show_lines(lines: Sequence[OrderLine], most: int) -> None:
    table = Table(
        Column("order", overflow="fold"),
        "reason",
        Column("claimed", justify="right"),
        Column("captured", justify="right"),
        Column("difference", justify="right"),
        "claimed day",
        "ledger's day",
        Column("rows", overflow="fold"),
    )
    for line in [line for line in lines if line.reason != "none"][:most]:
        for currency in line.currencies:
            table.add_row(
                line.order_id,
                line.reason,
                _amount(line.claimed_cents.get(currency), currency),
                _amount(line.captured_cents.get(currency), currency),
                _amount(line.difference(currency), currency),
                UNKNOWN if line.claimed is None else str(line.claimed.day),
                UNKNOWN if line.ledger is None else str(line.ledger.day),
                "" if line.claimed is None else _rows(line.claimed.rows),
            )
    out.print(table)


def _amount(cents: int | None, currency: str) -> str:
    return UNKNOWN if cents is None else f"{currency} {money(cents, currency)}"


def _rows(rows: Sequence[int]) -> str:
    return " ".join(map(str, rows))


def _save(lines: Sequence[OrderLine], path: Path) -> None:
    """Write all orders, a row for each currency of one; a side that lacks it is empty."""
    from skeldir.ingest.files import guard

    rows = (
        [guard(cell) for cell in _cells(line, currency)]
        for line in lines
        for currency in line.currencies
    )
    save_lines(path, _HEADER, rows)


def _cells(line: OrderLine, currency: str) -> list[str]:
    claimed, captured = line.claimed_cents.get(currency), line.captured_cents.get(currency)
    taken = None if line.ledger is None else line.ledger.taken.get(currency, 0)
    return [
        line.order_id,
        line.reason,
        currency,
        *(
            "" if cents is None else format_minor(cents, currency).replace(",", "")
            for cents in (claimed, captured, line.difference(currency), taken)
        ),
        "" if line.claimed is None else str(line.claimed.day),
        "" if line.ledger is None else str(line.ledger.day),
        "" if line.claimed is None else _rows(line.claimed.rows),
    ]
