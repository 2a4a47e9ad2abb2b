"""The rows of the channel report as of an earlier moment, from the journal of credit and the spend recorded by then."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from skeldir.attribution.channel_rows import ChannelRow, Granularity, channel_row
from skeldir.attribution.models import MODEL_NAMES, ModelName
from skeldir.attribution.parameters import require_in_force
from skeldir.attribution.renewals import bases_of
from skeldir.attribution.store import queries
from skeldir.rollups import find_known_moment, read_time_zone

if TYPE_CHECKING:
    from skeldir.db import Connection


@dataclass(frozen=True, slots=True)
class ChannelsAsked:
    """What a channel report is about; `days` are local and half-open, and None is open on that side."""

    days: tuple[date | None, date | None] = (None, None)
    models: Sequence[ModelName] | None = None
    currency: str | None = None
    granularity: Granularity = "total"
    without_renewals: bool = False


@dataclass(frozen=True, slots=True)
class Shift:
    """How far the days of a report are moved, to be compared with later ones."""

    days: int = 0
    months: int = 0


_UNSHIFTED = Shift()


@dataclass(frozen=True, slots=True)
class Standing:
    """What a report is of: a moment, None for now, with the time zone and the version of each model in force then."""

    moment: datetime | None
    time_zone: str
    versions: dict[str, str]

    @property
    def names(self) -> list[str]:
        """What all pages of a report must agree in."""
        moment = [] if self.moment is None else [self.moment.isoformat()]
        return [*self.versions.values(), self.time_zone, *moment]


async def find_standing(
    connection: Connection,
    tenant_id: UUID,
    models: Sequence[ModelName] | None,
    known_at: datetime | None,
) -> Standing:
    """Return what a report of the moment is of, for these models; None stands for all.

    Raises:
        MomentNotKnown: the moment is in the future, or before the tenant was created.
        ModelNotInForce: one of the models was not in force.
    """
    if known_at is None:
        moment, zone = None, await read_time_zone(connection, tenant_id)
    else:
        known = await find_known_moment(connection, tenant_id, known_at)
        moment, zone = known.moment, known.rules.name
    rows = await queries.select_versions_at(
        connection, tenant_id=tenant_id, models=list(MODEL_NAMES), moment=moment
    )
    in_force = {row["model"]: row["model_version"] for row in rows}
    if models is not None and in_force:
        require_in_force(models, in_force)
    wanted = MODEL_NAMES if models is None else models
    return Standing(
        moment,
        zone,
        {name: in_force[name] for name in MODEL_NAMES if name in wanted and name in in_force},
    )


async def read_rows(
    connection: Connection,
    tenant_id: UUID,
    asked: ChannelsAsked,
    standing: Standing,
    *,
    most: int,
    after: tuple[date, str, str] | None = None,
    shift: Shift = _UNSHIFTED,
) -> list[ChannelRow]:
    """Return up to `most` rows after a key of (period, currency, channel), by that key; periods are shifted."""
    after_period, after_currency, after_channel = after or (None, None, None)
    first_day, end_day = asked.days
    if after_period is not None and asked.granularity != "total" and not shift.months:
        # Of earlier days nothing can follow the key.
        began = after_period - timedelta(days=shift.days)
        first_day = began if first_day is None else max(first_day, began)
    rows = await queries.select_channel_sums_at(
        connection,
        tenant_id=tenant_id,
        moment=standing.moment,
        border=None if standing.moment is None else _border_of(standing.moment),
        versions=list(standing.versions.values()),
        bases=bases_of(without_renewals=asked.without_renewals),
        granularity=asked.granularity,
        shift_days=shift.days,
        shift_months=shift.months,
        first_day=first_day,
        end_day=end_day,
        currency=asked.currency,
        after_period=after_period,
        after_currency=after_currency,
        after_channel=after_channel,
        most=most,
    )
    return [channel_row(row, standing.versions) for row in rows]


def _border_of(moment: datetime) -> date:
    """Return the day before that of the moment in UTC."""
    return moment.astimezone(UTC).date() - timedelta(days=1)
