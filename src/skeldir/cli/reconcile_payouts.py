"""`skeldir reconcile payouts`: a payment provider's balance report against the ledger, as a statement of account."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, Literal

import typer
from rich.table import Column, Table

from skeldir.cli.console import err, out
from skeldir.cli.import_flags import (
    ColumnOption,
    CurrencyOption,
    EncodingOption,
    FileArgument,
    SetOption,
    SheetOption,
    UnitOption,
    ZoneOption,
    settings_of_flags,
)
from skeldir.cli.keys import TenantArgument
from skeldir.cli.payout_pages import show_payouts, show_statement
from skeldir.cli.runtime import Runtime, run_with_runtime
from skeldir.cli.saved_lines import require_new, save_lines
from skeldir.cli.spend_reports import UNKNOWN, money
from skeldir.money import format_minor
from skeldir.reconcile import (
    Movement,
    PayoutComparison,
    PayoutLine,
    PayoutsAsked,
    compare_payouts,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from skeldir.ingest.files import BalanceFile, BalanceRow

_HEADER: Final = (
    "row", "id", "kind", "category", "reason", "currency", "gross", "fee", "net", "ledger", "difference", "day",
    "ledger_day", "order_id", "payout",
)  # fmt: skip
_WORDS: Final = (
    "Gross amounts are compared with the ledger. Fees, payouts and other movements are the provider's alone, and are"
    " not compared."
)

ProviderOption = Annotated[
    Literal["stripe", "paypal", "other"],
    typer.Option("--provider", help="Whose report it is; other: id, category, gross, fee, net, …"),
]
EntriesOption = Annotated[
    Literal["all", "named", "none"] | None,
    typer.Option(
        "--expects",
        help="Which entries of the days the report should have: all that are not another provider's, those that its"
        " webhooks booked, or none, as of a report of some payouts. Asked for if it matters.",
    ),
]
FirstOption = Annotated[
    datetime | None,
    typer.Option(
        "--from",
        formats=["%Y-%m-%d"],
        help="The first day of the report. Default: that of its first movement.",
    ),
]
LastOption = Annotated[
    datetime | None,
    typer.Option(
        "--to", formats=["%Y-%m-%d"], help="The last day. Default: that of its last movement."
    ),
]
LinesOption = Annotated[
    bool, typer.Option("--lines", help="Show each movement that differs, and not only the sums.")
]
MostOption = Annotated[int, typer.Option(min=1, max=100_000, help="The most lines to show.")]
SaveOption = Annotated[
    Path | None, typer.Option(dir_okay=False, help="A new CSV file for all movements.")
]


def compare_report(
    tenant: TenantArgument,
    file: FileArgument,
    provider: ProviderOption,
    expects: EntriesOption = None,
    first_day: FirstOption = None,
    last_day: LastOption = None,
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
    """Compare a provider's balance report with the ledger, movement by movement, and give each one reason.

    Charges, refunds and disputes are matched to the entries of the ledger, and each payout to the movements that it \
