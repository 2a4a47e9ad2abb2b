"""What a list of orders shows of their credit by source or campaign: the parts that the report of these sums up."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING, Final
from uuid import UUID

from skeldir.attribution.bounds import BOUNDS
from skeldir.attribution.evaluating import VersionInForce
from skeldir.attribution.models import DIRECT
from skeldir.attribution.origin_credit import ALWAYS, credit_pieces
from skeldir.attribution.origins import OriginsAsked, find_versions
from skeldir.attribution.reading import open_reader
from skeldir.attribution.splits import UNATTRIBUTED
from skeldir.attribution.store import queries

if TYPE_CHECKING:
    from skeldir.attribution.models import ModelName
    from skeldir.attribution.orders import Reading
    from skeldir.attribution.origin_credit import OriginPiece
    from skeldir.db import Connection

# From this many orders on, their credit is computed in a thread, so that it does not block the event loop.
_MANY: Final = 20


@dataclass(frozen=True, slots=True)
class OriginWanted:
    """Touches of a channel, of one source, of one campaign, or of both; of touches without one, the value is None."""

    channel: str
    of_source: tuple[str | None] | None = None
    of_campaign: tuple[str | None] | None = None

    def includes(self, piece: OriginPiece) -> bool:
        """Return whether a piece of credit is of such touches; what is not known, is of none."""
        if piece.channel != self.channel or not piece.is_known:
            return False
        source, campaign = piece.source_and_campaign
        return self.of_source in (None, (source,)) and self.of_campaign in (None, (campaign,))


async def find_orders_near_origin(
    connection: Connection, tenant_id: UUID, order_ids: Sequence[str], wanted: OriginWanted
) -> set[str]:
    """Return those of some orders that may credit the wanted touches: all that do so, and some more."""
    if wanted.channel == UNATTRIBUTED:
        return set(order_ids)
    # A direct touch has no origin, whatever was sent with it.
    is_direct = wanted.channel == DIRECT
    rows = await queries.select_orders_near_origin(
        connection,
        tenant_id=tenant_id,
        order_ids=list(order_ids),
        channel=wanted.channel,
        source=None if is_direct else _text_of(wanted.of_source),
        campaign=None if is_direct else _text_of(wanted.of_campaign),
        # An order with more touches in its window is not read for a report.
        most_of_each=BOUNDS.touches_of_light_journey + 1,
    )
    return {row["order_id"] for row in rows}


def _text_of(value: tuple[str | None] | None) -> str | None:
    return None if value is None else value[0] or ""


async def read_origin_lines(
    connection: Connection,
    tenant_id: UUID,
    order_ids: Sequence[str],
    model: ModelName,
    days: tuple[date, date],
    wanted: OriginWanted,
) -> dict[str, dict[str, int]]:
    """Return what entries on some days, both included, credit to the wanted touches: by order, then by currency.

    Amounts are signed minor units. Orders without such touches that the model may credit are left out, and those whose
    journeys are too long to be read for a report. The transaction must be repeatable read; it takes as long as
    crediting the orders does.
    """
    asked = OriginsAsked("source", models=[model])
    versions = await find_versions(connection, tenant_id, asked)
    in_force = [VersionInForce(version, ALWAYS) for version in versions]
    lines: dict[str, dict[str, int]] = {}
    left = list(order_ids) if versions else []
    while left:
        reader = await open_reader(connection, tenant_id, left, BOUNDS)
        reading = replace(reader.reading, versions=in_force)
        await replace(
            reader, reading=reading, select_touches=queries.select_touches_with_origins
        ).read_light(left)
        if len(reading.orders) < _MANY:
            _add(lines, reading, days, wanted)
        else:
            await asyncio.to_thread(_add, lines, reading, days, wanted)
        left = reading.unread if reading.orders else []
    return lines


def _add(
    lines: dict[str, dict[str, int]],
    reading: Reading,
    days: tuple[date, date],
    wanted: OriginWanted,
) -> None:
    for piece in credit_pieces(reading, wanted.channel):
        if days[0] <= piece.day <= days[1] and wanted.includes(piece):
            of_currency = lines.setdefault(piece.order_id, {})
            cents = of_currency.get(piece.currency, 0) + piece.amounts[0]
            of_currency[piece.currency] = cents
