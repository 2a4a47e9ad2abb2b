"""Reports of a tenant's money in one currency: each day's sums converted by that day's rates, so that states add up."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING, get_args
from uuid import UUID

from skeldir.http import Keyset, KeyText
from skeldir.rates import Converter, convert_parts, open_converter
from skeldir.revenue.converted_schemas import ConvertedDailyPage, ConvertedRealtime, SumOfStates
from skeldir.revenue.schemas import DailyQuery, DailyRevenue, EntryState, RealtimeQuery
from skeldir.rollups import read_time_zone, revenue_by_day, revenue_span

if TYPE_CHECKING:
    from skeldir.db import Connection
    from skeldir.rollups import SelectRevenueByDayRow

_DAILY = Keyset("revenue/daily/converted@1", tuple[date, KeyText, KeyText])
_STATES: Mapping[str, EntryState] = {state: state for state in get_args(EntryState)}
_REFUNDED = frozenset({"refunded", "refund_reversed", "awaiting_capture"})


async def list_converted_days(
    connection: Connection, tenant_id: UUID, query: DailyQuery, target: str
) -> ConvertedDailyPage:
    """Return a page of the transaction's tenant by (date, currency, state), with all money in `target` that can be.

    The transaction must be repeatable read.

    Raises:
        RateSourceOpen, RateSourceUnknown: it is open by whose rates to convert.
        CursorInvalid: the cursor belongs to another query, or the zone has changed since.
    """
    time_zone = await read_time_zone(connection, tenant_id)
    converter = await open_converter(connection, tenant_id, target, query.rate_source)
    after = _DAILY.after(query, of=[time_zone])
    span = await revenue_span(
        connection, tenant_id, query.from_ if after is None else after[0], query.to
    )
    found: list[DailyRevenue] = []
    if span is not None:
        months = revenue_by_day(
            connection, tenant_id, *span, without_renewals=query.renewals == "exclude"
        )
        async for rows in months:
            await _load(converter, rows)
            found += [
                row
                for row in await asyncio.to_thread(_convert, rows, converter)
                if (query.state is None or row.state == query.state)
                and (after is None or _key_of(row) > after)
            ]
            if len(found) > query.limit:
                break
    shown, next_cursor = _DAILY.cut(query, found[: query.limit + 1], _key_of, of=[time_zone])
    return ConvertedDailyPage(
        time_zone,
        query.renewals,
        converter.describe(*((shown[0].date, shown[-1].date) if shown else ())),
        [row for row in shown if row.currency == target],
        [row for row in shown if row.currency != target],
        next_cursor,
    )


async def read_converted_realtime(
    connection: Connection, tenant_id: UUID, query: RealtimeQuery, target: str
) -> ConvertedRealtime:
    """Return the total of the transaction's tenant over all days in `target`. The transaction must be repeatable read.

    Raises:
        RateSourceOpen, RateSourceUnknown: it is open by whose rates to convert.
    """
    converter = await open_converter(connection, tenant_id, target, query.rate_source)
    span = await revenue_span(connection, tenant_id, None, None)
    sums: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    moments: list[datetime] = []
    if span is not None:
        months = revenue_by_day(
            connection, tenant_id, *span, without_renewals=query.renewals == "exclude"
        )
        async for rows in months:
            await _load(converter, rows)
            await asyncio.to_thread(_sum, rows, converter, sums)
            moments += [row["last_entry_at"] for row in rows]
    return ConvertedRealtime(
        query.renewals,
        converter.describe(),
        _sum_of_states(target, sums.pop(target, {})),
        max(moments, default=None),
        [_sum_of_states(currency, sums[currency]) for currency in sorted(sums)],
    )


async def _load(converter: Converter, rows: Sequence[SelectRevenueByDayRow]) -> None:
    if rows:
        currencies = {row["currency"] for row in rows}
        await converter.load(rows[0]["day"], rows[-1]["day"], currencies)


def _parts_of(row: SelectRevenueByDayRow, converter: Converter) -> tuple[str, list[int]]:
    """Return the currency that a day's sums are shown in, and its states' amounts."""
    currency, cents = row["currency"], [int(amount) for amount in row["cents"]]
    if currency == converter.target:
        return currency, cents
    rate = converter.rate_of(currency, row["day"])
    if rate is None:
        return currency, cents
    return converter.target, convert_parts(cents, rate.minor_units)


def _convert(rows: Sequence[SelectRevenueByDayRow], converter: Converter) -> list[DailyRevenue]:
    sums: dict[tuple[date, str, EntryState], tuple[int, int]] = {}
    for row in rows:
        currency, parts = _parts_of(row, converter)
        for state, cents, entries in zip(row["states"], parts, row["entries"], strict=True):
            key = row["day"], currency, _STATES[state]
            before = sums.get(key, (0, 0))
            sums[key] = before[0] + cents, before[1] + entries
    return [DailyRevenue(*key, *sums[key]) for key in sorted(sums)]


def _sum(
    rows: Iterable[SelectRevenueByDayRow], converter: Converter, sums: dict[str, dict[str, int]]
) -> None:
    for row in rows:
        currency, parts = _parts_of(row, converter)
        for state, cents in zip(row["states"], parts, strict=True):
            sums[currency][state] += cents
        sums[currency]["orders"] += row["orders"]


def _sum_of_states(currency: str, sums: dict[str, int]) -> SumOfStates:
    captured = sums.get("captured", 0)
    refunded = sum(sums.get(state, 0) for state in _REFUNDED)
    net = sum(cents for state, cents in sums.items() if state != "orders")
    return SumOfStates(
        currency, captured, refunded, net - captured - refunded, net, sums.get("orders", 0)
    )


def _key_of(row: DailyRevenue) -> tuple[date, str, str]:
    return row.date, row.currency, row.state
