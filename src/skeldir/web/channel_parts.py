"""The tables of what channels' credit is made of: kinds of money, and what changed between two moments."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, Final, get_args

from skeldir.attribution import Cause
from skeldir.web.channel_columns import SortedColumn, arrange
from skeldir.web.channel_tables import spend_cell
from skeldir.web.formats import Unknown
from skeldir.web.tables import Cell, Column, Table

if TYPE_CHECKING:
    from skeldir.attribution import (
        ChangedChannel,
        ChangesReport,
        KindCredit,
        KindRow,
    )
    from skeldir.web.channel_tables import Shown

_KINDS: Final = ("gross", "refunded", "disputed", "not_known", "net")
_KIND_OF_ORDERS: Final = {"gross": "captured", "refunded": "refunded", "disputed": "disputed"}
_CAUSES: Final[tuple[Cause, ...]] = get_args(Cause)


def kinds_table(shown: Shown, rows: Sequence[KindRow], currency: str) -> Table:
    """Return the credit of one model by the kinds of money: gross, refunded, disputed, and the net of these."""
    say = shown.say
    rows = [row for row in rows if row.currency == currency]
    kinds = [kind for kind in _KINDS if kind != "not_known" or shown.choice.basis == "entry_day"]

    def of_kind(kind: str) -> SortedColumn[KindRow]:
        def make(row: KindRow) -> Cell:
            cents = _cents_of(row.models[shown.model], kind)
            return Cell(cents, _orders_of(shown, currency, row.channel, kind))

        return SortedColumn(kind, say(f"kind_{kind}"), make, "money", currency)

    columns: list[SortedColumn[KindRow]] = [
        SortedColumn(
            "channel",
            say("channel"),
            lambda row: Cell(shown.names(row.channel), shown.inside(currency, row.channel)),
        ),
        *(of_kind(kind) for kind in kinds),
        SortedColumn(
            "given_back",
            say("kind_part"),
            lambda row: _given_back(shown, row.models[shown.model]),
            "percent",
        ),
    ]
    order, cells = arrange(columns, rows, shown.choice.sort, "-net")
    sums = {kind: sum(_cents_of(row.models[shown.model], kind) for row in rows) for kind in kinds}
    return shown.table(
        f"kinds-{currency}",
        say(f"kinds_{shown.choice.basis}", model=shown.model_name(shown.model), currency=currency),
        tuple(column.heading(shown.report, order) for column in columns),
        cells,
        (
            Cell(shown.report.say("table.total")),
            *map(Cell, sums.values()),
            Cell(_part(shown, sums["gross"], sums["refunded"] + sums["disputed"])),
        ),
    )


def _orders_of(shown: Shown, currency: str, channel: str, kind: str) -> str | None:
    # Orders are listed by the days of their money: those that a touch of some day led to may be of any other.
    if shown.choice.basis == "touch_day":
        return None
    return shown.orders_of(
        currency, channel, kind=_KIND_OF_ORDERS.get(kind), model=str(shown.model)
    )


def _cents_of(credit: KindCredit, kind: str) -> int:
    match kind:
        case "gross":
            return credit.gross_cents
        case "refunded":
            return credit.refunded_cents
        case "disputed":
            return credit.disputed_cents
        case "not_known":
            return credit.not_known_cents or 0
        case _:
            return credit.net_cents


def _given_back(shown: Shown, credit: KindCredit) -> Cell:
    part = _part(shown, credit.gross_cents, credit.refunded_cents + credit.disputed_cents)
    return Cell(part, share=None if isinstance(part, Unknown) else part)


def _part(shown: Shown, gross: int, given_back: int) -> Fraction | Unknown:
    return Fraction(-given_back, gross) if gross > 0 else shown.unknown("gross")


def changes_table(shown: Shown, changes: ChangesReport, currency: str) -> Table:
    """Return what each channel's credit was and is by one model, with a column for each cause, and its spend."""
    say, model = shown.say, shown.model
    rows = [
        row
        for row in changes.data
        if row.currency == currency and model in row.models and _has_changed(row, model)
    ]
    met = {cause for row in rows for cause in row.models[model].causes}
    causes = [cause for cause in _CAUSES if cause in met]
    has_rest = any(row.models[model].rest_cents for row in rows)
    has_spend = any(row.spend_before_cents or row.spend_after_cents for row in rows)
    titles = ["before", *(f"cause_{cause}" for cause in causes), *["rest"] * has_rest, "after"]
    spends = ["spend_before", "spend_after"] if has_spend else []

    def amounts(row: ChangedChannel) -> list[int]:
        change = row.models[model]
        parts = [change.causes.get(cause, 0) for cause in causes]
        rest = [change.rest_cents] * has_rest
        spend = [row.spend_before_cents, row.spend_after_cents] if has_spend else []
        return [change.before_cents, *parts, *rest, change.after_cents, *spend]

    def cells(title: str, cents: Sequence[int]) -> tuple[Cell, ...]:
        credit, spend = cents[: len(titles)], cents[len(titles) :]
        return (Cell(title), *map(Cell, credit), *(spend_cell(shown, each, None) for each in spend))

    made = [amounts(row) for row in rows]
    total = [sum(column) for column in zip(*made, strict=True)]
    return shown.table(
        f"changes-{currency}",
        say("changes", model=shown.model_name(model), currency=currency),
        (
            Column(say("channel")),
            *(Column(say(f"changes_{title}"), "money", currency) for title in titles + spends),
        ),
        tuple(
            cells(shown.names(row.channel), cents) for row, cents in zip(rows, made, strict=True)
        ),
        cells(shown.report.say("table.total"), total) if made else None,
        (("", 1), (say("net_credit"), len(titles)), *([(say("spend"), 2)] * has_spend)),
    )


def undoings_table(shown: Shown, changes: ChangesReport) -> Table:
    """Return who took facts back, restated channels or corrected touches between the moments, and why."""
    say = shown.say
    return shown.table(
        "undoings",
        say("undoings"),
        (
            Column(say("undoing_at"), "moment"),
            Column(say("undoing_what")),
            Column(say("undoing_reason")),
            Column(say("undoing_by")),
        ),
        tuple(
            (
                Cell(each.requested_at),
                Cell(f"{each.target_kind} {each.target}"),
                Cell(each.reason),
                Cell(each.requested_by),
            )
            for each in changes.undoings
        ),
    )


def _has_changed(row: ChangedChannel, model: str) -> bool:
    change = row.models[model]
    has_other_credit = bool(change.causes) or change.before_cents != change.after_cents
    return has_other_credit or row.spend_before_cents != row.spend_after_cents
