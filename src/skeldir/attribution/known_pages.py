"""Pages of the channel report, of now or of an earlier moment."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Final
from uuid import UUID

from skeldir.attribution.comparisons import (
    Compare,
    ComparisonAsked,
    ComparisonInvalid,
    compare_row,
    find_other,
    key_of,
)
from skeldir.attribution.known import ChannelsAsked, Standing, find_standing, read_rows
from skeldir.attribution.reports import BY_PERIOD, report_channels
from skeldir.attribution.schemas import ChannelsPage, ChannelsQuery
from skeldir.attribution.shares import add_ratios

if TYPE_CHECKING:
    from skeldir.attribution.channel_rows import ChannelRow
    from skeldir.db import Connection


_ROWS_AT_ONCE: Final = 100


async def read_channel_page(
    connection: Connection, tenant_id: UUID, query: ChannelsQuery
) -> ChannelsPage:
    """Return the page of the channel report that the query asks for: of now or an earlier moment, alone or compared.

    The transaction must be repeatable read, or the parts of the answer may not be of one state.

    Raises:
        MomentNotKnown: a moment is in the future, or before the tenant was created.
        ModelNotInForce: the query names a model that was not in force.
        ComparisonInvalid: what to compare with is not complete, or contradicts itself.
        CursorInvalid: the cursor belongs to another query, or another moment.
    """
    if query.compare is None:
        require_no_comparison(query)
        page = await _read_side(connection, tenant_id, query)
    else:
        page = await _read_compared(connection, tenant_id, query, query.compare)
    return await add_ratios(connection, tenant_id, query, page)


async def _read_compared(
    connection: Connection, tenant_id: UUID, query: ChannelsQuery, compare: Compare
) -> ChannelsPage:
    standing = await find_standing(connection, tenant_id, query.model, query.known_at)
    comparison = ComparisonAsked(
        compare, query.match, (query.compare_from, query.compare_to), query.compare_known_at
    )
    other = await find_other(connection, tenant_id, asked_of(query), comparison, standing)
    of = other.standing.names
    page = await _read_side(connection, tenant_id, query, of=of)
    after = BY_PERIOD.position(query)
    others = await other.read(connection, tenant_id, most=query.limit + 1, after=after)
    # What follows the last row of a full page is on the next one, on both sides.
    end = key_of(page.data[-1]) if page.next_cursor else None
    rows = [row for row in others if end is None or key_of(row) <= end]
    models = list(page.model_versions)
    paired = await _pair_in_parts(page.data, rows, models, other.standing.versions)
    shown = paired[: query.limit]
    has_more = page.next_cursor is not None or len(paired) > query.limit
    bound_to = [*Standing(page.known_at, page.time_zone, page.model_versions).names, *of]
    data, next_cursor = BY_PERIOD.cut(
        query,
        [*shown, shown[-1]] if has_more else shown,
        key_of,
        of=bound_to,
    )
    return replace(page, data=data, next_cursor=next_cursor, comparison=other.described)


async def report_channels_known(
    connection: Connection,
    tenant_id: UUID,
    query: ChannelsQuery,
    *,
    of: Sequence[str] = (),
) -> ChannelsPage:
    """Return a page of what `report_channels` showed at `query.known_at`, when all that was recorded had been credited.

    `of` names what else all pages must agree in. The transaction must be repeatable read.

    Raises:
        MomentNotKnown, ModelNotInForce, CursorInvalid: as `read_channel_page`.
    """
    asked = asked_of(query)
    standing = await find_standing(connection, tenant_id, query.model, query.known_at)
    bound_to = [*standing.names, *of]
    after = BY_PERIOD.after(query, of=bound_to)
    rows = await read_rows(
        connection, tenant_id, asked, standing, most=query.limit + 1, after=after
    )
    data, next_cursor = BY_PERIOD.cut(query, rows, key_of, of=bound_to)
    return ChannelsPage(
        standing.time_zone,
        query.renewals,
        standing.versions,
        None,
        None,
        data,
        next_cursor,
        standing.moment,
    )


async def _read_side(
    connection: Connection, tenant_id: UUID, query: ChannelsQuery, *, of: Sequence[str] = ()
) -> ChannelsPage:
    report = report_channels if query.known_at is None else report_channels_known
    return await report(connection, tenant_id, query, of=of)


async def _pair_in_parts(
    rows: Sequence[ChannelRow],
    others: Sequence[ChannelRow],
    models: Sequence[str],
    known: Mapping[str, str],
) -> list[ChannelRow]:
    """Pair rows in parts: 1,000 at once would block the event loop for 50 ms."""
    here, there = {key_of(row): row for row in rows}, {key_of(row): row for row in others}
    paired: list[ChannelRow] = []
    for place, key in enumerate(sorted(here.keys() | there.keys())):
        if place % _ROWS_AT_ONCE == 0:
            await asyncio.sleep(0)
        paired.append(compare_row(here.get(key), there.get(key), models, known))
    return paired


def require_no_comparison(query: ChannelsQuery) -> None:
    """Raise `ComparisonInvalid` for parameters of a comparison without `compare`."""
    given = (query.compare_from, query.compare_to, query.compare_known_at)
    if given != (None, None, None) or query.match != "date":
        raise ComparisonInvalid(
            "The query says what to compare with, but not how.",
            cure="Add `compare`, or leave the other parameters of a comparison out.",
        )


def asked_of(query: ChannelsQuery) -> ChannelsAsked:
    """Return what the query asks for, without its page."""
    return ChannelsAsked(
        (query.from_, query.to),
        query.model,
        query.currency,
        query.granularity,
        without_renewals=query.renewals == "exclude",
    )
