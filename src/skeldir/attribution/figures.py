"""What each channel earned and cost by one model, over some days."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING
from uuid import UUID

from skeldir.attribution.models import ModelName
from skeldir.attribution.parameters import require_in_force
from skeldir.attribution.renewals import bases_of
from skeldir.attribution.store import queries
from skeldir.attribution.stored_versions import versions_of

if TYPE_CHECKING:
    from skeldir.db import Connection


@dataclass(frozen=True, slots=True)
class ChannelFigures:
    """Credit in a currency, conversions in parts per 10**12, and spend; a spend of 0 means that none is recorded."""

    currency: str
    channel: str
    credited_cents: int
    conversion_ppt: int
    spend_cents: int


async def channel_figures(
    connection: Connection,
    tenant_id: UUID,
    model: ModelName,
    days: tuple[date | None, date | None] = (None, None),
    *,
    without_renewals: bool = False,
) -> list[ChannelFigures]:
    """Return the sums of the transaction's tenant by currency, the channels with most credit first.

    The days are local and half-open; None is open on that side.

    Raises:
        ModelNotInForce: the model is not in force.
    """
    rows = await queries.select_active_models(connection, tenant_id=tenant_id)
    of_model = {version.model: version.model_version for version in versions_of(rows)}
    require_in_force([model], of_model)
    found = await queries.select_channel_figures(
        connection,
        tenant_id=tenant_id,
        bases=bases_of(without_renewals=without_renewals),
        version=of_model[model],
        first_day=days[0],
        end_day=days[1],
    )
    return [
        ChannelFigures(
            row["currency"],
            row["channel_code"],
            int(row["credited_cents"]),
            int(row["conversion_ppt"]),
            int(row["spend_cents"]),
        )
        for row in found
    ]
