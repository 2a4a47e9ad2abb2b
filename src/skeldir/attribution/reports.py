"""The channel report: what each model credits to each channel, by period."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING
from uuid import UUID

from skeldir.attribution.channel_rows import NO_PERIOD, ChannelRow, channel_row
from skeldir.attribution.models import MODEL_NAMES, ModelName
from skeldir.attribution.parameters import require_in_force
from skeldir.attribution.renewals import bases_of
from skeldir.attribution.schemas import (
    MOST_AWAITING,
    ChannelsPage,
    ChannelsQuery,
)
from skeldir.attribution.store import queries
from skeldir.http import Keyset, KeyText

if TYPE_CHECKING:
    from skeldir.attribution.store import SelectChannelReportRow
    from skeldir.db import Connection

BY_PERIOD = Keyset("attribution/channels@1", tuple[date, KeyText, KeyText])
_ROWS_AT_ONCE = 100


async def report_channels(
    connection: Connection,
    tenant_id: UUID,
    query: ChannelsQuery,
    *,
    of: Sequence[str] = (),
) -> ChannelsPage:
    """Return a page of the transaction's tenant by (period, currency, channel), from the sums of days.

    One statement returns both the rows and the counts of orders, so they are of one moment.
    `of` names what else all pages must agree in.

    Raises:
        ModelNotInForce: the query names a model that is not in force.
        CursorInvalid: the cursor belongs to another query, or to model versions that are no longer active.
    """
    after = BY_PERIOD.position(query) or (None, None, None)
    rows = await queries.select_channel_report(
        connection,
        tenant_id=tenant_id,
        models=list(query.model or MODEL_NAMES),
        bases=bases_of(without_renewals=query.renewals == "exclude"),
        most_counted=MOST_AWAITING,
        granularity=query.granularity,
        first_day=query.from_,
        end_day=query.to,
        currency=query.currency,
        after_period=after[0],
        after_currency=after[1],
        after_channel=after[2],
        most=query.limit + 1,
    )
    standing = rows[0]
    active = dict(zip(standing["models"] or (), standing["versions"] or (), strict=True))
    versions: dict[str, str] = {model: active[model] for model in MODEL_NAMES if model in active}
    # Pages of different versions, or of different zones, would not add up to one report: the cursor is bound to both.
    shown = [*versions.values(), standing["time_zone"], *of]
    if query.model is not None and len(active) < len(query.model):
        await _require_in_force(connection, tenant_id, query.model)
    BY_PERIOD.after(query, of=shown)
    data, next_cursor = BY_PERIOD.cut(
        query,
        await _channel_rows(rows, versions),
        lambda row: (row.period or NO_PERIOD, row.currency, row.channel),
        of=shown,
    )
    return ChannelsPage(
        standing["time_zone"],
        query.renewals,
        versions,
        standing["awaiting"],
        standing["set_aside"],
        data,
        next_cursor,
    )


async def _require_in_force(
    connection: Connection, tenant_id: UUID, models: list[ModelName]
) -> None:
    """Raise `ModelNotInForce` for a retired model, unless the tenant has no models yet: its first credit adds all."""
    rows = await queries.select_active_models(connection, tenant_id=tenant_id)
    if rows:
        require_in_force(models, [row["model"] for row in rows])


async def _channel_rows(
    rows: Sequence[SelectChannelReportRow], versions: dict[str, str]
) -> list[ChannelRow]:
    """Make the rows in parts: 1,000 at once would block the event loop for 20 ms."""
    made: list[ChannelRow] = []
    for start in range(0, len(rows), _ROWS_AT_ONCE):
        if start:
            await asyncio.sleep(0)
        some = rows[start : start + _ROWS_AT_ONCE]
        made += [channel_row(row, versions) for row in some if row["period"] is not None]
    return made
