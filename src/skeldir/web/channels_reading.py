"""What the page of channels shows, read in the page's transaction by the functions that the API and commands use."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Final, TypeAlias

from skeldir.attribution import (
    ChangesAsked,
    ChannelRow,
    find_standing,
    read_channel_page,
    read_rows,
    report_changes,
)
from skeldir.errors import ReportTooLarge
from skeldir.revenue import read_revenue_of_days_known
from skeldir.rollups import find_known_moment, read_revenue_of_days
from skeldir.spend import ChannelClaims, sum_claims_of_channels
from skeldir.web.channels_asked import MOST_ROWS

if TYPE_CHECKING:
    from skeldir.attribution import ChangesReport, ChannelsPage, ModelName
    from skeldir.web.channels_asked import ChannelsChoice
    from skeldir.web.reports import Report

Points: TypeAlias = dict[str, dict[str, dict[date, int]]]
"""Minor units by currency, channel and the first day of a period."""

_MOST_POINTS: Final = 50_000


@dataclass(frozen=True, slots=True)
class LedgerSum:
    """What the ledger has of some days in a currency, and the part of it that has no capture and so no credit yet."""

    net_cents: int = 0
    awaiting_capture_cents: int = 0


@dataclass(frozen=True, slots=True)
class Credit:
    """The credit of channels by all models, and what stands beside it.

    `ledger` is None where its sums were not read: an earlier moment may have too many entries. `claims` are by currency
    and channel, None for days with too many claims, or an earlier moment.
    """

    page: ChannelsPage
    ledger: Mapping[str, LedgerSum] | None
    claims: Mapping[tuple[str, str], ChannelClaims] | None

    @property
    def rows(self) -> Sequence[ChannelRow]:
        """Channels by currency; with a comparison also those that only the other side has."""
        return self.page.data

    @property
    def currencies(self) -> list[str]:
        """The currencies that have credit, spend or money."""
        booked = {
            currency for currency, ledger in (self.ledger or {}).items() if ledger != LedgerSum()
        }
        return sorted({row.currency for row in self.rows} | booked)


async def read_credit(report: Report, choice: ChannelsChoice) -> Credit:
    """Return what the page shows of channels.

    Raises:
        MomentNotKnown, ModelNotInForce, ComparisonInvalid: as the report of channels.
        ReportTooLarge: there are more rows than the page shows.
    """
    connection, tenant_id = report.page.connection, report.page.profile.tenant_id
    page = await read_channel_page(connection, tenant_id, choice.query)
    if page.next_cursor is not None:
        raise ReportTooLarge(
            f"More than {MOST_ROWS:,} channels and currencies have credit or spend.",
            cure="Choose a currency.",
        )
    return Credit(page, await read_ledger(report, choice), await _read_claims(report, choice))


async def read_ledger(report: Report, choice: ChannelsChoice) -> Mapping[str, LedgerSum] | None:
    """Return the sums of the ledger by currency; None where those of an earlier moment are not known.

    Raises:
        MomentNotKnown: the moment is in the future, or before the tenant was created.
    """
    connection, tenant_id = report.page.connection, report.page.profile.tenant_id
    if choice.known_at is not None:
        if choice.without_renewals:
            return None
        known = await find_known_moment(connection, tenant_id, choice.known_at)
        try:
            sums = await read_revenue_of_days_known(connection, tenant_id, known, *choice.days)
        except ReportTooLarge:
            return None
        read = {currency: LedgerSum(*cents) for currency, cents in sums.items()}
    else:
        rows = await read_revenue_of_days(
            connection, tenant_id, *choice.days, without_renewals=choice.without_renewals
        )
        read = {
            row["currency"]: LedgerSum(int(row["net_cents"]), int(row["awaiting_capture_cents"]))
            for row in rows
        }
    if choice.currency is None:
        return read
    return {choice.currency: read.get(choice.currency, LedgerSum())}


async def _read_claims(
    report: Report, choice: ChannelsChoice
) -> Mapping[tuple[str, str], ChannelClaims] | None:
    if choice.known_at is not None:
        return None
    first, end = choice.days
    try:
        claims = await sum_claims_of_channels(
            report.page.connection, report.page.profile.tenant_id, first_day=first, end_day=end
        )
    except ReportTooLarge:
        return None
    return {(each.currency, each.channel): each for each in claims}


async def read_points(report: Report, choice: ChannelsChoice, model: ModelName) -> Points:
    """Return the credit of one model by currency, channel and period, in minor units.

    Raises:
        MomentNotKnown, ModelNotInForce: as the report of channels.
        ReportTooLarge: there are more points than a chart can show.
    """
    connection, tenant_id = report.page.connection, report.page.profile.tenant_id
    standing = await find_standing(connection, tenant_id, [model], choice.known_at)
    asked = choice.by_period(model)
    rows = await read_rows(connection, tenant_id, asked, standing, most=_MOST_POINTS + 1)
    if len(rows) > _MOST_POINTS:
        raise ReportTooLarge(
            f"The chart would have more than {_MOST_POINTS:,} values.",
            cure="Ask for weeks, months or fewer days.",
        )
    points: Points = defaultdict(lambda: defaultdict(dict))
    for row in rows:
        if row.period is not None:
            points[row.currency][row.channel][row.period] = row.models[model].credited_cents
    return points


async def read_changes(
    report: Report,
    choice: ChannelsChoice,
    model: ModelName,
    since: datetime,
    until: datetime | None,
) -> ChangesReport:
    """Return what changed between two moments, and why.

    Raises:
        MomentNotKnown, InputInvalid, ReportTooLarge: as the list of changes.
    """
    asked = ChangesAsked(since, until, choice.days, [model], choice.currency)
    return await report_changes(report.page.connection, report.page.profile.tenant_id, asked)
