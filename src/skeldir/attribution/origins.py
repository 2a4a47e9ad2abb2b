"""Credit by source or campaign within each channel, computed when it is asked for.

The sums of channels are stored. Those of sources and campaigns are not: a tenant may have any number of them, and each
change of credit would have to move them all. So the orders of the days asked for are read, a few at a time, and are
credited as if each pair of channel and origin were a channel. The rest of a channel's stored sum is shown as well.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import MAXYEAR, MINYEAR, UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Final, Literal, TypeAlias
from uuid import UUID

from skeldir.attribution.bounds import BOUNDS
from skeldir.attribution.campaign_spend import (
    SpendOfDays,
    read_spend_of_days,
    spend_of_values,
)
from skeldir.attribution.evaluating import VersionInForce
from skeldir.attribution.models import MODEL_NAMES, ModelVersion
from skeldir.attribution.origin_credit import ALWAYS, credit_pieces
from skeldir.attribution.origin_rows import (
    NOTHING,
    ChannelSpend,
    OfModels,
    add_amounts,
    add_up,
    make_row,
)
from skeldir.attribution.origin_schemas import MOST_ORDERS, Dimension, OriginsReport
from skeldir.attribution.parameters import require_in_force
from skeldir.attribution.reading import open_reader
from skeldir.attribution.renewals import bases_of
from skeldir.attribution.store import queries
from skeldir.attribution.stored_versions import versions_of
from skeldir.errors import ReportTooLarge
from skeldir.rollups import read_time_zone

if TYPE_CHECKING:
    from skeldir.attribution.orders import Reading
    from skeldir.db import Connection

Parts: TypeAlias = dict[tuple[str, str], dict[str | None, OfModels]]
"""By currency and channel, then by source or campaign; None stands for touches without one."""

Campaigns: TypeAlias = dict[str, dict[str | None, set[str]]]
"""By channel, then by source or campaign: the campaigns that its touches name."""

ORDERS_READ_AT_ONCE: Final = 500
ENTRIES_READ_AT_ONCE: Final = 20_000
MOST_CHANNELS: Final = 100
_MARGIN: Final = timedelta(hours=16)
"""No zone is ahead of UTC, or behind it, by as much."""


@dataclass(frozen=True, slots=True)
class OriginsAsked:
    """What a report of sources or campaigns is about; `days` are local and half-open, and None is open on that side."""

    by: Dimension | Literal["kind"]
    days: tuple[date | None, date | None] = (None, None)
    models: Sequence[str] | None = None
    currency: str | None = None
    channel: str | None = None
    top: int = 10
    without_renewals: bool = False

    def includes(self, day: date, currency: str) -> bool:
        """Return whether entries of this day and currency count."""
        first, end = self.days
        return (
            (first is None or day >= first)
            and (end is None or day < end)
            and self.currency in (None, currency)
        )


async def report_origins(
    connection: Connection, tenant_id: UUID, asked: OriginsAsked, *, most_orders: int = MOST_ORDERS
) -> OriginsReport:
    """Return the credit of the transaction's tenant by channel, each divided by source or campaign.

    The transaction must be repeatable read, or parts may not fit their channel. It takes about as long as crediting the
    orders does; memory does not grow with their number.

    Raises:
        ModelNotInForce: a model that is asked for is not in force.
        ReportTooLarge: there are more orders than `most_orders`, or more channels than can be shown.
    """
    versions = await find_versions(connection, tenant_id, asked)
    totals = await read_totals(connection, tenant_id, asked, versions)
    order_ids = await find_orders(connection, tenant_id, asked, most_orders) if totals else []
    spend = await _read_spend(connection, tenant_id, asked, versions)
    parts, campaigns = await _sum_parts(connection, tenant_id, asked, order_ids, versions)
    names: dict[str, str] = {version.model: version.model_version for version in versions}
    matched = spend_of_values(spend, campaigns)
    of_currencies = {} if asked.channel is not None else _sum_by_currency(totals)
    return OriginsReport(
        await read_time_zone(connection, tenant_id),
        "exclude" if asked.without_renewals else "include",
        names,
        len(order_ids),
        [
            make_row(
                key,
                totals.get(key, {}),
                parts.get(key, {}),
                names,
                asked.top,
                ChannelSpend(spend.of_channels.get(key, 0), matched.get(key, {})),
                of_currencies.get(key[0]),
            )
            for key in sorted({*totals, *spend.of_channels})
        ],
    )


def _sum_by_currency(totals: Mapping[tuple[str, str], OfModels]) -> dict[str, OfModels]:
    rows: dict[str, list[OfModels]] = defaultdict(list)
    for (currency, _), of_models in totals.items():
        rows[currency].append(of_models)
    return {currency: add_up(some) for currency, some in rows.items()}


async def _read_spend(
    connection: Connection, tenant_id: UUID, asked: OriginsAsked, versions: Sequence[ModelVersion]
) -> SpendOfDays:
    if not versions:
        return SpendOfDays()
    return await read_spend_of_days(
        connection,
        tenant_id,
        version=versions[0].model_version,
        days=asked.days,
        currency=asked.currency,
        channel=asked.channel,
        most_channels=MOST_CHANNELS,
    )


async def find_versions(
    connection: Connection, tenant_id: UUID, asked: OriginsAsked
) -> list[ModelVersion]:
    """Return the versions to show, in the fixed order of models."""
    rows = await queries.select_active_models(connection, tenant_id=tenant_id)
    of_model = {version.model: version for version in versions_of(rows)}
    if asked.models is not None and of_model:
        require_in_force(asked.models, of_model)
    wanted = MODEL_NAMES if asked.models is None else asked.models
    return [of_model[name] for name in MODEL_NAMES if name in wanted and name in of_model]


async def read_totals(
    connection: Connection, tenant_id: UUID, asked: OriginsAsked, versions: Sequence[ModelVersion]
) -> dict[tuple[str, str], OfModels]:
    """Return the stored credit by currency and channel. Raises ReportTooLarge for more than can be shown."""
    rows = await queries.select_channel_sums_of_days(
        connection,
        tenant_id=tenant_id,
        versions=[version.model_version for version in versions],
        first_day=asked.days[0],
        end_day=asked.days[1],
        currency=asked.currency,
        channel=asked.channel,
        bases=bases_of(without_renewals=asked.without_renewals),
        most=(MOST_CHANNELS + 1) * max(1, len(versions)),
    )
    totals: dict[tuple[str, str], OfModels] = defaultdict(dict)
    for row in rows:
        amounts = int(row["credited_cents"]), int(row["conversion_ppt"])
        totals[row["currency"], row["channel_code"]][row["model_version"]] = amounts
    if len(totals) > MOST_CHANNELS:
        raise ReportTooLarge(
            f"More than {MOST_CHANNELS} channels and currencies have credit.",
            cure="Name a channel or a currency.",
        )
    return totals


async def find_orders(
    connection: Connection, tenant_id: UUID, asked: OriginsAsked, most: int
) -> list[str]:
    """Return the orders with entries on the days; ends as soon as there are too many."""
    first_day, end_day = asked.days
    found: set[str] = set()
    after_moment, after_id = _moment_near(first_day, -_MARGIN), UUID(int=0)
    is_complete = False
    while not is_complete:
        rows = await queries.select_orders_of_days(
            connection,
            tenant_id=tenant_id,
            after_moment=after_moment,
            after_id=after_id,
            end_moment=_moment_near(end_day, _MARGIN),
            first_day=first_day,
            end_day=end_day,
            without_renewals=asked.without_renewals,
            most=ENTRIES_READ_AT_ONCE,
        )
        found.update(row["order_id"] for row in rows if row["is_wanted"])
        if len(found) > most:
            raise ReportTooLarge(
                f"More than {most:,} orders have entries on these days.",
                cure="Ask for fewer days at a time.",
            )
        is_complete = len(rows) < ENTRIES_READ_AT_ONCE
        if rows:
            after_moment, after_id = rows[-1]["occurred_at"], rows[-1]["id"]
    return sorted(found)


def _moment_near(day: date | None, margin: timedelta) -> datetime | None:
    """Return a bound for the moments of local days; None where a moment with the margin could not be written."""
    if day is None or not MINYEAR < day.year < MAXYEAR:
        return None
    return datetime.combine(day, time(), UTC) + margin


async def _sum_parts(
    connection: Connection,
    tenant_id: UUID,
    asked: OriginsAsked,
    order_ids: Sequence[str],
    versions: Sequence[ModelVersion],
) -> tuple[Parts, Campaigns]:
    parts: Parts = defaultdict(lambda: defaultdict(dict))
    campaigns: Campaigns = defaultdict(lambda: defaultdict(set))
    in_force = [VersionInForce(version, ALWAYS) for version in versions]
    left = list(order_ids)
    while left:
        some, left = left[:ORDERS_READ_AT_ONCE], left[ORDERS_READ_AT_ONCE:]
        reader = await open_reader(connection, tenant_id, some, BOUNDS)
        reading = replace(reader.reading, versions=in_force)
        await replace(
            reader, reading=reading, select_touches=queries.select_touches_with_origins
        ).read_light(some)
        await asyncio.to_thread(_credit, reading, asked, parts, campaigns)
        if reading.orders:
            left = reading.unread + left
    return parts, campaigns


def _credit(reading: Reading, asked: OriginsAsked, parts: Parts, campaigns: Campaigns) -> None:
    """Add the credit of the reading's orders to `parts`, and which campaigns the values name to `campaigns`.

    Takes a fraction of a second.
    """
    for piece in credit_pieces(reading, asked.channel):
        # The credit of touches whose origin is not known is left for the rest.
        if not piece.is_known or not asked.includes(piece.day, piece.currency):
            continue
        source, campaign = piece.source_and_campaign
        value = source if asked.by == "source" else campaign
        if campaign is not None:
            campaigns[piece.channel][value].add(campaign)
        of_value = parts[piece.currency, piece.channel][value]
        of_value[piece.version] = add_amounts(of_value.get(piece.version, NOTHING), piece.amounts)
