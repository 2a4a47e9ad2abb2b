"""The tables of a comparison of claims with the ledger: sums by platform, overlaps and lines, each of one currency."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Final

from skeldir.web.formats import Unknown
from skeldir.web.spend_tables import link_campaign, name_campaign, name_platform
from skeldir.web.tables import Cell, Column, Table

if TYPE_CHECKING:
    from datetime import date

    from skeldir.reconcile import LineReport, Overlap, PlatformReport
    from skeldir.web.reports import Report

_BASIS_POINTS: Final = 10_000


def _percent(points: Decimal | None) -> Fraction | None:
    return None if points is None else Fraction(points) / _BASIS_POINTS


def lay_out_sums(report: Report, sums: Sequence[PlatformReport]) -> list[Table]:
    """Return a table for each currency: what each platform claims, and what the ledger confirms of it.

    There are no totals: several platforms may claim the same order.
    """
    return [
        Table(
            f"sums-{currency}",
            report.say("spend.sums", currency=currency),
            _columns_of_sums(report, currency),
            tuple(_row_of_sums(report, one) for one in sums if one.currency == currency),
            report.say("table.empty"),
            download=report.download_of(f"sums-{currency}"),
        )
        for currency in sorted({one.currency for one in sums})
    ]


def _columns_of_sums(report: Report, currency: str) -> tuple[Column, ...]:
    say = report.say

    def money(name: str) -> Column:
        return Column(say(f"spend.{name}"), "money", currency)

    return (
        Column(say("spend.platform")),
        money("claimed"),
        money("verified"),
        Column(say("spend.confirmed"), "percent"),
        money("ghost"),
        money("missed"),
        Column(say("spend.difference"), "percent"),
        money("reversed"),
        money("timing"),
        Column(say("spend.known_days"), "number"),
        Column(say("spend.unknown_days"), "number"),
        money("verified_unknown"),
    )


def _row_of_sums(report: Report, one: PlatformReport) -> tuple[Cell, ...]:
    none = Unknown(report.say("spend.no_claim"))

    def cell(value: int | Fraction | None) -> Cell:
        return Cell(none if value is None else value)

    return (
        Cell(name_platform(one.platform), note=", ".join(one.attribution_settings) or None),
        cell(one.claimed_cents),
        Cell(one.verified_cents),
        _confirmed(report, one),
        cell(one.ghost_cents),
        cell(one.missed_cents),
        cell(_percent(one.difference_bp)),
        Cell(one.reversed_cents),
        Cell(one.timing_cents),
        Cell(one.lines),
        Cell(one.unknown_lines),
        Cell(one.unknown_verified_cents),
    )


def _confirmed(report: Report, one: PlatformReport) -> Cell:
    """Return the part of the claim that is no ghost."""
    claimed, ghost = one.claimed_cents, one.ghost_cents
    if claimed is None or ghost is None or claimed <= 0:
        return Cell(Unknown(report.say("spend.nothing_claimed")))
    share = Fraction(claimed - ghost, claimed)
    return Cell(share, share=share)


def lay_out_overlaps(report: Report, overlaps: Sequence[Overlap]) -> list[Table]:
    """Return for each currency the orders that several platforms may claim."""
    say = report.say
    return [
        Table(
            f"overlaps-{currency}",
            say("spend.overlaps", currency=currency),
            (
                Column(say("spend.platform")),
                Column(say("spend.other_platform")),
                Column(say("spend.orders"), "number"),
                Column(say("spend.captured"), "money", currency),
            ),
            tuple(
                (
                    Cell(name_platform(one.platform)),
                    Cell(name_platform(one.other_platform)),
                    Cell(one.orders),
                    Cell(one.captured_cents),
                )
                for one in overlaps
                if one.currency == currency
            ),
            say("table.empty"),
            download=report.download_of(f"overlaps-{currency}"),
        )
        for currency in sorted({one.currency for one in overlaps})
    ]


def lay_out_lines(
    report: Report, lines: Sequence[LineReport], days: tuple[date, date]
) -> list[Table]:
    """Return the lines of a page by currency: each campaign's day, as found on `days`, the first and the last."""
    say = report.say
    none = Unknown(say("spend.no_claim"))

    def row(one: LineReport) -> tuple[Cell, ...]:
        campaign = (
            Cell(
                name_campaign(one.campaign, one.campaign_name),
                href=link_campaign(report, one.platform, one.campaign, days),
                note=one.account or None,
            )
            if one.campaign
            else Cell(say("spend.several_campaigns"))
        )
        amounts = (
            one.claimed_cents,
            one.verified_cents,
            one.ghost_cents,
            one.missed_cents,
            one.reversed_cents,
            one.timing_cents,
        )
        return (
            campaign,
            Cell(name_platform(one.platform)),
            Cell(one.day),
            *(Cell(none if cents is None else cents) for cents in amounts),
            Cell(say(f"spend.reason_{one.reason}")),
        )

    return [
        Table(
            f"lines-{currency}",
            say("spend.lines", currency=currency),
            (
                Column(say("spend.campaign")),
                Column(say("spend.platform")),
                Column(say("spend.day"), "date"),
                *(
                    Column(say(f"spend.{name}"), "money", currency)
                    for name in ("claimed", "verified", "ghost", "missed", "reversed", "timing")
                ),
                Column(say("spend.why")),
            ),
            tuple(row(one) for one in lines if one.currency == currency),
            say("table.empty"),
            download=report.download_of(f"lines-{currency}"),
        )
        for currency in sorted({one.currency for one in lines})
    ]
