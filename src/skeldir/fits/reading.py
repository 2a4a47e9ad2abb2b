"""Reading the journeys of some days from the facts, range of keys by range, in one snapshot and bounded memory."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final
from uuid import UUID

import numpy as np

from skeldir.attribution import JourneyColumns
from skeldir.days import days_by
from skeldir.fits.cutting import Cut, Span, cut_journeys
from skeldir.fits.refusals import TouchesForgotten
from skeldir.fits.store import queries
from skeldir.rollups import rules_in_force
from skeldir.tenants import load_retention

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from skeldir.db import Connection, Database

TOUCHES_AT_A_TIME: Final = 100_000
_PROBED: Final = b"\x01"
_PARTS_PROBED: Final = 256
_MOST_RANGES: Final = 65_536
_AFTER_ALL: Final = b"\xff" * 17
_EPOCH: Final = datetime(2000, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class JourneysRead:
    """The journeys with a touch that end on some days, and what is known of the others.

    `without_touch` counts orders with a journey key and no touch that counts, `without_key` those without a key.
    `over_refunded` counts orders and currencies with less than nothing left, which is taken as nothing.
    """

    journeys: JourneyColumns
    without_touch: int
    without_key: int
    over_refunded: int


async def read_journeys(
    database: Database, tenant_id: UUID, first_day: date, last_day: date, lookback_days: int
) -> JourneysRead:
    """Read the journeys of a tenant that end on some of its days, both included.

    Raises:
        TouchesForgotten: the tenant does not keep touches for that long.
        JourneyKeysUnreadable: something else than the program has written journey keys.
    """
    lookback = timedelta(days=lookback_days)
    async with database.tenant(tenant_id, is_read_only=True) as connection:
        days = days_by(await rules_in_force(connection, tenant_id))
        first, end = days.start_of(first_day), days.end_of(last_day)
        await _require_kept(connection, tenant_id, first - lookback)
        span = Span(_to_us(first), _to_us(end), lookback // _MICROSECOND)
        channels: list[str] = []
        cuts: list[Cut] = []
        reader = _Reader(connection, tenant_id, first - lookback, end + lookback)
        ranges = await reader.ranges()
        for first_key, end_key in zip(ranges, [*ranges[1:], _AFTER_ALL], strict=True):
            cuts.append(await reader.cut(first_key, end_key, span, channels))
        without_key = await queries.count_conversions_without_key(
            connection, tenant_id=tenant_id, first_moment=first, end_moment=end
        )
    return await asyncio.to_thread(_join, cuts, channels, without_key)


async def _require_kept(connection: Connection, tenant_id: UUID, since: datetime) -> None:
    forgotten = (await load_retention(connection, tenant_id)).touches_forgotten_before
    if forgotten is not None and since < forgotten:
        raise TouchesForgotten(
            f"Touches from before {forgotten:%Y-%m-%d %H:%M} UTC were forgotten.",
            cure="Choose later days, or a shorter lookback.",
        )


@dataclass(frozen=True, slots=True)
class _Reader:
    connection: Connection
    tenant_id: UUID
    first_moment: datetime
    end_moment: datetime

    async def ranges(self) -> list[bytes]:
        """Return where ranges of keys begin: each has 100,000 touches at most if keys are spread evenly."""
        probed = await queries.count_touches_of_keys(
            self.connection,
            tenant_id=self.tenant_id,
            end_key=_PROBED,
            first_moment=self.first_moment,
            end_moment=self.end_moment,
        )
        wanted = min(_MOST_RANGES, max(1, -(-probed * _PARTS_PROBED // TOUCHES_AT_A_TIME)))
        step = _MOST_RANGES // wanted
        return [place.to_bytes(2, "big") for place in range(0, _MOST_RANGES, step)]

    async def cut(self, first_key: bytes, end_key: bytes, span: Span, channels: list[str]) -> Cut:
        """Cut the journeys of a range; `channels` are those known so far, and get what else occurs."""
        touches = await queries.select_touches_of_keys(
            self.connection,
            tenant_id=self.tenant_id,
            channels=channels,
            first_key=first_key,
            end_key=end_key,
            first_moment=self.first_moment,
            end_moment=self.end_moment,
        )
        if touches["others"]:
            channels.extend(dict.fromkeys(touches["others"]))
            return await self.cut(first_key, end_key, span, channels)
        found = await queries.select_conversions_of_keys(
            self.connection,
            tenant_id=self.tenant_id,
            first_key=first_key,
            end_key=end_key,
            first_moment=self.first_moment,
            end_moment=self.end_moment,
        )
        return await asyncio.to_thread(
            cut_journeys,
            touches["touches"] or b"",
            found["conversions"] or b"",
            found["money"] or b"",
            span,
        )


def _join(cuts: Sequence[Cut], channels: Sequence[str], without_key: int) -> JourneysRead:
    """Put the journeys with a touch together; channels that occur are numbered in the order of their texts."""
    touches = np.concatenate([cut.touches for cut in cuts]) - 1
    occur = np.unique(touches).tolist()
    codes = sorted(channels[place] for place in occur)
    numbers = np.zeros(len(channels), np.int16)
    numbers[occur] = [codes.index(channels[place]) for place in occur]
    lengths = np.concatenate([cut.lengths for cut in cuts])
    has_touch = lengths > 0
    values = {
        currency: np.concatenate(
            [cut.values.get(currency, np.zeros(len(cut.lengths), np.int64)) for cut in cuts]
        )[has_touch]
        for currency in sorted({currency for cut in cuts for currency in cut.values})
    }
    journeys = JourneyColumns(
        codes,
        numbers[touches],
        np.concatenate(([0], np.cumsum(lengths[has_touch]))),
        np.concatenate([cut.converted for cut in cuts])[has_touch],
        np.concatenate([cut.shards for cut in cuts])[has_touch],
        values,
    )
    return JourneysRead(
        journeys,
        int(np.count_nonzero(~has_touch)),
        without_key,
        sum(cut.over_refunded for cut in cuts),
    )


def _to_us(moment: datetime) -> int:
    return (moment - _EPOCH) // _MICROSECOND
