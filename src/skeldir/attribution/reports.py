"""What the models give the channels, period by period, side by side."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any
from uuid import UUID

from skeldir.attribution.models import MODEL_NAMES
from skeldir.attribution.parameters import require_in_force
from skeldir.attribution.schemas import MOST_AWAITING, ChannelsQuery, ModelName
from skeldir.attribution.store import queries
from skeldir.http import Keyset, KeyText, Page

if TYPE_CHECKING:
    from skeldir.db import Connection

_BY_PERIOD = Keyset("attribution/channels@1", tuple[date, KeyText, KeyText])
# What stands for the one period of a total in the statement. (The driver takes the first day of all for -infinity.)
_NO_PERIOD = date(2, 1, 1)
_ROWS_AT_ONCE = 100


@dataclass(frozen=True, slots=True)
class ModelCredit:
    """What one model gives a channel in a period and currency.

    `conversions` are exact decimals. `spend_cents` is the channel's own and the same for every model; `roas` is
    credited money by spend, to six decimals, None without spend.
    """

    credited_cents: int
    conversions: str
    spend_cents: int
    roas: str | None


@dataclass(frozen=True, slots=True)
class ChannelRow:
    """A channel in a period (by its first UTC day, weeks from Monday; None for all of it) and a currency, by model."""

    period: date | None
    currency: str
    channel: str
    models: dict[str, ModelCredit]


@dataclass(frozen=True, slots=True)
class ChannelReport:
    """A page of rows, the active version of each model in it, how many orders have changed since or are set aside.

    Both are counted up to MOST_AWAITING.
    """

    model_versions: dict[str, str]
    orders_awaiting_credit: int
    orders_set_aside: int
    data: list[ChannelRow]
    next_cursor: str | None


_NOTHING = ModelCredit(0, "0", 0, None)


async def report_channels(
    connection: Connection, tenant_id: UUID, query: ChannelsQuery
) -> ChannelReport:
    """Return a page of the transaction's tenant by (period, currency, channel), from the sums of days.

    One statement, so the rows and what is said of the orders beside them are of one moment.

    Raises:
        ModelNotInForce: the query names a model that is retired.
        CursorInvalid: the cursor belongs to another query, or to model versions that are active no more.
    """
    after = _BY_PERIOD.position(query) or (None, None, None)
    rows = await queries.select_channel_report(
        connection,
        tenant_id=tenant_id,
        models=list(query.model or MODEL_NAMES),
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
    versions = {model: active[model] for model in MODEL_NAMES if model in active}
    shown = list(versions.values())
    if query.model is not None and len(active) < len(query.model):
        await _require_in_force(connection, tenant_id, query.model)
    # Rows of other versions after the page before would be a report of nothing.
    _BY_PERIOD.after(query, of=shown)
    page: Page[ChannelRow] = _BY_PERIOD.page(
        query,
        await _channel_rows(rows, versions),
        lambda row: (row.period or _NO_PERIOD, row.currency, row.channel),
        of=shown,
    )
    return ChannelReport(
        versions, standing["awaiting"], standing["set_aside"], list(page.data), page.next_cursor
    )


async def _require_in_force(
    connection: Connection, tenant_id: UUID, models: list[ModelName]
) -> None:
    """Raise `ModelNotInForce` for a retired model; a tenant that has no models yet gets all of them with its credit."""
    rows = await queries.select_active_models(connection, tenant_id=tenant_id)
    if rows:
        require_in_force(models, [row["model"] for row in rows])


async def _channel_rows(rows: Sequence[Any], versions: dict[str, str]) -> list[ChannelRow]:
    """Make the rows some at a time: 1,000 together would keep the loop for 20 ms."""
    made: list[ChannelRow] = []
    for start in range(0, len(rows), _ROWS_AT_ONCE):
        if start:
            await asyncio.sleep(0)
        some = rows[start : start + _ROWS_AT_ONCE]
        made += [_channel_row(row, versions) for row in some if row["period"] is not None]
    return made


def _channel_row(row: Any, versions: dict[str, str]) -> ChannelRow:
    credit = {
        version: ModelCredit(int(credited), conversions, int(spend), roas)
        for version, credited, conversions, spend, roas in zip(
            row["model_versions"],
            row["credited_cents"],
            row["conversions"],
            row["spend_cents"],
            row["roas"],
            strict=True,
        )
    }
    return ChannelRow(
        period=None if row["period"] == _NO_PERIOD else row["period"],
        currency=row["currency"],
        channel=row["channel"],
        models={model: credit.get(version, _NOTHING) for model, version in versions.items()},
    )
