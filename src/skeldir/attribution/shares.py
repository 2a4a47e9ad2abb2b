"""What a channel costs per conversion, and its share of all credited money, beside the rows of the channel report."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from fractions import Fraction
from typing import TYPE_CHECKING, TypeAlias
from uuid import UUID

from skeldir.attribution.channel_rows import ChannelRow, ModelCredit
from skeldir.attribution.credit_intervals import Ends, interval_of, read_ends
from skeldir.attribution.known import ChannelsAsked, Standing, read_rows
from skeldir.attribution.ratios import conversions_from_text, cost_per_conversion, share_of
from skeldir.attribution.renewals import bases_of
from skeldir.attribution.store import queries

if TYPE_CHECKING:
    from skeldir.attribution.schemas import ChannelsPage, ChannelsQuery
    from skeldir.db import Connection

_ROWS_AT_ONCE = 100
# A page spans few periods, and these have few channels.
_MOST_ROWS = 1_000_000
# As `select_channel_report` names the single period of a total.
_NO_PERIOD = date(2, 1, 1)
_Totals: TypeAlias = Mapping[tuple[date | None, str, str], int]
"""Credited money of all channels by period, currency and model."""


async def add_ratios(
    connection: Connection, tenant_id: UUID, query: ChannelsQuery, page: ChannelsPage
) -> ChannelsPage:
    """Return the page with each row's cost per conversion, share and interval; they are null where they are not known.

    The transaction must be the one that read the page, and repeatable read. If the page is not the only one, the totals
    of its periods are read.
    """
    if not page.data:
        return page
    ends = await read_ends(connection, tenant_id, page.model_versions)
    is_only = query.cursor is None and page.next_cursor is None
    if is_only:
        totals = _sum(page.data)
    elif page.known_at is None:
        totals = await _read_totals(connection, tenant_id, query, page)
    else:
        totals = await _read_known_totals(connection, tenant_id, query, page)
    data: list[ChannelRow] = []
    for start in range(0, len(page.data), _ROWS_AT_ONCE):
        if start:
            await asyncio.sleep(0)
        data += [
            _with_ratios(row, totals, ends) for row in page.data[start : start + _ROWS_AT_ONCE]
        ]
    return replace(page, data=data)


def with_shares(rows: Sequence[ChannelRow]) -> list[ChannelRow]:
    """Return all rows of a report, each with its cost per conversion and share."""
    totals = _sum(rows)
    return [_with_ratios(row, totals, {}) for row in rows]


def _sum(rows: Sequence[ChannelRow]) -> _Totals:
    totals: dict[tuple[date | None, str, str], int] = defaultdict(int)
    for row in rows:
        for model, credit in row.models.items():
            totals[row.period, row.currency, model] += credit.credited_cents
    return totals


async def _read_totals(
    connection: Connection, tenant_id: UUID, query: ChannelsQuery, page: ChannelsPage
) -> _Totals:
    first, last = page.data[0].period, page.data[-1].period
    rows = await queries.select_credit_of_periods(
        connection,
        tenant_id=tenant_id,
        bases=bases_of(without_renewals=query.renewals == "exclude"),
        versions=list(page.model_versions.values()),
        granularity=query.granularity,
        first_day=_later(query.from_, first),
        end_day=_earlier(query.to, None if last is None else _end_of(last, query.granularity)),
        currency=query.currency,
    )
    models = {version: model for model, version in page.model_versions.items()}
    return {
        (
            None if row["period"] == _NO_PERIOD else row["period"],
            row["currency"],
            models[row["model_version"]],
        ): int(row["credited_cents"])
        for row in rows
    }


async def _read_known_totals(
    connection: Connection, tenant_id: UUID, query: ChannelsQuery, page: ChannelsPage
) -> _Totals:
    """Return the totals at the moment that the page is of, from all rows of its periods."""
    first, last = page.data[0].period, page.data[-1].period
    end = None if last is None else _end_of(last, query.granularity)
    asked = ChannelsAsked(
        (_later(query.from_, first), _earlier(query.to, end)),
        currency=query.currency,
        granularity=query.granularity,
        without_renewals=query.renewals == "exclude",
    )
    standing = Standing(page.known_at, page.time_zone, page.model_versions)
    return _sum(await read_rows(connection, tenant_id, asked, standing, most=_MOST_ROWS))


def _later(one: date | None, other: date | None) -> date | None:
    return max(one, other) if one is not None and other is not None else one or other


def _earlier(one: date | None, other: date | None) -> date | None:
    return min(one, other) if one is not None and other is not None else one or other


def _end_of(period: date, granularity: str) -> date:
    days = {"day": 1, "week": 7, "month": 31}[granularity]
    end = period + timedelta(days=days)
    return end.replace(day=1) if granularity == "month" else end


def _with_ratios(row: ChannelRow, totals: _Totals, ends: Ends) -> ChannelRow:
    models = {
        model: _add(
            credit,
            totals.get((row.period, row.currency, model), 0),
            ends.get((model, row.channel)) if ends else None,
        )
        for model, credit in row.models.items()
    }
    return replace(row, models=models)


def _add(
    credit: ModelCredit, total_cents: int, ends: tuple[Fraction, Fraction] | None
) -> ModelCredit:
    # A page has thousands of these: a new object takes half as long as `replace`, and most channels cost nothing.
    spend = credit.spend_cents
    cpa = cost_per_conversion(spend, conversions_from_text(credit.conversions)) if spend else None
    return ModelCredit(
        credit.credited_cents,
        credit.conversions,
        spend,
        credit.roas,
        cpa,
        share_of(credit.credited_cents, total_cents),
        interval_of(credit.credited_cents, ends),
    )
