"""Lift tests on the page of models: what was measured, what each model credits, and where they disagree."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from skeldir.money import minor_units
from skeldir.web.fits_tables import FITS
from skeldir.web.tables import Cell, Column, Table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from skeldir.lifts import LiftTest, ModelFigure
    from skeldir.web.naming import ChannelNames
    from skeldir.web.reports import Report
    from skeldir.web.tables import Kind, Value


MOST_SHOWN: Final = 20
"""Tests, each with a row for each model."""


def lift_tables(report: Report, names: ChannelNames, tests: Sequence[LiftTest]) -> list[Table]:
    """Return a table of tests of conversions, and one for each currency; of each test a row for each model."""
    by_unit: dict[str, list[LiftTest]] = defaultdict(list)
    for one in tests:
        by_unit[one.currency or ""].append(one)
    return [_table(report, names, unit, some) for unit, some in sorted(by_unit.items())]


def _table(report: Report, names: ChannelNames, currency: str, tests: Sequence[LiftTest]) -> Table:
    say = report.say
    kind: Kind = "money" if currency else "ratio"
    key = f"lift-{currency}" if currency else "lift"

    def write(amount: str) -> Value:
        return minor_units(amount, currency) if currency else Decimal(amount)

    def row(one: LiftTest, model: ModelFigure) -> tuple[Cell, ...]:
        return (
            Cell(one.experiment),
            Cell(names(one.channel)),
            Cell(one.first_day),
            Cell(one.last_day),
            Cell(write(one.incremental)),
            Cell(write(one.lower)),
            Cell(write(one.upper)),
            Cell(Decimal(one.level_percent) / 100),
            Cell(model.version, href=f"{FITS}/{model.version}" if model.is_fit else None),
            Cell(say("lift.of_fit" if model.is_fit else "lift.in_force")),
            Cell(write(model.credited)),
            Cell(say(f"lift.{model.position}")),
            Cell(write(model.beyond)),
        )

    money = currency or None
    columns = (
        Column(say("lift.experiment")),
        Column(say("fits.channel")),
        Column(say("range.from"), "date"),
        Column(say("range.until"), "date"),
        Column(say("lift.measured"), kind, money),
        Column(say("fits.lower"), kind, money),
        Column(say("fits.upper"), kind, money),
        Column(say("lift.level"), "percent"),
        Column(say("models.model")),
        Column(say("lift.what")),
        Column(say("lift.credited"), kind, money),
        Column(say("lift.against")),
        Column(say("lift.beyond"), kind, money),
    )
    caption = say("lift.of_value", currency=currency) if currency else say("lift.of_conversions")
    return Table(
        key,
        caption,
        columns,
        tuple(row(one, model) for one in tests for model in one.models),
        say("lift.no_models"),
        download=report.download_of(key),
    )
