"""The table of the page Data health about the collector: its landings by what browsers keep, and their orders."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, Final

from skeldir.web.formats import Unknown
from skeldir.web.health_tables import table_of_health
from skeldir.web.tables import Cell, Column, Table

if TYPE_CHECKING:
    from skeldir.collect import CollectCoverageRow
    from skeldir.web.reports import Report

_COUNTS: Final = (
    "granted_kept",
    "granted_capped",
    "session_kept",
    "session_capped",
    "orders",
    "short_lived_orders",
)


def landings_table(report: Report, rows: Sequence[CollectCoverageRow]) -> Table:
    """Return landings and orders by day, as the API reports them, with the share of orders with short-lived keys."""
    say = report.say
    columns = (
        Column(say("health.day"), "date"),
        *(Column(say(f"health.{name}"), "number") for name in _COUNTS),
        Column(say("health.short_share"), "percent", note=say("health.short_share_note")),
    )
    none = Unknown(say("health.no_landed_orders"))
    cells = tuple(
        (
            Cell(row.date),
            *(Cell(getattr(row, name)) for name in _COUNTS),
            Cell(Fraction(row.short_lived_orders, row.orders) if row.orders else none),
        )
        for row in rows
    )
    return table_of_health(report, "landings", columns, cells)
