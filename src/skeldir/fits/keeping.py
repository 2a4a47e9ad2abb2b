"""Journeys that ended, kept by day: brought up to date with the facts, and read for fits.

What is read is always that of one snapshot of the facts: the kept days, and what later facts change in them. That it is
also written is for the next time; of two that do so at once, the first is written.
"""

from __future__ import annotations

import asyncio
import hashlib
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Final
from uuid import UUID

import numpy as np

from skeldir.days import LocalDays, ZoneRules, days_by
from skeldir.fits.columns import Journeys, join_journeys
from skeldir.fits.packing import KEYS, pack_journeys, unpack_journeys
from skeldir.fits.reading import Ended, Facts
from skeldir.fits.refusals import JourneyKeysUnreadable, TouchesForgotten
from skeldir.fits.store import queries
from skeldir.fits.updates import Left, Packed, Unchanged, Update
from skeldir.rollups import ingest_lock, rules_in_force
from skeldir.tenants import load_retention

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from skeldir.attribution import JourneyColumns
    from skeldir.db import Connection, Database
    from skeldir.fits.store import SelectLookbackRow

MOST_CHANGED: Final = 250_000
"""If more keys changed, all journeys are counted from the facts."""

# How much older than the moment of the last update a fact may be that it did not see: by the database's clock a writer
# waits for two locks, each for 30 s (for longer settings see `select_moment`); an id is older by what clocks differ.
RECORDED_BEFORE: Final = timedelta(minutes=1)
ID_BEFORE: Final = timedelta(minutes=10)
# Without news, the moment moves on only so often.
_MOVES_AFTER: Final = timedelta(minutes=10)
_DAYS_OF_KEYS: Final = 10
_DAY: Final = timedelta(days=1)
_UNIX: Final = datetime.fromisoformat("1970-01-01T00:00:00+00:00")
_MILLISECOND: Final = timedelta(milliseconds=1)


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
    """Read the journeys of a tenant that end on some of its days, both included, and keep them.

    Raises:
        TouchesForgotten: the tenant does not keep touches for that long.
        JourneyKeysUnreadable: something else than the program has written journey keys.
    """
    async with database.tenant(tenant_id) as connection:
        await queries.ask_lookback(
            connection, tenant_id=tenant_id, lookback_days=lookback_days, first_day=first_day
        )
    moment = await _await_writers(database, tenant_id)
    async with database.tenant(tenant_id, is_read_only=True) as connection:
        keeper = await _Keeper.of(connection, tenant_id, lookback_days, moment)
        keeper.require_kept(first_day)
        update = await keeper.update(first_day)
        packed = await keeper.read_days(update, first_day, last_day)
        without_key = await queries.count_conversions_without_key(
            connection,
            tenant_id=tenant_id,
            first_moment=keeper.days.start_of(first_day),
            end_moment=keeper.days.end_of(last_day),
        )
    if update.is_news and keeper.row is not None:
        await update.write(database, tenant_id, lookback_days, has_job=False)
    return await asyncio.to_thread(_join, packed, update.channels, without_key)


async def keep_journeys(database: Database, tenant_id: UUID, lookback_days: int) -> bool:
    """Bring the kept journeys of a lookback up to date, for a job; return whether some changed."""
    moment = await _await_writers(database, tenant_id)
    async with database.tenant(tenant_id, is_read_only=True) as connection:
        keeper = await _Keeper.of(connection, tenant_id, lookback_days, moment)
        if keeper.row is None:
            return False
        update = await keeper.update(max(keeper.row["first_day"], keeper.first_whole_day))
    if update.is_news:
        await update.write(database, tenant_id, lookback_days, has_job=True)
    return bool(update.changed or update.emptied)


async def _await_writers(database: Database, tenant_id: UUID) -> datetime:
    """Return a moment before which no transaction began to write facts that is not committed."""
    async with database.tenant(tenant_id, locked=ingest_lock(tenant_id)) as connection:
        return await queries.select_moment(connection)


def _join(packed: list[bytes], channels: list[str], without_key: int) -> JourneysRead:
    journeys = join_journeys([unpack_journeys(each) for each in packed])
    return JourneysRead(
        journeys.as_columns(channels),
        int(np.count_nonzero(journeys.lengths == 0)),
        without_key,
        journeys.over_refunded,
    )


