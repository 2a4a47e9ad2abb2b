"""The table of channels beside other days, or beside the same days as they stood at another moment."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING

from skeldir.attribution import return_on_spend
from skeldir.web.channel_columns import SortedColumn, arrange
from skeldir.web.channel_tables import spend_cell, written_cell
from skeldir.web.tables import Cell, Table

if TYPE_CHECKING:
    from skeldir.attribution import ChannelRow, ComparedCredit
    from skeldir.web.channel_tables import Shown
    from skeldir.web.channels_reading import Credit


def compare_table(shown: Shown, credit: Credit, currency: str) -> Table:
    """Return the credit and spend of one model beside those of other days, or of another moment."""
    say, model = shown.say, shown.model
    rows = [row for row in credit.rows if row.currency == currency]
    lacking = Cell(shown.unknown("not_in_force"))

    def then(row: ChannelRow) -> ComparedCredit | None:
        return None if row.compared is None else row.compared[model]

    def of_other(read: str) -> SortedColumn[ChannelRow]:
        def make(row: ChannelRow) -> Cell:
            other = then(row)
            return lacking if other is None else _compared_cell(shown, read, other, row)

        kind = {"relative": "percent", "roas_then": "ratio", "roas_change": "ratio"}.get(
            read, "money"
        )
        money = currency if kind == "money" else None
        return SortedColumn(f"{read}", say(f"compare_{read}"), make, kind, money)  # type: ignore[arg-type]

    columns: list[SortedColumn[ChannelRow]] = [
        SortedColumn("channel", say("channel"), lambda row: Cell(shown.names(row.channel))),
        SortedColumn(
            "now",
            say("compare_now"),
            lambda row: Cell(row.models[model].credited_cents),
            "money",
            currency,
        ),
        *(
            of_other(name)
            for name in (
                "then",
                "change",
                "relative",
                "spend_then",
                "spend_change",
                "roas_then",
                "roas_change",
            )
        ),
    ]
    order, cells = arrange(columns, rows, shown.choice.sort, "-now")
    return shown.table(
        f"compared-{currency}",
        say("compared", model=shown.model_name(model), currency=currency),
        tuple(column.heading(shown.report, order) for column in columns),
        cells,
        _compared_totals(shown, rows),
        (("", 1), (say("net_credit"), 4), (say("spend"), 2), (say("roas"), 2)),
    )


def _compared_cell(shown: Shown, read: str, other: ComparedCredit, row: ChannelRow) -> Cell:
    change, relative = other.change, other.relative
    spent = row.models[shown.model].spend_cents
    match read:
        case "then":
            return Cell(other.credited_cents)
        case "change":
            return Cell(change.credited_cents)
        case "relative":
            return written_cell(shown, relative.credited_cents, "nothing_then")
        case "spend_then":
            return spend_cell(shown, other.spend_cents, None)
        case "spend_change":
            # Whether nothing was spent is not known: nobody may have recorded it.
            is_known = bool(spent) and bool(other.spend_cents)
            return Cell(change.spend_cents) if is_known else Cell(shown.unknown("spend"))
        case "roas_then":
            return written_cell(shown, other.roas, "spend")
        case _:
            return written_cell(shown, change.roas, "spend")


def _compared_totals(shown: Shown, rows: Sequence[ChannelRow]) -> tuple[Cell, ...]:
    model = shown.model
    now = sum(row.models[model].credited_cents for row in rows)
    spend = sum(row.models[model].spend_cents for row in rows)
    others = [None if row.compared is None else row.compared[model] for row in rows]
    known = [other for other in others if other is not None]
    heading = Cell(shown.report.say("table.total"))
    if len(known) < len(others):
        return (heading, Cell(now), *([Cell(shown.unknown("not_in_force"))] * 7))
    then = sum(other.credited_cents for other in known)
    spend_then = sum(other.spend_cents for other in known)
    roas, roas_then = return_on_spend(now, spend), return_on_spend(then, spend_then)
    no_spend = Cell(shown.unknown("spend"))
    return (
        heading,
        Cell(now),
        Cell(then),
        Cell(now - then),
        Cell(Fraction(now - then, abs(then))) if then else Cell(shown.unknown("nothing_then")),
        spend_cell(shown, spend_then, None),
        Cell(spend - spend_then) if spend and spend_then else no_spend,
        no_spend if roas_then is None else Cell(Decimal(roas_then)),
        no_spend if roas is None or roas_then is None else Cell(Decimal(roas) - Decimal(roas_then)),
    )
