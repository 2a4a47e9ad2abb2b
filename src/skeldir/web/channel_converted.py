"""Channels of all currencies in one: each day's money converted by that day's rates, and which rates these are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from skeldir.attribution import ChannelsPage, report_converted_channels
from skeldir.errors import ReportTooLarge
from skeldir.web.channel_tables import models_table
from skeldir.web.channels_asked import MOST_ROWS
from skeldir.web.channels_reading import Credit
from skeldir.web.tables import Cell, Column

if TYPE_CHECKING:
    from skeldir.attribution import ConvertedChannelsPage
    from skeldir.web.channel_tables import Shown
    from skeldir.web.channels_asked import ChannelsChoice
    from skeldir.web.reports import Report
    from skeldir.web.tables import Table


@dataclass(frozen=True, slots=True)
class Converted:
    """The report in one currency, as the API has it, and as a page of rows beside which nothing is claimed."""

    page: ConvertedChannelsPage
    credit: Credit


async def read_converted(report: Report, choice: ChannelsChoice, target: str) -> Converted:
    """Return the credit of all channels in the currency `target`.

    Raises:
        RateSourceOpen, RateSourceUnknown: it is open by whose rates to convert.
        ReportTooLarge: there are more days or channels than a request may ask for.
    """
    page = await report_converted_channels(
        report.page.connection, report.page.profile.tenant_id, choice.query_converted, target
    )
    if page.next_cursor is not None:
        raise ReportTooLarge(
            f"More than {MOST_ROWS:,} channels have credit or spend.", cure="Ask for fewer days."
        )
    rows = ChannelsPage(
        page.time_zone,
        page.renewals,
        page.model_versions,
        page.orders_awaiting_credit,
        page.orders_set_aside,
        [*page.data, *page.not_converted],
        None,
    )
    return Converted(page, Credit(rows, None, None))


def converted_tables(shown: Shown, converted: Converted) -> tuple[Table, ...]:
    """Return the converted credit, the credit that no rate is known for in its own currency, and the rates."""
    target = converted.page.converted_by.currency
    left = sorted({row.currency for row in converted.page.not_converted} - {target})
    return (
        models_table(shown, converted.credit, target),
        *(models_table(shown, converted.credit, currency) for currency in left),
        *([_missing(shown, converted)] if converted.page.converted_by.missing else []),
        _rates(shown, converted),
    )


def _rates(shown: Shown, converted: Converted) -> Table:
    by = converted.page.converted_by
    return shown.table(
        "rates",
        shown.say("rates", source=by.source, currency=by.currency),
        (
            Column(shown.say("rate_of")),
            Column(shown.say("rate_day"), "date"),
            Column(shown.say("rate_first"), "date"),
            Column(shown.say("rate_last"), "date"),
            Column(shown.say("rate", currency=by.currency)),
        ),
        tuple(
            (
                Cell(each.currency),
                Cell(each.rate_day),
                Cell(each.first_day),
                Cell(each.last_day),
                Cell(each.rate),
            )
            for each in by.rates
        ),
    )


def _missing(shown: Shown, converted: Converted) -> Table:
    return shown.table(
        "rates-missing",
        shown.say("rates_missing"),
        (
            Column(shown.say("rate_of")),
            Column(shown.say("rate_days"), "number"),
            Column(shown.say("rate_first"), "date"),
            Column(shown.say("rate_last"), "date"),
        ),
        tuple(
            (Cell(each.currency), Cell(each.days), Cell(each.first_day), Cell(each.last_day))
            for each in converted.page.converted_by.missing
        ),
    )
