"""The channel report in one currency, in pages."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping
from datetime import date
from typing import TYPE_CHECKING, Final
from uuid import UUID

from skeldir.attribution.channel_rows import ChannelRow, ModelCredit
from skeldir.attribution.converted import (
    NO_PERIOD,
    ChannelAmounts,
    ConvertAsked,
    OfVersions,
    add_up,
    convert_channels,
)
from skeldir.attribution.converted_schemas import ConvertedChannelsPage
from skeldir.attribution.ratios import (
    conversions_as_text,
    cost_per_conversion,
    return_on_spend,
    share_of,
)
from skeldir.attribution.reports import report_channels
from skeldir.attribution.schemas import ChannelsPage, ChannelsQuery
from skeldir.http import Keyset, KeyText

if TYPE_CHECKING:
    from skeldir.db import Connection

MOST_DAYS: Final = 1_500
"""The most days between the first and the last with money that a request may convert."""

_BY_PERIOD = Keyset("attribution/channels/converted@1", tuple[date, KeyText])
# No fact is of a later day: a report from it on says what is in force, and has no rows.
_NO_DAY = date(9999, 1, 1)


async def report_converted_channels(
    connection: Connection,
    tenant_id: UUID,
    query: ChannelsQuery,
    target: str,
) -> ConvertedChannelsPage:
    """Return a page of the transaction's tenant by (period, channel), with all money in the currency `target`.

    The transaction must be repeatable read. The sums of all days of the range are read for each page.

    Raises:
        ModelNotInForce: the query names a model that is not in force.
        RateSourceOpen, RateSourceUnknown: it is open by whose rates to convert.
        ReportTooLarge: the range has more than MOST_DAYS days.
        CursorInvalid: the cursor belongs to another query, or models, zone or rates have changed since.
    """
    standing = await _read_standing(connection, tenant_id, query)
    names = standing.model_versions
    sums = await convert_channels(
        connection,
        tenant_id,
        _asked(query, target),
        list(names.values()),
        most_days=MOST_DAYS,
    )
    shown = [*names.values(), standing.time_zone, sums.converter.digest()]
    after = _BY_PERIOD.after(query, of=shown)
    keys = sorted(sums.converted)
    of_periods = sums.of_periods()
    totals = add_up(of_periods.values())
    first = 0 if after is None else bisect_right(keys, after)
    rows = [
        ChannelRow(
            None if period == NO_PERIOD else period,
            target,
            channel,
            _show(sums.converted[period, channel], names, of_periods[period]),
        )
        for period, channel in keys[first : first + query.limit + 1]
    ]
    data, next_cursor = _BY_PERIOD.cut(
        query, rows, lambda row: (row.period or NO_PERIOD, row.channel), of=shown
    )
    return ConvertedChannelsPage(
        standing.time_zone,
        standing.renewals,
        names,
        # Of a report of now, both are known.
        standing.orders_awaiting_credit or 0,
        standing.orders_set_aside or 0,
        sums.converter.describe(),
        _show(totals, names, totals),
        [ChannelRow(None, *key, _show(sums.left[key], names, {})) for key in sorted(sums.left)],
        data,
        next_cursor,
    )


def _asked(query: ChannelsQuery, target: str) -> ConvertAsked:
    return ConvertAsked(
        target,
        query.rate_source,
        query.granularity,
        (query.from_, query.to),
        without_renewals=query.renewals == "exclude",
    )


async def _read_standing(
    connection: Connection, tenant_id: UUID, query: ChannelsQuery
) -> ChannelsPage:
    """Return the channel report without rows: the versions, the zone, and how many orders await credit."""
    asked = {"from": _NO_DAY, "model": query.model, "renewals": query.renewals}
    return await report_channels(connection, tenant_id, ChannelsQuery.model_validate(asked))


def _show(sums: OfVersions, names: Mapping[str, str], totals: OfVersions) -> dict[str, ModelCredit]:
    """Return the amounts of versions by the names of their models; `totals` are those of the period."""
    return {
        model: ModelCredit(
            cents,
            conversions_as_text(ppt),
            spend,
            return_on_spend(cents, spend),
            cost_per_conversion(spend, ppt),
            share_of(cents, totals.get(version, ChannelAmounts()).credited_cents),
        )
        for model, version in names.items()
        for cents, ppt, spend in (sums.get(version, ChannelAmounts()),)
    }
