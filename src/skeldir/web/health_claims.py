"""The table of the page Data health about orders that pages claim: no money, and beside them what the ledger has."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from skeldir.web.formats import Unknown
from skeldir.web.health_tables import table_of_health
from skeldir.web.order_addresses import address_of_order
from skeldir.web.tables import Cell, Column, Table

if TYPE_CHECKING:
    from skeldir.collect import ClaimedOrder
    from skeldir.web.reports import Report


def claims_table(report: Report, claims: Sequence[ClaimedOrder]) -> Table:
    """Return claimed orders as they are given; sums are texts with their currencies, as a table may have several."""
    say = report.say
    columns = (
        Column(say("health.order")),
        Column(say("health.kind")),
        Column(say("health.protocol")),
        Column(say("health.claimed_total")),
        Column(say("health.in_ledger"), note=say("health.in_ledger_note")),
        Column(say("health.claimed_at"), "moment"),
    )
    rows = tuple(
        (
            # The id is the page's word: it leads to an order only if there is one.
            Cell(
                one.order_id,
                None if one.captured_cents is None else address_of_order(one.order_id),
            ),
            Cell(say(f"health.claim_{one.kind}")),
            Cell(one.protocol),
            _claimed(report, one),
            _in_ledger(report, one),
            Cell(one.claimed_at),
        )
        for one in claims
    )
    return table_of_health(report, "claims", columns, rows, note=say("health.claims_note"))


def _claimed(report: Report, one: ClaimedOrder) -> Cell:
    say = report.say
    cents = one.revenue_cents if one.total_cents is None else one.total_cents
    if cents is None or one.currency is None:
        return Cell(Unknown(say("health.no_sum")))
    note = say("health.only_revenue") if one.total_cents is None else None
    return Cell(report.formats.money_with_code(cents, one.currency), note=note)


def _in_ledger(report: Report, one: ClaimedOrder) -> Cell:
    say = report.say
    if one.currency is None:
        return Cell(Unknown(say("health.no_sum")))
    if one.captured_cents is None:
        return Cell(say("health.not_in_ledger", currency=one.currency))
    return Cell(report.formats.money_with_code(one.captured_cents, one.currency))