@dataclass(frozen=True, slots=True)
class _Keeper:
    """The kept journeys of a lookback in the snapshot of a transaction; `row` is None if a job has just dropped them.

    Journeys that end on `first_whole_day` or later have lost no touch. `moment` is from before the snapshot.
    """

    connection: Connection
    tenant_id: UUID
    lookback_days: int
    moment: datetime
    days: LocalDays
    zone_sha256: bytes
    forgotten: datetime | None
    row: SelectLookbackRow | None

    @classmethod
    async def of(
        cls, connection: Connection, tenant_id: UUID, lookback_days: int, moment: datetime
    ) -> _Keeper:
        rules = await rules_in_force(connection, tenant_id)
        retention = await load_retention(connection, tenant_id)
        row = await queries.select_lookback(
            connection, tenant_id=tenant_id, lookback_days=lookback_days
        )
        return cls(
            connection,
            tenant_id,
            lookback_days,
            moment,
            days_by(rules),
            _digest(tenant_id, rules),
            retention.touches_forgotten_before,
            row,
        )

    @property
    def first_whole_day(self) -> date:
        if self.forgotten is None:
            return date.min
        first = self.forgotten + self.lookback_days * _DAY
        day = self.days.day_of(first)
        return day if self.days.start_of(day) >= first else day + _DAY

    def _first_to_keep(self, first_day: date) -> date:
        """Return the first day to be kept: that one, or an earlier one that was kept before, as far as it is whole."""
        if self.row is None:
            return first_day
        return min(first_day, max(self.row["first_day"], self.first_whole_day))

    def require_kept(self, first_day: date) -> None:
        if self.forgotten is not None and first_day < self.first_whole_day:
            raise TouchesForgotten(
                f"Touches from before {self.forgotten:%Y-%m-%d %H:%M} UTC were forgotten.",
                cure="Choose later days, or a shorter lookback.",
            )

    async def update(self, first_day: date) -> Update:
        """Return what brings the kept days up to the snapshot; all journeys from `first_day` on are known then."""
        row = self.row
        if (
            row is None
            or row["facts_until"] is None
            or row["zone_sha256"] != self.zone_sha256
            or first_day < row["first_day"]
        ):
            return await self._count_all(self._first_to_keep(first_day))
        since = row["facts_until"] - RECORDED_BEFORE
        keys = await queries.select_changed_keys(
            self.connection,
            tenant_id=self.tenant_id,
            since_id=_first_id(row["facts_until"] - ID_BEFORE),
            since=since,
            most=MOST_CHANGED + 1,
        )
        first_kept = max(row["first_day"], self.first_whole_day)
        if keys and len(keys) > MOST_CHANGED * KEYS.itemsize:
            return await self._count_all(first_kept)
        if not keys:
            return self._update(first_kept, row["channels"], is_news=self._has_moved(first_kept))
        return await self._count_some(keys, first_kept, list(row["channels"]))

    def _has_moved(self, first_day: date) -> bool:
        """Return whether the lookback has to be written also if no journey changed."""
        row = self.row
        return (
            row is None
            or row["facts_until"] is None
            or (first_day > row["first_day"] or self.moment - row["facts_until"] > _MOVES_AFTER)
        )

    def _update(
        self,
        first_day: date,
        channels: list[str],
        changed: Mapping[date, Packed] | None = None,
        emptied: frozenset[date] = frozenset(),
        *,
        is_news: bool = True,
    ) -> Update:
        return Update(
            0 if self.row is None else self.row["number"],
            first_day,
            self.moment,
            self.zone_sha256,
            channels,
            changed or {},
            emptied,
            is_news,
        )

    async def _count_all(self, first_day: date) -> Update:
        facts = Facts(self.connection, self.tenant_id, self.days, first_day, self.lookback_days)
        found = await facts.cut_all()
        rows = await queries.select_kept_days(
            self.connection, tenant_id=self.tenant_id, lookback_days=self.lookback_days
        )
        changed = await asyncio.to_thread(
            lambda: {day: _pack(*found[day]) for day in sorted(found)}
        )
        emptied = frozenset(row["day"] for row in rows) - found.keys()
        return self._update(first_day, facts.channels, changed, emptied)

    async def _count_some(self, keys: bytes, first_day: date, channels: list[str]) -> Update:
        """Cut the journeys of some keys, and put them in the place of those that are kept."""
        if len(keys) % KEYS.itemsize:
            raise JourneyKeysUnreadable(
                "A journey key has not 16 bytes.",
                cure="Something else than the program wrote touches or orders; "
                "`skeldir audit` shows what differs.",
            )
        facts = Facts(
            self.connection, self.tenant_id, self.days, first_day, self.lookback_days, channels
        )
        changed_keys = np.frombuffer(keys, KEYS)
        found = await facts.cut_some(
            [keys[place : place + KEYS.itemsize] for place in range(0, len(keys), KEYS.itemsize)]
        )
        left = await self._days_left(changed_keys, found, first_day)
        rows = await queries.select_kept_journeys(
            self.connection,
            tenant_id=self.tenant_id,
            lookback_days=self.lookback_days,
            days=sorted(left),
        )
        kept = {row["day"]: row["journeys"] for row in rows}
        return await asyncio.to_thread(self._replace, first_day, channels, found, left, kept)

    async def _days_left(
        self, changed_keys: NDArray[np.bytes_], found: Mapping[date, Ended], first_day: date
    ) -> dict[date, Left]:
        """Return the kept days that may change, and which of their journeys stay."""
        unchanged = Unchanged(changed_keys)
        rows = await queries.select_kept_days(
            self.connection, tenant_id=self.tenant_id, lookback_days=self.lookback_days
        )
        days = [row["day"] for row in rows if row["day"] >= first_day]
        left = {}
        for place in range(0, len(days), _DAYS_OF_KEYS):
            some = days[place : place + _DAYS_OF_KEYS]
            for row in await queries.select_kept_keys(
                self.connection,
                tenant_id=self.tenant_id,
                lookback_days=self.lookback_days,
                first_day=some[0],
                last_day=some[-1],
            ):
                keys = np.frombuffer(row["keys"], KEYS)
                stays = unchanged.of(keys)
                if not stays.all() or row["day"] in found:
                    left[row["day"]] = Left(keys, stays)
        return left

    def _replace(
        self,
        first_day: date,
        channels: list[str],
        found: Mapping[date, Ended],
        left: Mapping[date, Left],
        kept: Mapping[date, bytes],
    ) -> Update:
        changed = {day: _pack(*found[day]) for day in found.keys() - left.keys()}
        emptied = set()
        for day, rest in left.items():
            replaced = rest.replace(kept[day], found.get(day))
            if replaced is not None and len(replaced[0]):
                changed[day] = _pack(*replaced)
            elif replaced is not None:
                emptied.add(day)
        is_news = bool(changed or emptied) or self._has_moved(first_day)
        return self._update(first_day, channels, changed, frozenset(emptied), is_news=is_news)

    async def read_days(self, update: Update, first_day: date, last_day: date) -> list[bytes]:
        """Return the stored form of the journeys of some days, as they are after the update."""
        changed = update.changed
        unchanged = [
            day
            for number in range((last_day - first_day).days + 1)
            if (day := first_day + number * _DAY) not in changed and day not in update.emptied
        ]
        rows = await queries.select_kept_journeys(
            self.connection,
            tenant_id=self.tenant_id,
            lookback_days=self.lookback_days,
            days=unchanged,
        )
        return [
            *(changed[day][1] for day in sorted(changed) if first_day <= day <= last_day),
            *(row["journeys"] for row in rows),
        ]


def _pack(keys: NDArray[np.bytes_], journeys: Journeys) -> Packed:
    return keys.tobytes(), pack_journeys(journeys)


def _digest(tenant_id: UUID, rules: ZoneRules) -> bytes:
    """Return a digest of a tenant's rules. It differs between tenants, also between two in one zone."""
    changes = [
        (moment.isoformat(), offset)
        for moment, offset in zip(rules.changes, rules.offsets_s[1:], strict=True)
    ]
    said = repr((str(tenant_id), rules.offsets_s[0], changes))
    return hashlib.sha256(said.encode()).digest()


def _first_id(moment: datetime) -> UUID:
    """Return the least id of a moment; ids begin with milliseconds since 1970."""
    return UUID(int=((moment - _UNIX) // _MILLISECOND) << 80)
