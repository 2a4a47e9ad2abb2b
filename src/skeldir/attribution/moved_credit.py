"""What other channels of touches would change of the credit, by model and channel: the shape that dry runs show."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Final
from uuid import UUID

from pydantic import Field

from skeldir.attribution.ratios import conversions_as_text
from skeldir.attribution.totals import channel_totals

if TYPE_CHECKING:
    from skeldir.attribution.moving import CreditMoves
    from skeldir.db import Connection

_PPT_DIGITS: Final = 12
Cents = Annotated[int, Field(description="in the currency's smallest unit")]
Conversions = Annotated[str, Field(description="exact to 12 decimals", examples=["12.5"])]


@dataclass(frozen=True, slots=True)
class CreditMoved:
    """What a model credits to a channel over all days, as the channel report has it, now and after the change."""

    model: str
    currency: str
    channel: str
    credited_cents_now: Cents
    credited_cents_then: Cents
    difference_cents: Cents
    conversions_now: Conversions
    conversions_then: Conversions


async def show_credit_moved(
    connection: Connection, tenant_id: UUID, credit: CreditMoves
) -> list[CreditMoved]:
    """Return the credit of the transaction's tenant by model, currency and channel, now and after the moves."""
    now = {
        (row.model, row.currency, row.channel_code): (
            int(row.conversions.scaleb(_PPT_DIGITS)),
            row.credited_cents,
        )
        for row in await channel_totals(connection, tenant_id)
    }
    rows = []
    for key in sorted(now.keys() | credit.sums.keys()):
        parts, cents = now.get(key, (0, 0))
        more_parts, more_cents = credit.sums.get(key, (0, 0))
        rows.append(
            CreditMoved(
                *key,
                cents,
                cents + more_cents,
                more_cents,
                conversions_as_text(parts),
                conversions_as_text(parts + more_parts),
            )
        )
    return rows
