"""Making a comparison: one snapshot of claims and credit, and one transaction that stores all that follows from it."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import combinations
from typing import TYPE_CHECKING, Final
from uuid import UUID

import orjson

from skeldir.attribution import OrderCredit, OrderOrigins, find_version
from skeldir.db import new_ids
from skeldir.reconcile.comparing import (
    Claim,
    Line,
    PlatformSum,
    Verified,
    compare,
    sum_lines,
)
from skeldir.reconcile.placing import Places
from skeldir.reconcile.refusals import ReconciliationUnknown
from skeldir.reconcile.store import queries
from skeldir.rollups import note_change_of_views, read_time_zone
from skeldir.spend import AdKey, list_campaigns, list_claimed_spans, list_claims

if TYPE_CHECKING:
    from skeldir.db import Connection, Database
    from skeldir.reconcile.store import FindReconciliationRow

MOST_ORDERS: Final = 200_000
_LINES_AT_ONCE: Final = 20_000
_DAY: Final = timedelta(days=1)


@dataclass(slots=True)
class Found:
    """What a comparison found, before it is stored.

    `overlaps` holds orders and captured money by pair of platforms and currency, `unplaced` the credit of touches that
    no campaign can be chosen for, by currency; amounts are in minor units.
    """

    time_zone: str
    lines: list[Line] = field(default_factory=list)
    overlaps: dict[tuple[str, str, str], tuple[int, int]] = field(default_factory=dict)
    unplaced: Counter[str] = field(default_factory=Counter)
    orders: int = 0
    left_out: int = 0

    @property
    def sums(self) -> list[PlatformSum]:
        """The sums of the lines by platform and currency."""
        return sum_lines(self.lines)


@dataclass(slots=True)
class _Tally:
    """Adds up verified money and overlaps, order by order."""

    places: Places
    claiming: set[str]
    platform: str | None
    found: Found
    verified: dict[AdKey, tuple[int, int]] = field(
        default_factory=lambda: defaultdict(lambda: (0, 0))
    )

    def add(self, order: OrderCredit) -> None:
        for (origin, currency), (captured, taken) in order.credit.items():
            placed = self.places.find(origin)
            platforms = {place.platform for place in placed}
            if not origin.is_known and origin.channel in self.places.channels:
                self.found.unplaced[currency] += captured
            if self.platform is not None and self.platform not in platforms:
                continue
            if len(placed) > 1:
                self.found.unplaced[currency] += captured
            for place in placed if len(placed) == 1 else ():
                key = AdKey(*place, order.day, currency)
                before = self.verified[key]
                self.verified[key] = before[0] + captured, before[1] + taken
        self._add_overlaps(order)

    def _add_overlaps(self, order: OrderCredit) -> None:
        of_order = set()
        for origin in order.origins:
            placed = self.places.find(origin)
            if len(placed) == 1:
                of_order |= {place.platform for place in placed}
        for one, other in combinations(sorted(of_order & self.claiming), 2):
            if self.platform not in (None, one, other):
                continue
            for currency, cents in order.captured.items():
                orders, money = self.found.overlaps.get((one, other, currency), (0, 0))
                self.found.overlaps[one, other, currency] = orders + 1, money + cents


async def run_reconciliation(
    database: Database,
    tenant_id: UUID,
    reconciliation_id: UUID,
    *,
    fence: Callable[[Connection], Awaitable[None]] | None = None,
    most_orders: int = MOST_ORDERS,
) -> bool:
    """Make a comparison that waits; False if it has ended already. Killed at any moment, it can be run again.

    Claims and credit are read in one snapshot. Lines, sums and the end are stored in one transaction, with `fence`
    last, so that of several processes only one stores anything.

    Raises:
        ReconciliationUnknown: the tenant has no such comparison.
        ModelNotInForce: its model is not in force any more.
        ReportTooLarge: there are more orders than `most_orders`.
    """
    async with database.tenant(tenant_id, is_read_only=True) as connection:
        asked = await queries.find_reconciliation(
            connection, tenant_id=tenant_id, id=reconciliation_id
        )
        if asked is None:
            raise ReconciliationUnknown(
                "The tenant has no comparison with this id.",
                cure="`skeldir reconcile list` shows them.",
            )
        waits = asked["state"] == "waiting"
        found = await _find(connection, tenant_id, asked, most_orders) if waits else None
    async with database.tenant(tenant_id) as connection:
        is_stored = found is not None and await _store(
            connection, tenant_id, reconciliation_id, found
        )
        if fence is not None:
            await fence(connection)
    return is_stored


async def _find(
    connection: Connection, tenant_id: UUID, asked: FindReconciliationRow, most_orders: int
) -> Found:
    first, last, platform = asked["first_day"], asked["last_day"], asked["platform"]
    found = Found(await read_time_zone(connection, tenant_id))
    version = await find_version(connection, tenant_id, asked["model_version"])
    campaigns = await list_campaigns(connection, tenant_id)
    names = {(one.platform, one.account, one.campaign): one.name for one in campaigns}
    claims: dict[AdKey, Claim] = {}
    claiming: set[str] = set()
    for day in await list_claims(connection, tenant_id, first=first, last=last):
        if day.claimed_cents is not None:
            claiming.add(day.platform)
        if platform in (None, day.platform):
            key = AdKey(day.platform, day.account, day.campaign, day.day, day.currency)
            name = names.get((day.platform, day.account, day.campaign))
            claims[key] = Claim(day.claimed_cents, name, day.claim_type, day.attribution_setting)
    tally = _Tally(Places.of(campaigns), claiming, platform, found)
    origins = OrderOrigins(connection, tenant_id, version, first, last + _DAY, most_orders)
    async for order in origins.read():
        tally.add(order)
    found.orders, found.left_out = origins.orders, origins.left_out
    verified = {key: Verified(*cents) for key, cents in tally.verified.items() if cents != (0, 0)}
    spans = await list_claimed_spans(connection, tenant_id)
    absent = {key for key in verified.keys() - claims.keys() if _is_within(key, spans)}
    for key in verified.keys() - claims.keys():
        claims[key] = Claim(None, names.get((key.platform, key.account, key.campaign)))
    found.lines = compare(claims, verified, absent)
    return found


def _is_within(key: AdKey, spans: Mapping[tuple[str, str], tuple[date, date]]) -> bool:
    """Return whether the day of the key is among those of which its ad account's claims are recorded."""
    span = spans.get((key.platform, key.account))
    return span is not None and span[0] <= key.day <= span[1]


