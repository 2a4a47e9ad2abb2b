"""What browsers' limits do to journeys: landings by what becomes of their keys, and orders without a lasting one."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Final
from uuid import UUID

from skeldir.collect.collector import CONSENTS, KEEPINGS, KEY_START
from skeldir.collect.coverage_schemas import CollectCoverageReport, CollectCoverageRow
from skeldir.collect.store import queries
from skeldir.rollups import read_time_zone

if TYPE_CHECKING:
    from skeldir.db import Connection

_MARGIN: Final = timedelta(hours=16)
"""No zone is ahead of UTC, or behind it, by as much."""
_LASTING_START: Final = f"{KEY_START}granted:kept:"
_KINDS: Final = frozenset(f"{consent}_{keeping}" for consent in CONSENTS for keeping in KEEPINGS)


async def report_collect_coverage(
    connection: Connection, tenant_id: UUID, first_day: date, end_day: date
) -> CollectCoverageReport:
    """Return the landings and orders of the transaction's tenant on the local days [first_day, end_day).

    The transaction must be repeatable read, or days and zone may not match.
    """
    first_moment = datetime.combine(first_day, time(), UTC) - _MARGIN
    end_moment = datetime.combine(end_day, time(), UTC) + _MARGIN
    landings = await queries.select_landings(
        connection,
        tenant_id=tenant_id,
        first_day=first_day,
        end_day=end_day,
        first_moment=first_moment,
        end_moment=end_moment,
        key_start=KEY_START,
    )
    orders = await queries.select_landed_orders(
        connection,
        tenant_id=tenant_id,
        first_day=first_day,
        end_day=end_day,
        first_moment=first_moment,
        end_moment=end_moment,
        key_start=KEY_START,
        lasting_start=_LASTING_START,
    )
    counts: dict[date, Counter[str]] = defaultdict(Counter)
    for landing in landings:
        kind = f"{landing['consent']}_{landing['keeping']}"
        # A sender of touches may have given one a key that only begins as the collector's.
        if kind in _KINDS:
            counts[landing["day"]][kind] += landing["landings"]
    for order in orders:
        counts[order["day"]].update(orders=order["orders"], short_lived_orders=order["short_lived"])
    return CollectCoverageReport(
        await read_time_zone(connection, tenant_id),
        first_day,
        end_day,
        [_make_row(day, counts[day]) for day in sorted(counts)],
    )


def _make_row(day: date, counts: Counter[str]) -> CollectCoverageRow:
    return CollectCoverageRow(
        date=day,
        granted_kept=counts["granted_kept"],
        granted_capped=counts["granted_capped"],
        session_kept=counts["session_kept"],
        session_capped=counts["session_capped"],
        orders=counts["orders"],
        short_lived_orders=counts["short_lived_orders"],
    )
