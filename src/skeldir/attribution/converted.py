"""The channel report's sums in one currency: each day's converted by that day's rates, so that rows add up."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Final, Literal, NamedTuple, TypeAlias
from uuid import UUID

from skeldir.attribution.renewals import bases_of
from skeldir.attribution.store import queries
from skeldir.errors import ReportTooLarge
from skeldir.rates import Converter, convert_parts, open_converter
from skeldir.rollups import DAYS_AT_ONCE

if TYPE_CHECKING:
    from skeldir.attribution.store import SelectCreditByDayRow
    from skeldir.db import Connection

NO_PERIOD: Final = date(2, 1, 1)
"""Stands for the single period of a total."""


class ChannelAmounts(NamedTuple):
    """What a version credits to a channel, conversions in parts per 10**12, and what the channel cost."""

    credited_cents: int = 0
    conversion_ppt: int = 0
    spend_cents: int = 0


OfVersions: TypeAlias = dict[str, ChannelAmounts]


@dataclass(frozen=True, slots=True)
class ConvertAsked:
    """What is converted: all money of `days`, which are local and half-open, None being open on that side."""

    target: str
    rate_source: str | None = None
    granularity: Literal["total", "day", "week", "month"] = "total"
    days: tuple[date | None, date | None] = (None, None)
    without_renewals: bool = False


class ConvertedSums:
    """Sums in the target currency by period and channel, and what has no rate by currency and channel."""

    def __init__(self, granularity: str, converter: Converter) -> None:
        """Begin without sums."""
        self.converter = converter
        self.converted: dict[tuple[date, str], OfVersions] = defaultdict(dict)
        self.left: dict[tuple[str, str], OfVersions] = defaultdict(dict)
        self._granularity = granularity

    def add(self, rows: Sequence[SelectCreditByDayRow]) -> None:
        """Add rows, each with all channels of a day, currency and version."""
        converted_spend: tuple[object, list[int]] = (None, [])
        for row in rows:
            currency, version = row["currency"], row["model_version"]
            credited = [int(cents) for cents in row["credited_cents"]]
            spend = [int(cents) for cents in row["spend_cents"]]
            is_known = True
            if currency != self.converter.target:
                rate = self.converter.rate_of(currency, row["day"])
                is_known = rate is not None
                if rate is not None:
                    credited = convert_parts(credited, rate.minor_units)
                    # The versions of a day and currency stand together, and most have the same spend.
                    if (before := (rate, spend)) != converted_spend[0]:
                        converted_spend = before, convert_parts(spend, rate.minor_units)
                    spend = converted_spend[1]
            period = _period_of(row["day"], self._granularity)
            for channel, *amounts in zip(
                row["channels"], credited, map(int, row["conversion_ppt"]), spend, strict=True
            ):
                of_versions = (
                    self.converted[period, channel] if is_known else self.left[currency, channel]
                )
                so_far = of_versions.get(version, ChannelAmounts())
                of_versions[version] = _add(so_far, ChannelAmounts(*amounts))

    def of_periods(self) -> dict[date, OfVersions]:
        """Return the sums of all channels by period."""
        rows: dict[date, list[OfVersions]] = defaultdict(list)
        for (period, _), of_versions in self.converted.items():
            rows[period].append(of_versions)
        return {period: add_up(some) for period, some in rows.items()}

    def totals(self) -> OfVersions:
        """Return the sums of all converted rows."""
        return add_up(self.converted.values())


def add_up(rows: Iterable[OfVersions]) -> OfVersions:
    """Return the sums by version."""
    sums: OfVersions = {}
    for of_versions in rows:
        for version, amounts in of_versions.items():
            sums[version] = _add(sums.get(version, ChannelAmounts()), amounts)
    return sums


async def convert_channels(
    connection: Connection,
    tenant_id: UUID,
    asked: ConvertAsked,
    versions: Sequence[str],
    *,
    most_days: int | None = None,
) -> ConvertedSums:
    """Return the sums of the transaction's tenant, as credited by these versions.

    The transaction must be repeatable read.

    Raises:
        RateSourceOpen, RateSourceUnknown: it is open by whose rates to convert.
        ReportTooLarge: the range has more than `most_days` days.
    """
    converter = await open_converter(connection, tenant_id, asked.target, asked.rate_source)
    sums = ConvertedSums(asked.granularity, converter)
    span = await queries.select_span_of_credit(
        connection, tenant_id=tenant_id, first_day=asked.days[0], end_day=asked.days[1]
    )
    first, last = span["first_day"], span["last_day"]
    if first is None or last is None:
        return sums
    if most_days is not None and (last - first).days >= most_days:
        raise ReportTooLarge(
            f"The range has more than {most_days:,} days.", cure="Ask for fewer days at a time."
        )
    while first <= last:
        end = min(first + DAYS_AT_ONCE, last + timedelta(days=1))
        rows = await queries.select_credit_by_day(
            connection,
            tenant_id=tenant_id,
            bases=bases_of(without_renewals=asked.without_renewals),
            first_day=first,
            end_day=end,
            versions=versions,
        )
        await converter.load(first, end, {row["currency"] for row in rows})
        await asyncio.to_thread(sums.add, rows)
        first = end
    return sums


def _period_of(day: date, granularity: str) -> date:
    if granularity == "total":
        return NO_PERIOD
    if granularity == "week":
        return day - timedelta(days=day.weekday())
    return day.replace(day=1) if granularity == "month" else day


def _add(some: ChannelAmounts, more: ChannelAmounts) -> ChannelAmounts:
    return ChannelAmounts(
        some.credited_cents + more.credited_cents,
        some.conversion_ppt + more.conversion_ppt,
        some.spend_cents + more.spend_cents,
    )
