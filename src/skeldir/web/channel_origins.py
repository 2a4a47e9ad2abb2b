"""The table of a channel's credit by source or campaign. Its rows add up to the channel, to the smallest unit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING

from skeldir.web.tables import Cell, Column, Table

if TYPE_CHECKING:
    from skeldir.attribution import OriginCredit, OriginRow
    from skeldir.web.channel_tables import Shown


def origins_table(shown: Shown, row: OriginRow) -> Table:
    """Return the credit of a channel in a currency: values with most credit singly, then all that is left of it."""
    say, by, model = shown.say, shown.choice.by, shown.model_name(shown.model)
    makes = _Rows(shown, row)
    columns = (
        Column(say(by)),
        *(
            Column(shown.model_name(name), "money", row.currency, shown.version(name))
            for name in shown.versions
        ),
        Column(say("spend"), "money", row.currency),
        Column(say("share"), "percent"),
        Column(say("conversions"), "ratio"),
        Column(say("roas"), "ratio"),
    )
    return shown.table(
        f"origins-{row.channel}-{row.currency}",
        say(f"by_{by}", channel=shown.names(row.channel), currency=row.currency),
        columns,
        (*makes.parts(), *makes.others(), *makes.not_known(), *makes.unmatched()),
        makes.total(),
        (
            ("", 1),
            (say("net_credit"), len(shown.versions)),
            (say("cost"), 1),
            (say("of_model", model=model), 3),
        ),
    )


@dataclass(frozen=True, slots=True)
class _Rows:
    """Makes the rows of a table: the channel's parts, and what is left of its credit and of its spend."""

    shown: Shown
    row: OriginRow

    def parts(self) -> list[tuple[Cell, ...]]:
        by = self.shown.choice.by
        nameless = self.shown.say(f"no_{by}")
        return [
            self._cells(
                Cell(nameless if part.value is None else part.value),
                part.models,
                part.spend_cents,
                {"without": by} if part.value is None else {by: part.value},
            )
            for part in self.row.parts
        ]

    def others(self) -> list[tuple[Cell, ...]]:
        others, report = self.row.others, self.shown.report
        if not others.values:
            return []
        count = report.formats.number(others.values)
        title = report.say.counted("channels.others", others.values, count)
        return [self._cells(Cell(title), others.models, others.spend_cents)]

    def not_known(self) -> list[tuple[Cell, ...]]:
        models = self.row.not_known
        if not any(credit.credited_cents for credit in models.values()):
            return []
        title = Cell(self.shown.say("not_known"), note=self.shown.say("not_known_why"))
        return [self._cells(title, models, None)]

    def unmatched(self) -> list[tuple[Cell, ...]]:
        if not self.row.unmatched_spend_cents:
            return []
        no_credit = Cell(self.shown.unknown("no_credit"))
        nothing = Cell(self.shown.unknown("no_figures"))
        title = Cell(self.shown.say("unmatched"), note=self.shown.say("unmatched_why"))
        of_models = [no_credit] * len(self.shown.versions)
        return [(title, *of_models, Cell(self.row.unmatched_spend_cents), *[nothing] * 3)]

    def total(self) -> tuple[Cell, ...]:
        whole = self.row.models[self.shown.model]
        title, *amounts, _, conversions, roas = self._cells(
            Cell(self.shown.report.say("table.total")), self.row.models, self.row.spend_cents, {}
        )
        is_positive = whole.credited_cents > 0
        share = Cell(Fraction(1)) if is_positive else Cell(self.shown.unknown("share"))
        return (title, *amounts, share, conversions, roas)

    def _cells(
        self,
        title: Cell,
        models: Mapping[str, OriginCredit],
        spend: int | None,
        origin: Mapping[str, str] | None = None,
    ) -> tuple[Cell, ...]:
        """Return a row; `origin` says of which orders its amounts are, None if no list shows them."""
        shown, credit = self.shown, models[self.shown.model]
        share = None if credit.share is None else Fraction(credit.share)
        return (
            title,
            *(
                Cell(
                    models[name].credited_cents,
                    None
                    if origin is None
                    else shown.orders_of(self.row.currency, self.row.channel, model=name, **origin),
                )
                for name in shown.versions
            ),
            Cell(spend or shown.unknown("part_spend")),
            Cell(shown.unknown("share") if share is None else share, share=share),
            Cell(Decimal(credit.conversions)),
            Cell(shown.unknown("spend") if credit.roas is None else Decimal(credit.roas)),
        )