async def _store(
    connection: Connection, tenant_id: UUID, reconciliation_id: UUID, found: Found
) -> bool:
    ended = await queries.end_reconciliation(
        connection,
        tenant_id=tenant_id,
        id=reconciliation_id,
        time_zone=found.time_zone,
        orders=found.orders,
        left_out_orders=found.left_out,
        unplaced=orjson.dumps(
            {currency: cents for currency, cents in sorted(found.unplaced.items()) if cents}
        ).decode(),
    )
    if ended is None:
        return False
    for start in range(0, len(found.lines), _LINES_AT_ONCE):
        some = found.lines[start : start + _LINES_AT_ONCE]
        await _store_lines(connection, tenant_id, reconciliation_id, some)
    overlaps = sorted(found.overlaps.items())
    await queries.insert_overlaps(
        connection,
        tenant_id=tenant_id,
        id=reconciliation_id,
        platforms=[one for (one, _, _), _ in overlaps],
        others=[other for (_, other, _), _ in overlaps],
        currencies=[currency for (_, _, currency), _ in overlaps],
        orders=[orders for _, (orders, _) in overlaps],
        captured=[cents for _, (_, cents) in overlaps],
    )
    await _store_runs(connection, tenant_id, reconciliation_id, found.sums)
    return True


async def _store_lines(
    connection: Connection, tenant_id: UUID, reconciliation_id: UUID, lines: Sequence[Line]
) -> None:
    await queries.insert_lines(
        connection,
        tenant_id=tenant_id,
        id=reconciliation_id,
        platforms=[line.key.platform for line in lines],
        accounts=[line.key.account for line in lines],
        campaigns=[line.key.campaign for line in lines],
        names=[line.claim.name for line in lines],
        days=[line.key.day for line in lines],
        currencies=[line.key.currency for line in lines],
        claim_types=[line.claim.claim_type for line in lines],
        settings=[line.claim.setting for line in lines],
        claimed=[line.claim.cents for line in lines],
        verified=[line.verified.captured_cents for line in lines],
        reversed=[line.verified.reversed_cents for line in lines],
        ghosts=[line.ghost_cents for line in lines],
        missed=[line.missed_cents for line in lines],
        differences=[line.difference_bp for line in lines],
        timings=[line.timing_cents for line in lines],
        reasons=[line.reason for line in lines],
    )


async def _store_runs(
    connection: Connection, tenant_id: UUID, reconciliation_id: UUID, sums: Sequence[PlatformSum]
) -> None:
    """Store the sums with a known claim. The view shows the last of a platform: the currency with most lines."""
    by_name = sorted((one for one in sums if one.lines), key=lambda one: one.currency, reverse=True)
    shown = sorted(by_name, key=lambda one: one.lines)
    if not shown:
        return
    await queries.insert_runs(
        connection,
        tenant_id=tenant_id,
        reconciliation_id=reconciliation_id,
        ids=sorted(new_ids(len(shown))),
        platforms=[one.platform for one in shown],
        currencies=[one.currency for one in shown],
        states=[one.state for one in shown],
        claimed=[one.claimed_cents for one in shown],
        verified=[one.verified_cents for one in shown],
        ghosts=[one.ghost_cents for one in shown],
    )
    await note_change_of_views(connection)