pays. Nothing is recorded.
    """
    flags = settings_of_flags(currency, amount_unit, time_zone, encoding, sheet, column, set_)
    days = (first_day and first_day.date(), last_day and last_day.date())

    async def work(runtime: Runtime) -> None:
        from skeldir.ingest.files import read_balances

        tenant_id = await runtime.tenant_id(tenant)
        require_new(save)
        read = read_balances(file, provider, flags)
        rows = [(one.at, _movement(one)) for one in read.rows]
        asked = PayoutsAsked(provider, expects, days, read.time_zone)
        async with (
            runtime.database(pool_size=1) as database,
            database.tenant(tenant_id, is_read_only=True) as connection,
        ):
            found = await compare_payouts(connection, tenant_id, asked, rows)
        for choice in read.choices:
            err.print(choice, soft_wrap=True)
        _show(found, read, most)
        if lines:
            _show_lines(found.lines, most)
        if save is not None:
            _save(found, save)
        err.print(_WORDS, soft_wrap=True)

    run_with_runtime(work)


def _movement(row: BalanceRow) -> Movement:
    return Movement(
        row.row,
        row.id,
        row.kind,
        row.category,
        row.names,
        row.orders,
        row.gross,
        row.fee,
        row.net,
        row.currency,
        row.at.date(),
        row.payout,
        row.balance,
    )


def _show(found: PayoutComparison, read: BalanceFile, most: int) -> None:
    out.print(
        f"{found.provider}: {found.first} to {found.last}, days of {found.time_zone};"
        f" {len(found.movements):,} movements.",
        soft_wrap=True,
    )
    show_statement(found)
    show_payouts(found, most)
    right = [Column(title, justify="right") for title in ("lines", "gross", "ledger", "difference")]
    table = Table("currency", "reason", *right)
    for each in found.sums:
        table.add_row(
            each.currency,
            each.reason,
            f"{each.lines:,}",
            *(
                money(cents, each.currency)
                for cents in (each.gross_cents, each.booked_cents, each.difference_cents)
            ),
        )
    out.print(table)
    for note in _notes(found, read):
        out.print(note, soft_wrap=True)


def _notes(found: PayoutComparison, read: BalanceFile) -> Iterator[str]:
    if read.skipped:
        yield f"{read.skipped:,} rows move nothing by their state or kind, and are not compared."
    if found.of_other_days:
        yield f"{found.of_other_days:,} of the matched entries are of other days than the report."
    moved = [line for line in found.lines if line.movement is not None]
    if moved and all(line.entry is None for line in moved):
        yield (
            "The ledger has none of the report's movements: check that its orders are those of the ledger, which"
            " `skeldir orders` shows; --column order_id=… names the column of their ids."
        )


def _show_lines(lines: Sequence[PayoutLine], most: int) -> None:
    table = Table(
        Column("movement", overflow="fold"),
        Column("order", overflow="fold"),
        "kind",
        "reason",
        Column("gross", justify="right"),
        Column("ledger", justify="right"),
        Column("difference", justify="right"),
        "day",
        "ledger's day",
        "row",
    )
    for line in [line for line in lines if line.reason != "none"][:most]:
        for currency in line.currencies:
            amounts = (line.gross(currency), line.booked(currency), line.difference(currency))
            table.add_row(
                "" if line.movement is None else line.movement.id,
                "" if line.entry is None else line.entry.order_id,
                line.kind,
                line.reason,
                *(
                    UNKNOWN if cents is None else f"{currency} {money(cents, currency)}"
                    for cents in amounts
                ),
                UNKNOWN if line.movement is None else str(line.movement.day),
                UNKNOWN if line.entry is None else str(line.entry.day),
                "" if line.movement is None else str(line.movement.row),
            )
    out.print(table)


def _save(found: PayoutComparison, path: Path) -> None:
    """Write all movements, and the entries that are missing; two currencies of one line are two rows."""
    from skeldir.ingest.files import guard

    apart = [PayoutLine("none", one, None) for one in found.movements if not one.is_compared]
    lines = [*found.lines, *apart]
    rows = (
        [guard(cell) for cell in _cells(line, currency)]
        for line in lines
        for currency in line.currencies
    )
    save_lines(path, _HEADER, rows)


def _cells(line: PayoutLine, currency: str) -> list[str]:
    one, entry = line.movement, line.entry
    is_compared = one is None or one.is_compared
    of_row = one if one is not None and one.currency == currency else None
    figures = (
        None if of_row is None else of_row.gross_cents,
        None if of_row is None else of_row.fee_cents,
        None if of_row is None else of_row.net_cents,
        line.booked(currency),
        line.difference(currency) if is_compared else None,
    )
    return [
        "" if one is None else str(one.row),
        "" if one is None else one.id,
        line.kind,
        "" if one is None else one.category,
        line.reason if is_compared else "",
        currency,
        *(
            "" if cents is None else format_minor(cents, currency).replace(",", "")
            for cents in figures
        ),
        "" if one is None else str(one.day),
        "" if entry is None else str(entry.day),
        "" if entry is None else entry.order_id,
        "" if one is None else one.payout,
    ]
