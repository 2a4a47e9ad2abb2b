"""The reporting time zone of a tenant: its rules, what a change would move, and all sums by the days of another one."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Final
from uuid import UUID

from skeldir.days import UTC_RULES, ZoneRules
from skeldir.db import wait_for_lock
from skeldir.rollups.store import queries
from skeldir.rollups.summing import DAYS_PER_TRANSACTION, settle_totals
from skeldir.rollups.waiting import rollup_lock

if TYPE_CHECKING:
    from skeldir.db import Connection
    from skeldir.rollups.store import PreviewTimeZoneRow

_MOST_SHOWN: Final = 20
# A tenth of a second or two, far from the limit of a statement's time on any machine.
ENTRIES_PER_STATEMENT: Final = 100_000


@dataclass(frozen=True, slots=True)
class ZoneChange:
    """A zone that came into force: when, aware, and by whom. Earlier turns in the journal are of the zone before."""

    time_zone: str
    turn: int
    changed_at: datetime
    changed_by: str


@dataclass(frozen=True, slots=True)
class MovedDay:
    """The entries of one currency that would leave a day for others, or come to it; signed minor units."""

    day: date
    currency: str
    leaving: int
    leaving_cents: int
    coming: int
    coming_cents: int


@dataclass(frozen=True, slots=True)
class ZonePreview:
    """What a change of zone would move: all entries that get another day, and the days that change most."""

    entries: int
    changed_days: int
    """Pairs of a day and a currency."""
    days: list[MovedDay]


async def rules_in_force(connection: Connection, tenant_id: UUID) -> ZoneRules:
    """Return the rules of the transaction's tenant; those of UTC if it has set no zone."""
    rows = await queries.select_time_zones(connection, tenant_id=tenant_id, most=1)
    if not rows:
        return UTC_RULES
    (row,) = rows
    return ZoneRules(row["time_zone"], tuple(row["changes"]), tuple(row["offsets_s"]))


async def list_zone_changes(connection: Connection, tenant_id: UUID) -> list[ZoneChange]:
    """Return the latest zones of the transaction's tenant, the one in force first."""
    rows = await queries.select_time_zones(connection, tenant_id=tenant_id, most=_MOST_SHOWN)
    return [
        ZoneChange(row["time_zone"], row["turn"], row["changed_at"], row["changed_by"])
        for row in rows
    ]


async def put_time_zone(
    connection: Connection, tenant_id: UUID, rules: ZoneRules, *, turn: int = 0, changed_by: str
) -> None:
    """Put the rules in force for the transaction's tenant from `turn` on: with 0 for one that has no sums yet."""
    await queries.insert_time_zone(
        connection,
        tenant_id=tenant_id,
        turn=turn,
        time_zone=rules.name,
        changes=rules.changes,
        offsets_s=rules.offsets_s,
        changed_by=changed_by,
    )


async def preview_time_zone(
    connection: Connection,
    tenant_id: UUID,
    rules: ZoneRules,
    *,
    most: int = _MOST_SHOWN,
    at_once: int = ENTRIES_PER_STATEMENT,
) -> ZonePreview:
    """Return what these rules would move to other days; nothing is written and no lock is taken.

    Reads the whole ledger, about `at_once` entries with each statement. Use a read-only transaction, which is one
    snapshot. Memory grows with the number of days only.
    """
    sums: dict[tuple[date, str], _Moved] = defaultdict(_Moved)
    after, last = UUID(int=0), await queries.select_last_entry(connection, tenant_id=tenant_id)
    while after < last:
        until = await queries.find_end_of_entries(
            connection, tenant_id=tenant_id, after=after, until=last, most=at_once
        )
        rows = await queries.preview_time_zone(
            connection,
            tenant_id=tenant_id,
            changes=rules.changes,
            offsets_s=rules.offsets_s,
            after=after,
            until=until,
        )
        for row in rows:
            sums[row["day"], row["currency"]].add(row)
        after = until
    largest_first = sorted(sums, key=lambda key: (-sums[key].size, *key))
    return ZonePreview(
        sum(one.leaving for one in sums.values()),
        len(sums),
        [sums[key].of(*key) for key in largest_first[:most]],
    )


@dataclass(slots=True)
class _Moved:
    """Sums over the pieces read so far; the sizes are those of the amounts without their sign."""

    leaving: int = 0
    leaving_cents: int = 0
    leaving_size: int = 0
    coming: int = 0
    coming_cents: int = 0
    coming_size: int = 0

    def add(self, row: PreviewTimeZoneRow) -> None:
        self.leaving += row["leaving"]
        self.leaving_cents += int(row["leaving_cents"])
        self.leaving_size += int(row["leaving_size"])
        self.coming += row["coming"]
        self.coming_cents += int(row["coming_cents"])
        self.coming_size += int(row["coming_size"])

    @property
    def size(self) -> int:
        return max(self.leaving_size, self.coming_size)

    def of(self, day: date, currency: str) -> MovedDay:
        return MovedDay(
            day, currency, self.leaving, self.leaving_cents, self.coming, self.coming_cents
        )


async def sum_all_days(connection: Connection, tenant_id: UUID) -> None:
    """Make the sums of money and spend of every day again by the zone in force, and compare them with the credit.

    The transaction holds the tenant's locks for writing facts and credit.
    """
    await wait_for_lock(connection, rollup_lock(tenant_id))
    rows = await queries.select_days_of_sums(connection, tenant_id=tenant_id)
    days = [row["day"] for row in rows]
    for start in range(0, len(days), DAYS_PER_TRANSACTION):
        some = days[start : start + DAYS_PER_TRANSACTION]
        await queries.delete_revenue_days(connection, tenant_id=tenant_id, days=some)
        await queries.insert_revenue_days(connection, tenant_id=tenant_id, days=some)
        await queries.sum_spend(connection, tenant_id=tenant_id, days=some)
        await queries.delete_allocation_days(connection, tenant_id=tenant_id, days=some)
        await queries.insert_allocation_days(connection, tenant_id=tenant_id, days=some)
    await settle_totals(connection, tenant_id)
    await queries.note_rollup_change(connection)
