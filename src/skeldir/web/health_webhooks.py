"""The tables of the page Data health about webhooks: endpoints, rejected and dead deliveries, flagged payments."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from skeldir.inbox import explain_refusal, explain_trouble, say_trouble
from skeldir.web.formats import Unknown
from skeldir.web.health_tables import table_of_health
from skeldir.web.tables import Cell, Column, Table

if TYPE_CHECKING:
    from uuid import UUID

    from skeldir.inbox import DeliveryReport, EndpointReport, FlaggedPayments
    from skeldir.web.reports import Report


def endpoints_table(
    report: Report, endpoints: Sequence[EndpointReport], silent: Collection[UUID], now: datetime
) -> Table:
    """Return the endpoints of webhooks, with what came in on the days shown; `silent` ones were never so long."""
    say = report.say
    columns = (
        Column(say("health.provider")),
        Column(say("health.state")),
        Column(say("health.deliveries"), "number"),
        Column(say("health.dead"), "number", note=say("health.dead_note")),
        Column(say("health.last_delivery"), "moment"),
        Column(say("health.silent_for")),
        Column(say("health.refused"), "number", note=say("health.refused_note")),
    )
    never = Unknown(say("health.none_in_days"))

    def state(one: EndpointReport) -> str:
        if one.ended_at is not None:
            return say("health.ended")
        if not one.has_secret:
            return say("health.without_secret")
        return say("health.live" if one.is_live else "health.test")

    def silence(one: EndpointReport) -> Cell:
        if one.ended_at is not None:
            return Cell(Unknown(say("health.ended")))
        if one.last_at is None:
            return Cell(never)
        silent_s = max(0, int((now - one.last_at).total_seconds()))
        note = say("health.longer_than_usual") if one.id in silent else None
        return Cell(report.formats.duration(silent_s), note=note)

    rows = tuple(
        (
            Cell(one.provider, note=f"{one.token_start}…"),
            Cell(state(one)),
            Cell(one.deliveries),
            Cell(one.troubles),
            Cell(never if one.last_at is None else one.last_at),
            silence(one),
            Cell(sum(each.refusals for each in one.refusals)),
        )
        for one in endpoints
    )
    return table_of_health(report, "endpoints", columns, rows)


def refusals_table(report: Report, endpoints: Sequence[EndpointReport]) -> Table:
    """Return why deliveries were refused, with the cure."""
    say = report.say
    columns = (
        Column(say("health.provider")),
        Column(say("health.code")),
        Column(say("health.refusals"), "number"),
        Column(say("health.last"), "moment"),
        Column(say("imports.why")),
        Column(say("imports.cure")),
    )
    rows = []
    for endpoint in endpoints:
        for one in endpoint.refusals:
            explained = explain_refusal(one.outcome)
            rows.append(
                (
                    Cell(endpoint.provider, note=f"{endpoint.token_start}…"),
                    Cell(one.outcome),
                    Cell(one.refusals),
                    Cell(one.last_at),
                    Cell("" if explained is None else explained.meaning),
                    Cell("" if explained is None else explained.cure),
                )
            )
    return table_of_health(report, "refusals", columns, tuple(rows))


def dead_deliveries(report: Report, deliveries: Sequence[DeliveryReport]) -> Table:
    """Return the deliveries that were not understood, with the cure."""
    say = report.say
    columns = (
        Column(say("health.code")),
        Column(say("health.when"), "moment"),
        Column(say("health.provider")),
        Column(say("health.type")),
        Column(say("imports.why")),
        Column(say("imports.cure")),
    )
    rows = []
    for one in deliveries:
        trouble = one.trouble or ""
        explained = explain_trouble(trouble, one.provider)
        why = say_trouble(trouble, one.detail)
        rows.append(
            (
                Cell(trouble),
                Cell(one.received_at),
                Cell(one.provider),
                Cell(one.type),
                Cell(why),
                Cell("" if explained is None else explained.cure),
            )
        )
    return table_of_health(report, "dead", columns, tuple(rows))


def flags_table(report: Report, flags: Sequence[FlaggedPayments]) -> Table:
    """Return how many payments have each flag, and what it means."""
    say = report.say
    columns = (
        Column(say("health.code")),
        Column(say("health.payments"), "number"),
        Column(say("imports.why")),
    )
    rows = tuple((Cell(one.flag), Cell(one.payments), Cell(one.meaning)) for one in flags)
    return table_of_health(report, "flags", columns, rows)
